//! Settings as elements: interfaces, windows, address lists, ports. Replaced whole, in one batch.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::LazyLock;

use gapura_model::{IfName, PortBlock};

use super::codec::Family;
use super::inspection;
use super::port_blocks;
use crate::{GateConfig, Net, PortRange, Proto, Slot, Window};

/// An element of a setting, owned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    pub(crate) key: Vec<u8>,
    pub(crate) key_end: Option<Vec<u8>>,
    pub(crate) interval_end: bool,
    /// What the key leads to, in a map.
    pub(crate) data: Option<Vec<u8>>,
}

impl Item {
    fn plain(key: Vec<u8>) -> Self {
        Self { key, key_end: None, interval_end: false, data: None }
    }
}

/// A set and all its elements.
pub(crate) type Filled = (Family, &'static str, Vec<Item>);

/// What the gate remembers besides visits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) windows: Vec<Window>,
    /// Refused at run time, beside the configured ones.
    pub(crate) refused: Vec<Net>,
    /// Policy groups whose first packets are inspected.
    pub(crate) inspected: BTreeSet<u8>,
    /// The public ports of visits, where the site notes them.
    pub(crate) blocks: BTreeMap<Slot, PortBlock>,
}

/// Private and special ranges: refused to visitors unless the site lists them.
const PRIVATE: [&str; 19] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",
    "::ffff:0:0/96",
    "64:ff9b:1::/48",
    "100::/64",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "2001::/32",
    "2002::/16",
];
/// Errors and neighbours; an echo is answered where it asks the visitor's own bridge.
const ICMP_FROM_VISITORS: [u8; 3] = [3, 11, 12];
const ICMP6_FROM_VISITORS: [u8; 11] = [1, 2, 3, 4, 130, 131, 132, 133, 135, 136, 143];
const ICMP6_FROM_UPLINKS: [u8; 12] = [1, 2, 3, 4, 130, 131, 132, 133, 134, 135, 136, 143];

static PRIVATE_NETS: LazyLock<Vec<Net>> = LazyLock::new(|| PRIVATE.iter().filter_map(|net| net.parse().ok()).collect());

/// Whether an address lies in a private or special range, which visitors reach only where the site lists it.
pub fn is_private(address: IpAddr) -> bool {
    PRIVATE_NETS.iter().any(|net| holds(*net, address))
}

pub(super) fn holds(net: Net, address: IpAddr) -> bool {
    // Addresses of the other family are below or above all of these.
    (net.first()..=net.last()).contains(&address)
}

impl Settings {
    /// All settings of `table inet`, and of `table bridge` where it exists.
    pub(crate) fn fill(&self, config: &GateConfig, bridge: bool) -> Vec<Filled> {
        let inet = Family::Inet;
        let mut filled = vec![
            (inet, "lans", names(&config.lans)),
            (inet, "uplinks", names(&config.uplinks)),
            (inet, "staff", names(&config.staff)),
            (inet, "open", windows(&self.windows)),
            (inet, "garden_net4", prefixes_and_ports(&config.garden, true)),
            (inet, "garden_net6", prefixes_and_ports(&config.garden, false)),
            (inet, "refused_ports", services(config.refused_ports.iter().copied())),
            (inet, "management_ports", services(config.management_ports.iter().copied())),
            (inet, "local_ports", services(own_ports(config))),
            (inet, "visitor_icmp", octets(&ICMP_FROM_VISITORS)),
            (inet, "visitor_icmp6", octets(&ICMP6_FROM_VISITORS)),
            (inet, "uplink_icmp6", octets(&ICMP6_FROM_UPLINKS)),
        ];
        let refused: Vec<Net> = PRIVATE_NETS
            .iter()
            .copied()
            .chain(config.refused.iter().copied())
            .chain(self.refused.iter().copied())
            .collect();
        for (four, six, nets) in [
            ("allowed4", "allowed6", &config.allowed),
            ("refused4", "refused6", &refused),
            ("management4", "management6", &config.management),
        ] {
            filled.push((inet, four, prefixes(nets, true)));
            filled.push((inet, six, prefixes(nets, false)));
        }
        if config.inspect {
            let groups = self.inspected.iter().map(|group| Item::plain(inspection::key(*group)));
            filled.push((inet, "inspected", groups.collect()));
        }
        if config.port_blocks {
            filled.push((inet, port_blocks::MAP, port_blocks::items(&self.blocks)));
        }
        if bridge {
            filled.push((Family::Bridge, "ports", names(&config.ports)));
            let (four, six) = addresses(&config.gateway_addresses);
            filled.push((Family::Bridge, "gateway4", four));
            filled.push((Family::Bridge, "gateway6", six));
        }
        filled
    }
}

fn own_ports(config: &GateConfig) -> impl Iterator<Item = (Proto, u16)> {
    let portal = [Some(config.portal_port), config.portal_tls_port].into_iter().flatten();
    [(Proto::Udp, config.dns_port), (Proto::Tcp, config.dns_port)]
        .into_iter()
        .chain(portal.map(|port| (Proto::Tcp, port)))
}

/// An interface name as a key: sixteen octets, zeros behind.
pub(crate) fn name_key(name: &IfName) -> [u8; 16] {
    let mut key = [0; 16];
    for (place, byte) in key.iter_mut().zip(name.as_str().bytes()) {
        *place = byte;
    }
    key
}

/// `protocol . port` as a key.
fn service_key(proto: Proto, port: u16) -> Vec<u8> {
    let [high, low] = port.to_be_bytes();
    vec![proto.number(), 0, 0, 0, high, low, 0, 0]
}

/// `address . protocol . port` as a key.
pub(crate) fn garden_key(address: IpAddr, proto: Proto, port: u16) -> Vec<u8> {
    let mut key = address_key(address);
    key.extend(service_key(proto, port));
    key
}

fn address_key(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

fn names(names: &[IfName]) -> Vec<Item> {
    names.iter().map(name_key).collect::<BTreeSet<_>>().into_iter().map(|key| Item::plain(key.to_vec())).collect()
}

fn octets(values: &[u8]) -> Vec<Item> {
    values.iter().map(|value| Item::plain(vec![*value])).collect()
}

fn services(services: impl Iterator<Item = (Proto, u16)>) -> Vec<Item> {
    services.collect::<BTreeSet<_>>().into_iter().map(|(proto, port)| Item::plain(service_key(proto, port))).collect()
}

fn addresses(addresses: &[IpAddr]) -> (Vec<Item>, Vec<Item>) {
    let keys: BTreeSet<IpAddr> = addresses.iter().copied().collect();
    let (four, six): (Vec<IpAddr>, Vec<IpAddr>) = keys.into_iter().partition(IpAddr::is_ipv4);
    let items = |list: Vec<IpAddr>| list.into_iter().map(|address| Item::plain(address_key(address))).collect();
    (items(four), items(six))
}

/// Merges `(first, last)` ranges, both ends included; neighbours become one.
fn merge(mut ranges: Vec<(u128, u128)>) -> Vec<(u128, u128)> {
    ranges.sort_unstable();
    let mut merged: Vec<(u128, u128)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => merged.push((first, last)),
        }
    }
    merged
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Elements of an interval set: a start, and one past the end unless there is none.
fn intervals(ranges: Vec<(u128, u128)>, octets: usize, greatest: u128) -> Vec<Item> {
    let key = |value: u128| value.to_be_bytes().get(16 - octets..).unwrap_or_default().to_vec();
    let mut items = Vec::with_capacity(ranges.len() * 2);
    for (first, last) in merge(ranges) {
        items.push(Item::plain(key(first)));
        if last < greatest {
            items.push(Item { key: key(last + 1), key_end: None, interval_end: true, data: None });
        }
    }
    items
}

fn prefixes(nets: &[Net], four: bool) -> Vec<Item> {
    let chosen = nets.iter().filter(|net| net.first().is_ipv4() == four);
    let ranges = chosen.map(|net| (bits(net.first()), bits(net.last()))).collect();
    if four { intervals(ranges, 4, u128::from(u32::MAX)) } else { intervals(ranges, 16, u128::MAX) }
}

fn windows(windows: &[Window]) -> Vec<Item> {
    let ranges = windows.iter().map(|window| (window.from.unwrap_or(0), window.until.unwrap_or(u64::MAX)));
    // `until` is the first moment that is closed.
    let ranges = ranges.filter(|(from, until)| from < until);
    let greatest = u128::from(u64::MAX);
    let ranges = ranges
        .map(|(from, until)| (u128::from(from), if until == u64::MAX { greatest } else { u128::from(until - 1) }));
    intervals(ranges.collect(), 8, greatest)
}

/// Concatenated ranges may not overlap: entries equal but for their ends are merged, exact copies dropped.
fn prefixes_and_ports(garden: &[(Net, Proto, PortRange)], four: bool) -> Vec<Item> {
    let mut seen = BTreeSet::new();
    for (net, proto, ports) in garden.iter().filter(|(net, ..)| net.first().is_ipv4() == four) {
        let key = garden_key(net.first(), *proto, ports.first.min(ports.last));
        let end = garden_key(net.last(), *proto, ports.last.max(ports.first));
        seen.insert((key, end));
    }
    seen.into_iter().map(|(key, end)| Item { key, key_end: Some(end), interval_end: false, data: None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_and_neighbouring_prefixes_become_one_interval() {
        let nets: Vec<Net> =
            ["10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "255.0.0.0/8"].iter().map(|n| n.parse().unwrap()).collect();
        let items = prefixes(&nets, true);
        assert_eq!(
            items,
            vec![
                Item::plain(vec![10, 0, 0, 0]),
                Item { key: vec![11, 0, 0, 0], key_end: None, interval_end: true, data: None },
                Item::plain(vec![255, 0, 0, 0]),
            ]
        );
        assert!(prefixes(&nets, false).is_empty());
    }

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        let private = |text: &str| is_private(text.parse().unwrap());
        for text in ["10.60.0.1", "127.0.0.1", "100.64.0.1", "fd07::1", "fe80::1", "::1", "::ffff:203.0.113.10"] {
            assert!(private(text), "{text}");
        }
        for text in ["203.0.113.10", "172.32.0.1", "2001:db8::1", "2606:4700::1"] {
            assert!(!private(text), "{text}");
        }
    }

    #[test]
    fn always_open_is_one_unbounded_interval() {
        assert_eq!(windows(&[Window::ALWAYS]), vec![Item::plain(vec![0; 8])]);
        let closed = Window { from: Some(5), until: Some(5) };
        assert!(windows(&[closed]).is_empty());
        let window = Window { from: Some(1), until: Some(3) };
        let items = windows(&[window]);
        assert_eq!(items[1], Item { key: vec![0, 0, 0, 0, 0, 0, 0, 3], key_end: None, interval_end: true, data: None });
    }

    #[test]
    fn every_private_range_is_a_prefix() {
        assert!(PRIVATE.iter().all(|net| net.parse::<Net>().is_ok()));
    }
}
