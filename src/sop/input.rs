//! What the commands read: SOPs, the catalogue of lists, an index.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use gapura_model::ListId;
use gapura_rules::sop::{Asked, Catalogue, Holding, Problem, Severity, Source, Stack, pack_lists, packs};
use serde::Serialize;

use super::index::Lookup;
use super::{SopError, summary};

/// Name of a catalogue beside SOPs; it is no SOP.
const CATALOGUE: &str = "lists.toml";

/// Where lists come from.
#[derive(Debug, Args)]
pub(super) struct ListsArgs {
    /// The catalogue of lists; without it and without an index: the one that comes with Gapura.
    #[arg(long, value_name = "FILE")]
    lists: Option<PathBuf>,
    /// An index of lists: which of them hold a name or an address. Its signature is not looked at.
    #[arg(long, value_name = "FILE")]
    index: Option<PathBuf>,
    /// The names file of that index: by which line of which file.
    #[arg(long, value_name = "FILE", requires = "index")]
    names: Option<PathBuf>,
    /// A list to take as holding what is asked about; may stand several times.
    #[arg(long, value_name = "LIST")]
    held: Vec<ListId>,
}

/// A document that was read.
pub(super) struct Text {
    file: String,
    text: String,
}

impl Text {
    fn read(path: &Path) -> Result<Self, SopError> {
        let wrong = |source| SopError::File { what: "read", path: path.to_owned(), source };
        Ok(Self { file: path.display().to_string(), text: std::fs::read_to_string(path).map_err(wrong)? })
    }

    pub(super) fn source(&self) -> Source<'_> {
        Source { file: &self.file, text: &self.text }
    }
}

/// Which files said what lists hold: the index knows the lists, its names file their lines.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Used {
    index: Option<String>,
    version: Option<u64>,
    names: Option<String>,
}

impl fmt::Display for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.version.unwrap_or_default();
        match (&self.index, &self.names) {
            (None, _) => write!(f, "no index was asked (--index FILE)"),
            (Some(index), None) => {
                write!(f, "index {index} version {version}; no lines without its names file (--names)")
            }
            (Some(index), Some(names)) => write!(f, "index {index} version {version}; lines from {names}"),
        }
    }
}

/// The SOPs in files and directories; without any, those that come with Gapura.
pub(super) fn sops(files: &[PathBuf]) -> Result<Vec<Text>, SopError> {
    if files.is_empty() {
        let own = packs().iter();
        return Ok(own.map(|source| Text { file: source.file.to_owned(), text: source.text.to_owned() }).collect());
    }
    let mut texts = Vec::new();
    for file in files {
        if file.is_dir() {
            let wrong = |source| SopError::File { what: "list", path: file.clone(), source };
            let entries = std::fs::read_dir(file).map_err(wrong)?;
            let mut within: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            within.retain(|path| path.extension().is_some_and(|end| end == "toml") && !path.ends_with(CATALOGUE));
            within.sort();
            if within.is_empty() {
                return Err(SopError::Empty(file.clone()));
            }
            for path in within {
                texts.push(Text::read(&path)?);
            }
        } else {
            texts.push(Text::read(file)?);
        }
    }
    Ok(texts)
}

impl ListsArgs {
    /// The lists that SOPs may name, and what is wrong with their catalogue.
    pub(super) fn catalogue(&self) -> Result<(Catalogue, Vec<Problem>), SopError> {
        match (&self.lists, &self.index) {
            (Some(path), _) => Ok(Catalogue::read(Text::read(path)?.source())),
            (None, Some(index)) => Ok((Lookup::open(index, self.names.as_deref())?.catalogue(), Vec::new())),
            (None, None) => Ok(Catalogue::read(pack_lists())),
        }
    }

    /// The stack of these files; what is wrong with them goes to the error output, and no stack comes back.
    pub(super) fn stack(&self, files: &[PathBuf]) -> Result<Stack, SopError> {
        let (catalogue, mut problems) = self.catalogue()?;
        let texts = sops(files)?;
        let sources: Vec<_> = texts.iter().map(Text::source).collect();
        let (stack, found) = Stack::read(&sources, &catalogue);
        problems.extend(found);
        problems.retain(|problem| problem.severity == Severity::Error);
        for problem in &problems {
            eprintln!("{problem}\n");
        }
        stack.filter(|_| problems.is_empty()).ok_or_else(|| SopError::Wrong(summary(&problems)))
    }

    /// Which files say what lists hold.
    pub(super) fn used(&self) -> Result<Used, SopError> {
        let Some(path) = &self.index else { return Ok(Used::default()) };
        Ok(Used {
            version: Some(Lookup::open(path, None)?.version()),
            index: Some(path.display().to_string()),
            names: self.names.as_ref().map(|names| names.display().to_string()),
        })
    }

    /// The lists that hold what is asked about: from the index, and those named with `--held`.
    pub(super) fn holdings(&self, asked: &Asked, stack: &Stack) -> Result<Vec<Holding>, SopError> {
        let mut holdings = Vec::new();
        if let Some(index) = &self.index {
            // The index and the catalogue the stack was read with may number their lists differently.
            for (list, line) in Lookup::open(index, self.names.as_deref())?.holders(asked)? {
                if let Some(entry) = stack.catalogue().entry(&list) {
                    holdings.push(Holding { list: entry.number, line });
                }
            }
        }
        for list in &self.held {
            let entry = stack.catalogue().entry(list).ok_or_else(|| SopError::UnknownList(list.to_string()))?;
            if !holdings.iter().any(|holding| holding.list == entry.number) {
                holdings.push(Holding { list: entry.number, line: Some("as given with --held".to_owned()) });
            }
        }
        Ok(holdings)
    }
}
