//! A day's vouchers at one counter: printed singly and in batches, used or not. Codes are drawn as real ones are, never from the
//! seed: whoever knows the seed knows none of them.

use gapura_model::{PresetId, SiteKind, VOUCHER_ALPHABET, VoucherCode, VoucherToken};
use gapura_rules::hours::Hours;
use gapura_store::{NewBatch, Tx, VoucherRow, millis, timestamp};
use gapura_wire::VoucherKey;
use jiff::tz::TimeZone;

use super::content::NOTES;
use super::draw::Draw;
use super::log::Log;
use super::people::clerk;
use super::regency::Place;
use crate::keys::random;
use crate::office::{Office, OfficeError};
use crate::preset::Preset;
use crate::vault::Kept;

/// A counter that prints.
pub(super) struct Counter<'a> {
    pub(super) office: &'a Office,
    pub(super) place: &'a Place,
    pub(super) site: gapura_model::SiteId,
    pub(super) hours: &'a Hours,
    pub(super) key: VoucherKey,
    pub(super) presets: &'a [(PresetId, Preset)],
}

/// A print: one voucher or a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Print {
    at: i64,
    preset: usize,
    amount: u32,
    note: &'static str,
}

impl Counter<'_> {
    /// Prints what was printed on the day that begins at `midnight` (ms), up to `now`.
    pub(super) async fn day(
        &self,
        tx: &mut Tx,
        (midnight, now): (i64, i64),
        draw: &mut Draw,
        log: &mut Log,
    ) -> Result<u64, OfficeError> {
        let end = timestamp(midnight.saturating_add(86_400_000));
        let windows = self.hours.windows(timestamp(midnight), end);
        let Some(first) = windows.first() else { return Ok(0) };
        // Whenever it is printed on this day, a preset's *Pakai sebelum* is the same.
        let untils: Vec<_> = self.presets.iter().map(|(_, one)| one.use_before.until(self.hours, first.from)).collect();
        let (mut made, start) = (0, draw.below(NAMES));
        for (number, print) in (0..).zip(prints(self.place, midnight, self.presets.len(), draw)) {
            let at = timestamp(print.at);
            let open = windows.iter().any(|window| window.from <= at && at < window.until);
            let Some((id, preset)) = self.presets.get(print.preset).filter(|_| open && print.at < now) else {
                continue;
            };
            let Some(Ok(until)) = untils.get(print.preset).copied() else { continue };
            let day = at.to_zoned(TimeZone::UTC).strftime("%Y%m%d").to_string();
            let batch = format!("{day}-{}", letters((start + number * 7919) % NAMES));
            let maker = clerk(self.place);
            let mut rows = Vec::new();
            for number in 1..=print.amount {
                rows.push(self.voucher((preset, &print, &batch, number), millis(until), now, draw)?);
            }
            tx.add_vouchers(&rows).await?;
            let new = NewBatch {
                site: &self.site,
                batch: &batch,
                form: None,
                preset: id.as_str(),
                maker: &maker,
                amount: print.amount,
            };
            tx.add_print(new, at).await?;
            let after = format!("{} vouchers of plan {}, batch {batch}", print.amount, preset.plan);
            log.note((print.at, &maker), "voucher-make", format!("site/{}", self.site), ("", &after));
            made += u64::from(print.amount);
        }
        Ok(made)
    }

    fn voucher(
        &self,
        (preset, print, batch, number): (&Preset, &Print, &str, u32),
        until: i64,
        now: i64,
        draw: &mut Draw,
    ) -> Result<(VoucherRow, Option<Vec<u8>>), OfficeError> {
        let code = loop {
            if let Some(code) = VoucherCode::from_random(&random::<32>()?) {
                break code;
            }
        };
        let kept = Kept { code, token: VoucherToken::new(random::<16>()?) };
        let tag = self.key.tag(&kept.code);
        let fate = Fate::of(print.at, until, preset.use_minutes, draw);
        let over = until <= now;
        let (first_used, used_up, revoked) = fate.known_at(now);
        let lost = over || used_up.is_some() || revoked.is_some();
        let sealed =
            if lost { None } else { Some(self.office.keys.vault.seal(self.site.as_str(), tag.as_bytes(), &kept)?) };
        let row = VoucherRow {
            site: self.site.as_str().to_owned(),
            tag: tag.as_bytes().to_vec(),
            plan: preset.plan.as_str().to_owned(),
            batch: batch.to_owned(),
            note: print.note.to_owned(),
            use_time: preset.use_minutes.map(|minutes| i64::from(minutes) * 60),
            use_before: Some(until),
            devices: preset.devices.map(i64::from),
            made: print.at,
            revoked,
            lending: None,
            share: None,
            number: i64::from(number),
            token: Some(self.key.token_tag(&kept.token).as_bytes().to_vec()),
            first_used,
            used_up,
            told: first_used,
            kept: i64::from(sealed.is_some()),
        };
        Ok((row, sealed))
    }
}

/// Four letters name a batch of a day.
const NAMES: u64 = 31 * 31 * 31 * 31;

fn letters(number: u64) -> String {
    let letter = |place: u32| {
        let index = usize::try_from(number / 31_u64.pow(place) % 31).unwrap_or_default();
        VOUCHER_ALPHABET.get(index).copied().map_or('2', char::from)
    };
    (0..4).map(letter).collect()
}

/// What becomes of a voucher (ms).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fate {
    first_used: Option<i64>,
    used_up: Option<i64>,
    revoked: Option<i64>,
}

impl Fate {
    fn of(made: i64, until: i64, minutes: Option<u32>, draw: &mut Draw) -> Self {
        let part = draw.below(100);
        let first = made + as_i64(draw.between(60_000, 3_600_000));
        let whole = i64::from(minutes.unwrap_or(120)) * 60_000;
        let first_used = (part < 88 && first < until).then_some(first);
        let used_up = first_used.filter(|_| part < 66).map(|first| first + whole + as_i64(draw.below(1_800_000)));
        let revoked = (part >= 98).then(|| made + as_i64(draw.between(300_000, 7_200_000)));
        Self { first_used, used_up, revoked }
    }

    fn known_at(self, now: i64) -> (Option<i64>, Option<i64>, Option<i64>) {
        let known = |at: Option<i64>| at.filter(|at| *at < now);
        (known(self.first_used), known(self.used_up), known(self.revoked))
    }
}

/// How many a counter prints singly on a day, and how many batches.
const fn amounts(kind: SiteKind) -> (u64, u64) {
    match kind {
        SiteKind::Gallery => (45, 3),
        SiteKind::Plik => (14, 1),
        SiteKind::Telecenter => (6, 1),
        SiteKind::Mplik => (9, 1),
        SiteKind::Hotspot => (0, 0),
    }
}

/// What is printed on a day; some of it falls into hours in which the site is closed, and is not.
fn prints(place: &Place, midnight: i64, presets: usize, draw: &mut Draw) -> Vec<Print> {
    let (single, batches) = amounts(place.kind);
    if single == 0 || presets == 0 {
        return Vec::new();
    }
    let presets = presets as u64;
    let moment = |draw: &mut Draw| midnight + as_i64(draw.between(8 * 3_600_000, 22 * 3_600_000));
    let index = |draw: &mut Draw| usize::try_from(draw.below(presets)).unwrap_or_default();
    let mut all = Vec::new();
    for _ in 0..draw.between(single * 7 / 10, single * 13 / 10) {
        all.push(Print { at: moment(draw), preset: index(draw), amount: 1, note: "" });
    }
    for _ in 0..draw.below(batches + 1) {
        let amount = u32::try_from(draw.between(8, 40)).unwrap_or(8);
        let note = NOTES.get(usize::try_from(draw.below(NOTES.len() as u64)).unwrap_or_default()).copied();
        all.push(Print { at: moment(draw), preset: index(draw), amount, note: note.unwrap_or_default() });
    }
    all.sort_by_key(|print| print.at);
    all
}

fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::regency::PLACES;
    use super::*;

    #[test]
    fn counters_print_and_hotspots_do_not() {
        let of = |place: &Place| prints(place, 0, 6, &mut Draw::new(1));
        assert!((30..70).contains(&of(&PLACES[0]).len()) && of(&PLACES[0]) == of(&PLACES[0]));
        let hotspot = PLACES.iter().find(|place| place.kind == SiteKind::Hotspot).unwrap();
        assert!(of(hotspot).is_empty());
    }

    #[test]
    fn nothing_is_known_before_it_has_happened() {
        let mut draw = Draw::new(2);
        for _ in 0..500 {
            let fate = Fate::of(1_000, 10_000_000, Some(120), &mut draw);
            assert_eq!(fate.known_at(1_000), (None, None, None));
            assert!(fate.used_up.is_none() || fate.first_used < fate.used_up);
        }
    }
}
