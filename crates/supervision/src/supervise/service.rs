//! What supervise was told to keep running: a folder, and the template that it takes from.

use crate::private_folder::open_service;
use anyhow::{Context, anyhow, bail};
use cli::text::shown;
use nix::fcntl::{AT_FDCWD, OFlag, open};
use nix::sys::stat::{Mode, fstat};
use nix::unistd::fchdir;
use protocol::folder::LOG;
use protocol::identity::{self, FolderId};
use protocol::instance::{self, Kind};
use protocol::kept::Kept;
use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The names under which folders are kept over an upgrade.
const DIRECTORY: &str = "directory";
const LOGGED: &str = "logged";

/// The service of this supervise, which has made its folder the current one.
#[derive(Debug)]
pub(super) struct Service {
    /// As it was named on the command line.
    pub(super) argument: &'static CStr,
    /// The same as in every message.
    pub(super) name: String,
    /// The folder that this one and its template are in, held from before the change of folder: a service may be a link
    /// to elsewhere.
    pub(super) directory: OwnedFd,
    /// Where it takes from what it has not itself.
    pub(super) template: Option<Template>,
    /// For a logger, the service whose log it is.
    pub(super) logged: Option<Logged>,
}

/// The service that a logger belongs to. The logger's folder may be a link to elsewhere, so this is not the one above.
#[derive(Debug)]
pub struct Logged {
    /// As in messages.
    pub name: String,
    /// Its folder.
    pub folder: OwnedFd,
    /// Its template's folder, relative to the service directory.
    pub template: Option<CString>,
}

/// What an instance's name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The template's folder, relative to the service directory: `web@`, or for the logger of an instance `web@/log`.
    pub folder: CString,
    /// The service's template, which for a logger is the one above.
    pub of_service: CString,
    /// `$1` and `$INSTANCE`.
    pub instance: CString,
}

impl Service {
    /// Goes into the folder.
    ///
    /// # Errors
    ///
    /// Where that cannot be done, the folder is a template, or, unless we are trusting, a link of somebody's.
    pub(super) fn enter(argument: &'static CStr, trusting: bool) -> anyhow::Result<Self> {
        let name = shown(argument.to_bytes()).into_owned();
        let unable = || format!("unable to chdir to {name}");
        let Named { directory, service, is_log, template } =
            named(argument.to_bytes()).with_context(unable)?;
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = open(&directory, flags, Mode::empty()).with_context(unable)?;
        let path = CString::new(service.as_os_str().as_bytes())?;
        let mut folder = open_service(AT_FDCWD, &path, trusting).with_context(unable)?;
        let meant = sys::environment::value(identity::VARIABLE).and_then(FolderId::parse);
        let found = FolderId::from(&fstat(&folder).with_context(unable)?);
        if meant.is_some_and(|meant| meant != found) {
            return Err(anyhow!("another folder has just got its name")).with_context(unable);
        }
        let mut logged = None;
        if is_log {
            let log = open_service(&folder, LOG, trusting).with_context(unable)?;
            let name = shown(path.to_bytes()).into_owned();
            let template = template.as_ref().map(|template| template.of_service.clone());
            logged = Some(Logged { name, folder: std::mem::replace(&mut folder, log), template });
        }
        fchdir(folder).with_context(unable)?;
        Ok(Self { argument, name, directory, template, logged })
    }

    /// The one that an earlier version of this program was in, whatever its folder is called by now.
    ///
    /// # Errors
    ///
    /// What was not kept open.
    pub(super) fn kept(argument: &'static CStr, kept: &mut Kept) -> anyhow::Result<Self> {
        let Named { service, is_log, template, .. } = named(argument.to_bytes())?;
        let mut take = |name: &str| -> anyhow::Result<OwnedFd> {
            let number = kept.take(name).with_context(|| format!("{name} was not kept"))?;
            sys::descriptor::adopt(number).with_context(|| format!("{name} was not kept"))
        };
        let logged = is_log.then(|| -> anyhow::Result<Logged> {
            let name = shown(service.as_os_str().as_bytes()).into_owned();
            let template = template.as_ref().map(|template| template.of_service.clone());
            Ok(Logged { name, folder: take(LOGGED)?, template })
        });
        let logged = logged.transpose()?;
        let name = shown(argument.to_bytes()).into_owned();
        Ok(Self { argument, name, directory: take(DIRECTORY)?, template, logged })
    }

    /// What is held open, to be kept. The folder itself is the current one.
    pub(super) fn to_keep(&self) -> impl Iterator<Item = (&'static str, BorrowedFd<'_>)> {
        let logged = self.logged.as_ref().map(|logged| (LOGGED, logged.folder.as_fd()));
        [Some((DIRECTORY, self.directory.as_fd())), logged].into_iter().flatten()
    }
}

/// What an argument says.
#[derive(Debug)]
pub struct Named<'a> {
    /// The folder that the service's is in.
    pub directory: PathBuf,
    /// The service's folder.
    pub service: &'a Path,
    /// It is the service's logger that is meant.
    pub is_log: bool,
    /// What its name says, if it is an instance's.
    pub template: Option<Template>,
}

/// Reads an argument of supervise: the path of a service's folder, or of the `log` in one.
///
/// # Errors
///
/// It is a template.
pub fn named(argument: &[u8]) -> anyhow::Result<Named<'_>> {
    let path = Path::new(OsStr::from_bytes(argument));
    let log = OsStr::from_bytes(LOG.to_bytes());
    let above = path.parent().filter(|above| path.file_name() == Some(log) && above.file_name().is_some());
    let service = above.unwrap_or(path);
    let directory = service.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    let template = match service.file_name().map(instance::kind) {
        None | Some(Kind::Plain) => None,
        Some(Kind::Template) => bail!("it is a template, which is never started itself"),
        Some(Kind::Instance { template, instance }) => {
            let folder =
                if above.is_some() { Path::new(template).join(log) } else { PathBuf::from(template) };
            Some(Template {
                folder: CString::new(folder.into_os_string().as_bytes())?,
                of_service: CString::new(template.as_bytes())?,
                instance: CString::new(instance.as_bytes())?,
            })
        }
    };
    Ok(Named { directory: directory.to_owned(), service, is_log: above.is_some(), template })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(argument: &str) -> (String, Option<(String, String)>) {
        let Named { directory, template, .. } = named(argument.as_bytes()).unwrap();
        let text = |string: CString| string.into_string().unwrap();
        let template = template.map(|template| (text(template.folder), text(template.instance)));
        (directory.into_os_string().into_string().unwrap(), template)
    }

    #[test]
    fn an_argument_names_a_folder_and_its_template() {
        let instance = |folder: &str| Some((folder.to_owned(), "6001".to_owned()));
        assert_eq!(read("web"), (".".into(), None));
        assert_eq!(read("web/log"), (".".into(), None));
        assert_eq!(read("log"), (".".into(), None));
        assert_eq!(read("."), (".".into(), None));
        assert_eq!(read("web@6001"), (".".into(), instance("web@")));
        assert_eq!(read("web@6001/log"), (".".into(), instance("web@/log")));
        assert_eq!(read("/service/web@6001/"), ("/service".into(), instance("web@")));
        assert_eq!(read("/service/web@6001/log"), ("/service".into(), instance("web@/log")));
        assert!(named(b"web@").is_err());
    }
}
