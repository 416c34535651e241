//! What the runs of a service left behind: processes that live on when run has ended.
//!
//! supervise is a child subreaper, so they are its children then. A run that it had taken up from an earlier supervise has
//! left them to somebody else; of those, the ones that are still in run's session are found.

use super::background;
use crate::held::Held;
use crate::proc;
use nix::unistd::Pid;
use protocol::command::{Signal, Target};
use protocol::process::ProcessId;
use protocol::value::Leftovers as Wish;
use std::collections::BTreeSet;
use std::os::fd::BorrowedFd;
use std::time::Duration;
use sys::process::{self, Ending};
use sys::signals::SignalNumber;

/// A run that ended well within this, and left something behind, has put itself into the background.
const SOON: Duration = Duration::from_secs(10);

/// A process that was left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leftover {
    pub(super) pid: Pid,
    session: Pid,
    is_child: bool,
}

/// The last run.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastRun {
    pub(super) ending: Ending,
    /// How long it lived.
    pub(super) lived: Duration,
    /// Somebody had sent it a signal.
    pub(super) was_told: bool,
}

/// What a look has brought to light.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// What had been seen before.
    older: Vec<Pid>,
    /// What had not.
    new: Vec<Leftover>,
}

/// What becomes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They may stay.
    Stay,
    /// They are to end first, by themselves.
    Wait,
    /// They are to be ended first.
    End,
    /// run put itself into the background, and there the service goes on: in all but these, which were there before it. Its
    /// processes can change while it becomes a daemon.
    IsTheService { but: Vec<Pid> },
}

/// All that are known.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    found: Vec<Leftover>,
    /// Those that have been named in the log.
    named: BTreeSet<Pid>,
    /// The sessions of processes that were not our children.
    sessions: Vec<Session>,
    /// The session of a process that was killed just now: it is on its way out.
    killed: Option<Pid>,
    /// What is waited for.
    verdict: Option<Verdict>,
    /// One that is waited for: if there is any, one that is not our child.
    watched: Option<Held>,
}

/// A session in which something may be left.
#[derive(Debug)]
struct Session {
    id: Pid,
    /// Who leads it, if that lives.
    leader: Option<Held>,
}

impl Leftovers {
    /// A run of that session has ended, which was not our child: what it leaves behind is not either.
    pub(super) fn of_session(&mut self, id: Pid) {
        if self.sessions.iter().all(|session| session.id != id) {
            self.sessions.push(Session { id, leader: None });
        }
    }

    /// What is in that session was killed with the run that it belonged to.
    pub(super) fn killed(&mut self, session: Pid) {
        self.killed = Some(session);
    }

    /// An earlier supervise was waiting for this process, and for what is in its session.
    pub(super) fn waited_for(&mut self, process: Held) {
        let Some(stat) = proc::stat(process.pid()).ok().flatten() else { return };
        let leader = Some(process).filter(|process| process.pid() == stat.session);
        self.sessions.push(Session { id: stat.session, leader });
    }

    /// Looks for them, while nothing else runs here.
    pub(super) fn look(&mut self) -> Look {
        let mut found = Vec::new();
        if process::has_children() {
            // Where /proc cannot be asked, nothing is known of them.
            let children = proc::children(Pid::this()).unwrap_or_default();
            let children = children.iter().filter(|child| Some(child.session) != self.killed);
            found.extend(children.map(|child| Leftover::from(child, true)));
        }
        self.sessions.retain(|session| {
            // Its leader has ended, though it may not be reaped, or is held: who else lives under its number is a stranger.
            let is_leader = |found: &proc::Stat| {
                !found.is_alive() || session.leader.as_ref().is_some_and(|leader| !leader.has_ended())
            };
            let mut members = proc::in_session(session.id, is_leader).unwrap_or_default();
            members.retain(|member| found.iter().all(|known| known.pid != member.pid));
            found.extend(members.iter().map(|member| Leftover::from(member, false)));
            !members.is_empty()
        });
        let is_old = |one: &&Leftover| self.found.iter().any(|known| known.pid == one.pid);
        let (older, new): (Vec<&Leftover>, Vec<&Leftover>) = found.iter().partition(is_old);
        let look = Look {
            older: older.into_iter().map(|one| one.pid).collect(),
            new: new.into_iter().copied().collect(),
        };
        self.found = found;
        self.named.retain(|pid| self.found.iter().any(|known| known.pid == *pid));
        look
    }

    /// Those that were found last.
    pub(super) fn found(&self) -> &[Leftover] {
        &self.found
    }

    /// Those that have not been named before, as the log names them.
    pub(super) fn unnamed(&mut self) -> Vec<String> {
        let named = &mut self.named;
        let new = self.found.iter().filter(|one| named.insert(one.pid));
        new.map(|one| format!("pid {}: {}", one.pid, proc::command_line(one.pid))).collect()
    }

    /// From now on these are waited for, until [`Leftovers::are_cleared`].
    pub(super) fn wait_for(&mut self, verdict: Verdict) {
        self.verdict = Some(verdict);
        self.watch();
    }

    /// These have come to light since: what ended has left them behind. Where all are to be ended, so are they.
    pub(super) fn go_on(&self, look: &Look) {
        if self.verdict == Some(Verdict::End) {
            for signal in [Signal::Terminate, Signal::Continue] {
                look.new.iter().for_each(|one| one.send(signal.number()));
            }
        }
    }

    /// Whether those that are waited for are gone. It was looked just now.
    pub(super) fn are_cleared(&mut self) -> bool {
        self.watch();
        self.awaited().next().is_none()
    }

    /// One of those that are waited for.
    pub(super) fn waited(&self) -> Option<ProcessId> {
        self.watched.as_ref().and_then(Held::id)
    }

    /// What becomes readable when one of them ends whose end is not told by SIGCHLD.
    pub(super) fn end(&self) -> Option<BorrowedFd<'_>> {
        self.watched.as_ref().and_then(Held::end)
    }

    /// Whether that has happened.
    pub(super) fn has_one_ended(&self) -> bool {
        self.watched.as_ref().is_some_and(Held::has_ended)
    }

    /// Sends a signal to those that are waited for.
    pub(super) fn send(&self, signal: SignalNumber) {
        for one in self.awaited() {
            one.send(signal);
        }
    }

    fn awaited(&self) -> impl Iterator<Item = &Leftover> {
        self.found.iter().filter(|one| match &self.verdict {
            Some(Verdict::IsTheService { but }) => !but.contains(&one.pid),
            _ => true,
        })
    }

    fn watch(&mut self) {
        let first = self.awaited().min_by_key(|one| one.is_child).copied();
        self.watched = first.and_then(|one| one.hold());
    }
}

impl Leftover {
    fn from(stat: &proc::Stat, is_child: bool) -> Self {
        Self { pid: stat.pid, session: stat.session, is_child }
    }

    /// Sends it a signal.
    pub(super) fn send(&self, signal: SignalNumber) {
        if self.is_child {
            // Not reaped, so the number is its own.
            let _ = process::send(self.pid, signal);
        } else if let Some(held) = self.hold() {
            held.send(Target::Process, signal);
        }
    }

    /// Holds it, if the number is still its own.
    fn hold(&self) -> Option<Held> {
        let held = Held::open(self.pid).ok().flatten()?;
        let stat = proc::stat(self.pid).ok().flatten()?;
        (stat.session == self.session).then_some(held)
    }
}

/// Judges what was found, `of_run` of it when the last run had just ended.
pub(super) fn judge(wish: Option<Wish>, found: &[Leftover], of_run: &Look, last: Option<LastRun>) -> Verdict {
    let went_on =
        last.is_some_and(|last| last.ending == Ending::Exited(0) && last.lived < SOON && !last.was_told);
    let lives_on = || !of_run.new.is_empty() && found.iter().any(|one| !of_run.older.contains(&one.pid));
    match wish {
        _ if found.is_empty() => Verdict::Stay,
        Some(Wish::Keep) => Verdict::Stay,
        Some(Wish::Wait) => Verdict::Wait,
        Some(Wish::Kill) => Verdict::End,
        None if went_on && lives_on() => Verdict::IsTheService { but: of_run.older.clone() },
        None => Verdict::Stay,
    }
}

/// What the log says of a service that has put itself into the background: its programs, and the whole line.
pub(super) fn in_background(left: &[Leftover], but: &[Pid]) -> (Vec<String>, String) {
    let left: Vec<&Leftover> = left.iter().filter(|one| !but.contains(&one.pid)).collect();
    let programs: Vec<String> = left.iter().map(|one| proc::command_line(one.pid)).collect();
    let named = left.iter().zip(&programs).map(|(one, program)| format!("pid {}: {program}", one.pid));
    let named: Vec<String> = named.collect();
    let option = left.iter().find_map(|one| background::foreground_option(&proc::arguments(one.pid)));
    let cure = match option {
        Some(option) => format!("it probably needs: {option}"),
        None => "look for an option of it such as --foreground or --no-daemon".to_owned(),
    };
    let line = format!(
        "run has put itself into the background ({}), and is started again when that has ended: \
         it is only watched well in the foreground: {cure}",
        named.join(", ")
    );
    (programs, line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(pid: i32) -> Leftover {
        Leftover { pid: Pid::from_raw(pid), session: Pid::from_raw(100), is_child: true }
    }

    fn after(ending: Ending, seconds: u64) -> Option<LastRun> {
        Some(LastRun { ending, lived: Duration::from_secs(seconds), was_told: false })
    }

    fn new_since(older: &[i32], new: Leftover) -> Look {
        Look { older: older.iter().copied().map(Pid::from_raw).collect(), new: vec![new] }
    }

    #[test]
    fn what_is_written_counts() {
        let (well, look) = (after(Ending::Exited(0), 0), new_since(&[], left(101)));
        for (wish, verdict) in
            [(Wish::Keep, Verdict::Stay), (Wish::Wait, Verdict::Wait), (Wish::Kill, Verdict::End)]
        {
            assert_eq!(judge(Some(wish), &[left(101)], &look, well), verdict);
            assert_eq!(judge(Some(wish), &[], &Look::default(), well), Verdict::Stay, "there is none");
        }
    }

    #[test]
    fn a_service_in_the_background_is_told_from_what_a_dead_one_leaves() {
        let look = new_since(&[99], left(101));
        let judged = |found: &[Leftover], last| judge(None, found, &look, last);
        let both = [left(99), left(101)];
        let in_background = Verdict::IsTheService { but: vec![Pid::from_raw(99)] };
        let well = after(Ending::Exited(0), 0);
        assert_eq!(judged(&both, well), in_background);
        assert_eq!(judged(&[left(99), left(102)], well), in_background, "it has forked once more");
        assert_eq!(judged(&[left(99)], well), Verdict::Stay, "it has ended");
        assert_eq!(judged(&both, after(Ending::Exited(1), 0)), Verdict::Stay, "it failed");
        assert_eq!(judged(&both, after(Ending::Killed(15), 0)), Verdict::Stay);
        assert_eq!(judged(&both, after(Ending::Exited(0), 3600)), Verdict::Stay, "it had been up");
        assert_eq!(judged(&both, None), Verdict::Stay);
        let told = well.map(|last| LastRun { was_told: true, ..last });
        assert_eq!(judged(&both, told), Verdict::Stay, "it was to end");
        assert_eq!(judge(None, &[left(99)], &Look::default(), well), Verdict::Stay, "from before");
    }
}
