//! Memory for the program: taken from the VM in chunks, handed out by bumping a pointer, and used again by size class.
//!
//! ```text
//!   chunk: | in use | free | in use | in use | not touched yet .. |
//!                      |                      ^ top               ^ end
//!                      +-- in the list of its class
//! ```
//!
//! Fresh memory is zero in the VMs and in Linux (K-075), so what was never used needs no zeroing. Nothing here depends on
//! what the program reads, except how much it asks for.

use crate::vm;
use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr::{self, null_mut},
};

/// What the VM is asked for at a time. A VM pays for the pages that are touched only.
const CHUNK: usize = 1 << 20;
const PAGE: usize = 4096;

/// Blocks begin at multiples of this, and small classes are as far apart.
const GRAIN: usize = 16;
/// Up to here there is a class for each multiple of [`GRAIN`], above four to each power of two.
const SMALL: usize = 1024;
/// Large blocks begin where Asterisc moves the most bytes a step.
const LARGE_ALIGN: usize = 32;
const SMALL_CLASSES: usize = SMALL / GRAIN + 1;
/// Up to 2^42 bytes, which no VM has.
const CLASSES: usize = SMALL_CLASSES + 4 * 32;

/// The only heap. The VMs run one thread, and so does the program (K-078).
struct Heap(UnsafeCell<State>);

struct State {
    top: usize,
    end: usize,
    /// The first free block of each class; it begins with the address of the next one.
    free: [*mut u8; CLASSES],
}

// SAFETY: there is one thread.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(State { top: 0, end: 0, free: [null_mut(); CLASSES] }));

/// The class of blocks that hold `size` bytes, and how many bytes they have.
#[inline(always)]
const fn class(size: usize) -> (usize, usize) {
    if size <= SMALL {
        let class = size.div_ceil(GRAIN);
        return (class, class * GRAIN);
    }
    // With 2^n < size <= 2^(n + 1), blocks are multiples of 2^(n - 2).
    let step = (size - 1).ilog2() - 2;
    let quarters = (size - 1) >> step; // 4 to 7
    (SMALL_CLASSES + 4 * (step as usize - 8) + quarters - 4, (quarters + 1) << step)
}

impl State {
    /// Memory that was never used.
    #[inline(always)]
    fn fresh(&mut self, size: usize, align: usize) -> *mut u8 {
        let start = self.top.next_multiple_of(align);
        match start.checked_add(size) {
            Some(top) if top <= self.end => {
                self.top = top;
                start as *mut u8
            }
            _ => self.grow(size, align),
        }
    }

    /// Takes a chunk from the VM. If it does not follow the last one, what is left of that is lost.
    #[cold]
    fn grow(&mut self, size: usize, align: usize) -> *mut u8 {
        let Some(wanted) = size.checked_add(align) else { return null_mut() };
        let Some(bytes) = wanted.max(CHUNK).checked_next_multiple_of(PAGE) else { return null_mut() };
        let Some(chunk) = vm::map(bytes) else { return null_mut() };
        if chunk != self.end {
            self.top = chunk;
        }
        self.end = chunk + bytes;
        let start = self.top.next_multiple_of(align);
        self.top = start + size;
        start as *mut u8
    }

    /// A block of the class, and whether it is known to be zero.
    #[inline(always)]
    fn take(&mut self, layout: Layout) -> (*mut u8, bool) {
        let (class, size) = class(layout.size());
        let block = self.free[class];
        if block.is_null() || layout.align() > GRAIN {
            let align = if size > SMALL { LARGE_ALIGN } else { GRAIN };
            return (self.fresh(size, layout.align().max(align)), true);
        }
        // SAFETY: a free block holds the address of the next one.
        self.free[class] = unsafe { block.cast::<*mut u8>().read() };
        (block, false)
    }
}

// SAFETY: blocks are as large and as aligned as asked for, and no two that are in use overlap.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread, and `take` calls nothing that allocates.
        unsafe { &mut *self.0.get() }.take(layout).0
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`; a block is as large as its layout.
        unsafe {
            let (block, zero) = (*self.0.get()).take(layout);
            if !zero {
                ptr::write_bytes(block, 0, layout.size());
            }
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: one thread; every block but those of size 0, which nobody asks for, has room for an address.
        unsafe {
            let free = &mut (*self.0.get()).free[class(layout.size()).0];
            block.cast::<*mut u8>().write(*free);
            *free = block;
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: as in `alloc` and `dealloc`; the smaller of both sizes lies within both blocks.
        unsafe {
            let state = &mut *self.0.get();
            let ((old_class, old_size), (new_class, size)) = (class(layout.size()), class(new_size));
            if old_class == new_class {
                return block;
            }
            // The last block can grow where it is.
            if block as usize + old_size == state.top && size > old_size && block as usize + size <= state.end
            {
                state.top = block as usize + size;
                return block;
            }
            let new = state.take(Layout::from_size_align_unchecked(new_size, layout.align())).0;
            if !new.is_null() {
                ptr::copy_nonoverlapping(block, new, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}
