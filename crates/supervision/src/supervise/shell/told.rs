//! What supervise is told: by signals, by its children, by the start in progress, by run, and by commands.

use super::super::machine::{Event, Says};
use super::super::reports::Told;
use super::Shell;
use nix::sys::signal::Signal;
use protocol::command::orders;
use protocol::notify::Word;
use protocol::report::Report;
use protocol::status::Failed;
use std::io::Read;
use std::ops::ControlFlow;
use sys::process::{Change, next_change};

/// Commands are taken in blocks of this size; what `+` and `=` say holds for a block.
const BATCH: usize = 1024;

impl Shell {
    pub(super) fn take_signals(&mut self) -> ControlFlow<()> {
        while let Some(signal) = self.signals.next() {
            self.take_signal(signal)?;
        }
        ControlFlow::Continue(())
    }

    fn take_signal(&mut self, signal: i32) -> ControlFlow<()> {
        match Signal::try_from(signal) {
            Ok(Signal::SIGCHLD) => self.reap(),
            Ok(Signal::SIGTERM | Signal::SIGINT) => self.step(Event::Terminate),
            Ok(Signal::SIGHUP) => self.step(Event::EndOfInput),
            Ok(Signal::SIGQUIT) => self.step(Event::Quit),
            Ok(Signal::SIGUSR2) => {
                self.upgrade();
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Continue(()),
        }
    }

    pub(super) fn reap(&mut self) -> ControlFlow<()> {
        while let Some((pid, change)) = next_change() {
            if self.effects.is_check(pid) {
                self.check_changed(change)?;
            }
            if self.effects.process().is_none_or(|process| process.pid() != pid) {
                continue;
            }
            match change {
                Change::Ended(ending) => self.ended(ending),
                Change::Stopped => self.step(Event::Paused(true)),
                Change::Continued => self.step(Event::Paused(false)),
            }?;
        }
        self.look_again()
    }

    pub(super) fn check_changed(&mut self, change: Change) -> ControlFlow<()> {
        match change {
            Change::Ended(ending) => {
                self.effects.check_ended(ending);
                self.step(Event::Checked(ending))
            }
            Change::Stopped | Change::Continued => ControlFlow::Continue(()),
        }
    }

    pub(super) fn read_reports(&mut self) -> ControlFlow<()> {
        let is_finish = self.machine.finish().is_some();
        loop {
            match self.effects.next_report() {
                None => return ControlFlow::Continue(()),
                Some(ControlFlow::Continue(Told::Opened(line, socket))) => {
                    self.effects.sockets_mut().taken(&line, socket);
                    self.note_sockets();
                }
                Some(ControlFlow::Continue(Told::Report(report))) => self.take_report(report, is_finish),
                Some(ControlFlow::Break(())) => {
                    self.effects.executed(is_finish);
                    self.step(Event::Executed)?;
                    // A start goes deeper than anything that comes now.
                    sys::stack::give_back();
                }
            }
        }
    }

    pub(super) fn take_report(&mut self, report: Report, is_finish: bool) {
        match report {
            Report::Warning(text) => self.effects.warn_once(&text),
            Report::Failed { step, errno, reason } => {
                self.effects.start_failed(is_finish, Failed { step, errno, reason });
                self.record();
            }
            Report::Sockets { lines } => {
                self.effects.sockets_mut().retain(&lines);
                self.note_sockets();
                if let Some(reports) = self.effects.reports() {
                    reports.go_on();
                }
            }
            // Without a socket it says nothing.
            Report::Socket { .. } => {}
        }
    }

    /// Takes what run says of itself.
    pub(super) fn hear(&mut self) -> ControlFlow<()> {
        if self.effects.hearing().has_written() {
            self.step(Event::Says(Says::Ready))?;
        }
        self.effects.hearing_mut().forget_what_is_over();
        for message in self.effects.hearing().messages(self.machine.pid()) {
            if message.is_too_long {
                self.effects.warn_once("a message to its notify socket is too long, and is not taken");
            }
            for word in &message.words {
                self.take_word(word)?;
            }
            // Only now is it known to be taken: the record has what it says.
        }
        ControlFlow::Continue(())
    }

    pub(super) fn take_word(&mut self, word: &Word) -> ControlFlow<()> {
        let says = match word {
            Word::Ready => Says::Ready,
            Word::Reloading => Says::Reloading,
            Word::Stopping => Says::Stopping,
            Word::Alive => Says::Alive,
            Word::Trigger => Says::Failing,
            Word::Extend(time) => Says::NeedsTime(*time),
            Word::Status(text) => {
                self.effects.hearing_mut().set_says(text.clone());
                self.record();
                return ControlFlow::Continue(());
            }
            Word::MainPid(pid) => {
                self.effects.main_process(*pid, self.machine.pid());
                return ControlFlow::Continue(());
            }
        };
        self.step(Event::Says(says))
    }

    pub(super) fn read_commands(&mut self) -> ControlFlow<()> {
        let mut batch = [0; BATCH];
        let length = self.place.control.read(&mut batch).unwrap_or(0);
        if length > 0 {
            // Whoever has seen run end, and then wants it up, does not mean the run that ended.
            self.take_signals()?;
        }
        for order in orders(batch.get(..length).unwrap_or_default()) {
            self.step(Event::Order(order))?;
        }
        ControlFlow::Continue(())
    }
}
