//! What a call of `svctl new` is judged by, beside its own words.

use std::ffi::OsString;
use std::path::Path;

/// What a call is judged by.
pub(super) struct Around<'a> {
    /// Where svctl was called: absolute.
    pub(super) here: &'a Path,
    /// Who calls is root.
    pub(super) is_root: bool,
    /// Where the caller's programs are sought.
    pub(super) path: Option<OsString>,
    /// The service directory has a folder of that name.
    pub(super) has_service: &'a dyn Fn(&str) -> bool,
    /// What there is at an absolute path.
    pub(super) look: &'a dyn Fn(&Path) -> There,
}

/// What there is at a path, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum There {
    Nothing,
    Folder,
    Other,
}
