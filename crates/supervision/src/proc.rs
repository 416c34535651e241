//! What /proc says of processes: who there is, whose they are, and what they are called.
//!
//! Every answer is about a moment that is over. Processes come and go while one looks, so one that has gone is left out, never
//! an error; one that forks while it is looked for can be missed; and a number can be another process's by the time it is used. To
//! signal a process, open its pidfd, then look again whether [`Stat::start_time`] is the same. With `hidepid` a process of another
//! account does not exist here.
//!
//! A /proc that is not this process's own (a new pid namespace without its own mount) speaks of other processes under our
//! numbers, and is not believed at all.

pub(crate) mod files;
pub mod net;

use cli::text::shown;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{Mode, fstatat};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid, SysconfVar, getpid, read, sysconf};
use protocol::identity::FolderId;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

/// Most that is read of a `stat`: what is of interest ends before 550 bytes.
const LONGEST_STAT: usize = 1024;

/// Most that is read of a command line.
const LONGEST_COMMAND: usize = 512;

/// Most that a message shows of a command line.
const LONGEST_SHOWN: usize = 100;

/// One process, from its `stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its number.
    pub pid: Pid,
    /// Its parent's; 0 where that is in no namespace of ours.
    pub parent: Pid,
    /// Its process group; 0 for kernel threads, and where the group is another namespace's.
    pub group: Pid,
    /// Its session; 0 as with the group.
    pub session: Pid,
    /// `R`, `S`, `D`, `T`, `Z` and so on.
    pub state: u8,
    /// How many threads it has.
    pub threads: u32,
    /// What it and those of its children that it has collected have used of the processors, in ticks: hundredths of a second.
    pub processor_time: u64,
    /// When it started, in ticks since the machine did: hundredths of a second.
    pub start_time: u64,
    /// How much of it is in memory, in pages, shared ones included.
    pub resident_pages: u64,
}

impl Stat {
    /// Whether it has not ended yet. One whose first thread alone has ended is shown as a zombie, too.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, b'Z' | b'X' | b'x') || self.threads > 1
    }
}

/// Reads the content of /proc/PID/stat; `None` where it is anything else, or cut off.
///
/// The name of the program is in parentheses there, and may contain parentheses, blanks and newlines itself: it ends with the
/// last one.
#[must_use]
pub fn parse_stat(content: &[u8]) -> Option<Stat> {
    let begin = content.iter().position(|byte| *byte == b'(')?;
    let end = content.iter().rposition(|byte| *byte == b')')?;
    let pid = content.get(..begin)?.strip_suffix(b" ")?;
    let rest = content.get(end..)?.strip_prefix(b") ")?;
    let mut fields = rest.split(|byte| matches!(byte, b' ' | b'\n'));
    // What is numbered from 1 in proc_pid_stat(5): these begin with the third.
    let &[state @ (b'A'..=b'Z' | b'a'..=b'z')] = fields.next()? else { return None };
    let stat = Stat {
        pid: number(pid)?,
        state,
        parent: number(fields.next()?)?,
        group: number(fields.next()?)?,
        session: number(fields.next()?)?,
        processor_time: processor_time(&mut fields),
        threads: decimal(fields.nth(2)?)?,
        start_time: decimal(fields.nth(1)?)?,
        resident_pages: decimal(fields.nth(1)?)?,
    };
    // Where nothing follows, the last number may be a part of one.
    fields.next().map(|_| stat)
}

/// Its own time as user and as system, and that of its children: the four fields from the fourteenth on. They are only shown: one
/// that is no number counts as none.
fn processor_time<'a>(fields: &mut impl Iterator<Item = &'a [u8]>) -> u64 {
    let times = fields.by_ref().skip(7).take(4);
    times.filter_map(decimal::<u64>).fold(0, u64::saturating_add)
}

fn number(digits: &[u8]) -> Option<Pid> {
    decimal(digits).filter(|number| *number >= 0).map(Pid::from_raw)
}

fn decimal<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(digits).ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The process of that number, a zombie too; `None` where there is none.
///
/// # Errors
///
/// Where /proc cannot be asked.
pub fn stat(of: Pid) -> Result<Option<Stat>, Errno> {
    Proc::open()?.stat(of)
}

/// All processes for which that holds, zombies among them.
///
/// # Errors
///
/// Where /proc cannot be asked.
pub(crate) fn find(is_wanted: impl Fn(&Stat) -> bool) -> Result<Vec<Stat>, Errno> {
    Proc::open()?.find(is_wanted)
}

/// The numbers of all processes.
///
/// # Errors
///
/// Where /proc cannot be asked.
pub fn all() -> Result<Vec<Pid>, Errno> {
    let mut all = Vec::new();
    Proc::open()?.each_number(".", |pid| {
        all.push(pid);
        Ok(())
    })?;
    Ok(all)
}

/// Those of these processes that are there.
///
/// # Errors
///
/// Where /proc cannot be asked.
pub fn stats(of: &[Pid]) -> Result<Vec<Stat>, Errno> {
    let proc = Proc::open()?;
    of.iter().filter_map(|pid| proc.stat(*pid).transpose()).collect()
}

/// The children that live.
///
/// Of our own none is missed: nobody but us takes one from the list. Of another process one can be, where a sibling ends while
/// the list is read, and the kernel has one.
///
/// # Errors
///
/// Where /proc cannot be asked; none also where that process is gone.
pub fn children(of: Pid) -> Result<Vec<Stat>, Errno> {
    let proc = Proc::open()?;
    let is_child = |process: &Stat| process.parent == of && process.is_alive();
    let Some(listed) = proc.listed_children(of)? else { return proc.find(is_child) };
    let mut children = Vec::new();
    for pid in listed {
        children.extend(proc.stat(pid)?.filter(is_child));
    }
    Ok(children)
}

/// Everything that lives in the session of a recorded process, itself included: what it left behind, once it is gone.
///
/// A number is not given again while a session or a process group is called by it. So where there is a process of the session's
/// number, dead or alive, it is either the recorded one, or of the recorded session nothing is left and all that is found is a
/// stranger's: `is_recorded` says which, and for a stranger the answer is empty. Processes that made their own session are not
/// found.
///
/// # Errors
///
/// Where /proc cannot be asked: nothing is known then.
pub(crate) fn in_session(session: Pid, is_recorded: impl FnOnce(&Stat) -> bool) -> Result<Vec<Stat>, Errno> {
    let proc = Proc::open()?;
    // Kernel threads are in session 0, and what other namespaces have sent here.
    let found =
        proc.find(|process| session.as_raw() > 0 && process.session == session && process.is_alive())?;
    // The leader is looked at last: had the number been given again before, it would be there by now.
    match proc.stat(session)? {
        Some(leader) if !is_recorded(&leader) => Ok(Vec::new()),
        _ => Ok(found),
    }
}

/// The command line for a message: one line, escaped, not long. In brackets the name of what has none, such as a zombie;
/// `(gone)` for a process that is not there any more.
#[must_use]
pub fn command_line(of: Pid) -> String {
    let arguments = arguments(of);
    if !arguments.iter().all(|byte| *byte == 0) {
        return shown_command(&arguments);
    }
    let mut buffer = [0; LONGEST_COMMAND];
    let name = Proc::open().and_then(|proc| proc.read(of, "comm", &mut buffer));
    match name {
        Ok(Some(name)) => format!("[{}]", shown(name.strip_suffix(b"\n").unwrap_or(name))),
        Ok(None) => "(gone)".to_owned(),
        Err(_) => "(unknown)".to_owned(),
    }
}

/// The arguments as /proc/PID/cmdline has them, each with a NUL behind it, or the title that the program has written over
/// them; nothing where there are none. At most the first 512 bytes.
#[must_use]
pub fn arguments(of: Pid) -> Vec<u8> {
    let mut buffer = [0; LONGEST_COMMAND];
    let command = Proc::open().and_then(|proc| proc.read(of, "cmdline", &mut buffer));
    command.ok().flatten().unwrap_or_default().to_vec()
}

/// Makes the content of /proc/PID/cmdline fit for a message: blanks between the arguments, nothing that a terminal would obey,
/// `...` where it is cut after 100 bytes.
#[must_use]
pub fn shown_command(arguments: &[u8]) -> String {
    let end = arguments.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
    let mut line = arguments.get(..end).unwrap_or_default().to_vec();
    line.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
    if line.len() <= LONGEST_SHOWN {
        return shown(&line).into_owned();
    }
    // Not within a character.
    let is_inside = |at: &usize| line.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let cut = (LONGEST_SHOWN.saturating_sub(3)..=LONGEST_SHOWN).rev().find(|at| !is_inside(at));
    line.truncate(cut.unwrap_or(LONGEST_SHOWN));
    format!("{}...", shown(&line))
}

/// Which folder a process works in; `None` also where that is not ours to know.
pub(crate) fn working_folder(of: Pid) -> Option<FolderId> {
    let proc = Proc::open().ok()?;
    let path = format!("{of}/cwd");
    let stat = fstatat(&proc.0, path.as_str(), AtFlags::AT_NO_AUTOMOUNT).ok()?;
    Some(FolderId::from(&stat))
}

/// When a process started, since 1970 on the wall clock as it is now: exact to 10 ms, and wrong by as much as that clock has
/// been set in the meantime.
pub(crate) fn started(process: &Stat) -> Option<Duration> {
    // Not by the plain system call as the other clocks: this is asked once in the life of a program, if ever.
    let since_boot = Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME).ok()?);
    let ticks = u64::try_from(sysconf(SysconfVar::CLK_TCK).ok()??).ok()?;
    wall_time(process.start_time, ticks, since_boot, sys::clock::wall())
}

/// The wall-clock time of a number of ticks after the start of the machine, which was that long before now.
fn wall_time(at: u64, ticks_a_second: u64, since_boot: Duration, now: Duration) -> Option<Duration> {
    let rest = at.checked_rem(ticks_a_second)?.checked_mul(1_000_000_000)?.checked_div(ticks_a_second)?;
    let at = Duration::from_secs(at.checked_div(ticks_a_second)?).checked_add(Duration::from_nanos(rest))?;
    now.checked_add(at)?.checked_sub(since_boot)
}

/// The folder /proc, seen to be this process's own.
#[derive(Debug)]
pub struct Proc(OwnedFd);

impl Proc {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// ENOENT where nothing is mounted there, ESRCH where it is another namespace's.
    pub fn open() -> Result<Self, Errno> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let folder = nix::fcntl::open("/proc", flags, Mode::empty())?;
        let own = readlinkat(&folder, "self")?;
        if number(own.as_bytes()) == Some(getpid()) { Ok(Self(folder)) } else { Err(Errno::ESRCH) }
    }

    /// The user that a process is as far as its rights go: its effective uid. The folder of a process is that user's even where the
    /// process may not be looked into; only the files in it are root's then.
    #[must_use]
    pub fn user(&self, of: Pid) -> Option<u32> {
        fstatat(&self.0, of.to_string().as_str(), AtFlags::AT_NO_AUTOMOUNT).ok().map(|stat| stat.st_uid)
    }

    /// Reads the beginning of a process' file at once; `None` where either is gone, or not for us to see.
    fn read<'a>(&self, of: Pid, name: &str, buffer: &'a mut [u8]) -> Result<Option<&'a [u8]>, Errno> {
        let Some(file) = self.file(of, name)? else { return Ok(None) };
        let length = if_there(read(file, buffer))?;
        Ok(length.and_then(|length| buffer.get(..length)))
    }

    fn file(&self, of: Pid, name: &str) -> Result<Option<OwnedFd>, Errno> {
        let path = format!("{of}/{name}");
        if_there(openat(&self.0, path.as_str(), OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()))
    }

    fn stat(&self, of: Pid) -> Result<Option<Stat>, Errno> {
        let mut buffer = [0; LONGEST_STAT];
        Ok(self.read(of, "stat", &mut buffer)?.and_then(parse_stat))
    }

    fn find(&self, is_wanted: impl Fn(&Stat) -> bool) -> Result<Vec<Stat>, Errno> {
        let mut found = Vec::new();
        self.each_number(".", |pid| {
            found.extend(self.stat(pid)?.filter(&is_wanted));
            Ok(())
        })?;
        Ok(found)
    }

    /// What the kernel lists as the children of each thread; `None` where it has no such list, or no such process.
    fn listed_children(&self, of: Pid) -> Result<Option<Vec<Pid>>, Errno> {
        let mut listed: Option<Vec<u8>> = None;
        let threads = self.each_number(&format!("{of}/task"), |thread| {
            let Some(file) = self.file(of, &format!("task/{thread}/children"))? else { return Ok(()) };
            let list = listed.get_or_insert_default();
            let read = File::from(file).read_to_end(list);
            if_there(read.map(drop).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0))))
                .map(drop)
        });
        if if_there(threads)?.is_none() {
            return Ok(None);
        }
        Ok(listed.map(|list| list.split(|byte| *byte == b' ').filter_map(number).collect()))
    }

    /// Calls `act` with each name in a folder that is a number.
    fn each_number(&self, folder: &str, mut act: impl FnMut(Pid) -> Result<(), Errno>) -> Result<(), Errno> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        for entry in Dir::openat(&self.0, folder, flags, Mode::empty())?.iter() {
            if let Some(pid) = number(entry?.file_name().to_bytes()) {
                act(pid)?;
            }
        }
        Ok(())
    }
}

/// Makes `None` of the errors that say that a process is gone, or not for us to see.
fn if_there<T>(result: Result<T, Errno>) -> Result<Option<T>, Errno> {
    match result {
        Err(Errno::ENOENT | Errno::ESRCH | Errno::EACCES | Errno::EPERM) => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests;
