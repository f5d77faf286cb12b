//! Why a bench could not be run, or its figure is void.

use std::io;

use gapura_kernel::KernelError;
use gapura_kernel::net::NetError;
use gapura_lab::LabError;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The namespaces, or a program in them.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// The gate.
    #[error("the gate")]
    Kernel(#[from] KernelError),
    /// Interfaces, neighbours and classes.
    #[error("the network under the gate")]
    Net(#[from] NetError),
    /// A system call or a file failed.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It ran, but what was measured is not what the figure is about.
    #[error("{case}: the figure is void: {why}")]
    Void {
        /// Which case.
        case: String,
        /// What went wrong.
        why: String,
    },
}

impl BenchError {
    /// For `map_err`: an I/O error with what was tried.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// For `map_err`: the same for rustix' errors.
    pub(crate) fn errno(what: impl Into<String>) -> impl FnOnce(rustix::io::Errno) -> Self {
        let what = what.into();
        move |errno| Self::Io { what, source: errno.into() }
    }

    /// A figure that says nothing.
    pub(crate) fn void(case: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Void { case: case.into(), why: why.into() }
    }
}
