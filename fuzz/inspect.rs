//! The first packets of flows.

use std::time::Duration;

use gapura_inspect::{Finding, Flows, Hello, Packet, Patience, QuicFlow, Segment, TlsFlow};
use gapura_model::Uptime;
use ring::aead::quic::{AES_128, HeaderProtectionKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::Cut;

const NOW: Uptime = Uptime::new(Duration::from_secs(1));
const PATIENCE: Duration = Duration::from_secs(10);

/// A stream says the same whole and cut in up to eight, in order or with two pieces exchanged.
pub(crate) fn client_hello(input: &[u8]) {
    let mut input = Cut(input);
    let cuts = input.array::<8>();
    let (exchange, start) = (input.u8(), u32::from_be_bytes(input.array()));
    let stream = input.0;
    let whole = tls(start, &[(0, stream)]);
    let mut pieces = Vec::new();
    let mut rest = stream;
    for cut in cuts {
        let (front, behind) = rest.split_at((usize::from(cut) * 8).min(rest.len()));
        pieces.push((stream.len() - rest.len(), front));
        rest = behind;
    }
    pieces.push((stream.len() - rest.len(), rest));
    pieces.retain(|(_, piece)| !piece.is_empty());
    assert_eq!(tls(start, &pieces), whole);
    if let (Some(Finding::Hello(_)), false) = (&whole, pieces.is_empty()) {
        let at = usize::from(exchange) % pieces.len();
        let with = (at + 1) % pieces.len();
        pieces.swap(at, with);
        assert_eq!(tls(start, &pieces), whole);
    }
}

/// What a connection that began at `start` says with these pieces.
fn tls(start: u32, pieces: &[(usize, &[u8])]) -> Option<Finding> {
    let mut flow = TlsFlow::new(NOW, PATIENCE);
    assert_eq!(flow.segment(NOW, Segment { sequence: start.wrapping_sub(1), opens: true, data: b"" }), None);
    pieces.iter().find_map(|(at, data)| {
        let sequence = start.wrapping_add(u32::try_from(*at).unwrap());
        flow.segment(NOW, Segment { sequence, opens: false, data })
    })
}

/// Datagrams as they come, or frames that are sealed first as a client with the connection id of RFC 9001 appendix A does.
pub(crate) fn quic_initial(input: &[u8]) {
    let mut input = Cut(input);
    let mut flow = QuicFlow::new(NOW, PATIENCE);
    for number in 0..5 {
        let sealed = input.u8() & 1 == 0;
        let piece = input.piece();
        let datagram = if sealed { seal(number, piece) } else { piece.to_vec() };
        if let Some(Finding::Hello(Hello { alpn, .. })) = flow.datagram(NOW, &datagram) {
            assert!(alpn.iter().all(|protocol| !protocol.is_empty()));
            return;
        }
    }
}

/// An Initial of version 1 with the keys that RFC 9001 appendix A.1 prints.
pub(crate) fn seal(number: u8, frames: &[u8]) -> Vec<u8> {
    const ID: [u8; 8] = 0x8394_c8f0_3e51_5708_u64.to_be_bytes();
    const KEY: [u8; 16] = 0x1f36_9613_dd76_d546_7730_efcb_e3b1_a22d_u128.to_be_bytes();
    const IV: [u8; 12] = [0xfa, 0x04, 0x4b, 0x2f, 0x42, 0xa3, 0xfd, 0x3b, 0x46, 0xfb, 0x25, 0x5c];
    const HP: [u8; 16] = 0x9f50_449e_04a0_e810_283a_1e99_33ad_edd2_u128.to_be_bytes();
    const NUMBER: usize = 4;
    let mut payload = frames.to_vec();
    let length = u32::try_from(NUMBER + payload.len() + AES_128_GCM.tag_len()).unwrap();
    let mut packet = vec![0xc3, 0, 0, 0, 1, 8];
    packet.extend(ID);
    packet.extend([0, 0]);
    packet.extend((0x8000_0000 | length).to_be_bytes());
    let number_at = packet.len();
    packet.extend([0, 0, 0, number]);
    let mut nonce = IV;
    nonce[11] ^= number;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &KEY).unwrap());
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&packet), &mut payload).unwrap();
    let sample = payload[..16].to_vec();
    packet.extend(payload);
    let mask = HeaderProtectionKey::new(&AES_128, &HP).unwrap().new_mask(&sample).unwrap();
    packet[0] ^= mask[0] & 0x0f;
    for (octet, mask) in packet[number_at..].iter_mut().zip(&mask[1..]) {
        *octet ^= mask;
    }
    packet
}

/// IP packets, one after the other, into a table of three flows.
pub(crate) fn packet(input: &[u8]) {
    let mut input = Cut(input);
    let mut flows = Flows::new(3, Patience::default());
    for number in 0..16 {
        let packet = input.piece();
        let now = NOW.after(Duration::from_millis(number * 40));
        let _ = Packet::read(packet);
        flows.packet(now, packet);
        assert!(flows.len() <= 3);
    }
}
