//! What is needed becomes ready, sooner or later, and who needs it starts then.

use super::{Gate, sleeps_until_told, slow, supervise, waiters, waiting, waits_for};
use protocol::status::Want;
use std::fs;
use testkit::{TestTree, down, status, up};

#[test]
fn a_chain_starts_link_by_link_as_each_becomes_ready_in_its_own_way() {
    const NOTIFY: &str = r#"exec python3 -c '
import os, socket, time
address = os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1)
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", address)
time.sleep(1000)'"#;
    let tree = TestTree::new();
    let [disk_gate, web_gate] = ["disk", "web"].map(|name| Gate::new(&tree, name));
    let [disk, db, web, front] = ["disk", "db", "web", "front"].map(|name| tree.beacon(name));
    tree.folder("disk", |f| slow(f, &disk_gate, &disk.to_string()));
    let with_check = |f: testkit::Folder| f.script("check", "exec test -e ready").file("needs", "disk\n");
    let db_folder = tree.folder("db", |f| with_check(f).run(&format!("{db}\nexec sleep 1000")));
    let run = format!("{web}\n{}\n{NOTIFY}", web_gate.wait());
    let web_folder = tree.folder("web", |f| f.file("needs", "db\n").file("notify-socket", "").run(&run));
    let front_folder =
        tree.folder("front", |f| f.file("needs", "web\n").run(&format!("{front}\nexec sleep 1000")));
    let svscan = tree.svscan();

    let _ = disk.next();
    for (waits, what) in [(&db_folder, "disk"), (&web_folder, "db"), (&front_folder, "web")] {
        waits_for(&tree, waits, what);
    }
    assert!(db.told().is_none(), "up is not ready");
    disk_gate.open();
    let _ = db.next();
    waits_for(&tree, &web_folder, "db");
    assert!(web.told().is_none());
    fs::write(db_folder.file("ready"), "").unwrap();
    let _ = web.next();
    waits_for(&tree, &front_folder, "web");
    assert!(front.told().is_none());
    web_gate.open();
    let _ = front.next();
    for service in [&db_folder, &web_folder, &front_folder] {
        service.wait_for(up());
    }
    assert_eq!([&db_folder, &web_folder].map(waiters), [0, 0], "nobody waits any more");
    assert_eq!(svscan.errors(), "");
}

#[test]
fn where_nothing_says_readiness_to_be_up_is_enough() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let db = tree.folder("db", |f| f.down().run("exec sleep 1000"));
    let web = tree.folder("web", |f| {
        f.file("needs", "# the database\n\n db \n").run(&format!("{beacon}\nexec sleep 1000"))
    });
    let _svscan = tree.svscan();
    waits_for(&tree, &web, "db, which is down");
    sleeps_until_told(supervise(&web));
    tree.svc(["-u", "db"]);
    let _ = beacon.next();
    db.wait_for(up());
    web.wait_for(up());
    // It is looked at before each start.
    tree.svc(["-d", "db"]);
    db.wait_for(down());
    tree.svc(["-t", "web"]);
    waits_for(&tree, &web, "db, which is down");
    tree.svc(["-u", "db"]);
    let _ = beacon.next();
    assert!(beacon.told().is_none());
}

#[test]
fn one_that_comes_later_is_noticed_and_was_not_looked_for() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let run = format!("{beacon}\nexec sleep 1000");
    let web = tree.folder("web", |f| f.file("needs", "db\n").run(&run));
    let _svscan = crate::svscan::watching(tree.svscan());
    waits_for(&tree, &web, "db, which does not exist");
    sleeps_until_told(supervise(&web));
    let gate = Gate::new(&tree, "db");
    let db = tree.folder("db", |f| slow(f, &gate, ""));
    waits_for(&tree, &web, "db");
    // It goes before it was ready, and another one comes.
    fs::rename(db.path(), tree.root().join("gone")).unwrap();
    waits_for(&tree, &web, "db, which does not exist");
    sleeps_until_told(supervise(&web));
    tree.folder("db", |f| f.run("exec sleep 1000"));
    let _ = beacon.next();
    assert!(beacon.told().is_none());
}

#[test]
fn a_folder_without_run_is_waited_for_until_it_has_one() {
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.file("needs", "db\n").run("exec sleep 1000"));
    let db = tree.folder("db", |f| f);
    let _svscan = crate::svscan::watching(tree.svscan());
    waits_for(&tree, &web, "db, which is not supervised");
    sleeps_until_told(supervise(&web));
    let run = tree.folder(".run", |f| f.run("exec sleep 1000"));
    fs::rename(run.file("run"), db.file("run")).unwrap();
    web.wait_for(up());
}

#[test]
fn an_instance_needs_what_its_template_says_for_it() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    tree.folder("web@", |f| f.file("needs", "db@$INSTANCE\n").run(&format!("{beacon}\nexec sleep 1000")));
    let [one, two] = ["1", "2"].map(|number| tree.folder(&format!("web@{number}"), |f| f));
    let own = tree.folder("web@3", |f| f.file("needs", "only-$INSTANCE\n"));
    let _svscan = crate::svscan::watching(tree.svscan());
    waits_for(&tree, &one, "db@1, which does not exist");
    waits_for(&tree, &two, "db@2, which does not exist");
    waits_for(&tree, &own, "only-3, which does not exist");
    tree.folder("db@2", |f| f.run("exec sleep 1000"));
    assert_eq!(beacon.next().environment["INSTANCE"], "2");
    waits_for(&tree, &one, "db@1, which does not exist");
}

#[test]
fn a_logger_has_needs_of_its_own() {
    let tree = TestTree::new();
    let beacon = tree.beacon("log");
    let logger = format!("read -r line\n{}\nexec cat", beacon.say("written").replace('\'', "\""));
    let web =
        tree.folder("web", |f| f.run("echo line\nexec sleep 1000").log(&logger).file("log/needs", "db\n"));
    let gate = Gate::new(&tree, "db");
    tree.folder("db", |f| slow(f, &gate, ""));
    let _svscan = tree.svscan();
    web.wait_for(up());
    waits_for(&tree, &web.log(), "db");
    gate.open();
    assert_eq!(beacon.hear(), "written", "what waited in the pipe");
}

#[test]
fn while_it_waits_it_obeys() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let gate = Gate::new(&tree, "db");
    let db = tree.folder("db", |f| slow(f, &gate, ""));
    let web = tree.folder("web", |f| f.file("needs", "db\n").run(&format!("{beacon}\nexec sleep 1000")));
    let _svscan = tree.svscan();
    waits_for(&tree, &web, "db");
    assert_eq!(waiters(&db), 1);
    tree.svc(["-d", "web"]);
    web.wait_for(down());
    db.wait_until("nobody waits for it", |db| (waiters(db) == 0).then_some(()));
    for command in ["-u", "-o"] {
        tree.svc([command, "web"]);
        waits_for(&tree, &web, "db");
    }
    web.wait_for(status("wanted once", |status| status.want == Want::Once));
    let first = supervise(&web);
    tree.svc(["-x", "web"]);
    web.wait_until("another supervise waits", |web| {
        let other = web.status()?.detail?.supervise?.pid.get();
        (other != first).then_some(())
    });
    web.wait_for(waiting("db"));
    assert!(beacon.told().is_none());
    gate.open();
    let _ = beacon.next();
}

#[test]
fn who_runs_is_not_touched_when_what_it_needs_starts_anew() {
    let tree = TestTree::new();
    let [db_starts, web_starts] = ["db", "web"].map(|name| tree.beacon(name));
    let db = tree.folder("db", |f| f.run(&format!("{db_starts}\nexec sleep 1000")));
    let web = tree.folder("web", |f| f.file("needs", "db\n").run(&format!("{web_starts}\nexec sleep 1000")));
    let _svscan = tree.svscan();
    let pid = web_starts.next().pid;
    let _ = db_starts.next();
    tree.svc(["-k", "db"]);
    let _ = db_starts.next();
    tree.svc(["-d", "db"]);
    db.wait_for(down());
    web.wait_for(up());
    assert_eq!(web.pid(), pid);
    assert!(web_starts.told().is_none());
}
