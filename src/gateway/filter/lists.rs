//! The index of lists that the rules use, and the folder it lies in.

use std::sync::Arc;

use gapura_lists::Index;
use gapura_rules::sop::{Catalogue, CatalogueEntry, Holds};

use super::{Filtering, Standing};

/// Makes the filter's folder where it is missing, and says so where it cannot be used.
pub(super) fn look_at_folder(filtering: &Filtering, standing: &mut Standing) {
    if let Err(error) = filtering.store.make_folder() {
        standing.trouble.push(format!("the filter's folder cannot be used: {error}"));
    }
}

/// The index that was announced, else the newest that is here while the announced one is fetched.
pub(super) fn index(
    filtering: &Filtering,
    filter: &gapura_wire::Filter,
    standing: &mut Standing,
) -> Option<Arc<Index>> {
    let Some(wanted) = &filter.index else {
        filtering.wanted.send_replace(None);
        return None;
    };
    if filtering.around.damage.is(wanted.version) {
        filtering.store.remove(wanted.version);
    }
    match filtering.store.open(wanted) {
        Ok(Some(index)) => {
            filtering.wanted.send_replace(None);
            filtering.store.keep_only(&[wanted.version]);
            standing.index = Some(wanted.version);
            return Some(index);
        }
        Ok(None) => {}
        Err(error) => standing.trouble.push(format!("index {}: {}", wanted.version, gapura_model::with_causes(&error))),
    }
    filtering.wanted.send_if_modified(|now| {
        let other = now.as_ref() != Some(wanted);
        *now = Some(*wanted);
        other
    });
    standing.awaited = Some(wanted.version);
    // Damaged in one place, the mapped one goes on everywhere else.
    let mapped = filtering.current.get().and_then(|now| now.rules.as_ref()?.index.clone());
    if let Some(index) = mapped.filter(|index| filtering.around.damage.is(index.version())) {
        standing.index = Some(index.version());
        standing.trouble.push(format!("index {} is damaged in places; it is being fetched again", index.version()));
        return Some(index);
    }
    let former = filtering.store.newest()?;
    match filtering.store.open_base(former) {
        Ok(index) => {
            standing.index = Some(former);
            Some(Arc::new(index))
        }
        Err(error) => {
            standing.trouble.push(format!("index {former}: {}", gapura_model::with_causes(&error)));
            None
        }
    }
}

/// What rules need to know of the lists of an index.
pub(crate) fn catalogue(index: &Index) -> Catalogue {
    let entry = |list: &gapura_lists::ListEntry| CatalogueEntry {
        number: list.number,
        id: list.id.clone(),
        category: list.category.clone(),
        title: list.title.clone(),
        holds: match list.kind {
            gapura_lists::ListKind::Names => Holds::Names,
            gapura_lists::ListKind::Addresses => Holds::Addresses,
            gapura_lists::ListKind::Mixed => Holds::Both,
        },
    };
    Catalogue::new(index.lists().iter().map(entry).collect())
}
