//! How much memory something takes: an allocator that counts.

#![allow(unsafe_code, reason = "a global allocator is an unsafe trait; this one only forwards and counts")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// The system's allocator with a count of allocations, of bytes in use, the highest it was, and a limit.
///
/// Put it in a test binary of its own, as `#[global_allocator]`, and measure one thing at a time. A reallocation counts
/// as holding both blocks, because moving does.
#[derive(Debug)]
pub struct Counting {
    used: AtomicUsize,
    peak: AtomicUsize,
    limit: AtomicUsize,
    allocations: AtomicUsize,
}

impl Counting {
    /// Nothing counted, and no limit.
    #[expect(clippy::new_without_default, reason = "it must be const, for a static")]
    pub const fn new() -> Self {
        Self {
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            limit: AtomicUsize::new(usize::MAX),
            allocations: AtomicUsize::new(0),
        }
    }

    /// From now on, an allocation that would put more than `bytes` in use fails, which ends the process.
    pub fn limit(&self, bytes: usize) {
        self.limit.store(bytes, Relaxed);
    }

    /// What `work` allocated at most beyond what was in use before, in bytes, and its result.
    pub fn peak_of<T>(&self, work: impl FnOnce() -> T) -> (usize, T) {
        let before = self.used.load(Relaxed);
        self.peak.store(before, Relaxed);
        let result = work();
        (self.peak.load(Relaxed).saturating_sub(before), result)
    }

    /// How many allocations there were, those of blocks that grew among them.
    pub fn allocations(&self) -> usize {
        self.allocations.load(Relaxed)
    }

    fn add(&self, bytes: usize) -> bool {
        self.allocations.fetch_add(1, Relaxed);
        let used = self.used.fetch_add(bytes, Relaxed) + bytes;
        self.peak.fetch_max(used, Relaxed);
        used <= self.limit.load(Relaxed)
    }

    fn remove(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Relaxed);
    }
}

// SAFETY: every call goes to `System` with the arguments that came in; the counters touch no memory of the blocks.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !self.add(layout.size()) {
            self.remove(layout.size());
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !self.add(layout.size()) {
            self.remove(layout.size());
            return std::ptr::null_mut();
        }
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.remove(layout.size());
        // SAFETY: as above; `block` came from `System`, because all do.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !self.add(size) {
            self.remove(size);
            return std::ptr::null_mut();
        }
        self.remove(layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }
}
