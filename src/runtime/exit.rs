//! How a command ends, as the caller's shell and the service manager see it.

use std::process::{ExitCode, Termination};

/// The exit codes every Gapura command keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// 0: done.
    Done = 0,
    /// 1: could not, for a reason that was printed.
    Failed = 1,
    /// 2: wrong use of the command line.
    Usage = 2,
    /// 78 (`EX_CONFIG` of sysexits.h): bad configuration. Starting again would not help; units list it in `RestartPreventExitStatus=`.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        self.into()
    }
}
