//! Whom an account stands for: the numbers to become, and what the database says about them.

use super::switch::{switch, switch_with};
use crate::environment::Environment;
use crate::ids::Ids;
use accounts::Account;
use anyhow::{Context, anyhow, bail, ensure};
use cli::text::shown;
use nix::errno::Errno;
use nix::sys::stat::stat;
use nix::unistd::{Gid, Uid};
use protocol::capability::{Denied, Set};
use protocol::user::{Groups, User};
use std::ffi::{CStr, CString};
use sys::groups::supplementary;

/// Whom to be.
#[derive(Debug)]
pub enum Target {
    /// Who one is.
    Stay,
    /// These numbers, and the account that they belong to where there is one.
    Become(Ids, Option<Account>),
}

impl Target {
    /// Asks the database. Only the exact name `root` ever stands for uid 0. `dot` is whom a dot stands for, where that is
    /// not the owner of the current folder.
    ///
    /// # Errors
    ///
    /// Why it stands for nobody.
    pub fn of(user: &User, dot: Option<Uid>) -> anyhow::Result<Self> {
        match user {
            User::Stay => Ok(Self::Stay),
            User::FolderOwner => Self::account(folder_owner(dot)?, &Groups::Database),
            User::Named { name, groups } => {
                let shown = shown(name.to_bytes());
                let account = accounts::by_name(name)?.ok_or_else(|| unknown_account(name))?;
                let is_root = account.uid.is_root();
                ensure!(
                    !is_root || name.as_c_str() == c"root",
                    "account {shown} has uid 0: write root if that is meant"
                );
                Self::account(account, groups)
            }
            User::Numbers { uid, gid } => {
                let (uid, gid) = (Uid::from_raw(*uid), Gid::from_raw(*gid));
                Ok(Self::Become(Ids { uid, gid, groups: vec![gid] }, accounts::by_uid(uid)?))
            }
        }
    }

    fn account(account: Account, groups: &Groups) -> anyhow::Result<Self> {
        let (gid, groups) = match groups {
            Groups::Database => (account.gid, accounts::groups_of(&account, account.gid)?),
            Groups::Primary(primary) => {
                let gid = group(primary)?;
                (gid, accounts::groups_of(&account, gid)?)
            }
            Groups::Exactly(primary, others) => {
                let gid = group(primary)?;
                let others = others.iter().map(|name| group(name)).collect::<anyhow::Result<Vec<_>>>()?;
                (gid, [vec![gid], others].concat())
            }
        };
        Ok(Self::Become(Ids { uid: account.uid, gid, groups }, Some(account)))
    }

    /// Makes sure that it is the owner of a folder whom that folder asks for.
    ///
    /// # Errors
    ///
    /// Anybody else; and the owner too where groups, numbers or nobody at all are asked for.
    pub fn check_owner(&self, written: &User, owner: Uid) -> anyhow::Result<()> {
        let plain = matches!(written, User::FolderOwner | User::Named { groups: Groups::Database, .. });
        if plain && self.uid() == owner {
            return Ok(());
        }
        match accounts::by_uid(owner)? {
            None => bail!(
                "the folder belongs to uid {owner}, which has no account: give it to root or to an account"
            ),
            Some(account) => {
                let name = shown(account.name.to_bytes());
                bail!(
                    "the folder belongs to {name} (uid {owner}), so it can only run as {name}: write {name} into user"
                )
            }
        }
    }

    /// The user that the child will run as.
    #[must_use]
    pub fn uid(&self) -> Uid {
        match self {
            Self::Stay => Uid::effective(),
            Self::Become(ids, _) => ids.uid,
        }
    }

    /// The primary group that the child will run with.
    #[must_use]
    pub fn gid(&self) -> Gid {
        match self {
            Self::Stay => Gid::effective(),
            Self::Become(ids, _) => ids.gid,
        }
    }

    /// All of its numbers.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn ids(&self) -> Result<Ids, Errno> {
        match self {
            Self::Stay => Ok(Ids { uid: self.uid(), gid: self.gid(), groups: supplementary()? }),
            Self::Become(ids, _) => Ok(ids.clone()),
        }
    }

    /// Becomes it, with these capabilities where there are any to keep.
    ///
    /// # Errors
    ///
    /// Why it cannot; the process is of no use then.
    pub fn switch(&self, capabilities: Option<Set>) -> anyhow::Result<()> {
        match (self, capabilities) {
            (Self::Stay, None) => Ok(()),
            (Self::Stay, Some(_)) => Err(Denied::Nobody.into()),
            (Self::Become(ids, _), None) => switch(ids),
            (Self::Become(ids, _), Some(set)) => switch_with(ids, set),
        }
    }

    /// The home folder.
    pub(crate) fn home(&self) -> anyhow::Result<CString> {
        let own = || accounts::by_uid(self.uid());
        let account = match self {
            Self::Stay => own()?,
            Self::Become(_, account) => account.clone(),
        };
        let account =
            account.with_context(|| format!("uid {} has no account, and so no home folder", self.uid()))?;
        Ok(account.home_folder().to_owned())
    }

    /// Sets what programs take for who they are, over what came from whoever started this.
    pub(crate) fn identify(&self, environment: &mut Environment) {
        let Self::Become(ids, account) = self else { return };
        let account = account.as_ref();
        let values = [
            (&b"HOME"[..], account.map(Account::home_folder)),
            (b"USER", account.map(|account| account.name.as_c_str())),
            (b"LOGNAME", account.map(|account| account.name.as_c_str())),
            (b"SHELL", account.map(Account::login_shell)),
        ];
        for (name, value) in values {
            environment.remove(name);
            if let Some(value) = value {
                environment.set(name, value.to_bytes());
            }
        }
        environment.replace(b"UID", ids.uid.to_string().as_bytes());
        environment.replace(b"GID", ids.gid.to_string().as_bytes());
    }
}

fn unknown_account(name: &CStr) -> anyhow::Error {
    let numeric = name.to_bytes().iter().all(u8::is_ascii_digit);
    let hint = if numeric { ": numbers are written :UID:GID" } else { "" };
    anyhow!("unknown account {}{hint}", shown(name.to_bytes()))
}

fn folder_owner(dot: Option<Uid>) -> anyhow::Result<Account> {
    let (what, uid) = match dot {
        Some(uid) => ("the service's folder", uid),
        None => {
            let stat = stat(c".").context("unable to stat the current folder")?;
            ("the current folder", Uid::from_raw(stat.st_uid))
        }
    };
    ensure!(!uid.is_root(), "{what} belongs to root: write root if that is meant");
    accounts::by_uid(uid)?.ok_or_else(|| anyhow!("{what} belongs to uid {uid}, which has no account"))
}

fn group(name: &CStr) -> anyhow::Result<Gid> {
    let shown = shown(name.to_bytes());
    let gid = accounts::group_by_name(name)?.ok_or_else(|| anyhow!("unknown group {shown}"))?;
    let is_root = gid.as_raw() == 0;
    ensure!(!is_root || name == c"root", "group {shown} has gid 0: write root if that is meant");
    Ok(gid)
}
