//! Text for people: tables, colours where a terminal shows them, times and sizes that are read at a glance.

mod paint;
mod table;
mod units;

pub use paint::Paint;
pub use table::{Align, Table};
pub use units::{ago, bytes, ending, local, span};

use anyhow::{Context, Result};
use std::io::Write;

/// Writes text to stdout, all of it.
///
/// # Errors
///
/// Nobody takes it: a full disk.
pub fn print(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).context("unable to write output")
}
