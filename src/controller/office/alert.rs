//! Alerts: looked for, told, taken by somebody, sent.

use std::collections::{BTreeMap, BTreeSet};

use gapura_speech::Say;
use gapura_store::{AlertRow, MessageRow, Tx, millis, timestamp};
use jiff::{SignedDuration, Timestamp};

use super::network::gateways_in;
use super::rollout_view::stopped_rollouts;
use super::{Actor, Change, Office, OfficeError, read_json, write_json};
use crate::alert::bulletin::{Bulletin, Message, due, lang};
use crate::alert::machine::{Patience, State, next};
use crate::alert::picture::{Key, Picture, Wrong, wrongs};
use crate::alert::{AlertKind, post};
use crate::document::SiteDocument;
use crate::keys::random;
use crate::why::why;
use crate::words::say;

/// Something that is or was wrong in the fleet.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Alert {
    /// What `take` calls it.
    pub id: String,
    /// What kind of thing; none: one that this version does not know.
    pub kind: Option<AlertKind>,
    /// The site; empty = not of one site.
    pub site: String,
    /// The gateway or list; empty = the controller.
    pub object: String,
    /// More about it.
    pub detail: String,
    /// Since when it was so (UTC).
    pub since: Timestamp,
    /// When it was over (UTC).
    pub ended: Option<Timestamp>,
    /// When it was told last (UTC).
    pub told: Option<Timestamp>,
    /// Who takes care of it.
    pub taken_by: Option<String>,
    /// Since when (UTC).
    pub taken: Option<Timestamp>,
    /// What they said.
    pub words: String,
}

impl Alert {
    /// In words, without the place: "Diam sejak 18.52". `say` speaks the controller's words ([`crate::say`]).
    pub fn words(&self, say: &Say) -> String {
        self.kind.map_or_else(String::new, |kind| {
            say.words.t1(&format!("alert-{}", kind.id()), "since", crate::words::since(say, self.since))
        })
    }

    /// More about it, in words; empty where there is nothing.
    pub fn more(&self, say: &Say) -> String {
        crate::alert::detail::words(self.kind, &self.detail, say)
    }

    /// What can be done.
    pub fn advice(&self, say: &Say) -> String {
        self.kind.map_or_else(String::new, |kind| say.words.t(&format!("alert-{}-do", kind.id())))
    }
}

/// A message about alerts.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AlertMessage {
    /// `mail` or `webhook`.
    pub channel: String,
    /// What it is about.
    pub subject: String,
    /// When it was written (UTC).
    pub made: Timestamp,
    /// When it was taken (UTC).
    pub sent: Option<Timestamp>,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Why it was not taken, the last time.
    pub trouble: String,
}

/// Alerts that are over are remembered for a year, messages for 30 days.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 365);
const MESSAGES: SignedDuration = SignedDuration::from_hours(24 * 30);
/// A message that nobody took for so long is given up.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Sending a message takes no longer than so many seconds.
const SENDING: i64 = 180;
/// Between attempts: at first, and at most.
const RETRY: i64 = 30;
const RETRY_MOST: i64 = 3600;
/// Messages tried in one go.
const AT_ONCE: u32 = 20;

impl Office {
    /// Looks at the fleet: raises alerts and ends them, and puts what is to be told on its way. How many messages that were.
    pub(crate) async fn look_for_alerts(&self) -> Result<usize, OfficeError> {
        let now = self.now();
        let lists = if self.lists.fetched { self.list_status().await? } else { Vec::new() };
        let mut tx = self.store.write().await?;
        let gateways = gateways_in(&mut tx, now).await?;
        let open = tx.open_alerts().await?;
        let running = |row: &&AlertRow| row.ended.is_none();
        let keyed: BTreeMap<Key, &AlertRow> =
            open.iter().filter(running).filter_map(|row| Some((key_of(row)?, row))).collect();
        let raised: BTreeSet<Key> =
            keyed.iter().filter(|(_, row)| row.raised.is_some()).map(|(key, _)| key.clone()).collect();
        let first = gateways.iter().map(|one| one.made).min();
        let backup_due = self.backup_due(&mut tx, first).await?;
        let stopped = stopped_rollouts(&mut tx).await?;
        let picture = Picture { gateways: &gateways, lists: &lists, stopped: &stopped, backup_due, now };
        let wrong = wrongs(picture, &self.config.alerts, &raised);
        let wrong: BTreeMap<Key, Wrong> = wrong.into_iter().map(|one| ((one.kind, one.object.clone()), one)).collect();
        let keys: BTreeSet<&Key> = keyed.keys().chain(wrong.keys()).collect();
        for key in keys {
            self.step_alert(&mut tx, key, keyed.get(key).copied(), wrong.get(key)).await?;
        }
        let told = self.tell(&mut tx).await?;
        tx.commit().await?;
        Ok(told)
    }

    async fn step_alert(
        &self,
        tx: &mut Tx,
        (kind, object): &Key,
        row: Option<&AlertRow>,
        wrong: Option<&Wrong>,
    ) -> Result<(), OfficeError> {
        let now = self.now();
        let hold = wrong.map_or(SignedDuration::ZERO, |wrong| wrong.hold);
        let patience = Patience { hold, calm: kind.calm() };
        let state = next(row.map(state_of), wrong.map(|wrong| wrong.since), patience, now);
        let Some(state) = state else {
            if let Some(row) = row {
                tx.forget_alert(&row.id).await?;
            }
            return Ok(());
        };
        let mut changed = match (row, wrong) {
            (Some(row), _) => row.clone(),
            (None, Some(wrong)) => new_row(wrong, random::<6>()?),
            (None, None) => return Ok(()),
        };
        if let Some(wrong) = wrong {
            changed.detail = clip(&wrong.detail);
        }
        take_on(&mut changed, state);
        if row.is_some_and(|row| *row == changed) {
            return Ok(());
        }
        let was_raised = row.is_some_and(|row| row.raised.is_some());
        if changed.raised.is_some() && !was_raised {
            tracing::warn!(
                kind = kind.id(),
                object,
                site = changed.site,
                detail = changed.detail,
                "an alert was raised"
            );
        } else if changed.ended.is_some() {
            tracing::info!(kind = kind.id(), object, site = changed.site, "an alert is over");
        }
        Ok(tx.put_alert(&changed).await?)
    }

    /// Writes the messages that are due.
    async fn tell(&self, tx: &mut Tx) -> Result<usize, OfficeError> {
        let (now, settings) = (self.now(), &self.config.alerts);
        let window = SignedDuration::from_secs(settings.window_seconds.into());
        let remind = SignedDuration::from_hours(settings.remind_hours.into());
        let Some(bulletin) = due(&tx.open_alerts().await?, window, remind, now) else { return Ok(0) };
        let channels = self.channels();
        if !channels.is_empty() {
            let document = write_json(&self.worded(tx, &bulletin).await?, "a message")?;
            for channel in &channels {
                tx.add_message((&id_of(&random::<12>()?), channel), &document, now).await?;
            }
        }
        for row in bulletin.new.into_iter().chain(bulletin.still) {
            tx.put_alert(&AlertRow { told: Some(millis(now)), ..row }).await?;
        }
        for row in bulletin.over {
            let told = row.told.or(Some(millis(now)));
            tx.put_alert(&AlertRow { told, told_end: Some(millis(now)), ..row }).await?;
        }
        Ok(channels.len())
    }

    async fn worded(&self, tx: &mut Tx, bulletin: &Bulletin) -> Result<Message, OfficeError> {
        let mut names = BTreeMap::new();
        let mut zone = None;
        for row in tx.sites().await? {
            let site: SiteDocument = read_json(&row.document, format!("site {}", row.id))?;
            zone.get_or_insert_with(|| site.hours.zone().tz().clone());
            names.insert(row.id, site.name);
        }
        let name_of = |id: &str| names.get(id).cloned().unwrap_or_else(|| id.to_owned());
        let say = say(lang(&self.config.alerts.lang), zone.unwrap_or(jiff::tz::TimeZone::UTC), self.now());
        Ok(bulletin.message(&say, &self.config.controller.public_name, &name_of))
    }

    fn channels(&self) -> Vec<&'static str> {
        let (mail, webhook) = (self.config.mail.is_some(), self.config.webhook.is_some());
        [("mail", mail), ("webhook", webhook)].into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect()
    }

    /// From when on a new backup is missed: where none are scheduled and none was ever made by hand, never.
    async fn backup_due(&self, tx: &mut Tx, first: Option<Timestamp>) -> Result<Option<Timestamp>, OfficeError> {
        let last = tx.backups(1).await?.first().map(|row| timestamp(row.made));
        let patience = match &self.config.backup {
            Some(settings) => SignedDuration::from_hours(i64::from(settings.every_hours) * 2 + 1),
            None => SignedDuration::from_hours(24 * 8),
        };
        let from = last.or(first.filter(|_| self.config.backup.is_some()));
        Ok(from.and_then(|from| from.checked_add(patience).ok()))
    }

    /// Tries the messages that are due; how many were taken.
    pub(crate) async fn send_messages(&self) -> Result<usize, OfficeError> {
        let rows = self.store.read().await?.due_messages(self.now(), AT_ONCE).await?;
        let mut taken = 0;
        for row in rows {
            if !self.take_message(&row).await? {
                continue;
            }
            let trouble = match self.send(&row).await {
                Ok(()) => None,
                Err(error) => Some(clip(&gapura_model::with_causes(&error))),
            };
            let now = self.now();
            let mut tx = self.store.write().await?;
            match trouble {
                None => {
                    taken += 1;
                    tx.message_sent(&row.id, now, "").await?;
                }
                Some(trouble) if now.duration_since(timestamp(row.made)) > GIVEN_UP => {
                    tracing::error!(channel = row.channel, trouble, "a message about alerts is given up");
                    tx.message_sent(&row.id, now, &trouble).await?;
                }
                Some(trouble) => {
                    tracing::warn!(
                        channel = row.channel,
                        trouble,
                        "a message about alerts was not taken; trying again"
                    );
                    let doubled = u32::try_from(row.attempts.clamp(0, 10)).unwrap_or_default();
                    let wait = RETRY.saturating_mul(2_i64.pow(doubled)).min(RETRY_MOST);
                    let again = now.checked_add(SignedDuration::from_secs(wait)).unwrap_or(now);
                    tx.message_failed(&row.id, again, &trouble).await?;
                }
            }
            tx.commit().await?;
        }
        Ok(taken)
    }

    /// Whether this process is to send it: of several controllers one does. Where that one ends in the midst of it, another
    /// sends it later, under the same id.
    async fn take_message(&self, row: &MessageRow) -> Result<bool, OfficeError> {
        let now = self.now();
        let again = now.checked_add(SignedDuration::from_secs(SENDING)).unwrap_or(now);
        let mut tx = self.store.write().await?;
        let taken = tx.take_message(&row.id, now, again).await?;
        tx.commit().await?;
        Ok(taken)
    }

    async fn send(&self, row: &MessageRow) -> Result<(), OfficeError> {
        let message: Message = read_json(&row.document, "a message")?;
        match (row.channel.as_str(), &self.config.mail, &self.config.webhook) {
            ("mail", Some(mail), _) => {
                Ok(post::mail(mail, (&message, &row.id, &self.config.controller.public_name), &self.clock).await?)
            }
            ("webhook", _, Some(webhook)) => Ok(post::webhook(webhook, &message, &row.id, self.clock.clone()).await?),
            _ => Err(OfficeError::Refused(why!("alert-channel", channel = &row.channel))),
        }
    }

    /// Alerts that are not over, or were over in the last `days` days; the latest first.
    pub async fn alerts(&self, days: u16) -> Result<Vec<Alert>, OfficeError> {
        let over = self.now().checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
        let rows = self.store.read().await?.alerts(over, 1000).await?;
        Ok(rows.into_iter().map(alert).collect())
    }

    /// The latest messages.
    pub async fn alert_messages(&self) -> Result<Vec<AlertMessage>, OfficeError> {
        let rows = self.store.read().await?.messages(100).await?;
        let message = |row: MessageRow| {
            Ok(AlertMessage {
                subject: read_json::<Message>(&row.document, "a message")?.subject,
                channel: row.channel,
                made: timestamp(row.made),
                sent: row.sent.map(timestamp),
                attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
                trouble: row.trouble,
            })
        };
        rows.into_iter().map(message).collect()
    }

    /// Somebody takes care of an alert: nobody is reminded of it any more.
    pub async fn take_alert(&self, id: &str, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let row = tx.alert(id).await?.filter(|row| row.raised.is_some());
        let row = row.ok_or_else(|| OfficeError::not_found("alert", id))?;
        if !tx.take_alert(id, &who.name, self.now(), &who.reason).await? {
            let why = row
                .taken_by
                .map_or_else(|| why!("alert-over", alert = id), |by| why!("alert-taken", alert = id, who = by));
            return Err(OfficeError::Refused(why));
        }
        let (object, after) = (format!("alert/{id}"), format!("{} {}", row.kind, row.object));
        self.note(&mut tx, who, Change { action: "alert-take", object, before: "", after: &after }).await?;
        Ok(tx.commit().await?)
    }

    /// Puts a message on its way that only says that messages arrive; to how many channels.
    pub async fn try_alerts(&self, who: &Actor) -> Result<usize, OfficeError> {
        let channels = self.channels();
        if channels.is_empty() {
            return Err(OfficeError::Refused(why!("alert-nobody")));
        }
        let say = say(lang(&self.config.alerts.lang), jiff::tz::TimeZone::UTC, self.now());
        let message =
            Message { subject: say.words.t("mail-trial"), text: say.words.t("mail-trial-text"), alerts: Vec::new() };
        let document = write_json(&message, "a message")?;
        let mut tx = self.store.write().await?;
        for channel in &channels {
            tx.add_message((&id_of(&random::<12>()?), channel), &document, self.now()).await?;
        }
        let change = Change { action: "alert-try", object: "alert".to_owned(), before: "", after: &channels.join(" ") };
        self.note(&mut tx, who, change).await?;
        tx.commit().await?;
        Ok(channels.len())
    }

    /// Forgets alerts and messages of long ago.
    pub(super) async fn forget_alerts(&self, tx: &mut Tx) -> Result<(), OfficeError> {
        let before = |age| self.now().checked_sub(age).unwrap_or(Timestamp::MIN);
        Ok(tx.prune_alerts(before(REMEMBERED), before(MESSAGES)).await?)
    }
}

fn key_of(row: &AlertRow) -> Option<Key> {
    Some((AlertKind::of(&row.kind)?, row.object.clone()))
}

fn state_of(row: &AlertRow) -> State {
    let since = timestamp(row.since);
    match (row.raised.map(timestamp), row.better.map(timestamp)) {
        (None, _) => State::Watched { since },
        (Some(raised), None) => State::Raised { since, raised },
        (Some(raised), Some(better)) => State::Mending { since, raised, better },
    }
}

fn take_on(row: &mut AlertRow, state: State) {
    let (since, raised, better, ended) = match state {
        State::Watched { since } => (since, None, None, None),
        State::Raised { since, raised } => (since, Some(raised), None, None),
        State::Mending { since, raised, better } => (since, Some(raised), Some(better), None),
        State::Ended { since, raised, ended } => (since, Some(raised), row.better.map(timestamp), Some(ended)),
    };
    row.since = millis(since);
    (row.raised, row.better, row.ended) = (raised.map(millis), better.map(millis), ended.map(millis));
}

fn new_row(wrong: &Wrong, id: [u8; 6]) -> AlertRow {
    AlertRow {
        id: id_of(&id),
        kind: wrong.kind.id().to_owned(),
        site: wrong.site.clone(),
        object: wrong.object.clone(),
        detail: String::new(),
        since: millis(wrong.since),
        raised: None,
        better: None,
        ended: None,
        told: None,
        told_end: None,
        taken_by: None,
        taken: None,
        words: String::new(),
    }
}

pub(super) fn id_of(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(300).collect()
}

pub(super) fn alert(row: AlertRow) -> Alert {
    Alert {
        kind: AlertKind::of(&row.kind),
        id: row.id,
        site: row.site,
        object: row.object,
        detail: row.detail,
        since: timestamp(row.since),
        ended: row.ended.map(timestamp),
        told: row.told.map(timestamp),
        taken_by: row.taken_by,
        taken: row.taken.map(timestamp),
        words: row.words,
    }
}
