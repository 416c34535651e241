//! The same case on Debian's program, which is the judge, and then on ours.

use crate::{ours, theirs};
use std::fmt::Debug;
use std::path::Path;

/// Runs a case on Debian's program, then on ours: both must give the same. What it was, or `None` where the package
/// is not installed and the test is skipped.
#[track_caller]
pub fn same_as_theirs<T: PartialEq + Debug>(program: &str, case: impl Fn(&Path) -> T) -> Option<T> {
    let theirs = case(&theirs(program)?);
    let ours = case(&ours(program));
    assert_eq!(ours, theirs, "left ours, right theirs");
    Some(ours)
}
