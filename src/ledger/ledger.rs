//! Opening, and committing in groups.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gapura_model::{AccountName, HolderId};
use gapura_session::{HolderBalance, VisitRecord};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, params};

use crate::entry::{AuditEvent, Entry, Place, Verifier, settings};
use crate::row::{duration, hex, holder_key, micros, octets, timestamp};
use crate::{LedgerError, schema, snapshot, sql};

/// Limits of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long a commit waits for another program to let go of the file.
    pub busy: Duration,
    /// The file's size at most, in pages of 4 KiB.
    pub most_pages: u32,
    /// Unsent messages at most; beyond it the oldest is dropped and counted.
    pub most_outbox: u64,
}

impl Default for Options {
    /// Two seconds; 256 MiB; 200,000 messages, which is weeks of a busy site.
    fn default() -> Self {
        Self { busy: Duration::from_secs(2), most_pages: 65_536, most_outbox: 200_000 }
    }
}

/// A ledger that was opened, and what had to be done for it.
#[derive(Debug)]
pub struct Opened {
    /// The ledger.
    pub ledger: Ledger,
    /// The file was damaged and lies here now; the ledger is a new one. Tell the operator.
    pub set_aside: Option<PathBuf>,
    /// The ledger is new.
    pub is_new: bool,
}

/// How often was written since the ledger was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writes {
    /// Commits, each one transaction.
    pub commits: u64,
    /// Of these, commits that waited for the disk.
    pub durable: u64,
    /// Rows in them.
    pub entries: u64,
    /// Outbox messages dropped for want of room, since the file was made.
    pub dropped: u64,
}

/// What ports ended visits had is kept so long: their rest is shorter.
const NAT: Duration = Duration::from_hours(24);
/// Orders of staff that were carried out are known for so long: none that is older is carried out again.
const ORDERS: Duration = Duration::from_hours(31 * 24);

/// The gateway's SQLite file.
#[derive(Debug)]
pub struct Ledger {
    pub(crate) connection: Connection,
    options: Options,
    outbox: u64,
    writes: Writes,
    durable: Option<bool>,
}

impl Ledger {
    /// Opens the ledger at `path`, making it if it is not there. A damaged file is renamed and a new one made. `now` is the
    /// wall clock, doubtful or not: outbox numbers of a new file begin at its microseconds, above those of the file it replaces.
    pub fn open(path: &Path, options: Options, now: Timestamp) -> Result<Opened, LedgerError> {
        match Self::open_as_it_is(path, options, now) {
            Ok((ledger, is_new)) => Ok(Opened { ledger, set_aside: None, is_new }),
            Err(error) if error.is_corrupt() => {
                let aside = set_aside(path, now)?;
                tracing::error!(id = error.id(), aside = %aside.display(), "the ledger was damaged; a new one begins");
                let (ledger, is_new) = Self::open_as_it_is(path, options, now)?;
                Ok(Opened { ledger, set_aside: Some(aside), is_new })
            }
            Err(error) => Err(error),
        }
    }

    /// A named value out of the ledger at `path`, which is neither made nor changed nor set aside: for whoever only wants to
    /// know before the gateway itself opens it. `None` where it cannot be read.
    pub fn glance(path: &Path, name: &str) -> Option<String> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        connection.busy_timeout(Options::default().busy).ok()?;
        connection.query_row(sql::SETTING, [name], |row| row.get(0)).ok()
    }

    /// How long a commit waits for another program to let go of the file, from now on.
    pub fn set_busy(&mut self, busy: Duration) -> Result<(), LedgerError> {
        Ok(self.connection.busy_timeout(busy)?)
    }

    fn open_as_it_is(path: &Path, options: Options, now: Timestamp) -> Result<(Self, bool), LedgerError> {
        let mut connection =
            Connection::open(path).map_err(|source| LedgerError::Open { path: path.to_owned(), source })?;
        connection.busy_timeout(options.busy)?;
        connection.set_prepared_statement_cache_capacity(48);
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.pragma_update_and_check(None, "max_page_count", options.most_pages, |_| Ok(()))?;
        // After a checkpoint the log keeps this much room, so that it is written in place instead of growing anew.
        connection.pragma_update_and_check(None, "journal_size_limit", 4 << 20, |_| Ok(()))?;
        let verdict: String = connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
        if verdict != "ok" {
            return Err(LedgerError::FailedCheck(verdict));
        }
        let is_new = schema::migrate(&mut connection, path)?;
        if is_new {
            connection.execute(sql::OUTBOX_SEED, [now.as_microsecond().max(0)])?;
        }
        let outbox: i64 = connection.query_row(sql::OUTBOX_COUNT, (), |row| row.get(0))?;
        let outbox = u64::try_from(outbox).unwrap_or_default();
        let mut ledger = Self { connection, options, outbox, writes: Writes::default(), durable: None };
        ledger.writes.dropped =
            ledger.setting(settings::DROPPED)?.and_then(|text| text.parse().ok()).unwrap_or_default();
        Ok((ledger, is_new))
    }

    /// Keeps all of `entries`, or none. With `durable` the disk has them before this returns; otherwise they survive the
    /// death of this program but a power cut may take the last seconds.
    pub fn commit(&mut self, entries: &[Entry], durable: bool) -> Result<(), LedgerError> {
        if self.durable != Some(durable) {
            self.durable = None;
            self.connection.pragma_update(None, "synchronous", if durable { "full" } else { "normal" })?;
            self.durable = Some(durable);
        }
        let (outbox, dropped) = (self.outbox, self.writes.dropped);
        let group = self.connection.transaction()?;
        let mut counts = Counts { outbox, dropped };
        for entry in entries {
            write(&group, entry, &mut counts)?;
        }
        make_room(&group, self.options.most_outbox, &mut counts)?;
        group.commit()?;
        self.outbox = counts.outbox;
        self.writes.dropped = counts.dropped;
        self.writes.commits += 1;
        self.writes.durable += u64::from(durable);
        self.writes.entries += u64::try_from(entries.len()).unwrap_or_default();
        Ok(())
    }

    /// How often was written.
    pub const fn writes(&self) -> Writes {
        self.writes
    }

    /// Unsent messages.
    pub const fn outbox_len(&self) -> u64 {
        self.outbox
    }

    pub(crate) const fn set_outbox_len(&mut self, outbox: u64) {
        self.outbox = outbox;
    }

    /// What a holder used, if anything is kept of it.
    pub fn balance(&self, holder: &HolderId) -> Result<Option<HolderBalance>, LedgerError> {
        let (kind, id) = holder_key(holder);
        let mut statement = self.connection.prepare_cached(sql::BALANCE)?;
        let mut rows = statement.query((kind, id))?;
        rows.next()?.map(snapshot::balance).transpose()
    }

    /// At most `most` accounts and vouchers that have a balance: accounts first, then vouchers, the latest used first.
    pub fn recent_holders(&self, most: u32) -> Result<Vec<HolderId>, LedgerError> {
        let mut statement = self.connection.prepare_cached(sql::HOLDERS_RECENT)?;
        let mut rows = statement.query([most])?;
        let mut holders = Vec::new();
        while let Some(row) = rows.next()? {
            let (kind, id): (String, String) = (row.get(0)?, row.get(1)?);
            holders.push(crate::row::holder("balance", &kind, &id)?);
        }
        Ok(holders)
    }

    /// When a voucher was first used.
    pub fn redeemed(&self, voucher: &[u8; 32]) -> Result<Option<Timestamp>, LedgerError> {
        let mut statement = self.connection.prepare_cached(sql::REDEMPTION)?;
        Ok(statement.query_row([hex(voucher)], |row| row.get(0)).optional()?.map(timestamp))
    }

    /// When a voucher's one-time token was used.
    pub fn token_used(&self, token: &[u8; 32]) -> Result<Option<Timestamp>, LedgerError> {
        let mut statement = self.connection.prepare_cached(sql::TOKEN)?;
        Ok(statement.query_row([hex(token)], |row| row.get(0)).optional()?.map(timestamp))
    }

    /// What is kept of an account, unless it expired.
    pub fn verifier(&self, account: &AccountName, now: Timestamp) -> Result<Option<Verifier>, LedgerError> {
        let mut statement = self.connection.prepare_cached(sql::VERIFIER)?;
        let row: Option<(String, String, i64)> =
            statement.query_row([account.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((phc, plan, expires)) = row else { return Ok(None) };
        let plan = plan.parse().map_err(|_| LedgerError::Row { table: "verifier", column: "plan" })?;
        let verifier = Verifier { phc, plan, expires: timestamp(expires) };
        Ok(Some(verifier).filter(|verifier| verifier.expires > now))
    }

    /// A named value.
    pub fn setting(&self, name: &str) -> Result<Option<String>, LedgerError> {
        let mut statement = self.connection.prepare_cached(sql::SETTING)?;
        Ok(statement.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Audit events after `id`, oldest first, at most `most`, each with its id.
    pub fn audit(&self, id: i64, most: u32) -> Result<Vec<(i64, AuditEvent)>, LedgerError> {
        let mut statement = self.connection.prepare_cached(sql::AUDIT)?;
        let rows = statement.query_map((id, most), |row| {
            let at = timestamp(row.get(1)?);
            Ok((row.get(0)?, AuditEvent { at, actor: row.get(2)?, action: row.get(3)?, detail: row.get(4)? }))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Destroys what has had its time: expired verifiers, balances of devices not seen for two months, orders carried out a month
    /// ago, audit events and agreements older than `retention`. Once a day is often enough. Nothing of it while the clock is in doubt.
    pub fn prune(&mut self, now: Timestamp, retention: Duration) -> Result<usize, LedgerError> {
        let earlier = |ago: Duration| {
            now.checked_sub(jiff::SignedDuration::try_from(ago).unwrap_or_default()).unwrap_or(Timestamp::MIN)
        };
        let (old, forgotten) = (earlier(retention).as_microsecond(), earlier(Duration::from_hours(62 * 24)));
        let day = forgotten.strftime("%Y-%m-%d").to_string();
        let group = self.connection.transaction()?;
        let mut gone = group.execute(sql::VERIFIER_PRUNE, [now.as_microsecond()])?;
        gone += group.execute(sql::BALANCE_PRUNE, params![day, now.as_microsecond()])?;
        gone += group.execute(sql::AUDIT_PRUNE, [old])?;
        gone += group.execute(sql::TERMS_PRUNE, [old])?;
        gone += group.execute(sql::VISIT_NAT_PRUNE, [earlier(NAT).as_microsecond()])?;
        gone += group.execute(sql::DESK_ORDER_PRUNE, [earlier(ORDERS).as_microsecond()])?;
        group.commit()?;
        Ok(gone)
    }
}

struct Counts {
    outbox: u64,
    dropped: u64,
}

fn write(group: &Transaction<'_>, entry: &Entry, counts: &mut Counts) -> Result<(), LedgerError> {
    match entry {
        Entry::Visit { record, place } => write_visit(group, record, place.as_ref())?,
        Entry::Balance(balance) => write_balance(group, balance)?,
        Entry::Redemption { voucher, at } => {
            group.prepare_cached(sql::REDEMPTION_INSERT)?.execute((hex(voucher), at.as_microsecond()))?;
        }
        Entry::Token { token, at } => {
            group.prepare_cached(sql::TOKEN_INSERT)?.execute((hex(token), at.as_microsecond()))?;
        }
        Entry::Outbox { subject, body } => {
            if let Some(subject) = subject {
                let replaced = group.prepare_cached(sql::OUTBOX_REPLACE)?.execute([subject])?;
                counts.outbox = counts.outbox.saturating_sub(u64::try_from(replaced).unwrap_or_default());
            }
            group.prepare_cached(sql::OUTBOX_INSERT)?.execute((subject, body))?;
            counts.outbox += 1;
        }
        Entry::Audit(AuditEvent { at, actor, action, detail }) => {
            group.prepare_cached(sql::AUDIT_INSERT)?.execute((at.as_microsecond(), actor, action, detail))?;
        }
        Entry::Setting { name, value } => write_setting(group, name, value.as_deref())?,
        Entry::Terms { visit, at, terms } => {
            let row = (visit.as_bytes(), at.as_microsecond(), &terms.version, &terms.hash);
            group.prepare_cached(sql::TERMS_INSERT)?.execute(row)?;
        }
        Entry::Verifier { account, verifier: Verifier { phc, plan, expires } } => {
            let row = (account.as_str(), phc, plan.as_str(), expires.as_microsecond());
            group.prepare_cached(sql::VERIFIER_UPSERT)?.execute(row)?;
        }
        Entry::ForgetVerifier(account) => {
            group.prepare_cached(sql::VERIFIER_DELETE)?.execute([account.as_str()])?;
        }
        Entry::Blocks(blocks) => {
            let value = (!blocks.is_empty()).then(|| snapshot::json(blocks));
            write_setting(group, settings::BLOCKS, value.as_deref())?;
        }
        Entry::Emergency(emergency) => {
            let value = emergency.as_ref().map(snapshot::emergency_text);
            write_setting(group, settings::EMERGENCY, value.as_deref())?;
        }
        Entry::Order { id, document, at } => {
            group.prepare_cached(sql::DESK_ORDER_INSERT)?.execute((id, document, at.as_microsecond()))?;
        }
        Entry::OrderDone { id, outcome } => {
            group.prepare_cached(sql::DESK_ORDER_DONE)?.execute((id, outcome))?;
        }
        Entry::OrderTold { id, outcome } => {
            group.prepare_cached(sql::DESK_ORDER_TOLD)?.execute((id, outcome))?;
        }
        Entry::Sort { visit, sort } => {
            group.prepare_cached(sql::VISIT_SORT_UPSERT)?.execute((visit.as_bytes(), sort.id()))?;
        }
        Entry::Nat { visit, document: Some(document), ended } => {
            let ended = ended.map(Timestamp::as_microsecond);
            group.prepare_cached(sql::VISIT_NAT_UPSERT)?.execute((visit.as_bytes(), document, ended))?;
        }
        Entry::Nat { visit, document: None, .. } => {
            group.prepare_cached(sql::VISIT_NAT_DELETE)?.execute([visit.as_bytes()])?;
        }
        Entry::ClockBasis(basis) => {
            let value = basis.map(|(up, wall)| snapshot::json(&(micros(up.since_boot()), wall.as_microsecond())));
            write_setting(group, settings::CLOCK_BASIS, value.as_deref())?;
        }
    }
    Ok(())
}

fn write_visit(group: &Transaction<'_>, record: &VisitRecord, place: Option<&Place>) -> Result<(), LedgerError> {
    if record.ended.is_some() {
        group.prepare_cached(sql::VISIT_DELETE)?.execute([record.id.as_bytes()])?;
        group.prepare_cached(sql::VISIT_SORT_DELETE)?.execute([record.id.as_bytes()])?;
        return Ok(());
    }
    let (kind, holder) = holder_key(&record.holder);
    group.prepare_cached(sql::VISIT_UPSERT)?.execute(params![
        record.id.as_bytes(),
        record.device.lan.as_str(),
        record.device.mac.to_string(),
        kind,
        holder,
        record.way.id(),
        record.plan.as_str(),
        record.voucher.as_ref().map(snapshot::json),
        record.terms.as_ref().map(|terms| &terms.version),
        record.terms.as_ref().map(|terms| &terms.hash),
        record.boot.to_string(),
        record.started.as_microsecond(),
        record.updated.as_microsecond(),
        micros(record.updated_up.since_boot()),
        micros(record.active_up.since_boot()),
        micros(record.used),
        record.frozen,
        octets(record.traffic.up),
        octets(record.traffic.down),
        record.staff_time.map(micros),
        micros(record.extra_time),
        octets(record.extra_bytes),
        record.extended,
        record.slowed,
        place.map(|place| place.slot),
        place.map(|place| place.generation),
        place.map(|place| octets(place.reading.up)),
        place.map(|place| octets(place.reading.down)),
        micros(record.silent),
    ])?;
    Ok(())
}

fn write_balance(group: &Transaction<'_>, balance: &HolderBalance) -> Result<(), LedgerError> {
    let (kind, holder) = holder_key(&balance.holder);
    let (day, month) = (&balance.day_used, &balance.month_used);
    group.prepare_cached(sql::BALANCE_UPSERT)?.execute(params![
        kind,
        holder,
        balance.day.map(|day| day.to_string()),
        micros(day.time),
        octets(day.traffic.up),
        octets(day.traffic.down),
        micros(month.time),
        octets(month.traffic.up),
        octets(month.traffic.down),
        micros(balance.time_used),
        balance.first_used.map(Timestamp::as_microsecond),
        balance.paused_until.map(Timestamp::as_microsecond),
        balance.boot.to_string(),
        micros(balance.updated_up.since_boot()),
        balance.running,
        micros(balance.uncovered),
        micros(balance.added_today),
        micros(balance.added),
        balance.lent.as_ref().map(snapshot::json),
    ])?;
    Ok(())
}

fn write_setting(group: &Transaction<'_>, name: &str, value: Option<&str>) -> Result<(), LedgerError> {
    match value {
        Some(value) => group.prepare_cached(sql::SETTING_UPSERT)?.execute((name, value))?,
        None => group.prepare_cached(sql::SETTING_DELETE)?.execute([name])?,
    };
    Ok(())
}

/// Drops the oldest messages beyond the bound, and counts them.
fn make_room(group: &Transaction<'_>, most: u64, counts: &mut Counts) -> Result<(), LedgerError> {
    let excess = counts.outbox.saturating_sub(most);
    if excess > 0 {
        group.prepare_cached(sql::OUTBOX_DROP)?.execute([i64::try_from(excess).unwrap_or(i64::MAX)])?;
        counts.outbox = most;
        counts.dropped += excess;
        write_setting(group, settings::DROPPED, Some(&counts.dropped.to_string()))?;
    }
    Ok(())
}

/// Renames the file and what belongs to it, so that somebody may look at it.
fn set_aside(path: &Path, now: Timestamp) -> Result<PathBuf, LedgerError> {
    let named = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let mark = (0..).map(|count: u32| format!(".damaged-{}-{count}", now.as_second()));
    let aside = mark.map(|mark| named(&mark)).find(|aside| !aside.exists()).unwrap_or_else(|| named(".damaged"));
    std::fs::rename(path, &aside).map_err(|source| LedgerError::SetAside { path: path.to_owned(), source })?;
    for suffix in ["-wal", "-shm"] {
        let part = named(suffix);
        if part.exists() {
            let mut name = aside.as_os_str().to_owned();
            name.push(suffix);
            std::fs::rename(&part, &name).map_err(|source| LedgerError::SetAside { path: part, source })?;
        }
    }
    Ok(aside)
}

pub(crate) fn up(micros: i64) -> gapura_model::Uptime {
    gapura_model::Uptime::new(duration(micros))
}
