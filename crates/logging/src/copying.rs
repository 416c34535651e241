//! Copies of lines: 32 bytes at a time, which is several times faster for lines of usual length than asking for the exact
//! one. So up to 31 bytes more than what is meant are copied, and both sides need that much behind the end.

/// The size of one copy, and the slack that a block needs behind its end.
pub(crate) const PIECE: usize = 32;

/// From here on one copy of the exact length is as fast.
const LONG: usize = 2048;

/// Copies the first `length` bytes; those behind them in `to` may be changed too. Says whether there was room for them.
#[inline]
pub(crate) fn copy(to: &mut [u8], from: &[u8], length: usize) -> bool {
    let pieces = length.div_ceil(PIECE);
    let whole = pieces.saturating_mul(PIECE);
    if length < LONG && from.len() >= whole && to.len() >= whole {
        let (mut to, mut from) = (to.get_mut(..whole).unwrap_or_default(), from);
        // Arrays, so that each is a move through a register or two and not a call.
        while let Some((piece, others)) = to.split_first_chunk_mut::<PIECE>() {
            let Some((same, rest)) = from.split_first_chunk::<PIECE>() else { return false };
            *piece = *same;
            (to, from) = (others, rest);
        }
        return true;
    }
    match (to.get_mut(..length), from.get(..length)) {
        (Some(to), Some(from)) => {
            to.copy_from_slice(from);
            true
        }
        _ => false,
    }
}
