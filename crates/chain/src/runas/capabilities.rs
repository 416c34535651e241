//! `-k`: the capabilities that an account keeps when root becomes it, these and no others.
//!
//! They are taken in three steps of the switch, and at its end all five sets are read back. That the bounding set has no
//! others either means that a set-user-ID program, too, gets no more than these.

use anyhow::{Context, bail, ensure};
use nix::sys::prctl::set_keepcaps;
use protocol::capability::{Set, can_be_given, parse_name};
use protocol::user::User;
use sys::capability::{Sets, known, sets};

/// What the names stand for, and whether that account can have it; `None` where there are no names.
pub(crate) fn asked_for(names: &[&[u8]], user: &User) -> anyhow::Result<Option<Set>> {
    if names.is_empty() {
        return Ok(None);
    }
    let set = names.iter().map(|name| parse_name(name)).collect::<Result<Set, _>>()?;
    can_be_given(Some(user), true)?;
    Ok(Some(set))
}

/// Before the change of user: gives up all others for what is executed later, and has these outlive the change.
pub(crate) fn bound_to(set: Set) -> anyhow::Result<()> {
    let known = known().context("unable to find out which capabilities the kernel has")?;
    let unknown = set.iter().find(|capability| !known.contains(&capability.number()));
    if let Some(capability) = unknown {
        bail!("this kernel has no {capability}");
    }
    let Sets { permitted, bounding, .. } = current()?;
    let missing = set.iter().find(|capability| permitted & bounding & 1 << capability.number() == 0);
    if let Some(capability) = missing {
        bail!(
            "root itself has no {capability} here: a container, or whoever started this, has taken it away"
        );
    }
    sys::capability::bound_to(set.bits()).context("unable to reduce the bounding set")?;
    set_keepcaps(true).context("unable to keep capabilities over the change of user")
}

/// After it: gives up all others.
pub(crate) fn reduce_to(set: Set) -> anyhow::Result<()> {
    sys::capability::set(set.bits()).context("unable to give up the other capabilities")
}

/// At the very end: passes them on to what is executed next, and makes sure that all is as it was asked for.
pub(crate) fn raise(set: Set) -> anyhow::Result<()> {
    for capability in set.iter() {
        sys::capability::raise_ambient(capability.number())
            .with_context(|| format!("unable to make {capability} ambient"))?;
    }
    let exactly = set.bits();
    let wanted = Sets {
        effective: exactly,
        permitted: exactly,
        inheritable: exactly,
        bounding: exactly,
        ambient: exactly,
    };
    ensure!(current()? == wanted, "the system reports no error, but the capabilities are not as asked");
    Ok(())
}

/// Whether what is executed next has these already, and no others.
pub(crate) fn are_held(set: Set) -> anyhow::Result<bool> {
    Ok(current()?.ambient == set.bits())
}

fn current() -> anyhow::Result<Sets> {
    sets().context("unable to read the capabilities")
}
