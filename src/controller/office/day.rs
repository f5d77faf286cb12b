//! The report of one day at a site: what was served, on one sheet, with the code that the audit log is held to.

use std::collections::{BTreeMap, BTreeSet};

use gapura_model::SiteId;
use gapura_rules::hours::Window;
use gapura_store::{DayClasses, DayRequests, DayVisit, OutageRow, millis, timestamp};
use gapura_wire::AuditAnchor;
use jiff::Timestamp;
use jiff::civil::Date;

use super::site::document_of;
use super::{Office, OfficeError};

/// A report counts so many visits at most; one site has some hundreds to thousands a day.
const MOST_VISITS: u32 = 50_000;
/// Outages on a sheet; a day with more is told by the first.
const MOST_OUTAGES: u32 = 40;

/// One day at a site.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// The day by the site's calendar.
    pub date: Date,
    /// Its first moment and the first after it (UTC).
    pub span: (Timestamp, Timestamp),
    /// When the site was or is to be open.
    pub open: Vec<Window>,
    /// Visits that began.
    pub visits: Visits,
    /// Vouchers made.
    pub vouchers_made: u64,
    /// Requests: came in, settled, waiting at the day's end (or now).
    pub requests: (u64, u64, u64),
    /// Classes opened, and those who came as far as somebody noted it.
    pub classes: (u64, u64),
    /// What was out of order, cut to the day.
    pub outages: Vec<DayOutage>,
    /// There were more outages than are listed.
    pub more_outages: bool,
    /// The last signed head of the audit log.
    pub anchor: Option<AuditAnchor>,
}

/// Visits of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visits {
    /// How many began.
    pub count: u64,
    /// Different devices, by pseudonym.
    pub devices: u64,
    /// By how they were let in: `one-tap`, `voucher`, `account`, `staff`, `emergency`.
    pub by_way: BTreeMap<String, u64>,
    /// Different vouchers used.
    pub vouchers: u64,
    /// Octets from and to devices.
    pub octets: (u64, u64),
    /// Time online, in seconds.
    pub seconds: u64,
    /// The most at once, and when that was first so.
    pub most: Option<(u64, Timestamp)>,
    /// There were more than are counted here.
    pub cut: bool,
}

/// Something out of order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayOutage {
    /// `uplink`, `power`, `gate`, `controller` or `other`.
    pub kind: String,
    /// From (UTC).
    pub from: Timestamp,
    /// Until (UTC); none while it lasts.
    pub until: Option<Timestamp>,
}

impl Office {
    /// The report of a day, by the site's calendar; today's where none is named.
    ///
    /// # Errors
    /// A site that is not there, or a database that fails.
    pub async fn day(&self, site: &SiteId, date: Option<Date>) -> Result<Day, OfficeError> {
        let now = self.now();
        let mut tx = self.store.read().await?;
        let document = document_of(&mut tx, site).await?;
        let zone = document.hours.zone();
        let date = date.unwrap_or_else(|| zone.date(now));
        let span = zone.day(date).ok_or_else(|| OfficeError::not_found("day", date.to_string()))?;
        let (from, until) = span;
        let visits = Visits::of(&tx.day_visits(site, span, MOST_VISITS).await?, now);
        let DayRequests { received, settled, waiting } = tx.day_requests(site, span).await?;
        let outages = tx.day_outages(site, span, MOST_OUTAGES).await?;
        let DayClasses { opened, came } = tx.day_classes(site, span).await?;
        let vouchers_made = count(tx.day_vouchers(site, span).await?);
        drop(tx);
        Ok(Day {
            date,
            span,
            open: document.hours.windows(from, until),
            visits,
            vouchers_made,
            requests: (count(received), count(settled), count(waiting)),
            classes: (count(opened), count(came)),
            more_outages: outages.len() >= usize::try_from(MOST_OUTAGES).unwrap_or(usize::MAX),
            outages: cut(&outages, span),
            anchor: self.last_anchor().await?,
        })
    }
}

impl Visits {
    fn of(rows: &[DayVisit], now: Timestamp) -> Self {
        let mut visits =
            Self { cut: rows.len() >= usize::try_from(MOST_VISITS).unwrap_or(usize::MAX), ..Self::default() };
        let (mut devices, mut vouchers) = (BTreeSet::new(), BTreeSet::new());
        let mut steps: Vec<(i64, bool)> = Vec::with_capacity(rows.len() * 2);
        for row in rows {
            visits.count += 1;
            devices.insert(row.device.as_str());
            *visits.by_way.entry(row.way.clone()).or_default() += 1;
            if row.way == "voucher" {
                vouchers.extend(row.holder.as_deref());
            }
            visits.octets.0 = visits.octets.0.saturating_add(count(row.bytes_up));
            visits.octets.1 = visits.octets.1.saturating_add(count(row.bytes_down));
            visits.seconds = visits.seconds.saturating_add(count(row.seconds));
            // One that has not ended was there when it was last told of, at the least.
            let end = row.ended.unwrap_or(row.told).clamp(row.started, millis(now).max(row.started));
            steps.extend([(row.started, true), (end, false)]);
        }
        visits.devices = devices.len() as u64;
        visits.vouchers = vouchers.len() as u64;
        // Who leaves at a moment makes room for who comes at it.
        steps.sort_unstable();
        let mut there = 0_u64;
        for (at, comes) in steps {
            there = if comes { there + 1 } else { there.saturating_sub(1) };
            if visits.most.is_none_or(|(most, _)| there > most) && comes {
                visits.most = Some((there, timestamp(at)));
            }
        }
        visits
    }
}

fn cut(rows: &[OutageRow], (from, until): (Timestamp, Timestamp)) -> Vec<DayOutage> {
    let within = rows.iter().filter(|row| row.ended.is_none_or(|end| timestamp(end) > from));
    within
        .map(|row| DayOutage {
            kind: row.kind.clone(),
            from: timestamp(row.started).max(from),
            until: row.ended.map(|end| timestamp(end).min(until)),
        })
        .collect()
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(device: &str, way: &str, (started, ended): (i64, Option<i64>)) -> DayVisit {
        DayVisit {
            device: device.to_owned(),
            way: way.to_owned(),
            holder: (way == "voucher").then(|| "v1".to_owned()),
            started,
            ended,
            told: started + 50,
            bytes_up: 1,
            bytes_down: 10,
            seconds: 60,
        }
    }

    #[test]
    fn visits_are_counted_devices_once_and_the_most_at_once_when_it_was_first_so() {
        let rows = [
            visit("a", "one-tap", (100, Some(200))),
            visit("b", "voucher", (150, Some(300))),
            // Comes at the moment at which the first leaves: two, not three.
            visit("a", "voucher", (200, Some(400))),
            visit("c", "one-tap", (210, None)),
        ];
        let visits = Visits::of(&rows, timestamp(1_000));
        assert_eq!((visits.count, visits.devices, visits.vouchers), (4, 3, 1));
        assert_eq!(visits.by_way, BTreeMap::from([("one-tap".to_owned(), 2), ("voucher".to_owned(), 2)]));
        assert_eq!((visits.octets, visits.seconds), ((4, 40), 240));
        assert_eq!(visits.most, Some((3, timestamp(210))));
        assert_eq!(Visits::of(&[], timestamp(0)), Visits::default());
        // A router whose clock was ahead: its visit ends no earlier than it began.
        assert_eq!(Visits::of(&[visit("a", "staff", (5_000, None))], timestamp(0)).most, Some((1, timestamp(5_000))));
    }

    #[test]
    fn outages_are_cut_to_the_day_and_older_ones_that_lasted_belong_to_it() {
        let row = |started, ended| OutageRow {
            site: "galeri".to_owned(),
            id: "1".to_owned(),
            gateway: "gw".to_owned(),
            kind: "uplink".to_owned(),
            started,
            ended,
        };
        let cut = cut(
            &[row(10, Some(90)), row(20, Some(150)), row(30, None), row(160, Some(500))],
            (timestamp(100), timestamp(200)),
        );
        let spans: Vec<_> = cut.iter().map(|one| (millis(one.from), one.until.map(millis))).collect();
        assert_eq!(spans, [(100, Some(150)), (100, None), (160, Some(200))]);
    }
}
