//! What a file can be, and what it makes of its variable.

use super::{Case, entries};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use testkit::Ran;

#[track_caller]
fn complains(ran: Option<Ran>, complaint: &str) {
    if let Some(ran) = ran {
        ran.exits(111).prints("").errors(format!("envdir: fatal: {complaint}\n"));
    }
}

#[test]
fn values() {
    let case = Case::new();
    let values: [&[u8]; 26] = [
        b"",
        b"\n",
        b"\0",
        b" ",
        b"\t",
        b"x",
        b"x\n",
        b"x\r\n",
        b"x\ny\n",
        b"x \t \t",
        b"x \t\n y",
        b" x",
        b"\tx\t",
        b" \n x",
        b"\n\nx",
        b"x\0y",
        b"x\0",
        b"\0x",
        b"x \0",
        b"x\0 ",
        b"x\0\ny",
        b"x=y",
        b"=",
        b"\xff\xfe",
        b"\x01\x7f",
        "ü€".as_bytes(),
    ];
    for value in values {
        case.file("A", value).file("NEW", value);
        case.same();
    }
    // As long as buffers are, and longer.
    for length in [255, 256, 257, 2047, 4096, 65_536, 100_000] {
        for end in ["", " ", "\n", "\nsecond", " \n", "\0"] {
            case.file("A", format!("{}{end}", "x".repeat(length)));
            case.same();
        }
    }
}

#[test]
fn names() {
    let names: [&[u8]; 20] = [
        b".A",
        b"..A",
        b"...",
        b".=A",
        b"A=B",
        b"A=",
        b"=",
        b"=A",
        b"=A=B",
        b"A.B",
        b"A B",
        b" ",
        b"-p",
        b"a\nb",
        b"\xff",
        b"\x1b[2J",
        b"1",
        b"_",
        b"PATH",
        &[b'n'; 255],
    ];
    let all = Case::new();
    for name in names {
        for content in ["", "x"] {
            let case = Case::new();
            case.file(name, content);
            case.same();
        }
        all.file(name, "all");
    }
    all.same();
}

#[test]
fn the_order_is_theirs() {
    let case = Case::new();
    for removed in ["", "Z", "A", "B", "EMPTY", "C", "PATH"] {
        for set in ["A", "B", "C", "Z", "NEW"] {
            let case = Case::new();
            case.file(set, "new").file("OTHER", "other");
            if !removed.is_empty() {
                case.file(removed, "");
            }
            case.same();
        }
        case.file(format!("N{removed}"), removed);
    }
    case.same();
}

#[test]
fn what_is_no_file() {
    let case = Case::new();
    fs::create_dir(case.path("d/SUB")).unwrap();
    complains(case.same(), "unable to read d/SUB: is a directory");
    fs::rename(case.path("d/SUB"), case.path("d/.SUB")).unwrap();
    case.same();

    let socket = UnixListener::bind(case.path("d/S")).unwrap();
    complains(case.same(), "unable to read d/S: device not configured");
    drop(socket);
    fs::remove_file(case.path("d/S")).unwrap();

    symlink("/dev/null", case.path("d/A")).unwrap();
    let ran = case.same();
    assert!(ran.is_none_or(|ran| !entries(&ran).contains(&b"A=old".to_vec())), "removed");
    fs::remove_file(case.path("d/A")).unwrap();

    for (target, reason) in [
        (".", "is a directory"),
        ("A", "symbolic link loop"),
        ("/etc/passwd/x", "not a directory"),
        ("/proc/self/mem", "input/output error"),
    ] {
        symlink(target, case.path("d/A")).unwrap();
        complains(case.same(), &format!("unable to read d/A: {reason}"));
        fs::remove_file(case.path("d/A")).unwrap();
    }
}

#[test]
fn links_that_lead_somewhere() {
    let case = Case::new();
    fs::write(case.path("value"), "by a link\n").unwrap();
    symlink("../value", case.path("d/A")).unwrap();
    symlink("A", case.path("d/B")).unwrap();
    fs::hard_link(case.path("value"), case.path("d/C")).unwrap();
    symlink(case.path("d/.hidden"), case.path("d/EMPTY")).unwrap();
    case.file(".hidden", "");
    let Some(ran) = case.same() else { return };
    let entries = entries(&ran);
    for entry in ["A=by a link", "B=by a link", "C=by a link"] {
        assert!(entries.contains(&entry.as_bytes().to_vec()), "{ran:?}");
    }
}

#[test]
fn a_fifo_is_not_waited_for() {
    let case = Case::new();
    case.file("B", "new");
    let fifo = case.path("d/A");
    mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    let Some(ran) = case.same() else { return };
    assert!(!entries(&ran).contains(&b"A=old".to_vec()), "removed: {ran:?}");
    // Somebody could write at any time.
    let _held: File = OpenOptions::new().read(true).write(true).open(&fifo).unwrap();
    complains(case.same(), "unable to read d/A: temporary failure");
    // What has been written is lost to the first of the two.
    testkit::same_as_theirs("envdir", |program| {
        fs::write(&fifo, "written\n").unwrap();
        case.tool(program, &["d", "env", "-0"]).run()
    });
}

#[test]
fn ten_thousand_files() {
    let case = Case::new();
    for number in 0..10_000 {
        case.file(format!("V{number}"), format!("{number}\n"));
    }
    let Some(ran) = case.same() else { return };
    assert_eq!(entries(&ran.exits(0).clone()).len(), 10_006);
}

#[test]
fn more_than_the_kernel_takes() {
    let case = Case::new();
    case.file("A", vec![b'x'; 1 << 20]);
    complains(case.same(), "unable to run env: argument list too long");
    case.same_call(&[], &["d", "nosuchprogram"]);
    case.same_call(&[], &["d", "/no/such/program"]);
    // The very last byte that fits.
    for length in 131_060..131_080 {
        case.file("A", vec![b'x'; length]);
        case.same();
    }
    // None of them too long, but all of them together.
    for number in 0..70 {
        case.file(format!("V{number}"), vec![b'x'; 100_000]);
    }
    fs::remove_file(case.path("d/A")).unwrap();
    complains(case.same(), "unable to run env: argument list too long");
}
