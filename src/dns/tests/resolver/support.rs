//! A site with its resolver, and upstreams that behave as a test wants, on loopback with real sockets.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use gapura_dns::{
    Admission, Clock, Config, Figures, Filter, Listeners, Names, NotAdmitted, OwnAddresses, Resolver, StartError,
};
use gapura_model::{Name, NameSet, Uptime};
use gapura_runtime::{Left, Tasks};
use hickory_proto::op::{Edns, Message, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, SOA};
use hickory_proto::rr::{RData, Record, RecordType};

pub(crate) const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub(crate) const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// A message that reached an upstream.
pub(crate) struct Asked {
    pub(crate) octets: Vec<u8>,
    pub(crate) peer: SocketAddr,
    pub(crate) tcp: bool,
}

impl Asked {
    pub(crate) fn message(&self) -> Message {
        Message::from_vec(&self.octets).unwrap()
    }

    /// An answer with these records.
    pub(crate) fn answer(&self, records: Vec<Record>) -> Message {
        let asked = self.message();
        let mut response = Message::response(asked.metadata.id, OpCode::Query);
        response.metadata.recursion_desired = true;
        response.metadata.recursion_available = true;
        response.add_query(asked.queries[0].clone());
        response.add_answers(records);
        if asked.edns.is_some() {
            response.set_edns(Edns::new());
        }
        response
    }

    /// A and AAAA for every name.
    pub(crate) fn address(&self, ttl: u32) -> Message {
        let query = self.message().queries[0].clone();
        let data = if query.query_type() == RecordType::A {
            Some(RData::A(A::new(192, 0, 2, 7)))
        } else if query.query_type() == RecordType::AAAA {
            Some(RData::AAAA(AAAA("2001:db8::7".parse().unwrap())))
        } else {
            None
        };
        self.answer(data.into_iter().map(|data| Record::from_rdata(query.name().clone(), ttl, data)).collect())
    }

    pub(crate) fn code(&self, code: ResponseCode) -> Message {
        let mut response = self.answer(vec![]);
        response.metadata.response_code = code;
        response
    }
}

pub(crate) fn soa(ttl: u32, minimum: u32) -> Record {
    let zone = "example.go.id.".parse::<hickory_proto::rr::Name>().unwrap();
    let data =
        SOA::new("ns.example.go.id.".parse().unwrap(), "staf.example.go.id.".parse().unwrap(), 1, 2, 3, 4, minimum);
    Record::from_rdata(zone, ttl, RData::SOA(data))
}

type Behaviour = Arc<dyn Fn(&Asked) -> Vec<Vec<u8>> + Send + Sync>;

/// A DNS server that does what the test says. UDP and TCP on one port.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    asked: Arc<AtomicUsize>,
    pub(crate) heard: Arc<Mutex<Vec<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Upstream {
    pub(crate) fn start(ip: IpAddr, behaviour: impl Fn(&Asked) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        let behaviour: Behaviour = Arc::new(behaviour);
        let (udp, tcp) = bind_both(ip);
        let address = udp.local_addr().unwrap();
        let (asked, heard, stop) =
            (Arc::new(AtomicUsize::new(0)), Arc::<Mutex<Vec<_>>>::default(), Arc::<AtomicBool>::default());
        udp.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        tcp.set_nonblocking(true).unwrap();
        let datagrams = {
            let (behaviour, asked, heard, stop) = (behaviour.clone(), asked.clone(), heard.clone(), stop.clone());
            std::thread::spawn(move || {
                let mut buffer = vec![0; 65535];
                while !stop.load(Ordering::Relaxed) {
                    let Ok((length, peer)) = udp.recv_from(&mut buffer) else { continue };
                    let octets = buffer[..length].to_vec();
                    heard.lock().unwrap().push(octets.clone());
                    asked.fetch_add(1, Ordering::SeqCst);
                    for answer in behaviour(&Asked { octets, peer, tcp: false }) {
                        let _ = udp.send_to(&answer, peer);
                    }
                }
            })
        };
        let connections = {
            let (asked, stop) = (asked.clone(), stop.clone());
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let Ok((mut stream, peer)) = tcp.accept() else {
                        std::thread::park_timeout(Duration::from_millis(5));
                        continue;
                    };
                    stream.set_nonblocking(false).unwrap();
                    let Some(octets) = read_framed(&mut stream) else { continue };
                    asked.fetch_add(1, Ordering::SeqCst);
                    for answer in behaviour(&Asked { octets, peer, tcp: true }) {
                        let _ = write_framed(&mut stream, &answer);
                    }
                }
            })
        };
        Self { address, asked, heard, stop, threads: vec![datagrams, connections] }
    }

    /// Answers every question with an address.
    pub(crate) fn plain(ip: IpAddr, ttl: u32) -> Self {
        Self::start(ip, move |asked| vec![asked.address(ttl).to_vec().unwrap()])
    }

    /// Messages that arrived.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// UDP and TCP on the same free port.
pub(crate) fn bind_both(ip: IpAddr) -> (UdpSocket, TcpListener) {
    for _ in 0..50 {
        let tcp = TcpListener::bind((ip, 0)).unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()) {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both UDP and TCP");
}

/// An address where nobody listens.
pub(crate) fn nobody(ip: IpAddr) -> SocketAddr {
    bind_both(ip).0.local_addr().unwrap()
}

pub(crate) fn read_framed(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut octets = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut octets).ok()?;
    Some(octets)
}

pub(crate) fn write_framed(stream: &mut TcpStream, octets: &[u8]) -> std::io::Result<()> {
    let mut framed = u16::try_from(octets.len()).unwrap().to_be_bytes().to_vec();
    framed.extend_from_slice(octets);
    stream.write_all(&framed)
}

/// How the gateway lets garden addresses in.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Gate {
    #[default]
    Opens,
    Refuses,
    Hangs,
}

/// A garden name and the addresses let in for it.
type Admitted = (String, Vec<(IpAddr, u32)>);

/// The gateway's side, as a test sets it.
#[derive(Default)]
pub(crate) struct Gateway {
    pub(crate) own: HashMap<Name, OwnAddresses>,
    pub(crate) garden: NameSet,
    pub(crate) gate: Gate,
    pub(crate) admitted: Mutex<Vec<Admitted>>,
    pub(crate) clients: Mutex<Vec<IpAddr>>,
}

impl Names for Gateway {
    fn own(&self, name: &Name, client: IpAddr) -> Option<OwnAddresses> {
        self.clients.lock().unwrap().push(client);
        self.own.get(name).cloned()
    }

    fn is_garden(&self, name: &Name) -> bool {
        self.garden.contains(name)
    }

    fn admit_garden(&self, name: &Name, addresses: &[(IpAddr, u32)]) -> Admission {
        self.admitted.lock().unwrap().push((name.to_string(), addresses.to_vec()));
        match self.gate {
            Gate::Opens => Box::pin(async {
                tokio::task::yield_now().await;
                Ok(())
            }),
            Gate::Refuses => Box::pin(async { Err(NotAdmitted("the set is full".into())) }),
            Gate::Hangs => Box::pin(std::future::pending()),
        }
    }
}

/// A running resolver on 127.0.0.1 and ::1, with time in the test's hand.
pub(crate) struct Site {
    pub(crate) resolver: Resolver,
    pub(crate) v4: SocketAddr,
    pub(crate) v6: SocketAddr,
    pub(crate) gateway: Arc<Gateway>,
    seconds: Arc<AtomicU64>,
    tasks: Tasks,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Site {
    pub(crate) fn start(upstreams: &[SocketAddr]) -> Self {
        Self::with(&Config::forwarding_to(upstreams.to_vec()), Gateway::default())
    }

    pub(crate) fn with(config: &Config, gateway: Gateway) -> Self {
        let (v4, v6, listeners) = free_listeners();
        Self::serving(config, gateway, listeners, [v4, v6])
    }

    /// With a content filter.
    pub(crate) fn judged(config: &Config, gateway: Gateway, filter: Arc<dyn Filter>) -> Self {
        let (v4, v6, listeners) = free_listeners();
        Self::start_on(config, gateway, Some(filter), listeners, [v4, v6])
    }

    /// On sockets bound already.
    pub(crate) fn serving(config: &Config, gateway: Gateway, listeners: Listeners, addresses: [SocketAddr; 2]) -> Self {
        Self::start_on(config, gateway, None, listeners, addresses)
    }

    fn start_on(
        config: &Config,
        gateway: Gateway,
        filter: Option<Arc<dyn Filter>>,
        listeners: Listeners,
        [v4, v6]: [SocketAddr; 2],
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let tasks = Tasks::new();
        let seconds = Arc::new(AtomicU64::new(1000));
        let clock: Clock = {
            let seconds = seconds.clone();
            Arc::new(move || Uptime::new(Duration::from_secs(seconds.load(Ordering::SeqCst))))
        };
        let gateway = Arc::new(gateway);
        let entered = runtime.enter();
        let resolver = Resolver::start(config, listeners, gateway.clone(), filter, clock, &tasks).unwrap();
        drop(entered);
        Self { resolver, v4, v6, gateway, seconds, tasks, runtime: Some(runtime) }
    }

    /// Serves further sockets.
    pub(crate) fn listen_also(&self, listeners: Listeners) -> Result<(), StartError> {
        let _inside = self.runtime.as_ref().unwrap().enter();
        self.resolver.listen_also(listeners)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn figures(&self) -> Figures {
        self.resolver.figures()
    }

    /// Ends the resolver in two phases and waits until every task of it has ended.
    pub(crate) fn shut_down(&mut self) {
        let runtime = self.runtime.take().unwrap();
        let left = runtime.block_on(self.tasks.shutdown(Duration::from_secs(5), std::future::pending()));
        assert_eq!(left, Left::default(), "tasks are left after the shutdown");
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if self.runtime.is_some() && !std::thread::panicking() {
            self.shut_down();
        }
    }
}

/// Sockets of both families; another test may take a port in between.
fn free_listeners() -> (SocketAddr, SocketAddr, Listeners) {
    (0..50)
        .find_map(|_| {
            let (v4, v6) = (nobody(V4), nobody(V6));
            Listeners::bind(&[v4, v6], 1).ok().map(|listeners| (v4, v6, listeners))
        })
        .expect("a free port")
}

/// A query with RD set.
pub(crate) fn query(name: &str, rtype: RecordType) -> Message {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    let mut name = name.parse::<hickory_proto::rr::Name>().unwrap();
    name.set_fqdn(true);
    message.add_query(Query::query(name, rtype));
    message
}

/// A query with EDNS of this UDP size.
pub(crate) fn edns_query(name: &str, rtype: RecordType, size: u16, dnssec: bool) -> Message {
    let mut message = query(name, rtype);
    let mut edns = Edns::new();
    edns.set_max_payload(size).set_dnssec_ok(dnssec);
    message.set_edns(edns);
    message
}

/// A socket to `server` with a deadline.
pub(crate) fn client(server: SocketAddr) -> UdpSocket {
    let any = if server.is_ipv4() { V4 } else { V6 };
    let socket = UdpSocket::bind((any, 0)).unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(4))).unwrap();
    socket
}

pub(crate) fn ask_octets(server: SocketAddr, octets: &[u8]) -> Vec<u8> {
    let socket = client(server);
    socket.send(octets).unwrap();
    let mut buffer = vec![0; 65535];
    let length = socket.recv(&mut buffer).expect("an answer within 4 s");
    buffer[..length].to_vec()
}

pub(crate) fn ask(server: SocketAddr, message: &Message) -> Message {
    let response = Message::from_vec(&ask_octets(server, &message.to_vec().unwrap())).unwrap();
    assert_eq!(response.metadata.id, message.metadata.id);
    response
}

/// Addresses in an answer.
pub(crate) fn addresses_in(message: &Message) -> Vec<IpAddr> {
    message
        .answers
        .iter()
        .filter_map(|record| {
            if let RData::A(a) = &record.data {
                Some(a.0.into())
            } else if let RData::AAAA(a) = &record.data {
                Some(a.0.into())
            } else {
                None
            }
        })
        .collect()
}

/// Waits for a level, 4 s at most.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..800 {
        if holds() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    panic!("not within 4 s: {what}");
}

/// Waits for a level that takes the resolver's own waiting times, 30 s at most.
pub(crate) fn until_long(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    panic!("not within 30 s: {what}");
}
