//! Instances whose loggers have nothing to run, nor has the template's.

use super::{is_kept_by, logged};
use crate::svscan::watching;
use std::fs;
use testkit::{Account, TestTree, account, needs_root, process, up};

const RUN: &str = "echo I am $1\necho error >&2\nexec sleep 1000";

#[test]
fn every_instance_has_a_log_of_its_own() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    tree.folder("web@", |f| f.run(RUN).directory("log").file("log/stderr", "").env("A", "b"));
    for name in ["6001", "6002"] {
        let instance = tree.folder(&format!("web@{name}"), |f| f);
        assert_eq!(logged(&instance, 2), [format!("I am {name}"), "error".into()]);
    }
    let own = tree.folder("web@own", |f| f.directory("log"));
    assert_eq!(logged(&own, 2), ["I am own", "error"]);
    assert!(!tree.service("web@").log().file("main").exists());
    assert_eq!(svscan.errors(), "");
}

#[test]
fn a_log_of_an_instances_own_makes_it_one() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    tree.folder("web@", |f| f.run(RUN));
    let instance = tree.folder("web@6001", |f| f.directory("log").file("log/stderr", ""));
    assert_eq!(logged(&instance, 2), ["I am 6001", "error"]);
    assert_eq!(svscan.errors(), "");
}

#[test]
fn the_templates_script_and_variables_count() {
    let tree = TestTree::new();
    let _svscan = watching(tree.svscan());
    tree.folder("web@", |f| f.run(RUN).log("exec cat >>kept"));
    let instance = tree.folder("web@6001", |f| f.directory("log"));
    instance.log().wait_until("the script has its line", |log| {
        (fs::read_to_string(log.file("kept")).ok()? == "I am 6001\n").then_some(())
    });
    assert!(!instance.log().file("main").exists());
    tree.folder("two@", |f| f.run(RUN).directory("log").directory("log/env").file("log/env/A", "template"));
    let instance = tree.folder("two@1", |f| f.directory("log/env").file("log/env/B", "own"));
    logged(&instance, 1);
    instance.log().wait_for(up());
    let environment = process::environment(instance.log().pid());
    for variable in ["A=template", "B=own", "INSTANCE=1"] {
        assert!(environment.iter().any(|set| set == variable), "{environment:?}");
    }
}

#[test]
fn it_runs_as_the_first_of_four_users() {
    if !needs_root() {
        return;
    }
    let [a, b] = ["upkeep-a", "upkeep-b"].map(account);
    let root = Account::find("root").unwrap();
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    tree.folder("plain@", |f| f.run(RUN).directory("log").user(&a.name));
    is_kept_by(&tree.folder("plain@1", |f| f), &a);
    is_kept_by(&tree.folder("plain@2", |f| f.user(&b.name)), &b);
    is_kept_by(&tree.folder("plain@3", |f| f.user(&b.name).directory("log").file("log/user", "root")), &root);
    tree.folder("logs@", |f| f.run(RUN).user(&a.name).directory("log").file("log/user", &b.name));
    is_kept_by(&tree.folder("logs@1", |f| f), &b);
    is_kept_by(&tree.folder("logs@2", |f| f.user("root")), &b);
    is_kept_by(&tree.folder("logs@3", |f| f.directory("log").file("log/user", &a.name)), &a);
    // The owner of an instance's folder, whose log/ svscan makes as root.
    tree.folder("dot@", |f| f.run(RUN).directory("log").user("."));
    is_kept_by(&tree.folder("dot@1", |f| f.owner(&b)), &b);
    let errors = svscan.errors();
    assert!(errors.lines().all(|line| line == "error"), "{errors}");
}
