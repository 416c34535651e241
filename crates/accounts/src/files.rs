//! The lines of `/etc/passwd` and `/etc/group`, read as the `files` service of glibc reads them. Pure: the
//! bytes of a file in, an answer out; whether the file is the right one to ask is decided elsewhere.
//!
//! glibc is more lenient than passwd(5), and an account must not exist for one program and be missing for
//! another. So here too blanks before a line, a number or a member do not count, nor does a plus sign; fields
//! after the numbers may be missing; colons after the sixth belong to the shell; and a NUL ends its line. We
//! are stricter in three points: a number with a minus sign, an id of 2^32-1 ("leave as it is" to the kernel)
//! and an account without a name are as good as not there.

use std::ffi::CString;

use nix::unistd::{Gid, Uid};

use crate::{Account, NO_ID};

/// The file holds a line that other services, or other versions of glibc, read in another way: it is not for
/// us to say.
#[derive(Debug, PartialEq, Eq)]
pub struct AskNss;

/// The first account called `name`.
///
/// # Errors
///
/// The file is not for us to read.
pub fn account_by_name(passwd: &[u8], name: &[u8]) -> Result<Option<Account>, AskNss> {
    first(passwd, |line| if is_called(line, name) { account(line) } else { None })
}

/// The first account with the number `uid`.
///
/// # Errors
///
/// The file is not for us to read.
pub fn account_by_uid(passwd: &[u8], uid: Uid) -> Result<Option<Account>, AskNss> {
    first(passwd, |line| if field(line, 2).and_then(id) == Some(uid.as_raw()) { account(line) } else { None })
}

/// The number of the first group called `name`.
///
/// # Errors
///
/// The file is not for us to read.
pub fn group_by_name(group: &[u8], name: &[u8]) -> Result<Option<Gid>, AskNss> {
    first(group, |line| if is_called(line, name) { group_id(line) } else { None })
}

/// The groups that `member` is listed in, in the file's order, with their repetitions.
///
/// # Errors
///
/// The file is not for us to read.
pub fn groups_with(group: &[u8], member: &[u8]) -> Result<Vec<Gid>, AskNss> {
    let mut groups = Vec::new();
    for line in lines(group) {
        if is_compat(line) {
            return Err(AskNss);
        }
        // Most lines are out by their members.
        if !has_member(line, member) {
            continue;
        }
        let Some(gid) = group_id(line) else { continue };
        // Here, and nowhere else, glibc (2.36) takes a group that was commented out for a group of that odd
        // name.
        if is_comment(line) {
            return Err(AskNss);
        }
        groups.push(gid);
    }
    Ok(groups)
}

/// What `read` makes of the first line it can use.
fn first<T>(file: &[u8], read: impl Fn(&[u8]) -> Option<T>) -> Result<Option<T>, AskNss> {
    lines(file)
        .filter(|line| !is_comment(line))
        .find_map(|line| if is_compat(line) { Some(Err(AskNss)) } else { read(line).map(Ok) })
        .transpose()
}

/// The lines that are not blank, from their first character.
fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    file.split(|&byte| byte == b'\n')
        .map(|line| trim_start(line.split(|&byte| byte == 0).next().unwrap_or_default()))
        .filter(|line| !line.is_empty())
}

fn is_comment(line: &[u8]) -> bool {
    line.first() == Some(&b'#')
}

/// A line of the `compat` service, which adds accounts from NIS or takes some away.
fn is_compat(line: &[u8]) -> bool {
    matches!(line.first(), Some(b'+' | b'-'))
}

fn is_called(line: &[u8], name: &[u8]) -> bool {
    line.strip_prefix(name).is_some_and(|rest| rest.first() == Some(&b':'))
}

fn field(line: &[u8], index: usize) -> Option<&[u8]> {
    line.split(|&byte| byte == b':').nth(index)
}

/// name:password:uid:gid:comment:home:shell
fn account(line: &[u8]) -> Option<Account> {
    let mut fields = line.splitn(7, |&byte| byte == b':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    let _password = fields.next()?;
    let uid = id(fields.next()?)?;
    let gid = id(fields.next()?)?;
    let _comment = fields.next();
    let home = fields.next().unwrap_or_default();
    let shell = fields.next().unwrap_or_default();
    Some(Account {
        name: CString::new(name).ok()?,
        uid: Uid::from_raw(uid),
        gid: Gid::from_raw(gid),
        home: CString::new(home).ok()?,
        shell: CString::new(shell).ok()?,
    })
}

/// name:password:gid:members
fn group_id(line: &[u8]) -> Option<Gid> {
    field(line, 2).and_then(id).map(Gid::from_raw)
}

fn has_member(line: &[u8], member: &[u8]) -> bool {
    let members = line.splitn(4, |&byte| byte == b':').nth(3).unwrap_or_default();
    members.split(|&byte| byte == b',').any(|listed| trim_start(listed) == member)
}

/// A number as strtoul reads it, but neither negative nor too large for an id.
fn id(field: &[u8]) -> Option<u32> {
    let field = trim_start(field);
    let digits = field.strip_prefix(b"+").unwrap_or(field);
    if digits.is_empty() {
        return None;
    }
    let add = |number: u32, &byte: &u8| number.checked_mul(10)?.checked_add(char::from(byte).to_digit(10)?);
    digits.iter().try_fold(0, add).filter(|&number| number != NO_ID)
}

/// The bytes from the first that is no space on.
pub(crate) fn trim_start(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|&byte| !is_space(byte)).unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}

/// A space to isspace(3): Rust's `is_ascii_whitespace` leaves out the vertical tab.
pub(crate) fn is_space(byte: u8) -> bool {
    byte == b' ' || (b'\t'..=b'\r').contains(&byte)
}

#[cfg(test)]
mod tests;
