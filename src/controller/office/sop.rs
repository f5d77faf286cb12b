//! SOPs from a file to the bundles: checked, approved by a second person, published, retired.

use gapura_model::SiteId;
use gapura_rules::sop::{Layer, Problem, Sop, Source, Stack};
use gapura_store::{SopRow, SopState, Tx, millis};
use gapura_wire::{Sha256, limits};
use jiff::Timestamp;
use jiff::civil::Date;

use super::check::Looking;
use super::people::{joined, wrote_all, wrote_at};
use super::publish::Scope;
use super::rollout::{RolloutOrder, reached};
use super::sop_end::{bounded, reasoned};
use super::{Actor, Change, Office, OfficeError, Published};
use crate::why::{Why, why};

/// A SOP as a file gave it.
#[derive(Clone, Debug)]
pub struct SopFile {
    /// What to call it in reports.
    pub file: String,
    /// Its text (TOML).
    pub text: String,
}

/// SOPs that were taken in as drafts.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The drafts, without their documents.
    pub sops: Vec<SopRow>,
    /// Drafts of the same people that these take the place of, without their documents.
    pub replaced: Vec<SopRow>,
    /// What is legal and yet should be looked at.
    pub warnings: Vec<Problem>,
}

impl Office {
    /// Checks SOPs together with all that are published and takes them in as drafts. They take the place of the same
    /// person's drafts of the same SOPs; while a draft waits that someone else wrote at, nothing is taken in.
    pub async fn import_sops(&self, files: &[SopFile], who: &Actor) -> Result<Imported, OfficeError> {
        let mut tx = self.store.write().await?;
        let imported = self.import_in(&mut tx, files, who).await?;
        let published = self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        for one in published {
            tracing::info!(site = %one.site, generation = %one.generation, "a discarded draft is no longer tried");
        }
        Ok(imported)
    }

    pub(super) async fn import_in(&self, tx: &mut Tx, files: &[SopFile], who: &Actor) -> Result<Imported, OfficeError> {
        self.import_over(tx, files, (who, None)).await
    }

    /// The same, where the files hold all that stands in the draft they `carry` on: whoever wrote that wrote at these too.
    pub(super) async fn import_over(
        &self,
        tx: &mut Tx,
        files: &[SopFile],
        (who, carry): (&Actor, Option<&SopRow>),
    ) -> Result<Imported, OfficeError> {
        let large = files.iter().find(|file| file.text.len() > limits::SOP_BYTES);
        if let Some(file) = large {
            return Err(OfficeError::Mistakes(vec![why!("sop-large", file = &file.file, most = limits::SOP_BYTES)]));
        }
        let published = tx.sops_in(SopState::Published).await?;
        let (read, warnings) = self.checked(tx, files, published, Looking::ForAll).await?;
        let known = tx.sops().await?;
        let carried = |row: &SopRow| carry.is_some_and(|carry| carry.id == row.id);
        let author = carry.map_or_else(|| who.name.clone(), |carry| joined(&carry.author, &who.name));
        let (mut sops, mut replaced) = (Vec::new(), Vec::new());
        for (file, sop) in files.iter().zip(&read) {
            let sha256 = Sha256::of(file.text.as_bytes());
            newer(sop, &known)?;
            for draft in known.iter().filter(|row| is_of(row, sop) && row.state == SopState::Draft.as_str()) {
                if !carried(draft) && !wrote_all(&who.name, &draft.author) {
                    return Err(waits(draft));
                }
                let action = if carried(draft) { "sop-carry-on" } else { "sop-discard" };
                replaced.push(self.end(tx, draft.clone(), SopState::Discarded, who, action).await?);
            }
            let row = SopRow {
                id: tx.next_sop().await?,
                layer: sop.layer().name().to_owned(),
                of_place: places(sop),
                number: sop.number().to_owned(),
                revision: i64::from(sop.revision()),
                title: sop.title().to_owned(),
                state: SopState::Draft.as_str().to_owned(),
                sha256: sha256.as_bytes().to_vec(),
                document: file.text.clone(),
                review_by: Some(sop.review_by().to_string()),
                author: author.clone(),
                made: millis(self.now()),
                approver: None,
                approved: None,
                published: None,
                ended: None,
                decree: None,
                trial: None,
                trial_until: None,
            };
            tx.add_sop(&row).await?;
            self.note_sop(tx, who, "sop-import", ("", &row)).await?;
            sops.push(SopRow { document: String::new(), ..row });
        }
        Ok(Imported { sops, replaced, warnings })
    }

    /// All SOPs, in the order in which they came, without their documents.
    pub async fn sops(&self) -> Result<Vec<SopRow>, OfficeError> {
        Ok(self.store.read().await?.sops().await?)
    }

    /// One SOP.
    pub async fn sop(&self, id: i64) -> Result<SopRow, OfficeError> {
        sop_in(&mut self.store.read().await?, id).await
    }

    /// Whether the day by which a SOP was to be looked through is over.
    pub(crate) fn is_overdue(&self, row: &SopRow) -> bool {
        let due = row.review_by.as_deref().and_then(|day| day.parse::<Date>().ok());
        due.is_some_and(|due| due < begun_everywhere(self.now()))
    }

    /// The day from which a SOP holds, while it has not begun everywhere; none for one that holds already.
    pub(crate) fn awaited(&self, row: &SopRow) -> Option<Date> {
        let from = read_published(row, &self.catalogue())?.effective_from();
        (from > begun_everywhere(self.now())).then_some(from)
    }

    /// Published SOPs that should have been looked through.
    pub(crate) async fn overdue_sops(&self) -> Result<Vec<SopRow>, OfficeError> {
        let rows = self.store.read().await?.sops_in(SopState::Published).await?;
        Ok(rows.into_iter().filter(|row| self.is_overdue(row)).collect())
    }

    /// A second person approves a draft: from now on its text never changes. Beside it comes what should be looked at. Text and
    /// decree are approved together: `decree` is the hash of the one that was read, empty where there was none; without it,
    /// whatever is attached now.
    pub async fn approve_sop(
        &self,
        id: i64,
        decree: Option<&str>,
        who: &Actor,
    ) -> Result<(SopRow, Vec<Problem>), OfficeError> {
        bounded(who)?;
        let mut tx = self.store.write().await?;
        let approved = self.approve_in(&mut tx, id, who).await?;
        if decree.is_some_and(|read| read != decree_hash(&approved)) {
            return Err(OfficeError::Refused(why!("sop-decree-changed", sop = id)));
        }
        let file = SopFile { file: label(&approved), text: approved.document.clone() };
        let published = tx.sops_in(SopState::Published).await?;
        let (_, warnings) = self.checked(&mut tx, &[file], published, Looking::ForAll).await?;
        tx.commit().await?;
        Ok((approved, warnings))
    }

    pub(super) async fn approve_in(&self, tx: &mut Tx, id: i64, who: &Actor) -> Result<SopRow, OfficeError> {
        let row = in_state(tx, id, &[SopState::Draft], why!("sop-for-approval")).await?;
        if who.name.trim().is_empty() || wrote_at(&who.name, &row.author) {
            let why = why!("sop-second-person", author = &row.author, sop = id).flag("--by NAME");
            return Err(OfficeError::Refused(why));
        }
        let approved = SopRow {
            state: SopState::Approved.as_str().to_owned(),
            approver: Some(who.name.clone()),
            approved: Some(millis(self.now())),
            ..row.clone()
        };
        tx.put_sop(&approved).await?;
        self.note_sop(tx, who, "sop-approve", (&row.state, &approved)).await?;
        Ok(approved)
    }

    /// Puts an approved SOP into the bundles of all sites it applies to at once. The revision before stays until the new one's day.
    pub async fn publish_sop(&self, id: i64, who: &Actor) -> Result<(SopRow, Vec<Published>), OfficeError> {
        self.roll_out(id, &RolloutOrder::default(), who).await
    }

    pub(super) async fn publish_sop_in(&self, tx: &mut Tx, id: i64, who: &Actor) -> Result<SopRow, OfficeError> {
        let row = in_state(tx, id, &[SopState::Approved], why!("sop-for-publishing")).await?;
        let others = tx.sops_in(SopState::Published).await?;
        let file = SopFile { file: label(&row), text: row.document.clone() };
        // What was published meanwhile may contradict it.
        let (read, _) = self.checked(tx, &[file], others.clone(), Looking::ForErrors).await?;
        if let Some(sop) = read.first() {
            newer(sop, &others)?;
        }
        let now = millis(self.now());
        let state = SopState::Published.as_str().to_owned();
        let done = SopRow { state, published: Some(now), trial: None, trial_until: None, ..row.clone() };
        tx.put_sop(&done).await?;
        self.note_sop(tx, who, "sop-publish", (&row.state, &done)).await?;
        self.replace_sops(tx, who).await?;
        Ok(done)
    }

    /// Ends revisions whose successor's day has come everywhere, and is in the bundles of all sites.
    pub(super) async fn replace_sops(&self, tx: &mut Tx, who: &Actor) -> Result<(), OfficeError> {
        let published = tx.sops_in(SopState::Published).await?;
        let held_back = reached(tx).await?;
        let today = begun_everywhere(self.now());
        for row in &published {
            let later = |other: &&SopRow| {
                let same = other.layer == row.layer && other.number == row.number;
                same && other.revision > row.revision && !held_back.contains_key(&other.id)
            };
            let taken = published
                .iter()
                .filter(later)
                .any(|later| read_published(later, &self.catalogue()).is_some_and(|sop| sop.effective_from() <= today));
            if taken {
                self.end(tx, row.clone(), SopState::Replaced, who, "sop-replace").await?;
            }
        }
        Ok(())
    }

    /// Takes a SOP out of force, or discards a draft. What others rely on, a national or a province's SOP or one with a
    /// mandatory clause, is taken out of force by two people, as it was put in force.
    pub async fn retire_sop(
        &self,
        id: i64,
        second: Option<&str>,
        who: &Actor,
    ) -> Result<(SopRow, Vec<Published>), OfficeError> {
        reasoned(who)?;
        let mut tx = self.store.write().await?;
        let living = [SopState::Draft, SopState::Approved, SopState::Published];
        let row = in_state(&mut tx, id, &living, why!("sop-for-retiring")).await?;
        self.not_rolling_out(&mut tx, &row).await?;
        let in_force = row.state == SopState::Published.as_str();
        let agreed = second.map(str::trim).filter(|second| !second.is_empty() && !wrote_at(second, &who.name));
        if in_force && agreed.is_none() && read_published(&row, &self.catalogue()).is_none_or(|sop| binds(&sop)) {
            let why = why!("sop-binds", sop = id, number = &row.number).flag("--with NAME");
            return Err(OfficeError::Refused(why));
        }
        let both = agreed.map_or_else(|| who.name.clone(), |second| joined(&who.name, second));
        let who = Actor { name: both, reason: who.reason.clone() };
        let state = if in_force { SopState::Retired } else { SopState::Discarded };
        let ended = self.end(&mut tx, row, state, &who, "sop-retire").await?;
        let published = self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        Ok((ended, published))
    }

    pub(super) async fn end(
        &self,
        tx: &mut Tx,
        row: SopRow,
        state: SopState,
        who: &Actor,
        action: &'static str,
    ) -> Result<SopRow, OfficeError> {
        let before = row.state.clone();
        let ended = millis(self.now());
        let state = state.as_str().to_owned();
        let row = SopRow { state, ended: Some(ended), trial: None, trial_until: None, ..row };
        tx.put_sop(&row).await?;
        tx.remove_sop_ending(row.id).await?;
        self.note_sop(tx, who, action, (&before, &row)).await?;
        self.end_rollout(tx, row.id).await?;
        Ok(row)
    }

    pub(super) async fn note_sop(
        &self,
        tx: &mut Tx,
        who: &Actor,
        action: &'static str,
        (before, row): (&str, &SopRow),
    ) -> Result<(), OfficeError> {
        let decree = row.decree.as_deref().map_or_else(String::new, |hash| format!(" decree {}", shown(hash)));
        let sha256 = shown(&row.sha256);
        let after = format!("{} {} revision {} sha256 {sha256}{decree}", row.state, row.number, row.revision);
        self.note(tx, who, Change { action, object: format!("sop/{}", row.id), before, after: &after }).await
    }
}

fn shown(hash: &[u8]) -> String {
    hash.try_into().map(Sha256::from_bytes).map_or("?".to_owned(), |it| it.to_string())
}

/// The hash of a SOP's decree; empty where it has none.
pub fn decree_hash(row: &SopRow) -> String {
    row.decree.as_deref().map_or_else(String::new, shown)
}

pub(super) async fn sop_in(tx: &mut Tx, id: i64) -> Result<SopRow, OfficeError> {
    tx.sop(id).await?.ok_or_else(|| OfficeError::not_found("SOP", id.to_string()))
}

pub(super) async fn in_state(tx: &mut Tx, id: i64, states: &[SopState], what: Why) -> Result<SopRow, OfficeError> {
    let row = sop_in(tx, id).await?;
    if states.iter().any(|state| state.as_str() == row.state) {
        return Ok(row);
    }
    let state = SopState::named(&row.state).map_or_else(|| Why::plain(&row.state), state_words);
    let good =
        states.iter().copied().map(state_words).reduce(|one, other| why!("sop-either", one = one, other = other));
    let good = good.unwrap_or_else(|| Why::plain(""));
    Err(OfficeError::Refused(why!("sop-state", sop = id, state = state, good = good, what = what)))
}

fn state_words(state: SopState) -> Why {
    match state {
        SopState::Draft => why!("sop-state-draft"),
        SopState::Approved => why!("sop-state-approved"),
        SopState::Published => why!("sop-state-published"),
        SopState::Replaced => why!("sop-state-replaced"),
        SopState::Retired => why!("sop-state-retired"),
        SopState::Discarded => why!("sop-state-discarded"),
    }
}

/// What reports call a SOP that is in the database.
pub(super) fn label(row: &SopRow) -> String {
    format!("{} revision {} (SOP {})", row.number, row.revision, row.id)
}

/// A published SOP, as gateways read it.
pub(super) fn read_published(row: &SopRow, catalogue: &gapura_rules::sop::Catalogue) -> Option<Sop> {
    let file = label(row);
    let (stack, _) = Stack::adopt(&[Source { file: &file, text: &row.document }], catalogue);
    stack.and_then(|stack| stack.sops().next().cloned())
}

/// A day that has begun everywhere on Earth.
pub(super) fn begun_everywhere(now: Timestamp) -> Date {
    now.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(-12))).date()
}

fn is_of(row: &SopRow, sop: &Sop) -> bool {
    row.layer == sop.layer().name() && row.number == sop.number()
}

/// Whether lower layers rest on it.
pub(super) fn binds(sop: &Sop) -> bool {
    matches!(sop.layer(), Layer::National | Layer::Province) || sop.has_mandatory()
}

/// Refuses a revision that is not above those that were ever approved under its number.
fn newer(sop: &Sop, known: &[SopRow]) -> Result<(), OfficeError> {
    let kept = |row: &&SopRow| is_of(row, sop) && row.approved.is_some() && row.state != SopState::Approved.as_str();
    let last = known.iter().filter(kept).map(|row| row.revision).max();
    match last.filter(|last| *last >= i64::from(sop.revision())) {
        Some(last) => {
            Err(OfficeError::Refused(why!("sop-revision-had", number = sop.number(), last = last, next = last + 1)))
        }
        None => Ok(()),
    }
}

/// Why a SOP is not taken in over a draft that someone else wrote at.
fn waits(draft: &SopRow) -> OfficeError {
    let SopRow { id, author, number, revision, .. } = draft;
    let why = why!("sop-draft-waits", sop = *id, number = number, revision = *revision, author = author);
    OfficeError::Refused(why.flag("sop show SOP, sop retire SOP --reason TEXT"))
}

/// Where a SOP holds, for people.
fn places(sop: &Sop) -> String {
    let scope = sop.scope();
    let sites = scope.sites.iter().map(SiteId::as_str);
    let all = scope.regencies.iter().chain(&scope.agencies).map(String::as_str).chain(sites);
    all.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_come_when_it_has_begun_everywhere() {
        let at = |text: &str| begun_everywhere(text.parse().unwrap()).to_string();
        assert_eq!(at("2026-11-21T11:59:59Z"), "2026-11-20");
        assert_eq!(at("2026-11-21T12:00:00Z"), "2026-11-21");
    }
}
