//! What the sections of programs say, as `supervisord` reads them: with its defaults, and with each `%(name)s` replaced.
//!
//! It decides nothing about service folders.

use super::expand::{Names, Value, expand};
use super::ini::{Ini, Section, trim};
use super::values::{self, Read, Restart, Target};
use super::words;
use std::collections::BTreeMap;

/// The most processes of one program: more is a slip of the pen.
const MOST: i64 = 1000;

/// What is known about the machine and the call.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    /// The variables that svctl has, which `%(ENV_NAME)s` stands for.
    pub(super) environment: BTreeMap<String, String>,
    /// The folder of the configuration.
    pub(super) here: String,
    /// The machine's name.
    pub(super) host: String,
}

/// What `[supervisord]` says for all programs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Base {
    /// Their variables.
    pub(super) environment: Vec<(String, String)>,
    /// Whom supervisord itself becomes.
    pub(super) user: Option<String>,
    /// The mask that they begin with.
    pub(super) umask: Option<u32>,
    /// The folder that they begin in.
    pub(super) directory: Option<String>,
}

/// What the section of a program says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// Its name.
    pub(super) name: String,
    /// The account.
    pub(super) user: Option<String>,
    /// Its mask.
    pub(super) umask: Option<u32>,
    /// Whether it is started at once.
    pub(super) starts: bool,
    /// When it is started again.
    pub(super) restart: Restart,
    /// The exit codes after which it is not, where it depends on that.
    pub(super) exit_codes: Vec<u8>,
    /// How long it has to live to count as started.
    pub(super) start_seconds: i64,
    /// What it is stopped with.
    pub(super) signal: String,
    /// How long after that it is killed.
    pub(super) stop_seconds: i64,
    /// Whether the signal goes to its whole group.
    pub(super) stops_group: bool,
    /// Whether the kill goes to its whole group.
    pub(super) kills_group: bool,
    /// Whether stderr goes where stdout goes.
    pub(super) joins_stderr: bool,
    /// How the file of stdout is kept.
    pub(super) stdout: Kept,
    /// How the file of stderr is kept.
    pub(super) stderr: Kept,
    /// Its processes, at least one.
    pub(super) processes: Vec<Process>,
}

/// How the files of a log are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// The size of a file, and how many old ones there are, if anything is said about that.
    pub(super) sizes: Option<(u64, u64)>,
    /// Whether lines go to syslog as well.
    pub(super) syslog: bool,
}

/// One process of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    /// Its name.
    pub(super) name: String,
    /// The words of its command, at least one.
    pub(super) words: Vec<String>,
    /// Its variables, those of all programs included.
    pub(super) environment: Vec<(String, String)>,
    /// The folder that it works in.
    pub(super) directory: Option<String>,
    /// Where stdout goes.
    pub(super) stdout: Target,
    /// Where stderr goes.
    pub(super) stderr: Target,
}

/// One section, with the names that can be used in it.
struct Reader<'a> {
    ini: &'a Ini,
    section: &'a Section,
    names: Names,
}

/// What `[supervisord]` says for all, and the names that can be used in all sections.
///
/// # Errors
///
/// Where it is wrong, and why.
pub(super) fn base(ini: &Ini, around: &Surroundings) -> Result<(Base, Names), String> {
    let mut names: Names = environment_names(around.environment.iter());
    names.insert("here".to_owned(), Value::Text(around.here.clone()));
    let mut base = Base::default();
    if let Some(section) = ini.get("supervisord") {
        let reader = Reader { ini, section, names: names.clone() };
        base.user = reader.text("user")?;
        let is_daemon = !reader.read("nodaemon", "false", values::boolean)?;
        // Only one that puts itself in the background uses them.
        if is_daemon {
            base.umask = reader.optional("umask", values::octal)?;
            base.directory = reader.text("directory")?;
        }
        let text = reader.text("environment")?.unwrap_or_default();
        names.insert("host_node_name".to_owned(), Value::Text(around.host.clone()));
        let again = Reader { ini, section, names: names.clone() };
        base.environment = again.pairs("environment", &text)?;
    }
    names.insert("host_node_name".to_owned(), Value::Text(around.host.clone()));
    names.extend(environment_names(base.environment.iter().map(|(name, value)| (name, value))));
    Ok((base, names))
}

/// What a section of a program says, as part of a group; `None` where it says that there is no process.
///
/// # Errors
///
/// Where it is wrong, and why: Supervisor would not start with it.
pub(super) fn program(
    ini: &Ini,
    section: &Section,
    group: &str,
    base: &Base,
    names: &Names,
) -> Result<Option<Settings>, String> {
    let mut reader = Reader { ini, section, names: names.clone() };
    let name = section.name.split_once(':').map_or("", |(_, name)| name);
    let name = values::name(name).map_err(|why| reader.odd(None, why))?;
    if name.is_empty() {
        return Err(reader.odd(None, "it has no name"));
    }
    reader.name("program_name", Value::Text(name.clone()));
    reader.name("group_name", Value::Text(group.to_owned()));
    let count = reader.read("numprocs", "1", values::integer)?;
    let first = reader.read("numprocs_start", "0", values::integer)?;
    if count > MOST {
        return Err(reader.odd(Some("numprocs"), "that is more than 1000 processes"));
    }
    if count < 1 {
        return Ok(None);
    }
    let stops_group = reader.read("stopasgroup", "false", values::boolean)?;
    let kills_group = reader.optional("killasgroup", values::boolean)?.unwrap_or(stops_group);
    if stops_group && !kills_group {
        return Err(reader.odd(Some("killasgroup"), "it cannot be false where stopasgroup is true"));
    }
    let mut settings = Settings {
        user: reader.text("user")?,
        umask: reader.optional("umask", values::octal)?,
        starts: reader.read("autostart", "true", values::boolean)?,
        restart: reader.read("autorestart", "unexpected", values::restart)?,
        exit_codes: reader.read("exitcodes", "0", values::exit_codes)?,
        start_seconds: reader.read("startsecs", "1", values::integer)?,
        signal: reader.read("stopsignal", "TERM", values::signal)?,
        stop_seconds: reader.read("stopwaitsecs", "10", values::integer)?,
        stops_group,
        kills_group,
        joins_stderr: reader.read("redirect_stderr", "false", values::boolean)?,
        stdout: reader.kept("stdout")?,
        stderr: reader.kept("stderr")?,
        processes: Vec::new(),
        name,
    };
    reader.name("numprocs", Value::Number(count));
    for number in first..first.saturating_add(count) {
        reader.name("process_num", Value::Number(number));
        settings.processes.push(reader.process(count, base)?);
    }
    Ok(Some(settings))
}

fn environment_names<'a>(variables: impl Iterator<Item = (&'a String, &'a String)>) -> Names {
    variables.map(|(name, value)| (format!("ENV_{name}"), Value::Text(value.clone()))).collect()
}

impl Reader<'_> {
    fn name(&mut self, name: &str, value: Value) {
        self.names.insert(name.to_owned(), value);
    }

    /// What is wrong with an option, or with the section as a whole.
    fn odd(&self, option: Option<&str>, why: impl std::fmt::Display) -> String {
        match option.and_then(|option| Some((option, self.ini.value(self.section, option)?))) {
            Some((option, value)) => {
                let first = value.text.lines().next().unwrap_or_default();
                format!("{}, line {}: {option}={first}: {why}", value.file, value.line)
            }
            None => format!("{}: [{}]: {why}", self.section.file, self.section.name),
        }
    }

    fn raw(&self, option: &str) -> Option<&str> {
        Some(self.ini.value(self.section, option)?.text.as_str())
    }

    fn expanded(&self, option: &str, text: &str) -> Result<String, String> {
        expand(text, &self.names).map_err(|why| self.odd(Some(option), why))
    }

    fn text(&self, option: &str) -> Result<Option<String>, String> {
        self.raw(option).map(|text| self.expanded(option, text)).transpose()
    }

    fn optional<T>(&self, option: &str, read: fn(&str) -> Read<T>) -> Result<Option<T>, String> {
        let text = self.text(option)?;
        text.map(|text| read(&text).map_err(|why| self.odd(Some(option), why))).transpose()
    }

    fn read<T>(&self, option: &str, default: &str, read: fn(&str) -> Read<T>) -> Result<T, String> {
        match self.optional(option, read)? {
            Some(value) => Ok(value),
            None => read(default).map_err(|why| self.odd(Some(option), why)),
        }
    }

    fn pairs(&self, option: &str, text: &str) -> Result<Vec<(String, String)>, String> {
        let text = self.expanded(option, text)?;
        words::pairs(&text).map_err(|why| self.odd(Some(option), why))
    }

    fn kept(&self, stream: &str) -> Result<Kept, String> {
        let size = self.optional(&format!("{stream}_logfile_maxbytes"), values::size)?;
        let backups = self.optional(&format!("{stream}_logfile_backups"), values::integer)?;
        let syslog = self.read(&format!("{stream}_syslog"), "false", values::boolean)?;
        let is_said = size.is_some() || backups.is_some();
        let backups = u64::try_from(backups.unwrap_or(10)).unwrap_or(0);
        Ok(Kept { sizes: is_said.then_some((size.unwrap_or(50 << 20), backups)), syslog })
    }

    fn process(&mut self, count: i64, base: &Base) -> Result<Process, String> {
        let text = self.raw("environment").unwrap_or_default().to_owned();
        let own = self.pairs("environment", &text)?;
        for (name, value) in &own {
            self.name(&format!("ENV_{name}"), Value::Text(value.clone()));
        }
        let template = self.raw("process_name").unwrap_or("%(program_name)s").to_owned();
        if count > 1 && !template.contains("%(process_num)") {
            return Err(self
                .odd(Some("process_name"), "where numprocs is more than 1, it needs %(process_num)d in it"));
        }
        values::name(&template).map_err(|why| self.odd(Some("process_name"), why))?;
        let command = self.text("command")?.ok_or_else(|| self.odd(None, "it has no command"))?;
        let words = words::split(&command).map_err(|why| self.odd(Some("command"), why))?;
        if words.first().is_none_or(|program| trim(program).is_empty()) {
            return Err(self.odd(Some("command"), "it is empty"));
        }
        let mut environment = base.environment.clone();
        environment.retain(|(name, _)| !own.iter().any(|(known, _)| known == name));
        environment.extend(own);
        Ok(Process {
            name: self.expanded("process_name", &template)?,
            words,
            environment,
            directory: self.text("directory")?.or_else(|| base.directory.clone()),
            stdout: self.target("stdout")?,
            stderr: self.target("stderr")?,
        })
    }

    /// Where a stream goes: the only option that Supervisor expands twice.
    fn target(&self, stream: &str) -> Result<Target, String> {
        let option = format!("{stream}_logfile");
        let Some(text) = self.text(&option)? else { return Ok(Target::Auto) };
        Ok(values::log_file(&self.expanded(&option, &text)?))
    }
}
