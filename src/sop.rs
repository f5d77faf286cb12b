//! `gapura sop`: content-filter SOPs from the command line.

mod asked;
mod compiled;
mod index;
mod input;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use gapura_rules::sop::{Explanation, Problem, Severity, Stack, diff};
use gapura_runtime::Exit;
use jiff::Timestamp;
use thiserror::Error;

use self::asked::{AskedArg, WhereArgs};
use self::input::{ListsArgs, Text, Used};

/// Checks, compares and explains content-filter SOPs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  gapura sop check nasional.toml kabupaten.toml --lists lists.toml")]
pub(crate) struct SopArgs {
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: SopCommand,
}

#[derive(Debug, Subcommand)]
enum SopCommand {
    /// Says everything that is wrong, or foolish, in SOPs that hold together. Ends with 1 where there is an error.
    Check {
        /// The SOPs of a site, all layers; a directory means every .toml in it. Without any: those that come with Gapura.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        lists: ListsArgs,
        /// What gateways reach their controller by, name or address; may stand several times.
        #[arg(long, value_name = "HOST")]
        controller: Vec<AskedArg>,
    },
    /// Says in words what changes, and for whom. OLD and NEW are SOPs, or directories of them.
    Diff {
        /// What is in force.
        #[arg(value_name = "OLD")]
        old: PathBuf,
        /// What is to be.
        #[arg(value_name = "NEW")]
        new: PathBuf,
        #[command(flatten)]
        lists: ListsArgs,
    },
    /// Shows why a name or an address is open or blocked: every layer and clause, what won, what lost, and why.
    Explain {
        /// A domain name or an address.
        #[arg(value_name = "NAME|ADDRESS")]
        asked: AskedArg,
        /// The SOPs of the site, all layers. Without any: those that come with Gapura.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        lists: ListsArgs,
        #[command(flatten)]
        place: Box<WhereArgs>,
    },
    /// Shows what a gateway would do for someone at a place and a time: the compiled policy.
    Compile {
        /// The SOPs of the site, all layers. Without any: those that come with Gapura.
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        lists: ListsArgs,
        #[command(flatten)]
        place: Box<WhereArgs>,
    },
    /// Writes the SOPs and the catalogue of lists that come with Gapura into a directory, to begin with.
    Packs {
        /// The directory; it is made where it is missing. Files that are there are left alone.
        #[arg(value_name = "DIRECTORY")]
        directory: PathBuf,
    },
}

/// Why a command about SOPs could not be done.
#[derive(Debug, Error)]
pub(crate) enum SopError {
    /// A file could not be read or written.
    #[error("cannot {what} {}", .path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// A directory without SOPs.
    #[error("there is no .toml in {}", .0.display())]
    Empty(PathBuf),
    /// A file that is already there.
    #[error("{} is already there; take it away first, or choose another directory", .0.display())]
    There(PathBuf),
    /// The documents have errors, which were shown.
    #[error("{0} in these documents; see `gapura sop check`")]
    Wrong(String),
    /// An index that could not be used.
    #[error("cannot use the index {}", .path.display())]
    Index {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A list that neither index nor catalogue knows.
    #[error("there is no list `{0}`: give its id as the catalogue writes it")]
    UnknownList(String),
    /// The terminal went away.
    #[error("cannot print")]
    Print(#[from] io::Error),
}

/// An explanation, and which files it stands on.
#[derive(serde::Serialize)]
struct Explained {
    #[serde(flatten)]
    explanation: Explanation,
    lines: Used,
}

impl std::fmt::Display for Explained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\nLists: {}.", self.explanation, self.lines)
    }
}

impl SopArgs {
    /// Does what was asked at `now`.
    pub(crate) fn run(&self, now: Timestamp, out: &mut dyn Write) -> Result<ExitCode, SopError> {
        match &self.command {
            SopCommand::Check { files, lists, controller } => self.check(files, lists, controller, now, out),
            SopCommand::Diff { old, new, lists } => {
                let (old, new) = (lists.stack(std::slice::from_ref(old))?, lists.stack(std::slice::from_ref(new))?);
                let diff = diff(&old, &new, today(now));
                self.print(&diff, out)
            }
            SopCommand::Explain { asked, files, lists, place } => {
                let stack = lists.stack(files)?;
                let holdings = lists.holdings(&asked.0, &stack)?;
                let (audience, at) = (place.audience(), place.moment(now));
                let place = place.place();
                let question = gapura_rules::sop::Question {
                    asked: *asked.0,
                    holdings: &holdings,
                    place: &place,
                    audience: &audience,
                    at,
                };
                self.print(&Explained { explanation: stack.explain(&question), lines: lists.used()? }, out)
            }
            SopCommand::Compile { files, lists, place } => {
                let stack = lists.stack(files)?;
                let (audience, at) = (place.audience(), place.moment(now));
                self.print(&compiled::compiled(&stack, &place.place(), &audience, at), out)
            }
            SopCommand::Packs { directory } => packs(directory, out),
        }
    }

    fn check(
        &self,
        files: &[PathBuf],
        lists: &ListsArgs,
        controller: &[AskedArg],
        now: Timestamp,
        out: &mut dyn Write,
    ) -> Result<ExitCode, SopError> {
        let (catalogue, mut problems) = lists.catalogue()?;
        let texts = input::sops(files)?;
        let sources: Vec<_> = texts.iter().map(Text::source).collect();
        let (stack, found) = Stack::read(&sources, &catalogue);
        problems.extend(found);
        if let Some(stack) = stack {
            let controller: Vec<_> = controller.iter().map(|asked| *asked.0).collect();
            problems.extend(stack.check(today(now), &controller));
        }
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        if self.json {
            let warnings = problems.len() - errors;
            let report = serde_json::json!({ "errors": errors, "warnings": warnings, "problems": problems });
            writeln!(out, "{report}")?;
        } else {
            for problem in &problems {
                writeln!(out, "{problem}\n")?;
            }
            writeln!(out, "{}: {}", count(texts.len(), "SOP"), summary(&problems))?;
        }
        Ok(if errors == 0 { Exit::Done.into() } else { Exit::Failed.into() })
    }

    fn print(
        &self,
        said: &(impl serde::Serialize + std::fmt::Display),
        out: &mut dyn Write,
    ) -> Result<ExitCode, SopError> {
        if self.json {
            serde_json::to_writer(&mut *out, said).map_err(io::Error::from)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{said}")?;
        }
        Ok(Exit::Done.into())
    }
}

/// The date in the zone most sites are in; a review that is due is due everywhere.
fn today(now: Timestamp) -> jiff::civil::Date {
    now.to_zoned(jiff::tz::TimeZone::get("Asia/Makassar").unwrap_or(jiff::tz::TimeZone::UTC)).date()
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// `2 errors, 1 warning`.
fn summary(problems: &[Problem]) -> String {
    let of = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    if problems.is_empty() {
        return "no problem".to_owned();
    }
    format!("{}, {}", count(errors, "error"), count(warnings, "warning"))
}

fn packs(directory: &std::path::Path, out: &mut dyn Write) -> Result<ExitCode, SopError> {
    let wrong = |what, path: PathBuf| move |source| SopError::File { what, path, source };
    std::fs::create_dir_all(directory).map_err(wrong("make", directory.to_owned()))?;
    let all = gapura_rules::sop::packs().iter().copied().chain([gapura_rules::sop::pack_lists()]);
    for source in all {
        let path = directory.join(source.file);
        let written = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
        let written = written.and_then(|mut file| file.write_all(source.text.as_bytes()));
        match written {
            Ok(()) => writeln!(out, "{}", path.display())?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(SopError::There(path)),
            Err(error) => return Err(wrong("write", path)(error)),
        }
    }
    Ok(Exit::Done.into())
}
