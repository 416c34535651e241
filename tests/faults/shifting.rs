//! A program whose clocks are wrong: it is traced, and what the kernel tells it of the time is changed on the way. Nobody else
//! notices.

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use testkit::wait_until;

/// A program that is traced, as long as this lives.
pub(super) struct Shifting {
    pid: Pid,
    shared: Arc<Shared>,
    tracer: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Seconds that are added.
    wall: AtomicI64,
    monotonic: AtomicI64,
    /// How often it has asked.
    asked: AtomicU64,
    over: AtomicBool,
}

impl Shifting {
    /// Begins, with clocks that are right. The program must not be a child of ours, whose end somebody else waits for.
    #[track_caller]
    pub(super) fn begin(pid: u32) -> Self {
        let pid = Pid::from_raw(i32::try_from(pid).unwrap());
        let shared = Arc::new(Shared::default());
        let (ready, begun) = channel();
        let theirs = Arc::clone(&shared);
        let tracer = std::thread::spawn(move || {
            ptrace::seize(pid, Options::PTRACE_O_TRACESYSGOOD).unwrap();
            ptrace::interrupt(pid).unwrap();
            ready.send(()).unwrap();
            trace(pid, &theirs);
        });
        begun.recv().expect("a tracer");
        Self { pid, shared, tracer: Some(tracer) }
    }

    /// The wall clock is that much ahead.
    pub(super) fn wall(&self, seconds: i64) {
        self.shared.wall.store(seconds, SeqCst);
    }

    /// The monotonic clock is that much ahead.
    pub(super) fn monotonic(&self, seconds: i64) {
        self.shared.monotonic.store(seconds, SeqCst);
    }

    /// How often it has asked for the time.
    pub(super) fn asked(&self) -> u64 {
        self.shared.asked.load(SeqCst)
    }

    /// Waits until it has asked again.
    #[track_caller]
    pub(super) fn asks(&self, since: u64) {
        wait_until("it has asked for the time", &[], || (self.asked() > since).then_some(()));
    }
}

impl Drop for Shifting {
    fn drop(&mut self) {
        self.shared.over.store(true, SeqCst);
        // Something that means nothing to it, so that it makes a call.
        let _ = kill(self.pid, Signal::SIGWINCH);
        let _ = self.tracer.take().map(JoinHandle::join);
    }
}

/// Until it is over, or the program has ended.
fn trace(pid: Pid, shared: &Shared) {
    let memory = File::options().read(true).write(true).open(format!("/proc/{pid}/mem")).unwrap();
    let mut question = None;
    loop {
        let signal = match waitpid(pid, Some(WaitPidFlag::__WALL)) {
            Ok(WaitStatus::PtraceSyscall(_)) => {
                question = match question {
                    Some((clock, place)) => {
                        shift(&memory, shared, clock, place);
                        None
                    }
                    None => asked(pid),
                };
                None
            }
            Ok(WaitStatus::Stopped(_, signal)) => Some(signal),
            Ok(WaitStatus::PtraceEvent(..)) => None,
            _ => return,
        };
        if shared.over.load(SeqCst) {
            let _ = ptrace::detach(pid, signal);
            return;
        }
        if ptrace::syscall(pid, signal).is_err() {
            return;
        }
    }
}

/// The clock that it is about to ask for, and where the answer goes.
fn asked(pid: Pid) -> Option<(i64, u64)> {
    /// PTRACE_SYSCALL_INFO_ENTRY of linux/ptrace.h.
    const ENTRY: u8 = 1;
    if ptrace::syscall_info(pid).ok()?.op != ENTRY {
        return None;
    }
    // Its number, and its arguments.
    let call = read_to_string(format!("/proc/{pid}/syscall")).ok()?;
    let mut words = call.split(' ');
    if words.next()?.parse() != Ok(libc::SYS_clock_gettime) {
        return None;
    }
    let mut number = || u64::from_str_radix(words.next()?.trim_start_matches("0x"), 16).ok();
    Some((i64::try_from(number()?).ok()?, number()?))
}

fn shift(memory: &File, shared: &Shared, clock: i64, place: u64) {
    let by = match i32::try_from(clock) {
        Ok(libc::CLOCK_REALTIME) => &shared.wall,
        Ok(libc::CLOCK_MONOTONIC) => &shared.monotonic,
        _ => return,
    };
    let mut seconds = [0; 8];
    memory.read_exact_at(&mut seconds, place).unwrap();
    let shifted = i64::from_ne_bytes(seconds) + by.load(SeqCst);
    memory.write_all_at(&shifted.to_ne_bytes(), place).unwrap();
    shared.asked.fetch_add(1, SeqCst);
}
