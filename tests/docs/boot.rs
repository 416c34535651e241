//! What starts svscan at boot, as `make install` puts it there: the unit by a systemd of its own, the other two by what stands in for
//! OpenRC and init here.

use super::machine::Machine;
use crate::house::{blocks, read};
use std::path::Path;
use testkit::skip;

/// Boots a systemd in namespaces of its own, and lets `inside` run a command there.
const SYSTEMD: &str = include_str!("systemd.sh");

/// A service, until it is up.
const SERVICE: &str = "svctl new web --no-wait -- sleep 1000\nuntil svup /service/web; do sleep 0.05; done";

/// Commands of docs/installing.md.
#[track_caller]
fn commands(first: &str) -> String {
    let blocks = blocks(&read("docs/installing.md"), "Starting svscan at boot");
    blocks.into_iter().find(|block| block.starts_with(first)).unwrap_or_else(|| panic!("no {first}"))
}

#[test]
fn systemd_starts_upgrades_loses_and_stops_svscan() {
    if !Path::new("/lib/systemd/systemd").exists() {
        return skip("it needs Debian's package systemd");
    }
    let Some(mut machine) = Machine::new() else { return };
    let groups = "unshare --mount --cgroup -- mount -t cgroup2 cgroup2 /mnt";
    if machine.run(groups).code != Some(0) {
        return skip("no control groups can be had here (unshare of util-linux, and a kernel that lets us)");
    }
    let unit = "/usr/local/lib/systemd/system/upkeep.service";
    assert_eq!(machine.must("it is understood", &format!("systemd-analyze verify --man=no {unit}")), "");
    machine.must("it boots", SYSTEMD);
    let enable: String =
        commands("systemctl daemon-reload").lines().map(|line| format!("inside {line}\n")).collect();
    machine.must("the page's commands", &enable);
    machine
        .must("it is started at boot", "test -L /etc/systemd/system/multi-user.target.wants/upkeep.service");
    machine.rest();
    machine.must("svscan runs", "inside svctl new web --no-wait -- sleep 1000\nuntil service=$(web); do sleep 0.05; done\nmain=$(main)");

    let same = "test \"$(web)\" = \"$service\"";
    machine
        .must("it is upgraded", &format!("inside systemctl reload upkeep\ntest \"$(main)\" = $main\n{same}"));
    machine.must(
        "it is killed, and taken over",
        &format!(
            "inside kill -KILL $main\nuntil [ \"$(main)\" != $main ] && [ \"$(main)\" != 0 ]; do sleep 0.05; done\n\
             until inside svup /service/web; do sleep 0.05; done\n{same}"
        ),
    );
    let nothing = "inside pgrep -x 'svscan|supervise|sleep' || code=$?\ntest $code = 1";
    machine.must("it stops in order", &format!("inside systemctl stop upkeep\n{nothing}"));
    let result = machine.must("that is no failure", "inside systemctl show -p Result -p ActiveState upkeep");
    assert_eq!(result, "Result=success\nActiveState=inactive\n");

    // With a shorter time than that of the unit.
    machine.must(
        "what does not end is killed",
        &format!(
            "mkdir -p /etc/systemd/system/upkeep.service.d\n\
             printf '[Service]\\nTimeoutStopSec=1s\\n' >/etc/systemd/system/upkeep.service.d/sooner.conf\n\
             inside systemctl daemon-reload\ninside systemctl start upkeep\n\
             inside svctl new deaf --no-wait -- sh -c 'trap \"\" TERM; exec sleep 1001'\n\
             until inside pgrep -fx 'sleep 1001'; do sleep 0.05; done\ninside systemctl stop upkeep\n{nothing}"
        ),
    );
}

/// In the place of openrc-run: what it does with such a script, as far as that is used here.
const OPENRC_RUN: &str = r#"#!/bin/sh
set -eu
script=$1
action=$2
checkpath() {
    for path; do :; done
    mkdir -p "$path"
}
ebegin() { echo "$*"; }
eend() { return "$1"; }
need() { :; }
use() { :; }
after() { :; }
. "$script"
depend
case $action in
start)
    start_pre
    test "$supervisor" = supervise-daemon && test -x "$command"
    "$command" $command_args >/dev/null 2>&1 &
    echo $! >/run/upkeep.pid
    ;;
stop) kill -"${retry%%/*}" "$(cat /run/upkeep.pid)" ;;
*) case " $extra_started_commands " in *" $action "*) "$action" ;; *) exit 1 ;; esac ;;
esac
"#;

#[test]
fn the_script_of_openrc_says_what_is_to_be_run() {
    let Some(mut machine) = Machine::new() else { return };
    machine.write("/sbin/openrc-run", OPENRC_RUN);
    let link = commands("ln -sf");
    let [link, add, start] = &link.lines().collect::<Vec<_>>()[..] else { panic!("{link}") };
    assert_eq!([*add, *start], ["rc-update add upkeep", "rc-service upkeep start"]);
    machine.must("the page's command", link);
    machine.must(
        "it is a script",
        "sh -n /etc/init.d/upkeep\ntest \"$(head -n 1 /etc/init.d/upkeep)\" = '#!/sbin/openrc-run'",
    );
    machine.must(
        "it starts",
        "/etc/init.d/upkeep start\ntest -d /service\nuntil main=$(pgrep -x svscan); do sleep 0.05; done",
    );
    machine.rest();
    machine.must("a service", SERVICE);
    machine.must(
        "it is upgraded",
        "/etc/init.d/upkeep reload\ntest $(pgrep -x svscan) = $main\nsvup /service/web",
    );
    machine.must(
        "it stops",
        "/etc/init.d/upkeep stop\nwhile pgrep -x 'svscan|supervise|sleep' >/dev/null; do sleep 0.05; done",
    );
    machine.must(
        "for OpenRC's own way of installing",
        "cd /root/upkeep\nmake install PREFIX=/usr DESTDIR=/tmp/package >/dev/null\n\
        grep -q '^command=\"/usr/bin/svscan\"$' /tmp/package/etc/init.d/upkeep",
    );
}

#[test]
fn the_line_of_the_inittab_starts_svscan_for_ever() {
    let Some(mut machine) = Machine::new() else { return };
    machine.must("init has a table", "touch /etc/inittab");
    let append = commands("cat ");
    let [append, tell] = &append.lines().collect::<Vec<_>>()[..] else { panic!("{append}") };
    assert_eq!(*tell, "telinit q");
    let line = machine.must("the page's command", &format!("{append}\ncat /etc/inittab"));
    let fields: Vec<&str> = line.trim_end().split(':').collect();
    let [id, levels, action, process] = fields[..] else { panic!("{line}") };
    assert!((1..=4).contains(&id.len()) && levels.chars().all(|level| level.is_ascii_digit()), "{line}");
    assert_eq!(action, "respawn");
    // Which does nothing but start it again when it ends.
    machine.must("init", &format!("mkdir /service\nwhile :; do {process}; done >/dev/null 2>&1 &\nuntil pgrep -x svscan; do sleep 0.05; done"));
    machine.rest();
    machine.must("a service", &format!("{SERVICE}\nservice=$(pgrep -x sleep)\nmain=$(pgrep -x svscan)"));
    machine.must(
        "it is started again",
        "kill $main\nuntil pgrep -x svscan | grep -vx $main; do sleep 0.05; done",
    );
    machine.rest();
    machine.must(
        "its service is another",
        "until svup /service/web; do sleep 0.05; done\ntest \"$(pgrep -x sleep)\" != \"$service\"",
    );
}
