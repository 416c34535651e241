//! What comes while one looks: rotations, and files and folders that come and go.

use super::{Kept, follow, label, line, shown, wait_for};
use nix::sys::signal::Signal;
use std::fs;
use testkit::TestTree;

#[test]
fn a_line_is_shown_when_it_is_whole() {
    let tree = TestTree::new();
    let (web, db) = (Kept::new(&tree, "web"), Kept::new(&tree, "db"));
    for second in 1..=15 {
        web.add("current", line(second, &format!("before {second}")));
    }
    let running = follow(&tree, ["web", "db"]);
    wait_for(&tree, &running, &shown(15, "web  before 15"));
    web.add("current", label(16) + " to");
    db.add("current", line(17, "meanwhile"));
    wait_for(&tree, &running, &shown(17, "db   meanwhile"));
    web.add("current", "rn\n");
    wait_for(&tree, &running, &shown(16, "web  torn"));
    let mut wanted: String = (6..=15).map(|second| shown(second, &format!("web  before {second}"))).collect();
    wanted += &(shown(17, "db   meanwhile") + &shown(16, "web  torn"));
    assert_eq!(running.output(), wanted);
}

#[test]
fn a_file_that_was_current_is_read_to_its_end_whatever_becomes_of_its_name() {
    let tree = TestTree::new();
    let web = Kept::new(&tree, "web");
    web.add("current", line(1, "one"));
    let mut running = follow(&tree, ["web"]);
    wait_for(&tree, &running, "one\n");
    // It sleeps, and meanwhile there are rotations, the first file is removed, and a line goes on in the next file.
    running.signal(Signal::SIGSTOP);
    web.add("current", line(2, "two"));
    web.rotate(3);
    web.add("current", line(4, "four") + &label(5) + " five");
    web.rotate(5);
    web.add("current", " and more\n".to_owned() + &line(6, "six"));
    web.rotate(6);
    web.add("current", line(7, "seven"));
    fs::remove_file(web.0.join(format!("{}.s", label(3)))).unwrap();
    running.signal(Signal::SIGCONT);
    wait_for(&tree, &running, "seven\n");
    web.rotate(8);
    web.add("current", line(9, "nine"));
    wait_for(&tree, &running, "nine\n");
    let lines = ["one", "two", "four", "five and more", "six", "seven", "nine"];
    let wanted = lines.iter().zip([1, 2, 4, 5, 6, 7, 9]).map(|(text, second)| shown(second, text));
    assert_eq!(running.output(), wanted.collect::<String>());
    // INT ends it as it ends any program.
    running.signal(Signal::SIGINT);
    assert_eq!((running.wait(), running.errors().as_str()), (Err(2), ""));
}

#[test]
fn a_log_directory_that_comes_later_or_anew_is_taken_up() {
    let tree = TestTree::new();
    let running = follow(&tree, []);
    let elsewhere = tree.root().join("elsewhere");
    // First a service without a logger, then log/, log/main and the file, one by one.
    let web = tree.folder("web", |f| f);
    let db = Kept::new(&tree, "db");
    db.add("current", line(1, "one"));
    wait_for(&tree, &running, &shown(1, "db  one"));
    fs::create_dir(web.file("log")).unwrap();
    fs::create_dir(web.file("log/main")).unwrap();
    let main = Kept(web.file("log/main"));
    main.add("current", line(2, "two"));
    wait_for(&tree, &running, &shown(2, "web  two"));
    // Its last words before it is replaced, and the first ones after it.
    main.add("current", line(3, "three"));
    fs::rename(&main.0, &elsewhere).unwrap();
    fs::create_dir(&main.0).unwrap();
    main.add("current", line(4, "four"));
    wait_for(&tree, &running, &shown(4, "web  four"));
    // Another folder of that name.
    fs::remove_dir_all(tree.services().join("db")).unwrap();
    Kept::new(&tree, "db").add("current", line(5, "five"));
    wait_for(&tree, &running, &shown(5, "db   five"));
    let count = |text: &str| running.output().matches(text).count();
    assert_eq!(["one", "two", "three", "four", "five"].map(count), [1; 5], "{}", running.output());
}

/// A folder elsewhere, which the script names.
#[test]
fn a_directory_elsewhere_is_waited_for() {
    let tree = TestTree::new();
    let place = tree.root().join("var/log/web");
    tree.folder("web", |f| f.log(&format!("exec multilog t {}", place.display())));
    let running = follow(&tree, ["web"]);
    running.wait_for_errors(&format!(
        "svctl: warning: web has not logged anything yet: there is no {}\n",
        place.display()
    ));
    fs::create_dir_all(&place).unwrap();
    Kept(place).add("current", line(1, "one"));
    wait_for(&tree, &running, &shown(1, "one"));
}
