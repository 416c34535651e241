//! `needs`: whether what it names is there, and could ever be ready.

use super::found::Found;
use super::subject::Subject;
use super::values::split;
use cli::text::shown;
use protocol::file::look;
use protocol::folder::{DOWN, NEEDS};
use protocol::needs::circle;
use std::ffi::{CStr, CString};
use supervision::neighbour::{needs_in, needs_of};
use supervision::supervise::service::Template;

/// Looks at the services that are to be ready first.
pub(super) fn examine(subject: &Subject<'_>, template: Option<&Template>, found: &mut Found) {
    let directory = &subject.around.directory;
    let Some(own) = subject.sources.all().next() else { return };
    let file = subject.file_of(NEEDS);
    let names = match needs_in(&own.folder, directory, template) {
        Ok(names) => names,
        // An instance has the name that is meant.
        Err(_) if subject.is_template => return,
        Err(error) => {
            if cli::errno::of(error.root_cause()).is_some_and(|error| found.hides(error)) {
                return;
            }
            let text = cli::errno::chain(&error);
            let (what, cure) =
                split(text.strip_prefix("needs: ").unwrap_or(&text), "make it a file with a name a line");
            found.fault("needs-bad", file, what, cure);
            return;
        }
    };
    for name in &names {
        one(subject, name, &file, found);
    }
    let Ok(called) = CString::new(subject.called.as_bytes()) else { return };
    let needed = |name: &CStr| if *name == *called { names.clone() } else { needs_of(directory, name) };
    if let Some(circle) = circle(&called, needed) {
        let circle: Vec<String> = circle.iter().map(|name| shown(name.to_bytes()).into_owned()).collect();
        let what = format!("it waits for itself, and so never starts: {}", circle.join(" -> "));
        found.fault("needs-circle", file, what, "take one of them out of a needs");
    }
}

fn one(subject: &Subject<'_>, name: &CStr, file: &str, found: &mut Found) {
    let called = shown(name.to_bytes());
    match look(&subject.around.directory, name) {
        Ok(Some(_)) => {}
        Ok(None) => {
            let directory = shown(subject.around.path.as_os_str().as_encoded_bytes()).into_owned();
            let what = format!("there is no service {called} in {directory}, so it would wait for ever");
            found.fault(
                "needs-unknown",
                file.to_owned(),
                what,
                "write a service that is there, or make that one",
            );
            return;
        }
        Err(_) => return,
    }
    let down = CString::new([name.to_bytes(), b"/", DOWN.to_bytes()].concat()).unwrap_or_default();
    if matches!(look(&subject.around.directory, &down), Ok(Some(_))) {
        let what = format!("{called} is normally down, so it waits until somebody starts that one");
        found.advice(
            "needs-down",
            file.to_owned(),
            what,
            format!("rm the file down of {called}, or start it as well"),
        );
    }
}
