//! What is measured: a file, or a folder, for each; in the order of the table.

mod arrival;
mod become_user;
mod commands;
mod crashes;
mod idle;
mod logger;
mod mass;
mod memory;
mod restart;
mod scale;
mod scanner;
mod status;

use crate::outcome::Outcome;
use crate::setting::Setting;
use anyhow::Result;

/// A measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measure {
    /// What `--only` seeks in, and what is shown while it runs.
    pub(crate) name: &'static str,
    pub(crate) take: fn(&Setting) -> Result<Vec<Outcome>>,
}

/// All of them.
pub(crate) const ALL: &[Measure] = &[
    Measure { name: "memory of a supervise", take: memory::measure },
    Measure { name: "memory of the scanner", take: scanner::measure },
    Measure { name: "arrival of a folder", take: arrival::measure },
    Measure { name: "500 from nothing", take: mass::measure },
    Measure { name: "death to restart", take: restart::measure },
    Measure { name: "commands", take: commands::measure },
    Measure { name: "status of 1000", take: status::measure },
    Measure { name: "become a user", take: become_user::measure },
    Measure { name: "logger: throughput", take: logger::files },
    Measure { name: "logger: time stamps", take: logger::filters },
    Measure { name: "logger: a quiet one", take: logger::quiet },
    Measure { name: "idle", take: idle::measure },
    Measure { name: "crash loop", take: crashes::measure },
    Measure { name: "scale", take: scale::measure },
];
