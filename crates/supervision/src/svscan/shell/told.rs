//! What svscan is told by signals: to stop, to look, to leave, to become what is installed now; and that a child has ended.

use super::super::command::Command;
use super::super::events::{Event, Needs};
use super::Shell;
use cli::errno::text;
use cli::text::shown;
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpid};
use std::ops::ControlFlow;
use sys::process::reap;

/// What a shell exits with where a command is not there, and where it cannot be executed.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

impl Shell {
    pub(super) fn take_signal(&mut self, signal: i32) -> ControlFlow<()> {
        match Signal::try_from(signal) {
            Ok(Signal::SIGCHLD) => return self.reap(),
            Ok(Signal::SIGTERM | Signal::SIGINT) => return self.told_to_stop(),
            Ok(Signal::SIGHUP) => self.next.all(),
            // Process 1 has nobody to leave its children to: the kernel would kill them.
            Ok(Signal::SIGQUIT) if getpid() == Pid::from_raw(1) => {
                self.voice.warn("process 1 does not leave services running: use TERM to stop them");
            }
            Ok(Signal::SIGQUIT) => return ControlFlow::Break(()),
            Ok(Signal::SIGUSR2) if !self.stopping => self.upgrade.want(),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    /// Collects every child that has ended: supervises, the command, and what services have left behind.
    fn reap(&mut self) -> ControlFlow<()> {
        while let Some((pid, ending)) = reap() {
            if self.command.as_mut().is_some_and(|command| command.reaped(pid, ending)) {
                self.command_ended()?;
            } else if let Some((id, part)) = self.supervises.reaped(pid) {
                self.tell(Event::Exited(id, part, ending))?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Stops everything; told again, kills it. What stops because the command has ended was not told so yet.
    fn told_to_stop(&mut self) -> ControlFlow<()> {
        let again = std::mem::replace(&mut self.told, true);
        if let Some(command) = self.command {
            command.send(if again { &[Signal::SIGKILL] } else { &[Signal::SIGTERM, Signal::SIGCONT] });
        }
        if again || !self.stopping { self.stop() } else { ControlFlow::Continue(()) }
    }

    fn stop(&mut self) -> ControlFlow<()> {
        let needs = if self.stopping { Needs::new() } else { self.needs() };
        self.stopping = true;
        self.tell(Event::Stop(needs))
    }

    /// No service is left.
    pub(super) fn all_stopped(&mut self) -> ControlFlow<()> {
        self.stopped = true;
        match self.command.and_then(Command::pid) {
            Some(_) => ControlFlow::Continue(()),
            None => ControlFlow::Break(()),
        }
    }

    fn command_ended(&mut self) -> ControlFlow<()> {
        match (self.stopping, self.stopped) {
            (false, _) => self.stop(),
            (true, false) => ControlFlow::Continue(()),
            (true, true) => ControlFlow::Break(()),
        }
    }

    /// Starts what is to run in the foreground, unless it runs since before an upgrade.
    pub(super) fn start_command(&mut self) -> ControlFlow<()> {
        // It may have ended while svscan became what it is.
        self.reap()?;
        let Some(program) = self.call.command.first().filter(|_| self.command.is_none()) else {
            return ControlFlow::Continue(());
        };
        match self.launcher.command(&self.call.command) {
            Ok(pid) => {
                self.command = Some(Command::Runs(pid));
                ControlFlow::Continue(())
            }
            Err(error) => {
                self.voice.warn(&format!("unable to run {}: {}", shown(program.to_bytes()), text(error)));
                let code = if error == Errno::ENOENT { NOT_FOUND } else { NOT_EXECUTABLE };
                self.command = Some(Command::Ended(code));
                self.stop()
            }
        }
    }
}
