//! runas: becoming an account wholly, or running nothing.

mod capabilities;
mod directory;
mod identity;
mod making;
mod numbers;
mod odd;
mod refused;
mod report;
mod variables;

/// The answer to a wrong call.
const USAGE: &str = "runas: usage: runas [-Hn] [-u umask] [-k capability] [-m name] [-e dir] [-E fd] [-o uid] \
                     [-d uid] account child, or runas -q [-d uid] account";
