//! s6: s6-svscan on the folder, with room for all services; it looks for new ones when `s6-svscanctl -a` says so.

use super::{Arrival, Order, Supervisor, on, run, theirs, upkeep};
use crate::tree::Site;
use anyhow::{Context, Result};
use nix::unistd::Pid;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;

/// As many as it takes: with its usual limit of 500 it would stop there.
const MOST: usize = 50_000;

#[derive(Debug)]
pub(super) struct S6;

impl Supervisor for S6 {
    fn name(&self) -> &'static str {
        "s6"
    }

    fn most(&self) -> usize {
        MOST
    }

    fn scanner(&self, site: &Site) -> Command {
        let mut command = theirs("s6-svscan");
        command.arg("-c").arg(MOST.to_string()).arg(site.services()).current_dir(site.services());
        command
    }

    fn arrivals(&self) -> &'static [Arrival] {
        &[Arrival::Told, Arrival::Signalled]
    }

    fn tell(&self, arrival: Arrival, site: &Site, _: &str) -> Result<()> {
        if arrival == Arrival::Told {
            return run(control("-a", site));
        }
        let fifo = site.services().join(".s6-svscan/control");
        let fifo = OpenOptions::new().write(true).open(fifo);
        fifo.and_then(|mut fifo| fifo.write_all(b"a")).context("unable to write to s6-svscan")
    }

    fn order(&self, order: Order, site: &Site, service: &str) -> Option<Command> {
        let mut command = theirs("s6-svc");
        command.arg(upkeep::option(order));
        Some(on(command, site, service))
    }

    fn status(&self, site: &Site, services: &[String]) -> Vec<Command> {
        services.iter().map(|service| on(theirs("s6-svstat"), site, service)).collect()
    }

    fn stop(&self, site: &Site, _: Pid) -> Result<()> {
        run(control("-t", site))
    }
}

fn control(option: &str, site: &Site) -> Command {
    let mut command = theirs("s6-svscanctl");
    command.arg(option).arg(site.services());
    command
}
