//! Ports below 1024, which not everybody may open.

use super::chain::Stage;
use super::steps::Term;
use super::view::{Service, View};
use crate::check::Finding;
use protocol::listen::Address;
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;

/// The number of the capability.
const NET_BIND_SERVICE: u32 = 10;

/// Programs of which `-p` is the port to listen on.
const WITH_P: &[&str] = &[
    "darkhttpd",
    "dropbear",
    "flask",
    "http-server",
    "memcached",
    "mosquitto",
    "puma",
    "rails",
    "sshd",
    "thin",
    "webfsd",
];
/// Programs of which `-b` is the address to listen on.
const WITH_B: &[&str] = &["gunicorn", "hypercorn", "puma"];
/// Options whose value is a port, or an address with one.
const GENERAL: &[&str] = &["--port", "--bind", "--listen"];
/// Programs that call somewhere: their port is that of another machine.
const CLIENTS: &[&str] = &[
    "autossh",
    "curl",
    "mongodump",
    "mysql",
    "mysqldump",
    "nc",
    "psql",
    "redis-cli",
    "rsync",
    "socat",
    "ssh",
    "stunnel",
    "telnet",
];

/// What the commands of the service say. `first` is the lowest port that everybody may open.
pub(super) fn examine(view: &View, first: u16) -> Vec<Finding> {
    view.services.iter().filter_map(|service| of_service(view, service, first)).collect()
}

/// What the kernel says of that; 1024 where it says nothing.
pub(super) fn first_unprivileged() -> u16 {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap_or_default();
    text.trim().parse().unwrap_or(1024)
}

fn of_service(view: &View, service: &Service, first: u16) -> Option<Finding> {
    let account = account(view, service)?;
    let program = service.program()?;
    let port = port(program).filter(|port| *port < first)?;
    let has_right = view.scene.capabilities.iter().any(|capability| capability.name() == "net_bind_service");
    let has_socket = view
        .scene
        .listen
        .iter()
        .any(|listen| matches!(&listen.address, Address::Internet { port: open, .. } if *open == port));
    // What a chain gives away by itself is not seen from here.
    let is_given =
        service.stages.iter().any(|stage| matches!(stage.name.as_str(), "setpriv" | "capsh" | "sudo"));
    if has_right || has_socket || is_given || has_right_by_file(view, program) {
        return None;
    }
    let what = format!(
        "line {}: {} is to open port {port}, and {account} may open no port below {first}",
        service.step.line, program.name
    );
    let cure = match &service.passage.account {
        None => format!(
            "write net_bind_service into the file {}; or, if the program takes open sockets as systemd hands them over, :{port} into {}",
            view.scene.file("capabilities"),
            view.scene.file("listen")
        ),
        Some(_) => format!(
            "write {account} into the file {} instead of changing to it here, and net_bind_service into {}",
            view.scene.file("user"),
            view.scene.file("capabilities")
        ),
    };
    Some(view.fault("port-below-1024", what, cure))
}

/// Whether the program's file gives it the right to whoever executes it, as `setcap` does.
fn has_right_by_file(view: &View, program: &Stage) -> bool {
    let Some(word) = program.words.first().and_then(Term::known) else { return true };
    let folders = if word.contains('/') { None } else { view.scene.environment.get("PATH") };
    let folders =
        folders.map_or_else(|| vec![view.scene.folder.clone()], |path| std::env::split_paths(path).collect());
    let files = folders
        .into_iter()
        .filter_map(|folder| CString::new(folder.join(word).into_os_string().into_vec()).ok());
    files.into_iter().any(|file| sys::capability::of_file(&file) & 1 << NET_BIND_SERVICE != 0)
}

/// Whom the program runs as, if that is known and not root.
fn account(view: &View, service: &Service) -> Option<String> {
    match &service.passage.account {
        Some(account) => {
            account.known().filter(|name| !matches!(*name, "root" | "0" | ":0")).map(str::to_owned)
        }
        None => view.scene.who.as_ref().filter(|who| !who.uid.is_root()).map(crate::check::scene::Who::shown),
    }
}

/// The port that a program is told to listen on.
fn port(program: &Stage) -> Option<u16> {
    let words = program.words.get(1..)?;
    if CLIENTS.contains(&program.name.as_str()) || calls_another(words) {
        return None;
    }
    let name = program.name.as_str();
    if name.starts_with("python") {
        return of_python(words);
    }
    if name.starts_with("php") {
        return after(words, "-S").and_then(number);
    }
    let short = [("-p", WITH_P), ("-b", WITH_B)];
    let short =
        short.iter().filter(|(_, names)| names.contains(&name)).find_map(|(option, _)| after(words, option));
    let general = || GENERAL.iter().find_map(|option| after(words, option));
    number(short.or_else(general)?)
}

/// `python3 -m http.server 80`, `python3 server.py --port=80`.
fn of_python(words: &[Term]) -> Option<u16> {
    let module = words
        .windows(2)
        .position(|pair| matches!(pair, [option, name] if option.text == "-m" && name.text == "http.server"));
    if let Some(at) = module {
        let rest = words.get(at.saturating_add(2)..)?;
        let mut is_value = false;
        for word in rest {
            let text = word.known()?;
            if !is_value && !text.starts_with('-') {
                return text.parse().ok();
            }
            is_value = matches!(text, "-b" | "--bind" | "-d" | "--directory" | "-p" | "--protocol");
        }
        return None;
    }
    number(GENERAL.iter().find_map(|option| after(words, option))?)
}

/// The value of an option, in the same word or in the next.
fn after<'a>(words: &'a [Term], option: &str) -> Option<&'a str> {
    for (index, word) in words.iter().enumerate() {
        let Some(text) = word.known() else { continue };
        if text == option {
            return words.get(index.saturating_add(1))?.known();
        }
        let is_long = option.starts_with("--");
        match text.strip_prefix(option) {
            Some(value) if is_long && value.starts_with('=') => return value.strip_prefix('='),
            Some(value) if !is_long && !value.is_empty() => return Some(value),
            _ => {}
        }
    }
    None
}

/// `80`, `:80`, `0.0.0.0:80`, `[::]:80`, `tcp://127.0.0.1:80`.
fn number(value: &str) -> Option<u16> {
    let value = value.strip_prefix("tcp://").unwrap_or(value);
    let (host, port) = value.rsplit_once(':').map_or(("", value), |(host, port)| (host, port));
    // 0 is any port that is free.
    if host.contains('/') { None } else { port.parse().ok().filter(|port| *port != 0) }
}

/// Another machine is named: the port is that one's.
fn calls_another(words: &[Term]) -> bool {
    let named = ["--host", "--server", "--upstream", "--remote", "--connect", "--url", "--broker"]
        .iter()
        .filter_map(|option| after(words, option))
        .any(|host| !is_here(host));
    named || words.iter().any(|word| word.splits)
}

fn is_here(host: &str) -> bool {
    matches!(host, "localhost" | "::" | "[::]" | "::1" | "[::1]" | "*" | "")
        || host.parse::<std::net::Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests;
