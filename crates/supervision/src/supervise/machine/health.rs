//! Whether a run is ready, and whether it is late or too long silent: what it is held to, what it says, and by when.

use nix::unistd::Pid;
use protocol::status::{Detail, Doing, Readiness as Said};
use std::time::Duration;
use sys::clock::Monotonic;
use sys::process::Ending;

/// The first pause before check is called, after run has begun; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a call of check may take.
const CHECKING: Duration = Duration::from_secs(10);

/// What a run is held to, as its folder says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duties {
    /// It says when it is ready, on the descriptor of `notification-fd`, where that waits to be read.
    pub writes: bool,
    /// It says so through the socket of `notify-socket`.
    pub tells: bool,
    /// check says it.
    pub is_asked: bool,
    /// It has to be ready so long after its start.
    pub ready_within: Option<Duration>,
    /// It has to say that it lives that often.
    pub alive_within: Option<Duration>,
}

impl Duties {
    /// Whether it has something to say through the socket.
    pub(in super::super) fn speaks(self) -> bool {
        self.tells || self.alive_within.is_some()
    }

    /// Whether it does not say by itself that it is ready, but check does.
    fn has_to_be_asked(self) -> bool {
        self.is_asked && !self.writes && !self.tells
    }
}

/// Whether it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// Nothing would say it.
    Unsaid,
    Awaited,
    Ready,
}

/// A time that something may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    length: Duration,
    /// When it is over; `None` while it does not count.
    due: Option<Monotonic>,
}

/// How far the asking is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// Nobody is asked, not yet or not any more.
    No,
    /// It is called then.
    Due { at: Monotonic, pause: Duration },
    /// This process of it runs.
    Runs { pid: Pid, kill_at: Monotonic, pause: Duration },
}

/// What has not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// It was not ready within that time.
    Ready(Duration),
    /// It did not say within that time that it lives.
    Alive(Duration),
    /// It said that it does not.
    Failing,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The run is to be ended.
    Overdue(Overdue),
    /// check is to be called.
    Check,
    /// It has taken too long.
    KillCheck,
}

/// How a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Health {
    pub(super) readiness: Readiness,
    pub(super) doing: Doing,
    /// It is ended because something did not come in time.
    pub(super) is_overdue: bool,
    /// It was told to end: nothing that it says makes a difference any more.
    is_ending: bool,
    /// When it said that it does not live as it should, if it is to be ended for that.
    failing_at: Option<Monotonic>,
    is_asked: bool,
    ready: Option<Limit>,
    alive: Option<Limit>,
    check: Check,
}

impl Limit {
    fn begin(&mut self, now: Monotonic) {
        self.due = Some(now + self.length);
    }

    fn is_over(self, now: Monotonic) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

impl Health {
    /// Of a run that starts now.
    pub(super) fn new(now: Monotonic, duties: Duties) -> Self {
        let is_said = duties.writes || duties.tells || duties.is_asked;
        let limit = |length: Option<Duration>| length.map(|length| Limit { length, due: None });
        let mut ready = limit(duties.ready_within.filter(|_| is_said));
        if let Some(ready) = &mut ready {
            ready.begin(now);
        }
        Self {
            readiness: if is_said { Readiness::Awaited } else { Readiness::Unsaid },
            doing: Doing::Nothing,
            is_overdue: false,
            is_ending: false,
            failing_at: None,
            is_asked: duties.has_to_be_asked(),
            ready,
            alive: limit(duties.alive_within),
            check: Check::No,
        }
    }

    /// Of a run that nothing is known of.
    pub(super) fn unknown() -> Self {
        Self::new(Monotonic::from_zero(Duration::ZERO), Duties::default())
    }

    /// Of a run that another supervise has begun, held to this by its folder now. What it has said while nobody listened is lost, and
    /// it is not ended for that; nor is it held to what was not counted before.
    pub(super) fn recorded(now: Monotonic, detail: &Detail, duties: Duties, was_unheard: bool) -> Self {
        let limit = |due: Option<u64>, length: Option<Duration>| {
            let (recorded, length) = (Monotonic::from_zero(Duration::from_nanos(due?)), length?);
            let due = if was_unheard { recorded.max(now + length) } else { recorded };
            Some(Limit { length, due: Some(due) })
        };
        let readiness = match detail.readiness {
            Said::Unsaid => Readiness::Unsaid,
            Said::Awaited => Readiness::Awaited,
            Said::Ready(_) => Readiness::Ready,
        };
        let is_lost = was_unheard && duties.tells;
        let not_yet = duties.alive_within.filter(|_| readiness == Readiness::Awaited);
        let mut health = Self {
            readiness,
            doing: detail.doing,
            is_overdue: detail.is_overdue,
            is_ending: false,
            failing_at: None,
            is_asked: duties.has_to_be_asked(),
            ready: limit(detail.late_at.filter(|_| !is_lost), duties.ready_within),
            alive: limit(detail.silent_at, duties.alive_within)
                .or(not_yet.map(|length| Limit { length, due: None })),
            check: Check::No,
        };
        if health.is_asked && readiness == Readiness::Awaited && !health.is_overdue {
            health.ask_later(now, FIRST_PAUSE);
        }
        health
    }

    /// It has become run.
    pub(super) fn executed(&mut self, now: Monotonic) {
        match self.readiness {
            Readiness::Unsaid => self.begin_to_listen(now),
            Readiness::Awaited if self.is_asked => self.ask_later(now, FIRST_PAUSE),
            Readiness::Awaited | Readiness::Ready => {}
        }
    }

    /// It is ready.
    pub(super) fn is_ready(&mut self, now: Monotonic) {
        self.doing = Doing::Nothing;
        if self.readiness != Readiness::Ready {
            self.readiness = Readiness::Ready;
            self.ready = None;
            if !matches!(self.check, Check::Runs { .. }) {
                self.check = Check::No;
            }
            self.begin_to_listen(now);
        }
    }

    /// It says that it lives.
    pub(super) fn is_alive(&mut self, now: Monotonic) {
        if let Some(alive) = self.alive.as_mut().filter(|alive| alive.due.is_some()) {
            alive.begin(now);
        }
    }

    /// It says of itself that it does not live as it should.
    pub(super) fn gives_up(&mut self, now: Monotonic) {
        self.failing_at = Some(now).filter(|_| !self.is_ending);
    }

    /// It says what it does.
    pub(super) fn does(&mut self, doing: Doing) {
        self.doing = doing;
        if let Some(alive) = self.alive.as_mut().filter(|_| doing == Doing::Stopping) {
            alive.due = None;
        }
    }

    /// It asks for so much time, counted from now, to become ready.
    pub(super) fn needs_time(&mut self, now: Monotonic, time: Duration) {
        if let Some(Limit { due: Some(due), .. }) = &mut self.ready {
            *due = (*due).max(now + time);
        }
    }

    /// It was stopped by a signal, and goes on: its times begin anew.
    pub(super) fn goes_on(&mut self, now: Monotonic) {
        for limit in [&mut self.ready, &mut self.alive].into_iter().flatten() {
            if limit.due.is_some() {
                limit.begin(now);
            }
        }
    }

    /// Nothing that it says can be heard any more.
    pub(super) fn cannot_be_heard(&mut self) {
        for limit in [&mut self.ready, &mut self.alive].into_iter().flatten() {
            limit.due = None;
        }
    }

    /// It is told to end: nothing is waited for any more.
    pub(super) fn ends(&mut self) {
        self.is_ending = true;
        // Gone, not only stopped: nothing that it says can begin them again.
        (self.ready, self.alive, self.failing_at) = (None, None, None);
        if let Check::Due { .. } = self.check {
            self.check = Check::No;
        }
    }

    /// When something is due, if nothing comes before.
    pub(super) fn wake_at(&self) -> Option<Monotonic> {
        let [late, silent] = [self.late_at(), self.silent_at()];
        let check = match self.check {
            Check::No => None,
            Check::Due { at, .. } | Check::Runs { kill_at: at, .. } => Some(at),
        };
        [late, silent, self.failing_at, check].into_iter().flatten().min()
    }

    /// When it is late to be ready.
    pub(super) fn late_at(&self) -> Option<Monotonic> {
        self.ready?.due
    }

    /// When it was silent for too long.
    pub(super) fn silent_at(&self) -> Option<Monotonic> {
        self.alive?.due
    }

    /// What is due.
    pub(super) fn due(&mut self, now: Monotonic) -> Option<Due> {
        if self.failing_at.is_some_and(|at| at <= now) {
            return Some(Due::Overdue(Overdue::Failing));
        }
        if let Some(ready) = self.ready.filter(|ready| ready.is_over(now)) {
            return Some(Due::Overdue(Overdue::Ready(ready.length)));
        }
        if let Some(alive) = self.alive.filter(|alive| alive.is_over(now)) {
            return Some(Due::Overdue(Overdue::Alive(alive.length)));
        }
        match &mut self.check {
            Check::Due { at, .. } if *at <= now => Some(Due::Check),
            Check::Runs { kill_at, .. } if *kill_at <= now => {
                *kill_at = now + CHECKING;
                Some(Due::KillCheck)
            }
            Check::No | Check::Due { .. } | Check::Runs { .. } => None,
        }
    }

    /// check is called: its process, if one could be made.
    pub(super) fn asked(&mut self, now: Monotonic, pid: Option<Pid>) {
        let Check::Due { pause, .. } = self.check else { return };
        match pid {
            Some(pid) => self.check = Check::Runs { pid, kill_at: now + CHECKING, pause },
            None => self.ask_later(now, pause),
        }
    }

    /// check has answered.
    pub(super) fn answered(&mut self, now: Monotonic, ending: Ending) {
        let Check::Runs { pause, .. } = self.check else { return };
        self.check = Check::No;
        if self.readiness != Readiness::Awaited || self.is_overdue {
            return;
        }
        if ending == Ending::Exited(0) {
            self.is_ready(now);
        } else {
            self.ask_later(now, pause.saturating_mul(2).min(LONGEST_PAUSE));
        }
    }

    /// The process of check.
    #[cfg(test)]
    pub(super) fn check(&self) -> Option<Pid> {
        match self.check {
            Check::Runs { pid, .. } => Some(pid),
            Check::No | Check::Due { .. } => None,
        }
    }

    /// The same for all decisions: with what it says that it does, and how long the pauses are, left out.
    #[cfg(test)]
    pub(super) fn without_counts(&mut self, now: Monotonic) {
        self.doing = Doing::Nothing;
        self.ready = None;
        match self.check {
            Check::No => {}
            Check::Due { .. } => self.ask_later(now, FIRST_PAUSE),
            Check::Runs { pid, .. } => {
                self.check = Check::Runs { pid, kill_at: now + CHECKING, pause: FIRST_PAUSE };
            }
        }
    }

    fn ask_later(&mut self, now: Monotonic, pause: Duration) {
        self.check = Check::Due { at: now + pause, pause };
    }

    /// From now on it has to say that it lives.
    fn begin_to_listen(&mut self, now: Monotonic) {
        if let Some(alive) = &mut self.alive {
            alive.begin(now);
        }
    }
}
