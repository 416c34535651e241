//! svscanboot beside Debian's, each in a machine of its own: a root folder that only the test's processes see, with this
//! system's programs in it and a service directory where the machine has it.

use std::fs;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use testkit::{needs_root, ours, process, theirs, wait_until};

const PATH: &str = "/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin";

/// A machine that boots. Its process 1 is killed when the test is over, and all others with it.
struct Machine {
    root: tempfile::TempDir,
    first: Option<Child>,
}

impl Machine {
    /// With an empty service directory at that place.
    fn new(directory: &str) -> Self {
        let root = tempfile::Builder::new().prefix("upkeep-").tempdir().expect("a folder in $TMPDIR");
        for folder in ["usr", "proc", "dev", "tmp", "ours", "etc", directory] {
            fs::create_dir_all(root.path().join(folder)).expect("a new folder");
        }
        for link in ["bin", "sbin", "lib", "lib64"] {
            symlink(format!("usr/{link}"), root.path().join(link)).expect("a link");
        }
        Self { root, first: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// An executable file of it.
    fn script(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
    }

    /// Boots it: svscanboot is the one child of its process 1.
    fn boot(&mut self, svscanboot: &Path) {
        // Process 1 stays as long as it is not told that its input ends.
        let first = self.command(svscanboot).stdin(Stdio::piped()).spawn();
        self.first = Some(first.expect("unshare of util-linux"));
    }

    /// What boots it, and ends as svscanboot does.
    fn command(&self, svscanboot: &Path) -> Command {
        const MOUNTS: &str = "mount --make-rprivate / && mount --rbind /usr usr && mount --rbind /dev dev && \
            mount -t proc proc proc && mount --bind \"$1\" ours && { ODD=1 chroot . \"$0\" argument; code=$?; read stay; exit $code; }";
        let name = svscanboot.file_name().expect("a name");
        let folder = svscanboot.parent().expect("a folder");
        // Theirs finds its own programs in PATH, ours beside it.
        let inside =
            if folder == Path::new("/usr/bin") { svscanboot.into() } else { Path::new("/ours").join(name) };
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", MOUNTS])
            .arg(inside)
            .arg(folder);
        command.current_dir(self.root.path()).stdin(Stdio::null());
        command
    }

    /// All its processes: the pid, and the arguments with their commas.
    fn processes(&self) -> Vec<(u32, String)> {
        let unshare = self.first.as_ref().expect("booted").id();
        let mut found = Vec::new();
        let mut parents = vec![unshare];
        while let Some(parent) = parents.pop() {
            let mut children = process::children(parent);
            children.retain(|pid| process::is_alive(*pid));
            found.extend(children.iter().map(|pid| (*pid, process::arguments(*pid).join(","))));
            parents.extend(children);
        }
        found
    }

    /// The one whose arguments begin with that, when it is there.
    #[track_caller]
    fn process(&self, arguments: &str) -> u32 {
        let found = || self.processes().into_iter().find(|(_, line)| line.starts_with(arguments));
        wait_until(&format!("there is a {arguments}"), &[], found).0
    }

    /// Waits until the title contains that.
    #[track_caller]
    fn wait_for_title(&self, text: &str) {
        let title = self.process("readproctitle,service,errors:,.");
        let shown = || process::arguments(title).last()?.contains(text).then_some(());
        wait_until(&format!("the title shows {text:?}"), &[], shown);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if self.first.is_some() {
            let inside: Vec<u32> = self.processes().into_iter().map(|(pid, _)| pid).collect();
            let Some(mut first) = self.first.take() else { return };
            // With --kill-child its process 1 goes as well, and with that one everything.
            let _ = first.kill();
            let _ = first.wait();
            wait_until("nothing of the machine is left", &[], || {
                inside.iter().all(|pid| !process::is_alive(*pid)).then_some(())
            });
        }
    }
}

/// A service that tells its environment, one with a log, and one that cannot start.
fn with_services(directory: &str) -> Machine {
    let machine = Machine::new(directory);
    machine.script(&format!("{directory}/web/run"), "#!/bin/sh\nexec sleep 1000\n");
    machine.script(&format!("{directory}/web/log/run"), "#!/bin/sh\nexec sleep 1001\n");
    machine.script(&format!("{directory}/bad/run"), "#!/no/such\n");
    machine
}

#[test]
fn services_start_and_what_goes_wrong_is_in_the_title() {
    if !needs_root() {
        return;
    }
    let seen = |program: &Path| {
        let mut machine = with_services("etc/service");
        machine.boot(program);
        machine.process("sleep,1001");
        let web = machine.process("sleep,1000");
        machine.wait_for_title("unable to start bad");
        let svscan = machine.process("svscan,/etc/service");
        let title = machine.process("readproctitle,service,errors:,.");
        let stdio = |pid: u32, number: u32| {
            let (_, what) =
                process::descriptors(pid).into_iter().find(|(open, _)| *open == number).expect("open");
            what.file_name().unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(stdio(svscan, 1), stdio(svscan, 2));
        assert_eq!(stdio(svscan, 2), stdio(title, 0));
        assert_eq!(stdio(web, 2), stdio(title, 0));
        let arguments = process::arguments(title);
        assert_eq!(arguments.last().map(String::len), Some(400));
        (
            [svscan, title].map(process::environment),
            [(svscan, 0), (title, 1), (title, 2)].map(|(pid, number)| stdio(pid, number)),
            process::arguments(svscan),
            arguments[..3].to_vec(),
            process::environment(web)
                .into_iter()
                .filter(|entry| !entry.starts_with("PWD="))
                .collect::<Vec<_>>(),
        )
    };
    let ours = seen(&ours("svscanboot"));
    assert_eq!(ours.0, [[format!("PATH={PATH}")], [format!("PATH={PATH}")]]);
    if let Some(theirs) = theirs("svscanboot") {
        assert_eq!(ours, seen(&theirs), "left ours, right theirs");
    }
}

#[test]
fn it_becomes_svscan_and_a_term_to_it_stops_everything() {
    if !needs_root() {
        return;
    }
    let mut machine = with_services("etc/service");
    machine.boot(&ours("svscanboot"));
    machine.process("sleep,1000");
    let svscan = machine.process("svscan,/etc/service");
    let title = machine.process("readproctitle,");
    assert_eq!(process::parent(title), Some(svscan));
    let first = machine.first.as_ref().expect("booted").id();
    assert_eq!(process::parent(process::parent(svscan).expect("process 1")), Some(first));
    nix::sys::signal::kill(pid(svscan), nix::sys::signal::SIGTERM).expect("a signal");
    let rest = || machine.processes().iter().all(|(_, line)| line.starts_with("sh,")).then_some(());
    wait_until("all of it has ended", &[], rest);

    let Some(theirs) = theirs("svscanboot") else { return };
    let mut machine = with_services("etc/service");
    machine.boot(&theirs);
    let web = machine.process("sleep,1000");
    let svscan = machine.process("svscan,/etc/service");
    let shell = process::parent(svscan).expect("a shell");
    assert!(process::arguments(shell).iter().any(|argument| argument.ends_with("svscanboot")));
    nix::sys::signal::kill(pid(shell), nix::sys::signal::SIGTERM).expect("a signal");
    wait_until("the shell has ended", &[], || (!process::is_alive(shell)).then_some(()));
    assert!(process::is_alive(svscan) && process::is_alive(web));
}

fn pid(number: u32) -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(i32::try_from(number).expect("a pid"))
}

#[test]
fn supervises_from_before_are_told_to_go() {
    if !needs_root() {
        return;
    }
    for program in [Some(ours("svscanboot")), theirs("svscanboot")].into_iter().flatten() {
        let mut machine = Machine::new("etc/service");
        // In place of a supervise: FIFOs, and somebody who holds them open and keeps what comes.
        machine.script("etc/service/web/run", "#!/bin/sh\nexec sleep 1000\n");
        for folder in ["web", "web/log"] {
            let control = machine.path(&format!("etc/service/{folder}/supervise"));
            fs::create_dir_all(&control).expect("a folder");
            fs::set_permissions(&control, fs::Permissions::from_mode(0o700)).expect("chmod");
            for fifo in ["ok", "control"] {
                nix::unistd::mkfifo(&control.join(fifo), nix::sys::stat::Mode::S_IRWXU).expect("mkfifo");
            }
        }
        let held = ["web", "web/log"].map(|folder| {
            let control = machine.path(&format!("etc/service/{folder}/supervise/control"));
            let waits_not = nix::fcntl::OFlag::O_NONBLOCK.bits();
            let mut options = fs::File::options();
            options.read(true).write(true).custom_flags(waits_not).open(control).expect("a FIFO")
        });
        machine.boot(&program);
        for mut control in held {
            let mut letters = [0; 2];
            let read = || std::io::Read::read(&mut control, &mut letters).ok().filter(|count| *count == 2);
            wait_until("two letters come", &[], read);
            assert_eq!(&letters, b"dx");
        }
    }
}

#[test]
fn the_directory_of_0_76_is_taken_where_it_is_the_only_one() {
    if !needs_root() {
        return;
    }
    let mut machine = with_services("service");
    machine.boot(&ours("svscanboot"));
    machine.process("svscan,/service");
    machine.process("sleep,1000");
    drop(machine);
    let mut machine = with_services("service");
    fs::create_dir_all(machine.path("etc/service")).expect("a folder");
    machine.boot(&ours("svscanboot"));
    machine.process("svscan,/etc/service");
    drop(machine);
}

#[test]
fn where_there_is_no_service_directory_it_says_so() {
    if !needs_root() {
        return;
    }
    let said = |program: &Path| {
        let machine = Machine::new("nothing");
        machine.command(program).stderr(Stdio::piped()).output().expect("unshare of util-linux")
    };
    let ours = said(&ours("svscanboot"));
    assert_eq!(ours.status.code(), Some(111), "{ours:?}");
    let text = String::from_utf8_lossy(&ours.stderr).into_owned();
    assert_eq!(text, "svscanboot: fatal: unable to find a service directory, /etc/service or /service\n");
    if let Some(theirs) = theirs("svscanboot") {
        let theirs = said(&theirs);
        assert_eq!((theirs.status.code(), theirs.stderr.as_slice()), (Some(0), &b""[..]));
    }
}
