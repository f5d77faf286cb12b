//! Appeals of citizens: taken from gateways, decided by staff, answered through the bundle, erased in time.

use gapura_model::{Reference, SiteId};
use gapura_rules::sop::{Asked, Sop};
use gapura_store::{AppealRow, Tx, millis, timestamp};
use gapura_wire::{Appeal, AppealAnswer, AppealVerdict, Appeals, AppealsAck, RefusedAppeal, limits};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::enrol::Member;
use super::publish::Scope;
use super::request_at::At;
use super::site::parse_site;
use super::sop::begun_everywhere;
use super::{Actor, Change, Excepted, Office, OfficeError, Published};
use crate::retention::Kind;
use crate::why::why;

/// Appeals of one gateway in 24 hours; further ones wait at the gateway.
const A_DAY: i64 = 200;

/// A gateway with more of them asks again after so many seconds.
const RETRY_SECONDS: u32 = 3600;

/// Answers stand in bundles, and what citizens wrote stays, for so long after a decision.
const ANSWERED: SignedDuration = SignedDuration::from_hours(24 * 90);

/// What staff decide about an appeal.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Accepted or rejected.
    pub accept: bool,
    /// The answer in words for the citizen.
    pub words: String,
    /// The last day of the exception that is granted.
    pub until: Option<Date>,
}

/// What a decision led to.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The appeal as it stands now.
    pub appeal: AppealRow,
    /// The draft with the exception, for a second person to approve.
    pub draft: Option<Excepted>,
    /// Bundles with the answer.
    pub published: Vec<Published>,
}

impl Office {
    /// Keeps appeals of a gateway; the same one again is kept once.
    pub(crate) async fn take_appeals(&self, from: &Member, appeals: &Appeals) -> Result<AppealsAck, OfficeError> {
        let now = self.now();
        let day_ago = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
        let mut ack = AppealsAck::default();
        let mut tx = self.store.write().await?;
        let mut room = A_DAY - tx.appeals_since((&from.site, &from.gateway), day_ago).await?;
        for appeal in &appeals.appeals {
            if let Some(reason) = appeal.problem() {
                ack.refused.push(RefusedAppeal { reference: appeal.reference, reason: reason.to_owned() });
            } else if tx.knows_appeal(&from.site, appeal.reference.as_str()).await? {
                ack.stored.push(appeal.reference);
            } else if room > 0 {
                room -= 1;
                tx.add_appeal(&row(from, appeal, now)).await?;
                self.add_appeal_request(&mut tx, from, appeal).await?;
                ack.stored.push(appeal.reference);
            } else {
                ack.retry_seconds = Some(RETRY_SECONDS);
            }
        }
        tx.commit().await?;
        if ack.retry_seconds.is_some() {
            tracing::warn!(gateway = %from.gateway, a_day = A_DAY, "more appeals than one gateway may send in a day; the rest wait there");
        }
        Ok(ack)
    }

    /// Appeals in the order in which they came; of one site, or only those that wait.
    pub async fn appeals(&self, site: Option<&SiteId>, waiting: bool) -> Result<Vec<AppealRow>, OfficeError> {
        Ok(self.store.read().await?.appeals(site, waiting).await?)
    }

    /// One appeal.
    pub async fn appeal(&self, at: At<'_>, reference: &Reference) -> Result<AppealRow, OfficeError> {
        appeal_in(&mut self.store.read().await?, at, reference).await
    }

    /// Decides an appeal, once, and publishes the answer to its site; with a day for an exception, a draft of the SOP with it.
    pub async fn decide_appeal(
        &self,
        at: At<'_>,
        reference: &Reference,
        decision: &Decision,
        who: &Actor,
    ) -> Result<Decided, OfficeError> {
        let words = decision.words.trim();
        if words.is_empty() || words.chars().count() > limits::WHY_CHARS {
            return Err(OfficeError::Refused(
                why!("appeal-words", most = limits::WHY_CHARS).flag("--reason TEXT, or --words TEXT for the citizen"),
            ));
        }
        let mut tx = self.store.write().await?;
        let before = appeal_in(&mut tx, at, reference).await?;
        let verdict = if decision.accept { "accepted" } else { "rejected" };
        let decided = AppealRow {
            verdict: Some(verdict.to_owned()),
            words: words.to_owned(),
            decided_by: Some(who.name.clone()),
            decided: Some(millis(self.now())),
            until: decision.until.map(|day| day.to_string()),
            ..before
        };
        if !tx.decide_appeal(&decided).await? {
            return Err(OfficeError::Refused(why!("appeal-decided", reference = reference.to_string())));
        }
        let draft = match decision.until {
            Some(until) => Some(self.draft_exception(&mut tx, (reference, &decided), until, who).await?),
            None => None,
        };
        let site = parse_site(&decided.site)?;
        self.settle_appeal(&mut tx, (&site, reference), (verdict, words), who).await?;
        let object = format!("appeal/{reference}");
        self.note(&mut tx, who, Change { action: "appeal-decide", object, before: "", after: verdict }).await?;
        let published = self.publish_in(&mut tx, Scope::Site(&site)).await?;
        tx.commit().await?;
        Ok(Decided { appeal: decided, draft, published })
    }

    /// Erases what citizens wrote long ago, what is over of staff, old reports of drafts, old totals and codes of vouchers that are
    /// over; how many appeals and requests that touched.
    pub(crate) async fn forget_old(&self) -> Result<u64, OfficeError> {
        let before = |age| self.now().checked_sub(age).unwrap_or(Timestamp::MIN);
        let due = |kind| self.config.retention.before(kind, self.now());
        let mut tx = self.store.write().await?;
        let erased = tx.erase_appeals(due(Kind::Contacts), due(Kind::Words), due(Kind::Unanswered)).await?;
        let requests = tx.erase_requests(due(Kind::Contacts), due(Kind::Words), due(Kind::Unanswered)).await?;
        let erased = erased + requests;
        self.note_destroyed(&mut tx, Kind::Words, erased).await?;
        self.forget_staff(&mut tx).await?;
        let rows = tx.prune_trials(due(Kind::Trials)).await?;
        self.note_destroyed(&mut tx, Kind::Trials, rows).await?;
        let rows = tx.prune_counts(due(Kind::Counts)).await?;
        self.note_destroyed(&mut tx, Kind::Counts, rows).await?;
        let rows = tx.prune_balances(due(Kind::Balances)).await?;
        self.note_destroyed(&mut tx, Kind::Balances, rows).await?;
        tx.erase_codes(self.now(), before(super::print::KEPT)).await?;
        tx.prune_bundles(before(super::publish::KEPT)).await?;
        self.forget_states(&mut tx).await?;
        let rows = tx.forget_desk(due(Kind::Desk), before(super::desk::VIEW_KEPT)).await?;
        self.note_destroyed(&mut tx, Kind::Desk, rows).await?;
        tx.forget_forms(before(super::print::FORM_KEPT)).await?;
        self.forget_alerts(&mut tx).await?;
        self.forget_screens(&mut tx).await?;
        self.forget_lookups(&mut tx).await?;
        tx.commit().await?;
        Ok(erased)
    }

    /// Answers given since then stand in bundles.
    pub(super) fn answered_since(&self) -> Timestamp {
        self.now().checked_sub(ANSWERED).unwrap_or(Timestamp::MIN)
    }

    /// A site's answers of the last 90 days; `sops` are those published for it.
    pub(super) async fn answers(
        &self,
        tx: &mut Tx,
        site: &SiteId,
        sops: &[&Sop],
    ) -> Result<Vec<AppealAnswer>, OfficeError> {
        let today = begun_everywhere(self.now());
        let rows = tx.appeals_decided(site, self.answered_since()).await?.into_iter();
        rows.map(|row| {
            let in_force = is_in_force(&row, sops, today);
            Ok(AppealAnswer { in_force, ..answer(row)? })
        })
        .collect()
    }
}

async fn appeal_in(tx: &mut Tx, at: At<'_>, reference: &Reference) -> Result<AppealRow, OfficeError> {
    let found = tx.appeals_under(reference.as_str()).await?;
    at.only(found, |row| (&row.site, "")).ok_or_else(|| OfficeError::not_found("appeal", reference.to_string()))
}

/// Whether the exception that was granted stands in the revision that holds; none where nothing was granted.
fn is_in_force(row: &AppealRow, sops: &[&Sop], today: Date) -> Option<bool> {
    row.verdict.as_deref().filter(|verdict| *verdict == "accepted")?;
    let address = row.subject.parse().map(Asked::Address);
    let asked = address.ok().or_else(|| row.subject.parse().map(Asked::Name).ok());
    let number = row.sop.as_deref();
    let begun = sops.iter().filter(|sop| Some(sop.number()) == number && sop.effective_from() <= today);
    let holds = begun.max_by_key(|sop| sop.revision());
    let lifted = asked.zip(row.clause.as_deref()).zip(holds).is_some_and(|((asked, clause), sop)| {
        sop.exceptions().iter().any(|exception| exception.lifts(clause, &asked, today))
    });
    Some(lifted)
}

fn answer(row: AppealRow) -> Result<AppealAnswer, OfficeError> {
    let damaged = || OfficeError::damaged("an appeal")("its number, decision or day is not what was written".into());
    let verdict = match row.verdict.as_deref() {
        Some("accepted") => AppealVerdict::Accepted,
        Some("rejected") => AppealVerdict::Rejected,
        _ => return Err(damaged()),
    };
    Ok(AppealAnswer {
        reference: row.reference.parse().map_err(|_| damaged())?,
        subject: row.subject,
        filed: timestamp(row.made),
        verdict,
        words: row.words,
        decided: row.decided.map(timestamp).ok_or_else(damaged)?,
        until: row.until.map(|day| day.parse().map_err(|_| damaged())).transpose()?,
        in_force: None,
    })
}

fn row(from: &Member, appeal: &Appeal, now: Timestamp) -> AppealRow {
    AppealRow {
        site: from.site.as_str().to_owned(),
        reference: appeal.reference.as_str().to_owned(),
        gateway: from.gateway.as_str().to_owned(),
        subject: appeal.subject.trim().to_owned(),
        why: appeal.why.trim().to_owned(),
        contact: appeal.contact.as_ref().map(|contact| contact.expose().to_owned()),
        sop: appeal.clause.as_ref().map(|clause| clause.sop.clone()),
        sop_revision: appeal.clause.as_ref().map(|clause| i64::from(clause.revision)),
        clause: appeal.clause.as_ref().map(|clause| clause.clause.clone()),
        explanation: appeal.explanation.clone(),
        made: millis(appeal.at),
        received: millis(now),
        verdict: None,
        words: String::new(),
        decided_by: None,
        decided: None,
        until: None,
    }
}
