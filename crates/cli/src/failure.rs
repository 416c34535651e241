//! How a program fails.

/// Why a program ends before it has done its work.
#[derive(Debug)]
pub enum Failure {
    /// It was called wrongly: a complaint of getopt's, if that is what it was, and the usage text. Exit 100.
    Usage(Option<String>),
    /// The answer is no, and the exit code says it.
    No(u8),
    /// It could not be done: "unable to VERB OBJECT: reason". Exit 111.
    Fatal(anyhow::Error),
    /// It came to another end, of which the exit code says what it was.
    Ended(u8, anyhow::Error),
}

/// The exit code of a wrong call.
pub const USAGE: u8 = 100;

/// The exit code when the system did not let it be done.
pub const FATAL: u8 = 111;

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Fatal(error)
    }
}
