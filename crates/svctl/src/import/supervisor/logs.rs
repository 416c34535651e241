//! Where what a program writes goes: from Supervisor's files to a logger, to svscan's own output, or nowhere.

use super::settings::{Kept, Process, Settings};
use super::values::Target;
use crate::blueprint::Blueprint;
use crate::import::plan::Note;
use crate::import::script::{quoted, run};

/// The smallest and the largest file that multilog keeps.
const FILE: (u64, u64) = (4096, 16_777_215);

/// Where a stream goes here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Into the log.
    Log,
    /// Nowhere.
    Nowhere,
    /// Where svscan's own goes.
    Svscan,
}

/// What a run script and its folder need so that a program's output goes where it should.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Logs {
    /// Behind the command.
    pub(super) redirections: &'static str,
    /// Whether there is a logger.
    has_logger: bool,
    /// Whether it gets stderr too.
    has_stderr: bool,
}

/// Where the streams of a process go.
pub(super) fn logs(settings: &Settings, process: &Process) -> Logs {
    let (stdout, stderr) = (way(&process.stdout), way(&process.stderr));
    if settings.joins_stderr {
        return match stdout {
            Way::Log => Logs { redirections: "", has_logger: true, has_stderr: true },
            Way::Nowhere => Logs { redirections: " >/dev/null 2>&1", ..Logs::default() },
            Way::Svscan => Logs { redirections: " 2>&1", ..Logs::default() },
        };
    }
    let logger = |redirections, has_stderr| Logs { redirections, has_logger: true, has_stderr };
    let none = |redirections| Logs { redirections, ..Logs::default() };
    match (stdout, stderr) {
        (Way::Log, Way::Log) => logger("", true),
        (Way::Log, Way::Nowhere) => logger(" 2>/dev/null", false),
        (Way::Log, Way::Svscan) => logger("", false),
        (Way::Nowhere, Way::Log) => logger(" >/dev/null", true),
        (Way::Nowhere, Way::Nowhere) => none(" >/dev/null 2>&1"),
        (Way::Nowhere, Way::Svscan) => none(" >/dev/null"),
        (Way::Svscan, Way::Nowhere) => none(" 2>/dev/null"),
        (Way::Svscan, Way::Log | Way::Svscan) => none(""),
    }
}

fn way(target: &Target) -> Way {
    let Target::File(file) = target else {
        return if *target == Target::Nowhere { Way::Nowhere } else { Way::Log };
    };
    match file.as_str() {
        "/dev/null" => Way::Nowhere,
        "/dev/stdout" | "/dev/stderr" | "/dev/fd/1" | "/dev/fd/2" | "/proc/self/fd/1" | "/proc/self/fd/2"
        | "/proc/1/fd/1" | "/proc/1/fd/2" => Way::Svscan,
        _ => Way::Log,
    }
}

impl Logs {
    /// Puts the logger into the folder.
    pub(super) fn put(&self, blueprint: &mut Blueprint, settings: &Settings, user: Option<&str>) {
        if !self.has_logger {
            return;
        }
        blueprint.folder("log");
        if self.has_stderr {
            blueprint.file("log/stderr", "");
        }
        let is_syslog = is_syslog(settings);
        if is_syslog {
            if let Some(user) = user {
                blueprint.file("log/user", format!("{user}\n"));
            }
            blueprint.script("log/run", run(&[], &format!("logger -t {}", quoted(&settings.name))));
        } else if let Some((size, backups)) = self.kept(settings).sizes {
            blueprint.script("log/run", run(&[], &multilog(size, backups)));
        }
    }

    /// How the file is kept that the log takes the place of.
    fn kept(&self, settings: &Settings) -> Kept {
        let is_stderr_alone = self.redirections.starts_with(" >/dev/null");
        if is_stderr_alone { settings.stderr } else { settings.stdout }
    }

    /// What there is to say about it.
    pub(super) fn notes(&self, settings: &Settings) -> Vec<Note> {
        let mut notes = Vec::new();
        let Some(first) = settings.processes.first() else { return notes };
        if self.has_logger && is_syslog(settings) {
            notes.push(Note::changed("logger in log/run sends its lines to syslog", ""));
            return notes;
        }
        let mut old: Vec<&str> = [&first.stdout, &first.stderr].into_iter().filter_map(old_file).collect();
        old.dedup();
        if self.has_logger {
            notes.push(Note::changed(
                "its log is in log/main of the service, with a time stamp in each line: svctl logs NAME shows it",
                "",
            ));
            if !old.is_empty() {
                notes.push(Note::changed(
                    format!("nothing is written to {} any more", old.join(" and ")),
                    "whoever reads that has to read log/main/current, or svctl logs -f NAME",
                ));
            }
            notes.extend(sizes(self.kept(settings)));
        } else if !old.is_empty() && !settings.joins_stderr {
            notes.push(Note::changed(
                format!(
                    "stderr goes where svscan's own goes, as stdout does; it was in {}",
                    old.join(" and ")
                ),
                "to keep a log of both: mkdir log, touch log/stderr",
            ));
        }
        if self.has_stderr && !settings.joins_stderr && self.redirections.is_empty() {
            notes.push(Note::changed(
                "stdout and stderr are in one log, in the order in which they were written; Supervisor had a file for each",
                "rm log/stderr sends stderr where svscan's own goes",
            ));
        }
        notes
    }
}

fn is_syslog(settings: &Settings) -> bool {
    let is_target = |target: fn(&Process) -> &Target| {
        settings.processes.iter().any(|process| *target(process) == Target::Syslog)
    };
    settings.stdout.syslog
        || settings.stderr.syslog
        || is_target(|process| &process.stdout)
        || is_target(|process| &process.stderr)
}

fn old_file(target: &Target) -> Option<&str> {
    match target {
        Target::File(file) if way(target) == Way::Log => Some(file),
        _ => None,
    }
}

/// The logger that keeps as much as Supervisor did: files of that size and so many old ones.
fn multilog(size: u64, backups: u64) -> String {
    let total = size.saturating_mul(backups.saturating_add(1));
    let (least, most) = FILE;
    let file = size.clamp(least, most);
    // Of a size that no file has here there are more files.
    let count = total.div_ceil(file).clamp(2, 10_000);
    if size == 0 {
        format!("multilog t s{most} n1000 ./main")
    } else {
        format!("multilog t s{file} n{count} ./main")
    }
}

fn sizes(kept: Kept) -> Option<Note> {
    let (size, _) = kept.sizes?;
    let (least, most) = FILE;
    let what = match size {
        0 => "a log that grew for ever in Supervisor is kept as 1000 files of 16 MB",
        size if size > most || size < least => {
            "the files of its log have another size, and there are more or fewer, so that as much is kept"
        }
        _ => return None,
    };
    Some(Note::changed(what, "the numbers are in log/run: see multilog(8)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_is_kept() {
        assert_eq!(multilog(1 << 20, 9), "multilog t s1048576 n10 ./main");
        assert_eq!(multilog(50 << 20, 10), "multilog t s16777215 n35 ./main");
        assert_eq!(multilog(1 << 20, 0), "multilog t s1048576 n2 ./main");
        assert_eq!(multilog(100, 10), "multilog t s4096 n2 ./main");
        assert_eq!(multilog(0, 10), "multilog t s16777215 n1000 ./main");
        assert_eq!(multilog(u64::MAX, u64::MAX), "multilog t s16777215 n10000 ./main");
    }
}
