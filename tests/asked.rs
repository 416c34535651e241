//! Service folders in which the test plays supervise, for the programs that ask one.

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use std::os::fd::OwnedFd;
use testkit::{Folder, Ran, Service, TestTree, Tool};

/// A folder with the FIFOs of a supervise, which the test holds open.
pub(crate) struct Supervised {
    pub(crate) service: Service,
    control: OwnedFd,
    _ok: OwnedFd,
}

impl Supervised {
    /// Makes it under that name.
    pub(crate) fn new(tree: &TestTree, name: &str, build: impl FnOnce(Folder) -> Folder) -> Self {
        let service = tree.folder(name, |f| build(fifos(f)));
        let held = |name: &str| {
            let flags = OFlag::O_RDWR | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
            open(&service.file(name), flags, Mode::empty()).expect("a FIFO")
        };
        Self { control: held("supervise/control"), _ok: held("supervise/ok"), service }
    }

    /// The commands that have come since the last look.
    pub(crate) fn received(&self) -> Vec<u8> {
        let mut bytes = [0; 4096];
        nix::unistd::read(&self.control, &mut bytes).map_or(Vec::new(), |count| bytes[..count].to_vec())
    }

    /// Fills the FIFO, as one of a supervise that does not read any more.
    pub(crate) fn fill(&self) {
        while nix::unistd::write(&self.control, &[b'.'; 4096]).is_ok() {}
    }

    /// Writes the status file.
    pub(crate) fn set_status(&self, bytes: &[u8]) {
        std::fs::write(self.service.file("supervise/status"), bytes).expect("a status file");
    }
}

/// The FIFOs of a supervise, which nobody reads yet.
pub(crate) fn fifos(f: Folder) -> Folder {
    f.directory("supervise").fifo("supervise/control").fifo("supervise/ok")
}

/// Two programs say the same of the same, called the same way.
#[track_caller]
pub(crate) fn same(ours: impl Fn() -> Tool, theirs: impl Fn() -> Tool) -> Ran {
    // A second that ends in between changes what svstat says; and theirs asks a clock that is a tick behind.
    let mut calls = (0..5).map(|_| (ours().run(), theirs().run()));
    let (ours, theirs) =
        calls.find(|(ours, theirs)| ours == theirs).unwrap_or_else(|| (ours().run(), theirs().run()));
    assert_eq!(ours, theirs, "left ours, right theirs");
    ours
}

/// A row of numbers that look like chance and are the same at each run.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        // Knuth's constants; the upper bits are the better ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }

    /// One of several.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
