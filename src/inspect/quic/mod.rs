//! QUIC: the Initials of a connection's first datagrams.

mod frames;
mod header;
mod keys;

use std::fmt;
use std::time::Duration;

use gapura_model::Uptime;

use self::header::Initial;
use self::keys::Keys;
use crate::pieces::Pieces;
use crate::{Finding, Hello, LONGEST_QUIC_HELLO, Over, Undecidable};

/// Datagrams with Initials that are looked at.
const MOST_DATAGRAMS: u8 = 4;
/// Pieces of the handshake that may be apart at once; browsers shuffle theirs on purpose.
const MOST_PIECES: usize = 64;
/// Connections that one pair of ports may open in these datagrams: a first one, one after a Retry, and one to spare.
const MOST_CONNECTIONS: usize = 3;

/// What one pair of UDP ports has sent so far.
#[derive(Debug)]
pub struct QuicFlow {
    connections: Vec<Connection>,
    datagrams: u8,
    since: Uptime,
    patience: Duration,
}

/// Initials under one set of keys.
struct Connection {
    over: Over,
    id: Box<[u8]>,
    keys: Keys,
    largest: Option<u64>,
    handshake: Pieces,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("over", &self.over).field("largest", &self.largest).finish_non_exhaustive()
    }
}

impl QuicFlow {
    /// A flow first seen at `now`, waited for until `patience` later.
    pub fn new(now: Uptime, patience: Duration) -> Self {
        Self { connections: Vec::new(), datagrams: 0, since: now, patience }
    }

    /// Takes a datagram; `None` while more is needed. What is found is final, but for [`Undecidable::Version`]: after
    /// version negotiation the client may come again with a version that can be read.
    pub fn datagram(&mut self, now: Uptime, datagram: &[u8]) -> Option<Finding> {
        match self.take(now, datagram) {
            Ok(hello) => hello.map(Finding::Hello),
            Err(why) => Some(Finding::Undecidable(why)),
        }
    }

    fn take(&mut self, now: Uptime, datagram: &[u8]) -> Result<Option<Hello>, Undecidable> {
        if self.since.until(now) > self.patience {
            return Err(Undecidable::TooLate);
        }
        let initials = match header::initials(datagram) {
            Ok(initials) => initials,
            // Later packets of a connection that began readably.
            Err(_) if self.has_begun() => return Ok(None),
            Err(why) => return Err(why),
        };
        self.datagrams = self.datagrams.saturating_add(1);
        for initial in &initials {
            if let Some(hello) = self.initial(initial)? {
                return Ok(Some(hello));
            }
        }
        match (self.datagrams < MOST_DATAGRAMS, self.has_begun()) {
            (true, _) => Ok(None),
            (false, true) => Err(Undecidable::TooManyPieces),
            (false, false) => Err(Undecidable::Sealed),
        }
    }

    /// Whether a packet was opened.
    fn has_begun(&self) -> bool {
        self.connections.iter().any(|connection| connection.largest.is_some())
    }

    fn initial(&mut self, initial: &Initial<'_>) -> Result<Option<Hello>, Undecidable> {
        // After the server's first answer the client writes to another id, under the same keys.
        for connection in self.connections.iter_mut().filter(|connection| connection.over == initial.over) {
            if let Some(outcome) = connection.take(initial) {
                return outcome;
            }
        }
        let known = |old: &Connection| old.over == initial.over && *old.id == *initial.id;
        if self.connections.len() >= MOST_CONNECTIONS || self.connections.iter().any(known) {
            return Ok(None);
        }
        let Some(mut connection) = Connection::new(initial) else { return Ok(None) };
        let outcome = connection.take(initial);
        self.connections.push(connection);
        outcome.unwrap_or(Ok(None))
    }
}

impl Connection {
    fn new(initial: &Initial<'_>) -> Option<Self> {
        Some(Self {
            over: initial.over,
            id: initial.id.into(),
            keys: Keys::new(initial.over, initial.id)?,
            largest: None,
            handshake: Pieces::new(LONGEST_QUIC_HELLO, MOST_PIECES),
        })
    }

    /// `None` where the packet is not this connection's.
    fn take(&mut self, initial: &Initial<'_>) -> Option<Result<Option<Hello>, Undecidable>> {
        let (number, frames) = self.keys.open(initial, self.largest)?;
        self.largest = self.largest.max(Some(number));
        Some(self.frames(&frames))
    }

    fn frames(&mut self, frames: &[u8]) -> Result<Option<Hello>, Undecidable> {
        for part in frames::crypto(frames).ok_or(Undecidable::Malformed)? {
            self.handshake.add(usize::try_from(part.offset).unwrap_or(usize::MAX), part.data)?;
        }
        Hello::read(self.handshake.front(), LONGEST_QUIC_HELLO, self.over)
    }
}
