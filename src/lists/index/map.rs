//! Read-only memory maps: the only unsafe code of this crate.
//!
//! Audit notes. The pointer comes from `mmap` of exactly `length` octets, is never handed out but as a slice that borrows the map, and
//! is unmapped once, when the map is dropped. Index files are never written in place: they are made beside their name and renamed over it
//! ([`crate::file::Fresh`]), and the directory belongs to this program, so that the octets under a map do not change and the file does not
//! shrink (a shrunk file would raise SIGBUS). Whoever may write in that directory may replace this program's data anyway.
#![expect(unsafe_code, reason = "memory maps have no safe interface; see the audit notes above")]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::ptr::NonNull;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// A whole file, mapped for reading.
#[derive(Debug)]
pub(crate) struct Map {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the octets are only read, by any thread, until the last owner drops the map.
unsafe impl Send for Map {}
// SAFETY: as above; there is no interior mutability.
unsafe impl Sync for Map {}

impl Map {
    /// Maps the first `length` octets of `file`, which must be at least that long.
    pub(crate) fn of(file: &File, length: usize) -> io::Result<Self> {
        if length == 0 || u64::try_from(length).map_err(io::Error::other)? > file.metadata()?.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // SAFETY: a new private read-only mapping at an address of the kernel's choice aliases nothing of ours.
        let start = unsafe { mmap(std::ptr::null_mut(), length, ProtFlags::READ, MapFlags::PRIVATE, file, 0) }?;
        let start = NonNull::new(start.cast::<u8>()).ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { start, length })
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `start` is the start of `length` mapped, initialised octets that live as long as `self`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: unmapped once, and no slice outlives the borrow of `self`. A failure leaves the mapping, which harms nobody.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
    }
}
