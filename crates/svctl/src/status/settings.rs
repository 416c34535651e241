//! What a service's folder says: each file that means something, from its own folder or else from its template's.

use crate::directory::Service;
use cli::text::shown;
use nix::sys::stat::SFlag;
use protocol::file::{kind as kind_of, look, names, open_regular, read_all};
use protocol::folder::{
    CAPABILITIES, CHECK, DOWN, DOWN_SIGNAL, ENV, FINISH, KILL_GROUP, LEFTOVERS, LISTEN, LISTEN_CLOSE, LOG,
    LOG_STDERR, NEEDS, NOTIFICATION_FD, NOTIFY_SOCKET, RESTART_MAX, RUN, TIMEOUT_FINISH, TIMEOUT_KILL,
    TIMEOUT_READY, USER, WATCHDOG,
};
use protocol::instance::{Kind, kind};
use std::ffi::{CStr, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// The longest file that is shown.
const LONGEST: usize = 4096;

/// How a name is shown.
#[derive(Clone, Copy)]
enum Form {
    /// What is in it, a line a value.
    Lines,
    /// That it is there.
    There,
    /// The names of what is in it: values may be secrets.
    Names,
}

const SETTINGS: [(&CStr, Form); 22] = [
    (RUN, Form::There),
    (USER, Form::Lines),
    (ENV, Form::Names),
    (DOWN, Form::There),
    (NEEDS, Form::Lines),
    (LISTEN, Form::Lines),
    (LISTEN_CLOSE, Form::There),
    (CAPABILITIES, Form::Lines),
    (NOTIFICATION_FD, Form::Lines),
    (NOTIFY_SOCKET, Form::There),
    (CHECK, Form::There),
    (TIMEOUT_READY, Form::Lines),
    (WATCHDOG, Form::Lines),
    (FINISH, Form::There),
    (TIMEOUT_FINISH, Form::Lines),
    (DOWN_SIGNAL, Form::Lines),
    (TIMEOUT_KILL, Form::Lines),
    (KILL_GROUP, Form::There),
    (RESTART_MAX, Form::Lines),
    (LEFTOVERS, Form::Lines),
    (LOG, Form::There),
    (LOG_STDERR, Form::There),
];

/// A file, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) name: String,
    /// In one line.
    pub(super) value: String,
    /// The template that it comes from.
    pub(super) template: Option<String>,
}

/// All that is set for a service whose folder is open.
pub(super) fn settings(service: &Service, folder: &OwnedFd) -> Vec<Setting> {
    let name = service.file_name();
    let template = match kind(&name) {
        Kind::Instance { template, .. } => open_template(service, template).map(|folder| (folder, template)),
        Kind::Plain | Kind::Template => None,
    };
    let mut settings = Vec::new();
    for (name, form) in SETTINGS {
        let own = read(folder, name, form).map(|value| (value, None));
        // These are never inherited.
        let is_own = name == DOWN;
        let inherited = || {
            let (folder, called) = template.as_ref().filter(|_| !is_own)?;
            Some((read(folder, name, form)?, Some(shown(called.as_encoded_bytes()).into_owned())))
        };
        if let Some((value, template)) = own.or_else(inherited) {
            settings.push(Setting { name: name.to_string_lossy().into_owned(), value, template });
        }
    }
    settings
}

fn open_template(service: &Service, template: &OsStr) -> Option<OwnedFd> {
    let path = service.path.parent().unwrap_or(Path::new(".")).join(template);
    crate::seen::open(&Service { name: String::new(), path }).ok()
}

/// What a file says, in one line; `None` where there is none.
fn read(folder: impl AsFd, name: &CStr, form: Form) -> Option<String> {
    let stat = look(folder.as_fd(), name).ok()??;
    match form {
        Form::There => Some(String::new()),
        Form::Names => {
            let inner = protocol::file::open_folder(folder, name).ok()?;
            let mut names: Vec<String> =
                names(inner).ok()?.iter().map(|name| shown(name.to_bytes()).into_owned()).collect();
            names.sort();
            Some(names.join(" "))
        }
        Form::Lines if kind_of(&stat) != SFlag::S_IFREG => Some("(not a regular file)".to_owned()),
        Form::Lines => {
            let read = open_regular(folder, name).ok()?.map(|(mut file, _)| read_all(&mut file, LONGEST));
            let Some(Ok(content)) = read else { return Some("(cannot be read)".to_owned()) };
            let lines = content.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            let lines = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
            Some(lines.map(|line| shown(line).into_owned()).collect::<Vec<_>>().join(" · "))
        }
    }
}
