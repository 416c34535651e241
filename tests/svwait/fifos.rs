//! The FIFOs are s6's: its own programs hear what ours tell, and tell what ours hear.

use super::*;
use nix::sys::signal::Signal;
use protocol::event::Waiter;
use std::path::{Path, PathBuf};
use testkit::skip;

/// A program of Debian's s6; where it is not installed, the test is skipped and says so.
pub(super) fn s6(name: &str) -> Option<PathBuf> {
    let path = Path::new("/usr/bin").join(name);
    if !path.exists() {
        skip(&format!("it needs the {name} of Debian's package s6, which is not installed"));
        return None;
    }
    Some(path)
}

#[test]
fn the_programs_of_s6_hear_what_ours_tell() {
    let Some(wait) = s6("s6-ftrig-wait") else { return };
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    fs::create_dir(web.service().file("supervise/event")).unwrap();
    let mut listening = tree.launch(&wait).arg("web/supervise/event").arg("d.*U").start();
    until_waiting(web.service(), 1);
    web.tells("u");
    web.tells("dD");
    web.tells("uU");
    assert_eq!(listening.wait(), Ok(0));
    wait_until("it says what it heard", &[tree.root()], || (listening.output() == "U\n").then_some(()));
}

#[test]
fn a_program_of_s6_that_starts_another_one_hears_it_too() {
    let (Some(listen), Some(notify)) = (s6("s6-ftrig-listen1"), s6("s6-ftrig-notify")) else { return };
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    web.becomes(&down(), "");
    let event = web.service().file("supervise/event");
    fs::create_dir(&event).unwrap();
    // It subscribes, and only then has the event told.
    let [listen, notify] = [listen, notify].map(|program| program.to_str().unwrap().to_owned());
    let command = format!("exec '{listen}' '{0}' 'x' '{notify}' '{0}' ux", event.display());
    let mut waiting = svwait(&tree, ["web"]);
    until_waiting(web.service(), 1);
    tree.tool("/bin/sh".as_ref()).args(["-c", &command]).run().exits(0);
    assert_eq!(waiting.wait(), Ok(0), "and ours hears what theirs told");
}

/// Whoever tells the next event takes away what was left behind, and nothing of one who waits.
#[test]
fn the_programs_of_s6_remove_what_ours_left_behind() {
    let Some(notify) = s6("s6-ftrig-notify") else { return };
    let tree = TestTree::new();
    let web = Played::new(&tree, "web");
    let waiter = Waiter::subscribe(&web.folder).unwrap();
    let mut killed = svwait(&tree, ["web"]);
    until_waiting(web.service(), 2);
    killed.signal(Signal::SIGKILL);
    let _ = killed.wait();
    tree.tool(&notify).args(["web/supervise/event", "sd"]).run().exits(0).errors("");
    assert_eq!(waiters(web.service()).len(), 1);
    let letters = waiter.drain();
    assert_eq!(['s', 'd', 'u'].map(|letter| letters.has(letter as u8)), [true, true, false]);
}
