//! The report: what was made, what was carried over, what is different here and why, what has no equal and what to do about it.

use super::apply::{End, Outcome};
use super::plan::{Kind, Note, Plan, Program};
use crate::check::Weight;
use crate::directory::Directory;
use crate::output::Paint;
use cli::text::shown;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;

/// The report as people read it.
pub(super) fn text(directory: &Directory, plan: &Plan, outcomes: &[Vec<Outcome>], paint: Paint) -> String {
    let mut text = String::new();
    let shared = shared(plan);
    for (program, outcomes) in plan.programs.iter().zip(outcomes) {
        about(&mut text, program, outcomes, &shared, paint);
        text.push('\n');
    }
    if !shared.is_empty() {
        let _ = writeln!(text, "{}", paint.strong("Several of them"));
        for note in &shared {
            let has = |program: &&Program| program.notes.contains(note);
            let names: Vec<_> = plan.programs.iter().filter(has).map(|program| fit(&program.name)).collect();
            notes(&mut text, [*note], paint);
            let names = if names.len() == plan.programs.len() { "all".to_owned() } else { names.join(" ") };
            let _ = writeln!(text, "      {}", paint.weak(format!("so it is for: {names}")));
        }
        text.push('\n');
    }
    if !plan.notes.is_empty() {
        let _ = writeln!(text, "{}", paint.strong("The file as a whole"));
        notes(&mut text, &plan.notes, paint);
        text.push('\n');
    }
    text.push_str(&ending(directory, plan, outcomes));
    text
}

/// What is so for more than one program, and is said once.
fn shared(plan: &Plan) -> Vec<&Note> {
    let mut seen: Vec<&Note> = Vec::new();
    let mut shared: Vec<&Note> = Vec::new();
    for note in
        plan.programs.iter().flat_map(|program| &program.notes).filter(|note| note.kind != Kind::Carried)
    {
        if !seen.contains(&note) {
            seen.push(note);
        } else if !shared.contains(&note) {
            shared.push(note);
        }
    }
    shared
}

fn about(text: &mut String, program: &Program, outcomes: &[Outcome], shared: &[&Note], paint: Paint) {
    let _ = writeln!(text, "{}", paint.strong(shown(program.name.as_bytes())));
    if outcomes.is_empty() {
        let _ = writeln!(text, "  {}", paint.bad("not made"));
    }
    for (what, names) in alike(outcomes) {
        let names = names.join(" ");
        let line = match what {
            "made" => format!("{}: {names}", paint.good(what)),
            "would be made" => format!("{what}: {names}"),
            _ => format!("{}: {names}", paint.bad(what)),
        };
        let _ = writeln!(text, "  {line}");
    }
    for outcome in outcomes {
        if let End::Failed(why) = &outcome.end {
            let _ =
                writeln!(text, "  {} {}: {why:#}", paint.bad("not made:"), shown(outcome.name.as_bytes()));
        }
    }
    notes(text, program.notes.iter().filter(|note| !shared.contains(note)), paint);
    findings(text, outcomes, paint);
}

/// The folders, those together that ended in the same way one after the other.
fn alike(outcomes: &[Outcome]) -> Vec<(&'static str, Vec<String>)> {
    let mut groups: Vec<(&'static str, Vec<String>)> = Vec::new();
    for outcome in outcomes {
        let what = match &outcome.end {
            End::Made => "made",
            End::WouldBeMade => "would be made",
            End::IsThere => "is there already, and is left alone",
            End::WithoutTemplate => "left out with the template",
            End::Failed(_) => continue,
        };
        let name = shown(outcome.name.as_bytes()).into_owned();
        match groups.last_mut().filter(|(last, _)| *last == what) {
            Some((_, names)) => names.push(name),
            None => groups.push((what, vec![name])),
        }
    }
    groups
}

fn notes<'a>(text: &mut String, notes: impl IntoIterator<Item = &'a Note>, paint: Paint) {
    let notes: Vec<&Note> = notes.into_iter().collect();
    let carried: Vec<_> =
        notes.iter().filter(|note| note.kind == Kind::Carried).map(|note| fit(&note.what)).collect();
    if !carried.is_empty() {
        let _ = writeln!(text, "  carried over: {}", carried.join(", "));
    }
    for note in notes {
        let label = match note.kind {
            Kind::Carried => continue,
            Kind::Changed => paint.between("different here:"),
            Kind::NoEqual => paint.bad("has no equal:"),
        };
        let _ = writeln!(text, "  {label} {}", fit(&note.what));
        if !note.instead.is_empty() {
            let _ = writeln!(text, "      {}", fit(&note.instead));
        }
    }
}

/// What comes out of a file of somebody else's, in one line of plain text.
fn fit(text: &str) -> String {
    shown(text.as_bytes()).into_owned()
}

/// What `svctl check` says, once where it says the same of a template and its instances.
fn findings(text: &mut String, outcomes: &[Outcome], paint: Paint) {
    let mut said = Vec::new();
    for finding in outcomes.iter().flat_map(|outcome| &outcome.findings) {
        let words = (&finding.what, &finding.cure);
        if said.contains(&words) {
            continue;
        }
        said.push(words);
        let label = match finding.weight {
            Weight::Fault => paint.bad("fault:"),
            Weight::Advice => paint.between("advice:"),
        };
        let file = finding.file.as_deref().map_or_else(String::new, |file| format!("{}: ", fit(file)));
        let _ = writeln!(text, "  {label} {file}{}", fit(&finding.what));
        let _ = writeln!(text, "      cure: {}", fit(&finding.cure));
    }
}

fn ending(directory: &Directory, plan: &Plan, outcomes: &[Vec<Outcome>]) -> String {
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().flatten().filter(|outcome| is(outcome)).count();
    let made = count(|outcome| matches!(outcome.end, End::Made));
    let would = count(|outcome| matches!(outcome.end, End::WouldBeMade));
    let faulty = count(|outcome| outcome.findings.iter().any(|finding| finding.weight == Weight::Fault));
    let left = count(|outcome| !outcome.is_made());
    let without = plan.programs.iter().filter(|program| program.blueprints.is_empty()).count();
    let place = shown(directory.path().as_os_str().as_bytes());
    let folders = |count| if count == 1 { "1 folder".to_owned() } else { format!("{count} folders") };
    let mut text = String::new();
    if would > 0 {
        let _ = writeln!(text, "Nothing was made. Without --dry-run: {} in {place}.", folders(would));
    } else {
        let _ = writeln!(text, "{} made in {place}.", folders(made));
    }
    if made > 0 {
        let _ = writeln!(
            text,
            "A svscan that watches {place} starts at once what has no file `down`: see svctl list. Stop it in the old place first, if it still runs there."
        );
    }
    if left.saturating_add(without) > 0 {
        let _ = writeln!(text, "{} left out: see above.", left.saturating_add(without));
    }
    if faulty > 0 {
        let _ = writeln!(text, "{} will not run as they are: see the faults above.", folders(faulty));
    }
    text
}
