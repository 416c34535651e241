//! Whom run runs as: whom `user` says, if those who can change the folder may say that.
//!
//! A logger without a run of its own, and without `user`, runs as the service whose log it is: then those who can change that
//! one's `user` have a say too.

use super::owner::{Me, Part, judge};
use super::service::{Logged, Service};
use super::sources::{Sources, failed};
use nix::unistd::{getegid, geteuid};
use protocol::folder::MAIN;
use protocol::report::{Report, Step};
use std::ffi::{CStr, CString};

/// Whom to become, as runas is told it.
#[derive(Debug)]
pub(super) struct Identity {
    /// As it is written; `None`: who supervise is.
    pub(super) account: Option<CString>,
    /// The one uid that the owners allow.
    pub(super) only: Option<u32>,
    /// Whom a dot stands for, where it was written in another folder than the current one.
    pub(super) dot: Option<u32>,
    /// What is to be made for it, in the current folder.
    pub(super) folder: Option<&'static CStr>,
}

/// Decides it. `logged` is for a logger without a run: the service to take it from where the folder itself says nothing.
/// `warn` gets what should be known.
pub(super) fn identity(
    service: &Service,
    sources: &Sources<'_>,
    logged: Option<&Logged>,
    trusting: bool,
    mut warn: impl FnMut(String),
) -> Result<Identity, Report> {
    let mut allowed = |parts: &[Part]| -> Result<Option<Part>, Report> {
        let me = Me { uid: geteuid().as_raw(), gid: getegid().as_raw() };
        let judgement = judge(parts, me).map_err(|reason| failed(Step::Owner, None, &reason))?;
        judgement.warnings.into_iter().for_each(&mut warn);
        Ok(judgement.only)
    };
    let mut parts = if trusting { Vec::new() } else { sources.parts()? };
    let mut only = allowed(&parts)?;
    let mut account = sources.user()?;
    let mut dot = None;
    if let (None, Some(logged)) = (&account, logged) {
        let of_service = Sources::of_logged(service, logged)?;
        if !trusting {
            parts.extend(of_service.parts_of_user()?);
            only = allowed(&parts)?;
        }
        account = of_service.user()?;
        dot = Some(of_service.owner()?).filter(|_| account.as_deref() == Some(c"."));
    }
    if let (Some(Part { what, uid, .. }), None) = (&only, &account) {
        let reason = format!(
            "{what} belongs to uid {uid}, so it only runs as that account: write its name, or a dot, into user"
        );
        return Err(failed(Step::Owner, None, &reason));
    }
    Ok(Identity { account, only: only.map(|part| part.uid), dot, folder: logged.map(|_| MAIN) })
}
