//! What is there, in the order of time.

use super::{Kept, label, line, logs, shown, svctl};
use std::fs::File;
use std::os::unix::fs::{FileExt, symlink};
use testkit::{TestTree, Tool, ours, wait_until};

#[test]
fn logs_are_merged_in_the_order_of_time_with_names_in_front() {
    let tree = TestTree::new();
    let web = Kept::new(&tree, "web");
    web.add(&format!("{}.s", label(3)), line(1, "one") + &line(3, "three"));
    web.add(&format!("{}.u", label(5)), line(5, "five"));
    web.add("current", line(7, "seven"));
    let db = Kept::new(&tree, "db-main");
    db.add("current", line(2, "two") + &line(4, "four") + &line(6, "six"));
    let all: String = [
        (1, "web      one"),
        (2, "db-main  two"),
        (3, "web      three"),
        (4, "db-main  four"),
        (5, "web      five"),
        (6, "db-main  six"),
        (7, "web      seven"),
    ]
    .map(|(second, text)| shown(second, text))
    .concat();
    logs(&tree, []).exits(0).prints(&all).errors("");
    let last = |count: usize| all.split_inclusive('\n').skip(7 - count).collect::<String>();
    for count in 0..=8_usize {
        logs(&tree, ["-n", &count.to_string()]).exits(0).prints(last(count.min(7)));
    }
    logs(&tree, ["--since", "2026-11-22 10:00:04"]).exits(0).prints(last(4));
    logs(&tree, ["--since", "2026-11-22T10:00:04Z", "-n2"]).exits(0).prints(last(2));
    logs(&tree, ["--since", "2026-11-22 10:00:06", "-n5"]).exits(0).prints(last(2));
    let own: String = [1, 3, 5, 7]
        .into_iter()
        .zip(["one", "three", "five", "seven"])
        .map(|(at, text)| shown(at, text))
        .collect();
    logs(&tree, ["web"]).exits(0).prints(&own).errors("");
    logs(&tree, ["web/log"]).exits(0).prints(&own).errors("");
    logs(&tree, ["web", "web/log/"]).exits(0).prints(&own).errors("");
    logs(&tree, ["web", "--names", "-n1"]).exits(0).prints(shown(7, "web  seven"));
}

#[test]
fn the_time_zone_is_the_callers() {
    let tree = TestTree::new();
    Kept::new(&tree, "web").add("current", line(0, "x"));
    let ran = |arguments: &[&str]| svctl(&tree, []).env("TZ", "UTC-5:30").args(arguments).run();
    ran(&["web"]).exits(0).prints("2026-11-22 15:30:00.500 x\n");
    ran(&["web", "--since", "2026-11-22 15:30:00"]).exits(0).prints("2026-11-22 15:30:00.500 x\n");
    ran(&["web", "--since", "2026-11-22 15:30:01"]).exits(0).prints("");
}

#[test]
fn nothing_reaches_a_terminal_that_it_would_obey() {
    let tree = TestTree::new();
    let web = Kept::new(&tree, "web");
    web.add("current", label(1))
        .add("current", b" a\tb\x1b[2J \xff\xc3\xa9\0\r\n")
        .add("current", label(2))
        .add("current", " \n");
    logs(&tree, ["web"]).exits(0).prints(shown(1, "a\tb\\x1b[2J \\xff\u{e9}\\x00\\x0d") + &shown(2, ""));
}

#[test]
fn long_lines_are_whole_and_lines_that_files_divide_are_one() {
    let tree = TestTree::new();
    let web = Kept::new(&tree, "web");
    let long = "x".repeat(700_000);
    web.add(&format!("{}.s", label(3)), line(1, "one") + &label(2) + " two, " + &long);
    web.add(&format!("{}.u", label(4)), format!("{long}, end\n{} cut sh", label(3)));
    web.add("current", line(5, "five") + &label(6) + " torn");
    let all = shown(1, "one")
        + &shown(2, &format!("two, {long}{long}, end"))
        + &shown(3, "cut sh")
        + &shown(5, "five");
    let ran = logs(&tree, ["web"]);
    // Of the pieces of a line that nobody can read, each is a line.
    let joined = String::from_utf8(ran.stdout.clone()).unwrap().replace(&format!("\n{}", " ".repeat(24)), "");
    assert!(joined == all.clone() + &shown(6, "torn"));
    let last = |count: &str| String::from_utf8(logs(&tree, ["web", "-n", count]).stdout).unwrap();
    assert_eq!(last("2"), shown(5, "five") + &shown(6, "torn"));
    assert_eq!(last("3"), shown(3, "cut sh") + &shown(5, "five") + &shown(6, "torn"));
    assert!(last("4").starts_with(&shown(2, "two, xxx")[..32]));
}

#[test]
fn lines_without_a_time_have_that_of_the_line_before_or_of_the_file() {
    let tree = TestTree::new();
    let web = Kept::new(&tree, "web");
    web.add(&format!("{}.s", label(3)), "finished\nat three\n");
    web.add("current", line(4, "four:") + "  more of it\n" + &line(6, "six"));
    Kept::new(&tree, "db").add("current", line(2, "two") + &line(3, "three") + &line(5, "five"));
    let all = [
        shown(2, "db   two"),
        "web  finished\nweb  at three\n".to_owned(),
        shown(3, "db   three"),
        shown(4, "web  four:"),
        format!("{:24}web    more of it\n", ""),
        shown(5, "db   five"),
        shown(6, "web  six"),
    ];
    // At the same time the first of the services comes first.
    let ran = logs(&tree, []);
    let text = String::from_utf8(ran.stdout).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let wanted = all.concat();
    let mut wanted: Vec<&str> = wanted.lines().collect();
    assert_eq!(lines[3..].iter().filter(|line| line.contains("web")).count(), 4, "{text}");
    assert_eq!(&lines[4..], &wanted[4..]);
    lines.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(lines, wanted);
    let last = logs(&tree, ["-n", "3"]);
    last.prints(all[4..].concat());
}

#[test]
fn svlogds_times_and_ours_are_all_read() {
    let tree = TestTree::new();
    let times = "2026-11-22_10:00:01.12345 one\n2026-11-22T10:00:02.12345 two\n1795341603.123456 three\n\
                 2026-11-22T10:00:04.123456789Z four\n";
    Kept::new(&tree, "web").add("current", times);
    let all = ["one", "two", "three", "four"]
        .iter()
        .zip(1..)
        .map(|(text, at)| format!("2026-11-22 10:00:0{at}.123 {text}\n"));
    logs(&tree, ["web"]).exits(0).prints(all.collect::<String>());
}

#[test]
fn what_is_no_log_is_passed_over_and_nothing_is_waited_for() {
    let tree = TestTree::new();
    let web = Kept::new(&tree, "web");
    let elsewhere = tree.root().join("elsewhere");
    std::fs::write(&elsewhere, line(1, "not in the log")).unwrap();
    symlink(&elsewhere, web.0.join(format!("{}.s", label(1)))).unwrap();
    nix::unistd::mkfifo(&web.0.join("current"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    nix::unistd::mkfifo(&web.0.join(format!("{}.s", label(2))), nix::sys::stat::Mode::S_IRWXU).unwrap();
    std::fs::create_dir(web.0.join(format!("{}.s", label(3)))).unwrap();
    symlink(&elsewhere, web.0.join("previous")).unwrap();
    web.add("@not a label but long enough.s", line(4, "nor this")).add("lock", line(5, "nor that"));
    web.add(&format!("{}.t", label(6)), line(6, "half of what svlogd's processor writes"));
    web.add(&format!("{}.s", label(7)), line(7, "this"));
    logs(&tree, ["web"]).exits(0).prints(shown(7, "this")).errors("");
    logs(&tree, ["web", "-n9"]).exits(0).prints(shown(7, "this")).errors("");
}

#[test]
fn compressed_files_are_told_of() {
    let tree = TestTree::new();
    let web = Kept::new(&tree, "web");
    for second in [1, 2] {
        let plain = web.0.join(format!("{}.s", label(second)));
        std::fs::write(&plain, line(second, "x")).unwrap();
        let gzip = Tool::new("/bin/gzip".as_ref()).arg(&plain).run();
        gzip.exits(0);
    }
    web.add("current", line(3, "three"));
    let main = web.0.display().to_string();
    let said =
        format!("svctl: warning: web: older files are compressed and not shown: look for them in {main}\n");
    for arguments in [&["web"][..], &["web", "-n3"]] {
        let ran = svctl(&tree, []).args(arguments).run();
        ran.exits(0).prints(shown(3, "three"));
        let errors = String::from_utf8_lossy(&ran.stderr);
        assert!(errors.is_empty() || errors.contains("compressed"), "{errors}");
        if arguments.len() == 1 {
            assert!(errors.contains("compressed and not shown"), "{errors}\n{said}");
        }
    }
}

/// The last lines do not cost what is before them: a limit of processor time would end it.
#[test]
fn the_last_lines_of_a_huge_file_are_found_from_its_end() {
    let tree = TestTree::new();
    let web = Kept::new(&tree, "web");
    let file = File::create(web.0.join("current")).unwrap();
    let lines: String = (1..=5).map(|second| line(second, "x")).collect();
    if file.write_all_at(format!("\n{lines}").as_bytes(), 1 << 40).is_err() {
        testkit::skip("the file system does not take a file of a terabyte with nothing in it");
        return;
    }
    let svctl = ours("svctl");
    let run = |options: &str| {
        let script = format!("ulimit -t 5; exec '{}' logs web {options}", svctl.display());
        Tool::new("/bin/sh".as_ref())
            .args(["-c", &script])
            .env("SVDIR", tree.services())
            .env("TZ", "UTC0")
            .run()
    };
    let last = |first: u64| (first..=5).map(|second| shown(second, "x")).collect::<String>();
    run("-n3").exits(0).prints(last(3));
    run("--since '2026-11-22 10:00:03'").exits(0).prints(last(3));
}

#[test]
fn a_bad_call_is_told_with_examples() {
    let tree = TestTree::new();
    Kept::new(&tree, "web").add("current", line(1, "x"));
    for bad in ["soon", "2026-02-30", "10"] {
        let ran = logs(&tree, ["--since", bad]);
        ran.exits(100).prints("");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(
            said.starts_with(&format!(
                "svctl: fatal: unable to understand --since {bad}: write how long ago"
            )),
            "{said}"
        );
    }
    logs(&tree, ["-n", "x"]).exits(100);
    logs(&tree, ["nothing"]).exits(97).prints("").errors("svctl: warning: there is no service nothing\n");
    logs(&tree, ["nothing", "web"]).exits(97).prints(shown(1, "x"));
}

/// `status` and others show the last lines as well.
#[test]
fn a_reader_that_goes_away_ends_it() {
    let tree = TestTree::new();
    let web = Kept::new(&tree, "web");
    web.add("current", (1..200_000).map(|_| line(1, "a line")).collect::<String>());
    let (reader, writer) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
    drop(reader);
    let ran = svctl(&tree, ["web"]).stdout(writer).run();
    assert_eq!(ran.end, Err(libc::SIGPIPE));
    let (reader, writer) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
    let mut tool = svctl(&tree, ["-f", "web", "-n1"]).stdout(writer);
    let mut child = tool.command().spawn().unwrap();
    drop(tool);
    let mut first = [0; 10];
    nix::unistd::read(&reader, &mut first).unwrap();
    drop(reader);
    // Nothing more is ever written, and it ends all the same.
    wait_until("it has ended", &[], || child.try_wait().unwrap());
}
