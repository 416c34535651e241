//! `listen`: whether supervise could open what it names.

use super::found::Found;
use super::subject::Subject;
use super::values::split;
use nix::unistd::geteuid;
use protocol::folder::LISTEN;
use protocol::listen::{self, Access, Address, Listen};
use protocol::report::Step;
use std::ffi::CStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use supervision::supervise::sockets::{holder, way};

/// The first port that everybody may listen on, where the system does not say it.
const FIRST_FREE: u16 = 1024;

/// Reads the file. `only` is the one account that the folder may run as, if it is not root's; `is_kept` says that a supervise has its
/// sockets already.
pub(super) fn examine(
    subject: &Subject<'_>,
    only: Option<u32>,
    is_kept: bool,
    found: &mut Found,
) -> Vec<Listen> {
    let file = subject.file_of(LISTEN);
    let content = match subject.sources.list(LISTEN, Step::Sockets) {
        Ok(None) => return Vec::new(),
        Ok(Some(content)) => content,
        Err(report) => {
            found.report("listen-bad", file, report, "make it a file with an address a line");
            return Vec::new();
        }
    };
    if let Some(uid) = only {
        let what = format!("only root can ask for sockets, and this folder is uid {uid}'s to change");
        found.fault(
            "listen-refused",
            file,
            what,
            "give the folder to root, or have the program open its sockets itself",
        );
        return Vec::new();
    }
    let instance = subject.sources.instance().map(CStr::to_bytes);
    let lines = match listen::parse(&content, instance) {
        Ok(lines) => lines,
        // An instance has the name that is meant.
        Err(_) if subject.is_template => return Vec::new(),
        Err(bad) => {
            let (what, cure) = split(&bad.to_string(), "see Sockets in upkeep(7)");
            found.fault("listen-bad", file, what, cure);
            return Vec::new();
        }
    };
    for line in &lines {
        one(subject, line, &file, is_kept, found);
    }
    lines
}

fn one(subject: &Subject<'_>, line: &Listen, file: &str, is_kept: bool, found: &mut Found) {
    match &line.address {
        Address::Internet { port, .. } if subject.me.uid != 0 && *port < first_free() => {
            let what = format!(
                "supervise is run by uid {}, and only root's may listen on port {port}",
                subject.me.uid
            );
            let cure = format!("use a port from {} on, or root's service directory", first_free());
            found.fault("listen-port", file.to_owned(), what, cure);
            return;
        }
        Address::Path { path, access } => {
            owners(access, file, found);
            on_the_way(subject, path, file, found);
        }
        _ => {}
    }
    let is_shared = matches!(line.address, Address::Internet { is_shared: true, .. });
    if is_kept || is_shared {
        return;
    }
    if let Some(holders) = holder::named(line) {
        let what = format!("{} is in use, by {holders}", line.address);
        found.fault("address-in-use", file.to_owned(), what, "stop that, or write another address");
    }
}

fn first_free() -> u16 {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").ok();
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(FIRST_FREE)
}

fn owners(access: &Access, file: &str, found: &mut Found) {
    let owner = access.owner.as_ref().filter(|owner| matches!(accounts::by_name(owner), Ok(None)));
    let group = access.group.as_ref().filter(|group| matches!(accounts::group_by_name(group), Ok(None)));
    for (what, name) in [("account", owner), ("group", group)] {
        if let Some(name) = name {
            let what = format!("there is no {what} {}", cli::text::shown(name.to_bytes()));
            found.fault("listen-owner", file.to_owned(), what, "make it, or write another one");
        }
    }
}

/// Missing folders are made; those that are there must be such that nobody can exchange them.
fn on_the_way(subject: &Subject<'_>, path: &str, file: &str, found: &mut Found) {
    if subject.me.uid != geteuid().as_raw() {
        return;
    }
    let Some(there) = Path::new(path).ancestors().skip(1).find(|folder| folder.symlink_metadata().is_ok())
    else {
        return;
    };
    let inside = String::from_utf8_lossy(there.join("socket").as_os_str().as_bytes()).into_owned();
    if let Err(way::Blocked(reason)) = way::folder(&inside, false) {
        let (what, cure) = split(&reason, "use a path through folders of root's");
        found.fault("listen-path", file.to_owned(), what, cure);
    }
}
