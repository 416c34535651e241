//! A service directory that is mostly something else: files, and folders in which nothing is to run.

use crate::svscan::watching;
use std::fs::{self, File};
use testkit::{Service, TestTree, process, up, wait_until};

/// In threads, each its share.
fn make(count: usize, one: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for share in 0..2 {
            let one = &one;
            scope.spawn(move || (share..count).step_by(2).for_each(one));
        }
    });
}

#[test]
fn many_files_and_folders_without_run_hold_up_no_service() {
    among(10_000, 1000);
}

#[test]
#[ignore = "it takes a minute, most of it to make and remove the files"]
fn a_hundred_thousand_files_and_nine_thousand_folders_without_run_hold_up_no_service() {
    among(100_000, 9000);
}

/// Services in a directory with so many files, and so many folders in which there is nothing.
fn among(files: usize, empty: usize) {
    let tree = TestTree::new();
    let services = tree.services();
    make(files, |number| drop(File::create(services.join(format!("file-{number}"))).unwrap()));
    make(empty, |number| fs::create_dir(services.join(format!("empty-{number}"))).unwrap());
    let old: Vec<Service> =
        (0..20).map(|number| tree.folder(&format!("old-{number}"), |f| f.run("exec sleep 1000"))).collect();
    let mut svscan = watching(tree.svscan());
    old.iter().for_each(|service| service.wait_for(up()));
    // What comes is served, while all the others come to rest.
    let new: Vec<Service> =
        (0..20).map(|number| tree.folder(&format!("new-{number}"), |f| f.run("exec sleep 1000"))).collect();
    new.iter().for_each(|service| service.wait_for(up()));
    wait_until("all are told", &[tree.root()], || {
        (svscan.errors().matches(" has no run").count() == empty).then_some(())
    });
    svscan.signal(nix::sys::signal::Signal::SIGHUP);
    tree.folder("last", |f| f.run("exec sleep 1000")).wait_for(up());
    assert!(process::descriptors(svscan.pid()).len() < 30, "what has no logger needs none");
    assert_eq!(process::children(svscan.pid()).len(), 41);
    assert_eq!(svscan.errors().lines().count(), empty, "each once");
    svscan.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(svscan.wait(), Ok(0));
}
