//! `svctl status`: the whole story of a service.

mod settings;

use crate::arguments::Status as Call;
use crate::directory::{Directory, Service};
use crate::exit;
use crate::list::complain_about;
use crate::output::{Paint, ago, bytes, ending, local, print, span};
use crate::seen::{Moment, Seen, open};
use crate::state::State;
use cli::Failure;
use cli::text::shown;
use nix::unistd::Pid;
use protocol::control::Control;
use protocol::file::{open_regular, read_all};
use protocol::folder::SOCKETS;
use protocol::listen::noted::Noted;
use protocol::process::pid;
use protocol::status::{Detail, Readiness, Status, Want};
use std::fmt::Write as _;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;
use supervision::proc::command_line;
use sys::clock::wall;

/// How wide the words on the left are.
const LABEL: usize = 10;

/// The longest note of sockets that is read.
const LONGEST_NOTE: usize = 64 * 1024;

/// Runs the command.
///
/// # Errors
///
/// The service directory cannot be listed.
pub fn run(directory: &Directory, call: &Call) -> Result<u8, Failure> {
    let selection = directory.select(&call.named.names)?;
    let (moment, paint) = (Moment::now(), Paint::stdout());
    let mut text = String::new();
    for service in &selection.found {
        if !text.is_empty() {
            text.push('\n');
        }
        let seen = Seen::with_log(service.clone(), &moment);
        text.push_str(&Story::of(&seen, directory, &moment, call.lines).show(&seen, paint));
    }
    print(&text)?;
    complain_about(&selection);
    Ok(if selection.missing.is_empty() { exit::DONE } else { exit::NO_SUCH_SERVICE })
}

/// What there is to tell, in its order: a word for it, and lines.
#[derive(Debug, Default)]
struct Story(Vec<(&'static str, Vec<String>)>);

impl Story {
    fn of(seen: &Seen, directory: &Directory, moment: &Moment, lines: usize) -> Self {
        let mut story = Self::default();
        story.tell("why", crate::list::why(seen));
        story.tell("folder", Some(place(&seen.service)));
        story.tell("instances", instances(seen, directory));
        if let Some(status) = &seen.status {
            story.tell_of_run(seen, status, moment);
        }
        if let Some(detail) = seen.detail() {
            story.tell_of_past(seen, detail, moment);
        }
        if let Ok(folder) = open(&seen.service) {
            story.tell_all("sockets", sockets(&folder));
            story.tell_all(
                "settings",
                settings::settings(&seen.service, &folder).iter().map(setting).collect(),
            );
        }
        if let Some(log) = &seen.log {
            let pid = log.pid().map_or_else(String::new, |pid| format!(" (pid {pid})"));
            let why = crate::list::why(log).map_or_else(String::new, |why| format!(": {why}"));
            story.tell("logger", Some(format!("{}{pid}{why}", log.state)));
        }
        story.tell_all("log", crate::logs::last_lines(&seen.service, lines));
        story
    }

    fn tell(&mut self, label: &'static str, line: Option<String>) {
        self.tell_all(label, line.into_iter().collect());
    }

    fn tell_all(&mut self, label: &'static str, lines: Vec<String>) {
        if !lines.is_empty() {
            self.0.push((label, lines));
        }
    }

    fn tell_of_run(&mut self, seen: &Seen, status: &Status, moment: &Moment) {
        let run = status.pid.and_then(pid);
        if let Some(run) = run {
            let user = seen.owner.map_or_else(String::new, |uid| format!(" as {}", moment.account(uid)));
            self.tell("process", Some(format!("{run}{user}: {}", command_line(run))));
        }
        if seen.usage.processes > 0 {
            let count = seen.usage.processes;
            let es = if count == 1 { "" } else { "es" };
            let (memory, time) = (bytes(seen.usage.memory), span(seen.usage.processor));
            self.tell(
                "uses",
                Some(format!("{count} process{es}, {memory} of memory, {time} of processor time")),
            );
        }
        if let Some(since) = seen.since {
            self.tell("since", Some(format!("{} ({})", local(wall().saturating_sub(since)), ago(since))));
        }
        let want = match status.want {
            Want::Up => "to be up",
            Want::Down => "to be down",
            Want::Once => "to run once",
        };
        let normally = if seen.is_normally_up { "up" } else { "down (there is a file down)" };
        self.tell("wanted", Some(format!("{want}; normally {normally}")));
    }

    fn tell_of_past(&mut self, seen: &Seen, detail: &Detail, moment: &Moment) {
        if let Readiness::Ready(since) = detail.readiness {
            let since = protocol::tai64n::Tai64n::from_wall(wall()).since(since);
            self.tell("ready", Some(ago(since)));
        }
        let next =
            seen.state.next_start().map_or_else(String::new, |next| format!(", the next in {}", span(next)));
        let times = if detail.starts == 1 { "once".to_owned() } else { format!("{} times", detail.starts) };
        self.tell("started", Some(format!("{times}{next}")));
        self.tell("last end", detail.last.map(ending));
        let spacing = Duration::from_nanos(detail.spacing);
        if spacing > Duration::from_secs(1) {
            let what = format!("{} between two starts, since it ends too soon", span(spacing));
            self.tell("spacing", Some(what));
        }
        if !detail.note.is_empty() && !matches!(seen.state, State::Waiting(_)) {
            self.tell("note", Some(shown(detail.note.as_bytes()).into_owned()));
        }
        self.tell_all("left over", leftovers(detail, seen, moment));
        self.tell("supervise", detail.supervise.map(|supervise| format!("pid {}", supervise.pid)));
    }

    fn show(&self, seen: &Seen, paint: Paint) -> String {
        let name = paint.strong(&seen.service.name);
        let pid = seen.pid().map_or_else(String::new, |pid| format!(" (pid {pid})"));
        let since = seen.since.map_or_else(String::new, |since| format!(", {}", span(since)));
        let mut text = format!("{name}: {}{pid}{since}\n", paint.mood(seen.mood(), &seen.state));
        for (label, lines) in &self.0 {
            let mut label = *label;
            for line in lines {
                let _ = writeln!(text, "{}  {line}", paint.weak(format_args!("{label:>LABEL$}")));
                label = "";
            }
        }
        text
    }
}

/// Where its folder is, and where a link leads to.
fn place(service: &Service) -> String {
    let path = shown(service.path.as_os_str().as_bytes());
    match std::fs::read_link(&service.path) {
        Ok(target) => format!("{path} -> {}", shown(target.as_os_str().as_bytes())),
        Err(_) => path.into_owned(),
    }
}

/// What a template is there for.
fn instances(seen: &Seen, directory: &Directory) -> Option<String> {
    if seen.state != State::Template {
        return None;
    }
    let template = seen.service.file_name();
    let names = directory.names().unwrap_or_default();
    let of_it = names.iter().filter(|name| name.as_bytes().starts_with(template.as_bytes()));
    let names: Vec<String> = of_it.map(|name| shown(name.as_bytes()).into_owned()).collect();
    let template = shown(template.as_bytes());
    Some(if names.is_empty() { format!("none: mkdir {template}NAME makes one") } else { names.join(" ") })
}

/// What earlier runs left behind: what is below its supervise and is neither run nor finish.
fn leftovers(detail: &Detail, seen: &Seen, moment: &Moment) -> Vec<String> {
    let Some(supervise) = detail.supervise.and_then(|supervise| pid(supervise.pid)) else {
        return Vec::new();
    };
    if detail.leftovers == 0 {
        return Vec::new();
    }
    let finish = detail.finish.and_then(|finish| pid(finish.pid));
    let run = seen.status.as_ref().and_then(|status| pid(status.pid?));
    let others = moment
        .processes()
        .children(supervise)
        .filter(|child: &Pid| Some(*child) != run && Some(*child) != finish);
    let others = others.map(|pid| format!("pid {pid}: {}", command_line(pid))).collect::<Vec<_>>();
    if others.is_empty() { vec![format!("{} processes of earlier runs", detail.leftovers)] } else { others }
}

/// The sockets that are held for it.
fn sockets(folder: &OwnedFd) -> Vec<String> {
    let read = || {
        let place = Control::of(folder.as_fd()).ok()?.open().ok()?;
        let (mut file, _) = open_regular(&place, SOCKETS).ok()??;
        Noted::parse_all(&read_all(&mut file, LONGEST_NOTE).ok()?)
    };
    read().unwrap_or_default().into_iter().map(|noted| noted.socket).collect()
}

fn setting(setting: &settings::Setting) -> String {
    let settings::Setting { name, value, template } = setting;
    let template = template.as_ref().map_or_else(String::new, |template| format!(" (from {template})"));
    let value = if value.is_empty() { "there" } else { value };
    format!("{name:<15} {value}{template}")
}
