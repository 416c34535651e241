//! The service folders of one program, and what there is to say about it: what is carried over, what is different here and why,
//! what has no equal.

use super::account::{self, Becoming};
use super::fastcgi::Socket;
use super::instances::{Common, common};
use super::logs::{Logs, logs};
use super::settings::{Base, Process, Settings};
use super::values::Restart;
use crate::blueprint::Blueprint;
use crate::import::plan::{Note, Program, variable};
use crate::import::script;
use std::collections::BTreeSet;

/// The longest time that a service may take to stop: more is a slip of the pen.
const LONGEST: i64 = 1_000_000_000;

/// An account, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// Its name.
    pub(super) name: String,
    /// Its home folder.
    pub(super) home: String,
    /// Its shell.
    pub(super) shell: String,
}

/// What else decides about a folder.
#[derive(Clone, Copy)]
pub(super) struct Conditions<'a> {
    /// What is so for all programs.
    pub(super) base: &'a Base,
    /// The account for a program that has none.
    pub(super) user: Option<&'a str>,
    /// Who somebody is: a name, or a number as Supervisor takes it.
    pub(super) person: &'a dyn Fn(&str) -> Option<Person>,
    /// Whether the configuration was not for everybody to read.
    pub(super) is_private: bool,
}

/// What a program becomes, called `name` here.
///
/// # Errors
///
/// Why it cannot be made.
pub(super) fn program(
    name: &str,
    mut settings: Settings,
    socket: Option<&Socket>,
    conditions: Conditions<'_>,
) -> anyhow::Result<Program> {
    let mut notes = Vec::new();
    let becoming = become_somebody(&mut settings, conditions, &mut notes);
    let user = user(&settings, becoming.as_ref(), conditions, &mut notes)?;
    let common = if settings.processes.len() > 1 { common(&settings.processes) } else { None };
    let mut folders = Folders {
        name,
        settings: &settings,
        socket,
        user: user.as_deref(),
        conditions,
        starts_at_home: false,
    };
    folders.starts_at_home = becoming.is_some_and(|becoming| becoming.is_login);
    let blueprints = match (&common, settings.processes.as_slice()) {
        (Some(common), processes) => folders.template(common, processes)?,
        (None, [process]) => vec![folders.plain(name, process)?],
        (None, processes) => {
            let plain =
                processes.iter().map(|process| folders.plain(&own_name(name, &process.name), process));
            plain.collect::<anyhow::Result<Vec<_>>>()?
        }
    };
    folders.say(&blueprints, &mut notes);
    Ok(Program { name: settings.name.clone(), blueprints, notes })
}

/// A command that becomes somebody else is replaced by what it then runs, if that is so for all processes.
fn become_somebody(
    settings: &mut Settings,
    conditions: Conditions<'_>,
    notes: &mut Vec<Note>,
) -> Option<Becoming> {
    let first = settings.processes.first()?;
    let by = account::program(&first.words)?.to_owned();
    let is_root = settings
        .user
        .as_deref()
        .or(conditions.base.user.as_deref())
        .is_none_or(|user| user == "root" || user == "0");
    let shell = |name: &str| (conditions.person)(name).map(|person| person.shell);
    let found: Option<Vec<Becoming>> =
        settings.processes.iter().map(|process| account::becoming(&process.words, &shell)).collect();
    let found = found.filter(|found| {
        is_root && found.windows(2).all(|pair| matches!(pair, [one, other] if one.user == other.user && one.is_login == other.is_login))
    });
    let Some(found) = found else {
        notes.push(Note::changed(
            format!("run begins with {by}, so the service is a process of {by}'s, and signals go there"),
            "write the account into the file user, and the command without it into run",
        ));
        return None;
    };
    for (process, becoming) in settings.processes.iter_mut().zip(&found) {
        process.words.clone_from(&becoming.words);
        process.environment.retain(|(name, _)| !becoming.environment.iter().any(|(own, _)| own == name));
        process.environment.extend(becoming.environment.iter().cloned());
    }
    let becoming = found.into_iter().next()?;
    let profile = if becoming.is_login {
        ", and begins in the home folder; the profile of a login shell is not read"
    } else {
        ""
    };
    notes.push(Note::changed(
        format!("{by} is not needed any more: the file user says {}, and the program is the service itself{profile}", becoming.user),
        if becoming.is_login { "what the profile sets (PATH, for instance) goes into env/" } else { "" },
    ));
    Some(becoming)
}

/// The account that a program runs as, as its file has it.
fn user(
    settings: &Settings,
    becoming: Option<&Becoming>,
    conditions: Conditions<'_>,
    notes: &mut Vec<Note>,
) -> anyhow::Result<Option<String>> {
    if let Some(becoming) = becoming {
        return Ok(Some(becoming.user.clone()));
    }
    let wanted = settings.user.as_deref().or(conditions.base.user.as_deref());
    let Some(wanted) = wanted else {
        if let Some(user) = conditions.user {
            notes.push(Note::changed(
                format!("it runs as {user}, as --user says; Supervisor ran it as who ran supervisord, most often root"),
                "",
            ));
        }
        return Ok(conditions.user.map(str::to_owned));
    };
    let person = (conditions.person)(wanted);
    let name = match &person {
        Some(person) => person.name.clone(),
        None if wanted.trim().parse::<i64>().is_ok() => {
            anyhow::bail!("user={wanted}: no account has that number");
        }
        // Somebody may still make it.
        None => wanted.trim().to_owned(),
    };
    if name != "root" {
        notes.push(Note::changed(
            "HOME, USER, LOGNAME and SHELL are those of its account; Supervisor left them as its own were, most often root's",
            "",
        ));
        notes.extend(needless(settings, person.as_ref()));
    }
    Ok(Some(name))
}

/// Variables that somebody had to set so that a program found its home.
fn needless(settings: &Settings, person: Option<&Person>) -> Option<Note> {
    let person = person?;
    let mut found = BTreeSet::new();
    for (name, value) in settings.processes.iter().flat_map(|process| &process.environment) {
        let own = match name.as_str() {
            "HOME" => &person.home,
            "USER" | "LOGNAME" => &person.name,
            "SHELL" => &person.shell,
            _ => continue,
        };
        if own == value {
            found.insert(format!("env/{name}"));
        }
    }
    let found: Vec<_> = found.into_iter().collect();
    (!found.is_empty()).then(|| {
        Note::changed(
            format!("what {} set is so anyway, because of user", found.join(" and ")),
            "they can be removed",
        )
    })
}

/// What one of several processes is called that are not instances.
fn own_name(program: &str, process: &str) -> String {
    if process.starts_with(program) { process.to_owned() } else { format!("{program}-{process}") }
}

/// The folders of one program.
struct Folders<'a> {
    name: &'a str,
    settings: &'a Settings,
    socket: Option<&'a Socket>,
    user: Option<&'a str>,
    conditions: Conditions<'a>,
    starts_at_home: bool,
}

impl Folders<'_> {
    fn template(&self, common: &Common, processes: &[Process]) -> anyhow::Result<Vec<Blueprint>> {
        let mut template = Blueprint::new(&format!("{}@", self.name))?;
        let first = processes.first();
        let shared: Vec<(String, String)> = first
            .into_iter()
            .flat_map(|process| &process.environment)
            .filter(|pair| processes.iter().all(|process| process.environment.contains(pair)))
            .cloned()
            .collect();
        let line = common.directory.as_ref().map(|word| format!("cd {word} || exit 1"));
        let logs = first.map(|process| logs(self.settings, process)).unwrap_or_default();
        self.fill(&mut template, &common.command, line, &logs, &shared)?;
        let mut all = vec![template];
        for (process, instance) in processes.iter().zip(&common.instances) {
            let mut folder = Blueprint::new(&format!("{}@{instance}", self.name))?;
            for (name, value) in process.environment.iter().filter(|pair| !shared.contains(pair)) {
                variable(&mut folder, self.conditions.is_private, name, value)?;
            }
            // A template's `down` is not its instances'.
            if !self.settings.starts {
                folder.file("down", "");
            }
            all.push(folder);
        }
        Ok(all)
    }

    fn plain(&self, name: &str, process: &Process) -> anyhow::Result<Blueprint> {
        let mut folder = Blueprint::new(name)?;
        let line = process.directory.as_deref().map(script::change_folder);
        let logs = logs(self.settings, process);
        self.fill(&mut folder, &script::command(&process.words), line, &logs, &process.environment)?;
        if !self.settings.starts {
            folder.file("down", "");
        }
        Ok(folder)
    }

    /// What a template has, and a folder of its own.
    fn fill(
        &self,
        folder: &mut Blueprint,
        command: &str,
        directory: Option<String>,
        logs: &Logs,
        environment: &[(String, String)],
    ) -> anyhow::Result<()> {
        let home = self.starts_at_home.then(|| "cd || exit 1".to_owned());
        let mut lines: Vec<String> = home.or(directory).into_iter().collect();
        if let Some(umask) = self.settings.umask.or(self.conditions.base.umask) {
            lines.push(format!("umask {:03o}", umask & 0o777));
        }
        if let Some(socket) = self.socket {
            folder.file("listen", socket.line(self.settings.processes.len(), self.user));
            lines.extend(Socket::lines());
        }
        folder.script("run", script::run(&lines, &format!("{command}{}", logs.redirections)));
        if let Some(user) = self.user {
            folder.file("user", format!("{user}\n"));
        }
        for (name, value) in environment {
            variable(folder, self.conditions.is_private, name, value)?;
        }
        logs.put(folder, self.settings, self.user);
        if let Some(finish) = finish(self.settings) {
            folder.script("finish", finish);
        }
        if self.settings.signal != "TERM" {
            folder.file("down-signal", format!("{}\n", self.settings.signal));
        }
        folder.file("timeout-kill", timeout(self.settings.stop_seconds));
        if self.settings.kills_group {
            folder.file("kill-group", "");
        }
        Ok(())
    }

    /// What there is to say that was not said yet.
    fn say(&self, blueprints: &[Blueprint], notes: &mut Vec<Note>) {
        let settings = self.settings;
        let Some(first) = settings.processes.first() else { return };
        if settings.processes.len() > 1 {
            let names: Vec<_> = settings.processes.iter().map(|process| process.name.as_str()).collect();
            let here: Vec<_> = blueprints
                .iter()
                .filter(|folder| !folder.is_template())
                .map(|folder| folder.name.as_str())
                .collect();
            notes.push(Note::changed(
                format!("the processes {} are {} here", ends(&names), ends(&here)),
                if blueprints.first().is_some_and(Blueprint::is_template) {
                    "one more is made by mkdir, in the service directory"
                } else {
                    ""
                },
            ));
        }
        if first.environment.iter().any(|(name, _)| name == "PATH")
            && first.words.first().is_some_and(|program| !program.contains('/'))
        {
            notes.push(Note::changed(
                "the program is sought in the PATH that environment= sets; Supervisor sought it in its own",
                "if that is another program, write its whole path into run",
            ));
        }
        if first.directory.is_none() && !self.starts_at_home {
            notes.push(Note::changed(
                "it works in its service folder; with Supervisor, where that was started, most often /",
                "if that matters, write a line cd DIR || exit 1 into run",
            ));
        }
        notes.extend(logs(settings, first).notes(settings));
        if settings.kills_group && !settings.stops_group {
            notes.push(Note::changed(
                "what stops it goes to its whole process group, not only the KILL behind it, as killasgroup alone has it",
                "to have it as before, remove kill-group",
            ));
        }
    }
}

/// A few names, or the first and the last of many.
fn ends(names: &[&str]) -> String {
    match names {
        [first, _, .., last] => format!("{first} to {last}"),
        names => names.join(" and "),
    }
}

/// The script that says whether a program that has ended is started again; none where it always is.
fn finish(settings: &Settings) -> Option<String> {
    let stay_down = match settings.restart {
        Restart::Always => return None,
        Restart::Never => "exit 125\n".to_owned(),
        Restart::Unexpected if settings.exit_codes.is_empty() => return None,
        Restart::Unexpected => {
            let codes: Vec<_> = settings.exit_codes.iter().map(u8::to_string).collect();
            format!("case $1 in {}) exit 125 ;; esac\n", codes.join("|"))
        }
    };
    Some(format!("#!/bin/sh\n# 125: stay down. $1 is the exit code of run, 256 after a signal.\n{stay_down}"))
}

/// Supervisor always kills at last; it does so at once after no time, which is no limit here.
fn timeout(seconds: i64) -> String {
    if seconds < 1 { "1ms\n".to_owned() } else { format!("{}s\n", seconds.min(LONGEST)) }
}
