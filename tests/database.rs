//! Accounts that no machine has: an account database of the test's own, which only the programs that it starts see.
//! It is mounted over /etc/passwd and /etc/group in a mount namespace, so nothing of the machine is changed.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::{TestTree, Tool, needs_root, ours, skip};

/// An account with a group of its own, a home folder, and `www` and `audio` as supplementary groups.
pub(crate) const BOB: u32 = 61001;
/// Another one, without supplementary groups.
pub(crate) const ALICE: u32 = 61002;
/// The group `www`, whose member bob is.
pub(crate) const WWW: u32 = 61100;
/// The group `audio`, whose member bob is.
pub(crate) const AUDIO: u32 = 61101;
/// A number that no account and no group has.
pub(crate) const NOBODY: u32 = 61999;
/// How many groups `joiner` is in, the own one not counted.
pub(crate) const MANY: u32 = 1000;

/// What is mounted, and a place for the test's files that every account can reach.
pub(crate) struct Database {
    tree: TestTree,
}

impl Database {
    /// The database; `None`, with a word on stderr, where this machine does not allow it.
    pub(crate) fn new() -> Option<Self> {
        if !needs_root() {
            return None;
        }
        if !Command::new("unshare").args(["--mount", "true"]).status().is_ok_and(|status| status.success()) {
            skip("it needs a mount namespace of its own");
            return None;
        }
        let this = Self { tree: TestTree::new() };
        let homes = this.path("home");
        fs::create_dir(&homes).unwrap();
        for (name, uid) in [("bob", BOB), ("alice", ALICE)] {
            fs::create_dir(homes.join(name)).unwrap();
            chown(homes.join(name), Some(uid), Some(uid)).unwrap();
        }
        fs::write(this.path("passwd"), passwd(homes.to_str().unwrap())).unwrap();
        fs::write(this.path("group"), group()).unwrap();
        fs::write(this.path("nsswitch.conf"), "passwd: files\ngroup: files\n").unwrap();
        for path in [this.tree.root(), &homes] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Some(this)
    }

    /// A path in the test's own folder, which belongs to root.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.tree.root().join(name)
    }

    /// A new folder of that owner and mode.
    pub(crate) fn make_folder(&self, name: &str, owner: u32, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(&path).unwrap();
        set(&path, owner, mode);
        path
    }

    /// A new file of that owner and mode.
    pub(crate) fn make_file(&self, name: &str, content: impl AsRef<[u8]>, owner: u32, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        set(&path, owner, mode);
        path
    }

    /// A call of a program, which sees this database, in the test's own folder.
    pub(crate) fn tool(&self, program: impl AsRef<Path>) -> Tool {
        const MOUNT: &str = r#"
            for file in passwd group nsswitch.conf; do
                [ ! -e "/etc/$file" ] || mount --bind "$0/$file" "/etc/$file" || exit 99
            done
            exec "$@""#;
        let unshare = Tool::new(Path::new("/usr/bin/unshare")).dir(self.tree.root());
        unshare.args(["--mount", "sh", "-c", MOUNT]).arg(self.tree.root()).arg(program.as_ref())
    }

    /// A call of our runas.
    pub(crate) fn runas(&self) -> Tool {
        self.tool(ours("runas"))
    }

    /// A call of our runas by somebody else than root: with these ids and no supplementary groups but these.
    pub(crate) fn runas_by(&self, uid: u32, gid: u32, groups: &[u32]) -> Tool {
        let groups: Vec<String> = groups.iter().map(u32::to_string).collect();
        let groups = if groups.is_empty() {
            "--clear-groups".into()
        } else {
            format!("--groups={}", groups.join(","))
        };
        let ids = [format!("--reuid={uid}"), format!("--regid={gid}"), groups];
        self.tool("setpriv").args(ids).arg(ours("runas"))
    }
}

fn set(path: &Path, owner: u32, mode: u32) {
    chown(path, Some(owner), Some(owner)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn passwd(homes: &str) -> String {
    format!(
        "root:x:0:0:root:/root:/bin/bash\n\
         toor:x:0:0::/root:/bin/sh\n\
         bob:x:{BOB}:{BOB}::{homes}/bob:/bin/bobsh\n\
         alice:x:{ALICE}:{ALICE}::{homes}/alice:/bin/sh\n\
         alias:x:{BOB}:{BOB}::/alias:/bin/sh\n\
         61004:x:61003:61003:a name that is the number of another:/:/bin/sh\n\
         0day:x:61004:61004::/:/bin/sh\n\
         homeless:x:61005:61005:::\n\
         joiner:x:61006:61006::/:/bin/sh\n\
         gone:x:61007:61007::/no/such/folder:/bin/sh\n\
         oflongnamesthelongestisthisonenow:x:61008:61008::/:/bin/sh\n"
    )
}

fn group() -> String {
    let mut group = format!(
        "root:x:0:\ntoors:x:0:\nbob:x:{BOB}:\nalice:x:{ALICE}:\nwww:x:{WWW}:bob\naudio:x:{AUDIO}:alias,bob\n"
    );
    for number in 0..MANY {
        group += &format!("many{number}:x:{}:joiner\n", 62000 + number);
    }
    group
}
