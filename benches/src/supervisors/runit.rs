//! runit: `runsvdir -P` on the folder, as its own init runs it. HUP stops the services.

use super::{Arrival, Order, Supervisor, on, on_all, signal, theirs};
use crate::tree::Site;
use anyhow::Result;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::process::Command;

#[derive(Debug)]
pub(super) struct Runit;

impl Supervisor for Runit {
    fn name(&self) -> &'static str {
        "runit"
    }

    fn most(&self) -> usize {
        1000
    }

    fn scanner(&self, site: &Site) -> Command {
        let mut command = theirs("runsvdir");
        command.arg("-P").arg(site.services()).current_dir(site.services());
        command
    }

    fn arrivals(&self) -> &'static [Arrival] {
        &[Arrival::Looked]
    }

    fn order(&self, order: Order, site: &Site, service: &str) -> Option<Command> {
        let word = match order {
            Order::Up => "up",
            Order::Down => "down",
            Order::Terminate => "term",
            Order::Pause => "pause",
        };
        let mut command = theirs("sv");
        command.arg(word);
        Some(on(command, site, service))
    }

    fn status(&self, site: &Site, services: &[String]) -> Vec<Command> {
        let mut command = theirs("sv");
        command.env("SVDIR", site.services()).arg("status");
        vec![on_all(command, site, services)]
    }

    fn stop(&self, _: &Site, scanner: Pid) -> Result<()> {
        signal(scanner, Signal::SIGHUP)
    }
}
