//! Who can change a folder decides who it runs as.

use super::{outside, watching};
use protocol::report::Step;
use std::fs;
use std::os::unix::fs::{chown, lchown, symlink};
use testkit::{
    Account, Beacon, Folder, Running, Service, TestTree, account, failed, needs_root, not_supervised, ours,
    up,
};

/// A tree under root's svscan, and two accounts.
struct Owners {
    tree: TestTree,
    svscan: Running,
    beacon: Beacon,
    alice: Account,
    bob: Account,
}

impl Owners {
    /// `None`, after having said so, where the tests do not run as root.
    fn new() -> Option<Self> {
        needs_root().then(|| Self::under(&[]))
    }

    fn under(options: &[&str]) -> Self {
        let [alice, bob] = ["upkeep-a", "upkeep-b"].map(account);
        let tree = TestTree::new();
        let beacon = tree.beacon("owners");
        let launch = options.iter().fold(tree.launch(&ours("svscan")), |launch, option| launch.arg(option));
        let svscan = watching(launch.arg(tree.services()).env("HOME", "/root").start());
        Self { tree, svscan, beacon, alice, bob }
    }

    /// A run script that tells who it is, and where it is at home.
    fn run(&self) -> String {
        format!("{}\nexec sleep 1000", self.beacon.say("'$(id -u) $(id -g) $(id -G) $HOME'"))
    }

    /// It starts, as that account with all that belongs to it.
    #[track_caller]
    fn runs_as(&self, account: &Account, name: &str, build: impl FnOnce(Folder) -> Folder) {
        let run = self.run();
        let service = self.tree.folder(name, |f| build(f.run(&run)));
        let Account { uid, gid, home, .. } = account;
        assert_eq!(self.beacon.hear(), format!("{uid} {gid} {gid} {}", home.display()), "{name}");
        service.wait_for(up());
    }

    /// It does not start, and says why, once in the log and in the record as well.
    #[track_caller]
    fn refused(&self, step: Step, why: &str, name: &str, build: impl FnOnce(Folder) -> Folder) -> Service {
        let run = self.run();
        let service = self.tree.folder(name, |f| build(f.run(&run)));
        self.is_refused(step, why, name);
        service
    }

    #[track_caller]
    fn is_refused(&self, step: Step, why: &str, name: &str) {
        let service = self.tree.service(name);
        service.wait_for(failed(why));
        let told = service.status().unwrap().detail.unwrap().failed.unwrap();
        assert_eq!(told.step, step, "{told:?}");
        let line = format!("supervise: warning: unable to start {name}: {}\n", told.reason);
        self.svscan.wait_for_errors(&line);
        assert_eq!(self.svscan.errors().matches(&line).count(), 1);
        assert!(self.tree.svstat(name).ends_with(&format!(", not started: {}", told.reason)));
        assert!(self.beacon.told().is_none(), "{name} has run");
    }
}

#[test]
fn a_folder_of_an_accounts_own_runs_as_that_account() {
    let Some(owners) = Owners::new() else { return };
    let Owners { alice, bob, .. } = &owners;
    owners.runs_as(bob, "by-name", |f| f.user(&bob.name).owner(bob));
    owners.runs_as(bob, "by-dot", |f| f.user(".").owner(bob));
    owners.runs_as(bob, "his-run", |f| {
        bob.own(&f.path().join("run"));
        f.user(&bob.name)
    });
    owners.runs_as(alice, "roots", |f| f.user(&alice.name));
    let root = Account::find("root").unwrap();
    owners.runs_as(&root, "roots-as-root", |f| f.user("root"));
    owners.runs_as(&root, "roots-as-it-is", |f| f.user("-"));
    owners.runs_as(&root, "roots-without", |f| f);
    assert_eq!(owners.svscan.errors(), "");
}

#[test]
fn a_folder_of_an_accounts_own_runs_as_nobody_else() {
    let Some(owners) = Owners::new() else { return };
    let Owners { alice, bob, .. } = &owners;
    let without = format!("it belongs to uid {}, so it only runs as that account", bob.uid);
    owners.refused(Step::Owner, &without, "without", |f| f.owner(bob));
    let only = "so it can only run as upkeep-b: write upkeep-b into user";
    let others = ["root", "-", "upkeep-a", "upkeep-b:shadow", "upkeep-b:upkeep-b:shadow"];
    for (number, user) in others.into_iter().enumerate() {
        owners.refused(Step::Owner, only, &format!("other{number}"), |f| f.user(user).owner(bob));
    }
    let numbers = format!(":{}:{}", bob.uid, bob.gid);
    owners.refused(Step::Owner, only, "numbers", |f| f.user(&numbers).owner(bob));
    // Parts of it.
    let of = |part: &'static str| {
        move |f: Folder| {
            lchown(f.path().join(part), Some(bob.uid), Some(bob.gid)).unwrap();
            f
        }
    };
    let part = |part: &str| format!("{part} belongs to uid {}", bob.uid);
    owners.refused(Step::Owner, &without[3..], "run", |f| of("run")(f));
    owners.refused(Step::Owner, only, "run-root", |f| of("run")(f.user("root")));
    owners.refused(Step::Owner, only, "user", |f| of("user")(f.user("root")));
    owners.refused(Step::Owner, &without[3..], "env", |f| of("env")(f.env("A", "b")));
    owners.refused(Step::Owner, &without[3..], "finish", |f| of("finish")(f.script("finish", "exit")));
    owners.refused(Step::Environment, &part("it")[3..], "variable", |f| of("env/A")(f.env("A", "b")));
    owners.refused(Step::Owner, &without[3..], "linked-run", |f| {
        fs::rename(f.path().join("run"), f.path().join("real")).unwrap();
        of("run")(f.link("run", "real"))
    });
    owners.refused(Step::Owner, "can only run together if they are one account's", "two", |f| {
        let f = f.user(&bob.name).owner(bob);
        alice.own(&f.path().join("run"));
        f
    });
    // An account that there is not.
    owners.refused(Step::Owner, "uid 61234", "nobodys", |f| {
        chown(f.path(), Some(61234), Some(61234)).unwrap();
        f
    });
}

#[test]
fn a_template_counts_as_well() {
    let Some(owners) = Owners::new() else { return };
    let Owners { bob, tree, .. } = &owners;
    let run = owners.run();
    tree.folder("web@", |f| f.run(&run).owner(bob));
    tree.folder("web@1", |f| f);
    owners.is_refused(Step::Owner, &format!("belongs to uid {}", bob.uid), "web@1");
    owners.runs_as(bob, "web@2", |f| f.user(&bob.name));
}

#[test]
fn what_everybody_can_write_does_not_run_and_what_a_group_can_write_is_told_once() {
    let Some(owners) = Owners::new() else { return };
    let Owners { tree, svscan, bob, .. } = &owners;
    let everybody = "writable by everybody: chmod o-w";
    owners.refused(Step::Owner, everybody, "folder", |f| f.mode(".", 0o777));
    owners.refused(Step::Owner, everybody, "sticky", |f| f.mode(".", 0o1777));
    owners.refused(Step::Owner, everybody, "run", |f| f.mode("run", 0o757));
    owners.refused(Step::Owner, everybody, "user", |f| f.user(&bob.name).mode("user", 0o666));
    owners.refused(Step::Owner, everybody, "env", |f| f.env("A", "b").mode("env", 0o777));
    owners.refused(Step::Environment, "everybody can write to it", "variable", |f| {
        f.env("A", "b").mode("env/A", 0o666)
    });
    let root = Account::find("root").unwrap();
    owners.runs_as(&root, "group", |f| {
        chown(f.path(), None, Some(bob.gid)).unwrap();
        f.mode(".", 0o775)
    });
    tree.svc(["-t", "group"]);
    let _ = owners.beacon.hear();
    let warning = format!(
        "supervise: warning: group: it is writable for the group {}, which so decides what runs\n",
        bob.gid
    );
    assert_eq!(svscan.errors().matches(&warning).count(), 1, "{}", svscan.errors());
    // The group of root's own.
    owners.runs_as(&root, "roots-group", |f| f.mode(".", 0o775));
    assert!(!svscan.errors().contains("roots-group"));
}

#[test]
fn a_user_that_is_no_plain_file_is_not_taken_for_none() {
    let Some(owners) = Owners::new() else { return };
    let Owners { tree, .. } = &owners;
    let odd = "user: not a regular file";
    owners.refused(Step::User, odd, "link", |f| f.file("name", "root").link("user", "name"));
    owners.refused(Step::User, odd, "nowhere", |f| f.link("user", "nothing"));
    owners.refused(Step::User, odd, "directory", |f| f.directory("user"));
    owners.refused(Step::User, odd, "fifo", |f| f.fifo("user"));
    owners.refused(Step::User, odd, "device", |f| {
        let node = nix::sys::stat::makedev(1, 3);
        let mode = nix::sys::stat::Mode::S_IRUSR;
        nix::sys::stat::mknod(&f.path().join("user"), nix::sys::stat::SFlag::S_IFCHR, mode, node).unwrap();
        f
    });
    owners.refused(Step::Owner, "symbolic link loop", "circle", |f| f.link("user", "user"));
    owners.refused(Step::User, "too long", "long", |f| f.file("user", vec![b'a'; 100_000]));
    owners.refused(Step::User, "user: it is empty", "empty", |f| f.file("user", ""));
    owners.refused(Step::User, "more than one line", "lines", |f| f.file("user", "upkeep-a\nroot\n"));
    owners.refused(Step::User, "white space", "dos", |f| f.file("user", "upkeep-a\r\n"));
    owners.refused(Step::User, "unknown account nosuch", "unknown", |f| f.user("nosuch"));
    owners.refused(Step::User, "uid or gid 0 by number", "zero", |f| f.user(":0:0"));
    // The same for a template that cannot be looked into.
    let instance = |name: &str| owners.tree.folder(name, |f| f.run(&owners.run()));
    fs::write(tree.services().join("file@"), "").unwrap();
    instance("file@1");
    owners.is_refused(Step::Folder, "unable to use file@: not a directory", "file@1");
    symlink("loop@", tree.services().join("loop@")).unwrap();
    instance("loop@1");
    owners.is_refused(Step::Folder, "unable to use loop@: symbolic link loop", "loop@1");
    symlink("nothing", tree.services().join("gone@")).unwrap();
    instance("gone@1");
    owners.is_refused(Step::Folder, "unable to use gone@: file does not exist", "gone@1");
}

#[test]
fn a_link_that_somebody_else_made_leads_nowhere() {
    let Some(owners) = Owners::new() else { return };
    let Owners { tree, svscan, bob, .. } = &owners;
    let run = owners.run();
    let target = outside(tree, "roots", |f| f.run(&run).log("exec cat"));
    let link = tree.services().join("led");
    let made = tree.services().join(".led");
    symlink(target.path(), &made).unwrap();
    lchown(&made, Some(bob.uid), Some(bob.gid)).unwrap();
    fs::rename(&made, &link).unwrap();
    let complaint = "it is a link that somebody else made or can exchange\n";
    svscan.wait_for_errors(complaint);
    target.wait_for(not_supervised());
    for part in ["supervise", "log/supervise"] {
        assert!(!target.file(part).exists(), "nothing is made where it leads");
    }
    assert!(owners.beacon.told().is_none());
}

#[test]
fn a_link_in_an_accounts_own_folder_leads_root_nowhere_either() {
    let Some(owners) = Owners::new() else { return };
    let Owners { tree, svscan, bob, .. } = &owners;
    let target = outside(tree, "roots", |f| f.directory("supervise").log("exec cat").env("SECRET", "s"));
    let foreign = "it is a link that somebody else made or can exchange\n";
    let cases = [
        ("log", format!("unable to start supervise log: unable to open log: {foreign}")),
        ("supervise", format!("unable to use supervise/supervise: the link belongs to uid {}\n", bob.uid)),
        ("env", format!("unable to start env: unable to use env: {foreign}")),
    ];
    for (part, complaint) in cases {
        let run = owners.run();
        tree.folder(part, |f| f.run(&run).user(".").link(part, target.file(part)).owner(bob));
        svscan.wait_for_errors(&complaint);
    }
    assert!(owners.beacon.told().is_none());
    for part in ["supervise", "log", "env"] {
        let inside = if part == "supervise" { 0 } else { 1 };
        assert_eq!(fs::read_dir(target.file(part)).unwrap().count(), inside, "{part}");
    }
}

#[test]
fn the_option_t_brings_the_old_trust_back() {
    if !needs_root() {
        return;
    }
    let owners = Owners::under(&["-t"]);
    let root = Account::find("root").unwrap();
    owners.runs_as(&root, "bobs", |f| f.owner(&owners.bob));
    owners.runs_as(&owners.alice, "bobs-as-alice", |f| f.user("upkeep-a").owner(&owners.bob));
    owners.runs_as(&root, "open", |f| f.mode(".", 0o777));
    assert_eq!(owners.svscan.errors(), "");
}
