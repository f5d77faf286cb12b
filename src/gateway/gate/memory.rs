//! What the gate writes down: the engine's effects as ledger entries, and the same visits as messages for the controller.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;

use gapura_ledger::{AuditEvent, Entry, Ledger, LedgerError, OutboxItem, Place, Restart, Verifier, settings};
use gapura_model::{AccountName, BootId, HolderId, MacAddr, Moment, Traffic};
use gapura_rules::hours::Override;
use gapura_session::{Effect, HolderBalance, Notice, VisitRecord, Way as SessionWay};
use gapura_wire::{AccountGrant, Bundle, OutboxState, Record, VisitUsage, VoucherTag, Way, epoch_key_at};

use super::nat::NatNotes;
use super::notice::StaffNotice;

/// The ledger, and what is remembered beside it.
pub(crate) struct Memory {
    ledger: Ledger,
    /// The last revision given to a message about a visit.
    revision: u64,
    /// The disk refuses: said once, and shown to staff until it takes again.
    trouble: Option<String>,
    /// Nothing of an earlier run is in it.
    is_new: bool,
    /// One-time tokens that let somebody in, kept with the next commit: that of the visits they began.
    tokens: BTreeMap<VoucherTag, jiff::Timestamp>,
    /// When what is written happens.
    now: Moment,
    /// Belongs into the next commit of effects.
    beside: Vec<Entry>,
    /// The private IPv4 address of each device, as the kernel's neighbours said last.
    addresses: BTreeMap<MacAddr, Ipv4Addr>,
    /// Public ports of visits, where the site notes them.
    nat: NatNotes,
}

/// Setting: changes of hours by staff of this router, as JSON.
const OVERRIDES: &str = "hours-changes";
/// Setting: the notice that staff of this router put up, as JSON.
const NOTICE: &str = "notice";
/// Setting: the last batch's number, with the kernel run it belongs to.
const BATCH: &str = "batch";
/// Setting: the running outage of the uplink, its id and beginning, as JSON.
const OUTAGE: &str = "outage";
/// Setting: the hash of the walled garden whose names the kernel holds.
const GARDEN: &str = "garden";
/// Setting: the ledger is new in place of a lost one, and the controller has not told the balances yet.
const BALANCES_LOST: &str = "balances-lost";
/// Setting: visits have public ports of their own, and flows of the time before are ended.
const ATTRIBUTING: &str = "nat-attribution";
/// How long a commit waits for another program that holds the file: the gate's thread, and with it everybody's page, waits
/// too.
const BUSY: std::time::Duration = std::time::Duration::from_millis(100);
/// The same while the ledger is known to be in trouble.
const BUSY_IN_TROUBLE: std::time::Duration = std::time::Duration::from_millis(20);
/// Set in the revision of a visit's last message, so that it stands above all earlier ones.
const LAST_WORD: u64 = 1 << 60;
/// Orders carried out at once.
const OPEN_ORDERS: u32 = 1_000;
/// Who acts for staff at this router in the audit trail.
const GATEWAY: &str = "gateway";

impl Memory {
    /// Opens the ledger in the data directory. A damaged one is set aside, which is said.
    ///
    /// # Errors
    /// When the directory cannot be used at all.
    pub(crate) fn open(data_dir: &Path, limits: gapura_ledger::Options, now: &Moment) -> Result<Self, LedgerError> {
        let options = gapura_ledger::Options { busy: BUSY, ..limits };
        let opened = Ledger::open(&data_dir.join("ledger.sqlite"), options, now.wall)?;
        if let Some(path) = &opened.set_aside {
            tracing::error!(path = %path.display(), "the ledger was damaged and is set aside; a new one begins from kernel and bundle");
        }
        Ok(Self {
            ledger: opened.ledger,
            is_new: opened.is_new,
            revision: 0,
            trouble: None,
            tokens: BTreeMap::new(),
            now: *now,
            beside: Vec::new(),
            addresses: BTreeMap::new(),
            nat: NatNotes::default(),
        })
    }

    /// What a restart begins from.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub(crate) fn restart(&mut self, boot: BootId) -> Result<Restart, LedgerError> {
        let restart = self.ledger.restart(boot)?;
        self.ledger.commit(&[Entry::Setting { name: settings::BOOT, value: Some(boot.to_string()) }], false)?;
        Ok(restart)
    }

    /// Whether it was made at this start, in place of a damaged one or of none.
    pub(crate) const fn is_new(&self) -> bool {
        self.is_new
    }

    /// A named value.
    pub(crate) fn setting(&self, name: &str) -> Option<String> {
        self.ledger.setting(name).ok().flatten()
    }

    /// Keeps a named value.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn set(&mut self, name: &'static str, value: String) -> Result<(), LedgerError> {
        self.ledger.commit(&[Entry::Setting { name, value: Some(value) }], false)
    }

    /// Keeps all that these effects ask to be kept, in one commit; on disk before it returns where a voucher was redeemed.
    /// True when there is something the controller should have soon.
    ///
    /// # Errors
    /// When the disk refuses; nothing of the group is kept then.
    pub(crate) fn keep(
        &mut self,
        effects: &[Effect],
        bundle: Option<&Bundle>,
        place: impl Fn(&VisitRecord) -> Option<Place>,
    ) -> Result<bool, LedgerError> {
        let token = |(token, at): (&VoucherTag, &_)| Entry::Token { token: *token.as_bytes(), at: *at };
        let mut entries: Vec<Entry> = self.tokens.iter().map(token).collect();
        let (mut durable, mut soon) = (!entries.is_empty(), false);
        for effect in effects {
            match effect {
                Effect::Record(record) => {
                    entries.push(Entry::Visit { record: Box::new(record.clone()), place: place(record) });
                    if let Some(ended) = record.ended {
                        self.nat.end(record.id, ended.at.max(record.updated));
                    }
                    if let Some(body) = bundle.and_then(|bundle| self.message(record, bundle)) {
                        entries.push(Entry::Outbox { subject: Some(record.id.to_string()), body });
                    }
                    soon |= record.ended.is_some() || record.updated == record.started;
                    if let Some(terms) = record.terms.clone().filter(|_| record.updated == record.started) {
                        entries.push(Entry::Terms { visit: record.id, at: record.started, terms });
                    }
                }
                Effect::Balance(balance) => entries.push(Entry::Balance(Box::new(balance.clone()))),
                Effect::Redeemed { holder: HolderId::Voucher(voucher), at } => {
                    entries.push(Entry::Redemption { voucher: *voucher, at: *at });
                    durable = true;
                }
                Effect::Notice(notice) => entries.extend(self.audit_event(notice).map(Entry::Audit)),
                Effect::Redeemed { .. }
                | Effect::Grant(_)
                | Effect::Retime { .. }
                | Effect::HolderQuota { .. }
                | Effect::Revoke { .. }
                | Effect::Block { .. }
                | Effect::Emergency(_)
                | Effect::Hours { .. } => {}
            }
        }
        entries.extend(self.nat.changes());
        if !(entries.is_empty() && self.beside.is_empty()) {
            entries.extend(self.beside.iter().cloned());
            self.commit(&entries, durable)?;
            self.nat.kept();
            self.tokens.clear();
            self.beside.clear();
        }
        Ok(soon)
    }

    /// Puts entries into the commit of the effects that are kept next: a power cut leaves both or neither.
    pub(crate) fn beside(&mut self, entries: Vec<Entry>) {
        self.beside.extend(entries);
    }

    /// Keeps what no effects took along.
    pub(crate) fn flush(&mut self) {
        if let Err(error) = self.keep(&[], None, |_| None) {
            self.trouble(&error);
        }
    }

    /// Whether an order of staff was written down before. Where that cannot be read, it is taken for known: done twice is worse than
    /// done late.
    pub(crate) fn knows_order(&self, id: &str) -> bool {
        self.ledger.knows_order(id).unwrap_or(true)
    }

    /// Orders (id and document) that were written down and not carried out.
    pub(crate) fn orders_open(&self) -> Vec<(String, String)> {
        self.ledger.orders_open(OPEN_ORDERS).unwrap_or_default()
    }

    /// Orders whose outcome the controller does not have.
    pub(crate) fn orders_untold(&self, most: u32) -> Vec<(String, String)> {
        self.ledger.orders_untold(most).unwrap_or_default()
    }

    /// What sort of device the running visits are on.
    pub(crate) fn sorts(&self) -> std::collections::BTreeMap<gapura_model::VisitId, gapura_model::DeviceSort> {
        self.ledger.sorts().unwrap_or_default()
    }

    /// A setting of JSON; `None` where there is none or it cannot be read.
    pub(crate) fn parsed<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(&self.setting(name)?).ok()
    }

    /// The same; a refusal is said and shown, nothing more can be done.
    pub(crate) fn try_keep(
        &mut self,
        effects: &[Effect],
        bundle: Option<&Bundle>,
        place: impl Fn(&VisitRecord) -> Option<Place>,
    ) {
        if let Err(error) = self.keep(effects, bundle, place) {
            self.trouble(&error);
        }
    }

    /// Keeps entries that are no effect of the engine.
    pub(crate) fn commit(&mut self, entries: &[Entry], durable: bool) -> Result<(), LedgerError> {
        self.ledger.commit(entries, durable)?;
        if self.trouble.take().is_some() {
            self.wait_for_others(BUSY);
            tracing::warn!("the ledger takes entries again");
        }
        Ok(())
    }

    /// Keeps entries; a refusal is said and shown, nothing more can be done.
    pub(crate) fn try_commit(&mut self, entries: &[Entry]) {
        if let Err(error) = self.commit(entries, false) {
            self.trouble(&error);
        }
    }

    /// Says that the disk refuses, once until it takes again.
    pub(crate) fn trouble(&mut self, error: &LedgerError) {
        let words = gapura_model::with_causes(error);
        if self.trouble.as_ref() != Some(&words) {
            tracing::error!(
                error = words,
                "the ledger cannot be written: visitors online stay, nobody new is let in; free disk space or check the disk"
            );
        }
        if self.trouble.is_none() {
            // One wait was enough: the gate's thread has visitors to serve.
            self.wait_for_others(BUSY_IN_TROUBLE);
        }
        self.trouble = Some(words);
    }

    fn wait_for_others(&mut self, busy: std::time::Duration) {
        if let Err(error) = self.ledger.set_busy(busy) {
            tracing::debug!(error = %gapura_model::with_causes(&error), "the ledger's patience could not be changed");
        }
    }

    /// How the disk is, for staff.
    pub(crate) fn state(&self) -> serde_json::Value {
        let writes = self.ledger.writes();
        serde_json::json!({
            "ok": self.trouble.is_none(), "trouble": self.trouble,
            "commits": writes.commits, "durable_commits": writes.durable, "entries": writes.entries,
        })
    }

    /// Whether the disk refuses.
    pub(crate) const fn is_troubled(&self) -> bool {
        self.trouble.is_some()
    }

    /// Notes the time, so that no later start is earlier.
    pub(crate) fn note_time(&mut self, now: &Moment) -> Result<(), LedgerError> {
        self.now = *now;
        if now.trust == gapura_model::ClockTrust::Doubtful {
            return Ok(());
        }
        let entries = [
            Entry::Setting { name: settings::LAST_WALL, value: Some(now.wall.to_string()) },
            Entry::ClockBasis(Some((now.up, now.wall))),
        ];
        self.commit(&entries, false)
    }

    /// What a holder used before.
    pub(crate) fn balance(&self, holder: &HolderId) -> Result<Option<HolderBalance>, LedgerError> {
        self.ledger.balance(holder)
    }

    /// Whether a voucher's one-time token has let somebody in.
    pub(crate) fn token_used(&self, token: &VoucherTag) -> Result<bool, LedgerError> {
        Ok(self.tokens.contains_key(token) || self.ledger.token_used(token.as_bytes())?.is_some())
    }

    /// Notes that a one-time token lets somebody in; on disk before that visitor hears of it.
    pub(crate) fn use_token(&mut self, token: VoucherTag, now: &Moment) {
        self.tokens.insert(token, now.wall);
    }

    /// The visits they began are undone.
    pub(crate) fn free_tokens(&mut self) {
        self.tokens.clear();
    }

    /// Holders whose balance a box that takes this one's place may need; at a start it is not known which were reported.
    pub(crate) fn recent_holders(&self, most: u32) -> BTreeSet<HolderId> {
        self.ledger.recent_holders(most).unwrap_or_default().into_iter().collect()
    }

    /// What is kept of an account on this router.
    pub(crate) fn verifier(&self, name: &AccountName, now: &Moment) -> Option<Verifier> {
        self.ledger.verifier(name, now.wall).ok().flatten()
    }

    /// Keeps or forgets an account's verifier.
    pub(crate) fn keep_verifier(&mut self, name: &AccountName, grant: Option<&AccountGrant>) {
        let entry = match grant {
            Some(grant) => Entry::Verifier {
                account: name.clone(),
                verifier: Verifier {
                    phc: grant.verifier.expose().clone(),
                    plan: grant.plan.clone(),
                    expires: grant.until,
                },
            },
            None => Entry::ForgetVerifier(name.clone()),
        };
        self.try_commit(&[entry]);
    }

    /// An entry of the audit trail that is no effect of the engine.
    pub(crate) fn audit(&mut self, now: &Moment, action: &str, detail: &str) {
        let event = AuditEvent {
            at: now.wall,
            actor: GATEWAY.to_owned(),
            action: action.to_owned(),
            detail: detail.to_owned(),
        };
        self.try_commit(&[Entry::Audit(event)]);
    }

    /// Changes of hours by staff of this router.
    pub(crate) fn overrides(&self) -> Vec<Override> {
        self.setting(OVERRIDES).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Keeps changes of hours.
    pub(crate) fn keep_overrides(&mut self, overrides: &[Override]) {
        let value = serde_json::to_string(overrides).ok();
        self.try_commit(&[Entry::Setting { name: OVERRIDES, value }]);
    }

    /// Whether the names open in the kernel, which outlive this program, belong to the garden of this hash.
    pub(crate) fn is_garden(&self, hash: &str) -> bool {
        self.setting(GARDEN).as_deref() == Some(hash)
    }

    /// Notes which garden's names are in the kernel.
    pub(crate) fn keep_garden(&mut self, hash: String) {
        self.try_commit(&[Entry::Setting { name: GARDEN, value: Some(hash) }]);
    }

    /// The notice that staff of this router put up last; it may have ended.
    pub(crate) fn notice(&self) -> Option<StaffNotice> {
        self.setting(NOTICE).and_then(|text| serde_json::from_str(&text).ok())
    }

    /// Keeps or forgets it.
    pub(crate) fn keep_notice(&mut self, notice: Option<&StaffNotice>) {
        let value = notice.and_then(|notice| serde_json::to_string(notice).ok());
        self.try_commit(&[Entry::Setting { name: NOTICE, value }]);
    }

    /// The outage of the uplink that was told as begun and not as ended.
    pub(crate) fn outage(&self) -> Option<(uuid::Uuid, jiff::Timestamp)> {
        self.setting(OUTAGE).and_then(|text| serde_json::from_str(&text).ok())
    }

    /// Keeps or forgets the running outage.
    pub(crate) fn keep_outage(&mut self, outage: Option<(uuid::Uuid, jiff::Timestamp)>) {
        let value = outage.and_then(|outage| serde_json::to_string(&outage).ok());
        self.try_commit(&[Entry::Setting { name: OUTAGE, value }]);
    }

    /// Whether the balances of an earlier ledger are still to come from the controller; `had_some`: this router served before.
    pub(crate) fn balances_lost(&mut self, had_some: bool) -> bool {
        if self.is_new && had_some {
            // Whether or not the disk takes it: for this run it holds.
            self.keep_balances_lost(true);
            return true;
        }
        self.setting(BALANCES_LOST).is_some()
    }

    /// Notes that they are to come, or have come.
    pub(crate) fn keep_balances_lost(&mut self, lost: bool) {
        self.try_commit(&[Entry::Setting { name: BALANCES_LOST, value: lost.then(|| "1".to_owned()) }]);
    }

    /// A message for the controller that is about no visit.
    pub(crate) fn post(&mut self, subject: Option<String>, record: &Record) {
        if let Ok(body) = serde_json::to_vec(record) {
            self.try_commit(&[Entry::Outbox { subject, body }]);
        }
    }

    /// The next unsent messages.
    pub(crate) fn unsent(&self, most: u32) -> Vec<OutboxItem> {
        self.ledger.outbox(0, most).unwrap_or_default()
    }

    /// The controller has everything up to this number.
    pub(crate) fn sent(&mut self, through: u64) {
        if let Err(error) = self.ledger.outbox_sent(through) {
            self.trouble(&error);
        }
    }

    /// The controller does not take the message of this number: those behind it go first.
    pub(crate) fn postpone(&mut self, seq: u64) {
        if let Err(error) = self.ledger.outbox_postpone(seq) {
            self.trouble(&error);
        }
    }

    /// The number for the next batch in this kernel run, counted up by one and kept.
    pub(crate) fn next_batch_number(&mut self, boot: BootId) -> Option<u64> {
        let kept = self.setting(BATCH);
        let last = kept.as_deref().and_then(|text| text.split_once(' ')).filter(|(of, _)| *of == boot.to_string());
        let next = last.and_then(|(_, number)| number.parse::<u64>().ok()).unwrap_or(0) + 1;
        self.set(BATCH, format!("{boot} {next}")).ok().map(|()| next)
    }

    /// Remembers where devices are: a lawful look-up by private address finds their visits.
    pub(crate) fn devices_are_at(&mut self, addresses: BTreeMap<MacAddr, Ipv4Addr>) {
        self.addresses = addresses;
    }

    /// What is noted of public ports.
    pub(crate) const fn nat(&mut self) -> &mut NatNotes {
        &mut self.nat
    }

    /// What an earlier run noted of public ports.
    pub(crate) fn kept_nat(&self) -> Vec<(gapura_model::VisitId, String, Option<jiff::Timestamp>)> {
        self.ledger.nat().unwrap_or_default()
    }

    /// Whether an earlier run had ended the flows of the time before ports were noted.
    pub(crate) fn is_attributing(&self) -> bool {
        self.setting(ATTRIBUTING).is_some()
    }

    /// Notes that, or forgets it.
    pub(crate) fn keep_attributing(&mut self, on: bool) {
        self.try_commit(&[Entry::Setting { name: ATTRIBUTING, value: on.then(|| "1".to_owned()) }]);
    }

    /// How full the outbox is.
    pub(crate) fn outbox_state(&self) -> OutboxState {
        OutboxState { records: self.ledger.outbox_len(), dropped: self.ledger.writes().dropped }
    }

    /// Destroys what has had its time; nothing while the clock is in doubt.
    pub(crate) fn prune(&mut self, now: &Moment, retention: std::time::Duration) {
        if now.trust == gapura_model::ClockTrust::Trusted
            && let Err(error) = self.ledger.prune(now.wall, retention)
        {
            self.trouble(&error);
        }
    }

    /// A visit as the controller may know it: pseudonyms instead of addresses.
    fn message(&mut self, record: &VisitRecord, bundle: &Bundle) -> Option<Vec<u8>> {
        let key = epoch_key_at(&bundle.pseudonym_keys, record.started)?;
        let way = match record.way {
            SessionWay::OneTap => {
                let terms = bundle.terms.as_ref()?;
                Way::OneTap { terms: terms.version.clone(), sha256: terms.sha256 }
            }
            SessionWay::Voucher => Way::Voucher,
            SessionWay::Account => Way::Account,
            SessionWay::Staff => Way::Staff,
            // A printer or staff PC visits nobody.
            SessionWay::Trusted => return None,
        };
        let shared = matches!(record.holder, HolderId::Voucher(_) | HolderId::Account(_));
        let micros = u64::try_from(record.updated_up.since_boot().as_micros()).unwrap_or(0) & (LAST_WORD - 1);
        self.revision = micros.max(self.revision + 1);
        let last_word = if record.ended.is_some() { LAST_WORD } else { 0 };
        let usage = VisitUsage {
            visit: record.id,
            revision: self.revision | last_word,
            device: key.mac(record.device.mac),
            device_local: record.mac_is_local(),
            holder: shared.then(|| key.holder(&record.holder)),
            way,
            plan: record.plan.clone(),
            generation: bundle.generation,
            start: record.started,
            clock: self.now.trust,
            at: record.updated,
            traffic: record.traffic,
            seconds: record.used.as_secs(),
            end: record.ended.map(|ended| ended.at),
            cause: record.ended.map(|ended| ended.cause),
            address: self.addresses.get(&record.device.mac).map(|address| key.ipv4(*address)),
            nat: self.nat.told(record.id, key),
        };
        serde_json::to_vec(&Record::Visit(usage)).ok()
    }

    fn audit_event(&self, notice: &Notice) -> Option<AuditEvent> {
        let (actor, action, detail) = match notice {
            Notice::OpenedByStaff { visit, by, reason } => (by.clone(), "admit", format!("{visit}: {reason}")),
            Notice::Kicked { visit, by, reason } => (by.clone(), "kick", format!("{visit}: {reason}")),
            Notice::ExtendedByStaff { visit, by, time, .. } => {
                (by.clone(), "extend", format!("{visit}: {} s", time.as_secs()))
            }
            Notice::ShortenedByStaff { visit, by, time } => {
                (by.clone(), "shorten", format!("{visit}: {} s", time.as_secs()))
            }
            Notice::MovedByStaff { visit, by, reason } => (by.clone(), "move", format!("{visit}: {reason}")),
            Notice::Blocked { blocked: true, by, reason, .. } => (by.clone(), "block", reason.clone()),
            Notice::Blocked { by, reason, .. } => (by.clone(), "unblock", reason.clone()),
            Notice::EmergencyOpened { by, reason, length } => {
                (by.clone(), "open-in-emergency", format!("{} s: {reason}", length.as_secs()))
            }
            Notice::EmergencyEnded { by } => {
                (by.clone().unwrap_or_else(|| GATEWAY.to_owned()), "emergency-ended", String::new())
            }
            Notice::Theft { visit, ended } => (GATEWAY.to_owned(), "address-taken", format!("{visit}: ended {ended}")),
            Notice::UplinkDown
            | Notice::UplinkUp { .. }
            | Notice::ClockDoubtful
            | Notice::ClockSet
            | Notice::PolicyReplaced { .. } => return None,
        };
        Some(AuditEvent { at: self.now.wall, actor, action: action.to_owned(), detail })
    }
}

/// The last wall time in the ledger of `data_dir`.
pub(crate) fn last_time_on_disk(data_dir: &Path) -> Option<jiff::Timestamp> {
    Ledger::glance(&data_dir.join("ledger.sqlite"), settings::LAST_WALL)?.parse().ok()
}

/// The reading that belongs to a record, for the ledger.
pub(crate) fn place(slot: gapura_kernel::Slot, reading: Traffic) -> Place {
    Place { slot: slot.get(), generation: 0, reading }
}
