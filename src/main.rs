//! The front door of Gapura: parse, dispatch, exit code.
#![forbid(unsafe_code)]

mod cli;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("gapura: {}", chain(failure.inner()));
            failure.exit_code().into()
        }
    }
}

/// An error and what caused it, one after the other.
fn chain(error: &(dyn Error + Send + Sync)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
