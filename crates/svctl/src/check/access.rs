//! Whether an account can get at files: not reckoned from modes, but tried, in a child that has become the account.

mod way;

use chain::runas::target::Target;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::{AccessFlags, Uid, faccessat, geteuid, pipe, write};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use sys::process::{spawn, wait};
use way::{Way, walk};

/// What an account may want of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Want {
    /// Where it is, absolute.
    pub(super) path: PathBuf,
    /// What is to be done with it.
    pub(super) access: AccessFlags,
}

/// What came of trying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It can.
    Yes,
    /// There is nothing of that name.
    Missing,
    /// It cannot search a folder on the way.
    Blocked(PathBuf),
    /// It gets there, and may not do that.
    Refused(Errno),
    /// Nobody can: what the system says on the way.
    Broken(Errno),
}

/// One who tries.
#[derive(Debug)]
pub(super) enum Asker<'a> {
    /// We are that account.
    Ourselves,
    /// A child that becomes it.
    Child(&'a Target),
}

impl Want {
    /// To do that with a path.
    pub(super) fn new(path: impl Into<PathBuf>, access: AccessFlags) -> Self {
        Self { path: path.into(), access }
    }
}

impl<'a> Asker<'a> {
    /// One for an account; `None` where we can neither be it nor become it. `target` stands for that account.
    pub(super) fn of(uid: Uid, target: &'a Target) -> Option<Self> {
        if uid == geteuid() {
            return Some(Self::Ourselves);
        }
        geteuid().is_root().then_some(Self::Child(target))
    }

    /// Tries each, in its order; `None` where the account cannot be become, which is told elsewhere.
    pub(super) fn try_all(&self, wants: &[Want]) -> Option<Vec<Answer>> {
        let ways: Vec<Result<Way, Errno>> = wants.iter().map(|want| walk(&want.path)).collect();
        let mut questions = Vec::new();
        for (way, want) in ways.iter().zip(wants) {
            let Ok(way) = way else { continue };
            questions.extend(way.folders.iter().map(|folder| (folder.as_path(), AccessFlags::X_OK)));
            questions.push((way.end.as_path(), want.access));
        }
        let mut errors = match self {
            Self::Ourselves => questions.iter().map(ask).collect(),
            Self::Child(target) => ask_as(target, &questions)?,
        }
        .into_iter();
        let answers = ways.into_iter().map(|way| match way {
            Err(Errno::ENOENT | Errno::ENOTDIR) => Answer::Missing,
            Err(error) => Answer::Broken(error),
            Ok(way) => {
                let count = way.folders.len();
                let on_the_way: Vec<Errno> = errors.by_ref().take(count).collect();
                let at_the_end = errors.next().unwrap_or(Errno::UnknownErrno);
                answer(way, &on_the_way, at_the_end)
            }
        });
        Some(answers.collect())
    }
}

/// What the errors of one way mean; `UnknownErrno`, which is 0, is none.
fn answer(way: Way, on_the_way: &[Errno], at_the_end: Errno) -> Answer {
    let blocked = way.folders.into_iter().zip(on_the_way).find(|(_, error)| **error != Errno::UnknownErrno);
    match (blocked, at_the_end) {
        (Some((folder, _)), _) => Answer::Blocked(folder),
        (None, Errno::UnknownErrno) => Answer::Yes,
        (None, Errno::ENOENT) => Answer::Missing,
        (None, error) => Answer::Refused(error),
    }
}

fn ask((path, access): &(&Path, AccessFlags)) -> Errno {
    faccessat(AT_FDCWD, *path, *access, AtFlags::AT_EACCESS).err().unwrap_or(Errno::UnknownErrno)
}

/// Asks in a child. svctl has one thread while it checks, as [`spawn`] demands.
fn ask_as(target: &Target, questions: &[(&Path, AccessFlags)]) -> Option<Vec<Errno>> {
    let (reader, writer) = pipe().ok()?;
    let child = spawn(|| match target.switch(None) {
        Ok(()) => tell(&writer, questions.iter().map(ask)),
        Err(_) => 1,
    })
    .ok()?;
    drop(writer);
    let mut said = Vec::new();
    let is_read = File::from(reader).read_to_end(&mut said).is_ok();
    let _ = wait(child);
    let numbers = said.chunks_exact(4).filter_map(|bytes| <[u8; 4]>::try_from(bytes).ok());
    let errors: Vec<Errno> = numbers.map(|bytes| Errno::from_raw(i32::from_ne_bytes(bytes))).collect();
    (is_read && errors.len() == questions.len()).then_some(errors)
}

fn tell(to: &OwnedFd, errors: impl Iterator<Item = Errno>) -> u8 {
    let bytes: Vec<u8> = errors.flat_map(|error| (error as i32).to_ne_bytes()).collect();
    let mut left = bytes.as_slice();
    while !left.is_empty() {
        match write(to, left) {
            Ok(count) => left = left.get(count..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            Err(_) => return 1,
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_that_stops_one_is_named() {
        let way = || Way { folders: vec!["/".into(), "/a".into(), "/a/b".into()], end: "/a/b/c".into() };
        let none = Errno::UnknownErrno;
        assert_eq!(answer(way(), &[none; 3], none), Answer::Yes);
        assert_eq!(answer(way(), &[none; 3], Errno::EACCES), Answer::Refused(Errno::EACCES));
        let denied = [none, Errno::EACCES, Errno::EACCES];
        assert_eq!(answer(way(), &denied, Errno::EACCES), Answer::Blocked("/a".into()));
    }

    #[test]
    fn what_we_can_do_ourselves_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let answers = Asker::Ourselves
            .try_all(&[
                Want::new(&file, AccessFlags::R_OK),
                Want::new(&file, AccessFlags::X_OK),
                Want::new(folder.path().join("other"), AccessFlags::F_OK),
                Want::new(file.join("below"), AccessFlags::F_OK),
            ])
            .unwrap();
        let refused = Answer::Refused(Errno::EACCES);
        assert_eq!(answers, [Answer::Yes, refused, Answer::Missing, Answer::Missing]);
    }
}
