//! Interfaces, addresses and ports around the gate.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use gapura_kernel::net::uplink::{Outcome, Target, probe};
use gapura_kernel::net::{Link, NetError, Route};
use gapura_lan::Ula;
use gapura_model::IfName;

use super::report::{Area, Level, Report};
use crate::config::{Config, IsolateMode, LanSection};
use crate::network;

/// Looks at the interfaces of the configuration.
pub(super) fn look(config: &Config, report: &mut Report) {
    if let Err(error) = try_look(config, report) {
        report
            .add(Area::Network, Level::Unknown, "interfaces", gapura_model::with_causes(&error))
            .mend("run this as root");
    }
}

fn try_look(config: &Config, report: &mut Report) -> Result<(), NetError> {
    let mut route = Route::open()?;
    let links = route.links()?;
    for lan in &config.lan {
        bridge(lan, &links, report);
    }
    uplinks(config, &links, &mut route, report)?;
    // Which prefix the site drew does not matter here: a unique local one overlaps no uplink.
    match network::look(&mut route, config, Ula::from_random([0; 5]))?.clash {
        Some(clash) => {
            report
                .add(Area::Network, Level::Prevents, "subnets", clash)
                .means("answers from the Internet are sent back to the uplink: nothing works after login")
                .mend("change [[lan]] address, then restart the gateway; leases follow within their lifetime");
        }
        None => {
            report.add(Area::Network, Level::Ok, "subnets", "no uplink uses addresses of a visitor bridge");
        }
    }
    Ok(())
}

fn bridge(lan: &LanSection, links: &[Link], report: &mut Report) {
    let name = lan.interface.as_str();
    let Some(link) = links.iter().find(|link| link.name == lan.interface) else {
        report
            .add(Area::Network, Level::Prevents, name, "this visitor bridge does not exist")
            .means("the gateway does not start")
            .mend("make the bridge first; deploy/networkd has an example");
        return;
    };
    if !link.is_bridge() {
        let found = format!("is no bridge but {}", link.kind.as_deref().unwrap_or("a plain interface"));
        report
            .add(Area::Network, Level::Limited, name, found)
            .means("visitors behind it cannot be kept apart, and rogue DHCP servers are not stopped")
            .mend("put the interface into a bridge, and name the bridge in [[lan]]");
        return;
    }
    let ports: Vec<&Link> = links.iter().filter(|port| port.master == Some(link.index)).collect();
    if ports.is_empty() {
        report
            .add(Area::Network, Level::Limited, name, "a bridge without ports")
            .means("nobody can reach it")
            .mend(format!("add ports: ip link set PORT master {name}; deploy/networkd has an example"));
        return;
    }
    let running = ports.iter().filter(|port| port.running).count();
    let found = format!("bridge, {} port(s), {running} with a carrier", ports.len());
    let finding = report.add(Area::Network, if running == 0 { Level::Limited } else { Level::Ok }, name, found);
    if running == 0 {
        finding.means("nobody can reach it").mend("check cables and access points");
    }
    let open: Vec<&str> = ports
        .iter()
        .filter(|port| port.isolated != Some(true) && !lan.trusted_ports.contains(&port.name))
        .map(|port| port.name.as_str())
        .collect();
    let about = format!("{name}, visitors apart");
    match (lan.isolate, open.is_empty()) {
        (IsolateMode::None, _) => {
            report
                .add(Area::Network, Level::Limited, about, "ports are not isolated, as configured")
                .means("visitors on two ports reach each other, unless the access points prevent it");
        }
        (IsolateMode::All, true) => {
            report.add(Area::Network, Level::Ok, about, "every port is isolated");
        }
        (IsolateMode::All, false) => {
            let found = format!("not isolated yet: {}; the gateway does it when it starts", open.join(", "));
            report.add(Area::Network, Level::Ok, about, found);
        }
    }
}

fn uplinks(config: &Config, links: &[Link], route: &mut Route, report: &mut Report) -> Result<(), NetError> {
    let default_routes = route.default_routes()?;
    let mut there = 0;
    for name in &config.uplink.interfaces {
        let Some(link) = links.iter().find(|link| link.name == *name) else {
            report
                .add(Area::Network, Level::Limited, name.as_str(), "this uplink does not exist (yet)")
                .means("it cannot be used; it is taken as soon as it appears");
            continue;
        };
        there += 1;
        let (v4, v6) = default_routes
            .iter()
            .filter(|way| way.link == link.index)
            .fold((false, false), |(v4, v6), way| (v4 || !way.v6, v6 || way.v6));
        let carrier = if link.running { "has a carrier" } else { "has no carrier" };
        let way = match (v4, v6) {
            (true, true) => "default route for IPv4 and IPv6",
            (true, false) => "default route for IPv4 only",
            (false, true) => "default route for IPv6 only",
            (false, false) => "no default route",
        };
        if link.running && (v4 || v6) {
            answers(name, config, report);
        }
        let level = if link.running && v4 { Level::Ok } else { Level::Limited };
        let finding = report.add(Area::Network, level, name.as_str(), format!("uplink, {carrier}, {way}"));
        if level == Level::Limited {
            finding
                .means("visitors read \"Internet sedang terganggu\" unless another uplink works")
                .mend("check the cable, and that the uplink gets an address (networkctl status, ip route)");
        }
    }
    if there == 0 {
        let names: Vec<&str> = config.uplink.interfaces.iter().map(IfName::as_str).collect();
        report
            .add(Area::Network, Level::Prevents, "uplink", format!("none of {} exists", names.join(", ")))
            .means("there is no way to the Internet")
            .mend("correct uplink.interfaces; `ip link` lists what this machine has");
    }
    Ok(())
}

/// How long each of an uplink's targets may take to answer.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Whether somebody beyond an uplink answers, asked as the gateway asks.
fn answers(uplink: &IfName, config: &Config, report: &mut Report) {
    let targets: Vec<Target> = config.uplink.probes.iter().map(|address| Target::Tcp(*address)).collect();
    let about = format!("{uplink}, answers");
    match probe(uplink, &targets, PATIENCE) {
        Ok(Outcome::Answered(Target::Tcp(host))) => {
            report.add(Area::Network, Level::Ok, about, format!("{host} does"));
        }
        Ok(Outcome::Answered(Target::Router | Target::Ping(_))) => {
            let found = "the provider's router does; whether the Internet is behind it is not asked";
            report.add(Area::Network, Level::Ok, about, found).mend("name hosts in uplink.probes to know more");
        }
        Ok(Outcome::Silent | Outcome::NoWay) => {
            report
                .add(Area::Network, Level::Limited, about, "nobody does")
                .means("visitors read \"Internet sedang terganggu\" unless another uplink works; no voucher is used up")
                .mend("check the modem, the provider, and the hosts in uplink.probes");
        }
        Err(error) => {
            report
                .add(Area::Network, Level::Unknown, about, gapura_model::with_causes(&error))
                .mend("run this as root");
        }
    }
}

/// Whether the second lock is shut; only asked while the gateway, which shuts it, runs.
pub(super) fn second_lock(config: &Config, report: &mut Report) {
    const NAME: &str = "second lock";
    match Route::open().and_then(|mut route| network::second_lock(config).verify(&mut route)) {
        Ok(found) if found.is_shut() => {
            report.add(Area::Network, Level::Ok, NAME, format!("shut, {} rule(s)", found.right));
        }
        Ok(found) => {
            report
                .add(Area::Network, Level::Limited, NAME, format!("{} of its rules missing", found.missing))
                .means("if the gate's table were flushed now, strangers would pass until it is repaired")
                .mend("find out who removes policy rules (systemd-networkd: see deploy/networkd/networkd.conf.d)");
        }
        Err(error) => {
            report.add(Area::Network, Level::Unknown, NAME, gapura_model::with_causes(&error)).mend("run this as root");
        }
    }
}

/// Whether somebody else sits on the ports the gateway needs. Only asked while it does not run.
pub(super) fn ports(config: &Config, report: &mut Report) {
    let mut taken = Vec::new();
    for lan in &config.lan {
        let resolver = SocketAddr::new(IpAddr::V4(lan.address.address), 53);
        let taken_there =
            is_taken(UdpSocket::bind(resolver).map(drop)) || is_taken(TcpListener::bind(resolver).map(drop));
        if taken_there && !is_kept_for_us(resolver.port()) {
            let effect = "visitors' names are answered on another port, where the kernel leads them";
            taken.push((resolver, Level::Limited, effect));
        }
    }
    let portal = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), config.portal.http_port);
    if is_taken(TcpListener::bind(portal).map(drop)) && !is_kept_for_us(portal.port()) {
        taken.push((portal, Level::Prevents, "no portal page, and the gateway does not start"));
    }
    if taken.is_empty() {
        report.add(Area::Network, Level::Ok, "ports", "nobody else sits on the resolver's and the portal's ports");
    }
    for (address, level, effect) in taken {
        report
            .add(Area::Network, level, "ports", format!("{address} is taken by another program"))
            .means(effect)
            .mend(format!("find it with `ss -lntup sport = :{}` and stop it", address.port()));
    }
}

/// An address that is not on its interface yet, or a port we may not bind, says nothing about others.
fn is_taken(bound: std::io::Result<()>) -> bool {
    bound.is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
}

/// Whether the service manager listens there (gapura-portal.socket, gapura-dns.socket): it hands the socket to the gateway.
fn is_kept_for_us(port: u16) -> bool {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let sockets: Vec<String> =
        tables.iter().flat_map(|table| listeners(table, port)).map(|inode| format!("socket:[{inode}]")).collect();
    let Ok(open) = std::fs::read_dir("/proc/1/fd") else { return false };
    let mut targets = open.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok());
    targets.any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
}

/// Inodes of the sockets that listen on a port, from /proc/net/tcp (proc(5)).
fn listeners(table: &str, port: u16) -> impl Iterator<Item = &str> {
    const LISTENING: &str = "0A";
    table.lines().filter_map(move |line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (_, local) = fields.next()?.rsplit_once(':')?;
        let state = fields.nth(1)?;
        (u16::from_str_radix(local, 16) == Ok(port) && state == LISTENING).then(|| fields.nth(5)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(port: u16) -> Config {
        let text = format!(
            "[gateway]\nname = \"gw-1\"\nsite_file = \"/x\"\n[[lan]]\ninterface = \"br-none9\"\naddress = \"127.0.0.1/24\"\n\
             [uplink]\ninterfaces = [\"up-none9\"]\n[portal]\nhttp_port = {port}\n"
        );
        gapura_runtime::settings::parse(&text).unwrap()
    }

    #[test]
    fn a_port_that_is_taken_is_told() {
        let holder = TcpListener::bind("0.0.0.0:0").unwrap();
        let mut report = Report::default();
        ports(&config(holder.local_addr().unwrap().port()), &mut report);
        let found = report.findings().iter().find(|finding| finding.level == Level::Prevents).unwrap();
        assert!(
            found.found.contains("is taken") && found.effect.as_deref().is_some_and(|text| text.contains("portal"))
        );
    }

    #[test]
    fn who_listens_is_read_from_the_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             \x20  0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 40321 1 0 100 0 0 10 0\n\
             \x20  1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 40322 1 0 20 4 30 10 -1\n";
        assert_eq!(listeners(table, 8080).collect::<Vec<_>>(), ["40321"]);
        assert_eq!(listeners(table, 80).count(), 0);
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = holder.local_addr().unwrap().port();
        let now = std::fs::read_to_string("/proc/net/tcp").unwrap();
        assert_eq!(listeners(&now, port).count(), 1);
        assert!(!is_kept_for_us(port), "this test is not the service manager");
    }

    #[test]
    fn interfaces_that_are_not_there_are_told() {
        let mut report = Report::default();
        look(&config(8080), &mut report);
        let of = |name: &str| report.findings().iter().find(|finding| finding.name == name).unwrap().level;
        assert_eq!((of("br-none9"), of("up-none9"), of("uplink")), (Level::Prevents, Level::Limited, Level::Prevents));
        assert_eq!(of("subnets"), Level::Ok);
    }
}
