//! `check`: supervise asks a program in the folder whether the service is ready.

use super::{Actor, awaited, detail, pass_the_time, ready, up_and};
use protocol::status::Readiness;
use std::fs;
use std::path::Path;
use testkit::{TestTree, account, down, is_root, process, wait_until};

/// A check that counts its calls in a file and says yes at that one.
fn at_call(number: u32, calls: &Path) -> String {
    let calls = calls.display();
    format!("echo x >>'{calls}'\nexec test $(wc -l <'{calls}') -ge {number}")
}

fn count(calls: &Path) -> usize {
    fs::read_to_string(calls).unwrap_or_default().lines().count()
}

#[test]
fn it_is_called_until_it_says_yes_and_never_again() {
    let tree = TestTree::new();
    let [calls, others] = ["calls", "others"].map(|name| tree.root().join(name));
    let web = tree.folder("web", |f| f.run("exec sleep 1000").script("check", &at_call(3, &calls)));
    let supervise = tree.supervise("web");
    web.wait_for(awaited());
    web.wait_for(ready());
    assert_eq!(count(&calls), 3);
    // What takes another service four calls with growing pauses would have been one more for this one.
    let _other = tree.folder("other", |f| f.run("exec sleep 1000").script("check", &at_call(9, &others)));
    let _others = tree.supervise("other");
    wait_until("the other one is called", &[tree.root()], || (count(&others) >= 4).then_some(()));
    assert_eq!(count(&calls), 3);
    // A new run is asked anew.
    tree.svc(["-t", "web"]);
    wait_until("it is called again", &[tree.root()], || (count(&calls) == 4).then_some(()));
    web.wait_for(ready());
    assert_eq!(supervise.errors(), "");
}

#[test]
fn it_runs_as_the_service_does() {
    let tree = TestTree::new();
    let told = tree.root().join("told");
    fs::create_dir(&told).unwrap();
    let path = told.display().to_string();
    let tells = |who: &str| {
        format!(
            "{{ id -un; id -Gn; echo \"$X $INSTANCE $#$1\"; pwd -P; echo \"${{NOTIFY_SOCKET-none}}\"; \
             echo $(ls /proc/self/fd | grep -v '^3$'); umask; }} >{path}/{who}.part\nmv {path}/{who}.part {path}/{who}"
        )
    };
    let _template = tree.folder("web@", |f| {
        let f = f.run(&format!("{}\nexec sleep 1000", tells("run"))).script("check", &tells("check"));
        let f = f.env("X", "of the service");
        if !is_root() {
            return f;
        }
        let a = account("upkeep-a");
        a.own(&told);
        f.user(&a.name)
    });
    let web = tree.folder("web@7", |f| f);
    let supervise = tree.supervise("web@7");
    web.wait_for(ready());
    let [run, check] = ["run", "check"].map(|who| fs::read_to_string(told.join(who)).unwrap());
    assert_eq!(run, check);
    let lines: Vec<&str> = check.lines().collect();
    assert_eq!(
        lines[2..4],
        ["of the service 7 17", &fs::canonicalize(web.path()).unwrap().display().to_string()]
    );
    assert_eq!(lines[4..6], ["none", "0 1 2"]);
    if is_root() {
        assert_eq!(lines[0], "upkeep-a");
    }
    assert_eq!(supervise.errors(), "");
}

#[test]
fn it_and_what_it_has_started_end_with_the_service() {
    let tree = TestTree::new();
    let beacon = tree.beacon("check");
    let web = tree.folder("web", |f| {
        f.run("exec sleep 1000").script("check", &format!("sleep 1000 & sleep 1000 &\n{beacon}\nwait"))
    });
    let supervise = tree.supervise("web");
    let check = beacon.next().pid;
    let all = wait_until("it has started both", &[], || {
        let children = process::children(check);
        (children.len() == 2).then(|| [children, vec![check]].concat())
    });
    web.wait_for(awaited());
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    wait_until("nothing of it is left", &[], || all.iter().all(|pid| !process::is_alive(*pid)).then_some(()));
    wait_until("all are collected", &[], || process::children(supervise.pid()).is_empty().then_some(()));
    assert_eq!(supervise.errors(), "", "it was ended, and has not failed");
}

#[test]
#[ignore = "it takes the ten seconds that a call may take"]
fn one_that_hangs_is_killed_and_called_again() {
    let tree = TestTree::new();
    let beacon = tree.beacon("check");
    let web = tree.folder("web", |f| {
        f.run("exec sleep 1000")
            .script("check", &format!("{beacon}\ntest -e hung && exit\n>hung; sleep 1000 & sleep 1000"))
    });
    let supervise = tree.supervise("web");
    let first = beacon.next().pid;
    wait_until("it hangs", &[], || (process::children(first).len() == 2).then_some(()));
    let all = process::children(first);
    assert_ne!(beacon.next().pid, first);
    assert!(all.iter().all(|pid| !process::is_alive(*pid)), "its whole group");
    web.wait_for(ready());
    assert!(supervise.errors().contains("check was killed"), "{}", supervise.errors());
}

#[test]
fn commands_are_obeyed_while_it_hangs() {
    let tree = TestTree::new();
    let beacon = tree.beacon("check");
    let web = tree
        .folder("web", |f| f.run("exec sleep 1000").script("check", &format!("{beacon}\nexec sleep 1000")));
    let _supervise = tree.supervise("web");
    let check = beacon.next().pid;
    pass_the_time(&tree, &web);
    assert!(process::is_alive(check));
    let pid = web.pid();
    tree.svc(["-t", "web"]);
    wait_until("it is another one", &[], || {
        (!process::is_alive(pid) && !process::is_alive(check)).then_some(())
    });
    assert_ne!(beacon.next().pid, check);
}

#[test]
fn where_the_service_says_it_itself_nobody_asks() {
    for file in ["notify-socket", "notification-fd"] {
        let tree = TestTree::new();
        let (calls, others) = (tree.root().join("calls"), tree.root().join("others"));
        let actor = Actor::new(&tree, "web");
        let web = tree
            .folder("web", |f| f.run(&actor.exec()).file(file, "3\n").script("check", &at_call(1, &calls)));
        let other = tree.folder("other", |f| f.run("exec sleep 1000").script("check", &at_call(3, &others)));
        let _supervises = [tree.supervise("web"), tree.supervise("other")];
        actor.comes();
        other.wait_for(ready());
        assert_eq!(count(&calls), 0);
        web.wait_for(awaited());
        actor.does(if file == "notify-socket" { "notify READY=1" } else { "write 3 |" });
        web.wait_for(ready());
    }
}

#[test]
fn one_that_cannot_be_run_is_said_once_and_the_service_goes_on() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).script("check", "#!/nonexistent/interpreter\n"));
    let supervise = tree.supervise("web");
    let pid = actor.comes();
    supervise.wait_for_errors("check");
    web.wait_for(awaited());
    fs::write(web.file("check"), "#!/bin/sh\n").unwrap();
    web.wait_for(ready());
    assert_eq!(web.pid(), pid);
    assert_eq!(supervise.errors().lines().count(), 1, "{}", supervise.errors());
}

#[test]
fn a_service_that_it_never_calls_ready_is_late() {
    let tree = TestTree::new();
    let run = "exec sleep 1000";
    let web = tree.folder("web", |f| f.run(run).script("check", "exit 1").file("timeout-ready", "300ms\n"));
    let supervise = tree.supervise("web");
    supervise.wait_for_errors("not ready within 300 ms");
    web.wait_until("it is started again", |_| (detail(&web).starts >= 2).then_some(()));
}

#[test]
fn it_is_asked_again_by_the_next_supervise() {
    let tree = TestTree::new();
    let calls = tree.root().join("calls");
    let web = tree.folder("web", |f| f.run("exec sleep 1000").script("check", &at_call(1000, &calls)));
    let mut supervise = tree.supervise("web");
    web.wait_for(awaited());
    let pid = web.pid();
    supervise.signal(nix::sys::signal::Signal::SIGKILL);
    assert_eq!(supervise.wait(), Err(9));
    fs::write(web.file("check.new"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(web.file("check.new"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::rename(web.file("check.new"), web.file("check")).unwrap();
    let next = tree.supervise("web");
    web.wait_for(ready());
    assert_eq!(web.pid(), pid);
    web.wait_for(up_and("ready", |detail| detail.readiness != Readiness::Awaited));
    drop(next);
    drop(supervise);
}
