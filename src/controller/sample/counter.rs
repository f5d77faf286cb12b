//! Counters of the made-up regency: classes, numbers of the queue, seats out of order, and who is online now.

use std::collections::BTreeSet;

use gapura_model::{ByteCount, ClockTrust, DeviceSort, SiteKind, Traffic};
use gapura_rules::hours::{Hours, OpenState};
use gapura_session::Way;
use gapura_store::{ClassRow, SeatRow, TicketRow, Tx, VisitRow, millis, timestamp};
use gapura_wire::{OnlineReport, OnlineVisit, WireHolder};
use jiff::{SignedDuration, Timestamp};

use super::draw::Draw;
use super::log::Log;
use super::people::{clerk, helper};
use super::regency::Place;
use super::routers::later;
use crate::office::OfficeError;

/// Numbers are kept so long.
const KEPT: i64 = 90 * 86_400_000;

/// What went on at a gallery's counter on a day.
pub(super) async fn day(
    tx: &mut Tx,
    (place, hours): (&Place, &Hours),
    (midnight, now): (i64, i64),
    draw: &mut Draw,
    log: &mut Log,
) -> Result<(), OfficeError> {
    if place.kind != SiteKind::Gallery {
        return Ok(());
    }
    let end = timestamp(midnight.saturating_add(86_400_000));
    let windows = hours.windows(timestamp(midnight), end);
    let open = |at: i64| windows.iter().any(|window| millis(window.from) <= at && at < millis(window.until));
    class(tx, place, (midnight + 14 * 3_600_000, now), draw, log).await?;
    if now - midnight > KEPT {
        return Ok(());
    }
    let day = hours.zone().date(later(timestamp(midnight), SignedDuration::from_hours(12))).to_string();
    let (mut number, mut at) = (0, midnight + 9 * 3_600_000);
    while at < (midnight + 20 * 3_600_000).min(now) {
        at += as_i64(draw.between(3, 30)) * 60_000;
        if !open(at) || at >= now {
            continue;
        }
        number += 1;
        let called = at + as_i64(draw.between(1, 20)) * 60_000;
        let (state, called) = match (called < now, draw.below(12)) {
            (false, _) => ("waiting", None),
            (true, 0) => ("gone", Some(called)),
            (true, _) => ("present", Some(called)),
        };
        let seat = called.map(|_| format!("PC {:02}", draw.between(1, place.seats.into())));
        let (site, state) = (place.id.to_owned(), state.to_owned());
        let (calls, caller) = called.map_or((0, String::new()), |_| (1, clerk(place)));
        let ticket = TicketRow { site, day: day.clone(), number, state, made: at, called, seat, calls, caller };
        tx.put_ticket(&ticket).await?;
    }
    Ok(())
}

/// The free class of a working day, with how many came.
async fn class(
    tx: &mut Tx,
    place: &Place,
    (at, now): (i64, i64),
    draw: &mut Draw,
    log: &mut Log,
) -> Result<(), OfficeError> {
    let until = at + 5_400_000;
    if draw.below(7) < 2 || until >= now {
        return Ok(());
    }
    let seats: Vec<String> = (1..=place.seats.min(8)).map(|seat| format!("PC {seat:02}")).collect();
    let who = helper(place);
    let came = as_i64(draw.between(4, seats.len() as u64 + 4));
    let id = uuid::Builder::from_random_bytes(draw.octets()).into_uuid();
    let title = ["Kelas komputer dasar", "Kelas surel dan formulir", "Kelas UMKM daring"];
    let title = title.get(usize::try_from(draw.below(3)).unwrap_or_default()).copied().unwrap_or_default();
    tx.put_class(&ClassRow {
        site: place.id.to_owned(),
        id: id.to_string(),
        title: title.to_owned(),
        document: serde_json::json!({ "seats": seats, "plan": "pelajar", "phones": 0 }).to_string(),
        who: who.clone(),
        made: at,
        until,
        closed: None,
        attendance: Some(came),
    })
    .await?;
    let object = format!("site/{}/class/{id}", place.id);
    log.note((until, &who), "class-attendance", object, ("", &came.to_string()));
    Ok(())
}

/// A seat that is out of order, and one that is kept.
pub(super) async fn seats(tx: &mut Tx, place: &Place, now: i64, log: &mut Log) -> Result<(), OfficeError> {
    if place.seats < 6 {
        return Ok(());
    }
    let who = clerk(place);
    let seat = format!("PC {:02}", place.seats - 2);
    log.note((now, &who), "seat-state", format!("site/{}/seat/{seat}", place.id), ("works", "out of order"));
    tx.put_seat(&SeatRow { site: place.id.to_owned(), seat, broken: 1, ticket: None, until: None }).await?;
    Ok(())
}

/// Who is online at a place: the visits that run, with the first of those at a PC on its seats.
pub(super) fn online(
    place: &Place,
    hours: &Hours,
    visits: &[VisitRow],
    (run, seq): (uuid::Uuid, u64),
    now: Timestamp,
) -> OnlineReport {
    let mut seats: Vec<String> = (1..=place.seats).rev().map(|seat| format!("PC {seat:02}")).collect();
    let broken = place.seats.saturating_sub(2);
    seats.retain(|seat| place.seats < 6 || *seat != format!("PC {broken:02}"));
    let mut known = BTreeSet::new();
    let running = visits.iter().filter(|visit| visit.ended.is_none() && known.insert(visit.visit.clone()));
    let visits: Vec<OnlineVisit> = running
        .filter_map(|visit| {
            let seat = if visit.plan == "pc" { seats.pop() } else { None };
            if visit.plan == "pc" && seat.is_none() {
                return None;
            }
            shown(visit, seat, now)
        })
        .collect();
    let (open, changes) = match hours.state(now) {
        OpenState::Open { closes } => (true, closes),
        OpenState::Closed { opens } => (false, opens),
    };
    let visits = if open { visits } else { Vec::new() };
    OnlineReport {
        run,
        seq,
        full: true,
        at: now,
        clock: ClockTrust::Trusted,
        open,
        changes,
        online: u32::try_from(visits.len()).unwrap_or(u32::MAX),
        visits,
        gone: Vec::new(),
        blocks: Some(Vec::new()),
    }
}

fn shown(visit: &VisitRow, seat: Option<String>, now: Timestamp) -> Option<OnlineVisit> {
    let id: gapura_model::VisitId = visit.visit.parse().ok()?;
    let way = match visit.way.as_str() {
        "one-tap" => Way::OneTap,
        "account" => Way::Account,
        _ => Way::Voucher,
    };
    // Pupils by their number in the school's list.
    let number = visit.visit.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or_default();
    let name = format!("siswa-{:04}", number % 4000).parse().ok();
    let holder = name.filter(|_| way == Way::Account).map(WireHolder::Account);
    let started = timestamp(visit.started);
    let bytes = |count: i64| ByteCount::new(u64::try_from(count).unwrap_or_default());
    let first = visit.visit.bytes().next().unwrap_or_default();
    Some(OnlineVisit {
        visit: id,
        device: visit.device.parse().ok()?,
        sort: match (seat.is_some(), first % 5) {
            (true, _) => DeviceSort::default(),
            (false, 0) => DeviceSort::Laptop,
            (false, 1) => DeviceSort::Tablet,
            (false, _) => DeviceSort::Phone,
        },
        seat,
        way,
        plan: visit.plan.parse().ok()?,
        holder,
        started,
        until: Some(later(started, SignedDuration::from_mins(121)).max(later(now, SignedDuration::from_mins(1)))),
        ends_because: None,
        bytes_left: None,
        traffic: Traffic { up: bytes(visit.bytes_up), down: bytes(visit.bytes_down) },
        speed: u64::from(first) * 37_000,
        slowed: false,
        class: None,
    })
}

fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
