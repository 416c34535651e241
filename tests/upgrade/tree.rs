//! The whole tree at once: svscan is told, and tells its supervises. Services and loggers write on all the while.

use super::{Installation, Version, lines};
use nix::sys::signal::Signal;
use std::fs;
use std::path::Path;
use testkit::invariants::lines::{faults, text};
use testkit::{Folder, Invariants, Running, Service, TestTree, process, up, wait_until};

/// Writes numbered lines until `enough` is there, then the number of the last one into `last`. Not as fast as can be: now and
/// then it waits for a process.
pub(super) const NUMBERED: &str = "i=0
until [ -e enough ]; do i=$((i+1)); echo \"line $i\"; [ $((i%20)) -ne 0 ] || /bin/true; done
[ -e last ] || echo $i >last
exec sleep 1000";

fn numbered(folder: Folder) -> Folder {
    folder.alone(NUMBERED).log("exec multilog t s1000000 n100 ./main")
}

struct Forest {
    tree: TestTree,
    programs: Installation,
    services: Vec<Service>,
    svscan: Running,
}

impl Forest {
    fn new() -> Self {
        let tree = TestTree::new();
        let programs = Installation::new(&tree);
        let services = ["a", "b", "c"].map(|name| tree.folder(name, numbered)).to_vec();
        let path = std::env::var("PATH").unwrap_or_default();
        let svscan = tree.launch(&programs.program("svscan")).arg(tree.services());
        let svscan = svscan.env("PATH", format!("{}:{path}", programs.0.display())).start();
        for service in &services {
            service.wait_for(up());
            service.log().wait_for(up());
        }
        Self { tree, programs, services, svscan }
    }

    /// Everything that is to stay: services, loggers and their supervises.
    fn pids(&self) -> Vec<u32> {
        let all = self.services.iter().flat_map(|service| [service.clone(), service.log()]);
        all.flat_map(|service| {
            let supervise = service.status().and_then(|status| status.detail?.supervise);
            [service.pid(), supervise.expect("a supervise").pid.get()]
        })
        .collect()
    }

    fn supervises(&self) -> Vec<u32> {
        let children = process::children(self.svscan.pid()).into_iter();
        children.filter(|pid| process::name(*pid).is_some_and(|name| name == "supervise")).collect()
    }

    /// Installs that version of both and tells svscan.
    #[track_caller]
    fn upgrade(&mut self, version: Version) {
        for name in ["supervise", "svscan"] {
            let Some(program) = version.program(name) else { return };
            self.programs.install(name, &program);
        }
        self.svscan.signal(Signal::SIGUSR2);
        let svscan = self.svscan.pid();
        wait_until(&format!("all are of {version:?}"), &[], || {
            let supervises = self.supervises();
            let all = supervises.iter().all(|pid| self.programs.is_run_by(*pid, "supervise"));
            (supervises.len() == 6 && all && self.programs.is_run_by(svscan, "svscan")).then_some(())
        });
        for service in &self.services {
            for service in [service, &service.log()] {
                service.wait_until("its record is of that version", |service| {
                    (fs::read(service.file("supervise/status")).ok()?[24] == version.of_record())
                        .then_some(())
                });
            }
        }
    }
}

/// Waits for the last line, and looks for what is missing before it.
#[track_caller]
pub(super) fn is_logged(log: &Path, last: u64) {
    let end = format!(" line {last}\n");
    wait_until("all lines are written", &[log], || text(log).ends_with(end.as_bytes()).then_some(()));
    assert_eq!(faults(log, last), [""; 0]);
}

#[test]
fn one_signal_upgrades_all_and_no_line_is_lost() {
    let mut forest = Forest::new();
    let invariants = Invariants::watch(&forest.tree);
    let (svscan, pids) = (forest.svscan.pid(), forest.pids());
    for version in [Version::Next, Version::This] {
        forest.upgrade(version);
        assert_eq!((forest.svscan.pid(), forest.pids()), (svscan, pids.clone()));
    }
    for service in &forest.services {
        fs::write(service.file("enough"), "").unwrap();
        let last = lines(&service.file("last"), 1)[0].parse().unwrap();
        is_logged(&service.file("log/main"), last);
    }
    let said = "svscan: info: took over 3 running services\n";
    assert_eq!(forest.svscan.errors(), said.repeat(2), "supervise has nothing to say: it adopts nothing");
    invariants.end([forest.svscan]);
}

/// What comes, goes and fails afterwards is seen as before.
#[test]
fn after_an_upgrade_svscan_does_what_it_did() {
    let mut forest = Forest::new();
    let invariants = Invariants::watch(&forest.tree);
    forest.upgrade(Version::Next);
    let new = forest.tree.folder("new", |f| f.alone("exec sleep 1000"));
    new.wait_for(up());
    fs::remove_dir_all(forest.services[0].path()).unwrap();
    forest.services[0].wait_until("it is stopped", |service| {
        (!service.is_supervised() && !service.log().is_supervised()).then_some(())
    });
    let pid = forest.services[1].pid();
    let supervise = process::parent(pid).unwrap();
    let number = nix::unistd::Pid::from_raw(i32::try_from(supervise).unwrap());
    nix::sys::signal::kill(number, Signal::SIGKILL).unwrap();
    forest.services[1].wait_for(testkit::status("kept by another", move |status| {
        let keeper = status.detail.as_ref().and_then(|detail| detail.supervise);
        keeper.is_some_and(|keeper| keeper.pid.get() != supervise)
    }));
    assert_eq!(forest.services[1].pid(), pid);
    forest.services.iter().skip(1).for_each(|service| fs::write(service.file("enough"), "").unwrap());
    invariants.end([forest.svscan]);
}

#[test]
fn where_svscan_is_not_installed_any_more_it_says_so_and_goes_on() {
    let mut forest = Forest::new();
    forest.programs.remove("svscan");
    forest.svscan.signal(Signal::SIGUSR2);
    forest.svscan.wait_for_errors("svscan: warning: unable to become the installed svscan: ");
    assert!(!forest.svscan.has_ended());
    forest.upgrade(Version::Next);
}
