//! The SOP desk: what staff see of SOPs, and drafts as they are written there.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use gapura_rules::sop::{Deed, Layer, Problem, Sop, SopEdit, Source, Stack, WrittenClause, edited};
use gapura_store::{AuditRow, SopEndingRow, SopRow, SopState, Tx};
use gapura_wire::{Sha256, limits};
use jiff::civil::Date;
use tokio::sync::Semaphore;

use super::check::{Ground, Looking};
use super::people::wrote_at;
use super::publish::Scope;
use super::sop::{SopFile, binds, in_state, label, read_published, sop_in};
use super::sop_end::bounded;
use super::{Actor, Office, OfficeError, REASON, Unheld};
use crate::lists::blocking;
use crate::why::why;

/// What the desk calls the text that is being written.
pub const DESK_FILE: &str = "sop.toml";

/// Lines of the audit log that are shown with a SOP.
const HISTORY: u32 = 100;

/// What was found in the last texts that were looked at, under the hash of all that it depends on: thousands of samples are
/// judged for it, and a page that is opened again need not wait for them.
#[derive(Debug)]
pub(super) struct Found {
    known: Mutex<VecDeque<(Sha256, Vec<Problem>)>>,
    /// Whoever looks at a text for a page has one of these.
    turns: Arc<Semaphore>,
}

/// So many texts are looked at for pages at a time.
const AT_A_TIME: usize = 2;

impl Default for Found {
    fn default() -> Self {
        Self { known: Mutex::default(), turns: Arc::new(Semaphore::new(AT_A_TIME)) }
    }
}

/// So many texts are remembered.
const REMEMBERED: usize = 16;

impl Found {
    fn get(&self, key: &Sha256) -> Option<Vec<Problem>> {
        let found = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        found.iter().find(|(known, _)| known == key).map(|(_, problems)| problems.clone())
    }

    fn put(&self, key: Sha256, problems: &[Problem]) {
        let mut found = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        found.truncate(REMEMBERED - 1);
        found.push_front((key, problems.to_vec()));
    }
}

/// A SOP in the list.
#[derive(Clone, Debug)]
pub struct SopLine {
    /// The SOP, without its document.
    pub row: SopRow,
    /// It is in force and should have been looked through.
    pub overdue: bool,
    /// It is published and holds from this day on.
    pub awaited: Option<Date>,
    /// Gateways try it now.
    pub on_trial: bool,
    /// Its clauses that name lists of which nothing is held.
    pub unheld: Vec<Unheld>,
    /// Somebody asks to take it out of force.
    pub ending: Option<SopEndingRow>,
}

/// One SOP with all that is known of it.
#[derive(Clone, Debug)]
pub struct SopSeen {
    /// The SOP as in the list, with its document.
    pub line: SopLine,
    /// Its text as it was read; none where this version of Gapura cannot read it any more.
    pub sop: Option<Sop>,
    /// The revision that it takes the place of, or took.
    pub before: Option<(SopRow, Option<Sop>)>,
    /// Of one that is not published yet: what is wrong beside what is in force, and what should be looked at.
    pub problems: Vec<Problem>,
    /// Two people take it out of force.
    pub binds: bool,
    /// The person who looks wrote at it.
    pub wrote: bool,
    /// The person who looks is who asked to take it out of force.
    pub asked: bool,
    /// Who wrote down what about it, the newest first.
    pub history: Vec<AuditRow>,
    /// All of its number in this layer, without documents, the newest first.
    pub revisions: Vec<SopRow>,
}

/// What a form offers for clauses of a layer.
#[derive(Clone, Debug, Default)]
pub struct SopChoices {
    /// Categories of lists, each with the titles of its lists.
    pub categories: Vec<(String, String)>,
    /// Lists with their titles.
    pub lists: Vec<(String, String)>,
    /// Categories that a mandatory clause of a layer above blocks for everybody at all hours.
    pub locked: BTreeMap<String, Layer>,
}

impl Office {
    /// What there is to choose from in a SOP of this layer, and what layers above have decided already.
    pub async fn sop_choices(&self, layer: Layer) -> Result<SopChoices, OfficeError> {
        let catalogue = self.catalogue();
        let mut choices = SopChoices::default();
        for entry in catalogue.entries() {
            choices.lists.push((entry.id.to_string(), entry.title.clone()));
            let category = entry.category.to_string();
            match choices.categories.iter_mut().find(|(known, _)| *known == category) {
                Some((_, titles)) => *titles = format!("{titles}, {}", entry.title),
                None => choices.categories.push((category, entry.title.clone())),
            }
        }
        for row in self.store.read().await?.sops_in(SopState::Published).await? {
            let Some(sop) = read_published(&row, &catalogue) else { continue };
            let above = sop.layer() < layer && sop.scope().is_everyone();
            let binds = |clause: &WrittenClause| {
                clause.mandatory && clause.deed == Deed::Block && clause.scope.is_everyone() && clause.hours.is_none()
            };
            for clause in sop.written_clauses().into_iter().filter(|clause| above && binds(clause)) {
                let categories = clause.targets.categories.iter().map(|category| (category.to_string(), sop.layer()));
                choices.locked.extend(categories);
            }
        }
        Ok(choices)
    }

    /// All SOPs, the newest first, as the desk lists them.
    pub async fn sop_lines(&self) -> Result<Vec<SopLine>, OfficeError> {
        let mut tx = self.store.read().await?;
        let (rows, unheld, endings) = (tx.sops().await?, self.unheld_in(&mut tx).await?, tx.sop_endings().await?);
        let published = tx.sops_in(SopState::Published).await?;
        let line = |row: SopRow| {
            let whole = published.iter().find(|whole| whole.id == row.id);
            self.line(row, whole, (&unheld, &endings))
        };
        Ok(rows.into_iter().rev().map(line).collect())
    }

    /// `whole`: the same with its document, where it is published.
    fn line(&self, row: SopRow, whole: Option<&SopRow>, more: (&[Unheld], &[SopEndingRow])) -> SopLine {
        let now = gapura_store::millis(self.now());
        SopLine {
            overdue: whole.is_some() && self.is_overdue(&row),
            awaited: whole.and_then(|whole| self.awaited(whole)),
            on_trial: row.trial_until.is_some_and(|until| until > now),
            unheld: more.0.iter().filter(|one| one.id == row.id).cloned().collect(),
            ending: more.1.iter().find(|one| one.sop == row.id).cloned(),
            row,
        }
    }

    /// How many SOPs wait for this person: drafts that others wrote and nobody gave back, and those that somebody else asks to take out of force.
    pub async fn sops_waiting(&self, name: &str) -> Result<u64, OfficeError> {
        let mut tx = self.store.read().await?;
        let drafts = tx.draft_authors().await?.into_iter().filter(|authors| !wrote_at(name, authors)).count();
        let endings = tx.sop_endings().await?.into_iter().filter(|ending| !wrote_at(name, &ending.staff)).count();
        Ok((drafts + endings) as u64)
    }

    /// One SOP for somebody to read, with what is wrong in it while it is not published.
    pub async fn see_sop(&self, id: i64, name: &str) -> Result<SopSeen, OfficeError> {
        let seen = self.show_sop(id, name).await?;
        let waits = matches!(SopState::named(&seen.line.row.state), Some(SopState::Draft | SopState::Approved));
        let problems = if waits { self.problems(&seen.line.row.document).await? } else { Vec::new() };
        Ok(SopSeen { problems, ..seen })
    }

    /// One SOP, without looking for what is wrong in it.
    pub async fn show_sop(&self, id: i64, name: &str) -> Result<SopSeen, OfficeError> {
        let mut tx = self.store.read().await?;
        let row = sop_in(&mut tx, id).await?;
        let state = SopState::named(&row.state);
        let (unheld, endings) = (self.unheld_in(&mut tx).await?, tx.sop_endings().await?);
        let mut revisions = tx.sops().await?;
        revisions.retain(|other| other.layer == row.layer && other.number == row.number);
        revisions.sort_by_key(|other| std::cmp::Reverse((other.revision, other.id)));
        let history = tx.audit_of(&format!("sop/{id}"), HISTORY).await?;
        let before = revisions.iter().find(|other| precedes(other, &row)).map(|other| other.id);
        let before = match before {
            Some(before) => Some(sop_in(&mut tx, before).await?),
            None => None,
        };
        drop(tx);
        let sop = read_published(&row, &self.catalogue());
        let published = (state == Some(SopState::Published)).then(|| row.clone());
        let line = self.line(row, published.as_ref(), (&unheld, &endings));
        Ok(SopSeen {
            binds: sop.as_ref().is_none_or(binds),
            wrote: wrote_at(name, &line.row.author),
            asked: line.ending.as_ref().is_some_and(|ending| wrote_at(name, &ending.staff)),
            before: before.map(|row| {
                let sop = read_published(&row, &self.catalogue());
                (row, sop)
            }),
            sop,
            problems: Vec::new(),
            history,
            revisions,
            line,
        })
    }

    /// What is wrong with a text beside what is in force, and what should be looked at; nothing is kept.
    pub async fn check_sop(&self, text: &str) -> Result<Vec<Problem>, OfficeError> {
        if text.len() > limits::SOP_BYTES {
            let why = why!("sop-large", file = DESK_FILE, most = limits::SOP_BYTES);
            return Err(OfficeError::Mistakes(vec![why]));
        }
        self.problems(text).await
    }

    /// Connections to the database are few: none is held while samples are judged.
    async fn problems(&self, text: &str) -> Result<Vec<Problem>, OfficeError> {
        let mut tx = self.store.read().await?;
        let published = tx.sops_in(SopState::Published).await?;
        let key = self.ground_hash(&mut tx, text, &published).await?;
        if let Some(known) = self.sop_checks.get(&key) {
            return Ok(known);
        }
        let file = SopFile { file: DESK_FILE.to_owned(), text: text.to_owned() };
        let ground = self.sop_ground(&mut tx, &[file], published, Looking::ForAll).await?;
        drop(tx);
        let turn = self.sop_turn().await;
        // Whoever had the turn before may have looked at the same.
        if let Some(known) = self.sop_checks.get(&key) {
            return Ok(known);
        }
        // Who asked may go away; the turn ends with the work.
        let work = move || {
            let (_, problems) = Ground::look(&ground);
            drop(turn);
            Ok(problems)
        };
        let problems = blocking(work).await?;
        self.sop_checks.put(key, &problems);
        Ok(problems)
    }

    /// A turn at what takes long: it ends with the work, not with who asked for it.
    pub(super) async fn sop_turn(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        // Never closed.
        Arc::clone(&self.sop_checks.turns).acquire_owned().await.ok()
    }

    /// A text as clauses; none where it cannot be read so.
    pub fn read_sop_text(&self, text: &str) -> Option<Sop> {
        let (stack, _) = Stack::adopt(&[Source { file: DESK_FILE, text }], &self.catalogue());
        stack.and_then(|stack| stack.sops().next().cloned())
    }

    /// All turns at looking at texts, for as long as they are held.
    #[cfg(test)]
    pub(crate) async fn hold_sop_turns(&self) -> Vec<tokio::sync::OwnedSemaphorePermit> {
        let mut held = Vec::new();
        for _ in 0..AT_A_TIME {
            held.push(Arc::clone(&self.sop_checks.turns).acquire_owned().await.unwrap());
        }
        held
    }

    /// The hash of all that a check looks at: the text, what is published, the sites, the catalogue, the day.
    async fn ground_hash(&self, tx: &mut Tx, text: &str, published: &[SopRow]) -> Result<Sha256, OfficeError> {
        let published: Vec<(i64, &[u8])> = published.iter().map(|row| (row.id, row.sha256.as_slice())).collect();
        let sites: Vec<(String, String)> = tx.sites().await?.into_iter().map(|row| (row.id, row.document)).collect();
        let catalogue = self.catalogue();
        let hour = self.now().as_second().div_euclid(3600);
        let ground = format!("{:?}", (text, published, sites, catalogue.entries(), hour));
        Ok(Sha256::of(ground.as_bytes()))
    }

    /// Keeps what was written at the desk: a new draft, or the draft `id` carried on by whoever writes now. A text with
    /// errors is not kept.
    pub async fn save_sop(&self, id: Option<i64>, text: &str, who: &Actor) -> Result<SopRow, OfficeError> {
        let mut tx = self.store.write().await?;
        let carry = match id {
            Some(id) => Some(in_state(&mut tx, id, &[SopState::Draft], why!("sop-for-editing")).await?),
            None => None,
        };
        if let Some(same) = carry.as_ref().filter(|carry| carry.document == text) {
            return Ok(same.clone());
        }
        let file = SopFile { file: DESK_FILE.to_owned(), text: text.to_owned() };
        let imported = self.import_over(&mut tx, &[file], (who, carry.as_ref())).await?;
        let draft = imported.sops.into_iter().next();
        let draft = draft.ok_or_else(|| OfficeError::not_found("SOP", DESK_FILE))?;
        // Under another number or layer it took the place of none.
        if let Some(carry) = carry.filter(|carry| !imported.replaced.iter().any(|row| row.id == carry.id)) {
            self.end(&mut tx, carry, SopState::Discarded, who, "sop-carry-on").await?;
        }
        self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        Ok(draft)
    }

    /// The text of a SOP under the next revision, to be changed and saved.
    pub async fn next_revision(&self, id: i64) -> Result<String, OfficeError> {
        let mut tx = self.store.read().await?;
        let row = sop_in(&mut tx, id).await?;
        let all = tx.sops().await?;
        if let Some(newer) = newer_sop(&row, &all) {
            let SopRow { id, number, revision, .. } = newer;
            return Err(OfficeError::Refused(why!(
                "sop-newer-waits",
                sop = *id,
                number = number,
                revision = *revision
            )));
        }
        let same = |other: &SopRow| other.layer == row.layer && other.number == row.number;
        let known = all.iter().filter(|other| same(other) && other.approved.is_some());
        let last = known.map(|other| other.revision).max().unwrap_or(row.revision).max(row.revision);
        let next = u32::try_from(last.saturating_add(1)).unwrap_or(u32::MAX);
        let damaged = |error: gapura_rules::sop::EditError| OfficeError::damaged(label(&row))(error.into());
        edited(&row.document, &SopEdit::Revision(next)).map_err(damaged)
    }

    /// Gives a SOP that is not published back to whoever wrote it, with what is to be changed; an approval is taken back.
    pub async fn return_sop(&self, id: i64, who: &Actor) -> Result<SopRow, OfficeError> {
        if who.reason.trim().is_empty() {
            return Err(OfficeError::Refused(why!("sop-return-reason").flag(REASON)));
        }
        bounded(who)?;
        let mut tx = self.store.write().await?;
        let row = in_state(&mut tx, id, &[SopState::Draft, SopState::Approved], why!("sop-for-returning")).await?;
        if wrote_at(&who.name, &row.author) {
            return Err(OfficeError::Refused(why!("sop-return-second", sop = id, author = &row.author)));
        }
        let state = SopState::Draft.as_str().to_owned();
        let back = SopRow { state, approver: None, approved: None, ..row.clone() };
        tx.put_sop(&back).await?;
        self.note_sop(&mut tx, who, "sop-return", (&row.state, &back)).await?;
        tx.commit().await?;
        Ok(back)
    }
}

/// The newest of the same number that lives, where it is newer than this one: what it changes would be lost in a next
/// revision that is made from this one.
pub fn newer_sop<'r>(row: &SopRow, all: &'r [SopRow]) -> Option<&'r SopRow> {
    let living = [SopState::Draft, SopState::Approved, SopState::Published];
    let lives = |other: &&SopRow| living.iter().any(|state| state.as_str() == other.state);
    let same = |other: &&SopRow| other.layer == row.layer && other.number == row.number;
    let age = |other: &SopRow| (other.revision, other.id);
    all.iter().filter(lives).filter(same).filter(|other| age(other) > age(row)).max_by_key(|other| age(other))
}

/// Whether a revision is the one that another takes the place of, or took: of one that waits, the one in force.
fn precedes(other: &SopRow, row: &SopRow) -> bool {
    let states: &[SopState] = match SopState::named(&row.state) {
        Some(SopState::Draft | SopState::Approved | SopState::Discarded) => &[SopState::Published],
        _ => &[SopState::Published, SopState::Replaced, SopState::Retired],
    };
    other.id != row.id && other.revision < row.revision && states.iter().any(|state| state.as_str() == other.state)
}
