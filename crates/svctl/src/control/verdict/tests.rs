use super::*;
use protocol::event::PERMANENT;
use protocol::report::Step;
use protocol::status::{Failed, Readiness};
use protocol::tai64n::Tai64n;
use std::num::NonZeroU32;
use sys::process::Ending;

/// A second, and when the order is given.
const S: u64 = 1_000_000_000;
const GIVEN: u64 = 100 * S;

fn record(phase: Phase, want: Want, pid: u32, last_start: u64) -> Status {
    let detail = Detail { phase, starts: last_start / S, last_start: Some(last_start), ..Detail::default() };
    let (since, pid) = (Tai64n::default(), NonZeroU32::new(pid));
    Status { since, pid, paused: false, want, terminated: false, detail: Some(detail) }
}

fn up(pid: u32, last_start: u64) -> Status {
    record(Phase::Up, Want::Up, pid, last_start)
}

fn down() -> Status {
    record(Phase::Down, Want::Down, 0, 50 * S)
}

fn resting(last_start: u64) -> Status {
    with(record(Phase::Resting, Want::Up, 0, last_start), |detail| {
        detail.next_start = Some(last_start + 2 * S);
        detail.last = Some(Ending::Exited(3));
    })
}

fn with(mut status: Status, change: impl FnOnce(&mut Detail)) -> Status {
    change(status.detail.as_mut().unwrap());
    status
}

fn saying(status: Status, readiness: Readiness) -> Status {
    with(status, |detail| detail.readiness = readiness)
}

/// What is judged of each look, at so many tenths of a second after the order.
fn judged(order: Order, first: Option<Status>, looks: &[(u64, Status)]) -> Vec<String> {
    let mut judge = Judge::begin(order, first, GIVEN);
    let looks =
        looks.iter().map(|(tenths, status)| judge.look(status, Letters::default(), GIVEN + tenths * S / 10));
    looks.map(shown).collect()
}

fn shown(verdict: Verdict) -> String {
    match verdict {
        Verdict::Awaited(what) => format!("({what})"),
        Verdict::Done(words) => words,
        Verdict::Failed(why) => format!("failed: {why}"),
        Verdict::Left => "left".to_owned(),
    }
}

/// What is judged of the last one.
#[track_caller]
fn last(order: Order, first: Status, looks: &[(u64, Status)]) -> String {
    judged(order, Some(first), looks).pop().unwrap()
}

#[test]
fn a_start_is_done_when_it_has_lived_for_a_second() {
    let looks = [
        (0, down()),
        (1, record(Phase::Starting, Want::Up, 7, GIVEN + S / 10)),
        (2, up(7, GIVEN + S / 10)),
        (11, up(7, GIVEN + S / 10)),
        (12, up(7, GIVEN + S / 10)),
    ];
    let words = judged(Order::Start, Some(down()), &looks);
    assert_eq!(
        words,
        [
            "(told to start)",
            "(starting)",
            "(up, for less than a second)",
            "(up, for less than a second)",
            "up (pid 7)"
        ]
    );
}

#[test]
fn what_says_readiness_is_done_then_and_not_before() {
    let started = up(7, GIVEN + S / 10);
    let looks = [
        (50, saying(started.clone(), Readiness::Awaited)),
        (51, saying(started, Readiness::Ready(Tai64n::default()))),
    ];
    assert_eq!(judged(Order::Start, Some(down()), &looks), ["(up, but not ready yet)", "ready (pid 7)"]);
}

#[test]
fn what_is_so_already_is_said_so() {
    assert_eq!(last(Order::Start, up(7, 90 * S), &[(0, up(7, 90 * S))]), "up already (pid 7)");
    let ready = saying(up(7, GIVEN - 1), Readiness::Ready(Tai64n::default()));
    assert_eq!(last(Order::Start, ready.clone(), &[(0, ready)]), "ready already (pid 7)");
    assert_eq!(last(Order::Stop, down(), &[(0, down())]), "down already");
    let mut paused = up(7, 90 * S);
    paused.paused = true;
    assert_eq!(last(Order::Start, paused.clone(), &[(0, paused.clone())]), "up already (pid 7), but paused");
    assert_eq!(last(Order::Pause, paused.clone(), &[(0, paused.clone())]), "paused already (pid 7)");
    assert_eq!(last(Order::Continue, paused.clone(), &[(0, paused)]), "(not going on yet)");
}

#[test]
fn a_start_that_fails_is_told_with_its_reason_and_the_next_try() {
    let failed = |step, reason: &str| {
        let failed = Failed { step, errno: 2, reason: reason.to_owned() };
        with(resting(GIVEN + 1), |detail| detail.failed = Some(failed))
    };
    let words = last(Order::Start, down(), &[(1, failed(Step::Execute, "no run"))]);
    assert_eq!(words, "failed: it cannot be started: no run; the next try is in 1s");
    let words = last(Order::Start, down(), &[(1, failed(Step::Ready, "it was not ready within 5 s"))]);
    assert_eq!(words, "failed: it was not ready within 5 s, and was ended; the next try is in 1s");
    let words = last(Order::Start, down(), &[(1, resting(GIVEN + 1))]);
    assert_eq!(words, "failed: it ended at once (exit 3); the next try is in 1s");
}

/// The service was in trouble before: what is on record then is not what came of the order.
#[test]
fn a_failure_of_before_is_not_that_of_the_order() {
    let first = resting(GIVEN - S);
    let looks = [(0, first.clone()), (1, up(7, GIVEN + 1)), (12, up(7, GIVEN + 1))];
    let words = judged(Order::Start, Some(first), &looks);
    assert_eq!(words, ["(about to start)", "(up, for less than a second)", "up (pid 7)"]);
}

#[test]
fn a_run_that_ends_before_it_is_ready_has_failed_even_where_the_next_one_runs_already() {
    let awaited = |start| saying(up(7, start), Readiness::Awaited);
    let next = with(awaited(GIVEN + 20 * S), |detail| detail.last = Some(Ending::Killed(9)));
    let words = last(Order::Start, down(), &[(1, awaited(GIVEN + 1)), (200, next)]);
    assert_eq!(words, "failed: it ended before it was ready (SIGKILL); the next try is under way");
}

#[test]
fn finish_can_say_that_it_stays_down() {
    let mut judge = Judge::begin(Order::Start, Some(down()), GIVEN);
    let now = GIVEN + S / 10;
    let finishing = with(record(Phase::Finishing, Want::Up, 0, GIVEN + 1), |detail| {
        detail.last = Some(Ending::Exited(3));
    });
    assert_eq!(shown(judge.look(&finishing, Letters::default(), now)), "(its finish runs)");
    let stays = with(down(), |detail| detail.last = Some(Ending::Exited(3)));
    // The record comes first, and then its letter.
    assert_eq!(shown(judge.look(&stays, Letters::default(), now)), "(told to start)");
    let words = shown(judge.look(&stays, Letters::of(&[PERMANENT]), now));
    assert_eq!(words, "failed: it has ended (exit 3), and its finish says that it is to stay down");

    // Where nobody has looked in between.
    let mut judge = Judge::begin(Order::Start, Some(down()), GIVEN);
    let stays = with(stays, |detail| detail.last_start = Some(GIVEN + 1));
    assert_eq!(shown(judge.look(&stays, Letters::of(&[PERMANENT]), now)), words);
}

#[test]
fn somebody_else_may_have_it_otherwise_meanwhile() {
    let looks = [(1, up(7, GIVEN + 1)), (2, down()), (22, down())];
    assert_eq!(last(Order::Start, down(), &looks), "failed: it was told to stop meanwhile");
    let stopping = record(Phase::Up, Want::Down, 7, 50 * S);
    assert_eq!(
        last(Order::Stop, up(7, 50 * S), &[(1, stopping), (2, up(8, GIVEN))]),
        "failed: it was told to start meanwhile"
    );
}

#[test]
fn a_restart_is_another_run() {
    let first = up(7, 50 * S);
    let between = with(record(Phase::Up, Want::Down, 7, 50 * S), |_| {});
    let resting = record(Phase::Resting, Want::Up, 0, 50 * S);
    let looks = [
        (0, first.clone()),
        (1, between),
        (2, first.clone()),
        (3, resting),
        (10, up(8, GIVEN + S)),
        (20, up(8, GIVEN + S)),
    ];
    let words = judged(Order::Restart, Some(first), &looks);
    assert_eq!(
        words,
        [
            "(stopping)",
            "(told to start)",
            "(stopping)",
            "(about to start)",
            "(up, for less than a second)",
            "restarted (pid 8)"
        ]
    );
    let words = last(Order::Restart, down(), &[(1, up(8, GIVEN + 1)), (11, up(8, GIVEN + 1))]);
    assert_eq!(words, "up (pid 8)", "nothing ran before");
}

/// Told to stop, and then to start before it has: the run that ends is not the one that counts.
#[test]
fn a_start_while_it_stops_waits_for_the_next_run() {
    let first = record(Phase::Up, Want::Down, 7, 50 * S);
    let looks = [(20, up(7, 50 * S)), (21, up(8, GIVEN + 2 * S)), (31, up(8, GIVEN + 2 * S))];
    let words = judged(Order::Start, Some(first), &looks);
    assert_eq!(words, ["(stopping)", "(up, for less than a second)", "up (pid 8)"]);
}

#[test]
fn a_single_run_may_end_well() {
    let once = |phase, code| {
        let status = record(phase, Want::Once, 0, GIVEN + 1);
        with(status, |detail| detail.last = Some(Ending::Exited(code)))
    };
    let words =
        |code| last(Order::Once, down(), &[(1, once(Phase::Finishing, code)), (2, once(Phase::Down, code))]);
    assert_eq!(words(0), "has run to its end (exit 0)");
    assert_eq!(words(3), "failed: it ended at once (exit 3)");
}

#[test]
fn a_stop_is_over_when_finish_is_and_nothing_is_left() {
    let leftover = with(record(Phase::Clearing, Want::Down, 0, 50 * S), |detail| detail.leftovers = 1);
    let kill = with(record(Phase::Up, Want::Down, 7, 50 * S), |detail| detail.kill_at = Some(GIVEN + 5 * S));
    let looks = [
        (0, up(7, 50 * S)),
        (1, kill),
        (2, record(Phase::Finishing, Want::Down, 0, 50 * S)),
        (3, leftover),
        (4, down()),
    ];
    let words = judged(Order::Stop, Some(up(7, 50 * S)), &looks);
    assert_eq!(words[..3], ["(stopping)", "(stopping, killed in 4s)", "(its finish runs)"]);
    assert_eq!(words[3..], ["(a process that an earlier run left behind is to be gone first)", "down"]);
}

/// It rests, and is down already in a sense: but supervise does not know yet that it is to stay so.
#[test]
fn what_only_rests_is_not_stopped() {
    assert_eq!(
        judged(Order::Stop, Some(resting(50 * S)), &[(0, resting(50 * S)), (1, down())]),
        ["(told to stop)", "down"]
    );
}

#[test]
fn what_is_told_to_reload_may_say_so_or_die_of_it() {
    let first = up(7, 50 * S);
    let reloading = with(first.clone(), |detail| detail.doing = Doing::Reloading);
    assert_eq!(
        judged(Order::Reload, Some(first.clone()), &[(1, reloading), (90, first.clone())]),
        ["(reading its settings anew)", "reloaded (pid 7)"]
    );
    assert_eq!(
        judged(Order::Reload, Some(first.clone()), &[(1, first.clone()), (5, first.clone())]),
        ["(told to read its settings anew)", "told to reload (pid 7)"]
    );
    let died = with(resting(50 * S), |detail| detail.last = Some(Ending::Killed(1)));
    assert!(last(Order::Reload, first, &[(1, died)]).starts_with("failed: HUP has ended it (SIGHUP)"));
    assert_eq!(last(Order::Reload, down(), &[(1, down())]), "failed: it is not up");
}

#[test]
fn a_kill_is_over_when_that_run_is_gone() {
    let first = up(7, 50 * S);
    let looks = [(0, first.clone()), (1, up(8, GIVEN + 1))];
    assert_eq!(
        judged(Order::Kill, Some(first.clone()), &looks),
        ["(being killed)", "killed (pid 7); it starts again"]
    );
    assert_eq!(last(Order::Kill, first, &[(1, down())]), "killed (pid 7)");
    assert_eq!(last(Order::Kill, down(), &[(1, down())]), "nothing of it runs");
}

#[test]
fn a_supervise_that_leaves_ends_the_waiting() {
    let mut left = with(down(), |detail| detail.leaving = protocol::status::Leaving::Left);
    assert_eq!(last(Order::Stop, up(7, S), &[(1, left.clone())]), "down");
    left.want = Want::Up;
    assert_eq!(last(Order::Restart, up(7, S), &[(1, left)]), "left");
}
