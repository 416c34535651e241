//! A heap for small resident programs: a fixed array in the program's own data, so that neither brk nor mmap is touched, each
//! of which costs a process of a few pages more page tables than it has memory.
//!
//! Blocks have sizes of powers of two; a free block is on the list of its size. What is larger than a page, or does not fit any
//! more, comes from the system's heap.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};

/// The array's size. A supervise uses a few pages of it; untouched ones cost nothing.
const SIZE: usize = 64 * 1024;
/// Blocks are from 2^4 ...
const SMALLEST: u32 = 4;
/// ... to 2^12 bytes.
const LARGEST: u32 = 12;
const CLASSES: usize = (LARGEST - SMALLEST + 1) as usize;

/// The allocator: see [`small_heap!`](crate::small_heap).
#[derive(Debug)]
pub struct Heap {
    taken: AtomicBool,
    state: UnsafeCell<State>,
}

// SAFETY: the state is only touched by whoever has set `taken`.
unsafe impl Sync for Heap {}

#[derive(Debug)]
struct State {
    free: [*mut u8; CLASSES],
    array: *mut [u8; SIZE],
    /// How much of the array has been given out at least once.
    used: usize,
}

/// The array's type.
#[doc(hidden)]
#[repr(C, align(16))]
#[derive(Debug)]
pub struct Array(UnsafeCell<[u8; SIZE]>);

// SAFETY: only the one heap that is made of it touches it.
unsafe impl Sync for Array {}

/// Gives a program this heap. For programs whose memory is a few pages.
#[macro_export]
macro_rules! small_heap {
    () => {
        // What is common to all objects, as a linker has it, stands behind all other data. An array in between would put the C
        // library's few bytes on a page of their own.
        core::arch::global_asm!(".comm upkeep_heap, {size}, 16", size = const size_of::<$crate::heap::Array>());
        unsafe extern "C" {
            safe static upkeep_heap: $crate::heap::Array;
        }
        #[global_allocator]
        static HEAP: $crate::heap::Heap = $crate::heap::Heap::new(&raw const upkeep_heap);
    };
}

impl Heap {
    /// An empty heap. The array is not read before it is written, and must be no other heap's.
    #[must_use]
    pub const fn new(array: *const Array) -> Self {
        let state = State { free: [null_mut(); CLASSES], array: array.cast_mut().cast(), used: 0 };
        Self { taken: AtomicBool::new(false), state: UnsafeCell::new(state) }
    }

    fn with<T>(&self, touch: impl FnOnce(&mut State) -> T) -> T {
        while self.taken.swap(true, Ordering::Acquire) {
            std::hint::spin_loop();
        }
        // SAFETY: `taken` was not set, and is until the closure has returned: nobody else has a reference.
        let result = touch(unsafe { &mut *self.state.get() });
        self.taken.store(false, Ordering::Release);
        result
    }

    fn owns(&self, block: *mut u8) -> bool {
        // SAFETY: the address of the array never changes.
        let start = unsafe { (*self.state.get()).array }.addr();
        (start..start.saturating_add(SIZE)).contains(&block.addr())
    }
}

/// The list for blocks of at least that size and alignment, and what they have of both.
fn class(layout: Layout) -> Option<(usize, usize)> {
    let size = layout.size().max(layout.align()).max(1 << SMALLEST).checked_next_power_of_two()?;
    let list = size.trailing_zeros().checked_sub(SMALLEST)?;
    // The array begins at a multiple of 16, and larger blocks are not aligned to more.
    (size <= 1 << LARGEST && layout.align() <= 16).then_some((list as usize, size))
}

impl State {
    fn take(&mut self, list: usize, size: usize) -> *mut u8 {
        let Some(first) = self.free.get_mut(list) else { return null_mut() };
        if !first.is_null() {
            let block = *first;
            // SAFETY: a block on a list holds the address of the next in its first bytes, and is aligned to 16.
            *first = unsafe { block.cast::<*mut u8>().read() };
            return block;
        }
        let end = self.used.saturating_add(size);
        if end > SIZE {
            return null_mut();
        }
        let block = self.array.cast::<u8>().wrapping_add(self.used);
        self.used = end;
        block
    }

    fn give_back(&mut self, list: usize, block: *mut u8) {
        if let Some(first) = self.free.get_mut(list) {
            // SAFETY: the block is of this heap, at least 16 bytes, aligned to 16, and nobody's any more.
            unsafe { block.cast::<*mut u8>().write(*first) };
            *first = block;
        }
    }
}

// SAFETY: a block is given out once until it is given back: it comes from a list, from which it is taken, or from the part of the
// array that was never given out. It has the size and alignment of its class, which are at least those asked for.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let block = match class(layout) {
            Some((list, size)) => self.with(|state| state.take(list, size)),
            None => null_mut(),
        };
        if block.is_null() {
            // SAFETY: the caller keeps the contract of `alloc`.
            unsafe { System.alloc(layout) }
        } else {
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match class(layout) {
            Some((list, _)) if self.owns(block) => self.with(|state| state.give_back(list, block)),
            // SAFETY: what is not of this heap came from the system's, with this layout.
            _ => unsafe { System.dealloc(block, layout) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heap() -> (Box<Array>, Heap) {
        let array = Box::new(Array(UnsafeCell::new([0; SIZE])));
        let heap = Heap::new(&raw const *array);
        (array, heap)
    }

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn blocks_are_apart_aligned_and_used_again() {
        let (_array, heap) = heap();
        let mut blocks = Vec::new();
        for size in [1, 16, 17, 100, 1000, 4096, 5000, 100_000] {
            // SAFETY: the layout is not empty, and what comes is checked and given back with the same layout.
            let block = unsafe { heap.alloc(layout(size, 8)) };
            assert!(!block.is_null() && block as usize % 8 == 0);
            assert_eq!(heap.owns(block), size <= 4096, "{size}");
            // SAFETY: the block has that size.
            unsafe { block.write_bytes(size as u8, size) };
            blocks.push((block, size));
        }
        for (block, size) in blocks {
            // SAFETY: as above.
            let content = unsafe { std::slice::from_raw_parts(block, size) };
            assert!(content.iter().all(|byte| *byte == size as u8), "nobody else wrote to it");
            // SAFETY: as above.
            unsafe { heap.dealloc(block, layout(size, 8)) };
        }
        // SAFETY: as above.
        let [first, again] = [(); 2].map(|()| unsafe {
            let block = heap.alloc(layout(100, 1));
            heap.dealloc(block, layout(100, 1));
            block
        });
        assert_eq!(first, again);
    }

    #[test]
    fn what_does_not_fit_comes_from_the_system() {
        let (_array, heap) = heap();
        // SAFETY: the layout is not empty; the blocks are given back below with the same layout.
        let blocks: Vec<_> = (0..100).map(|_| unsafe { heap.alloc(layout(4096, 1)) }).collect();
        assert_eq!(blocks.iter().filter(|block| heap.owns(**block)).count(), SIZE / 4096);
        // SAFETY: as above.
        let aligned = unsafe { heap.alloc(layout(64, 64)) };
        assert!(aligned as usize % 64 == 0 && !heap.owns(aligned));
        // SAFETY: as above.
        unsafe { heap.dealloc(aligned, layout(64, 64)) };
        for block in blocks {
            // SAFETY: as above.
            unsafe { heap.dealloc(block, layout(4096, 1)) };
        }
    }
}
