//! svscan as process 1, in namespaces that the kernel makes for a container: what it starts, reaps, obeys and leaves, and with how
//! little it does so.

mod bare;
mod command;
mod documents;
mod ends;
mod image;
mod instants;
mod order;
mod reaps;
mod signals;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use testkit::{Beacon, Folder, Launch, Running, TestTree, Tool, is_root, ours, process, skip, wait_until};

/// What makes the namespaces: of processes, mounts and the network; for an ordinary user one of users first, in which he is root.
fn namespaces() -> Vec<&'static str> {
    let mut words = vec!["unshare"];
    if !is_root() {
        words.extend(["--user", "--map-root-user"]);
    }
    words.extend(["--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--net", "--"]);
    words
}

/// Whether they can be had here; says so where not.
fn can_contain() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    let words = namespaces();
    let can = *CAN.get_or_init(|| {
        let ran = Tool::new(Path::new("/usr/bin/env")).args(&words).arg("true").run();
        ran.end == Ok(0)
    });
    if !can {
        skip("no namespaces can be made here (unshare of util-linux, and a kernel that lets us)");
    }
    can
}

/// Our svscan, called for the service directory.
fn svscan(tree: &TestTree) -> Vec<String> {
    [ours("svscan"), tree.services()].map(|path| path.to_str().unwrap().to_owned()).into()
}

/// A container that is about to begin.
struct Plan<'a> {
    tree: &'a TestTree,
    setup: String,
    words: Vec<String>,
    state: Option<PathBuf>,
}

impl<'a> Plan<'a> {
    /// One whose process 1 is our svscan; `None` where there can be none here, which is said.
    fn new(tree: &'a TestTree) -> Option<Self> {
        can_contain().then(|| Self { tree, setup: String::new(), words: Vec::new(), state: None })
    }

    /// Shell commands that run in the namespaces before svscan takes the place of the shell.
    fn setup(mut self, commands: &str) -> Self {
        self.setup += commands;
        self.setup.push('\n');
        self
    }

    /// The program and its arguments that become svscan, or whoever else is run in there.
    fn through(mut self, words: &[&str]) -> Self {
        self.words.extend(words.iter().map(|word| (*word).to_owned()));
        self
    }

    /// Keeps what supervise and svscan write in another place.
    fn state(mut self, folder: &Path) -> Self {
        self.state = Some(folder.into());
        self
    }

    /// Starts `svscan` on the service directory, and waits until it watches it: what is renamed in then starts at once.
    #[track_caller]
    fn start(self) -> Container {
        let container = self.start_now();
        let folder = format!("/proc/{}/fdinfo", container.first);
        let watches = |entry: DirEntry| {
            std::fs::read_to_string(entry.path()).is_ok_and(|info| info.contains("inotify wd:"))
        };
        wait_until("svscan watches", &[], || {
            let is_watching = std::fs::read_dir(&folder).ok()?.flatten().any(watches);
            (is_watching && process::state(container.first) == Some('S')).then_some(())
        });
        container
    }

    /// The same, and does not wait for more than that it is process 1.
    #[track_caller]
    fn start_now(self) -> Container {
        let svscan = svscan(self.tree);
        self.start_command(&svscan)
    }

    /// Starts a svscan that is called like that.
    #[track_caller]
    fn start_command(self, command: &[String]) -> Container {
        // Killed with the test, whatever state it is in; unshare then takes process 1 with it.
        let mut launch =
            self.tree.launch(Path::new("/usr/bin/setpriv")).arg("--pdeathsig").arg("KILL").arg("--");
        let setup = format!("set -e\n{}exec \"$@\"", self.setup);
        for word in namespaces().into_iter().chain(["sh", "-c", &setup, "sh"]) {
            launch = launch.arg(word);
        }
        for word in self.words.iter().chain(command) {
            launch = launch.arg(word);
        }
        if let Some(folder) = &self.state {
            launch = launch.env("SUPERVISEDIR", folder);
        }
        Container::begin(launch, self.words, self.state)
    }
}

/// Namespaces with a svscan in them.
struct Container {
    unshare: Running,
    first: u32,
    words: Vec<String>,
    state: Option<PathBuf>,
}

impl Container {
    #[track_caller]
    fn begin(launch: Launch, words: Vec<String>, state: Option<PathBuf>) -> Self {
        let mut unshare = launch.start();
        let pid = unshare.pid();
        // Before that its signals are not blocked yet, and the kernel keeps those that would end a process 1 from it.
        let is_ready = |pid: &u32| {
            process::name(*pid).is_some_and(|name| name == "svscan")
                && process::field(*pid, "SigBlk").is_some_and(|blocked| blocked.starts_with('f'))
        };
        let first = wait_until("svscan is process 1", &[], || {
            let ready = process::children(pid).into_iter().find(is_ready);
            if ready.is_none() && unshare.has_ended() { Some(None) } else { ready.map(Some) }
        });
        let first = first.unwrap_or_else(|| panic!("it has ended: {}", unshare.errors()));
        Self { unshare, first, words, state }
    }

    /// The number of its process 1 outside.
    fn pid(&self) -> u32 {
        self.first
    }

    /// A program that runs in there, as whoever svscan runs as.
    fn tool(&self, program: &Path) -> Tool {
        let tool = Tool::new(Path::new("/usr/bin/nsenter"));
        let tool = if is_root() { tool } else { tool.args(["--user", "--preserve-credentials"]) };
        let target = self.first.to_string();
        let tool = tool
            .args(["--pid", "--mount", "--root", "--target", &target, "--"])
            .args(&self.words)
            .arg(program);
        match &self.state {
            Some(folder) => tool.env("SUPERVISEDIR", folder),
            None => tool,
        }
    }

    /// What svstat says in there of a service, without its path.
    #[track_caller]
    fn svstat(&self, service: &Path) -> String {
        let ran = self.tool(&ours("svstat")).arg(service).run();
        let said = String::from_utf8_lossy(&ran.exits(0).stdout).into_owned();
        said.trim_end().strip_prefix(&format!("{}: ", service.display())).unwrap_or(&said).to_owned()
    }

    /// Waits until svstat says something of the kind.
    #[track_caller]
    fn wait_until_it_is(&self, service: &Path, state: &str) -> String {
        wait_until(&format!("{} is {state:?}", service.display()), &[], || {
            Some(self.svstat(service)).filter(|said| said.contains(state))
        })
    }

    #[track_caller]
    fn svc(&self, commands: &str, service: &Path) {
        self.tool(&ours("svc")).arg(commands).arg(service).run().exits(0).errors("");
    }

    /// The numbers, in there, of its processes that have ended and that nobody has reaped.
    fn zombies(&self) -> Vec<u32> {
        let proc = PathBuf::from(format!("/proc/{}/root/proc", self.first));
        let Ok(entries) = std::fs::read_dir(&proc) else { return Vec::new() };
        let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_zombie = |pid: &u32| {
            let stat = std::fs::read_to_string(proc.join(pid.to_string()).join("stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
        };
        pids.filter(is_zombie).collect()
    }

    /// A signal to process 1, from outside.
    #[track_caller]
    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.first).unwrap()), signal).unwrap();
    }

    /// How process 1 has ended. Nothing that was in the namespace lives then: the kernel sees to that, and waits for it.
    #[track_caller]
    fn wait(&mut self) -> Result<i32, i32> {
        self.unshare.wait()
    }

    /// TERM from outside, which must end it in order.
    #[track_caller]
    fn stop(mut self) {
        self.signal(Signal::SIGTERM);
        assert_eq!(self.wait(), Ok(0), "{}", self.unshare.errors());
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // unshare itself takes no TERM.
        if !self.unshare.has_ended() {
            self.signal(Signal::SIGTERM);
        }
    }
}

/// What a script in bash ends with that has set a trap: a signal that comes just before a shell begins to wait is noticed only
/// when it waits no more.
fn stays(fifo: &str) -> String {
    format!("while :; do read -r -t 0.1 _ <>'{fifo}'; done")
}

/// A service with a logger, and what they tell.
struct Life {
    folder: PathBuf,
    starts: Beacon,
    logged: Beacon,
}

impl Life {
    /// Makes its folder.
    fn new(tree: &TestTree, name: &str, build: impl FnOnce(Folder) -> Folder) -> Self {
        let [starts, logged] = ["starts", "logged"].map(|what| tree.beacon(what));
        let run = format!("echo begins\n{starts}\nexec sleep 1000");
        let heard = logged.say("$line").replace('\'', "\"");
        let logger = format!("while read -r line; do {heard}; done");
        let service = tree.folder(name, |f| build(f.run(&run).log(&logger)));
        Self { folder: service.path().into(), starts, logged }
    }

    /// It starts, its first line is logged, and svstat says so.
    #[track_caller]
    fn begins_in(&self, container: &Container) -> u32 {
        let pid = self.starts.next().pid;
        assert_eq!(self.logged.hear(), "begins");
        container.wait_until_it_is(&self.folder, &format!("up (pid {pid})"));
        pid
    }

    /// It starts, is taken down and brought up again.
    #[track_caller]
    fn runs_in(&self, container: &Container) {
        let first = self.begins_in(container);
        container.wait_until_it_is(&self.folder.join("log"), "up (pid ");
        container.svc("-d", &self.folder);
        container.wait_until_it_is(&self.folder, "down ");
        container.svc("-u", &self.folder);
        assert_ne!(self.begins_in(container), first);
    }
}
