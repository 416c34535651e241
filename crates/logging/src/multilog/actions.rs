//! What the script does with a line.

use super::directory::Directory;
use super::script::Action;
use super::status_file::StatusFile;
use super::trouble::Trouble;

/// How much of a line goes to stderr.
const TOLD: usize = 200;

/// The actions of a script, with what they write besides logs.
#[derive(Debug)]
pub(super) struct Actions<'a> {
    actions: Vec<Step<'a>>,
    /// What is to go to stderr.
    pub(super) told: Vec<u8>,
    /// The files of `=`.
    status_files: Vec<StatusFile<'a>>,
    /// How many lines have been set in them.
    set: u64,
    /// Whether every line simply goes into every directory.
    are_logs_only: bool,
    /// Whether they are to be carried out for the next line: where each goes everywhere, that is said once.
    pub(super) are_due: bool,
}

/// An action, with what it needs in the place of its number.
#[derive(Debug)]
enum Step<'a> {
    Action(Action<'a>),
    Status(usize),
    Log(usize),
}

impl<'a> Actions<'a> {
    /// The actions of a script, whose status files are open; its directories come in their order.
    pub(super) fn new(actions: Vec<Action<'a>>, status_files: Vec<StatusFile<'a>>) -> Self {
        let (mut statuses, mut logs) = (0.., 0..);
        let steps = actions.into_iter().filter_map(|action| match action {
            Action::Status(_) => statuses.next().map(Step::Status),
            Action::Log(_) => logs.next().map(Step::Log),
            other => Some(Step::Action(other)),
        });
        let actions: Vec<_> = steps.collect();
        let are_logs_only = actions.iter().all(|step| matches!(step, Step::Log(_)));
        Self { actions, told: Vec::new(), status_files, set: 0, are_logs_only, are_due: true }
    }

    /// Carries them out for a line, of which `head` is the beginning, up to 1000 bytes, with its time stamp and
    /// without its newline. What it says about directories is set in these.
    pub(super) fn carry_out(&mut self, head: &[u8], directories: &mut [Directory<'_>]) {
        let mut selected = true;
        for step in &self.actions {
            match step {
                Step::Action(Action::Select(pattern)) => selected = selected || pattern.matches(head),
                Step::Action(Action::Deselect(pattern)) => selected = selected && !pattern.matches(head),
                Step::Action(Action::Tell) if selected => tell(&mut self.told, head),
                Step::Status(place) if selected => {
                    if let Some(file) = self.status_files.get_mut(*place) {
                        file.set(head, self.set);
                        self.set = self.set.wrapping_add(1);
                    }
                }
                Step::Log(place) => {
                    if let Some(directory) = directories.get_mut(*place) {
                        directory.selected = selected;
                    }
                }
                Step::Action(_) | Step::Status(_) => {}
            }
        }
        self.are_due = !self.are_logs_only;
    }
}

impl Actions<'_> {
    /// Whether all status files hold what they are to hold.
    pub(super) fn are_status_files_written(&self) -> bool {
        self.status_files.iter().all(|file| file.waiting().is_none())
    }

    /// Writes what is new in the status files, in the order in which it was set: two of them may be the same file. Gives
    /// what could not be written to `warn`; it is tried again the next time.
    pub(super) fn write_status_files(&mut self, mut warn: impl FnMut(&Trouble)) {
        let mut least = 0;
        loop {
            let new =
                self.status_files.iter_mut().filter(|file| file.waiting().is_some_and(|set| set >= least));
            let Some(file) = new.min_by_key(|file| file.waiting()) else { return };
            least = file.waiting().map_or(u64::MAX, |set| set.saturating_add(1));
            if let Err(trouble) = file.write() {
                warn(&trouble);
            }
        }
    }
}

fn tell(told: &mut Vec<u8>, head: &[u8]) {
    match head.get(..TOLD) {
        Some(begin) if head.len() > TOLD => {
            told.extend_from_slice(begin);
            told.extend_from_slice(b"...\n");
        }
        _ => {
            told.extend_from_slice(head);
            told.push(b'\n');
        }
    }
}
