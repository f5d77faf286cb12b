//! The lab itself: namespaces, cables, bridges, addresses, and the servers upstream.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::addr::{self, Link};
use crate::child::Guarded;
use crate::clock::wait_for;
use crate::home::{self, Home, Record};
use crate::text::put;
use crate::upstream::Upstream;
use crate::visit::CARD;
use crate::{Ipv6Mode, LabError, LabSpec, Ns, Room, Visitor, WanMode, counters, spec};

/// Everything of one lab; dropped, nothing of it is left.
///
/// Fields are dropped in this order: programs, then namespaces, then files.
#[derive(Debug)]
pub struct Lab {
    children: Vec<Guarded>,
    upstream: Upstream,
    visitors: Vec<Visitor>,
    gw: Ns,
    ctl: Ns,
    mgmt: Ns,
    up: Ns,
    record: Record,
    home: Home,
}

impl Lab {
    /// Builds the lab. What a crashed lab of this user left behind is removed first.
    ///
    /// Visitors' cards are plugged in and down: [`Visitor::join`] brings them on. The gateway has its bridges and uplinks
    /// with addresses, forwarding on, and no rule at all: what passes is for the gateway daemon (or a test) to say.
    pub fn up(room: Room, spec: LabSpec) -> Result<Self, LabError> {
        if spec.all_visitors() > spec::MOST_VISITORS {
            return Err(LabError::Wrong(format!("at most {} visitors fit one lab", spec::MOST_VISITORS)));
        }
        let home = Home::claim(&home::root(room, Room::outer_uid()), &spec.name)?;
        let pid = std::process::id();
        let started = home::started(pid).unwrap_or_default();
        let namespaces = roles(&spec).iter().map(|role| netns(&spec, role)).collect();
        let record = Record { spec, pid, started, room, namespaces, ready: false, sockets: Vec::new() };
        home.write(&record)?;
        let spec = &record.spec;
        let make = |role: &str| Ns::create(netns(spec, role));
        let (mut up, mut ctl, mut gw, mgmt) = (make("up")?, make("ctl")?, make("gw")?, make("mgmt")?);
        for ns in [&up, &gw] {
            ns.sysctl("net.ipv4.ip_forward", "1")?;
            ns.sysctl("net.ipv6.conf.all.forwarding", "1")?;
        }
        for ns in [&up, &ctl, &gw, &mgmt] {
            quick_addresses(ns)?;
        }
        let mut visitors = Vec::new();
        for number in 1..=spec.all_visitors() {
            let mut ns = make(&format!("v{number}"))?;
            quick_addresses(&ns)?;
            let dir = home.join(format!("v{number}"));
            fs::create_dir(&dir).map_err(LabError::io(format!("create {}", dir.display())))?;
            ns.set_resolv(resolv(&dir, "")?);
            visitors.push(Visitor::new(number, spec.client_of(number), ns, dir));
        }
        let server = format!("nameserver {}\nnameserver {}\n", addr::DNS.0, addr::DNS.1);
        for (ns, name) in [(&mut up, "up"), (&mut ctl, "ctl"), (&mut gw, "gw")] {
            let dir = home.join(name);
            fs::create_dir(&dir).map_err(LabError::io(format!("create {}", dir.display())))?;
            ns.set_resolv(resolv(&dir, &server)?);
        }
        plug_upstream(spec, &up, &ctl, &gw)?;
        plug_visitors(spec, &gw, &mgmt, &visitors)?;
        for visitor in &visitors {
            counters::install(visitor.ns())?;
        }
        counters::install_upstream(&up)?;
        let upstream = Upstream::start(&up)?;
        let mut lab = Self { children: Vec::new(), upstream, visitors, gw, ctl, mgmt, up, record, home };
        if lab.record.spec.wan == WanMode::Dhcp {
            lab.lease_the_uplink()?;
        }
        Ok(lab)
    }

    /// What was asked for.
    pub fn spec(&self) -> &LabSpec {
        &self.record.spec
    }

    /// The lab's directory.
    pub fn dir(&self) -> &Path {
        self.home.path()
    }

    /// The gateway's namespace: `br-lan` with ports `p1`.., `wan0`, `mgmt0`, perhaps `br-guest` and `wan1`.
    pub fn gw(&self) -> &Ns {
        &self.gw
    }

    /// The controller's namespace.
    pub fn ctl(&self) -> &Ns {
        &self.ctl
    }

    /// The administrator's PC on the gateway's management side.
    pub fn mgmt(&self) -> &Ns {
        &self.mgmt
    }

    /// The Internet.
    pub fn internet(&self) -> &Ns {
        &self.up
    }

    /// The servers upstream.
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Visitor `number`, from 1.
    pub fn visitor(&self, number: u16) -> Result<&Visitor, LabError> {
        let index = usize::from(number).wrapping_sub(1);
        self.visitors.get(index).ok_or_else(|| LabError::Wrong(format!("this lab has no visitor {number}")))
    }

    /// The same, to join and leave.
    pub fn visitor_mut(&mut self, number: u16) -> Result<&mut Visitor, LabError> {
        let index = usize::from(number).wrapping_sub(1);
        self.visitors.get_mut(index).ok_or_else(|| LabError::Wrong(format!("this lab has no visitor {number}")))
    }

    /// All visitors.
    pub fn visitors(&self) -> &[Visitor] {
        &self.visitors
    }

    /// All visitors, to join.
    pub fn visitors_mut(&mut self) -> &mut [Visitor] {
        &mut self.visitors
    }

    /// The namespace of a role: `up`, `ctl`, `gw`, `mgmt`, `v1` or `visitor1`.
    pub fn role(&self, role: &str) -> Result<&Ns, LabError> {
        match role {
            "up" | "upstream" => Ok(&self.up),
            "ctl" | "controller" => Ok(&self.ctl),
            "gw" | "gateway" => Ok(&self.gw),
            "mgmt" => Ok(&self.mgmt),
            _ => {
                let number = role.strip_prefix("visitor").or_else(|| role.strip_prefix('v'));
                let number = number.and_then(|number| number.parse().ok());
                self.visitor(number.ok_or_else(|| LabError::Wrong(format!("no role `{role}` in a lab")))?)
                    .map(Visitor::ns)
            }
        }
    }

    /// Hands a running program to the lab: it ends with the lab, before the namespaces.
    pub fn adopt(&mut self, child: Guarded) {
        self.children.push(child);
    }

    /// Notes a socket for `lab status`.
    pub fn publish(&mut self, name: impl Into<String>, address: impl Into<String>) -> Result<(), LabError> {
        self.record.sockets.push((name.into(), address.into()));
        self.home.write(&self.record)
    }

    /// Says that everything stands and may be used.
    pub fn declare_ready(&mut self) -> Result<(), LabError> {
        self.record.ready = true;
        self.home.write(&self.record)
    }

    /// Its record, as `lab status` reads it.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The uplink's cable is pulled, or plugged in again (addresses stay).
    pub fn uplink(&self, interface: &str, plugged: bool) -> Result<(), LabError> {
        let state = if plugged { "up" } else { "down" };
        self.up.ip_batch(&format!("link set {} {state}", interface.replace("wan", "isp")))
    }

    /// A dnsmasq upstream and a DHCP client on the gateway's `wan0`.
    fn lease_the_uplink(&mut self) -> Result<(), LabError> {
        let dir = self.home.join("isp");
        fs::create_dir(&dir).map_err(LabError::io(format!("create {}", dir.display())))?;
        let range = format!("{0},{0},255.255.255.0,1h", addr::WAN0.far4);
        self.adopt(dnsmasq(&self.up, "isp0", &range, (addr::WAN0.up4, addr::DNS.0), &dir)?);
        let client = crate::visit::lease_on(&self.gw, "wan0", &dir)?;
        self.adopt(client);
        let what = "the gateway's address on wan0 by DHCP";
        wait_for(what, Duration::from_secs(10), || {
            Ok(self.gw.addresses("wan0")?.contains(&addr::WAN0.far4.into()).then_some(()))
        })
    }
}

/// A plain dnsmasq for DHCP only (`port=0`) on `interface`, in the foreground, its files in `dir`. `range` as its
/// `dhcp-range` has it; clients are told this router and this resolver.
pub fn dnsmasq(
    ns: &Ns,
    interface: &str,
    range: &str,
    (router, dns): (std::net::Ipv4Addr, std::net::Ipv4Addr),
    dir: &Path,
) -> Result<Guarded, LabError> {
    let log = File::create(dir.join("dnsmasq.log")).map_err(LabError::io("create dnsmasq's log"))?;
    let mut command = ns.command("dnsmasq");
    command.args(["--no-daemon", "--conf-file=/dev/null", "--port=0"]);
    command.args(["--dhcp-authoritative", "--no-ping", "--bind-interfaces", "--log-facility=-", "--log-dhcp"]);
    command.arg(format!("--interface={interface}")).arg(format!("--dhcp-range={range}"));
    command.arg(format!("--dhcp-option=option:router,{router}"));
    command.arg(format!("--dhcp-option=option:dns-server,{dns}"));
    command.arg(format!("--dhcp-leasefile={}", dir.join("dnsmasq.leases").display()));
    command.arg(format!("--pid-file={}", dir.join("dnsmasq.pid").display()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    Guarded::start(command)
}

/// Full name of the namespace that plays `role`.
fn netns(spec: &LabSpec, role: &str) -> String {
    format!("{}-{role}", spec.name)
}

fn roles(spec: &LabSpec) -> Vec<String> {
    let fixed = ["up", "ctl", "gw", "mgmt"].map(String::from);
    fixed.into_iter().chain((1..=spec.all_visitors()).map(|number| format!("v{number}"))).collect()
}

/// No duplicate-address detection and no random delay before the first solicitation: every address of the lab is its
/// own, and a story should not wait a second for each.
fn quick_addresses(ns: &Ns) -> Result<(), LabError> {
    ns.run(|| {
        for (key, value) in
            [("accept_dad", "0"), ("router_solicitation_delay", "0"), ("router_solicitation_interval", "1")]
        {
            for scope in ["all", "default"] {
                let path = format!("/proc/sys/net/ipv6/conf/{scope}/{key}");
                fs::write(&path, value).map_err(LabError::io(format!("write {path}")))?;
            }
        }
        Ok(())
    })
}

fn resolv(dir: &Path, text: &str) -> Result<std::path::PathBuf, LabError> {
    let file = dir.join("resolv.conf");
    fs::write(&file, text).map_err(LabError::io(format!("write {}", file.display())))?;
    Ok(file)
}

/// `up`'s servers, its links to the gateway and to the controller, and its routes.
fn plug_upstream(spec: &LabSpec, up: &Ns, ctl: &Ns, gw: &Ns) -> Result<(), LabError> {
    let mut lines = String::new();
    let offload = if spec.offload { "" } else { " gso_max_segs 1" };
    let v6 = spec.ipv6 != Ipv6Mode::Absent;
    let servers = (0..addr::SERVERS).map(addr::server).chain([addr::DNS]);
    for (v4, six) in servers {
        write_line(&mut lines, format_args!("addr add {v4}/32 dev lo\naddr add {six}/128 dev lo"));
    }
    // What Windows asks for is truthfully out there.
    write_line(&mut lines, format_args!("addr add 131.107.255.255/32 dev lo"));
    let mut cable = |end: &str, far_end: &str, far: &Ns, link: &Link| {
        let Link { up4, len4, up6, .. } = link;
        write_line(
            &mut lines,
            format_args!(
                "link add {end} type veth peer name {far_end} netns {}\nlink set {end}{offload}\n\
                 addr add {up4}/{len4} dev {end}\naddr add {up6}/64 dev {end}\nlink set {end} up",
                far.name()
            ),
        );
    };
    cable("isp0", "wan0", gw, &addr::WAN0);
    if spec.second_uplink {
        cable("isp1", "wan1", gw, &addr::WAN1);
    }
    cable("dc0", "net0", ctl, &addr::CTL);
    if spec.ipv6 == Ipv6Mode::Delegated {
        let (prefix, length) = addr::DELEGATED;
        write_line(&mut lines, format_args!("route add {prefix}/{length} via {}", addr::WAN0.far6));
    }
    up.ip_batch(&lines)?;
    let far = |interface: &str, link: &Link, with4: bool, with6: bool, metric: u32| {
        let mut lines = format!("link set {interface}{offload}\nlink set {interface} up");
        let Link { up4, far4, len4, up6, far6 } = link;
        if with4 {
            let text = format_args!(
                "\naddr add {far4}/{len4} dev {interface}\nroute add default via {up4} dev {interface} metric {metric}"
            );
            write_line(&mut lines, text);
        }
        if with6 {
            let text = format_args!(
                "\naddr add {far6}/64 dev {interface}\nroute add default via {up6} dev {interface} metric {metric}"
            );
            write_line(&mut lines, text);
        }
        lines
    };
    gw.ip_batch(&far("wan0", &addr::WAN0, spec.wan == WanMode::Static, v6, 100))?;
    if spec.second_uplink {
        gw.ip_batch(&far("wan1", &addr::WAN1, true, v6, 200))?;
    }
    ctl.ip_batch(&far("net0", &addr::CTL, true, true, 100))
}

/// Bridges, the visitors' cables and the management side.
fn plug_visitors(spec: &LabSpec, gw: &Ns, mgmt: &Ns, visitors: &[Visitor]) -> Result<(), LabError> {
    let offload = if spec.offload { "" } else { " gso_max_segs 1" };
    let mut lines = String::new();
    let mut bridge = |name: &str, (address, length): (std::net::Ipv4Addr, u8), mac: &str| {
        write_line(
            &mut lines,
            format_args!(
                "link add {name} address {mac} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n\
                 link set {name} up\naddr add {address}/{length} dev {name}"
            ),
        );
    };
    bridge("br-lan", addr::LAN, "02:67:00:00:00:01");
    if spec.second_bridge > 0 {
        bridge("br-guest", addr::GUEST, "02:67:00:00:00:02");
    }
    for visitor in visitors {
        let (number, mac, ns) = (visitor.number(), visitor.mac(), visitor.ns().name());
        let bridge = if number <= spec.visitors { "br-lan" } else { "br-guest" };
        write_line(
            &mut lines,
            format_args!(
                "link add p{number} type veth peer name {CARD} address {mac} netns {ns}\n\
                 link set p{number}{offload}\nlink set p{number} master {bridge}\nlink set p{number} up"
            ),
        );
    }
    let (address, length) = addr::MGMT;
    write_line(
        &mut lines,
        format_args!(
            "link add mgmt0 type veth peer name {CARD} netns {}\naddr add {address}/{length} dev mgmt0\nlink set mgmt0 up",
            mgmt.name()
        ),
    );
    gw.ip_batch(&lines)?;
    for visitor in visitors {
        visitor.ns().ip_batch(&format!("link set {CARD}{offload}"))?;
    }
    mgmt.ip_batch(&format!(
        "link set {CARD} up\naddr add {}/24 dev {CARD}\nroute add default via {address}",
        addr::ADMIN
    ))
}

fn write_line(lines: &mut String, text: std::fmt::Arguments<'_>) {
    put(lines, text);
    lines.push('\n');
}
