//! A supervise becomes another version while a service is on its way to be ready, or is.

use super::{Actor, awaited, detail, ready, ready_since, says, socket_of};
use nix::sys::signal::Signal;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use testkit::{Folder, Running, Service, TestTree, Tool, ours, ours_next, process, wait_until};

/// A service under a supervise that is replaced.
struct Site {
    tree: TestTree,
    programs: PathBuf,
    actor: Actor,
    web: Service,
    supervise: Running,
}

impl Site {
    fn new(build: impl FnOnce(Folder) -> Folder) -> Self {
        let tree = TestTree::new();
        let programs = tree.root().join("programs");
        fs::create_dir(&programs).unwrap();
        fs::set_permissions(&programs, Permissions::from_mode(0o755)).unwrap();
        for name in ["supervise", "runas"] {
            install(&programs, name, &ours(name));
        }
        let actor = Actor::new(&tree, "web");
        let web = tree.folder("web", |f| build(f.run(&actor.exec())));
        let supervise = tree.launch(&programs.join("supervise")).arg("web").start();
        Self { tree, programs, actor, web, supervise }
    }

    /// Becomes this version and back; what is there between is looked at each time.
    fn change(&mut self, mut look: impl FnMut(&Self)) {
        for next in [ours_next("supervise"), Some(ours("supervise"))].into_iter().flatten() {
            install(&self.programs, "supervise", &next);
            let installed = fs::metadata(self.programs.join("supervise")).unwrap().ino();
            self.supervise.signal(Signal::SIGUSR2);
            let path = format!("/proc/{}/exe", self.supervise.pid());
            wait_until("it is the installed one", &[], || {
                (fs::metadata(&path).ok()?.ino() == installed).then_some(())
            });
            look(self);
        }
    }
}

fn install(programs: &Path, name: &str, program: &Path) {
    let new = programs.join(format!(".{name}.new"));
    Tool::new(Path::new("/usr/bin/install")).args([program, &new]).run().exits(0);
    fs::rename(new, programs.join(name)).unwrap();
}

#[test]
fn what_is_ready_stays_it_and_is_heard() {
    let mut site = Site::new(|f| f.file("notify-socket", "").file("watchdog", "1h\n"));
    let pid = site.actor.comes();
    let address = socket_of(pid);
    site.actor.does("notify READY=1|STATUS=here I am");
    site.web.wait_for(ready());
    let since = ready_since(&site.web);
    let mut count = 0;
    site.change(|site| {
        count += 1;
        let text = format!("the {count}th");
        site.actor.does(&format!("notify WATCHDOG=1|STATUS={text}"));
        site.web.wait_for(says(&text));
        assert_eq!((ready_since(&site.web), site.web.pid()), (since, pid));
        assert!(detail(&site.web).silent_at.is_some());
        assert_eq!(socket_of(pid), address);
    });
    assert_eq!(site.supervise.errors(), "");
}

#[test]
fn what_is_on_its_way_is_heard_by_the_new_version() {
    let mut site = Site::new(|f| f.file("notify-socket", "").file("timeout-ready", "1h\n"));
    let pid = site.actor.comes();
    let late_at = detail(&site.web).late_at;
    site.change(|site| {
        site.actor.does("notify STATUS=one");
        site.web.wait_for(says("one"));
        site.actor.does("notify STATUS=");
        site.web.wait_for(says(""));
        site.web.wait_for(awaited());
        assert_eq!(detail(&site.web).late_at, late_at, "nothing was lost, so nothing is given");
    });
    site.actor.does("notify READY=1");
    site.web.wait_for(ready());
    assert_eq!(site.web.pid(), pid);
    assert_eq!(site.supervise.errors(), "");
}

#[test]
fn a_line_on_the_descriptor_is_heard_by_the_new_version() {
    let mut site = Site::new(|f| f.file("notification-fd", "4\n"));
    let pid = site.actor.comes();
    site.change(|site| {
        site.actor.does("write 4 not yet");
        site.web.wait_for(awaited());
    });
    site.actor.does("write 4 |");
    site.web.wait_for(ready());
    assert_eq!(site.web.pid(), pid);
    assert_eq!(site.supervise.errors(), "");
}

#[test]
fn messages_that_wait_are_not_lost() {
    let mut site = Site::new(|f| f.file("notify-socket", ""));
    let pid = site.actor.comes();
    // supervise is stopped: what is sent waits in the socket, and so does the signal.
    site.supervise.signal(Signal::SIGSTOP);
    wait_until("it is stopped", &[], || (process::state(site.supervise.pid()) == Some('T')).then_some(()));
    site.actor.does("notify READY=1|STATUS=waited");
    site.supervise.signal(Signal::SIGUSR2);
    site.supervise.signal(Signal::SIGCONT);
    site.web.wait_for(ready());
    site.web.wait_for(says("waited"));
    assert_eq!(site.web.pid(), pid);
}

#[test]
fn no_descriptor_is_left_over() {
    let mut site = Site::new(|f| f.file("notify-socket", "").file("notification-fd", "3\n"));
    site.actor.comes();
    site.actor.does("write 3 |");
    site.web.wait_for(ready());
    // What the tests themselves have open may be open in the first one, and in none that comes after it.
    let mut counts = Vec::new();
    for _ in 0..2 {
        site.change(|site| {
            site.actor.does("notify STATUS=x");
            site.web.wait_for(says("x"));
            site.actor.does("notify STATUS=");
            site.web.wait_for(says(""));
            counts.push(process::descriptors(site.supervise.pid()).len());
        });
    }
    counts.dedup();
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert!(site.tree.svstat("web").contains(", ready "));
}
