//! Router advertisements against a real kernel as the host, and read with our own decoder on a raw socket.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests; clippy sees only functions marked #[test] as such"
)]

mod world;

use std::io::Read as _;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

use gapura_lan::{AdvertPlan, Advertisement, ApiUri, Farewell, Prefix6, PrefixInfo, advertise};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::{oneshot, watch};
use world::{WAIT, World, eventually};

const API: &str = "https://gw-galeri.example.go.id/capport/v1";

fn prefix(text: &str) -> Prefix6 {
    text.parse().unwrap()
}

fn plan(prefixes: &[&str], router: bool) -> AdvertPlan {
    AdvertPlan {
        router,
        prefixes: prefixes.iter().map(|text| prefix(text)).collect(),
        withdrawn: vec![],
        dns: vec!["fd00:0:7::1".parse().unwrap()],
        mtu: Some(1400),
        api: Some(API.parse::<ApiUri>().unwrap()),
        interval: Duration::from_mins(30),
    }
}

#[test]
fn hosts_follow_what_the_router_says() {
    let world = World::new("ra", "10.77.0.1/24");
    let (plans, plan_seen) = watch::channel(plan(&["2001:db8:7::/64"], true));
    let (stop, stopped) = oneshot::channel();
    let seen = world.at_visitor(|| {
        let socket = host_socket();
        let first = advertisement(&socket, |_| true).unwrap();
        (first, socket)
    });
    let router = world.at_gateway(move || serve(plan_seen, stopped));
    let (first, socket) = seen.join().unwrap();
    assert_eq!(first.captive_portal.as_deref(), Some(API));
    assert_eq!((first.router_lifetime, first.mtu), (Duration::from_mins(30), Some(1400)));
    let (valid, preferred) = (Duration::from_hours(2), Duration::from_mins(30));
    assert_eq!(first.prefixes, [PrefixInfo { prefix: prefix("2001:db8:7::/64"), valid, preferred }]);
    assert_eq!(first.dns, ["fd00:0:7::1".parse::<Ipv6Addr>().unwrap()]);
    assert!(first.source.is_some());

    eventually("an address made from the prefix", || {
        address(&world, "2001:db8:7:").filter(|line| !line.contains("tentative"))
    });
    eventually("a default route", || default_route(&world));

    // Prefix changed: the old one is deprecated at once, the new one in use.
    plans.send(plan(&["2001:db8:8::/64"], true)).unwrap();
    eventually("the old address deprecated", || {
        address(&world, "2001:db8:7:").filter(|line| line.contains("deprecated"))
    });
    eventually("a new address", || address(&world, "2001:db8:8:").filter(|line| !line.contains("deprecated")));
    let change = advertisement(&socket, |found| found.prefixes.len() == 2).unwrap();
    let old = change.prefixes.iter().find(|info| info.prefix == prefix("2001:db8:7::/64")).unwrap();
    assert_eq!(old.preferred, Duration::ZERO);
    assert!(old.valid > Duration::from_secs(7000) && old.valid <= valid, "{old:?}");

    // No way out: addresses of our own stay, but nobody is the default router.
    let mut none = plan(&["fd00:0:7::/64"], false);
    none.api = None;
    plans.send(none).unwrap();
    eventually("no default route", || default_route(&world).is_none().then_some(()));
    eventually("an address of our own", || address(&world, "fd00:0:7:"));
    let without = advertisement(&socket, |found| found.router_lifetime.is_zero()).unwrap();
    assert_eq!(without.captive_portal, None, "no certificate, no option");

    plans.send(plan(&["fd00:0:7::/64"], true)).unwrap();
    eventually("the default route again", || default_route(&world));
    stop.send(Farewell::Final).unwrap();
    router.join().unwrap();
    eventually("no default route after the last word", || default_route(&world).is_none().then_some(()));
}

#[test]
fn a_host_that_asks_is_answered_at_once_and_a_stranger_never() {
    let world = World::new("rs", "10.77.0.1/24");
    let (_plans, plan_seen) = watch::channel(plan(&["2001:db8:7::/64"], true));
    let (stop, stopped) = oneshot::channel();
    let router = world.at_gateway(move || serve(plan_seen, stopped));
    eventually("an address made from the prefix", || {
        address(&world, "2001:db8:7:").filter(|line| !line.contains("tentative"))
    });
    eventually("the host's link-local address", || address(&world, "fe80:").filter(|line| !line.contains("tentative")));
    let (stranger, host) = world
        .at_visitor(|| {
            let socket = host_socket();
            let index = rustix::net::netdevice::name_to_index(&socket, "eth0").unwrap();
            let routers = SocketAddrV6::new("ff02::2".parse().unwrap(), 0, 0, index);
            let ask = |hops| {
                socket.set_multicast_hops_v6(hops).unwrap();
                socket.send_to(&[133, 0, 0, 0, 0, 0, 0, 0], &routers.into()).unwrap();
            };
            // The quick first advertisements are 16 s apart: within one second only an answer can come.
            socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
            ask(254);
            let stranger = advertisement(&socket, |_| true);
            ask(255);
            (stranger, advertisement(&socket, |_| true))
        })
        .join()
        .unwrap();
    assert_eq!(stranger, None, "a hop limit below 255 came from beyond the link");
    assert_eq!(host.unwrap().captive_portal.as_deref(), Some(API));
    stop.send(Farewell::Silent).unwrap();
    router.join().unwrap();
    assert!(default_route(&world).is_some(), "a restart takes nobody's route away");
}

fn serve(plan: watch::Receiver<AdvertPlan>, stopped: oneshot::Receiver<Farewell>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stop = async move { stopped.await.unwrap_or(Farewell::Silent) };
    runtime.block_on(advertise("br-lan".parse().unwrap(), plan, 7, stop));
}

fn host_socket() -> Socket {
    let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6)).unwrap();
    socket.bind_device(Some(b"eth0")).unwrap();
    socket.set_multicast_if_v6(rustix::net::netdevice::name_to_index(&socket, "eth0").unwrap()).unwrap();
    socket.set_read_timeout(Some(WAIT)).unwrap();
    socket
}

/// The next advertisement that fits; `None` where the socket's time runs out.
fn advertisement(mut socket: &Socket, fits: impl Fn(&Advertisement) -> bool) -> Option<Advertisement> {
    let mut buffer = [0; 1500];
    loop {
        let length = socket.read(&mut buffer).ok()?;
        if let Some(found) = Advertisement::decode(&buffer[..length]).filter(&fits) {
            return Some(found);
        }
    }
}

/// The visitor's address that begins with `start`, as `ip` shows it.
fn address(world: &World, start: &str) -> Option<String> {
    let text = world.visitor("ip -6 -o addr show dev eth0");
    text.lines().find(|line| line.contains(&format!("inet6 {start}"))).map(str::to_owned)
}

fn default_route(world: &World) -> Option<String> {
    Some(world.visitor("ip -6 route show default")).filter(|text| text.contains("via fe80:"))
}
