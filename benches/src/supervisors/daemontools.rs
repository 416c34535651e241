//! daemontools 0.76: svscan on the folder. Its svscan ends alone when it is told to; the services are stopped by `svc -dx`.

use super::{Arrival, Order, Supervisor, on, on_all, run, signal, theirs, upkeep};
use crate::tree::Site;
use anyhow::Result;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::process::Command;

#[derive(Debug)]
pub(super) struct Daemontools;

impl Supervisor for Daemontools {
    fn name(&self) -> &'static str {
        "daemontools"
    }

    fn most(&self) -> usize {
        1000
    }

    fn scanner(&self, site: &Site) -> Command {
        let mut command = theirs("svscan");
        command.current_dir(site.services());
        command
    }

    fn arrivals(&self) -> &'static [Arrival] {
        &[Arrival::Looked]
    }

    fn order(&self, order: Order, site: &Site, service: &str) -> Option<Command> {
        let mut command = theirs("svc");
        command.arg(upkeep::option(order));
        Some(on(command, site, service))
    }

    fn status(&self, site: &Site, services: &[String]) -> Vec<Command> {
        vec![svstat(site, services)]
    }

    fn stop(&self, site: &Site, scanner: Pid) -> Result<()> {
        signal(scanner, Signal::SIGTERM)?;
        let mut command = theirs("svc");
        command.arg("-dx");
        run(on_all(command, site, site.names()))
    }
}

/// Its svstat, which reads our records too.
pub(crate) fn svstat(site: &Site, services: &[String]) -> Command {
    on_all(theirs("svstat"), site, services)
}
