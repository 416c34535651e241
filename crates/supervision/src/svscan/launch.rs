//! Starting a supervise. By posix_spawn: svscan knows ten thousand services, and a fork would copy all that for nothing.

use anyhow::Context;
use nix::fcntl::{OFlag, open};
use nix::libc;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn, posix_spawnp};
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use nix::sys::signal::SigSet;
use nix::sys::stat::Mode;
use nix::unistd::Pid;
use protocol::identity::{FolderId, VARIABLE};
use protocol::kept::VARIABLES;
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use sys::own_folder::OwnFolder;

/// What is the same for all supervises.
#[derive(Debug)]
pub(super) struct Launcher {
    own: OwnFolder,
    trusting: bool,
    files: FileLimit,
}

impl Launcher {
    /// Raises svscan's own limit of open files as far as it goes: ten thousand folders are a normal case.
    pub(super) fn begin(trusting: bool) -> Self {
        Self { own: OwnFolder::find(), trusting, files: FileLimit::raise() }
    }

    /// Whether a folder runs as it says whoever owns it.
    pub(super) fn is_trusting(&self) -> bool {
        self.trusting
    }

    /// Starts `supervise folder` in a process group of its own, so that Ctrl-C reaches svscan alone, with stdin or stdout
    /// replaced where given. `id` says which folder is meant; for a logger it is the service's.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn supervise(
        &mut self,
        folder: &CStr,
        id: FolderId,
        stdin: Option<BorrowedFd<'_>>,
        stdout: Option<BorrowedFd<'_>>,
    ) -> anyhow::Result<Pid> {
        let mut actions = PosixSpawnFileActions::init()?;
        for (from, to) in [(stdin, 0), (stdout, 1)] {
            if let Some(from) = from {
                actions.add_dup2(from.as_raw_fd(), to)?;
            }
        }
        let mut attributes = PosixSpawnAttr::init()?;
        attributes.set_pgroup(Pid::from_raw(0))?;
        // Blocked until it is ready for them: what it is told in its first moments is not lost, and does not end it.
        attributes.set_sigmask(&sys::signals::every())?;
        attributes
            .set_flags(PosixSpawnFlags::POSIX_SPAWN_SETPGROUP | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK)?;

        let arguments: &[&CStr] =
            if self.trusting { &[c"supervise", c"-t", folder] } else { &[c"supervise", folder] };
        let meant = CString::new(format!("{VARIABLE}={id}"))?;
        let [kept, command] = VARIABLES;
        let mut environment = sys::environment::without(&[VARIABLE, kept, command]);
        environment.push(&meant);
        self.files
            .as_it_was(|| match self.own.program("supervise") {
                Some(path) => posix_spawn(path.as_c_str(), &actions, &attributes, arguments, &environment),
                None => posix_spawnp(c"supervise", &actions, &attributes, arguments, &environment),
            })
            .context("unable to run supervise")
    }

    /// Starts a command, sought in PATH, as svscan itself was started: in its group and session, with its stdin, stdout and
    /// stderr, and with no signal blocked or ignored.
    ///
    /// # Errors
    ///
    /// What the system says: ENOENT where there is no such program.
    pub(super) fn command(&mut self, arguments: &[&CStr]) -> nix::Result<Pid> {
        let program = arguments.first().copied().unwrap_or_default();
        let mut attributes = PosixSpawnAttr::init()?;
        attributes.set_sigmask(&SigSet::empty())?;
        attributes.set_sigdefault(&sys::signals::every())?;
        attributes
            .set_flags(PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF)?;
        let environment = sys::environment::without(&VARIABLES);
        let actions = PosixSpawnFileActions::init()?;
        self.files.as_it_was(|| posix_spawnp(program, &actions, &attributes, arguments, &environment))
    }

    /// Does something with the limit of open files that svscan was started with.
    pub(super) fn with_given_limit<T>(&mut self, act: impl FnOnce() -> T) -> T {
        self.files.as_it_was(act)
    }

    /// Where our own programs are.
    pub(super) fn own(&self) -> &OwnFolder {
        &self.own
    }
}

/// The limit of open files that svscan was started with, and its own.
#[derive(Debug)]
struct FileLimit {
    given: rlim_t,
    /// Low numbers, given up while something is spawned: the C library may need two for a pipe of its own then, when
    /// log pipes have taken all others below the given limit.
    spare: [Option<OwnedFd>; 2],
}

impl FileLimit {
    fn raise() -> Self {
        let (given, hard) = file_limit();
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
        Self { given, spare: spare() }
    }

    /// Does something that inherits the limit.
    fn as_it_was<T>(&mut self, spawn: impl FnOnce() -> T) -> T {
        self.spare = [None, None];
        // Asked each time: it can be raised while svscan runs.
        let (_, hard) = file_limit();
        let _ = setrlimit(Resource::RLIMIT_NOFILE, self.given.min(hard), hard);
        let result = spawn();
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
        self.spare = spare();
        result
    }
}

/// The soft and the hard limit.
fn file_limit() -> (rlim_t, rlim_t) {
    getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((libc::RLIM_INFINITY, libc::RLIM_INFINITY))
}

fn spare() -> [Option<OwnedFd>; 2] {
    [(); 2].map(|()| open("/dev/null", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()).ok())
}
