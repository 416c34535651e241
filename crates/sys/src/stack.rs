//! Giving back the part of the stack that is used now and then only: of a program of a few pages it is a part that counts.

use std::ffi::c_void;

/// What we, and whom we call, use of it now.
const USED: usize = 2048;

/// How far below that anything was used.
const DEEPEST: usize = 96 * 1024;

const PAGE: usize = 4096;

/// Has the kernel forget what lies below what is used now; when it is used again it is zeroes. For the first thread of a program.
pub fn give_back() {
    let here = 0_u8;
    let end = (&raw const here).addr().saturating_sub(USED) & !(PAGE - 1);
    let begin = std::ptr::without_provenance_mut::<c_void>(end.saturating_sub(DEEPEST));
    // SAFETY: below the stack pointer is nothing that anybody reads before he writes it. Where less is mapped the kernel passes over the
    // rest, and with larger pages it refuses.
    unsafe { libc::madvise(begin, DEEPEST, libc::MADV_DONTNEED) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn deep(count: usize) -> usize {
        let block = std::hint::black_box([count; 512]);
        if count == 0 { block.len() } else { deep(count - 1) + block.iter().sum::<usize>() / count }
    }

    #[test]
    fn what_is_in_use_stays() {
        let mine = std::hint::black_box([7; 100]);
        for _ in 0..3 {
            assert_eq!(deep(20), 512 * 21);
            give_back();
        }
        assert_eq!(mine, [7; 100]);
    }
}
