//! Plans (paket): what a visitor may use, how fast, and what happens at the end.

use std::num::NonZeroU16;
use std::time::Duration;

use gapura_model::{BitRate, ByteCount, Guarantee, PlanId, PolicyGroup, Traffic};
use serde::{Deserialize, Serialize};

use crate::seconds;

/// A plan: the limits of a visit and of its holder (voucher, account or device).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Plan {
    /// The plan's id.
    pub id: PlanId,
    /// What people call it.
    pub name: String,
    /// The policy group of the content filter (bits 16 to 23 of the ct mark).
    #[serde(default)]
    pub group: u8,
    /// Limits of one visit.
    #[serde(default)]
    pub visit: Allowance,
    /// Limits of the holder in one day (local midnight to local midnight in the site's zone).
    #[serde(default)]
    pub day: Allowance,
    /// Limits of the holder in one calendar month of the site's zone.
    #[serde(default)]
    pub month: Allowance,
    /// Speed while within the limits.
    #[serde(default)]
    pub speed: Speed,
    /// The plan's part of the site's uplink; without one its visitors take part in what is guaranteed to nobody. What the kernel
    /// makes of it is no affair of the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<UplinkShare>,
    /// The content filter's group of its visitors, by name; `umum` where none is written. The gate gives the group its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_group: Option<PolicyGroup>,
    /// How many devices of one holder may be online at once. At least 1.
    #[serde(default = "one_device")]
    pub devices: NonZeroU16,
    /// A visit that sends nothing for this long ends, and the time is credited back to its last activity.
    #[serde(default, with = "seconds::option", skip_serializing_if = "Option::is_none")]
    pub idle: Option<Duration>,
    /// How long a holder waits after a visit before the next.
    #[serde(default, with = "seconds::option", skip_serializing_if = "Option::is_none")]
    pub pause: Option<Duration>,
    /// What happens when a byte limit is reached.
    #[serde(default)]
    pub at_end: AtEnd,
    /// Whether the visitor may extend a visit (perpanjang).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extend: Option<Extend>,
    /// What happens when another device takes the visitor's address.
    #[serde(default)]
    pub on_theft: OnTheft,
}

/// Time and bytes of one scope (a visit, a day, a month).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Allowance {
    /// Time online; `None` is unlimited.
    #[serde(default, with = "seconds::option", skip_serializing_if = "Option::is_none")]
    pub time: Option<Duration>,
    /// Bytes.
    #[serde(default)]
    pub bytes: ByteLimit,
}

/// A limit of bytes: together, or each direction by itself, never both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ByteLimit {
    /// No limit.
    #[default]
    None,
    /// Up and down together.
    Total(ByteCount),
    /// Each direction by itself; `None` leaves that direction unlimited.
    EachWay {
        /// Bytes the device may send.
        #[serde(default)]
        up: Option<ByteCount>,
        /// Bytes the device may receive.
        #[serde(default)]
        down: Option<ByteCount>,
    },
}

/// Ceilings of speed, in bit/s; `None` is unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Speed {
    /// From the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<BitRate>,
    /// To the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<BitRate>,
}

/// A plan's part of the site's uplink, shared evenly by its visitors: it comes first, and is lent to others while it is idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UplinkShare {
    /// What is the plan's whenever its visitors want it.
    pub guaranteed: Guarantee,
    /// Ceilings of all its visitors together; `None` in a direction lets them borrow the whole uplink.
    #[serde(default, skip_serializing_if = "Speed::is_unlimited")]
    pub most: Speed,
}

/// What happens when a byte limit is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtEnd {
    /// The visit ends.
    #[default]
    Cut,
    /// The visit goes on at this speed.
    Slow(Speed),
}

/// How a visitor may extend a visit. Never past closing, never past the holder's day, month or voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Extend {
    /// Time added each time.
    #[serde(with = "seconds::plain")]
    pub time: Duration,
    /// Bytes added each time (to each direction where the limit is by direction).
    #[serde(default)]
    pub bytes: ByteCount,
    /// How often in one visit.
    pub times: u8,
}

/// What happens when another device is seen using a visitor's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnTheft {
    /// The visit ends.
    End,
    /// It is noted, the visit goes on.
    #[default]
    Log,
}

/// A plan contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanProblem {
    /// Day and month limit bytes in different ways: the kernel holds one object for both.
    #[error("plan {0}: day and month must limit bytes the same way, both in total or both by direction")]
    MixedShapes(PlanId),
    /// A limit that lets nobody in.
    #[error("plan {0}: {1} is zero, so nobody could use it; leave the key out for no limit")]
    Zero(PlanId, &'static str),
    /// An extension of a visit that has nothing to extend, or that extends by nothing.
    #[error("plan {0}: extend adds nothing: it needs a time or bytes, a number of times, and a visit limit to extend")]
    IdleExtension(PlanId),
    /// Slowing down without a byte limit or to an unlimited speed.
    #[error("plan {0}: at-end slow needs a byte limit and a speed")]
    IdleSlow(PlanId),
    /// More is guaranteed than all its visitors may use together.
    #[error("plan {0}: share.guaranteed is more than share.most lets its visitors use together")]
    CappedShare(PlanId),
}

impl Plan {
    /// A plan without any limit, one device at a time.
    pub fn unlimited(id: PlanId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            group: 0,
            visit: Allowance::default(),
            day: Allowance::default(),
            month: Allowance::default(),
            speed: Speed::default(),
            share: None,
            policy_group: None,
            devices: one_device(),
            idle: None,
            pause: None,
            at_end: AtEnd::Cut,
            extend: None,
            on_theft: OnTheft::Log,
        }
    }

    /// Every contradiction in the plan; empty when it may be used.
    pub fn problems(&self) -> Vec<PlanProblem> {
        let mut found = Vec::new();
        if !self.day.bytes.same_shape(self.month.bytes) {
            found.push(PlanProblem::MixedShapes(self.id.clone()));
        }
        let scopes = [
            (self.visit, "visit.time", "visit.bytes"),
            (self.day, "day.time", "day.bytes"),
            (self.month, "month.time", "month.bytes"),
        ];
        for (scope, time, bytes) in scopes {
            if scope.time == Some(Duration::ZERO) {
                found.push(PlanProblem::Zero(self.id.clone(), time));
            }
            if scope.bytes.is_zero() {
                found.push(PlanProblem::Zero(self.id.clone(), bytes));
            }
        }
        if self.idle == Some(Duration::ZERO) {
            found.push(PlanProblem::Zero(self.id.clone(), "idle"));
        }
        if let Some(extend) = self.extend {
            let adds_time = extend.time > Duration::ZERO && self.visit.time.is_some();
            let adds_bytes = extend.bytes > ByteCount::ZERO && self.visit.bytes != ByteLimit::None;
            if extend.times == 0 || !(adds_time || adds_bytes) {
                found.push(PlanProblem::IdleExtension(self.id.clone()));
            }
        }
        if let AtEnd::Slow(speed) = self.at_end {
            let limited = [self.visit, self.day, self.month].iter().any(|scope| scope.bytes != ByteLimit::None);
            if !limited || speed == Speed::default() {
                found.push(PlanProblem::IdleSlow(self.id.clone()));
            }
        }
        if let Some(UplinkShare { guaranteed: Guarantee::Rate { up, down }, most }) = self.share
            && (most.up.is_some_and(|most| most < up) || most.down.is_some_and(|most| most < down))
        {
            found.push(PlanProblem::CappedShare(self.id.clone()));
        }
        found
    }

    /// The slow speed, where reaching a byte limit slows down instead of ending.
    pub fn slow(&self) -> Option<Speed> {
        match self.at_end {
            AtEnd::Cut => None,
            AtEnd::Slow(speed) => Some(speed),
        }
    }
}

impl Speed {
    /// No ceiling in either direction.
    pub const fn is_unlimited(&self) -> bool {
        self.up.is_none() && self.down.is_none()
    }
}

impl ByteLimit {
    /// What is left of the limit after `used`.
    #[must_use]
    pub fn left(self, used: Traffic) -> Self {
        match self {
            Self::None => Self::None,
            Self::Total(limit) => Self::Total(limit.saturating_sub(used.total())),
            Self::EachWay { up, down } => Self::EachWay {
                up: up.map(|limit| limit.saturating_sub(used.up)),
                down: down.map(|limit| limit.saturating_sub(used.down)),
            },
        }
    }

    /// Whether nothing is left in some limited direction.
    pub fn is_zero(self) -> bool {
        match self {
            Self::None => false,
            Self::Total(limit) => limit == ByteCount::ZERO,
            Self::EachWay { up, down } => up == Some(ByteCount::ZERO) || down == Some(ByteCount::ZERO),
        }
    }

    /// The limit with `more` bytes (in each limited direction).
    #[must_use]
    pub fn plus(self, more: ByteCount) -> Self {
        match self {
            Self::None => Self::None,
            Self::Total(limit) => Self::Total(limit + more),
            Self::EachWay { up, down } => {
                Self::EachWay { up: up.map(|limit| limit + more), down: down.map(|limit| limit + more) }
            }
        }
    }

    /// Whether two limits can be held by one kernel object: same shape, or one of them absent.
    pub fn same_shape(self, other: Self) -> bool {
        !matches!((self, other), (Self::Total(_), Self::EachWay { .. }) | (Self::EachWay { .. }, Self::Total(_)))
    }
}

fn one_device() -> NonZeroU16 {
    NonZeroU16::MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan::unlimited("umum".parse().unwrap(), "Umum")
    }

    #[test]
    fn every_contradiction_is_reported_at_once() {
        let mut plan = plan();
        plan.day.bytes = ByteLimit::Total(ByteCount::new(1));
        plan.month.bytes = ByteLimit::EachWay { up: None, down: Some(ByteCount::ZERO) };
        plan.visit.time = Some(Duration::ZERO);
        plan.extend = Some(Extend { time: Duration::from_mins(1), bytes: ByteCount::ZERO, times: 0 });
        plan.at_end = AtEnd::Slow(Speed::default());
        let rate = |bits| BitRate::new(bits).unwrap();
        plan.share = Some(UplinkShare {
            guaranteed: Guarantee::Rate { up: rate(5), down: rate(5) },
            most: Speed { up: None, down: Some(rate(4)) },
        });
        assert_eq!(plan.problems().len(), 6, "{:?}", plan.problems());
        assert!(super::tests::plan().problems().is_empty());
    }

    #[test]
    fn a_plan_is_read_from_toml_and_json() {
        let text = r#"
            id = "umum"
            name = "Umum"
            idle = "15m"
            devices = 2
            visit = { time = "2h" }
            day = { time = "4h", bytes = { total = 1_000_000_000 } }
            speed = { up = 2_000_000, down = 4_000_000 }
            share = { guaranteed = { percent = 40 }, most = { down = 10_000_000 } }
            at-end = { slow = { up = 128_000, down = 256_000 } }
            extend = { time = "30m", times = 2 }
        "#;
        let plan: Plan = toml::from_str(text).unwrap();
        assert_eq!(plan.visit.time, Some(Duration::from_hours(2)));
        assert_eq!(plan.day.bytes, ByteLimit::Total(ByteCount::new(1_000_000_000)));
        assert_eq!(serde_json::from_str::<Plan>(&serde_json::to_string(&plan).unwrap()).unwrap(), plan);
        assert_eq!(plan.share.unwrap().guaranteed, Guarantee::Percent(gapura_model::Percent::new(40).unwrap()));
        assert!(toml::from_str::<Plan>("id = \"a\"\nname = \"A\"\nspeeed = 1").is_err());
        for share in
            ["{ guaranteed = { percent = 0 } }", "{ guaranteed = { rate = { up = 1 } } }", "{ most = { up = 1 } }"]
        {
            assert!(toml::from_str::<Plan>(&format!("id = \"a\"\nname = \"A\"\nshare = {share}")).is_err(), "{share}");
        }
    }
}
