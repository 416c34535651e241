//! tai64nlocal: turns the labels before lines into local time.
//!
//! Only a label at the beginning of a line is one; all other bytes pass as they are. A label whose year no C library can
//! count, at which the program of daemontools crashes, passes as it is as well. What has come is written before the program
//! waits for more, but for a label that is not whole.
//!
//! | file | what is in it |
//! |---|---|
//! | `label.rs` | the digits of a label |
//! | `clock.rs` | the text of a time |

mod clock;
pub mod label;

use crate::digits::nine;
use crate::passage::{Input, Output};
use clock::Clock;
use label::Label;
use nix::errno::Errno;
use sys::entry::Args;

/// The program: its arguments mean nothing, and it ends without a word.
#[must_use]
pub fn run(_args: Args) -> u8 {
    let mut passage = Passage { output: Output::stdout(), clock: Clock::new(), place: Place::Beginning };
    match passage.all(&mut Input::stdin()) {
        Ok(()) => 0,
        Err(_) => cli::failure::FATAL,
    }
}

/// Where in a line the next byte is.
#[derive(Clone, Copy, Debug)]
enum Place {
    Beginning,
    Label(Label),
    Rest,
}

struct Passage {
    output: Output,
    clock: Clock,
    place: Place,
}

impl Passage {
    fn all(&mut self, input: &mut Input) -> Result<(), Errno> {
        while input.read()? {
            let mut start = 0;
            for newline in memchr::memchr_iter(b'\n', input.bytes()) {
                let end = newline.wrapping_add(1);
                self.piece(input.from(start), end.wrapping_sub(start))?;
                self.place = Place::Beginning;
                start = end;
            }
            let length = input.bytes().len();
            if start < length {
                self.piece(input.from(start), length.wrapping_sub(start))?;
            }
            self.output.flush()?;
        }
        Ok(())
    }

    /// The next `length` bytes of a line: up to its end, or to that of the block.
    #[inline]
    fn piece(&mut self, from: &[u8], length: usize) -> Result<(), Errno> {
        let mut start = 0;
        if let Place::Beginning = self.place {
            self.place = Place::Rest;
            if let Some((b'@', after)) = from.split_first() {
                // Nearly always all digits are there, and can be read at once.
                let whole = after.first_chunk().filter(|_| length > 25).and_then(Label::whole);
                start = if whole.is_some() { 25 } else { 1 };
                self.place = Place::Label(whole.unwrap_or_default());
            }
        }
        if let Place::Label(mut label) = self.place {
            let digits = from.get(start..length).unwrap_or_default();
            start = start.saturating_add(digits.iter().take_while(|byte| label.push(**byte)).count());
            if start == length {
                self.place = Place::Label(label);
                return Ok(());
            }
            self.time(label)?;
            self.place = Place::Rest;
        }
        self.output.copy(from.get(start..).unwrap_or_default(), length.wrapping_sub(start))
    }

    /// What stands in place of a label.
    #[inline]
    fn time(&mut self, label: Label) -> Result<(), Errno> {
        let Some((date, length, time)) = self.clock.tell(label.unix_seconds()) else {
            return self.as_it_is(label);
        };
        *self.output.room()? = *date;
        self.output.took(length);
        let room = self.output.room()?;
        if let Some((clock, rest)) = room.split_first_chunk_mut() {
            *clock = time;
            if let (Some(digits), 0..=999_999_999) = (rest.first_chunk_mut(), label.nanoseconds()) {
                *digits = nine(label.nanoseconds());
                self.output.took(18);
                return Ok(());
            }
        }
        self.output.took(9);
        // No second has that many, but a label can say it.
        let digits = label.nanoseconds().to_string();
        self.output.copy(digits.as_bytes(), digits.len())
    }

    #[cold]
    fn as_it_is(&mut self, label: Label) -> Result<(), Errno> {
        let digits = label.text();
        self.output.copy(b"@", 1)?;
        self.output.copy(&digits, digits.len())
    }
}
