//! What the rules look at: the script of a scene, and the commands that it becomes.

use super::chain::{Passage, Stage, follow, is_builtin, passage};
use super::steps::{Step, Story, Term};
use crate::check::Finding;
use crate::check::scene::{Scene, Script};

/// A script with all that is known of it.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) scene: &'a Scene,
    pub(super) script: &'a Script,
    pub(super) story: &'a Story,
    /// What takes the place of the shell, or is waited for at the end: the service itself.
    pub(super) services: Vec<Service<'a>>,
    /// The shell is dash, which knows no more than POSIX asks for.
    pub(super) is_dash: bool,
}

/// A command of which the script becomes a part, or which it ends with.
#[derive(Debug)]
pub(super) struct Service<'a> {
    pub(super) step: &'a Step,
    /// It takes the place of the shell.
    pub(super) is_exec: bool,
    pub(super) stages: Vec<Stage>,
    pub(super) passage: Passage,
}

impl<'a> View<'a> {
    pub(super) fn new(scene: &'a Scene, script: &'a Script, story: &'a Story, is_dash: bool) -> Self {
        let services = story.steps.iter().filter_map(|step| Service::of(step, story)).collect();
        Self { scene, script, story, services, is_dash }
    }

    pub(super) fn fault(
        &self,
        code: &'static str,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) -> Finding {
        Finding::fault(code, self.script.file.clone(), what, cure)
    }

    pub(super) fn advice(
        &self,
        code: &'static str,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) -> Finding {
        Finding::advice(code, self.script.file.clone(), what, cure)
    }

    /// Whether a command of that name is anywhere in the script.
    pub(super) fn calls(&self, names: &[&str]) -> bool {
        self.story.steps.iter().any(|step| step.name().is_some_and(|name| names.contains(&name)))
    }
}

impl<'a> Service<'a> {
    fn of(step: &'a Step, story: &Story) -> Option<Self> {
        let place = step.place;
        let is_exec = step.name() == Some("exec") && step.words.len() > 1;
        let stays = place.is_certain && !place.is_asked && !place.is_in_function && !place.is_in_loop;
        // An exec behind `cd /srv &&` or before `|| exit` is one all the same.
        let is_caught_exec = is_exec && place.is_certain && !place.is_in_function && !place.is_in_loop;
        let is_service = is_caught_exec || (stays && place.is_last);
        if !is_service {
            return None;
        }
        let name = step.name()?;
        if !is_exec && (is_builtin(name) || story.functions.contains(name)) {
            return None;
        }
        let stages = follow(&step.words);
        if stages.is_empty() {
            return None;
        }
        Some(Self { step, is_exec, passage: passage(&stages), stages })
    }

    /// The program that stays, where it is known.
    pub(super) fn program(&self) -> Option<&Stage> {
        self.stages.last().filter(|stage| stage.is_last)
    }

    /// Whether a variable is set between the folder's own and the program, or may be.
    pub(super) fn may_set(&self, name: &str) -> bool {
        let step = self.step;
        self.passage.may_set(name)
            || step.touched.contains(name)
            || step.sets.iter().any(|(set, _)| set == name)
    }
}

impl Step {
    /// What it calls: the last part of the path.
    pub(super) fn name(&self) -> Option<&str> {
        self.words.first().and_then(Term::known).map(super::syntax::base_name)
    }
}

/// The longest command that is shown in full.
const LONGEST: usize = 70;

/// Words as they stand in the script, the beginning of them.
pub(super) fn shown(words: &[Term]) -> String {
    let text = words.iter().map(Term::shown).collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", text.get(..end).unwrap_or_default().trim_end()),
        None => text,
    }
}

/// All of the words, for a cure that can be copied.
pub(super) fn whole(words: &[Term]) -> String {
    words.iter().map(Term::shown).collect::<Vec<_>>().join(" ")
}
