//! What staff at this router ask over the control socket.

use std::time::Duration;

use gapura_model::{ByteCount, DeviceId, IfName, MacAddr, Moment, VisitId};
use gapura_rules::hours::{OpenState, Override};
use gapura_session::{Admission, Block};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::run::{Gate, Waiting};
use crate::ctl::{Answer, Request, Who};

/// Who staff at the router are in the audit trail: the socket tells nothing more.
const STAFF: &str = "petugas di gerbang";

impl Gate {
    pub(super) fn staff(
        &mut self,
        now: &Moment,
        request: Request,
        reply: oneshot::Sender<Answer>,
        waiting: &mut Vec<Waiting>,
    ) {
        let changes = !matches!(request, Request::Status | Request::Sessions);
        self.begun = None;
        match self.obey(now, request) {
            Ok(value) if changes => waiting.push(Waiting::Staff(reply, Answer::Done(value), self.begun.take())),
            Ok(value) => drop(reply.send(Answer::Done(value))),
            Err(why) => drop(reply.send(Answer::Failed(why))),
        }
    }

    fn obey(&mut self, now: &Moment, request: Request) -> Result<Value, String> {
        match request {
            Request::Status => Ok(self.status(now)),
            Request::Sessions => {
                self.read(now);
                Ok(self.sessions(now))
            }
            Request::Admit { mac, lan, seconds, plan, reason } => {
                self.admit_by_staff(now, mac, lan, seconds, plan, reason)
            }
            Request::Extend { who, seconds, reason } => {
                let visit = self.find(&who)?;
                self.read(now);
                let by = format!("{STAFF}: {reason}");
                self.engine.extend_by_staff(now, visit, Duration::from_secs(seconds), ByteCount::ZERO, &by);
                Ok(self.session(now, visit))
            }
            Request::Kick { who, reason } => {
                let visit = self.find(&who)?;
                self.engine.kick(now, visit, STAFF, &reason);
                Ok(json!({ "visit": visit, "ended": true }))
            }
            Request::Block { mac, reason } => {
                self.engine.block(now, mac, Block { reason, until: None }, STAFF);
                self.keep_blocks();
                Ok(json!({ "mac": mac, "blocked": true }))
            }
            Request::Unblock { mac, reason } => {
                if !self.engine.unblock(now, mac, STAFF, &reason) {
                    return Err(format!("{mac} is not blocked"));
                }
                self.keep_blocks();
                Ok(json!({ "mac": mac, "blocked": false }))
            }
            Request::Notice { text, severity, seconds } => Ok(self.set_notice(now, text, severity, seconds)),
            Request::OpenInEmergency { seconds: 0, .. } => {
                if self.engine.end_emergency(now, STAFF) {
                    Ok(json!({ "open": false }))
                } else {
                    Err("the gate is not open in emergency".to_owned())
                }
            }
            Request::OpenInEmergency { seconds, reason } => {
                let length = Duration::from_secs(seconds);
                self.engine.open_in_emergency(now, length, STAFF, &reason);
                Ok(json!({ "open": true, "until": now.wall_after(length) }))
            }
            Request::Hours { close_in, open_for, reason } => self.change_hours(now, close_in, open_for, reason),
            Request::Reconcile => {
                self.last_reconcile.clear();
                self.hands.kernel.doubt();
                self.reconcile(now);
                Ok(json!({ "repaired": self.last_reconcile }))
            }
            // Answered beside the gate, which has no part in it.
            Request::Anchors => Err("the gate keeps no signed heads".to_owned()),
        }
    }

    fn admit_by_staff(
        &mut self,
        now: &Moment,
        mac: MacAddr,
        lan: Option<IfName>,
        seconds: Option<u64>,
        plan: Option<gapura_model::PlanId>,
        reason: String,
    ) -> Result<Value, String> {
        let lan = match (lan, self.hands.lans.as_slice()) {
            (Some(lan), lans) if lans.contains(&lan) => lan,
            (Some(lan), _) => return Err(format!("{lan} is not a visitor bridge")),
            (None, [only]) => only.clone(),
            (None, _) => return Err("say on which visitor bridge with --lan".to_owned()),
        };
        let bundle = self.bundle.as_deref().ok_or("there is no bundle yet: nothing says what a plan is")?;
        let plan = plan.or_else(|| bundle.staff_plan.clone()).or_else(|| bundle.one_tap_plan.clone());
        let plan = plan.ok_or("the site has no plan for staff: name one with --plan")?;
        let duration = seconds.map(Duration::from_secs);
        let admission = Admission::Staff { plan, duration, by: STAFF.to_owned(), reason };
        let device = DeviceId { lan, mac };
        match self.admit(now, &device, admission, true) {
            Ok((visit, _)) => Ok(self.session(now, visit)),
            Err(refused) => Err(format!("{mac} was not let in: {refused:?}")),
        }
    }

    fn change_hours(
        &mut self,
        now: &Moment,
        close_in: Option<u64>,
        open_for: Option<u64>,
        reason: String,
    ) -> Result<Value, String> {
        let zone = self.engine.policy().hours.zone().clone();
        let change = |from, until, open| Override { from, until, open, by: STAFF.to_owned(), reason: reason.clone() };
        self.overrides.retain(|change| change.until > now.wall);
        match (close_in, open_for) {
            (Some(wait), _) => {
                let from = now.wall_after(Duration::from_secs(wait));
                let until = zone.next_day(from);
                self.overrides.push(change(from, until, false));
            }
            (None, Some(length)) => {
                let until = now.wall_after(Duration::from_secs(length));
                self.overrides.push(change(now.wall, until, true));
            }
            (None, None) => self.overrides.clear(),
        }
        self.memory.keep_overrides(&self.overrides);
        self.memory.audit(now, "hours-changed", &reason);
        self.apply_policy(now)?;
        Ok(json!({ "hours": hours(self.engine.hours()) }))
    }

    fn find(&self, who: &Who) -> Result<VisitId, String> {
        let found: Vec<VisitId> = match who {
            Who::Visit(visit) => self.engine.record(*visit).map(|record| record.id).into_iter().collect(),
            Who::Mac(mac) => self
                .hands
                .lans
                .iter()
                .filter_map(|lan| self.engine.visit_of(&DeviceId { lan: lan.clone(), mac: *mac }))
                .collect(),
            Who::Short(short) => {
                let wanted = short.trim().to_uppercase();
                self.engine.records().map(|record| record.id).filter(|id| id.short() == wanted).collect()
            }
        };
        match found.as_slice() {
            [visit] => Ok(*visit),
            [] => Err("no such visit is online: `gapura ctl sessions` lists them".to_owned()),
            _ => Err("that fits several visits: name one by its full number".to_owned()),
        }
    }

    fn status(&mut self, now: &Moment) -> Value {
        let outbox = self.memory.outbox_state();
        let filter = self.filter.get();
        let alerts: Vec<&str> = self.alerts.iter().copied().chain(self.pool_alert).chain(filter.alerts()).collect();
        json!({
            "state": self.state(now),
            "site": self.bundle.as_ref().map(|bundle| bundle.site.id.clone()),
            "generation": self.bundle.as_ref().map_or(0, |bundle| bundle.generation.get()),
            "online": self.engine.online(),
            "hours": hours(self.engine.hours()),
            "uplink": { "up": self.engine.uplink_is_up(), "since": self.uplink_down_since, "clash": self.clash },
            "clock": { "trust": now.trust, "wall": now.wall },
            "emergency": self.engine.emergency_open().map(|open| json!({
                "seconds_left": now.up.until(open.until).as_secs(), "reason": open.reason,
            })),
            "outbox": { "records": outbox.records, "dropped": outbox.dropped },
            "storage": self.memory.state(),
            "kernel": { "repairs": self.dropped_repairs },
            "filter": filter,
            "nat": self.attribution_state(),
            "tallies": self.counts(),
            "alerts": alerts,
            "uptime_seconds": self.started.until(now.up).as_secs(),
        })
    }

    fn sessions(&self, now: &Moment) -> Value {
        Value::Array(self.engine.records().map(|record| self.session(now, record.id)).collect())
    }

    fn session(&self, now: &Moment, visit: VisitId) -> Value {
        let (Some(record), Some(figures)) = (self.engine.record(visit), self.engine.figures(now, visit)) else {
            return Value::Null;
        };
        json!({
            "visit": record.id,
            "number": record.id.short(),
            "mac": record.device.mac,
            "lan": record.device.lan,
            "way": record.way,
            "plan": record.plan,
            "started": record.started,
            "seconds_used": figures.used.as_secs(),
            "seconds_left": figures.time_left.map(|left| left.as_secs()),
            "up": record.traffic.up,
            "down": record.traffic.down,
            "bytes_left": figures.bytes_left,
            "slowed": figures.slowed,
            "idle_seconds": record.active_up.until(now.up).as_secs(),
            "slot": self.hands.slots.slot(visit).map(gapura_kernel::Slot::get),
        })
    }
}

fn hours(state: OpenState) -> Value {
    match state {
        OpenState::Open { closes } => json!({ "open": true, "closes": closes }),
        OpenState::Closed { opens } => json!({ "open": false, "opens": opens }),
    }
}
