//! A site without a controller: its bundle out of files on this router.

use std::path::{Path, PathBuf};

use gapura_lists::Index;
use gapura_rules::sop::{Catalogue, Severity, Source, Stack};
use gapura_wire::{Bundle, Filter, IndexRef, Sha256, SopRevision};

use crate::config::FilterSection;
use crate::filter::{IndexStore, catalogue};

/// Why the files of a site cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SiteFileError {
    /// The site file.
    #[error("the site file {0} cannot be used: {1}")]
    Site(PathBuf, String),
    /// An SOP or the index.
    #[error("the content filter cannot be used: {why}")]
    Filter {
        /// All that is wrong.
        why: String,
        /// The site without them.
        site: Box<Bundle>,
    },
}

/// Reads the site file, and the filter's files beside it; the index is copied to `store`.
///
/// # Errors
/// All that is wrong with them.
pub(crate) fn read_site(path: &Path, filter: &FilterSection, store: &IndexStore) -> Result<Bundle, SiteFileError> {
    let wrong = |why: String| SiteFileError::Site(path.to_owned(), why);
    let mut bundle: Bundle = gapura_runtime::settings::load(path, |_: &Bundle| Vec::new())
        .map_err(|error| wrong(gapura_model::with_causes(&error)))?;
    if filter.sops.is_empty() && filter.index.is_none() {
        bundle.check().map_err(wrong)?;
        return Ok(bundle);
    }
    let written = bundle.filter.get_or_insert_default().clone();
    bundle.check().map_err(wrong)?;
    match read_filter(written, filter, store) {
        Ok(read) => {
            bundle.filter = Some(read);
            bundle.check().map_err(wrong)?;
            Ok(bundle)
        }
        Err(why) => Err(SiteFileError::Filter { why, site: Box::new(bundle) }),
    }
}

fn read_filter(written: Filter, section: &FilterSection, store: &IndexStore) -> Result<Filter, String> {
    let mut texts = Vec::new();
    for path in &section.sops {
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        texts.push((path.display().to_string(), text));
    }
    let (index, lists) = match &section.index {
        None => (None, Catalogue::default()),
        Some(path) => {
            let opened = Index::open(path, &|_, _| true).map_err(|error| gapura_model::with_causes(&error))?;
            let reference = IndexRef {
                version: opened.version(),
                root: Sha256::from_bytes(opened.root()),
                octets: opened.octets(),
            };
            store.bring(&reference, path).map_err(|error| gapura_model::with_causes(&error))?;
            (Some(reference), catalogue(&opened))
        }
    };
    let sources: Vec<Source<'_>> = texts.iter().map(|(file, text)| Source { file, text }).collect();
    let (_, problems) = Stack::read(&sources, &lists);
    let errors: Vec<String> =
        problems.iter().filter(|found| found.severity == Severity::Error).map(ToString::to_string).collect();
    if !errors.is_empty() {
        return Err(errors.join("\n"));
    }
    let mut sops: Vec<SopRevision> = sources.iter().filter_map(|source| revision(*source, &lists)).collect();
    sops.sort_by_key(|sop| sop.layer);
    Ok(Filter { sops, index, ..written })
}

fn revision(source: Source<'_>, lists: &Catalogue) -> Option<SopRevision> {
    let (stack, _) = Stack::read(&[source], lists);
    let stack = stack?;
    let sop = stack.sops().next()?;
    Some(SopRevision {
        layer: sop.layer(),
        number: sop.number().to_owned(),
        revision: sop.revision(),
        sha256: Sha256::of(source.text.as_bytes()),
        text: source.text.to_owned(),
        decree: None,
    })
}
