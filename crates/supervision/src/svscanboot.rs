//! svscanboot: starts svscan on the machine's service directory at boot, with what goes wrong shown by readproctitle.
//!
//! What supervises there may be from before are told to stop their services and go. Then readproctitle is started, and
//! this program becomes svscan: whoever started it can signal svscan, and sees its end. Both get an empty environment but
//! for PATH, and nothing of the caller's stdin, stdout and stderr.

use crate::svc;
use anyhow::Context;
use cli::{Failure, Program};
use nix::fcntl::{OFlag, open};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawn};
use nix::sys::stat::Mode;
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, execve, pipe2};
use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use sys::entry::Args;
use sys::own_folder::OwnFolder;

const PROGRAM: Program = Program { name: "svscanboot", usage: "svscanboot: usage: svscanboot" };

/// Where programs are sought: by what is started here, and by all services.
const PATH: &str = "/command:/usr/local/bin:/usr/local/sbin:/bin:/sbin:/usr/bin:/usr/sbin:/usr/X11R6/bin";

/// The service directories, of Debian and of daemontools 0.76: the first one that is there.
const DIRECTORIES: [&CStr; 2] = [c"/etc/service", c"/service"];

/// How much of what went wrong is shown.
const SHOWN: usize = 400;

/// The program: arguments mean nothing.
#[must_use]
pub fn run(args: Args) -> u8 {
    PROGRAM.run(args, |_| match boot() {
        Err(error) => Err(Failure::Fatal(error)),
        Ok(never) => match never {},
    })
}

fn boot() -> anyhow::Result<Infallible> {
    let directory = directory().context("unable to find a service directory, /etc/service or /service")?;
    let null = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())
        .context("unable to open /dev/null")?;
    send_away(directory, &null)?;

    let own = OwnFolder::find();
    let path = CString::new(format!("PATH={PATH}"))?;
    let environment = [path.as_c_str()];
    let (errors, to_title) = pipe2(OFlag::O_CLOEXEC).context("unable to create pipe")?;
    start_title(&find(&own, "readproctitle")?, &errors, &null, &environment)
        .context("unable to run readproctitle")?;
    drop(errors);

    let svscan = find(&own, "svscan")?;
    // Only where svscan cannot be run is there still something to say to the caller.
    let [_, _, stderr] = sys::descriptor::standard();
    let stderr = stderr.try_clone_to_owned().context("unable to set up descriptors")?;
    let become_svscan = || -> nix::Result<Infallible> {
        dup2_stdin(&null)?;
        dup2_stdout(&to_title)?;
        dup2_stderr(&to_title)?;
        execve(&svscan, &[c"svscan", directory], &environment)
    };
    become_svscan().or_else(|error| {
        dup2_stderr(&stderr)?;
        Err(error).context("unable to run svscan")
    })
}

/// The service directory of this machine.
fn directory() -> Option<&'static CStr> {
    let is_there = |directory: &&CStr| directory.to_str().is_ok_and(|name| Path::new(name).is_dir());
    DIRECTORIES.into_iter().find(is_there)
}

/// `svc -dx` for all services and loggers, by a process of its own that nobody hears.
fn send_away(directory: &CStr, null: &OwnedFd) -> anyhow::Result<()> {
    let mut args: Args = vec![c"svc", c"-dx"];
    args.extend(folders(directory).into_iter().map(|folder| &*Box::leak(folder.into_boxed_c_str())));
    let tell = || {
        let quiet = dup2_stdin(null).and_then(|()| dup2_stdout(null)).and_then(|()| dup2_stderr(null));
        quiet.map_or(cli::failure::FATAL, |()| svc::run(args))
    };
    let child = sys::process::spawn(tell).context("unable to fork")?;
    // However that ended: a supervise that is not there is no trouble.
    let _ = sys::process::wait(child);
    Ok(())
}

/// The service folders, and then those of the loggers, in the order of their names.
fn folders(directory: &CStr) -> Vec<CString> {
    let Ok(directory) = directory.to_str() else { return Vec::new() };
    let mut services: Vec<_> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| !entry.file_name().as_bytes().starts_with(b"."))
        .map(|entry| entry.path())
        .collect();
    services.sort();
    let loggers: Vec<_> =
        services.iter().map(|folder| folder.join("log")).filter(|log| log.exists()).collect();
    services
        .into_iter()
        .chain(loggers)
        .filter_map(|path| CString::new(path.as_os_str().as_bytes()).ok())
        .collect()
}

/// One of our programs: beside this one, else where all programs are sought.
fn find(own: &OwnFolder, name: &str) -> anyhow::Result<CString> {
    let in_path = || {
        let files = PATH.split(':').map(|folder| format!("{folder}/{name}"));
        files.into_iter().find(|file| Path::new(file).exists()).and_then(|file| CString::new(file).ok())
    };
    own.program(name).or_else(in_path).with_context(|| format!("unable to find {name}"))
}

/// Starts readproctitle with that input and a window of dots.
fn start_title(
    program: &CStr,
    errors: &OwnedFd,
    null: &OwnedFd,
    environment: &[&CStr],
) -> anyhow::Result<()> {
    let window = CString::new(".".repeat(SHOWN))?;
    let arguments = [c"readproctitle", c"service", c"errors:", &window];
    let mut actions = PosixSpawnFileActions::init()?;
    for (from, to) in [(errors, 0), (null, 1), (null, 2)] {
        actions.add_dup2(from.as_raw_fd(), to)?;
    }
    posix_spawn(program, &actions, &PosixSpawnAttr::init()?, &arguments, environment)?;
    Ok(())
}
