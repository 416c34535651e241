//! `env/`: variables, a file each.

use super::access::Want;
use super::account::Whom;
use super::found::Found;
use super::scene::{Environment, Who};
use super::subject::Subject;
use chain::runas::target::Target;
use cli::text::shown;
use nix::sys::stat::{FileStat, fstat};
use nix::unistd::{AccessFlags, Uid};
use protocol::control::path_of;
use protocol::environment::{is_possible, is_variable, value};
use protocol::file::{Unusable, look, names, open_regular, read_all};
use protocol::folder::ENV;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The longest file: the kernel takes no longer variable.
const LONGEST: usize = 128 * 1024;

/// What the folders say.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// Set, or removed.
    pub(super) settings: BTreeMap<OsString, Option<OsString>>,
    /// The files that the account must be able to read itself, as findings name them.
    pub(super) wants: Vec<(String, Want)>,
}

/// Reads them as a start would, for an account.
pub(super) fn examine(subject: &Subject<'_>, account: Option<Uid>, found: &mut Found) -> Variables {
    let mut variables = Variables::default();
    let folders = match subject.sources.variables() {
        Ok(folders) => folders,
        Err(report) => {
            let cure = "make it a folder with a file for each variable, or remove it";
            found.report("env-unusable", subject.file_of(ENV), report, cure);
            return variables;
        }
    };
    let with_env =
        subject.sources.all().rev().filter(|source| matches!(look(&source.folder, ENV), Ok(Some(_))));
    for (folder, source) in folders.iter().zip(with_env) {
        let called = &subject.called(source, ENV);
        one(folder, called, account, &mut variables, found);
    }
    variables
}

fn one(folder: &OwnedFd, called: &str, account: Option<Uid>, variables: &mut Variables, found: &mut Found) {
    let mut all = match names(folder) {
        Ok(all) => all,
        Err(error) => return found.system("env-unusable", called, error, "chmod u+rx it"),
    };
    all.sort();
    let path = path_of(folder).unwrap_or_default();
    let folder_is_roots = fstat(folder).is_ok_and(|stat| only_root_writes(&stat));
    for name in all.iter().filter(|name| is_variable(name.to_bytes())) {
        let file = format!("{called}/{}", shown(name.to_bytes()));
        if !is_possible(name.to_bytes()) {
            let what = "a variable cannot have = in its name, so the service does not start";
            found.fault(
                "variable-name",
                file,
                what,
                "name the file after the variable, and write the value into it",
            );
            continue;
        }
        let Some((stat, content)) = content(folder, name, &file, found) else { continue };
        if !(folder_is_roots && only_root_writes(&stat)) {
            let here = path.join(OsStr::from_bytes(name.to_bytes()));
            variables.wants.push((file.clone(), Want::new(here, AccessFlags::R_OK)));
            writers(&stat, account, &file, found);
        }
        odd(name, &content, &file, found);
        let setting = value(&content).map(OsString::from_vec);
        variables.settings.insert(OsStr::from_bytes(name.to_bytes()).to_owned(), setting);
    }
}

fn content(folder: &OwnedFd, name: &CString, file: &str, found: &mut Found) -> Option<(FileStat, Vec<u8>)> {
    match open_regular(folder, name) {
        Ok(None) => None,
        Ok(Some((mut opened, stat))) => match read_all(&mut opened, LONGEST) {
            Ok(content) => Some((stat, content)),
            Err(why) => {
                found.unusable("variable-unusable", file, why, "make it a file of at most 128 kB");
                None
            }
        },
        Err(Unusable::NotRegular) => {
            let what = "it is no regular file, so it is passed over";
            found.advice(
                "variable-skipped",
                file.to_owned(),
                what,
                "write the value into a file of that name",
            );
            None
        }
        Err(why) => {
            found.unusable(
                "variable-unusable",
                file,
                why,
                "give it to root or to the account of the service",
            );
            None
        }
    }
}

/// What the account itself would be asked to trust.
fn writers(stat: &FileStat, account: Option<Uid>, file: &str, found: &mut Found) {
    if stat.st_mode & 0o002 != 0 {
        found.fault("world-writable", file.to_owned(), "everybody can write to it", "chmod o-w on it");
    }
    if let Some(account) = account.filter(|account| stat.st_uid != 0 && stat.st_uid != account.as_raw()) {
        let what =
            format!("it belongs to uid {}, not to root or uid {account}, so it is not used", stat.st_uid);
        found.fault("variable-owner", file.to_owned(), what, format!("chown {account} on it"));
    }
}

/// What is read otherwise than somebody meant it.
fn odd(name: &CStr, content: &[u8], file: &str, found: &mut Found) {
    let first = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let rest = content.get(first.len()..).unwrap_or_default();
    if rest.iter().any(|byte| !byte.is_ascii_whitespace()) {
        let what = "only its first line counts, and there are more";
        let cure = "write one line; a NUL in it stands for a newline";
        found.advice("variable-lines", file.to_owned(), what, cure);
    }
    if first.ends_with(b"\r") {
        let what = "its line ends with a carriage return, which is part of the value";
        found.advice("variable-line-end", file.to_owned(), what, "sed -i 's/\\r$//' on it");
    }
    if first.strip_prefix(name.to_bytes()).is_some_and(|behind| behind.starts_with(b"=")) {
        let what = "the value begins with the variable's own name and =";
        found.advice("variable-assignment", file.to_owned(), what, "write the value alone");
    }
}

fn only_root_writes(stat: &FileStat) -> bool {
    stat.st_uid == 0 && stat.st_mode & 0o022 == 0
}

/// What run gets: what svscan has, then who it is, then `env/`.
pub(super) fn environment(subject: &Subject<'_>, whom: Option<&Whom>, variables: &Variables) -> Environment {
    let mut environment = subject.around.environment.clone();
    let mut set = |name: &str, value: Option<OsString>| match value {
        Some(value) => drop(environment.variables.insert(name.into(), value)),
        None => drop(environment.variables.remove(OsStr::new(name))),
    };
    if let Some(instance) = subject.sources.instance() {
        set("INSTANCE", Some(OsStr::from_bytes(instance.to_bytes()).to_owned()));
    }
    if let Some(Whom { who: who @ Who { is_named: true, .. }, target, .. }) = whom {
        set("HOME", who.home.clone().map(Into::into));
        set("USER", who.name.clone());
        set("LOGNAME", who.name.clone());
        let shell = match target {
            Target::Become(_, Some(account)) => Some(account.login_shell()),
            _ => None,
        };
        set("SHELL", shell.map(|shell: &CStr| OsStr::from_bytes(shell.to_bytes()).to_owned()));
        set("UID", Some(who.uid.to_string().into()));
        set("GID", Some(who.gid.to_string().into()));
    }
    for (name, value) in &variables.settings {
        set(&name.to_string_lossy(), value.clone());
    }
    environment
}
