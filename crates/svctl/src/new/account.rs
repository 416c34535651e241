//! Whether a service can be made for an account.

use super::fault;
use crate::check::Finding;
use cli::text::shown;
use nix::unistd::{Uid, geteuid};
use protocol::user::{Groups, User};
use std::ffi::CStr;

/// Looks an account up, as it is written in a `user` file.
///
/// # Errors
///
/// Why it would not run as that account, and what to do.
pub(super) fn examine(text: &str, name: &str) -> Result<(), Finding> {
    let user = User::parse(text.as_bytes()).map_err(|odd| {
        let cure = format!("write the account's name: svctl new {name} --user bob ...");
        fault("odd-user", format!("{text:?} is no account: {odd}"), cure)
    })?;
    let me = geteuid();
    let uid = match &user {
        User::Stay => me,
        User::FolderOwner if me.is_root() => {
            return Err(fault(
                "odd-user",
                "the folder will be root's, so a dot, which means its owner, would mean root".to_owned(),
                "name the account; or --user root if that is meant".to_owned(),
            ));
        }
        User::FolderOwner => me,
        User::Numbers { uid, .. } => Uid::from_raw(*uid),
        User::Named { name: account, groups } => {
            let uid =
                known(account, accounts::by_name(account).map(|account| Some(account?.uid)), "account")?;
            for group in named(groups) {
                known(group, accounts::group_by_name(group), "group")?;
            }
            uid
        }
    };
    if me.is_root() || uid == me {
        return Ok(());
    }
    let mine = accounts::by_uid(me).ok().flatten();
    let mine =
        mine.map_or_else(|| format!("uid {me}"), |account| shown(account.name.to_bytes()).into_owned());
    Err(fault(
        "not-root",
        format!("you are {mine}, and only root's services can run as {text}"),
        format!("sudo svctl new {name} --user {text} ..., or leave --user out, and it runs as {mine}"),
    ))
}

fn named(groups: &Groups) -> impl Iterator<Item = &CStr> {
    let (first, others) = match groups {
        Groups::Database => (None, &[][..]),
        Groups::Primary(first) => (Some(first), &[][..]),
        Groups::Exactly(first, others) => (Some(first), others.as_slice()),
    };
    first.into_iter().chain(others).map(|name| name.as_c_str())
}

/// The number of an account or a group that is there.
fn known<N>(name: &CStr, found: Result<Option<N>, accounts::LookupError>, kind: &str) -> Result<N, Finding> {
    let name = shown(name.to_bytes());
    match found {
        Ok(Some(number)) => Ok(number),
        Ok(None) => {
            let add = if kind == "group" { "groupadd --system" } else { "useradd --system --create-home" };
            let code = if kind == "group" { "unknown-group" } else { "unknown-account" };
            Err(fault(
                code,
                format!("there is no {kind} {name}"),
                format!("name one that is there, or make it: {add} {name}"),
            ))
        }
        Err(why) => Err(fault(
            "unknown-account",
            why.to_string(),
            "try again when the database of accounts can be asked".to_owned(),
        )),
    }
}
