//! The house: the demo, the installation, and that the documents say what is so.

mod chapter;
mod demo;
mod documents;
mod install;

pub(crate) use chapter::{Part, all_parts, blocks, file, parts};

use std::fs;
use std::path::{Path, PathBuf};

/// A file or folder of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The programs that Cargo.toml lists.
pub(crate) fn programs() -> Vec<String> {
    let manifest = read("Cargo.toml");
    let tables = manifest.split("[[bin]]\nname = \"").skip(1);
    tables.map(|table| table.split('"').next().unwrap().to_owned()).collect()
}

/// The man pages, as `man/svc.8`.
fn pages() -> Vec<String> {
    let entries = fs::read_dir(repository("man")).unwrap();
    let mut pages: Vec<String> =
        entries.map(|entry| format!("man/{}", entry.unwrap().file_name().to_str().unwrap())).collect();
    pages.sort();
    pages
}

/// Every file of the repository: what is neither built nor of git.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let ours = entries.filter(|path| !path.ends_with("target") && !path.ends_with(".git"));
    ours.flat_map(|path| {
        let is_folder = path.symlink_metadata().unwrap().is_dir();
        if is_folder { files(&path) } else { vec![path] }
    })
    .collect()
}
