//! The programs that run names: where the system would find them, and whether the account can execute what it finds.

use super::access::{Answer, Want};
use super::argument::script;
use super::executable::interpreter;
use super::found::Found;
use super::reach::{Reach, Told};
use super::scene::{Program, Scene};
use cli::text::shown;
use nix::unistd::AccessFlags;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Where only an administrator's shell looks.
const ADMINISTRATORS: [&str; 4] = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/root/bin"];

/// Where programs are that people install for themselves, below their homes.
const OWN: [&str; 11] = [
    ".local/bin",
    "bin",
    ".cargo/bin",
    "go/bin",
    ".npm-global/bin",
    ".npm-packages/bin",
    ".yarn/bin",
    ".bun/bin",
    ".deno/bin",
    ".pyenv/shims",
    ".rbenv/shims",
];

/// How much of a program is read to see its interpreter.
const FIRST_LINE: u64 = 256;

/// Looks for one program.
pub(super) fn examine(program: &Program, scene: &Scene, reach: &mut Reach<'_>, found: &mut Found) {
    if let Some(folder) = program.folder.as_ref().filter(|folder| **folder != scene.folder) {
        if !is_reached(folder, &program.file, reach, found) {
            return;
        }
    }
    let Some(Some(name)) = program.words.first() else { return };
    let place = if name.as_bytes().contains(&b'/') {
        at_path(name, program, reach, found)
    } else {
        in_path(name, program, scene, reach, found)
    };
    if let Some(place) = place {
        of_the_program(&place, &program.file, reach, found);
        script_of(name, program, reach, found);
    }
}

/// Whether a script's cd succeeds. That the folder is there, the script's own examination says.
fn is_reached(folder: &Path, file: &str, reach: &mut Reach<'_>, found: &mut Found) -> bool {
    let want = Want::new(folder, AccessFlags::X_OK);
    let answers = reach.try_all(std::slice::from_ref(&want), found);
    match answers.and_then(|answers| answers.into_iter().next()) {
        None => true,
        Some(Answer::Missing) => false,
        Some(answer) => {
            let what = format!("the folder {}", shown(folder.as_os_str().as_bytes()));
            let told = Told {
                file,
                what: &what,
                verb: "go into",
                missing: "directory-unreachable",
                refused: "directory-unreachable",
            };
            reach.tell(&want, answer, told, found)
        }
    }
}

/// A program by its path.
fn at_path(name: &OsStr, program: &Program, reach: &mut Reach<'_>, found: &mut Found) -> Option<PathBuf> {
    let path = absolute(name, program)?;
    let what = format!("the program {}", shown(name.as_bytes()));
    if path.is_dir() {
        let what = format!("{what} is a folder");
        found.fault("program-missing", program.file.clone(), what, "write the path of a program");
        return None;
    }
    let told = Told {
        file: &program.file,
        what: &what,
        verb: "execute",
        missing: "program-missing",
        refused: "program-not-executable",
    };
    reach.needs(Want::new(&path, AccessFlags::X_OK), told, found).then_some(path)
}

/// A program by its name.
fn in_path(
    name: &OsStr,
    program: &Program,
    scene: &Scene,
    reach: &mut Reach<'_>,
    found: &mut Found,
) -> Option<PathBuf> {
    let path = program.path.as_deref().or_else(|| scene.environment.get("PATH"))?.to_owned();
    let wants: Option<Vec<Want>> = path
        .as_bytes()
        .split(|byte| *byte == b':')
        .map(|folder| absolute(Path::new(OsStr::from_bytes(folder)).join(name).as_os_str(), program))
        .map(|path| Some(Want::new(path?, AccessFlags::X_OK)))
        .collect();
    // A relative folder in it, and nobody knows relative to which.
    let wants = wants?;
    let answers = reach.try_all(&wants, found)?;
    let is_file = |want: &Want| want.path.is_file();
    if let Some((want, _)) =
        wants.iter().zip(&answers).find(|(want, answer)| **answer == Answer::Yes && is_file(want))
    {
        return Some(want.path.clone());
    }
    let file = program.file.clone();
    let called = shown(name.as_bytes());
    let there = wants.iter().zip(answers).find(|(want, answer)| *answer != Answer::Missing && is_file(want));
    if let Some((want, answer)) = there {
        let what = format!("the program {}", shown(want.path.as_os_str().as_bytes()));
        let told = Told {
            file: &file,
            what: &what,
            verb: "execute",
            missing: "program-missing",
            refused: "program-not-executable",
        };
        reach.tell(want, answer, told, found);
        return None;
    }
    let shown_path = shown(path.as_bytes()).into_owned();
    let elsewhere = |folders: &mut dyn Iterator<Item = PathBuf>| {
        folders.map(|folder| folder.join(name)).find(|path| is_program(path))
    };
    let home = scene.environment.get("HOME").map(PathBuf::from).or_else(|| reach.who.home.clone());
    if let Some(place) = home.and_then(|home| elsewhere(&mut own_folders(&home).into_iter())) {
        let place = shown(place.as_os_str().as_bytes()).into_owned();
        let what =
            format!("{called} is only at {place}, and PATH is {shown_path}: no login shell has added to it");
        found.fault(
            "program-only-in-home",
            file,
            what,
            format!("write {place} for {called}, or put its folder into env/PATH"),
        );
        return None;
    }
    if let Some(place) = elsewhere(&mut administrators().into_iter()) {
        let place = shown(place.as_os_str().as_bytes()).into_owned();
        let what = format!(
            "{called} is at {place}, where a shell of root's finds it, and PATH here is {shown_path}"
        );
        let cure = format!("write {place} for {called}, or put its folder into env/PATH");
        found.fault("program-only-in-roots-path", file, what, cure);
        return None;
    }
    let what = format!("there is no program {called} in PATH, which is {shown_path}");
    found.fault("program-missing", file, what, "install it, or write its whole path");
    None
}

/// Where the account may have installed something for itself.
fn own_folders(home: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = OWN.iter().map(|folder| home.join(folder)).collect();
    let versions = std::fs::read_dir(home.join(".nvm/versions/node")).into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders
}

/// Where who asks would find it in a shell of root's.
fn administrators() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = ADMINISTRATORS.iter().map(PathBuf::from).collect();
    if nix::unistd::geteuid().is_root() {
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    }
    folders.retain(|folder| folder.is_absolute());
    folders
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|stat| stat.is_file() && stat.permissions().mode() & 0o111 != 0)
}

/// Where a word leads from the folder that the program runs in; `None` where that is not known.
fn absolute(word: &OsStr, program: &Program) -> Option<PathBuf> {
    let path = Path::new(word);
    let whole = if path.is_absolute() { path.to_owned() } else { program.folder.as_ref()?.join(path) };
    // Without the dots in it.
    Some(whole.components().collect())
}

/// The program may be a script itself, whose interpreter is not there or not for the account.
fn of_the_program(place: &Path, file: &str, reach: &mut Reach<'_>, found: &mut Found) {
    let Some(Answer::Yes) = reach
        .try_all(&[Want::new(place, AccessFlags::R_OK)], found)
        .and_then(|answers| answers.into_iter().next())
    else {
        return;
    };
    let mut start = Vec::new();
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOCTTY;
    let Ok(opened) = OpenOptions::new().read(true).custom_flags(flags.bits()).open(place) else { return };
    if !opened.metadata().is_ok_and(|stat| stat.is_file())
        || opened.take(FIRST_LINE).read_to_end(&mut start).is_err()
    {
        return;
    }
    let Some(path) = interpreter(&start).into_iter().next().filter(|path| Path::new(path).is_absolute())
    else {
        return;
    };
    let what =
        format!("{}, the interpreter of {}", shown(path.as_bytes()), shown(place.as_os_str().as_bytes()));
    let told = Told {
        file,
        what: &what,
        verb: "execute",
        missing: "interpreter-missing",
        refused: "interpreter-not-executable",
    };
    reach.needs(Want::new(PathBuf::from(&path), AccessFlags::X_OK), told, found);
}

/// An interpreter is told which script to run: that is to be there, and readable.
fn script_of(name: &OsStr, program: &Program, reach: &mut Reach<'_>, found: &mut Found) {
    let Some(script) = script(name, program.words.get(1..).unwrap_or_default()) else { return };
    let Some(path) = absolute(&script, program) else { return };
    let what = format!("the script {}", shown(script.as_bytes()));
    let told = Told {
        file: &program.file,
        what: &what,
        verb: "read",
        missing: "script-missing",
        refused: "script-unreadable",
    };
    reach.needs(Want::new(path, AccessFlags::R_OK), told, found);
}
