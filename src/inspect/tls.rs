//! TLS over TCP: the first segments of a connection, in any order.

use std::time::Duration;

use gapura_model::Uptime;

use crate::pieces::Pieces;
use crate::{Finding, LONGEST_HELLO, Undecidable, record};

/// Pieces of the stream that may be apart at once.
const MOST_PIECES: usize = 32;
/// Segments with data that are looked at.
const MOST_SEGMENTS: u8 = 48;
/// Where the start of the stream was not seen: segments with data after which what came first counts as the start.
const REORDERED: u8 = 4;

/// One TCP segment from the client.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Its sequence number.
    pub sequence: u32,
    /// Whether it opens the connection (SYN): its data, if any, begins one number later.
    pub opens: bool,
    /// Its data.
    pub data: &'a [u8],
}

/// What one TCP connection has sent so far.
#[derive(Clone, Debug)]
pub struct TlsFlow {
    pieces: Pieces,
    /// The sequence number of the stream's first octet, as far as is known.
    start: Option<u32>,
    /// Whether `start` comes from a SYN; else a segment before it may still come.
    certain: bool,
    segments: u8,
    since: Uptime,
    patience: Duration,
}

impl TlsFlow {
    /// A connection first seen at `now`, waited for until `patience` later.
    pub fn new(now: Uptime, patience: Duration) -> Self {
        Self {
            pieces: Pieces::new(LONGEST_HELLO, MOST_PIECES),
            start: None,
            certain: false,
            segments: 0,
            since: now,
            patience,
        }
    }

    /// Takes a segment; `None` while more is needed. What is found does not change when more segments come.
    pub fn segment(&mut self, now: Uptime, segment: Segment<'_>) -> Option<Finding> {
        match self.take(now, segment) {
            Ok(hello) => hello.map(Finding::Hello),
            Err(why) => Some(Finding::Undecidable(why)),
        }
    }

    fn take(&mut self, now: Uptime, segment: Segment<'_>) -> Result<Option<crate::Hello>, Undecidable> {
        if self.since.until(now) > self.patience {
            return Err(Undecidable::TooLate);
        }
        let sequence = segment.sequence.wrapping_add(u32::from(segment.opens));
        if segment.opens && self.start.is_none() {
            (self.start, self.certain) = (Some(sequence), true);
        }
        if segment.data.is_empty() {
            // An acknowledgement alone says where the next data begins.
            self.start.get_or_insert(sequence);
            return Ok(None);
        }
        self.segments = self.segments.saturating_add(1);
        self.place(sequence, segment.data)?;
        let front = self.pieces.front();
        if !self.certain && self.segments < REORDERED && !record::may_begin(front) {
            return Ok(None);
        }
        match record::read(front)? {
            Some(hello) => Ok(Some(hello)),
            None if self.pieces.is_full() => Err(Undecidable::TooLong),
            None if self.segments >= MOST_SEGMENTS => Err(Undecidable::TooManyPieces),
            None => Ok(None),
        }
    }

    /// Puts data where it belongs; sequence numbers wrap around.
    fn place(&mut self, sequence: u32, data: &[u8]) -> Result<(), Undecidable> {
        let start = *self.start.get_or_insert(sequence);
        let after = sequence.wrapping_sub(start);
        if after < 1 << 31 {
            return self.pieces.add(usize::try_from(after).unwrap_or(usize::MAX), data);
        }
        let before = usize::try_from(start.wrapping_sub(sequence)).unwrap_or(usize::MAX);
        if self.certain || before > LONGEST_HELLO {
            // What lies before the start is no part of the stream (a keep-alive probe repeats one octet).
            return data.get(before..).map_or(Ok(()), |rest| self.pieces.add(0, rest));
        }
        self.pieces.move_back(before);
        self.start = Some(sequence);
        self.pieces.add(0, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Uptime = Uptime::new(Duration::from_secs(100));
    const PATIENCE: Duration = Duration::from_secs(10);

    fn flow() -> TlsFlow {
        TlsFlow::new(NOW, PATIENCE)
    }

    fn data(sequence: u32, data: &[u8]) -> Segment<'_> {
        Segment { sequence, opens: false, data }
    }

    #[test]
    fn another_protocol_is_told_at_once_where_the_start_is_known() {
        let mut flow = flow();
        assert_eq!(flow.segment(NOW, Segment { sequence: u32::MAX, opens: true, data: b"" }), None);
        assert_eq!(flow.segment(NOW, data(0, b"GET /")), Some(Finding::Undecidable(Undecidable::NotTls)));
    }

    #[test]
    fn another_protocol_is_told_in_the_end_where_it_is_not() {
        let mut flow = flow();
        let found: Vec<_> = (0..4).map(|number| flow.segment(NOW, data(number * 5, b"GET /"))).collect();
        assert_eq!(found, [None, None, None, Some(Finding::Undecidable(Undecidable::NotTls))]);
    }

    #[test]
    fn what_never_becomes_whole_is_given_up() {
        let mut slow = flow();
        assert_eq!(slow.segment(NOW, data(7, b"\x16\x03\x01")), None);
        assert_eq!(slow.segment(NOW.after(PATIENCE), data(10, b"\x02")), None);
        let late = NOW.after(PATIENCE + Duration::from_millis(1));
        assert_eq!(slow.segment(late, data(11, b"\x00")), Some(Finding::Undecidable(Undecidable::TooLate)));
        let mut again_and_again = flow();
        let last = (0..MOST_SEGMENTS).map(|_| again_and_again.segment(NOW, data(7, b"\x16\x03"))).last().unwrap();
        assert_eq!(last, Some(Finding::Undecidable(Undecidable::TooManyPieces)));
        let mut long = flow();
        let records = [&b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc"[..], &[0; 16_380]].concat();
        assert_eq!(long.segment(NOW, data(7, &records)), Some(Finding::Undecidable(Undecidable::TooLong)));
    }

    #[test]
    fn a_keep_alive_probe_before_the_start_changes_nothing() {
        let mut flow = flow();
        assert_eq!(flow.segment(NOW, Segment { sequence: 0, opens: true, data: b"" }), None);
        assert_eq!(flow.segment(NOW, data(0, b"x")), None);
        assert_eq!(flow.segment(NOW, data(1, b"\x15")), Some(Finding::Undecidable(Undecidable::NotTls)));
    }
}
