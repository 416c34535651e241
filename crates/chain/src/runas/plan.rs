//! The command line: all of it understood before anything is done.

use crate::next::Next;
use cli::Failure;
use cli::options::{Given, Options};
use nix::sys::stat::Mode;
use nix::unistd::Uid;
use std::ffi::{CStr, CString};
use std::os::fd::RawFd;

/// What a command line asks for.
#[derive(Debug)]
pub(crate) enum Call {
    /// To become somebody, and then the child.
    Become(Plan),
    /// `-q`: for somebody's numbers.
    Numbers {
        /// Whose, as it was written.
        account: &'static CStr,
        /// `-d`, as in a plan.
        dot: Option<Uid>,
    },
}

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Whom to become, as it was written.
    pub(crate) account: &'static CStr,
    /// The child.
    pub(crate) next: Next,
    /// `-o`: who has asked for this, and may ask for nobody else.
    pub(crate) owner: Option<Uid>,
    /// `-H`: go to the home folder.
    pub(crate) home: bool,
    /// `-n`: no program that is executed later gains rights by it.
    pub(crate) no_new_privs: bool,
    /// `-u`.
    pub(crate) umask: Option<Mode>,
    /// `-k`: the names of the capabilities that the account has, as they were written.
    pub(crate) capabilities: Vec<&'static [u8]>,
    /// `-m`: a folder to make for the account.
    pub(crate) folder: Option<CString>,
    /// `-d`: whom a dot stands for, in place of the owner of the current folder.
    pub(crate) dot: Option<Uid>,
    /// `-e` and `-E`, in their order.
    pub(crate) folders: Vec<Source>,
}

/// Where a folder of variables is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// At a path.
    Path(CString),
    /// Open already.
    Descriptor(RawFd),
}

impl Call {
    /// Reads the arguments, the program's name first.
    pub(crate) fn parse(args: &[&'static CStr]) -> Result<Self, Failure> {
        let mut options = Options::new(args, "Hnqu:k:m:e:E:o:d:");
        let (mut owner, mut home, mut no_new_privs, mut umask) = (None, false, false, None);
        let (mut folder, mut dot, mut folders, mut capabilities) = (None, None, Vec::new(), Vec::new());
        let (mut asks, mut only_asks) = (false, true);
        while let Some(given) = options.next_option()? {
            only_asks &= matches!(given, Given::Flag(b'q') | Given::With(b'd', _));
            match given {
                Given::With(b'u', text) => umask = Some(mask(text)?),
                Given::With(b'k', text) => capabilities.push(text),
                Given::With(b'm', text) => folder = Some(name(text)?),
                Given::With(b'o', text) => owner = Some(uid(b'o', text)?),
                Given::With(b'd', text) => dot = Some(uid(b'd', text)?),
                Given::With(b'e', text) => folders.push(Source::Path(CString::new(text).unwrap_or_default())),
                Given::With(_, text) => folders.push(descriptor(text, &folders)?),
                Given::Flag(b'q') => asks = true,
                Given::Flag(b'H') => home = true,
                Given::Flag(_) => no_new_privs = true,
            }
        }
        let (account, child) = options.operands().split_first().ok_or(Failure::Usage(None))?;
        if asks {
            let is_alone = only_asks && child.is_empty();
            return if is_alone { Ok(Self::Numbers { account, dot }) } else { Err(Failure::Usage(None)) };
        }
        let next = Next::from_operands(child).ok_or(Failure::Usage(None))?;
        Ok(Self::Become(Plan {
            account,
            next,
            owner,
            home,
            no_new_privs,
            umask,
            capabilities,
            folder,
            dot,
            folders,
        }))
    }
}

/// The value of `-u`.
///
/// # Errors
///
/// A usage failure that says what it should be.
pub fn mask(text: &[u8]) -> Result<Mode, Failure> {
    number(text, 8)
        .filter(|mask| *mask <= 0o777)
        .map(Mode::from_bits_truncate)
        .ok_or_else(|| complaint("the umask of -u is an octal number up to 777"))
}

/// The value of `-o` or `-d`.
///
/// # Errors
///
/// A usage failure that says what it should be.
pub fn uid(option: u8, text: &[u8]) -> Result<Uid, Failure> {
    let option = char::from(option);
    number(text, 10)
        .filter(|uid| *uid != u32::MAX)
        .map(Uid::from_raw)
        .ok_or_else(|| complaint(&format!("the uid of -{option} is a decimal number below 4294967295")))
}

/// The value of `-m`: the name of something in the current folder.
///
/// # Errors
///
/// A usage failure that says what it should be.
pub fn name(text: &[u8]) -> Result<CString, Failure> {
    Some(text)
        .filter(|text| !matches!(*text, b"" | b"." | b"..") && !text.contains(&b'/'))
        .and_then(|text| CString::new(text).ok())
        .ok_or_else(|| complaint("the folder of -m is a name without a slash"))
}

/// The value of `-E`. Each number once: it will be closed once.
///
/// # Errors
///
/// A usage failure that says what it should be.
pub fn descriptor(text: &[u8], others: &[Source]) -> Result<Source, Failure> {
    number(text, 10)
        .and_then(|number| RawFd::try_from(number).ok())
        .map(Source::Descriptor)
        .filter(|source| !others.contains(source))
        .ok_or_else(|| complaint("the descriptor of -E is a decimal number, given once"))
}

/// Digits and nothing else; a sign in particular is no part of a number here.
fn number(text: &[u8], radix: u32) -> Option<u32> {
    let text = std::str::from_utf8(text).ok()?;
    if text.starts_with('+') { None } else { u32::from_str_radix(text, radix).ok() }
}

fn complaint(text: &str) -> Failure {
    Failure::Usage(Some(format!("runas: {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(args: &[&'static CStr]) -> Result<Call, Failure> {
        Call::parse(&[&[c"runas"], args].concat())
    }

    fn parse(args: &[&'static CStr]) -> Result<Plan, Failure> {
        call(args).map(|call| match call {
            Call::Become(plan) => plan,
            Call::Numbers { .. } => panic!("{args:?}"),
        })
    }

    #[test]
    fn options_then_account_then_child() {
        let options = [
            c"-Hn", c"-u027", c"-mmain", c"-e", c"env", c"-E5", c"-o", c"1001", c"-d1002", c"-kkill", c"-k",
            c"",
        ];
        let plan = parse(&[&options[..], &[c"bob", c"./run", c"-x"]].concat()).unwrap();
        assert_eq!(plan.account, c"bob");
        assert!(plan.home && plan.no_new_privs);
        assert_eq!(plan.umask, Some(Mode::from_bits_truncate(0o027)));
        assert_eq!(plan.folder.as_deref(), Some(c"main"));
        assert_eq!((plan.owner, plan.dot), (Some(Uid::from_raw(1001)), Some(Uid::from_raw(1002))));
        assert_eq!(plan.folders, [Source::Path(c"env".into()), Source::Descriptor(5)]);
        assert_eq!(plan.capabilities, [&b"kill"[..], b""], "what they stand for is found out later");
        let plain = parse(&[c"-", c"./run"]).unwrap();
        assert!(plain.account == c"-" && !plain.home && !plain.no_new_privs && plain.folders.is_empty());
        assert!(plain.umask.is_none() && plain.owner.is_none());
        assert!(plain.folder.is_none() && plain.dot.is_none());
        assert_eq!(parse(&[c"--", c"-odd", c"./run"]).unwrap().account, c"-odd");
    }

    #[test]
    fn numbers_are_asked_for_alone() {
        let asked = |args: &[&'static CStr]| match call(args) {
            Ok(Call::Numbers { account, dot }) => Some((account, dot.map(Uid::as_raw))),
            Ok(Call::Become(plan)) => panic!("{plan:?}"),
            Err(_) => None,
        };
        assert_eq!(asked(&[c"-q", c"bob"]), Some((c"bob", None)));
        assert_eq!(asked(&[c"-qd7", c"."]), Some((c".", Some(7))));
        let wrong: [&[&'static CStr]; 8] = [
            &[c"-q"],
            &[c"-q", c"bob", c"./run"],
            &[c"-q", c"bob", c"alice"],
            &[c"-qH", c"bob"],
            &[c"-n", c"-q", c"bob"],
            &[c"-q", c"-kkill", c"bob"],
            &[c"-q", c"-u22", c"bob"],
            &[c"-q", c"-o7", c"bob"],
        ];
        for args in wrong {
            assert_eq!(asked(args), None, "{args:?}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_a_wrong_call() {
        let wrong: [&[&'static CStr]; 30] = [
            &[],
            &[c"bob"],
            &[c"-k"],
            &[c"-x", c"bob", c"./run"],
            &[c"-u"],
            &[c"-u", c"", c"bob", c"./run"],
            &[c"-u", c"8", c"bob", c"./run"],
            &[c"-u", c"+22", c"bob", c"./run"],
            &[c"-u", c"-22", c"bob", c"./run"],
            &[c"-u", c"1000", c"bob", c"./run"],
            &[c"-u", c"0x1", c"bob", c"./run"],
            &[c"-o", c"", c"bob", c"./run"],
            &[c"-o", c"bob", c"bob", c"./run"],
            &[c"-o", c"-1", c"bob", c"./run"],
            &[c"-o", c"+1", c"bob", c"./run"],
            &[c"-o", c"4294967295", c"bob", c"./run"],
            &[c"-o", c"4294967296", c"bob", c"./run"],
            &[c"-d", c"bob", c".", c"./run"],
            &[c"-d", c"4294967295", c".", c"./run"],
            &[c"-m"],
            &[c"-m", c"", c"bob", c"./run"],
            &[c"-m", c"..", c"bob", c"./run"],
            &[c"-m", c"./main", c"bob", c"./run"],
            &[c"-m", c"/main", c"bob", c"./run"],
            &[c"-E", c"", c"bob", c"./run"],
            &[c"-E", c"-1", c"bob", c"./run"],
            &[c"-E", c"5 ", c"bob", c"./run"],
            &[c"-E", c"4294967296", c"bob", c"./run"],
            &[c"-E", c"2147483648", c"bob", c"./run"],
            &[c"-E", c"5", c"-E", c"5", c"bob", c"./run"],
        ];
        for args in wrong {
            assert!(matches!(parse(args), Err(Failure::Usage(_))), "{args:?}");
        }
    }
}
