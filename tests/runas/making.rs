//! `-m`: a folder for the account, in one where others may put anything. And `-d`: whom a dot stands for.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use testkit::{Account, Ran, TestTree, Tool, account, needs_root, ours};

/// A folder in which the tests of these accounts make their own.
struct Ground {
    tree: TestTree,
    alice: Account,
    bob: Account,
}

impl Ground {
    fn new() -> Option<Self> {
        if !needs_root() {
            return None;
        }
        let [alice, bob] = ["upkeep-a", "upkeep-b"].map(account);
        Some(Self { tree: TestTree::new(), alice, bob })
    }

    fn main(&self) -> PathBuf {
        self.tree.services().join("main")
    }

    /// A call of runas in the folder, whose child says that it ran.
    fn runas(&self, options: &[&str]) -> Tool {
        self.tree.tool(&ours("runas")).args(options).args(["echo", "ran"])
    }

    /// With `-m main`, for bob.
    fn make(&self) -> Ran {
        self.runas(&["-m", "main", &self.bob.name]).run()
    }

    /// Nothing runs, for this reason, and what is there stays as it is.
    #[track_caller]
    fn refuses(&self, why: &str) {
        let look = || fs::symlink_metadata(self.main()).map(|found| Look::of(&found)).ok();
        let before = look();
        self.make().exits(111).prints("").errors(format!("runas: fatal: {why}\n"));
        assert_eq!(look(), before);
    }

    fn clear(&self) {
        let main = self.main();
        if fs::symlink_metadata(&main).is_ok_and(|found| found.is_dir()) {
            fs::remove_dir_all(main).unwrap();
        } else {
            let _ = fs::remove_file(main);
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Look {
    number: u64,
    uid: u32,
    gid: u32,
    mode: u32,
}

impl Look {
    fn of(found: &fs::Metadata) -> Self {
        Self { number: found.ino(), uid: found.uid(), gid: found.gid(), mode: found.mode() & 0o7777 }
    }

    fn at(path: &Path) -> Self {
        Self::of(&fs::symlink_metadata(path).unwrap())
    }
}

fn make_folder(path: &Path, owner: u32, mode: u32) {
    fs::create_dir(path).unwrap();
    chown(path, Some(owner), Some(owner)).unwrap();
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_is_made_for_the_account_and_only_once() {
    let Some(ground) = Ground::new() else { return };
    let bob = &ground.bob;
    ground.make().exits(0).prints("ran\n").errors("");
    let made = Look::at(&ground.main());
    assert_eq!((made.uid, made.gid, made.mode), (bob.uid, bob.gid, 0o700));
    fs::write(ground.main().join("current"), "").unwrap();
    ground.make().exits(0).prints("ran\n");
    assert_eq!(Look::at(&ground.main()), made);
    // As bob has it, it stays.
    fs::set_permissions(ground.main(), Permissions::from_mode(0o755)).unwrap();
    ground.make().exits(0).prints("ran\n");
    assert_eq!(Look::at(&ground.main()).mode, 0o755);
    // A primary group that is asked for is the folder's as well.
    ground.clear();
    let with_group = format!("{}:{}", bob.name, ground.alice.name);
    ground.runas(&["-mmain", &with_group]).run().exits(0).prints("ran\n").errors("");
    assert_eq!((Look::at(&ground.main()).uid, Look::at(&ground.main()).gid), (bob.uid, ground.alice.gid));
}

#[test]
fn one_who_stays_who_he_is_makes_his_own() {
    let Some(ground) = Ground::new() else { return };
    ground.runas(&["-m", "main", "-"]).run().exits(0).prints("ran\n").errors("");
    assert_eq!((Look::at(&ground.main()).uid, Look::at(&ground.main()).mode), (0, 0o700));
    ground.clear();
    let alice = &ground.alice;
    let as_alice = |who: &str| ground.runas(&["-m", "main", who]).account(alice).run();
    let ran = as_alice("-");
    ran.exits(111).prints("").errors("runas: fatal: unable to make main: access denied\n");
    alice.own(&ground.tree.services());
    for who in ["-", &alice.name] {
        as_alice(who).exits(0).prints("ran\n").errors("");
        assert_eq!(Look::at(&ground.main()).uid, alice.uid);
        ground.clear();
    }
    // Nor is anything left behind of what she cannot do.
    let why = format!("unable to make main for uid {}: only root can: permission denied", ground.bob.uid);
    as_alice(&ground.bob.name).exits(111).prints("").errors(format!("runas: fatal: {why}\n"));
    assert!(!ground.main().exists());
}

#[test]
fn what_an_interrupted_start_has_made_is_taken() {
    let Some(ground) = Ground::new() else { return };
    make_folder(&ground.main(), 0, 0o700);
    ground.make().exits(0).prints("ran\n").errors("");
    assert_eq!(Look::at(&ground.main()).uid, ground.bob.uid);
}

#[test]
fn what_is_not_the_accounts_is_refused_and_left_alone() {
    let Some(ground) = Ground::new() else { return };
    let (main, bob) = (ground.main(), &ground.bob);
    let no_folder =
        "unable to use main: it is not a folder, and a link is not followed: remove it".to_owned();
    let belongs = |uid: u32| {
        format!(
            "unable to use main: it belongs to uid {uid}, not to uid {}: give it to that account, or remove it",
            bob.uid
        )
    };
    // bob may own the folder around it, and plant what he likes.
    for owner in [0, bob.uid] {
        chown(ground.tree.services(), Some(owner), Some(owner)).unwrap();
        let target = ground.tree.root().join(format!("target{owner}"));
        make_folder(&target, 0, 0o700);
        for to in [target.as_path(), Path::new("/nosuch"), Path::new("main")] {
            symlink(to, &main).unwrap();
            std::os::unix::fs::lchown(&main, Some(bob.uid), Some(bob.gid)).unwrap();
            ground.refuses(&no_folder);
            ground.clear();
        }
        assert_eq!(Look::at(&target).uid, 0);
        fs::write(&main, "").unwrap();
        ground.refuses(&no_folder);
        chown(&main, Some(bob.uid), None).unwrap();
        ground.refuses(&no_folder);
        ground.clear();
        nix::unistd::mkfifo(&main, nix::sys::stat::Mode::S_IRWXU).unwrap();
        ground.refuses(&no_folder);
        ground.clear();
        // Folders of root's that are not just made, and of others.
        make_folder(&main, 0, 0o700);
        fs::write(main.join("secret"), "").unwrap();
        ground.refuses(&belongs(0));
        ground.clear();
        for mode in [0o755, 0o710, 0o701, 0o1777] {
            make_folder(&main, 0, mode);
            ground.refuses(&belongs(0));
            ground.clear();
        }
        for mode in [0o700, 0o777] {
            make_folder(&main, ground.alice.uid, mode);
            ground.refuses(&belongs(ground.alice.uid));
            ground.clear();
        }
    }
}

/// Whoever may rename in the folder does so all the time, so that another folder of root's has the name when it is looked at.
#[test]
fn nothing_that_gets_the_name_meanwhile_is_given_away() {
    let Some(ground) = Ground::new() else { return };
    let bob = &ground.bob;
    chown(ground.tree.services(), Some(bob.uid), Some(bob.gid)).unwrap();
    let [supervise, aside] = ["supervise", "aside"].map(|name| ground.tree.services().join(name));
    make_folder(&supervise, 0, 0o700);
    fs::write(supervise.join("control"), "").unwrap();
    let number = Look::at(&supervise).number;
    let done = AtomicBool::new(false);
    let mut outcomes = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = fs::remove_dir_all(&aside);
                let _ = fs::rename(ground.main(), &aside);
                let _ = fs::rename(&supervise, ground.main());
                let _ = fs::rename(ground.main(), &supervise);
            }
        });
        for _ in 0..150 {
            outcomes.push(ground.make().end == Ok(0));
        }
        done.store(true, Ordering::Relaxed);
    });
    let kept = [&supervise, &ground.main(), &aside]
        .into_iter()
        .filter_map(|path| fs::symlink_metadata(path).ok())
        .find(|found| found.ino() == number);
    assert_eq!(kept.map(|found| (found.uid(), found.mode() & 0o777)), Some((0, 0o700)));
    assert!(outcomes.contains(&true), "it never came to the point");
}

#[test]
fn a_dot_stands_for_whom_it_is_said_to() {
    let Some(ground) = Ground::new() else { return };
    let child = ["sh", "-c", "echo $(id -u) $HOME"];
    let call = |options: &[&str]| ground.tree.tool(&ours("runas")).args(options).args(child).run();
    let [alice, bob] = [&ground.alice, &ground.bob].map(|account| account.uid.to_string());
    let said = format!("{bob} {}\n", ground.bob.home.display());
    // Whoever owns the folder.
    for owner in [0, ground.alice.uid] {
        chown(ground.tree.services(), Some(owner), None).unwrap();
        call(&["-d", &bob, "."]).exits(0).prints(&said).errors("");
        call(&["-o", &bob, "-d", &bob, "."]).exits(0).prints(&said).errors("");
    }
    let refused = |options: &[&str], why: &str| {
        call(options).exits(111).prints("").errors(format!("runas: fatal: {why}\n"));
    };
    let root = "the service's folder belongs to root: write root if that is meant";
    refused(&["-d", "0", "."], root);
    refused(&["-d", "61999", "."], "the service's folder belongs to uid 61999, which has no account");
    let only = format!(
        "the folder belongs to upkeep-a (uid {alice}), so it can only run as upkeep-a: write upkeep-a into user"
    );
    refused(&["-o", &alice, "-d", &bob, "."], &only);
    // It says nothing about names.
    let ran = call(&["-d", &bob, &ground.alice.name]);
    ran.exits(0).prints(format!("{alice} {}\n", ground.alice.home.display()));
}
