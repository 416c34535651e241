//! Becoming somebody else: in the one order that works, nothing believed that was not read back, and no way back.

use super::capabilities::{are_held, bound_to, raise, reduce_to};
use crate::ids::Ids;
use anyhow::{Context, bail, ensure};
use nix::errno::Errno;
use nix::unistd::{Uid, setgroups, setresgid, setresuid};
use protocol::capability::{Denied, Set};

/// Makes this process exactly that. Nothing happens where it is that already, so that an account can always run
/// programs as itself.
pub(crate) fn switch(ids: &Ids) -> anyhow::Result<()> {
    if ids.are_current()? {
        return Ok(());
    }
    change(ids)?;
    if ids.uid.is_root() {
        return ids.verify();
    }
    sys::capability::give_up_all().context("unable to give up capabilities")?;
    ids.verify()?;
    try_the_way_back()
}

/// As [`switch`], to somebody other than root who has these capabilities from then on. They are made ambient last of all:
/// until everything else has been read back, nothing that would be executed had them.
pub(crate) fn switch_with(ids: &Ids, capabilities: Set) -> anyhow::Result<()> {
    ensure!(!ids.uid.is_root(), Denied::Root);
    if ids.are_current()? {
        ensure!(are_held(capabilities)?, "who is that account already cannot give himself capabilities");
        return Ok(());
    }
    ensure_root()?;
    bound_to(capabilities)?;
    change(ids)?;
    reduce_to(capabilities)?;
    ids.verify()?;
    try_the_way_back()?;
    raise(capabilities)
}

fn change(ids: &Ids) -> anyhow::Result<()> {
    match setgroups(&ids.groups) {
        Err(Errno::EPERM) => {
            ensure_root()?;
            Err(Errno::EPERM)
        }
        result => result,
    }
    .context("unable to set the supplementary groups")?;
    setresgid(ids.gid, ids.gid, ids.gid).with_context(|| format!("unable to set gid {}", ids.gid))?;
    setresuid(ids.uid, ids.uid, ids.uid).with_context(|| format!("unable to set uid {}", ids.uid))
}

fn ensure_root() -> anyhow::Result<()> {
    if Uid::effective().is_root() {
        return Ok(());
    }
    Err(Errno::EPERM).context("only root can change its user and groups")
}

/// EPERM is what the kernel must say, or EINVAL in a user namespace that has no root at all.
fn try_the_way_back() -> anyhow::Result<()> {
    const ROOT: Uid = Uid::from_raw(0);
    match setresuid(ROOT, ROOT, ROOT) {
        Err(Errno::EPERM | Errno::EINVAL) => Ok(()),
        Err(error) => Err(error).context("unable to make sure that there is no way back to root"),
        Ok(()) => bail!("there would be a way back to root"),
    }
}
