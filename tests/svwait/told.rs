//! What ends the waiting: a test plays supervise, so each record and each letter comes when it is to.

use super::*;
use nix::sys::signal::Signal;
use protocol::process::{Boot, Mark, ProcessId};
use protocol::status::Leaving;

/// An option, a record at the beginning, one that does not end it with its letters, and one that does.
type Case = (&'static str, Status, (Status, &'static str), (Status, &'static str));

#[test]
fn each_option_ends_at_its_own_event_and_not_before() {
    let cases: [Case; 6] = [
        ("-u", down(), (finishing(), "sUD"), (not_ready(up()), "u")),
        ("-U", down(), (not_ready(up()), "su"), (ready(up()), "U")),
        ("-d", not_ready(up()), (ready(up()), "sU"), (finishing(), "d")),
        ("-D", up(), (finishing(), "d"), (down(), "D")),
        ("-r", up(), (record(Phase::Resting, 0, 1), "dD"), (not_ready(up_again()), "u")),
        ("-R", ready(up()), (not_ready(up_again()), "dDu"), (ready(up_again()), "U")),
    ];
    for (option, first, (other, unheeded), (last, letters)) in cases {
        let tree = TestTree::new();
        let web = Played::new(&tree, "web");
        web.becomes(&first, "");
        let mut waiting = svwait(&tree, [option, "web"]);
        until_waiting(web.service(), 1);
        // `-u` and `-D` would believe the letters `U` and `D` of another service's; these do not end it.
        let unheeded: String = unheeded.chars().filter(|letter| !option.ends_with(*letter)).collect();
        web.becomes(&other, &unheeded);
        web.tells("s");
        still_waits(&waiting, web.service());
        web.becomes(&last, letters);
        assert_eq!(waiting.wait(), Ok(0), "{option}");
        assert_eq!(waiting.errors(), "", "{option}");
        assert_eq!(waiters(web.service()), [""; 0], "its FIFO is gone");
    }
}

#[test]
fn what_is_so_already_is_not_waited_for() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    let call = |option: &str| call(&tree, ["-t", "1", option, "web"]).run().end;
    let held = |status: Status| {
        web.becomes(&status, "");
        ["-u", "-U", "-d", "-D", "-r", "-R"].map(|option| call(option) == Ok(0))
    };
    assert_eq!(held(not_ready(up())), [true, false, false, false, false, false]);
    assert_eq!(held(ready(up())), [true, true, false, false, false, false]);
    assert_eq!(held(finishing()), [false, false, true, false, false, false]);
    assert_eq!(held(down()), [false, false, true, true, false, false]);
    assert_eq!(held(record(Phase::Waiting, 0, 1)), [false, false, true, true, false, false]);
    assert_eq!(held(record(Phase::Starting, 7, 1)), [false; 6]);
}

#[test]
fn without_an_option_it_waits_until_it_is_up() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    web.becomes(&not_ready(up()), "");
    call(&tree, ["web"]).run().exits(0).prints("").errors("");
}

/// Down only for a moment: the record says that it is up again before anybody could look.
#[test]
fn what_was_only_for_a_moment_has_been() {
    for (option, letters) in [("-d", "du"), ("-D", "dDu"), ("-u", "ud"), ("-U", "uUd")] {
        let tree = TestTree::new();
        let web = Played::new(&tree, "web");
        let same = if option.eq_ignore_ascii_case("-d") { not_ready(up()) } else { finishing() };
        web.becomes(&same, "");
        let mut waiting = svwait(&tree, [option, "web"]);
        until_waiting(web.service(), 1);
        web.tells(letters);
        assert_eq!(waiting.wait(), Ok(0), "{option}");
    }
}

#[test]
fn one_that_nothing_says_ready_is_told_and_counts_when_it_is_up() {
    for option in ["-U", "-R"] {
        let tree = TestTree::new();
        let web = Played::new(&tree, "web");
        web.becomes(&down(), "");
        let mut waiting = svwait(&tree, [option, "web"]);
        until_waiting(web.service(), 1);
        web.becomes(&up(), "u");
        assert_eq!(waiting.wait(), Ok(0));
        assert_eq!(
            waiting.errors(),
            "svwait: warning: nothing says when web is ready: it counts as soon as it is up\n"
        );
    }
}

#[test]
fn all_are_waited_for_or_one() {
    let tree = TestTree::new();
    let (web, db) = (Played::new(&tree, "web"), Played::new(&tree, "db"));
    web.becomes(&down(), "");
    db.becomes(&down(), "");
    let mut all = svwait(&tree, ["-o", "-a", "web", "db"]);
    let mut one = svwait(&tree, ["-a", "-o", "web", "db"]);
    until_waiting(web.service(), 2);
    until_waiting(db.service(), 2);
    db.becomes(&up(), "u");
    assert_eq!(one.wait(), Ok(0));
    until_waiting(web.service(), 1);
    still_waits(&all, db.service());
    // Down again before the other one is up: they are not up together.
    db.becomes(&down(), "dD");
    still_waits(&all, db.service());
    web.becomes(&up(), "u");
    still_waits(&all, web.service());
    db.becomes(&up_again(), "u");
    assert_eq!(all.wait(), Ok(0));
    assert_eq!((all.errors(), one.errors()), (String::new(), String::new()));
}

#[test]
fn each_of_several_is_restarted_in_its_own_time() {
    let tree = TestTree::new();
    let (web, db) = (Played::new(&tree, "web"), Played::new(&tree, "db"));
    web.becomes(&up(), "");
    db.becomes(&up(), "");
    let mut all = svwait(&tree, ["-r", "web", "db"]);
    until_waiting(db.service(), 1);
    web.becomes(&down(), "dD");
    web.becomes(&up_again(), "u");
    still_waits(&all, web.service());
    db.becomes(&down(), "dD");
    db.becomes(&up_again(), "u");
    assert_eq!(all.wait(), Ok(0));
}

#[test]
fn a_service_that_failed_for_good_is_counted_when_the_rest_has_come() {
    let tree = TestTree::new();
    let played = ["web", "db", "mail"].map(|name| Played::new(&tree, name));
    for service in &played {
        service.becomes(&down(), "");
    }
    let [web, db, mail] = &played;
    let mut up_wanted = svwait(&tree, ["web", "db", "mail"]);
    let mut down_wanted = svwait(&tree, ["-r", "-D", "mail"]);
    assert_eq!(down_wanted.wait(), Ok(0));
    until_waiting(mail.service(), 1);
    web.tells("O");
    db.tells("O");
    still_waits(&up_wanted, db.service());
    mail.becomes(&up(), "u");
    assert_eq!(up_wanted.wait(), Ok(2));
    assert_eq!(
        up_wanted.errors(),
        "svwait: fatal: finish has said that it is not to be started again: web, db\n"
    );
}

#[test]
fn to_one_that_wants_it_down_a_permanent_failure_is_nothing() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    web.becomes(&up(), "");
    let mut waiting = svwait(&tree, ["-D", "web"]);
    until_waiting(web.service(), 1);
    web.becomes(&finishing(), "dO");
    still_waits(&waiting, web.service());
    web.becomes(&down(), "D");
    assert_eq!(waiting.wait(), Ok(0));
}

#[test]
fn a_supervise_that_leaves_on_purpose_is_not_waited_for() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    web.becomes(&up(), "");
    let mut up_wanted = svwait(&tree, ["-r", "web"]);
    let mut down_wanted = svwait(&tree, ["-D", "web"]);
    until_waiting(web.service(), 2);
    let mut left = down();
    left.detail.as_mut().unwrap().leaving = Leaving::Left;
    web.becomes(&left, "dDx");
    assert_eq!(up_wanted.wait(), Ok(102));
    assert_eq!(up_wanted.errors(), "svwait: fatal: its supervise has left: web\n");
    assert_eq!(down_wanted.wait(), Ok(0), "it is down");
}

#[test]
fn three_hundred_end_at_one_event() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    web.becomes(&down(), "");
    let waiting = many(&tree, 300, ["web"]);
    until_waiting(web.service(), 300);
    web.becomes(&up(), "u");
    assert_eq!(failures(waiting), []);
    assert_eq!(waiters(web.service()), [""; 0]);
}

#[test]
fn the_fifo_of_one_that_was_killed_is_removed_by_the_next_event() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    web.becomes(&down(), "");
    let mut killed = svwait(&tree, ["web"]);
    let mut stopped = svwait(&tree, ["web"]);
    until_waiting(web.service(), 2);
    stopped.signal(Signal::SIGSTOP);
    killed.signal(Signal::SIGKILL);
    assert_eq!(killed.wait(), Err(Signal::SIGKILL as i32));
    assert_eq!(waiters(web.service()).len(), 2);
    web.tells("s");
    assert_eq!(waiters(web.service()).len(), 1, "one that only does not read now stays");
    web.becomes(&up(), "u");
    stopped.signal(Signal::SIGCONT);
    assert_eq!(stopped.wait(), Ok(0));
}

/// A record that says what was before supervise died, or the machine: the next one has not yet written its own.
#[test]
fn the_record_of_a_supervise_that_is_gone_is_not_believed() {
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    let here = Boot::current();
    let mut earlier = up();
    earlier.detail.as_mut().unwrap().boot = here.map(|here| Boot { id: [0xab; 16], ..here });
    let gone = ProcessId { pid: NonZeroU32::new(4_194_303).unwrap(), mark: Some(Mark::Inode(1)) };
    let mut died = up();
    died.detail.as_mut().unwrap().boot = here;
    died.detail.as_mut().unwrap().supervise = Some(gone);
    // And what runs by the record of a supervise that is there, but has died: it has not been seen yet.
    let mut ended = up();
    ended.detail.as_mut().unwrap().boot = here;
    ended.detail.as_mut().unwrap().run = gone.mark;
    for record in [earlier, died, ended] {
        web.becomes(&record, "");
        let mut waiting = svwait(&tree, ["web"]);
        until_waiting(web.service(), 1);
        web.tells("s");
        still_waits(&waiting, web.service());
        web.becomes(&up(), "s");
        assert_eq!(waiting.wait(), Ok(0));
    }
}
