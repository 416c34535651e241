//! Readiness, and what is late or silent.

use super::*;

/// A machine whose run is up and held to its duties.
fn on_duty(duties: Duties) -> Machine {
    let mut machine = Machine::new(NOW, true);
    start_of(machine.step(NOW, Event::Due)).spawned(PID, duties);
    assert!(perform(machine.step(NOW, Event::Executed), PID).is_empty());
    machine
}

#[test]
fn check_is_asked_with_growing_pauses_until_it_says_yes() {
    let mut machine = on_duty(DUTIES);
    let mut pauses = Vec::new();
    let mut now = NOW;
    for _ in 0..8 {
        let at = machine.wake_at().unwrap();
        pauses.push(at.since(now).as_millis());
        now = at;
        assert_eq!(perform(machine.step(now, Event::Due), PID), ["check"]);
        assert!(perform(machine.step(now, Event::Checked(Ending::Exited(1))), PID).is_empty());
    }
    assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    perform(machine.step(machine.wake_at().unwrap(), Event::Due), PID);
    assert!(!machine.is_ready());
    perform(machine.step(now, Event::Checked(Ending::Exited(0))), PID);
    assert!(machine.is_ready());
    assert_eq!(machine.wake_at(), Some(now + Duration::from_secs(10)), "only the watchdog is left");
}

#[test]
fn what_is_late_or_silent_is_ended_as_a_failure_and_what_is_ready_and_speaks_is_not() {
    let duties = Duties { is_asked: false, tells: true, ..DUTIES };
    let mut machine = on_duty(duties);
    assert_eq!(machine.wake_at(), Some(later(30_000)));
    perform(machine.step(later(29_000), Event::Says(Says::NeedsTime(Duration::from_secs(5)))), PID);
    assert_eq!(machine.wake_at(), Some(later(34_000)));
    let mut late = machine.clone();
    let Action::Stop(stop) = late.step(later(34_000), Event::Due) else { panic!("it is late") };
    assert_eq!(stop.because, Because::Overdue(Overdue::Ready(Duration::from_secs(30))));
    stop.sent(Signal::Terminate.number(), Target::Process, Some(Duration::from_secs(5)));
    assert_eq!(late.wake_at(), Some(later(39_000)), "killed then");
    perform(late.step(later(34_100), Event::Ended(Ending::Killed(15))), PID);
    assert!(late.pid().is_some(), "it lived longer than the spacing");

    perform(machine.step(later(30_000), Event::Says(Says::Ready)), PID);
    for second in [35_000, 44_000, 53_000] {
        perform(machine.step(later(second), Event::Says(Says::Alive)), PID);
        assert_eq!(machine.wake_at(), Some(later(second + 10_000)));
    }
    perform(machine.step(later(54_000), order(b'p')), PID);
    assert_eq!(machine.wake_at(), None, "what is stopped cannot speak");
    perform(machine.step(later(99_000), order(b'c')), PID);
    assert_eq!(machine.wake_at(), Some(later(109_000)));
    let action = machine.step(later(109_000), Event::Due);
    let Action::Stop(stop) = action else { panic!("it is silent") };
    assert_eq!(stop.because, Because::Overdue(Overdue::Alive(Duration::from_secs(10))));
}

#[test]
fn what_becomes_ready_is_no_start_that_failed() {
    let mut machine = Machine::new(NOW, true);
    let mut now = NOW;
    for _ in 0..4 {
        start_of(machine.step(now, Event::Due)).spawned(PID, DUTIES);
        perform(machine.step(now, Event::Ended(Ending::Exited(1))), PID);
        now = machine.wake_at().unwrap();
    }
    assert_eq!(machine.spacing.length().as_secs(), 16);
    start_of(machine.step(now, Event::Due)).spawned(PID, DUTIES);
    perform(machine.step(now, Event::Executed), PID);
    perform(machine.step(now, Event::Says(Says::Ready)), PID);
    assert_eq!(machine.spacing.length().as_secs(), 1);
}

#[test]
fn the_next_supervise_holds_a_run_to_the_same_with_time_to_be_heard() {
    let duties = Duties { is_asked: false, writes: true, ..DUTIES };
    let mut machine = on_duty(duties);
    perform(machine.step(later(10), Event::Says(Says::Ready)), PID);
    let recorded = |machine: &Machine, now, before| {
        let status = machine.status(Facts::default());
        let read = Status::decode(&status.encode()).unwrap();
        Machine::recorded(now, &read, read.detail.as_ref().unwrap(), before, duties).unwrap()
    };
    let after = recorded(&machine, later(9_000), Before::Upgraded { starting: false });
    assert_eq!(after.phase, machine.phase);
    let after = recorded(&machine, later(60_000), Before::Died);
    assert!(after.is_ready());
    assert_eq!(after.wake_at(), Some(later(70_000)), "it could not be heard in between");
}
