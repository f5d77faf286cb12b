//! The network as it is now.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gapura_kernel::Net;
use gapura_kernel::net::{Address, Link, LinkIndex, NetError, Overlap, Route, Subnet, overlaps};
use gapura_lan::{BridgeV6, Prefix6, Reach, Ula, V6Choice, V6Situation, plan_v6};
use gapura_model::IfName;

use super::added::Added;
use crate::config::{Config, Ipv6Mode};

/// Everything the gate has to know of interfaces and addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Configured uplinks that exist.
    pub(crate) uplinks: Vec<IfName>,
    /// Uplinks whose link is up.
    pub(crate) running: Vec<IfName>,
    /// IPv4 addresses of uplinks whose link is up: what visitors' flows leave with.
    pub(crate) outside: BTreeSet<Ipv4Addr>,
    /// The ports of the visitor bridges with visitors behind them.
    pub(crate) ports: Vec<IfName>,
    /// Networks of uplinks and of the router's other interfaces: not for visitors.
    pub(crate) refused: Vec<Net>,
    /// The gateway's addresses on visitor bridges, with prefix length.
    pub(crate) own: Vec<(IfName, IpAddr, u8)>,
    /// What each bridge announces over IPv6.
    pub(crate) v6: Vec<BridgeV6>,
    /// Addresses that we put on visitor bridges and want no longer.
    pub(crate) stale: Vec<(IfName, IpAddr, u8)>,
    /// An uplink's network overlaps a visitor network, in words.
    pub(crate) clash: Option<String>,
}

/// Looks at everything.
///
/// # Errors
/// When netlink fails.
pub(crate) fn look(route: &mut Route, config: &Config, ula: Ula) -> Result<Picture, NetError> {
    look_with(route, config, ula, &Added::read(&config.gateway.data_dir))
}

/// Looks at everything, knowing which addresses are ours.
///
/// # Errors
/// When netlink fails.
pub(super) fn look_with(route: &mut Route, config: &Config, ula: Ula, added: &Added) -> Result<Picture, NetError> {
    let links = route.links()?;
    let addresses = route.addresses()?;
    let default_routes = route.default_routes()?;
    let mut picture = Picture::default();
    let is_uplink = |link: &Link| config.uplink.interfaces.contains(&link.name);
    let is_lan = |link: &Link| config.lan.iter().any(|lan| lan.interface == link.name);
    for link in links.iter().filter(|link| is_uplink(link)) {
        picture.uplinks.push(link.name.clone());
        if link.running {
            picture.running.push(link.name.clone());
        }
    }
    for lan in links.iter().filter(|link| is_lan(link)) {
        let trusted =
            |port: &Link| config.lan.iter().any(|of| of.interface == lan.name && of.trusted_ports.contains(&port.name));
        let ports = links.iter().filter(|link| link.master == Some(lan.index) && !trusted(link));
        picture.ports.extend(ports.map(|link| link.name.clone()));
    }
    let on = |address: &Address| links.iter().find(|link| link.index == address.link);
    for address in &addresses {
        let Some(link) = on(address) else { continue };
        if is_lan(link) || link.name.as_str() == "lo" {
            continue;
        }
        if let (IpAddr::V4(ip), true) = (address.ip, is_uplink(link) && link.running && !is_link_local(address.ip)) {
            picture.outside.insert(ip);
        }
        let ip =
            if address.ip.is_ipv6() && is_link_local(address.ip) { None } else { Net::new(address.ip, address.prefix) };
        picture.refused.extend(ip);
    }
    let situation = V6Situation {
        delegated: config.uplink.prefix.iter().filter_map(|text| text.parse().ok()).collect(),
        uplink_global: addresses.iter().any(|address| {
            on(address).is_some_and(is_uplink)
                && is_global(address.ip)
                && default_routes.iter().any(|way| way.link == address.link && way.v6)
        }),
    };
    let bridges: Vec<(IfName, u16)> = config
        .lan
        .iter()
        .zip(0_u16..)
        .filter(|(lan, _)| lan.ipv6 == Ipv6Mode::Auto)
        .map(|(lan, number)| (lan.interface.clone(), number))
        .collect();
    let planned = plan_v6(V6Choice::Auto, &situation, ula, &bridges);
    let lans: Vec<Lan<'_>> = config
        .lan
        .iter()
        .filter_map(|lan| {
            let link = links.iter().find(|link| link.name == lan.interface)?;
            Some(Lan { name: &lan.interface, link: link.index })
        })
        .collect();
    let bridged = decide(planned, &lans, &addresses, added);
    (picture.v6, picture.own, picture.stale) = (bridged.v6, bridged.own, bridged.stale);
    picture.clash = clash(config, &links, &addresses);
    Ok(picture)
}

/// A visitor bridge that exists.
struct Lan<'a> {
    name: &'a IfName,
    link: LinkIndex,
}

/// What follows from the addresses on visitor bridges.
#[derive(Debug, Default)]
struct Bridged {
    v6: Vec<BridgeV6>,
    own: Vec<(IfName, IpAddr, u8)>,
    stale: Vec<(IfName, IpAddr, u8)>,
}

/// Whose address is whose: those in `added` are ours, kept while they are planned and stale afterwards; a global one that is
/// not in it is the system's (DHCPv6-PD, RFC 8415 section 6.3, or set by hand), and its prefix goes before what was planned.
fn decide(planned: Vec<BridgeV6>, lans: &[Lan<'_>], addresses: &[Address], added: &Added) -> Bridged {
    let mut bridged = Bridged { v6: planned, ..Bridged::default() };
    for lan in lans {
        let here = || addresses.iter().filter(|address| address.link == lan.link);
        let mut plan = bridged.v6.iter_mut().find(|bridge| bridge.lan == *lan.name);
        let assigned = here().filter(|address| !added.holds(lan.name, address.ip)).find_map(assigned);
        if let Some(plan) = plan.as_deref_mut()
            && let Some((prefix, address)) = assigned
        {
            (plan.prefix, plan.address, plan.reach) = (prefix, address, Reach::Routed);
        }
        for address in here() {
            let wanted = plan.as_ref().is_some_and(|plan| IpAddr::V6(plan.address) == address.ip);
            let entry = (lan.name.clone(), address.ip, address.prefix);
            if !wanted && added.holds(lan.name, address.ip) {
                bridged.stale.push(entry);
            } else {
                bridged.own.push(entry);
            }
        }
    }
    for bridge in &bridged.v6 {
        let entry = (bridge.lan.clone(), IpAddr::V6(bridge.address), bridge.prefix.length());
        if !bridged.own.contains(&entry) {
            bridged.own.push(entry);
        }
    }
    bridged
}

/// The prefix that an address brings, where visitors can be given addresses of it.
fn assigned(address: &Address) -> Option<(Prefix6, Ipv6Addr)> {
    let IpAddr::V6(ip) = address.ip else { return None };
    let fit = is_global(address.ip) && address.prefix == 64 && !address.deprecated;
    Prefix6::new(ip, 64).filter(|_| fit).map(|prefix| (prefix, ip))
}

fn clash(config: &Config, links: &[Link], addresses: &[Address]) -> Option<String> {
    let subnets = |names: &dyn Fn(&IfName) -> bool| -> Vec<(IfName, Subnet)> {
        addresses
            .iter()
            .filter_map(|address| {
                let link = links.iter().find(|link| link.index == address.link).filter(|link| names(&link.name))?;
                Some((link.name.clone(), address.subnet().filter(|_| !is_link_local(address.ip))?))
            })
            .collect()
    };
    let mut lans = subnets(&|name| config.lan.iter().any(|lan| lan.interface == *name));
    lans.extend(config.lan.iter().filter_map(|lan| {
        Some((lan.interface.clone(), Subnet::around(lan.address.address.into(), lan.address.prefix)?))
    }));
    let uplinks = subnets(&|name| config.uplink.interfaces.contains(name));
    overlaps(&lans, &uplinks).first().map(|overlap: &Overlap| {
        format!(
            "uplink {} has network {}, visitor bridge {} has {}: give the bridge other addresses in gateway.toml",
            overlap.uplink, overlap.uplink_subnet, overlap.lan, overlap.lan_subnet
        )
    })
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// An IPv6 address that reaches the Internet: global unicast, not unique local.
fn is_global(address: IpAddr) -> bool {
    const GLOBAL: Ipv6Addr = Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0);
    matches!(address, IpAddr::V6(v6) if v6.to_bits() >> 125 == GLOBAL.to_bits() >> 125)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRIDGE: LinkIndex = LinkIndex::new(7);

    fn on(link: LinkIndex, ip: &str, prefix: u8) -> Address {
        Address { link, ip: ip.parse().unwrap(), prefix, tentative: false, deprecated: false }
    }

    /// What becomes of a bridge with these addresses: prefix and address announced, how it is reached, and what is taken away.
    fn outcome(uplink_prefix: Option<&str>, addresses: &[Address], ours: &[&str]) -> (String, Reach, Vec<String>) {
        let lan: IfName = "br-lan".parse().unwrap();
        let delegated = uplink_prefix.iter().map(|text| text.parse().unwrap()).collect();
        let situation = V6Situation { delegated, uplink_global: true };
        let planned = plan_v6(V6Choice::Auto, &situation, Ula::from_random([0, 0, 0, 0, 7]), &[(lan.clone(), 0)]);
        let added = Added::of(&ours.iter().map(|address| ("br-lan", *address)).collect::<Vec<_>>());
        let bridged = decide(planned, &[Lan { name: &lan, link: BRIDGE }], addresses, &added);
        let bridge = &bridged.v6[0];
        assert!(bridge.prefix.contains(bridge.address));
        for (_, address, _) in &bridged.stale {
            assert!(bridged.own.iter().all(|(_, own, _)| own != address));
        }
        let stale = bridged.stale.iter().map(|(_, address, _)| address.to_string()).collect();
        (bridge.address.to_string(), bridge.reach, stale)
    }

    #[test]
    fn an_address_of_the_system_is_used_and_never_taken_away_whatever_its_last_bits() {
        let (ula, ours) = (on(BRIDGE, "fd00:0:7::1", 64), ["fd00:0:7::1"]);
        for ip in ["2001:db8:5::1", "2001:db8:5::2:3"] {
            let there = [on(BRIDGE, "10.60.0.1", 22), on(BRIDGE, ip, 64), ula];
            // Announced at once; our own network goes.
            assert_eq!(outcome(None, &there, &ours), (ip.to_owned(), Reach::Routed, vec!["fd00:0:7::1".to_owned()]));
            // It goes before the prefix of the configuration, too.
            assert_eq!(outcome(Some("2001:db8:9::/56"), &there[..2], &[]), (ip.to_owned(), Reach::Routed, vec![]));
        }
        // Taken away by hand: our own comes back.
        assert_eq!(outcome(None, &[], &[]), ("fd00:0:7::1".to_owned(), Reach::Nat66, vec![]));
        assert_eq!(outcome(None, &[ula], &ours), ("fd00:0:7::1".to_owned(), Reach::Nat66, vec![]));
    }

    #[test]
    fn what_we_added_from_the_configuration_stays_while_it_is_configured() {
        let there = [on(BRIDGE, "2001:db8:9::1", 64)];
        let ours = ["2001:db8:9::1"];
        let kept = ("2001:db8:9::1".to_owned(), Reach::Routed, vec![]);
        assert_eq!(outcome(Some("2001:db8:9::/56"), &there, &ours), kept);
        assert_eq!(outcome(Some("2001:db8:9::/56"), &[], &[]), kept);
        let gone = vec!["2001:db8:9::1".to_owned()];
        assert_eq!(outcome(None, &there, &ours), ("fd00:0:7::1".to_owned(), Reach::Nat66, gone.clone()));
        assert_eq!(outcome(Some("2001:db8:a::/56"), &there, &ours), ("2001:db8:a::1".to_owned(), Reach::Routed, gone));
    }

    #[test]
    fn other_addresses_bring_no_prefix_and_stay() {
        let deprecated = Address { deprecated: true, ..on(BRIDGE, "2001:db8:5::1", 64) };
        let elsewhere = on(LinkIndex::new(8), "2001:db8:5::1", 64);
        for address in [
            deprecated,
            elsewhere,
            on(BRIDGE, "2001:db8:5::1", 60),
            on(BRIDGE, "fd12::1", 64),
            on(BRIDGE, "fe80::1", 64),
        ] {
            assert_eq!(outcome(None, &[address], &[]), ("fd00:0:7::1".to_owned(), Reach::Nat66, vec![]), "{address:?}");
        }
    }
}
