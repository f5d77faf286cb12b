//! What the controller is told: batches, heartbeats, balances.

use gapura_model::{BootId, ClockTrust, HolderId, Moment, Uptime};
use gapura_session::{HolderBalance, Lent, Used as SessionUsed};
use gapura_wire::{
    Balance, BalanceReport, ClockQuality, ClockSource, FilterState, GatewayState, Heartbeat, Outage, OutageKind,
    Record, UplinkState, UsageAck, UsageBatch, Used, Versions, WireHolder, epoch_key_at, limits,
};
use uuid::Uuid;

use super::run::Gate;
use crate::network::Picture;

/// Records in a batch, unless the controller refused one as long.
pub(super) const BATCH_SIZE: u32 = 500;
const _: () = assert!(BATCH_SIZE as usize <= limits::BATCH_RECORDS, "the controller takes no more");

impl Gate {
    /// The batch under way if it was not acknowledged, else the next one.
    pub(super) fn next_batch(&mut self) -> Option<UsageBatch> {
        if let Some((_, batch)) = &self.sent {
            return Some(batch.clone());
        }
        let gateway = self.gateway.clone()?;
        let items = self.memory.unsent(self.batch_size);
        let through = items.last()?.seq;
        let records: Vec<Record> = items.iter().filter_map(|item| serde_json::from_slice(&item.body).ok()).collect();
        if records.len() < items.len() {
            let lost = items.len() - records.len();
            tracing::error!(lost, "records in the outbox cannot be read any more and are dropped");
        }
        let seq = self.memory.next_batch_number(self.boot)?;
        let batch = UsageBatch { gateway, boot: self.boot, seq, records };
        self.sent = Some((through, batch.clone()));
        Some(batch)
    }

    pub(super) fn batch_sent(&mut self, seq: u64, ack: &UsageAck) {
        for refused in &ack.refused {
            tracing::warn!(index = refused.index, reason = refused.reason, "the controller refused a record");
        }
        if self.sent.as_ref().is_some_and(|(_, batch)| batch.seq == seq && ack.seq == seq)
            && let Some((through, _)) = self.sent.take()
        {
            self.memory.sent(through);
            self.batch_size = BATCH_SIZE;
        }
    }

    /// The controller cannot take a batch as a whole: the next one is half as long, until the message that it will not have
    /// stands alone. That one goes behind all others, so that they arrive, and is tried again: the next controller may take it.
    pub(super) fn batch_refused(&mut self, seq: u64) {
        let Some((through, batch)) = self.sent.take_if(|(_, batch)| batch.seq == seq) else { return };
        match u32::try_from(batch.records.len()) {
            Ok(0) => self.memory.sent(through),
            Ok(1) => {
                self.memory.postpone(through);
                self.batch_size = BATCH_SIZE;
            }
            Ok(records) => self.batch_size = (records / 2).max(1),
            Err(_) => self.batch_size = 1,
        }
    }

    pub(super) fn heartbeat(&mut self, now: &Moment) -> Heartbeat {
        let filter = self.filter.get();
        let source = match now.trust {
            ClockTrust::Trusted => ClockSource::Ntp,
            ClockTrust::Doubtful => ClockSource::Disk,
        };
        Heartbeat {
            state: self.state(now),
            boot: self.boot,
            uptime_seconds: now.up.since_boot().as_secs(),
            versions: Versions {
                gapura: env!("CARGO_PKG_VERSION").to_owned(),
                kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            },
            sent: now.wall,
            clock: ClockQuality { trust: now.trust, source },
            outbox: self.memory.outbox_state(),
            uplink: UplinkState { up: self.engine.uplink_is_up(), since: self.uplink_down_since },
            generation: self.bundle.as_ref().map_or_else(Default::default, |bundle| bundle.generation),
            online: u32::try_from(self.engine.online()).unwrap_or(u32::MAX),
            // Known to the link.
            portal: None,
            filter: Some(FilterState { in_force: filter.in_force, index: filter.index }),
            words: None,
            nonce: Vec::new(),
        }
    }

    pub(super) fn state(&self, _now: &Moment) -> GatewayState {
        if self.engine.emergency_open().is_some() {
            GatewayState::OpenInEmergency
        } else if self.memory.is_troubled() || self.clash.is_some() {
            GatewayState::Degraded
        } else if self.bundle.is_none() {
            GatewayState::Starting
        } else if !self.engine.uplink_is_up() {
            GatewayState::UplinkDown
        } else if self.engine.hours().is_open() {
            GatewayState::Serving
        } else {
            GatewayState::Closed
        }
    }

    /// Balances of the holders in memory, without addresses.
    pub(super) fn balances(&mut self, now: &Moment) -> Option<BalanceReport> {
        let bundle = self.bundle.as_deref()?;
        let key = epoch_key_at(&bundle.pseudonym_keys, now.wall)?;
        let mut holders = std::mem::take(&mut self.recent_holders);
        holders.extend(self.engine.records().map(|record| record.holder));
        let balances: Vec<Balance> = holders
            .into_iter()
            .filter_map(|holder| {
                let balance = self.engine.balance(&holder).or_else(|| self.memory.balance(&holder).ok().flatten())?;
                let holder = match holder {
                    HolderId::Voucher(tag) => WireHolder::Voucher(gapura_wire::Sha256::from_bytes(tag)),
                    HolderId::Account(name) => WireHolder::Account(name),
                    HolderId::Device(device) => WireHolder::Device(key.mac(device.mac)),
                };
                Some(wire_balance(holder, &balance, now))
            })
            .take(limits::BALANCE_ROWS)
            .collect();
        (!balances.is_empty()).then_some(BalanceReport { balances, more_after: None })
    }

    /// *Ganti router*: vouchers and accounts go on where the dead box last reported them. Devices are known only by pseudonym,
    /// and begin anew.
    pub(super) fn restore_balances(&mut self, now: &Moment, report: &BalanceReport) -> bool {
        // Bytes first: visits may be granted anew.
        self.read(now);
        let mut entries = Vec::new();
        for balance in &report.balances {
            let holder = match &balance.holder {
                WireHolder::Voucher(tag) => HolderId::Voucher(*tag.as_bytes()),
                WireHolder::Account(name) => HolderId::Account(name.clone()),
                WireHolder::Device(_) => continue,
            };
            let earlier = session_balance(holder, balance, self.boot, now);
            match self.engine.balance(&earlier.holder).or_else(|| self.memory.balance(&earlier.holder).ok().flatten()) {
                None => entries.push(gapura_ledger::Entry::Balance(Box::new(earlier))),
                // Let in before this was known.
                Some(kept) if self.lost_its_balances() => self.engine.add_earlier(now, kept, &earlier),
                Some(_) => {}
            }
        }
        match self.memory.commit(&entries, true) {
            Ok(()) => true,
            Err(error) => {
                self.memory.trouble(&error);
                false
            }
        }
    }

    /// The Internet went away or came back.
    pub(super) fn internet(&mut self, now: &Moment, up: bool) {
        if up {
            // Also the one that an earlier run of this program saw begin.
            if let Some((id, start)) = self.outage.take().or_else(|| self.memory.outage()) {
                let outage = Outage { id, kind: OutageKind::Uplink, start, end: Some(now.wall) };
                self.memory.post(Some(id.to_string()), &Record::Outage(outage));
                self.memory.keep_outage(None);
            }
            self.uplink_down_since = None;
        }
        if up == self.engine.uplink_is_up() {
            return;
        }
        // Bytes first: visits are granted anew.
        self.read(now);
        self.engine.uplink(now, up);
        if !up {
            self.outage_begins(now);
        }
        tracing::warn!(up, "the Internet {}", if up { "is back" } else { "is gone" });
        self.filled.notify_one();
    }

    /// The one that an earlier run of this program saw begin goes on.
    fn outage_begins(&mut self, now: &Moment) {
        let mut random = [0; 16];
        if let Some(running) = self.memory.outage() {
            self.outage = Some(running);
        } else if getrandom::fill(&mut random).is_ok() {
            let id = Uuid::from_bytes(random);
            self.outage = Some((id, now.wall));
            self.memory.keep_outage(self.outage);
            let outage = Outage { id, kind: OutageKind::Uplink, start: now.wall, end: None };
            self.memory.post(Some(id.to_string()), &Record::Outage(outage));
        }
        self.uplink_down_since = self.outage.map(|(_, start)| start);
    }

    /// Interfaces and addresses changed.
    pub(super) fn take_network(&mut self, now: &Moment, picture: &Picture) {
        let addresses: Vec<std::net::IpAddr> = picture.own.iter().map(|(_, address, _)| *address).collect();
        let kernel = &mut self.hands.kernel;
        let told = kernel
            .set_uplinks(&picture.uplinks)
            .and_then(|()| kernel.set_ports(&picture.ports))
            .and_then(|()| kernel.set_refused(&picture.refused))
            .and_then(|()| kernel.set_gateway_addresses(&addresses));
        if let Err(error) = told {
            tracing::error!(error = %gapura_model::with_causes(&error), "the kernel did not take a change of the network");
            self.timers.reconcile = now.up;
        }
        self.uplinks.clone_from(&picture.running);
        self.addresses_outside_are(now, &picture.outside);
        self.shape();
        (self.on_addresses)(&addresses);
    }

    /// Puts the shaping trees where they belong, by the speed the site states.
    pub(super) fn shape(&mut self) {
        let stated = self.bundle.as_ref().map(|bundle| bundle.uplink).unwrap_or_default();
        let lans = self.hands.lans.clone();
        self.hands.shaping.shape(&lans, &self.uplinks, stated.down, stated.up);
        // A new tree has no classes: visitors who come now would have to wait for their speed.
        if self.timers.grow.is_some() {
            self.timers.grow = Some(Uptime::default());
        }
    }
}

fn wire_balance(holder: WireHolder, balance: &HolderBalance, now: &Moment) -> Balance {
    let used = |used: SessionUsed| Used { seconds: used.time.as_secs(), traffic: used.traffic };
    Balance {
        holder,
        day: balance.day,
        day_used: used(balance.day_used),
        month_used: used(balance.month_used),
        ever_seconds: balance.time_used.as_secs(),
        first_used: balance.first_used,
        paused_until: balance.paused_until,
        added_today_seconds: balance.added_today.as_secs(),
        added_seconds: balance.added.as_secs(),
        // The controller's own to know.
        lent: None,
        at: now.wall,
    }
}

fn session_balance(holder: HolderId, balance: &Balance, boot: BootId, now: &Moment) -> HolderBalance {
    let used = |used: Used| SessionUsed { time: std::time::Duration::from_secs(used.seconds), traffic: used.traffic };
    HolderBalance {
        day: balance.day,
        day_used: used(balance.day_used),
        month_used: used(balance.month_used),
        time_used: std::time::Duration::from_secs(balance.ever_seconds),
        first_used: balance.first_used,
        paused_until: balance.paused_until,
        added_today: std::time::Duration::from_secs(balance.added_today_seconds),
        added: std::time::Duration::from_secs(balance.added_seconds),
        lent: balance.lent.as_ref().map(|lent| Lent { number: lent.number, share: lent.share.clone(), given: None }),
        ..HolderBalance::new(holder, boot, now.up)
    }
}
