//! Building a service folder.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The file of [`Folder::alone`].
pub(crate) const LOCK: &str = "running";

/// A service folder that is being made, out of svscan's sight; it is renamed to its place when it is whole.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Self {
        fs::create_dir(&path).expect("a new folder");
        // Whatever umask the tests run with: other accounts must be able to go in.
        chmod(&path, 0o755);
        Self(path)
    }

    /// `run`, executable: `body` is for /bin/sh, unless it has a `#!` line of its own.
    #[must_use]
    pub fn run(self, body: &str) -> Self {
        self.script("run", body)
    }

    /// `run`, which holds a lock for as long as it lives, on descriptor 8. A second copy that finds it held writes so
    /// into the locked file, where [`crate::Invariants`] finds it. What it leaves behind has to close that: `8>&-`.
    #[must_use]
    pub fn alone(self, body: &str) -> Self {
        let lock = format!("exec 8>>{LOCK}; flock -n 8 || echo $$ >&8");
        self.file(LOCK, "").mode(LOCK, 0o666).run(&format!("{lock}\n{body}"))
    }

    /// An executable script of that name.
    #[must_use]
    pub fn script(self, name: &str, body: &str) -> Self {
        let head = if body.starts_with("#!") { "" } else { "#!/bin/sh\n" };
        self.file(name, format!("{head}{body}\n")).mode(name, 0o755)
    }

    /// `log/run`, with the folder around it.
    #[must_use]
    pub fn log(self, body: &str) -> Self {
        self.directory("log").script("log/run", body)
    }

    /// An empty `down`.
    #[must_use]
    pub fn down(self) -> Self {
        self.file("down", "")
    }

    /// `user` with that line.
    #[must_use]
    pub fn user(self, account: &str) -> Self {
        self.file("user", format!("{account}\n"))
    }

    /// A variable in `env/`.
    #[must_use]
    pub fn env(self, name: &str, value: &str) -> Self {
        self.directory("env").file(&format!("env/{name}"), format!("{value}\n"))
    }

    /// A file with exactly that content, mode 0644.
    #[must_use]
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.0.join(name), content).expect("a file");
        self.mode(name, 0o644)
    }

    /// A folder, mode 0755, if it is not there.
    #[must_use]
    pub fn directory(self, name: &str) -> Self {
        fs::create_dir_all(self.0.join(name)).expect("a folder");
        self.mode(name, 0o755)
    }

    /// A symbolic link.
    #[must_use]
    pub fn link(self, name: &str, target: impl AsRef<Path>) -> Self {
        std::os::unix::fs::symlink(target, self.0.join(name)).expect("a link");
        self
    }

    /// A FIFO, mode 0600.
    #[must_use]
    pub fn fifo(self, name: &str) -> Self {
        nix::unistd::mkfifo(&self.0.join(name), nix::sys::stat::Mode::from_bits_truncate(0o600))
            .expect("a FIFO");
        self
    }

    /// Changes the permission bits of something in it; `.` is the folder itself.
    #[must_use]
    pub fn mode(self, name: &str, mode: u32) -> Self {
        chmod(&self.0.join(name), mode);
        self
    }

    /// Gives it and all that is in it to an account.
    #[must_use]
    pub fn owner(self, account: &crate::Account) -> Self {
        account.own(&self.0);
        self
    }

    /// Where it is while it is made.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("chmod");
}
