//! The packets: 64 bytes of UDP in IPv4, up and down, one flow for each device.

use std::net::Ipv4Addr;

use gapura_model::MacAddr;

use super::arena::{BRIDGE, SERVER, WAN, WAN_ADDRESS};

const FRAME: usize = 14 + 20 + 8 + 64;
const FIRST_PORT: u16 = 10_000;
const SERVER_PORT: u16 = 7;

/// Device `number`'s hardware address.
pub(crate) fn mac(number: u32) -> MacAddr {
    let [_, high, middle, low] = number.to_be_bytes();
    MacAddr::new([0x02, 0x62, 0x65, high, middle, low])
}

/// Device `number`'s address, below 10.64.0.0/10.
pub(crate) fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(10, 64, 1, 0).to_bits() + number)
}

/// All frames of one direction, one for each device.
pub(crate) struct Flows {
    bytes: Vec<u8>,
    devices: usize,
}

impl Flows {
    /// From `devices` devices to the server; ports are all different, so that masquerade keeps them.
    pub(crate) fn up(devices: u32) -> Self {
        Self::build(devices, |number, port| {
            frame((mac(number), BRIDGE), (address(number), port), (SERVER, SERVER_PORT))
        })
    }

    /// The server's answers, to the gateway's own address.
    pub(crate) fn down(devices: u32) -> Self {
        Self::build(devices, |_, port| frame((BRIDGE, WAN), (SERVER, SERVER_PORT), (WAN_ADDRESS, port)))
    }

    fn build(devices: u32, one: impl Fn(u32, u16) -> [u8; FRAME]) -> Self {
        let ports = (FIRST_PORT..=u16::MAX).cycle();
        let bytes = (0..devices).zip(ports).flat_map(|(number, port)| one(number, port)).collect();
        Self { bytes, devices: usize::try_from(devices).unwrap_or(1) }
    }

    /// The frame of a device; numbers beyond the last begin again.
    pub(crate) fn of(&self, number: usize) -> &[u8] {
        let start = number % self.devices * FRAME;
        self.bytes.get(start..start + FRAME).unwrap_or_default()
    }

    /// How many devices there are.
    pub(crate) fn devices(&self) -> usize {
        self.devices
    }
}

fn frame(macs: (MacAddr, MacAddr), from: (Ipv4Addr, u16), to: (Ipv4Addr, u16)) -> [u8; FRAME] {
    let mut frame = [0x67; FRAME];
    let mut head = Vec::with_capacity(42);
    head.extend_from_slice(&macs.1.octets());
    head.extend_from_slice(&macs.0.octets());
    head.extend_from_slice(&[0x08, 0x00]);
    let mut ip = [0x45, 0, 0, 92, 0, 0, 0x40, 0, 64, 17, 0, 0].to_vec();
    ip.extend_from_slice(&from.0.octets());
    ip.extend_from_slice(&to.0.octets());
    let sum = checksum(&ip);
    ip.splice(10..12, sum);
    head.extend_from_slice(&ip);
    head.extend_from_slice(&from.1.to_be_bytes());
    head.extend_from_slice(&to.1.to_be_bytes());
    // Length 72; checksum 0: none (RFC 768).
    head.extend_from_slice(&[0, 72, 0, 0]);
    frame.iter_mut().zip(head).for_each(|(to, from)| *to = from);
    frame
}

/// RFC 791 section 3.1, RFC 1071.
fn checksum(header: &[u8]) -> [u8; 2] {
    let words = header.chunks(2).map(|pair| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    });
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let [.., high, low] = (!sum).to_be_bytes();
    [high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_what_the_kernel_takes() {
        let up = Flows::up(3);
        let second = up.of(4);
        assert_eq!(second.len(), 106);
        assert_eq!(second[6..12], mac(1).octets());
        assert_eq!(second[26..30], [10, 64, 1, 1]);
        assert_eq!(second[34..36], 10_001_u16.to_be_bytes());
        assert_eq!(checksum(&second[14..34]), [0, 0]);
        assert_eq!(Flows::down(3).of(1)[36..38], 10_001_u16.to_be_bytes());
    }
}
