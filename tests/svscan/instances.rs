//! Templates and instances.

use super::{outside, rename, watching};
use nix::sys::signal::Signal;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use testkit::{Start, TestTree, account, down, needs_root, not_supervised, process, up};

#[test]
fn an_instance_takes_run_from_its_template_with_its_name_as_argument() {
    let tree = TestTree::new();
    let _svscan = watching(tree.svscan());
    let beacon = tree.beacon("web");
    let template = tree.folder("web@", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    for name in ["6001", "a@b", "-x", " "] {
        let instance = tree.folder(&format!("web@{name}"), |f| f);
        let start = beacon.next();
        let run = template.path().canonicalize().unwrap().join("run");
        assert_eq!(start.arguments, [run.to_str().unwrap(), name]);
        assert_eq!(start.environment["INSTANCE"], name);
        assert_eq!(process::folder(start.pid).unwrap(), instance.path().canonicalize().unwrap());
        instance.wait_for(up());
        assert_eq!(instance.pid(), start.pid);
    }
    template.wait_for(not_supervised());
    assert!(!template.file("supervise").exists());
}

#[test]
fn what_an_instance_has_itself_is_its_own() {
    let tree = TestTree::new();
    let _svscan = watching(tree.svscan());
    let beacon = tree.beacon("web");
    let run = format!("{beacon}\nexec sleep 1000");
    tree.folder("web@", |f| {
        f.run("exit 1").env("BOTH", "template").env("ONLY_TEMPLATE", "t").env("GONE", "t").down()
    });
    // down is not inherited; run is its own, and a relative path then; env/ is both's, its own last.
    let instance = tree.folder("web@1", |f| {
        f.run(&run).env("BOTH", "instance").env("ONLY_INSTANCE", "i").file("env/GONE", "")
    });
    let Start { arguments, environment, .. } = beacon.next();
    assert_eq!(arguments, ["./run", "1"]);
    let values =
        ["BOTH", "ONLY_TEMPLATE", "ONLY_INSTANCE", "INSTANCE"].map(|name| environment[name].as_str());
    assert_eq!(values, ["instance", "t", "i", "1"]);
    assert!(!environment.contains_key("GONE"));
    instance.wait_for(up());
    // A down of its own counts.
    tree.folder("web@2", |f| f.run(&run).down()).wait_for(down());
    assert!(beacon.told().is_none());
    // An INSTANCE of svscan's own environment never reaches a plain service.
    tree.folder("plain", |f| f.run(&run));
    assert!(!beacon.next().environment.contains_key("INSTANCE"));
}

#[test]
fn an_instance_can_be_a_link_to_elsewhere() {
    let tree = TestTree::new();
    let _svscan = watching(tree.svscan());
    let beacon = tree.beacon("web");
    let template = tree.folder("web@", |f| f.run(&format!("{beacon}\nexec sleep 1000")).env("A", "b"));
    let elsewhere = outside(&tree, "elsewhere", |f| f);
    symlink(elsewhere.path(), tree.services().join("web@6001")).unwrap();
    let start = beacon.next();
    assert_eq!(start.arguments[1..], ["6001"]);
    assert_eq!(start.environment["A"], "b");
    assert_eq!(process::folder(start.pid).unwrap(), elsewhere.path().canonicalize().unwrap());
    elsewhere.wait_for(up());
    // The template is read afresh at each start, from where it is.
    fs::write(template.file("env/A"), "c").unwrap();
    tree.svc(["-t", "web@6001"]);
    assert_eq!(beacon.next().environment["A"], "c");
}

#[test]
fn without_a_template_a_name_with_an_at_sign_is_plain() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let beacon = tree.beacon("mail");
    let plain = tree.folder("mail@example", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    let start = beacon.next();
    assert_eq!(start.arguments, ["./run"]);
    assert!(!start.environment.contains_key("INSTANCE"));
    plain.wait_for(up());
    // It becomes an instance when a template comes, at its next start.
    tree.folder("mail@", |f| f.run("exit 1"));
    tree.svc(["-t", "mail@example"]);
    assert_eq!(beacon.next().arguments, ["./run", "example"]);
    assert_eq!(svscan.errors(), "");
}

#[test]
fn a_template_that_comes_after_its_instances_starts_them() {
    let tree = TestTree::new();
    let mut svscan = watching(tree.svscan());
    for name in ["web@1", "web@2"] {
        tree.folder(name, |f| f);
        svscan.wait_for_errors(&format!("{name} has no run"));
    }
    let beacon = tree.beacon("web");
    let build = tree.folder(".new", |f| f.run(&format!("{beacon}\nexec sleep 1000")));
    rename(build.path(), OsStr::new("web@"));
    let mut started = [beacon.next(), beacon.next()].map(|start| start.arguments[1].clone());
    started.sort();
    assert_eq!(started, ["1", "2"]);
    svscan.signal(Signal::SIGTERM);
    assert_eq!(svscan.wait(), Ok(0));
}

#[test]
fn the_account_is_the_instances_own_or_else_the_templates() {
    if !needs_root() {
        return;
    }
    let [a, b] = ["upkeep-a", "upkeep-b"].map(account);
    let tree = TestTree::new();
    let _svscan = watching(tree.svscan());
    let beacon = tree.beacon("web");
    let run = format!("{}\nexec sleep 1000", beacon.say("'$1 $(id -u) $HOME'"));
    tree.folder("web@", |f| f.run(&run).user(&a.name).env("HOME", "/of-template"));
    tree.folder("web@theirs", |f| f);
    assert_eq!(beacon.hear(), format!("theirs {} /of-template", a.uid));
    tree.folder("web@own", |f| f.user(&b.name).env("HOME", "/own"));
    assert_eq!(beacon.hear(), format!("own {} /own", b.uid));
    // A folder of somebody's own runs as nobody else, whatever the template says.
    let strange = tree.folder("web@strange", |f| f.owner(&b));
    strange.wait_for(testkit::failed("it can only run as upkeep-b"));
    let fine = tree.folder("web@fine", |f| f.owner(&a));
    assert_eq!(beacon.hear(), format!("fine {} /of-template", a.uid));
    fine.wait_for(up());
    assert!(beacon.told().is_none());
}
