//! The status record, kept true: written where it is not what the file holds.

use super::effects::Effects;
use super::machine::{Facts, Machine};
use crate::held::Held;
use nix::unistd::Pid;
use protocol::identity::FolderId;
use protocol::process::{Boot, ProcessId};
use protocol::status::SIZE;
use protocol::tai64n::Tai64n;
use std::fs::File;
use std::os::unix::fs::FileExt;
use sys::clock::wall;

/// What the record says and nobody else knows, and what it said last.
#[derive(Debug)]
pub(super) struct Recorder {
    /// When the pid changed last, and to what.
    since: Tai64n,
    pid: Option<Pid>,
    /// When it became ready, while it is.
    ready_since: Option<Tai64n>,
    file: Option<FolderId>,
    boot: Option<Boot>,
    ourselves: Option<ProcessId>,
    /// What the file holds; `None` where it could not be written.
    written: Option<[u8; SIZE]>,
}

impl Recorder {
    /// For a supervise that begins with this process, recorded since then, and whose record is in that file.
    pub(super) fn new(file: Option<FolderId>, boot: Option<Boot>, pid: Option<Pid>, since: Tai64n) -> Self {
        Self { since, pid, ready_since: None, file, boot, ourselves: Held::ourselves(), written: None }
    }

    /// The same, with a run that has been ready since then.
    pub(super) fn ready(self, since: Option<Tai64n>) -> Self {
        Self { ready_since: since, ..self }
    }

    /// Writes what is true now, by one pwrite, if the file does not hold it.
    ///
    /// # Errors
    ///
    /// What write says.
    pub(super) fn write(&mut self, file: &File, machine: &Machine, effects: &Effects) -> std::io::Result<()> {
        if self.pid != machine.pid() {
            self.pid = machine.pid();
            self.since = Tai64n::from_wall(wall());
        }
        if !machine.is_ready() {
            self.ready_since = None;
        } else if self.ready_since.is_none() {
            self.ready_since = Some(Tai64n::from_wall(wall()));
        }
        let facts = Facts {
            since: self.since,
            failed: effects.failed().cloned(),
            file: self.file,
            boot: self.boot,
            supervise: self.ourselves,
            mark: effects.process().and_then(Held::id).and_then(|id| id.mark),
            waited: effects.waited().filter(|_| machine.is_clearing()),
            session: effects.session(),
            leftovers: effects.leftovers(),
            ready_since: self.ready_since.unwrap_or_default(),
            token: effects.hearing().token(),
            says: effects.hearing().says().to_owned(),
            note: effects.note().to_owned(),
        };
        let bytes = machine.status(facts).encode();
        if self.written.as_ref() == Some(&bytes) {
            return Ok(());
        }
        self.written = None;
        file.write_all_at(&bytes, 0)?;
        self.written = Some(bytes);
        Ok(())
    }
}
