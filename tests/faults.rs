//! What must hold when things fail: the system, the disk, the clock, and whatever else a service meets.

mod chaos;
mod churn;
mod clock;
mod control_files;
mod descriptors;
mod directory;
mod endings;
mod executing;
mod forking;
mod full;
mod hanging;
mod killed;
mod links;
mod many;
mod numbered;
mod reused;
mod shifting;
mod signals;
mod stopped;
mod syscalls;

use std::path::Path;
use testkit::{Launch, TestTree};

/// Whether strace is there, which makes system calls fail; says so where it is not.
fn has_strace() -> bool {
    let found = Path::new("/usr/bin/strace").exists();
    if !found {
        testkit::skip("it needs strace");
    }
    found
}

/// A program to start through another one, with these arguments.
fn through(tree: &TestTree, program: &str, arguments: &[&str]) -> Launch {
    arguments.iter().fold(tree.launch(&Path::new("/usr/bin").join(program)), Launch::arg)
}

/// A program to start with system calls that fail, as strace's inject has it. strace is not its parent: what is started is the
/// program itself.
fn with_faults(tree: &TestTree, inject: &str) -> Launch {
    through(tree, "strace", &["-D", "-o", "/dev/null", "-e", &format!("inject={inject}")])
}
