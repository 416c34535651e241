//! `capabilities`: whether they can be given, and to this account.

use super::account::Whom;
use super::found::Found;
use super::subject::Subject;
use super::values::split;
use nix::errno::Errno;
use protocol::capability::{Set, can_be_given};
use protocol::folder::CAPABILITIES;
use protocol::report::Report;

/// What the account keeps of root's rights, if it may.
pub(super) fn examine(subject: &Subject<'_>, whom: Option<&Whom>, found: &mut Found) -> Set {
    let file = subject.file_of(CAPABILITIES);
    let set = match subject.sources.capabilities() {
        Ok(None) => return Set::default(),
        Ok(Some(set)) => set,
        Err(Report::Failed { errno, reason, .. }) => {
            if errno == 0 || !found.hides(Errno::from_raw(errno)) {
                let reason = reason.strip_prefix("capabilities: ").unwrap_or(&reason);
                let (what, cure) = split(reason, "remove it, or have the service run as root");
                found.fault("capabilities-bad", file, what, cure);
            }
            return Set::default();
        }
        Err(_) => return Set::default(),
    };
    let Some(whom) = whom else { return set };
    if let Some(uid) = whom.only {
        let what = format!("only root can give them, and this folder is uid {uid}'s to change");
        found.fault("capabilities-refused", file, what, "give the folder to root, or remove it");
    } else if subject.is_template && whom.user.is_none() {
        // An instance may have the `user`.
    } else if let Err(denied) = can_be_given(whom.user.as_ref(), subject.me.uid == 0) {
        let cure = "name an account other than root in user, under root's svscan, or remove it";
        found.fault("capabilities-refused", file, denied.to_string(), cure);
    }
    set
}
