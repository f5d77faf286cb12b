//! Replies that are cut short or made of anything must never stop the gateway: every parser against every prefix of a real
//! message, single wrong bytes, and plain noise.

use super::codec::{Message, Request, messages};

/// Runs every parser of the room over one datagram.
fn parse_everything(datagram: &[u8]) {
    for message in messages(datagram) {
        parse_message(message);
    }
}

fn parse_message(message: Message<'_>) {
    let kinds = [
        message.kind,
        libc::RTM_NEWLINK,
        libc::RTM_NEWADDR,
        libc::RTM_NEWROUTE,
        libc::RTM_NEWNEIGH,
        libc::RTM_NEWRULE,
        libc::RTM_NEWQDISC,
        libc::RTM_NEWTCLASS,
        0x100,
    ];
    for kind in kinds {
        let message = Message { kind, ..message };
        let _ = super::links::parse_link(message);
        let _ = super::addrs::parse_address(message);
        let _ = super::routes::parse_routes(message);
        let _ = super::neigh::parse_neighbour(message);
        let _ = super::ports::parse_fdb(message);
        let _ = super::second_lock::parse(message, 64);
        let _ = super::conntrack::parse_flow(message);
        let _ = super::shaper::parse_row(message, kind);
        let _ = super::conn::verdict("read a hostile reply", message);
        let _ = super::watch::read_change(message);
    }
}

/// A message with something of everything: nested attributes, addresses, text.
fn sample(kind: u16, header: usize) -> Vec<u8> {
    Request::new(kind, 0)
        .raw(&vec![2; header])
        .text(3, "br-lan")
        .attr(1, &[10, 0, 0, 1])
        .attr(2, &[2, 0, 0, 0, 0, 1])
        .attr(9, &[16, 0, 0, 0, 1, 0, 0, 0, 8, 0, 5, 0, 10, 0, 0, 1])
        .nest(18, |info| info.text(1, "bridge").text(4, "bridge").nest(5, |data| data.attr(33, &[1])))
        .u32(8, 7)
        .finish(1, false)
}

#[test]
fn every_prefix_and_every_single_wrong_byte_is_survived() {
    for kind in
        [libc::RTM_NEWLINK, libc::RTM_NEWADDR, libc::RTM_NEWROUTE, libc::RTM_NEWNEIGH, libc::RTM_NEWTCLASS, 2, 3]
    {
        for header in [0, 4, 8, 12, 16, 20] {
            let good = sample(kind, header);
            parse_everything(&good);
            for cut in 0..good.len() {
                let mut short = good[..cut].to_vec();
                parse_everything(&short);
                // The same, with a length that says so.
                if cut >= 16 {
                    short[..4].copy_from_slice(&u32::try_from(cut).unwrap().to_ne_bytes());
                    parse_everything(&short);
                }
            }
            for at in 0..good.len() {
                for value in [0, 1, 3, 4, 0x7f, 0x80, 0xff] {
                    let mut wrong = good.clone();
                    wrong[at] = value;
                    parse_everything(&wrong);
                }
            }
        }
    }
}

#[test]
fn noise_is_survived() {
    // A small generator of our own: the same noise every time.
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    for length in 0..400 {
        for _ in 0..40 {
            let mut noise: Vec<u8> = (0..length).map(|_| next()).collect();
            parse_everything(&noise);
            let body = noise.split_off(noise.len().min(16));
            parse_message(Message { kind: 16, flags: 0, sequence: 0, body: &body });
        }
    }
}
