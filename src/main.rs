//! The front door of Gapura: parse, dispatch, exit code.
#![forbid(unsafe_code)]

mod cli;
mod lists_cli;
mod sop;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("gapura: {}", gapura_model::with_causes(failure.inner()));
            failure.exit_code().into()
        }
    }
}
