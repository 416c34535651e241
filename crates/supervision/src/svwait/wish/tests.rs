use super::*;
use Standing::{Awaited, Lost, Reached};
use protocol::event::Letters;
use protocol::status::{Detail, Want};
use protocol::tai64n::Tai64n;

const WISHES: [Wish; 6] =
    [Wish::Up, Wish::Ready, Wish::Down, Wish::ReallyDown, Wish::Restarted, Wish::RestartedAndReady];

/// A record of that phase, with that pid, after so many starts.
fn status(phase: Phase, pid: u32, starts: u64) -> Status {
    Status {
        since: Tai64n::default(),
        pid: NonZeroU32::new(pid),
        paused: false,
        want: Want::Up,
        terminated: false,
        detail: Some(Detail { phase, starts, ..Detail::default() }),
    }
}

fn awaited(mut status: Status) -> Status {
    status.detail.as_mut().unwrap().readiness = Readiness::Awaited;
    status
}

/// Which of the six hold, `-` for one that does not.
fn held(status: &Status, letters: &[u8], first: Option<&Status>) -> String {
    let letters = Letters::of(letters);
    let first = first.and_then(Run::of);
    let held = WISHES.into_iter().zip("uUdDrR".chars());
    held.map(|(wish, letter)| if wish.holds(Some(status), letters, first) { letter } else { '-' }).collect()
}

#[test]
fn the_record_decides_what_is() {
    let up = status(Phase::Up, 7, 1);
    assert_eq!(held(&up, b"", Some(&up)), "uU----");
    assert_eq!(held(&awaited(up.clone()), b"", Some(&up)), "u-----");
    let nothing = "------";
    assert_eq!(held(&status(Phase::Starting, 7, 1), b"", Some(&up)), nothing);
    for phase in [Phase::Down, Phase::Resting, Phase::Waiting, Phase::Clearing] {
        assert_eq!(held(&status(phase, 0, 1), b"", Some(&up)), "--dD--", "{phase:?}");
    }
    assert_eq!(held(&status(Phase::Finishing, 0, 1), b"", Some(&up)), "--d---");
}

#[test]
fn letters_decide_what_was() {
    let up = awaited(status(Phase::Up, 7, 2));
    let before = status(Phase::Up, 6, 1);
    assert_eq!(held(&up, b"dDu", Some(&before)), "u-dDr-", "up again before anybody looks");
    let down = status(Phase::Down, 0, 2);
    assert_eq!(held(&down, b"uUdD", Some(&before)), "uUdDrR", "down again before anybody looks");
    assert_eq!(held(&down, b"sxO?\xff", Some(&before)), "--dD--", "others say nothing of it");
}

#[test]
fn without_a_true_record_letters_decide() {
    let first = Run::of(&status(Phase::Up, 7, 1));
    let held = |letters| WISHES.map(|wish| wish.holds(None, Letters::of(letters), first));
    assert_eq!(held(b"uUdD"), [true, true, true, true, false, false]);
    assert_eq!(held(b""), [false; 6]);
}

#[test]
fn restarted_is_what_runs_and_did_not_at_the_beginning() {
    let first = status(Phase::Up, 7, 1);
    assert_eq!(held(&status(Phase::Up, 8, 2), b"", Some(&first)), "uU--rR");
    assert_eq!(held(&status(Phase::Up, 7, 2), b"", Some(&first)), "uU--rR", "the same number again");
    assert_eq!(held(&status(Phase::Up, 8, 1), b"", Some(&first)), "uU--rR", "counted anew");
    assert_eq!(held(&first, b"u", Some(&first)), "uU----", "told before the first look");
    let down = status(Phase::Down, 0, 1);
    assert_eq!(held(&first, b"", Some(&down)), "uU--rR", "nothing ran, as in s6");
}

#[test]
fn a_service_that_says_nothing_of_readiness_is_known() {
    let up = status(Phase::Up, 7, 1);
    let asked = |status: &Status| WISHES.map(|wish| wish.is_for_want_of_readiness(status));
    assert_eq!(asked(&up), [false, true, false, false, false, true]);
    assert_eq!(asked(&awaited(up)), [false; 6]);
    assert_eq!(asked(&status(Phase::Down, 0, 1)), [false; 6]);
}

#[test]
fn a_record_of_another_program_tells_nothing() {
    let foreign = Status { detail: None, ..status(Phase::Up, 7, 1) };
    assert_eq!(Run::of(&foreign), None);
    assert_eq!(held(&foreign, b"", None)[..1], *"-");
    assert_eq!(held(&Status { pid: None, ..foreign }, b"", None), "------");
}

#[test]
fn a_service_that_finish_keeps_down_is_lost_to_those_that_want_it_up() {
    let lost = |letters: &[u8]| WISHES.map(|wish| wish.is_lost(Letters::of(letters)));
    let permanent = Some(Loss::Permanent);
    assert_eq!(lost(b"O"), [permanent, permanent, None, None, permanent, permanent]);
    assert_eq!(lost(b"x"), [Some(Loss::Unsupervised); 6]);
    assert_eq!(lost(b"suUdD"), [None; 6]);
}

#[test]
fn it_is_over_when_nothing_is_waited_for() {
    let (failed, left) = (Lost(Loss::Permanent), Lost(Loss::Unsupervised));
    let all = |standings: &[Standing]| outcome(false, standings.iter().copied());
    let any = |standings: &[Standing]| outcome(true, standings.iter().copied());
    assert_eq!(all(&[Reached, Awaited]), None);
    assert_eq!(any(&[Reached, Awaited]), Some(Outcome::Reached));
    assert_eq!(all(&[Reached, Reached]), Some(Outcome::Reached));
    assert_eq!(any(&[Awaited, Awaited]), None);
    assert_eq!(all(&[failed, Awaited]), None, "as in s6");
    assert_eq!(all(&[failed, Reached, failed]), Some(Outcome::Failed(2)));
    assert_eq!(any(&[failed, Awaited]), Some(Outcome::Failed(1)), "as in s6");
    assert_eq!(all(&[left, failed, Reached]), Some(Outcome::Unsupervised));
}
