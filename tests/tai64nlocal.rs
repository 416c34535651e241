//! tai64nlocal beside Debian's: every label that can be one, in every time zone that is there.

use crate::asked::Chance;
use crate::fed::{BROKEN, Fed};
use std::fs;
use std::path::{Path, PathBuf};
use testkit::{Ran, Tool, ours, same_as_theirs, skip, theirs};

/// Where the time zones are.
const ZONES: &str = "/usr/share/zoneinfo";

/// The beginning of the line of that time.
fn label(seconds: i64, nanoseconds: u32) -> String {
    let seconds = seconds.wrapping_add(4_611_686_018_427_387_914);
    format!("@{:016x}{nanoseconds:08x}", u64::from_ne_bytes(seconds.to_ne_bytes()))
}

fn converted(program: &Path, zone: Option<&str>, input: &[u8]) -> Ran {
    let mut tool = Tool::new(program).input(input);
    match zone {
        Some(zone) => tool.command().env("TZ", zone),
        None => tool.command().env_remove("TZ"),
    };
    tool.run()
}

#[track_caller]
fn the_same(zone: Option<&str>, input: &[u8]) {
    let ran =
        same_as_theirs("tai64nlocal", |program| (converted(program, zone, input), zone.map(str::to_owned)));
    assert!(ran.is_none_or(|(ran, _)| ran.end == Ok(0)), "a case at which theirs crashes compares nothing");
}

/// A time that a C library can tell: of every distance from 1970.
fn time(chance: &mut Chance) -> i64 {
    let bits = 1 + chance.below(55);
    let mut half = || i64::try_from(chance.below(1 << 31)).unwrap();
    let distance = (half() << 31 | half()) & ((1 << bits) - 1);
    if chance.below(2) == 0 { distance } else { -distance }
}

/// Lines with labels of times near those and of others.
fn lines(chance: &mut Chance, times: &[i64]) -> Vec<u8> {
    let mut lines = String::new();
    let near = times.iter().flat_map(|time| (-2..=1).map(move |more| time.saturating_add(more)));
    // Each year of the common ones once, and some of all others.
    let years = (1890..2110).map(|year| (year - 1970) * 31_556_952 + year % 12 * 2_629_746);
    let others: Vec<i64> = (0..60).map(|_| time(chance)).collect();
    for time in near.chain(years).chain(others) {
        let nanoseconds = u32::try_from(chance.below(1 << 31) << chance.below(2)).unwrap();
        lines += &label(time, nanoseconds);
        lines += *chance.pick(&[" line\n", "\n", "A\n", "@\n", "\0x\n", "g\n"]);
    }
    lines.into_bytes()
}

/// Each file of the database, as far as the test's own reading goes.
fn zones() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from(ZONES)];
    let mut zones = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read(&path).is_ok_and(|bytes| bytes.starts_with(b"TZif")) {
                zones.push(path);
            }
        }
    }
    // Many are there under several names.
    zones.sort_by_cached_key(|zone| fs::read(zone).ok());
    zones.dedup_by_key(|zone| fs::read(zone).ok());
    zones
}

/// When the offset changes, and when leap seconds are, in a file of the database (its second block).
fn changes(zone: &Path) -> Vec<i64> {
    let bytes = fs::read(zone).expect("a zone");
    let count =
        |at: usize| usize::try_from(u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())).unwrap();
    let counts = |from: usize| [0, 1, 2, 3, 4, 5].map(|place| count(from + 20 + 4 * place));
    let [utc, standard, leaps, times, types, letters] = counts(0);
    let second = 44 + utc + standard + leaps * 8 + times * 5 + types * 6 + letters;
    let [_, _, leaps, times, types, letters] = counts(second);
    let time = |at: usize| i64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
    let first_leap = second + 44 + times * 9 + types * 6 + letters;
    let of_times = (0..times).map(|place| time(second + 44 + 8 * place));
    of_times.chain((0..leaps).map(|place| time(first_leap + 12 * place))).collect()
}

#[test]
fn every_zone_of_the_database_around_all_its_changes() {
    let zones = zones();
    if zones.is_empty() {
        return skip("it needs the time zones of Debian's package tzdata");
    }
    let mut chance = Chance::new(1);
    for zone in zones {
        let input = lines(&mut chance, &changes(&zone));
        let name = zone.strip_prefix(ZONES).unwrap().to_str().unwrap();
        let form = [name.to_owned(), format!(":{name}"), format!("{ZONES}/{name}")];
        the_same(Some(&form[chance.below(3)]), &input);
    }
}

#[test]
fn generated_rules() {
    let mut chance = Chance::new(7);
    for _ in 0..300 {
        let mut rule = String::new();
        let names = ["CET", "EST", "Abcdef", "<+03>", "<-0330>", "<A1>", "XXX", "ab", "<ab"];
        let number = |chance: &mut Chance, limit| chance.below(limit).to_string();
        let clock = |chance: &mut Chance| {
            let [hours, minutes, seconds] = [30, 70, 70].map(|limit| number(chance, limit));
            match chance.below(6) {
                0 => format!("{hours}:{minutes}:{seconds}"),
                1 | 2 => format!("{hours}:{minutes}"),
                3 => format!("{hours}:"),
                _ => hours,
            }
        };
        rule += *chance.pick(&names);
        rule += *chance.pick(&["", "-", "-", "+"]);
        rule += &clock(&mut chance);
        if chance.below(6) > 0 {
            rule += *chance.pick(&names);
            if chance.below(2) == 0 {
                rule += *chance.pick(&["", "-", "+"]);
                rule += &clock(&mut chance);
            }
            for _ in 0..2 {
                rule += *chance.pick(&[",", ",", ",", ",", ",", ""]);
                rule += &match chance.below(8) {
                    0 => format!("J{}", chance.below(370)),
                    1 => number(&mut chance, 370),
                    _ => {
                        let [month, week, day] = [12, 5, 7].map(|limit| chance.below(limit));
                        format!("M{}.{}.{day}", month + 1, week + 1)
                    }
                };
                if chance.below(2) == 0 {
                    rule += *chance.pick(&["/", "/", "/-", "/+"]);
                    rule += &clock(&mut chance);
                }
            }
            rule += *chance.pick(&["", "", "", ",", "x", "/"]);
        }
        let input = lines(&mut chance, &[]);
        the_same(Some(&rule), &input);
    }
}

#[test]
fn every_form_of_tz() {
    let input = lines(&mut Chance::new(3), &[]);
    the_same(None, &input);
    for zone in [
        "",
        ":",
        "::UTC",
        "UTC",
        "Universal",
        "Europe",
        "Europe/",
        "Nowhere/City",
        "nonsense",
        "/",
        "/etc/passwd",
        "/dev/null",
        "../zoneinfo/Europe/Berlin",
        ":XXX-3",
        "EST",
        "EST5",
        "EST5EDT",
        "<x>",
        "<+1>",
        "<+01>-1",
        "A",
        " ",
        "CET-1CEST",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "NZST-12NZDT,M9.5.0,M4.1.0/3",
        "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
        "UTC 5",
        "UTC-99999",
        "UTC-65537:65537:65537",
        "AAA-1BBB ,M3.5.0,M10.5.0",
        "AAA-1BBB,J60,J300",
        "AAA-1BBB,59,299/167",
    ] {
        the_same(Some(zone), &input);
    }
    for folder in ["/usr/share/zoneinfo/Europe", "/nowhere", "", "zoneinfo"] {
        same_as_theirs("tai64nlocal", |program| {
            Tool::new(program).env("TZ", "Berlin").env("TZDIR", folder).input(&*input).run()
        });
    }
}

#[test]
fn what_is_a_label_and_what_is_not() {
    let whole = label(1_795_301_013, 430_561_500);
    let digits = &whole[1..];
    let mut input: Vec<String> =
        ["", "a", " @", "x@400000006b021e9f19a9d8dc", "\0", "\u{e9}"].map(str::to_owned).to_vec();
    // Whatever stands before the last 24 digits does not count, and whatever is no digit ends them.
    for before in ["", "0", "f", "123456789abcdef0", "0123456789abcdef0123456789abcdef"] {
        for after in ["", " ", "g", "A", "F", "@", "@@", ":", "/", "`", "\0", "\u{ff}", "\t", "\r", ".5"] {
            input.push(format!("@{before}{digits}{after}"));
        }
    }
    let input = input.join("\n");
    for end in ["", "\n"] {
        the_same(Some("Asia/Kolkata"), (input.clone() + end).as_bytes());
    }
    the_same(None, &[b"\xff\xfe", input.as_bytes(), b"\n\xc0@"].concat());
    // Seconds and nanoseconds of every size, and years of every number of digits.
    let ends =
        [0, 1, -1, 67_768_036_191_676_799, -67_768_040_609_740_800, 67_767_976_233_532_800, -62_135_596_801];
    for (seconds, nanoseconds) in
        ends.into_iter().zip([0, 999_999_999, 1_000_000_000, u32::MAX, 1, 9, 4_000_000_000])
    {
        the_same(Some("UTC"), (label(seconds, nanoseconds) + " x\n").as_bytes());
    }
}

#[test]
fn a_label_may_come_in_pieces() {
    let input: String = [label(1_795_301_013, 5), label(-1, 7)].map(|label| label + " x\ny\n").concat();
    let text = |program: &Path| {
        let mut fed = Fed::start(program, &[""; 0]);
        // A pipe keeps no bounds between writes, so each byte is waited for by its effect, where it has one.
        let mut out = Vec::new();
        for (place, byte) in input.bytes().enumerate() {
            fed.write(&[byte]);
            // 31 bytes a record: 25 of the label, a space, and the rest as it comes.
            match place % 30 {
                25 => out.extend(fed.read(30)),
                26.. => out.extend(fed.read(1)),
                _ => {}
            }
        }
        // A label that is not whole when the input ends was none: it is not seen at all.
        fed.write(b"z\n@4000");
        out.extend(fed.read(2));
        let (rest, end) = fed.end();
        assert_eq!((rest.as_slice(), end), (&b""[..], Ok(0)));
        String::from_utf8(out).unwrap()
    };
    same_as_theirs("tai64nlocal", text);
    // The ends of our blocks, at each byte of a label.
    let mut long = Vec::new();
    for place in 0..40 {
        long.resize(131_072 * (place + 1) - place, b'.');
        long.push(b'\n');
        long.extend(format!("{} x\n", label(1_795_301_013, 430_561_500)).bytes());
    }
    the_same(None, &long);
}

#[test]
fn generated_lines() {
    let mut chance = Chance::new(11);
    for _ in 0..150 {
        let mut input = Vec::new();
        for _ in 0..chance.below(30) {
            match chance.below(3) {
                0 => {}
                1 => input.extend((label(time(&mut chance), 3) + " ").bytes()),
                _ => input.extend(b"plain "),
            }
            let filler = u8::try_from(chance.below(256)).unwrap();
            // What stands at the beginning of a line must not look like a label that theirs crashes at.
            let filler = if filler == b'@' { b'a' } else { filler };
            input.extend(vec![filler; chance.below(90)]);
            if input.last() != Some(&b'\n') && chance.below(4) > 0 {
                input.push(b'\n');
            }
        }
        the_same(Some("America/New_York"), &input);
    }
}

#[test]
fn a_label_of_no_time_passes_as_it_is() {
    let input = "@reboot x\n@\n@ \n@4000 y\n@ffffffffffffffffffffffff z\n@00400000006b021e9f00000000 w\n\
        @01230000000000000000000000 dropped\nend\n";
    let ran = converted(&ours("tai64nlocal"), Some("UTC"), input.as_bytes());
    let text = "@reboot x\n@\n@ \n@4000 y\n@ffffffffffffffffffffffff z\n2026-11-21 22:43:33.000000000 w\n\
        @230000000000000000000000 dropped\nend\n";
    ran.prints(text).errors("").exits(0);
    // Theirs crashes, and with it goes what it has not written yet.
    if let Some(theirs) = theirs("tai64nlocal") {
        for line in ["@reboot x\n", "@\n", "@4000 y\n", "@ffffffffffffffffffffffff z\n"] {
            let call = Tool::new(Path::new("prlimit")).arg("--core=0").arg(&theirs).env("TZ", "UTC");
            let ran = call.input(format!("before\n{line}")).run();
            assert_eq!((ran.stdout.as_slice(), ran.end), (&b""[..], Err(11)), "{line}");
        }
    }
}

#[test]
fn a_broken_input_or_output_ends_it_without_a_word() {
    for script in BROKEN {
        same_as_theirs("tai64nlocal", |program| {
            (Tool::new(Path::new("sh")).args(["-c", script]).arg(program).run(), script)
        });
    }
}

#[test]
fn lines_and_labels_of_any_length_take_no_memory() {
    // 100 MB of each in 16 MB of addresses: the digits that count are the last ones.
    const SCRIPT: &str = "(head -c 100000000 /dev/zero; printf '\\n@'; head -c 100000000 /dev/zero | tr '\\0' 0; \
        printf '400000006b021e9f00000000\\n') | (ulimit -v 16384; TZ=UTC exec \"$0\") | tail -c 31";
    let ran = Tool::new(Path::new("sh")).args(["-c", SCRIPT]).arg(ours("tai64nlocal")).run();
    ran.prints("\n2026-11-21 22:43:33.000000000\n").errors("").exits(0);
}
