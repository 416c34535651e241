//! svscan, the loggers, and all supervises are killed while a service logs: each line is in the log once, whole, in order,
//! and the service does not notice. Only what a logger had written when it was killed, and not yet taken from the pipe, may be
//! there once more.

use super::killed::signal;
use nix::sys::signal::Signal::SIGKILL;
use protocol::status::Status;
use std::fs;
use testkit::{Beacon, Invariants, Running, Service, TestTree, ours, status, supervised, up};

const LINES: u64 = 20_000;

/// So many lines come at a time, with harm done while they do.
const BATCH: u64 = 1000;

/// Writes as many lines as it is told through `go`, numbered from 1; and says so if it ever cannot write one.
const TALKER: &str = "trap : PIPE\ni=0\nexec 9<>go\nwhile read -r count <&9; do
    end=$((i + count))
    while [ $i -lt $end ]; do i=$((i + 1)); echo \"line $i\" || echo $i >>unwritten; done\n";

/// A service that talks into multilog, and the svscans, of which the last lives.
struct Talk {
    tree: TestTree,
    web: Service,
    beacon: Beacon,
    svscans: Vec<Running>,
}

impl Talk {
    fn new() -> Self {
        let tree = TestTree::new();
        let multilog = ours("multilog");
        let logger = format!("exec '{}' t s99999 n100 ./main", multilog.display());
        let beacon = tree.beacon("web");
        let talker = format!("{TALKER}{}\ndone", beacon.say("written"));
        let web = tree.folder("web", |f| f.alone(&talker).fifo("go").log(&logger));
        let svscans = vec![tree.svscan()];
        for service in [&web, &web.log()] {
            service.wait_for(up());
        }
        Self { tree, web, beacon, svscans }
    }

    fn kill_svscan(&mut self) {
        self.kill_svscan_and(&[]);
    }

    /// svscan and both supervises.
    fn kill_all(&mut self) {
        self.kill_svscan_and(&self.supervises());
    }

    fn kill_svscan_and(&mut self, others: &[u32]) {
        let svscan = self.svscans.last_mut().expect("a svscan");
        svscan.signal(SIGKILL);
        others.iter().for_each(|pid| signal(*pid, SIGKILL));
        assert_eq!(svscan.wait(), Err(9), "{}", svscan.errors());
    }

    fn start_svscan(&mut self) {
        self.svscans.push(self.tree.svscan());
    }

    fn supervises(&self) -> Vec<u32> {
        let supervise = |service: Service| {
            service.wait_until("it has a supervise", |service| service.status()?.detail?.supervise).pid.get()
        };
        [self.web.clone(), self.web.log()].map(supervise).into()
    }

    fn kill_logger(&self) -> u32 {
        let pid = self.web.log().pid();
        signal(pid, SIGKILL);
        pid
    }

    /// Not after the second, or more, that it would rest for since that one was killed.
    fn start_logger(&self, killed: u32) {
        self.web.log().wait_for(supervised());
        let is_other = move |status: &Status| status.pid.is_none_or(|pid| pid.get() != killed);
        self.web.log().wait_for(status("seen to be killed", is_other));
        self.tree.svc(["-u", "web/log"]);
        self.web.log().wait_for(up());
    }

    fn batch(&mut self, harm: impl FnOnce(&mut Self)) {
        fs::write(self.web.file("go"), format!("{BATCH}\n")).expect("a reader");
        harm(self);
        assert_eq!(self.beacon.hear(), "written");
    }

    /// Has all lines written, with harm in between; each must be in the log then, once and in order.
    #[track_caller]
    fn log(mut self, harm: impl Fn(&mut Self, u64)) {
        let invariants = Invariants::watch(&self.tree).log(self.web.file("log/main"), LINES);
        // What multilog needs for as much at once, it needs once.
        self.batch(|_| {});
        invariants.at_rest();
        let pid = self.web.pid();
        for batch in 1..LINES / BATCH {
            self.batch(|talk| harm(talk, batch));
        }
        invariants.hold();
        assert_eq!(self.web.pid(), pid);
        assert!(!self.web.file("unwritten").exists());
        invariants.end(self.svscans.into_iter().rev());
    }
}

#[test]
fn while_its_logger_is_killed() {
    Talk::new().log(|talk, _| {
        let killed = talk.kill_logger();
        talk.start_logger(killed);
    });
}

#[test]
fn while_svscan_is_killed_and_started_again_and_loggers_are_killed() {
    Talk::new().log(|talk, batch| {
        if batch % 2 == 0 {
            talk.kill_svscan();
        }
        let killed = (batch % 3 == 0).then(|| talk.kill_logger());
        if batch % 2 == 0 {
            talk.start_svscan();
        }
        if let Some(killed) = killed {
            talk.start_logger(killed);
        }
    });
}

#[test]
fn while_svscan_and_all_supervises_are_killed_at_once() {
    Talk::new().log(|talk, batch| {
        if batch % 4 == 1 {
            talk.kill_all();
            talk.start_svscan();
        }
    });
}

#[test]
fn while_everything_but_the_service_is_killed_at_once() {
    Talk::new().log(|talk, batch| {
        if batch % 4 == 1 {
            let killed = talk.kill_logger();
            talk.kill_all();
            talk.start_svscan();
            talk.start_logger(killed);
        }
    });
}
