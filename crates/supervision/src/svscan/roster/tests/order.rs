//! Everything stops: what is needed by others stops after them.

use super::*;

/// The services of `graph`, such as `web: db; db`, in alphabetical order with pids from 101 on, and a stop that is told who needs
/// whom. A service called `x+log` has a logger, and `x/log: y` is what that needs.
fn stopping(graph: &str) -> (World, Vec<String>) {
    let mut world = World::new();
    let relations: Vec<(&str, Vec<&str>)> = graph
        .split("; ")
        .map(|service| service.split_once(": ").unwrap_or((service, "")))
        .map(|(name, needed)| (name, needed.split_whitespace().collect()))
        .collect();
    let mut names: Vec<&str> =
        relations.iter().map(|(name, _)| *name).filter(|name| !name.contains('/')).collect();
    names.sort_unstable();
    let plain = |name: &str| name.trim_end_matches("+log").to_owned();
    let number = |name: &str| {
        names.iter().zip(1_u64..).find(|(known, _)| plain(known) == name).map(|(_, number)| id(number))
    };
    for (name, number) in names.iter().zip(1..) {
        world.looks.insert(id(number), Looked { has_log: name.ends_with("+log"), ..SOUND });
    }
    let folders: Vec<Found> =
        names.iter().zip(1..).map(|(name, number)| found(&plain(name), number)).collect();
    world.list(&folders);
    let mut needs = Needs::new();
    for (name, needed) in relations {
        let (name, part) =
            name.strip_suffix("/log").map_or((name, Part::Service), |name| (name, Part::Logger));
        let needed = needed.into_iter().map(|name| number(name).unwrap_or(id(9999))).collect();
        needs.insert((number(&plain(name)).unwrap(), part), needed);
    }
    let told = world.tell(Event::Stop(needs));
    (world, told)
}

#[test]
fn without_relations_all_are_told_at_once() {
    let (_, told) = stopping("a; b; c");
    assert_eq!(told, ["terminate 101", "terminate 102", "terminate 103"]);
}

#[test]
fn what_is_needed_stops_after_those_that_need_it() {
    let (mut world, told) = stopping("api: db; db: disk; disk; web: api");
    assert_eq!(told, ["terminate 104"], "web, which nobody needs");
    assert_eq!(world.exit(104), ["forget", "terminate 101"]);
    assert_eq!(world.exit(101), ["forget", "terminate 102"]);
    assert_eq!(world.exit(102), ["forget", "terminate 103"]);
    assert!(!world.left);
    world.exit(103);
    assert!(world.left);
}

#[test]
fn all_that_need_it_have_to_end_in_whatever_order() {
    for order in [[102, 103, 104], [104, 103, 102], [103, 102, 104]] {
        let (mut world, told) = stopping("a; b: a; c: a; d: a");
        assert_eq!(told, ["terminate 102", "terminate 103", "terminate 104"]);
        assert_eq!(world.exit(order[0]), ["forget"]);
        assert_eq!(world.exit(order[1]), ["forget"]);
        assert_eq!(world.exit(order[2]), ["forget", "terminate 101"]);
        world.exit(101);
        assert!(world.left);
    }
}

#[test]
fn those_in_a_circle_stop_together_in_their_turn() {
    let (mut world, told) = stopping("a: b; b: a");
    assert_eq!(told, ["terminate 101", "terminate 102"]);
    world.exit(102);
    world.exit(101);
    assert!(world.left);
    // One that needs the circle goes first, what the circle needs goes last.
    let (mut world, told) = stopping("a: b c; b: a; c; d: a; e: e");
    assert_eq!(told, ["terminate 104", "terminate 105"], "who needs itself is held up by nobody");
    assert_eq!(
        world.exit(104),
        ["forget", "terminate 101", "terminate 102"],
        "d needs b as well, by way of a"
    );
    assert_eq!(world.exit(102), ["forget"]);
    assert_eq!(world.exit(101), ["forget", "terminate 103"]);
}

#[test]
fn a_service_that_nobody_knows_holds_up_nobody() {
    let (_, told) = stopping("a: nosuch");
    assert_eq!(told, ["terminate 101"]);
}

#[test]
fn a_logger_of_one_that_needs_it_may_still_write_but_one_that_needs_it_itself_may_not() {
    let (mut world, told) = stopping("db; web+log: db");
    assert_eq!(told, ["terminate 102"]);
    assert_eq!(world.exit(102), ["end input 103", "closeinput", "terminate 101"]);
    let (mut world, told) = stopping("db; web+log; web/log: db");
    assert_eq!(told, ["terminate 102"]);
    assert_eq!(world.exit(102), ["end input 103", "closeinput"]);
    assert_eq!(world.exit(103), ["forget", "terminate 101"]);
    // A logger that needs its own service still ends after it.
    let (mut world, told) = stopping("web+log; web/log: web");
    assert_eq!(told, ["terminate 101"]);
    assert_eq!(world.exit(101), ["end input 102", "closeinput"]);
    world.exit(102);
    assert!(world.left);
}

#[test]
fn one_that_ends_by_itself_meanwhile_is_kept_until_its_turn_comes() {
    let (mut world, _) = stopping("db; web: db");
    assert!(world.exit(101).is_empty(), "web still needs it");
    assert_eq!(world.pass(1000), ["start db Service 103"]);
    assert_eq!(world.exit(102), ["forget", "terminate 103"]);
    // Where its turn comes while nothing of it runs, it has ended.
    let (mut world, _) = stopping("db; disk; web: db");
    world.exit(102);
    world.exit(101);
    assert_eq!(world.exit(103), ["forget", "forget"]);
    assert!(world.left);
}

#[test]
fn what_has_not_started_yet_holds_up_nobody_and_never_starts() {
    let mut world = World::new();
    world.looks.insert(id(2), Looked { has_run: false, ..SOUND });
    world.list(&[found("db", 1), found("web", 2)]);
    let needs = Needs::from([((id(2), Part::Service), BTreeSet::from([id(1)]))]);
    assert_eq!(world.tell(Event::Stop(needs)), ["terminate 101", "unwatch", "forget"]);
    // Nor does it wait for its turn itself.
    let mut world = World::new();
    world.looks.insert(id(1), Looked { at_rest: Duration::ZERO, ..SOUND });
    world.list(&[Found { arrival: Arrival::Made, ..found("db", 1) }, found("web", 2)]);
    let needs = Needs::from([((id(2), Part::Service), BTreeSet::from([id(1)]))]);
    assert_eq!(world.tell(Event::Stop(needs)), ["terminate 101", "forget"]);
    assert!(world.pass(5000).is_empty());
}

#[test]
fn one_that_is_leaving_already_is_waited_for_and_not_told_again() {
    let mut world = World::new();
    let (db, web) = (found("db", 1), found("web", 2));
    world.list(&[db.clone(), web]);
    world.list(std::slice::from_ref(&db));
    assert_eq!(world.list(&[db]), ["terminate 102"]);
    let needs = Needs::from([((id(2), Part::Service), BTreeSet::from([id(1)]))]);
    assert!(world.tell(Event::Stop(needs)).is_empty());
    assert_eq!(world.exit(102), ["forget", "terminate 101"]);
    // A folder that leaves is stopped at once, whoever needs it; and what it needs itself is told in its turn.
    let mut world = World::new();
    let (db, web) = (found("db", 1), found("web", 2));
    world.list(&[db, web.clone()]);
    world.list(std::slice::from_ref(&web));
    assert_eq!(world.list(&[web]), ["terminate 101"]);
    let needs = Needs::from([((id(2), Part::Service), BTreeSet::from([id(1)]))]);
    assert_eq!(world.tell(Event::Stop(needs)), ["terminate 102"]);
    assert_eq!(world.exit(102), ["forget"]);
    world.exit(101);
    assert!(world.left);
}

#[test]
fn a_stray_stops_with_the_first() {
    let mut world = World::new();
    world.roster.stray(START, id(7), "old".into(), Part::Service);
    world.pids.insert((id(7), Part::Service), 90);
    world.list(&[found("db", 1), found("web", 2)]);
    let needs = Needs::from([((id(2), Part::Service), BTreeSet::from([id(1)]))]);
    assert_eq!(world.tell(Event::Stop(needs)), ["terminate 102", "terminate 90"]);
}

#[test]
fn told_again_everybody_is_killed_whose_turn_it_is_or_not() {
    let (mut world, _) = stopping("api: db; db; web: api");
    let told = world.tell(Event::Stop(Needs::new()));
    for step in ["kill 101", "kill 102", "kill 103"] {
        assert!(told.iter().any(|told| told == step), "{step}: {told:?}");
    }
    for pid in [102, 101, 103] {
        assert!(world.exit(pid).contains(&"forget".to_owned()));
    }
    assert!(world.left);
}

#[test]
fn a_supervise_that_dies_while_it_stops_keeps_the_next_waiting_until_its_service_is_down() {
    let (mut world, _) = stopping("db; web: db");
    assert_eq!(world.end(102, Ending::Killed(9)), ["start web Service 103", "terminate 103"]);
    assert_eq!(world.exit(103), ["forget", "terminate 101"]);
}

#[test]
fn whoever_needs_whom_everyone_is_told_once_and_in_order() {
    // Of all graphs of four services, one in seventeen.
    for bits in (0_u32..1 << 16).step_by(17) {
        let needs = |from: u64, to: u64| bits >> ((from - 1) * 4 + (to - 1)) & 1 == 1;
        let mut world = World::new();
        world.list(&[1, 2, 3, 4].map(|number| found(&number.to_string(), number)));
        let map: Needs = (1..=4)
            .map(|from| ((id(from), Part::Service), (1..=4).filter(|to| needs(from, *to)).map(id).collect()))
            .collect();
        // Who can be reached from whom.
        let mut reaches = [[false; 5]; 5];
        for (from, to) in (1..=4).flat_map(|from| (1..=4).map(move |to| (from, to))) {
            reaches[from as usize][to as usize] = needs(from, to);
        }
        for by in 1..5 {
            for (from, to) in (1..5).flat_map(|from| (1..5).map(move |to| (from, to))) {
                reaches[from][to] |= reaches[from][by] && reaches[by][to];
            }
        }
        let mut queue: Vec<String> = world.tell(Event::Stop(map));
        let (mut told, mut ended) = (Vec::new(), Vec::new());
        while !queue.is_empty() {
            for step in std::mem::take(&mut queue) {
                let Some(pid) = step.strip_prefix("terminate 10") else { continue };
                let number: usize = pid.parse().unwrap();
                assert!(!told.contains(&number), "{bits:#x}: twice");
                let early = (1..5)
                    .find(|from| reaches[*from][number] && !reaches[number][*from] && !ended.contains(from));
                assert_eq!(early, None, "{bits:#x}: {number} is told, and is needed still");
                told.push(number);
            }
            // Those told last end first, one at a time.
            let Some(next) = told.iter().rev().find(|number| !ended.contains(*number)).copied() else {
                break;
            };
            ended.push(next);
            queue = world.exit(100 + i32::try_from(next).unwrap());
        }
        assert!(world.left && told.len() == 4, "{bits:#x}: {told:?}");
    }
}
