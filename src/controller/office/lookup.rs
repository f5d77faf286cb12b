//! Lawful look-ups: one person asks, another agrees, both can read what was found for three days, and every step is in the audit log.
//!
//! What was asked for is sealed under the controller's key and erased with what was found. A device is found by its pseudonyms
//! under the keys of the months, which only the controller holds; where a month's key was destroyed nothing is found.

mod shape;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use gapura_model::{MacAddr, PortBlock};
use gapura_store::{LookupRow, Tx, VisitNames, VisitRow, millis, timestamp};
use gapura_wire::{Epoch, EpochKey, NatUse, Sha256};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::shape::{
    FoundPorts, FoundVisit, LookupAsked, LookupKind, LookupOrder, LookupQuestion, LookupSeen, LookupState, PortsNoted,
};
use super::retention::{CASE_CHARS, ITSELF, REASON_CHARS};
use super::{Actor, Change, Office, OfficeError, REASON, read_json, write_json};
use crate::why::{Why, why};

/// The longest span of a look-up, days.
pub const LOOKUP_DAYS: i64 = 31;
/// The longest span of a look-up by port: within it a port may be one device's after another's.
pub const PORT_SPAN: SignedDuration = SignedDuration::from_mins(60);
/// What was found can be read for so long after it was agreed to.
const OPEN: SignedDuration = SignedDuration::from_hours(72);
/// A request that nobody decides ends after so long.
const ASKED: SignedDuration = SignedDuration::from_hours(24 * 7);
/// A visit that ran into the span began at most so long before it.
const BEFORE: SignedDuration = SignedDuration::from_hours(24);
/// Visits in one answer.
const MOST: u32 = 1000;
/// Look-ups on a page.
const SHOWN: u32 = 50;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Answer {
    visits: Vec<FoundVisit>,
    /// There were more than an answer holds.
    more: bool,
    /// Months whose key is not there (destroyed, or never made): of the span, and of the visits that were told in it.
    no_key: Vec<String>,
    /// Visits of the span without an address, or without ports.
    #[serde(default)]
    untold: u64,
    /// The sites that noted ports in the span.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    noted: Vec<PortsNoted>,
    /// Visits of the span that had more than one address.
    #[serde(default)]
    readdressed: u64,
}

impl Office {
    /// Asks for a look-up; its number. All that is wrong is said at once.
    pub async fn ask_lookup(&self, order: &LookupOrder, who: &Actor) -> Result<i64, OfficeError> {
        let mut wrong = Vec::new();
        for (text, at, most) in [
            (&order.case_number, "case", CASE_CHARS),
            (&order.basis, "basis", REASON_CHARS),
            (&order.authority, "authority", REASON_CHARS),
            (&order.reason, "reason", REASON_CHARS),
        ] {
            if text.trim().is_empty() || text.chars().count() > most || text.contains(char::is_control) {
                wrong.push(why!("text-length", most = most).at(at));
            } else if names_a_device(text) {
                wrong.push(why!("text-device").at(at));
            }
        }
        let question = self.question(order).await?.map_err(|why| wrong.push(why)).ok();
        let span = span_of(order, self.now()).map_err(|why| wrong.push(why)).ok();
        if let (LookupKind::Port, Some(span)) = (order.kind, span)
            && self.ports_noted_in(span).await?.is_empty()
        {
            wrong.push(why!("lookup-port-off").at("span"));
        }
        let (Some(question), Some((from, until)), true) = (question, span, wrong.is_empty()) else {
            return Err(OfficeError::Mistakes(wrong));
        };
        let place = match &question {
            LookupQuestion::Device { regency, .. } => regency.clone(),
            LookupQuestion::Address { site, .. } => site.to_string(),
            LookupQuestion::Port { .. } => String::new(),
        };
        let kind = order.kind.as_str();
        let mut tx = self.store.write().await?;
        let id = tx.next_lookup().await?;
        let sealed = self.keys.vault.seal_text(&sealed_for("question", id), &write_json(&question, "a look-up")?)?;
        let row = LookupRow {
            id,
            case_number: order.case_number.trim().to_owned(),
            basis: order.basis.trim().to_owned(),
            authority: order.authority.trim().to_owned(),
            reason: order.reason.trim().to_owned(),
            kind: kind.to_owned(),
            place,
            span_from: millis(from),
            span_until: millis(until),
            state: "asked".to_owned(),
            question: Some(sealed),
            answer: None,
            found: 0,
            asked_by: who.name.clone(),
            asked: millis(self.now()),
            decided_by: None,
            decided: None,
            words: String::new(),
            until: None,
            closed_by: None,
            closed: None,
        };
        tx.put_lookup(&row).await?;
        let after = format!("{}: {kind} {} {from} - {until}; SHA-256 {}", row.case_number, row.place, digest(&row)?);
        self.note_lookup(&mut tx, who, ("lookup-ask", id), &after).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The sites whose visits, as far as they are kept, had public ports of their own, and since when.
    pub async fn ports_noted(&self) -> Result<Vec<PortsNoted>, OfficeError> {
        let rows = self.store.read().await?.nat_sites().await?;
        let noted = |row: gapura_store::NatSite| {
            let (since, last) = row.first.zip(row.last)?;
            Some(PortsNoted { site: row.site, since: timestamp(since), last: timestamp(last) })
        };
        Ok(rows.into_iter().filter_map(noted).collect())
    }

    /// Those of a span: a visit that began before it may have run into it.
    async fn ports_noted_in(&self, (from, until): (Timestamp, Timestamp)) -> Result<Vec<PortsNoted>, OfficeError> {
        let begun = from.checked_sub(BEFORE).unwrap_or(from);
        let mut noted = self.ports_noted().await?;
        noted.retain(|one| one.since < until && one.last >= begun);
        Ok(noted)
    }

    /// The newest look-ups.
    pub async fn lookups(&self) -> Result<Vec<LookupAsked>, OfficeError> {
        let rows = self.store.read().await?.lookups(SHOWN).await?;
        rows.into_iter().map(|row| asked(&row, self.now())).collect()
    }

    /// How many look-ups wait for somebody else than `name`.
    pub async fn lookups_waiting(&self, name: &str) -> Result<u64, OfficeError> {
        let rows = self.store.read().await?.standing_lookups().await?;
        Ok(rows.iter().filter(|row| row.state == "asked" && row.asked_by != name).count() as u64)
    }

    /// A look-up as `who` may read it. That somebody read what was asked or found is noted, with `export` that it was taken out.
    pub async fn see_lookup(&self, id: i64, export: bool, who: &Actor) -> Result<LookupSeen, OfficeError> {
        let mut tx = self.store.write().await?;
        let row = lookup_in(&mut tx, id).await?;
        let known = asked(&row, self.now())?;
        let is_one_of_both = row.asked_by == who.name || row.decided_by.as_ref() == Some(&who.name);
        // Who decides has to read what is asked for.
        let reads = is_one_of_both || known.state == LookupState::Asked;
        let question = match known.state {
            LookupState::Asked | LookupState::Open if reads => self.opened_question(&row)?,
            LookupState::Asked | LookupState::Open | LookupState::Refused | LookupState::Closed => None,
        };
        let answer: Option<Answer> = match (&row.answer, known.state) {
            (Some(sealed), LookupState::Open) if is_one_of_both => {
                let text = self.keys.vault.open_text(&sealed_for("answer", id), sealed);
                Some(read_json(&text.ok_or_else(|| damaged(id))?, "what a look-up found")?)
            }
            _ => None,
        };
        if export && answer.is_none() {
            let over = known.state == LookupState::Closed;
            let number = &row.case_number;
            let error = OfficeError::Refused(if over {
                why!("lookup-over", number = number)
            } else {
                why!("lookup-not-handed-out", number = number)
            });
            return Err(self.denied(tx, (id, "export"), who, error).await);
        }
        let is_answered = answer.is_some();
        let answer = answer.unwrap_or_default();
        let seen = LookupSeen {
            digest: digest(&row)?,
            asked: known,
            question,
            visits: is_answered.then_some(answer.visits),
            more: answer.more,
            no_key: answer.no_key,
            untold: answer.untold,
            noted: answer.noted,
            readdressed: answer.readdressed,
        };
        if export {
            // What is in somebody's hands can be held against the log.
            let after = format!("{}: {}; SHA-256 {}", row.case_number, row.found, Sha256::of(seen.csv().as_bytes()));
            self.note_lookup(&mut tx, who, ("lookup-export", id), &after).await?;
        } else if is_answered {
            self.note_lookup(&mut tx, who, ("lookup-see", id), &format!("{}: {}", row.case_number, row.found)).await?;
        } else if seen.question.is_some() && row.asked_by != who.name {
            self.note_lookup(&mut tx, who, ("lookup-read", id), &row.case_number).await?;
        }
        tx.commit().await?;
        Ok(seen)
    }

    /// Agrees to a look-up that was read as `digest` says, and looks. Never who asked; how many visits were found.
    pub async fn agree_lookup(&self, id: i64, read: &str, who: &Actor) -> Result<u64, OfficeError> {
        // Looked for before the writers' turn is taken: nobody waits for it, and a request never changes.
        let mut tx = self.store.read().await?;
        let row = match self.to_decide(&mut tx, id, read, who).await {
            Ok(row) => row,
            Err(error) => {
                drop(tx);
                return Err(self.denied(self.store.write().await?, (id, "agree"), who, error).await);
            }
        };
        let question = self.opened_question(&row)?.ok_or_else(|| damaged(id))?;
        let answer = self.look(&mut tx, &row, &question).await?;
        drop(tx);
        let mut tx = self.store.write().await?;
        let row = self.to_decide(&mut tx, id, read, who).await?;
        bounded(&who.reason)?;
        let (found, text) = (answer.visits.len(), write_json(&answer, "what a look-up found")?);
        let sealed = self.keys.vault.seal_text(&sealed_for("answer", id), &text)?;
        let before = row.case_number.clone();
        let row = LookupRow {
            state: "open".to_owned(),
            answer: Some(sealed),
            found: i64::try_from(found).unwrap_or(i64::MAX),
            decided_by: Some(who.name.clone()),
            decided: Some(millis(self.now())),
            words: who.reason.trim().to_owned(),
            until: self.now().checked_add(OPEN).ok().map(millis),
            ..row
        };
        tx.put_lookup(&row).await?;
        self.note_lookup(&mut tx, who, ("lookup-agree", id), &format!("{before}: {found}; SHA-256 {read}")).await?;
        tx.commit().await?;
        Ok(found as u64)
    }

    /// Refuses a look-up, with a reason; what was asked for is erased.
    pub async fn refuse_lookup(&self, id: i64, read: &str, who: &Actor) -> Result<(), OfficeError> {
        let words = who.reason.trim();
        bounded(words)?;
        if words.is_empty() {
            return Err(OfficeError::Refused(why!("lookup-refuse-reason").flag(REASON)));
        }
        let mut tx = self.store.write().await?;
        let row = match self.to_decide(&mut tx, id, read, who).await {
            Ok(row) => row,
            Err(error) => return Err(self.denied(tx, (id, "refuse"), who, error).await),
        };
        let after = format!("{}; SHA-256 {read}", row.case_number);
        let row = LookupRow {
            state: "refused".to_owned(),
            question: None,
            decided_by: Some(who.name.clone()),
            decided: Some(millis(self.now())),
            words: words.to_owned(),
            ..row
        };
        tx.put_lookup(&row).await?;
        self.note_lookup(&mut tx, who, ("lookup-refuse", id), &after).await?;
        Ok(tx.commit().await?)
    }

    /// Closes a look-up, or takes it back before it was decided: question and answer are erased. One of its two people.
    pub async fn close_lookup(&self, id: i64, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let row = lookup_in(&mut tx, id).await?;
        let open = matches!(asked(&row, self.now())?.state, LookupState::Asked | LookupState::Open);
        if !open {
            return Err(OfficeError::Refused(why!("lookup-over", number = &row.case_number)));
        }
        if row.asked_by != who.name && row.decided_by.as_ref() != Some(&who.name) {
            return Err(OfficeError::Refused(why!("lookup-not-yours")));
        }
        self.erase_lookup(&mut tx, row, who).await?;
        Ok(tx.commit().await?)
    }

    /// Closes look-ups whose time is over.
    pub(super) async fn forget_lookups(&self, tx: &mut Tx) -> Result<(), OfficeError> {
        let itself = Actor { name: ITSELF.to_owned(), reason: String::new() };
        for row in tx.standing_lookups().await? {
            if asked(&row, self.now())?.state == LookupState::Closed {
                self.erase_lookup(tx, row, &itself).await?;
            }
        }
        Ok(())
    }

    /// Closes all that stand: after a backup was restored nobody knows which of them were closed since.
    pub(super) async fn close_lookups(&self, tx: &mut Tx) -> Result<(), OfficeError> {
        let itself = Actor { name: ITSELF.to_owned(), reason: String::new() };
        for row in tx.standing_lookups().await? {
            self.erase_lookup(tx, row, &itself).await?;
        }
        Ok(())
    }

    async fn erase_lookup(&self, tx: &mut Tx, row: LookupRow, who: &Actor) -> Result<(), OfficeError> {
        let (id, after) = (row.id, row.case_number.clone());
        let row = LookupRow {
            state: "closed".to_owned(),
            question: None,
            answer: None,
            closed_by: Some(who.name.clone()),
            closed: Some(millis(self.now())),
            ..row
        };
        tx.put_lookup(&row).await?;
        self.note_lookup(tx, who, ("lookup-close", id), &after).await
    }

    /// A request that this person may decide on, which is still what they read.
    async fn to_decide(&self, tx: &mut Tx, id: i64, read: &str, who: &Actor) -> Result<LookupRow, OfficeError> {
        let row = lookup_in(tx, id).await?;
        if asked(&row, self.now())?.state != LookupState::Asked {
            return Err(OfficeError::Refused(why!("lookup-decided", number = &row.case_number)));
        }
        if row.asked_by == who.name {
            return Err(OfficeError::Refused(why!("lookup-second", staff = &who.name)));
        }
        if digest(&row)? != read {
            return Err(OfficeError::Refused(why!("lookup-changed")));
        }
        Ok(row)
    }

    async fn look(&self, tx: &mut Tx, row: &LookupRow, question: &LookupQuestion) -> Result<Answer, OfficeError> {
        let (from, until) = (timestamp(row.span_from), timestamp(row.span_until));
        let begun = from.checked_sub(BEFORE).unwrap_or(from);
        let sites: Vec<(String, String)> =
            self.sites().await?.into_iter().map(|(site, document)| (site.to_string(), document.regency)).collect();
        let noted = match question {
            LookupQuestion::Port { .. } => self.ports_noted_in((from, until)).await?,
            LookupQuestion::Device { .. } | LookupQuestion::Address { .. } => Vec::new(),
        };
        let sites: Vec<(String, String)> = match question {
            LookupQuestion::Port { .. } => {
                sites.into_iter().filter(|one| noted.iter().any(|noted| noted.site == one.0)).collect()
            }
            LookupQuestion::Device { regency, .. } => sites.into_iter().filter(|one| one.1 == *regency).collect(),
            LookupQuestion::Address { site, .. } => sites.into_iter().filter(|one| one.0 == site.as_str()).collect(),
        };
        // A router names a visit by the key it has when it tells: that of the month after, or, long cut off, of one before; and of
        // the regency its site belonged to then. So by each key there is.
        let (mut names, mut known) = (BTreeSet::new(), BTreeSet::new());
        for (regency, epoch, secret) in tx.all_epoch_keys().await? {
            let (Ok(key), Ok(month)) = (<[u8; 32]>::try_from(secret), epoch.parse::<Epoch>()) else {
                return Err(OfficeError::damaged("a pseudonym key")("not a month and 32 bytes".into()));
            };
            let key = EpochKey { epoch: month, key: gapura_model::Secret::new(key) };
            names.insert(match question {
                LookupQuestion::Device { mac, .. } => key.mac(*mac).to_string(),
                LookupQuestion::Address { address, .. } | LookupQuestion::Port { address, .. } => {
                    key.ipv4(*address).to_string()
                }
            });
            known.insert((regency, epoch));
        }
        let of_address = names.clone();
        let names: Vec<String> = names.into_iter().collect();
        let names = match question {
            LookupQuestion::Device { .. } => VisitNames::Devices(names),
            LookupQuestion::Address { .. } | LookupQuestion::Port { .. } => VisitNames::Addresses(names),
        };
        let mut answer = Answer { noted, ..Answer::default() };
        let mut no_key = BTreeSet::new();
        let months = std::iter::successors(Some(Epoch::of(from)), |month| Some(month.next()));
        let months: Vec<String> =
            months.take_while(|month| *month <= Epoch::of(until)).map(|month| month.to_string()).collect();
        for (site, regency) in &sites {
            if let LookupQuestion::Port { port, .. } = question {
                let rows = tx.visits_with_ports(site, (begun, until), from).await?;
                answer
                    .visits
                    .extend(rows.into_iter().filter_map(|row| with_port(row, (&of_address, *port), (from, until))));
            } else {
                let rows = tx.visits_of(site, (begun, until), (&names, MOST + 1), from).await?;
                let moved: BTreeSet<String> =
                    tx.visits_readdressed(site, (begun, until), from).await?.into_iter().collect();
                if matches!(question, LookupQuestion::Address { .. }) {
                    answer.readdressed += moved.len() as u64;
                }
                let found = |row: VisitRow| FoundVisit { readdressed: moved.contains(&row.visit), ..found_visit(row) };
                answer.visits.extend(rows.into_iter().map(found));
            }
            let named = tx.visit_epochs(site, (begun, until), from).await?;
            let untold = named.iter().map(|(_, addressless, portless)| match question {
                LookupQuestion::Device { .. } => 0,
                LookupQuestion::Address { .. } => *addressless,
                LookupQuestion::Port { .. } => *portless,
            });
            answer.untold += untold.map(|count| u64::try_from(count).unwrap_or_default()).sum::<u64>();
            let all = named.into_iter().map(|(epoch, ..)| epoch).chain(months.iter().cloned());
            no_key.extend(all.filter(|epoch| !known.contains(&(regency.clone(), epoch.clone()))));
        }
        answer.no_key = no_key.into_iter().collect();
        answer.visits.sort_by(|a, b| (a.started, &a.visit).cmp(&(b.started, &b.visit)));
        answer.more = answer.visits.len() > MOST as usize;
        answer.visits.truncate(MOST as usize);
        Ok(answer)
    }

    async fn question(&self, order: &LookupOrder) -> Result<Result<LookupQuestion, Why>, OfficeError> {
        let (text, place) = (order.asked.trim(), order.place.trim());
        let sites = self.sites().await?;
        if order.kind == LookupKind::Port {
            let address = text.parse::<Ipv4Addr>().ok().filter(|address| !address.is_unspecified());
            let Some(address) = address else { return Ok(Err(why!("lookup-public").at("asked"))) };
            let port = order.port.trim().parse().ok().filter(|port| *port >= PortBlock::LOWEST);
            return Ok(port
                .map(|port| LookupQuestion::Port { address, port })
                .ok_or_else(|| why!("lookup-port").at("port")));
        }
        if order.kind == LookupKind::Address {
            let Some(address) = text.parse::<Ipv4Addr>().ok().filter(Ipv4Addr::is_private) else {
                return Ok(Err(why!("lookup-address").at("asked")));
            };
            let site = sites.into_iter().map(|(id, _)| id).find(|id| id.as_str() == place);
            return Ok(site
                .map(|site| LookupQuestion::Address { address, site })
                .ok_or_else(|| why!("lookup-site").at("where")));
        }
        let Ok(mac) = text.parse::<MacAddr>() else { return Ok(Err(why!("lookup-mac").at("asked"))) };
        let known = sites.iter().any(|(_, document)| document.regency == place);
        let question = LookupQuestion::Device { mac, regency: place.to_owned() };
        Ok(known.then_some(question).ok_or_else(|| why!("lookup-regency").at("where")))
    }

    fn opened_question(&self, row: &LookupRow) -> Result<Option<LookupQuestion>, OfficeError> {
        let Some(sealed) = &row.question else { return Ok(None) };
        let text = self.keys.vault.open_text(&sealed_for("question", row.id), sealed).ok_or_else(|| damaged(row.id))?;
        read_json(&text, "a look-up").map(Some)
    }

    /// Notes that somebody tried what they may not, in a transaction that changed nothing.
    async fn denied(&self, mut tx: Tx, (id, step): (i64, &str), who: &Actor, error: OfficeError) -> OfficeError {
        if !matches!(error, OfficeError::Refused(_)) {
            return error;
        }
        let noted = async {
            let who = Actor { name: who.name.clone(), reason: String::new() };
            self.note_lookup(&mut tx, &who, ("lookup-denied", id), step).await?;
            Ok::<_, OfficeError>(tx.commit().await?)
        };
        noted.await.err().unwrap_or(error)
    }

    async fn note_lookup(
        &self,
        tx: &mut Tx,
        who: &Actor,
        (action, id): (&'static str, i64),
        after: &str,
    ) -> Result<(), OfficeError> {
        self.note(tx, who, Change { action, object: format!("lookup/{id}"), before: "", after }).await
    }
}

fn span_of(order: &LookupOrder, now: Timestamp) -> Result<(Timestamp, Timestamp), Why> {
    let (Some(from), Some(until)) = (order.from, order.until) else { return Err(why!("lookup-time").at("span")) };
    if order.kind == LookupKind::Port && until.duration_since(from) > PORT_SPAN {
        return Err(why!("lookup-port-span", most = PORT_SPAN.as_mins().unsigned_abs()).at("span"));
    }
    let most = SignedDuration::from_hours(24 * LOOKUP_DAYS);
    if from >= until || until.duration_since(from) > most || until > now {
        return Err(why!("lookup-span", most = LOOKUP_DAYS.unsigned_abs()).at("span"));
    }
    Ok((from, until))
}

fn found_visit(row: VisitRow) -> FoundVisit {
    FoundVisit {
        site: row.site,
        visit: row.visit,
        gateway: row.gateway,
        device: row.device,
        way: row.way,
        holder: row.holder,
        plan: row.plan,
        started: timestamp(row.started),
        ended: row.ended.map(timestamp),
        told: timestamp(row.told),
        clock_trusted: row.clock == "trusted",
        bytes_up: row.bytes_up,
        bytes_down: row.bytes_down,
        ports: None,
        readdressed: false,
    }
}

/// A visit whose flows left with this port of this address within the span.
fn with_port(
    row: VisitRow,
    (names, port): (&BTreeSet<String>, u16),
    (from, until): (Timestamp, Timestamp),
) -> Option<FoundVisit> {
    let uses: Vec<NatUse> = serde_json::from_str(row.nat.as_deref()?).ok()?;
    let over = row.ended.map(timestamp);
    let within = |one: &&NatUse| {
        let end = [one.until, over].into_iter().flatten().min();
        one.from < until && end.is_none_or(|end| end >= from)
    };
    let one =
        uses.iter().filter(within).find(|one| one.ports.holds(port) && names.contains(&one.address.to_string()))?;
    let ports = FoundPorts { ports: one.ports, from: one.from, until: one.until, behind: one.behind };
    Some(FoundVisit { ports: Some(ports), ..found_visit(row) })
}

/// What is said with a decision stays in the log.
fn bounded(words: &str) -> Result<(), OfficeError> {
    if words.chars().count() > REASON_CHARS || words.contains(char::is_control) {
        return Err(OfficeError::Refused(why!("text-length", most = REASON_CHARS).flag(REASON)));
    }
    if names_a_device(words) {
        return Err(OfficeError::Refused(why!("text-device").flag(REASON)));
    }
    Ok(())
}

/// Whether a text that stays in the log for ever says what is sealed and erased elsewhere: an address, alone or with a port.
fn names_a_device(text: &str) -> bool {
    let words = text.split(|c: char| c.is_whitespace() || ",;()[]\"'<>".contains(c));
    words.map(|word| word.trim_matches('.')).any(|word| {
        word.parse::<MacAddr>().is_ok() || word.parse::<IpAddr>().is_ok() || word.parse::<SocketAddr>().is_ok()
    })
}

async fn lookup_in(tx: &mut Tx, id: i64) -> Result<LookupRow, OfficeError> {
    tx.lookup(id).await?.ok_or_else(|| OfficeError::not_found("look-up", id.to_string()))
}

fn damaged(id: i64) -> OfficeError {
    OfficeError::damaged(format!("look-up {id}"))("it does not open under this controller's key".into())
}

fn sealed_for(what: &str, id: i64) -> String {
    format!("lookup\0{what}\0{id}")
}

/// Over what was read: all of the request, with the sealed question.
fn digest(row: &LookupRow) -> Result<String, OfficeError> {
    let read = (
        row.id,
        (&row.case_number, &row.basis, &row.authority, &row.reason),
        (&row.kind, &row.place, row.span_from, row.span_until),
        (&row.question, &row.asked_by, row.asked),
    );
    Ok(Sha256::of(write_json(&read, "a look-up")?.as_bytes()).to_string())
}

/// With its state as it is by now: what is over is over before anybody erased it.
fn asked(row: &LookupRow, now: Timestamp) -> Result<LookupAsked, OfficeError> {
    let waits = timestamp(row.asked).checked_add(ASKED).unwrap_or(Timestamp::MAX) > now;
    let state = match row.state.as_str() {
        "asked" if waits => LookupState::Asked,
        "open" if row.until.is_some_and(|until| timestamp(until) > now) => LookupState::Open,
        "refused" => LookupState::Refused,
        "asked" | "open" | "closed" => LookupState::Closed,
        _ => return Err(damaged(row.id)),
    };
    let pair = |name: &Option<String>, at: Option<i64>| name.clone().zip(at.map(timestamp));
    Ok(LookupAsked {
        id: row.id,
        case_number: row.case_number.clone(),
        basis: row.basis.clone(),
        authority: row.authority.clone(),
        reason: row.reason.clone(),
        kind: LookupKind::of(&row.kind).ok_or_else(|| damaged(row.id))?,
        place: row.place.clone(),
        from: timestamp(row.span_from),
        until: timestamp(row.span_until),
        state,
        found: u64::try_from(row.found).unwrap_or_default(),
        asked: (row.asked_by.clone(), timestamp(row.asked)),
        decided: pair(&row.decided_by, row.decided),
        words: row.words.clone(),
        readable: row.until.map(timestamp),
        closed: pair(&row.closed_by, row.closed),
    })
}
