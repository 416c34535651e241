//! What the documents say of the code, held to it.

use super::{all_parts, files, pages, programs, read, repository};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use testkit::{Tool, skip};

/// The documents, but for the man pages.
fn documents() -> Vec<String> {
    let pages = ["docs", "docs/recipes"].into_iter().flat_map(|folder| {
        let entries = fs::read_dir(repository(folder)).unwrap();
        entries.map(move |entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap()))
    });
    let top = ["README.md", "CONTRIBUTING.md", "DIFFERENCES.md", "CHANGELOG.md"].map(str::to_owned);
    top.into_iter().chain(pages.filter(|page| page.ends_with(".md"))).collect()
}

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
    for document in documents() {
        let text = read(&document);
        let parts = all_parts(&text);
        let code = parts.iter().flat_map(|part| part.code.lines()).chain(text.lines().flat_map(quoted));
        for command in code.filter_map(|code| code.strip_prefix("make ")) {
            let target = command.split(' ').find(|word| !word.contains('='));
            assert!(target.is_none_or(|target| known.contains(target)), "{document}: make {command}");
        }
    }
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
    for document in documents() {
        let text = read(&document);
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for link in links.filter(|link| !link.contains("://")) {
            let (path, chapter) = link.split_once('#').unwrap_or((link, ""));
            let path = repository(&document).with_file_name(path);
            assert!(path.exists(), "{document} has a link to {link}");
            let target = fs::read_to_string(path).unwrap_or_default();
            let titles = target.lines().filter(|line| line.starts_with('#')).map(anchor);
            assert!(
                chapter.is_empty() || titles.into_iter().any(|title| title == chapter),
                "{document}: {link}"
            );
        }
        let rooms = text.lines().flat_map(quoted);
        let rooms =
            rooms.filter(|name| ["crates/", "tests/", "man/"].iter().any(|room| name.starts_with(room)));
        for path in rooms {
            assert!(repository(path).exists(), "{document} speaks of {path}");
        }
    }
}

/// What a link calls a chapter.
fn anchor(title: &str) -> String {
    let title = title.trim_start_matches('#').trim().to_lowercase();
    let kept = title.chars().filter(|character| character.is_alphanumeric() || " -_".contains(*character));
    kept.collect::<String>().replace(' ', "-")
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
