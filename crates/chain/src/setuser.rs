//! setuser: run a program as an account, with its groups, in its home and with variables that say so: as
//! daemontools-encore documents it.
//!
//! The home is entered with the account's rights: root's could enter what is not the account's, and cannot enter what is
//! on a network folder.

use crate::environment::Environment;
use crate::ids::Ids;
use crate::next::{Next, chain_load};
use crate::runas::switch::switch;
use crate::setuidgid::account;
use accounts::Account;
use anyhow::Context;
use cli::text::shown;
use cli::{Failure, Program};
use nix::unistd::chdir;
use std::convert::Infallible;
use std::ffi::CStr;
use sys::entry::Args;

const PROGRAM: Program = Program { name: "setuser", usage: "setuser: usage: setuser account child" };

/// The program.
#[must_use]
pub fn run(args: Args) -> u8 {
    chain_load(PROGRAM, args, become_child)
}

fn become_child(args: &[&'static CStr]) -> Result<Infallible, Failure> {
    // No options: the first argument is the account, whatever it looks like.
    let [_, name, child @ ..] = args else { return Err(Failure::Usage(None)) };
    let mut next = Next::from_operands(child).ok_or(Failure::Usage(None))?;
    let account = account(name)?;
    become_account(&account)?;
    identify(&account, &mut next.environment);
    Ok(next.run()?)
}

fn become_account(account: &Account) -> anyhow::Result<()> {
    let groups = accounts::groups_of(account, account.gid)?;
    let name = || format!("unable to become {}", shown(account.name.to_bytes()));
    switch(&Ids { uid: account.uid, gid: account.gid, groups }).with_context(name)?;
    let home = account.home_folder();
    chdir(home).with_context(|| format!("unable to chdir to {}", shown(home.to_bytes())))
}

/// Sets what programs take for who they are, over what came from whoever started this.
fn identify(account: &Account, environment: &mut Environment) {
    environment.replace(b"HOME", account.home_folder().to_bytes());
    environment.replace(b"SHELL", account.login_shell().to_bytes());
    environment.replace(b"USER", account.name.to_bytes());
    environment.replace(b"GID", account.gid.to_string().as_bytes());
    environment.replace(b"UID", account.uid.to_string().as_bytes());
}
