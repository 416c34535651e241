//! How a script ends: whether the program takes the place of the shell, or the shell stays, or nothing stays at all.

use super::chain::{follow, is_builtin};
use super::steps::{Step, Term};
use super::view::{Service, View, shown, whole};
use crate::check::Finding;

/// Programs that do one thing and end: what ends in one of them is no service that a signal must reach. Sorted.
pub(super) const TOOLS: &[&str] = &[
    "apt-get",
    "awk",
    "basename",
    "cat",
    "chgrp",
    "chmod",
    "chown",
    "cmp",
    "cp",
    "curl",
    "cut",
    "date",
    "dd",
    "df",
    "diff",
    "dirname",
    "dmesg",
    "du",
    "egrep",
    "expr",
    "find",
    "git",
    "grep",
    "head",
    "hostname",
    "id",
    "initctl",
    "install",
    "invoke-rc.d",
    "ip",
    "iptables",
    "killall",
    "ln",
    "logger",
    "ls",
    "mkdir",
    "mkfifo",
    "mknod",
    "modprobe",
    "mount",
    "mv",
    "nft",
    "openssl",
    "pgrep",
    "pkill",
    "ps",
    "rc-service",
    "readlink",
    "rm",
    "rmdir",
    "rmmod",
    "s6-rc",
    "s6-svc",
    "s6-svok",
    "s6-svwait",
    "sed",
    "service",
    "shutdown",
    "sleep",
    "sort",
    "ssh-keygen",
    "stat",
    "stty",
    "sv",
    "svc",
    "svctl",
    "svok",
    "svstat",
    "svwait",
    "swapoff",
    "swapon",
    "sync",
    "sysctl",
    "systemctl",
    "tail",
    "tar",
    "tr",
    "touch",
    "truncate",
    "udevadm",
    "umount",
    "uname",
    "wc",
    "wget",
    "which",
    "xargs",
];

/// Programs that take what others write and keep it, or pass it on.
const COLLECTORS: &[&str] = &[
    "awk",
    "cat",
    "cronolog",
    "grep",
    "logger",
    "multilog",
    "rotatelogs",
    "s6-log",
    "sed",
    "svlogd",
    "systemd-cat",
    "tai64n",
    "tee",
    "tinylog",
    "ts",
    "vlogger",
];

/// What the last command says.
pub(super) fn examine(view: &View) -> Vec<Finding> {
    let story = view.story;
    let dead = story.dead.map(|(exec, after)| {
        let what = format!(
            "what stands from line {after} on is never run: line {exec} has become another program by then"
        );
        view.advice(
            "after-exec",
            what,
            format!("put it before line {exec}, or leave it out; what is to run at the end goes into finish"),
        )
    });
    let traps = view.calls(&["trap"]);
    let last: Vec<&Step> = story
        .steps
        .iter()
        .filter(|step| step.place.is_last && step.place.is_certain && !step.place.is_in_function)
        .collect();
    let ending = match last.as_slice() {
        _ if traps => None,
        [step, ..] if step.place.is_piped => piped(view, &last),
        [step] if step.place.is_background => backgrounded(view, step),
        _ => view
            .services
            .iter()
            .find(|service| !service.is_exec)
            .and_then(|service| without_exec(view, service)),
    };
    dead.into_iter().chain(ending).collect()
}

fn without_exec(view: &View, service: &Service) -> Option<Finding> {
    let step = service.step;
    let name = step.name()?;
    let tool = service.stages.last().is_some_and(|stage| is_tool(&stage.name));
    // sudo is told of by itself, and what it says has the exec in it.
    let is_told = service.stages.iter().any(|stage| matches!(stage.name.as_str(), "sudo" | "su" | "runuser"));
    if view.scene.has_kill_group || tool || is_told || step.place.is_background || step.place.is_piped {
        return None;
    }
    let what = format!(
        "line {}: no exec before {name}: the shell stays in front of it, gets the signals in its place, and leaves it behind when it ends",
        step.line
    );
    Some(view.fault("no-exec", what, format!("exec {}", whole(&step.words))))
}

/// `prog | logger`
fn piped(view: &View, last: &[&Step]) -> Option<Finding> {
    let ([first, ..], [.., collector]) = (last, last) else { return None };
    let name = collector
        .name()
        .filter(|name| *name != "exec")
        .or_else(|| follow(&collector.words).first().map(|_| "exec"))?;
    let stages = follow(&collector.words);
    let collects = stages.last().is_some_and(|stage| COLLECTORS.contains(&stage.name.as_str()));
    let begins = follow(&first.words);
    let is_service = begins.last().is_some_and(|stage| !is_tool(&stage.name));
    if !collects || !is_service || view.scene.has_kill_group || view.scene.is_log {
        return None;
    }
    let what = format!(
        "line {}: the shell stays in front of {} and of {name} behind the |, and gets the signals in their place",
        first.line,
        shown(&first.words)
    );
    Some(view.fault(
        "piped",
        what,
        format!(
            "leave the | out, and put {name} into log/run, where it gets what the service writes: exec {}",
            whole(&collector.words)
        ),
    ))
}

/// `prog &`
fn backgrounded(view: &View, step: &Step) -> Option<Finding> {
    let name = step.name()?;
    if is_builtin(name) || is_tool(name) || view.story.functions.contains(name) {
        return None;
    }
    let words = match step.name() {
        Some("nohup" | "setsid") => step.words.get(1..).unwrap_or_default(),
        _ => &step.words,
    };
    let name = words.first().map_or_else(|| name.to_owned(), Term::shown);
    let what = format!(
        "line {}: the & puts {name} into the background, the script ends, and supervise starts it again",
        step.line
    );
    let cure = if name == "exec" { whole(words) } else { format!("exec {}", whole(words)) };
    Some(view.fault("background", what, format!("without the &: {cure}")))
}

pub(super) fn is_tool(name: &str) -> bool {
    TOOLS.contains(&name) || is_builtin(name)
}
