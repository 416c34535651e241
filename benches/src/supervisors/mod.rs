//! How each supervisor is driven: as its manual says, all on the same folders, with the same environment and limits, in
//! silence. A service is the folder with the `run` that the supervisor wants it to have; one that wants none, but a section in
//! a file, gets that.

pub(crate) mod daemontools;
mod runit;
mod s6;
mod supervisor;
mod upkeep;

pub(crate) use upkeep::Upkeep;

use crate::outcome::Role;
use crate::processes;
use crate::programs;
use crate::setting::Setting;
use crate::tree::{Site, run};
use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is asked of a supervisor for one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Up,
    Down,
    /// TERM to the service, which is then started again.
    Terminate,
    Pause,
}

/// How a supervisor learns of a new folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// By itself, at once.
    Watched,
    /// By itself, when it looks next: every five seconds.
    Looked,
    /// By the command that its manual names.
    Told,
    /// By what that command does, without running it.
    Signalled,
}

/// A family of programs.
pub(crate) trait Supervisor {
    /// That of its Debian package.
    fn name(&self) -> &'static str;

    fn role(&self) -> Role {
        Role::Peer
    }

    /// With how many services it is measured at most.
    fn most(&self) -> usize {
        usize::MAX
    }

    /// Makes what it needs besides the service folders.
    fn prepare(&self, _: &Site) -> Result<()> {
        Ok(())
    }

    /// The program that starts and keeps everything.
    fn scanner(&self, site: &Site) -> Command;

    /// What is resident beside each service: usually the scanner's children.
    fn supervises(&self, scanner: Pid) -> Result<Vec<Pid>> {
        processes::children(scanner)
    }

    /// In which ways a new folder becomes a service.
    fn arrivals(&self) -> &'static [Arrival];

    /// Tells it, in that way, that there is one.
    fn tell(&self, _: Arrival, _: &Site, _: &str) -> Result<()> {
        Ok(())
    }

    /// The command for it; `None` where it has none.
    fn order(&self, order: Order, site: &Site, service: &str) -> Option<Command>;

    /// The commands that show the state of all these services.
    fn status(&self, site: &Site, services: &[String]) -> Vec<Command>;

    /// Stops the services and the scanner.
    fn stop(&self, site: &Site, scanner: Pid) -> Result<()>;
}

/// Ours first.
pub(crate) type Supervisors = Vec<Box<dyn Supervisor>>;

/// Ours, and those of the peers that are installed and take so many services; and what to say of the others.
pub(crate) fn taking(count: usize, setting: &Setting) -> Result<(Supervisors, Vec<String>)> {
    let mut taking: Supervisors = vec![Box::new(Upkeep::new(setting)?)];
    let peers: [Box<dyn Supervisor>; 4] = [
        Box::new(daemontools::Daemontools),
        Box::new(runit::Runit),
        Box::new(s6::S6),
        Box::new(supervisor::Supervisord),
    ];
    let mut missing = programs::missing(&peers.each_ref().map(|peer| peer.name()));
    for peer in peers.into_iter().filter(|peer| programs::is_installed(peer.name())) {
        if peer.most() >= count {
            taking.push(peer);
        } else {
            missing.push(format!("{}: not with {count} services", peer.name()));
        }
    }
    Ok((taking, missing))
}

/// A program of a peer's package, to be run in silence.
fn theirs(name: &str) -> Command {
    silent(&programs::theirs(name).unwrap_or_else(|| PathBuf::from(name)))
}

/// A program with the environment that all have, which says nothing to anybody.
fn silent(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// With a service folder as the last argument.
fn on(mut command: Command, site: &Site, service: &str) -> Command {
    command.arg(site.service(service));
    command
}

/// Many folders in one call, as a shell gives them: `*`.
fn on_all(mut command: Command, site: &Site, services: &[String]) -> Command {
    command.current_dir(site.services()).args(services);
    command
}

fn signal(pid: Pid, signal: Signal) -> Result<()> {
    kill(pid, signal).context("unable to signal a scanner")
}
