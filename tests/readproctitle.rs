//! readproctitle beside Debian's: what others read in its command line.

use crate::fed::{BROKEN, Fed};
use std::fs;
use std::path::Path;
use testkit::{Tool, same_as_theirs, wait_until};

/// The bytes of a command line, as ps finds them.
fn command_line(pid: u32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

/// What must be seen after all these bytes: dots, three of which stay, and the last bytes that are no NULs.
fn window(length: usize, fed: &[u8]) -> Vec<u8> {
    let mut seen = vec![b'.'; length];
    for byte in fed.iter().filter(|byte| **byte != 0) {
        seen.remove(3);
        seen.push(*byte);
    }
    seen
}

/// What is seen after each of these pieces, and how it ends.
fn shown(program: &Path, args: &[&str], pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Result<i32, i32>) {
    let mut fed = Fed::start(program, args);
    let before: Vec<u8> = [program.to_str().unwrap()]
        .iter()
        .chain(&args[..args.len() - 1])
        .flat_map(|arg| [arg.as_bytes(), b"\0"].concat())
        .collect();
    let length = args.last().unwrap().len();
    let mut all = Vec::new();
    let mut seen = Vec::new();
    for piece in std::iter::once(&&b""[..]).chain(pieces) {
        fed.write(piece);
        all.extend(*piece);
        let expected = [&before[..], &window(length, &all), b"\0"].concat();
        let what = format!("its command line is {:?}", String::from_utf8_lossy(&expected));
        wait_until(&what, &[], || (command_line(fed.pid()) == expected).then_some(()));
        seen.push(window(length, &all));
    }
    let (output, end) = fed.end();
    assert!(output.is_empty());
    (seen, end)
}

#[test]
fn what_comes_moves_in_from_the_right() {
    let dots = ".".repeat(400);
    let cases: [&[&str]; 5] = [
        &["service", "errors:", &dots],
        &["....."],
        &["xxxxxx"],
        &["", "123456789"],
        &["a b", "\u{e9}\u{e9}\u{e9}"],
    ];
    for args in cases {
        let long = b"supervise: fatal: unable to start web/run: file does not exist\n".repeat(200);
        let pieces: [&[u8]; 7] = [b"a", b"bc", b"\n", b"\0\0", b"d\0e\xff", &long, b"end"];
        same_as_theirs("readproctitle", |program| {
            let (seen, end) = shown(program, args, &pieces);
            assert_eq!(end, Ok(0));
            seen
        });
    }
}

#[test]
fn generated_bytes() {
    let mut state = 5_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % below).unwrap()
    };
    for _ in 0..12 {
        let last = "x".repeat(5 + next(60));
        let pieces: Vec<Vec<u8>> = (0..next(4))
            // The last byte tells that the piece has been read whole.
            .map(|count| {
                (0..next(90))
                    .map(|_| u8::try_from(next(4) * next(86)).unwrap())
                    .chain([b'0' + count as u8])
                    .collect()
            })
            .collect();
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        same_as_theirs("readproctitle", |program| shown(program, &["errors:", &last], &pieces));
    }
}

#[test]
fn it_needs_five_bytes_to_show_something_in() {
    for args in
        [&[][..], &[""], &["...."], &["service", "errors:", "abcd"], &["a longer one", ""], &["....."]]
    {
        same_as_theirs("readproctitle", |program| Tool::new(program).args(args).input("x").run());
    }
}

#[test]
fn a_broken_input_ends_it_without_a_word() {
    for script in BROKEN {
        let script = script.replace("\"$0\"", "\"$0\" .....");
        same_as_theirs("readproctitle", |program| {
            (Tool::new(Path::new("sh")).args(["-c", &script]).arg(program).run(), script.clone())
        });
    }
}
