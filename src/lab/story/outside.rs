//! Before login: addresses, what is refused and how fast, names, isolation.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Measured, Scene, hold, ms};
use crate::addr::{self, port};
use crate::clock::Stopwatch;
use crate::probe::{PROBES, Seen};
use crate::traffic::{Knock, knock, knock_udp};
use crate::visit::Family;
use crate::{Ipv6Mode, LabError, dns};

const JOIN: Duration = Duration::from_secs(15);
/// A port that somebody listens on at every place no visitor may reach.
const OPEN: u16 = 5000;
/// Slower than this is not "at once".
const AT_ONCE: Duration = Duration::from_secs(1);

/// 2.1: DHCP by two real clients, SLAAC, the advertisement.
pub(super) fn address(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    for number in 1..=5 {
        let watch = Stopwatch::start();
        let lease = scene.site.lab_mut().visitor_mut(number)?.join(JOIN)?;
        hold(lease.router == addr::LAN.0, || format!("visitor {number}'s router is {}", lease.router))?;
        hold(lease.dns.contains(&addr::LAN.0), || format!("visitor {number}'s resolvers are {:?}", lease.dns))?;
        if number == 1 {
            told.say(format!(
                "DHCP {} in {}, lease {} s",
                lease.address,
                ms(watch.elapsed()),
                lease.seconds.unwrap_or_default()
            ));
            told.figure("dhcp_ms", watch.elapsed().as_secs_f64() * 1e3);
        }
    }
    if scene.site.lab().spec().ipv6 == Ipv6Mode::Delegated {
        let first = scene.site.lab().visitor(1)?;
        let addresses = first.ipv6(Duration::from_secs(10))?;
        let advert = first.advertisement(Duration::from_secs(5))?;
        hold(advert.lifetime > 0, || "the advertisement names no default router".into())?;
        told.say(format!("SLAAC {}", addresses.first().map_or_else(String::new, ToString::to_string)));
        told.say(format!(
            "portal in the advertisement: {}",
            advert.portal.as_deref().unwrap_or("none, the portal has no TLS")
        ));
        for number in 2..=5 {
            scene.site.lab().visitor(number)?.ipv6(Duration::from_secs(10))?;
        }
    }
    Ok(told)
}

/// 2.2: every system's probe gets the portal; everything else is refused at once.
pub(super) fn before_login(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    let visitor = scene.site.lab().visitor(1)?;
    let mut redirects = 0;
    for probe in PROBES {
        for family in Family::BOTH {
            let reply = visitor.probe(probe, family)?;
            let seen = probe.takes(&reply);
            hold(seen == Seen::Portal && reply.status == 303, || {
                format!("{} over {family} got {} and takes it for {seen:?}", probe.system, reply.status)
            })?;
            redirects += 1;
        }
    }
    told.say(format!("{redirects} probes of {} kinds led to the portal", PROBES.len()));
    for family in Family::BOTH {
        let to = SocketAddr::new(family.server(), port::HTTPS);
        let (tcp, tcp_took) = visitor.ns().run(|| Ok(knock(to, Duration::from_secs(2))))?;
        hold(tcp == Knock::Refused && tcp_took < AT_ONCE, || {
            format!("TCP 443 over {family}: {tcp:?} after {}", ms(tcp_took))
        })?;
        let (udp, udp_took) = visitor.ns().run(|| knock_udp(to, Duration::from_secs(2)))?;
        let refused = matches!(udp, Knock::Refused | Knock::Unreachable);
        hold(refused && udp_took < AT_ONCE, || format!("UDP 443 over {family}: {udp:?} after {}", ms(udp_took)))?;
        told.say(format!("{family}: TCP 443 refused in {}, UDP 443 in {}", ms(tcp_took), ms(udp_took)));
    }
    Ok(told)
}

/// 2.2: DNS goes to our resolver whatever server was asked; Windows' name is answered truthfully.
pub(super) fn names(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    scene.silence_resolver();
    let visitor = scene.site.lab().visitor(1)?;
    let ncsi = visitor.look_up("dns.msftncsi.com", dns::kind::A)?.addresses();
    hold(ncsi == [std::net::IpAddr::from([131, 107, 255, 255])], || format!("dns.msftncsi.com is {ncsi:?}"))?;
    let watch = Stopwatch::start();
    let fresh = visitor.look_up("pertama.contoh.example", dns::kind::A)?.addresses();
    hold(fresh == [addr::SERVER4], || format!("pertama.contoh.example is {fresh:?}"))?;
    let took = watch.elapsed();
    let watch = Stopwatch::start();
    visitor.look_up("pertama.contoh.example", dns::kind::A)?;
    told.say(format!("a name in {}, again in {}", ms(took), ms(watch.elapsed())));
    // A web server: nobody there answers DNS.
    let foreign = SocketAddr::from((addr::server(2).0, 53));
    let answer = visitor.ask(foreign, "lain.contoh.example", dns::kind::A)?.addresses();
    hold(answer == [addr::SERVER4], || format!("a question to {foreign} brought {answer:?}"))?;
    let over_tcp =
        visitor.ns().run(|| dns::ask_tcp(foreign, "lain.contoh.example", dns::kind::AAAA, Duration::from_secs(3)))?;
    hold(over_tcp.addresses() == [addr::SERVER6], || "no IPv6 address over TCP".into())?;
    told.say("a foreign resolver's questions are answered by ours (UDP, TCP), Windows' name truthfully");
    Ok(told)
}

/// 2.3: neither the router's other sides nor another visitor can be reached.
pub(super) fn isolation(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    let lab = scene.site.lab();
    let (first, second) = (lab.visitor(1)?, lab.visitor(2)?);
    let neighbour = second.lease()?.address;
    let mut listeners = Vec::new();
    for ns in [second.ns(), lab.mgmt(), lab.internet(), lab.gw()] {
        listeners.push(ns.run(|| {
            std::net::TcpListener::bind((std::net::Ipv4Addr::UNSPECIFIED, OPEN))
                .map_err(LabError::io("listen for nobody"))
        })?);
    }
    let tries = [
        ("another visitor", neighbour),
        ("the router itself", addr::LAN.0),
        ("the router's management side", addr::MGMT.0),
        ("the administrator's PC", addr::ADMIN),
        ("the router's WAN address", addr::WAN0.far4),
        ("the modem", addr::WAN0.up4),
    ];
    for (name, address) in tries {
        let to = SocketAddr::from((address, OPEN));
        let (seen, _) = first.ns().run(|| Ok(knock(to, Duration::from_millis(300))))?;
        hold(seen != Knock::Open, || format!("{name} ({to}) could be reached"))?;
    }
    drop(listeners);
    told.say(format!("{} forbidden places refused", tries.len()));
    let from_outside =
        lab.internet().run(|| Ok(knock(SocketAddr::from((addr::WAN0.far4, 8080)), Duration::from_millis(300))))?;
    hold(from_outside.0 != Knock::Open, || "the portal answers on the uplink".into())?;
    told.say("nothing answers on the uplink");
    Ok(told)
}
