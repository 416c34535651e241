//! tai64n: puts a label of the time before each line.
//!
//! A line is labelled when its first byte is there; nothing is added to its end, be there one or not. What has come is
//! written before the program waits for more.

use crate::passage::{Input, Output};
use crate::stamp::{Kind, Stamper};
use nix::errno::Errno;
use sys::entry::Args;

/// The program: its arguments mean nothing, and it ends without a word.
#[must_use]
pub fn run(_args: Args) -> u8 {
    match label(&mut Input::stdin(), &mut Output::stdout()) {
        Ok(()) => 0,
        Err(_) => cli::failure::FATAL,
    }
}

fn label(input: &mut Input, output: &mut Output) -> Result<(), Errno> {
    let mut stamper = Stamper::new(Kind::Tai64n);
    let mut is_in_line = false;
    while input.read()? {
        stamper.set(sys::clock::wall());
        let mut start = 0;
        // What is behind the last newline ends where the block does.
        let ends = memchr::memchr_iter(b'\n', input.bytes()).map(|newline| newline.wrapping_add(1));
        for end in ends.chain([input.bytes().len()]) {
            if start == end {
                break;
            }
            if !is_in_line {
                let length = stamper.length();
                stamper.put(output.room()?);
                output.took(length);
            }
            output.copy(input.from(start), end.wrapping_sub(start))?;
            is_in_line = false;
            start = end;
        }
        is_in_line = input.bytes().last() != Some(&b'\n');
        output.flush()?;
    }
    Ok(())
}
