//! What holds in every state that can be reached, and after any events.

use super::*;
use proptest::prelude::*;
use std::collections::{HashSet, VecDeque};

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
