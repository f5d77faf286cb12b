//! Addresses and ranges as lists write them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Cause;

/// Ranges that are never on the Internet (RFC 6890 and what it was updated by): to block one could cut a site's own network.
const SPECIAL4: [(Ipv4Addr, u32); 9] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];
/// The same of IPv6: `::/128` and `::1`, unique local, link-local and multicast.
const SPECIAL6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::UNSPECIFIED, 127),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
];
/// Most addresses of one line: a `/8`, and a `/16` of IPv6.
const MOST4: u128 = 1 << 24;
const MOST6: u128 = 1 << 112;

/// Whether a word could be nothing but an attempt at an address.
pub(super) fn looks_like(word: &str) -> bool {
    let first = word.bytes().next();
    let digits = word.bytes().all(|octet| octet.is_ascii_digit() || matches!(octet, b'.' | b'/' | b'-' | b':'));
    // `example.com:80` has one colon, any IPv6 address has two.
    digits || first == Some(b'[') || word.bytes().filter(|&octet| octet == b':').count() > 1 && !word.contains("://")
}

/// Reads an address, a network, a range; perhaps with a port. `None` where it is none of these.
pub(super) fn read(word: &str) -> Option<Result<(IpAddr, IpAddr), Cause>> {
    let range = if let Some((network, length)) = word.split_once('/') {
        let address = network.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        address.and_then(|address| block(address, network, length))
    } else if let Some((first, last)) = word.split_once('-') {
        first.trim().parse().ok().zip(last.trim().parse().ok())
    } else {
        single(word).map(|address| (address, address))
    };
    match range {
        Some((first, last)) => Some(checked(first, last)),
        None if word.bytes().any(|octet| octet.is_ascii_alphabetic())
            && !word.starts_with('[')
            && !word.contains("::") =>
        {
            None
        }
        None => Some(Err(Cause::BadAddress)),
    }
}

fn single(word: &str) -> Option<IpAddr> {
    let bare = match word.strip_prefix('[') {
        Some(rest) => {
            rest.split_once(']').filter(|(_, port)| port.is_empty() || is_port(port)).map(|(bare, _)| bare)?
        }
        None => word.split_once(':').filter(|(_, port)| !port.contains(':')).map_or(word, |(before, _)| before),
    };
    bare.parse().ok().map(|address: IpAddr| address.to_canonical())
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

/// A network by the length of its prefix, or by its mask; bits behind the prefix are passed over.
fn block(address: IpAddr, text: &str, length: &str) -> Option<(IpAddr, IpAddr)> {
    let mapped = address.is_ipv4() && text.contains(':');
    let length = match length.parse::<Ipv4Addr>() {
        Ok(mask) if address.is_ipv4() => {
            let mask = u32::from(mask);
            (mask.leading_ones() + mask.trailing_zeros() == 32).then(|| mask.leading_ones())?
        }
        Ok(_) => return None,
        Err(_) if length.len() > 3 => return None,
        Err(_) => length.parse().ok()?,
    };
    // `::ffff:192.0.2.0/120` is 192.0.2.0/24.
    prefix(address, if mapped { length.checked_sub(96)? } else { length })
}

/// The first and last address of a network.
pub(super) fn prefix(address: IpAddr, length: u32) -> Option<(IpAddr, IpAddr)> {
    match address {
        IpAddr::V4(address) => {
            let host = u32::MAX.checked_shr(length).filter(|_| length <= 32).unwrap_or_default();
            let first = u32::from(address) & !host;
            (length <= 32).then(|| (Ipv4Addr::from(first).into(), Ipv4Addr::from(first | host).into()))
        }
        IpAddr::V6(address) => {
            let host = u128::MAX.checked_shr(length).filter(|_| length <= 128).unwrap_or_default();
            let first = u128::from(address) & !host;
            (length <= 128).then(|| (Ipv6Addr::from(first).into(), Ipv6Addr::from(first | host).into()))
        }
    }
}

/// Refuses what would cut a network of its own, or half of the Internet.
pub(super) fn checked(first: IpAddr, last: IpAddr) -> Result<(IpAddr, IpAddr), Cause> {
    let (low, high, most) = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => (u128::from(u32::from(first)), u128::from(u32::from(last)), MOST4),
        (IpAddr::V6(first), IpAddr::V6(last)) => (u128::from(first), u128::from(last), MOST6),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return Err(Cause::BadAddress),
    };
    if low > high {
        return Err(Cause::BadAddress);
    }
    if high - low >= most {
        return Err(Cause::TooBroad);
    }
    let special = if first.is_ipv4() {
        SPECIAL4
            .iter()
            .filter_map(|(network, length)| prefix((*network).into(), *length))
            .any(|s| overlap(s, first, last))
    } else {
        SPECIAL6
            .iter()
            .filter_map(|(network, length)| prefix((*network).into(), *length))
            .any(|s| overlap(s, first, last))
    };
    if special { Err(Cause::PrivateAddress) } else { Ok((first, last)) }
}

fn overlap((start, end): (IpAddr, IpAddr), first: IpAddr, last: IpAddr) -> bool {
    start <= last && first <= end
}

/// `192.0.2.7`, `192.0.2.0/24` or `192.0.2.1-192.0.2.9`.
pub(crate) fn range_text(first: IpAddr, last: IpAddr) -> String {
    let (low, high, bits) = match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => (u128::from(u32::from(first)), u128::from(u32::from(last)), 32),
        (IpAddr::V6(first), IpAddr::V6(last)) => (u128::from(first), u128::from(last), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return format!("{first}-{last}"),
    };
    let host = (low ^ high).checked_add(1).filter(|size| size.is_power_of_two()).map(u128::trailing_zeros);
    match host {
        Some(0) => first.to_string(),
        Some(host) if low.trailing_zeros() >= host => format!("{first}/{}", bits - host),
        Some(_) | None => format!("{first}-{last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(word: &str) -> String {
        assert!(looks_like(word), "{word}");
        match read(word) {
            Some(Ok((first, last))) => range_text(first, last),
            Some(Err(cause)) => format!("{cause:?}"),
            None => "none".into(),
        }
    }

    #[test]
    fn odd_addresses_are_read_or_refused_by_cause() {
        for (word, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7:8080", "192.0.2.7"),
            ("192.0.2.77/24", "192.0.2.0/24"),
            ("192.0.2.0/255.255.255.0", "192.0.2.0/24"),
            ("192.0.2.0/255.0.255.0", "BadAddress"),
            ("192.0.2.1-192.0.2.9", "192.0.2.1-192.0.2.9"),
            ("192.0.2.9-192.0.2.1", "BadAddress"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("192.0.2.0/33", "BadAddress"),
            ("13.215.1628.51.139", "BadAddress"),
            ("139.60", "BadAddress"),
            ("1227", "BadAddress"),
            (".160.249", "BadAddress"),
            ("143.198..198", "BadAddress"),
            ("159.323.68.211", "BadAddress"),
            ("192.000.002.007", "BadAddress"),
            ("10.215.173.2", "PrivateAddress"),
            ("192.168.0.0/16", "PrivateAddress"),
            ("9.0.0.0-11.0.0.0", "TooBroad"),
            ("9.255.255.0-10.0.0.0", "PrivateAddress"),
            ("255.255.255.255", "PrivateAddress"),
            ("fd00::1", "PrivateAddress"),
            ("fe80::1", "PrivateAddress"),
            ("::1", "PrivateAddress"),
            ("0.0.0.0/0", "TooBroad"),
            ("::/0", "TooBroad"),
            ("2000::/3", "TooBroad"),
            ("fe80::1%eth0", "BadAddress"),
        ] {
            assert_eq!(told(word), expected, "{word}");
        }
    }

    #[test]
    fn a_name_with_a_port_does_not_look_like_an_address() {
        assert!(!looks_like("example.com:80") && !looks_like("https://example.com:80/"));
    }
}
