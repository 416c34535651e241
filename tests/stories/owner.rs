//! Whom the services of the stories run as.

use super::Report;
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::User;
use std::fs::File;
use std::ops::Deref;
use std::path::Path;
use testkit::{Account, Tool, account, needs_root, process};

/// An account with groups of its own and others, whose home is used by one test at a time.
pub(crate) struct Owner {
    account: Account,
    _alone: Flock<File>,
}

impl Owner {
    /// The account, once it is free. Only root can make one.
    pub(crate) fn new() -> Option<Self> {
        if !needs_root() {
            return None;
        }
        let account = account("upkeep-web");
        account.join(&["users", "www-data"]);
        let home = File::open(&account.home).unwrap();
        let alone = Flock::lock(home, FlockArg::LockExclusive).map_err(|(_, error)| error).unwrap();
        Some(Self { account, _alone: alone })
    }

    /// A program that tells this of itself, and says it is that process, must be the account in every respect.
    #[track_caller]
    pub(crate) fn is(&self, report: &Report) {
        let pid = report["pid"].parse().unwrap();
        self.has_become(pid);
        assert!(numbers(&report["uids"]).iter().all(|uid| *uid == self.uid), "{report:?}");
        assert!(numbers(&report["gids"]).iter().all(|gid| *gid == self.gid), "{report:?}");
        assert_eq!(numbers(&report["groups"]), self.groups());
        let shell = User::from_name(&self.name).unwrap().unwrap().shell;
        let expected = [
            ("HOME", self.home.to_str().unwrap()),
            ("USER", &self.name),
            ("LOGNAME", &self.name),
            ("SHELL", shell.to_str().unwrap()),
        ];
        for (name, value) in expected {
            assert_eq!(report[name], value, "{name}");
        }
    }

    /// What the kernel says of a process: real, effective and saved ids and those of files, and the groups.
    #[track_caller]
    pub(crate) fn has_become(&self, pid: u32) {
        assert_eq!(process::uids(pid), Some([self.uid; 4]));
        assert_eq!(process::gids(pid), Some([self.gid; 4]));
        assert_eq!(process::groups(pid), Some(self.groups()));
    }

    /// What a login gives it.
    fn groups(&self) -> Vec<u32> {
        let ran = Tool::new(Path::new("/usr/bin/id")).args(["-G", &self.name]).run();
        let groups = numbers(std::str::from_utf8(&ran.exits(0).stdout).unwrap());
        assert_eq!(groups.len(), 3, "its own and two others");
        groups
    }
}

impl Deref for Owner {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.account
    }
}

fn numbers(text: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}
