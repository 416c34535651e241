//! softlimit: run a program with resource limits, as in daemontools 0.76 to the byte; `-`, the words and the variables
//! as in daemontools-encore.
//!
//! Limits are set one after the other, the variables' first and then the options' in their order, and also those
//! before an option that is wrong. They hold for this program too: what takes memory is done before the first is set.

use crate::next::{Next, chain_load};
use anyhow::Context;
use cli::options::{Given, Options};
use cli::{Failure, Program};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, rlim_t, setrlimit};
use std::convert::Infallible;
use std::ffi::CStr;
use sys::entry::Args;

const PROGRAM: Program = Program {
    name: "softlimit",
    usage: "softlimit: usage: softlimit [-a allbytes] [-c corebytes] [-d databytes] [-f filebytes] \
            [-l lockbytes] [-m membytes] [-o openfiles] [-p processes] [-r residentbytes] [-s stackbytes] \
            [-t cpusecs] child",
};

const OPTIONS: &str = "a:c:d:f:l:m:o:p:r:s:t:";

/// Variables that stand for an option. What limits one kind of memory comes before what limits all.
const VARIABLES: [(&str, u8); 11] = [
    ("SOFTLIMIT_ALLBYTES", b'a'),
    ("SOFTLIMIT_COREBYTES", b'c'),
    ("SOFTLIMIT_DATABYTES", b'd'),
    ("SOFTLIMIT_FILEBYTES", b'f'),
    ("SOFTLIMIT_LOCKEDBYTES", b'l'),
    ("SOFTLIMIT_STACKBYTES", b's'),
    ("SOFTLIMIT_MEMBYTES", b'm'),
    ("SOFTLIMIT_OPENFILES", b'o'),
    ("SOFTLIMIT_PROCS", b'p'),
    ("SOFTLIMIT_RSSBYTES", b'r'),
    ("SOFTLIMIT_CPUSECS", b't'),
];

/// The program.
#[must_use]
pub fn run(args: Args) -> u8 {
    chain_load(PROGRAM, args, become_child)
}

fn become_child(args: &[&'static CStr]) -> Result<Infallible, Failure> {
    let mut limits = Vec::new();
    let next = read(args, &mut limits).map(Next::ready);
    for (resources, limit) in limits {
        for resource in resources {
            set(*resource, limit)?;
        }
    }
    Ok(next?.run()?)
}

/// Reads the variables and the command line up to the child, or to what is wrong; `limits` are those before that.
fn read(args: &[&'static CStr], limits: &mut Vec<(&'static [Resource], Limit)>) -> Result<Next, Failure> {
    let mut add = |letter: u8, value: &[u8]| {
        let limit = Limit::parse(value).ok_or(Failure::Usage(None))?;
        limits.push((resources(letter), limit));
        Ok::<(), Failure>(())
    };
    for (name, letter) in VARIABLES {
        if let Some(value) = sys::environment::value(name) {
            add(letter, value)?;
        }
    }
    let mut options = Options::new(args, OPTIONS);
    while let Some(option) = options.next_option()? {
        if let Given::With(letter, value) = option {
            add(letter, value)?;
        }
    }
    Next::from_operands(options.operands()).ok_or(Failure::Usage(None))
}

/// What an option limits.
fn resources(letter: u8) -> &'static [Resource] {
    use Resource::*;
    match letter {
        b'a' => &[RLIMIT_AS],
        b'c' => &[RLIMIT_CORE],
        b'd' => &[RLIMIT_DATA],
        b'f' => &[RLIMIT_FSIZE],
        b'l' => &[RLIMIT_MEMLOCK],
        b'm' => &[RLIMIT_DATA, RLIMIT_STACK, RLIMIT_MEMLOCK, RLIMIT_AS],
        b'o' => &[RLIMIT_NOFILE],
        b'p' => &[RLIMIT_NPROC],
        b'r' => &[RLIMIT_RSS],
        b's' => &[RLIMIT_STACK],
        b't' => &[RLIMIT_CPU],
        _ => &[],
    }
}

fn set(resource: Resource, limit: Limit) -> anyhow::Result<()> {
    let (_, hard) = getrlimit(resource).context("getrlimit failed")?;
    let (soft, hard) = limit.applied(hard);
    setrlimit(resource, soft, hard).context("setrlimit failed")
}

/// What a resource is to be limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The soft limit as high as the hard one.
    Hard,
    /// Neither a soft nor a hard limit.
    Unlimited,
    /// A soft limit of so many, or the hard one where that is lower.
    Soft(rlim_t),
}

impl Limit {
    /// Reads `=` or `hard`, `-` or `unlimited`, or decimal digits and nothing else; `None` for any other text.
    ///
    /// As in daemontools, no digits at all are 0, and a number too large for 64 bits is what its lowest 64 bits say.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        match text {
            b"=" | b"hard" => Some(Self::Hard),
            b"-" | b"unlimited" => Some(Self::Unlimited),
            digits => digits.iter().try_fold(0, add_digit).map(Self::Soft),
        }
    }

    /// The soft and the hard limit that it makes where the hard one is this.
    fn applied(self, hard: rlim_t) -> (rlim_t, rlim_t) {
        match self {
            Self::Hard => (hard, hard),
            Self::Unlimited => (RLIM_INFINITY, RLIM_INFINITY),
            Self::Soft(soft) => (soft.min(hard), hard),
        }
    }
}

fn add_digit(number: rlim_t, digit: &u8) -> Option<rlim_t> {
    let value = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
    Some(number.wrapping_mul(10).wrapping_add(value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_by_scan_ulong() {
        assert_eq!(Limit::parse(b"0"), Some(Limit::Soft(0)));
        assert_eq!(Limit::parse(b"0012"), Some(Limit::Soft(12)));
        assert_eq!(Limit::parse(b""), Some(Limit::Soft(0)));
        assert_eq!(Limit::parse(b"18446744073709551615"), Some(Limit::Soft(rlim_t::MAX)));
        assert_eq!(Limit::parse(b"18446744073709551621"), Some(Limit::Soft(5)));
        for wrong in ["12abc", " 12", "12 ", "+5", "-5", "0x10", "=1", "--", "Hard", "1\u{663}"] {
            assert_eq!(Limit::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn only_unlimited_changes_the_hard_limit() {
        assert_eq!(Limit::Soft(5).applied(7), (5, 7));
        assert_eq!(Limit::Soft(8).applied(7), (7, 7));
        assert_eq!(Limit::Hard.applied(7), (7, 7));
        assert_eq!(Limit::Unlimited.applied(7), (RLIM_INFINITY, RLIM_INFINITY));
        assert_eq!(Limit::Soft(RLIM_INFINITY).applied(7), (7, 7));
    }
}
