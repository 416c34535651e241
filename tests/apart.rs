//! svscan in namespaces of its own, of the network and of mounts: every port is free there, and what is laid over the
//! system's folders lies there alone.

use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::path::Path;
use testkit::{Running, TestTree, Tool, needs_root, ours, process, skip, wait_until};

/// What makes them. The program after it keeps the pid.
const NAMESPACES: [&str; 3] = ["--net", "--mount", "--"];

/// Our svscan, on the service directory of a tree.
pub(crate) struct Apart {
    pub(crate) svscan: Running,
}

impl Apart {
    /// Starts it when those shell commands have run there; only the loopback interface is up. `None` where a test
    /// cannot have such namespaces, which is said.
    #[track_caller]
    pub(crate) fn new(tree: &TestTree, setup: &str) -> Option<Self> {
        if !needs_root() || !can_be_apart() {
            return None;
        }
        let script = format!("set -e\nip link set lo up\n{setup}\nexec \"$@\"");
        let launch =
            NAMESPACES.iter().fold(tree.launch(Path::new("/usr/bin/unshare")), |l, word| l.arg(word));
        let launch = ["/bin/sh", "-c", &script, "sh"].iter().fold(launch, |l, word| l.arg(word));
        let mut svscan = launch.arg(ours("svscan")).arg(tree.services()).start();
        let pid = svscan.pid();
        // Only then is it in the namespaces for certain.
        let is_there = || process::name(pid).is_some_and(|name| name == "svscan");
        wait_until("svscan runs", &[], || (svscan.has_ended() || is_there()).then_some(()));
        assert!(!svscan.has_ended(), "{}", svscan.errors());
        Some(Self { svscan })
    }

    /// A program that runs there.
    pub(crate) fn tool(&self, program: &str) -> Tool {
        let target = self.svscan.pid().to_string();
        Tool::new(Path::new("/usr/bin/nsenter"))
            .args(["--net", "--mount", "--target", &target, "--", program])
    }

    /// Its network, for the test's own threads.
    #[track_caller]
    pub(crate) fn network(&self) -> Network {
        Network(File::open(format!("/proc/{}/ns/net", self.svscan.pid())).unwrap())
    }
}

/// A network.
pub(crate) struct Network(File);

impl Network {
    /// From now on the sockets of this thread are opened there.
    pub(crate) fn enter(&self) {
        setns(&self.0, CloneFlags::CLONE_NEWNET).unwrap();
    }
}

/// Whether the namespaces can be had here; says so where not.
fn can_be_apart() -> bool {
    if !["/bin/ip", "/sbin/ip", "/usr/bin/ip"].iter().any(|path| Path::new(path).exists()) {
        skip("it needs Debian's package iproute2");
        return false;
    }
    let can = Tool::new(Path::new("/usr/bin/unshare")).args(NAMESPACES).arg("/bin/true").run().end == Ok(0);
    if !can {
        skip("no namespaces can be made here (unshare of util-linux, and a kernel that lets us)");
    }
    can
}
