//! The ledger was damaged and set aside: visits that the kernel still holds go on, under records made from what it knows.
//!
//! The kernel knows device, time left and bytes; neither the plan nor whose balance it was. So the time that is left becomes
//! the visit's own limit, the quota stays as the kernel has it, and the visit ends when that is used up. What was counted
//! before is in the file that was set aside, and in the messages sent from it.

use std::collections::BTreeSet;

use gapura_kernel::Observed;
use gapura_ledger::{Place, Restart};
use gapura_model::{BootId, DeviceId, HolderId, Moment, VisitId};
use gapura_session::{Plan, Policy, VisitRecord, Way};

use crate::filter::Audiences;

/// Adds a record for each visit in `found` to what the restart begins from; these visits end with their quota in the kernel.
///
/// Devices that the site trusts are let in again by the policy; a visit under no plan of the site is left to the first
/// comparison, which takes it out of the kernel.
pub(super) fn rebuild(
    policy: &Policy,
    audiences: &Audiences,
    boot: BootId,
    now: &Moment,
    found: &[Observed],
    restart: &mut Restart,
) -> BTreeSet<VisitId> {
    let mut rebuilt = BTreeSet::new();
    for seen in found.iter().filter(|seen| seen.alive && !seen.trusted) {
        let (Some(device), Some(left), Some(plan)) = (&seen.device, seen.remaining, plan_of(policy, audiences, seen))
        else {
            continue;
        };
        let mut random = [0; 16];
        if getrandom::fill(&mut random).is_err() {
            continue;
        }
        let id = VisitId::from_random(random);
        let device = DeviceId { lan: device.lan.clone(), mac: device.mac };
        restart.session.visits.push(VisitRecord {
            id,
            holder: HolderId::Device(device.clone()),
            device,
            way: Way::Staff,
            plan: plan.id.clone(),
            voucher: None,
            terms: None,
            boot,
            started: now.wall,
            updated: now.wall,
            updated_up: now.up,
            active_up: now.up,
            used: std::time::Duration::ZERO,
            silent: std::time::Duration::ZERO,
            frozen: false,
            traffic: gapura_model::Traffic::ZERO,
            staff_time: Some(left),
            extra_time: std::time::Duration::ZERO,
            extra_bytes: gapura_model::ByteCount::ZERO,
            extended: 0,
            slowed: false,
            ended: None,
        });
        restart.places.insert(id, Place { slot: seen.slot.get(), generation: seen.generation, reading: seen.traffic });
        rebuilt.insert(id);
    }
    if !rebuilt.is_empty() {
        tracing::warn!(
            visits = rebuilt.len(),
            "visits the ledger does not know go on with what the kernel knows of them"
        );
    }
    rebuilt
}

/// The plan that fits what the kernel knows: its policy group, and whether a day or month is limited. The site's usual one
/// first.
fn plan_of<'a>(policy: &'a Policy, audiences: &Audiences, seen: &Observed) -> Option<&'a Plan> {
    let group = audiences.plan_of(seen.group);
    let usual = policy.one_tap.as_ref().and_then(|id| policy.plans.get(id));
    let limited =
        |plan: &Plan| [plan.day.bytes, plan.month.bytes].iter().any(|limit| *limit != gapura_session::ByteLimit::None);
    let mut plans = usual.into_iter().chain(policy.plans.values()).filter(|plan| plan.group == group);
    let first = plans.clone().next();
    plans.find(|plan| limited(plan) == seen.holder.is_some()).or(first)
}
