//! What a restart begins from.

use std::collections::BTreeMap;

use gapura_model::{BootId, DeviceId, Traffic, VisitId};
use gapura_session::{Emergency, HolderBalance, Snapshot, Terms, Used, VisitRecord, Way};
use rusqlite::Row;
use serde::{Serialize, de::DeserializeOwned};

use crate::entry::{Place, settings};
use crate::ledger::up;
use crate::row::{bytes, duration, holder, micros, timestamp};
use crate::{Ledger, LedgerError, sql};

/// What a restart begins from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Restart {
    /// For the session engine.
    pub session: Snapshot,
    /// Where the kernel holds visits, if it is still the same run of it.
    pub places: BTreeMap<VisitId, Place>,
}

impl Ledger {
    /// Everything a restart in the kernel run `boot` needs. What only holds within one run is left out if the ledger was
    /// written in another ([`settings::BOOT`]).
    pub fn restart(&self, boot: BootId) -> Result<Restart, LedgerError> {
        let mut restart = Restart::default();
        let mut statement = self.connection.prepare_cached(sql::VISITS)?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let (record, place) = visit(row)?;
            if let Some(place) = place.filter(|_| record.boot == boot) {
                restart.places.insert(record.id, place);
            }
            restart.session.visits.push(record);
        }
        let mut statement = self.connection.prepare_cached(sql::BALANCES_RUNNING)?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            restart.session.balances.push(balance(row)?);
        }
        restart.session.blocks = self.parsed(settings::BLOCKS)?.unwrap_or_default();
        if self.setting(settings::BOOT)?.is_some_and(|text| text.parse() == Ok(boot)) {
            let basis: Option<(i64, i64)> = self.parsed(settings::CLOCK_BASIS)?;
            restart.session.clock_basis = basis.map(|(since, wall)| (up(since), timestamp(wall)));
            let emergency: Option<(i64, String, String)> = self.parsed(settings::EMERGENCY)?;
            restart.session.emergency = emergency.map(|(until, by, reason)| Emergency { until: up(until), by, reason });
        }
        Ok(restart)
    }

    fn parsed<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, LedgerError> {
        let wrong = |_| LedgerError::Row { table: "setting", column: name };
        self.setting(name)?.map(|text| serde_json::from_str(&text).map_err(wrong)).transpose()
    }
}

/// A value as JSON text. What is written here always can be.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(crate) fn emergency_text(emergency: &Emergency) -> String {
    json(&(micros(emergency.until.since_boot()), &emergency.by, &emergency.reason))
}

fn visit(row: &Row<'_>) -> Result<(VisitRecord, Option<Place>), LedgerError> {
    const fn wrong<E>(column: &'static str) -> impl Fn(E) -> LedgerError {
        move |_| LedgerError::Row { table: "visit", column }
    }
    let text = |column: &str| row.get::<_, String>(column);
    let number = |column: &str| row.get::<_, i64>(column);
    let id: [u8; 16] = row.get("id")?;
    let voucher: Option<String> = row.get("voucher")?;
    let terms: Option<String> = row.get("terms_version")?;
    let hash: Option<String> = row.get("terms_hash")?;
    let staff_time: Option<i64> = row.get("staff_time")?;
    let record = VisitRecord {
        id: VisitId::from(uuid::Uuid::from_bytes(id)),
        device: DeviceId {
            lan: text("lan")?.parse().map_err(wrong("lan"))?,
            mac: text("mac")?.parse().map_err(wrong("mac"))?,
        },
        holder: holder("visit", &text("holder_kind")?, &text("holder")?)?,
        way: way(&text("way")?).ok_or(LedgerError::Row { table: "visit", column: "way" })?,
        plan: text("plan")?.parse().map_err(wrong("plan"))?,
        voucher: voucher.map(|text| serde_json::from_str(&text)).transpose().map_err(wrong("voucher"))?,
        terms: terms.zip(hash).map(|(version, hash)| Terms { version, hash }),
        boot: text("boot")?.parse().map_err(wrong("boot"))?,
        started: timestamp(number("started")?),
        updated: timestamp(number("updated")?),
        updated_up: up(number("updated_up")?),
        active_up: up(number("active_up")?),
        used: duration(number("used")?),
        silent: duration(number("silent")?),
        frozen: row.get("frozen")?,
        traffic: Traffic { up: bytes(number("bytes_up")?), down: bytes(number("bytes_down")?) },
        staff_time: staff_time.map(duration),
        extra_time: duration(number("extra_time")?),
        extra_bytes: bytes(number("extra_bytes")?),
        extended: row.get("extended")?,
        slowed: row.get("slowed")?,
        ended: None,
    };
    let (slot, generation): (Option<u16>, Option<u8>) = (row.get("slot")?, row.get("slot_generation")?);
    let (read_up, read_down): (Option<i64>, Option<i64>) = (row.get("reading_up")?, row.get("reading_down")?);
    let place = slot.zip(generation).map(|(slot, generation)| {
        let reading = Traffic { up: bytes(read_up.unwrap_or_default()), down: bytes(read_down.unwrap_or_default()) };
        Place { slot, generation, reading }
    });
    Ok((record, place))
}

pub(crate) fn balance(row: &Row<'_>) -> Result<HolderBalance, LedgerError> {
    const fn wrong<E>(column: &'static str) -> impl Fn(E) -> LedgerError {
        move |_| LedgerError::Row { table: "balance", column }
    }
    let text = |column: &str| row.get::<_, String>(column);
    let number = |column: &str| row.get::<_, i64>(column);
    let used = |time: &str, up: &str, down: &str| -> Result<Used, LedgerError> {
        let traffic = Traffic { up: bytes(number(up)?), down: bytes(number(down)?) };
        Ok(Used { time: duration(number(time)?), traffic })
    };
    let day: Option<String> = row.get("day")?;
    let first_used: Option<i64> = row.get("first_used")?;
    let paused_until: Option<i64> = row.get("paused_until")?;
    let lent: Option<String> = row.get("lent")?;
    Ok(HolderBalance {
        holder: holder("balance", &text("holder_kind")?, &text("holder")?)?,
        day: day.map(|day| day.parse()).transpose().map_err(wrong("day"))?,
        day_used: used("day_time", "day_up", "day_down")?,
        month_used: used("month_time", "month_up", "month_down")?,
        time_used: duration(number("time_used")?),
        added_today: duration(number("added_today")?),
        added: duration(number("added")?),
        first_used: first_used.map(timestamp),
        paused_until: paused_until.map(timestamp),
        boot: text("boot")?.parse().map_err(wrong("boot"))?,
        updated_up: up(number("updated_up")?),
        running: row.get("running")?,
        uncovered: duration(number("uncovered")?),
        lent: lent.map(|text| serde_json::from_str(&text)).transpose().map_err(wrong("lent"))?,
    })
}

fn way(id: &str) -> Option<Way> {
    [Way::OneTap, Way::Voucher, Way::Account, Way::Staff, Way::Trusted].into_iter().find(|way| way.id() == id)
}
