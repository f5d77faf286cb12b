//! `gapura lists`: filter lists and their index from the command line.

mod build;
mod lookup;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use gapura_lists::{Format, Holds, IndexError, Limits, Reading, load};
use gapura_rules::sop::{Catalogue, Problem, Severity, Source};
use gapura_runtime::Exit;

/// Builds the index of filter lists, and looks into lists and indexes.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gapura lists build --catalogue lists.toml --sources /var/lib/gapura/lists --out /var/lib/gapura/index"
)]
pub(crate) struct ListsArgs {
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: ListsCommand,
}

#[derive(Debug, Subcommand)]
enum ListsCommand {
    /// Reads all lists of a catalogue and writes the index, the names file beside it (.names), and what the next update is judged
    /// by (.editions.json). Nothing is written where an update must wait for a person.
    Build(build::BuildArgs),
    /// Says what is in a list, and what could not be used and why.
    #[command(after_help = "Example:\n  gapura lists stat hosts.txt.gz")]
    Stat {
        /// A file, packed with gzip or zstd or not at all, or a directory of files.
        #[arg(value_name = "FILE")]
        list: PathBuf,
        /// How its lines are written; told from the first of them where not given.
        #[arg(long, value_name = "FORMAT")]
        format: Option<Format>,
        /// What is taken: names, addresses or both.
        #[arg(long, default_value = "both", value_name = "WHAT", value_parser = ["names", "addresses", "both"])]
        holds: String,
    },
    /// Says which lists hold a name or an address, by which line, and which file said so.
    #[command(after_help = "Example:\n  gapura lists lookup www.slot.example --index /var/lib/gapura/index")]
    Lookup(lookup::LookupArgs),
}

/// Why `gapura lists` could not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListsError {
    /// A file, list or index.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The index was not built.
    #[error(transparent)]
    Build(#[from] gapura_lists::BuildError),
    /// A part of the index is damaged.
    #[error(transparent)]
    Damaged(#[from] gapura_lists::Damaged),
    /// The catalogue has mistakes, all of which are told.
    #[error("the catalogue {file} has mistakes:\n{problems}")]
    Catalogue {
        /// Its path.
        file: String,
        /// All of them.
        problems: String,
    },
    /// Lists that were never fetched.
    #[error(
        "no file of these lists in {folder}: {lists}; fetch them there under their id (trustpositif.txt), or leave them out with --without-missing"
    )]
    Missing {
        /// Where they were looked for.
        folder: String,
        /// Their ids.
        lists: String,
    },
    /// Updates that wait.
    #[error("nothing was written; these updates wait for a person (look at them, then --accept LIST):\n{0}")]
    Waiting(String),
    /// Output or another file.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl ListsError {
    /// The exit code it ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Catalogue { .. } => Exit::Config,
            Self::Index(_)
            | Self::Build(_)
            | Self::Damaged(_)
            | Self::Missing { .. }
            | Self::Waiting(_)
            | Self::Io { .. } => Exit::Failed,
        }
    }

    fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

impl ListsArgs {
    /// Does what was asked.
    pub(crate) fn run(self, out: &mut impl Write) -> Result<ExitCode, ListsError> {
        match self.command {
            ListsCommand::Build(args) => args.run(self.json, out)?,
            ListsCommand::Stat { list, format, holds } => {
                let reading = Reading { format, holds: holds_of(&holds) };
                let (stat, revision) = load(&[list], reading, Limits::default(), &mut |_, _| {})?;
                let text = format!("revision    {revision}\n{stat}");
                say(out, self.json, &serde_json::json!({ "revision": revision, "stat": stat }), &text)?;
            }
            ListsCommand::Lookup(args) => args.run(self.json, out)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn holds_of(text: &str) -> Holds {
    match text {
        "names" => Holds::Names,
        "addresses" => Holds::Addresses,
        _ => Holds::Both,
    }
}

/// The catalogue, or all its mistakes.
fn catalogue(path: &Path) -> Result<Catalogue, ListsError> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(ListsError::io(format!("read {file}")))?;
    let (catalogue, problems) = Catalogue::read(Source { file: &file, text: &text });
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        let problems: Vec<String> = problems.iter().map(Problem::to_string).collect();
        return Err(ListsError::Catalogue { file, problems: problems.join("\n") });
    }
    Ok(catalogue)
}

fn say(out: &mut impl Write, json: bool, value: &serde_json::Value, text: &str) -> Result<(), ListsError> {
    let done = if json { writeln!(out, "{value}") } else { write!(out, "{text}") };
    done.map_err(ListsError::io("write the answer"))
}

/// The file with another ending behind its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
