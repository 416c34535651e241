//! Symbolic links in the service directory: chains, circles, and several to one folder.

use std::fs;
use std::os::unix::fs::symlink;
use testkit::{TestTree, failed, not_supervised, process, up};

/// A chain of that many links in the directory, which leads to `target` and begins at the name `first`.
fn chain(tree: &TestTree, target: &std::path::Path, first: &str, length: usize) {
    let links = tree.root().join(format!("chain-{first}"));
    fs::create_dir(&links).unwrap();
    let mut next = target.to_owned();
    for number in 1..length {
        let link = links.join(number.to_string());
        symlink(next, &link).unwrap();
        next = link;
    }
    symlink(next, tree.services().join(first)).unwrap();
}

#[test]
fn a_chain_as_long_as_the_system_follows_leads_to_a_service_and_a_longer_one_is_told() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let web = tree.folder(".web", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    let other = tree.folder("other", |f| f.run("exec sleep 1000"));
    chain(&tree, web.path(), "forty", 40);
    chain(&tree, web.path(), "forty-one", 41);
    let svscan = tree.svscan();
    assert_eq!(beacon.next().pid, {
        web.wait_for(up());
        web.pid()
    });
    other.wait_for(up());
    let told = "svscan: warning: unable to stat forty-one: symbolic link loop\n";
    svscan.wait_for_errors(told);
    assert_eq!(svscan.errors(), told);
    assert!(beacon.told().is_none());
}

#[test]
fn links_that_go_round_and_round_are_told_and_leave_the_rest_alone() {
    let tree = TestTree::new();
    let services = tree.services();
    symlink("two", services.join("one")).unwrap();
    symlink("one", services.join("two")).unwrap();
    // To the directory itself: a folder without run.
    symlink(".", services.join("here")).unwrap();
    symlink("../..", services.join("above")).unwrap();
    let web = tree.folder("web", |f| f.run("exec sleep 1000").link("inner", "../web"));
    // Its run leads in a circle by way of a folder.
    let inner = tree.folder("inner", |f| f.link("run", "loop/run").link("loop", "."));
    let svscan = tree.svscan();
    web.wait_for(up());
    inner.wait_for(failed("unable to use run: symbolic link loop"));
    for told in [
        "svscan: warning: unable to stat one: symbolic link loop\n",
        "svscan: warning: unable to stat two: symbolic link loop\n",
        "svscan: warning: here has no run: it starts when it gets one\n",
    ] {
        svscan.wait_for_errors(told);
        assert_eq!(svscan.errors().matches(told).count(), 1);
    }
    assert!(!services.join("supervise").exists());
}

/// By other names, through other folders, absolute and relative.
#[test]
fn a_folder_and_links_to_it_are_one_service_and_stay_it_while_one_name_is_left() {
    let tree = TestTree::new();
    let svscan = tree.svscan();
    let beacon = tree.beacon("web");
    let web = tree.folder("web", |f| f.run(&format!("{beacon}\nexec sleep 1000")).log("exec cat >/dev/null"));
    let pid = beacon.next().pid;
    web.log().wait_for(up());
    let services = tree.services();
    symlink(web.path(), services.join("absolute")).unwrap();
    symlink("web", services.join("a-relative")).unwrap();
    symlink(&services, tree.root().join("around")).unwrap();
    symlink("../around/web", services.join("z-around")).unwrap();
    let other = tree.folder("other", |f| f.run("exec sleep 1000"));
    other.wait_for(up());
    assert_eq!(process::children(svscan.pid()).len(), 3);
    // Each name goes, its own first.
    let away = tree.root().join("away");
    fs::rename(web.path(), &away).unwrap();
    fs::remove_file(services.join("a-relative")).unwrap();
    symlink(&away, services.join("back")).unwrap();
    fs::remove_file(services.join("z-around")).unwrap();
    fs::remove_file(services.join("absolute")).unwrap();
    let last = tree.folder("last", |f| f.run("exec sleep 1000"));
    last.wait_for(up());
    let web = testkit::Service::at(&away);
    assert!(web.is_supervised() && web.pid() == pid && beacon.told().is_none());
    fs::remove_file(services.join("back")).unwrap();
    web.wait_for(not_supervised());
    web.log().wait_for(not_supervised());
    assert!(beacon.told().is_none());
}
