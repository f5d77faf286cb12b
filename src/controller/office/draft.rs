//! Drafts: tried on gateways before they are published, made of accepted appeals, and those that Gapura brings along.

use gapura_model::Reference;
use gapura_rules::sop::packs;
use gapura_store::{AppealRow, SopRow, SopState, Tx};
use jiff::SignedDuration;
use jiff::civil::Date;
use toml::de::DeTable;

use super::publish::Scope;
use super::sop::{Imported, SopFile, in_state};
use super::{Actor, Change, Office, OfficeError, Published, TrialResult};
use crate::why::why;

/// The longest trial of a draft, in days.
const TRIAL_DAYS: u32 = 30;

impl Office {
    /// Sends a draft to the gateways of its sites, which try it on the names of their last days for so many days from now.
    pub async fn try_sop(&self, id: i64, days: u32, who: &Actor) -> Result<(SopRow, Vec<Published>), OfficeError> {
        if !(1..=TRIAL_DAYS).contains(&days) {
            return Err(OfficeError::Refused(why!("sop-trial-days", most = TRIAL_DAYS)));
        }
        let mut tx = self.store.write().await?;
        let row = in_state(&mut tx, id, &[SopState::Draft, SopState::Approved], why!("sop-for-trial")).await?;
        let running = tx.sops_on_trial(self.now()).await?;
        let most = gapura_wire::limits::SOP_DRAFTS;
        if running.iter().filter(|other| other.id != id).count() >= most {
            return Err(OfficeError::Refused(why!("sop-trials", most = most)));
        }
        let until = self.now().checked_add(SignedDuration::from_hours(24 * i64::from(days)));
        let until = until.map_err(|_| OfficeError::Refused(why!("sop-trial-days", most = TRIAL_DAYS)))?;
        let trial = row.trial.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let row = SopRow { trial: Some(trial.clone()), trial_until: Some(gapura_store::millis(until)), ..row };
        tx.put_sop(&row).await?;
        let after = format!("trial {trial} until {until}");
        let change = Change { action: "sop-shadow", object: format!("sop/{id}"), before: "", after: &after };
        self.note(&mut tx, who, change).await?;
        let published = self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        Ok((row, published))
    }

    /// What gateways say of a draft so far.
    pub async fn sop_trial(&self, id: i64) -> Result<TrialResult, OfficeError> {
        let row = self.sop(id).await?;
        let trial = row.trial.ok_or_else(|| OfficeError::not_found("trial of SOP", id.to_string()))?;
        self.trial_result(&trial).await
    }

    /// Takes the SOPs that Gapura brings along in as drafts. With `publish`, a new installation (no SOP was ever approved)
    /// puts them in force at once; elsewhere a second person approves them as any others.
    pub async fn import_packs(&self, publish: bool, who: &Actor) -> Result<(Imported, Vec<Published>), OfficeError> {
        let mut tx = self.store.write().await?;
        let known = tx.sops().await?;
        if publish && known.iter().any(|row| row.approved.is_some()) {
            return Err(OfficeError::Refused(why!("sop-packs")));
        }
        let files: Vec<SopFile> =
            packs().iter().map(|pack| SopFile { file: pack.file.to_owned(), text: pack.text.to_owned() }).collect();
        let mut imported = self.import_in(&mut tx, &files, who).await?;
        let mut published = Vec::new();
        if publish {
            let gapura = Actor { name: "gapura".to_owned(), reason: "a new installation's own SOPs".to_owned() };
            for sop in &mut imported.sops {
                self.approve_in(&mut tx, sop.id, &gapura).await?;
                let document = String::new();
                *sop = SopRow { document, ..self.publish_sop_in(&mut tx, sop.id, who).await? };
            }
            published = self.publish_in(&mut tx, Scope::All).await?;
        }
        tx.commit().await?;
        Ok((imported, published))
    }

    /// Makes a draft of the SOP that refused what an appeal is about, with an exception for it until `until`. It goes on
    /// from the newest text there is of that SOP, so that nothing a colleague wrote is lost.
    pub(super) async fn draft_exception(
        &self,
        tx: &mut Tx,
        (reference, appeal): (&Reference, &AppealRow),
        until: Date,
        who: &Actor,
    ) -> Result<Excepted, OfficeError> {
        let (Some(number), Some(clause)) = (&appeal.sop, &appeal.clause) else {
            let why = why!("appeal-no-clause", reference = reference.to_string());
            return Err(OfficeError::Refused(why));
        };
        let published = tx.sops_in(SopState::Published).await?;
        let in_force = published.into_iter().filter(|row| row.number == *number).max_by_key(|row| row.revision);
        let in_force = in_force.ok_or_else(|| OfficeError::not_found("published SOP", number.clone()))?;
        let base = newest(tx, in_force).await?;
        let text = with_exception(&base, &exception(appeal, clause, until, who))?;
        let revision = base.revision;
        let file = SopFile { file: format!("{number} revision {revision} with an exception for {reference}"), text };
        let draft = self.import_over(tx, &[file], (who, base.draft.as_ref())).await?.sops.into_iter().next();
        let draft = draft.ok_or_else(|| OfficeError::not_found("draft for appeal", reference.to_string()))?;
        Ok(Excepted { draft, carries_on: base.draft.map(|row| SopRow { document: String::new(), ..row }) })
    }
}

/// A draft with the exception that an appeal was granted.
#[derive(Clone, Debug)]
pub struct Excepted {
    /// The draft, for a person to approve who wrote nothing of it.
    pub draft: SopRow,
    /// The draft that waited and is in it, word for word; it is no draft of its own any more.
    pub carries_on: Option<SopRow>,
}

/// The newest text of a SOP, and the revision under which it goes on.
struct Base {
    id: i64,
    document: String,
    revision: i64,
    /// Where the text is a draft's.
    draft: Option<SopRow>,
}

/// What exceptions are added to: the draft that waits, else what is approved, else what is in force.
async fn newest(tx: &mut Tx, in_force: SopRow) -> Result<Base, OfficeError> {
    let same = |row: &SopRow| row.layer == in_force.layer && row.number == in_force.number;
    let drafts = tx.sops_in(SopState::Draft).await?;
    let draft = drafts.into_iter().filter(same).max_by_key(|row| (row.revision, row.id));
    let approved = tx.sops_in(SopState::Approved).await?;
    let approved = approved.into_iter().filter(same).max_by_key(|row| (row.revision, row.id));
    let next = approved.iter().chain([&in_force]).map(|row| row.revision).max().unwrap_or_default().saturating_add(1);
    let revision = draft.as_ref().map_or(next, |row| row.revision.max(next));
    let text = draft.as_ref().or(approved.as_ref()).unwrap_or(&in_force);
    Ok(Base { id: text.id, document: text.document.clone(), revision, draft })
}

/// An `[[exception]]` for what an appeal is about.
fn exception(appeal: &AppealRow, clause: &str, until: Date, who: &Actor) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let targets = if appeal.subject.parse::<std::net::IpAddr>().is_ok() { "addresses" } else { "names" };
    let reference =
        appeal.reference.parse::<Reference>().map_or_else(|_| appeal.reference.clone(), |it| it.to_string());
    let reason = if who.reason.trim().is_empty() {
        format!("Peninjauan {reference} diterima")
    } else {
        format!("Peninjauan {reference}: {}", who.reason.trim())
    };
    format!(
        "\n[[exception]]\nof = [{}]\n{targets} = [{}]\nreason = {}\nauthor = {}\nuntil = {until}\n",
        quoted(clause),
        quoted(&appeal.subject),
        quoted(&reason),
        quoted(&who.name),
    )
}

/// The SOP's text under another revision, with an exception at its end; everything else stays byte for byte.
fn with_exception(base: &Base, exception: &str) -> Result<String, OfficeError> {
    let damaged = || OfficeError::damaged(format!("SOP {}", base.id))("its revision is not where it was".into());
    let document = DeTable::parse(&base.document).map_err(|_| damaged())?;
    let span = document.get_ref().get("revision").map(toml::Spanned::span).ok_or_else(damaged)?;
    let (before, after) = base.document.get(..span.start).zip(base.document.get(span.end..)).ok_or_else(damaged)?;
    Ok(format!("{before}{}{}\n{exception}", base.revision, after.trim_end()))
}
