//! Everything that the account of a service has to get at, in the order in which a start would.

use super::access::{Answer, Asker, Want};
use super::account::{Whom, who};
use super::found::Found;
use super::programs::Executable;
use super::reach::{Reach, Told};
use super::scene::{Program, Scene};
use super::subject::Subject;
use super::variables::Variables;
use super::{home, logger, seek};
use chain::runas::target::Target;
use cli::text::shown;
use nix::unistd::AccessFlags;
use protocol::folder::{ENV, RUN};
use protocol::user::User;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Everything that the account has to get at.
pub(super) fn examine(
    subject: &Subject<'_>,
    scene: &Scene,
    whom: &Whom,
    executables: &[Executable],
    variables: &Variables,
    programs: &[Program],
    found: &mut Found,
) {
    let mut reach = Reach::of(&whom.who, Asker::of(whom.who.uid, &whom.target));
    the_folder(subject, executables, &mut reach, found);
    for executable in executables {
        of_the_folder(executable, &mut reach, found);
    }
    for (file, want) in &variables.wants {
        let told = Told {
            file,
            what: "this variable",
            verb: "read",
            missing: "variable-unusable",
            refused: "variable-unreadable",
        };
        reach.needs(want.clone(), told, found);
    }
    let is_set_here = variables.settings.get(OsStr::new("HOME")).is_some_and(Option::is_some);
    let file = is_set_here.then(|| format!("{}/HOME", subject.file_of(ENV)));
    home::examine(&scene.environment, file, &reach, found);
    if subject.is_log() && !executables.iter().any(|one| one.name == RUN) && !subject.is_template {
        logger::main(subject, &mut reach, found);
    }
    for program in programs {
        match &program.account {
            None => one_program(program, scene, &mut reach, found),
            Some(name) => as_another(name, program, scene, found),
        }
    }
}

fn one_program(program: &Program, scene: &Scene, reach: &mut Reach<'_>, found: &mut Found) {
    seek::examine(program, scene, reach, found);
    if scene.is_log {
        logger::examine(program, reach, found);
    }
}

/// A program that runs as an account that a program before it has become.
fn as_another(name: &OsStr, program: &Program, scene: &Scene, found: &mut Found) {
    let Ok(user @ User::Named { .. }) = User::parse(name.as_bytes()) else { return };
    match Target::of(&user, None) {
        Ok(target) => {
            let Some(who) = who(&target, false) else { return };
            let mut reach = Reach::of(&who, Asker::of(who.uid, &target));
            one_program(program, scene, &mut reach, found);
        }
        Err(_) => {
            let name = shown(name.as_bytes());
            let what = format!("line {} changes to the account {name}, which does not exist", program.line);
            found.fault("user-unknown", program.file.clone(), what, "write an account that exists");
        }
    }
}

/// The folder that run starts in. supervise is in it already: what is above stops only what goes by a whole path.
fn the_folder(subject: &Subject<'_>, executables: &[Executable], reach: &mut Reach<'_>, found: &mut Found) {
    let want = Want::new(&subject.path, AccessFlags::X_OK);
    let Some(answer) =
        reach.try_all(std::slice::from_ref(&want), found).and_then(|all| all.into_iter().next())
    else {
        return;
    };
    let is_templates = executables.iter().any(|one| one.is_templates);
    let file = subject.is_log().then(|| "log".to_owned());
    match answer {
        Answer::Blocked(folder) if !is_templates => {
            let (what, cure) = reach.stopped(&folder, "this folder");
            let what = format!("{what}; run starts all the same, but finds nothing here by a whole path");
            found.advice("unreachable", file, what, cure);
            reach.has_told(folder);
        }
        Answer::Blocked(folder) => {
            let (what, cure) = reach.stopped(&folder, "this folder");
            found.fault("unreachable", file, what, cure);
            reach.has_told(folder);
        }
        Answer::Refused(_) => {
            let (what, cure) = reach.stopped(&subject.path, "run");
            found.fault("unreachable", file, what, cure);
            reach.has_told(subject.path.clone());
        }
        Answer::Yes | Answer::Missing | Answer::Broken(_) => {}
    }
}

/// A program of the folder, which is executed, and read if it is a script.
fn of_the_folder(executable: &Executable, reach: &mut Reach<'_>, found: &mut Found) {
    if !executable.is_sound {
        return;
    }
    let script = &executable.script;
    let interpreter = script.interpreter.first();
    let mut access = AccessFlags::X_OK;
    let mut verb = "execute";
    if interpreter.is_some() {
        access |= AccessFlags::R_OK;
        verb = "read and execute";
    }
    let told = Told {
        file: &script.file,
        what: "it",
        verb,
        missing: "run-missing",
        refused: "not-executable-by-account",
    };
    if !reach.needs(Want::new(&script.path, access), told, found) {
        return;
    }
    if let Some(interpreter) = interpreter {
        let what = format!("its interpreter {}", shown(interpreter.as_bytes()));
        let told = Told {
            file: &script.file,
            what: &what,
            verb: "execute",
            missing: "interpreter-missing",
            refused: "interpreter-not-executable",
        };
        reach.needs(Want::new(interpreter, AccessFlags::X_OK), told, found);
    }
}
