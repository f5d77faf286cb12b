use std::time::Duration;

use gapura_inspect::{Asked, Finding, FlowKey, Flows, Look, Over, Patience, Segment, TlsFlow, Undecidable};
use proptest::prelude::*;
use rustls::server::Acceptor;

use crate::support::tls_hello;
use crate::{NOW, many_protocols, name_of};

const PATIENCE: Duration = Duration::from_secs(10);

/// A stream cut into pieces that overlap, in any order, some twice: `(offset, length)`.
fn cuts(stream: usize) -> impl Strategy<Value = Vec<(usize, usize)>> {
    proptest::collection::vec((1..stream, 0_usize..40), 1..9)
        .prop_map(move |marks| {
            let mut starts: Vec<usize> = marks.iter().map(|(at, _)| *at).chain([0]).collect();
            starts.sort_unstable();
            starts.dedup();
            let ends: Vec<usize> = starts.iter().skip(1).copied().chain([stream]).collect();
            let overlap = |index: usize| marks.get(index).map_or(0, |(_, more)| *more);
            let mut pieces: Vec<(usize, usize)> = starts
                .iter()
                .zip(&ends)
                .enumerate()
                .map(|(index, (start, end))| (*start, (end + overlap(index)).min(stream) - start))
                .collect();
            pieces.extend(pieces.first().copied());
            pieces
        })
        .prop_shuffle()
}

#[test]
fn one_segment_says_it_all() {
    let stream = tls_hello("Perpustakaan.Example.go.id", &[b"h2".to_vec(), b"http/1.1".to_vec()]);
    let mut flow = TlsFlow::new(NOW, PATIENCE);
    let found = flow.segment(NOW, Segment { sequence: 9, opens: false, data: &stream }).unwrap();
    let Finding::Hello(hello) = found else { panic!("{found:?}") };
    assert_eq!(hello.asked, Asked::Name(Box::new("perpustakaan.example.go.id".parse().unwrap())));
    assert_eq!(hello.alpn, [Box::from(&b"h2"[..]), Box::from(&b"http/1.1"[..])]);
    assert!(!hello.ech && hello.over == Over::Tcp);
}

#[test]
fn a_client_without_a_name_asks_for_nobody() {
    let stream = tls_hello("192.0.2.7", &[]);
    let mut flow = TlsFlow::new(NOW, PATIENCE);
    let found = flow.segment(NOW, Segment { sequence: 9, opens: false, data: &stream });
    assert!(matches!(found, Some(Finding::Hello(hello)) if hello.asked == Asked::Nobody));
}

#[test]
fn a_hello_over_many_records_is_put_together() {
    let stream = tls_hello("www.example.org", &[]);
    let records: Vec<u8> = stream[5..]
        .chunks(11)
        .flat_map(|part| [&[22, 3, 1, 0, u8::try_from(part.len()).unwrap()][..], part].concat())
        .collect();
    let mut flow = TlsFlow::new(NOW, PATIENCE);
    let found = flow.segment(NOW, Segment { sequence: 9, opens: false, data: &records });
    assert_eq!(name_of(&found.unwrap()), "www.example.org");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    /// Whatever the cuts, their order, the number the stream begins at, and whether the opening was seen.
    #[test]
    fn any_segmentation_gives_the_same_name(
        (stream, pieces) in (0_usize..9_000).prop_flat_map(|size| {
            let stream = tls_hello("situs.example.co.id", &many_protocols(size));
            let cuts = cuts(stream.len());
            (Just(stream), cuts)
        }),
        start in prop_oneof![any::<u32>(), u32::MAX - 3_000..=u32::MAX],
        syn in any::<bool>(),
    ) {
        let mut flow = TlsFlow::new(NOW, PATIENCE);
        if syn {
            let opening = Segment { sequence: start.wrapping_sub(1), opens: true, data: b"" };
            prop_assert_eq!(flow.segment(NOW, opening), None);
        }
        let mut seen = vec![false; stream.len()];
        for &(offset, length) in &pieces {
            let sequence = start.wrapping_add(u32::try_from(offset).unwrap());
            let data = &stream[offset..offset + length];
            let found = flow.segment(NOW, Segment { sequence, opens: false, data });
            seen[offset..offset + length].fill(true);
            // Found with the segment that fills the last gap: neither sooner nor later.
            if seen.iter().all(|seen| *seen) {
                prop_assert_eq!(name_of(&found.unwrap()), "situs.example.co.id");
                return Ok(());
            }
            // Without the opening, the middle of a stream may look like another protocol.
            if syn || found.is_some() {
                let not_tls = Some(Finding::Undecidable(Undecidable::NotTls));
                prop_assert!(found.is_none() || (!syn && found == not_tls), "{:?}", found);
                if found.is_some() {
                    return Ok(());
                }
            }
        }
        prop_assert!(false, "the pieces did not cover the stream");
    }

    /// Where a stream with changed octets is read by both, the name is the same; where rustls refuses, nothing panics.
    #[test]
    fn a_changed_hello_is_read_as_rustls_reads_it(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut stream = tls_hello("www.example.org", &[b"h2".to_vec()]);
        for (at, octet) in &changes {
            let at = at.index(stream.len());
            stream[at] = *octet;
        }
        let mut flow = TlsFlow::new(NOW, PATIENCE);
        let found = flow.segment(NOW, Segment { sequence: 0, opens: false, data: &stream });
        let mut acceptor = Acceptor::default();
        acceptor.read_tls(&mut &stream[..]).unwrap();
        if let (Ok(Some(accepted)), Some(found)) = (acceptor.accept(), found) {
            let theirs = accepted.client_hello().server_name().map(str::to_ascii_lowercase);
            let theirs = theirs.map(|name| name.strip_suffix('.').unwrap_or(&name).to_owned());
            let hello = match found {
                Finding::Hello(hello) => hello,
                // rustls passes over what stands behind the first name; here it is refused.
                Finding::Undecidable(why) => {
                    prop_assert!(why == Undecidable::Malformed && !changes.is_empty());
                    return Ok(());
                }
            };
            match hello.asked {
                Asked::Name(name) => prop_assert_eq!(Some(name.to_string()), theirs),
                Asked::Address(_) | Asked::Nobody => prop_assert_eq!(theirs, None),
            }
        }
    }

    /// Nothing a client sends makes it panic, and the table stays bounded.
    #[test]
    fn hostile_packets_are_survived(packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 0..60)) {
        let mut flows = Flows::new(4, Patience::default());
        for packet in &packets {
            for first in [0x45_u8, 0x60] {
                let mut packet = packet.clone();
                if let Some(version) = packet.first_mut() {
                    *version = first;
                }
                flows.packet(NOW, &packet);
                prop_assert!(flows.len() <= 4);
            }
        }
    }
}

/// An IPv4 packet from a client's port to port 443.
fn packet(port: u16, sequence: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(40 + data.len()).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 7, 192, 0, 2, 1]);
    packet.extend(port.to_be_bytes());
    packet.extend(443_u16.to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 0, 0x50, flags, 255, 255, 0, 0, 0, 0]);
    packet.extend(data);
    packet
}

#[test]
fn flows_are_kept_apart_and_the_oldest_makes_room() {
    let stream = tls_hello("www.example.org", &[]);
    let (front, back) = stream.split_at(100);
    let back_at = 1 + u32::try_from(front.len()).unwrap();
    let mut flows = Flows::new(2, Patience::default());
    for (port, second) in [(1, 0), (2, 1)] {
        let now = NOW.after(Duration::from_secs(second));
        assert!(
            matches!(flows.packet(now, &packet(port, 0, 2, b"")), Look::More(FlowKey { client_port, .. }) if client_port == port)
        );
        assert!(matches!(flows.packet(now, &packet(port, 1, 0x10, front)), Look::More(_)));
    }
    let now = NOW.after(Duration::from_secs(2));
    assert!(matches!(flows.packet(now, &packet(3, 0, 2, b"")), Look::More(_)));
    assert_eq!((flows.len(), flows.crowded_out()), (2, 1));
    let Look::Found(_, found) = flows.packet(now, &packet(2, back_at, 0x10, back)) else { panic!("not found") };
    assert_eq!(name_of(&found), "www.example.org");
    // A retransmission is judged as the first was; the same ports opened again are another flow.
    assert_eq!(flows.packet(now, &packet(2, 1, 0x10, front)), Look::Found(key(2), found));
    assert_eq!(flows.packet(now, &packet(2, 500, 2, b"")), Look::More(key(2)));
}

fn key(client_port: u16) -> FlowKey {
    FlowKey {
        client: "10.0.0.7".parse().unwrap(),
        server: "192.0.2.1".parse().unwrap(),
        client_port,
        server_port: 443,
        udp: false,
    }
}
