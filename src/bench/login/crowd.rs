//! New devices, thousands of them, in one namespace: each has its own hardware address, IPv4 and IPv6 address, and the
//! kernel's own TCP.
//!
//! The namespace takes every address of two ranges for its own; as frames leave, an nftables map writes the hardware address
//! that belongs to the source address into them, and frames to any of those come in. Fixed neighbour entries stand for ARP and
//! neighbour discovery, on both sides.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gapura_lab::daemon::Site;
use gapura_lab::{LabError, Ns, addr};
use gapura_model::MacAddr;

use crate::BenchError;

const FIRST: Ipv4Addr = Ipv4Addr::new(10, 96, 1, 0);
const RANGE: &str = "10.96.0.0/12";
/// Added to the visitors' prefix.
const FIRST6: u128 = 0xb_0000_0000;

/// The devices of one site.
#[derive(Debug)]
pub(crate) struct Devices {
    /// Where they are.
    pub(crate) ns: Ns,
    prefix: u128,
}

impl Devices {
    /// Makes `count` devices behind visitor 1's cable.
    pub(crate) fn plug_in(site: &Site, count: u32) -> Result<Self, BenchError> {
        let (gw, ns) = (site.lab().gw(), site.lab().visitor(1)?.ns().handle());
        let router6 = gw.addresses("br-lan")?.into_iter().find_map(|address| match address {
            IpAddr::V6(six) => Some(six),
            IpAddr::V4(_) => None,
        });
        let router6 = router6.ok_or_else(|| LabError::answer("the gateway", "no IPv6 address on br-lan"))?;
        let (router, router_mac) = (addr::LAN.0, gw.mac("br-lan")?);
        let devices = Self { ns, prefix: router6.to_bits() & !u128::from(u64::MAX) };
        let range6 = Ipv6Addr::from_bits(devices.prefix | FIRST6);
        devices.ns.sysctl("net.ipv6.conf.eth0.accept_ra", "0")?;
        devices.ns.sysctl("net.ipv6.ip_nonlocal_bind", "1")?;
        devices.ns.ip_batch(&format!(
            "link set eth0 up\nroute add local {RANGE} dev lo\nroute add local {range6}/96 dev lo\n\
             route add {router} dev eth0\nroute add default via {router} dev eth0\n\
             route add {router6} dev eth0\nroute add default via {router6} dev eth0\n\
             neigh replace {router} lladdr {router_mac} dev eth0 nud permanent\n\
             neigh replace {router6} lladdr {router_mac} dev eth0 nud permanent"
        ))?;
        let mut neighbours = format!("route add {RANGE} dev br-lan\n");
        let (mut four, mut six) = (String::new(), String::new());
        for number in 0..count {
            let (mac, v4, v6) = (mac(number), devices.v4(number), devices.v6(number));
            // Writing to a String does not fail.
            let _ = writeln!(neighbours, "neigh replace {v4} lladdr {mac} dev br-lan nud permanent");
            let _ = writeln!(neighbours, "neigh replace {v6} lladdr {mac} dev br-lan nud permanent");
            let _ = write!(four, "{v4} : {mac},");
            let _ = write!(six, "{v6} : {mac},");
        }
        gw.ip_batch(&neighbours)?;
        devices.ns.nft(&format!(
            "table netdev crowd {{
                 map macs4 {{ type ipv4_addr : ether_addr; elements = {{ {four} }}; }}
                 map macs6 {{ type ipv6_addr : ether_addr; elements = {{ {six} }}; }}
                 chain out {{ type filter hook egress device eth0 priority 0;
                     ether saddr set ip saddr map @macs4
                     ether saddr set ip6 saddr map @macs6
                 }}
                 chain in {{ type filter hook ingress device eth0 priority 0; meta pkttype set host; }}
             }}\n"
        ))?;
        Ok(devices)
    }

    /// Device `number`'s IPv4 address.
    #[expect(clippy::unused_self, reason = "the two families read alike")]
    pub(crate) fn v4(&self, number: u32) -> IpAddr {
        Ipv4Addr::from_bits(FIRST.to_bits() + number).into()
    }

    /// Device `number`'s IPv6 address.
    pub(crate) fn v6(&self, number: u32) -> IpAddr {
        Ipv6Addr::from_bits(self.prefix | (FIRST6 + u128::from(number))).into()
    }
}

/// Device `number`'s hardware address.
pub(crate) fn mac(number: u32) -> MacAddr {
    let [_, high, middle, low] = number.to_be_bytes();
    MacAddr::new([0x02, 0x6c, 0x6e, high, middle, low])
}
