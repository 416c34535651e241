//! Calls with a lock that nobody holds or that cannot be had: what is said, what is made, and what the child inherits.

use crate::passing::ALONE;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use testkit::{Ran, Tool, is_root, ours, same_as_theirs, theirs};

const USAGE: &str = "setlock: usage: setlock [ -nNxX ] file program [ arg ... ]\n";

/// Everything in a folder: names, modes, and the content of files that we may read.
type Files = Vec<(String, u32, Option<Vec<u8>>)>;

/// A call in a folder of its own, with what `prepare` makes there, and what is there after it.
pub(super) fn in_new_folder(
    setlock: &Path,
    prepare: impl Fn(&Path),
    build: impl Fn(Tool) -> Tool,
) -> (Ran, Files) {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let ran = build(Tool::new(setlock).dir(folder.path())).run();
    let mut files: Files = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.path().symlink_metadata().unwrap().permissions().mode();
            let is_file = entry.file_type().unwrap().is_file();
            let content = is_file.then(|| fs::read(entry.path()).ok()).flatten();
            (entry.file_name().into_string().unwrap(), mode, content)
        })
        .collect();
    files.sort();
    (ran, files)
}

#[test]
fn wrong_calls() {
    let calls: [&[&str]; 15] = [
        &[],
        &["l"],
        &["-"],
        &["--"],
        &["--", "l"],
        &["-n"],
        &["-x", "l"],
        &["-nNxX", "l"],
        &["-z", "l", "true"],
        &["-nz", "l", "true"],
        &["-n-", "l", "true"],
        &["-:", "l", "true"],
        &["-xz"],
        &["--help", "l", "true"],
        &["-", "true"],
    ];
    for args in calls {
        same_as_theirs("setlock", |setlock| in_new_folder(setlock, |_| (), |tool| tool.args(args)));
    }
    Tool::new(&ours("setlock")).arg("l").run().exits(100).prints("").errors(USAGE);
    let ran = Tool::new(&ours("setlock")).arg("-z").run();
    ran.exits(100).prints("").errors(format!("setlock: illegal option -- z\n{USAGE}"));
}

/// Every kind of thing that a name can stand for.
fn kinds(folder: &Path) {
    fs::write(folder.join("plain"), "kept").unwrap();
    fs::set_permissions(folder.join("plain"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(folder.join("mine"), "").unwrap();
    fs::set_permissions(folder.join("mine"), fs::Permissions::from_mode(0o000)).unwrap();
    fs::create_dir(folder.join("folder")).unwrap();
    nix::unistd::mkfifo(&folder.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for (link, to) in [("link", "plain"), ("dangling", "made"), ("loop", "loop"), ("null", "/dev/null")] {
        symlink(to, folder.join(link)).unwrap();
    }
}

#[test]
fn whatever_the_name_stands_for() {
    let [long, longest] = [256, 131_000].map(|length| "x".repeat(length));
    let files = [
        "new",
        "plain",
        "mine",
        "folder",
        "folder/",
        "fifo",
        "link",
        "dangling",
        "loop",
        "null",
        "/dev/full",
        "plain/x",
        "no/such",
        "",
        ".",
        "./new",
        "-x",
        &long,
        &longest,
        "a\u{e9}",
    ];
    for file in files {
        for flags in ["-N", "-n", "-x", "-nx"] {
            for child in ["true", "nosuchprogram"] {
                same_as_theirs("setlock", |setlock| {
                    in_new_folder(setlock, kinds, |tool| tool.args([flags, "--", file, child]))
                });
            }
        }
    }
    let ran = in_new_folder(&ours("setlock"), kinds, |tool| tool.args(["folder", "true"])).0;
    ran.exits(111).prints("").errors("setlock: fatal: unable to open folder: is a directory\n");
    let (ran, files) = in_new_folder(&ours("setlock"), |_| (), |tool| tool.args(["-x", "no/such", "true"]));
    ran.exits(0).prints("").errors("");
    assert!(files.is_empty());
    let ran = Tool::new(&ours("setlock")).args(["-x", "/dev/null", "/no/such"]).run();
    ran.exits(111).errors("setlock: fatal: unable to run /no/such: file does not exist\n");
}

#[test]
fn what_is_made_is_for_its_owner_alone() {
    for umask in ["000", "022", "077", "277", "777"] {
        same_as_theirs("setlock", |setlock| {
            let folder = tempfile::tempdir().unwrap();
            let script = format!("umask {umask}; exec \"$0\" l stat -c %a l");
            let ran =
                Tool::new(Path::new("/bin/sh")).dir(folder.path()).args(["-c", &script]).arg(setlock).run();
            if umask == "022" {
                ran.exits(0).errors("").prints("600\n");
            }
            ran
        });
    }
}

#[test]
fn a_folder_or_a_file_that_is_somebody_elses() {
    if !is_root() {
        return testkit::skip("it needs root");
    }
    for file in ["l", "plain", "mine", "folder/l"] {
        same_as_theirs("setlock", |setlock| {
            let folder = tempfile::tempdir().unwrap();
            kinds(folder.path());
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
            let tool = Tool::new(Path::new("/usr/bin/setpriv")).dir(folder.path());
            tool.args(["--reuid=61999", "--regid=61999", "--clear-groups"])
                .arg(setlock)
                .args([file, "true"])
                .run()
        });
    }
}

#[test]
fn the_child_has_the_file_open_as_the_lowest_free_number() {
    const LIST: &str = "cd /proc/self/fd && for fd in *; do echo $fd $(readlink $fd | sed 's/.*[/]//; s/:.*//'); done; \
        sed -n 's/^flags://p' ../fdinfo/3";
    for (open, number) in
        [(":", 3), ("exec 3</dev/null", 4), ("exec 7</dev/null 4</", 3), ("exec 3</ 5</", 4)]
    {
        let script = format!("{ALONE}{open}; exec \"$@\"");
        let ran = same_as_theirs("setlock", |setlock| {
            let folder = tempfile::tempdir().unwrap();
            let bash = Tool::new(Path::new("/bin/bash")).dir(folder.path()).args(["-c", &script, "bash"]);
            bash.arg(setlock).args(["locked", "/bin/sh", "-c", LIST]).run()
        });
        if let Some(ran) = ran {
            let lines = String::from_utf8(ran.exits(0).errors("").stdout.clone()).unwrap();
            assert!(lines.contains(&format!("{number} locked\n")), "{lines}");
        }
    }
}

/// Where 0, 1 or 2 is closed, the lock of daemontools becomes it, and what the child prints goes into the file.
#[test]
fn a_lock_is_never_a_standard_descriptor() {
    let written = |setlock: &Path, closed: &str| {
        let folder = tempfile::tempdir().unwrap();
        let script =
            format!("exec \"$0\" locked sh -c 'echo printed; echo said >&2; ls /proc/$$/fd' {closed}");
        let tool = Tool::new(Path::new("/bin/sh")).dir(folder.path()).args(["-c", &script]).arg(setlock);
        drop(tool.run());
        fs::read_to_string(folder.path().join("locked")).unwrap()
    };
    for closed in ["0<&-", "1>&-", "2>&-", "0<&- 1>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"] {
        assert_eq!(written(&ours("setlock"), closed), "", "{closed}");
    }
    if let Some(theirs) = theirs("setlock") {
        assert!(written(&theirs, "1>&-").starts_with("printed\n"));
        assert!(written(&theirs, "2>&-").starts_with("said\n"));
    }
}
