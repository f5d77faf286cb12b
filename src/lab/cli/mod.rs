//! `gapura demo` and `gapura lab`.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use gapura_model::with_causes;

use crate::{LabError, Room};

mod demo;
mod stand;

pub use demo::DemoArgs;
pub use stand::{LabArgs, LabCommand};

/// Exit code "could not".
const COULD_NOT: u8 = 1;

/// This program's own file.
fn own_program() -> Result<PathBuf, LabError> {
    std::env::current_exe().map_err(LabError::io("find this program's own file"))
}

/// This command line again, with `more` behind it: where root is missing, inside a user namespace.
fn again(more: &[&str]) -> Result<Command, LabError> {
    let program = own_program()?;
    let mut command = match Room::enter() {
        Ok(Room::Machine | Room::User) => Command::new(program),
        Err(LabError::NoRoom(_)) => {
            Room::possible()?;
            Room::again(program)
        }
        Err(error) => return Err(error),
    };
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    command.args(arguments).args(more);
    Ok(command)
}

/// A room for this process; an ordinary user's process is replaced by one inside a user namespace, once.
fn enter_or_again(inside: bool) -> Result<Room, LabError> {
    match Room::enter() {
        Err(LabError::NoRoom(_)) if !inside => {
            let mut command = again(&["--inside"])?;
            Err(LabError::io("start again inside a user namespace")(command.exec()))
        }
        other => other,
    }
}

/// What came of it, as an exit code, with the reason and what is behind it on standard error.
fn exit(result: Result<ExitCode, LabError>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(LabError::Interrupted) => ExitCode::from(130),
        Err(error) => {
            // Nobody to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "gapura: {}", with_causes(&error));
            ExitCode::from(COULD_NOT)
        }
    }
}

/// One line on standard output; a closed pipe ends the program's talk, not its work.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
