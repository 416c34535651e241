//! Lines of all sources on their way out: merged, made readable, and written a block at a time.

use super::merge::Merge;
use super::source::{Sources, Trouble};
use super::text::Format;

/// So much text is written at once.
const BLOCK: usize = 64 * 1024;

/// Merges lines and makes them readable.
#[derive(Debug)]
pub(super) struct Show {
    merge: Merge,
    format: Format,
    text: String,
    troubles: Vec<Trouble>,
}

impl Show {
    pub(super) fn new(format: Format) -> Self {
        Self { merge: Merge::default(), format, text: String::new(), troubles: Vec::new() }
    }

    /// There may be something to be read in that source.
    pub(super) fn wake(&mut self, sources: &mut Sources, number: usize) {
        let Some(source) = sources.get(number) else { return };
        self.format.make_room(&source.name);
        if source.reader.line().is_none() {
            self.advance(sources, number);
        }
    }

    /// The next block of text; none where nothing is there to be read now.
    pub(super) fn block(&mut self, sources: &mut Sources) -> Option<&str> {
        self.text.clear();
        while self.text.len() < BLOCK {
            let Some(number) = self.merge.pop() else { break };
            if let Some(source) = sources.get(number) {
                if let Some(line) = source.reader.line() {
                    self.format.line(&mut self.text, &source.name, source.service, &line);
                }
            }
            self.advance(sources, number);
        }
        (!self.text.is_empty()).then_some(&self.text)
    }

    /// What went wrong since this was last asked.
    pub(super) fn troubles(&mut self) -> Vec<Trouble> {
        std::mem::take(&mut self.troubles)
    }

    fn advance(&mut self, sources: &mut Sources, number: usize) {
        let Some(source) = sources.get(number) else { return };
        match source.reader.advance() {
            Ok(Some(time)) => self.merge.push(number, time),
            Ok(None) => source.is_over = source.reader.is_finished(),
            Err(error) => {
                self.troubles.push(source.trouble(&error));
                source.is_over = true;
            }
        }
        let count = source.reader.passed_over();
        if count > 0 {
            self.troubles.push(source.passed_over(count));
        }
    }
}

/// All text that is there, with nothing written.
pub(super) fn all(sources: &mut Sources, format: Format) -> String {
    let mut show = Show::new(format);
    let mut text = String::new();
    for number in 0..sources.all().len() {
        show.wake(sources, number);
    }
    while let Some(block) = show.block(sources) {
        text.push_str(block);
    }
    text
}
