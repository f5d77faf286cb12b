//! Lists: fetched, guarded, held for a person, and built into the index that bundles name.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use gapura_lists::HashKey;
use gapura_model::ListId;
use gapura_rules::sop::{Catalogue, CatalogueEntry, ListSource};
use gapura_store::{IndexRow, Tx, millis};
use gapura_wire::Sha256;

use super::publish::Scope;
use super::{Actor, Change, Office, OfficeError, Published, REASON, read_json, write_json};
use crate::keys::random;
use crate::lists::{Edition, Held, Ingredient, KEPT, ListState, ListsError, Recipe, blocking, build};
use crate::why::why;

/// A list and what is known of it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ListStatus {
    /// Its id.
    pub id: ListId,
    /// Its category.
    pub category: String,
    /// Its name for people.
    pub title: String,
    /// Where it stands.
    #[serde(flatten)]
    pub state: ListState,
}

/// What a look at lists led to.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Refreshed {
    /// Every list that was looked at, as it stands now.
    pub lists: Vec<ListStatus>,
    /// The index that was built; none where nothing of it changed.
    pub index: Option<u64>,
    /// Bundles that name it.
    pub published: Vec<Published>,
}

impl Office {
    /// All lists of the catalogue, and what is known of each.
    pub async fn list_status(&self) -> Result<Vec<ListStatus>, OfficeError> {
        let states = states_in(&mut self.store.read().await?).await?;
        Ok(self.catalogue().entries().iter().map(|entry| status(entry, &states)).collect())
    }

    /// The newest index.
    pub async fn last_index(&self) -> Result<Option<IndexRow>, OfficeError> {
        Ok(self.store.read().await?.last_index().await?)
    }

    /// Reads the catalogue again, where there is one of this department's own; false where there is none. With mistakes in it
    /// the one before stays.
    pub async fn reread_catalogue(&self) -> Result<bool, OfficeError> {
        if !self.lists.fetched {
            return Ok(false);
        }
        let lists = Arc::clone(&self.lists);
        match blocking(move || lists.read_again()).await {
            Ok(()) => {
                tracing::info!(lists = self.catalogue().entries().len(), "the catalogue of lists was read again");
                Ok(true)
            }
            Err(error) => {
                let words = gapura_model::with_causes(&error);
                tracing::error!(error = words, "the catalogue of lists cannot be used; the one before stays");
                Err(error.into())
            }
        }
    }

    /// Looks at the sources of lists (or of one), lets through what the guard lets through, and builds the index anew where
    /// something changed. What goes wrong with one list is noted with it and holds up no other. `who` asked for it, where it is
    /// not the hourly look.
    pub async fn refresh_lists(&self, only: Option<&ListId>, who: Option<&Actor>) -> Result<Refreshed, OfficeError> {
        let _turn = self.turn().await?;
        let catalogue = self.catalogue();
        let client = self.lists.client(self.clock.clone())?;
        if only.is_none() && self.lists.fetched {
            self.forget_others().await?;
        }
        let mut looked = Vec::new();
        for chosen in self.chosen(&catalogue, only)? {
            looked.push(self.look_at(chosen, client.as_ref()).await?);
        }
        let built = match self.build_in_turn(false).await {
            // Once more, now that their files are known to be worth nothing.
            Err(OfficeError::Lists(ListsError::Damaged(lists))) => {
                for id in &lists {
                    for chosen in self.chosen(&catalogue, Some(id))? {
                        let again = self.look_at(chosen, client.as_ref()).await?;
                        looked.retain(|one| one.id != again.id);
                        looked.push(again);
                    }
                }
                self.build_in_turn(false).await
            }
            built => built,
        };
        let (index, published) = built?.unzip();
        if let Some(who) = who {
            let object = only.map_or_else(|| "lists".to_owned(), |only| format!("list/{only}"));
            let after = refreshed(&looked, index);
            let mut tx = self.store.write().await?;
            self.note(&mut tx, who, Change { action: "list-refresh", object, before: "", after: &after }).await?;
            tx.commit().await?;
        }
        Ok(Refreshed { lists: looked, index, published: published.unwrap_or_default() })
    }

    /// Forgets what is known of lists that were taken out of the catalogue.
    async fn forget_others(&self) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let rows = tx.lists().await?;
        let gone =
            rows.iter().filter(|row| !self.catalogue().entries().iter().any(|entry| entry.id.as_str() == row.id));
        for row in gone {
            tracing::info!(list = row.id, "a list is not in the catalogue any more; what was kept of it is forgotten");
            tx.remove_list(&row.id).await?;
        }
        tx.commit().await?;
        let lists = Arc::clone(&self.lists);
        Ok(blocking(move || {
            lists.forget_others();
            Ok(())
        })
        .await?)
    }

    async fn look_at(
        &self,
        (entry, source): (&CatalogueEntry, &ListSource),
        client: Option<&crate::lists::Client>,
    ) -> Result<ListStatus, OfficeError> {
        let mut tx = self.store.read().await?;
        let mut state = states_in(&mut tx).await?.remove(&entry.id).unwrap_or_default();
        drop(tx);
        let seen = Box::pin(self.refresh_one((entry, source), client, &mut state)).await;
        state.checked = Some(self.now());
        state.trouble = seen.err().map(|error| gapura_model::with_causes(&error));
        if let Some(trouble) = &state.trouble {
            tracing::warn!(list = %entry.id, trouble, "a list could not be fetched; the one in force stays");
        }
        self.put_state(&entry.id, &state).await?;
        self.lists.tidy(source, &state);
        Ok(ListStatus { state, ..status(entry, &BTreeMap::new()) })
    }

    async fn refresh_one(
        &self,
        (entry, source): (&CatalogueEntry, &ListSource),
        client: Option<&crate::lists::Client>,
        state: &mut ListState,
    ) -> Result<(), ListsError> {
        let taken = self.lists.look(source, client, state).await?;
        let is = |edition: &Edition| edition.sha256 == taken.sha256;
        if state.in_force.as_ref().is_some_and(is) {
            // The source went back to what is in force: nothing waits any more.
            state.held = None;
            if state.damaged {
                let (lists, of) = (Arc::clone(&self.lists), source.clone());
                blocking(move || lists.restore(&of, &taken)).await?;
                state.damaged = false;
            }
            return Ok(());
        }
        if state.held.as_ref().is_some_and(|held| is(&held.edition)) || state.rejected == Some(taken.sha256) {
            return Ok(());
        }
        let (lists, of, before, now) = (Arc::clone(&self.lists), source.clone(), state.clone(), self.now());
        let holds = entry.holds;
        let (edition, why) = blocking(move || lists.keep((&of, holds), &taken, (&before, now))).await?;
        if why.is_empty() {
            tracing::info!(list = %source.id, names = edition.content.names, addresses = edition.content.addresses, bad = edition.bad, "a list was updated");
            (state.in_force, state.held, state.damaged) = (Some(edition), None, false);
        } else {
            tracing::warn!(list = %source.id, why = why.join("; "), "an update of a list waits for a person; the one in force stays");
            state.held = Some(Held { edition, why });
        }
        Ok(())
    }

    /// A person lets an update through that the guard held.
    pub async fn accept_list(&self, id: &ListId, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        self.accept_list_seen(id, None, who).await
    }

    /// The same, where the update is still the one that was seen.
    pub(super) async fn accept_list_seen(
        &self,
        id: &ListId,
        seen: Option<&Sha256>,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        let _turn = self.turn().await?;
        let (mut state, held) = self.held((id, seen), who).await?;
        let (names, addresses) = (held.edition.content.names, held.edition.content.addresses);
        (state.in_force, state.damaged) = (Some(held.edition), false);
        let after = format!("{names} names, {addresses} addresses: {}", held.why.join("; "));
        self.settle(id, &state, ("list-accept", &after), who).await?;
        Ok(self.build_in_turn(false).await?.map(|(_, published)| published).unwrap_or_default())
    }

    /// A person turns an update down; the same content does not wait again.
    pub async fn reject_list(&self, id: &ListId, who: &Actor) -> Result<(), OfficeError> {
        self.reject_list_seen(id, None, who).await
    }

    /// The same, where the update is still the one that was seen.
    pub(super) async fn reject_list_seen(
        &self,
        id: &ListId,
        seen: Option<&Sha256>,
        who: &Actor,
    ) -> Result<(), OfficeError> {
        let _turn = self.turn().await?;
        let (mut state, held) = self.held((id, seen), who).await?;
        state.rejected = Some(held.edition.sha256);
        self.settle(id, &state, ("list-reject", &held.why.join("; ")), who).await
    }

    /// Builds the index of the editions in force, also where nothing changed.
    pub async fn build_index(&self, who: &Actor) -> Result<Option<(u64, Vec<Published>)>, OfficeError> {
        let _turn = self.turn().await?;
        let built = self.build_in_turn(true).await?;
        if let Some((version, _)) = &built {
            let mut tx = self.store.write().await?;
            let object = format!("index/{version}");
            self.note(&mut tx, who, Change { action: "index-build", object, before: "", after: "" }).await?;
            tx.commit().await?;
        }
        Ok(built)
    }

    /// The file with what changed between two indexes; `None` where only the whole one will do.
    pub(crate) async fn index_changes(&self, version: u64, older: u64) -> Result<Option<PathBuf>, OfficeError> {
        let _turn = self.lists.deltas.lock().await;
        let (lists, key) = (Arc::clone(&self.lists), self.keys.bundle_key());
        Ok(blocking(move || Ok(lists.shelf.changes(version, older, &key))).await?)
    }

    /// Builds and publishes, if something changed or `always`; none where no list has an edition yet.
    async fn build_in_turn(&self, always: bool) -> Result<Option<(u64, Vec<Published>)>, OfficeError> {
        let mut tx = self.store.read().await?;
        let (states, last) = (states_in(&mut tx).await?, tx.last_index().await?);
        drop(tx);
        let catalogue = self.catalogue();
        let ingredients: Vec<Ingredient> = self
            .chosen(&catalogue, None)?
            .into_iter()
            .filter_map(|(entry, source)| self.ingredient(entry, source, &states))
            .collect();
        let before: Option<Recipe> =
            last.as_ref().map(|row| read_json(&row.document, "an index's recipe")).transpose()?;
        let lists = ingredients.iter().map(|one| {
            (one.source.id.clone(), (one.edition.sha256, one.entry.category.clone(), one.entry.title.clone()))
        });
        let lists: BTreeMap<_, _> = lists.collect();
        let same = before.as_ref().is_some_and(|recipe| recipe.lists == lists);
        if ingredients.is_empty() || (same && !always) {
            return Ok(None);
        }
        let key = match before.as_ref().and_then(Recipe::hash_key) {
            Some(key) => key,
            None => HashKey(random::<16>()?),
        };
        let recipe = Recipe { key: format!("{:032x}", u128::from_be_bytes(key.0)), lists };
        let known = last.map_or(0, |row| u64::try_from(row.version).unwrap_or_default());
        let (home, keys) = (Arc::clone(&self.lists), Arc::clone(&self.keys));
        let work = move || {
            let version = known.max(home.shelf.newest()) + 1;
            let built = build(&home.shelf, version, (key, &ingredients), &|root| keys.signer.sign_index(root))?;
            let path = home.shelf.index(version);
            let octets = std::fs::metadata(&path).map_err(|source| ListsError::File { what: "read", path, source })?;
            Ok((version, built, octets.len()))
        };
        let (version, built, octets) = match blocking(work).await {
            Err(ListsError::Damaged(lists)) => {
                self.note_damaged(&lists, states).await?;
                return Err(ListsError::Damaged(lists).into());
            }
            done => done?,
        };
        tracing::info!(version, names = built.names, ranges = built.ranges, octets, "an index of lists was built");
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let row = IndexRow {
            version: number(version),
            root: built.root.to_vec(),
            octets: number(octets),
            document: write_json(&recipe, "an index's recipe")?,
            built: millis(self.now()),
        };
        let mut tx = self.store.write().await?;
        tx.add_index(&row).await?;
        let oldest = tx.indexes().await?.get(KEPT - 1).map_or(0, |row| row.version);
        tx.prune_indexes(oldest).await?;
        let published = self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        self.lists.shelf.prune(u64::try_from(oldest).unwrap_or_default());
        Ok(Some((version, published)))
    }

    /// Has the files of lists fetched again: nothing that a server last said of them counts any more.
    async fn note_damaged(&self, lists: &[ListId], mut states: BTreeMap<ListId, ListState>) -> Result<(), OfficeError> {
        for id in lists {
            tracing::error!(list = %id, "files of a list are not as they were kept; the index stays as it is, and the list is fetched again");
            let mut state = states.remove(id).unwrap_or_default();
            state.damaged = true;
            state.sources.clear();
            self.put_state(id, &state).await?;
        }
        Ok(())
    }

    fn ingredient(
        &self,
        entry: &CatalogueEntry,
        source: &ListSource,
        states: &BTreeMap<ListId, ListState>,
    ) -> Option<Ingredient> {
        let edition = states.get(&entry.id)?.in_force.clone()?;
        Some(Ingredient {
            directory: self.lists.files_of(source, &edition),
            source: source.clone(),
            entry: entry.clone(),
            edition,
        })
    }

    /// The lists that are fetched here, or the one asked for.
    fn chosen<'a>(
        &self,
        catalogue: &'a Catalogue,
        only: Option<&ListId>,
    ) -> Result<Vec<(&'a CatalogueEntry, &'a ListSource)>, OfficeError> {
        if !self.lists.fetched {
            return Err(OfficeError::Refused(why!("lists-not-fetched")));
        }
        let entries = catalogue.entries().iter().filter(|entry| only.is_none_or(|only| entry.id == *only));
        let sources = catalogue.sources();
        let chosen: Vec<_> =
            entries.filter_map(|entry| Some((entry, sources.iter().find(|source| source.id == entry.id)?))).collect();
        match only {
            Some(only) if chosen.is_empty() => Err(OfficeError::not_found("list", only.as_str())),
            _ => Ok(chosen),
        }
    }

    /// The turn to work on lists, in this process and among processes.
    async fn turn(&self) -> Result<(tokio::sync::MutexGuard<'_, ()>, std::fs::File), OfficeError> {
        let within = self.lists.turn.lock().await;
        let lists = Arc::clone(&self.lists);
        Ok((within, blocking(move || lists.lock()).await?))
    }

    /// A list whose update waits, and that update.
    async fn held(
        &self,
        (id, seen): (&ListId, Option<&Sha256>),
        who: &Actor,
    ) -> Result<(ListState, Held), OfficeError> {
        if who.reason.trim().is_empty() {
            return Err(OfficeError::Refused(why!("list-reason").flag(REASON)));
        }
        self.chosen(&self.catalogue(), Some(id))?;
        let mut state = states_in(&mut self.store.read().await?).await?.remove(id).unwrap_or_default();
        let held = state.held.take();
        match (held, seen) {
            (Some(held), Some(seen)) if held.edition.sha256 != *seen => {
                Err(OfficeError::Refused(why!("list-other-update", list = id.as_str())))
            }
            (Some(held), _) => Ok((state, held)),
            (None, _) => Err(OfficeError::not_found("update that waits, of list", id.as_str())),
        }
    }

    async fn settle(
        &self,
        id: &ListId,
        state: &ListState,
        (action, after): (&'static str, &str),
        who: &Actor,
    ) -> Result<(), OfficeError> {
        let text = write_json(state, "a list's state")?;
        let mut tx = self.store.write().await?;
        tx.put_list(id, &text, self.now()).await?;
        self.note(&mut tx, who, Change { action, object: format!("list/{id}"), before: "", after }).await?;
        Ok(tx.commit().await?)
    }

    async fn put_state(&self, id: &ListId, state: &ListState) -> Result<(), OfficeError> {
        let text = write_json(state, "a list's state")?;
        let mut tx = self.store.write().await?;
        tx.put_list(id, &text, self.now()).await?;
        Ok(tx.commit().await?)
    }
}

/// What a look led to, for the audit log.
fn refreshed(looked: &[ListStatus], index: Option<u64>) -> String {
    let index = index.map_or_else(|| "no new index".to_owned(), |index| format!("index {index}"));
    let of = |what: &str, which: fn(&ListState) -> bool| {
        let ids: Vec<&str> = looked.iter().filter(|list| which(&list.state)).map(|list| list.id.as_str()).collect();
        if ids.is_empty() { String::new() } else { format!("; {what} {}", ids.join(", ")) }
    };
    let held = of("waiting for a person:", |state| state.held.is_some());
    format!("{index}{held}{}", of("trouble with", |state| state.trouble.is_some()))
}

async fn states_in(tx: &mut Tx) -> Result<BTreeMap<ListId, ListState>, OfficeError> {
    let rows = tx.lists().await?;
    let read = rows.iter().map(|row| {
        let id = row
            .id
            .parse()
            .map_err(|error: gapura_model::ParseNameError| OfficeError::damaged("a list")(error.into()))?;
        Ok((id, read_json(&row.document, format!("list {}", row.id))?))
    });
    read.collect()
}

fn status(entry: &CatalogueEntry, states: &BTreeMap<ListId, ListState>) -> ListStatus {
    ListStatus {
        id: entry.id.clone(),
        category: entry.category.as_str().to_owned(),
        title: entry.title.clone(),
        state: states.get(&entry.id).cloned().unwrap_or_default(),
    }
}
