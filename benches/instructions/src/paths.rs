//! The hot paths: what is done for each line that is logged, for each event of a service, and for each look at one.

mod lines;
mod machine;
mod record;

use anyhow::Result;

/// What is counted.
pub(crate) struct HotPath {
    /// As the file of figures has it.
    pub(crate) name: &'static str,
    /// How often it is carried out for a figure, and twice as often.
    pub(crate) times: u64,
    /// Carries it out that often, on what is always the same.
    pub(crate) run: fn(u64) -> Result<()>,
}

/// A name says what one time is.
pub(crate) const ALL: &[HotPath] = &[
    HotPath { name: "line", times: 20_000, run: lines::plain },
    HotPath { name: "line-stamped", times: 20_000, run: lines::stamped },
    HotPath { name: "line-pattern", times: 20_000, run: lines::with_pattern },
    HotPath { name: "line-shell-pattern", times: 5_000, run: lines::with_shell_pattern },
    HotPath { name: "machine-step", times: 10_000, run: machine::steps },
    HotPath { name: "status-encode", times: 1_000, run: record::encode },
    HotPath { name: "status-decode", times: 1_000, run: record::decode },
];
