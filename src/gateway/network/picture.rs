//! The network as it is now.

use std::net::{IpAddr, Ipv6Addr};

use gapura_kernel::Net;
use gapura_kernel::net::{Address, Link, NetError, Overlap, Route, Subnet, overlaps};
use gapura_lan::{BridgeV6, Prefix6, Reach, Ula, V6Choice, V6Situation, plan_v6};
use gapura_model::IfName;

use crate::config::{Config, Ipv6Mode};

/// Everything the gate has to know of interfaces and addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Configured uplinks that exist.
    pub(crate) uplinks: Vec<IfName>,
    /// Uplinks whose link is up.
    pub(crate) running: Vec<IfName>,
    /// The ports of the visitor bridges.
    pub(crate) ports: Vec<IfName>,
    /// Networks of uplinks and of the router's other interfaces: not for visitors.
    pub(crate) refused: Vec<Net>,
    /// The gateway's addresses on visitor bridges, with prefix length.
    pub(crate) own: Vec<(IfName, IpAddr, u8)>,
    /// What each bridge announces over IPv6.
    pub(crate) v6: Vec<BridgeV6>,
    /// Prefixes on visitor bridges that are no longer wanted.
    pub(crate) stale: Vec<(IfName, IpAddr, u8)>,
    /// An uplink's network overlaps a visitor network, in words.
    pub(crate) clash: Option<String>,
}

/// Looks at everything.
///
/// # Errors
/// When netlink fails.
pub(crate) fn look(route: &mut Route, config: &Config, ula: Ula) -> Result<Picture, NetError> {
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
        picture.ports.extend(links.iter().filter(|link| link.master == Some(lan.index)).map(|link| link.name.clone()));
    }
    let on = |address: &Address| links.iter().find(|link| link.index == address.link);
    for address in &addresses {
        let Some(link) = on(address) else { continue };
        if is_lan(link) || link.name.as_str() == "lo" {
            continue;
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
    picture.v6 = plan_v6(V6Choice::Auto, &situation, ula, &bridges);
    for bridge in &mut picture.v6 {
        if let Some((prefix, address)) = assigned(&bridge.lan, &links, &addresses) {
            *bridge = BridgeV6 { lan: bridge.lan.clone(), prefix, address, reach: Reach::Routed };
        }
    }
    own_addresses(&mut picture, config, &links, &addresses);
    picture.clash = clash(config, &links, &addresses);
    Ok(picture)
}

/// The prefix that the operating system's DHCPv6 client put on a visitor bridge (RFC 8415 section 6.3), with the gateway's
/// address in it. Addresses that end in `::1` are those this program sets itself, and say nothing.
fn assigned(lan: &IfName, links: &[Link], addresses: &[Address]) -> Option<(Prefix6, Ipv6Addr)> {
    let link = links.iter().find(|link| link.name == *lan)?;
    addresses.iter().filter(|address| address.link == link.index && !address.deprecated).find_map(|address| {
        let IpAddr::V6(ip) = address.ip else { return None };
        let prefix = Prefix6::new(ip, 64).filter(|prefix| prefix.host(1) != ip)?;
        (is_global(address.ip) && address.prefix == 64).then_some((prefix, ip))
    })
}

fn own_addresses(picture: &mut Picture, config: &Config, links: &[Link], addresses: &[Address]) {
    for lan in &config.lan {
        let Some(link) = links.iter().find(|link| link.name == lan.interface) else { continue };
        for address in addresses.iter().filter(|address| address.link == link.index) {
            let entry = (lan.interface.clone(), address.ip, address.prefix);
            let wanted =
                picture.v6.iter().any(|bridge| bridge.lan == lan.interface && IpAddr::V6(bridge.address) == address.ip);
            let ours =
                matches!(address.ip, IpAddr::V6(ip) if Prefix6::new(ip, 64).is_some_and(|prefix| prefix.host(1) == ip));
            if address.ip.is_ipv6() && !is_link_local(address.ip) && !wanted && ours && lan.ipv6 == Ipv6Mode::Auto {
                picture.stale.push(entry);
            } else {
                picture.own.push(entry);
            }
        }
    }
    for bridge in &picture.v6 {
        let entry = (bridge.lan.clone(), IpAddr::V6(bridge.address), bridge.prefix.length());
        if !picture.own.contains(&entry) {
            picture.own.push(entry);
        }
    }
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
