use super::health::Health;
use super::*;
use nix::unistd::Pid;
use proptest::prelude::*;
use protocol::command::{Command, Order, Signal, Target};
use protocol::status::{Phase as Reported, Status};
use std::collections::{HashSet, VecDeque};
use std::num::NonZeroU32;
use std::time::Duration;

const NOW: Monotonic = Monotonic::from_zero(Duration::from_secs(1000));
const PID: Pid = Pid::from_raw(500);
const NEXT_PID: Pid = Pid::from_raw(501);

fn later(milliseconds: u64) -> Monotonic {
    NOW + Duration::from_millis(milliseconds)
}

fn order(letter: u8) -> Event {
    Event::Order(Order { command: Command::from_letter(letter).unwrap(), target: Target::Process })
}

/// What there is besides the machine.
#[derive(Clone, Copy, Default)]
struct World {
    has_finish: bool,
    left_behind: bool,
    needs_more: bool,
}

/// What each run in these tests is held to.
const DUTIES: Duties = Duties {
    writes: false,
    tells: false,
    is_asked: true,
    ready_within: Some(Duration::from_secs(30)),
    alive_within: Some(Duration::from_secs(10)),
};

/// Does what a shell does with an action, and says what it was as the table does.
fn perform_in(world: World, mut action: Action<'_>, pid: Pid) -> Vec<String> {
    let mut done = Vec::new();
    loop {
        action = match action {
            Action::Nothing => return done,
            Action::Needs(needs) if world.needs_more => {
                needs.wait(None);
                return done;
            }
            Action::Needs(needs) => needs.met(),
            Action::Start(start) => {
                start.spawned(pid, Duties::default());
                done.push("start".into());
                return done;
            }
            Action::Call(call) => {
                call.made(Some(NEXT_PID));
                done.push("check".into());
                return done;
            }
            Action::Finish(finish) if world.has_finish => {
                finish.spawned(NEXT_PID, Some(Duration::from_secs(5)));
                done.push("finish".into());
                return done;
            }
            Action::Finish(finish) => finish.none(),
            Action::Clear(clear) if world.left_behind => {
                clear.waits(None);
                return done;
            }
            Action::Clear(clear) => clear.free(),
            Action::Stop(stop) => {
                let target = stop.target;
                stop.sent(Signal::Terminate.number(), target, None);
                done.push("stop".into());
                return done;
            }
            Action::Signal(_, _, signal) => {
                let name = nix::sys::signal::Signal::try_from(signal.number()).unwrap();
                done.push(format!("{name:?}").replace("SIG", ""));
                return done;
            }
            Action::Leave => {
                done.push("leave".into());
                return done;
            }
        }
    }
}

fn perform(action: Action<'_>, pid: Pid) -> Vec<String> {
    perform_in(World::default(), action, pid)
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Down => "Down",
        Phase::Starting(_) => "Starting",
        Phase::Up(_) => "Up",
        Phase::Resting { .. } => "Resting",
        Phase::Finishing { .. } => "Finishing",
        Phase::Clearing { .. } => "Clearing",
        Phase::Waiting { .. } => "Waiting",
    }
}

/// A machine in that phase, wanted up; its last start was at `NOW`.
fn machine_in(phase: &str) -> Machine {
    let mut machine = Machine::new(NOW, true);
    assert_eq!(perform(machine.step(NOW, Event::Due), PID), ["start"]);
    let with = |has_finish, left_behind| World { has_finish, left_behind, needs_more: false };
    match phase {
        "Starting" => {}
        "Up" => assert!(perform(machine.step(NOW, Event::Executed), PID).is_empty()),
        "Resting" => assert!(perform(machine.step(NOW, Event::Ended(Ending::Exited(1))), PID).is_empty()),
        "Finishing" | "Clearing" => {
            perform(machine.step(NOW, Event::Executed), PID);
            let world = with(phase == "Finishing", true);
            perform_in(world, machine.step(NOW, Event::Ended(Ending::Exited(0))), PID);
        }
        "Waiting" => {
            perform(machine.step(NOW, Event::Ended(Ending::Exited(1))), PID);
            let world = World { needs_more: true, ..World::default() };
            perform_in(world, machine.step(later(2000), Event::Due), PID);
        }
        _ => {
            perform(machine.step(NOW, order(b'd')), PID);
            perform(machine.step(NOW, Event::Ended(Ending::Exited(0))), PID);
        }
    }
    assert_eq!(name(machine.phase), phase);
    machine
}

/// Applies the event that a row of the table names, and returns the cell that comes of it.
fn cell(row: &str, phase: &str) -> String {
    let mut machine = machine_in(phase);
    let mut world = World::default();
    let (event, what) = row.split_once(", ").unwrap_or((row, ""));
    let mut now = match what {
        "spacing not over" => later(999),
        "too early" => later(1999),
        _ => later(4000),
    };
    match what {
        "wanted up, spacing over" => now = later(1000),
        "wanted up, spacing not over" => now = later(999),
        "wanted down" => machine.want = Want::Down,
        "wanted once" => machine.want = Want::Once,
        "leaving" => machine.leaving = Leaving::WhenDown,
        "there is a finish" => world.has_finish = true,
        "something is left behind" => world.left_behind = true,
        "KILL is due" => match &mut machine.phase {
            Phase::Starting(run) | Phase::Up(run) => run.kill_at = Some(NOW),
            Phase::Finishing { kill_at, .. } | Phase::Clearing { kill_at, .. } => *kill_at = Some(NOW),
            Phase::Down | Phase::Resting { .. } | Phase::Waiting { .. } => {}
        },
        "something is needed" => world.needs_more = true,
        _ => {}
    }
    match event {
        "late" => now = later(30_000),
        "silent" => now = later(10_000),
        "check is due" => now = later(100),
        _ => {}
    }
    if let Some(run) = machine.run_mut().filter(|_| now != later(4000)) {
        run.health = Health::new(NOW, DUTIES);
        match event {
            "silent" => {
                run.health.executed(NOW);
                run.health.is_ready(NOW);
            }
            "check is due" => run.health.executed(NOW),
            _ => {}
        }
    }
    let event = match event {
        "terminate again" => {
            machine.leaving = Leaving::Stopping;
            Event::Terminate
        }
        "terminate" => Event::Terminate,
        "end of input" => Event::EndOfInput,
        "quit" => Event::Quit,
        "begun" => Event::Begun,
        "executed" => Event::Executed,
        "stopped" => Event::Paused(true),
        "going on" => Event::Paused(false),
        "ended" => Event::Ended(Ending::Exited(0)),
        "finished" => Event::Finished(Ending::Exited(0)),
        "finished with 125" => Event::Finished(Ending::Exited(125)),
        "cleared" => Event::Cleared,
        "needs" => Event::Needs,
        "ready" => Event::Says(Says::Ready),
        "check said no" => Event::Checked(Ending::Exited(1)),
        "due" | "late" | "silent" | "check is due" => Event::Due,
        letter => {
            now = NOW;
            order(*letter.as_bytes().first().unwrap())
        }
    };
    let done = perform_in(world, machine.step(now, event), PID);
    let phase = name(machine.phase);
    if done.is_empty() { phase.to_owned() } else { format!("{phase}, {}", done.join(" ")) }
}

#[test]
fn every_event_in_every_phase_is_as_the_table_says() {
    let mut rows = include_str!("../machine.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
    let columns: Vec<&str> = rows.next().unwrap().trim_end_matches(" |").split(" | ").skip(1).collect();
    assert_eq!(columns, ["Down", "Starting", "Up", "Resting", "Finishing", "Clearing", "Waiting"]);
    let mut count = 0;
    for row in rows {
        let mut cells = row.trim_end_matches(" |").split(" | ");
        let event = cells.next().unwrap();
        for (phase, expected) in columns.iter().zip(cells) {
            assert_eq!(cell(event, phase), expected, "{event} in {phase}");
            count += 1;
        }
    }
    // terminate (2), end of input, quit, begun (3), executed, stopped, going on, ended (7), finished (6), cleared (4), due (5),
    // needs (2), u (1), ready, check said no, late, silent, check is due
    let others = 40;
    assert_eq!(count, (protocol::command::LETTERS.len() + others) * columns.len());
}

#[test]
fn a_service_that_dies_at_once_is_spaced_and_a_command_cuts_the_wait_short() {
    let mut machine = Machine::new(NOW, true);
    let mut now = NOW;
    let mut waits = Vec::new();
    for _ in 0..8 {
        assert_eq!(perform(machine.step(now, Event::Due), PID), ["start"]);
        assert!(perform(machine.step(now, Event::Ended(Ending::Exited(111))), PID).is_empty());
        let next = machine.wake_at().unwrap();
        waits.push(next.since(now).as_secs());
        now = next;
    }
    assert_eq!(waits, [2, 4, 8, 16, 16, 16, 16, 16]);
    perform(machine.step(now, Event::Due), PID);
    perform(machine.step(now, Event::Ended(Ending::Exited(111))), PID);
    assert_eq!(perform(machine.step(now, order(b'u')), PID), ["start"]);
}

#[test]
fn an_end_by_a_signal_of_svc_is_no_failure() {
    let spacing = |signal: u8| {
        let mut machine = machine_in("Up");
        perform(machine.step(later(10), order(b't')), PID);
        perform(machine.step(later(20), Event::Ended(Ending::Killed(signal))), PID);
        machine.spacing.length().as_secs()
    };
    assert_eq!(spacing(15), 1);
    assert_eq!(spacing(11), 2, "the service crashed by itself");
}

/// The start that comes when nothing is in the way.
fn start_of(action: Action<'_>) -> Start<'_> {
    match action {
        Action::Start(start) => start,
        Action::Needs(needs) => start_of(needs.met()),
        Action::Clear(clear) => start_of(clear.free()),
        other => panic!("no start: {other:?}"),
    }
}

#[test]
fn a_process_that_cannot_be_made_is_tried_again_with_the_spacing() {
    let mut machine = Machine::new(NOW, true);
    assert!(matches!(start_of(machine.step(NOW, Event::Due)).not_spawned(), Action::Nothing));
    assert_eq!(machine.wake_at(), Some(later(2000)));
    machine.leaving = Leaving::WhenDown;
    let start = start_of(machine.step(later(2000), Event::Due));
    assert!(matches!(start.not_spawned(), Action::Leave), "it never hangs on the way out");
}

#[test]
fn pause_holds_until_it_continues_or_ends() {
    let mut machine = machine_in("Up");
    perform(machine.step(NOW, order(b'p')), PID);
    let paused = |machine: &Machine| machine.status(Facts::default()).paused;
    assert!(paused(&machine));
    perform(machine.step(NOW, order(b'h')), PID);
    assert!(paused(&machine), "another signal does not end it");
    perform(machine.step(NOW, order(b'd')), PID);
    assert!(!paused(&machine), "down continues it, so that it gets the TERM");
    perform(machine.step(NOW, Event::Paused(true)), PID);
    assert!(paused(&machine), "somebody else has stopped it");
    perform(machine.step(NOW, Event::Paused(false)), PID);
    assert!(!paused(&machine));
}

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
fn what_stops_too_slowly_is_killed_and_killed_again() {
    for group in [Target::Process, Target::Group] {
        let mut machine = machine_in("Up");
        let Action::Stop(stop) = machine.step(NOW, order(b'd')) else { panic!("no stop") };
        assert_eq!(stop.to, To::Run);
        stop.sent(Signal::Interrupt.number(), group, Some(Duration::from_secs(3)));
        for due in [3000, 8000, 13_000] {
            assert_eq!(machine.wake_at(), Some(later(due)));
            let action = machine.step(later(due), Event::Due);
            let kill = Signal::Kill.number();
            assert!(matches!(action, Action::Signal(To::Run, to, signal) if to == group && signal == kill));
        }
        perform(machine.step(later(13_000), Event::Ended(Ending::Killed(9))), PID);
        assert_eq!((machine.phase, machine.spacing.length().as_secs()), (Phase::Down, 1), "no failure");
    }
}

#[test]
fn a_start_that_was_asked_for_comes_when_nothing_is_in_the_way_any_more() {
    for phase in ["Finishing", "Clearing"] {
        for (letters, outcome) in
            [("o", "start"), ("u", "start"), ("du", "start"), ("ud", ""), ("ox", "leave")]
        {
            let mut machine = machine_in(phase);
            machine.want = Want::Down;
            for letter in letters.bytes() {
                perform(machine.step(NOW, order(letter)), PID);
            }
            let event =
                if phase == "Clearing" { Event::Cleared } else { Event::Finished(Ending::Exited(125)) };
            assert_eq!(perform(machine.step(NOW, event), PID).join(" "), outcome, "{letters} in {phase}");
        }
    }
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

/// Every event that there is, with the ends that count as different.
fn events() -> Vec<Event> {
    let mut events: Vec<Event> =
        protocol::command::LETTERS.iter().map(|(_, letter, _)| order(*letter)).collect();
    events.extend([Event::Begun, Event::Terminate, Event::EndOfInput, Event::Quit, Event::Executed]);
    events.extend([Event::Cleared, Event::Due, Event::Paused(true), Event::Paused(false), Event::Needs]);
    let says = [Says::Ready, Says::Reloading, Says::Stopping, Says::Alive, Says::Failing];
    events.extend(says.map(Event::Says));
    events.extend([Ending::Exited(0), Ending::Exited(1)].map(Event::Checked));
    let endings =
        [Ending::Exited(0), Ending::Exited(1), Ending::Killed(9), Ending::Killed(11), Ending::Unknown];
    events.extend(endings.map(Event::Ended));
    events.extend([Ending::Exited(0), Ending::Exited(125), Ending::Unknown].map(Event::Finished));
    events
}

/// Everything that a shell can answer, one after the other: what is left of the machine, and whether supervise leaves.
fn outcomes(machine: &Machine, event: Event) -> Vec<(Machine, bool)> {
    let mut outcomes = Vec::new();
    for answers in 0..16_u8 {
        let [made, has_finish, left_behind, needs_more] = [1, 2, 4, 8].map(|bit| answers & bit != 0);
        let mut after = machine.clone();
        let (had, finishing) = (machine.pid(), machine.finish());
        let mut action = after.step(NOW, event);
        let mut is_over = had.is_none() || matches!(event, Event::Ended(_));
        let left = loop {
            action = match action {
                Action::Nothing => break false,
                Action::Leave => break true,
                Action::Start(start) => {
                    assert!(is_over, "never two: {machine:?} {event:?}");
                    if made {
                        start.spawned(PID, DUTIES);
                        break false;
                    }
                    start.not_spawned()
                }
                Action::Needs(needs) if needs_more && made => {
                    needs.wait(None);
                    break false;
                }
                Action::Needs(needs) if needs_more => needs.refused(),
                Action::Needs(needs) => needs.met(),
                Action::Call(call) => {
                    assert!(had.is_some(), "check is of a run: {machine:?} {event:?}");
                    call.made(made.then_some(NEXT_PID));
                    break false;
                }
                Action::Finish(finish) => {
                    assert!(matches!(event, Event::Ended(_)), "finish follows an end: {machine:?} {event:?}");
                    assert_eq!(Some(finish.pid), had);
                    if has_finish && made {
                        finish.spawned(NEXT_PID, Some(Duration::from_secs(5)));
                        break false;
                    }
                    finish.none()
                }
                Action::Clear(clear) => {
                    let finished = finishing.is_none() || matches!(event, Event::Finished(_));
                    assert!(finished, "not while finish runs: {machine:?} {event:?}");
                    is_over = true;
                    if left_behind {
                        clear.waits(made.then_some(Duration::from_secs(5)));
                        break false;
                    }
                    clear.free()
                }
                Action::Stop(stop) => {
                    let held = if stop.to == To::Run { had.is_some() } else { machine.is_clearing() };
                    assert!(held, "only what is held is signalled: {machine:?} {event:?}");
                    let target = stop.target;
                    stop.sent(Signal::Terminate.number(), target, made.then_some(Duration::from_secs(3)));
                    break false;
                }
                Action::Signal(to, ..) => {
                    let held = match to {
                        To::Run => had.is_some(),
                        To::Finish => finishing.is_some(),
                        To::Leftovers => machine.is_clearing(),
                        To::Check => machine.run().and_then(|run| run.health.check()).is_some(),
                    };
                    assert!(held, "only what is held is signalled: {machine:?} {event:?}");
                    break false;
                }
            }
        };
        let outcome = (without_counts(after), left);
        if !outcomes.contains(&outcome) {
            outcomes.push(outcome);
        }
    }
    outcomes
}

#[test]
fn the_promises_hold_in_every_reachable_state() {
    // Time stands still, and what only counts is left out, so the reachable states are few enough to visit all.
    let mut seen = HashSet::new();
    let mut queue = VecDeque::from([Machine::new(NOW, true), Machine::new(NOW, false)]);
    while let Some(machine) = queue.pop_front() {
        let machine = without_counts(machine);
        if !seen.insert(format!("{machine:?}")) {
            continue;
        }
        if let Phase::Resting { .. } = machine.phase {
            assert!(machine.wake_at().is_some());
        }
        // Whenever supervise dies, the next one goes on from here.
        let status = machine.status(Facts::default());
        if let Some(next) =
            Machine::recorded(NOW, &status, status.detail.as_ref().unwrap(), Before::Died, DUTIES)
        {
            queue.extend(
                outcomes(&next, Event::Begun).into_iter().filter(|(_, left)| !left).map(|(next, _)| next),
            );
        }
        for event in events() {
            for (after, left) in outcomes(&machine, event) {
                let runs = after.pid().is_some() || after.finish().is_some();
                if left {
                    assert!(!runs || event == Event::Quit, "nothing is left running: {machine:?} {event:?}");
                    assert_eq!(after.leaving == Leaving::Left, event != Event::Quit, "{machine:?} {event:?}");
                    continue;
                }
                let down = after.phase == Phase::Down;
                let began = after == machine;
                assert!(
                    !down || began || after.leaving == Leaving::No,
                    "it would never leave: {machine:?} {event:?}"
                );
                assert!(
                    !down || began || after.want != Want::Up,
                    "wanted up, and nothing is due: {machine:?} {event:?}"
                );
                if after != machine {
                    queue.push_back(after);
                }
            }
        }
    }
    assert!(seen.len() > 100, "{}", seen.len());
}

/// The same state for all decisions: signals that no end in these tests is by, and numbers that only go up, left out.
fn without_counts(mut machine: Machine) -> Machine {
    machine.starts = 0;
    machine.last = None;
    if let Some(run) = machine.run_mut() {
        run.sent &= run::bit(15);
        run.kill_at = run.kill_at.map(|_| NOW);
        run.health.without_counts(NOW);
    }
    machine
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Commands, ends and time in any order: the end is what the last command asked for.
    #[test]
    fn the_last_command_wins(steps in prop::collection::vec((0..9_u8, 0..3000_u64), 1..60)) {
        let mut machine = Machine::new(NOW, true);
        let mut wish = Want::Up;
        let mut now = NOW;
        let mut left = false;
        for (step, pass) in steps {
            now = now + Duration::from_millis(pass);
            let event = match step {
                0 => { wish = Want::Up; order(b'u') }
                1 => { wish = Want::Down; order(b'd') }
                2 => { wish = Want::Once; order(b'o') }
                3 => order(b'p'),
                4 => order(b't'),
                5 => Event::Ended(Ending::Exited(0)),
                6 => Event::Ended(Ending::Killed(11)),
                7 => Event::Executed,
                _ => Event::Due,
            };
            left |= perform(machine.step(now, event), NEXT_PID).contains(&"leave".to_owned());
            // The shell tells it when its time has come.
            if machine.wake_at().is_some_and(|until| until <= now) {
                perform(machine.step(now, Event::Due), NEXT_PID);
            }
        }
        prop_assert!(!left);
        prop_assert_eq!(machine.want, wish);
        // Let whatever was told to end do so, and the waits pass.
        now = now + Duration::from_secs(100);
        if machine.want != Want::Up && machine.pid().is_some() {
            prop_assert!(perform(machine.step(now, Event::Ended(Ending::Exited(0))), NEXT_PID).is_empty());
        }
        perform(machine.step(now, Event::Due), NEXT_PID);
        prop_assert_eq!(machine.pid().is_some(), wish == Want::Up);
    }

    /// Whatever happens, a service that fails is not started more often than the spacing allows.
    #[test]
    fn without_commands_starts_are_a_second_apart(lives in prop::collection::vec((0..5000_u64, any::<bool>()), 1..50)) {
        let mut machine = Machine::new(NOW, true);
        let mut now = NOW;
        let mut last: Option<Monotonic> = None;
        for (life, good) in lives {
            if perform(machine.step(now, Event::Due), NEXT_PID) == ["start"] {
                prop_assert!(last.is_none_or(|last| now.since(last) >= Duration::from_secs(1)));
                last = Some(now);
            }
            now = now + Duration::from_millis(life);
            let ending = if good { Ending::Exited(0) } else { Ending::Exited(1) };
            if perform(machine.step(now, Event::Ended(ending)), NEXT_PID) == ["start"] {
                prop_assert!(last.is_none_or(|last| now.since(last) >= Duration::from_secs(1)));
                last = Some(now);
            }
            now = machine.wake_at().unwrap_or(now);
        }
    }
}
