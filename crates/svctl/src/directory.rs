//! The service directory, and which services a call names.

use anyhow::{Context, Result, bail};
use cli::text::shown;
use glob::{MatchOptions, Pattern};
use nix::dir::Type;
use nix::fcntl::AT_FDCWD;
use protocol::file::open_folder;
use protocol::folder::LOG;
use protocol::instance::{Kind, kind};
use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// The variable that names it.
const VARIABLE: &str = "SVDIR";

/// Where it is otherwise.
const PLACES: [&str; 2] = ["/service", "/etc/service"];

/// A star stands for no `/`, so loggers are only meant by a pattern that says `/log`.
const MATCHING: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// The service directory.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    folder: OwnedFd,
}

/// A service folder: in the service directory, or anywhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    /// As it is shown: `web`, `web/log`; the path for one that is elsewhere.
    pub name: String,
    /// Where it is: absolute, or relative to where svctl was called.
    pub path: PathBuf,
}

/// What a call names.
#[derive(Debug, Default)]
pub struct Selection {
    /// Service folders that are there, each once, in the order in which they were named.
    pub found: Vec<Service>,
    /// What nothing is called.
    pub missing: Vec<String>,
}

impl Directory {
    /// The one that is meant: `option`, else that of `$SVDIR`, else `/service`, else `/etc/service`.
    ///
    /// # Errors
    ///
    /// It is not there, or cannot be opened.
    pub fn choose(option: Option<&Path>) -> Result<Self> {
        if let Some(path) = option {
            return Self::open(path);
        }
        if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
            return Self::open(Path::new(&path)).with_context(|| format!("unable to use ${VARIABLE}"));
        }
        match PLACES.iter().map(Path::new).find(|place| place.is_dir()) {
            Some(place) => Self::open(place),
            None => bail!(
                "there is no service directory: neither /service nor /etc/service is there; make one (mkdir /service), or name it: svctl -d DIR"
            ),
        }
    }

    fn open(path: &Path) -> Result<Self> {
        let unable =
            || format!("unable to open the service directory {}", shown(path.as_os_str().as_bytes()));
        let name = CString::new(path.as_os_str().as_bytes()).with_context(unable)?;
        let folder = open_folder(AT_FDCWD, &name).with_context(unable)?;
        Ok(Self { path: path.to_owned(), folder })
    }

    /// As it was named.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of all services: what is no folder, templates and what begins with a dot is none. In an order for people, in
    /// which `web@9` comes before `web@10`.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn names(&self) -> Result<Vec<OsString>> {
        let mut names = self.folders()?;
        names.retain(|name| kind(name) != Kind::Template);
        Ok(names)
    }

    /// As [`Directory::names`], templates included.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn folders(&self) -> Result<Vec<OsString>> {
        let unable = || format!("unable to list {}", shown(self.path.as_os_str().as_bytes()));
        let listing = self.folder.try_clone().with_context(unable)?;
        let mut listing = nix::dir::Dir::from_fd(listing).with_context(unable)?;
        let mut names = Vec::new();
        for entry in listing.iter() {
            let entry = entry.with_context(unable)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            let is_folder = match entry.file_type() {
                Some(Type::Directory) => true,
                Some(Type::Symlink) | None => self.path.join(name).is_dir(),
                Some(_) => false,
            };
            if is_folder && !name.as_bytes().starts_with(b".") {
                names.push(name.to_owned());
            }
        }
        names.sort_by_cached_key(|name| natural(name.as_bytes()));
        Ok(names)
    }

    /// All services.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn services(&self) -> Result<Vec<Service>> {
        Ok(self.names()?.into_iter().map(|name| self.service(&name)).collect())
    }

    /// The folder of that name, which need not be there.
    #[must_use]
    pub fn service(&self, name: &OsStr) -> Service {
        Service { name: shown(name.as_bytes()).into_owned(), path: self.path.join(name) }
    }

    /// What a call names; all services where it names nothing.
    ///
    /// A name is sought here, then a pattern is held against all names, then it is taken as the path of a folder: a shell that
    /// completes may have put a `/` behind it, or the path of the service directory in front.
    ///
    /// # Errors
    ///
    /// The service directory cannot be listed.
    pub fn select(&self, names: &[OsString]) -> Result<Selection> {
        if names.is_empty() {
            return Ok(Selection { found: self.services()?, missing: Vec::new() });
        }
        let mut selection = Selection::default();
        for given in names {
            let found = self.meant(given)?;
            if found.is_empty() {
                selection.missing.push(shown(given.as_bytes()).into_owned());
            }
            for service in found {
                if !selection.found.contains(&service) {
                    selection.found.push(service);
                }
            }
        }
        Ok(selection)
    }

    fn meant(&self, given: &OsStr) -> Result<Vec<Service>> {
        let end =
            given.as_bytes().iter().rposition(|byte| *byte != b'/').map_or(0, |last| last.saturating_add(1));
        let name = OsStr::from_bytes(given.as_bytes().get(..end).unwrap_or_default());
        let is_path = Path::new(given).is_absolute()
            || matches!(Path::new(given).components().next(), Some(Component::CurDir | Component::ParentDir));
        if !is_path && !name.is_empty() && self.path.join(name).is_dir() {
            return Ok(vec![self.service(name)]);
        }
        if !is_path && is_pattern(name) {
            return self.matching(name);
        }
        if Path::new(given).is_dir() {
            return Ok(vec![self.at(Path::new(if name.is_empty() { given } else { name }))]);
        }
        Ok(Vec::new())
    }

    /// The folder at a path, by its name where it is in the service directory.
    fn at(&self, path: &Path) -> Service {
        let here = self.path.canonicalize().ok();
        let is_here = |above: &Path| here.is_some() && above.canonicalize().ok() == here;
        let above = path.parent().map(|above| if above == Path::new("") { Path::new(".") } else { above });
        match (above, path.file_name()) {
            (Some(above), Some(name)) if is_here(above) => self.service(name),
            (Some(above), Some(name))
                if name.as_bytes() == LOG.to_bytes() && above.parent().is_some_and(is_here) =>
            {
                self.service(&[above.file_name().unwrap_or_default(), name].join(OsStr::new("/")))
            }
            _ => Service { name: shown(path.as_os_str().as_bytes()).into_owned(), path: path.to_owned() },
        }
    }

    fn matching(&self, pattern: &OsStr) -> Result<Vec<Service>> {
        let Some(pattern) = pattern.to_str().and_then(|pattern| Pattern::new(pattern).ok()) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for service in self.services()? {
            let log = service.log();
            let fits = |service: &Service| pattern.matches_with(&service.name, MATCHING);
            found.extend(Some(service).filter(fits));
            found.extend(log.filter(fits));
        }
        Ok(found)
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }
}

impl Service {
    /// Its logger, if it has one.
    #[must_use]
    pub fn log(&self) -> Option<Self> {
        let log = OsStr::from_bytes(LOG.to_bytes());
        let path = self.path.join(log);
        path.is_dir().then(|| Self { name: format!("{}/{}", self.name, log.to_string_lossy()), path })
    }

    /// The last part of its path, which says whether it is a template, an instance, or a logger.
    #[must_use]
    pub fn file_name(&self) -> OsString {
        let name = self.path.file_name().map(OsStr::to_owned);
        name.or_else(|| Some(self.path.canonicalize().ok()?.file_name()?.to_owned())).unwrap_or_default()
    }
}

fn is_pattern(name: &OsStr) -> bool {
    name.as_bytes().iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// What names are ordered by: text as it is, and numbers by their value.
fn natural(name: &[u8]) -> Vec<(Vec<u8>, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text = rest.iter().position(u8::is_ascii_digit).unwrap_or(rest.len());
        let (text, after) = rest.split_at(text);
        let digits = after.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(after.len());
        let (digits, after) = after.split_at(digits);
        let number = digits.iter().fold(0_u64, |number, digit| {
            number.saturating_mul(10).saturating_add(u64::from(digit.saturating_sub(b'0')))
        });
        parts.push((text.to_owned(), number));
        rest = after;
    }
    parts.push((OsStr::from_bytes(name).to_owned().into_vec(), 0));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_by_their_value() {
        let mut names = ["web@10", "web@9", "web", "a2b10", "a2b9", "a02b1", "web@"];
        names.sort_by_key(|name| natural(name.as_bytes()));
        assert_eq!(names, ["a02b1", "a2b9", "a2b10", "web", "web@", "web@9", "web@10"]);
    }
}
