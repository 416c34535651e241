//! A supervisord.conf here, and there: what Debian's supervisor does with configurations in the shapes of public projects', and what
//! svscan does with their import.

mod alone;
mod shapes;

use shapes::{Fate, MAIN, SHAPES, Shape};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use testkit::{Launch, Ran, TestTree, account, down, needs_root, ours, process, skip, up, wait_until};

/// The accounts that the shapes have.
const ACCOUNTS: [(&str, &str); 2] = [("@A@", "upkeep-a"), ("@B@", "upkeep-b")];

/// What all programs of the shapes are: one tells its pid by a file's name, the signals that it gets by another's, and does what its
/// words say.
const STAND_IN: &str = r#"#!/bin/sh
told=@ROOT@/told
for word; do
    case $word in
        id=*) id=${word#id=} ;;
        exit=*) code=${word#exit=} ;;
        deaf) deaf=1 ;;
    esac
done
for signal in TERM INT QUIT USR1; do
    trap "echo $signal >$told/signal.$id.\$\$; [ \"\$deaf\" ] || { kill \$!; exit 0; }" $signal
done
: >"$told/start.$id.$$"
[ -z "$code" ] || ! mkdir "$told/once.$id" 2>/dev/null || exit "$code"
while :; do
    sleep 1000 &
    wait $!
done
"#;

/// sudo as far as the shapes use it: `-u NAME -i COMMAND`. It leaves PATH as it is, so that the stand-ins are found.
const SUDO: &str = r#"#!/bin/sh
user=$2 home=/home/$2
shift 3
cd "$home" || exit 1
exec setpriv --reuid="$user" --regid="$user" --init-groups \
    env -i PATH="$PATH" HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/sh "$@"
"#;

/// What HOME is where nobody says anything else.
const ROOTS_HOME: &str = "/root";

/// The programs that the shapes name.
const PROGRAMS: [&str; 12] = [
    "airflow",
    "bundle",
    "celery",
    "gunicorn",
    "java",
    "jupyter-lab",
    "nginx",
    "node",
    "php",
    "php-cgi",
    "php-fpm",
    "python",
];

/// What the stand-ins would run, which import looks for.
const SCRIPTS: [&str; 14] = [
    "app.jar",
    "artisan",
    "bot.py",
    "console.py",
    "crash.py",
    "import.py",
    "main.py",
    "manage.py",
    "odoo-bin",
    "poll.py",
    "prog.py",
    "report.py",
    "server.js",
    "worker.py",
];

/// Variables that either side has for itself.
const OWN: [&str; 16] = [
    "_",
    "GID",
    "INSTANCE",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LOGNAME",
    "OLDPWD",
    "PWD",
    "SHELL",
    "SHLVL",
    "SUPERVISOR_ENABLED",
    "SUPERVISOR_GROUP_NAME",
    "SUPERVISOR_PROCESS_NAME",
    "SUPERVISOR_SERVER_URL",
    "UID",
];

/// What /proc says of a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Facts {
    arguments: Vec<String>,
    users: Option<[u32; 4]>,
    groups: (Option<[u32; 4]>, Vec<u32>),
    folder: Option<PathBuf>,
    umask: Option<String>,
    environment: BTreeMap<String, String>,
    has_socket: bool,
}

/// What has become of the programs: how often each was started, what was seen of those that ran, and how they were stopped.
#[derive(Debug, Default)]
struct Seen {
    starts: BTreeMap<String, usize>,
    running: BTreeMap<String, Vec<Facts>>,
    signals: BTreeMap<String, Vec<String>>,
}

/// A folder with programs and configurations.
struct Stage {
    tree: TestTree,
}

impl Stage {
    fn new(shapes: &[Shape]) -> Self {
        let stage = Self { tree: TestTree::new() };
        for (_, name) in ACCOUNTS {
            let _ = account(name);
        }
        for folder in ["bin", "venv/bin", "app/my notes", "log", "run", "told", "conf/conf.d"] {
            fs::create_dir_all(stage.path(folder)).unwrap();
        }
        fs::set_permissions(stage.path("told"), Permissions::from_mode(0o1777)).unwrap();
        let programs = PROGRAMS.map(|name| format!("bin/{name}"));
        for program in programs.iter().map(String::as_str).chain(["venv/bin/celery", "venv/bin/python"]) {
            stage.program(program, STAND_IN);
        }
        stage.program("bin/sudo", SUDO);
        for script in SCRIPTS {
            stage.write(&format!("app/{script}"), "");
        }
        for shape in shapes {
            stage.write(&format!("conf/conf.d/{}", shape.file), shape.text);
        }
        stage.write("conf/supervisord.conf", MAIN);
        stage
    }

    fn path(&self, inner: &str) -> PathBuf {
        self.tree.root().join(inner)
    }

    fn write(&self, path: &str, text: &str) {
        let text = text.replace("@ROOT@", self.tree.root().to_str().unwrap());
        let text = ACCOUNTS.iter().fold(text, |text, (sign, name)| text.replace(sign, name));
        fs::write(self.path(path), text).unwrap();
    }

    fn program(&self, path: &str, text: &str) {
        self.write(path, text);
        fs::set_permissions(self.path(path), Permissions::from_mode(0o755)).unwrap();
    }

    fn search_path(&self) -> String {
        format!("{}:/usr/bin:/bin", self.path("bin").display())
    }

    /// What both sides begin with.
    fn variables(&self, launch: Launch) -> Launch {
        let launch = launch.env("PATH", self.search_path()).env("NOTEBOOK_PORT", "8888");
        launch.env("HOME", ROOTS_HOME).env("USER", "root")
    }

    fn import(&self) -> Ran {
        let file = self.path("conf/supervisord.conf");
        let tool = self.tree.tool(&ours("svctl")).env("SVDIR", self.tree.services());
        let tool = tool.env("PATH", self.search_path()).env("NOTEBOOK_PORT", "8888");
        tool.args(["import", file.to_str().unwrap()]).run()
    }

    /// What stand-ins have told under a kind of name: the id and the pid of each.
    fn told(&self, kind: &str) -> Vec<(String, u32)> {
        let names = fs::read_dir(self.path("told"))
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name().into_string().unwrap());
        let parts = names.filter_map(|name| {
            let (id, pid) = name.strip_prefix(kind)?.strip_prefix('.')?.rsplit_once('.')?;
            Some((id.to_owned(), pid.parse().ok()?))
        });
        parts.collect()
    }

    fn count(&self, id: &str) -> usize {
        self.told("start").iter().filter(|(told, _)| told == id).count()
    }

    /// Waits until all that is to run does, and what is to be started again has been.
    fn wait_for_starts(&self) {
        let told = self.path("told");
        for (id, fate) in fates() {
            let count = match fate {
                Fate::Runs(count) => count,
                Fate::Again => 2,
                Fate::Ends => 1,
                Fate::Waits => 0,
            };
            wait_until(&format!("{id} has been started {count} times"), &[&told], || {
                (self.count(id) >= count).then_some(())
            });
        }
    }

    /// What is seen of those that run now.
    fn look(&self) -> Seen {
        let mut seen = Seen::default();
        for (id, pid) in self.told("start") {
            if process::is_alive(pid) {
                seen.running.entry(id).or_default().push(facts(pid));
            }
        }
        seen.running.values_mut().for_each(|facts| facts.sort());
        seen
    }

    /// What was told until the end; nothing of it is left for the other side.
    fn finish(&self, mut seen: Seen) -> Seen {
        for (id, _) in fates() {
            seen.starts.insert(id.to_owned(), self.count(id));
        }
        for (id, pid) in self.told("signal") {
            let signal = fs::read_to_string(self.path(&format!("told/signal.{id}.{pid}"))).unwrap();
            seen.signals.entry(id).or_default().push(signal.trim().to_owned());
        }
        for entry in fs::read_dir(self.path("told")).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() { fs::remove_dir(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
        seen
    }

    /// What Debian's supervisor does.
    fn theirs(&self) -> Seen {
        let file = self.path("conf/supervisord.conf");
        let launch = self.tree.launch(Path::new("/usr/bin/supervisord")).dir(Path::new("/"));
        let launch = launch.arg("-n").arg("-c").arg(&file);
        let supervisord = self.variables(launch).start();
        self.wait_for_starts();
        let control = |command: &[&str]| {
            let tool = self.tree.tool(Path::new("/usr/bin/supervisorctl"));
            tool.args(["-c", file.to_str().unwrap()]).args(command).run()
        };
        wait_until("Supervisor has left alone what ended", &[], || {
            let ran = control(&["status"]);
            let status = String::from_utf8_lossy(&ran.stdout).into_owned();
            let is = |id: &str, state: &str| {
                status.lines().any(|line| line.split_whitespace().take(2).eq([id, state]))
            };
            let holds = fates().all(|(id, fate)| match fate {
                Fate::Ends => is(id, "EXITED"),
                Fate::Waits => is(id, "STOPPED"),
                Fate::Runs(_) | Fate::Again => true,
            });
            holds.then_some(())
        });
        let seen = self.look();
        // All at once: by itself it would stop one group after the other.
        control(&["stop", "all"]).exits(0);
        supervisord.stop();
        self.finish(seen)
    }

    /// What svscan does with the import.
    fn ours(&self) -> Seen {
        let already = self.tree.folder("already", |folder| folder.run("exec sleep 1000"));
        let svscan = self.tree.launch(&ours("svscan")).arg(self.tree.services());
        let svscan = self.variables(svscan).start();
        // The PATH of a svscan that runs is known to import; and what is imported starts at once.
        already.wait_for(up());
        self.import().exits(0);
        self.wait_for_starts();
        for (id, fate) in fates() {
            if matches!(fate, Fate::Ends | Fate::Waits) {
                self.tree.service(id).wait_for(down());
            }
        }
        let seen = self.look();
        svscan.stop();
        self.finish(seen)
    }
}

fn fates() -> impl Iterator<Item = (&'static str, Fate)> {
    SHAPES.iter().flat_map(|shape| shape.fates).copied()
}

fn facts(pid: u32) -> Facts {
    let environment = process::environment(pid).into_iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (!OWN.contains(&name)).then(|| (name.to_owned(), value.to_owned()))
    });
    let mut groups = process::groups(pid).unwrap_or_default();
    groups.sort_unstable();
    groups.dedup();
    let stdin = process::descriptors(pid).into_iter().find(|(number, _)| *number == 0);
    Facts {
        arguments: process::arguments(pid),
        users: process::uids(pid),
        groups: (process::gids(pid), groups),
        folder: process::folder(pid),
        umask: process::field(pid, "Umask"),
        environment: environment.collect(),
        has_socket: stdin.is_some_and(|(_, path)| is_listening(&path)),
    }
}

/// Whether what a descriptor leads to is the socket of the shape that has one.
fn is_listening(descriptor: &Path) -> bool {
    let name = descriptor.to_string_lossy();
    let Some(inode) = name.strip_prefix("socket:[").and_then(|name| name.strip_suffix(']')) else {
        return false;
    };
    let sockets = fs::read_to_string("/proc/net/unix").unwrap();
    sockets
        .lines()
        .any(|line| line.ends_with("/run/fcgi.sock") && line.split_whitespace().any(|word| word == inode))
}

/// Whether there is a Supervisor to compare with.
fn can_compare() -> bool {
    let is_there = Path::new("/usr/bin/supervisord").exists();
    if !is_there {
        skip("it compares with Debian's package supervisor, which is not installed");
    }
    is_there && needs_root()
}

#[test]
fn what_is_imported_runs_as_it_did_there() {
    if !can_compare() {
        return;
    }
    let stage = Stage::new(&SHAPES);
    let theirs = stage.theirs();
    let ours = stage.ours();
    assert_eq!(ours.signals, theirs.signals, "how they were stopped");
    for (id, fate) in fates() {
        match fate {
            Fate::Ends | Fate::Runs(_) | Fate::Waits => {
                assert_eq!(ours.starts[id], theirs.starts[id], "{id}")
            }
            // How often depends on the pauses, which differ.
            Fate::Again => assert!(ours.starts[id] > 1 && theirs.starts[id] > 1, "{id}"),
        }
        let (ours, theirs) = (ours.running.get(id), theirs.running.get(id));
        assert_eq!(ours.map(Vec::len), theirs.map(Vec::len), "{id}");
        for (ours, theirs) in ours.into_iter().flatten().zip(theirs.into_iter().flatten()) {
            is_same(id, ours, theirs, &stage.tree.services());
        }
    }
}

/// Fails where a process of ours is not as theirs, but for what is better here: the variables of an account, and a folder of its
/// own where none is said.
#[track_caller]
fn is_same(id: &str, ours: &Facts, theirs: &Facts, services: &Path) {
    assert_eq!(ours.arguments, theirs.arguments, "{id}");
    assert_eq!(ours.users, theirs.users, "{id}");
    assert_eq!(ours.groups, theirs.groups, "{id}");
    assert_eq!(ours.umask, theirs.umask, "{id}");
    assert_eq!((ours.has_socket, theirs.has_socket), (id == "fcgi", id == "fcgi"), "{id}");
    if theirs.folder.as_deref() == Some(Path::new("/")) {
        assert!(ours.folder.as_ref().unwrap().starts_with(services), "{id}: {:?}", ours.folder);
    } else {
        assert_eq!(ours.folder, theirs.folder, "{id}");
    }
    let mut expected = theirs.environment.clone();
    let uid = theirs.users.unwrap()[0];
    for (_, name) in ACCOUNTS {
        let account = account(name);
        if account.uid == uid && expected["HOME"] == ROOTS_HOME {
            expected.insert("HOME".to_owned(), account.home.to_str().unwrap().to_owned());
            expected.insert("USER".to_owned(), name.to_owned());
        }
    }
    let mut found = ours.environment.clone();
    if id == "myprog6001" {
        // sudo passes nothing on.
        found.retain(|name, _| expected.contains_key(name));
    }
    assert_eq!(found, expected, "{id}");
}
