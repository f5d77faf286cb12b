//! Why the kernel did not do what was asked.

use std::io;
use std::path::PathBuf;

use gapura_model::IfName;

/// A request to the kernel's network side that failed.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// No netlink socket.
    #[error(
        "cannot open a netlink socket ({what}): {source}; the gateway needs a kernel with netlink and a free descriptor"
    )]
    Open {
        /// Which kind of socket.
        what: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// The socket failed in the middle of a conversation.
    #[error("cannot {action}: the netlink socket failed: {source}")]
    Socket {
        /// What was tried.
        action: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// The kernel understood and refused.
    #[error("cannot {action}: the kernel refused: {source}{}{detail}", if detail.is_empty() { "" } else { ": " })]
    Refused {
        /// What was tried.
        action: &'static str,
        /// The kernel's error number.
        source: io::Error,
        /// The kernel's own words (extended acknowledgement), empty if it gave none.
        detail: String,
    },
    /// The kernel gave no answer within five seconds.
    #[error("cannot {action}: the kernel gave no answer within 5 s")]
    Silent {
        /// What was tried.
        action: &'static str,
    },
    /// The answer was cut short or made no sense.
    #[error("cannot {action}: the kernel's answer makes no sense ({what})")]
    Malformed {
        /// What was tried.
        action: &'static str,
        /// What was wrong with the answer.
        what: &'static str,
    },
    /// No such interface (any more).
    #[error("there is no network interface \"{0}\": check the name with `ip link`")]
    NoSuchLink(IfName),
    /// A file of `/proc` could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// Something in the process itself: a thread, an event descriptor.
    #[error("cannot {action}: {source}")]
    Process {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl NetError {
    /// The kernel's error number, where it gave one.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Refused { source, .. }
            | Self::Socket { source, .. }
            | Self::Open { source, .. }
            | Self::File { source, .. }
            | Self::Process { source, .. } => source.raw_os_error(),
            Self::Silent { .. } | Self::Malformed { .. } | Self::NoSuchLink(_) => None,
        }
    }

    /// Whether the kernel answered with this error number (`libc::ENOENT` and so on).
    pub(crate) fn is(&self, errno: i32) -> bool {
        self.errno() == Some(errno)
    }

    /// Whether the thing asked for is not there.
    pub(crate) fn is_absent(&self) -> bool {
        self.is(libc::ENOENT) || self.is(libc::ENODEV) || self.is(libc::ESRCH) || self.is(libc::ENXIO)
    }
}
