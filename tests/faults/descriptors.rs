//! Too few file descriptors, of svscan's own or of the whole machine's: what can start starts, the rest is told and comes when
//! there is room.

use super::{has_strace, through, with_faults};
use testkit::{Invariants, Service, TestTree, ours, process, up, wait_until};

/// A service whose lines tell which one it is, and a logger that keeps them.
fn logged(tree: &TestTree, number: usize) -> Service {
    let run = format!("echo {number}\nexec sleep 1000");
    tree.folder(&format!("s{number:02}"), |f| f.run(&run).log("exec cat >>got"))
}

/// Whether it is up with its logger, which has its lines and no others.
#[track_caller]
fn is_whole(number: usize, service: &Service) {
    service.wait_for(up());
    service.log().wait_for(up());
    service.log().wait_until("its line has arrived, and no other", |log| {
        let got = std::fs::read_to_string(log.file("got")).unwrap_or_default();
        assert!(got.lines().all(|line| line == number.to_string()), "{number}: {got}");
        (!got.is_empty()).then_some(())
    });
}

#[test]
fn with_too_few_some_services_start_and_the_rest_when_others_have_gone() {
    const COUNT: usize = 12;
    let tree = TestTree::new();
    let services: Vec<Service> = (0..COUNT).map(|number| logged(&tree, number)).collect();
    let prlimit = through(&tree, "prlimit", &["--nofile=23:23"]);
    let svscan = prlimit.arg(ours("svscan")).arg(tree.services()).start();
    // svscan has some of its own, and a log pipe takes two.
    svscan.wait_for_errors("process cannot open more files\n");
    let started = |service: &&Service| service.log().file("got").exists();
    let is_tried = |number: usize| svscan.errors().contains(&format!("supervise s{number:02}:"));
    wait_until("each has started, or is told", &[tree.root()], || {
        let tried = |(number, service): (usize, &Service)| started(&service) || is_tried(number);
        services.iter().enumerate().all(tried).then_some(())
    });
    let first: Vec<&Service> = services.iter().filter(started).collect();
    assert!(first.len() > 2 && first.len() < COUNT - 3, "{} have started", first.len());
    // What runs is not touched by what cannot.
    let pids: Vec<u32> = first.iter().map(|service| service.pid()).collect();
    assert!(pids.into_iter().all(process::is_alive));
    for service in &first {
        std::fs::rename(service.path(), tree.root().join(service.path().file_name().unwrap())).unwrap();
    }
    let rest: Vec<(usize, &Service)> =
        services.iter().enumerate().filter(|(_, service)| service.path().exists()).collect();
    let room = &rest[..first.len().min(rest.len())];
    wait_until("as many as there is room for are whole", &[tree.root()], || {
        (rest.iter().filter(|(_, service)| started(service)).count() >= room.len()).then_some(())
    });
    for (number, service) in rest.into_iter().filter(|(_, service)| started(service)) {
        is_whole(number, service);
    }
    let said = svscan.errors();
    for number in 0..COUNT {
        assert!(said.matches(&format!("supervise s{number:02}:")).count() <= 1, "each once: {said}");
    }
}

/// The machine's own table is full now and then: any call that makes a descriptor can fail, and each does once.
#[test]
fn when_the_machine_has_no_more_every_call_is_tried_again() {
    const COUNT: usize = 12;
    if !has_strace() {
        return;
    }
    let tree = TestTree::new();
    let first = logged(&tree, 0);
    let calls = "openat,open,pipe,pipe2";
    // From when it has begun, every so many.
    let strace = with_faults(&tree, &format!("{calls}:error=ENFILE:when=25+29"));
    let svscan = strace.arg(ours("svscan")).arg(tree.services()).start();
    let invariants = Invariants::watch(&tree);
    is_whole(0, &first);
    let pid = first.pid();
    let services: Vec<Service> = (1..COUNT).map(|number| logged(&tree, number)).collect();
    for (number, service) in (1..).zip(&services) {
        is_whole(number, service);
    }
    assert_eq!(first.pid(), pid);
    assert_eq!(process::children(svscan.pid()).len(), 2 * COUNT);
    assert!(svscan.errors().contains(": system cannot open more files\n"), "{}", svscan.errors());
    invariants.hold();
}
