mod order;

use super::*;
use crate::svscan::events::{Looked, Origin, Part};
use std::time::Duration;
use sys::process::Ending;

const START: Monotonic = Monotonic::from_zero(Duration::from_secs(1000));

fn id(inode: u64) -> FolderId {
    FolderId { device: 1, inode }
}

fn found(name: &str, inode: u64) -> Found {
    Found { name: name.into(), id: id(inode), arrival: Arrival::Linked }
}

const SOUND: Looked =
    Looked { has_run: true, has_log: false, print: 1, at_rest: Duration::from_secs(60), runs: false };

/// A roster with the world around it: what it asks to look at looks sound, what it starts runs, under a number of its own.
struct World {
    roster: Roster,
    now: Monotonic,
    looks: BTreeMap<FolderId, Looked>,
    next_pid: i32,
    pids: BTreeMap<(FolderId, Part), i32>,
    /// What is found running instead of being started, once.
    running: BTreeMap<(FolderId, Part), Origin>,
    /// Everything it did, in words.
    log: Vec<String>,
    left: bool,
}

impl World {
    fn new() -> Self {
        let roster = Roster::new(false);
        Self {
            roster,
            now: START,
            looks: BTreeMap::new(),
            next_pid: 100,
            pids: BTreeMap::new(),
            running: BTreeMap::new(),
            log: Vec::new(),
            left: false,
        }
    }

    fn tell(&mut self, event: Event) -> Vec<String> {
        let mut queue: std::collections::VecDeque<Step> = self.roster.step(self.now, event).into();
        while let Some(step) = queue.pop_front() {
            let answer = match step {
                Step::Look(id) => Some(Event::Looked(id, *self.looks.get(&id).unwrap_or(&SOUND))),
                Step::Start { id, part, .. } => {
                    self.next_pid += 1;
                    let name = self.roster.name(id).unwrap().to_str().unwrap().to_owned();
                    let origin = self.running.remove(&(id, part)).unwrap_or(Origin::Started);
                    let what = if origin == Origin::Started { "start" } else { "take over" };
                    self.log.push(format!("{what} {name} {part:?} {}", self.next_pid));
                    self.pids.insert((id, part), self.next_pid);
                    Some(Event::Started(id, part, origin))
                }
                Step::Leave => {
                    self.left = true;
                    None
                }
                Step::Terminate(id, part) => self.note("terminate", id, part),
                Step::Kill(id, part) => self.note("kill", id, part),
                Step::Destroy(id, part) => self.note("destroy", id, part),
                Step::EndInput(id) => self.note("end input", id, Part::Logger),
                Step::ListAgain => None,
                other => {
                    self.log.push(format!("{other:?}").split(['(', ' ']).next().unwrap().to_lowercase());
                    None
                }
            };
            if let Some(event) = answer {
                queue.extend(self.roster.step(self.now, event));
            }
        }
        std::mem::take(&mut self.log)
    }

    fn note(&mut self, what: &str, id: FolderId, part: Part) -> Option<Event> {
        self.log.push(format!("{what} {}", self.pids[&(id, part)]));
        None
    }

    fn list(&mut self, folders: &[Found]) -> Vec<String> {
        self.tell(Event::Listed { folders: folders.to_vec(), quiet: true, fresh: false })
    }

    fn exit(&mut self, pid: i32) -> Vec<String> {
        self.end(pid, Ending::Exited(0))
    }

    fn end(&mut self, pid: i32, ending: Ending) -> Vec<String> {
        let (id, part) = *self.pids.iter().find(|(_, known)| **known == pid).unwrap().0;
        self.tell(Event::Exited(id, part, ending))
    }

    fn stop(&mut self) -> Vec<String> {
        self.tell(Event::Stop(Needs::new()))
    }

    fn pass(&mut self, milliseconds: u64) -> Vec<String> {
        self.now = self.now + Duration::from_millis(milliseconds);
        self.tell(Event::Due)
    }
}

#[test]
fn a_whole_folder_starts_at_once_and_one_that_was_made_when_it_rests() {
    let mut world = World::new();
    assert_eq!(world.list(&[found("web", 1)]), ["start web Service 101"]);
    let made = Found { arrival: Arrival::Made, ..found("new", 2) };
    let fresh = |print| Looked { at_rest: Duration::ZERO, print, ..SOUND };
    world.looks.insert(id(2), fresh(1));
    assert!(world.list(&[found("web", 1), made]).is_empty());
    world.looks.insert(id(2), fresh(2));
    assert!(world.pass(1000).is_empty(), "it has changed since");
    assert!(world.pass(999).is_empty(), "not yet a second");
    assert_eq!(world.pass(1), ["start new Service 102"]);
}

#[test]
fn word_of_a_renaming_may_come_after_the_listing() {
    let mut world = World::new();
    world.looks.insert(id(1), Looked { at_rest: Duration::ZERO, ..SOUND });
    let arrived = |arrival| Found { arrival, ..found("web", 1) };
    assert!(world.list(&[arrived(Arrival::Made)]).is_empty());
    assert_eq!(world.list(&[arrived(Arrival::Moved)]), ["start web Service 101"]);
}

#[test]
fn an_old_folder_is_at_rest_already() {
    let mut world = World::new();
    assert_eq!(world.list(&[Found { arrival: Arrival::Made, ..found("web", 1) }]), ["start web Service 101"]);
}

#[test]
fn a_folder_without_run_waits_for_it_and_for_its_rest() {
    let mut world = World::new();
    world.looks.insert(id(1), Looked { has_run: false, ..SOUND });
    assert_eq!(world.list(&[found("web", 1)]), ["warn", "watch"]);
    assert!(world.tell(Event::Changed("other".into())).is_empty());
    world.looks.insert(id(1), Looked { at_rest: Duration::ZERO, ..SOUND });
    assert_eq!(world.tell(Event::Changed("web".into())), ["watch", "unwatch"]);
    assert_eq!(world.pass(1000), ["start web Service 101"]);
}

#[test]
fn an_instance_waits_for_its_template() {
    let mut world = World::new();
    let without_run = Looked { has_run: false, ..SOUND };
    world.looks.insert(id(1), without_run);
    assert_eq!(world.list(&[found("web@1", 1)]), ["warn", "watch"]);
    assert_eq!(world.tell(Event::Changed("web@".into())), ["watch"], "there, and empty: watched itself");
    world.looks.insert(id(1), Looked { at_rest: Duration::ZERO, ..SOUND });
    assert_eq!(world.tell(Event::Changed("web@".into())), ["watch", "unwatch"]);
    assert_eq!(world.pass(1000), ["start web@1 Service 101"]);
}

#[test]
fn a_wait_for_run_costs_nothing_while_nothing_is_told() {
    let mut world = World::new();
    world.looks.insert(id(1), Looked { has_run: false, ..SOUND });
    let folders = vec![found("web", 1)];
    world.list(&folders);
    let mut listed =
        |fresh| world.roster.step(START, Event::Listed { folders: folders.clone(), quiet: true, fresh });
    assert_eq!(listed(false), []);
    assert_eq!(listed(true), [Step::Watch(id(1)), Step::Look(id(1))], "what was told may have been lost");
}

#[test]
fn a_folder_that_leaves_is_not_watched_any_more() {
    let mut world = World::new();
    world.looks.insert(id(1), Looked { has_run: false, ..SOUND });
    world.list(&[found("web", 1)]);
    assert!(world.list(&[]).is_empty());
    let left = world.roster.step(START, Event::Listed { folders: vec![], quiet: true, fresh: false });
    assert!(left.contains(&Step::Unwatch("web".into())), "by its name: it is not known any more");
}

#[test]
fn a_long_wait_for_run_is_not_a_long_change() {
    let mut world = World::new();
    world.looks.insert(id(1), Looked { has_run: false, ..SOUND });
    world.list(&[found("web", 1)]);
    world.pass(60_000);
    world.looks.insert(id(1), Looked { at_rest: Duration::ZERO, ..SOUND });
    assert_eq!(world.tell(Event::Changed("web".into())), ["watch", "unwatch"]);
    assert_eq!(world.pass(1000), ["start web Service 101"], "without a warning");
}

#[test]
fn templates_and_second_links_are_no_services() {
    let mut world = World::new();
    assert_eq!(world.list(&[found("web@", 1), found("b", 2), found("a", 2)]), ["start a Service 101"]);
    assert!(world.list(&[found("b", 2)]).is_empty(), "the other link is left: the same service");
}

#[test]
fn gone_means_missing_twice_and_undisturbed() {
    let mut world = World::new();
    world.list(&[found("web", 1)]);
    assert!(world.list(&[]).is_empty(), "one listing can miss it");
    assert!(world.list(&[found("web", 1)]).is_empty());
    assert!(world.list(&[]).is_empty());
    assert!(
        world.tell(Event::Listed { folders: vec![], quiet: false, fresh: false }).is_empty(),
        "something was changing"
    );
    assert_eq!(world.list(&[]), ["terminate 101"]);
    assert_eq!(world.exit(101), ["forget"]);
}

#[test]
fn a_directory_that_never_rests_does_not_keep_the_dead() {
    let mut world = World::new();
    world.list(&[found("web", 1)]);
    let told: Vec<String> = (0..12)
        .flat_map(|_| world.tell(Event::Listed { folders: vec![], quiet: false, fresh: false }))
        .collect();
    assert_eq!(told, ["terminate 101"]);
}

#[test]
fn a_renamed_folder_is_the_same_service_unless_its_name_is_data() {
    let mut world = World::new();
    world.list(&[found("a", 1), found("b", 2)]);
    assert!(world.list(&[found("b", 1), found("a", 2)]).is_empty(), "two names exchanged");
    assert_eq!(world.roster.name(id(1)), Some(OsStr::new("b")));

    let mut world = World::new();
    world.list(&[found("web@1", 1)]);
    assert_eq!(world.list(&[found("web@2", 1)]), ["terminate 101"]);
    assert!(world.list(&[found("web@2", 1)]).is_empty(), "never both");
    assert_eq!(world.exit(101), ["forget"]);
    assert_eq!(world.list(&[found("web@2", 1)]), ["start web@2 Service 102"]);

    let mut world = World::new();
    world.roster = Roster::new(true);
    world.list(&[found("a", 1)]);
    assert_eq!(world.list(&[found("b", 1)]), ["terminate 101"], "its files are under its path");
}

#[test]
fn a_replaced_folder_stops_before_the_new_one_starts() {
    let mut world = World::new();
    world.list(&[found("web", 1)]);
    assert!(world.list(&[found("web", 2)]).is_empty());
    assert_eq!(world.list(&[found("web", 2)]), ["terminate 101"]);
    assert!(world.list(&[found("web", 2)]).is_empty());
    assert_eq!(world.exit(101), ["forget"]);
    assert_eq!(world.list(&[found("web", 2)]), ["start web Service 102"]);
}

#[test]
fn what_was_renamed_in_is_whole_however_long_it_waits_for_an_end() {
    let new = Looked { at_rest: Duration::ZERO, ..SOUND };
    let arrived = |name, inode, arrival| Found { arrival, ..found(name, inode) };
    // Another folder has its name.
    let mut world = World::new();
    world.list(&[found("web", 1)]);
    world.looks.insert(id(2), new);
    world.list(&[arrived("web", 2, Arrival::Moved)]);
    assert_eq!(world.list(&[arrived("web", 2, Arrival::Made)]), ["terminate 101"]);
    world.exit(101);
    assert_eq!(world.list(&[arrived("web", 2, Arrival::Made)]), ["start web Service 102"]);
    // It is itself still ending under another.
    let mut world = World::new();
    world.list(&[found("web@1", 1)]);
    world.looks.insert(id(1), new);
    assert_eq!(world.list(&[arrived("web@2", 1, Arrival::Moved)]), ["terminate 101"]);
    world.exit(101);
    assert_eq!(world.list(&[arrived("web@2", 1, Arrival::Made)]), ["start web@2 Service 102"]);
}

#[test]
fn a_supervise_that_ends_is_started_again_with_the_spacing() {
    let mut world = World::new();
    world.list(&[found("web", 1)]);
    assert!(world.exit(101).is_empty(), "a second has not passed");
    assert_eq!(world.pass(1000), ["start web Service 102"]);
    world.now = world.now + Duration::from_secs(10);
    assert_eq!(world.exit(102), ["start web Service 103"]);
}

#[test]
fn a_log_that_comes_later_counts_from_the_next_supervise_on() {
    let mut world = World::new();
    world.list(&[found("web", 1)]);
    world.looks.insert(id(1), Looked { has_log: true, ..SOUND });
    assert!(world.pass(5000).is_empty() && world.list(&[found("web", 1)]).is_empty());
    assert_eq!(world.exit(101), ["start web Service 102", "start web Logger 103"]);
    // Also where the spacing lets the service wait.
    let mut world = World::new();
    world.list(&[found("web", 1)]);
    world.looks.insert(id(1), Looked { has_log: true, ..SOUND });
    assert_eq!(world.exit(101), ["start web Logger 102"]);
    assert_eq!(world.pass(1000), ["start web Service 103"]);
    assert_eq!(world.stop(), ["terminate 103"]);
    assert_eq!(world.exit(103), ["end input 102", "closeinput"]);
}

#[test]
fn a_logger_outlives_its_service_and_gets_the_end_of_its_input() {
    let mut world = World::new();
    world.looks.insert(id(1), Looked { has_log: true, ..SOUND });
    assert_eq!(world.list(&[found("web", 1)]), ["start web Service 101", "start web Logger 102"]);
    assert_eq!(world.stop(), ["terminate 101"]);
    assert_eq!(world.exit(101), ["end input 102", "closeinput"]);
    assert!(!world.left);
    assert_eq!(world.exit(102), ["forget"]);
    assert!(world.left);
}

#[test]
fn a_logger_that_was_just_dead_is_started_once_more_for_what_waits() {
    let mut world = World::new();
    world.looks.insert(id(1), Looked { has_log: true, ..SOUND });
    world.list(&[found("web", 1)]);
    world.exit(102);
    world.stop();
    assert_eq!(world.exit(101), ["start web Logger 103", "closeinput", "end input 103"]);
    world.exit(103);
    assert!(world.left);
}

#[test]
fn a_logger_that_does_not_end_is_told_to_when_its_pipe_is_empty() {
    let mut world = World::new();
    world.looks.insert(id(1), Looked { has_log: true, ..SOUND });
    world.list(&[found("web", 1)]);
    world.stop();
    world.exit(101);
    assert_eq!(world.pass(2000), ["countunread"]);
    assert!(world.tell(Event::Unread(id(1), 10)).is_empty());
    assert_eq!(world.pass(2000), ["countunread"]);
    assert_eq!(world.tell(Event::Unread(id(1), 0)), ["terminate 102"]);
    assert!(world.pass(60_000).is_empty(), "told once");
}

fn with_log() -> World {
    let mut world = World::new();
    world.looks.insert(id(1), Looked { has_log: true, ..SOUND });
    world.list(&[found("web", 1)]);
    world
}

#[test]
fn a_second_stop_kills_and_lets_the_logger_write_a_second_longer() {
    let mut world = with_log();
    world.stop();
    assert_eq!(world.stop(), ["kill 101"], "the logger still has lines to write");
    assert_eq!(world.exit(101), ["end input 102", "closeinput"]);
    assert!(world.pass(999).is_empty());
    assert_eq!(world.pass(1), ["kill 102"], "whatever waits in its pipe");
    assert_eq!(world.stop(), ["kill 102"]);
    // Where the service is gone already.
    let mut world = with_log();
    world.stop();
    world.exit(101);
    assert!(world.stop().is_empty());
    assert_eq!(world.pass(1000), ["kill 102"]);
}

#[test]
fn what_does_not_do_what_it_was_told_is_killed_with_its_service() {
    let mut world = with_log();
    world.stop();
    assert!(world.pass(3_600_000).is_empty(), "not before it was told twice");
    world.stop();
    assert!(world.pass(2999).is_empty());
    assert_eq!(world.pass(1), ["destroy 101"]);
    assert_eq!(world.pass(3000), ["destroy 101"], "and again, should that have been too early");
}

#[test]
fn a_supervise_that_dies_while_it_stops_its_service_is_started_again_to_do_that() {
    let mut world = with_log();
    world.stop();
    let killed = Ending::Killed(9);
    assert_eq!(world.end(101, killed), ["start web Service 103", "terminate 103"]);
    assert_eq!(world.end(103, Ending::Exited(111)), ["start web Service 104", "terminate 104"]);
    assert_eq!(world.end(104, killed), ["start web Service 105", "terminate 105"]);
    assert_eq!(world.end(105, killed), ["end input 102", "closeinput"], "not for ever");
}

#[test]
fn what_runs_already_is_taken_over_before_it_has_come_to_rest() {
    let mut world = World::new();
    let look = Looked { has_run: false, has_log: true, at_rest: Duration::ZERO, runs: true, print: 1 };
    world.looks.insert(id(1), look);
    world.running.insert((id(1), Part::Service), Origin::Found);
    world.running.insert((id(1), Part::Logger), Origin::Found);
    let made = Found { arrival: Arrival::Made, ..found("web", 1) };
    let told = world.list(&[made]);
    assert_eq!(told, ["take over web Service 101", "take over web Logger 102", "reconnect"]);
    world.now = world.now + Duration::from_secs(10);
    assert_eq!(world.end(101, Ending::Unknown), ["start web Service 103", "reconnect"]);
    assert_eq!(world.stop(), ["terminate 103"]);
}

#[test]
fn a_foreign_logger_is_let_go_when_its_service_is_not_foreign_any_more() {
    let mut world = World::new();
    world.looks.insert(id(1), Looked { has_log: true, ..SOUND });
    world.running.insert((id(1), Part::Service), Origin::Foreign);
    world.running.insert((id(1), Part::Logger), Origin::Foreign);
    assert_eq!(world.list(&[found("web", 1)]), ["take over web Service 101", "take over web Logger 102"]);
    world.now = world.now + Duration::from_secs(10);
    assert_eq!(world.exit(102), ["start web Logger 103"], "the pipe is still the old one");
    assert_eq!(world.exit(101), ["start web Service 104", "reconnect"]);
}

#[test]
fn stopping_an_empty_directory_is_quick_and_nothing_starts_any_more() {
    let mut world = World::new();
    assert!(world.stop().is_empty());
    assert!(world.left);
    assert!(world.list(&[found("web", 1)]).is_empty());
}
