//! What Chromium 156 really sent to `situs.example.go.id` on loopback: a post-quantum key share, so that neither fits one
//! packet; GREASE everywhere, a hollow ECH; and over QUIC, frames shuffled on purpose.

use std::time::Duration;

use gapura_inspect::{Asked, Finding, Hello, Over, QuicFlow, Segment, TlsFlow};

use crate::NOW;

const TLS: &[u8] = include_bytes!("samples/chromium-tls.bin");
const QUIC: [&[u8]; 2] = [include_bytes!("samples/chromium-quic-1.bin"), include_bytes!("samples/chromium-quic-2.bin")];

fn expect(found: Option<Finding>, over: Over, alpn: &[&[u8]]) {
    let name = Asked::Name(Box::new("situs.example.go.id".parse().unwrap()));
    let alpn = alpn.iter().map(|protocol| Box::from(*protocol)).collect();
    assert_eq!(found, Some(Finding::Hello(Hello { asked: name, ech: true, alpn, over })));
}

#[test]
fn a_browsers_hello_in_two_segments_is_read() {
    let (front, back) = TLS.split_at(1_400);
    let mut flow = TlsFlow::new(NOW, Duration::from_secs(10));
    assert_eq!(flow.segment(NOW, Segment { sequence: 1_400, opens: false, data: back }), None);
    let found = flow.segment(NOW, Segment { sequence: 0, opens: false, data: front });
    expect(found, Over::Tcp, &[b"h2", b"http/1.1"]);
}

#[test]
fn a_browsers_datagrams_are_read_in_either_order() {
    for [first, second] in [QUIC, [QUIC[1], QUIC[0]]] {
        let mut flow = QuicFlow::new(NOW, Duration::from_millis(300));
        assert_eq!(flow.datagram(NOW, first), None);
        expect(flow.datagram(NOW.after(Duration::from_millis(8)), second), Over::QuicV1, &[b"h3"]);
    }
}
