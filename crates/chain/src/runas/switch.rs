//! Becoming somebody else: in the one order that works, nothing believed that was not read back, and no way back.

use crate::ids::Ids;
use anyhow::{Context, bail};
use nix::errno::Errno;
use nix::unistd::{Uid, setgroups, setresgid, setresuid};

/// Makes this process exactly that. Nothing happens where it is that already, so that an account can always run
/// programs as itself.
pub(crate) fn switch(ids: &Ids) -> anyhow::Result<()> {
    if ids.are_current()? {
        return Ok(());
    }
    match setgroups(&ids.groups) {
        Err(Errno::EPERM) if !Uid::effective().is_root() => {
            return Err(Errno::EPERM).context("only root can change its user and groups");
        }
        result => result.context("unable to set the supplementary groups")?,
    }
    setresgid(ids.gid, ids.gid, ids.gid).with_context(|| format!("unable to set gid {}", ids.gid))?;
    setresuid(ids.uid, ids.uid, ids.uid).with_context(|| format!("unable to set uid {}", ids.uid))?;
    if !ids.uid.is_root() {
        sys::capability::give_up_all().context("unable to give up capabilities")?;
    }
    ids.verify()?;
    if ids.uid.is_root() { Ok(()) } else { try_the_way_back() }
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
