//! Figures for a collector.

use std::collections::BTreeSet;
use std::fs;
use testkit::{TestTree, down, resting, up};

/// The lines of a figure, without its name.
fn lines<'a>(text: &'a str, figure: &str) -> BTreeSet<&'a str> {
    text.lines().filter_map(|line| line.strip_prefix(figure)?.strip_prefix('{')).collect()
}

#[test]
fn each_service_has_its_figures() {
    let tree = TestTree::new();
    let _svscan = tree.svscan();
    let web = tree.folder("web", |f| f.run("exec sleep 1000").log("exec cat"));
    let dies = tree.folder("dies", |f| f.run("exit 3"));
    let off = tree.folder("off\"\\", |f| f.run("exec sleep 1000").down());
    web.wait_for(up());
    web.log().wait_for(up());
    dies.wait_for(resting());
    off.wait_for(down());
    let text = tree.svctl(["metrics"]).exits(0).errors("").output();
    let up =
        ["service=\"dies\"} 0", "service=\"off\\\"\\\\\"} 0", "service=\"web\"} 1", "service=\"web/log\"} 1"];
    assert_eq!(lines(&text, "upkeep_service_up"), BTreeSet::from(up), "{text}");
    assert!(lines(&text, "upkeep_service_in_trouble").contains("service=\"dies\"} 1"));
    assert!(lines(&text, "upkeep_service_last_exit_code").contains("service=\"dies\"} 3"));
    assert!(lines(&text, "upkeep_service_starts_total").contains("service=\"web\"} 1"));
    assert!(lines(&text, "upkeep_service_state_info").contains("service=\"web\",state=\"up\"} 1"));
    assert!(text.ends_with("# EOF\n"));
}

/// The form, as OpenMetrics has it: for each family its type before its lines, all of them together, counters end in `_total`.
#[test]
fn the_text_is_as_openmetrics_has_it() {
    let tree = TestTree::new();
    tree.folder("web", |f| f.run("exec sleep 1000"));
    let text = tree.svctl(["metrics"]).output();
    let mut seen = BTreeSet::new();
    let mut family = (String::new(), String::new());
    for line in text.lines() {
        if let Some(words) = line.strip_prefix("# TYPE ") {
            let (name, kind) = words.split_once(' ').unwrap();
            assert!(seen.insert(name.to_owned()), "{name} comes once");
            family = (name.to_owned(), kind.to_owned());
        } else if let Some(words) = line.strip_prefix("# UNIT ") {
            let (name, unit) = words.split_once(' ').unwrap();
            assert!(name == family.0 && name.ends_with(&format!("_{unit}")), "{line}");
        } else if let Some(words) = line.strip_prefix("# HELP ") {
            assert!(words.starts_with(&format!("{} ", family.0)), "{line}");
        } else if line != "# EOF" {
            let suffix = match family.1.as_str() {
                "counter" => "_total",
                "info" => "_info",
                "gauge" => "",
                kind => panic!("{kind}"),
            };
            let rest =
                line.strip_prefix(&format!("{}{suffix}{{", family.0)).unwrap_or_else(|| panic!("{line}"));
            let (_, value) = rest.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok_and(|value| value.is_finite()), "{line}");
        }
    }
    for name in seen {
        assert!(include_str!("../../man/svctl.1").contains(&format!("Va {name}")), "{name} is documented");
    }
}

#[test]
fn a_file_is_written_whole() {
    let tree = TestTree::new();
    tree.folder("web", |f| f.run("exec sleep 1000"));
    let file = tree.root().join("upkeep.prom");
    fs::write(&file, "old\n").unwrap();
    let path = file.to_str().unwrap();
    tree.svctl(["metrics", "--output", path]).exits(0).prints("").errors("");
    assert!(fs::read_to_string(&file).unwrap().ends_with("# EOF\n"));
    let nowhere = tree.root().join("nowhere/upkeep.prom");
    let ran = tree.svctl(["metrics", "-o", nowhere.to_str().unwrap()]);
    ran.exits(111)
        .errors(format!("svctl: fatal: unable to write {}: file does not exist\n", nowhere.display()));
}
