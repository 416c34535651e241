//! The table, for people: the machine, a summary in which each wish has a line, and each measure with all its rows. It is
//! plain text in at most [`WIDTH`] columns, so that it can stand in a document as it is.

use super::verdict::{Named, Verdict, quotient};
use super::words::{ratio, wanted, wrap};
use crate::machine::Machine;
use crate::outcome::{Outcome, Role, Row, Statistic};
use std::fmt::Write;

const WIDTH: usize = 100;

/// All of it, or with `brief` without the measures' own tables.
pub(super) fn table(machine: &Machine, outcomes: &[Outcome], brief: bool) -> String {
    let mut text = String::new();
    let _ = write_machine(&mut text, machine);
    let _ = write_summary(&mut text, outcomes);
    if !brief {
        let before = [None].into_iter().chain(outcomes.iter().map(Some));
        for (outcome, before) in outcomes.iter().zip(before) {
            let _ = write_measure(&mut text, outcome, before);
        }
    }
    text
}

fn write_machine(text: &mut String, machine: &Machine) -> std::fmt::Result {
    let governor = machine.governor.as_ref().map(|governor| format!(", governor {governor}"));
    let processor = format!(
        "{}, {} cores{}{}, {} MB",
        machine.processor,
        machine.cores,
        if machine.is_virtual { ", virtual" } else { "" },
        governor.unwrap_or_default(),
        machine.memory,
    );
    let system = format!(
        "Linux {}, pid_max {}, {:.0} % busy at the start",
        machine.kernel,
        machine.pid_max,
        machine.busy * 100.0
    );
    let files = format!("in memory: {}; on a disk: {}", machine.in_memory, machine.on_disk);
    let version = |version: &Option<String>| version.clone().unwrap_or_else(|| "not installed".to_owned());
    let packages = machine.packages.iter().map(|(name, its)| format!("{name} {}", version(its)));
    let peers = packages.collect::<Vec<_>>().join(", ");
    for (name, value) in [("machine", processor), ("system", system), ("files", files), ("peers", peers)] {
        let mut name = name;
        for line in wrap(&value, WIDTH - 10) {
            writeln!(text, "{name:<10}{line}")?;
            name = "";
        }
    }
    Ok(())
}

/// What is to stand in one line of the summary.
struct Line<'o> {
    label: String,
    statistic: Statistic,
    /// What ours is beside: the best peer, or the row that a wish names.
    other: Option<Named<'o>>,
    wanted: String,
    verdict: &'static str,
}

fn write_summary(text: &mut String, outcomes: &[Outcome]) -> std::fmt::Result {
    let [name, ours, other, ratio_head, wanted] = ["", "upkeep", "best peer", "ratio", "wanted"];
    writeln!(text, "\n{name:<41}{ours:>10} {other:>10} {name:<12} {ratio_head:>5}  {wanted}")?;
    writeln!(text, "{}", "─".repeat(WIDTH))?;
    for outcome in outcomes {
        for line in lines(outcome) {
            let ours = outcome.ours(line.statistic).map(|ours| ours.figure);
            let other = line.other.map(|other| other.figure);
            let show = |figure: Option<f64>| figure.map_or_else(String::new, |it| outcome.unit.show(it));
            let its = ours.zip(other).and_then(|(ours, other)| quotient(ours, other));
            let written = format!(
                "{:<41}{:>10} {:>10} {:<12} {:>5}  {:<9} {}",
                line.label,
                show(ours),
                show(other),
                line.other.map_or("", |other| other.short()),
                its.map(ratio).unwrap_or_default(),
                line.wanted,
                line.verdict,
            );
            writeln!(text, "{}", written.trim_end())?;
        }
    }
    let judged: Vec<_> = outcomes.iter().flat_map(Outcome::verdicts).filter_map(|it| it.is_met).collect();
    let met = judged.iter().filter(|is_met| **is_met).count();
    writeln!(text, "\n{met} of {} wishes are met", judged.len())
}

/// A line for each wish, and one where there is none.
fn lines(outcome: &Outcome) -> Vec<Line<'_>> {
    if outcome.wishes.is_empty() {
        let statistic = Statistic::Median;
        let other = outcome.best_peer(statistic);
        let label = outcome.title.clone();
        return vec![Line { label, statistic, other, wanted: String::new(), verdict: "" }];
    }
    let judged = outcome.verdicts().enumerate().map(|(number, Verdict { wish, other, is_met, .. })| {
        let title = if number == 0 { outcome.title.as_str() } else { "" };
        let statistic = match (number, wish.statistic) {
            (_, Statistic::Median) => "",
            (0, Statistic::Worst) => ", worst",
            (_, Statistic::Worst) => "  worst",
        };
        Line {
            label: format!("{title}{statistic}"),
            statistic: wish.statistic,
            other,
            wanted: wanted(outcome, wish),
            verdict: is_met.map_or("", |is_met| if is_met { "met" } else { "MISSED" }),
        }
    });
    judged.collect()
}

/// A measure; how it was taken is said where that is not said `before` already.
fn write_measure(text: &mut String, outcome: &Outcome, before: Option<&Outcome>) -> std::fmt::Result {
    writeln!(text, "\n{}", outcome.title)?;
    if before.is_none_or(|before| before.how != outcome.how) {
        for line in wrap(&outcome.how, WIDTH - 2) {
            writeln!(text, "  {line}")?;
        }
        writeln!(text)?;
    }
    if !outcome.rows.is_empty() {
        let [name, median, worst, best, limit] = ["", "median", "worst", "to best peer", "to the limit"];
        writeln!(text, "  {name:<44}{median:>11} {worst:>11} {best:>13} {limit:>14}")?;
    }
    let best = outcome.best_peer(Statistic::Median).map(|peer| peer.figure);
    let limit = outcome.limit(Statistic::Median).map(|limit| limit.figure);
    for row in &outcome.rows {
        let median = row.figure(Statistic::Median, outcome.unit);
        let written = format!(
            "  {:<44}{:>11} {:>11} {:>13} {:>14}",
            name(row),
            outcome.unit.show(median),
            outcome.unit.show(row.figure(Statistic::Worst, outcome.unit)),
            best.and_then(|best| quotient(median, best)).map(ratio).unwrap_or_default(),
            limit.and_then(|limit| outcome.distance(median, limit)).map(ratio).unwrap_or_default(),
        );
        writeln!(text, "{}", written.trim_end())?;
    }
    for missing in &outcome.missing {
        writeln!(text, "  not measured: {missing}")?;
    }
    Ok(())
}

/// Whose the row is, and what it is there for where that is not to be compared with.
fn name(row: &Row) -> String {
    match row.role {
        Role::Ours | Role::Peer => row.name.clone(),
        Role::Aside => format!("{} (beside)", row.name),
        Role::Limit => format!("{} (limit)", row.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Bound, Unit, Wish};
    use crate::report::samples::{machine, outcome};

    #[test]
    fn no_line_is_wider_than_the_table() {
        let text = table(&machine(), &[outcome(), outcome()], false);
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
            assert_eq!(line.trim_end(), line);
        }
    }

    #[test]
    fn a_wish_has_a_line_with_ours_the_best_peer_and_the_ratio() {
        let text = table(&machine(), &[outcome()], true);
        let line = text.lines().find(|line| line.starts_with("death to restart")).unwrap();
        let words: Vec<_> = line.split_whitespace().skip(3).collect();
        assert_eq!(words, ["2.00", "ms", "4.00", "ms", "fast", "0.50", "≤", "0.80", "met"]);
    }

    #[test]
    fn a_wish_that_names_a_row_is_beside_that() {
        let mut outcome = outcome();
        outcome.wishes.push(Wish { statistic: Statistic::Worst, bound: Bound::Of("slow", 0.1) });
        let text = table(&machine(), &[outcome], true);
        let line = text.lines().find(|line| line.contains("worst")).unwrap();
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words, ["worst", "3.00", "ms", "8.00", "ms", "slow", "0.38", "≤", "0.10", "MISSED"]);
    }

    #[test]
    fn every_row_is_in_the_table_of_its_measure() {
        let text = table(&machine(), &[outcome()], false);
        for part in ["slow", "other (beside)", "bare spawn (limit)", "not measured: s6: not installed"] {
            assert!(text.contains(part), "{part}");
        }
        let ours = text.lines().find(|line| line.starts_with("  upkeep")).unwrap();
        let words: Vec<_> = ours.split_whitespace().collect();
        assert_eq!(words, ["upkeep", "2.00", "ms", "3.00", "ms", "0.50", "2.00"]);
    }

    #[test]
    fn how_it_was_done_is_said_once() {
        let text = table(&machine(), &[outcome(), outcome()], false);
        assert_eq!(text.matches(&outcome().how).count(), 1);
    }

    #[test]
    fn without_a_wish_there_is_a_line_all_the_same() {
        let mut outcome = outcome();
        outcome.wishes.clear();
        outcome.unit = Unit::MegabytesPerSecond;
        let text = table(&machine(), &[outcome], true);
        assert!(text.lines().any(|line| line.starts_with("death to restart")));
        assert!(text.ends_with("\n0 of 0 wishes are met\n"));
    }
}
