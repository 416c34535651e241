//! What import does with a supervisord.conf, whether there is a Supervisor or not: what it makes, leaves alone, tells.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use testkit::{Ran, TestTree, ours};

/// A configuration alone, without anything that it names.
struct Written {
    tree: TestTree,
    file: PathBuf,
}

impl Written {
    fn new(text: &str) -> Self {
        let tree = TestTree::new();
        let file = tree.root().join("supervisord.conf");
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        Self { tree, file }
    }

    fn import<const N: usize>(&self, arguments: [&str; N]) -> Ran {
        let tool = self.tree.tool(&ours("svctl")).env("SVDIR", self.tree.services());
        tool.args(["import", self.file.to_str().unwrap()]).args(arguments).run()
    }

    fn content(&self, path: &str) -> String {
        fs::read_to_string(self.tree.services().join(path)).unwrap()
    }

    fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.tree.services().join(path)).unwrap().permissions().mode() & 0o777
    }

    /// All that is in the service directory.
    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.tree.services()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[track_caller]
fn says(ran: &Ran, parts: &[&str]) {
    let said = String::from_utf8_lossy(&ran.stdout);
    for part in parts {
        assert!(said.contains(part), "no {part:?} in:\n{said}");
    }
}

/// Two programs, one of them with instances.
const TWO: &str = "\
[supervisord]
[program:one]
command=sleep 1000
autostart=false
autorestart=true
priority=5
[program:two]
command=sleep 10%(process_num)02d
process_name=%(program_name)s_%(process_num)d
numprocs=2
autostart=false
autorestart=true
";

#[test]
fn a_dry_run_shows_all_and_makes_nothing() {
    let written = Written::new(TWO);
    let ran = written.import(["--dry-run"]);
    ran.exits(0);
    let parts = [
        "one/\n",
        "| exec sleep 1000\n",
        "two@/\n",
        "| exec sleep \"$1\"\n",
        "two@1001/\n",
        "timeout-kill: 10s\n",
    ];
    says(&ran, &parts);
    says(&ran, &["would be made: two@ two@1000 two@1001\n", "has no equal: priority", "Nothing was made."]);
    assert_eq!(written.names(), [""; 0]);
}

#[test]
fn what_is_there_is_left_alone() {
    let written = Written::new(TWO);
    fs::create_dir(written.tree.services().join("two@")).unwrap();
    let ran = written.import([]);
    ran.exits(1);
    says(&ran, &["made: one\n", "is there already, and is left alone: two@\n", "two@1000 two@1001"]);
    assert_eq!(written.names(), ["one", "two@"]);
    assert_eq!(fs::read_dir(written.tree.services().join("two@")).unwrap().count(), 0);
    fs::write(written.tree.services().join("one/run"), "mine").unwrap();
    fs::remove_dir(written.tree.services().join("two@")).unwrap();
    let ran = written.import([]);
    ran.exits(1);
    says(&ran, &["is there already, and is left alone: one\n", "made: two@ two@1000 two@1001\n"]);
    assert_eq!(written.content("one/run"), "mine");
    assert_eq!(written.names(), ["one", "two@", "two@1000", "two@1001"]);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let written = Written::new("[program:web]\ncommand=web\nhello\n");
    let ran = written.import([]);
    assert_eq!(ran.end, Ok(111));
    let said = String::from_utf8_lossy(&ran.stderr);
    let file = written.file.display();
    assert!(said.contains(&format!("unable to import {file}: {file}, line 3: ")), "{said}");
    assert_eq!(written.names(), [""; 0]);

    let written = Written::new(&format!(
        "{TWO}[program:three]\ncommand=web\nautorestart=maybe\n[program:four]\ncommand=%(ENV_NOSUCH)s\n"
    ));
    let ran = written.import([]);
    ran.exits(1);
    says(
        &ran,
        &[
            "three\n  not made\n",
            "line 15: autorestart=maybe: it is neither",
            "NOSUCH, which is not set here",
            "2 left out",
        ],
    );
    assert_eq!(written.names(), ["one", "two@", "two@1000", "two@1001"], "the others are made");
}

#[test]
fn secrets_stay_secret() {
    let text = format!("{TWO}environment=PLAIN=\"a b\",DB_PASSWORD=\"x\",N=%(process_num)d\n");
    let written = Written::new(&text);
    written.import([]).exits(0);
    assert_eq!(written.content("two@/env/PLAIN"), "a b\n");
    assert_eq!(written.content("two@1001/env/N"), "1\n");
    assert_eq!((written.mode("two@/env/PLAIN"), written.mode("two@/env/DB_PASSWORD")), (0o644, 0o600));
    let written = Written::new(&text);
    fs::set_permissions(&written.file, Permissions::from_mode(0o640)).unwrap();
    written.import([]).exits(0);
    assert_eq!(written.mode("two@/env/PLAIN"), 0o600, "not everybody could read it there");
}
