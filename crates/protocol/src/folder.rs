//! The names in a service folder. No other file of the project spells them.

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The program that is kept running.
pub const RUN: &CStr = c"run";
/// There: not started until asked.
pub const DOWN: &CStr = c"down";
/// Run after each end of run.
pub const FINISH: &CStr = c"finish";
/// How long finish may take.
pub const TIMEOUT_FINISH: &CStr = c"timeout-finish";
/// How long after `down` what still runs is killed.
pub const TIMEOUT_KILL: &CStr = c"timeout-kill";
/// The signal that `down` sends.
pub const DOWN_SIGNAL: &CStr = c"down-signal";
/// There: what `down` sends, and the KILL after it, go to the whole process group.
pub const KILL_GROUP: &CStr = c"kill-group";
/// The longest spacing between two starts.
pub const RESTART_MAX: &CStr = c"restart-max";
/// What becomes of processes that an earlier run left behind.
pub const LEFTOVERS: &CStr = c"leftovers";
/// The number of the descriptor on which run says that it is ready, as in s6.
pub const NOTIFICATION_FD: &CStr = c"notification-fd";
/// There: run can say how it is through a socket, as systemd has it.
pub const NOTIFY_SOCKET: &CStr = c"notify-socket";
/// How often run has to say that it lives.
pub const WATCHDOG: &CStr = c"watchdog";
/// How long run may take to be ready.
pub const TIMEOUT_READY: &CStr = c"timeout-ready";
/// The program that is asked whether run is ready.
pub const CHECK: &CStr = c"check";
/// The services that are to be ready first.
pub const NEEDS: &CStr = c"needs";
/// The sockets that run gets.
pub const LISTEN: &CStr = c"listen";
/// There: they are closed while the service is down by command.
pub const LISTEN_CLOSE: &CStr = c"listen-close";
/// What run may do although it is not root.
pub const CAPABILITIES: &CStr = c"capabilities";
/// The account to run as.
pub const USER: &CStr = c"user";
/// Variables, a file each.
pub const ENV: &CStr = c"env";
/// The service folder of the logger.
pub const LOG: &CStr = c"log";
/// There: what the service writes to stderr goes to its logger as well.
pub const LOG_STDERR: &CStr = c"log/stderr";
/// In a `log/` that has nothing to run: where its multilog writes.
pub const MAIN: &CStr = c"main";
/// Where supervise keeps its own files, unless [`VARIABLE`] says otherwise.
pub const SUPERVISE: &CStr = c"supervise";

/// In `supervise/`: held locked while supervise runs.
pub const LOCK: &CStr = c"lock";
/// In `supervise/`: commands, a letter each.
pub const CONTROL: &CStr = c"control";
/// In `supervise/`: has a reader while supervise runs.
pub const OK: &CStr = c"ok";
/// In `supervise/`: the status record.
pub const STATUS: &CStr = c"status";
/// In `supervise/`: who waits for what happens to the service.
pub const EVENT: &CStr = c"event";
/// In a logger's `supervise/`: what the service writes.
pub const PIPE: &CStr = c"pipe";

/// In `supervise/`: which sockets are held.
pub const SOCKETS: &CStr = c"sockets";

/// The variable that puts `supervise/` elsewhere, as in daemontools-encore.
pub const VARIABLE: &str = "SUPERVISEDIR";

/// Where a service's `supervise/` is: in its folder, or, where the variable has an absolute path, there, under the
/// folder's own absolute path with every later `/` turned into `:`.
///
/// `folder` is asked for the absolute path only where it is needed.
///
/// # Errors
///
/// Those of `folder`.
pub fn control_folder<E>(
    setting: Option<&[u8]>,
    folder: impl FnOnce() -> Result<PathBuf, E>,
) -> Result<PathBuf, E> {
    let default = OsStr::from_bytes(SUPERVISE.to_bytes());
    let setting = setting.filter(|value| !value.is_empty()).map_or(default, OsStr::from_bytes);
    if !Path::new(setting).is_absolute() {
        return Ok(PathBuf::from(setting));
    }
    let folder = folder()?;
    let mut path: OsString = setting.to_owned();
    path.push("/");
    let inner = folder.as_os_str().as_bytes();
    let inner = inner.strip_prefix(b"/").unwrap_or(inner);
    let joined: Vec<u8> = inner.iter().map(|byte| if *byte == b'/' { b':' } else { *byte }).collect();
    path.push(OsStr::from_bytes(&joined));
    Ok(PathBuf::from(path))
}

/// As [`control_folder`], for the folder that this process is in.
///
/// # Errors
///
/// Where the current folder has no path any more.
pub fn control_folder_here() -> Result<PathBuf, std::io::Error> {
    control_folder(sys::environment::value(VARIABLE), std::env::current_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(setting: Option<&str>) -> PathBuf {
        control_folder(setting.map(str::as_bytes), || Ok::<_, ()>(PathBuf::from("/etc/service/web"))).unwrap()
    }

    #[test]
    fn supervise_is_in_the_folder_or_where_the_variable_says() {
        assert_eq!(path(None), Path::new("supervise"));
        assert_eq!(path(Some("")), Path::new("supervise"));
        assert_eq!(path(Some(".supervise")), Path::new(".supervise"));
        assert_eq!(path(Some("/run/sv")), Path::new("/run/sv/etc:service:web"));
    }
}
