//! Counts that staff and reports want: refusals by hour, and tables near their limit.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use gapura_kernel::net::{Conntrack, NeighState, Route, sysctl};
use gapura_model::Moment;
use gapura_wire::{Record, Tally};
use jiff::Timestamp;
use uuid::Uuid;

use super::run::Gate;

/// Counts are told to the controller this often.
pub(super) const TALLY_EVERY: Duration = Duration::from_hours(1);

/// What was counted when it was last told.
#[derive(Debug)]
pub(super) struct Told {
    since: Timestamp,
    counts: BTreeMap<&'static str, u64>,
}

impl Told {
    pub(super) const fn since(since: Timestamp) -> Self {
        Self { since, counts: BTreeMap::new() }
    }
}

const fn v4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}

impl Gate {
    /// Tells the controller what was counted since the last time; a count that did not move is not told.
    pub(super) fn tally(&mut self, now: &Moment) {
        self.timers.tally = now.up.after(TALLY_EVERY);
        self.thefts.tidy(now.up);
        let counts = self.counts();
        let start = std::mem::replace(&mut self.told.since, now.wall);
        for (name, count) in counts {
            let last = self.told.counts.insert(name, count).unwrap_or(0);
            let mut random = [0; 16];
            if count <= last || getrandom::fill(&mut random).is_err() {
                continue;
            }
            let id = uuid::Builder::from_random_bytes(random).into_uuid();
            let tally = Tally { id, name: name.to_owned(), start, end: now.wall, count: count - last };
            self.memory.post(None, &Record::Tally(tally));
        }
    }

    /// Everything that is counted, since the daemon or the kernel's tables began.
    pub(super) fn counts(&mut self) -> BTreeMap<&'static str, u64> {
        let kernel = self.hands.kernel.tallies().unwrap_or_default();
        BTreeMap::from([
            ("rogue-dhcp", kernel.rogue_dhcp),
            ("rogue-ra", kernel.rogue_ra),
            ("spoofed-gateway", kernel.spoofed_gateway),
            ("spoofed-source", kernel.spoofed_source),
            ("isolated", kernel.isolated),
            ("too-many-flows", kernel.too_many_flows),
            ("wrong-codes", self.wrong_codes),
            ("addresses-taken", self.addresses_taken),
        ])
    }

    /// Looks where devices are: one list of neighbours for each bridge, off the path of logins and packets.
    pub(super) fn look_at_addresses(&mut self) {
        let Ok(mut route) = Route::open() else { return };
        let mut found = BTreeMap::new();
        for lan in &self.hands.lans {
            let Ok(rows) = route.link(lan).and_then(|link| route.neighbours(link.index)) else { continue };
            // A device that answers counts before one that was there once.
            let mut rows: Vec<_> = rows.iter().filter_map(|row| Some((row.mac?, v4(row.ip)?, row.state))).collect();
            rows.sort_by_key(|(_, _, state)| *state == NeighState::Reachable);
            found.extend(rows.into_iter().map(|(mac, address, _)| (mac, address)));
        }
        self.memory.devices_are_at(found);
    }

    /// Looks at the kernel's tables; says once when one is nearly full and once when it is not any more.
    pub(super) fn look_at_tables(&mut self) {
        let mut alerts = Vec::new();
        match Conntrack::open().and_then(|mut table| table.in_use()) {
            Ok(used) if used.max.is_some_and(|max| used.flows.saturating_mul(5) > max.saturating_mul(4)) => {
                alerts.push("the flow table (nf_conntrack_max) is over 80 % full: new connections of everybody fail once it is full");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(error = %gapura_model::with_causes(&error), "the flow table could not be looked at");
            }
        }
        let neighbours = u64::try_from(self.engine.online()).unwrap_or(u64::MAX);
        if matches!(sysctl::neighbour_table(neighbours.saturating_mul(2), false), Ok(Some(table)) if table.is_near_limit())
        {
            alerts.push("the neighbour table (gc_thresh3) is nearly full: devices will not be found any more");
        }
        for alert in alerts.iter().filter(|alert| !self.alerts.contains(alert)) {
            tracing::warn!(alert, "raise it with `gapura setup --sysctl`");
        }
        alerts.extend(self.attribution.alert());
        for gone in self.alerts.iter().filter(|alert| !alerts.contains(alert)) {
            tracing::info!(alert = gone, "over");
        }
        self.alerts = alerts;
    }

    /// The router was off since its last word: said once, as an outage.
    pub(super) fn tell_power_outage(&mut self, now: &Moment, last: Timestamp) {
        let mut random = [0; 16];
        if last >= now.wall || getrandom::fill(&mut random).is_err() {
            return;
        }
        let id: Uuid = uuid::Builder::from_random_bytes(random).into_uuid();
        let outage = gapura_wire::Outage { id, kind: gapura_wire::OutageKind::Power, start: last, end: Some(now.wall) };
        self.memory.post(Some(id.to_string()), &Record::Outage(outage));
    }
}
