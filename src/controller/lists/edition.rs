//! Reading an edition: how much is in it, and whether a person should look before it comes into force.

use std::path::{Path, PathBuf};

use gapura_lists::guard::{self, Allowed, Decision, Protected};
use gapura_lists::parse::{Format, Holds, Reading};
use gapura_lists::{BuildError, Entry, Limits, Place, load_member};
use gapura_model::NamePattern;
use gapura_rules::sop::{Asked, CatalogueEntry, ListSource, Protects, protected_names};
use jiff::Timestamp;

use super::ListsError;
use super::state::Edition;
use super::take::Taken;

/// Reads the files of an edition. What comes beside it are the reasons why it has to wait for a person; none lets it pass.
pub(super) fn look_over(
    (source, holds): (&ListSource, gapura_rules::sop::Holds),
    (directory, taken): (&Path, &Taken),
    before: Option<&Edition>,
    (own, now): (&[Asked], Timestamp),
) -> Result<(Edition, Vec<String>), ListsError> {
    let protected = protected(own);
    let mut watch = protected.watch();
    let paths = files(directory, taken.names.len());
    let unread = |source| ListsError::Index { what: "read the list", source };
    let mut see = |entry: &Entry, place| watch.see(entry, place);
    let (stat, _) = load_member(&paths, source.member.as_deref(), reading(source, holds), Limits::default(), &mut see)
        .map_err(unread)?;
    let content = guard::Edition::of(&stat, &watch);
    let allowed = Allowed { shrink: source.guard_percent, grow: source.guard_percent };
    let why = match guard::judge(before.map(|before| &before.content), &content, &stat, allowed) {
        Decision::Accept => Vec::new(),
        Decision::Hold(why) => why.iter().map(ToString::to_string).collect(),
    };
    let edition =
        Edition { sha256: taken.sha256, files: taken.names.clone(), content, bad: stat.bad_lines(), taken: now };
    Ok((edition, why))
}

/// What no update may hold unseen: what devices and people cannot do without, everything of the government, and what gateways
/// reach this controller by.
fn protected(own: &[Asked]) -> Protected {
    let mut protected = Protected::default();
    for (why, name) in protected_names() {
        protected.name(NamePattern::Exact(name));
        if matches!(why, Protects::Government | Protects::Warnings) {
            protected.name(NamePattern::Below(name));
        }
    }
    for asked in own {
        match asked {
            Asked::Name(name) => protected.name(NamePattern::Exact(*name)),
            Asked::Address(address) => protected.addresses(*address, *address),
        }
    }
    protected
}

/// Gives every line of an edition that says something to `take`; its first error is the answer.
pub(super) fn each_line(
    (source, entry): (&ListSource, &CatalogueEntry),
    (directory, count): (&Path, usize),
    take: &mut dyn FnMut(&Entry, Place) -> Result<(), BuildError>,
) -> Result<(), ListsError> {
    let mut failed = None;
    let mut each = |entry: &Entry, place| {
        if failed.is_none() {
            failed = take(entry, place).err();
        }
    };
    let unread = |source| ListsError::Index { what: "read the list", source };
    let (files, member) = (files(directory, count), source.member.as_deref());
    load_member(&files, member, reading(source, entry.holds), Limits::default(), &mut each).map_err(unread)?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}

fn files(directory: &Path, count: usize) -> Vec<PathBuf> {
    (0..count).map(|index| directory.join(index.to_string())).collect()
}

fn reading(source: &ListSource, holds: gapura_rules::sop::Holds) -> Reading {
    use gapura_rules::sop::Holds as Of;
    let holds = match holds {
        Of::Names => Holds::Names,
        Of::Addresses => Holds::Addresses,
        Of::Both => Holds::Both,
    };
    // `auto` is no format: it is told from the file.
    Reading { format: source.format.parse::<Format>().ok(), holds }
}
