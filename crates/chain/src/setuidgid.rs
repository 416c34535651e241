//! setuidgid: run a program as an account, as in daemontools 0.76 to the byte; and `-s`, as in daemontools-encore.

use crate::ids::Ids;
use crate::next::{Next, chain_load};
use anyhow::{Context, anyhow};
use cli::text::shown;
use cli::{Failure, Program};
use nix::unistd::{setgid, setgroups, setuid};
use std::convert::Infallible;
use std::ffi::CStr;
use sys::entry::Args;

const PROGRAM: Program = Program { name: "setuidgid", usage: "setuidgid: usage: setuidgid account child" };

/// The program.
#[must_use]
pub fn run(args: Args) -> u8 {
    chain_load(PROGRAM, args, become_child)
}

fn become_child(args: &[&'static CStr]) -> Result<Infallible, Failure> {
    // Not getopt: in 0.76 the first argument is the account, whatever it looks like, and there is one exception.
    let (all_groups, operands) = match args {
        [_, option, operands @ ..] if *option == c"-s" => (true, operands),
        [_, operands @ ..] => (false, operands),
        [] => (false, args),
    };
    let (account, child) = operands.split_first().ok_or(Failure::Usage(None))?;
    let next = Next::from_operands(child).ok_or(Failure::Usage(None))?;
    switch(&ids(account, all_groups)?)?;
    Ok(next.run()?)
}

fn ids(name: &CStr, all_groups: bool) -> anyhow::Result<Ids> {
    let account = account(name)?;
    let groups = if all_groups { accounts::groups_of(&account, account.gid)? } else { vec![account.gid] };
    Ok(Ids { uid: account.uid, gid: account.gid, groups })
}

/// The account of that name, or daemontools' words for that there is none.
pub(crate) fn account(name: &CStr) -> anyhow::Result<accounts::Account> {
    accounts::by_name(name)?.ok_or_else(|| anyhow!("unknown account {}", shown(name.to_bytes())))
}

fn switch(ids: &Ids) -> anyhow::Result<()> {
    setgroups(&ids.groups).and_then(|()| setgid(ids.gid)).context("unable to setgid")?;
    setuid(ids.uid).context("unable to setuid")?;
    ids.verify().context("unable to setuid")
}
