//! What has no equal here, and what to do about it: options of programs, and sections of the file.

use super::ini::{Ini, Section};
use super::values::boolean;
use crate::import::plan::Note;

/// Options of programs that are carried over.
const CARRIED: [&str; 27] = [
    "autorestart",
    "autostart",
    "command",
    "directory",
    "environment",
    "exitcodes",
    "killasgroup",
    "numprocs",
    "numprocs_start",
    "process_name",
    "redirect_stderr",
    "socket",
    "socket_backlog",
    "socket_mode",
    "socket_owner",
    "stderr_logfile",
    "stderr_logfile_backups",
    "stderr_logfile_maxbytes",
    "stderr_syslog",
    "stdout_logfile",
    "stdout_logfile_backups",
    "stdout_logfile_maxbytes",
    "stdout_syslog",
    "stopasgroup",
    "stopsignal",
    "stopwaitsecs",
    "umask",
];

/// What there is to say about a program's options, in the order of the alphabet.
pub(super) fn options(ini: &Ini, section: &Section) -> Vec<Note> {
    let values: Vec<_> = section
        .options()
        .filter_map(|option| Some((option, ini.value(section, option)?.text.as_str())))
        .collect();
    let mut notes: Vec<Note> =
        values.iter().filter_map(|(option, value)| self::option(option, value)).collect();
    let mut variables: Vec<&str> = values.iter().flat_map(|(_, value)| variables(value)).collect();
    variables.sort_unstable();
    variables.dedup();
    if !variables.is_empty() {
        notes.push(Note::changed(
            format!(
                "{} is as it is set here and now; Supervisor took it as it was at each of its starts",
                variables.join(" and ")
            ),
            "where it differs from machine to machine, write \"$NAME\" for it into run",
        ));
    }
    notes
}

/// The variables that a value has as `%(ENV_NAME)s`.
fn variables(value: &str) -> impl Iterator<Item = &str> {
    value.split("%(ENV_").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0))
}

fn option(option: &str, value: &str) -> Option<Note> {
    let is_on = boolean(value).unwrap_or(true);
    let number = value.trim().parse::<i64>().ok();
    Some(match option {
        "user" => Note::carried(format!("user={value}")),
        option if CARRIED.contains(&option) => Note::carried(option),
        "priority" => Note::no_equal(
            "priority: all services start at once",
            "where one needs another, write the other's name into its file needs: it then waits until that is ready",
        ),
        "startretries" => Note::no_equal(
            "startretries: nobody gives up; a service that fails is tried again for ever, with pauses that grow to 16 s",
            "svctl list shows what fails and why; restart-max sets the longest pause",
        ),
        "startsecs" if number.is_some_and(|number| number < 2) => return None,
        "startsecs" => Note::no_equal(
            "startsecs: a service is up as soon as it runs; how soon it ends decides about the pause before its next start alone",
            "a program that can say when it is ready does so by notification-fd, notify-socket or check: see upkeep(7)",
        ),
        "stdout_capture_maxbytes" | "stderr_capture_maxbytes" if number.is_some_and(|number| number == 0) => {
            return None;
        }
        "stdout_events_enabled" | "stderr_events_enabled" if !is_on => return None,
        "stdout_capture_maxbytes"
        | "stderr_capture_maxbytes"
        | "stdout_events_enabled"
        | "stderr_events_enabled" => Note::no_equal(
            format!("{option}: there are no events of what a program writes"),
            "multilog in log/run can select lines and write them elsewhere: see multilog(8)",
        ),
        "serverurl" => Note::no_equal(
            "serverurl: there is no server, and SUPERVISOR_SERVER_URL is not set",
            "a program that used it calls svctl",
        ),
        _ => Note::no_equal(
            format!("{option}: Supervisor does not know this option either, and passes over it"),
            "",
        ),
    })
}

/// What there is to say about the file as a whole.
pub(super) fn sections(ini: &Ini) -> Vec<Note> {
    let mut notes: Vec<Note> = ini.sections().filter_map(|section| self::section(ini, section)).collect();
    if ini.get("supervisord").is_none() {
        notes.push(Note::changed(
            "there is no [supervisord] in it: if it is included by a file that has one, what that says for all programs (environment, user) is not known here",
            "import that file instead: it brings this one with it",
        ));
    }
    notes
}

fn section(ini: &Ini, section: &Section) -> Option<Note> {
    let name = section.name.as_str();
    let said = format!("[{name}]");
    let value = |option: &str| ini.value(section, option).map(|value| value.text.trim());
    Some(match name.split(':').next().unwrap_or_default() {
        "program" | "fcgi-program" | "include" => return None,
        "supervisord" => return supervisord(section, value("minfds")),
        "unix_http_server" | "supervisorctl" => Note::no_equal(
            format!("{said}: there is no server to call"),
            "svctl works on the service directory itself; whoever may write there may use it",
        ),
        "inet_http_server" => Note::no_equal(
            format!("{said}: nothing listens on a port, and there is no page in the browser"),
            "svctl list, and svctl metrics for what collects figures",
        ),
        "rpcinterface" | "ctlplugin" => Note::no_equal(
            format!("{said}: there is no such interface"),
            "programs call svctl: list --json and its exit codes are made for them",
        ),
        "group" => Note::no_equal(
            format!("{said}: there are no groups"),
            format!(
                "name them together: svctl restart {}",
                value("programs").unwrap_or_default().split(',').map(str::trim).collect::<Vec<_>>().join(" ")
            ),
        ),
        "eventlistener" => Note::no_equal(
            format!("{said} is not made: there are no events on a program's stdin"),
            "svwait waits for what happens to a service, finish runs after each end, svctl metrics has figures to alert on",
        ),
        _ => Note::no_equal(format!("{said}: Supervisor itself does nothing with this section"), ""),
    })
}

/// Of what is said about supervisord itself, what programs feel.
fn supervisord(section: &Section, files: Option<&str>) -> Option<Note> {
    if let Some(files) = files.filter(|files| files.parse::<u64>().is_ok_and(|files| files > 1024)) {
        return Some(Note::no_equal(
            format!(
                "[supervisord] minfds={files}: services have the limit of open files that svscan was started with"
            ),
            format!("in run: exec softlimit -o {files} COMMAND"),
        ));
    }
    let own = ["logfile", "pidfile", "nodaemon", "childlogdir", "loglevel"];
    section.options().any(|option| own.contains(&option)).then(|| {
        Note::no_equal("[supervisord]: svscan has no log file, no pid file and no loglevel: what it says goes to its stderr", "")
    })
}
