//! What the next supervise goes on with.

use super::*;

#[test]
fn the_record_says_what_is() {
    let status = |phase| machine_in(phase).status(Facts::default());
    assert_eq!(status("Up").pid.map(NonZeroU32::get), Some(500));
    assert_eq!(status("Starting").detail.unwrap().phase, Reported::Starting);
    assert_eq!((status("Resting").pid, status("Resting").want), (None, Want::Up));
    assert_eq!(status("Resting").detail.unwrap().next_start, Some(1_002_000_000_000));
    assert_eq!(status("Down").detail.unwrap().last, Some(Ending::Exited(0)));
    assert_eq!(status("Up").detail.unwrap().starts, 1);
}

#[test]
fn a_record_brings_back_what_was() {
    for phase in ["Down", "Starting", "Up", "Resting", "Finishing", "Clearing", "Waiting"] {
        let mut before = machine_in(phase);
        perform(before.step(later(10), order(b'p')), PID);
        perform(before.step(later(10), order(b't')), PID);
        let status = before.status(Facts::default());
        let read = Status::decode(&status.encode()).unwrap();
        let detail = read.detail.as_ref().unwrap();
        let after = Machine::recorded(later(20), &read, detail, Before::Died, Duties::default()).unwrap();
        assert_eq!((after.want, after.leaving, after.starts), (before.want, before.leaving, before.starts));
        assert_eq!((after.spacing, after.last), (before.spacing, before.last));
        assert_eq!((after.pid(), after.finish()), (before.pid(), before.finish()));
        match phase {
            "Starting" => {
                assert!(matches!(after.phase, Phase::Up(_)), "what never becomes run, ends");
                let after = Machine::recorded(
                    later(20),
                    &read,
                    detail,
                    Before::Upgraded { starting: true },
                    Duties::default(),
                )
                .unwrap();
                assert_eq!(after.phase, before.phase, "it still tells");
            }
            "Waiting" => assert_eq!(after.phase, Phase::Waiting { until: Some(later(20)) }, "it looks again"),
            _ => assert_eq!(after.phase, before.phase),
        }
    }
}

#[test]
fn one_that_has_left_on_purpose_leaves_nothing_to_go_on_with() {
    let mut machine = machine_in("Up");
    perform(machine.step(NOW, order(b'x')), PID);
    assert_eq!(perform(machine.step(NOW, Event::Ended(Ending::Exited(0))), PID), ["leave"]);
    let status = machine.status(Facts::default());
    assert_eq!(Machine::recorded(NOW, &status, status.detail.as_ref().unwrap(), Before::Died, DUTIES), None);
    let mut machine = machine_in("Up");
    assert_eq!(perform(machine.step(NOW, Event::Quit), PID), ["leave"]);
    let status = machine.status(Facts::default());
    assert!(
        Machine::recorded(NOW, &status, status.detail.as_ref().unwrap(), Before::Died, DUTIES).is_some(),
        "the service runs"
    );
}

#[test]
fn a_supervise_that_died_on_its_way_out_is_followed_by_one_that_leaves() {
    let mut machine = machine_in("Down");
    machine.leaving = Leaving::WhenDown;
    let status = machine.status(Facts::default());
    let mut after =
        Machine::recorded(NOW, &status, status.detail.as_ref().unwrap(), Before::Died, DUTIES).unwrap();
    assert_eq!(perform(after.step(NOW, Event::Begun), PID), ["leave"]);
}

#[test]
fn who_was_told_to_stop_is_killed_by_the_next_word_unless_that_is_another_ones_first() {
    let mut machine = machine_in("Up");
    perform(machine.step(NOW, Event::Terminate), PID);
    let status = machine.status(Facts::default());
    let said_again = |before| {
        let after = Machine::recorded(NOW, &status, status.detail.as_ref().unwrap(), before, DUTIES);
        perform(after.unwrap().step(NOW, Event::Terminate), PID)
    };
    assert_eq!(said_again(Before::Died), ["stop"]);
    assert_eq!(said_again(Before::Upgraded { starting: false }), ["KILL"]);
}
