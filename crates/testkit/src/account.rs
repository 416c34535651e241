//! Accounts to run services as.

use crate::programs::is_root;
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::{Group, User};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An account of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
    /// Its home folder.
    pub home: PathBuf,
}

impl Account {
    /// The account of that name, if there is one.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let user = User::from_name(name).ok()??;
        Some(Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw(), home: user.dir })
    }

    /// Makes it the owner of `path` and of everything below.
    #[track_caller]
    pub fn own(&self, path: &Path) {
        chown(path, self.uid, self.gid);
    }

    /// Makes it a member of these groups, which are there, besides its own.
    ///
    /// # Panics
    ///
    /// Where that cannot be done.
    #[track_caller]
    pub fn join(&self, groups: &[&str]) {
        let _alone = change_alone();
        let is_member = |group: &&str| {
            let group =
                Group::from_name(group).expect("the database").unwrap_or_else(|| panic!("no {group}"));
            group.mem.contains(&self.name)
        };
        if groups.iter().all(is_member) {
            return;
        }
        let list = groups.join(",");
        let made =
            Command::new("/usr/sbin/usermod").args(["--append", "--groups", &list, &self.name]).output();
        let made = made.expect("usermod");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}

/// A system account for tests, with a group and a home folder of its own, made where it is not there; it stays
/// for the next run. The tests use `upkeep-a` and `upkeep-b`.
///
/// # Panics
///
/// Where it cannot be made: ask [`crate::needs_root`] first.
#[must_use]
#[track_caller]
pub fn account(name: &str) -> Account {
    assert!(is_root(), "only root can make the account {name}");
    // Tests run in parallel, and useradd gives up when somebody else holds its own lock.
    let lock = File::open("/etc").expect("a folder to lock");
    let _held = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, error)| error).expect("the lock");
    if let Some(account) = Account::find(name) {
        return account;
    }
    let options = ["--system", "--user-group", "--create-home", "--home-dir"];
    let home = format!("/home/{name}");
    let made =
        Command::new("/usr/sbin/useradd").args(options).args([&home, "--shell", "/bin/sh", name]).output();
    let made = made.expect("useradd");
    let account = Account::find(name);
    account.unwrap_or_else(|| panic!("no account {name}: {}", String::from_utf8_lossy(&made.stderr)))
}

/// Tests run in parallel, and useradd gives up when somebody else holds its lock.
#[track_caller]
fn change_alone() -> Flock<File> {
    let lock = File::create(std::env::temp_dir().join("upkeep-accounts.lock")).expect("a lock file");
    Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, error)| error).expect("the lock")
}

fn chown(path: &Path, uid: u32, gid: u32) {
    std::os::unix::fs::lchown(path, Some(uid), Some(gid)).expect("chown");
    if path.is_dir() && !path.is_symlink() {
        for entry in std::fs::read_dir(path).expect("a folder").flatten() {
            chown(&entry.path(), uid, gid);
        }
    }
}
