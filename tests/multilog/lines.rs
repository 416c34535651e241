//! Lines as they come: long ones, odd bytes, no newline at the end.

use super::place::{content, entry, same};
use crate::asked::Chance;

#[test]
fn a_last_line_without_newline_gets_one() {
    for input in ["", "\n", "a", "a\n", "a\n\n", "a\nb", "\n\n", "\nb"] {
        same(&["./main"], input);
        same(&["t", "./main"], input);
    }
    let Some((_, seen)) = same(&["./main"], "one\ntwo") else { return };
    assert_eq!(content(&seen, "main/current"), "one\ntwo\n");
}

#[test]
fn of_a_long_line_patterns_see_1000_bytes_and_the_log_gets_all() {
    for length in [998, 999, 1000, 1001, 1002, 1023, 1024, 1025, 2000, 4000, 70_000] {
        let start = "x".repeat(length);
        for end in ["", "y", "yz"] {
            let input = format!("{start}{end}\nshort\n");
            same(&["s16777215", "-*", "+*y", "./y", "-*", "+*z", "./z", "-*", "+*x", "./x"], &input);
            same(&["t", "s16777215", "-*", "+*y", "./y", "+*", "./all", "e", "=last"], &input);
            same(&["s16777215", "./all", "-x*", "./short"], input.trim_end());
        }
    }
    // With a time stamp, 26 of the 1000 are that.
    let line = "w".repeat(973) + "x";
    let Some((_, seen)) = same(&["t", "-*", "+*x", "./main"], format!("{line}\n{line}y\n")) else { return };
    assert_eq!(content(&seen, "main/current"), format!("@label {line}\n@label {line}y\n"));
}

#[test]
fn every_byte_is_logged_as_it_came() {
    let every: Vec<u8> = (0..=255).collect();
    let odd: [&[u8]; 7] = [
        &every,
        b"\0",
        b"\0\n\0\0\n",
        b"a\0b\nc\0",
        b"\xff\xfe\n\xc3\n\xe2\x82\n\xf0\x9f\x92\n",
        b"\x1b[2J\x1b]0;title\x07\r\n",
        b"\r\n\r\n\t \x7f\n",
    ];
    for input in odd {
        same(&["./main", "-*\x1b*", "-*\u{e9}*", "e", "=last", "./other"], input);
        same(&["t", "./main"], input);
    }
    let Some((_, seen)) = same(&["./main"], [&every[..], b"\n"].concat()) else { return };
    assert_eq!(entry(&seen, "main/current").content, [&every[..], b"\n"].concat());
}

#[test]
fn patterns_meet_odd_bytes() {
    let mut chance = Chance::new(2);
    let bytes = *b"a\0\xff*\xc3 \x80";
    for _ in 0..60 {
        let mut input = Vec::new();
        for _ in 0..60 {
            input.extend((0..chance.below(6)).map(|_| *chance.pick(&bytes)));
            input.push(b'\n');
        }
        same(
            &["-a*", "./a", "+*a*", "./b", "-* *", "./c", "+***", "-*a", "./d", "-**", "+* ", "./e"],
            &input,
        );
    }
}
