//! What a start says: from the child of supervise, or runas after it, through a socket that closes when run begins. Most of all why
//! it goes no further; and which sockets it has opened for the service.

use std::borrow::Cow;
use std::fmt;

/// The variable that tells runas the number of the pipe's descriptor. It is removed before run begins.
pub const VARIABLE: &str = "UPKEEP_REPORT";

/// The longest reason that is passed on.
const LONGEST: usize = 3000;

const HEAD: usize = 8;

/// Where in the bytes of a failure the system's error is, 4 bytes, the lowest first: for a process that can put nothing else together.
pub const ERRNO_AT: usize = 4;

/// What a report is about.
const WORDS: u8 = 0;
const SOCKET: u8 = 1;
const SOCKETS: u8 = 2;

/// The steps of a start: those that were there first in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Making a process.
    Fork,
    /// Finding the service's files.
    Folder,
    /// Who may change the folder, and so decide who it runs as.
    Owner,
    /// Reading `user` and finding the account.
    User,
    /// Reading `env/`.
    Environment,
    /// Becoming the account.
    Switch,
    /// Executing `run`.
    Execute,
    /// Opening the sockets that run gets.
    Sockets,
    /// Being ready in time.
    Ready,
    /// Saying often enough that it lives.
    Watchdog,
}

const STEPS: [Step; 10] = [
    Step::Fork,
    Step::Folder,
    Step::Owner,
    Step::User,
    Step::Environment,
    Step::Switch,
    Step::Execute,
    Step::Sockets,
    Step::Ready,
    Step::Watchdog,
];

impl Step {
    /// Whether it is about a run that was ended, and no start.
    #[must_use]
    pub fn is_of_a_run(self) -> bool {
        matches!(self, Self::Ready | Self::Watchdog)
    }

    /// Its number in the status record, from 1.
    #[must_use]
    pub fn number(self) -> u8 {
        let place = STEPS.iter().position(|step| *step == self).unwrap_or(0);
        u8::try_from(place.saturating_add(1)).unwrap_or(0)
    }

    /// The step of that number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        STEPS.get(usize::from(number).checked_sub(1)?).copied()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Fork => "fork",
            Self::Folder => "folder",
            Self::Owner => "owner",
            Self::User => "user",
            Self::Environment => "environment",
            Self::Switch => "switch",
            Self::Execute => "execute",
            Self::Sockets => "sockets",
            Self::Ready => "ready",
            Self::Watchdog => "watchdog",
        })
    }
}

/// What a start has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// It goes on, but the administrator should know this.
    Warning(String),
    /// It does not.
    Failed {
        /// Where it stopped.
        step: Step,
        /// The system's error, 0 where there was none.
        errno: i32,
        /// The whole reason.
        reason: String,
    },
    /// It has opened a socket, which comes along: supervise is to hold it.
    Socket {
        /// What it is, as supervise notes it.
        line: String,
    },
    /// Of the sockets that supervise holds only these are still wanted. It waits until the others are closed.
    Sockets {
        /// The lines of those.
        lines: Vec<String>,
    },
}

impl Report {
    /// The bytes for the pipe: one write, which a pipe keeps whole.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (step, kind, errno, text) = match self {
            Self::Warning(text) => (0, WORDS, 0, Cow::Borrowed(text)),
            Self::Failed { step, errno, reason } => (step.number(), WORDS, *errno, Cow::Borrowed(reason)),
            Self::Socket { line } => (0, SOCKET, 0, Cow::Borrowed(line)),
            Self::Sockets { lines } => (0, SOCKETS, 0, Cow::Owned(lines.join("\n"))),
        };
        let longest = if kind == WORDS { LONGEST } else { usize::from(u16::MAX) };
        let mut end = text.len().min(longest);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let text = text.get(..end).unwrap_or_default().as_bytes();
        let mut bytes = Vec::with_capacity(HEAD.saturating_add(text.len()));
        bytes.extend([step, kind]);
        bytes.extend(u16::try_from(text.len()).unwrap_or(0).to_le_bytes());
        bytes.extend(errno.to_le_bytes());
        bytes.extend(text);
        bytes
    }

    /// Takes the first report from what was read; `None` where it is not whole (yet).
    pub fn take(bytes: &mut Vec<u8>) -> Option<Self> {
        let ([step, kind, low, high, a, b, c, d], rest) = bytes.split_first_chunk::<HEAD>()?;
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let text = String::from_utf8_lossy(rest.get(..length)?).into_owned();
        let report = match (*kind, Step::from_number(*step)) {
            (SOCKET, _) => Self::Socket { line: text },
            (SOCKETS, _) => Self::Sockets { lines: text.lines().map(str::to_owned).collect() },
            (_, None) => Self::Warning(text),
            (_, Some(step)) => {
                Self::Failed { step, errno: i32::from_le_bytes([*a, *b, *c, *d]), reason: text }
            }
        };
        bytes.drain(..HEAD.saturating_add(length));
        Some(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_come_out_as_they_went_in() {
        let reports = [
            Report::Warning("env/x is skipped".into()),
            Report::Socket { line: ":80".into() },
            Report::Sockets { lines: vec![":80".into(), "/run/web".into()] },
            Report::Sockets { lines: Vec::new() },
            Report::Failed { step: Step::Execute, errno: 2, reason: "run: file does not exist".into() },
        ];
        let mut bytes: Vec<u8> = reports.iter().flat_map(Report::encode).collect();
        let last = bytes.pop().unwrap();
        for report in &reports[..4] {
            assert_eq!(Report::take(&mut bytes).as_ref(), Some(report));
        }
        assert_eq!(Report::take(&mut bytes), None, "not whole yet");
        bytes.push(last);
        assert_eq!(Report::take(&mut bytes).as_ref(), Some(&reports[4]));
        assert!(bytes.is_empty());
    }

    #[test]
    fn steps_have_numbers_for_good() {
        for (place, step) in STEPS.into_iter().enumerate() {
            assert_eq!(usize::from(step.number()), place + 1);
            assert_eq!(Step::from_number(step.number()), Some(step));
        }
        assert_eq!(Step::from_number(0), None);
        assert_eq!(Step::from_number(99), None);
    }
}
