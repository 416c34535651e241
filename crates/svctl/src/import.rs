//! `svctl import`: service folders from what others have configured: a supervisord.conf, a Procfile, a pm2 ecosystem file.
//!
//! | module | what is in it |
//! |---|---|
//! | `format` | what a file is: by its name, else by what is in it |
//! | [`supervisor`], `procfile`, `pm2` | a [`Plan`] from the text of such a file; nothing is made there |
//! | [`plan`] | what is to be made, and what there is to say about it |
//! | [`script`] | run scripts |
//! | `apply` | making what is planned, all of it or what is not there yet |
//! | `report` | what was carried over, what is different here, what has no equal |

mod apply;
mod format;
pub mod plan;
mod pm2;
mod procfile;
mod report;
pub(crate) mod script;
pub mod supervisor;

use crate::arguments::{Format, Import};
use crate::directory::Directory;
use crate::exit;
use crate::output::{Paint, print};
use anyhow::{Context, Result};
use cli::Failure;
use cli::text::shown;
use plan::{Plan, Source};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The largest file that is read: nobody's configuration is larger.
const LONGEST: u64 = 16 << 20;

/// `svctl import`
///
/// # Errors
///
/// The file cannot be read, or says nothing that could be made.
pub fn run(directory: &Directory, call: &Import) -> Result<u8, Failure> {
    let source = read(&call.file)?;
    let format = match call.format.or_else(|| format::of(&source)) {
        Some(format) => format,
        None => return Err(unknown(&source).into()),
    };
    let user = call.user.as_deref();
    let plan = match format {
        Format::Supervisor => supervisor::plan(&source, user),
        Format::Procfile => procfile::plan(&source, user),
        Format::Pm2 => pm2::plan(&source, user),
    }
    .with_context(|| format!("unable to import {}", shown(call.file.as_os_str().as_bytes())))?;
    Ok(carry_out(directory, &plan, call.dry_run)?)
}

fn carry_out(directory: &Directory, plan: &Plan, is_dry: bool) -> Result<u8> {
    let outcomes = apply::apply(directory, plan, is_dry)?;
    let mut text = String::new();
    if is_dry {
        for blueprint in plan.programs.iter().flat_map(|program| &program.blueprints) {
            text.push_str(&blueprint.show());
            text.push('\n');
        }
    }
    text.push_str(&report::text(directory, plan, &outcomes, Paint::stdout()));
    print(&text)?;
    Ok(if apply::is_whole(plan, &outcomes) { exit::DONE } else { exit::FAULTS })
}

fn read(path: &Path) -> Result<Source> {
    let unable = || format!("unable to read {}", shown(path.as_os_str().as_bytes()));
    let absolute = std::path::absolute(path).with_context(unable)?;
    let file = File::open(path).with_context(unable)?;
    let others_can_read = file.metadata().with_context(unable)?.permissions().mode() & 0o004 != 0;
    let mut text = Vec::new();
    file.take(LONGEST.saturating_add(1)).read_to_end(&mut text).with_context(unable)?;
    if u64::try_from(text.len()).is_ok_and(|length| length > LONGEST) {
        return Err(anyhow::anyhow!("it is larger than 16 MB")).with_context(unable);
    }
    Ok(Source { path: absolute, text, is_private: !others_can_read })
}

fn unknown(source: &Source) -> anyhow::Error {
    anyhow::anyhow!(
        "unable to import {}: neither its name nor what is in it says what it is: say --format supervisor, procfile or pm2",
        shown(source.path.as_os_str().as_bytes())
    )
}
