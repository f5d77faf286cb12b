//! What SOPs slow down, on its way into the kernel: ranges of addresses as a whole, addresses of names as answers bring them.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use gapura_kernel::{Pace, Slowed, ThrottleHandle, Throttles};
use gapura_model::{BitRate, Name};
use gapura_rules::sop::{Policy, throttle_plan};

use super::in_force::InForce;

/// The kernel's side, once the gate stands.
#[derive(Default)]
pub(crate) struct Throttling(OnceLock<ThrottleHandle>);

impl Throttling {
    /// The gate stands.
    pub(super) fn begin(&self, handle: ThrottleHandle) {
        // A second gate in one process would be a mistake of ours; the first one's handle stays.
        let _ = self.0.set(handle);
    }

    /// Slows addresses; what the kernel refuses is told and goes at full speed.
    pub(super) fn slow(&self, all: &[Slowed]) {
        let Some(handle) = self.0.get().filter(|_| !all.is_empty()) else { return };
        if let Err(error) = handle.slow(all) {
            tracing::error!(error = %gapura_model::with_causes(&error), "addresses of a slowed name go at full speed");
        }
    }
}

impl InForce {
    /// Whether anybody is slowed down toward anything.
    pub(super) fn throttles(&self) -> bool {
        self.policies.iter().any(|policy| policy.throttles().any(|throttle| throttle.rate.is_some()))
    }

    /// What the kernel slows down by these rules.
    pub(super) fn throttles_wanted(&self) -> Throttles {
        let Some(rules) = self.rules.as_ref().filter(|_| self.throttles()) else { return Throttles::default() };
        let names: BTreeSet<Pace> =
            self.policies.iter().flat_map(Policy::throttles).map(|throttle| pace(throttle.rate)).collect();
        let policies: Vec<_> = rules.audiences.numbered().map(|(number, _)| number).zip(&self.policies).collect();
        let ranges: Vec<_> = rules.index.as_ref().map(|index| index.ranges().collect()).unwrap_or_default();
        let plan = throttle_plan(&policies, ranges.into_iter());
        let ranges =
            plan.into_iter().map(|(first, last, group, rate)| (first, last, group, pace(Some(rate)))).collect();
        Throttles { names, ranges }
    }

    /// How fast each group may go toward the addresses of a name, where that is not what holds for the addresses anyway.
    pub(super) fn slowed(&self, name: &Name, addresses: &[(IpAddr, Duration)]) -> Vec<Slowed> {
        let Some(rules) = &self.rules else { return Vec::new() };
        let Some(held) = self.held(name) else { return Vec::new() };
        let mut slowed = Vec::new();
        for ((number, _), policy) in rules.audiences.numbered().zip(&self.policies) {
            let Some(throttle) = policy.name_throttle(name, held) else { continue };
            for (address, lives) in addresses {
                let lists = rules.index.as_ref().map(|index| index.address(*address)).unwrap_or_default();
                let by_address = policy.address_throttle(*address, lists).and_then(|throttle| throttle.rate);
                if throttle.rate != by_address {
                    slowed.push(Slowed { address: *address, group: number, pace: pace(throttle.rate), lives: *lives });
                }
            }
        }
        slowed
    }
}

/// A rate below an octet a second is one octet: 0 means "not slowed".
fn pace(rate: Option<BitRate>) -> Pace {
    rate.map_or(0, |rate| rate.bytes_per_second().max(1))
}
