//! What a resident program does first of all: from here on nothing that it was started with reaches a service.

use anyhow::Context;
use sys::descriptor::{close_on_exec_from, pass_on_standard};
use sys::signals::{Signals, default_dispositions};

/// Takes all signals, puts their dispositions back to the defaults, keeps every descriptor to itself but the standard three,
/// and passes those on even where they were closed.
///
/// # Errors
///
/// Which of it was not possible.
pub(crate) fn begin() -> anyhow::Result<Signals> {
    let signals = Signals::take_all().context("unable to block signals")?;
    default_dispositions();
    close_on_exec_from(3).context("unable to keep descriptors to myself")?;
    pass_on_standard().context("unable to pass on descriptors")?;
    Ok(signals)
}
