//! Settings of the kernel a gateway needs, under `/proc/sys`.

use std::path::{Path, PathBuf};

use gapura_model::IfName;
use serde::Serialize;

use super::NetError;

/// A setting, what it should be and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its name as `sysctl` spells it.
    pub name: String,
    /// What a gateway wants.
    pub wanted: Wanted,
    /// What it is; `None` if this kernel, or this network namespace, does not have it.
    pub found: Option<String>,
    /// What goes wrong otherwise.
    pub effect: &'static str,
    /// Whether the gateway sets it itself ([`apply`]); the others belong into the machine's sysctl file.
    pub ours: bool,
}

/// What a setting should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// Exactly this.
    Is(String),
    /// At least this.
    AtLeast(u64),
}

impl Setting {
    /// Whether it is as wanted. A setting this kernel does not have cannot be wrong.
    pub fn is_right(&self) -> bool {
        match (&self.found, &self.wanted) {
            (None, _) => true,
            (Some(found), Wanted::Is(wanted)) => found == wanted,
            (Some(found), Wanted::AtLeast(least)) => found.parse::<u64>().is_ok_and(|found| found >= *least),
        }
    }

    fn path(&self) -> PathBuf {
        path_of(&self.name)
    }

    fn text(&self) -> String {
        match &self.wanted {
            Wanted::Is(text) => text.clone(),
            Wanted::AtLeast(least) => least.to_string(),
        }
    }
}

/// What the tables of neighbours and flows must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Devices at once at this site.
    pub devices: u32,
    /// Flows a device may have open.
    pub flows_per_device: u32,
    /// Memory of the machine, bytes; a flow costs about 400, and the table is kept under an eighth of the memory.
    pub memory: u64,
}

impl Sizes {
    /// Rows of the neighbour table: a device has one IPv4 and, with privacy addresses, several IPv6 addresses.
    pub fn neighbours(&self) -> u64 {
        (u64::from(self.devices) * 8).max(2048)
    }

    /// Rows of the flow table.
    pub fn flows(&self) -> u64 {
        let wanted = (u64::from(self.devices) * u64::from(self.flows_per_device.min(512))).max(16_384);
        wanted.min((self.memory / 8 / 400).max(16_384))
    }
}

/// What a gateway with these visitor bridges and uplinks wants, and what is set now in this network namespace.
pub fn settings(lans: &[IfName], uplinks: &[IfName], sizes: &Sizes) -> Result<Vec<Setting>, NetError> {
    let mut all = Vec::new();
    for (name, wanted, effect) in WHOLE_MACHINE {
        all.push(setting((*name).to_owned(), Wanted::Is((*wanted).to_owned()), effect, true));
    }
    for lan in lans {
        for (suffix, wanted, effect) in PER_LAN {
            all.push(setting(per_link(suffix, lan), Wanted::Is((*wanted).to_owned()), effect, true));
        }
    }
    for uplink in uplinks {
        all.extend(per_uplink(uplink));
    }
    let rows = sizes.neighbours();
    for family in ["ipv4", "ipv6"] {
        for (suffix, least) in [("gc_thresh1", rows / 4), ("gc_thresh2", rows / 2), ("gc_thresh3", rows)] {
            let name = format!("net.{family}.neigh.default.{suffix}");
            all.push(setting(name, Wanted::AtLeast(least), NEIGHBOURS_FULL, false));
        }
    }
    all.push(setting("net.netfilter.nf_conntrack_max".to_owned(), Wanted::AtLeast(sizes.flows()), FLOWS_FULL, false));
    for setting in &mut all {
        setting.found = read(&setting.name)?;
    }
    Ok(all)
}

/// The part that is about one uplink: an interface that comes later is as the machine's defaults made it.
pub fn uplink_settings(uplink: &IfName) -> Result<Vec<Setting>, NetError> {
    let mut all: Vec<Setting> = per_uplink(uplink).collect();
    for setting in &mut all {
        setting.found = read(&setting.name)?;
    }
    Ok(all)
}

fn per_uplink(uplink: &IfName) -> impl Iterator<Item = Setting> {
    PER_UPLINK.iter().map(|(suffix, wanted, effect)| {
        setting(per_link(suffix, uplink), Wanted::Is((*wanted).to_owned()), effect, true)
    })
}

/// Sets what is ours and wrong. Returns the settings that still are not as wanted afterwards, each with the reason in words.
pub fn apply(settings: &[Setting]) -> Vec<(Setting, String)> {
    let mut wrong = Vec::new();
    for setting in settings.iter().filter(|setting| !setting.is_right()) {
        if !setting.ours {
            wrong.push((setting.clone(), "belongs into the machine's sysctl file".to_owned()));
        } else if let Err(error) = write(&setting.path(), &setting.text()) {
            wrong.push((setting.clone(), error.to_string()));
        }
    }
    wrong
}

/// One setting as it is now; `None` if this kernel or namespace does not have it.
pub fn read(name: &str) -> Result<Option<String>, NetError> {
    let path = path_of(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.split_whitespace().collect::<Vec<_>>().join(" "))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(NetError::File { action: "read", path, source }),
    }
}

/// How full a table of the kernel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fullness {
    /// Rows in use.
    pub used: u64,
    /// Rows at most.
    pub max: u64,
}

impl Fullness {
    /// Whether staff should hear of it: over 80 %.
    pub const fn is_near_limit(self) -> bool {
        self.used.saturating_mul(5) > self.max.saturating_mul(4)
    }
}

/// The flow table of this namespace; `None` without connection tracking.
pub fn flow_table() -> Result<Option<Fullness>, NetError> {
    let number = |name| Ok::<_, NetError>(read(name)?.and_then(|text| text.parse().ok()));
    let (used, max) = (number("net.netfilter.nf_conntrack_count")?, number("net.netfilter.nf_conntrack_max")?);
    Ok(used.zip(max).map(|(used, max)| Fullness { used, max }))
}

/// The neighbour tables, IPv4 and IPv6: `used` as counted by the caller, since the kernel counts all namespaces together.
/// `None` where the limit cannot be read (in a network namespace of its own).
pub fn neighbour_table(used: u64, v6: bool) -> Result<Option<Fullness>, NetError> {
    let family = if v6 { "ipv6" } else { "ipv4" };
    let max = read(&format!("net.{family}.neigh.default.gc_thresh3"))?.and_then(|text| text.parse().ok());
    Ok(max.map(|max| Fullness { used, max }))
}

const NEIGHBOURS_FULL: &str = "new devices get no address on the link once the neighbour table is full";
const FLOWS_FULL: &str = "new connections of everybody fail once the flow table is full";
const BRIDGED: &str = "frames between devices of one bridge pass the routing filter a second time and count twice";
const ERRORS: &str = "strangers wait for a timeout instead of being told at once that the door is shut";

const UNPLUGGED: &str = "packets go to an uplink whose cable is pulled although another one works";

/// Name, value, effect. The names of IPv6 bits are absent where IPv6 is off; then there is nothing to set.
const WHOLE_MACHINE: &[(&str, &str, &str)] = &[
    ("net.ipv4.ip_forward", "1", "no visitor reaches the Internet over IPv4"),
    ("net.ipv6.conf.all.forwarding", "1", "no visitor reaches the Internet over IPv6"),
    // The larger of this and the interface's counts; see PER_UPLINK.
    ("net.ipv4.conf.all.rp_filter", "0", "replies to visitors are thrown away: the second lock is asked in reverse"),
    ("net.bridge.bridge-nf-call-iptables", "0", BRIDGED),
    ("net.bridge.bridge-nf-call-ip6tables", "0", BRIDGED),
    ("net.bridge.bridge-nf-call-arptables", "0", BRIDGED),
    // Our own limit of five errors a second for a stranger is in the nft table; the kernel's must not come first.
    ("net.ipv4.icmp_ratelimit", "0", ERRORS),
    ("net.ipv4.icmp_msgs_per_sec", "10000", ERRORS),
    ("net.ipv4.icmp_msgs_burst", "1000", ERRORS),
    ("net.ipv6.icmp.ratelimit", "0", ERRORS),
    ("net.netfilter.nf_conntrack_acct", "0", "every packet is counted twice, for about 140 ns"),
    ("net.netfilter.nf_conntrack_tcp_loose", "1", "running connections break when the flow table is emptied"),
];

const PER_LAN: &[(&str, &str, &str)] = &[
    ("net.ipv4.conf.{}.send_redirects", "0", "visitors are told to send to each other past the gate"),
    ("net.ipv4.conf.{}.accept_redirects", "0", "a visitor can divert the gateway's own packets"),
    ("net.ipv4.conf.{}.accept_source_route", "0", "a visitor can choose the way of a packet"),
    ("net.ipv4.conf.{}.rp_filter", "1", "a visitor can send with an address of another network"),
    ("net.ipv4.conf.{}.arp_ignore", "1", "visitors can see addresses of the gateway's other sides"),
    ("net.ipv6.conf.{}.accept_ra", "0", "a visitor can make itself the gateway's IPv6 router"),
    ("net.ipv6.conf.{}.accept_redirects", "0", "a visitor can divert the gateway's own packets"),
];

const PER_UPLINK: &[(&str, &str, &str)] = &[
    (
        "net.ipv6.conf.{}.accept_ra",
        "2",
        "a router forgets its IPv6 uplink: it listens to advertisements only when told so",
    ),
    ("net.ipv4.conf.{}.accept_redirects", "0", "somebody on the uplink can divert the gateway's packets"),
    // The reverse look-up of a reply is asked as if it came from the visitor bridge, without a mark: the second lock refuses it.
    ("net.ipv4.conf.{}.rp_filter", "0", "replies to visitors are thrown away: the second lock is asked in reverse"),
    ("net.ipv4.conf.{}.ignore_routes_with_linkdown", "1", UNPLUGGED),
    ("net.ipv6.conf.{}.ignore_routes_with_linkdown", "1", UNPLUGGED),
];

fn setting(name: String, wanted: Wanted, effect: &'static str, ours: bool) -> Setting {
    Setting { name, wanted, found: None, effect, ours }
}

/// `sysctl` spells a dot inside an interface name as a slash.
fn per_link(pattern: &str, link: &IfName) -> String {
    pattern.replace("{}", &link.as_str().replace('.', "/"))
}

fn path_of(name: &str) -> PathBuf {
    let swapped: String = name
        .chars()
        .map(|c| {
            if c == '.' {
                '/'
            } else if c == '/' {
                '.'
            } else {
                c
            }
        })
        .collect();
    Path::new("/proc/sys").join(swapped)
}

fn write(path: &Path, text: &str) -> Result<(), NetError> {
    std::fs::write(path, text).map_err(|source| NetError::File { action: "write", path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_in_interface_names_survive() {
        let name = per_link("net.ipv4.conf.{}.rp_filter", &"br-lan.7".parse().unwrap());
        assert_eq!(name, "net.ipv4.conf.br-lan/7.rp_filter");
        assert_eq!(path_of(&name), Path::new("/proc/sys/net/ipv4/conf/br-lan.7/rp_filter"));
    }

    #[test]
    fn tables_follow_devices_and_memory() {
        let sizes = |devices, memory| Sizes { devices, flows_per_device: 300, memory };
        assert_eq!(sizes(10, 64 << 20).neighbours(), 2048);
        assert_eq!(sizes(1000, 64 << 20).flows(), 20_971);
        assert_eq!(sizes(1000, 4 << 30).flows(), 300_000);
        assert_eq!(sizes(10, 4 << 30).flows(), 16_384);
    }

    #[test]
    fn right_means_as_wanted_or_absent() {
        let mut one = setting("x".to_owned(), Wanted::AtLeast(10), "", false);
        assert!(one.is_right());
        one.found = Some("9".to_owned());
        assert!(!one.is_right());
        one.found = Some("10".to_owned());
        assert!(one.is_right());
        assert!(Fullness { used: 81, max: 100 }.is_near_limit() && !Fullness { used: 80, max: 100 }.is_near_limit());
    }
}
