//! Every program: it is there, linked as it must be, says how it is called, and has a man page that says the same.

mod elf;

use crate::house::{programs, read, repository};
use elf::Elf;
use std::fs;
use testkit::{Tool, ours};

/// Programs, and arguments that are a wrong call.
const WRONG_CALLS: [(&str, &[&str]); 16] = [
    ("svscan", &["-?"]),
    ("supervise", &[]),
    ("svc", &["-?"]),
    ("svok", &[]),
    ("svup", &[]),
    ("svwait", &[]),
    ("runas", &[]),
    ("setuidgid", &[]),
    ("setuser", &[]),
    ("envuidgid", &[]),
    ("envdir", &[]),
    ("envini", &[]),
    ("softlimit", &[]),
    ("setlock", &[]),
    ("pgrphack", &[]),
    ("fghack", &[]),
];

/// Programs for which there is none: whatever their arguments are, they mean something, or nothing.
const NEVER_WRONG: [&str; 6] = ["svstat", "multilog", "tai64n", "tai64nlocal", "readproctitle", "svscanboot"];

/// Whose parser tells more than a line: `svctl::story`.
const WITH_A_PARSER: [&str; 1] = ["svctl"];

/// The programs of a list in the Makefile.
fn list(name: &str) -> Vec<String> {
    let makefile = read("Makefile").replace("\\\n", " ");
    let line = makefile.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='));
    line.unwrap_or_else(|| panic!("no {name} in the Makefile"))
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_makefile_builds_every_program() {
    let mut built = [list("STATIC"), list("DYNAMIC")].concat();
    built.sort();
    let mut programs = programs();
    programs.sort();
    assert_eq!(built, programs);
    for program in programs {
        let _ = ours(&program);
    }
}

#[test]
fn programs_are_linked_as_their_list_says() {
    for program in list("STATIC") {
        let elf = Elf::read(&ours(&program));
        assert!(!elf.asks_for_an_interpreter(), "{program} must be static");
    }
    for program in list("DYNAMIC") {
        let elf = Elf::read(&ours(&program));
        assert!(elf.asks_for_an_interpreter(), "{program} must load the system's C library");
        // Each library is time at every start: the unwinder's was a tenth of it (build.rs).
        let mut needed = elf.needed();
        needed.retain(|library| !library.starts_with("ld-linux"));
        assert_eq!(needed, ["libc.so.6"], "{program}");
    }
}

#[test]
fn a_wrong_call_is_told_how_and_exits_100() {
    for (program, arguments) in WRONG_CALLS {
        usage(program, arguments);
    }
    let listed = |program: &String| WRONG_CALLS.iter().any(|(name, _)| name == program);
    let mut missing: Vec<_> = programs().into_iter().filter(|program| !listed(program)).collect();
    missing.retain(|program| ![&NEVER_WRONG[..], &WITH_A_PARSER].concat().contains(&program.as_str()));
    assert_eq!(missing, [""; 0], "without a row in the list of wrong calls");
}

/// The usage text: the last line on stderr.
fn usage(program: &str, arguments: &[&str]) -> String {
    let ran = Tool::new(&ours(program)).args(arguments).run();
    // As in 0.76, and encore's beside it.
    let code = if program.starts_with("env") && program != "envuidgid" { 111 } else { 100 };
    ran.exits(code).prints("");
    let said = String::from_utf8(ran.stderr).unwrap();
    let usage = said.lines().last().unwrap_or_else(|| panic!("{program} says nothing")).to_owned();
    let starts = [format!("{program}: usage: {program}"), format!("{program} options: ")];
    assert!(starts.iter().any(|start| usage.starts_with(start)), "{program}: {usage}");
    usage
}

#[test]
fn every_program_has_a_man_page_that_holds_its_usage_line() {
    for program in programs() {
        let page = man_page(&program);
        let head = format!(".Nm {program}");
        assert!(page.contains(&head), "the page of {program} has no {head}");
        if let Some((_, arguments)) = WRONG_CALLS.iter().find(|(name, _)| *name == program) {
            let usage = usage(&program, arguments);
            assert!(words(&page).contains(&words(&usage)), "the page of {program} does not say: {usage}");
        }
    }
}

fn man_page(program: &str) -> String {
    let sections = ["1", "8"].map(|section| repository(&format!("man/{program}.{section}")));
    let page = sections.iter().find(|page| page.exists());
    fs::read_to_string(page.unwrap_or_else(|| panic!("{program} has no page in man/"))).unwrap()
}

/// The text with one space between words, and without roff's escapes for a minus sign and for nothing.
fn words(text: &str) -> String {
    let text = text.replace("\\-", "-").replace("\\&", "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
