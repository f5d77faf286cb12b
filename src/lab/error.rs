//! What can go wrong in the lab: what was tried, why it failed, what to do.

use std::io;
use std::time::Duration;

/// Why the lab could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A system call or a file failed.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A program could not be started or said no.
    #[error("`{program}` failed: {detail}")]
    Program {
        /// The command line.
        program: String,
        /// Its own words, or the system's.
        detail: String,
    },
    /// A program the lab needs is not on this machine.
    #[error("`{program}` is not installed; on Debian: apt-get install {package}")]
    Missing {
        /// The program's name.
        program: &'static str,
        /// The Debian package that brings it.
        package: &'static str,
    },
    /// A condition did not come true in time.
    #[error("waited {} ms for {what}{}", .waited.as_millis(), if .last.is_empty() { String::new() } else { format!(" (last seen: {})", .last) })]
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        waited: Duration,
        /// What was seen instead, or empty.
        last: String,
    },
    /// An answer was not what its protocol allows.
    #[error("{what}: {detail}")]
    Answer {
        /// What was asked.
        what: String,
        /// What is wrong with the answer.
        detail: String,
    },
    /// Neither root nor a user namespace is to be had.
    #[error("network namespaces are not possible here: {0}")]
    NoRoom(String),
    /// A lab of that name stands already.
    #[error("a lab named `{name}` stands already (process {pid}); take it down first: gapura lab down --name {name}")]
    Stands {
        /// Its name.
        name: String,
        /// Its supervisor.
        pid: u32,
    },
    /// No lab of that name stands.
    #[error("no lab named `{0}` stands; start it: gapura lab up --name {0}")]
    Absent(String),
    /// A name, number or role the lab does not know.
    #[error("{0}")]
    Wrong(String),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl LabError {
    /// For `map_err`: an I/O error with what was tried.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// For `map_err`: the same for rustix' errors.
    pub fn errno(what: impl Into<String>) -> impl FnOnce(rustix::io::Errno) -> Self {
        let what = what.into();
        move |errno| Self::Io { what, source: errno.into() }
    }

    /// An answer that breaks its protocol or our expectation.
    pub fn answer(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Answer { what: what.into(), detail: detail.into() }
    }
}
