//! envini: the variables of an INI file. There is none in 0.76; what daemontools-encore documents is the measure.

use crate::asked::Chance;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use testkit::{Ran, TestTree, Tool, account, needs_root, ours};

const USAGE: &str = "envini: usage: envini [ -p prefix ] inifile child\n";

/// What it finds in its environment, in this order.
const INHERITED: [&str; 4] = ["A=old", "PATH=/usr/bin:/bin", "B=old", "s_A=old"];

struct Case(TestTree);

impl Case {
    fn new(text: impl AsRef<[u8]>) -> Self {
        let this = Self(TestTree::new());
        fs::write(this.file(), text).unwrap();
        this
    }

    fn file(&self) -> PathBuf {
        self.0.root().join("ini")
    }

    fn tool(&self, args: &[&str]) -> Tool {
        let env = Tool::new(Path::new("/usr/bin/env")).dir(self.0.root()).arg("-i").args(INHERITED);
        env.arg(ours("envini")).args(args)
    }

    /// What `env -0` prints with these options.
    #[track_caller]
    fn entries(&self, options: &[&str]) -> Vec<String> {
        let ran: Ran = self.tool(&[options, &["ini", "env", "-0"]].concat()).run();
        let text = String::from_utf8(ran.exits(0).errors("").stdout.clone()).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    #[track_caller]
    fn complains(&self, complaint: &str) {
        self.tool(&["ini", "echo", "ran"])
            .run()
            .exits(111)
            .prints("")
            .errors(format!("envini: {complaint}\n"));
    }
}

#[test]
fn a_wrong_call_exits_111() {
    let case = Case::new("A=new");
    for (args, complaint) in [
        (&[][..], ""),
        (&["ini"], ""),
        (&["--", "ini"], ""),
        (&["-p", "P_", "ini"], ""),
        (&["-p"], "envini: option requires an argument -- p\n"),
        (&["-x", "ini", "echo"], "envini: illegal option -- x\n"),
        (&["-pP_", "-:", "ini", "echo"], "envini: illegal option -- :\n"),
    ] {
        case.tool(args).run().exits(111).prints("").errors(format!("{complaint}{USAGE}"));
    }
}

#[test]
fn sections_and_prefixes_come_before_names_and_new_ones_to_the_end() {
    let text = "A = new\n; B = no\n\n[s]\r\n  A = in s \r\nC = a b = c\n[ t t]\nD=\nno assignment\n";
    let case = Case::new(text);
    assert_eq!(
        case.entries(&[]),
        ["A=new", "PATH=/usr/bin:/bin", "B=old", "s_A=in s", "s_C=a b = c", " t t_D="],
        "the last one takes the place of the old one, twice"
    );
    let prefixed = ["P_A=new", "P_s_A=in s", "P_s_C=a b = c", "P_ t t_D="];
    for options in [&["-p", "P_"][..], &["-pP_"], &["-pX", "-p", "P_"], &["-p", "P_", "--"]] {
        assert_eq!(case.entries(options), [&INHERITED[..], &prefixed].concat(), "{options:?}");
    }
    assert_eq!(case.entries(&["-p", ""]), case.entries(&[]));
}

#[test]
fn a_name_that_comes_again_has_its_last_value() {
    let case = Case::new("[s]\nX=1\nA=1\n[s]\nX=2\n");
    assert_eq!(case.entries(&[]), ["A=old", "PATH=/usr/bin:/bin", "B=old", "s_A=1", "s_X=2"]);
}

#[test]
fn names_that_are_none() {
    let case = Case::new("=x\n = y\ntwo words=z\n[a=b]\nc=d\n[]\nE=f");
    let expected = ["A=old", "PATH=/usr/bin:/bin", "B=old", "s_A=old", "a=b_c=d", "_E=f"];
    assert_eq!(case.entries(&[]), expected, "what stands before the first = is the name");
}

#[test]
fn files_that_set_nothing() {
    for text in ["", "\n\n", "; A=new", "[s]", "[A=new]", "A", "A new", "[s"] {
        assert_eq!(Case::new(text).entries(&[]), INHERITED, "{text:?}");
    }
    let case = Case::new("");
    fs::remove_file(case.file()).unwrap();
    symlink("/dev/null", case.file()).unwrap();
    assert_eq!(case.entries(&[]), INHERITED);
}

#[test]
fn bytes_that_are_no_text_arrive() {
    let case = Case::new(b"\xff=\xfe \x80\n\x1b=\x7f");
    let ran = case.tool(&["ini", "env", "-0"]).run();
    let expected = [INHERITED.join("\0").as_bytes(), b"\0\xff=\xfe \x80\0\x1b=\x7f\0"].concat();
    ran.exits(0).errors("").prints(expected);
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let case = Case::new("");
    fs::remove_file(case.file()).unwrap();
    case.complains("fatal: unable to read ini: file does not exist");
    symlink("nowhere", case.file()).unwrap();
    case.complains("fatal: unable to read ini: file does not exist");
    case.tool(&["", "true"]).run().exits(111).errors("envini: fatal: unable to read : file does not exist\n");
    let ran = case.tool(&["no\x1b[2J", "true"]).run();
    ran.exits(111).errors("envini: fatal: unable to read no\\x1b[2J: file does not exist\n");
}

#[test]
fn a_nul_byte_is_an_error_with_its_line() {
    for (text, line) in
        [(&b"\0"[..], 1), (b"A=new\n\nB=x\0y\n", 3), (b"A=new\n;\0", 2), (b"\xff\xfeA\0=\0", 1)]
    {
        Case::new(text).complains(&format!("fatal: unable to read ini: line {line} has a NUL byte in it"));
    }
}

#[test]
fn what_is_no_file_is_neither_waited_for_nor_read_for_ever() {
    let case = Case::new("");
    let become_link = |target: &str| {
        fs::remove_file(case.file()).unwrap();
        symlink(target, case.file()).unwrap();
    };
    become_link(".");
    case.complains("fatal: unable to read ini: is a directory");
    become_link("/dev/zero");
    case.complains("fatal: unable to read ini: the file is too long");
    fs::remove_file(case.file()).unwrap();
    mkfifo(&case.file(), Mode::S_IRWXU).unwrap();
    assert_eq!(case.entries(&[]), INHERITED, "nobody writes");
    let _held = OpenOptions::new().read(true).write(true).open(case.file()).unwrap();
    case.complains("fatal: unable to read ini: temporary failure");
}

#[test]
fn a_file_that_an_account_may_not_read() {
    if !needs_root() {
        return;
    }
    let case = Case::new("A=new");
    fs::set_permissions(case.file(), fs::Permissions::from_mode(0o600)).unwrap();
    let ran = case.tool(&["ini", "true"]).account(&account("upkeep-a")).run();
    ran.exits(111).errors("envini: fatal: unable to read ini: access denied\n");
}

#[test]
fn the_child_and_its_end() {
    let case = Case::new("PATH=/nowhere\nA=new");
    case.tool(&["ini", "sh", "-c", "echo $A; exit 77"]).run().exits(77).prints("new\n").errors("");
    for (child, reason) in [
        ("nosuchprogram", "file does not exist"),
        ("/", "access denied"),
        ("./ini", "access denied"),
        ("", "access denied"),
    ] {
        let complaint = format!("envini: fatal: unable to run {child}: {reason}\n");
        case.tool(&["ini", child]).run().exits(111).prints("").errors(complaint);
    }
    let case = Case::new(format!("A={}", "x".repeat(1 << 20)));
    case.complains("fatal: unable to run echo: argument list too long");
}

/// What is written in a random way is read as it was meant.
#[test]
fn random_files_say_what_was_put_into_them() {
    const BLANKS: [&str; 6] = ["", "", " ", "\t", " \t ", "\r"];
    const NAMES: [&str; 8] = ["A", "B", "X", "#x", "[y", "z]", ";", "é-1.2"];
    const VALUES: [&str; 8] = ["", "x", "a b", "=", "a = b", "; no comment", "[s]", "\"quoted\" \\n"];
    const NOISE: [&str; 7] = ["", ";", "; A=no", "no assignment", "=no", "two words = no", "[open"];
    let mut chance = Chance::new(23);
    for _ in 0..150 {
        let (mut text, mut section) = (String::new(), String::new());
        let mut expected: Vec<String> = INHERITED.map(str::to_owned).into();
        for _ in 0..chance.below(12) {
            let mut blank = || *chance.pick(&BLANKS);
            let [before, left, right, behind] = [blank(), blank(), blank(), blank()];
            let line = match chance.below(4) {
                0 => {
                    let name = *chance.pick(&["", "s", "s s", "[]"]);
                    section = format!("{name}_");
                    format!("[{name}]")
                }
                1 => (*chance.pick(&NOISE)).to_owned(),
                _ => {
                    let (name, value) = (*chance.pick(&NAMES), *chance.pick(&VALUES));
                    let is_other = name.starts_with(';') || (name.starts_with('[') && value.ends_with(']'));
                    if is_other {
                        String::new()
                    } else {
                        set(&mut expected, &format!("{section}{name}"), value);
                        format!("{name}{left}={right}{value}")
                    }
                }
            };
            text += &format!("{before}{line}{behind}\n");
        }
        if chance.below(2) == 0 {
            text.pop();
        }
        assert_eq!(Case::new(&text).entries(&[]), expected, "{text:?}");
    }
}

/// As daemontools sets a variable: the last one takes the place of the old one, and the new one goes to the end.
fn set(entries: &mut Vec<String>, name: &str, value: &str) {
    let old = entries.iter().position(|entry| entry.starts_with(&format!("{name}=")));
    old.map(|old| entries.swap_remove(old));
    entries.push(format!("{name}={value}"));
}
