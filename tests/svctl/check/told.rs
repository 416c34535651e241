//! How findings are told: to people, to scripts, before a service runs and after.

use super::{SLEEPS, findings};
use std::os::unix::fs::symlink;
use testkit::{TestTree, down, failed, up};

#[test]
fn a_finding_has_its_reason_and_its_cure() {
    let tree = TestTree::new();
    tree.folder("sound", |f| f.run(SLEEPS));
    tree.folder("web", |f| f.run(SLEEPS).mode("run", 0o644).file("timeout-kill", "5\n"));
    let ran = tree.svctl(["check", "web"]);
    let run = tree.service("web").file("run");
    ran.exits(1).errors("").prints(format!(
        "web:\n  fault: run: it is not executable\n    cure: chmod +x {}\n  advice: timeout-kill: a number without a unit \
         is milliseconds, as in s6: 5 of them are next to nothing\n    cure: write 5s for seconds\n",
        run.display()
    ));
    tree.svctl(["check", "sound"]).exits(0).errors("").prints("sound: nothing is wrong\n");
}

#[test]
fn the_exit_code_is_for_scripts() {
    let tree = TestTree::new();
    tree.folder("advised", |f| f.run(SLEEPS).file("timeout-kill", "5\n"));
    tree.svctl(["check"]).exits(0);
    tree.svctl(["check", "--strict"]).exits(1);
    tree.svctl(["check", "nosuch"])
        .exits(97)
        .errors("svctl: warning: there is no service nosuch, and no folder of that name\n");
    tree.svctl(["check", "--json", "advised"]).exits(0);
}

#[test]
fn a_folder_is_checked_where_it_is_made() {
    let tree = TestTree::new();
    let place = tree.root().join("made");
    std::fs::create_dir_all(place.join("web/log")).expect("a folder");
    let ran = tree.tool(&testkit::ours("svctl")).arg("check").arg(place.join("web")).run();
    ran.exits(1);
    assert!(ran.output().contains("fault: run: there is no run\n"), "{}", ran.output());
    let logger = tree.tool(&testkit::ours("svctl")).arg("check").arg(place.join("web/log")).run();
    logger.exits(0);
}

#[test]
fn a_folder_with_two_names_is_one_service() {
    let tree = TestTree::new();
    tree.folder("web", |f| f.run(SLEEPS));
    symlink("web", tree.services().join("again")).expect("a link");
    let found = findings(&tree.svctl(["check", "--json"]));
    for name in ["web", "again"] {
        assert_eq!(found[name], [("same-folder".to_owned(), None)], "{name}");
    }
}

#[test]
fn a_start_that_has_failed_is_told_where_nothing_else_explains_it() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("#!/no/such/sh\n"));
    let sound = tree.folder("sound", |f| f.run(SLEEPS));
    let svscan = tree.svscan();
    web.wait_for(failed("/no/such/sh"));
    sound.wait_for(up());
    let found = findings(&tree.svctl(["check", "--json"]));
    let codes: Vec<&str> = found["web"].iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["interpreter-missing"]);
    assert!(found["sound"].is_empty());
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    std::fs::write(web.file("run"), format!("#!/bin/sh\n{SLEEPS}\n")).unwrap();
    let found = findings(&tree.svctl(["check", "--json"]));
    assert_eq!(found["web"], [("last-start-failed".to_owned(), None)]);
    let output = tree.svctl(["check", "web"]).output();
    assert!(output.contains("its last start failed, at the step execute: "), "{output}");
    svscan.stop();
    assert_eq!(
        findings(&tree.svctl(["check", "--json", "sound"]))["sound"],
        [("svscan-not-running".to_owned(), None)]
    );
}

#[test]
fn programs_are_sought_in_the_path_of_the_svscan_that_runs() {
    let tree = TestTree::new();
    let tools = tree.root().join("tools");
    super::program(&tools.join("upkeep-serve"), "#!/bin/sh\nexec sleep 1000\n");
    let web = tree.folder("web", |f| f.run("exec upkeep-serve"));
    assert_eq!(
        findings(&tree.svctl(["check", "--json"]))["web"],
        [("program-missing".to_owned(), Some("run".to_owned()))]
    );
    let path = format!("{}:/usr/bin:/bin", tools.display());
    let _svscan = tree.launch(&testkit::ours("svscan")).arg(tree.services()).env("PATH", path).start();
    web.wait_for(up());
    tree.svctl(["check"]).exits(0).prints("web: nothing is wrong\n");
}
