use std::time::Duration;

use gapura_inspect::{Finding, Hello, Over, QuicFlow, Undecidable};
use proptest::prelude::*;
use rustls::quic::Version;

use crate::support::{Sealer, crypto, hex, quic_hello};
use crate::{NOW, many_protocols, name_of};

const PATIENCE: Duration = Duration::from_millis(300);
const ID: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

fn flow() -> QuicFlow {
    QuicFlow::new(NOW, PATIENCE)
}

fn why(undecidable: Undecidable) -> Finding {
    Finding::Undecidable(undecidable)
}

/// RFC 9001 appendix A.2, RFC 9369 appendix A.2: the frames before they are sealed, filled up to 1,162 octets.
fn example_frames() -> Vec<u8> {
    let mut frames = hex("060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868
        04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578
        616d706c652e636f6dff01000100000a00080006001d00170018001000070005
        04616c706e000500050100000000003300260024001d00209370b2c9caa47fba
        baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400
        0d0010000e0403050306030203080408050806002d00020101001c0002400100
        3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000
        75300901100f088394c8f03e51570806048000ffff");
    frames.resize(1_162, 0);
    frames
}

/// The packets of both appendices: rustls seals their frames, the published octets say that it is the published packet.
#[test]
fn the_packets_of_the_standards_appendices_are_opened() {
    let cases = [
        (
            Version::V1,
            Over::QuicV1,
            "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8bab936b47d92ec356c0bab7df5976d27cd449f63300099f399",
            Some("e221af44860018ab0856972e194cd934"),
        ),
        (
            Version::V2,
            Over::QuicV2,
            "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071bf03dceebfa162e75d6c96058bdbfb127cdfcbf903388e99ad04",
            None,
        ),
    ];
    for (version, over, front, tag) in cases {
        let packet = Sealer::new(version, &ID).seal_to(&ID, 2, 4, b"", &example_frames());
        assert_eq!((packet.len(), &packet[..64]), (1_200, &hex(front)[..]));
        assert!(tag.is_none_or(|tag| packet.ends_with(&hex(tag))));
        let found = flow().datagram(NOW, &packet).unwrap();
        assert_eq!(name_of(&found), "example.com");
        assert!(matches!(found, Finding::Hello(Hello { over: seen, ech: false, .. }) if seen == over));
    }
}

#[test]
fn what_cannot_be_read_is_said_so() {
    let packet = Sealer::new(Version::V1, &ID).seal(0, &example_frames());
    let mut other_version = packet.clone();
    other_version[1..5].copy_from_slice(&[0x1a, 0x2a, 0x3a, 0x4a]);
    let mut flow = flow();
    assert_eq!(flow.datagram(NOW, &other_version), Some(why(Undecidable::Version(0x1a2a_3a4a))));
    // After version negotiation the same client comes again.
    assert_eq!(name_of(&flow.datagram(NOW, &packet).unwrap()), "example.com");
    assert_eq!(self::flow().datagram(NOW, b"\x40other"), Some(why(Undecidable::NotQuic)));
    let late = NOW.after(PATIENCE + Duration::from_millis(1));
    assert_eq!(self::flow().datagram(late, &packet), Some(why(Undecidable::TooLate)));
}

#[test]
fn a_packet_that_does_not_open_is_passed_over_until_none_comes() {
    let whole = Sealer::new(Version::V1, &ID).seal(0, &example_frames());
    let mut broken = whole.clone();
    *broken.last_mut().unwrap() ^= 1;
    let mut flow = flow();
    assert_eq!(flow.datagram(NOW, &broken), None);
    assert_eq!(name_of(&flow.datagram(NOW, &whole).unwrap()), "example.com");
    let mut flow = self::flow();
    let found: Vec<_> = (0..4).map(|_| flow.datagram(NOW, &broken)).collect();
    assert_eq!(found, [None, None, None, Some(why(Undecidable::Sealed))]);
}

#[test]
fn a_hello_after_a_retry_or_to_the_servers_own_id_is_put_together() {
    let message = quic_hello(Version::V1, "www.example.org", &many_protocols(1_500));
    let (front, back) = message.split_at(1_000);
    let sealer = Sealer::new(Version::V1, &ID);
    // The server chose the id `new`; the keys stay.
    let mut flow = flow();
    assert_eq!(flow.datagram(NOW, &sealer.seal(0, &crypto(0, front))), None);
    let found = flow.datagram(NOW, &sealer.seal_to(b"new", 1, 1, b"", &crypto(1_000, back)));
    assert_eq!(name_of(&found.unwrap()), "www.example.org");
    // After a Retry everything is sent again under the keys of the server's id, with its token.
    let mut flow = self::flow();
    assert_eq!(flow.datagram(NOW, &sealer.seal(0, &crypto(0, front))), None);
    let again = Sealer::new(Version::V1, b"retried!");
    assert_eq!(flow.datagram(NOW, &again.seal_to(b"retried!", 1, 1, b"token", &crypto(1_000, back))), None);
    let found = flow.datagram(NOW, &again.seal_to(b"retried!", 2, 1, b"token", &crypto(0, front)));
    assert_eq!(name_of(&found.unwrap()), "www.example.org");
}

#[test]
fn frames_and_octets_that_break_the_rules_are_told() {
    let sealer = Sealer::new(Version::V2, &ID);
    assert_eq!(flow().datagram(NOW, &sealer.seal(0, b"\x08stream")), Some(why(Undecidable::Malformed)));
    let twice = [crypto(0, b"\x01\x00\x01\x00"), crypto(2, b"\x02")].concat();
    assert_eq!(flow().datagram(NOW, &sealer.seal(0, &twice)), Some(why(Undecidable::Conflicting)));
    assert_eq!(flow().datagram(NOW, &sealer.seal(0, &crypto(0, b"\x01\x00\x10\x00"))), Some(why(Undecidable::TooLong)));
    let scattered: Vec<u8> = (0..66).flat_map(|piece| crypto(10 + piece * 2, b"x")).collect();
    assert_eq!(flow().datagram(NOW, &sealer.seal(0, &scattered)), Some(why(Undecidable::TooManyPieces)));
    let mut never = flow();
    let found: Vec<_> = (0..4).map(|number| never.datagram(NOW, &sealer.seal(number, b"\x01"))).collect();
    assert_eq!(found, [None, None, None, Some(why(Undecidable::TooManyPieces))]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 96, ..ProptestConfig::default() })]

    /// Whatever the pieces, their order, the packets and datagrams they travel in, and what stands between them.
    #[test]
    fn any_division_gives_the_same_name(
        size in 0_usize..3_400,
        marks in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        order in any::<u64>(),
        v2 in any::<bool>(),
        id in proptest::collection::vec(any::<u8>(), 0..=20),
        packets in 1_usize..=6,
        number_length in 1_u8..=4,
    ) {
        let version = if v2 { Version::V2 } else { Version::V1 };
        let message = quic_hello(version, "situs.example.co.id", &many_protocols(size));
        let mut cuts: Vec<usize> = marks.iter().map(|mark| mark.index(message.len())).chain([0, message.len()]).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut frames: Vec<Vec<u8>> = cuts.windows(2).map(|cut| crypto(cut[0], &message[cut[0]..cut[1]])).collect();
        shuffle(&mut frames, order);
        let between: [&[u8]; 4] = [b"", b"\x01", b"\x00\x00\x00", b"\x02\x05\x00\x00\x00"];
        let per_packet = frames.len().div_ceil(packets);
        let sealer = Sealer::new(version, &id);
        let sealed: Vec<Vec<u8>> = frames
            .chunks(per_packet)
            .zip(0_u64..)
            .map(|(frames, number)| {
                let frames: Vec<u8> = frames
                    .iter()
                    .zip(0_usize..)
                    .flat_map(|(frame, at)| [frame, between[(at + frames.len()) % between.len()]].concat())
                    .collect();
                sealer.seal_to(&id, number, number_length, b"", &frames)
            })
            .collect();
        // Two packets a datagram, so that at most three datagrams are needed.
        let datagrams: Vec<Vec<u8>> = sealed.chunks(2).map(<[_]>::concat).collect();
        let mut flow = flow();
        let (last, before) = datagrams.split_last().unwrap();
        for datagram in before {
            prop_assert_eq!(flow.datagram(NOW, datagram), None);
        }
        prop_assert_eq!(name_of(&flow.datagram(NOW, last).unwrap()), "situs.example.co.id");
    }

    /// A sealed packet may hold anything: whatever it is, nothing panics.
    #[test]
    fn hostile_frames_are_survived(frames in proptest::collection::vec(any::<u8>(), 0..200), garbled in any::<Option<(u8, u8)>>()) {
        let mut packet = Sealer::new(Version::V1, &ID).seal(0, &frames);
        if let Some((at, octet)) = garbled {
            let at = usize::from(at) % packet.len();
            packet[at] = octet;
        }
        flow().datagram(NOW, &packet);
    }
}

/// Fisher and Yates, from a number.
fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for last in (1..items.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, usize::try_from(seed >> 33).unwrap() % (last + 1));
    }
}
