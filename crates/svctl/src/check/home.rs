//! HOME: whether an account that people log in with, or a variable that somebody set, leads to a folder that can be used.

use super::access::{Answer, Want};
use super::found::Found;
use super::reach::{Reach, described};
use super::scene::Environment;
use cli::text::shown;
use nix::unistd::AccessFlags;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The numbers of accounts that people log in with. Those of services often have a HOME that is not there, on purpose.
const PEOPLE: std::ops::RangeInclusive<u32> = 1000..=59_999;

/// Looks at it. `file` is what has set it, where that is a variable of the folder's.
pub(super) fn examine(environment: &Environment, file: Option<String>, reach: &Reach<'_>, found: &mut Found) {
    let is_a_persons = reach.who.is_named && PEOPLE.contains(&reach.who.uid.as_raw());
    if !is_a_persons && file.is_none() {
        return;
    }
    let Some(home) = environment.get("HOME").map(Path::new) else { return };
    let name = shown(home.as_os_str().as_bytes());
    let who = reach.who.shown();
    let cure = "make it and give it to the account, or set another in env/HOME";
    if !home.is_absolute() {
        let what = format!("HOME is {name}, which is no absolute path");
        return found.advice("home-missing", file, what, "write the whole path");
    }
    let wants = [Want::new(home, AccessFlags::W_OK | AccessFlags::X_OK)];
    let answer = reach.try_all(&wants, found).and_then(|answers| answers.into_iter().next());
    match answer {
        None => {}
        Some(Answer::Missing) => {
            found.advice("home-missing", file, format!("HOME, which is {name}, does not exist"), cure);
        }
        Some(_) if home.metadata().is_ok_and(|stat| !stat.is_dir()) => {
            found.advice("home-not-a-folder", file, format!("HOME, which is {name}, is not a folder"), cure);
        }
        Some(Answer::Yes) => {}
        Some(_) => {
            let what = format!("{who} may not write to HOME, which is {name} ({})", described(home));
            found.advice("home-not-writable", file, what, cure);
        }
    }
}
