//! For tests: an outcome of which the figures are round, and a machine.

use crate::machine::Machine;
use crate::outcome::{Bound, Outcome, Role, Row, Statistic, Unit, Wish};

pub(crate) fn row(name: &str, role: Role, samples: &[f64]) -> Row {
    Row { name: name.to_owned(), role, samples: samples.to_vec() }
}

/// Ours takes 2 ms, the fastest peer 4, another 8, and none can take less than 1.
pub(crate) fn outcome() -> Outcome {
    Outcome {
        title: "death to restart".to_owned(),
        how: "It is ended, and starts again.".to_owned(),
        unit: Unit::Milliseconds,
        rows: vec![
            row("upkeep", Role::Ours, &[3.0, 1.0, 2.0]),
            row("slow", Role::Peer, &[8.0, 8.0, 8.0]),
            row("fast", Role::Peer, &[4.0, 4.0, 5.0]),
            row("other", Role::Aside, &[0.5, 0.5, 0.5]),
            row("bare spawn", Role::Limit, &[1.0, 1.0, 1.0]),
        ],
        wishes: vec![Wish { statistic: Statistic::Median, bound: Bound::OfBestPeer(0.8) }],
        missing: vec!["s6: not installed".to_owned()],
    }
}

pub(crate) fn machine() -> Machine {
    Machine {
        processor: "A processor with a name that is not short at all".to_owned(),
        cores: 2,
        memory: 8192,
        is_virtual: true,
        kernel: "6.18.0".to_owned(),
        governor: Some("performance".to_owned()),
        pid_max: 32768,
        busy: 0.01,
        in_memory: "tmpfs".to_owned(),
        on_disk: "ext4".to_owned(),
        packages: vec![("daemontools", Some("1:0.76-8.1".to_owned())), ("s6", None)],
    }
}
