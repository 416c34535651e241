//! svscan of an ordinary user, and in a directory where everybody can put something.

use super::watching;
use protocol::report::Step;
use std::fs;
use std::os::unix::fs::{lchown, symlink};
use testkit::{
    Account, Folder, Running, TestTree, account, failed, needs_root, not_supervised, ours, process, up,
    wait_until,
};

/// A service directory of alice's, under her svscan.
fn alices() -> Option<(TestTree, Running, Account)> {
    let alice = needs_root().then(|| account("upkeep-a"))?;
    let tree = TestTree::new();
    alice.own(&tree.services());
    let svscan = tree.launch(&ours("svscan")).arg(tree.services()).account(&alice).start();
    Some((tree, watching(svscan), alice))
}

#[test]
fn an_ordinary_user_has_everything_that_root_has() {
    let Some((tree, svscan, alice)) = alices() else { return };
    let beacon = tree.beacon("web");
    let run = format!("{beacon}\necho said\nexec sleep 1000");
    let with_log = |f: Folder| f.run(&run).log("exec cat >>out");
    let web = tree.folder("web", |f| with_log(f).owner(&alice));
    let first = beacon.next();
    web.wait_for(up());
    web.log().wait_until("its line is logged", |log| {
        (fs::read_to_string(log.file("out")).ok()? == "said\n").then_some(())
    });
    assert_eq!(process::uids(first.pid), Some([alice.uid; 4]));
    // Variables, and her own name, are no switch.
    for user in [".", "upkeep-a", "-"] {
        let service =
            tree.folder(&format!("as{user}"), |f| f.run(&run).user(user).env("A", "b").owner(&alice));
        let start = beacon.next();
        assert_eq!(start.environment["A"], "b", "{user}");
        service.wait_for(up());
    }
    tree.folder("web@", |f| with_log(f).owner(&alice));
    let instance = tree.folder("web@1", |f| f.owner(&alice));
    assert_eq!(beacon.next().arguments[1..], ["1"]);
    instance.log().wait_for(up());
    // What is root's she may run, as herself.
    let roots = tree.folder("roots", |f| {
        fs::create_dir(f.path().join("supervise")).unwrap();
        alice.own(&f.path().join("supervise"));
        f.run(&run)
    });
    assert_eq!(process::uids(beacon.next().pid), Some([alice.uid; 4]));
    roots.wait_for(up());
    fs::remove_dir_all(web.path()).unwrap();
    wait_until("it has stopped", &[], || (!process::is_alive(first.pid)).then_some(()));
    assert_eq!(svscan.errors(), "");
    svscan.stop();
}

#[test]
fn an_ordinary_user_runs_nobody_elses_services_and_as_nobody_else() {
    let Some((tree, svscan, alice)) = alices() else { return };
    let bob = account("upkeep-b");
    let beacon = tree.beacon("refused");
    let run = format!("{beacon}\nexec sleep 1000");
    let refused = |name: &str, step: Step, why: &str, build: &dyn Fn(Folder) -> Folder| {
        let service = tree.folder(name, |f| build(f.run(&run).owner(&alice)));
        service.wait_for(failed(why));
        let told = service.status().unwrap().detail.unwrap().failed.unwrap();
        assert_eq!(told.step, step, "{told:?}");
        svscan.wait_for_errors(&format!("unable to start {name}: {}\n", told.reason));
    };
    let foreign = format!("belongs to uid {}, and is not run by uid {}", bob.uid, alice.uid);
    refused("run", Step::Owner, &foreign, &|f| {
        bob.own(&f.path().join("run"));
        f
    });
    refused("folder", Step::Owner, &foreign, &|f| {
        // She must be able to write in it all the same, or there is no place for the reason.
        fs::create_dir(f.path().join("supervise")).unwrap();
        alice.own(&f.path().join("supervise"));
        lchown(f.path(), Some(bob.uid), None).unwrap();
        f
    });
    refused("root", Step::Switch, "permission denied", &|f| f.user("root"));
    refused("bob", Step::Switch, "permission denied", &|f| f.user("upkeep-b"));
    // Not readable is not absent.
    refused("unreadable", Step::User, "unable to use user: access denied", &|f| {
        let f = f.user("root").mode("user", 0o600);
        lchown(f.path().join("user"), Some(0), Some(0)).unwrap();
        f
    });
    assert!(beacon.told().is_none());
}

#[test]
fn in_a_directory_that_is_open_to_all_each_runs_only_what_is_his() {
    if !needs_root() {
        return;
    }
    let [alice, bob] = ["upkeep-a", "upkeep-b"].map(account);
    let tree = TestTree::new();
    fs::set_permissions(tree.services(), std::os::unix::fs::PermissionsExt::from_mode(0o1777)).unwrap();
    let svscan = watching(tree.svscan());
    let beacon = tree.beacon("open");
    let run = format!("{}\nexec sleep 1000", beacon.say("'$(id -u)'"));
    tree.folder("bobs", |f| f.run(&run).user(".").owner(&bob)).wait_for(up());
    assert_eq!(beacon.hear(), bob.uid.to_string());
    tree.folder("roots", |f| f.run(&run)).wait_for(up());
    assert_eq!(beacon.hear(), "0");
    tree.folder("lying", |f| f.run(&run).user("root").owner(&bob)).wait_for(failed("can only run as"));
    // A link of bob's to something of root's; and one of root's, which bob can give another name.
    let target = super::outside(&tree, "target", |f| f.run(&run).log("exec cat"));
    for (name, owner) in [("bobs-link", bob.uid), ("roots-link", 0)] {
        let hidden = tree.services().join(".link");
        symlink(target.path(), &hidden).unwrap();
        lchown(&hidden, Some(owner), Some(owner)).unwrap();
        fs::rename(&hidden, tree.services().join(name)).unwrap();
        // Most kernels are told not to follow bob's at all.
        let is_protected = fs::read("/proc/sys/fs/protected_symlinks").is_ok_and(|value| value == b"1\n");
        svscan.wait_for_errors(match name {
            "bobs-link" if is_protected => "unable to stat bobs-link: access denied\n",
            _ => "it is a link that somebody else made or can exchange\n",
        });
    }
    target.wait_for(not_supervised());
    assert!(!target.file("log/supervise").exists() && beacon.told().is_none());
    svscan.stop();
    // Who was there first has the place; another is told so.
    let mut other = tree.launch(&ours("svscan")).arg(tree.services()).account(&alice).start();
    assert_eq!(other.wait(), Ok(111));
    assert_eq!(other.errors(), "svscan: fatal: unable to use .svscan: access denied\n");
    other.stop();
    // What somebody has put there for root to walk into.
    fs::remove_dir_all(tree.services().join(".svscan")).unwrap();
    let place = tree.services().join(".svscan");
    fs::create_dir(&place).unwrap();
    bob.own(&place);
    let mut roots = tree.svscan();
    assert_eq!(roots.wait(), Ok(111));
    let complaint = format!("it belongs to uid {}: remove it\n", bob.uid);
    assert_eq!(roots.errors(), format!("svscan: fatal: unable to use .svscan: {complaint}"));
    fs::remove_dir(&place).unwrap();
    symlink("/etc", &place).unwrap();
    lchown(&place, Some(bob.uid), None).unwrap();
    let mut roots = tree.svscan();
    assert_eq!(roots.wait(), Ok(111));
    let complaint = format!("the link belongs to uid {}\n", bob.uid);
    assert_eq!(roots.errors(), format!("svscan: fatal: unable to use .svscan: {complaint}"));
}
