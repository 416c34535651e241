//! envdir beside Debian's: the same folders must give the same variables in the same order, or the same complaint.

mod calls;
mod files;
mod generated;
mod otherwise;

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use testkit::{Ran, TestTree, Tool};

/// What the programs find in their environment, in this order.
const INHERITED: [&str; 6] = ["Z=1", "A=old", "PATH=/usr/bin:/bin", "B=old", "EMPTY=", "C=old"];

/// A folder `d` to fill, in a place that every account can reach.
struct Case(TestTree);

impl Case {
    fn new() -> Self {
        let this = Self(TestTree::new());
        fs::create_dir(this.path("d")).unwrap();
        this
    }

    fn path(&self, name: impl AsRef<[u8]>) -> PathBuf {
        self.0.root().join(OsStr::from_bytes(name.as_ref()))
    }

    /// A file of `d`.
    fn file(&self, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path("d").join(OsStr::from_bytes(name.as_ref())), content).unwrap();
        self
    }

    fn mode(&self, name: &str, mode: u32) -> &Self {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
        self
    }

    /// A call in the folder that `d` is in.
    fn tool(&self, program: &Path, args: &[impl AsRef<OsStr>]) -> Tool {
        self.tool_by(&[], program, args)
    }

    /// The same, by way of other programs.
    fn tool_by(&self, outer: &[&str], program: &Path, args: &[impl AsRef<OsStr>]) -> Tool {
        let env = Tool::new(Path::new("/usr/bin/env")).dir(self.0.root()).arg("-i").args(INHERITED);
        env.args(outer).arg(program).args(args)
    }

    /// What Debian's and ours make of `d`: the same.
    #[track_caller]
    fn same(&self) -> Option<Ran> {
        self.same_call(&[], &["d", "env", "-0"])
    }

    /// What they make of a call.
    #[track_caller]
    fn same_call(&self, outer: &[&str], args: &[impl AsRef<OsStr>]) -> Option<Ran> {
        testkit::same_as_theirs("envdir", |program| self.tool_by(outer, program, args).run())
    }
}

/// What `env -0` has printed.
fn entries(ran: &Ran) -> Vec<Vec<u8>> {
    let text = ran.stdout.strip_suffix(b"\0").unwrap_or(&ran.stdout);
    text.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}
