//! USR2: svscan becomes the one that is installed now, and has its supervises do the same.

use super::{Flow, all_end, pids, send};
use crate::svscan::watching;
use nix::sys::signal::Signal;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use testkit::{Running, TestTree, not_supervised, ours, process, status, up, wait_until};

/// An installation of the programs that this test can change.
struct Installed(PathBuf);

impl Installed {
    fn new(tree: &TestTree) -> Self {
        let folder = tree.root().join("installed");
        fs::create_dir(&folder).unwrap();
        let this = Self(folder);
        for program in ["svscan", "supervise", "runas", "multilog"] {
            this.install(program);
        }
        this
    }

    /// A new file of that name, as an upgrade brings it.
    fn install(&self, program: &str) -> PathBuf {
        let [new, path] = [".new", program].map(|name| self.0.join(name));
        fs::copy(ours(program), &new).unwrap();
        fs::rename(&new, &path).unwrap();
        path
    }

    fn svscan(&self, tree: &TestTree, directory: &Path) -> Running {
        tree.launch(&self.0.join("svscan")).dir(tree.root()).arg(directory).start()
    }
}

/// Waits until a process is that file.
#[track_caller]
fn becomes(pid: u32, file: &Path) {
    let new = file.metadata().unwrap().ino();
    let is = || fs::metadata(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ino() == new);
    wait_until(&format!("{pid} is the new {}", file.display()), &[], || is().then_some(()));
}

#[test]
fn nothing_is_restarted_and_no_line_is_lost_while_everything_becomes_new() {
    let tree = TestTree::new();
    let installed = Installed::new(&tree);
    let mut flow = Flow::new(&tree, "web");
    let others = ["a", "b"].map(|name| tree.folder(name, |f| f.run("exec sleep 1000")));
    let down = tree.folder("down", |f| f.run("exit 1").down());
    // By a relative path, which does not lead there a second time.
    let svscan = watching(installed.svscan(&tree, Path::new("service")));
    let before = (flow.pids(), others.each_ref().map(pids));
    down.wait_for(testkit::down());
    let open = || process::descriptors(svscan.pid()).len();
    let descriptors = open();
    let said = "svscan: info: took over 4 running services\n";
    flow.begin();
    for times in 1..=2 {
        flow.comes();
        let new = ["supervise", "svscan"].map(|program| installed.install(program));
        send(svscan.pid(), Signal::SIGUSR2);
        becomes(svscan.pid(), &new[1]);
        svscan.wait_for_errors(&said.repeat(times));
        for [supervise, _] in before.0.iter().chain(&before.1) {
            becomes(*supervise, &new[0]);
        }
        flow.comes();
        assert_eq!((flow.pids(), others.each_ref().map(pids)), before);
        assert_eq!(process::arguments(svscan.pid())[1..], ["service"]);
        wait_until("what was kept is closed", &[], || (open() <= descriptors).then_some(()));
    }
    flow.arrives();
    // All of them are its children still, and are started again.
    let [supervise, service] = before.1[0];
    send(supervise, Signal::SIGKILL);
    send(service, Signal::SIGKILL);
    all_end(&[supervise, service]);
    others[0].wait_for(status("up again", move |status| status.pid.is_some_and(|pid| pid.get() != service)));
    others[0].wait_for(up());
    let [supervise, service] = pids(&others[0]);
    assert_eq!(process::parent(supervise), Some(svscan.pid()));
    for pid in [supervise, service] {
        assert!(!process::environment(pid).iter().any(|entry| entry.starts_with("UPKEEP_KEPT=")));
    }
    // What comes now is started as ever.
    tree.folder("new", |f| f.run("exec sleep 1000")).wait_for(up());
    assert_eq!(svscan.errors(), said.repeat(2));
}

#[test]
fn without_a_program_to_become_it_warns_and_goes_on() {
    let tree = TestTree::new();
    let installed = Installed::new(&tree);
    let mut flow = Flow::new(&tree, "web");
    let svscan = watching(installed.svscan(&tree, &tree.services()));
    let before = flow.pids();
    let path = installed.0.join("svscan");
    let warning = |why: &str| format!("svscan: warning: unable to become the installed svscan: {why}\n");
    let mut said = String::new();
    fs::remove_file(&path).unwrap();
    for (content, why) in
        [(None, "there is no svscan beside this one"), (Some("no program"), "exec format error")]
    {
        if let Some(content) = content {
            fs::write(&path, content).unwrap();
            let old = ours("svscan").metadata().unwrap().permissions();
            fs::set_permissions(&path, old).unwrap();
        }
        said += &warning(why);
        send(svscan.pid(), Signal::SIGUSR2);
        svscan.wait_for_errors(&said);
        flow.feed();
        flow.arrives();
        assert_eq!(flow.pids(), before);
    }
    // A service that starts now gets neither the lock nor another's log pipe.
    let other = tree.folder("other", |f| f.run("exec sleep 1000"));
    let [supervise, _] = pids(&other);
    let odd = |file: &Path| file.ends_with("pipe") || file.ends_with(".svscan/lock");
    assert!(!process::descriptors(supervise).iter().any(|(_, file)| odd(file)));
    let new = installed.install("svscan");
    send(svscan.pid(), Signal::SIGUSR2);
    becomes(svscan.pid(), &new);
    svscan.wait_for_errors("took over 2 running services\n");
    assert_eq!(svscan.errors(), said + "svscan: info: took over 2 running services\n");
}

#[test]
fn it_waits_until_what_was_removed_has_stopped() {
    let tree = TestTree::new();
    let installed = Installed::new(&tree);
    let svscan = watching(installed.svscan(&tree, &tree.services()));
    let beacon = tree.beacon("slow");
    let said = beacon.say("TERM").replace('\'', "\"");
    let slow = format!("trap '{said}; read -r x <go; exit' TERM\n{beacon}\nsleep 1000 & wait");
    let slow = tree.folder("slow", |f| f.fifo("go").run(&slow).log("exec cat"));
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let (leader, before) = (beacon.next().pid, pids(&web));
    slow.log().wait_for(up());
    let sleeping = process::children(leader);
    let away = tree.root().join("away");
    fs::rename(slow.path(), &away).unwrap();
    assert_eq!(beacon.hear(), "TERM");
    let new = installed.install("svscan");
    send(svscan.pid(), Signal::SIGUSR2);
    // It has taken the signal, and goes on as it is.
    tree.folder("other", |f| f.run("exec sleep 1000")).wait_for(up());
    assert_ne!(
        fs::metadata(format!("/proc/{}/exe", svscan.pid())).unwrap().ino(),
        new.metadata().unwrap().ino()
    );
    fs::write(away.join("go"), "\n").unwrap();
    becomes(svscan.pid(), &new);
    let away = testkit::Service::at(away);
    away.wait_for(not_supervised());
    away.log().wait_for(not_supervised());
    assert_eq!(pids(&web), before);
    sleeping.into_iter().filter(|pid| process::is_alive(*pid)).for_each(|pid| send(pid, Signal::SIGKILL));
}

#[test]
fn others_than_ours_are_not_told() {
    let Some(program) = testkit::theirs("svscan") else { return };
    let tree = TestTree::new();
    let web = tree.folder("web", |f| f.run("exec sleep 1000"));
    let first = tree.launch(&program).arg(tree.services()).start();
    let pid = web.wait_until("it runs", |web| web.status()?.pid).get();
    let _first = super::killed(first);
    let svscan = watching(tree.svscan());
    let said = "svscan: info: took over 1 running service, 1 of them under another supervise\n";
    svscan.wait_for_errors(said);
    send(svscan.pid(), Signal::SIGUSR2);
    svscan.wait_for_errors(&said.repeat(2));
    assert!(process::is_alive(pid) && process::parent(pid).is_some_and(process::is_alive));
    assert!(web.is_supervised());
}
