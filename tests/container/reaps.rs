//! What becomes a child of process 1 and ends is reaped at once, however many there are.

use super::{Container, Plan};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use testkit::{TestTree, skip, wait_until};

/// Has ten thousand children that have ended, and ends itself: in one instant they are all somebody else's. With an argument,
/// fifty each time, again and again, but not so fast that the machine runs out of numbers.
const PARENT: &str = r"
#include <sys/wait.h>
#include <unistd.h>
static int litter(int count) {
    while (count-- > 0) {
        pid_t child = vfork();
        if (child == 0) _exit(0);
        if (child < 0) return 1;
    }
    return 0;
}
int main(int words, char **word) {
    (void)word;
    while (words > 1) {
        pid_t child = fork();
        if (child == 0) return litter(50);
        if (child > 0) waitpid(child, 0, 0);
        usleep(5000);
    }
    return litter(10000);
}
";

/// One at a time: the machine has only so many numbers for processes.
static NUMBERS: Mutex<()> = Mutex::new(());

/// That program, if there is a compiler for it.
fn program(tree: &TestTree, source: &str) -> Option<PathBuf> {
    let program = compiled(tree.root(), source);
    if program.is_none() {
        skip("it needs a C compiler");
    }
    program
}

/// A small static program in that folder.
pub(super) fn compiled(folder: &Path, source: &str) -> Option<PathBuf> {
    let [from, to] = ["program.c", "program"].map(|name| folder.join(name));
    fs::write(&from, source).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-static", "-O1", "-o"]).args([&to, &from]);
    cc.status().is_ok_and(|status| status.success()).then_some(to)
}

#[track_caller]
fn no_zombie_stays(container: &Container) {
    wait_until("no zombie is left", &[], || container.zombies().is_empty().then_some(()));
}

#[test]
fn ten_thousand_orphans_of_a_service_leave_no_zombie() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let Some(parent) = program(&tree, PARENT) else { return };
    let _alone = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    let beacon = tree.beacon("orphans");
    let run = format!("'{}'\n{}\nexec sleep 1000", parent.display(), beacon.say("left"));
    let container = plan.start();
    let web = tree.folder("web", |f| f.run(&run));
    assert_eq!(beacon.hear(), "left");
    no_zombie_stays(&container);
    container.wait_until_it_is(web.path(), "up (pid ");
    assert_eq!(container.unshare.errors(), "");
    container.stop();
}

/// As `docker exec` and its like do: nobody in the container has asked for these.
#[test]
fn ten_thousand_orphans_from_outside_leave_no_zombie() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let Some(parent) = program(&tree, PARENT) else { return };
    let _alone = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    let container = plan.start();
    container.tool(&parent).run().exits(0);
    no_zombie_stays(&container);
    assert_eq!(container.unshare.errors(), "");
    container.stop();
}

#[test]
fn it_stops_while_orphans_keep_coming() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let Some(parent) = program(&tree, PARENT) else { return };
    let _alone = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    let beacon = tree.beacon("orphans");
    let litters = format!("{}\nexec '{}' for-ever", beacon.say("begins"), parent.display());
    let container = plan.start();
    let web = tree.folder("web", |f| f.run(&litters));
    assert_eq!(beacon.hear(), "begins");
    wait_until("there are zombies", &[], || (!container.zombies().is_empty()).then_some(()));
    container.stop();
    assert!(web.status().unwrap().pid.is_none());
}

/// Has a child that has ended, and becomes another program.
const PREDECESSOR: &str = r"
#include <sys/wait.h>
#include <unistd.h>
int main(int count, char **words) {
    siginfo_t ended;
    (void)count;
    if (vfork() == 0) _exit(0);
    waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT);
    return execv(words[1], words + 1);
}
";

/// As where a script is process 1, begins something, and becomes svscan in the end.
#[test]
fn what_had_ended_before_svscan_took_the_place_of_another_program_is_reaped() {
    let tree = TestTree::new();
    let Some(plan) = Plan::new(&tree) else { return };
    let Some(predecessor) = program(&tree, PREDECESSOR) else { return };
    let container = plan.through(&[predecessor.to_str().unwrap()]).start();
    no_zombie_stays(&container);
    container.stop();
}
