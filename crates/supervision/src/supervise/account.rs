//! Whom run runs as: whom `user` says, if those who can change the folder may say that.
//!
//! A logger without a run of its own, and without `user`, runs as the service whose log it is: then those who can change that
//! one's `user` have a say too.

use super::owner::{Me, Part, judge};
use super::service::Logged;
use super::sources::{Sources, failed};
use protocol::folder::MAIN;
use protocol::report::{Report, Step};
use std::ffi::{CStr, CString};
use std::os::fd::AsFd;

/// Whom to become, as runas is told it.
#[derive(Debug)]
pub struct Identity {
    /// As it is written; `None`: who supervise is.
    pub account: Option<CString>,
    /// The one uid that the owners allow.
    pub only: Option<u32>,
    /// Whom a dot stands for, where it was written in another folder than the current one.
    pub dot: Option<u32>,
    /// What is to be made for it, in the current folder.
    pub folder: Option<&'static CStr>,
}

/// Decides it for a supervise that is run by `me`. `logged` is for a logger without a run: the service, in that service directory, to
/// take it from where the folder itself says nothing. `warn` gets what should be known.
///
/// # Errors
///
/// Why it may not run, or as whom cannot be read.
pub fn identity(
    me: Me,
    directory: impl AsFd,
    sources: &Sources<'_>,
    logged: Option<&Logged>,
    trusting: bool,
    mut warn: impl FnMut(String),
) -> Result<Identity, Report> {
    let mut allowed = |parts: &[Part]| -> Result<Option<Part>, Report> {
        let judgement = judge(parts, me).map_err(|reason| failed(Step::Owner, None, &reason))?;
        judgement.warnings.into_iter().for_each(&mut warn);
        Ok(judgement.only)
    };
    let mut parts = if trusting { Vec::new() } else { sources.parts()? };
    let mut only = allowed(&parts)?;
    let mut account = sources.user()?;
    let mut dot = None;
    if let (None, Some(logged)) = (&account, logged) {
        let of_service = Sources::of_logged(directory, logged)?;
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
