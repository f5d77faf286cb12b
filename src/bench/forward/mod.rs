//! What a forwarded packet costs: CPU time of one pinned thread that sends raw frames into a cable, whose kernel half then
//! does all the router's work (it runs in the sender's own context). Our gate and a plain router in turn.
//!
//! Frames come as 32 up, 32 down: either each from another device, or in trains of eight from the same one. The devices of
//! the two directions are half the crowd apart, so that neither finds the other's memory in the cache.

mod arena;
mod frames;
mod sides;

use std::time::Duration;

use gapura_lab::signal;

use self::arena::Arena;
use self::frames::Flows;
use self::sides::{Plan, own, plain};
use crate::cli::{Effort, note};
use crate::raw::BATCH;
use crate::{BenchError, Line, Metric, Report, cpu};

/// Pairs of batches in a round: 19,200 packets, some 40 ms.
const PAIRS: usize = 300;
const PEER: [&str; 2] = ["ct+masquerade", "ct+masquerade+HTB"];

/// One setting: how many devices, shaped or not, with which plan.
#[derive(Clone, Copy, Debug)]
struct Setting {
    devices: u32,
    shaped: bool,
    plan: Plan,
}

/// Measures all settings.
pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), BenchError> {
    let cpus = cpu::allowed()?;
    cpu::pin_this_thread(cpus.last().copied().unwrap_or_default())?;
    let setting = |devices, shaped, plan| Setting { devices, shaped, plan };
    let mut settings =
        vec![setting(1, false, Plan::One), setting(1_000, false, Plan::One), setting(10_000, false, Plan::One)];
    if !effort.quick {
        settings.push(setting(50_000, false, Plan::One));
        settings.push(setting(10_000, false, Plan::Most));
    }
    settings.extend([1, 1_000, 10_000].map(|devices| setting(devices, true, Plan::One)));
    for setting in settings {
        one(setting, effort, report)?;
    }
    Ok(())
}

fn one(setting: Setting, effort: Effort, report: &mut Report) -> Result<(), BenchError> {
    let Setting { devices, shaped, plan } = setting;
    note(&format!("forward: {devices} devices, {}", if shaped { "shaped" } else { "not shaped" }));
    let (ours, theirs) = (Arena::lay("own", devices)?, Arena::lay("plain", devices)?);
    let gate = own(&ours.gw, devices, shaped, plan)?;
    plain(&theirs.gw, shaped)?;
    let (up, down) = (Flows::up(devices), Flows::down(devices));
    for arena in [&ours, &theirs] {
        arena.keep_flows()?;
        establish(arena, &up, &down)?;
    }
    let trains: &[usize] = if devices == 1 { &[1] } else { &[1, 8] };
    for &train in trains {
        let how = if devices == 1 {
            ""
        } else if train == 1 {
            ", each packet another device"
        } else {
            ", trains of 8"
        };
        let limits = if plan == Plan::Most { ", four quotas each" } else { "" };
        let shaping = if shaped { ", shaped" } else { "" };
        let case = format!("{devices} online{how}{limits}{shaping}");
        let mut rounds = [Rounds::new(&ours), Rounds::new(&theirs)];
        for number in 0..effort.rounds(31, 7) {
            signal::check()?;
            // Whoever is first in a pair may find a colder machine: take turns.
            let order = if number % 2 == 0 { [0, 1] } else { [1, 0] };
            for side in order {
                if let Some(side) = rounds.get_mut(side) {
                    side.round(&up, &down, train)?;
                }
            }
        }
        let [ours, theirs] = rounds;
        let peer = PEER.get(usize::from(shaped)).copied().unwrap_or_default();
        let (own, own_cpu) = ours.finish(&case)?;
        let (beside, beside_cpu) = theirs.finish(&case)?;
        report.add(&Line::alone("forward", &case, Metric::Rate, "packets/CPU-s", own).beside(peer, beside))?;
        report.add(&Line::alone("forward", &case, Metric::Cpu, "s", own_cpu).beside(peer, beside_cpu))?;
    }
    drop(gate);
    Ok(())
}

/// First packets of all flows, both ways.
fn establish(arena: &Arena, up: &Flows, down: &Flows) -> Result<(), BenchError> {
    let failed = || BenchError::io("send the first packets");
    for start in (0..up.devices()).step_by(BATCH) {
        arena.visitors.send(&std::array::from_fn(|index| up.of(start + index))).map_err(failed())?;
        arena.internet.send(&std::array::from_fn(|index| down.of(start + index))).map_err(failed())?;
    }
    Ok(())
}

/// The rounds of one side.
struct Rounds<'a> {
    arena: &'a Arena,
    next: usize,
    sent: u64,
    before: Option<(u64, u64)>,
    spent: Vec<Duration>,
}

impl<'a> Rounds<'a> {
    fn new(arena: &'a Arena) -> Self {
        Self { arena, next: 0, sent: 0, before: None, spent: Vec::new() }
    }

    fn round(&mut self, up: &Flows, down: &Flows, train: usize) -> Result<(), BenchError> {
        let failed = || BenchError::io("send packets");
        if self.before.is_none() {
            self.before = Some(self.arena.arrived()?);
        }
        let apart = up.devices() / 2;
        let start = cpu::of_this_thread();
        for _ in 0..PAIRS {
            let first = self.next;
            self.arena.visitors.send(&std::array::from_fn(|index| up.of(first + index / train))).map_err(failed())?;
            self.arena
                .internet
                .send(&std::array::from_fn(|index| down.of(first + apart + index / train)))
                .map_err(failed())?;
            self.next = (first + BATCH / train) % up.devices();
        }
        self.spent.push(cpu::of_this_thread().saturating_sub(start));
        self.sent += (PAIRS * BATCH) as u64;
        Ok(())
    }

    /// Packets a CPU second and CPU seconds a packet of every round; void if packets were lost.
    fn finish(self, case: &str) -> Result<(Vec<f64>, Vec<f64>), BenchError> {
        let after = self.arena.arrived()?;
        let before = self.before.unwrap_or_default();
        let (to_devices, to_server) = (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1));
        // Sent each way; a few of other origin (neighbour discovery) may be among the arrived.
        if to_devices.min(to_server) * 1000 < self.sent * 999 {
            let why = format!("{} packets sent each way, {to_devices} came down and {to_server} up", self.sent);
            return Err(BenchError::void(case, why));
        }
        let packets = (2 * PAIRS * BATCH) as f64;
        let cpu: Vec<f64> = self.spent.iter().map(|spent| spent.as_secs_f64() / packets).collect();
        Ok((cpu.iter().map(|cpu| 1.0 / cpu).collect(), cpu))
    }
}
