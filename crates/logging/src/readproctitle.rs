//! readproctitle: shows what it reads in its own command line, for `ps`.
//!
//! The last argument is the window: dots first, then what has come last, shifted to the left byte by byte, three dots
//! always being left in front.

use nix::errno::Errno;
use nix::unistd::read;
use sys::entry::Args;

/// The dots that stay, and the least that can be shown behind them.
const DOTS: usize = 3;
const LEAST: usize = 5;

/// The program: it ends with its input, without a word.
#[must_use]
pub fn run(_args: Args, window: Option<&'static mut [u8]>) -> u8 {
    let Some(window) = window.filter(|window| window.len() >= LEAST) else { return cli::failure::USAGE };
    window.fill(b'.');
    match show(window) {
        Ok(()) => 0,
        Err(_) => cli::failure::FATAL,
    }
}

/// Shows all that comes, at once.
fn show(window: &mut [u8]) -> Result<(), Errno> {
    let [stdin, _, _] = sys::descriptor::standard();
    sys::descriptor::was_open(stdin)?;
    let mut block = [0; 4096];
    loop {
        match read(stdin, &mut block) {
            Ok(0) => return Ok(()),
            Ok(count) => shift(window, block.get(..count).unwrap_or_default()),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Shifts bytes into the window from the right. NULs are left out: they would end the argument.
pub fn shift(window: &mut [u8], bytes: &[u8]) {
    let Some(shown) = window.get_mut(DOTS..) else { return };
    // Only as many as there is room for are ever seen.
    let mut fresh: Vec<u8> =
        bytes.iter().rev().copied().filter(|byte| *byte != 0).take(shown.len()).collect();
    fresh.reverse();
    shown.rotate_left(fresh.len());
    let kept = shown.len().saturating_sub(fresh.len());
    for (place, byte) in shown.iter_mut().skip(kept).zip(fresh) {
        *place = byte;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(length: usize, parts: &[&[u8]]) -> String {
        let mut window = vec![b'.'; length];
        for part in parts {
            shift(&mut window, part);
        }
        String::from_utf8(window).unwrap()
    }

    #[test]
    fn what_came_last_stands_at_the_right() {
        assert_eq!(shown(10, &[]), "..........");
        assert_eq!(shown(10, &[b"ab", b"c\n"]), "......abc\n");
        assert_eq!(shown(10, &[b"0123456789"]), "...3456789");
        assert_eq!(shown(10, &[b"0123456", b"7"]), "...1234567");
        assert_eq!(shown(10, &[b"a\0b\0\0"]), "........ab");
        assert_eq!(shown(5, &[b"abc"]), "...bc");
    }
}
