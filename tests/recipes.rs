//! docs/recipes: each runs, with Debian's package, from the files of its page: it becomes ready by its own convention, serves, is
//! stopped as the page says without being killed, and restarts.

mod gunicorn;
mod nginx;
mod page;
mod postgresql;
mod redis;

use crate::apart::Apart;
use crate::house::{read, repository};
use protocol::status::{Phase, Readiness, Status};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use sys::process::Ending;
use testkit::{Account, Condition, Service, TestTree, needs_root, skip, status};

/// Whether all of these are there, for root; says which one is not, and whose it is.
fn has(package: &str, paths: &[&str]) -> bool {
    if !needs_root() {
        return false;
    }
    let missing = paths.iter().find(|path| !Path::new(path).exists());
    if let Some(path) = missing {
        skip(&format!("it needs Debian's package {package}: there is no {path}"));
    }
    missing.is_none()
}

/// The command that lays an empty folder of the test's own, and of that account, over one of the system's.
fn covered(tree: &TestTree, account: &str, path: &str) -> String {
    let folder = tree.root().join("data");
    fs::create_dir(&folder).unwrap();
    Account::find(account).unwrap().own(&folder);
    format!("mount --bind '{}' {path}\n", folder.display())
}

/// It has said itself, or by its check, that it is ready.
fn ready() -> Condition {
    let is_ready = |status: &Status| status.detail.as_ref().map(|detail| (detail.phase, detail.readiness));
    status("ready", move |status| matches!(is_ready(status), Some((Phase::Up, Readiness::Ready(_)))))
}

/// Ends it by that command, starts it without waiting for the second between two starts until it is ready again, and
/// gives the end of the former process.
#[track_caller]
fn restart(tree: &TestTree, service: &Service, command: &str) -> Option<Ending> {
    let former = service.status().unwrap().pid;
    tree.svc([command, service.path().to_str().unwrap()]);
    service.wait_for(status("ended", move |status| status.pid != former));
    tree.svc(["-u", service.path().to_str().unwrap()]);
    service.wait_for(ready());
    end(service)
}

/// Takes it down, and gives its end.
#[track_caller]
fn take_down(tree: &TestTree, service: &Service) -> Option<Ending> {
    tree.svc(["-d", service.path().to_str().unwrap()]);
    service.wait_for(testkit::down());
    end(service)
}

fn end(service: &Service) -> Option<Ending> {
    service.status()?.detail?.last
}

/// What its logger has written.
fn log(service: &Service) -> String {
    fs::read_to_string(service.file("log/main/current")).unwrap_or_default()
}

/// A program of the system's answers something of the kind.
#[track_caller]
fn says(apart: &Apart, program: &str, arguments: &[&str], text: &str) {
    let ran = apart.tool(program).args(arguments).run();
    let said = String::from_utf8_lossy(&ran.exits(0).stdout).into_owned();
    assert!(said.contains(text), "{program}: {said}");
}

#[test]
fn every_recipe_is_in_the_table_and_tested() {
    let table = read("docs/recipes/README.md");
    let linked: BTreeSet<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| [")?.split_once("](")?.1.split(')').next())
        .collect();
    let entries = fs::read_dir(repository("docs/recipes")).unwrap();
    let pages: BTreeSet<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let pages: BTreeSet<&str> =
        pages.iter().map(String::as_str).filter(|page| *page != "README.md").collect();
    assert_eq!(linked, pages);
    for page in pages {
        let test = format!("tests/recipes/{}", page.replace(".md", ".rs"));
        assert!(read(&test).contains("#[test]"), "{test}");
    }
}
