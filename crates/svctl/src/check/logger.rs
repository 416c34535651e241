//! The folders that loggers write in.

use super::access::Want;
use super::found::Found;
use super::quoted;
use super::reach::{Reach, Told, account};
use super::scene::Program;
use super::subject::Subject;
use cli::text::shown;
use nix::sys::stat::SFlag;
use nix::unistd::AccessFlags;
use protocol::file::{kind, look, names};
use protocol::folder::MAIN;
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What a logger does in its folder.
const WRITING: AccessFlags = AccessFlags::W_OK.union(AccessFlags::X_OK);

/// The folder of a logger that has nothing to run: as supervise makes it, or finds it.
pub(super) fn main(subject: &Subject<'_>, reach: &mut Reach<'_>, found: &mut Found) {
    let Some(own) = subject.sources.all().next() else { return };
    let file = subject.own(&MAIN.to_string_lossy());
    let place = subject.path.join(OsStr::from_bytes(MAIN.to_bytes()));
    let stat = match look(&own.folder, MAIN) {
        Ok(None) => return,
        Ok(Some(stat)) => stat,
        Err(error) => return found.system("log-not-writable", &file, error, "mend its mode"),
    };
    let who = reach.who;
    if kind(&stat) != SFlag::S_IFDIR {
        let what = "it is not a folder, and a link is not followed: the log cannot be written";
        return found.fault(
            "log-not-writable",
            file,
            what,
            format!("rm {}: supervise makes it", quoted(&place)),
        );
    }
    if stat.st_uid == who.uid.as_raw() {
        reach.needs(Want::new(place, WRITING), told(&file, "the folder of the log"), found);
        return;
    }
    let is_new = stat.st_uid == subject.me.uid && stat.st_mode & 0o077 == 0;
    let is_empty = CString::new(place.as_os_str().as_bytes())
        .ok()
        .and_then(|place| protocol::file::open_folder(nix::fcntl::AT_FDCWD, &place).ok())
        .and_then(|folder| names(folder).ok())
        .is_none_or(|names| names.is_empty());
    if !(is_new && is_empty) {
        let what = format!("it is {}'s, and the logger runs as {}", account(stat.st_uid), who.shown());
        found.fault("log-not-writable", file, what, format!("chown -R {} {}", who.shown(), quoted(&place)));
    }
}

/// The folders that a program of `log/run` would write in.
pub(super) fn examine(program: &Program, reach: &mut Reach<'_>, found: &mut Found) {
    let Some((makes_it, folders)) = folders(&program.words) else { return };
    for folder in folders {
        let path = Path::new(&folder);
        let Some(path) = program.folder.as_ref().map(|here| here.join(path)) else { continue };
        let what = format!("the folder {}", shown(path.as_os_str().as_bytes()));
        if path.symlink_metadata().is_ok() || !makes_it {
            reach.needs(Want::new(path, WRITING), told(&program.file, &what), found);
        } else if let Some(above) = path.parent() {
            let what = format!(
                "the folder {}, where {} is to be made,",
                shown(above.as_os_str().as_bytes()),
                shown(folder.as_bytes())
            );
            reach.needs(Want::new(PathBuf::from(above), WRITING), told(&program.file, &what), found);
        }
    }
}

fn told<'a>(file: &'a str, what: &'a str) -> Told<'a> {
    Told { file, what, verb: "write to", missing: "log-missing", refused: "log-not-writable" }
}

/// The folders in a logger's arguments, and whether it makes the last part of their paths; `None` for what is no logger.
fn folders(words: &[Option<OsString>]) -> Option<(bool, Vec<OsString>)> {
    let (program, arguments) = words.split_first()?;
    let name = Path::new(program.as_ref()?).file_name()?.to_str()?;
    let known = || arguments.iter().flatten();
    let is_path = |word: &&OsString| matches!(word.as_bytes().first(), Some(b'.' | b'/'));
    match name {
        "multilog" | "s6-log" | "cyclog" => Some((true, known().filter(is_path).cloned().collect())),
        "tinylog" => Some((false, known().filter(is_path).cloned().collect())),
        "svlogd" => {
            let mut folders = Vec::new();
            let mut words = arguments.iter();
            while let Some(word) = words.next() {
                match word.as_ref().map(|word| word.as_bytes()) {
                    // Its value follows.
                    Some(b"-r" | b"-R" | b"-l" | b"-b") => drop(words.next()),
                    Some([b'-', ..]) | None => {}
                    Some(folder) => folders.push(OsStr::from_bytes(folder).to_owned()),
                }
            }
            Some((false, folders))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<(bool, Vec<OsString>)> {
        folders(&line.split(' ').map(|word| (word != "?").then(|| OsString::from(word))).collect::<Vec<_>>())
    }

    #[test]
    fn the_folders_of_loggers_are_their_arguments() {
        let is = |makes: bool, folders: &[&str]| {
            Some((makes, folders.iter().map(OsString::from).collect::<Vec<_>>()))
        };
        assert_eq!(read("multilog t s1000 n10 !gzip ./main"), is(true, &["./main"]));
        assert_eq!(
            read("/usr/bin/multilog t ./main -* +err /var/log/err"),
            is(true, &["./main", "/var/log/err"])
        );
        assert_eq!(read("s6-log -b n20 s1000000 t /var/log/web"), is(true, &["/var/log/web"]));
        assert_eq!(read("svlogd -tt ./main"), is(false, &["./main"]));
        assert_eq!(read("svlogd -b 2048 -tt main other"), is(false, &["main", "other"]));
        assert_eq!(read("multilog t ?"), is(true, &[]));
        assert_eq!(read("cat ./main"), None);
    }
}
