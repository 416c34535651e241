//! Bytes that are only copied: read and written again in large blocks, and not looked at.

use anyhow::{Context, Result};
use std::io::{Read, Write};

/// What is read at a time: what a pipe holds.
pub(crate) const BLOCK: usize = 65_536;

/// Copies all there is; how many bytes that was.
pub(crate) fn copy(mut from: impl Read, mut to: impl Write) -> Result<u64> {
    let mut block = vec![0; BLOCK];
    let mut copied = 0_u64;
    loop {
        let count = from.read(&mut block).context("unable to read what is to be copied")?;
        let Some(read) = block.get(..count).filter(|read| !read.is_empty()) else { return Ok(copied) };
        to.write_all(read).context("unable to write the copy")?;
        copied = copied.saturating_add(count as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_arrives() {
        let bytes: Vec<u8> = (0..=255).cycle().take(3 * BLOCK + 7).collect();
        let mut copied = Vec::new();
        assert_eq!(copy(bytes.as_slice(), &mut copied).unwrap(), bytes.len() as u64);
        assert!(copied == bytes);
    }
}
