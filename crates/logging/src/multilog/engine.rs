//! The loop: look at the input, put its lines where they belong, write them, take the input.
//!
//! Input is taken when what became of it is on disk, so that whatever ends this process, the next one finds the rest in the
//! pipe. Only the beginning of a line whose end has not come yet is taken before, since a pipe with something in it
//! cannot be waited for; and with `d`, what waits for room.
//!
//! How lines are put onto sheets is in `lines.rs`, how full sheets are written in `batch.rs`; here is what is done about
//! trouble and signals.

use super::actions::Actions;
use super::backlog::AGAIN;
use super::directory::{Directory, Locked};
use super::input::{Block, Input, Look};
use super::journal::Journal;
use super::note::{Extent, Line};
use super::script::Settings;
use super::sheet::Sheet;
use super::trouble::Trouble;
use crate::stamp::{Kind, ROOM, Stamper};
use anyhow::anyhow;
use cli::voice::{Said, Voice};
use nix::errno::Errno;
use nix::libc::{SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;
use sys::clock::{Monotonic, wall};
use sys::signals::Signals;

/// How long to wait before a processor is run again.
const PROCESSOR_AGAIN: Duration = Duration::from_secs(5);

/// It was told to stop, and this keeps it from doing that well.
#[derive(Debug)]
pub(super) struct Stopped(pub(super) Trouble);

/// A running multilog.
#[derive(Debug)]
pub(super) struct Engine<'a> {
    pub(super) input: Input,
    pub(super) block: Block,
    pub(super) actions: Actions<'a>,
    pub(super) directories: Vec<Directory<'a>>,
    pub(super) stamper: Option<Stamper>,
    /// Whether each line goes into one directory, as it is.
    pub(super) is_plain: bool,
    /// Lines on their way to the directories.
    pub(super) sheet: Sheet,
    /// In the middle of a line of which the beginning has been put already.
    pub(super) in_rest: bool,
    /// When the beginning of a line came that is kept in memory.
    pub(super) begun: Option<Duration>,
    /// The input has ended, and with it its last line.
    pub(super) has_ended: bool,
    /// Where what is on its way is noted.
    pub(super) journal: Option<Journal>,
    /// What an earlier multilog has written and not taken.
    undo: Vec<Extent>,
    /// Where in a line the input stood when it was last taken.
    pub(super) line: Line,
    signals: Signals,
    voice: Voice,
    said: Said,
    stop: bool,
    rotate: bool,
}

impl<'a> Engine<'a> {
    pub(super) fn new(signals: Signals, actions: Actions<'a>, stamp: Option<Kind>) -> Self {
        Self {
            input: Input::stdin(),
            block: Block::new(),
            actions,
            directories: Vec::new(),
            stamper: stamp.map(Stamper::new),
            is_plain: false,
            sheet: Sheet::new(),
            in_rest: false,
            begun: None,
            has_ended: false,
            journal: None,
            undo: Vec::new(),
            line: Line::default(),
            signals,
            voice: Voice::new("multilog"),
            said: Said::default(),
            stop: false,
            rotate: false,
        }
    }

    /// Opens a directory, and finishes what an earlier multilog has begun there.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened, or where it is told to stop in the middle of trouble.
    pub(super) fn open(&mut self, settings: Settings<'a>) -> anyhow::Result<()> {
        let locked = Locked::open(settings.path)?;
        if self.directories.is_empty() {
            self.resume(&locked.folder);
        }
        let mut directory = Directory::open(settings, locked, &self.undo)?;
        directory.selected = !self.in_rest || self.line.has(self.directories.len());
        while let Err(trouble) = directory.advance() {
            self.pause(trouble).map_err(|Stopped(trouble)| anyhow!("{trouble}"))?;
        }
        if directory.current.is_none() {
            directory.begin().map_err(|trouble| anyhow!("{trouble}"))?;
        }
        self.is_plain = self.directories.is_empty() && directory.settings.prefix.is_empty();
        self.directories.push(directory);
        Ok(())
    }

    /// Goes on where an earlier multilog was in this pipe.
    fn resume(&mut self, first: &OwnedFd) {
        let Some((journal, resume)) = Journal::open(first, &self.input) else { return };
        self.journal = Some(journal);
        self.undo = resume.undo;
        self.line = resume.line;
        self.in_rest = resume.line.is_rest;
        self.block.begin_with(&resume.kept);
        self.begun = (!resume.kept.is_empty()).then(wall);
    }

    /// Logs until the input ends, or until it is told to stop.
    ///
    /// # Errors
    ///
    /// Where it was told to stop in the middle of trouble: what was not written has not been taken.
    pub(super) fn run(&mut self) -> Result<(), Stopped> {
        loop {
            self.hear();
            self.rotate_what_is_due()?;
            if self.stop && self.block.length() == 0 && !self.in_rest {
                return Ok(());
            }
            let known = self.block.length();
            match self.input.look(&mut self.block, self.stop) {
                Ok(Look::New) if self.stop || self.begun.is_some() => {
                    if self.finish_line(known)? && self.stop {
                        return Ok(());
                    }
                }
                Ok(Look::New) => {
                    self.set_stamp();
                    self.go_through(known, self.block.length())?;
                }
                Ok(Look::Nothing) if self.block.has_untaken() => {
                    self.keep();
                    self.begun = self.begun.or_else(|| Some(wall()));
                }
                Ok(Look::Nothing) => self.wait(),
                Ok(Look::End) | Err(_) => return self.finish(),
            }
        }
    }

    /// Goes to the end of the line in hand, which may have been begun long ago, and says whether it has come; then
    /// through the rest, unless it is time to stop.
    fn finish_line(&mut self, known: usize) -> Result<bool, Stopped> {
        self.set_stamp();
        let end = self.block.line_end_from(known);
        self.go_through(known, end.unwrap_or(self.block.length()))?;
        if end.is_some() || self.in_rest {
            self.begun = None;
        }
        if end.is_some() && !self.stop {
            self.set_stamp();
            self.go_through(0, self.block.length())?;
        }
        Ok(end.is_some())
    }

    /// The time of the next line: when its beginning came.
    pub(super) fn set_stamp(&mut self) {
        if let Some(stamper) = &mut self.stamper {
            stamper.set(self.begun.unwrap_or_else(wall));
        }
    }

    /// Leaves the directories complete.
    ///
    /// # Errors
    ///
    /// Where it was told to stop in the middle of trouble.
    pub(super) fn close(&mut self) -> Result<(), Stopped> {
        let mut end = Ok(());
        for place in 0..self.directories.len() {
            if let Err(stopped) = self.close_one(place) {
                end = Err(stopped);
            }
        }
        end
    }

    fn close_one(&mut self, place: usize) -> Result<(), Stopped> {
        loop {
            let stamp = self.stamp();
            let Some(directory) = self.directories.get_mut(place) else { return Ok(()) };
            let result = match &directory.backlog {
                Some(_) => directory.catch_up(&stamp),
                None => directory.advance(),
            };
            let result = result.and_then(|()| directory.close());
            let Err(trouble) = result else { return Ok(()) };
            if let Some(lost) = directory.lost() {
                self.voice.warn(&lost);
                return Err(Stopped(trouble));
            }
            self.pause(trouble)?;
        }
    }

    /// Begins a new file in that directory.
    ///
    /// # Errors
    ///
    /// Where it was told to stop while that could not be done.
    pub(super) fn rotate(&mut self, place: usize) -> Result<(), Stopped> {
        if let Some(directory) = self.directories.get_mut(place) {
            directory.begin_rotation();
        }
        while let Some(directory) = self.directories.get_mut(place) {
            let Err(trouble) = directory.advance() else { break };
            if directory.waits_for_nothing() {
                self.fall_behind(place, trouble);
                break;
            }
            self.pause(trouble)?;
        }
        Ok(())
    }

    /// Between two looks: rotates what it was told to, and what is too old, and tries again what could not be written.
    fn rotate_what_is_due(&mut self) -> Result<(), Stopped> {
        let all = std::mem::take(&mut self.rotate);
        for place in 0..self.directories.len() {
            let Some(directory) = self.directories.get_mut(place) else { break };
            if directory.backlog.is_some() {
                self.try_to_catch_up(place);
                continue;
            }
            let is_old = || directory.is_due_at().is_some_and(|due| due <= Monotonic::now());
            if directory.on_disk > 0 && (all || is_old()) {
                directory.cuts.begin(0);
                self.rotate(place)?;
            }
        }
        Ok(())
    }

    /// There is trouble in a directory whose lines are not waited for.
    pub(super) fn fall_behind(&mut self, place: usize, trouble: Trouble) {
        warn(&mut self.said, &mut self.voice, &trouble.with("dropping lines if they are too many"));
        if let Some(directory) = self.directories.get_mut(place) {
            directory.fall_behind(trouble);
        }
    }

    pub(super) fn try_to_catch_up(&mut self, place: usize) {
        let again = self.directories.get(place).and_then(Directory::again_at);
        let stamp = again.filter(|again| *again <= Monotonic::now()).map(|_| self.stamp());
        let directory = self.directories.get_mut(place);
        let caught_up = stamp.zip(directory).map(|(stamp, directory)| directory.catch_up(&stamp));
        if let Some(Err(trouble)) = caught_up {
            self.fall_behind(place, trouble);
        }
        if let Some(directory) =
            self.directories.get_mut(place).filter(|directory| directory.pending.is_full())
        {
            directory.drop_oldest();
        }
    }

    /// The time stamp of a line that multilog itself puts into a log.
    fn stamp(&self) -> Vec<u8> {
        let Some(stamper) = &self.stamper else { return Vec::new() };
        let (mut stamper, mut room) = (stamper.clone(), [0; ROOM]);
        stamper.set(wall());
        let length = stamper.length();
        stamper.put(&mut room);
        room.into_iter().take(length).collect()
    }

    /// Writes what goes elsewhere than into logs.
    pub(super) fn tell(&mut self) {
        let told = std::mem::take(&mut self.actions.told);
        let mut rest = told.as_slice();
        let [_, _, stderr] = sys::descriptor::standard();
        while !rest.is_empty() {
            match sys::write::without_waiting(stderr, rest) {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(Errno::EAGAIN) if !self.stop => {
                    self.wait_for(Some((stderr, PollFlags::POLLOUT)), None);
                    self.hear();
                }
                Err(_) => break,
            }
        }
        let Self { actions, said, voice, .. } = self;
        actions.write_status_files(|trouble| warn(said, voice, &trouble.to_string()));
    }

    /// There is trouble, and nothing can be done but to try again after a while.
    pub(super) fn pause(&mut self, trouble: Trouble) -> Result<(), Stopped> {
        warn(&mut self.said, &mut self.voice, &trouble.with("pausing"));
        self.hear();
        if !self.stop {
            self.wait_for(None, Some(if trouble.reason.is_none() { PROCESSOR_AGAIN } else { AGAIN }));
            self.hear();
        }
        if self.stop { Err(Stopped(trouble)) } else { Ok(()) }
    }

    /// All is well again: what goes wrong next is said again.
    pub(super) fn forget_what_was_said(&mut self) {
        let is_well = self.directories.iter().all(|directory| directory.backlog.is_none());
        if is_well && self.actions.are_status_files_written() {
            self.said.clear();
        }
    }

    /// Waits for input, or for the next thing that is due.
    fn wait(&mut self) {
        let due = self.directories.iter().flat_map(|directory| [directory.is_due_at(), directory.again_at()]);
        let due = due.flatten().min().map(|due| due.since(Monotonic::now()));
        self.wait_for(Some((self.input.as_fd(), PollFlags::POLLIN)), due);
    }

    /// Waits for a signal, or for something else, or for a time.
    fn wait_for(&self, also: Option<(BorrowedFd<'_>, PollFlags)>, at_most: Option<Duration>) {
        let signals = self.signals.as_fd();
        // Without anything else, for signals twice.
        let (descriptor, flags) = also.unwrap_or((signals, PollFlags::POLLIN));
        let mut asked = [PollFd::new(signals, PollFlags::POLLIN), PollFd::new(descriptor, flags)];
        // A moment more, so that what is due is due.
        let timeout = at_most.map(|time| time.saturating_add(Duration::from_millis(1)));
        let timeout =
            timeout.map_or(PollTimeout::NONE, |time| PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX));
        let _ = poll(&mut asked, timeout);
    }

    fn hear(&mut self) {
        while let Some(signal) = self.signals.next() {
            match signal {
                SIGTERM | SIGINT | SIGHUP | SIGQUIT => self.stop = true,
                SIGALRM => self.rotate = true,
                _ => {}
            }
        }
    }
}

/// Says something that is new.
fn warn(said: &mut Said, voice: &mut Voice, text: &str) {
    if said.is_new(text) {
        voice.warn(text);
    }
}
