//! What is scraped of the gate: how things stand, and totals since the daemon began.

use std::collections::BTreeMap;
use std::sync::Arc;

use captive_portal::Refused;
use gapura_metrics::{FAST, Histogram};
use gapura_model::{ClockTrust, Moment, Traffic, VisitId};
use gapura_session::Way;
use gapura_wire::{GatewayState, OutboxState};

use super::run::Gate;
use crate::filter::Standing;

/// How the gate is, at one moment.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a figure of its own")]
pub(crate) struct Figures {
    pub(crate) state: GatewayState,
    pub(crate) online: usize,
    pub(crate) open: bool,
    pub(crate) emergency: bool,
    pub(crate) generation: u64,
    pub(crate) uplink: bool,
    pub(crate) clock_trusted: bool,
    pub(crate) storage_troubled: bool,
    pub(crate) outbox: OutboxState,
    pub(crate) repairs: u64,
    pub(crate) alerts: usize,
    pub(crate) tallies: BTreeMap<&'static str, u64>,
    pub(crate) filter: Standing,
    pub(crate) logins: BTreeMap<&'static str, u64>,
    pub(crate) refusals: BTreeMap<&'static str, u64>,
    pub(crate) traffic: Traffic,
    pub(crate) rounds: Arc<Histogram>,
}

/// Totals since the daemon began.
#[derive(Debug)]
pub(super) struct Seen {
    logins: BTreeMap<&'static str, u64>,
    refusals: BTreeMap<&'static str, u64>,
    traffic: Traffic,
    /// How long one turn of the gate's loop took: decide, write down, tell the kernel.
    pub(super) rounds: Arc<Histogram>,
}

impl Default for Seen {
    /// Every way is there from the start, so that a rate can be taken of the first one, too.
    fn default() -> Self {
        let ways = [Way::OneTap, Way::Voucher, Way::Account, Way::Staff, Way::Trusted];
        Self {
            logins: ways.into_iter().map(|way| (way.id(), 0)).collect(),
            refusals: BTreeMap::new(),
            traffic: Traffic::default(),
            rounds: Arc::new(Histogram::new(FAST)),
        }
    }
}

impl Seen {
    /// Somebody came in.
    pub(super) fn login(&mut self, way: Way) {
        *self.logins.entry(way.id()).or_default() += 1;
    }

    /// Somebody was not let in.
    pub(super) fn refusal(&mut self, why: &Refused) {
        *self.refusals.entry(word(why)).or_default() += 1;
    }

    /// Visitors moved so many octets.
    pub(super) fn bytes(&mut self, deltas: &[(VisitId, Traffic)]) {
        for (_, delta) in deltas {
            self.traffic += *delta;
        }
    }
}

impl Gate {
    /// Everything that is in memory, or one short question to the kernel; nothing is looked for in the ledger.
    pub(super) fn scraped(&mut self, now: &Moment) -> Figures {
        let filter = self.filter.get();
        let alerts = self.alerts.len() + usize::from(self.pool_alert.is_some()) + filter.alerts().count();
        Figures {
            state: self.state(now),
            online: self.engine.online(),
            open: self.engine.hours().is_open(),
            emergency: self.engine.emergency_open().is_some(),
            generation: self.bundle.as_ref().map_or(0, |bundle| bundle.generation.get()),
            uplink: self.engine.uplink_is_up(),
            clock_trusted: now.trust == ClockTrust::Trusted,
            storage_troubled: self.memory.is_troubled(),
            outbox: self.memory.outbox_state(),
            repairs: self.dropped_repairs,
            alerts,
            tallies: self.counts(),
            filter,
            logins: self.seen.logins.clone(),
            refusals: self.seen.refusals.clone(),
            traffic: self.seen.traffic,
            rounds: self.seen.rounds.clone(),
        }
    }
}

/// Why, in a word of our own: what is in it of a person or a time stays out.
const fn word(why: &Refused) -> &'static str {
    match why {
        Refused::UnknownCode => "unknown-code",
        Refused::LinkUsed => "link-used",
        Refused::UsedUp => "used-up",
        Refused::ShareUsed => "share-used",
        Refused::UseBefore { .. } => "expired",
        Refused::WrongSite { .. } => "wrong-site",
        Refused::TooManyDevices { .. } => "too-many-devices",
        Refused::WrongPassword => "wrong-password",
        Refused::PasswordNeedsHttps => "password-needs-https",
        Refused::DayTimeGone { .. } => "day-time-gone",
        Refused::MonthTimeGone { .. } => "month-time-gone",
        Refused::BytesGone { .. } => "bytes-gone",
        Refused::Pause { .. } => "pause",
        Refused::Closed { .. } => "closed",
        Refused::UplinkDown => "uplink-down",
        Refused::Wait { .. } => "too-many-attempts",
        Refused::Busy => "busy",
        Refused::Storage => "storage",
        Refused::UnknownDevice => "unknown-device",
        Refused::Blocked => "blocked",
        Refused::WayOff => "way-off",
        Refused::TermsChanged => "terms-changed",
        Refused::ClockDoubtful => "clock-doubtful",
        Refused::NotOffered => "not-offered",
    }
}
