mod health;
mod record;
mod states;

use super::health::Health;
use super::*;
use nix::unistd::Pid;
use protocol::command::{Command, Order, Signal, Target};
use protocol::status::{Phase as Reported, Status};
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
