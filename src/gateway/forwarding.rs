//! The `[dns]` table: whom the resolver asks.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use gapura_dns::{Authorities, Forward, Upstream};
use gapura_model::Name;
use serde::Deserialize;

use crate::config::Config;

/// `[dns]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DnsSection {
    /// Resolvers to forward to, preferred first; default: those of /etc/resolv.conf. In the clear: `192.0.2.53`. Over TLS:
    /// `tls://name@address`. Over HTTPS: `https://name/path@address,address`. Behind `#` the server's key may be pinned
    /// (`#sha256:...`); then neither an authority nor a right clock is needed. An encrypted one is never asked in the clear;
    /// one in the clear beside it is asked when it fails.
    pub upstreams: Vec<Upstream>,
    /// Zones with resolvers of their own, for example the department's; the longest zone wins, and nobody else is asked for it.
    /// Reverse zones are written `10.in-addr.arpa`. Their answers may be private addresses.
    pub forwards: Vec<ForwardSection>,
    /// Authorities (PEM) that may vouch for resolvers over TLS and HTTPS; default: those this machine trusts.
    pub ca_file: Option<PathBuf>,
    /// UDP sockets for each address of the router, with an answering thread each; default: as many as this machine has CPUs,
    /// at most 4. 1 to 16.
    pub sockets: Option<u8>,
}

/// One of `[[dns.forwards]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardSection {
    /// The zone; names below it belong to it.
    pub zone: Zone,
    /// Its resolvers, preferred first, written as in `upstreams`.
    pub servers: Vec<Upstream>,
}

/// The name of a zone.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Zone(pub Name);

impl TryFrom<String> for Zone {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let zone = text.parse().map(Self);
        zone.map_err(|why| format!("\"{text}\" is not a zone, for example sinjaikab.go.id or 10.in-addr.arpa: {why}"))
    }
}

impl DnsSection {
    /// Settings that cannot work together, each with its key.
    pub(crate) fn contradictions(&self) -> Vec<String> {
        let mut settings = gapura_dns::Config::forwarding_to(self.upstreams.clone());
        settings.forwards = self.forwards();
        let mistakes = settings.mistakes().into_iter();
        // None at all means those of the system.
        let real = mistakes.filter(|mistake| *mistake != gapura_dns::ConfigError::NoUpstream);
        let sockets = self.sockets.filter(|sockets| !(1..=16).contains(sockets));
        let sockets = sockets.map(|sockets| format!("dns.sockets: {sockets} is not within 1 to 16"));
        real.map(|mistake| format!("dns: {mistake}")).chain(sockets).collect()
    }

    /// UDP sockets for each address: as many threads answer as are stated, or can run at once.
    pub(crate) fn sockets(&self) -> usize {
        const MOST: usize = 4;
        let of_machine = || std::thread::available_parallelism().map_or(1, |cpus| cpus.get().min(MOST));
        self.sockets.map_or_else(of_machine, usize::from)
    }

    /// The resolvers that are stated, or those this machine uses.
    pub(crate) fn resolvers(&self) -> Vec<Upstream> {
        if !self.upstreams.is_empty() {
            return self.upstreams.clone();
        }
        let text = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
        of_system(&text).into_iter().map(Upstream::from).collect()
    }

    /// Who may vouch for encrypted ones.
    pub(crate) fn authorities(&self) -> Authorities {
        self.ca_file.clone().map_or(Authorities::System, Authorities::File)
    }

    /// Whether an authority has to vouch for one of them.
    pub(crate) fn needs_authorities(&self) -> bool {
        let of_zones = self.forwards.iter().flat_map(|forward| &forward.servers);
        self.upstreams.iter().chain(of_zones).any(Upstream::needs_authorities)
    }

    /// Zones with resolvers of their own.
    pub(crate) fn forwards(&self) -> Vec<Forward> {
        let forward = |stated: &ForwardSection| Forward { zone: stated.zone.0, servers: stated.servers.clone() };
        self.forwards.iter().map(forward).collect()
    }
}

/// The resolver's settings; `None` where there is nobody to forward to.
pub(crate) fn settings(config: &Config) -> Option<gapura_dns::Config> {
    let resolvers = config.dns.resolvers();
    if resolvers.is_empty() {
        return None;
    }
    let mut settings = gapura_dns::Config::forwarding_to(resolvers);
    settings.forwards = config.dns.forwards();
    settings.authorities = config.dns.authorities();
    config.limits.bound(&mut settings);
    Some(settings)
}

/// Name servers of a resolv.conf, loopback ones aside (they might be ourselves).
fn of_system(text: &str) -> Vec<SocketAddr> {
    let words = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    let addresses = words.filter_map(|word| word.trim().parse::<IpAddr>().ok());
    addresses.filter(|address| !address.is_loopback()).map(|address| SocketAddr::new(address, 53)).collect()
}

#[cfg(test)]
mod tests {
    use gapura_runtime::settings::parse;

    use super::*;

    #[test]
    fn zones_may_have_resolvers_of_their_own() {
        let section: DnsSection = parse(
            "upstreams = [\"tls://dns.example.net@192.0.2.53\", \"192.0.2.54\"]\nca_file = \"/etc/ca.pem\"\n\
             [[forwards]]\nzone = \"Sinjaikab.GO.id\"\nservers = [\"10.1.1.53\", \"fd00::53\"]\n\
             [[forwards]]\nzone = \"10.in-addr.arpa\"\nservers = [\"10.1.1.53:5300\"]\n",
        )
        .unwrap();
        assert!(section.contradictions().is_empty());
        assert!(section.needs_authorities());
        assert_eq!(section.authorities(), Authorities::File("/etc/ca.pem".into()));
        let forwards = section.forwards();
        assert_eq!((forwards[0].zone.to_string(), forwards[0].servers.len()), ("sinjaikab.go.id".to_owned(), 2));
        assert_eq!(section.resolvers()[0].to_string(), "tls://dns.example.net@192.0.2.53");
    }

    #[test]
    fn every_mistake_is_named_with_its_place_and_what_to_write() {
        let wrong = parse::<DnsSection>(
            "upstreams = [\"dns.example.net\",\n\"tls://dns.example.net\",\n\"192.0.2.53\"]\nca_fiel = \"x\"\n\
             [[forwards]]\nzone = \"sinjai kab\"\nservers = [\"udp://10.1.1.53\"]\n",
        );
        let wrong = wrong.unwrap_err();
        assert_eq!(wrong.len(), 5, "{wrong:?}");
        for (said, expected) in wrong.iter().zip([
            ("1:14:", "write its address"),
            ("2:1:", "write tls://dns.example.net@192.0.2.53"),
            ("4:1:", "unknown field `ca_fiel`"),
            ("6:8:", "is not a zone, for example sinjaikab.go.id"),
            ("7:12:", "write an address, tls:// or https://"),
        ]) {
            assert!(said.starts_with(expected.0) && said.contains(expected.1), "{said}");
        }
    }

    #[test]
    fn contradictions_are_all_named() {
        let section: DnsSection = parse(
            "upstreams = [\"0.0.0.0\"]\n[[forwards]]\nzone = \"a.id\"\nservers = []\n\
             [[forwards]]\nzone = \"a.id\"\nservers = [\"10.1.1.53:0\"]\n",
        )
        .unwrap();
        let section = DnsSection { sockets: Some(17), ..section };
        let wrong = section.contradictions().join("\n");
        assert_eq!(wrong.lines().count(), 5, "{wrong}");
        assert!(wrong.contains("dns.sockets: 17 is not within 1 to 16"), "{wrong}");
        assert!(wrong.contains("zone a.id has no server") && wrong.contains("zone a.id stands twice"), "{wrong}");
        assert!(DnsSection::default().contradictions().is_empty());
        assert!((1..=4).contains(&DnsSection::default().sockets()));
        assert_eq!(DnsSection { sockets: Some(9), ..DnsSection::default() }.sockets(), 9);
    }

    #[test]
    fn the_systems_resolvers_do_not_include_this_machine() {
        let found = of_system(
            "search x\nnameserver 127.0.0.53\n nameserver 192.0.2.1 \nnameserver 2001:db8::1\nnameserver x\n",
        );
        assert_eq!(found, ["192.0.2.1:53".parse().unwrap(), "[2001:db8::1]:53".parse().unwrap()]);
    }
}
