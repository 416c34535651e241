//! A machine on which nothing has been done yet: a root folder that only the test's processes see, with this system's programs in
//! it, a network and processes of its own, the accounts bob and alice, and a shell of root's at which a page is typed in.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use testkit::{DEADLINE, TestTree, Tool, needs_root, ours, skip};

use crate::house::repository;

/// What makes the namespaces; all that runs in them is killed with it.
const NAMESPACES: [&str; 8] = ["--mount", "--pid", "--fork", "--kill-child", "--uts", "--net", "--ipc", "--"];

/// Lays a root folder over the system's own, and begins a shell there: `$1` is an empty folder, `$2` that of our programs, `$3`
/// the repository, `$4` what `make install` has installed.
const MAKE: &str = r#"
set -e
exec 2>&1
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
cd "$1/root"
mkdir -p root/upkeep/target/dist
mount --bind "$2" root/upkeep/target/dist
cp -R "${4:?}/usr" .
(cd "$3" && cp -R --parents Makefile man init services.example crates/svctl/src/completion "$1/root/root/upkeep")
mount --rbind /dev dev
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
hostname upkeep
ip link set lo up
chroot . env --ignore-environment PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin HOME=/root USER=root \
    LOGNAME=root SHELL=/bin/sh LANG=C.UTF-8 TZ=UTC TERM=dumb MAKEFLAGS=e CARGO=no-cargo-here sh -e
"#;

/// No services, and no accounts of people but these two.
const SETTLE: &str = r#"
umask 022
cd /root
rm -rf /home/* /service /etc/service
for table in passwd group shadow gshadow; do
    awk -F: '(FILENAME ~ /shadow/ || $3 < 1000 || $1 == "nobody") && $1 != "bob" && $1 != "alice"' /etc/$table >/tmp/$table
    cat /tmp/$table >/etc/$table
done
number=1000
for name in bob alice; do
    echo "$name:x:$number:$number::/home/$name:/bin/sh" >>/etc/passwd
    echo "$name:x:$number:" >>/etc/group
    echo "$name:*:20000:0:99999:7:::" >>/etc/shadow
    install -d -m 755 -o $number -g $number /home/$name
    number=$((number + 1))
done
"#;

/// What `make install` installs, once for all machines.
fn installed() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("installed");
        let _ = std::fs::remove_dir_all(&folder);
        let make = Tool::new(Path::new("/usr/bin/make")).dir(&repository("")).env("MAKEFLAGS", "");
        let [programs, into] = [("DIST", ours("svscan").parent().unwrap()), ("DESTDIR", &folder)]
            .map(|(name, path)| format!("{name}={}", path.display()));
        make.args(["install", "CARGO=no-cargo-here", &programs, &into]).run().exits(0).errors("");
        folder
    })
}

/// What a command of the page has led to.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) text: String,
    /// Its exit code; `None` where the shell itself has ended.
    pub(super) code: Option<i32>,
}

/// The machine. Nothing of it is left when it is dropped.
pub(super) struct Machine {
    shell: Child,
    output: Receiver<Vec<u8>>,
    unread: Vec<u8>,
    _tree: TestTree,
}

impl Machine {
    /// `None` where a test cannot have one, which is said.
    #[track_caller]
    pub(super) fn new() -> Option<Self> {
        if !needs_root() || !can_be_made() {
            return None;
        }
        let tree = TestTree::new();
        let place = tree.root().join("machine");
        std::fs::create_dir(&place).unwrap();
        let mut shell = Command::new("/usr/bin/setpriv")
            .args(["--pdeathsig", "KILL", "--", "unshare"])
            .args(NAMESPACES)
            .args(["sh", "-c", MAKE, "sh"])
            .args([&place, ours("svscan").parent().unwrap(), &repository(""), installed()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut from = shell.stdout.take().unwrap();
        let (to, output) = channel();
        std::thread::spawn(move || {
            let mut block = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut block) {
                let _ = to.send(block[..count].to_vec());
            }
        });
        let mut machine = Self { shell, output, unread: Vec::new(), _tree: tree };
        machine.must("the machine", SETTLE);
        Some(machine)
    }

    /// Commands that all must succeed.
    #[track_caller]
    pub(super) fn must(&mut self, what: &str, commands: &str) -> String {
        let said = self.play(&format!("{{\n:\n{commands}\n}} </dev/null\ncode=0"));
        assert!(said.code == Some(0), "{what}: this fails:\n{commands}\nIt says:\n{}", said.text);
        said.text
    }

    /// Waits until our svscans watch their directories, if some have just been started: who types is slower than that.
    #[track_caller]
    pub(super) fn rest(&mut self) {
        let wait = r#"
for pid in $(pgrep -x svscan); do
    while [ "$(readlink /proc/$pid/exe)" = /usr/local/bin/svscan ] && ! grep -qs '^inotify wd' /proc/$pid/fdinfo/*; do
        sleep 0.02
    done
done"#;
        self.must("svscan watches", wait);
    }

    /// A command that may fail.
    #[track_caller]
    pub(super) fn run(&mut self, command: &str) -> Said {
        self.play(&format!("{{\n{command}\n}} </dev/null && code=0 || code=$?"))
    }

    /// What is typed in leaves its exit code in a variable.
    #[track_caller]
    fn play(&mut self, typed: &str) -> Said {
        let mark = b"\x1e";
        let typed = format!("{typed}\nprintf '\\036%s\\036' \"$code\"\n");
        // It has ended where nobody reads: then its output has ended too.
        let _ = self.shell.stdin.as_mut().unwrap().write_all(typed.as_bytes());
        loop {
            let parts: Vec<&[u8]> = self.unread.split(|byte| mark.contains(byte)).collect();
            if let [text, code, rest] = &parts[..] {
                let code = String::from_utf8_lossy(code).parse().ok();
                let said = Said { text: String::from_utf8_lossy(text).into_owned(), code };
                self.unread = rest.to_vec();
                return said;
            }
            match self.output.recv_timeout(DEADLINE) {
                Ok(block) => self.unread.extend(block),
                Err(_) => {
                    let text = String::from_utf8_lossy(&self.unread).into_owned();
                    self.unread.clear();
                    return Said { text, code: None };
                }
            }
        }
    }

    /// A file with that in it, of whoever has the folder that it is in.
    #[track_caller]
    pub(super) fn write(&mut self, path: &str, content: &str) {
        let mode = if content.starts_with("#!") { "755" } else { "644" };
        self.must(
            path,
            &format!(
                "mkdir -p \"$(dirname {path})\"\ncat >{path} <<'end-of-file'\n{content}end-of-file\nchmod {mode} {path}\n\
                 chown --reference=\"$(dirname {path})\" {path}"
            ),
        );
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Whether there can be one here; says so where not.
fn can_be_made() -> bool {
    for (package, path) in
        [("iproute2", "/bin/ip"), ("make", "/usr/bin/make"), ("python3", "/usr/bin/python3")]
    {
        if !Path::new(path).exists() {
            skip(&format!("it needs Debian's package {package}"));
            return false;
        }
    }
    let can = Tool::new(Path::new("/usr/bin/unshare")).args(NAMESPACES).arg("/bin/true").run().end == Ok(0);
    if !can {
        skip("no namespaces can be made here (unshare of util-linux, and a kernel that lets us)");
    }
    can
}
