//! What a measure comes to: figures of ours, of the peers and of the limit, and the wishes that they are held against.

/// Whose figures they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Ours,
    /// Does the same as ours: what a ratio is to.
    Peer,
    /// Shown beside them, but does something else: the best of the peers is not sought among these.
    Aside,
    /// What no program can go below (or above) on this machine: a bare `posix_spawn`, a copy in memory.
    Limit,
}

/// The figures of one program.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// Whose: `upkeep`, or the name of the peer's package; where it matters, with the program or the manner.
    pub(crate) name: String,
    pub(crate) role: Role,
    /// One figure a round, in the outcome's unit.
    pub(crate) samples: Vec<f64>,
}

/// What is measured, and which end is the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    Microseconds,
    Kilobytes,
    Bytes,
    /// Of processor time.
    ProcessorSeconds,
    /// How often.
    Times,
    /// The only one of which more is better.
    MegabytesPerSecond,
}

/// What of the samples is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statistic {
    Median,
    Worst,
}

/// What ours is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bound {
    /// That many times the best peer's: at most where less is better, at least where more is.
    OfBestPeer(f64),
    /// That many times the figure of the row of this name.
    Of(&'static str, f64),
    /// This figure, in the outcome's unit.
    Figure(f64),
}

/// The least that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    pub(crate) statistic: Statistic,
    pub(crate) bound: Bound,
}

/// All of it, for one measure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// What is measured: a few words, the row's name in the summary.
    pub(crate) title: String,
    /// How each figure was taken, so that a peer's author would accept it: a few sentences.
    pub(crate) how: String,
    pub(crate) unit: Unit,
    /// Ours first; all of them with the same rounds, which took turns.
    pub(crate) rows: Vec<Row>,
    pub(crate) wishes: Vec<Wish>,
    /// What was not measured here, and why: a package that is not installed, root that we are not.
    pub(crate) missing: Vec<String>,
}
