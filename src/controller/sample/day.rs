//! One day at one site, drawn from a seed: pure, and the same for the same seed.

use gapura_store::{OutageRow, VisitRow};
use gapura_wire::Epoch;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::draw::Draw;
use super::regency::{Place, SHARES};

/// A place on a day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day<'a> {
    pub(super) place: &'a Place,
    pub(super) gateway: &'a str,
    pub(super) date: Date,
    /// Visits that begin at all sites on an ordinary day.
    pub(super) visits: u32,
    /// The document's version and hash of the terms.
    pub(super) terms: (&'a str, &'a str),
    /// Nothing is drawn that began after this, ms.
    pub(super) until: i64,
}

impl Day<'_> {
    /// Where its numbers are drawn from, for the place with this number.
    pub(super) fn source(&self, draw: &Draw, number: u32) -> Draw {
        let date = |part: i8| u64::try_from(part).unwrap_or_default();
        let year = u64::try_from(self.date.year()).unwrap_or_default();
        let day = (year * 100 + date(self.date.month())) * 100 + date(self.date.day());
        draw.of(day * 1000 + u64::from(number))
    }

    /// The visits that began on it.
    pub(super) fn visits(&self, zone: &TimeZone, draw: &mut Draw) -> Vec<VisitRow> {
        let Ok(midnight) = self.date.to_zoned(zone.clone()) else { return Vec::new() };
        let midnight = midnight.timestamp().as_millisecond();
        // Weekends are fuller outdoors, Fridays have their prayers, and no two days are alike.
        let weekday = match self.date.weekday() {
            Weekday::Saturday | Weekday::Sunday => 88,
            Weekday::Friday => 94,
            Weekday::Monday | Weekday::Tuesday | Weekday::Wednesday | Weekday::Thursday => 105,
        };
        let expected = u64::from(self.visits) * u64::from(self.place.weight) * weekday / 100_000;
        let count = expected * draw.between(85, 115) / 100;
        let rhythm = self.place.rhythm();
        let whole: u32 = rhythm.iter().sum();
        let mut all = Vec::new();
        for _ in 0..count {
            let hour = hour_of(&rhythm, u32::try_from(draw.below(u64::from(whole))).unwrap_or_default());
            let started = midnight + i64::from(hour) * 3_600_000 + as_i64(draw.below(3_600_000));
            // Drawn also where it lies ahead: what is drawn after it is the same, whenever one looks.
            let visit = self.visit(started, draw);
            if started < self.until {
                all.push(visit);
            }
        }
        all
    }

    fn visit(&self, started: i64, draw: &mut Draw) -> VisitRow {
        let (plan, way) = self.plan_and_way(draw);
        let seconds = match draw.below(10) {
            0..=2 => draw.between(60, 600),
            3..=7 => draw.between(600, 4_200),
            _ => draw.between(4_200, 7_200),
        };
        let down = seconds * draw.between(3_000, 220_000);
        let ended = started + as_i64(seconds * 1000);
        let running = ended > self.until;
        let told = ended.min(self.until).max(started);
        let epoch = Epoch::of(gapura_store::timestamp(started));
        let cause = match draw.below(10) {
            0..=4 => "idle",
            5 | 6 => "logged-out",
            7 | 8 => "time-up-visit",
            _ => "quota-up-visit",
        };
        let tap = way == "one-tap";
        VisitRow {
            address: None,
            nat: None,
            site: self.place.id.to_owned(),
            visit: gapura_model::VisitId::from_random(draw.octets()).to_string(),
            gateway: self.gateway.to_owned(),
            revision: as_i64(draw.between(2, 30)),
            // A third of those who come have come before in the month.
            device: format!("h1:{epoch}:{:032x}", spread(draw.below(60_000))),
            device_local: i64::from(draw.below(3) > 0),
            holder: (!tap).then(|| format!("h1:{epoch}:{:032x}", spread(draw.below(400_000)))),
            way: way.to_owned(),
            terms: tap.then(|| self.terms.0.to_owned()),
            terms_sha256: tap.then(|| self.terms.1.to_owned()),
            plan: plan.to_owned(),
            generation: 1,
            started,
            clock: "trusted".to_owned(),
            told,
            bytes_up: as_i64(down / 9),
            bytes_down: as_i64(down),
            seconds: (told - started) / 1000,
            ended: (!running).then_some(ended),
            cause: (!running).then(|| cause.to_owned()),
        }
    }

    fn plan_and_way(&self, draw: &mut Draw) -> (&'static str, &'static str) {
        let mut left = u32::try_from(draw.below(100)).unwrap_or_default();
        let mut plan = "umum";
        for (name, share) in SHARES {
            if left < share {
                plan = name;
                break;
            }
            left -= share;
        }
        if plan == "pc" && self.place.seats == 0 {
            plan = "umum";
        }
        let way = match plan {
            "umum" if draw.below(4) > 0 => "one-tap",
            "pelajar" => "account",
            _ => "voucher",
        };
        (plan, way)
    }

    /// An outage of the uplink, on some days.
    pub(super) fn outage(&self, zone: &TimeZone, draw: &mut Draw) -> Option<OutageRow> {
        let often = if self.place.weight < 30 { 4 } else { 20 };
        if draw.below(often) > 0 {
            return None;
        }
        let midnight = self.date.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond();
        let started = midnight + as_i64(draw.below(86_400_000));
        let ended = started + as_i64(draw.between(60, 9_000) * 1000);
        (ended < self.until).then(|| OutageRow {
            site: self.place.id.to_owned(),
            id: gapura_model::VisitId::from_random(draw.octets()).to_string(),
            gateway: self.gateway.to_owned(),
            kind: "uplink".to_owned(),
            started,
            ended: Some(ended),
        })
    }
}

/// A number as pseudonyms look: nothing of it is to be seen in theirs.
fn spread(number: u64) -> u128 {
    u128::from_be_bytes(Draw::new(number).octets())
}

fn hour_of(rhythm: &[u32; 24], mut part: u32) -> u32 {
    for (hour, share) in (0..).zip(rhythm) {
        if part < *share {
            return hour;
        }
        part -= share;
    }
    12
}

fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::regency::PLACES;
    use super::*;

    fn day(place: &'static Place, until: i64) -> Day<'static> {
        Day { place, gateway: "gw", date: Date::constant(2026, 11, 18), visits: 30_000, terms: ("1", "a"), until }
    }

    #[test]
    fn a_day_is_the_same_for_the_same_seed_and_keeps_the_sites_hours() {
        let zone = TimeZone::get("Asia/Makassar").unwrap();
        let gallery = &PLACES[0];
        let of = |seed| day(gallery, i64::MAX).visits(&zone, &mut Draw::new(seed));
        let (one, same, other) = (of(1), of(1), of(2));
        assert!(one == same && one != other);
        assert!((2_800..4_500).contains(&one.len()), "{} visits", one.len());
        for visit in &one {
            let hour = gapura_store::timestamp(visit.started).to_zoned(zone.clone()).hour();
            assert!((8..22).contains(&hour) && visit.ended.is_some_and(|end| end > visit.started));
            assert!(visit.device.parse::<gapura_wire::Pseudonym>().is_ok(), "{}", visit.device);
        }
    }

    #[test]
    fn what_has_not_ended_yet_runs() {
        let zone = TimeZone::get("Asia/Makassar").unwrap();
        let noon = "2026-11-18T12:00:00+08:00".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let visits = day(&PLACES[0], noon).visits(&zone, &mut Draw::new(3));
        assert!(visits.iter().all(|visit| visit.started < noon && visit.told <= noon));
        assert!(visits.iter().any(|visit| visit.ended.is_none() && visit.cause.is_none()));
    }
}
