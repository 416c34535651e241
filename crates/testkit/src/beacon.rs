//! A FIFO that tells of each start, or whatever else a script says, exactly when it happens.

use crate::wait::{DEADLINE, read_line};
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{Mode, fchmod};
use std::collections::BTreeMap;
use std::fmt;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

/// Shown (`{beacon}`) it is the shell line that a run script begins with.
#[derive(Debug)]
pub struct Beacon {
    path: PathBuf,
    fifo: OwnedFd,
}

/// One start of a run script.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// The pid of the shell, and of what it execs.
    pub pid: u32,
    /// `$0` and what follows it.
    pub arguments: Vec<String>,
    /// The environment as supervise passed it.
    pub environment: BTreeMap<String, String>,
}

impl Beacon {
    pub(crate) fn new(path: PathBuf) -> Self {
        nix::unistd::mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).expect("a FIFO");
        // Opened for both: writers never wait for a reader, and there is no end of file between two of them.
        let flags = OFlag::O_RDWR | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let fifo = open(&path, flags, Mode::empty()).expect("the FIFO");
        // Whoever the service runs as.
        fchmod(&fifo, Mode::from_bits_truncate(0o622)).expect("chmod");
        Self { path, fifo }
    }

    /// The next start.
    ///
    /// # Panics
    ///
    /// Where none comes in time.
    #[must_use]
    #[track_caller]
    pub fn next(&self) -> Start {
        self.read(DEADLINE).unwrap_or_else(|| panic!("no start was told through {}", self.path.display()))
    }

    /// A start that has been told already, if there is one.
    #[must_use]
    pub fn told(&self) -> Option<Start> {
        self.read(Duration::ZERO)
    }

    /// The shell command that says one line of its own, for [`Beacon::hear`].
    #[must_use]
    pub fn say(&self, line: &str) -> String {
        format!("echo '{line}' >'{}'", self.path.display())
    }

    /// The next line that was said.
    ///
    /// # Panics
    ///
    /// Where none comes in time.
    #[must_use]
    #[track_caller]
    pub fn hear(&self) -> String {
        let line = read_line(&self.fifo, DEADLINE);
        line.unwrap_or_else(|| panic!("nothing was said through {}", self.path.display()))
    }

    fn read(&self, at_most: Duration) -> Option<Start> {
        let first = read_line(&self.fifo, at_most)?;
        let mut start = Start::default();
        let mut line = first;
        loop {
            match line.split_once(' ') {
                Some(("pid", pid)) => start.pid = pid.parse().expect("a pid"),
                Some(("arg", argument)) => start.arguments.push(argument.to_owned()),
                Some(("env", variable)) => {
                    let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
                    start.environment.insert(name.to_owned(), value.to_owned());
                }
                _ => return Some(start),
            }
            line = read_line(&self.fifo, DEADLINE).expect("the rest of what was begun");
        }
    }
}

impl fmt::Display for Beacon {
    /// One printf at the end, so that what two writers say is not mixed; a newline in a variable becomes a space.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        write!(
            to,
            "said=$(for word in \"$0\" \"$@\"; do echo \"arg $word\"; done; \
             tr '\\0\\n' '\\n ' </proc/$$/environ | sed 's/^/env /'); \
             printf 'pid %s\\n%s\\n\\n' $$ \"$said\" >'{path}'"
        )
    }
}
