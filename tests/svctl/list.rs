//! The table, and the same as JSON.

use nix::sys::signal::Signal;
use serde_json::Value;
use std::fs::File;
use std::os::fd::AsFd;
use testkit::{Account, TestTree, account, down, failed, ours, resting, skip, supervised, theirs, up};

/// The row of a service, its columns divided by blanks.
fn row(table: &str, name: &str) -> Vec<String> {
    let row = table.lines().find(|line| line.split_whitespace().next() == Some(name));
    let row = row.unwrap_or_else(|| panic!("{name} in {table}"));
    row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
}

#[test]
fn each_state_has_its_words_and_a_trouble_its_reason() {
    let tree = TestTree::new();
    let _svscan = tree.svscan();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let once = tree.folder("once", |f| f.run("exit 3"));
    let broken = tree.folder("broken", |f| f.file("run", "#!/no/such/interpreter\n").mode("run", 0o755));
    let later = tree.folder("later", |f| f.run("exec sleep 1000").down());
    let needy = tree.folder("needy", |f| f.run("exec sleep 1000").file("needs", "later\n"));
    let silent = tree.folder("silent", |f| f.run("exec sleep 1000").file("notification-fd", "3"));
    tree.folder("shop@", |f| f.run("exec sleep 1000"));
    tree.folder("shop@10", |f| f);
    tree.folder("shop@9", |f| f);
    let ten = tree.service("shop@10");
    web.wait_for(up());
    silent.wait_for(up());
    ten.wait_for(up());
    later.wait_for(down());
    needy.wait_for(supervised());
    broken.wait_for(failed("no/such/interpreter"));
    once.wait_for(resting());
    let table = tree.svctl(["list"]).exits(0).errors("").output();
    let columns = "NAME STATE PID USER SINCE STARTS MEMORY CPU LAST END";
    assert_eq!(table.lines().next().unwrap().split_whitespace().collect::<Vec<_>>().join(" "), columns);
    assert_eq!(row(&table, "web")[1..3], ["up".to_owned(), web.pid().to_string()]);
    assert_eq!(row(&table, "silent")[1], "up, not ready");
    assert_eq!(row(&table, "later")[1], "down");
    assert_eq!(row(&table, "needy")[1], "waiting");
    assert!(table.contains("  it needs later, which is down\n"), "{table}");
    assert_eq!(row(&table, "broken")[1], "failed to start");
    assert!(table.contains("/no/such/interpreter"), "{table}");
    // Numbers in names by their value, and templates are no services.
    let names: Vec<&str> = table.lines().skip(1).filter(|line| !line.starts_with(' ')).collect();
    let shops: Vec<&str> = names.iter().filter(|line| line.starts_with("shop")).copied().collect();
    assert!(
        shops[0].starts_with("shop@9 ") && shops[1].starts_with("shop@10 ") && shops.len() == 2,
        "{table}"
    );
}

#[test]
fn names_and_patterns_choose() {
    let tree = TestTree::new();
    for name in ["web", "web@1", "db", "log"] {
        tree.folder(name, |f| f.run("exec sleep 1000").log("exec cat"));
    }
    tree.folder("web@", |f| f.run("exec sleep 1000"));
    let names = |arguments: &[&str]| -> Vec<String> {
        let ran = tree.tool(&ours("svctl")).env("SVDIR", tree.services()).arg("list").args(arguments).run();
        let table = ran.exits(0).errors("").output();
        table.lines().skip(1).map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&[]), ["db", "log", "web", "web@1"]);
    assert_eq!(names(&["web"]), ["web"]);
    assert_eq!(names(&["web/", "./db", "web"]), ["web", "db"], "as shells complete them, and each once");
    assert_eq!(names(&["web*"]), ["web", "web@1"]);
    assert_eq!(names(&["web@*"]), ["web@1"], "the template is no service");
    assert_eq!(names(&["*/log"]), ["db/log", "log/log", "web/log", "web@1/log"]);
    assert_eq!(names(&["web/log"]), ["web/log"]);
    let path = tree.services().join("db/");
    assert_eq!(names(&[path.to_str().unwrap()]), ["db"]);
    let ran = tree.svctl(["list", "db", "nosuch", "x*"]);
    ran.exits(97)
        .errors("svctl: warning: there is no service nosuch\nsvctl: warning: there is no service x*\n");
    assert!(ran.output().contains("\ndb "), "the others are shown");
}

#[test]
fn where_there_is_no_directory_it_is_said_what_to_do() {
    let tree = TestTree::new();
    let nowhere = tree.services().join("nowhere");
    let ran = tree.tool(&ours("svctl")).arg("-d").arg(&nowhere).arg("list").run();
    ran.exits(111).errors(format!(
        "svctl: fatal: unable to open the service directory {}: file does not exist\n",
        nowhere.display()
    ));
    let none = "there are no services yet; to make one: svctl new NAME --user USER --log -- COMMAND...\n";
    tree.svctl(["list"]).exits(0).prints(none).errors("");
}

#[test]
fn json_has_the_same_in_a_form_that_stays() {
    let tree = TestTree::new();
    let _svscan = tree.svscan();
    let web = tree.folder("web", |f| f.run("exec sleep 1000").log("exec cat"));
    let dies = tree.folder("dies", |f| f.run("kill -USR1 $$"));
    web.wait_for(up());
    web.log().wait_for(up());
    dies.wait_for(resting());
    let read = || -> Value { serde_json::from_slice(&tree.svctl(["list", "--json"]).stdout).unwrap() };
    let listing = read();
    assert_eq!(listing["service_directory"], tree.services().to_str().unwrap());
    let [dead, alive] = &listing["services"].as_array().unwrap()[..] else { panic!("{listing}") };
    let fields = [
        "cpu_seconds",
        "last_end",
        "leftovers",
        "log",
        "memory_bytes",
        "name",
        "next_start_seconds",
        "normally",
        "path",
        "pid",
        "processes",
        "ready",
        "reason",
        "says",
        "since_seconds",
        "starts",
        "state",
        "supervise_pid",
        "uid",
        "user",
        "wish",
    ];
    for service in [dead, alive, &alive["log"]] {
        let mut names: Vec<&String> = service.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, fields);
    }
    assert_eq!(
        (&alive["name"], &alive["state"], &alive["wish"]),
        (&"web".into(), &"up".into(), &"up".into())
    );
    assert_eq!((&alive["pid"], &alive["uid"]), (&web.pid().into(), &nix::unistd::geteuid().as_raw().into()));
    assert_eq!((&alive["processes"], &alive["starts"]), (&1.into(), &1.into()));
    assert!(
        alive["memory_bytes"].as_u64().unwrap() > 10_000 && alive["since_seconds"].as_f64().unwrap() >= 0.0
    );
    assert_eq!((&alive["last_end"], &alive["log"]["name"]), (&Value::Null, &"web/log".into()));
    assert_eq!((&dead["name"], &dead["last_end"]["signal"]), (&"dies".into(), &"SIGUSR1".into()));
    let man = include_str!("../../man/svctl.1");
    for field in fields {
        assert!(man.contains(&format!("Va {field}")), "{field} is documented");
    }
}

/// The whole tree is counted, a program that put itself in the background included.
#[test]
fn memory_and_processes_are_those_of_the_whole_tree() {
    let tree = TestTree::new();
    let beacon = tree.beacon("web");
    let _svscan = tree.svscan();
    let run = format!("sleep 1000 &\n(setsid sleep 1000 &)\n{}\nwait", beacon.say("all run"));
    let web = tree.folder("web", |f| f.run(&run).file("leftovers", "kill"));
    web.wait_for(up());
    assert_eq!(beacon.hear(), "all run");
    web.wait_until("three processes are counted", |_| {
        let listing: Value = serde_json::from_slice(&tree.svctl(["list", "--json"]).stdout).unwrap();
        (listing["services"][0]["processes"] == 3).then_some(())
    });
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let tree = TestTree::new();
    tree.folder("web", |f| f.run("exec sleep 1000"));
    let on_terminal = |name: &str, value: &str| {
        let pty = nix::pty::openpty(None, None).unwrap();
        let svctl =
            tree.tool(&ours("svctl")).env("SVDIR", tree.services()).env("TERM", "xterm").env(name, value);
        svctl.arg("list").stdout(File::from(pty.slave.try_clone().unwrap())).run().exits(0);
        let mut shown = [0; 4096];
        let length = nix::unistd::read(pty.master.as_fd(), &mut shown).unwrap();
        String::from_utf8_lossy(&shown[..length]).into_owned()
    };
    let coloured = on_terminal("TERM", "xterm");
    assert!(coloured.contains("\x1b[") && coloured.contains("not supervised"), "{coloured:?}");
    for plain in [on_terminal("NO_COLOR", "1"), on_terminal("TERM", "dumb"), tree.svctl(["list"]).output()] {
        assert!(!plain.contains('\x1b') && plain.contains("not supervised"), "{plain:?}");
    }
}

#[test]
fn watch_shows_what_happens() {
    let tree = TestTree::new();
    let _svscan = tree.svscan();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    web.wait_for(up());
    let svctl = tree.launch(&ours("svctl")).arg("-d").arg(tree.services()).arg("list").arg("--watch");
    let mut watching = svctl.start();
    let shows = |what: &str, state: &str| {
        web.wait_until(what, |_| {
            let output = watching.output();
            let last = output.split("\n\n").filter(|table| table.contains("NAME")).last()?.to_owned();
            (row(&last, "web").get(1)? == state).then_some(())
        });
    };
    shows("it is up", "up");
    tree.svc(["-d", "web"]);
    shows("it is down", "down");
    let _ = tree.folder("another", |f| f.run("exec sleep 1000").down());
    web.wait_until("another is shown", |_| watching.output().contains("\nanother ").then_some(()));
    watching.signal(Signal::SIGINT);
    assert_eq!(watching.wait(), Err(Signal::SIGINT as i32));
}

#[test]
fn the_supervise_of_daemontools_is_seen_as_well() {
    let Some(theirs) = theirs("supervise") else { return };
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let _supervise = tree.launch(&theirs).arg("web").stop_by_control(web.path()).start();
    web.wait_for(up());
    let table = tree.svctl(["list"]).exits(0).errors("").output();
    assert_eq!(row(&table, "web")[1..3], ["up".to_owned(), web.pid().to_string()]);
}

#[test]
fn who_may_not_look_is_told() {
    let tree = TestTree::new();
    if !testkit::is_root() {
        return skip("an account that may not look needs root");
    }
    let _svscan = tree.svscan();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    web.wait_for(up());
    let other: Account = account("upkeep-a");
    let ran = tree.tool(&ours("svctl")).env("SVDIR", tree.services()).arg("list").account(&other).run();
    let table = ran.exits(0).errors("").output();
    assert_eq!(row(&table, "web")[1], "unknown");
    assert!(table.contains("  unable to open supervise/ok: access denied\n"), "{table}");
}
