//! Where a service's log is.

use super::{Kept, follow, line, logs, shown, svctl, wait_for};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use testkit::{Folder, TestTree, account, needs_root, up};

/// A service that writes these words, a line each, and then stays.
fn says(f: Folder, words: &str) -> Folder {
    f.run(&format!("printf '%s\\n' {words}\nexec sleep 1000"))
}

/// What the lines say, without their time.
fn texts(output: &str) -> Vec<&str> {
    output.lines().map(|line| &line[24..]).collect()
}

#[test]
fn services_that_run_are_followed_as_they_come() {
    let tree = TestTree::new();
    let running = follow(&tree, []);
    let svscan = tree.svscan();
    let web = tree.folder("web", |f| says(f, "one two").directory("log"));
    wait_for(&tree, &running, " web  one\n");
    tree.folder("job@", |f| f.run("echo \"I am $INSTANCE\"\nexec sleep 1000").directory("log"));
    let job = tree.folder("job@7", |f| f);
    wait_for(&tree, &running, " job@7  I am 7\n");
    let own = tree.folder("own", |f| {
        says(f, "mine").log(&format!("exec '{}' t ./kept", testkit::ours("multilog").display()))
    });
    wait_for(&tree, &running, "  mine\n");
    for service in [&web, &job, &own] {
        service.log().wait_for(up());
    }
    let ran = logs(&tree, ["job@*"]);
    assert_eq!(texts(&String::from_utf8(ran.stdout).unwrap()), ["I am 7"]);
    assert_eq!(texts(&running.output()), ["web  one", "web  two", "job@7  I am 7", "own    mine"]);
    svscan.stop();
}

/// The script says it only to who runs it.
#[test]
fn a_logger_that_runs_is_asked() {
    let tree = TestTree::new();
    let svscan = tree.svscan();
    let place = tree.root().join("place");
    fs::create_dir(&place).unwrap();
    let multilog = testkit::ours("multilog");
    let script =
        format!("where={}\ncd \"$where\"\n'{}' t ./kept &\nwait", place.display(), multilog.display());
    let web =
        tree.folder("web", |f| says(f, "one").log(&format!("exec 3<&0\n{}", script.replace(" &", " <&3 &"))));
    testkit::wait_until("it is logged", &[&place, &place.join("kept")], || {
        fs::read_to_string(place.join("kept/current")).ok()?.ends_with("one\n").then_some(())
    });
    web.log().wait_for(up());
    let ran = logs(&tree, ["web"]);
    ran.exits(0).errors("");
    assert_eq!(texts(&String::from_utf8(ran.stdout).unwrap()), ["one"]);
    svscan.stop();
    let ran = logs(&tree, ["web"]);
    ran.exits(111).prints("").errors(
        "svctl: warning: unable to find the log of web: its log/run names no directory of multilog or svlogd, and no such logger \
         that runs can be asked\n",
    );
}

#[test]
fn several_directories_of_a_script_are_told_apart() {
    let tree = TestTree::new();
    let elsewhere = tree.root().join("errors");
    fs::create_dir(&elsewhere).unwrap();
    let script = format!("exec multilog t ./all '-*' '+* error: *' {}", elsewhere.display());
    let web = tree.folder("web", |f| f.log(&script).directory("log/all"));
    Kept(web.file("log/all")).add("current", line(1, "one") + &line(2, "error: two"));
    Kept(elsewhere).add("current", line(2, "error: two"));
    let wanted = shown(1, "one") + &shown(2, "error: two").repeat(2);
    logs(&tree, ["web"]).exits(0).prints(wanted).errors("");
    let wanted = shown(1, "web:all     one")
        + &shown(2, "web:all     error: two")
        + &shown(2, "web:errors  error: two");
    logs(&tree, ["web", "--names"]).exits(0).prints(wanted).errors("");
}

#[test]
fn what_cannot_be_found_is_told_and_the_others_are_shown() {
    let tree = TestTree::new();
    Kept::new(&tree, "web").add("current", line(1, "one"));
    tree.folder("bare", |f| f);
    tree.folder("new", |f| f.directory("log"));
    tree.folder("other", |f| f.log("exec cat >>../out"));
    let no_place = "svctl: warning: unable to find the log of other: its log/run names no directory of multilog or svlogd, and no \
                    such logger that runs can be asked\n";
    let main = tree.services().join("new/log/main");
    let not_yet =
        format!("svctl: warning: new has not logged anything yet: there is no {}\n", main.display());
    logs(&tree, []).exits(111).prints(shown(1, "one")).errors(not_yet.clone() + no_place);
    logs(&tree, ["new", "web"]).exits(0).prints(shown(1, "one")).errors(not_yet);
    let ran = logs(&tree, ["bare"]);
    ran.exits(111).prints("").errors(
        "svctl: warning: unable to find the log of bare: it has no logger: make a folder log in its folder, and restart it\n",
    );
}

#[test]
fn who_may_not_read_it_is_told_who_may() {
    if !needs_root() {
        return;
    }
    let (alice, bob) = (account("upkeep-a"), account("upkeep-b"));
    let tree = TestTree::new();
    let (web, db) = (Kept::new(&tree, "web"), Kept::new(&tree, "db"));
    web.add("current", line(1, "one"));
    db.add("current", line(2, "two"));
    for (kept, owner) in [(&web, &alice), (&db, &bob)] {
        owner.own(&kept.0);
        fs::set_permissions(&kept.0, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let said = format!(
        "svctl: warning: unable to read the log of db: only the account that it belongs to, and root, may look into {}\n",
        db.0.display()
    );
    svctl(&tree, []).account(&alice).run().exits(95).prints(shown(1, "one")).errors(&said);
    svctl(&tree, ["db"]).account(&alice).run().exits(95).prints("").errors(&said);
    svctl(&tree, ["web"]).account(&alice).run().exits(0).prints(shown(1, "one")).errors("");
}

/// Root does not follow a service's account to where that could not look itself.
#[test]
fn a_link_is_followed_where_its_maker_owns_what_it_leads_to() {
    if !needs_root() {
        return;
    }
    let alice = account("upkeep-a");
    let tree = TestTree::new();
    let elsewhere = Kept(tree.root().join("elsewhere"));
    fs::create_dir(&elsewhere.0).unwrap();
    elsewhere.add("current", line(1, "one"));
    let web = tree.folder("web", |f| f.directory("log"));
    let link = web.file("log/main");
    symlink(&elsewhere.0, &link).unwrap();
    logs(&tree, ["web"]).exits(0).prints(shown(1, "one")).errors("");
    std::os::unix::fs::lchown(&link, Some(alice.uid), Some(alice.gid)).unwrap();
    let said = format!(
        "svctl: warning: unable to read the log of web: unable to open {}: it is a link that somebody else made or can exchange\n",
        link.display()
    );
    logs(&tree, ["web"]).exits(111).prints("").errors(said);
    alice.own(&elsewhere.0);
    logs(&tree, ["web"]).exits(0).prints(shown(1, "one")).errors("");
}
