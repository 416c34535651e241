//! The documentation: README.md and docs/, every command of which is run. A page is typed in from top to bottom on a machine on which
//! nothing has been done yet (`machine`); what it shows is compared with what is printed (`output`).
//!
//! | in a page | what it is | what is done with it |
//! |---|---|---|
//! | a block `sh` | commands | all must succeed |
//! | a block `console` | each line with `$ ` in front is a command, below it is what it prints | the same must be printed |
//! | any other block below a paragraph that begins with a path | that file | it is written |
//! | what the list of its page has | a command for another kind of machine | another test does it; the list names it |
//!
//! Anything else in a page is an error.

mod boot;
mod machine;
mod output;
mod page;

use crate::house::{all_parts, files, read, repository};
use machine::Machine;
use std::fs;
use std::path::Path;
use testkit::skip;

/// What of a page is not typed in, and the test, or the script, that does it instead.
type Elsewhere<'a> = &'a [(&'a str, &'a str)];

/// svscan as the pages assume that it runs.
const SVSCAN: &str = "mkdir /service\nsvscan /service 2>/var/log/svscan &\n";

const BUILT: (&str, &str) = ("make", ".ci/run");
const SYSTEMD: &str = "systemd_starts_upgrades_loses_and_stops_svscan";
const OPENRC: &str = "the_script_of_openrc_says_what_is_to_be_run";
const INITTAB: &str = "the_line_of_the_inittab_starts_svscan_for_ever";

/// Types a page in.
#[track_caller]
fn run(path: &str, needs: &[(&str, &str)], before: &str, elsewhere: Elsewhere) {
    let left_out: Vec<&str> = elsewhere.iter().map(|(line, _)| *line).collect();
    let steps = page::steps(path, &left_out);
    for (_, by) in elsewhere {
        assert!(repository(by).is_file() || has_test(by), "{path}: there is no {by}");
    }
    if let Some((package, _)) = needs.iter().find(|(_, path)| !Path::new(path).exists()) {
        return skip(&format!("it needs Debian's package {package}"));
    }
    let Some(mut machine) = Machine::new() else { return };
    machine.must("what comes before the page", before);
    machine.rest();
    page::play(&mut machine, path, &steps);
}

/// Whether there is a test of that name.
fn has_test(name: &str) -> bool {
    let files = files(&repository("tests"));
    let mut files = files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.any(|path| fs::read_to_string(path).unwrap().contains(&format!("fn {name}(")))
}

#[test]
fn the_readme() {
    let shown = ("$ svctl list", "what_the_readme_begins_with_is_what_is_shown");
    let demo = ("make demo", "it_shows_a_killed_service_coming_back_and_leaves_nothing_at_ctrl_c");
    run(
        "README.md",
        &[("curl", "/usr/bin/curl")],
        "cd /root/upkeep",
        &[shown, demo, ("make test", BUILT.1), BUILT],
    );
}

#[test]
fn what_the_readme_begins_with_is_what_is_shown() {
    let Some(mut machine) = Machine::new() else { return };
    machine.must("svscan", SVSCAN);
    machine.rest();
    machine.must("the services", include_str!("docs/picture.sh"));
    let readme = read("README.md");
    let picture = all_parts(&readme).into_iter().find(|part| part.language == "console").expect("a picture");
    page::play(&mut machine, "README.md", &page::session("README.md", &picture));
}

#[test]
fn installing() {
    run(
        "docs/installing.md",
        &[],
        "cd /root/upkeep",
        &[
            BUILT,
            ("systemctl daemon-reload", SYSTEMD),
            ("systemctl enable --now upkeep", SYSTEMD),
            ("rc-update add upkeep", OPENRC),
            ("rc-service upkeep start", OPENRC),
            ("telinit q", INITTAB),
        ],
    );
}

#[test]
fn writing_services() {
    run("docs/writing-services.md", &[("curl", "/usr/bin/curl")], SVSCAN, &[]);
}

#[test]
fn running_as_a_user() {
    let needs = [("curl", "/usr/bin/curl"), ("nodejs", "/usr/bin/node"), ("npm", "/usr/bin/npm")];
    run("docs/running-as-a-user.md", &needs, SVSCAN, &[]);
}

#[test]
fn instances() {
    run("docs/instances.md", &[("curl", "/usr/bin/curl")], SVSCAN, &[]);
}

#[test]
fn logging() {
    run("docs/logging.md", &[], SVSCAN, &[]);
}

#[test]
fn recipes() {
    let whole = "mkdir /service/.redis\nprintf '#!/bin/sh\\nexec sleep 1000\\n' >/service/.redis/run\nchmod +x /service/.redis/run\n";
    run("docs/recipes/README.md", &[], &format!("{SVSCAN}{whole}"), &[]);
}

#[test]
fn security() {
    run("docs/security.md", &[], SVSCAN, &[]);
}

#[test]
fn from_supervisor() {
    let needs = [("curl", "/usr/bin/curl"), ("supervisor", "/usr/bin/supervisord")];
    run("docs/from-supervisor.md", &needs, SVSCAN, &[]);
}

#[test]
fn from_daemontools() {
    let old = "mkdir -p /etc/service\n(svscan=/usr/bin/svscan; PATH=/usr/bin:/bin exec $svscan /etc/service) 2>/dev/null &\n";
    let before = format!(
        "cd /root/upkeep\n{}{old}{}",
        OLD_SERVICES, "until svok /etc/service/web; do sleep 0.05; done"
    );
    let line = ("SV:123456:respawn:/usr/local/bin/svscanboot", INITTAB);
    run("docs/from-daemontools.md", &[("daemontools", "/usr/bin/svscan")], &before, &[BUILT, line]);
}

#[test]
fn from_runit() {
    let old = "PATH=/usr/bin:/bin runsvdir /etc/service 2>/dev/null &\nuntil svok /etc/service/web; do sleep 0.05; done";
    run("docs/from-runit.md", &[("runit", "/usr/bin/runsvdir")], &format!("{OLD_SERVICES}{old}"), &[]);
}

#[test]
fn upgrading() {
    let before =
        format!("cd /root/upkeep\n{SVSCAN}{OLD_SERVICES}mv /etc/service/web /service\nsvctl start web");
    run("docs/upgrading.md", &[], &before, &[]);
}

#[test]
fn containers() {
    let image = "the_image_of_the_document_runs_its_services_and_stops";
    let bare = "the_image_of_the_document_runs_without_any_right";
    let command = "a_container_with_a_command_lives_as_long_as_that_does";
    run(
        "docs/containers.md",
        &[],
        "",
        &[
            ("FROM rust:1-slim-bookworm AS build", image),
            ("docker build --tag web .", image),
            ("docker run --detach --name web web", image),
            ("docker exec web svstat /service/web /service/clock", image),
            ("docker exec web svc -t /service/web", image),
            ("docker logs web", image),
            ("docker stop web", image),
            ("FROM scratch", "an_image_with_nothing_but_static_programs_is_enough"),
            (
                "docker run --detach --name web --read-only --tmpfs /run/upkeep --env SUPERVISEDIR=/run/upkeep \\",
                bare,
            ),
            ("    --user 12345:12345 --cap-drop ALL --security-opt no-new-privileges web", bare),
            ("apiVersion: v1", bare),
            ("ENTRYPOINT [\"svscan\", \"/service\", \"--\"]", command),
            ("svscan nothing -- sh -c 'echo hello; exit 3'", command),
        ],
    );
}

#[test]
fn when_things_die() {
    let commands = "the_commands_of_the_page_print_what_it_says";
    let chance = "whatever_is_done_to_a_tree_it_comes_to_rest_as_it_is_wanted";
    run(
        "docs/when-things-die.md",
        &[],
        "",
        &[
            ("UPKEEP_CHAOS_SECONDS=60 UPKEEP_SEED=7 cargo test --test tests faults::chaos", chance),
            ("cargo test --test tests -- --ignored", "supervise_at_each_call_of_its_start"),
            (
                "UPKEEP_ROUNDS=300 UPKEEP_SEED=7 cargo test --test tests container::instants",
                "a_container_that_is_killed_begins_anew_on_the_same_folders",
            ),
            ("$ svscan service &", commands),
            ("awk '$3 != NR' service/web/log/main/current", commands),
        ],
    );
}

#[test]
fn performance() {
    run("docs/performance.md", &[], "", &[("$ make bench", BUILT.1)]);
}

/// Pages without a command.
const READ_ONLY: [&str; 2] = ["README.md", "comparison.md"];

#[test]
fn every_page_is_typed_in_by_a_test() {
    let tests = read("tests/docs.rs");
    for entry in fs::read_dir(repository("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("docs/{name}");
        if !name.ends_with(".md") {
            continue;
        }
        if READ_ONLY.contains(&&*name) {
            assert_eq!(page::steps(&path, &[]), [], "{path}");
        } else {
            assert!(tests.contains(&format!("\"{path}\",")), "no test types in {path}");
        }
    }
}

/// A service with a logger, in `/etc/service`, as daemontools and runit have it.
const OLD_SERVICES: &str = r"
mkdir -p /etc/service/web/log /etc/service/clock
printf '#!/bin/sh\nexec 2>&1\nexec setuidgid bob sleep 1000\n' >/etc/service/web/run
printf '#!/bin/sh\nexec multilog t ./main\n' >/etc/service/web/log/run
printf '#!/bin/sh\nexec setuidgid bob sleep 1000\n' >/etc/service/clock/run
chmod +x /etc/service/*/run /etc/service/web/log/run
touch -d yesterday /etc/service/* /etc/service/web/log
";
