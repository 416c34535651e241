//! What the parts of a check look at: one service as its next start would find it.

use nix::unistd::{Gid, Uid};
use protocol::capability::Set;
use protocol::listen::Listen;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// A service, or a logger, which is one.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// What it is or will be called: `web`, `web@6001`, `web/log`.
    pub(super) called: String,
    /// Its folder, absolute. The programs below begin in it.
    pub(super) folder: PathBuf,
    /// It reads on stdin what a service writes.
    pub(super) is_log: bool,
    /// It is never started itself: what misses may be an instance's.
    pub(super) is_template: bool,
    /// It has a logger.
    pub(super) has_log: bool,
    /// What it writes to stderr goes to the logger, too.
    pub(super) has_log_stderr: bool,
    /// What stops it is for all of its process group.
    pub(super) has_kill_group: bool,
    /// What follows the `@` of its name, where there is such a template: `$1` and `$INSTANCE`.
    pub(super) instance: Option<OsString>,
    /// What is run; `None` where there is nothing, or it cannot be read.
    pub(super) run: Option<Script>,
    /// Whom it runs as; `None` where that is not known, because of a fault that is told elsewhere.
    pub(super) who: Option<Who>,
    /// The variables that run gets.
    pub(super) environment: Environment,
    /// The sockets that it gets.
    pub(super) listen: Vec<Listen>,
    /// What it may do although it is not root.
    pub(super) capabilities: Set,
}

/// A program in a service folder.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// As findings name it: `run`, `log/run`, `web@/run`.
    pub(super) file: String,
    /// Where it is, absolute.
    pub(super) path: PathBuf,
    /// What is in it, or its beginning.
    pub(super) content: Vec<u8>,
    /// What its first line says: the path, and the one argument that the kernel makes of the rest; empty for a binary.
    pub(super) interpreter: Vec<OsString>,
}

/// An account to run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Who {
    /// Its number.
    pub(super) uid: Uid,
    /// Its first group.
    pub(super) gid: Gid,
    /// All its groups.
    pub(super) groups: Vec<Gid>,
    /// Its name, where it has one.
    pub(super) name: Option<OsString>,
    /// Its home folder, where the database has one.
    pub(super) home: Option<PathBuf>,
    /// It is named in `user`, so that its HOME, USER, LOGNAME and SHELL are set; else it is who supervise is.
    pub(super) is_named: bool,
}

/// Variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Environment {
    /// Those that are known.
    pub(super) variables: BTreeMap<OsString, OsString>,
    /// There are no others: the svscan that runs has been asked. Else what is not here may be there all the same.
    pub(super) is_complete: bool,
}

/// What run says of what it runs: programs in their order, those that run the next one (`exec setuidgid www env A=1 node`) each
/// with the ones behind them as their arguments.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// What is wrong with it.
    pub(super) findings: Vec<super::Finding>,
    /// The programs that are executed on every way through it.
    pub(super) programs: Vec<Program>,
}

/// A program that a script runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// The file, as findings name it, and the line, from 1.
    pub(super) file: String,
    /// Where in it, from 1.
    pub(super) line: usize,
    /// Its name or path as written, then its arguments; `None` for a word that is only known when it runs.
    pub(super) words: Vec<Option<OsString>>,
    /// The account that a program before it has changed to: `setuidgid www`, `chpst -u www:log`. As it is written there, without
    /// groups.
    pub(super) account: Option<OsString>,
    /// The folder that it runs in; `None` where that is not known (`cd "$HOME"`).
    pub(super) folder: Option<PathBuf>,
    /// Its PATH where the script sets one; `None` for that of the environment.
    pub(super) path: Option<OsString>,
}

impl Who {
    /// As findings name it.
    pub(super) fn shown(&self) -> String {
        match &self.name {
            Some(name) => cli::text::shown(name.as_encoded_bytes()).into_owned(),
            None => format!("uid {}", self.uid),
        }
    }
}

impl Environment {
    /// A variable, where it is known and there.
    pub(super) fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }
}

impl Scene {
    /// How findings name a file of its own folder: `user`, `log/user`.
    pub(super) fn file(&self, name: &str) -> String {
        if self.is_log { format!("log/{name}") } else { name.to_owned() }
    }
}
