//! Where a service's files come from: its own folder first, then its template's. What is there is read afresh at each start.
//!
//! Absent means absent: any other answer of the system to "is it there?" ends the start, since taking an unreadable
//! `user` for a missing one would run the service as root.

use super::owner::Part;
use super::service::{Logged, Service, Template};
use cli::errno::text;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::stat::{FileStat, SFlag, fstat, fstatat};
use nix::unistd::{fchdir, getcwd};
use protocol::capability;
use protocol::file::{Unusable, look, open_folder, open_regular, open_trusted_folder, read_all};
use protocol::folder::{CAPABILITIES, CHECK, ENV, FINISH, LISTEN, LOG_STDERR, RUN, USER};
use protocol::report::{Report, Step};
use protocol::user::User;
use std::cell::RefCell;
use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

/// The longest `user` file that is read.
const LONGEST_USER: usize = 1000;

/// The longest value file that is read.
const LONGEST_VALUE: usize = 256;

/// The longest file that is a list.
const LONGEST_LIST: usize = 64 * 1024;

/// A folder that files are taken from. What is there under a name is looked at once: all that follows from it goes by the same
/// answer.
#[derive(Debug)]
pub struct Source {
    /// Opened.
    pub folder: OwnedFd,
    /// What messages put in front of a file's name: nothing for the service's own folder, or `web@/`.
    pub prefix: String,
    looked: RefCell<Vec<(&'static CStr, Found)>>,
}

/// What is there under a name, a link not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct There {
    /// What it is, and its permission bits.
    pub(super) mode: u32,
    uid: u32,
    gid: u32,
    /// The file system that it is on.
    pub(super) device: u64,
}

type Found = Result<Option<There>, Errno>;

/// The folders that a service takes its files from.
#[derive(Debug)]
pub struct Sources<'a> {
    own: Source,
    template: Option<Source>,
    /// What the template is called for.
    instance: Option<&'a CStr>,
}

impl<'a> Sources<'a> {
    /// Opens the current folder, and the template's if it is there.
    pub(super) fn open(service: &'a Service) -> Result<Self, Report> {
        let folder =
            open_folder(AT_FDCWD, c".").map_err(|error| unusable(Step::Folder, "its folder", error))?;
        Self::of(folder, &service.directory, service.template.as_ref())
    }

    /// An opened folder, and the template that its name says, opened if it is there.
    ///
    /// # Errors
    ///
    /// What the system says of the template, and where it is a link that is not followed.
    pub fn of(folder: OwnedFd, directory: impl AsFd, called: Option<&'a Template>) -> Result<Self, Report> {
        let own = Source::new(folder, String::new());
        let template = Source::template(directory, called.map(|template| &*template.folder))?;
        let instance = called.filter(|_| template.is_some()).map(|template| &*template.instance);
        Ok(Self { own, template, instance })
    }

    /// Opens the folder of the service that a logger belongs to, and that one's template's if it is there.
    pub(super) fn of_logged(directory: impl AsFd, logged: &'a Logged) -> Result<Self, Report> {
        let folder =
            open_folder(&logged.folder, c".").map_err(|error| unusable(Step::Folder, &logged.name, error))?;
        let own = Source::new(folder, format!("{}/", logged.name));
        let template = Source::template(directory, logged.template.as_deref())?;
        Ok(Self { own, template, instance: None })
    }

    /// The instance's name, where there is a template.
    #[must_use]
    pub fn instance(&self) -> Option<&'a CStr> {
        self.instance
    }

    /// Everything that has a say in what runs, with its owner.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn parts(&self) -> Result<Vec<Part>, Report> {
        self.parts_of(&[RUN, FINISH, CHECK, USER, ENV, LISTEN, CAPABILITIES])
    }

    /// Everything that has a say in whom it runs as, with its owner.
    pub(super) fn parts_of_user(&self) -> Result<Vec<Part>, Report> {
        self.parts_of(&[USER])
    }

    fn parts_of(&self, names: &[&'static CStr]) -> Result<Vec<Part>, Report> {
        let mut parts = Vec::new();
        for source in self.all() {
            let what = if source.prefix.is_empty() { "it" } else { source.prefix.as_str() };
            let folder = source.look(c".").and_then(|folder| folder.ok_or(Errno::ENOENT));
            parts.push(part(what.to_owned(), &folder.map_err(|error| unusable(Step::Owner, what, error))?));
            for name in names {
                source.add_parts(name, &mut parts)?;
            }
        }
        Ok(parts)
    }

    /// The one line of `user`, which has been seen to be an account's form.
    ///
    /// # Errors
    ///
    /// Why it cannot be used.
    pub fn user(&self) -> Result<Option<CString>, Report> {
        for source in self.all() {
            let what = source.called(USER);
            let broken = |error: Unusable| not_usable(Step::User, &what, error);
            let Some(mut file) = source.open(USER).map_err(broken)? else { continue };
            let content = read_all(&mut file, LONGEST_USER).map_err(broken)?;
            let odd = |why: &dyn std::fmt::Display| failed(Step::User, None, &format!("{what}: {why}"));
            User::from_file(&content).map_err(|why| odd(&why))?;
            let line = content.strip_suffix(b"\n").unwrap_or(&content);
            return CString::new(line).map(Some).map_err(|why| odd(&why));
        }
        Ok(None)
    }

    /// The `env/` folders, in the order in which they are applied: the template's, then its own.
    ///
    /// # Errors
    ///
    /// Why one cannot be used.
    pub fn variables(&self) -> Result<Vec<OwnedFd>, Report> {
        let mut folders = Vec::new();
        for source in self.all().rev() {
            let broken = |error| not_usable(Step::Environment, &source.called(ENV), error);
            if source.look(ENV).map_err(|error| broken(error.into()))?.is_some() {
                folders.push(open_trusted_folder(&source.folder, ENV).map_err(broken)?);
            }
        }
        Ok(folders)
    }

    /// What the account may do although it is not root.
    ///
    /// # Errors
    ///
    /// Why they cannot be given, or the file cannot be used.
    pub fn capabilities(&self) -> Result<Option<capability::Set>, Report> {
        let content = self.list(CAPABILITIES, Step::Switch)?;
        let set = content.map(|content| capability::parse_file(&content)).transpose();
        set.map_err(|why| failed(Step::Switch, None, &format!("capabilities: {why}")))
    }

    /// The content of a file that is a list; `None` where there is none.
    ///
    /// # Errors
    ///
    /// Why it cannot be used.
    pub fn list(&self, name: &'static CStr, step: Step) -> Result<Option<Vec<u8>>, Report> {
        let content = self.content(name, LONGEST_LIST);
        content.map_err(|error| not_usable(step, &name.to_string_lossy(), error))
    }

    /// The owner of its own folder.
    pub(super) fn owner(&self) -> Result<u32, Report> {
        let stat = fstat(&self.own.folder).map_err(|error| unusable(Step::Owner, &self.own.prefix, error))?;
        Ok(stat.st_uid)
    }

    /// Whether `log/stderr` is there: the logger is to get what the service writes to stderr as well.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn logs_stderr(&self) -> Result<bool, Report> {
        for source in self.all() {
            match source.look(LOG_STDERR) {
                Ok(Some(_)) => return Ok(true),
                // Where `log` is no folder, nothing is in it.
                Ok(None) | Err(Errno::ENOTDIR) => {}
                Err(error) => return Err(unusable(Step::Folder, &source.called(LOG_STDERR), error)),
            }
        }
        Ok(false)
    }

    /// How `run` or `finish` is executed: from its own folder as `./run`, the template's by its absolute path; `None` where
    /// there is none.
    pub(super) fn program(&self, name: &'static CStr) -> Result<Option<CString>, Report> {
        let shown = name.to_string_lossy();
        let broken = |error| unusable(Step::Folder, &shown, error);
        let Some(source) = self.source_of(name).map_err(broken)? else { return Ok(None) };
        if source.prefix.is_empty() {
            return Ok(CString::new([b"./", name.to_bytes()].concat()).ok());
        }
        fchdir(&source.folder).map_err(broken)?;
        let path = getcwd();
        fchdir(&self.own.folder).map_err(broken)?;
        let path = path.map_err(broken)?.join(OsStr::from_bytes(name.to_bytes()));
        CString::new(path.as_os_str().as_bytes()).map(Some).map_err(|_| broken(Errno::EINVAL))
    }

    /// The folder that the file of that name is taken from; `None` where there is none.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn source_of(&self, name: &'static CStr) -> Result<Option<&Source>, Errno> {
        for source in self.all() {
            if source.look(name)?.is_some() {
                return Ok(Some(source));
            }
        }
        Ok(None)
    }

    /// Whether there is a file of that name.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn has(&self, name: &'static CStr) -> Result<bool, Unusable> {
        Ok(self.source_of(name)?.is_some())
    }

    /// The content of a file that is a value; `None` where there is none.
    ///
    /// # Errors
    ///
    /// Why it cannot be used.
    pub fn value(&self, name: &'static CStr) -> Result<Option<Vec<u8>>, Unusable> {
        self.content(name, LONGEST_VALUE)
    }

    /// The content of a file of at most so many bytes.
    fn content(&self, name: &'static CStr, longest: usize) -> Result<Option<Vec<u8>>, Unusable> {
        for source in self.all() {
            if let Some(mut file) = source.open(name)? {
                return read_all(&mut file, longest).map(Some);
            }
        }
        Ok(None)
    }

    /// Its own folder.
    pub(super) fn own(&self) -> &Source {
        &self.own
    }

    /// Its own folder first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Source> {
        [Some(&self.own), self.template.as_ref()].into_iter().flatten()
    }
}

impl Source {
    /// The template of that name, if it is there.
    fn template(directory: impl AsFd, name: Option<&CStr>) -> Result<Option<Self>, Report> {
        let Some(name) = name else { return Ok(None) };
        let shown = name.to_string_lossy();
        let at = directory.as_fd();
        if look(at, name).map_err(|error| unusable(Step::Folder, &shown, error))?.is_none() {
            return Ok(None);
        }
        let folder = open_trusted_folder(at, name);
        let folder = folder.map_err(|error| not_usable(Step::Folder, &shown, error))?;
        Ok(Some(Self::new(folder, format!("{shown}/"))))
    }

    fn new(folder: OwnedFd, prefix: String) -> Self {
        Self { folder, prefix, looked: RefCell::default() }
    }

    /// What is there under that name.
    pub(super) fn look(&self, name: &'static CStr) -> Found {
        let known = self.looked.borrow().iter().find(|(its, _)| *its == name).map(|(_, found)| *found);
        known.unwrap_or_else(|| {
            let found = look(&self.folder, name).map(|stat| stat.as_ref().map(There::from));
            self.looked.borrow_mut().push((name, found));
            found
        })
    }

    /// Opens the regular file of that name; `None` where nothing is there.
    fn open(&self, name: &'static CStr) -> Result<Option<File>, Unusable> {
        match self.look(name)? {
            Some(_) => Ok(open_regular(&self.folder, name)?.map(|(file, _)| file)),
            None => Ok(None),
        }
    }

    /// What messages call the file of that name.
    #[must_use]
    pub fn called(&self, name: &CStr) -> String {
        format!("{}{}", self.prefix, name.to_string_lossy())
    }

    /// The file of that name, and where it is a link, what that leads to as well.
    fn add_parts(&self, name: &'static CStr, parts: &mut Vec<Part>) -> Result<(), Report> {
        let what = self.called(name);
        let broken = |error| unusable(Step::Owner, &what, error);
        let Some(there) = self.look(name).map_err(broken)? else { return Ok(()) };
        if !there.is_link() {
            parts.push(part(what, &there));
            return Ok(());
        }
        parts.push(Part { mode: None, ..part(format!("the link {what}"), &there) });
        match fstatat(&self.folder, name, AtFlags::empty()) {
            Ok(stat) => parts.push(part(what, &There::from(&stat))),
            // It leads nowhere, and cannot run.
            Err(Errno::ENOENT) => {}
            Err(error) => return Err(broken(error)),
        }
        Ok(())
    }
}

impl From<&FileStat> for There {
    fn from(stat: &FileStat) -> Self {
        Self { mode: stat.st_mode, uid: stat.st_uid, gid: stat.st_gid, device: stat.st_dev }
    }
}

impl There {
    /// Whether it leads to elsewhere.
    pub(super) fn is_link(&self) -> bool {
        self.mode & SFlag::S_IFMT.bits() == SFlag::S_IFLNK.bits()
    }
}

fn part(what: String, there: &There) -> Part {
    Part { what, uid: there.uid, gid: there.gid, mode: Some(there.mode) }
}

fn unusable(step: Step, what: &str, error: Errno) -> Report {
    failed(step, Some(error), &format!("unable to use {what}"))
}

fn not_usable(step: Step, what: &str, error: Unusable) -> Report {
    match error {
        Unusable::System(error) => unusable(step, what, error),
        other => failed(step, None, &format!("unable to use {what}: {other}")),
    }
}

/// A failure's report: the reason, then the system's error in djb's words.
pub(super) fn failed(step: Step, error: Option<Errno>, reason: &str) -> Report {
    Report::Failed {
        step,
        errno: error.map_or(0, |error| error as i32),
        reason: error.map_or_else(|| reason.to_owned(), |error| format!("{reason}: {}", text(error))),
    }
}
