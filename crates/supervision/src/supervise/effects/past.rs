//! Going on with what an earlier supervise has left.

use super::super::leftovers::LastRun;
use super::super::machine::Machine;
use super::super::past::Past;
use super::super::sockets::Sockets;
use super::super::values::Values;
use super::Effects;
use crate::held::Held;
use cli::errno::text;
use protocol::listen::noted::Noted;
use std::time::Duration;
use sys::process::Ending;

impl Effects {
    /// Goes on with what an earlier supervise has left, with the sockets that it has noted, and says so, unless that was this
    /// process.
    pub(in super::super) fn take_up(&mut self, past: Past, noted: Vec<Noted>) -> Machine {
        let Past { mut machine, failed, session, process, waited, duties, token, says, .. } = past;
        if let Some(run) = process.as_ref().filter(|_| machine.pid().is_some()) {
            let number = Values::of(&self.service).notification().ok().flatten();
            let number = number.filter(|_| !machine.is_ready());
            if let Err(error) = self.hearing.take_up(run, duties, token, number) {
                machine.cannot_hear();
                let why = text(error);
                self.note =
                    format!("it cannot be heard whether it is ready, or lives, before its next start: {why}");
                self.warn_once(&self.note.clone());
            }
            self.hearing.set_says(says);
        }
        if let Some(session) = session.filter(|_| !process.as_ref().is_some_and(Held::is_child)) {
            self.leftovers.of_session(session);
        }
        if machine.is_clearing() {
            // Where nothing was said of leftovers, it was waiting because run had put itself into the background.
            self.last = Some(LastRun { ending: Ending::Exited(0), lived: Duration::ZERO, was_told: false });
        }
        if let Some(waited) = waited.filter(|waited| !waited.is_child()) {
            self.leftovers.waited_for(waited);
        }
        if let Some(failed) = &failed {
            // It has been said.
            self.complained.is_new(&self.complaint(failed));
        }
        (self.process, self.failed, self.session) = (process, failed, session);
        // After an upgrade they are here already, and nothing was noted for this.
        if machine.pid().is_some() && !noted.is_empty() {
            self.take_sockets_back(noted);
        }
        let is_found = |process: &&Held| !process.is_child() && !process.has_ended();
        if let Some(process) = self.process.as_ref().filter(is_found) {
            let what = if machine.finish().is_some() { "finish, " } else { "" };
            self.voice.tell(&format!("{}: adopted {what}pid {}", self.service.name, process.pid()));
        }
        machine
    }

    /// Takes the sockets back from a run that an earlier supervise has begun.
    fn take_sockets_back(&mut self, noted: Vec<Noted>) {
        let run = self.process.as_ref().filter(|process| !process.is_child());
        let Some((pidfd, pid)) = run.and_then(|run| Some((run.pidfd()?, run.pid()))) else { return };
        let (sockets, complaint) = Sockets::take_back(pidfd, pid, noted);
        self.sockets = sockets;
        if let Some(complaint) = complaint {
            self.warn_once(&complaint);
            self.note = complaint;
        }
    }
}
