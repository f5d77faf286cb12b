//! The calls no safe crate offers, audited here and nowhere else.
#![expect(
    unsafe_code,
    reason = "adjtimex, terminals and descriptors inherited from the service manager have no safe wrapper"
)]

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Whether the kernel says that something (NTP, PTP) keeps its wall clock right: `STA_UNSYNC` is clear (adjtimex(2)).
/// A kernel that refuses to tell is taken as not synchronised.
pub(crate) fn kernel_clock_is_synchronised() -> bool {
    // SAFETY: all-zero is a valid `timex` (plain integers), `modes == 0` only reads, and the pointer lives across the call.
    let (state, status) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        let state = libc::adjtimex(&raw mut timex);
        (state, timex.status)
    };
    state >= 0 && state != libc::TIME_ERROR && status & libc::STA_UNSYNC == 0
}

/// Takes over a descriptor that the service manager left open for this process.
///
/// # Safety
/// `fd` was handed over in `LISTEN_FDS` and nothing else in this process owns it.
pub(crate) unsafe fn adopt(fd: RawFd) -> OwnedFd {
    // SAFETY: the caller's promise.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// How a terminal is set (tcgetattr(3)).
pub(crate) fn terminal(of: BorrowedFd<'_>) -> io::Result<libc::termios> {
    // SAFETY: all-zero is a valid `termios` (plain integers), and the pointer lives across the call.
    let (done, settings) = unsafe {
        let mut settings: libc::termios = std::mem::zeroed();
        (libc::tcgetattr(of.as_raw_fd(), &raw mut settings), settings)
    };
    if done == 0 { Ok(settings) } else { Err(io::Error::last_os_error()) }
}

/// Sets a terminal, and forgets what was typed before (tcsetattr(3)).
pub(crate) fn set_terminal(of: BorrowedFd<'_>, settings: &libc::termios) -> io::Result<()> {
    // SAFETY: the pointer is to a whole `termios` and lives across the call.
    let done = unsafe { libc::tcsetattr(of.as_raw_fd(), libc::TCSAFLUSH, std::ptr::from_ref(settings)) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
