//! A template with `user` and `run`, and a folder for each port: one process a port, the user's wholly, below its
//! supervise.

use super::owner::Owner;
use super::{RootsHome, answer, free_ports, is_refused, obtain};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use testkit::{Running, Service, TestTree, failed, process, up, wait_until};

/// The program, where an administrator would have it: outside of the service directory.
fn program(tree: &TestTree) -> PathBuf {
    let path = tree.root().join("prog.py");
    fs::write(&path, include_str!("prog.py")).unwrap();
    path
}

fn run(program: &Path) -> String {
    format!("exec /usr/bin/python3 {} --port=\"$1\"", program.display())
}

fn make_instance(tree: &TestTree, port: u16) -> Service {
    let service = tree.service(&format!("tornado@{port}"));
    fs::create_dir(service.path()).unwrap();
    service
}

/// Below svscan there is one supervise a service, below that the program and nothing else, and nothing anywhere has
/// the program among its arguments but these: no sudo, no sh, no runas.
#[track_caller]
fn one_process_each(svscan: &Running, program: &Path, services: &[(&Service, u16)]) {
    let program = program.to_str().unwrap();
    let mut pids = Vec::new();
    for (service, port) in services {
        let pid = service.pid();
        let supervise = process::parent(pid).unwrap();
        assert_eq!(process::name(supervise).as_deref(), Some("supervise"));
        assert_eq!(process::parent(supervise), Some(svscan.pid()));
        assert_eq!(process::children(supervise), [pid]);
        assert!(process::children(pid).is_empty());
        assert_eq!(process::arguments(pid), ["/usr/bin/python3", program, &format!("--port={port}")]);
        pids.push(pid);
    }
    assert_eq!(process::children(svscan.pid()).len(), services.len(), "{:#?}", process::tree(svscan.pid()));
    let concerned = |pid: &u32| process::arguments(*pid).iter().any(|argument| argument.contains(program));
    let mut all: Vec<u32> = process::all().into_iter().filter(concerned).collect();
    all.sort_unstable();
    pids.sort_unstable();
    assert_eq!(all, pids);
}

#[test]
fn a_tornado_program_runs_on_two_ports_as_its_user() {
    let Some(owner) = Owner::new() else { return };
    if !obtain::tornado(&owner) {
        return;
    }
    let tree = TestTree::new();
    let program = program(&tree);
    let root = RootsHome::new(&tree);
    let svscan = root.svscan(&tree);
    let ports @ [first_port, second_port, third_port] = free_ports();
    tree.folder("tornado@", |folder| folder.user(&owner.name).run(&run(&program)));
    let first = make_instance(&tree, first_port);
    let second = make_instance(&tree, second_port);

    for (service, port) in [(&first, first_port), (&second, second_port)] {
        let report = answer(port);
        owner.is(&report);
        assert!(Path::new(&report["tornado"]).starts_with(&owner.home), "{report:?}");
        assert_eq!(report["INSTANCE"], port.to_string());
        assert_eq!(Path::new(&report["folder"]), service.path());
        assert_eq!(report["pid"], service.pid().to_string());
    }
    one_process_each(&svscan, &program, &[(&first, first_port), (&second, second_port)]);

    let (killed, other) = (first.pid(), second.pid());
    kill(Pid::from_raw(killed.try_into().unwrap()), Signal::SIGKILL).unwrap();
    let back = first.wait_until("there is another process", |service| {
        service.status()?.pid.map(std::num::NonZero::get).filter(|pid| *pid != killed)
    });
    first.wait_for(up());
    assert_eq!(answer(first_port)["pid"], back.to_string());
    assert_eq!(answer(second_port)["pid"], other.to_string(), "it is still the same");
    one_process_each(&svscan, &program, &[(&first, first_port), (&second, second_port)]);

    let third = make_instance(&tree, third_port);
    owner.is(&answer(third_port));
    let all = [&first, &second, &third].into_iter().zip(ports).collect::<Vec<_>>();
    one_process_each(&svscan, &program, &all);

    fs::remove_dir_all(second.path()).unwrap();
    wait_until("it is stopped", &[], || (!process::is_alive(other) && is_refused(second_port)).then_some(()));
    wait_until("its supervise is gone", &[], || (process::children(svscan.pid()).len() == 2).then_some(()));
    one_process_each(&svscan, &program, &[(&first, first_port), (&third, third_port)]);
    assert_eq!(first.pid(), back);

    assert_eq!(svscan.errors(), "");
    root.is_untouched();
}

#[test]
fn a_misspelt_user_starts_nothing_and_says_so_and_is_cured_by_an_edit() {
    let Some(owner) = Owner::new() else { return };
    let tree = TestTree::new();
    let beacon = tree.beacon("tornado");
    let root = RootsHome::new(&tree);
    let template = tree
        .folder("tornado@", |folder| folder.user("upkeep-wbe").run(&format!("{beacon}\nexec sleep 1000")));
    let svscan = root.svscan(&tree);
    let name = "tornado@6001";
    let service = make_instance(&tree, 6001);

    service.wait_for(failed("unknown account upkeep-wbe"));
    let said = format!("supervise: warning: unable to start {name}: user: unknown account upkeep-wbe\n");
    svscan.wait_for_errors(&said);
    let status = tree.svstat(name);
    assert!(status.starts_with(&format!("{name}: down ")), "{status}");
    assert!(
        status.ends_with(", normally up, want up, not started: user: unknown account upkeep-wbe"),
        "{status}"
    );
    assert!(beacon.told().is_none(), "run was executed");

    fs::write(template.file("user"), format!("{}\n", owner.name)).unwrap();
    tree.svc(["-u", name]);
    let start = beacon.next();
    owner.has_become(start.pid);
    assert_eq!(start.arguments[1..], ["6001"]);
    assert_eq!(start.environment["HOME"], owner.home.to_str().unwrap());
    service.wait_for(up());
    assert!(!tree.svstat(name).contains("not started"));
    assert_eq!(svscan.errors(), said, "said once");
    root.is_untouched();
}

#[test]
fn an_instance_that_came_before_its_template_starts_when_that_is_whole() {
    let tree = TestTree::new();
    let beacon = tree.beacon("tornado");
    let svscan = tree.svscan();
    let instance = make_instance(&tree, 6001);
    svscan.wait_for_errors("tornado@6001 has no run: it starts when it gets one\n");
    // As by hand, a step after the other: first the folder alone, then the file, then its permission.
    let template = tree.service("tornado@");
    fs::create_dir(template.path()).unwrap();
    instance
        .wait_until("svscan has looked at it", |_| is_watched(svscan.pid(), template.path()).then_some(()));
    fs::write(template.file("run"), format!("#!/bin/sh\n{beacon}\nexec sleep 1000\n")).unwrap();
    fs::set_permissions(template.file("run"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(beacon.next().arguments[1..], ["6001"]);
    instance.wait_for(up());
}

/// Whether that process is told of changes in a folder.
fn is_watched(pid: u32, folder: &Path) -> bool {
    let inode = format!(" ino:{:x} ", folder.metadata().unwrap().ino());
    process::descriptors(pid).iter().any(|(number, _)| {
        let described = fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).unwrap_or_default();
        described.lines().any(|line| line.starts_with("inotify ") && line.contains(&inode))
    })
}
