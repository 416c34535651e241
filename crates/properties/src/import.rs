//! Configurations of other supervisors, of which service folders are made.

use protocol::instance::{Kind, kind};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use svctl::blueprint::{Blueprint, Entry};
use svctl::import::supervisor::ini::Ini;
use svctl::import::supervisor::plan_of;

/// A supervisord.conf: what is read reads the same once it is written, and what is made of it are folders that could run.
pub fn supervisord(data: &[u8]) {
    let mut ini = Ini::default();
    match ini.read("x", data) {
        Ok(()) => reads_what_it_says(&ini),
        Err(odd) => {
            let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
            assert!((1..=lines).contains(&odd.line), "line {} of {lines}", odd.line);
            assert!(plan_of(data).is_err());
            return;
        }
    }
    let Ok(plan) = plan_of(data) else { return };
    for program in &plan.programs {
        assert!(!program.blueprints.is_empty() || !program.notes.is_empty(), "it is said why");
        let mut templates = BTreeSet::new();
        for blueprint in &program.blueprints {
            match kind(OsStr::new(&blueprint.name)) {
                Kind::Template => drop(templates.insert(blueprint.name.as_str())),
                Kind::Instance { template, .. } => {
                    assert!(templates.contains(template.to_str().unwrap()), "a template goes first");
                    continue;
                }
                Kind::Plain => {}
            }
            could_run(blueprint);
        }
    }
}

/// A `run` is a script that ends as its command, and every file is inside.
fn could_run(blueprint: &Blueprint) {
    let Some(Entry::File { content, mode: 0o755 }) = blueprint.entries.get(Path::new("run")) else {
        panic!("no run: {blueprint:?}");
    };
    let run = String::from_utf8(content.clone()).unwrap();
    assert!(run.starts_with("#!/bin/sh\n") && run.ends_with('\n'), "{run:?}");
    assert!(run.contains("\nexec "), "{run:?}");
    for path in blueprint.entries.keys() {
        assert!(path.is_relative() && !path.components().any(|part| part.as_os_str() == ".."), "{path:?}");
    }
}

/// Written down again, it reads the same. Not where a value has a comment's sign behind a blank: one that Python overlooked is
/// found when it is there once more.
fn reads_what_it_says(ini: &Ini) {
    let mut text = String::new();
    for section in ini.sections() {
        text.push_str(&format!("[{}]\n", section.name));
        for option in section.options() {
            let value = &ini.value(section, option).unwrap().text;
            let has_sign =
                value.split([';', '#']).rev().skip(1).any(|before| before.ends_with(char::is_whitespace));
            let is_odd = option.starts_with('[') || option != option.to_lowercase();
            if has_sign || is_odd {
                return;
            }
            text.push_str(&format!("{option}={}\n", value.replace('\n', "\n  ")));
        }
    }
    let mut again = Ini::default();
    again.read("x", text.as_bytes()).unwrap();
    let said = |ini: &Ini| -> Vec<(String, Vec<(String, String)>)> {
        let options = |section| {
            let ini: &Ini = ini;
            let section: &svctl::import::supervisor::ini::Section = section;
            section
                .options()
                .map(|option| (option.to_owned(), ini.value(section, option).unwrap().text.clone()))
                .collect()
        };
        ini.sections().map(|section| (section.name.clone(), options(section))).collect()
    };
    assert_eq!(said(&again), said(ini), "{text:?}");
}
