//! Secrets that people type: without showing them where there is a terminal, else the next line of standard input.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;

use gapura_model::Secret;

use crate::sys;

/// Asks with `prompt` on standard error and reads one line, unseen where it is typed.
///
/// # Errors
/// When standard input ends or cannot be read.
pub fn read_hidden(prompt: &str) -> io::Result<Secret<String>> {
    let input = io::stdin();
    let unseen = input.is_terminal();
    if unseen {
        write!(io::stderr(), "{prompt}")?;
    }
    let seen_again = if unseen { Some(Unseen::begin()?) } else { None };
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    drop(seen_again);
    if unseen {
        writeln!(io::stderr())?;
    }
    let line = Secret::new(line);
    if read? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Secret::new(line.expose().trim_end_matches(['\r', '\n']).to_owned()))
}

/// What is typed is not shown until this is dropped.
struct Unseen(libc::termios);

impl Unseen {
    fn begin() -> io::Result<Self> {
        let before = sys::terminal(io::stdin().as_fd())?;
        let quiet = libc::termios { c_lflag: before.c_lflag & !libc::ECHO, ..before };
        sys::set_terminal(io::stdin().as_fd(), &quiet)?;
        Ok(Self(before))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        let _ = sys::set_terminal(io::stdin().as_fd(), &self.0);
    }
}
