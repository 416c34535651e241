//! What programs tell each other: the status record, reports of a start, command letters, labels, and what a service says of itself.

use protocol::command::{Command, LETTERS, Order, Target, orders};
use protocol::notify::{LONGEST_STATUS, Word, words};
use protocol::report::Report;
use protocol::status::{NoStatus, SIZE, Status};
use protocol::tai64n::Tai64n;
use protocol::value::LONGEST;

/// The status record, as it came and, so that what is behind the checksum is reached, with a checksum that fits.
pub fn status(data: &[u8]) {
    let _ = decoded(data);
    if data.len() >= SIZE {
        let mut sealed = data.to_vec();
        let sum = sealed[..SIZE - 8].iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
        });
        sealed[SIZE - 8..SIZE].copy_from_slice(&sum.to_le_bytes());
        assert!(decoded(&sealed).is_ok(), "a record with its right checksum is one");
    }
}

/// Reads a record and holds it to what any record must be.
pub(crate) fn decoded(data: &[u8]) -> Result<Status, NoStatus> {
    let answer = Status::decode(data);
    assert_eq!(data.len() < 18, answer == Err(NoStatus::BadFormat), "18 bytes are what daemontools writes");
    let Ok(status) = &answer else { return answer };
    let written = status.encode();
    assert_eq!(status.since.to_bytes(), data[..12]);
    assert_eq!(status.pid.map_or(0, std::num::NonZeroU32::get).to_le_bytes(), data[12..16]);
    match &status.detail {
        // What is longer than its place is cut: it comes back shorter.
        Some(detail) if detail.failed.as_ref().is_some_and(|failed| failed.reason.len() > 440) => {
            assert!(Status::decode(&written).is_ok());
        }
        _ => assert_eq!(Status::decode(&written).as_ref(), Ok(status), "what is written is read"),
    }
    answer
}

/// Reports of a start, one behind the other as they come through the pipe.
pub fn report(data: &[u8]) {
    let mut left = data.to_vec();
    loop {
        let whole = left.get(2..4).map(|length| 8 + usize::from(u16::from_le_bytes([length[0], length[1]])));
        let expected = whole.filter(|whole| left.len() >= *whole);
        let length = left.len();
        let Some(report) = Report::take(&mut left) else {
            assert_eq!(expected, None, "a whole report is taken");
            assert_eq!(left.len(), length, "and half a one is left alone");
            return;
        };
        assert_eq!(Some(length - left.len()), expected);
        let mut again = report.encode();
        let comes_back = match &report {
            Report::Warning(text) | Report::Failed { reason: text, .. } => {
                assert!(again.len() <= 4096, "one write that a pipe keeps whole");
                text.len() <= 3000
            }
            Report::Socket { line } => line.len() <= usize::from(u16::MAX),
            Report::Sockets { lines } => {
                // No line of a socket is empty, or has another end than a newline.
                let is_line = |line: &String| !line.is_empty() && !line.contains('\r');
                lines.iter().all(is_line) && lines.join("\n").len() <= usize::from(u16::MAX)
            }
        };
        let back = Report::take(&mut again);
        assert!(again.is_empty());
        if comes_back {
            assert_eq!(back.as_ref(), Some(&report), "what is written is read");
        }
    }
}

/// Letters of `supervise/control`: each that means something and is not for the log is an order, for whom the last
/// `+` or `=` before it says.
pub fn command(data: &[u8]) {
    let last = |before: &[u8], among: &[u8]| before.iter().rfind(|byte| among.contains(byte)).copied();
    let model: Vec<Order> = (0..data.len())
        .filter(|place| last(&data[..*place], b"Ll") != Some(b'L'))
        .filter_map(|place| {
            let (command, ..) = LETTERS.into_iter().find(|(_, letter, _)| *letter == data[place])?;
            let to_group = last(&data[..place], b"+=") == Some(b'+');
            Some(Order { command, target: if to_group { Target::Group } else { Target::Process } })
        })
        .collect();
    assert_eq!(orders(data).collect::<Vec<_>>(), model);
    for byte in data {
        assert_eq!(
            Command::from_letter(*byte).is_some(),
            LETTERS.iter().any(|(_, letter, _)| letter == byte)
        );
    }
}

/// Labels of 12 bytes: their text is in the order of time.
pub fn tai64n(data: &[u8]) {
    let labels: Vec<Tai64n> =
        data.chunks_exact(12).map(|bytes| Tai64n::from_bytes(bytes.try_into().unwrap())).collect();
    for (bytes, label) in data.chunks_exact(12).zip(&labels) {
        assert_eq!(label.to_bytes(), bytes);
        let model: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(label.label(), format!("@{model}").as_bytes());
    }
    for pair in labels.windows(2) {
        let (one, other) = (pair[0], pair[1]);
        assert_eq!(one.cmp(&other), one.label().cmp(&other.label()), "sorted as text is sorted by time");
        assert!(one.since(other).is_zero() || other.since(one).is_zero());
    }
}

/// What a service says of itself: each line is a word or nothing, and its text stays in its bounds.
pub fn notify(data: &[u8]) {
    let whole = data.strip_suffix(b"\0").unwrap_or(data);
    let lines = whole.split(|byte| *byte == b'\n');
    // A line that ends in a NUL is one here; at the end of a message the NUL is no part of it.
    let alone = lines.flat_map(|line| words(&[line, b"\n"].concat()).collect::<Vec<_>>());
    let said: Vec<Word> = words(data).collect();
    assert_eq!(said, alone.collect::<Vec<_>>(), "the words of a message are those of its lines");
    for word in &said {
        match word {
            Word::Status(text) => assert!(text.len() <= LONGEST_STATUS),
            Word::Extend(time) => assert!(*time <= LONGEST),
            _ => {}
        }
        assert!(words(&written(word)).eq([word.clone()]), "what is written is read");
    }
}

/// The assignment that says that word.
fn written(word: &Word) -> Vec<u8> {
    let text = match word {
        Word::Ready => "READY=1".into(),
        Word::Reloading => "RELOADING=1".into(),
        Word::Stopping => "STOPPING=1".into(),
        Word::Alive => "WATCHDOG=1".into(),
        Word::Trigger => "WATCHDOG=trigger".into(),
        Word::Status(text) => format!("STATUS={text}"),
        Word::Extend(time) => format!("EXTEND_TIMEOUT_USEC={}", time.as_micros()),
        Word::MainPid(pid) => format!("MAINPID={}", pid.map_or_else(String::new, |pid| pid.to_string())),
    };
    format!("{text}\n").into_bytes()
}
