//! How a run ended, as the record has it.

use super::{detail, send, steady};
use std::fs;
use sys::process::Ending;
use testkit::{TestTree, down, status, up};

#[test]
fn every_exit_code_and_signal_is_in_the_record() {
    let tree = TestTree::new();
    // What does not end a process by default: CHLD, CONT, STOP, TSTP, TTIN, TTOU, URG, WINCH.
    let ends = |signal: &u8| ![17, 18, 19, 20, 21, 22, 23, 28].contains(signal);
    let signals = (1..=31).chain([32, 34, 64]).filter(ends).map(Ending::Killed);
    let codes = [0, 1, 100, 111, 255].map(Ending::Exited);
    let web = tree.folder("web", |f| f.run("ulimit -c 0\n. ./how").down());
    let _supervise = tree.supervise("web");
    web.wait_for(down());
    for (starts, ending) in (1..).zip(codes.into_iter().chain(signals)) {
        let how = match ending {
            Ending::Exited(code) => format!("exit {code}"),
            Ending::Killed(signal) => format!("kill -{signal} $$"),
            Ending::Unknown => panic!("no child of ours ends so"),
        };
        fs::write(web.file("how"), how).unwrap();
        tree.svc(["-o", "web"]);
        web.wait_for(status("ended", move |status| {
            let ended = |detail: &protocol::status::Detail| detail.starts == starts && status.pid.is_none();
            status.detail.as_ref().is_some_and(ended)
        }));
        let detail = detail(&web);
        assert_eq!((detail.last, detail.failed, detail.next_start), (Some(ending), None, None));
    }
}

/// The libraries have no name for one of these.
#[test]
fn a_death_by_a_signal_without_a_name_is_seen() {
    let tree = TestTree::new();
    let (web, beacon, _supervise) = steady(&tree);
    let mut pid = beacon.next().pid;
    for signal in [34, 64] {
        web.wait_for(up());
        send(pid, [signal]);
        let next = beacon.next().pid;
        web.wait_for(status("up again", move |status| status.pid.is_some_and(|pid| pid.get() == next)));
        assert_eq!(detail(&web).last, Some(Ending::Killed(u8::try_from(signal).unwrap())));
        assert_ne!(next, pid);
        pid = next;
    }
}
