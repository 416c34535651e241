//! Making what is planned: first everything in a folder beside, then each is looked at as by `svctl check`, and gets its place. What
//! is there already is left alone. Faults are told, and do not stop it: the old configuration had them as well.

use super::plan::Plan;
use crate::blueprint::Blueprint;
use crate::check::{self, Finding, Weight};
use crate::directory::Directory;
use anyhow::{Context, Result, bail};
use cli::text::shown;
use nix::fcntl::AT_FDCWD;
use protocol::instance::{Kind, kind};
use std::collections::BTreeSet;
use std::ffi::{CString, OsStr};
use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use sys::rename::to_free_name;

/// How many names are tried where others already have them.
const TRIES: u32 = 100;

/// What has become of a folder.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Its name.
    pub(super) name: String,
    /// How it ended.
    pub(super) end: End,
    /// What `svctl check` says of it.
    pub(super) findings: Vec<Finding>,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum End {
    /// It has been made.
    Made,
    /// It would have been made.
    WouldBeMade,
    /// Something of that name is there already.
    IsThere,
    /// It is an instance of a template that was not made: what is called so may be anything.
    WithoutTemplate,
    /// It could not be made.
    Failed(anyhow::Error),
}

impl Outcome {
    /// Whether it is there now, or would be.
    pub(super) fn is_made(&self) -> bool {
        matches!(self.end, End::Made | End::WouldBeMade)
    }
}

/// Whether everything that was asked for is there now, and sound.
pub(super) fn is_whole(plan: &Plan, outcomes: &[Vec<Outcome>]) -> bool {
    let is_sound = |outcome: &Outcome| {
        outcome.is_made() && outcome.findings.iter().all(|finding| finding.weight != Weight::Fault)
    };
    plan.programs.iter().all(|program| !program.blueprints.is_empty())
        && outcomes.iter().flatten().all(is_sound)
}

/// Where everything is made first: in the service directory, so that renaming is all that is left to do, under a name that
/// svscan passes over. It goes away again, with what is still in it.
#[derive(Debug)]
struct Beside {
    path: PathBuf,
    directory: Directory,
}

impl Beside {
    fn new(directory: &Directory) -> Result<Self> {
        for number in 0..TRIES {
            let path = directory.path().join(format!(".import-{}-{number}", std::process::id()));
            match DirBuilder::new().mode(0o755).create(&path) {
                Ok(()) => {
                    // Whatever the umask is: the accounts of the services have to get through, as they will.
                    fs::set_permissions(&path, Permissions::from_mode(0o755))?;
                    let directory = Directory::choose(Some(&path))?;
                    return Ok(Self { path, directory });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let path = shown(path.as_os_str().as_bytes()).into_owned();
                    return Err(error).with_context(|| format!("unable to make {path}"));
                }
            }
        }
        bail!(
            "unable to make a folder in {}: all names are taken",
            shown(directory.path().as_os_str().as_bytes())
        )
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Makes what is planned, or tries how it would be; a list for each program, in the same order.
///
/// # Errors
///
/// Nothing can be made in the service directory.
pub(super) fn apply(directory: &Directory, plan: &Plan, is_dry: bool) -> Result<Vec<Vec<Outcome>>> {
    let beside = match Beside::new(directory) {
        Ok(beside) => Some(beside),
        // Who may not make anything can still ask what would be made.
        Err(_) if is_dry => None,
        Err(why) => return Err(why),
    };
    let blueprints = || plan.programs.iter().flat_map(|program| &program.blueprints);
    let taken: BTreeSet<&str> = blueprints()
        .map(|blueprint| blueprint.name.as_str())
        .filter(|name| directory.path().join(name).symlink_metadata().is_ok())
        .collect();
    let stage = |blueprint: &Blueprint| prepare(blueprint, beside.as_ref(), &taken);
    let staged: Vec<Vec<End>> =
        plan.programs.iter().map(|program| program.blueprints.iter().map(stage).collect()).collect();
    let mut outcomes = Vec::new();
    for (program, ends) in plan.programs.iter().zip(staged) {
        let mut without = BTreeSet::new();
        let mut made = Vec::new();
        for (blueprint, end) in program.blueprints.iter().zip(ends) {
            let end = if template(blueprint).is_some_and(|name| without.contains(name)) {
                End::WithoutTemplate
            } else {
                end
            };
            let outcome = finish(directory, blueprint, end, beside.as_ref(), is_dry);
            if blueprint.is_template() && !outcome.is_made() {
                without.insert(blueprint.name.as_str());
            }
            made.push(outcome);
        }
        outcomes.push(made);
    }
    Ok(outcomes)
}

/// The template of an instance.
fn template(blueprint: &Blueprint) -> Option<&str> {
    match kind(OsStr::new(&blueprint.name)) {
        Kind::Instance { template, .. } => template.to_str(),
        Kind::Plain | Kind::Template => None,
    }
}

/// Makes a folder beside its place, unless that is taken.
fn prepare(blueprint: &Blueprint, beside: Option<&Beside>, taken: &BTreeSet<&str>) -> End {
    if taken.contains(blueprint.name.as_str()) {
        return End::IsThere;
    }
    let staged = beside.map_or(Ok(()), |beside| blueprint.stage(&beside.directory)?.commit().map(drop));
    staged.map_or_else(End::Failed, |()| End::WouldBeMade)
}

/// Looks at it, and gives it its place.
fn finish(
    directory: &Directory,
    blueprint: &Blueprint,
    end: End,
    beside: Option<&Beside>,
    is_dry: bool,
) -> Outcome {
    let name = blueprint.name.clone();
    let (Some(beside), End::WouldBeMade) = (beside, &end) else {
        return Outcome { name, end, findings: Vec::new() };
    };
    let path = beside.path.join(&name);
    // What an instance is shows where its template is, which has got its place before; where nothing gets one, the template tells.
    let is_alone = is_dry && template(blueprint).is_some();
    let findings = if is_alone { Vec::new() } else { check::examine(&path, &name, directory.path()) };
    let place = directory.path().join(&name);
    let end = if is_dry {
        end
    } else {
        let unable = || format!("unable to make {}", shown(place.as_os_str().as_bytes()));
        move_to(&path, &place).with_context(unable).map_or_else(End::Failed, |()| End::Made)
    };
    Outcome { name, end, findings }
}

fn move_to(path: &Path, place: &Path) -> Result<()> {
    let [path, place] = [path, place].map(|path| CString::new(path.as_os_str().as_bytes()));
    Ok(to_free_name(AT_FDCWD, &path?, AT_FDCWD, &place?)?)
}
