//! Everything, each sample too, for programs: what another run is compared with.

use super::verdict::{Verdict, quotient};
use crate::machine::Machine;
use crate::outcome::{Bound, Outcome, Role, Row, Statistic, Unit};
use serde_json::{Map, Value, json};

/// The machine and the outcomes.
pub(super) fn json(machine: &Machine, outcomes: &[Outcome]) -> Value {
    let packages: Map<_, _> =
        machine.packages.iter().map(|(name, version)| ((*name).to_owned(), json!(version))).collect();
    json!({
        "machine": {
            "processor": machine.processor,
            "cores": machine.cores,
            "memory_megabytes": machine.memory,
            "virtual": machine.is_virtual,
            "kernel": machine.kernel,
            "governor": machine.governor,
            "pid_max": machine.pid_max,
            "busy": machine.busy,
            "file_systems": { "memory": machine.in_memory, "disk": machine.on_disk },
            "packages": packages,
        },
        "outcomes": outcomes.iter().map(outcome).collect::<Vec<_>>(),
    })
}

fn outcome(outcome: &Outcome) -> Value {
    json!({
        "title": outcome.title,
        "how": outcome.how,
        "unit": unit(outcome.unit),
        "more_is_better": outcome.unit.more_is_better(),
        "best_peer": outcome.best_peer(Statistic::Median).map(|peer| peer.name),
        "rows": outcome.rows.iter().map(|its| row(outcome, its)).collect::<Vec<_>>(),
        "wishes": outcome.verdicts().map(|verdict| wish(&verdict)).collect::<Vec<_>>(),
        "missing": outcome.missing,
    })
}

fn row(outcome: &Outcome, row: &Row) -> Value {
    let median = row.figure(Statistic::Median, outcome.unit);
    let best = outcome.best_peer(Statistic::Median);
    let limit = outcome.limit(Statistic::Median);
    json!({
        "name": row.name,
        "role": role(row.role),
        "median": median,
        "worst": row.figure(Statistic::Worst, outcome.unit),
        "ratio_to_best_peer": best.and_then(|best| quotient(median, best.figure)),
        "distance_to_limit": limit.and_then(|limit| outcome.distance(median, limit.figure)),
        "samples": row.samples,
    })
}

fn wish(verdict: &Verdict) -> Value {
    let (of, bound) = match verdict.wish.bound {
        Bound::OfBestPeer(bound) => (Some("best peer"), bound),
        Bound::Of(name, bound) => (Some(name), bound),
        Bound::Figure(bound) => (None, bound),
    };
    json!({
        "statistic": statistic(verdict.wish.statistic),
        "ratio_to": of,
        "bound": bound,
        "reached": verdict.reached,
        "met": verdict.is_met,
    })
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Milliseconds => "ms",
        Unit::Microseconds => "us",
        Unit::Kilobytes => "kB",
        Unit::Bytes => "B",
        Unit::ProcessorSeconds => "s of processor time",
        Unit::Times => "times",
        Unit::MegabytesPerSecond => "MB/s",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Ours => "ours",
        Role::Peer => "peer",
        Role::Aside => "beside",
        Role::Limit => "limit",
    }
}

fn statistic(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Median => "median",
        Statistic::Worst => "worst",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{machine, outcome};

    #[test]
    fn every_sample_is_there() {
        let value = json(&machine(), &[outcome()]);
        assert_eq!(value.pointer("/outcomes/0/rows/0/samples"), Some(&json!([3.0, 1.0, 2.0])));
        assert_eq!(value.pointer("/outcomes/0/rows/0/ratio_to_best_peer"), Some(&json!(0.5)));
        assert_eq!(value.pointer("/outcomes/0/best_peer"), Some(&json!("fast")));
    }

    #[test]
    fn a_wish_says_whether_it_is_met() {
        let value = json(&machine(), &[outcome()]);
        let wish = value.pointer("/outcomes/0/wishes/0").unwrap();
        let expected = json!({
            "statistic": "median", "ratio_to": "best peer", "bound": 0.8, "reached": 0.5, "met": true,
        });
        assert_eq!(wish, &expected);
    }

    #[test]
    fn what_is_not_installed_is_null() {
        let value = json(&machine(), &[]);
        assert_eq!(value.pointer("/machine/packages/s6"), Some(&Value::Null));
    }
}
