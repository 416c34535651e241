//! Where a service's log is: `log/main` for a logger without a script, else where its script says, else where the logger that runs
//! says.

use super::script::{self, Said};
use crate::directory::Service;
use crate::seen;
use cli::errno::text;
use nix::errno::Errno;
use nix::unistd::Pid;
use protocol::control::Control;
use protocol::file::{look, open_regular, read_all};
use protocol::folder::{LOG, MAIN, RUN};
use protocol::instance::{Kind, kind};
use protocol::process::pid;
use std::ffi::OsStr;
use std::fmt;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use supervision::proc;

/// The longest script that is read.
const LONGEST: usize = 64 * 1024;

/// How deep below the logger's own process another one is sought: a script may not end in `exec`.
const DEPTH: usize = 3;

/// Why it is not known where a service's log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nowhere {
    /// The service has none.
    NoLogger,
    /// Neither the script says it nor a logger that runs.
    NotSaid,
    /// The system does not let us look.
    Hidden(Errno),
}

impl fmt::Display for Nowhere {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLogger => to.write_str("it has no logger: make a folder log in its folder, and restart it"),
            Self::NotSaid => to.write_str(
                "its log/run names no directory of multilog or svlogd, and no such logger that runs can be asked",
            ),
            Self::Hidden(error) => to.write_str(text(*error)),
        }
    }
}

/// The folders that a logger's files come from.
#[derive(Debug)]
pub(super) struct Logger {
    /// The name of the service that it logs.
    pub(super) name: String,
    /// `log/` in the folder of the service.
    pub(super) folder: PathBuf,
    /// That of its template, which it takes `run` from where it has none.
    pub(super) template: Option<PathBuf>,
}

impl Logger {
    /// The logger of a service; itself, where it is one.
    pub(super) fn of(service: &Service) -> Self {
        let log = OsStr::from_bytes(LOG.to_bytes());
        let (name, logged) = match (service.name.strip_suffix("/log"), service.path.parent()) {
            (Some(name), Some(logged)) if !name.is_empty() => (name.to_owned(), logged.to_owned()),
            _ => (service.name.clone(), service.path.clone()),
        };
        let template = match kind(logged.file_name().unwrap_or_default()) {
            Kind::Instance { template, .. } => {
                logged.parent().map(|directory| directory.join(template).join(log))
            }
            Kind::Plain | Kind::Template => None,
        };
        Self { name, folder: logged.join(log), template }
    }

    /// The directories that it logs into; they need not be there yet.
    pub(super) fn directories(&self) -> Result<Vec<PathBuf>, Nowhere> {
        let open = |path: &Path| {
            let service = Service { name: String::new(), path: path.to_owned() };
            match seen::open(&service) {
                Ok(folder) => Ok(Some(folder)),
                Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(None),
                Err(error) => Err(Nowhere::Hidden(error)),
            }
        };
        let own = open(&self.folder)?;
        let template = self.template.as_deref().map(open).transpose()?.flatten();
        if own.is_none() && template.is_none() {
            return Err(Nowhere::NoLogger);
        }
        for source in [own.as_ref(), template.as_ref()].into_iter().flatten() {
            if look(source, RUN).map_err(Nowhere::Hidden)?.is_some() {
                return self.told(&read(source), own.as_ref());
            }
        }
        Ok(vec![self.folder.join(OsStr::from_bytes(MAIN.to_bytes()))])
    }

    /// Where the script does not say all, the logger that runs does.
    fn told(&self, said: &Said, own: Option<&OwnedFd>) -> Result<Vec<PathBuf>, Nowhere> {
        let below = |folder: &Path, names: &[PathBuf]| names.iter().map(|name| folder.join(name)).collect();
        if said.may_be_more || said.directories.is_empty() {
            if let Some((folder, names)) = own.and_then(running) {
                return Ok(below(&folder, &names));
            }
        }
        if said.directories.is_empty() {
            Err(Nowhere::NotSaid)
        } else {
            Ok(below(&self.folder, &said.directories))
        }
    }
}

/// What the script says; nothing where it cannot be read.
fn read(folder: &OwnedFd) -> Said {
    let content = match open_regular(folder, RUN) {
        Ok(Some((mut file, _))) => read_all(&mut file, LONGEST).unwrap_or_default(),
        Ok(None) | Err(_) => Vec::new(),
    };
    script::script(&content)
}

/// The folder in which the logger runs, and the directories that it was given.
fn running(folder: &OwnedFd) -> Option<(PathBuf, Vec<PathBuf>)> {
    let status = Control::of(folder.as_fd()).ok()?.status().ok()?;
    let mut found = vec![pid(status.pid?)?];
    for _ in 0..DEPTH {
        if let Some(logger) = found.iter().find_map(|pid| logger(*pid)) {
            return Some(logger);
        }
        let children = |pid: Pid| proc::children(pid).unwrap_or_default();
        found = found.into_iter().flat_map(children).map(|child| child.pid).collect();
    }
    None
}

fn logger(pid: Pid) -> Option<(PathBuf, Vec<PathBuf>)> {
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let directories = script::arguments(&arguments).filter(|directories| !directories.is_empty())?;
    Some((std::fs::read_link(format!("/proc/{pid}/cwd")).ok()?, directories))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logger(name: &str, path: &str) -> (String, String, Option<String>) {
        let shown = |path: PathBuf| path.to_str().unwrap().to_owned();
        let logger = Logger::of(&Service { name: name.into(), path: path.into() });
        (logger.name, shown(logger.folder), logger.template.map(shown))
    }

    #[test]
    fn a_logger_belongs_to_a_service_and_may_have_a_template() {
        assert_eq!(logger("web", "/s/web"), ("web".into(), "/s/web/log".into(), None));
        assert_eq!(logger("web/log", "/s/web/log"), ("web".into(), "/s/web/log".into(), None));
        assert_eq!(
            logger("log", "/s/log"),
            ("log".into(), "/s/log/log".into(), None),
            "a service of that name"
        );
        let template = Some("/s/web@/log".to_owned());
        assert_eq!(logger("web@1", "/s/web@1"), ("web@1".into(), "/s/web@1/log".into(), template.clone()));
        assert_eq!(logger("web@1/log", "/s/web@1/log"), ("web@1".into(), "/s/web@1/log".into(), template));
    }

    #[test]
    fn without_a_script_it_is_main_else_where_the_script_says() {
        let tree = tempfile::tempdir().unwrap();
        let log = tree.path().join("web/log");
        let directories =
            || Logger::of(&Service { name: "web".into(), path: tree.path().join("web") }).directories();
        assert_eq!(directories(), Err(Nowhere::NoLogger));
        std::fs::create_dir_all(&log).unwrap();
        assert_eq!(directories(), Ok(vec![log.join("main")]));
        std::fs::write(log.join("run"), "#!/bin/sh\nexec multilog t ./all '-*' '+x' /other/x\n").unwrap();
        assert_eq!(directories(), Ok(vec![log.join("all"), "/other/x".into()]));
        std::fs::write(log.join("run"), "#!/bin/sh\nexec multilog t $WHERE\n").unwrap();
        assert_eq!(directories(), Err(Nowhere::NotSaid));
    }

    #[test]
    fn an_instance_takes_the_script_of_its_template() {
        let tree = tempfile::tempdir().unwrap();
        let template = tree.path().join("web@/log");
        std::fs::create_dir_all(&template).unwrap();
        std::fs::write(template.join("run"), "exec svlogd -tt kept").unwrap();
        let logger = Logger::of(&Service { name: "web@1".into(), path: tree.path().join("web@1") });
        assert_eq!(logger.directories(), Ok(vec![tree.path().join("web@1/log/kept")]), "svscan makes log/");
    }
}
