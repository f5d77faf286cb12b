//! The way to the kernel's packet queue (NFQUEUE): its own thread takes the first packets of flows, lets a [`Judge`]
//! decide, and hands every packet back. Off unless a site wants it and [`Probe`] finds it.
//!
//! Nothing here may stop traffic: a full queue passes packets on (`NFQA_CFG_F_FAIL_OPEN`), a rule with `bypass` does so
//! where nobody listens, and a [`Watch`] sees an inspector that hangs, so that the rule is withdrawn and the queue unbound
//! ([`Release`]). What waits in it then, at most [`Settings::longest`] packets, is lost, and sent again by its senders.
//!
//! The rule belongs to the gate: the client's direction of visitors' flows to port 443, `ct original packets < 8` for TCP
//! and UDP alike, `queue flags bypass to NUMBER`; what this room answers stands in the packet's mark ([`Blocking::Mark`]),
//! from where the gate's next rule takes it into the flow's.

mod message;
mod probe;
mod socket;
mod watch;

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use gapura_model::Uptime;
use thiserror::Error;

pub use self::probe::Probe;
pub use self::watch::{Change, Heart, Watch};

use self::message::{Fate, Received, configure, messages, verdict};
use self::socket::Conn;
use crate::{Finding, FlowKey, Flows, Look, Patience};

/// `NFQNL_CFG_CMD_BIND` and its family, which the kernel no longer looks at.
const BIND: [u8; 4] = [1, 0, 0, 0];
/// `NFQNL_CFG_CMD_UNBIND`.
const UNBIND: [u8; 4] = [2, 0, 0, 0];
/// The queue that is tried out; nobody's.
const NUMBER_TRIED: u16 = 64_973;

/// Decides about flows; asked once a packet whose flow is known.
pub trait Judge {
    /// Whether a flow may go on whose first packets say this. Must not wait.
    fn may_pass(&mut self, flow: &FlowKey, finding: &Finding) -> bool;
}

impl<F: FnMut(&FlowKey, &Finding) -> bool> Judge for F {
    fn may_pass(&mut self, flow: &FlowKey, finding: &Finding) -> bool {
        self(flow, finding)
    }
}

/// How a flow is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// These bits are set in the packet's mark and the packet goes on, for a later rule to refuse it and what follows: the
    /// client then hears so at once.
    Mark(u32),
    /// The packet vanishes; the client waits until it gives up.
    Drop,
}

/// What a queue is like.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The queue's number, as the rule has it.
    pub number: u16,
    /// Packets that may wait; more pass uninspected.
    pub longest: u32,
    /// How a flow is stopped.
    pub blocking: Blocking,
    /// Bits set in the mark of a packet whose flow may pass, so that a rule can spare the following ones the way here; 0 for
    /// none.
    pub passed: u32,
    /// Flows looked at together.
    pub flows: usize,
    /// How long a flow's first packets are waited for.
    pub patience: Patience,
}

impl Settings {
    /// The usual ones for the queue `number`.
    pub fn new(number: u16, blocking: Blocking) -> Self {
        Self { number, longest: 128, blocking, passed: 0, flows: 512, patience: Patience::default() }
    }
}

/// Why a queue cannot be used.
#[derive(Debug, Error)]
pub enum QueueError {
    /// The netlink socket failed.
    #[error("cannot {doing}")]
    Socket {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The kernel refused it.
    #[error("the kernel refused to {doing}")]
    Refused {
        /// What was tried.
        doing: &'static str,
        /// Its error.
        source: io::Error,
    },
}

/// What a queue has done; never a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Packets that came.
    pub packets: u64,
    /// Packets whose flow may pass.
    pub passed: u64,
    /// Packets whose flow was stopped.
    pub blocked: u64,
    /// Flows that made room for others before anything was found.
    pub crowded_out: u64,
}

/// A queue in use. Dropping it gives the number back; what waits in it is dropped by the kernel.
pub struct Queue {
    conn: Conn,
    settings: Settings,
    flows: Flows,
    tally: Tally,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("settings", &self.settings).field("tally", &self.tally).finish_non_exhaustive()
    }
}

/// Packets taken before the thread looks whether it is to stop.
const AT_ONCE: usize = 64;

impl Queue {
    /// Takes the queue in this thread's network namespace.
    ///
    /// # Errors
    /// The socket failed, or the kernel has no queues, refuses this one, or another program has it.
    pub fn open(settings: Settings) -> Result<Self, QueueError> {
        const COMMAND: u16 = 1;
        const PARAMETERS: u16 = 2;
        const LONGEST: u16 = 3;
        const MASK: u16 = 4;
        const FLAGS: u16 = 5;
        const COPY_PACKET: u8 = 2;
        const FAIL_OPEN: u32 = 1;
        /// Aggregates as they are: cutting them up costs more than reading them.
        const GSO: u32 = 4;
        let mut conn = Conn::open()?;
        let mut ask = |doing, attributes: &[(u16, &[u8])]| {
            let sequence = conn.next();
            let request = configure(settings.number, sequence);
            let request = attributes.iter().fold(request, |request, (kind, value)| request.with(*kind, value)).finish();
            conn.ask(doing, &request, sequence)
        };
        ask("take the packet queue", &[(COMMAND, &BIND)])?;
        let flags = (FAIL_OPEN | GSO).to_be_bytes();
        ask("let packets pass where the queue is full", &[(FLAGS, &flags), (MASK, &flags)])?;
        ask("bound the packet queue", &[(LONGEST, &settings.longest.to_be_bytes())])?;
        // The longest hello, and headers before it.
        let copied = u32::try_from(crate::LONGEST_HELLO + 512).unwrap_or(u32::MAX);
        let [a, b, c, d] = copied.to_be_bytes();
        ask("have packets copied", &[(PARAMETERS, &[a, b, c, d, COPY_PACKET])])?;
        Ok(Self { conn, settings, flows: Flows::new(settings.flows, settings.patience), tally: Tally::default() })
    }

    /// Waits up to `wait` for packets and hands back those that came; returns how many.
    ///
    /// # Errors
    /// The socket failed.
    pub fn turn(
        &mut self,
        wait: Duration,
        clock: &dyn Fn() -> Uptime,
        judge: &mut dyn Judge,
    ) -> Result<u64, QueueError> {
        let failed = |doing| move |source| QueueError::Socket { doing, source };
        if !self.conn.wait(wait).map_err(failed("wait for packets"))? {
            return Ok(0);
        }
        let before = self.tally.packets;
        let mut verdicts = Vec::new();
        for _ in 0..AT_ONCE {
            let Some(received) = self.conn.receive().map_err(failed("take packets"))? else { break };
            for message in messages(received) {
                let Received::Packet(packet) = message else { continue };
                self.tally.packets += 1;
                let look = self.flows.packet(clock(), packet.payload);
                let fate = fate(&self.settings, &mut self.tally, packet.mark, &look, judge);
                verdicts.push(verdict(self.settings.number, packet.id, fate));
            }
            for verdict in verdicts.drain(..) {
                self.conn.send(&verdict).map_err(failed("hand a packet back"))?;
            }
        }
        self.tally.crowded_out = self.flows.crowded_out();
        Ok(self.tally.packets - before)
    }

    /// Works until `stop` says so: the body of the inspector's thread. `heart` beats at least every 200 ms.
    ///
    /// # Errors
    /// The socket failed; packets pass then, where the rule has `bypass`.
    pub fn run(
        &mut self,
        clock: &dyn Fn() -> Uptime,
        heart: &Heart,
        stop: &dyn Fn() -> bool,
        judge: &mut dyn Judge,
    ) -> Result<(), QueueError> {
        const WAIT: Duration = Duration::from_millis(200);
        while !stop() {
            self.turn(WAIT, clock, judge)?;
            heart.beat(clock());
        }
        Ok(())
    }

    /// A way for another thread to give the queue back while this one hangs.
    ///
    /// # Errors
    /// The socket could not be shared.
    pub fn release(&self) -> Result<Release, QueueError> {
        let share = |source| QueueError::Socket { doing: "share the queue's socket", source };
        Ok(Release { socket: self.conn.share().map_err(share)?, number: self.settings.number })
    }

    /// What it has done so far.
    pub const fn tally(&self) -> Tally {
        self.tally
    }
}

/// Gives a queue back from outside; the inspector that holds it gets no packet any more.
#[derive(Debug)]
pub struct Release {
    socket: OwnedFd,
    number: u16,
}

impl Release {
    /// Unbinds the queue: what waits in it is lost, and packets pass where the rule has `bypass`.
    ///
    /// # Errors
    /// The socket failed.
    pub fn unbind(&self) -> Result<(), QueueError> {
        let request = configure(self.number, 0).with(1, &UNBIND).finish();
        let sent = rustix::net::send(&self.socket, &request, rustix::net::SendFlags::DONTWAIT);
        sent.map(drop).map_err(|errno| QueueError::Socket { doing: "give the packet queue back", source: errno.into() })
    }
}

fn fate(settings: &Settings, tally: &mut Tally, mark: u32, look: &Look, judge: &mut dyn Judge) -> Fate {
    let Look::Found(flow, finding) = look else { return Fate::Accept(None) };
    if judge.may_pass(flow, finding) {
        tally.passed += 1;
        return Fate::Accept((settings.passed != 0).then_some(mark | settings.passed));
    }
    tally.blocked += 1;
    match settings.blocking {
        Blocking::Mark(bits) => Fate::Accept(Some(mark | bits)),
        Blocking::Drop => Fate::Drop,
    }
}
