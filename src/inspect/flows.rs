//! The flows that are being looked at, bounded.

use std::collections::BTreeMap;
use std::time::Duration;

use gapura_model::Uptime;

use crate::packet::NoFlow;
use crate::{Finding, FlowKey, Packet, QuicFlow, Segment, TlsFlow, Transport, Undecidable};

/// How long is waited for a ClientHello to become whole, from a flow's first packet on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Over TCP: room for a handshake on a bad link and a retransmission or two.
    pub tls: Duration,
    /// Over QUIC.
    pub quic: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tls: Duration::from_secs(10), quic: Duration::from_millis(300) }
    }
}

/// What is known after a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// The flow's next packets have to be seen.
    More(FlowKey),
    /// What the flow's first packets say.
    Found(FlowKey, Finding),
    /// A packet without a flow, with the reason if it hides one.
    NoFlow(Option<Undecidable>),
}

/// The flows that are being looked at: at most as many as stated; the oldest makes room for a new one.
#[derive(Debug)]
pub struct Flows {
    held: BTreeMap<FlowKey, Flow>,
    most: usize,
    patience: Patience,
    crowded_out: u64,
}

#[derive(Debug)]
struct Flow {
    since: Uptime,
    state: State,
}

#[derive(Debug)]
enum State {
    Tls(Box<TlsFlow>),
    Quic(Box<QuicFlow>),
    Found(Finding),
}

/// How long what was found is remembered for packets of the flow that are still on their way.
const REMEMBERED: Duration = Duration::from_secs(10);

impl Flows {
    /// Looks at `most` flows at once (at least one), each at most 16 KiB.
    pub fn new(most: usize, patience: Patience) -> Self {
        Self { held: BTreeMap::new(), most: most.max(1), patience, crowded_out: 0 }
    }

    /// Takes a packet of the client's direction, from its IP header on.
    pub fn packet(&mut self, now: Uptime, octets: &[u8]) -> Look {
        let packet = match Packet::parse(octets) {
            Ok(packet) => packet,
            Err(NoFlow::Fragment) => return Look::NoFlow(Some(Undecidable::Fragment)),
            Err(NoFlow::Other) => return Look::NoFlow(None),
        };
        if matches!(packet.transport, Transport::Tcp { syn: true, .. }) {
            // The ports are used again.
            self.held.remove(&packet.key);
        }
        if !self.held.contains_key(&packet.key) {
            self.make_room(now);
        }
        let patience = self.patience;
        let flow = self.held.entry(packet.key).or_insert_with(|| Flow::new(now, packet.key.udp, patience));
        match flow.packet(now, packet.transport) {
            Some(finding) => Look::Found(packet.key, finding),
            None => Look::More(packet.key),
        }
    }

    /// How many flows are held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// How many flows made room for others before they were done with.
    pub fn crowded_out(&self) -> u64 {
        self.crowded_out
    }

    fn make_room(&mut self, now: Uptime) {
        if self.held.len() < self.most {
            return;
        }
        let longest = self.patience.tls.max(self.patience.quic).max(REMEMBERED);
        self.held.retain(|_, flow| flow.since.until(now) <= longest);
        while self.held.len() >= self.most {
            let Some(oldest) = self.held.iter().min_by_key(|(_, flow)| flow.since).map(|(key, _)| *key) else {
                return;
            };
            if let Some(Flow { state: State::Tls(_) | State::Quic(_), .. }) = self.held.remove(&oldest) {
                self.crowded_out = self.crowded_out.saturating_add(1);
            }
        }
    }
}

impl Flow {
    fn new(now: Uptime, udp: bool, patience: Patience) -> Self {
        let state = if udp {
            State::Quic(Box::new(QuicFlow::new(now, patience.quic)))
        } else {
            State::Tls(Box::new(TlsFlow::new(now, patience.tls)))
        };
        Self { since: now, state }
    }

    fn packet(&mut self, now: Uptime, transport: Transport<'_>) -> Option<Finding> {
        let found = match (&mut self.state, transport) {
            (State::Found(finding), _) => return Some(finding.clone()),
            (State::Tls(flow), Transport::Tcp { sequence, syn, data }) => {
                flow.segment(now, Segment { sequence, opens: syn, data })
            }
            (State::Quic(flow), Transport::Udp(data)) => flow.datagram(now, data),
            (State::Tls(_), Transport::Udp(_)) | (State::Quic(_), Transport::Tcp { .. }) => None,
        }?;
        if !matches!(found, Finding::Undecidable(Undecidable::Version(_))) {
            self.state = State::Found(found.clone());
        }
        Some(found)
    }
}
