//! Whom it runs as: what supervise and runas would decide, asked of them.

use super::found::Found;
use super::quoted;
use super::scene::Who;
use super::subject::Subject;
use super::values::split;
use chain::ids::Ids;
use chain::runas::target::Target;
use nix::errno::Errno;
use nix::unistd::{Gid, Uid};
use protocol::folder::{RUN, USER};
use protocol::report::{Report, Step};
use protocol::user::{Groups, User};
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use supervision::supervise::account::{Identity, identity};
use supervision::supervise::owner::judge;
use sys::clock::wall;

/// Where accounts' days are counted.
const SHADOW: &str = "/etc/shadow";

/// Which of its fields behind the name is the day from which on an account has expired.
const EXPIRES: usize = 6;

const DAY: u64 = 86_400;

/// Whom a service runs as.
#[derive(Debug)]
pub(super) struct Whom {
    /// The account.
    pub(super) who: Who,
    /// What a process must become to be it.
    pub(super) target: Target,
    /// The one account that the owners of the folder allow.
    pub(super) only: Option<u32>,
    /// What `user` says.
    pub(super) user: Option<User>,
}

/// Decides it; `None` where nobody may or can run it, which has been told then.
pub(super) fn examine(subject: &Subject<'_>, found: &mut Found) -> Option<Whom> {
    let run = subject.sources.has(RUN).ok()?;
    let logged = subject.logged.filter(|_| !run);
    // What is wrong with the `user` of the service is told of the service.
    let is_another = logged.is_some() && matches!(subject.sources.has(USER), Ok(false));
    let before = found.findings.len();
    let mut warnings = Vec::new();
    let around = subject.around;
    let decided =
        identity(subject.me, &around.directory, &subject.sources, logged, around.trusting, |warning| {
            warnings.push(warning);
        });
    for warning in warnings {
        let cure = "chmod g-w on it, if that group is not to decide what runs";
        found.advice("group-writable", None, warning, cure);
    }
    let whom = match decided {
        Ok(identity) => become_it(subject, identity, found),
        Err(report) => {
            refuse(subject, report, found);
            None
        }
    };
    if is_another {
        found.take_back(before, |code| code.starts_with("user-") || code == "group-unknown");
    }
    whom
}

fn become_it(subject: &Subject<'_>, identity: Identity, found: &mut Found) -> Option<Whom> {
    let file = subject.file_of(USER);
    let user = identity.account.as_ref().and_then(|account| User::parse(account.to_bytes()).ok());
    let (target, is_named) = match &user {
        None | Some(User::Stay) => (keeper(subject, found)?, false),
        Some(user) => {
            let dot = Uid::from_raw(identity.dot.unwrap_or(subject.stat.st_uid));
            match Target::of(user, Some(dot)) {
                Ok(target) => (target, true),
                Err(error) => {
                    unknown(user, &cli::errno::chain(&error), &file, found);
                    return None;
                }
            }
        }
    };
    if let (Some(owner), Some(user)) = (identity.only, &user) {
        if let Err(error) = target.check_owner(user, Uid::from_raw(owner)) {
            let (what, cure) = split(&cli::errno::chain(&error), "write the owner into user");
            found.fault("owner-refused", file, what, cure);
            return None;
        }
    }
    let who = who(&target, is_named)?;
    if subject.me.uid != 0 && who.uid.as_raw() != subject.me.uid {
        let what =
            format!("supervise is run by uid {}, and only root's can become {}", subject.me.uid, who.shown());
        let cure = "remove user, or have the folder in the service directory of root's svscan";
        found.fault("user-not-permitted", file, what, cure);
        return None;
    }
    expired(&who, &file, found);
    Some(Whom { who, target, only: identity.only, user })
}

/// Who runs supervise, where nobody else is named.
fn keeper(subject: &Subject<'_>, found: &mut Found) -> Option<Target> {
    let (uid, gid) = (Uid::from_raw(subject.me.uid), Gid::from_raw(subject.me.gid));
    if uid == nix::unistd::geteuid() {
        return Some(Target::Stay);
    }
    match accounts::by_uid(uid) {
        Ok(Some(account)) => {
            let groups = accounts::groups_of(&account, account.gid).ok()?;
            Some(Target::Become(Ids { uid, gid: account.gid, groups }, Some(account)))
        }
        Ok(None) => Some(Target::Become(Ids { uid, gid, groups: vec![gid] }, None)),
        Err(_) => {
            found.is_partial = true;
            None
        }
    }
}

/// An account as findings name it.
pub(super) fn who(target: &Target, is_named: bool) -> Option<Who> {
    let Ids { uid, gid, groups } = target.ids().ok()?;
    let account = match target {
        Target::Become(_, account) => account.clone(),
        Target::Stay => accounts::by_uid(uid).ok().flatten(),
    };
    let text = |text: &std::ffi::CStr| OsStr::from_bytes(text.to_bytes()).to_owned();
    let name = account.as_ref().map(|account| text(&account.name));
    let home = account.as_ref().map(|account| PathBuf::from(text(account.home_folder())));
    Some(Who { uid, gid, groups, name, home, is_named })
}

fn unknown(user: &User, what: &str, file: &str, found: &mut Found) {
    let file = file.to_owned();
    let is_missing = |group: &CString| matches!(accounts::group_by_name(group), Ok(None));
    match user {
        User::Named { name, .. } if matches!(accounts::by_name(name), Ok(None)) => {
            let name = cli::text::shown(name.to_bytes());
            let cure = format!("useradd --system --create-home {name}, or write another account");
            found.fault("user-unknown", file, what, cure);
        }
        User::Named { groups: Groups::Primary(group), .. } if is_missing(group) => {
            found.fault("group-unknown", file, what, "groupadd it, or write another group");
        }
        User::Named { groups: Groups::Exactly(first, more), .. }
            if is_missing(first) || more.iter().any(is_missing) =>
        {
            found.fault("group-unknown", file, what, "groupadd it, or write another group");
        }
        _ => {
            let (what, cure) = split(what, "write another account");
            found.fault("user-refused", file, what, cure);
        }
    }
}

/// Why nobody may run it.
fn refuse(subject: &Subject<'_>, report: Report, found: &mut Found) {
    let Report::Failed { step, errno, reason } = report else { return };
    if errno != 0 && found.hides(Errno::from_raw(errno)) {
        return;
    }
    let parts = subject.sources.parts().unwrap_or_default();
    if step == Step::Owner && subject.is_template && judge(&parts, subject.me).is_ok() {
        // An instance may have the `user` that is missing here.
        return;
    }
    let file = subject.file_of(USER);
    let reason = reason.strip_prefix(&format!("{}: ", USER.to_string_lossy())).unwrap_or(&reason);
    let (what, cure) = split(reason, "have all of it belong to root, or to the account in user");
    // supervise is in the folder when it says so.
    let what = what.strip_prefix("it ").map_or_else(|| what.clone(), |what| format!("the folder {what}"));
    let everybodys = parts.iter().find(|part| part.mode.is_some_and(|mode| mode & 0o002 != 0));
    match (step, everybodys) {
        (Step::Owner, Some(part)) => {
            let cure = format!("chmod o-w {}", quoted(&path_of_part(subject, &part.what)));
            found.fault("world-writable", None, format!("{what}, so anybody decides what runs"), cure);
        }
        (Step::Owner, None) => found.fault("owner-refused", None, what, cure),
        (Step::User, _) => found.fault("user-bad", file, what, cure),
        _ => found.fault("folder-unusable", None, reason, "mend its owner and mode"),
    }
}

/// Where something is that has a say in what runs.
fn path_of_part(subject: &Subject<'_>, what: &str) -> PathBuf {
    match what.strip_prefix("the link ").unwrap_or(what) {
        "it" => subject.path.clone(),
        template if template.contains("@/") => subject.around.path.join(template),
        own => subject.path.join(own),
    }
}

/// An account that has expired runs services, as it always did; only it cannot log in, and somebody wanted it gone.
fn expired(who: &Who, file: &str, found: &mut Found) {
    let (Some(name), true) = (&who.name, who.is_named) else { return };
    let Ok(shadow) = std::fs::read(SHADOW) else { return };
    let Some(day) = expires(&shadow, name.as_bytes()) else { return };
    let today = wall().as_secs().checked_div(DAY).unwrap_or(0);
    if day <= today {
        let name = who.shown();
        let what = format!("the account {name} has expired: somebody meant it to be used no longer");
        found.advice(
            "user-expired",
            file.to_owned(),
            what,
            format!("chage -E -1 {name}, or write another account"),
        );
    }
}

/// The day since 1970 on which an account expires.
fn expires(shadow: &[u8], name: &[u8]) -> Option<u64> {
    let mut lines = shadow.split(|byte| *byte == b'\n').map(|line| line.split(|byte| *byte == b':'));
    let mut fields = lines.find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?;
    let day = fields.nth(EXPIRES)?;
    std::str::from_utf8(day).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_an_account_is_found() {
        let shadow = b"root:*:20000:0:99999:7:::\nbob:!:20000:0:99999:7::1:\nbobby:x:1:::::2:\n";
        assert_eq!(expires(shadow, b"root"), None);
        assert_eq!(expires(shadow, b"bob"), Some(1));
        assert_eq!(expires(shadow, b"bobby"), Some(2));
        assert_eq!(expires(shadow, b"nobody"), None);
    }
}
