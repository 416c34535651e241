//! The whole story of one service.

use testkit::{TestTree, account, failed, needs_root, resting, up};

/// What is told under a word.
fn told(story: &str, label: &str) -> String {
    let mut lines = story.lines().skip_while(|line| line.trim_start().split("  ").next() != Some(label));
    let first = lines.next().unwrap_or_else(|| panic!("{label} in {story}"));
    let rest = lines.take_while(|line| line.starts_with("            "));
    let first = first.trim_start().strip_prefix(label).unwrap().trim();
    rest.fold(first.to_owned(), |text, line| format!("{text}\n{}", line.trim()))
}

#[test]
fn it_says_what_runs_and_why_and_what_the_folder_asks_for() {
    let tree = TestTree::new();
    let _svscan = tree.svscan();
    tree.folder("web@", |f| f.run("exec sleep 1000").file("timeout-kill", "10s\n").env("SECRET", "hidden"));
    let web =
        tree.folder("web@1", |f| f.file("down-signal", "INT\n").env("PORT", "8000").log("exec cat >out"));
    web.wait_for(up());
    web.log().wait_for(up());
    let ran = tree.svctl(["status", "web@1"]);
    let story = ran.exits(0).errors("").output();
    assert!(story.starts_with(&format!("web@1: up (pid {}), ", web.pid())), "{story}");
    assert!(told(&story, "process").ends_with(": sleep 1000"), "{story}");
    assert!(told(&story, "process").starts_with(&web.pid().to_string()), "{story}");
    assert!(told(&story, "uses").starts_with("1 process, "), "{story}");
    assert_eq!(told(&story, "wanted"), "to be up; normally up");
    assert_eq!(told(&story, "started"), "once");
    assert_eq!(told(&story, "folder"), web.path().display().to_string());
    let settings = told(&story, "settings");
    for line in [
        "run             there (from web@)",
        "env             PORT",
        "down-signal     INT",
        "timeout-kill    10s (from web@)",
    ] {
        assert!(settings.lines().any(|setting| setting == line), "{line} in {settings}");
    }
    assert!(!story.contains("8000") && !story.contains("hidden"), "what is in env may be secret: {story}");
    assert!(told(&story, "logger").starts_with(&format!("up (pid {})", web.log().pid())), "{story}");
    let template = tree.svctl(["status", "web@"]).output();
    assert_eq!(
        (template.lines().next(), told(&template, "instances").as_str()),
        (Some("web@: template"), "web@1")
    );
}

#[test]
fn it_says_why_a_service_does_not_run() {
    let tree = TestTree::new();
    let _svscan = tree.svscan();
    let broken = tree.folder("broken", |f| f.file("run", "#!/no/such/interpreter\n").mode("run", 0o755));
    let dies = tree.folder("dies", |f| f.run("exit 3"));
    broken.wait_for(failed("no/such/interpreter"));
    dies.wait_for(resting());
    let story = tree.svctl(["status", "broken", "nosuch"]);
    story.exits(97).errors("svctl: warning: there is no service nosuch\n");
    let story = story.output();
    assert!(told(&story, "why").contains("its interpreter /no/such/interpreter does not exist"), "{story}");
    let story = tree.svctl(["status", "dies"]).output();
    assert_eq!(told(&story, "last end"), "exit 3");
}

#[test]
fn it_names_the_account_the_sockets_and_what_was_left_behind() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let bob = account("upkeep-a");
    let beacon = tree.beacon("web");
    let address = format!("@upkeep-status-{}", std::process::id());
    let _svscan = tree.svscan();
    let run = format!("setsid sleep 1000 &\n{beacon}\nexec sleep 2000");
    let web = tree
        .folder("web", |f| f.run(&run).user(&bob.name).file("listen", &address).file("leftovers", "keep"));
    let first = beacon.next().pid;
    web.wait_for(up());
    tree.svc(["-t", "web"]);
    assert_ne!(beacon.next().pid, first);
    web.wait_for(up());
    web.wait_until("what was left is told", |_| {
        let story = tree.svctl(["status", "web"]).output();
        (story.contains(": sleep 1000\n") && story.contains(": sleep 2000\n")).then_some(())
    });
    let story = tree.svctl(["status", "web"]).output();
    assert!(told(&story, "left over").ends_with(": sleep 1000"), "{story}");
    assert!(told(&story, "process").ends_with(" as upkeep-a: sleep 2000"), "{story}");
    assert!(told(&story, "sockets") == address, "{story}");
    assert_eq!((told(&story, "started").as_str(), told(&story, "last end").as_str()), ("2 times", "SIGTERM"));
    // Or it would keep the tree from being stopped.
    std::fs::write(web.file("leftovers"), "kill").unwrap();
}
