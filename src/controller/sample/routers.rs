//! The made-up regency's routers: how each was day by day, and how each is now. Most serve; one mobile centre fell silent, one clock
//! is in doubt, records pile up at one, one certificate is about to end, and one new box waits for approval.

use std::time::Duration;

use gapura_model::{ClockTrust, GatewayId, Generation, SiteId, SiteKind};
use gapura_rules::hours::{Hours, OpenState};
use gapura_store::{AlertRow, GatewayRow, OutageRow, Tx, millis, timestamp};
use gapura_wire::{
    ClockQuality, ClockSource, EnrolRequest, FilterState, GatewayState, Heartbeat, OutboxState, UplinkState, Versions,
    Words,
};
use jiff::{SignedDuration, Timestamp};

use super::draw::Draw;
use super::people::ADMIN;
use super::regency::Place;
use crate::fleet::LIFETIME;
use crate::office::{Actor, Office, OfficeError};

/// The mobile centre that does not speak any more.
pub(super) const SILENT: &str = "mplik-1";
/// Its clock is in doubt.
const DOUBTFUL: &str = "telecenter-pulau-harapan";
/// Its records pile up.
const FULL: &str = "plik-tellulimpoe";
/// Its uplink is down.
const CUT: &str = "hotspot-batu-pake-gojeng";
/// Its certificate is about to end.
const ENDING: &str = "hotspot-terminal";
/// Where a new box waits to take the place of the one there.
const REPLACED: &str = "galeri-sinjai-selatan";

/// The router of a place.
#[derive(Clone, Debug)]
pub(super) struct Router {
    pub(super) place: &'static Place,
    pub(super) site: SiteId,
    pub(super) gateway: GatewayId,
    /// Its number in the fleet.
    pub(super) number: u32,
}

impl Router {
    /// Takes it into the fleet.
    pub(super) async fn add(&self, tx: &mut Tx, draw: &mut Draw, (made, now): (i64, i64)) -> Result<(), OfficeError> {
        let hardware = match self.place.kind {
            SiteKind::Gallery => "Mini PC, 4 port",
            SiteKind::Hotspot => "Router luar ruang, 2 port",
            SiteKind::Telecenter | SiteKind::Plik => "Router meja, 4 port",
            SiteKind::Mplik => "Router kendaraan, 2 port",
        };
        tx.add_gateway(&GatewayRow {
            id: self.gateway.as_str().to_owned(),
            site: self.place.id.to_owned(),
            hostname: self.gateway.as_str().to_owned(),
            hardware: hardware.to_owned(),
            made,
            revoked: None,
            reason: String::new(),
            restores: 0,
        })
        .await?;
        // Nobody has the key of such a certificate.
        let fingerprint: Vec<u8> = [draw.octets(), draw.octets()].concat();
        let fingerprint: [u8; 32] = fingerprint.try_into().unwrap_or_default();
        let ends = if self.place.id == ENDING {
            later(timestamp(now), SignedDuration::from_hours(24 * 25))
        } else {
            later(timestamp(made), SignedDuration::try_from(LIFETIME).unwrap_or_default())
        };
        Ok(tx.add_certificate(&fingerprint, &self.gateway, timestamp(made), ends).await?)
    }

    /// How it was on a day: it opens, closes, and its uplink goes and comes back.
    pub(super) async fn day(
        &self,
        tx: &mut Tx,
        hours: &Hours,
        (midnight, now): (i64, i64),
        outage: Option<&OutageRow>,
    ) -> Result<(), OfficeError> {
        let mut turns: Vec<(i64, &str)> = Vec::new();
        let end = timestamp(midnight.saturating_add(86_400_000));
        for window in hours.windows(timestamp(midnight), end) {
            turns.push((millis(window.from), "serving"));
            if window.until < end {
                turns.push((millis(window.until), "closed"));
            }
        }
        let within = |at: i64| turns.iter().rev().find(|(since, _)| *since <= at).map_or("closed", |(_, state)| *state);
        if let Some((from, until)) = outage.and_then(|outage| Some((outage.started, outage.ended?)))
            && within(from) == "serving"
            && within(until) == "serving"
        {
            turns.retain(|(at, _)| !(from..=until).contains(at));
            turns.extend([(from, "uplink-down"), (until, "serving")]);
            turns.sort_by_key(|(at, _)| *at);
        }
        for (at, state) in turns.into_iter().filter(|(at, _)| *at < now) {
            tx.put_state((&self.site, &self.gateway), state, timestamp(at)).await?;
        }
        Ok(())
    }

    /// An alert that a long outage had raised.
    pub(super) async fn alert(&self, tx: &mut Tx, outage: &OutageRow, draw: &mut Draw) -> Result<(), OfficeError> {
        let Some(ended) = outage.ended.filter(|ended| ended - outage.started > 1_800_000) else { return Ok(()) };
        let [id, ..] = draw.octets().map(u64::from);
        let raised = outage.started + 900_000;
        let taken = draw.below(2) == 0;
        tx.put_alert(&AlertRow {
            id: format!("{:012x}", (u64::from(self.number) << 40) ^ (id << 32) ^ draw.below(1 << 32)),
            kind: "silent".to_owned(),
            site: self.place.id.to_owned(),
            object: self.gateway.as_str().to_owned(),
            detail: String::new(),
            since: outage.started,
            raised: Some(raised),
            better: Some(ended),
            ended: Some(ended + 120_000),
            told: Some(raised),
            told_end: Some(ended + 120_000),
            taken_by: taken.then(|| ADMIN.to_owned()),
            taken: taken.then_some(raised + 300_000),
            words: if taken { "Penyedia jaringan sudah dihubungi.".to_owned() } else { String::new() },
        })
        .await?;
        Ok(())
    }

    /// What it says at `now` with so many visits running; none from the one that is silent.
    pub(super) fn beat(&self, hours: &Hours, generation: Generation, online: u32, now: Timestamp) -> Option<Heartbeat> {
        let place = self.place.id;
        if place == SILENT {
            return None;
        }
        let open = matches!(hours.state(now), OpenState::Open { .. });
        let up = place != CUT;
        let state = match (open, up) {
            (false, _) => GatewayState::Closed,
            (true, true) => GatewayState::Serving,
            (true, false) => GatewayState::UplinkDown,
        };
        let doubtful = place == DOUBTFUL;
        let clock = if doubtful {
            ClockQuality { trust: ClockTrust::Doubtful, source: ClockSource::Disk }
        } else {
            ClockQuality { trust: ClockTrust::Trusted, source: ClockSource::Ntp }
        };
        let behind = SignedDuration::from_mins(if doubtful { 47 } else { 0 });
        let days = u64::from(self.number % 17) + 2;
        let records = if place == FULL { 31_400 } else { u64::from(self.number * 7 % 23) };
        Some(self.said(Heartbeat {
            state,
            boot: uuid::Uuid::from_u128(u128::from(self.number) << 64 | 1).to_string().parse().ok()?,
            uptime_seconds: days * 86_400,
            versions: Versions { gapura: env!("CARGO_PKG_VERSION").to_owned(), kernel: "6.12.30".to_owned() },
            sent: later(now, -behind),
            clock,
            outbox: OutboxState { records, dropped: 0 },
            uplink: UplinkState { up, since: Some(later(now, -SignedDuration::from_hours(if up { 90 } else { 2 }))) },
            generation,
            online: if open { online } else { 0 },
            portal: None,
            filter: Some(FilterState { in_force: true, index: None }),
            words: None,
            nonce: Vec::new(),
        }))
    }

    /// The last thing that the silent one said, and when.
    pub(super) fn last_words(
        &self,
        hours: &Hours,
        generation: Generation,
        now: Timestamp,
    ) -> Option<(Heartbeat, Timestamp)> {
        let at = later(now, -SignedDuration::from_mins(138));
        let other = Self { place: super::regency::PLACES.first()?, ..self.clone() };
        let beat = other.beat(hours, generation, 0, at)?;
        let words = Some(Words { battery: Some(11), storage: None });
        Some((Heartbeat { state: GatewayState::Serving, words, ..beat }, at))
    }

    fn said(&self, beat: Heartbeat) -> Heartbeat {
        // The vans run on a battery.
        let battery = (self.place.kind == SiteKind::Mplik).then_some(64);
        let words = battery.map(|battery| Words { battery: Some(battery), storage: None });
        Heartbeat { words, ..beat }
    }
}

/// A new box that asks to take the place of an old one, by a real request with a key that nobody keeps.
pub(super) async fn ask_to_replace(office: &Office, routers: &[Router]) -> Result<(), OfficeError> {
    let Some(old) = routers.iter().find(|router| router.place.id == REPLACED) else { return Ok(()) };
    let who = Actor { name: ADMIN.to_owned(), reason: "Router lama sering mati sendiri".to_owned() };
    let made = office.make_code(&old.site, Some(&old.gateway), Duration::from_hours(24 * 7), &who).await?;
    let unusable = |error: rcgen::Error| OfficeError::Write("a certificate request", error.into());
    let key = rcgen::KeyPair::generate().map_err(unusable)?;
    let request = rcgen::CertificateParams::default().serialize_request(&key).map_err(unusable)?;
    let request = EnrolRequest {
        code: made.code,
        csr_pem: request.pem().map_err(unusable)?,
        hostname: "gapura-baru".to_owned(),
        hardware: "Mini PC, 4 port".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    office.enrol(request).await.map(drop)
}

pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(at)
}
