//! Findings about a folder: what is there, whose it is, and whom it is to run as.

mod account;
mod planted;
mod sound;
mod told;

use std::collections::BTreeMap;
use std::path::Path;
use testkit::{Folder, Ran, TestTree};

/// What is sound by itself: each planted fault is the only one.
const SLEEPS: &str = "exec sleep 1000";

/// How a folder is made.
type Build = Box<dyn FnOnce(Folder) -> Folder>;

/// A folder with faults: its name, the codes of what is wrong with it, and how it is made.
struct Planted {
    name: &'static str,
    codes: &'static [&'static str],
    build: Build,
}

fn planted(
    name: &'static str,
    codes: &'static [&'static str],
    build: impl FnOnce(Folder) -> Folder + 'static,
) -> Planted {
    Planted { name, codes, build: Box::new(build) }
}

/// What `check --json` says: the codes of each service's findings, each with its file.
fn findings(ran: &Ran) -> BTreeMap<String, Vec<(String, Option<String>)>> {
    let printed: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let services = printed["services"].as_array().expect("a list");
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let one = |service: &serde_json::Value| {
        let findings = service["findings"].as_array().expect("a list").iter().map(|finding| {
            for part in ["what", "cure", "weight"] {
                assert!(!finding[part].as_str().expect("a text").is_empty(), "{finding}");
            }
            (text(&finding["code"]).expect("a code"), text(&finding["file"]))
        });
        (text(&service["name"]).expect("a name"), findings.collect())
    };
    services.iter().map(one).collect()
}

/// Makes all folders, checks them by one call, and holds what is said of each against what it should be.
#[track_caller]
fn each_is_found(tree: &TestTree, all: Vec<Planted>) {
    let mut expected = BTreeMap::new();
    for Planted { name, codes, build } in all {
        tree.folder(name, build);
        let mut codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
        codes.sort();
        assert_eq!(expected.insert(shown(name), codes), None, "{name} is planted twice");
    }
    let ran = tree.svctl(["check", "--json"]);
    ran.exits(1);
    let mut wrong = Vec::new();
    for (name, found) in findings(&ran) {
        let mut codes: Vec<String> = found.iter().map(|(code, _)| code.clone()).collect();
        codes.sort();
        let wanted = expected.remove(&name).unwrap_or_default();
        if codes != wanted {
            wrong.push(format!("{name}: {codes:?} in place of {wanted:?}"));
        }
    }
    wrong.extend(expected.keys().map(|name| format!("{name} is not checked")));
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), tree.svctl(["check"]).output());
}

/// As svctl shows a name.
fn shown(name: &str) -> String {
    name.replace('\t', "\\x09")
}

/// A program that is there for everybody, in a folder of its own.
fn program(path: &Path, body: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, body).expect("a file");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("chmod");
}
