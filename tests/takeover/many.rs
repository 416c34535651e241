//! Many that run already are no more work than many that do not.

use super::killed;
use crate::svscan::watching;
use nix::sys::signal::Signal;
use testkit::{Service, TestTree, process, wait_until};

#[test]
fn a_thousand_are_found_watched_by_one_descriptor_each_and_ended() {
    const COUNT: usize = 1000;
    let tree = TestTree::new();
    let services: Vec<Service> =
        (0..COUNT).map(|number| tree.folder(&format!("s{number}"), |f| f.run("exec sleep 10000"))).collect();
    let first = watching(tree.svscan());
    let pid = |service: &Service| service.status().and_then(|status| status.pid);
    let all = || services.iter().map(pid).collect::<Option<Vec<_>>>();
    let before = wait_until("all are up", &[], all);
    let _first = killed(first);
    let mut second = watching(tree.svscan());
    second.wait_for_errors("svscan: info: took over 1000 running services\n");
    assert_eq!(all().unwrap(), before);
    assert!(process::descriptors(second.pid()).len() < COUNT + 30);
    second.signal(Signal::SIGTERM);
    assert_eq!(second.wait(), Ok(0));
    assert!(!services.iter().any(Service::is_supervised));
    assert_eq!(second.errors(), "svscan: info: took over 1000 running services\n");
}
