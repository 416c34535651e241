//! How supervise begins: with a folder, with what an earlier supervise has left, or as the new version of itself.

use super::super::effects::Effects;
use super::super::hearing::Hearing;
use super::super::machine::{Before, Duties, Machine};
use super::super::past::{Here, Past};
use super::super::place::Place;
use super::super::recorder::Recorder;
use super::super::reports::Reports;
use super::super::role::Means;
use super::super::service::Service;
use super::super::sockets::Sockets;
use super::super::values::Values;
use super::{REPORT, Shell};
use crate::resident;
use crate::silent::is_silent;
use crate::upgrade::{self, Successor};
use anyhow::Context;
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::stat::stat;
use protocol::file::open_folder;
use protocol::folder::{DOWN, control_folder_here};
use protocol::kept::Kept;
use protocol::process::Boot;
use protocol::status::Want;
use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd};
use sys::clock::Monotonic;
use sys::descriptor::set_close_on_exec;
use sys::own_folder::OwnFolder;

impl Shell {
    /// Takes the service's folder, or fails in daemontools' words.
    pub(in super::super) fn begin(
        arguments: &[&'static CStr],
        folder: &'static CStr,
        trusting: bool,
    ) -> anyhow::Result<Box<Self>> {
        let signals = resident::begin()?;
        // What a run leaves behind comes to us.
        let _ = set_child_subreaper(true);
        let own = OwnFolder::find();
        let mut kept = upgrade::kept();
        let service = match &mut kept {
            Some(kept) => Service::kept(folder, kept),
            None => Service::enter(folder, trusting),
        }?;
        let name = service.name.clone();
        let normally_up = match stat(DOWN) {
            Ok(_) => false,
            Err(Errno::ENOENT) => true,
            Err(error) => return Err(error).with_context(|| format!("unable to stat {name}/down")),
        };
        let place = match &mut kept {
            Some(kept) => Place::kept(kept).with_context(|| format!("unable to go on with {name}"))?,
            None => {
                let path =
                    control_folder_here().with_context(|| format!("unable to find the path of {name}"))?;
                Place::take(&name, &path)?
            }
        };
        let is_upgrade = kept.is_some();
        let mut kept = kept.unwrap_or_default();
        let socket = kept.take(REPORT).and_then(|number| sys::descriptor::adopt(number).ok());
        let upgraded = Before::Upgraded { starting: socket.is_some() };
        let before = if is_upgrade { upgraded } else { Before::Died };
        let boot = Boot::current();
        let now = Monotonic::now();
        let record = place.record().with_context(|| format!("unable to read the status of {name}"))?;
        let wish = if normally_up { Want::Up } else { Want::Down };
        // Only for what may run already.
        let duties = if record.is_empty() {
            Duties::default()
        } else {
            let mut values = Values::of(&service);
            let writes = values.notification() != Ok(None);
            values.duties(writes)
        };
        let here = Here { file: place.record_id(), boot, wish, now, before, duties };
        let past = Past::find(&record, &here).with_context(|| name.clone())?;
        let past = past.unwrap_or_else(|| Past::none(Machine::new(now, normally_up)));
        let recorder = Recorder::new(here.file, boot, past.machine.pid(), past.since).ready(past.ready_since);
        let private = place.to_keep().map(|(_, file)| file.as_raw_fd()).collect();
        // Where it cannot be told, it may be one.
        let is_shared = open_folder(AT_FDCWD, c".").map_or(true, |folder| is_silent(folder).unwrap_or(true));
        let means = Means { own, trusting, is_shared, private };
        let hearing = Hearing::kept(&mut kept, past.token);
        let sockets = Sockets::kept(std::iter::from_fn(|| kept.take_next(Sockets::KEPT)));
        let mut effects = Effects::new(service, means, socket.map(Reports::kept), hearing, sockets);
        let noted = place.folder().filter(|_| !is_upgrade && !record.is_empty()).map(Sockets::saved);
        let machine = effects.take_up(past, noted.unwrap_or_default());
        // On the stack it would be there twice, here and where it is used.
        let mut shell =
            Box::new(Self { machine, effects, recorder, place, signals, arguments: arguments.to_vec() });
        shell.write_record().with_context(|| format!("unable to write the status of {name}"))?;
        // What could not be taken back is not held.
        if !record.is_empty() {
            shell.note_sockets();
        }
        Ok(shell)
    }

    /// Becomes the installed supervise. All that is not kept open is in the record.
    pub(super) fn upgrade(&mut self) {
        let plain = (self.place.to_keep())
            .chain(self.effects.service().to_keep())
            .chain(self.effects.hearing().to_keep())
            .chain(self.effects.reports().map(|reports| (REPORT, reports.as_fd())));
        let mut keep: Vec<_> = plain.map(|(name, descriptor)| (name.to_owned(), descriptor)).collect();
        keep.extend(self.effects.sockets().to_keep());
        let mut kept = Kept::default();
        for (name, descriptor) in &keep {
            kept.add(name, descriptor.as_raw_fd());
        }
        let keep_open = |on: bool| {
            for (_, descriptor) in &keep {
                let _ = set_close_on_exec(descriptor, !on);
            }
        };
        let own = self.effects.own_folder();
        let error = match Successor::find(own, "supervise", &self.arguments, [upgrade::variable(&kept)]) {
            Ok(successor) => {
                keep_open(true);
                let error = successor.take_over();
                keep_open(false);
                error.into()
            }
            Err(error) => error,
        };
        let why = cli::errno::chain(&error);
        self.effects.warn(&format!("unable to become the installed supervise: {why}"));
    }
}
