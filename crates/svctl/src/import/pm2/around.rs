//! What the apps of a file are judged by, beside what it says.

use crate::import::procfile::owner::User;
use std::path::Path;

/// What apps are judged by.
pub(super) struct Around<'a> {
    /// Where the file is.
    pub(super) folder: &'a str,
    /// Whom they run as where they do not say.
    pub(super) user: &'a User,
    /// Not everybody may read the file.
    pub(super) is_private: bool,
    /// Whether there is a file.
    pub(super) is_file: &'a dyn Fn(&Path) -> bool,
}
