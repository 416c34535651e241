//! `log/`: the pipe between a service and its logger, which outlives both.

use super::{outside, rename, watching};
use nix::fcntl::{OFlag, open};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use testkit::{Service, TestTree, not_supervised, process, status, up, wait_until};

/// A service that writes what it is fed, and a logger that keeps it. Both read byte by byte, so that whoever is
/// killed while nothing moves takes nothing along.
struct Line {
    web: Service,
    feed: File,
    out: PathBuf,
    fed: usize,
}

impl Line {
    fn new(tree: &TestTree) -> Self {
        let [feed, out] = ["feed", "out"].map(|name| tree.root().join(name));
        nix::unistd::mkfifo(&feed, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        let held = open(&feed, OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty()).unwrap();
        let copy = "while read -r line; do echo \"$line\"; done";
        let run = format!("{copy} <'{}'", feed.display());
        let logger = format!("{copy} >>'{}'", out.display());
        let web = tree.folder("web", |f| f.run(&run).log(&logger));
        Self { web, feed: held.into(), out, fed: 0 }
    }

    /// A hundred more numbered lines.
    fn feed(&mut self) {
        let lines: String = (0..100).map(|number| format!("{}\n", self.fed + number)).collect();
        self.fed += 100;
        self.feed.write_all(lines.as_bytes()).unwrap();
    }

    /// Waits until everything has arrived, once and in order.
    #[track_caller]
    fn arrives(&self) {
        let expected: String = (0..self.fed).map(|number| format!("{number}\n")).collect();
        let folder = self.out.parent().unwrap();
        let said = wait_until("all lines are logged", &[folder], || {
            fs::read_to_string(&self.out).ok().filter(|said| said.len() >= expected.len())
        });
        assert_eq!(said, expected);
    }

    /// The service (or its logger) and their supervises.
    #[track_caller]
    fn pids(service: &Service) -> [u32; 2] {
        service.wait_for(up());
        [process::parent(service.pid()).unwrap(), service.pid()]
    }
}

/// Waits for their ends as well: until then one could still take a byte.
#[track_caller]
fn kill_all(pids: &[u32]) {
    for pid in pids {
        kill(Pid::from_raw(i32::try_from(*pid).unwrap()), Signal::SIGKILL).unwrap();
    }
    all_end(pids);
}

#[track_caller]
fn all_end(pids: &[u32]) {
    wait_until("they have ended", &[], || (!pids.iter().any(|pid| process::is_alive(*pid))).then_some(()));
}

#[test]
fn every_line_arrives_once_and_in_order_whoever_is_killed_meanwhile() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let mut line = Line::new(&tree);
    let (web, log) = (line.web.clone(), line.web.log());
    line.feed();
    line.arrives();
    // Told to end, one alone and both; fed before they are started again.
    for told in [vec![&log], vec![&web, &log]] {
        let pids: Vec<u32> = told.iter().map(|service| Line::pids(service)[1]).collect();
        told.iter().for_each(|service| tree.svc(["-t", service.path().to_str().unwrap()]));
        all_end(&pids);
        line.feed();
        line.arrives();
    }
    // Killed with their supervises.
    for killed in [vec![&log], vec![&web], vec![&web, &log]] {
        kill_all(&killed.into_iter().flat_map(Line::pids).collect::<Vec<_>>());
        line.feed();
        line.arrives();
    }
    // One that a new supervise still finds alive is adopted for its last moment.
    let said = svscan.errors();
    assert!(said.lines().all(|line| line.contains(": adopted pid ")), "{said}");
}

#[test]
fn a_service_whose_logger_is_down_goes_on() {
    let tree = TestTree::new();
    let _svscan = watching(tree.svscan());
    let beacon = tree.beacon("written");
    let out = tree.root().join("out");
    let run = format!("seq 1000\n{}\nexec sleep 1000", beacon.say("written $?").replace('\'', "\""));
    let web = tree
        .folder("web", |f| f.run(&run).log(&format!("exec cat >>'{}'", out.display())).file("log/down", ""));
    assert_eq!(beacon.hear(), "written 0");
    web.wait_for(up());
    assert!(!out.exists());
    tree.svc(["-u", "web/log"]);
    let expected: String = (1..=1000).map(|number| format!("{number}\n")).collect();
    wait_until("its lines are there", &[tree.root()], || {
        (fs::read_to_string(&out).ok()? == expected).then_some(())
    });
}

/// Says something when it is told to stop, which must not be lost either.
fn with_last_words(tree: &TestTree, out: &Path) -> Service {
    let run = "trap 'seq 5000; kill $!; exit' TERM\necho first\nsleep 1000 &\nwait";
    let logger = format!("while read -r line; do echo \"$line\"; done >>'{}'", out.display());
    tree.folder("web", |f| f.run(run).log(&logger))
}

#[test]
fn at_the_end_and_at_a_removal_the_logger_gets_everything_and_ends() {
    let expected: String =
        std::iter::once("first\n".to_owned()).chain((1..=5000).map(|number| format!("{number}\n"))).collect();
    for removal in ["term", "rm", "mv"] {
        let tree = TestTree::new();
        let svscan = watching(tree.svscan());
        let out = tree.root().join("out");
        let web = with_last_words(&tree, &out);
        web.wait_for(up());
        wait_until("it has begun", &[tree.root()], || {
            (fs::read_to_string(&out).ok()? == "first\n").then_some(())
        });
        let logger = Line::pids(&web.log());
        match removal {
            "term" => {}
            "rm" => fs::remove_dir_all(web.path()).unwrap(),
            _ => rename(web.path(), tree.root().join("away").as_os_str()).wait_for(not_supervised()),
        }
        if removal == "term" {
            svscan.stop();
        } else {
            wait_until("nothing is left", &[], || process::children(svscan.pid()).is_empty().then_some(()));
        }
        assert!(!logger.into_iter().any(process::is_alive), "{removal}");
        assert_eq!(fs::read_to_string(&out).unwrap(), expected, "{removal}");
    }
}

#[test]
fn a_logger_that_ignores_the_end_of_its_input_is_told_to_stop_when_its_pipe_is_empty() {
    let tree = TestTree::new();
    let mut svscan = watching(tree.svscan());
    let beacon = tree.beacon("logger");
    let [end, told] = ["end", "told"].map(|word| beacon.say(word).replace('\'', "\""));
    let out = tree.root().join("out");
    let logger = format!(
        "trap '{told}; kill $!; exit' TERM\nwhile read -r line; do echo \"$line\"; done >>'{}'\n{end}\n\
         sleep 1000 & wait",
        out.display()
    );
    let web = tree.folder("web", |f| f.run("seq 100\nexec sleep 1000").log(&logger));
    web.log().wait_for(up());
    web.wait_for(up());
    svscan.signal(Signal::SIGTERM);
    assert_eq!(beacon.hear(), "end");
    web.log().wait_for(status("not asked to end yet", |status| !status.terminated));
    assert_eq!(beacon.hear(), "told");
    assert_eq!(svscan.wait(), Ok(0));
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 100);
}

#[test]
fn the_pipe_is_private_and_found_again_by_the_next_svscan() {
    let tree = TestTree::new();
    let mut svscan = watching(tree.svscan());
    let mut line = Line::new(&tree);
    line.feed();
    line.arrives();
    let pipe = line.web.log().file("supervise/pipe");
    let before = pipe.metadata().unwrap();
    assert!(before.file_type().is_fifo());
    assert_eq!(before.permissions().mode() & 0o7777, 0o600);
    let folder = line.web.log().file("supervise").metadata().unwrap();
    assert_eq!(folder.permissions().mode() & 0o7777, 0o700);
    svscan.signal(Signal::SIGTERM);
    assert_eq!(svscan.wait(), Ok(0));
    svscan.stop();
    line.feed();
    let svscan = tree.svscan();
    line.arrives();
    assert_eq!(pipe.metadata().unwrap().ino(), before.ino());
    assert_eq!(svscan.errors(), "");
}

#[test]
fn a_templates_log_gives_every_instance_a_logger_of_its_own() {
    let tree = TestTree::new();
    let svscan = watching(tree.svscan());
    let beacon = tree.beacon("loggers");
    let logger = format!("{beacon}\nexec cat >>out");
    tree.folder("web@", |f| f.run("echo I am $1\nexec sleep 1000").log(&logger));
    let own = outside(&tree, "own", |f| f.directory("log"));
    for (name, argument) in [("web@a", "a"), ("web@b@c", "b@c")] {
        let instance = tree.folder(name, |f| f);
        let start = beacon.next();
        let log = instance.log();
        assert_eq!(start.arguments[1..], [argument]);
        assert_eq!(start.environment["INSTANCE"], argument);
        assert_eq!(process::folder(start.pid).unwrap(), log.path().canonicalize().unwrap());
        log.wait_until("its line is there", |log| {
            (fs::read_to_string(log.file("out")).ok()? == format!("I am {argument}\n")).then_some(())
        });
    }
    // One that has a log/ of its own, but nothing to run in it, takes that from the template as well.
    let instance = tree.service("web@own");
    fs::rename(own.path(), instance.path()).unwrap();
    assert_eq!(beacon.next().arguments[1..], ["own"]);
    instance.log().wait_for(up());
    assert!(!tree.service("web@").log().file("supervise").exists());
    assert_eq!(svscan.errors(), "");
}
