//! What an account gets at: the folder, its programs, their interpreters, what run names. Each thing that stops it is told once, with
//! the first folder on the way that does.

use super::access::{Answer, Asker, Want};
use super::found::Found;
use super::quoted;
use super::scene::Who;
use cli::errno::text;
use cli::text::shown;
use nix::unistd::{AccessFlags, Uid};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// An account, and what it has been found not to get at.
#[derive(Debug)]
pub(super) struct Reach<'a> {
    /// Who is meant.
    pub(super) who: &'a Who,
    asker: Option<Asker<'a>>,
    blocked: Vec<PathBuf>,
}

/// What findings say of something that an account should get at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<'a> {
    /// The file that it is about.
    pub(super) file: &'a str,
    /// What it is: `its interpreter /bin/sh`.
    pub(super) what: &'a str,
    /// What the account may not do: `execute`, `read`.
    pub(super) verb: &'a str,
    /// The code where it is not there.
    pub(super) missing: &'static str,
    /// The code where it may not be used.
    pub(super) refused: &'static str,
}

impl<'a> Reach<'a> {
    /// That of an account; `asker` is nobody where it cannot be tried.
    pub(super) fn of(who: &'a Who, asker: Option<Asker<'a>>) -> Self {
        Self { who, asker, blocked: Vec::new() }
    }

    /// Tries each; `None`, which is noted, where that cannot be done.
    pub(super) fn try_all(&self, wants: &[Want], found: &mut Found) -> Option<Vec<Answer>> {
        let answers = self.asker.as_ref().and_then(|asker| asker.try_all(wants));
        found.is_partial |= answers.is_none();
        answers
    }

    /// Tries one thing, and tells where it cannot be had. Whether it can; also where that is not known.
    pub(super) fn needs(&mut self, want: Want, told: Told<'_>, found: &mut Found) -> bool {
        let answer =
            self.try_all(std::slice::from_ref(&want), found).and_then(|answers| answers.into_iter().next());
        answer.is_none_or(|answer| self.tell(&want, answer, told, found))
    }

    /// Tells what stops the account. Whether nothing does.
    pub(super) fn tell(&mut self, want: &Want, answer: Answer, told: Told<'_>, found: &mut Found) -> bool {
        let who = self.who.shown();
        let Told { file, what, verb, missing, refused } = told;
        let file = file.to_owned();
        match answer {
            Answer::Yes => return true,
            Answer::Missing => {
                found.fault(missing, file, format!("{what} does not exist"), "write where it is, or make it");
            }
            Answer::Blocked(folder) => self.block(&folder, file, what, found),
            Answer::Refused(nix::errno::Errno::EROFS) => {
                let cure = "use another folder, or remount it";
                found.fault(
                    refused,
                    file,
                    format!("{what} is on a file system that nobody can write to"),
                    cure,
                );
            }
            Answer::Refused(_) => {
                let cure = permission(&want.path, want.access, self.who);
                let about = described(&want.path);
                found.fault(refused, file, format!("{who} may not {verb} {what} ({about})"), cure);
            }
            Answer::Broken(error) => {
                found.fault(
                    missing,
                    file,
                    format!("{what} cannot be used: {}", text(error)),
                    "mend its path",
                );
            }
        }
        false
    }

    /// Tells of a folder on the way, once.
    fn block(&mut self, folder: &Path, file: String, what: &str, found: &mut Found) {
        if self.blocked.iter().any(|blocked| blocked == folder) {
            return;
        }
        self.blocked.push(folder.to_owned());
        let (what, cure) = self.stopped(folder, what);
        found.fault("unreachable", file, what, cure);
    }

    /// Notes that of a folder enough has been said.
    pub(super) fn has_told(&mut self, folder: PathBuf) {
        self.blocked.push(folder);
    }

    /// What is said of a folder that stops the account on its way, and what can be done.
    pub(super) fn stopped(&self, folder: &Path, what: &str) -> (String, String) {
        let who = self.who.shown();
        let what = format!(
            "{who} may not go through the folder {} ({}), which is on the way to {what}",
            shown(folder.as_os_str().as_bytes()),
            described(folder)
        );
        (what, permission(folder, AccessFlags::X_OK, self.who))
    }
}

/// Whose something is, and its mode.
pub(super) fn described(path: &Path) -> String {
    match std::fs::metadata(path) {
        Ok(stat) => format!("mode {:04o}, {}'s", stat.mode() & 0o7777, account(stat.uid())),
        Err(_) => "hidden from us".to_owned(),
    }
}

/// An account's name, or its number.
pub(super) fn account(uid: u32) -> String {
    let account = accounts::by_uid(Uid::from_raw(uid)).ok().flatten();
    account.map_or_else(|| format!("uid {uid}"), |account| account.name.to_string_lossy().into_owned())
}

/// A command that would give the account the right: to its owner, else its group, else everybody.
fn permission(path: &Path, access: AccessFlags, who: &Who) -> String {
    let letters = [(AccessFlags::R_OK, 'r'), (AccessFlags::W_OK, 'w'), (AccessFlags::X_OK, 'x')];
    let letters: String =
        letters.into_iter().filter(|(flag, _)| access.contains(*flag)).map(|(_, letter)| letter).collect();
    let stat = std::fs::metadata(path).ok();
    let path = quoted(path);
    let is_group = |stat: &std::fs::Metadata| {
        stat.gid() != 0 && who.groups.iter().any(|group| group.as_raw() == stat.gid())
    };
    match stat {
        Some(stat) if stat.uid() == who.uid.as_raw() => format!("chmod u+{letters} {path}"),
        Some(stat) if is_group(&stat) => format!("chmod g+{letters} {path}"),
        _ if letters.contains('w') => format!("chown {} {path}", who.shown()),
        _ => format!(
            "chmod o+{letters} {path}, or for this account alone: setfacl -m u:{}:{letters} {path}",
            who.uid
        ),
    }
}
