//! Destroying what has had its time, with a record of each run, and holding it back while a case runs.

use std::collections::{BTreeMap, BTreeSet};

use gapura_store::{DestructionRow, HoldRow, Month, Tx, millis, timestamp};
use jiff::Timestamp;
use serde::Serialize;

use super::network::documents_in;
use super::{Actor, Change, Office, OfficeError, REASON};
use crate::report::Month as LocalMonth;
use crate::retention::Kind;
use crate::why::why;

/// What the controller does by itself is done by nobody.
pub(super) const ITSELF: &str = "gapura";
/// The longest texts of a hold.
pub const CASE_CHARS: usize = 80;
/// The longest reason of a hold or a look-up.
pub const REASON_CHARS: usize = 500;
/// Months in one hold.
const HOLD_MONTHS: usize = 24;
/// A hold that nobody agrees to ends after so many days.
const HOLD_ASKED: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 7);
/// Nothing younger is ever destroyed by month, whatever the configuration says now or said before: the least of its bounds.
const FEWEST_DAYS: i64 = 30;
/// Reports are made of the running month and of twelve before it.
const REPORTED_BACK: usize = 13;
/// What a controller that was restored holds all months for: the case, and why.
const AFTER_RESTORE: (&str, &str) = (
    "Pemulihan cadangan",
    "Cadangan dipulihkan; penahanan yang diminta sesudah cadangan itu dibuat tidak ada di dalamnya. Periksa surat perkara, \
     minta lagi penahanannya, lalu tolak yang ini.",
);
/// 02.00 WITA, UTC.
const NIGHT: i8 = 18;
/// Records and holds on a page.
const SHOWN: u32 = 50;

/// A kind of record, and how it stands.
#[derive(Clone, Debug, Serialize)]
pub struct KindStands {
    /// The kind.
    pub kind: Kind,
    /// For how many days it is kept; none = never destroyed.
    pub days: Option<u16>,
    /// What was destroyed of it last.
    pub last: Option<Destruction>,
    /// By month: the oldest month there is, and when it is due.
    pub oldest: Option<(String, Timestamp)>,
    /// By month: why the oldest month stays although it is due: the case it is held for.
    pub held: Option<String>,
}

/// What was destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Destruction {
    /// Its number.
    pub id: i64,
    /// The kind; none for one that this version does not know.
    pub kind: Option<Kind>,
    /// From (included, UTC).
    pub from: Timestamp,
    /// Until (excluded, UTC).
    pub until: Timestamp,
    /// How many days the kind was kept.
    pub days: i64,
    /// How many records.
    pub records: u64,
    /// Regencies whose pseudonym key of the month was destroyed.
    pub epoch_keys: Vec<String>,
    /// Who had it done.
    pub staff: String,
    /// When it began (UTC).
    pub began: Timestamp,
    /// When it was over (UTC); none while it goes on.
    pub finished: Option<Timestamp>,
    /// The line of the audit log.
    pub line: Option<i64>,
}

/// A hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Its number.
    pub id: i64,
    /// The case.
    pub case_number: String,
    /// The first month.
    pub first: String,
    /// The last month.
    pub last: String,
    /// Why.
    pub reason: String,
    /// How far it is.
    pub state: HoldState,
    /// Who asked, and when.
    pub asked: (String, Timestamp),
    /// Who agreed or refused, and when.
    pub agreed: Option<(String, Timestamp)>,
    /// Who asked for its end, and why.
    pub lift: Option<(String, String)>,
    /// Who ended it, and when.
    pub ended: Option<(String, Timestamp)>,
}

/// How far a hold is. From the first moment on nothing is destroyed: what is gone cannot be agreed about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldState {
    /// A second person has to agree within a week.
    Asked,
    /// In force.
    Held,
    /// Somebody wants it ended; a second person has to agree.
    Lifting,
    /// Over.
    Lifted,
    /// Not agreed to.
    Refused,
}

impl HoldState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Held => "held",
            Self::Lifting => "lifting",
            Self::Lifted => "lifted",
            Self::Refused => "refused",
        }
    }

    fn of(text: &str) -> Option<Self> {
        [Self::Asked, Self::Held, Self::Lifting, Self::Lifted, Self::Refused]
            .into_iter()
            .find(|one| one.as_str() == text)
    }
}

/// What somebody wants held.
#[derive(Clone, Debug, Default)]
pub struct HoldOrder {
    /// The case.
    pub case_number: String,
    /// The first month, `2026-08`.
    pub first: String,
    /// The last month.
    pub last: String,
}

/// What a second person does with a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldStep {
    /// Agrees to it.
    Agree,
    /// Does not.
    Refuse,
    /// Asks for its end.
    AskLift,
    /// Agrees to its end.
    Lift,
    /// Does not: it holds on.
    Keep,
}

/// What is destroyed, and when: what has been, what stands, what is held.
#[derive(Clone, Debug, Serialize)]
pub struct RetentionStands {
    /// By kind.
    pub kinds: Vec<KindStands>,
    /// The last destructions, the newest first.
    pub destructions: Vec<Destruction>,
    /// The last holds, the newest first.
    pub holds: Vec<Hold>,
}

impl Office {
    /// How records stand.
    pub async fn retention(&self) -> Result<RetentionStands, OfficeError> {
        let mut tx = self.store.read().await?;
        let last = tx.last_destructions().await?;
        let standing = tx.standing_holds().await?;
        let mut kinds = Vec::new();
        for kind in Kind::ALL {
            let oldest = match kind.monthly() {
                Some(table) => tx.oldest_month(table).await?,
                None => None,
            };
            let due = oldest.and_then(|month| Some((month.to_string(), self.config.retention.due(kind, month)?)));
            kinds.push(KindStands {
                kind,
                days: self.config.retention.days(kind),
                last: last.iter().find(|row| row.kind == kind.as_str()).cloned().map(destruction),
                held: oldest.and_then(|month| held_for(&standing, month)).map(str::to_owned),
                oldest: due,
            });
        }
        let destructions = tx.destructions(i64::MAX, SHOWN).await?.into_iter().map(destruction).collect();
        let holds = tx.holds(SHOWN).await?.into_iter().map(hold).collect::<Result<_, _>>()?;
        Ok(RetentionStands { kinds, destructions, holds })
    }

    /// One record of a destruction.
    pub async fn destruction(&self, id: i64) -> Result<Destruction, OfficeError> {
        let row = self.store.read().await?.destruction(id).await?;
        row.map(destruction).ok_or_else(|| OfficeError::not_found("destruction", id.to_string()))
    }

    /// Makes the months that are to come, and destroys those that are due, each in steps that keep nobody waiting; what was
    /// destroyed.
    pub async fn run_retention(&self, who: &Actor) -> Result<Vec<Destruction>, OfficeError> {
        // Each in a turn of its own: where rows of a restored backup are moved, others write between.
        let mut made = 0;
        loop {
            let mut tx = self.store.write().await?;
            let some = tx.make_months(self.now()).await?;
            tx.commit().await?;
            if some == 0 {
                break;
            }
            made += some;
        }
        let mut tx = self.store.write().await?;
        self.end_old_holds(&mut tx).await?;
        self.close_records(&mut tx).await?;
        // What looks through whole tables is done at one hour of the night, WITA.
        if self.now().to_zoned(jiff::tz::TimeZone::UTC).hour() == NIGHT {
            let rows = tx.prune_batches(self.config.retention.before(Kind::Batches, self.now())).await?;
            self.note_destroyed(&mut tx, Kind::Batches, rows).await?;
            // Nobody can say to which month these belong, so any case holds them.
            if tx.standing_holds().await?.is_empty() {
                let rows =
                    tx.destroy_unset(self.config.retention.before(Kind::Undated, self.now()), self.now()).await?;
                self.note_destroyed(&mut tx, Kind::Undated, rows).await?;
                let rows = tx.prune_unread(self.config.retention.before(Kind::Unread, self.now())).await?;
                self.note_destroyed(&mut tx, Kind::Unread, rows).await?;
            }
        }
        tx.commit().await?;
        if made > 0 {
            tracing::info!(made, "tables of months were made");
        }
        let mut destroyed = Vec::new();
        for kind in Kind::ALL {
            let Some(table) = kind.monthly() else { continue };
            let mut tx = self.store.read().await?;
            let mut oldest = tx.oldest_month(table).await?;
            if kind == Kind::Visits {
                // Keys also of months in which nobody came.
                let key = tx.oldest_epoch().await?.and_then(|epoch| epoch.parse::<Month>().ok());
                oldest = oldest.into_iter().chain(key).min();
            }
            drop(tx);
            let mut next = oldest;
            while let Some(month) = next.filter(|month| self.config.retention.is_due(kind, *month, self.now())) {
                destroyed.extend(self.destroy_month(kind, month, who).await?);
                next = Some(month.next());
            }
        }
        self.scrub_keys().await?;
        if self.now().to_zoned(jiff::tz::TimeZone::UTC).hour() == NIGHT {
            self.store.analyze().await?;
        }
        Ok(destroyed)
    }

    /// Has written over where destroyed keys stood, also those of a run before that was interrupted or met a reader.
    async fn scrub_keys(&self) -> Result<(), OfficeError> {
        let upto = self.store.read().await?.unscrubbed().await?;
        if upto == 0 {
            return Ok(());
        }
        if !self.store.scrub().await? {
            tracing::warn!("where destroyed keys stood is still being read; it is written over within the hour");
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        tx.scrubbed(upto, self.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Whether a month may be destroyed: old enough, not held for a case, and counted by the reports of its sites.
    async fn may_destroy(&self, tx: &mut Tx, kind: Kind, month: Month) -> Result<bool, OfficeError> {
        let held = held_for(&tx.standing_holds().await?, month).is_some();
        Ok(!held && self.config.retention.is_due(kind, month, self.now()) && self.is_reported(tx, month).await?)
    }

    /// Whether every site where somebody came in a month (UTC) has closed its reports of the months of its own zone that overlap it:
    /// what is destroyed can be counted by none. A month that is too old for a report waits for none.
    async fn is_reported(&self, tx: &mut Tx, month: Month) -> Result<bool, OfficeError> {
        let (from, until) = month.span();
        let mut zones: BTreeMap<String, (jiff::tz::TimeZone, BTreeSet<String>)> = BTreeMap::new();
        for (site, document) in documents_in(tx).await? {
            let zone = document.hours.zone();
            let of = zones.entry(zone.name().to_owned()).or_insert_with(|| (zone.tz().clone(), BTreeSet::new()));
            of.1.insert(site);
        }
        for (zone, sites) in zones.into_values() {
            let local = |at: Timestamp| LocalMonth::of(at.to_zoned(zone.clone()).date());
            let reported = std::iter::successors(Some(local(self.now())), |month| month.before()).take(REPORTED_BACK);
            let reported: Vec<LocalMonth> = reported.collect();
            let ends = local(until.checked_sub(jiff::SignedDuration::from_millis(1)).unwrap_or(until));
            for one in BTreeSet::from([local(from), ends]) {
                let (Some(span), true) = (one.span(&zone), reported.contains(&one)) else { continue };
                let used = tx.sites_used((span.0.max(from), span.1.min(until))).await?;
                let closed: BTreeSet<String> = tx.sites_closed(&one.to_string()).await?.into_iter().collect();
                if let Some(site) = used.iter().find(|site| sites.contains(*site) && !closed.contains(*site)) {
                    tracing::warn!(%month, site, report = %one, "a month is not destroyed before its report is closed");
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Whether a month's key may be destroyed: a router names a visit by the key it has when it tells, so those of a held month may
    /// be under the key of the month before or after.
    async fn may_destroy_key(&self, tx: &mut Tx, month: Month) -> Result<bool, OfficeError> {
        let standing = tx.standing_holds().await?;
        let beside = |hold: &HoldRow| {
            let month_of = |text: &str| text.parse::<Month>().ok();
            month_of(&hold.first_month).is_some_and(|first| month.next() == first)
                || month_of(&hold.last_month).is_some_and(|last| last.next() == month)
        };
        Ok(held_for(&standing, month).is_none() && !standing.iter().any(beside))
    }

    /// Destroys a month, or goes on where a run before was interrupted; none where there is nothing to destroy.
    async fn destroy_month(&self, kind: Kind, month: Month, who: &Actor) -> Result<Option<Destruction>, OfficeError> {
        let Some(table) = kind.monthly() else { return Ok(None) };
        loop {
            let mut tx = self.store.write().await?;
            if !self.may_destroy(&mut tx, kind, month).await? {
                return Ok(None);
            }
            let known = tx.destruction_of(kind.as_str(), month.span()).await?;
            let step = tx.destroy_month(table, month).await?;
            let rows = i64::try_from(step.rows).unwrap_or(i64::MAX);
            let keys = if kind == Kind::Visits && self.may_destroy_key(&mut tx, month).await? {
                tx.destroy_epoch_keys(&month.to_string()).await?
            } else {
                Vec::new()
            };
            let id = match &known {
                // A month without rows leaves no record, and no table either.
                Some(row) if row.finished.is_some() && rows == 0 && keys.is_empty() => {
                    tx.commit().await?;
                    return Ok(None);
                }
                None if rows == 0 && keys.is_empty() => {
                    tx.commit().await?;
                    return Ok(None);
                }
                Some(row) => {
                    if !keys.is_empty() {
                        tx.more_keys_destroyed(row.id, &keys.join(", ")).await?;
                    }
                    row.id
                }
                None => {
                    let (from, until) = month.span();
                    let row = DestructionRow {
                        id: 0,
                        kind: kind.as_str().to_owned(),
                        span_from: millis(from),
                        span_until: millis(until),
                        days: self.config.retention.days(kind).map_or(0, i64::from),
                        records: 0,
                        epoch_keys: keys.join(", "),
                        staff: who.name.clone(),
                        began: millis(self.now()),
                        finished: None,
                        line: None,
                    };
                    tx.add_destruction(&row).await?
                }
            };
            tx.more_destroyed(id, rows, step.done.then(|| self.now()), None).await?;
            if step.done {
                self.close_record(&mut tx, id, who).await?;
            }
            let row = tx.destruction(id).await?;
            tx.commit().await?;
            if step.done {
                let done = row.map(destruction);
                if let Some(done) = &done {
                    tracing::info!(kind = kind.as_str(), %month, records = done.records, "a month was destroyed");
                }
                return Ok(done);
            }
        }
    }

    /// Closes a record with a line of the audit log, which chains it.
    async fn close_record(&self, tx: &mut Tx, id: i64, who: &Actor) -> Result<(), OfficeError> {
        let Some(row) = tx.destruction(id).await? else { return Ok(()) };
        let after = serde_json::json!({
            "kind": row.kind, "from": timestamp(row.span_from), "until": timestamp(row.span_until), "days": row.days,
            "records": row.records, "epoch_keys": row.epoch_keys,
        });
        let (object, after) = (format!("destruction/{id}"), after.to_string());
        self.note(tx, who, Change { action: "records-destroyed", object, before: "", after: &after }).await?;
        let line = tx.audit_head().await?.map_or(0, |(number, _)| number);
        Ok(tx.more_destroyed(id, 0, Some(self.now()), Some(line)).await?)
    }

    /// Notes what of a kind came due today and was destroyed, together for the day.
    pub(super) async fn note_destroyed(&self, tx: &mut Tx, kind: Kind, rows: u64) -> Result<(), OfficeError> {
        if rows == 0 {
            return Ok(());
        }
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let day = self.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let start =
            |day: jiff::civil::Date| day.to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp::MIN, |at| at.timestamp());
        let (from, until) = (start(day), start(day.tomorrow().unwrap_or(day)));
        if let Some(known) = tx.destruction_of(kind.as_str(), (from, until)).await? {
            return Ok(tx.more_destroyed(known.id, rows, Some(self.now()), known.line).await?);
        }
        let row = DestructionRow {
            id: 0,
            kind: kind.as_str().to_owned(),
            span_from: millis(from),
            span_until: millis(until),
            days: self.config.retention.days(kind).map_or(0, i64::from),
            records: rows,
            epoch_keys: String::new(),
            staff: ITSELF.to_owned(),
            began: millis(self.now()),
            finished: Some(millis(self.now())),
            line: None,
        };
        tx.add_destruction(&row).await.map(drop)?;
        Ok(())
    }

    /// Chains the records of days that are over.
    async fn close_records(&self, tx: &mut Tx) -> Result<(), OfficeError> {
        let itself = Actor { name: ITSELF.to_owned(), reason: String::new() };
        let over = |row: &DestructionRow| row.finished.is_some() && row.span_until <= millis(self.now());
        for row in tx.open_destructions().await?.iter().filter(|row| over(row)) {
            self.close_record(tx, row.id, &itself).await?;
        }
        Ok(())
    }

    /// Whether what began then may have been destroyed: the database need not be asked about what is younger.
    pub(super) fn can_be_destroyed(&self, kind: Kind, started: i64) -> bool {
        let (first, _) = Month::FIRST.span();
        started >= millis(first)
            && started < millis(self.now()) - 24 * 3_600_000 * FEWEST_DAYS
            && kind.monthly().is_some()
    }

    /// Whether what began then is of a month that has had its time.
    pub(super) fn is_due(&self, kind: Kind, started: i64) -> bool {
        Month::of(timestamp(started)).is_some_and(|month| self.config.retention.is_due(kind, month, self.now()))
    }

    /// Months that were destroyed, or are being destroyed: from, until (ms).
    pub(super) async fn destroyed_months(&self, tx: &mut Tx, kind: Kind) -> Result<Vec<(i64, i64)>, OfficeError> {
        let rows = tx.destroyed_since(kind.as_str(), 0).await?;
        Ok(rows.into_iter().map(|row| (row.span_from, row.span_until)).collect())
    }

    /// Holds months back for a case. It holds at once; a second person has to agree within a week.
    pub async fn ask_hold(&self, order: &HoldOrder, who: &Actor) -> Result<i64, OfficeError> {
        let mut wrong = Vec::new();
        let case = order.case_number.trim();
        if case.is_empty() || case.chars().count() > CASE_CHARS || case.contains(char::is_control) {
            wrong.push(why!("text-length", most = CASE_CHARS).at("case"));
        }
        let (first, last) = (order.first.trim().parse::<Month>(), order.last.trim().parse::<Month>());
        for (month, at) in [(&first, "first"), (&last, "last")] {
            if month.is_err() {
                wrong.push(why!("hold-month").at(at));
            }
        }
        if let (Ok(first), Ok(last)) = (first, last) {
            let months = std::iter::successors(Some(first), |month| Some(month.next()));
            let months = months.take(HOLD_MONTHS + 1).take_while(|month| *month <= last).count();
            if !(1..=HOLD_MONTHS).contains(&months) {
                wrong.push(why!("hold-months", most = HOLD_MONTHS).at("last"));
            }
        }
        if who.reason.trim().is_empty() || who.reason.chars().count() > REASON_CHARS {
            wrong.push(why!("text-length", most = REASON_CHARS).at("reason"));
        }
        let (Ok(first), Ok(last), true) = (first, last, wrong.is_empty()) else {
            return Err(OfficeError::Mistakes(wrong));
        };
        let row = self.hold_asked(case, (first, last), who);
        let mut tx = self.store.write().await?;
        let id = tx.put_hold(&row).await?;
        let after = format!("{case}: {first} - {last}");
        self.note(&mut tx, who, Change { action: "hold-ask", object: format!("hold/{id}"), before: "", after: &after })
            .await?;
        tx.commit().await?;
        Ok(id)
    }

    fn hold_asked(&self, case: &str, (first, last): (Month, Month), who: &Actor) -> HoldRow {
        HoldRow {
            id: 0,
            case_number: case.to_owned(),
            first_month: first.to_string(),
            last_month: last.to_string(),
            reason: who.reason.trim().to_owned(),
            state: HoldState::Asked.as_str().to_owned(),
            asked_by: who.name.clone(),
            asked: millis(self.now()),
            agreed_by: None,
            agreed: None,
            lift_by: None,
            lift_reason: String::new(),
            lifted_by: None,
            ended: None,
        }
    }

    /// Holds all months for a week after a backup was restored, unless a person ends that before: a hold that was asked for after
    /// the backup is not in it.
    pub(super) async fn hold_after_restore(&self, tx: &mut Tx) -> Result<(), OfficeError> {
        let itself = Actor { name: ITSELF.to_owned(), reason: AFTER_RESTORE.1.to_owned() };
        let last = Month::of(self.now()).unwrap_or(Month::FIRST);
        let row = self.hold_asked(AFTER_RESTORE.0, (Month::FIRST, last), &itself);
        let object = format!("hold/{}", tx.put_hold(&row).await?);
        let after = format!("{}: {} - {last}", row.case_number, row.first_month);
        self.note(tx, &itself, Change { action: "hold-ask", object, before: "", after: &after }).await
    }

    /// A step of a hold; those that agree are another person's than who asked.
    pub async fn step_hold(&self, id: i64, step: HoldStep, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let row = tx.hold(id).await?.ok_or_else(|| OfficeError::not_found("hold", id.to_string()))?;
        let state = HoldState::of(&row.state).ok_or_else(|| damaged_hold(id))?;
        let (needs, becomes, action) = match step {
            HoldStep::Agree => (HoldState::Asked, HoldState::Held, "hold-agree"),
            HoldStep::Refuse => (HoldState::Asked, HoldState::Refused, "hold-refuse"),
            HoldStep::AskLift => (HoldState::Held, HoldState::Lifting, "hold-ask-lift"),
            HoldStep::Lift => (HoldState::Lifting, HoldState::Lifted, "hold-lift"),
            HoldStep::Keep => (HoldState::Lifting, HoldState::Held, "hold-keep"),
        };
        if state != needs {
            return Err(OfficeError::Refused(why!("hold-state", number = &row.case_number)));
        }
        let asked_by = match step {
            HoldStep::Agree => Some(row.asked_by.as_str()),
            HoldStep::Lift => row.lift_by.as_deref(),
            HoldStep::Refuse | HoldStep::AskLift | HoldStep::Keep => None,
        };
        if asked_by == Some(&who.name) {
            return Err(OfficeError::Refused(why!("hold-second", staff = &who.name)));
        }
        if matches!(step, HoldStep::AskLift | HoldStep::Refuse) && who.reason.trim().is_empty() {
            return Err(OfficeError::Refused(why!("hold-reason").flag(REASON)));
        }
        let (me, now) = (Some(who.name.clone()), Some(millis(self.now())));
        let before = row.state.clone();
        let mut row = HoldRow { state: becomes.as_str().to_owned(), ..row };
        match step {
            HoldStep::Agree => (row.agreed_by, row.agreed) = (me, now),
            HoldStep::Refuse => (row.agreed_by, row.agreed, row.ended) = (me, now, now),
            HoldStep::AskLift => (row.lift_by, row.lift_reason) = (me, who.reason.trim().to_owned()),
            HoldStep::Lift => (row.lifted_by, row.ended) = (me, now),
            HoldStep::Keep => (row.lift_by, row.lift_reason) = (None, String::new()),
        }
        tx.put_hold(&row).await?;
        let object = format!("hold/{id}");
        self.note(&mut tx, who, Change { action, object, before: &before, after: becomes.as_str() }).await?;
        Ok(tx.commit().await?)
    }

    /// Holds that nobody agreed to in a week end.
    async fn end_old_holds(&self, tx: &mut Tx) -> Result<(), OfficeError> {
        let itself = Actor { name: ITSELF.to_owned(), reason: String::new() };
        let before = millis(self.now().checked_sub(HOLD_ASKED).unwrap_or(Timestamp::MIN));
        for row in tx.standing_holds().await? {
            if row.state == HoldState::Asked.as_str() && row.asked < before {
                let (object, now) = (format!("hold/{}", row.id), Some(millis(self.now())));
                let state = HoldState::Refused.as_str();
                tx.put_hold(&HoldRow { state: state.to_owned(), ended: now, ..row }).await?;
                self.note(tx, &itself, Change { action: "hold-refuse", object, before: "asked", after: state }).await?;
            }
        }
        Ok(())
    }
}

/// The case a month is held for.
fn held_for(standing: &[HoldRow], month: Month) -> Option<&str> {
    // What cannot be read holds everything: better kept for too long than gone.
    let holds = |row: &&HoldRow| match (row.first_month.parse::<Month>(), row.last_month.parse::<Month>()) {
        (Ok(first), Ok(last)) => (first..=last).contains(&month),
        _ => true,
    };
    standing.iter().find(holds).map(|row| row.case_number.as_str())
}

fn destruction(row: DestructionRow) -> Destruction {
    let keys = row.epoch_keys.split(", ").filter(|name| !name.is_empty());
    Destruction {
        id: row.id,
        kind: Kind::of(&row.kind),
        from: timestamp(row.span_from),
        until: timestamp(row.span_until),
        days: row.days,
        records: u64::try_from(row.records).unwrap_or_default(),
        epoch_keys: keys.map(str::to_owned).collect(),
        staff: row.staff,
        began: timestamp(row.began),
        finished: row.finished.map(timestamp),
        line: row.line,
    }
}

fn damaged_hold(id: i64) -> OfficeError {
    OfficeError::damaged(format!("hold {id}"))("its state is not one".into())
}

fn hold(row: HoldRow) -> Result<Hold, OfficeError> {
    let pair =
        |name: Option<String>, at: Option<i64>| at.map(|at| (name.unwrap_or_else(|| ITSELF.to_owned()), timestamp(at)));
    Ok(Hold {
        state: HoldState::of(&row.state).ok_or_else(|| damaged_hold(row.id))?,
        id: row.id,
        case_number: row.case_number,
        first: row.first_month,
        last: row.last_month,
        reason: row.reason,
        asked: (row.asked_by, timestamp(row.asked)),
        agreed: pair(row.agreed_by.clone(), row.agreed),
        lift: row.lift_by.map(|by| (by, row.lift_reason)),
        ended: pair(row.lifted_by.or(row.agreed_by), row.ended),
    })
}
