//! Ours: svscan on the folder. It is stopped by TERM, and stops all services.

use super::{Arrival, Order, Supervisor, on, on_all, signal, silent};
use crate::outcome::Role;
use crate::setting::Setting;
use crate::tree::Site;
use anyhow::Result;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::path::PathBuf;
use std::process::Command;

#[derive(Debug)]
pub(crate) struct Upkeep {
    svscan: PathBuf,
    svc: PathBuf,
    svstat: PathBuf,
    svctl: PathBuf,
}

impl Upkeep {
    pub(crate) fn new(setting: &Setting) -> Result<Self> {
        Ok(Self {
            svscan: setting.ours("svscan")?,
            svc: setting.ours("svc")?,
            svstat: setting.ours("svstat")?,
            svctl: setting.ours("svctl")?,
        })
    }

    /// The state of all services of a directory, for people.
    pub(crate) fn list(&self, site: &Site) -> Command {
        let mut command = silent(&self.svctl);
        command.env("SVDIR", site.services()).arg("list");
        command
    }

    /// TERM to all services, which are started again.
    pub(crate) fn restart_all(&self, site: &Site, services: &[String]) -> Command {
        let mut command = silent(&self.svc);
        command.arg("-t");
        on_all(command, site, services)
    }
}

impl Supervisor for Upkeep {
    fn name(&self) -> &'static str {
        "upkeep"
    }

    fn role(&self) -> Role {
        Role::Ours
    }

    fn scanner(&self, site: &Site) -> Command {
        let mut command = silent(&self.svscan);
        command.current_dir(site.services());
        command
    }

    fn arrivals(&self) -> &'static [Arrival] {
        &[Arrival::Watched]
    }

    fn order(&self, order: Order, site: &Site, service: &str) -> Option<Command> {
        let mut command = silent(&self.svc);
        command.arg(option(order));
        Some(on(command, site, service))
    }

    fn status(&self, site: &Site, services: &[String]) -> Vec<Command> {
        vec![on_all(silent(&self.svstat), site, services)]
    }

    fn stop(&self, _: &Site, scanner: Pid) -> Result<()> {
        signal(scanner, Signal::SIGTERM)
    }
}

/// svc's, which daemontools and s6 have as well.
pub(super) const fn option(order: Order) -> &'static str {
    match order {
        Order::Up => "-u",
        Order::Down => "-d",
        Order::Terminate => "-t",
        Order::Pause => "-p",
    }
}
