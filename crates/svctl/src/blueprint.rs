//! A service folder that is to be made: what is in it, and how it comes into the service directory, whole or not at all.

use crate::directory::Directory;
use anyhow::{Context, Result, bail};
use cli::text::shown;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, fchmod, fstat, fstatat, mkdirat};
use nix::unistd::geteuid;
use protocol::instance::{Kind, kind};
use std::collections::BTreeMap;
use std::ffi::{CString, OsStr};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use sys::rename::to_free_name;

/// How many names are tried where others already have them.
const TRIES: u32 = 100;

/// The longest line of a file that is shown.
const LONGEST_SHOWN: usize = 40;

/// What is in a folder under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File {
        /// What is in it.
        content: Vec<u8>,
        /// Its permissions: 0644, 0755 for what is executed, 0600 for secrets.
        mode: u32,
    },
    /// A folder.
    Folder,
}

/// A service folder that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blueprint {
    /// What it will be called in the service directory.
    pub name: String,
    /// By their paths in it.
    pub entries: BTreeMap<PathBuf, Entry>,
}

/// A folder that has been made beside its place: svscan passes over it. It goes away again unless it gets its name.
#[derive(Debug)]
pub struct Staged {
    /// The service directory: whoever owns it cannot lead us elsewhere by exchanging a name on the way to it.
    directory: OwnedFd,
    path: PathBuf,
    place: PathBuf,
    has_its_name: bool,
}

impl Blueprint {
    /// An empty one.
    ///
    /// # Errors
    ///
    /// No service can have that name: svscan would pass over it, or it is a path.
    pub fn new(name: &str) -> Result<Self> {
        if name.is_empty()
            || name.starts_with('.')
            || name.contains('/')
            || name.chars().any(char::is_control)
        {
            bail!(
                "a service cannot be called {:?}: a name has no / and no control characters, and does not begin with a dot",
                name
            );
        }
        Ok(Self { name: name.to_owned(), entries: BTreeMap::new() })
    }

    /// Whether it is a template, which is never started.
    #[must_use]
    pub fn is_template(&self) -> bool {
        kind(OsStr::new(&self.name)) == Kind::Template
    }

    /// Adds a file.
    pub fn file(&mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) {
        self.entries.insert(path.into(), Entry::File { content: content.into(), mode: 0o644 });
    }

    /// Adds a file that only its owner can read.
    pub fn secret(&mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) {
        self.entries.insert(path.into(), Entry::File { content: content.into(), mode: 0o600 });
    }

    /// Adds a program.
    pub fn script(&mut self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) {
        self.entries.insert(path.into(), Entry::File { content: content.into(), mode: 0o755 });
    }

    /// Adds a folder, with nothing in it yet.
    pub fn folder(&mut self, path: impl Into<PathBuf>) {
        self.entries.insert(path.into(), Entry::Folder);
    }

    /// What would be made, for `--dry-run`: each file with what is in it.
    #[must_use]
    pub fn show(&self) -> String {
        let mut text = format!("{}/\n", shown(self.name.as_bytes()));
        for (path, entry) in &self.entries {
            let path = shown(path.as_os_str().as_bytes());
            let _ = match entry {
                Entry::Folder => writeln!(text, "  {path}/"),
                Entry::File { content, mode } => {
                    let lines: Vec<&[u8]> =
                        content.strip_suffix(b"\n").unwrap_or(content).split(|byte| *byte == b'\n').collect();
                    match lines.as_slice() {
                        [b""] => writeln!(text, "  {path} (empty)"),
                        [line] if line.len() <= LONGEST_SHOWN && *mode == 0o644 => {
                            writeln!(text, "  {path}: {}", shown(line))
                        }
                        lines => {
                            let about = if *mode == 0o755 { ", executable" } else { "" };
                            let shown = lines.iter().map(|line| format!("    | {}\n", shown(line)));
                            write!(text, "  {path}{about}\n{}", shown.collect::<String>())
                        }
                    }
                }
            };
        }
        text
    }

    /// Makes the folder beside its place, in the service directory, under a name that svscan passes over.
    ///
    /// # Errors
    ///
    /// What is called so already, and what the system says.
    pub fn stage(&self, directory: &Directory) -> Result<Staged> {
        let place = directory.path().join(&self.name);
        let is_there = fstatat(directory, self.name.as_str(), AtFlags::AT_SYMLINK_NOFOLLOW).is_ok();
        if is_there {
            bail!("{} is there already, and nothing is overwritten", shown(place.as_os_str().as_bytes()));
        }
        let opened =
            directory.as_fd().try_clone_to_owned().context("unable to keep the service directory open")?;
        let (path, folder) = new_folder(directory, &self.name)?;
        let staged = Staged { directory: opened, path, place, has_its_name: false };
        for (inner, entry) in &self.entries {
            write(&folder, inner, entry).with_context(|| {
                format!("unable to write {}", shown(staged.path.join(inner).as_os_str().as_bytes()))
            })?;
        }
        Ok(staged)
    }
}

impl Staged {
    /// Where it is now.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name: svscan starts it.
    ///
    /// # Errors
    ///
    /// What has got that name in the meantime, and what the system says.
    pub fn commit(mut self) -> Result<PathBuf> {
        let unable = || format!("unable to make {}", shown(self.place.as_os_str().as_bytes()));
        let name = |path: &Path| CString::new(path.file_name().unwrap_or_default().as_bytes());
        let (from, to) = (name(&self.path)?, name(&self.place)?);
        to_free_name(&self.directory, &from, &self.directory, &to).with_context(unable)?;
        self.has_its_name = true;
        Ok(self.place.clone())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.has_its_name {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A new folder beside that name, and its path.
fn new_folder(directory: &Directory, name: &str) -> Result<(PathBuf, OwnedFd)> {
    for number in 0..TRIES {
        let name = format!(".{name}.new-{}-{number}", std::process::id());
        let path = directory.path().join(&name);
        let unable = || format!("unable to make {}", shown(path.as_os_str().as_bytes()));
        match mkdirat(directory, name.as_str(), Mode::S_IRWXU) {
            Err(Errno::EEXIST) => {}
            made => {
                made.with_context(unable)?;
                let folder = enter(directory, OsStr::new(&name)).with_context(unable)?;
                return Ok((path, folder));
            }
        }
    }
    bail!(
        "unable to make a folder in {}: all names are taken",
        shown(directory.path().as_os_str().as_bytes())
    )
}

/// Opens a folder of ours for what is written into it, no link followed. Others may come in, whatever the umask is.
fn enter(above: impl AsFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let folder = openat(above, name, flags, Mode::empty())?;
    if fstat(&folder)?.st_uid != geteuid().as_raw() {
        return Err(Errno::EPERM);
    }
    fchmod(&folder, Mode::from_bits_truncate(0o755))?;
    Ok(folder)
}

/// Writes what is at a path in an opened folder: no part of it is a link.
fn write(folder: &OwnedFd, path: &Path, entry: &Entry) -> Result<(), std::io::Error> {
    let mut names = path.components().map(Component::as_os_str);
    let last = names.next_back().unwrap_or_default();
    let mut above = folder.try_clone()?;
    for name in names {
        above = enter_new(&above, name)?;
    }
    match entry {
        Entry::Folder => enter_new(&above, last).map(drop)?,
        Entry::File { content, mode } => {
            let mode = Mode::from_bits_truncate(*mode);
            let flags =
                OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let file = openat(&above, last, flags, mode & Mode::S_IRWXU)?;
            fchmod(&file, mode)?;
            File::from(file).write_all(content)?;
        }
    }
    Ok(())
}

/// A folder in a folder, made where it is not there yet.
fn enter_new(above: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    match mkdirat(above, name, Mode::S_IRWXU) {
        Ok(()) | Err(Errno::EEXIST) => enter(above, name),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn directory() -> (tempfile::TempDir, Directory) {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::choose(Some(folder.path())).unwrap();
        (folder, directory)
    }

    fn web() -> Blueprint {
        let mut web = Blueprint::new("web").unwrap();
        web.script("run", "#!/bin/sh\nexec web\n");
        web.secret("env/TOKEN", "x\n");
        web.file("log/stderr", "");
        web.folder("log");
        web
    }

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_folder_comes_whole_with_its_permissions() {
        let (folder, directory) = directory();
        let staged = web().stage(&directory).unwrap();
        assert!(staged.path().file_name().unwrap().to_str().unwrap().starts_with(".web.new-"));
        assert!(!folder.path().join("web").exists());
        let web = staged.commit().unwrap();
        let expected = [
            (".", 0o755),
            ("run", 0o755),
            ("env", 0o755),
            ("env/TOKEN", 0o600),
            ("log", 0o755),
            ("log/stderr", 0o644),
        ];
        for (name, wanted) in expected {
            assert_eq!(mode(&web.join(name)), wanted, "{name}");
        }
        assert_eq!(fs::read_to_string(web.join("run")).unwrap(), "#!/bin/sh\nexec web\n");
    }

    #[test]
    fn what_gets_no_name_goes_away() {
        let (folder, directory) = directory();
        drop(web().stage(&directory).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn nothing_is_overwritten_not_even_a_link_to_nowhere() {
        let (folder, directory) = directory();
        let staged = web().stage(&directory).unwrap();
        symlink("nowhere", folder.path().join("web")).unwrap();
        let late = staged.commit().unwrap_err();
        assert!(cli::errno::chain(&late).ends_with("web: file already exists"), "{late:#}");
        let again = web().stage(&directory).unwrap_err();
        assert!(again.to_string().ends_with("web is there already, and nothing is overwritten"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the link");
    }

    #[test]
    fn no_service_has_an_odd_name() {
        for name in ["", ".web", "a/b", "a\n", ".."] {
            Blueprint::new(name).unwrap_err();
        }
    }

    #[test]
    fn it_is_shown_as_it_would_be() {
        let text = "web/\n  env/TOKEN\n    | x\n  log/\n  log/stderr (empty)\n  run, executable\n    | #!/bin/sh\n    | exec web\n";
        assert_eq!(web().show(), text);
    }
}
