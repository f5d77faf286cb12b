//! `gapura lists lookup`.

use std::fmt::Write as _;
use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use gapura_lists::{Index, Line, Names};
use gapura_model::Name;

use super::{ListsError, beside, say};

#[derive(Debug, Args)]
pub(super) struct LookupArgs {
    /// A domain name or an address.
    #[arg(value_name = "NAME|ADDRESS")]
    asked: Asked,
    /// The index. Whose signature it bears is not looked at.
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
    /// The names file; without it, FILE.names beside the index, if it is there.
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
}

/// A name or an address.
#[derive(Clone, Debug)]
enum Asked {
    Name(Box<Name>),
    Address(IpAddr),
}

impl FromStr for Asked {
    type Err = gapura_model::NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(address) => Ok(Self::Address(address)),
            Err(_) => text.parse().map(|name| Self::Name(Box::new(name))),
        }
    }
}

impl LookupArgs {
    pub(super) fn run(&self, json: bool, out: &mut impl Write) -> Result<(), ListsError> {
        let index = Index::open(&self.index, &|_, _| true)?;
        let held = match &self.asked {
            Asked::Name(name) => index.lookup(name)?,
            Asked::Address(address) => index.address(*address),
        };
        let beside = Some(beside(&self.index, ".names")).filter(|path| path.exists());
        let path = self.names.clone().or(beside);
        let names = path.as_deref().map(|path| Names::open(path, &index.root())).transpose()?;
        let lines: Vec<Line> = match (&names, &self.asked) {
            (None, _) => Vec::new(),
            (Some(names), Asked::Name(name)) => names.lines(name)?,
            (Some(names), Asked::Address(address)) => names.address_lines(*address),
        };
        let lists: Vec<_> = index.lists().iter().filter(|list| held.contains(list.number)).collect();
        let asked = match &self.asked {
            Asked::Name(name) => name.to_string(),
            Asked::Address(address) => address.to_string(),
        };
        let names_file = path.map(|path| path.display().to_string());
        let index_file = self.index.display().to_string();
        let mut text = format!("{asked}: {}\n", if lists.is_empty() { "on no list" } else { "on these lists" });
        for list in &lists {
            let _ = writeln!(text, "  {} ({}): {}", list.id, list.category, list.title);
        }
        for line in &lines {
            let does = if line.exception { "takes out" } else { "holds" };
            let _ = writeln!(text, "  {} {does} {}  {}:{}", line.list, line.listed, line.file, line.line);
        }
        let _ = writeln!(text, "index  {index_file}, version {}", index.version());
        let _ = match &names_file {
            Some(file) => writeln!(text, "lines  {file}"),
            None => writeln!(text, "lines  not known: there is no names file"),
        };
        let value = serde_json::json!({
            "asked": asked,
            "lists": lists.iter().map(|list| &list.id).collect::<Vec<_>>(),
            "lines": lines,
            "index": index_file,
            "version": index.version(),
            "names": names_file,
        });
        say(out, json, &value, &text)
    }
}
