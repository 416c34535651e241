use super::*;
use proptest::prelude::*;
use std::collections::{HashSet, VecDeque};
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

/// Does what a shell does with an action, and says what it was as the table does.
fn perform(action: Action<'_>, pid: Pid) -> Vec<String> {
    match action {
        Action::Nothing => Vec::new(),
        Action::Start(start) => {
            start.spawned(pid);
            vec!["start".into()]
        }
        Action::Signal(to, _, signals) => {
            assert_eq!(to, PID, "nobody else is signalled");
            signals.iter().map(|signal| format!("{:?}", signal.system()).replace("SIG", "")).collect()
        }
        Action::Leave => vec!["leave".into()],
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Down => "Down",
        Phase::Starting(_) => "Starting",
        Phase::Up(_) => "Up",
        Phase::Resting { .. } => "Resting",
    }
}

/// A machine in that phase, wanted up; its last start was at `NOW`.
fn machine_in(phase: &str) -> Machine {
    let mut machine = Machine::new(NOW, true);
    assert_eq!(perform(machine.step(NOW, Event::Due), PID), ["start"]);
    match phase {
        "Starting" => {}
        "Up" => assert!(perform(machine.step(NOW, Event::Executed), PID).is_empty()),
        "Resting" => assert!(perform(machine.step(NOW, Event::Ended(Ending::Exited(1))), PID).is_empty()),
        _ => {
            perform(machine.step(NOW, order(b'd')), PID);
            perform(machine.step(NOW, Event::Ended(Ending::Exited(0))), PID);
        }
    }
    assert_eq!(name(machine.phase), phase);
    machine
}

/// Applies the event that a row of the table names, and returns the cell that comes of it.
fn cell(event: &str, phase: &str) -> String {
    let mut machine = machine_in(phase);
    let ended = Event::Ended(Ending::Exited(0));
    let (now, event) = match event {
        "terminate" => (NOW, Event::Terminate),
        "terminate again" => {
            machine.leaving = Leaving::Stopping;
            (NOW, Event::Terminate)
        }
        "end of input" => (NOW, Event::EndOfInput),
        "quit" => (NOW, Event::Quit),
        "executed" => (NOW, Event::Executed),
        "ended, wanted up, spacing over" => (later(1000), ended),
        "ended, wanted up, spacing not over" => (later(999), ended),
        "ended, wanted down" => {
            machine.want = Want::Down;
            (later(5000), ended)
        }
        "ended, wanted once" => {
            machine.want = Want::Once;
            (later(5000), ended)
        }
        "ended, leaving" => {
            machine.leaving = Leaving::WhenDown;
            (later(5000), ended)
        }
        "due" => (later(2000), Event::Due),
        "due, too early" => (later(1999), Event::Due),
        letter => (NOW, order(*letter.as_bytes().first().unwrap())),
    };
    let done = perform(machine.step(now, event), PID);
    let phase = name(machine.phase);
    if done.is_empty() { phase.to_owned() } else { format!("{phase}, {}", done.join(" ")) }
}

#[test]
fn every_event_in_every_phase_is_as_the_table_says() {
    let mut rows = include_str!("../machine.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
    let columns: Vec<&str> = rows.next().unwrap().trim_end_matches(" |").split(" | ").skip(1).collect();
    assert_eq!(columns, ["Down", "Starting", "Up", "Resting"]);
    let mut count = 0;
    for row in rows {
        let mut cells = row.trim_end_matches(" |").split(" | ");
        let event = cells.next().unwrap();
        for (phase, expected) in columns.iter().zip(cells) {
            assert_eq!(cell(event, phase), expected, "{event} in {phase}");
            count += 1;
        }
    }
    let others = 12; // terminate (2), end of input, quit, executed, ended (5), due (2)
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

#[test]
fn a_process_that_cannot_be_made_is_tried_again_with_the_spacing() {
    let mut machine = Machine::new(NOW, true);
    let Action::Start(start) = machine.step(NOW, Event::Due) else { panic!("no start") };
    assert!(matches!(start.not_spawned(), Action::Nothing));
    assert_eq!(machine.wake_at(), Some(later(2000)));
    machine.leaving = Leaving::WhenDown;
    let Action::Start(start) = machine.step(later(2000), Event::Due) else { panic!("no start") };
    assert!(matches!(start.not_spawned(), Action::Leave), "it never hangs on the way out");
}

#[test]
fn pause_holds_until_it_continues_or_ends() {
    let mut machine = machine_in("Up");
    perform(machine.step(NOW, order(b'p')), PID);
    let paused = |machine: &Machine| machine.status(Tai64n::default(), None, PID).paused;
    assert!(paused(&machine));
    perform(machine.step(NOW, order(b'h')), PID);
    assert!(paused(&machine), "another signal does not end it");
    perform(machine.step(NOW, order(b'd')), PID);
    assert!(!paused(&machine), "down continues it, so that it gets the TERM");
}

#[test]
fn the_record_says_what_is() {
    let status = |phase| machine_in(phase).status(Tai64n::default(), None, PID);
    assert_eq!(status("Up").pid.map(NonZeroU32::get), Some(500));
    assert_eq!(status("Starting").detail.unwrap().phase, Reported::Starting);
    assert_eq!((status("Resting").pid, status("Resting").want), (None, Want::Up));
    assert_eq!(status("Resting").detail.unwrap().next_start, Some(1_002_000_000_000));
    assert_eq!(status("Down").detail.unwrap().last, Some(Ending::Exited(0)));
    assert_eq!(status("Up").detail.unwrap().starts, 1);
}

/// Every event that there is, with the ends that count as different.
fn events() -> Vec<Event> {
    let mut events: Vec<Event> =
        protocol::command::LETTERS.iter().map(|(_, letter, _)| order(*letter)).collect();
    events.extend([Event::Terminate, Event::EndOfInput, Event::Quit, Event::Executed, Event::Due]);
    events.extend(
        [Ending::Exited(0), Ending::Exited(1), Ending::Killed(9), Ending::Killed(11)].map(Event::Ended),
    );
    events
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
        assert_eq!(machine.wake_at().is_some(), matches!(machine.phase, Phase::Resting { .. }));
        for event in events() {
            for made in [true, false] {
                let mut after = machine.clone();
                let had = after.pid();
                let left = match after.step(NOW, event) {
                    Action::Start(start) => {
                        assert!(
                            had.is_none() || matches!(event, Event::Ended(_)),
                            "never two: {machine:?} {event:?}"
                        );
                        if made {
                            start.spawned(PID);
                            false
                        } else {
                            matches!(start.not_spawned(), Action::Leave)
                        }
                    }
                    Action::Signal(pid, ..) => {
                        assert_eq!(Some(pid), had, "only a process that is held is signalled");
                        false
                    }
                    Action::Leave => {
                        assert!(
                            after.pid().is_none() || event == Event::Quit,
                            "nothing is left running: {machine:?}"
                        );
                        true
                    }
                    Action::Nothing => false,
                };
                if left {
                    continue;
                }
                let down = after.phase == Phase::Down;
                assert!(!down || after.leaving == Leaving::No, "it would never leave: {machine:?} {event:?}");
                assert!(
                    !down || after.want != Want::Up,
                    "wanted up, and nothing is due: {machine:?} {event:?}"
                );
                queue.push_back(after);
            }
        }
    }
}

/// The same state for all decisions: signals that no end in these tests is by, and numbers that only go up, left out.
fn without_counts(mut machine: Machine) -> Machine {
    machine.starts = 0;
    machine.last = None;
    if let Phase::Starting(run) | Phase::Up(run) = &mut machine.phase {
        run.sent &= bit(9) | bit(15);
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
            match machine.step(now, event) {
                Action::Start(start) => start.spawned(NEXT_PID),
                Action::Leave => left = true,
                Action::Nothing | Action::Signal(..) => {}
            }
            // The shell tells it when its time has come.
            if machine.wake_at().is_some_and(|until| until <= now) {
                if let Action::Start(start) = machine.step(now, Event::Due) {
                    start.spawned(NEXT_PID);
                }
            }
        }
        prop_assert!(!left);
        prop_assert_eq!(machine.want, wish);
        // Let whatever was told to end do so, and the waits pass.
        now = now + Duration::from_secs(100);
        if machine.want != Want::Up && machine.pid().is_some() {
            prop_assert!(matches!(machine.step(now, Event::Ended(Ending::Exited(0))), Action::Nothing));
        }
        if let Action::Start(start) = machine.step(now, Event::Due) {
            start.spawned(NEXT_PID);
        }
        prop_assert_eq!(machine.pid().is_some(), wish == Want::Up);
    }

    /// Whatever happens, a service that fails is not started more often than the spacing allows.
    #[test]
    fn without_commands_starts_are_a_second_apart(lives in prop::collection::vec((0..5000_u64, any::<bool>()), 1..50)) {
        let mut machine = Machine::new(NOW, true);
        let mut now = NOW;
        let mut last: Option<Monotonic> = None;
        for (life, good) in lives {
            if let Action::Start(start) = machine.step(now, Event::Due) {
                start.spawned(NEXT_PID);
                prop_assert!(last.is_none_or(|last| now.since(last) >= Duration::from_secs(1)));
                last = Some(now);
            }
            now = now + Duration::from_millis(life);
            let ending = if good { Ending::Exited(0) } else { Ending::Exited(1) };
            if let Action::Start(start) = machine.step(now, Event::Ended(ending)) {
                start.spawned(NEXT_PID);
                prop_assert!(last.is_none_or(|last| now.since(last) >= Duration::from_secs(1)));
                last = Some(now);
            }
            now = machine.wake_at().unwrap_or(now);
        }
    }
}
