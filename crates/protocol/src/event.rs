//! Events: how a supervise wakes those who wait for its service. The form is s6's "fifodir", so s6's own programs can listen:
//! a folder in which each waiter has a FIFO, and into each of them goes a letter for each event.
//!
//! A letter says that there is something to look at, and the record says what: who has subscribed and then reads the record
//! misses nothing. The first waiter makes the folder, so a service that nobody waits for pays one system call an event.

use crate::file::kind;
use crate::folder::EVENT;
use crate::tai64n::Tai64n;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, mkdirat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, geteuid, mkfifoat, unlinkat};
use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// supervise has begun.
pub const BEGUN: u8 = b's';
/// run runs.
pub const UP: u8 = b'u';
/// It is ready.
pub const READY: u8 = b'U';
/// run has ended.
pub const ENDED: u8 = b'd';
/// It is really down: finish is over as well.
pub const DOWN: u8 = b'D';
/// finish said that the service is not to be started again.
pub const PERMANENT: u8 = b'O';
/// supervise leaves, on purpose.
pub const LEFT: u8 = b'x';

/// How the name of a waiter's FIFO begins; a label and `:` and six letters follow.
const PREFIX: &[u8] = b"ftrig1:@";
/// The length of such a name.
const LENGTH: usize = 39;
/// Whoever may come into the folder may write into a FIFO, but only its owner reads it.
const FIFO_MODE: u32 = 0o622;
/// How many names are tried where others already have them.
const TRIES: u32 = 100;
/// At most so much is taken out of a FIFO at once: as much as it holds.
const READS: u32 = 256;

/// Writes the letters to everyone who waits. SIGPIPE must be blocked or ignored: a waiter may leave at any time.
///
/// No link is followed, nothing but a FIFO is written to, and nobody is waited for. FIFOs of waiters that are gone are
/// removed. What goes wrong here is nobody's trouble: the record is what counts.
pub fn tell(control_folder: impl AsFd, letters: &[u8]) {
    let flags =
        OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let Ok(folder) = openat(control_folder.as_fd(), EVENT, flags, Mode::empty()) else { return };
    let Ok(mut listing) = Dir::from_fd(folder) else { return };
    let Ok(folder) = listing.as_fd().try_clone_to_owned() else { return };
    for entry in listing.iter().map_while(Result::ok) {
        let name = entry.file_name();
        if is_waiters(name.to_bytes()) && !reaches(&folder, name, letters) {
            let _ = unlinkat(&folder, name, UnlinkatFlags::NoRemoveDir);
        }
    }
}

/// Whether that is the name of a waiter's FIFO: `ftrig1:@`, 24 digits, `:` and six letters, of which only the beginning and the
/// length count. The names under which FIFOs are made begin with a dot, and so are none.
#[must_use]
pub fn is_waiters(name: &[u8]) -> bool {
    name.len() == LENGTH && name.starts_with(PREFIX)
}

/// Writes the letters to one waiter. Says no only where it is certain that nobody waits there any more.
fn reaches(folder: impl AsFd, name: &CStr, letters: &[u8]) -> bool {
    let flags = OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let written = openat(folder.as_fd(), name, flags, Mode::empty())
        .and_then(|fifo| if is_fifo(&fstat(&fifo)?) { nix::unistd::write(&fifo, letters) } else { Ok(0) });
    !matches!(written, Err(Errno::ENXIO | Errno::EPIPE))
}

fn is_fifo(stat: &FileStat) -> bool {
    kind(stat) == SFlag::S_IFIFO
}

/// One who waits for the events of one service, from [`Waiter::subscribe`] on until it is dropped.
///
/// Its descriptor is readable while there are letters that were not taken out yet.
#[derive(Debug)]
pub struct Waiter {
    folder: OwnedFd,
    name: CString,
    fifo: OwnedFd,
}

impl Waiter {
    /// Subscribes: each event from now on is told. The folder is made (mode 0700, its owner that of the control folder) where
    /// it is not there.
    ///
    /// # Errors
    ///
    /// What the system says; ENOENT where there is no control folder, ELOOP or ENOTDIR where something else than a folder
    /// has the name.
    pub fn subscribe(control_folder: impl AsFd) -> Result<Self, Errno> {
        let folder = open_or_make(control_folder)?;
        for _ in 0..TRIES {
            let name = name(Tai64n::from_wall(sys::clock::wall()), std::process::id());
            let hidden = CString::new([b".", name.as_bytes()].concat()).map_err(|_| Errno::EINVAL)?;
            match mkfifoat(&folder, &*hidden, Mode::from_bits_truncate(FIFO_MODE)) {
                Err(Errno::EEXIST) => continue,
                made => made?,
            }
            // It has a reader before it has its name, so a FIFO of that name without a reader is a waiter's that is gone.
            let opened = open_own(&folder, &hidden)
                .and_then(|fifo| renameat(&folder, &*hidden, &folder, &*name).map(|()| fifo));
            return match opened {
                Ok(fifo) => Ok(Self { folder, name, fifo }),
                Err(error) => {
                    let _ = unlinkat(&folder, &*hidden, UnlinkatFlags::NoRemoveDir);
                    Err(error)
                }
            };
        }
        Err(Errno::EEXIST)
    }

    /// Takes out what was told since the last time, without waiting.
    #[must_use]
    pub fn drain(&self) -> Letters {
        let mut letters = Letters::default();
        let mut buffer = [0; 256];
        for _ in 0..READS {
            match nix::unistd::read(&self.fifo, &mut buffer) {
                Ok(count @ 1..) => letters.0 |= Letters::of(buffer.get(..count).unwrap_or_default()).0,
                Err(Errno::EINTR) => {}
                Ok(_) | Err(_) => break,
            }
        }
        letters
    }
}

impl AsFd for Waiter {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fifo.as_fd()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let _ = unlinkat(&self.folder, &*self.name, UnlinkatFlags::NoRemoveDir);
    }
}

/// Letters that were told, each once, in no order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Letters(u128);

impl Letters {
    /// These.
    #[must_use]
    pub fn of(letters: &[u8]) -> Self {
        Self(letters.iter().fold(0, |all, letter| all | bit(*letter)))
    }

    /// Whether that letter is among them.
    #[must_use]
    pub const fn has(self, letter: u8) -> bool {
        self.0 & bit(letter) != 0
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The bit of a letter; what is no ASCII was told by no supervise, and counts as NUL.
const fn bit(letter: u8) -> u128 {
    if letter.is_ascii() { 1 << letter } else { 1 }
}

/// Opens the folder of the events, made where it is not there. Where root waits for a service that is kept by somebody else, whose
/// supervise has to come in as well, it is made over to them.
fn open_or_make(control_folder: impl AsFd) -> Result<OwnedFd, Errno> {
    match mkdirat(control_folder.as_fd(), EVENT, Mode::S_IRWXU) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(error) => return Err(error),
    }
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let folder = openat(control_folder.as_fd(), EVENT, flags, Mode::empty())?;
    let (own, above) = (fstat(&folder)?, fstat(control_folder.as_fd())?);
    if geteuid().is_root() && own.st_uid == 0 && above.st_uid != 0 {
        fchown(&folder, Some(Uid::from_raw(above.st_uid)), Some(Gid::from_raw(above.st_gid)))?;
    }
    Ok(folder)
}

/// Opens the FIFO that we have made, for both directions: as its own writer it never comes to an end.
fn open_own(folder: impl AsFd, name: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDWR | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let fifo = openat(folder.as_fd(), name, flags, Mode::empty())?;
    let stat = fstat(&fifo)?;
    // In a folder of somebody else's it may have been exchanged.
    if !is_fifo(&stat) || stat.st_uid != geteuid().as_raw() || stat.st_nlink != 1 {
        return Err(Errno::EPERM);
    }
    // Whatever the umask took away.
    fchmod(&fifo, Mode::from_bits_truncate(FIFO_MODE))?;
    Ok(fifo)
}

/// The name of a FIFO that the process of that pid makes at that time.
fn name(now: Tai64n, pid: u32) -> CString {
    let mut name = [b"ftrig1:", &now.label()[..], b":"].concat();
    let mut rest = pid;
    for _ in 0..6 {
        name.extend(char::from_digit(rest % 36, 36).map(|digit| digit as u8));
        rest /= 36;
    }
    CString::new(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::fs::File;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::Path;

    fn control() -> (tempfile::TempDir, File) {
        let folder = tempfile::tempdir().unwrap();
        let opened = File::open(folder.path()).unwrap();
        (folder, opened)
    }

    fn names(folder: &Path) -> Vec<String> {
        let names = std::fs::read_dir(folder.join("event")).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn is_readable(waiter: &Waiter) -> bool {
        poll(&mut [PollFd::new(waiter.as_fd(), PollFlags::POLLIN)], PollTimeout::ZERO).unwrap() == 1
    }

    #[test]
    fn what_is_told_reaches_everyone_who_waits() {
        let (folder, opened) = control();
        tell(&opened, b"u");
        assert!(!folder.path().join("event").exists(), "who tells makes nothing");
        let waiters: Vec<Waiter> = (0..300).map(|_| Waiter::subscribe(&opened).unwrap()).collect();
        assert!(waiters.iter().all(|waiter| !is_readable(waiter) && waiter.drain().is_empty()));
        tell(&opened, b"u");
        tell(&opened, b"dD");
        for waiter in &waiters {
            assert!(is_readable(waiter));
            let letters = waiter.drain();
            assert_eq!(
                [UP, ENDED, DOWN, READY, LEFT].map(|letter| letters.has(letter)),
                [true, true, true, false, false]
            );
            assert!(!is_readable(waiter), "each is told once, and there is no end");
        }
        drop(waiters);
        assert_eq!(names(folder.path()), [""; 0], "who leaves takes the FIFO away");
    }

    #[test]
    fn names_and_modes_are_those_of_s6() {
        let (folder, opened) = control();
        let waiter = Waiter::subscribe(&opened).unwrap();
        let mode = |path: &Path| std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777;
        let names = names(folder.path());
        let [name] = names.as_slice() else { panic!("{names:?}") };
        assert!(name.len() == 39 && name.starts_with("ftrig1:@4") && name.as_bytes()[32] == b':', "{name}");
        assert!(is_waiters(name.as_bytes()) && !is_waiters(format!(".{name}").as_bytes()));
        assert_eq!(mode(&folder.path().join("event")), 0o700);
        assert_eq!(mode(&folder.path().join("event").join(name)), 0o622);
        drop(waiter);
    }

    #[test]
    fn the_fifo_of_one_who_was_killed_is_removed_by_the_next_event() {
        let (folder, opened) = control();
        let (alive, mut killed) = (Waiter::subscribe(&opened).unwrap(), Waiter::subscribe(&opened).unwrap());
        killed.fifo = File::open("/dev/null").unwrap().into();
        std::mem::forget(killed);
        assert_eq!(names(folder.path()).len(), 2);
        tell(&opened, b"u");
        assert_eq!(names(folder.path()), [alive.name.to_str().unwrap()]);
        assert!(alive.drain().has(UP));
    }

    #[test]
    fn one_who_does_not_listen_holds_up_nobody_and_stays() {
        let (folder, opened) = control();
        let waiter = Waiter::subscribe(&opened).unwrap();
        for _ in 0..200 {
            tell(&opened, &[b'u'; 1000]);
        }
        assert_eq!(names(folder.path()).len(), 1);
        assert!(waiter.drain().has(UP));
        assert!(!is_readable(&waiter), "what a FIFO holds is taken out at once");
    }

    #[test]
    fn nothing_but_fifos_is_written_to_and_no_link_followed() {
        let (folder, opened) = control();
        drop(Waiter::subscribe(&opened).unwrap());
        let event = folder.path().join("event");
        let place = |number: u32| event.join(format!("ftrig1:@400000006b021e9f19a9d8dc:aaaaa{number}"));
        std::fs::write(place(1), "").unwrap();
        symlink(place(1), place(2)).unwrap();
        std::fs::create_dir(place(3)).unwrap();
        nix::unistd::mkfifo(&event.join("ftrig1:@short"), Mode::S_IRWXU).unwrap();
        tell(&opened, b"u");
        assert_eq!(std::fs::metadata(place(1)).unwrap().len(), 0);
        assert_eq!(names(folder.path()).len(), 4, "and nothing else is removed");

        let (elsewhere, linked) = control();
        symlink(&event, elsewhere.path().join("event")).unwrap();
        let waiter = Waiter::subscribe(&opened).unwrap();
        tell(&linked, b"u");
        assert!(waiter.drain().is_empty());
        assert_eq!(Waiter::subscribe(&linked).map(drop), Err(Errno::ENOTDIR));
    }

    #[test]
    fn a_folder_that_root_makes_is_its_service_owners() {
        if !geteuid().is_root() {
            return;
        }
        let (folder, opened) = control();
        std::os::unix::fs::chown(folder.path(), Some(12), Some(34)).unwrap();
        let waiter = Waiter::subscribe(&opened).unwrap();
        let event = std::fs::metadata(folder.path().join("event")).unwrap();
        assert_eq!((event.uid(), event.gid(), event.mode() & 0o777), (12, 34, 0o700));
        tell(&opened, b"u");
        assert!(waiter.drain().has(UP));
    }
}
