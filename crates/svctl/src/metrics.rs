//! `svctl metrics`: figures of all services as OpenMetrics text, which Prometheus and its node_exporter read as well.

mod text;

use crate::arguments::Metrics;
use crate::directory::Directory;
use crate::exit;
use crate::output::print;
use crate::seen::{Moment, look_at_all};
use anyhow::{Context, Result, bail};
use cli::Failure;
use cli::text::shown;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, rename};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Runs the command.
///
/// # Errors
///
/// The service directory cannot be listed, or the file not be written.
pub fn run(directory: &Directory, call: &Metrics) -> Result<u8, Failure> {
    let moment = Moment::now();
    let text = text::metrics(&look_at_all(&directory.services()?, &moment), &moment);
    match &call.output {
        Some(path) => write(path, &text)?,
        None => print(&text)?,
    }
    Ok(exit::DONE)
}

/// Writes it whole: a collector that reads at this moment gets the old text or the new one.
fn write(path: &Path, text: &str) -> Result<()> {
    let shown = shown(path.as_os_str().as_bytes());
    let unable = || format!("unable to write {shown}");
    let Some(name) = path.file_name() else { bail!("unable to write {shown}: it is no name of a file") };
    let mut new = OsString::from(".");
    new.push(name);
    new.push(format!(".new-{}", std::process::id()));
    let new = path.with_file_name(new);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(&new)
        .and_then(|mut file: File| file.write_all(text.as_bytes()))
        .and_then(|()| rename(&new, path));
    written.inspect_err(|_| drop(std::fs::remove_file(&new))).with_context(unable)
}
