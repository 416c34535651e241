//! What the documents say of the code, held to it.

use super::{blocks, files, pages, programs, read, repository};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use testkit::{TestTree, Tool, ours, skip};

const DOCUMENTS: [&str; 4] = ["README.md", "CONTRIBUTING.md", "DIFFERENCES.md", "CHANGELOG.md"];

/// What stands between backquotes in a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

#[test]
fn the_readme_lists_every_program_with_its_man_page() {
    let readme = read("README.md");
    let pages = pages();
    for program in programs() {
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{program}` |")));
        let row = row.unwrap_or_else(|| panic!("no row for {program}"));
        let page = row.trim_end_matches(" |").rsplit("| ").next().unwrap();
        let (name, section) = page.trim_end_matches(')').split_once('(').unwrap();
        assert_eq!(name, program);
        assert!(pages.contains(&format!("man/{name}.{section}")), "{row}");
    }
}

#[test]
fn commands_of_the_documents_are_in_the_makefile() {
    let makefile = read("Makefile");
    let phony = makefile.lines().find_map(|line| line.strip_prefix(".PHONY: ")).unwrap();
    let known: BTreeSet<&str> = phony.split(' ').collect();
    for document in DOCUMENTS {
        let text = read(document);
        let code =
            text.lines().filter_map(|line| line.strip_prefix("    ")).chain(text.lines().flat_map(quoted));
        for command in code.filter_map(|code| code.strip_prefix("make ")) {
            let target = command.split(' ').find(|word| !word.contains('='));
            assert!(target.is_none_or(|target| known.contains(target)), "{document}: make {command}");
        }
    }
}

/// The commands of the chapter, one after the other as they are there; only the port is one that is free.
#[test]
fn the_first_service_of_the_readme_runs() {
    let [prepare, play] = &blocks(&read("README.md"), "A first service in one minute")[..] else {
        panic!("two blocks of commands")
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let script = format!(
        "set -e\n{}until svup ~/service/hello; do sleep 0.1; done\n{play}\
         while svup ~/service/hello; do sleep 0.1; done\n\
         kill $!\nwait $!\n",
        prepare.replace("8000", &port.to_string())
    );
    let tree = TestTree::new();
    let target = tree.root().join("target");
    fs::create_dir(&target).unwrap();
    std::os::unix::fs::symlink(ours("svscan").parent().unwrap(), target.join("dist")).unwrap();
    let shell = tree.launch(Path::new("/bin/sh")).dir(tree.root()).env("HOME", tree.root());
    let mut shell = shell.arg("-c").arg(&script).start();
    assert_eq!(shell.wait(), Ok(0), "{script}: {}", shell.errors());
    let said = shell.output();
    let home = tree.root().display();
    assert!(said.starts_with(&format!("{home}/service/hello: up (pid ")), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn every_difference_names_a_test_that_exists() {
    let code: String = ["tests", "crates"]
        .iter()
        .flat_map(|folder| files(&repository(folder)))
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let differences = read("DIFFERENCES.md");
    let rows = differences.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<&str> = rows.filter(|line| !line.starts_with("| what ")).collect();
    assert!(rows.len() > 30);
    for row in rows {
        let tests: Vec<&str> = quoted(row.trim_end_matches(" |").rsplit("| ").next().unwrap()).collect();
        assert!(!tests.is_empty(), "no test: {row}");
        for test in tests {
            assert!(code.contains(&format!("fn {test}(")), "no test {test}: {row}");
        }
    }
}

#[test]
fn the_map_and_the_links_lead_somewhere() {
    for document in DOCUMENTS {
        let text = read(document);
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        let links = links.filter(|link| !link.contains("://"));
        let rooms = text.lines().flat_map(quoted);
        let rooms =
            rooms.filter(|name| ["crates/", "tests/", "man/"].iter().any(|room| name.starts_with(room)));
        for path in links.chain(rooms) {
            assert!(repository(path).exists(), "{document} speaks of {path}");
        }
    }
}

#[test]
fn the_changelog_has_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(read("CHANGELOG.md").contains(&format!("\n## [{version}]")), "no chapter for {version}");
}

/// The bytes of the record, as its own head has them.
#[test]
fn the_overview_has_the_status_record_as_it_is() {
    let ranges = |text: &str, before: &str, after: &str| -> Vec<String> {
        let rows = text.lines().filter_map(|line| line.strip_prefix(before)?.split_once(after));
        let rows = rows.map(|(range, _)| range.to_owned());
        rows.filter(|range| range.chars().all(|c| c.is_ascii_digit() || c == '-')).collect()
    };
    let code = ranges(&read("crates/protocol/src/status.rs"), "//! | ", " |");
    let page = ranges(&read("man/upkeep.7"), ".It ", " Ta");
    assert!(code.len() > 10 && code == page, "{code:?} {page:?}");
}

#[test]
fn man_pages_have_no_lint() {
    let mandoc = Path::new("/usr/bin/mandoc");
    if !mandoc.exists() {
        return skip("it needs Debian's package mandoc");
    }
    for page in pages() {
        // Below a warning: other manuals that are not installed here.
        let ran = Tool::new(mandoc).dir(&repository("")).args(["-T", "lint", "-W", "warning", &page]).run();
        ran.prints("");
    }
}

/// The repository speaks of the product, and not of where it was made.
#[test]
fn no_file_knows_the_machine_that_it_was_written_on() {
    let here = env!("CARGO_MANIFEST_DIR");
    if Path::new(here).components().count() < 3 {
        return skip("the repository is at a path that is a word");
    }
    for file in files(&repository("")) {
        let content = fs::read(&file).unwrap();
        let found = content.windows(here.len()).any(|part| part == here.as_bytes());
        assert!(!found, "{} contains {here}", file.display());
    }
}
