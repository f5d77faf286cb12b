//! A visitor: a namespace with one network card, a real DHCP client and what a phone asks.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use gapura_model::MacAddr;

use crate::child::Guarded;
use crate::clock::wait_for;
use crate::http::{self, Form, Reply, Request};
use crate::probe::Probe;
use crate::{DhcpClient, LabError, Ns, addr, dns};

pub mod advert;
mod lease;

pub use lease::Lease;

/// A BusyBox DHCP client on any interface of any namespace (the gateway's uplink); its files in `dir`.
pub(crate) fn lease_on(ns: &Ns, interface: &str, dir: &std::path::Path) -> Result<Guarded, LabError> {
    lease::start(DhcpClient::Udhcpc, ns, interface, dir)
}

/// The visitor's only network card.
pub const CARD: &str = "eth0";
/// How long a visitor waits for one answer.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// A phone's browser.
pub const PHONE: &str = "Mozilla/5.0 (Linux; Android 11; RMX2185) AppleWebKit/537.36 (KHTML, like Gecko) \
                         Chrome/96.0.4664.45 Mobile Safari/537.36";

/// One visitor.
#[derive(Debug)]
pub struct Visitor {
    number: u16,
    client: DhcpClient,
    mac: MacAddr,
    dir: PathBuf,
    running: Option<Guarded>,
    ns: Ns,
}

/// A page with the address it was got from, to follow its links and forms.
#[derive(Clone, Debug)]
pub struct Page {
    /// `http://host:port/path` it came from.
    pub url: String,
    /// The answer.
    pub reply: Reply,
}

impl Page {
    /// Its forms.
    pub fn forms(&self) -> Vec<Form> {
        http::forms(&self.reply.text())
    }

    /// The address a link or form action on this page means.
    pub fn resolve(&self, link: &str) -> String {
        if link.contains("://") {
            return link.to_owned();
        }
        let start = self.url.find("://").map_or(0, |at| at + 3);
        let rest = self.url.get(start..).unwrap_or_default();
        let authority_end = start + rest.find('/').unwrap_or(rest.len());
        let (authority, path) = self.url.split_at(authority_end);
        let path = path.split(['?', '#']).next().unwrap_or("/");
        match link {
            "" => self.url.clone(),
            _ if link.starts_with('/') => format!("{authority}{link}"),
            _ if link.starts_with('?') => format!("{authority}{path}{link}"),
            _ => format!("{authority}{}/{link}", path.rsplit_once('/').map_or("", |(dir, _)| dir)),
        }
    }
}

impl Visitor {
    /// A visitor in `ns`, whose card is already plugged in and down. `dir` holds its lease, logs and resolv.conf.
    pub(crate) fn new(number: u16, client: DhcpClient, ns: Ns, dir: PathBuf) -> Self {
        Self { number, client, mac: addr::visitor_mac(number), dir, running: None, ns }
    }

    /// Its number, from 1.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Its namespace.
    pub fn ns(&self) -> &Ns {
        &self.ns
    }

    /// Its hardware address.
    pub fn mac(&self) -> MacAddr {
        self.mac
    }

    /// Where its lease, logs and resolv.conf are.
    pub fn dir(&self) -> &std::path::Path {
        &self.dir
    }

    /// Comes onto the network: card up, DHCP. Returns the lease.
    pub fn join(&mut self, limit: Duration) -> Result<Lease, LabError> {
        self.ns.ip_batch(&format!("link set {CARD} up"))?;
        self.running = Some(lease::start(self.client, &self.ns, CARD, &self.dir)?);
        let dir = self.dir.clone();
        let what = format!("a DHCP lease for visitor {}", self.number);
        let lease = wait_for(&what, limit, || Lease::read(&dir));
        lease.map_err(|error| LabError::answer(error.to_string(), lease::log_end(&dir)))
    }

    /// Leaves: the DHCP client ends (without a release, as phones do), the card goes down and loses its addresses.
    pub fn leave(&mut self) -> Result<(), LabError> {
        if let Some(mut client) = self.running.take() {
            client.kill();
        }
        lease::forget(&self.dir)?;
        self.ns.ip_batch(&format!("link set {CARD} down\naddr flush dev {CARD}"))
    }

    /// Takes another hardware address, as phones do for privacy. Only while it has left.
    pub fn change_mac(&mut self, mac: MacAddr) -> Result<(), LabError> {
        self.ns.ip_batch(&format!("link set {CARD} address {mac}"))?;
        self.mac = mac;
        Ok(())
    }

    /// The lease it holds.
    pub fn lease(&self) -> Result<Lease, LabError> {
        let lease = Lease::read(&self.dir)?;
        lease.ok_or_else(|| LabError::Wrong(format!("visitor {} has no lease: it has not joined", self.number)))
    }

    /// Its global IPv6 addresses by SLAAC, once there is one. Where a solicitation or its answer is lost on a busy machine, the
    /// next advertisement comes after 16 s at most (RFC 4861 section 10): it is waited for, whatever `limit` says.
    pub fn ipv6(&self, limit: Duration) -> Result<Vec<IpAddr>, LabError> {
        const NEXT_ADVERTISEMENTS: Duration = Duration::from_secs(50);
        wait_for(&format!("an IPv6 address of visitor {}", self.number), limit.max(NEXT_ADVERTISEMENTS), || {
            let mut all = self.ns.addresses(CARD)?;
            all.retain(IpAddr::is_ipv6);
            Ok(Some(all).filter(|all| !all.is_empty()))
        })
    }

    /// The first router advertisement that comes, asked for by a solicitation.
    pub fn advertisement(&self, limit: Duration) -> Result<advert::Advertisement, LabError> {
        self.ns.run(|| advert::solicit(CARD, limit))
    }

    /// Asks the resolver that DHCP gave.
    pub fn look_up(&self, name: &str, kind: u16) -> Result<dns::Answer, LabError> {
        let lease = self.lease()?;
        let server = lease.dns.first().copied().unwrap_or(lease.router);
        self.ask(SocketAddr::from((server, 53)), name, kind)
    }

    /// Asks a resolver of its own choice.
    pub fn ask(&self, server: SocketAddr, name: &str, kind: u16) -> Result<dns::Answer, LabError> {
        self.ns.run(|| dns::ask(server, name, kind, PATIENCE))
    }

    /// Asks `probe`'s question as that system does: resolve by the resolver from DHCP, connect, read.
    pub fn probe(&self, probe: &Probe, family: Family) -> Result<Reply, LabError> {
        let to = self.resolve(probe.host, 80, family)?;
        self.ns.run(|| http::exchange(to, None, &Request::get(probe.host, probe.path, probe.user_agent), PATIENCE))
    }

    /// Opens `url` over HTTP as a phone's browser, following at most five redirects to http addresses.
    pub fn open(&self, url: &str, family: Family) -> Result<Page, LabError> {
        self.fetch(url, family, None)
    }

    /// Sends a form of `page`, with `filled` replacing values by name, and follows the redirect to the result.
    pub fn submit(&self, page: &Page, form: &Form, filled: &[(&str, &str)], family: Family) -> Result<Page, LabError> {
        let url = page.resolve(&form.action);
        if form.method == "post" {
            return self.fetch(&url, family, Some(form.filled(filled)));
        }
        let bare = url.split('?').next().unwrap_or(&url);
        self.fetch(&format!("{bare}?{}", form.filled(filled)), family, None)
    }

    /// One request without following anything.
    pub fn request(&self, to: SocketAddr, request: &Request) -> Result<Reply, LabError> {
        self.ns.run(|| http::exchange(to, None, request, PATIENCE))
    }

    /// The address of `host`: itself when it is one, else what the resolver says.
    pub fn resolve(&self, host: &str, port: u16, family: Family) -> Result<SocketAddr, LabError> {
        if let Ok(address) = host.parse() {
            return Ok(SocketAddr::new(address, port));
        }
        let answer = self.look_up(host, family.record())?;
        let address = answer.addresses().into_iter().next();
        let address = address.ok_or_else(|| {
            LabError::answer(format!("resolve {host}"), format!("rcode {}, no address", answer.rcode))
        })?;
        Ok(SocketAddr::new(address, port))
    }

    fn fetch(&self, url: &str, family: Family, mut body: Option<String>) -> Result<Page, LabError> {
        let mut url = url.to_owned();
        for _ in 0..6 {
            let (host, port, path) =
                http::split_url(&url).ok_or_else(|| LabError::answer(format!("open {url}"), "not an http address"))?;
            let to = self.resolve(&host, port, family)?;
            let shown = match (host.contains(':'), port) {
                (true, 80) => format!("[{host}]"),
                (true, _) => format!("[{host}]:{port}"),
                (false, 80) => host.clone(),
                (false, _) => format!("{host}:{port}"),
            };
            let request = match body.take() {
                Some(body) => Request::post(&shown, &path, PHONE, body),
                None => Request::get(&shown, &path, PHONE),
            };
            let reply = self.request(to, &request.with("Accept-Language", "id"))?;
            let page = Page { url: url.clone(), reply };
            match page.reply.header("location").filter(|_| (300..400).contains(&page.reply.status)) {
                Some(link) => url = page.resolve(link),
                None => return Ok(page),
            }
        }
        Err(LabError::answer(format!("open {url}"), "more than five redirects"))
    }
}

/// Which address family to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];

    /// Upstream's server 0 in this family.
    pub const fn server(self) -> IpAddr {
        match self {
            Self::V4 => addr::SERVER4,
            Self::V6 => addr::SERVER6,
        }
    }

    const fn record(self) -> u16 {
        match self {
            Self::V4 => dns::kind::A,
            Self::V6 => dns::kind::AAAA,
        }
    }
}

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// A visitor that chose its address itself, without DHCP: benches and spoofers.
pub fn static_address(ns: &Ns, address: Ipv4Addr, length: u8, router: Ipv4Addr) -> Result<(), LabError> {
    ns.ip_batch(&format!(
        "link set {CARD} up\naddr replace {address}/{length} dev {CARD}\nroute replace default via {router}"
    ))
}
