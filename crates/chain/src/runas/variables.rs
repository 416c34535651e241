//! The `env/` folders: variables, a file each.
//!
//! A service's secrets may belong to root and be readable by root alone: a file that nobody but root can write, in a
//! folder of that kind, is read before the switch. Anything else is read after it, with the account's rights, so that
//! no name, link or swap of names gets the account what it could not read itself. What somebody else could have put
//! there is not used, and nothing is run without it.

use super::plan::Source;
use super::report::Reporter;
use super::roots::{only_root_writes, open_roots_folder};
use crate::environment::Environment;
use crate::source::plain;
use anyhow::{Context, ensure};
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{FileStat, fstat};
use nix::unistd::Uid;
use protocol::environment::{is_possible, is_variable, value};
use protocol::file::{Unusable, names, open_folder, open_regular, read_all};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::read_link;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use sys::descriptor::{adopt, set_close_on_exec};

/// The longest file: the kernel takes no longer variable.
const LONGEST: usize = 128 * 1024;

/// The folders, in the order in which they will be applied.
#[derive(Debug)]
pub(crate) struct Variables(Vec<(Folder, Rest)>);

/// What the folders say, in the same order.
#[derive(Debug)]
pub(crate) struct Settings(Vec<BTreeMap<CString, Setting>>);

/// A value, or that the variable is to be removed.
type Setting = Option<Vec<u8>>;

#[derive(Debug)]
struct Folder {
    /// As in messages.
    path: String,
    settings: BTreeMap<CString, Setting>,
}

/// What is left for after the switch.
#[derive(Debug)]
enum Rest {
    /// To open the folder, and to read everything.
    Closed(CString),
    /// To read everything in this folder.
    All(OwnedFd),
    /// To read these files of this folder, which is root's.
    Some(OwnedFd, Vec<CString>),
}

/// Whose files are read, and with whose rights.
#[derive(Clone, Copy, Debug)]
enum Rights {
    /// What nobody but root can write; the others remain.
    Root,
    /// What belongs to this account, or to root; the others are refused.
    Account(Uid),
}

impl Variables {
    /// Before the switch: opens the folders as far as root's rights may be used for that, and reads what is root's.
    pub(crate) fn open(sources: Vec<Source>, reporter: &Reporter) -> anyhow::Result<Self> {
        let folders = sources.into_iter().map(|source| {
            let (mut folder, rest) = Folder::find(source)?;
            let rest = folder.read_roots(rest, reporter)?;
            Ok((folder, rest))
        });
        folders.collect::<anyhow::Result<_>>().map(Self)
    }

    /// After it: reads what is the account's, with the rights that this process has by now.
    pub(crate) fn read_the_rest(self, account: Uid, reporter: &Reporter) -> anyhow::Result<Settings> {
        let settings = self.0.into_iter().map(|(mut folder, rest)| {
            folder.read_the_rest(rest, account, reporter)?;
            Ok(folder.settings)
        });
        settings.collect::<anyhow::Result<_>>().map(Settings)
    }
}

impl Settings {
    /// Sets and removes the variables.
    pub(crate) fn apply(self, environment: &mut Environment) {
        for (name, setting) in self.0.into_iter().flatten() {
            match setting {
                Some(value) => environment.replace(name.to_bytes(), &value),
                None => environment.remove(name.to_bytes()),
            }
        }
    }
}

impl Folder {
    fn find(source: Source) -> anyhow::Result<(Self, Rest)> {
        let (path, rest) = match source {
            Source::Descriptor(number) => {
                let folder = adopted(number).with_context(|| format!("unable to use descriptor {number}"))?;
                let path = read_link(format!("/proc/self/fd/{number}")).unwrap_or_default();
                (shown(path.as_os_str().as_bytes()).into_owned(), Rest::All(folder))
            }
            Source::Path(path) => {
                let rest = open_roots_folder(&path).map_or_else(|| Rest::Closed(path.clone()), Rest::All);
                (shown(path.to_bytes()).into_owned(), rest)
            }
        };
        Ok((Self { path, settings: BTreeMap::new() }, rest))
    }

    fn read_roots(&mut self, rest: Rest, reporter: &Reporter) -> anyhow::Result<Rest> {
        match rest {
            Rest::All(folder) if only_root_writes(&self.stat(&folder)?) => {
                let others = self.read(&folder, self.names(&folder)?, Rights::Root, reporter)?;
                Ok(Rest::Some(folder, others))
            }
            rest => Ok(rest),
        }
    }

    fn read_the_rest(&mut self, rest: Rest, account: Uid, reporter: &Reporter) -> anyhow::Result<()> {
        let folder = match rest {
            Rest::Some(folder, names) => {
                return self.read(&folder, names, Rights::Account(account), reporter).map(drop);
            }
            Rest::All(folder) => folder,
            Rest::Closed(path) => {
                open_folder(AT_FDCWD, &path).with_context(|| format!("unable to open {}", self.path))?
            }
        };
        check_writers(&self.stat(&folder)?, account)
            .with_context(|| format!("unable to use {}", self.path))?;
        self.read(&folder, self.names(&folder)?, Rights::Account(account), reporter).map(drop)
    }

    /// Reads files; says which remain.
    fn read(
        &mut self,
        folder: &OwnedFd,
        names: Vec<CString>,
        rights: Rights,
        reporter: &Reporter,
    ) -> anyhow::Result<Vec<CString>> {
        let mut remaining = Vec::new();
        for name in names.into_iter().filter(|name| is_variable(name.to_bytes())) {
            let path = format!("{}/{}", self.path, shown(name.to_bytes()));
            ensure!(
                is_possible(name.to_bytes()),
                "unable to use {path}: a variable cannot have = in its name"
            );
            let (mut file, stat) = match open_regular(folder.as_fd(), &name) {
                Ok(Some(opened)) => opened,
                Ok(None) => continue,
                Err(Unusable::NotRegular) => {
                    reporter.warn(format!("{path} is skipped: not a regular file"));
                    continue;
                }
                // On a network folder the account may well have more rights than root.
                Err(Unusable::System(_)) if matches!(rights, Rights::Root) => {
                    remaining.push(name);
                    continue;
                }
                Err(error) => return Err(plain(error)).with_context(|| format!("unable to read {path}")),
            };
            match rights {
                Rights::Root if only_root_writes(&stat) => {}
                Rights::Root => {
                    remaining.push(name);
                    continue;
                }
                Rights::Account(account) => {
                    check_writers(&stat, account).with_context(|| format!("unable to use {path}"))?;
                }
            }
            let content = read_all(&mut file, LONGEST).map_err(plain);
            let content = content.with_context(|| format!("unable to read {path}"))?;
            self.settings.insert(name, value(&content));
        }
        Ok(remaining)
    }

    fn stat(&self, folder: &OwnedFd) -> anyhow::Result<FileStat> {
        fstat(folder).with_context(|| format!("unable to stat {}", self.path))
    }

    fn names(&self, folder: &OwnedFd) -> anyhow::Result<Vec<CString>> {
        names(folder).with_context(|| format!("unable to read directory {}", self.path))
    }
}

/// Takes over a descriptor that was left open for this program, and keeps it from the next one.
fn adopted(number: RawFd) -> Result<OwnedFd, Errno> {
    let folder = adopt(number)?;
    set_close_on_exec(&folder, true)?;
    Ok(folder)
}

/// Makes sure that nobody but root and the account can have written this. That a group can is the owner's own will.
fn check_writers(stat: &FileStat, account: Uid) -> anyhow::Result<()> {
    ensure!(stat.st_mode & 0o002 == 0, "everybody can write to it");
    let owner = Uid::from_raw(stat.st_uid);
    ensure!(owner.is_root() || owner == account, "it belongs to uid {owner}, not to root or uid {account}");
    Ok(())
}
