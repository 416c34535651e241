//! What multilog is told, and what it decides about lines and files.

use logging::multilog::cuts::{Cuts, STEP};
use logging::multilog::pattern::Pattern;
use logging::multilog::script::{Action, SIZES, Script, Settings};
use logging::stamp::Kind;
use std::time::Duration;

/// A script, an argument a line: each action is there in its order, and what a directory is told stays in its bounds.
pub fn multilog(data: &[u8]) {
    let arguments: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let letters = |among: &[u8]| -> Vec<&[u8]> {
        arguments
            .iter()
            .copied()
            .filter(|text| text.first().is_some_and(|letter| among.contains(letter)))
            .collect()
    };
    let script = match Script::parse(&arguments) {
        Ok(script) => script,
        Err(reason) => {
            assert!(!letters(b"wamp").is_empty(), "only what is ours is refused");
            assert!(reason.starts_with("unable to understand action "));
            assert!(!reason.chars().any(char::is_control), "{reason:?}");
            return;
        }
    };
    let stamp = match arguments[0].first() {
        Some(b't') => Some(Kind::Tai64n),
        Some(b'T') => Some(Kind::Accustamp),
        Some(b'r') => Some(Kind::Rfc3339),
        _ => None,
    };
    assert_eq!(script.stamp, stamp);
    let written = script.actions.iter().map(|action| match action {
        Action::Select(Pattern::Simple(text) | Pattern::Shell(text)) => [b"+", *text].concat(),
        Action::Deselect(Pattern::Simple(text) | Pattern::Shell(text)) => [b"-", *text].concat(),
        Action::Tell => b"e".to_vec(),
        Action::Status(name) => [b"=", *name].concat(),
        Action::Log(settings) => settings.path.to_vec(),
    });
    let actions = letters(b"+-e=./").into_iter().map(|text| if text[0] == b'e' { b"e" } else { text });
    assert_eq!(written.collect::<Vec<_>>(), actions.collect::<Vec<_>>());
    let mut last = Settings::default();
    let mut logs = script.actions.iter().filter_map(|action| match action {
        Action::Log(settings) => Some(settings),
        _ => None,
    });
    for argument in letters(b"sn./") {
        match argument {
            [b's', digits @ ..] => last.size = number(digits).clamp(SIZES.0, SIZES.1),
            [b'n', digits @ ..] => last.count = number(digits).max(2),
            _ => {
                let log = logs.next().expect("a directory");
                let size = log.total.map_or(last.size, |total| last.size.min(total / 2));
                assert_eq!((log.size, log.count), (size, last.count));
                is_in_bounds(log);
            }
        }
    }
}

fn is_in_bounds(log: &Settings<'_>) {
    assert!((SIZES.0..=SIZES.1).contains(&log.size) && log.count >= 2);
    assert!(log.total.is_none_or(|total| total >= 2 * log.size), "two files fit");
    assert!(log.age.is_none_or(|age| age >= Duration::from_secs(1)));
    assert!(!log.code.contains(&b'/') && log.code.len() <= 200, "the end of a file name");
    assert!(!log.prefix.contains(&b'\n') && log.prefix.len() <= 1000, "one line, and of bounded length");
}

/// The digits at the beginning, in 64 bits.
fn number(text: &[u8]) -> u64 {
    let digits = text.iter().map_while(|byte| char::from(*byte).to_digit(10));
    digits.fold(0, |number, digit| ((u128::from(number) * 10 + u128::from(digit)) % (1 << 64)) as u64)
}

/// A pattern of daemontools' kind in the first line, beside trying all that a star can stand for.
pub fn simple_pattern(data: &[u8]) {
    fn slowly(pattern: &[u8], line: &[u8]) -> bool {
        match pattern {
            [] => line.is_empty(),
            [b'*'] => true,
            [b'*', rest @ ..] => (0..line.len())
                .filter(|end| line[*end] == rest[0] && !line[..*end].contains(&rest[0]))
                .any(|end| slowly(rest, &line[end..])),
            [byte, rest @ ..] => line.first() == Some(byte) && slowly(rest, &line[1..]),
        }
    }
    let (pattern, line) = first_line(data);
    assert_eq!(Pattern::Simple(pattern).matches(line), slowly(pattern, line));
}

/// A pattern of the shell's kind in the first line, beside a table of which of its ends match which ends of the line.
pub fn shell_pattern(data: &[u8]) {
    let (pattern, line) = first_line(data);
    let answer = Pattern::Shell(pattern).matches(line);
    if pattern.len() > 300 || line.len() > 300 {
        // The table would be large; that it takes no time all the same is what is seen then.
        return;
    }
    let mut matched = vec![vec![false; line.len() + 1]; pattern.len() + 1];
    matched[pattern.len()][line.len()] = true;
    for start in (0..pattern.len()).rev() {
        for place in (0..=line.len()).rev() {
            let byte = line.get(place);
            matched[start][place] = if pattern[start] == b'*' {
                matched[start + 1][place] || (byte.is_some() && matched[start][place + 1])
            } else {
                let length = byte.and_then(|byte| element(&pattern[start..], *byte));
                length.is_some_and(|length| matched[start + length][place + 1])
            };
        }
    }
    assert_eq!(answer, matched[0][0]);
}

/// How long the first element of a pattern is, if it stands for that byte.
fn element(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', literal, ..] => (*literal == byte).then_some(2),
        [b'\\'] => None,
        [b'[', set @ ..] => match bracket(set, byte) {
            Some((is_in, length)) => is_in.then_some(length + 1),
            None => (byte == b'[').then_some(1),
        },
        _ => (pattern[0] == byte).then_some(1),
    }
}

/// Whether the byte is in a set, and how long the set is, if it has an end.
fn bracket(set: &[u8], byte: u8) -> Option<(bool, usize)> {
    let negated = set.first().is_some_and(|byte| b"!^".contains(byte));
    let begin = usize::from(negated);
    let (mut at, mut is_in) = (begin, false);
    let single = |at: usize| match (set.get(at), set.get(at + 1)) {
        (Some(b'\\'), Some(byte)) => Some((*byte, at + 2)),
        (Some(byte), _) => Some((*byte, at + 1)),
        (None, _) => None,
    };
    while at == begin || set.get(at)? != &b']' {
        let end = set[at..].windows(2).position(|two| two == b":]").map_or(at, |end| at + end);
        let is_name = |text: &[u8]| text.iter().all(|byte| (b'a'..=b'y').contains(byte));
        if let Some(name) = set[at..end].strip_prefix(b"[:").filter(|name| is_name(name)) {
            match is_of_class(name, byte) {
                Some(has) => is_in |= has,
                // With a class that nobody knows only what was found before is found at all.
                None if !is_in => return Some((false, end)),
                None => {}
            }
            at = end + 2;
            continue;
        }
        let (low, mut after) = single(at)?;
        let mut high = low;
        if set.get(after) == Some(&b'-') && set.get(after + 1) != Some(&b']') {
            (high, after) = single(after + 1)?;
        }
        is_in |= low <= byte && byte <= high;
        at = after;
    }
    Some((is_in != negated, at + 1))
}

fn is_of_class(name: &[u8], byte: u8) -> Option<bool> {
    let members: &[std::ops::RangeInclusive<u8>] = match name {
        b"alnum" => &[b'0'..=b'9', b'A'..=b'Z', b'a'..=b'z'],
        b"alpha" => &[b'A'..=b'Z', b'a'..=b'z'],
        b"blank" => &[b' '..=b' ', b'\t'..=b'\t'],
        b"cntrl" => &[0..=31, 127..=127],
        b"digit" => &[b'0'..=b'9'],
        b"graph" => &[33..=126],
        b"lower" => &[b'a'..=b'z'],
        b"print" => &[32..=126],
        b"punct" => &[33..=47, 58..=64, 91..=96, 123..=126],
        b"space" => &[b' '..=b' ', 9..=13],
        b"upper" => &[b'A'..=b'Z'],
        b"xdigit" => &[b'0'..=b'9', b'A'..=b'F', b'a'..=b'f'],
        _ => return None,
    };
    Some(members.iter().any(|range| range.contains(&byte)))
}

/// Lines into files: each ends where daemontools' writes, one after the other, would have ended it, also where these
/// are passed over because nothing can happen. The first two bytes say how large a file can be.
pub fn cuts(data: &[u8]) {
    let Some((size, text)) = data.split_first_chunk::<2>() else { return };
    let size = SIZES.0 + u64::from(u16::from_be_bytes(*size) % 2048);
    // Long enough that files end, however short the input.
    let length = if text.is_empty() { 0 } else { 4 * size as usize };
    let text: Vec<u8> = text.iter().copied().cycle().take(length).collect();
    let ends = |passing: bool| {
        let mut cuts = Cuts::new(size, 0);
        for step in text.chunks(STEP) {
            if passing && cuts.room() >= step.len() as u64 {
                cuts.pass(step.len() as u64);
            } else {
                cuts.put_bytes(step);
                cuts.step();
            }
        }
        assert_eq!(cuts.written(), text.len() as u64, "nothing is lost");
        std::iter::from_fn(|| cuts.next_end()).collect::<Vec<u64>>()
    };
    let model = ends_by_writes(&text, size as usize);
    assert_eq!(ends(false), model);
    assert_eq!(ends(true), model);
    let begins = std::iter::once(&0).chain(&model);
    for (begin, end) in begins.zip(&model) {
        let file = &text[*begin as usize..*end as usize];
        assert!(
            file.len() as u64 == size || file.ends_with(b"\n"),
            "a line is cut only where there is no other way"
        );
        assert!((size - 2000..=size).contains(&(file.len() as u64)));
    }
}

/// The ends of files when every 512 bytes of every 1024 are written at once.
fn ends_by_writes(text: &[u8], size: usize) -> Vec<u64> {
    let (mut ends, mut begin, mut at) = (Vec::new(), 0, 0);
    for step in text.chunks(1024) {
        for write in step.chunks(512) {
            let end_of_write = at + write.len();
            while at < end_of_write {
                if at - begin == size {
                    ends.push(at as u64);
                    begin = at;
                }
                let mut end = end_of_write.min(begin + size);
                if end - begin >= size - 2000 {
                    let newline = text[at..end].iter().rposition(|byte| *byte == b'\n');
                    end = newline.map_or(end, |newline| at + newline + 1);
                }
                at = end;
                if text[at - 1] == b'\n' && at - begin >= size - 2000 {
                    ends.push(at as u64);
                    begin = at;
                }
            }
        }
    }
    ends
}

fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}
