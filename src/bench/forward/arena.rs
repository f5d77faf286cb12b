//! One router to send through: a bridge with one port, an uplink, and the far ends of both cables.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, UdpSocket};

use gapura_lab::{LabError, Ns};
use gapura_model::MacAddr;

use super::frames::{address, mac};
use crate::BenchError;
use crate::raw::Frames;

/// The visitor bridge's hardware address, the same in every arena: one set of frames serves all.
pub(crate) const BRIDGE: MacAddr = MacAddr::new([0x02, 0x67, 0, 0, 0, 1]);
/// The uplink's hardware address.
pub(crate) const WAN: MacAddr = MacAddr::new([0x02, 0x67, 0, 0, 0, 2]);
/// The gateway's address on the uplink.
pub(crate) const WAN_ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);
/// Whom all devices talk to.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);

/// Flows must outlive the bench.
const FLOW_LIFE: &str = "900";

/// A router without any rule, and sockets on both far ends.
pub(crate) struct Arena {
    /// Sends as the devices.
    pub(crate) visitors: Frames,
    /// Sends as the server.
    pub(crate) internet: Frames,
    /// The router.
    pub(crate) gw: Ns,
    far: Ns,
}

impl Arena {
    /// With a fixed neighbour for each of `devices` devices.
    pub(crate) fn lay(name: &str, devices: u32) -> Result<Self, BenchError> {
        let gw = Ns::create(format!("{}-fwd-{name}", crate::cli::prefix()))?;
        let far = Ns::create(format!("{}-fwd-{name}-far", crate::cli::prefix()))?;
        for (ns, key, value) in [
            (&far, "net.ipv6.conf.all.disable_ipv6", "1"),
            (&far, "net.ipv6.conf.default.disable_ipv6", "1"),
            (&gw, "net.ipv4.ip_forward", "1"),
            (&gw, "net.ipv6.conf.all.forwarding", "1"),
        ] {
            ns.sysctl(key, value)?;
        }
        for call in ["iptables", "ip6tables", "arptables"] {
            let key = format!("net.bridge.bridge-nf-call-{call}");
            if std::path::Path::new("/proc/sys").join(key.replace('.', "/")).exists() {
                gw.sysctl(&key, "0")?;
            }
        }
        let mut lines = format!(
            "link add br-lan address {BRIDGE} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n\
             link add lan0 type veth peer name vis0 netns {far}\nlink set lan0 master br-lan\nlink set lan0 up\n\
             link set br-lan up\naddr add 10.64.0.1/10 dev br-lan\n\
             link add wan0 address {WAN} type veth peer name net0 netns {far}\nlink set wan0 up\n\
             addr add {WAN_ADDRESS}/24 dev wan0\n\
             neigh add 198.51.100.1 lladdr 02:67:00:00:00:63 dev wan0 nud permanent\n\
             route add default via 198.51.100.1\n",
            far = far.name(),
        );
        for number in 0..devices {
            // Writing to a String does not fail.
            let _ = writeln!(lines, "neigh add {} lladdr {} dev br-lan nud permanent", address(number), mac(number));
        }
        gw.ip_batch(&lines)?;
        far.ip_batch("link set vis0 up\nlink set net0 up")?;
        let socket = |card: &str| -> Result<Frames, BenchError> {
            Ok(far.run(|| {
                let any = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).map_err(LabError::io("open a socket"))?;
                let index = rustix::net::netdevice::name_to_index(&any, card);
                let index = index.map_err(LabError::errno(format!("find {card}")))?;
                Frames::open(index).map_err(LabError::io(format!("open a packet socket on {card}")))
            })?)
        };
        Ok(Self { visitors: socket("vis0")?, internet: socket("net0")?, gw, far })
    }

    /// Once connection tracking is in use: flows live as long as the bench.
    pub(crate) fn keep_flows(&self) -> Result<(), BenchError> {
        for key in ["net.netfilter.nf_conntrack_udp_timeout", "net.netfilter.nf_conntrack_udp_timeout_stream"] {
            self.gw.sysctl(key, FLOW_LIFE)?;
        }
        Ok(())
    }

    /// Packets that came out so far: at the devices' end, and at the server's.
    pub(crate) fn arrived(&self) -> Result<(u64, u64), BenchError> {
        let of = |card: &str| -> Result<u64, BenchError> {
            let links = self.far.ip_json(&["-s", "link", "show", "dev", card])?;
            let count = links.pointer("/0/stats64/rx/packets").and_then(serde_json::Value::as_u64);
            Ok(count.ok_or_else(|| LabError::answer("ip -s link", format!("no counters of {card}")))?)
        };
        Ok((of("vis0")?, of("net0")?))
    }
}
