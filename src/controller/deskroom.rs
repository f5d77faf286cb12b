//! What the counter keeps in memory: who waits for orders, who is looking, who is online. Lost with the process, and soon told anew.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gapura_model::{ClockTrust, SiteId, Uptime, VisitId};
use gapura_runtime::Clock;
use gapura_wire::{BlockInForce, OnlineReport, OnlineVisit};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

/// A page that somebody looks at asks again at least this often.
const LOOKED_AT: Duration = Duration::from_secs(15);
/// A gateway that asked for orders so lately asks again at once.
const BETWEEN_POLLS: Duration = Duration::from_secs(4);
/// What is online is kept in the database this often.
const KEEP_EVERY: Duration = Duration::from_mins(1);

/// Everything by site.
#[derive(Debug, Default)]
pub(crate) struct DeskRoom(Mutex<BTreeMap<SiteId, Place>>);

#[derive(Debug)]
struct Place {
    bell: watch::Sender<u64>,
    looked: Option<Uptime>,
    /// Gateways that wait for orders now, and when one last did.
    waiting: usize,
    waited: Option<Uptime>,
    online: Option<Online>,
    kept: Option<Uptime>,
}

/// Who is online at a site, as it was last told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Online {
    run: Uuid,
    seq: u64,
    pub(crate) visits: BTreeMap<VisitId, OnlineVisit>,
    pub(crate) blocks: Vec<BlockInForce>,
    pub(crate) open: bool,
    pub(crate) changes: Option<Timestamp>,
    pub(crate) clock: ClockTrust,
    /// The gateway's clock then.
    pub(crate) at: Timestamp,
    /// The controller's clock then.
    pub(crate) told: Timestamp,
}

/// What came of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Heard {
    /// It does not fit what is known: everything has to be told.
    pub(crate) again: bool,
    /// To be kept in the database now.
    pub(crate) keep: Option<Online>,
}

impl Default for Place {
    fn default() -> Self {
        let (bell, _) = watch::channel(0);
        Self { bell, looked: None, waiting: 0, waited: None, online: None, kept: None }
    }
}

/// A gateway that waits; it waits no longer when this is dropped.
#[derive(Debug)]
pub(crate) struct Waits {
    room: Arc<DeskRoom>,
    site: SiteId,
    clock: Arc<dyn Clock>,
}

impl DeskRoom {
    fn with<T>(&self, site: &SiteId, act: impl FnOnce(&mut Place) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(all.entry(site.clone()).or_default())
    }

    /// Wakes whoever waits for orders of a site.
    pub(crate) fn ring(&self, site: &SiteId) {
        self.with(site, |place| place.bell.send_modify(|count| *count = count.wrapping_add(1)));
    }

    /// A bell that rings when there may be orders.
    pub(crate) fn bell(&self, site: &SiteId) -> watch::Receiver<u64> {
        self.with(site, |place| place.bell.subscribe())
    }

    /// Somebody looks at a site: its gateway is told, if it does not know.
    pub(crate) fn look(&self, site: &SiteId, now: Uptime) {
        let news = self.with(site, |place| !is_within(place.looked.replace(now), now, LOOKED_AT));
        if news {
            self.ring(site);
        }
    }

    /// Whether somebody looks at a site.
    pub(crate) fn is_watched(&self, site: &SiteId, now: Uptime) -> bool {
        self.with(site, |place| is_within(place.looked, now, LOOKED_AT))
    }

    /// Whether an order would reach the site's gateway now.
    pub(crate) fn is_reachable(&self, site: &SiteId, now: Uptime) -> bool {
        self.with(site, |place| place.waiting > 0 || is_within(place.waited, now, BETWEEN_POLLS))
    }

    /// Takes a report in.
    pub(crate) fn hear(&self, site: &SiteId, report: OnlineReport, (up, now): (Uptime, Timestamp)) -> Heard {
        self.with(site, |place| {
            let Some(online) = merged(place.online.take(), report, now) else {
                return Heard { again: true, keep: None };
            };
            let keep = (!is_within(place.kept, up, KEEP_EVERY)).then(|| online.clone());
            if keep.is_some() {
                place.kept = Some(up);
            }
            place.online = Some(online);
            Heard { again: false, keep }
        })
    }

    /// Who is online, as far as this process was told.
    pub(crate) fn online(&self, site: &SiteId) -> Option<Online> {
        self.with(site, |place| place.online.clone())
    }

    fn count(&self, site: &SiteId, now: Uptime, step: impl FnOnce(usize) -> usize) {
        self.with(site, |place| {
            place.waiting = step(place.waiting);
            place.waited = Some(now);
        });
    }
}

/// Notes that a gateway waits for orders.
pub(crate) fn wait(room: &Arc<DeskRoom>, site: &SiteId, clock: &Arc<dyn Clock>) -> Waits {
    room.count(site, clock.now().up, |waiting| waiting + 1);
    Waits { room: Arc::clone(room), site: site.clone(), clock: Arc::clone(clock) }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.room.count(&self.site, self.clock.now().up, |waiting| waiting.saturating_sub(1));
    }
}

fn is_within(since: Option<Uptime>, now: Uptime, long: Duration) -> bool {
    since.is_some_and(|since| since.until(now) < long)
}

/// What is known after a report; `None` where it does not follow what was known.
fn merged(known: Option<Online>, report: OnlineReport, now: Timestamp) -> Option<Online> {
    let mut online = match known.filter(|_| !report.full) {
        Some(known) if known.run == report.run && known.seq + 1 == report.seq => known,
        Some(_) => return None,
        None if !report.full => return None,
        None => Online {
            run: report.run,
            seq: 0,
            visits: BTreeMap::new(),
            blocks: Vec::new(),
            open: report.open,
            changes: None,
            clock: report.clock,
            at: report.at,
            told: now,
        },
    };
    online.visits.retain(|visit, _| !report.gone.contains(visit));
    online.visits.extend(report.visits.into_iter().map(|row| (row.visit, row)));
    if let Some(blocks) = report.blocks {
        online.blocks = blocks;
    }
    Some(Online {
        seq: report.seq,
        open: report.open,
        changes: report.changes,
        clock: report.clock,
        at: report.at,
        told: now,
        ..online
    })
}

#[cfg(test)]
mod tests {
    use gapura_runtime::ManualClock;

    use super::*;

    fn up(seconds: u64) -> Uptime {
        Uptime::new(Duration::from_secs(seconds))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn sample() -> OnlineReport {
        let report: gapura_wire::DeskReport =
            serde_json::from_str(include_str!("../wire/golden/desk-report.json")).unwrap();
        OnlineReport { gone: Vec::new(), ..report.online.unwrap() }
    }

    #[test]
    fn changes_follow_each_other_or_everything_is_told_anew() {
        let (room, site) = (DeskRoom::default(), "galeri".parse().unwrap());
        let hear =
            |report: OnlineReport, second| room.hear(&site, report, (up(second), at(i64::try_from(second).unwrap())));
        let next = |seq| OnlineReport { seq, full: false, visits: Vec::new(), blocks: None, ..sample() };
        assert!(hear(next(2), 0).again, "nothing was told yet");
        assert!(hear(sample(), 1).keep.is_some(), "the first is kept");
        let known = room.online(&site).unwrap();
        assert_eq!((known.visits.len(), known.blocks.len(), known.told), (1, 1, at(1)));
        assert_eq!(hear(next(2), 2), Heard::default());
        assert_eq!(room.online(&site).unwrap().visits.len(), 1, "what is not spoken of stays");
        let gone = vec![sample().visits[0].visit];
        assert_eq!(hear(OnlineReport { gone, blocks: Some(Vec::new()), ..next(3) }, 3), Heard::default());
        let known = room.online(&site).unwrap();
        assert_eq!((known.visits.len(), known.blocks.len()), (0, 0));
        assert!(hear(next(5), 4).again, "one was lost");
        assert!(hear(next(6), 5).again, "and nothing fits until everything is told");
        assert!(!hear(OnlineReport { seq: 7, ..sample() }, 6).again);
        assert!(hear(OnlineReport { run: Uuid::nil(), ..next(8) }, 7).again, "the gateway began anew");
        assert!(hear(sample(), 90).keep.is_some());
    }

    #[test]
    fn a_gateway_is_told_once_that_somebody_looks_and_is_reachable_while_it_waits() {
        let (room, site): (Arc<DeskRoom>, SiteId) = (Arc::default(), "galeri".parse().unwrap());
        let mut bell = room.bell(&site);
        bell.borrow_and_update();
        room.look(&site, up(10));
        assert!(bell.has_changed().unwrap() && room.is_watched(&site, up(24)) && !room.is_watched(&site, up(25)));
        bell.borrow_and_update();
        room.look(&site, up(20));
        assert!(!bell.has_changed().unwrap());
        room.look(&site, up(40));
        assert!(bell.has_changed().unwrap());

        assert!(!room.is_reachable(&site, up(40)));
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(at(0)));
        let since = clock.now().up;
        let (first, second) = (wait(&room, &site, &clock), wait(&room, &site, &clock));
        drop(first);
        assert!(room.is_reachable(&site, since.after(Duration::from_hours(1))));
        drop(second);
        assert!(room.is_reachable(&site, since.after(Duration::from_secs(3))));
        assert!(!room.is_reachable(&site, since.after(Duration::from_secs(4))));
        assert!(!room.is_reachable(&"lain".parse().unwrap(), since));
    }
}
