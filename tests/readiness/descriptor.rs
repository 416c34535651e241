//! `notification-fd`, as s6 has it: a line on that descriptor.

use super::{Actor, awaited, pass_the_time, ready, ready_since};
use std::fs;
use std::path::Path;
use testkit::{TestTree, account, down, failed, needs_root, process, skip, up, wait_until};

#[test]
fn a_line_is_readiness_whenever_it_comes_and_whatever_is_in_it() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notification-fd", "5\n"));
    let supervise = tree.supervise("web");
    let pid = actor.comes();
    web.wait_for(awaited());
    assert!(tree.svstat("web").ends_with(", not ready"), "{}", tree.svstat("web"));
    actor.does("write 5 not");
    pass_the_time(&tree, &web);
    web.wait_for(awaited());
    actor.does("write 5  yet|and more");
    web.wait_for(ready());
    assert!(ready_since(&web) > web.status().unwrap().since);
    let said = tree.svstat("web");
    assert!(
        said.starts_with(&format!("web: up (pid {pid}) ")) && said.contains(" seconds, ready "),
        "{said}"
    );
    // Whatever it writes then is its own affair.
    let since = ready_since(&web);
    actor.does("write 5 again|");
    pass_the_time(&tree, &web);
    assert_eq!((ready_since(&web), web.pid()), (since, pid));
    tree.svc(["-t", "web"]);
    assert_ne!(actor.comes(), pid);
    web.wait_for(awaited());
    assert_eq!(supervise.errors(), "");
}

#[test]
fn it_is_the_only_descriptor_beside_the_standard_three() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let listed = "echo $(ls /proc/self/fd | grep -v '^3$') >";
    let web = tree.folder("web", |f| {
        let path = tree.root().display();
        f.run(&format!("{beacon}\nexec sleep 1000")).file("notification-fd", "7").script(
            "finish",
            &format!("{listed}'{path}/finish.part'; mv '{path}/finish.part' '{path}/finish'"),
        )
    });
    let _supervise = tree.supervise("web");
    let pid = beacon.next().pid;
    web.wait_for(up());
    let open = wait_until("sleep has begun", &[], || {
        (process::name(pid)? == "sleep").then(|| process::descriptors(pid))
    });
    let numbers: Vec<u32> = open.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [0, 1, 2, 7], "{open:?}");
    assert!(open[3].1.to_string_lossy().starts_with("pipe:"), "{open:?}");
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    // What ls itself opens is descriptor 3.
    assert_eq!(fs::read_to_string(tree.root().join("finish")).unwrap(), "0 1 2\n");
}

#[test]
fn closed_without_a_word_it_is_never_ready_and_supervise_rests() {
    let tree = TestTree::new();
    let actor = Actor::new(&tree, "web");
    let web = tree.folder("web", |f| f.run(&actor.exec()).file("notification-fd", "3"));
    let supervise = tree.supervise("web");
    actor.comes();
    actor.does("write 3 never");
    actor.does("close 3");
    pass_the_time(&tree, &web);
    wait_until("supervise waits", &[], || (process::state(supervise.pid()) == Some('S')).then_some(()));
    web.wait_for(awaited());
    assert_eq!(supervise.errors(), "");
}

#[test]
fn what_is_no_descriptor_is_not_started_and_the_cure_is_heeded() {
    for value in ["", "\n", "2\n", "0", "1024", "five", "-3", "3.5", "0x5", "5 6", "99999999999999999999"] {
        let tree = TestTree::new();
        let web = tree.folder("web", |f| f.run("exec sleep 1000").file("notification-fd", value));
        let supervise = tree.supervise("web");
        web.wait_for(failed("notification-fd"));
        assert!(web.status().unwrap().pid.is_none(), "{value:?}");
        assert!(tree.svstat("web").contains("not started: "), "{value:?}");
        supervise.wait_for_errors("unable to start web: ");
        assert!(supervise.errors().contains("notification-fd"), "{}", supervise.errors());
        if value == "2\n" {
            fs::write(web.file("notification-fd"), "4\n").unwrap();
            web.wait_for(awaited());
            web.wait_for(up());
        }
    }
}

#[test]
fn one_that_cannot_be_read_is_not_taken_for_absent() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000").directory("notification-fd"));
    let _supervise = tree.supervise("web");
    web.wait_for(failed("notification-fd"));
}

#[test]
fn one_that_is_a_listening_socket_is_not_started() {
    let tree = TestTree::new();
    let [one, other] = ["one", "other"].map(|name| tree.root().join(name).display().to_string());
    let web = tree.folder("web", |f| {
        f.run("echo 1 >&5\nexec sleep 1000")
            .file("listen", format!("{one}\n{other}\n"))
            .file("notification-fd", "4\n")
    });
    let _supervise = tree.supervise("web");
    web.wait_for(failed("notification-fd"));
    fs::write(web.file("notification-fd"), "5\n").unwrap();
    web.wait_for(ready());
}

#[test]
fn it_reaches_the_service_through_its_account() {
    if !needs_root() {
        return;
    }
    let tree = TestTree::new();
    let a = account("upkeep-a");
    let actor = Actor::new(&tree, "web");
    let web =
        tree.folder("web", |f| f.run(&actor.exec()).user(&a.name).env("X", "y").file("notification-fd", "9"));
    let _supervise = tree.supervise("web");
    let pid = actor.comes();
    web.wait_for(awaited());
    actor.does("write 9 |");
    web.wait_for(ready());
    assert_eq!(process::uids(pid).unwrap()[0], a.uid);
}

#[test]
fn a_template_has_it_for_its_instances() {
    let tree = TestTree::new();
    let template = tree.folder("web@", |f| f.run("echo >&6\nexec sleep 1000").file("notification-fd", "6"));
    assert!(template.path().exists());
    let web = tree.folder("web@1", |f| f);
    let _supervise = tree.supervise("web@1");
    web.wait_for(ready());
}

#[test]
fn programs_of_s6_become_ready_by_it() {
    if !Path::new("/usr/bin/s6-log").exists() {
        return skip("it needs s6-log of Debian's package s6");
    }
    let tree = TestTree::new();
    let web = tree.folder("web", |f| {
        f.run("exec s6-log -d 4 t ./kept <>./lines")
            .fifo("lines")
            .directory("kept")
            .file("notification-fd", "4\n")
    });
    let supervise = tree.supervise("web");
    web.wait_for(ready());
    assert_eq!(supervise.errors(), "");
}
