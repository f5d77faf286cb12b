//! QUIC with a real client and a real server: refused at once to a group that must not bypass the filter, and ended where a
//! rule forbids it later on.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use gapura_lab::LabError;
use gapura_lab::addr::{DNS, port};
use gapura_lab::daemon::Site;
use quinn::rustls::RootCertStore;
use quinn::rustls::pki_types::PrivateKeyDer;
use quinn::{ClientConfig, Connection, Endpoint, EndpointConfig, ServerConfig, TokioRuntime, TransportConfig};
use tokio::io::Interest;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::change::publish;
use super::{FORBIDDEN, clause, filtered, head, their, until_status};
use crate::stand::{SOON, admit, families, log, visitor_of, wait};

/// The server's name: upstream's resolver's addresses, whose port 443 the lab leaves free.
const LESSON: &str = "dns.kuliah.example";
/// A silent peer is given up after this long: later than any wait of these tests, so that nothing here ends by silence.
const IDLE: Duration = Duration::from_mins(2);
/// A lively connection says so this often.
const PULSE: Duration = Duration::from_millis(500);

/// A QUIC server on the Internet, in both families, that echoes; and what its clients need to know of it.
struct Lesson {
    runtime: Runtime,
    client: ClientConfig,
}

/// A client's connection, with the socket it runs over.
struct Line {
    connection: Connection,
    _endpoint: Endpoint,
}

impl Lesson {
    fn begin(site: &Site) -> Self {
        let made = rcgen::generate_simple_self_signed([LESSON.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let mut server = ServerConfig::with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        server.transport_config(transport());
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let mut client = ClientConfig::with_root_certificates(Arc::new(roots)).unwrap();
        client.transport_config(transport());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        for address in [DNS.0.into(), DNS.1.into()] {
            let at = SocketAddr::new(address, port::HTTPS);
            let bound = site.lab().internet().run(|| UdpSocket::bind(at).map_err(LabError::io("bind")));
            let _inside = runtime.enter();
            let endpoint =
                Endpoint::new(EndpointConfig::default(), Some(server.clone()), bound.unwrap(), Arc::new(TokioRuntime));
            runtime.spawn(serve(endpoint.unwrap()));
        }
        Self { runtime, client }
    }

    /// Connects a visitor as browsers do, over a connected socket; the error is what ICMP said.
    fn connect(&self, site: &Site, number: u16, to: SocketAddr) -> io::Result<Line> {
        let socket = visitor_of(site, number).ns().run(|| {
            let any = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
            let socket = UdpSocket::bind(SocketAddr::new(any, 0)).map_err(LabError::io("bind"))?;
            socket.connect(to).map_err(LabError::io("connect"))?;
            socket.set_nonblocking(true).map_err(LabError::io("set the socket up"))?;
            Ok(socket)
        });
        let socket = socket.unwrap();
        self.runtime.block_on(async {
            let ear = tokio::net::UdpSocket::from_std(socket.try_clone()?)?;
            let endpoint = Endpoint::new(EndpointConfig::default(), None, socket, Arc::new(TokioRuntime))?;
            let connecting = endpoint.connect_with(self.client.clone(), to, LESSON).unwrap();
            let outcome = async {
                tokio::select! {
                    connected = connecting => Ok(Line { connection: connected.unwrap(), _endpoint: endpoint }),
                    refusal = refusal(&ear) => Err(refusal),
                }
            };
            let heard = timeout(SOON * 2, outcome).await;
            heard.unwrap_or_else(|_| panic!("visitor {number} hears nothing of {to}\n{}", log(site)))
        })
    }

    /// Whether what is sent comes back.
    fn lives(&self, line: &Line) -> bool {
        self.runtime.block_on(async { timeout(Duration::from_secs(5), echo(&line.connection)).await == Ok(Some(true)) })
    }

    /// Waits until a running connection carries nothing any more.
    fn until_ended(&self, site: &Site, line: &Line, what: &str) {
        wait(&format!("{what} to end\n{}", log(site)), SOON * 2, || (!self.lives(line)).then_some(()));
    }
}

fn transport() -> Arc<TransportConfig> {
    let mut transport = TransportConfig::default();
    transport.max_idle_timeout(Some(IDLE.try_into().unwrap())).keep_alive_interval(Some(PULSE));
    Arc::new(transport)
}

/// What ICMP says about what was sent from a connected socket; browsers heed it, quinn alone goes on regardless.
async fn refusal(ear: &tokio::net::UdpSocket) -> io::Error {
    let heard = ear.async_io(Interest::ERROR, || ear.take_error()?.ok_or(io::ErrorKind::WouldBlock.into()));
    heard.await.unwrap_or_else(|error| error)
}

/// Sends back what comes on every stream of every connection.
async fn serve(endpoint: Endpoint) {
    let mut connections = JoinSet::new();
    while let Some(incoming) = endpoint.accept().await {
        connections.spawn(async move {
            let connection = incoming.await.ok()?;
            while let Ok((mut send, mut receive)) = connection.accept_bi().await {
                let said = receive.read_to_end(64).await.ok()?;
                send.write_all(&said).await.ok()?;
                send.finish().ok()?;
            }
            Some(())
        });
    }
}

/// One stream there and back; nothing where the connection is over.
async fn echo(connection: &Connection) -> Option<bool> {
    let (mut send, mut receive) = connection.open_bi().await.ok()?;
    send.write_all(b"gapura").await.ok()?;
    send.finish().ok()?;
    Some(receive.read_to_end(64).await.ok()? == b"gapura")
}

fn sop(rules: &[String]) -> String {
    let gambling = clause(1, "Situs perjudian diblokir.", "action = \"block\"\nnames = [\"situs-judi.example\"]");
    head("regency", "SOP/UJI/01") + &gambling + &rules.concat()
}

/// Children get no QUIC.
fn no_quic() -> String {
    let rules = "action = \"block\"\nservices = [\"udp/443\"]\nscope = { groups = [\"anak\"] }";
    clause(2, "QUIC ditolak bagi anak.", rules)
}

/// Visitor 1 is anybody, 2 a child by its plan.
fn both(site: &Site) {
    admit(site, 1, &["--plan", "umum"]);
    admit(site, 2, &["--plan", "pelan"]);
    until_status(site, 1, FORBIDDEN, "NXDOMAIN");
    until_status(site, 2, FORBIDDEN, "NXDOMAIN");
}

/// Holds that a visitor's client is told that there is no way, and does not find out by waiting.
fn expect_refused(lesson: &Lesson, site: &Site, number: u16, to: SocketAddr) {
    let Err(refusal) = lesson.connect(site, number, to) else {
        panic!("visitor {number} talks to {to}\n{}", log(site))
    };
    let told = [libc::EHOSTUNREACH, libc::EACCES, libc::ECONNREFUSED].map(Some);
    assert!(told.contains(&refusal.raw_os_error()), "visitor {number}, {to}: {refusal}\n{}", log(site));
}

#[test]
fn quic_is_refused_at_once_to_children_and_carries_others() {
    let site = filtered("fquic", 2, &[sop(&[no_quic()])], None);
    let lesson = Lesson::begin(&site);
    both(&site);
    for family in families(&site) {
        let to = SocketAddr::new(their(family), port::HTTPS);
        let line = lesson.connect(&site, 1, to);
        let line = line.unwrap_or_else(|error| panic!("{family}: {error}\n{}", log(&site)));
        assert!(lesson.lives(&line), "{family}\n{}", log(&site));
        expect_refused(&lesson, &site, 2, to);
        assert!(lesson.lives(&line), "{family}\n{}", log(&site));
    }
}

#[test]
fn running_quic_ends_when_a_rule_forbids_it_to_the_group() {
    let mut site = filtered("fquicend", 2, &[sop(&[])], None);
    let lesson = Lesson::begin(&site);
    both(&site);
    let mut lines = Vec::new();
    for family in families(&site) {
        for number in [1, 2] {
            let to = visitor_of(&site, number).resolve(LESSON, port::HTTPS, family);
            let to = to.unwrap_or_else(|error| panic!("{error}\n{}", log(&site)));
            let line = lesson.connect(&site, number, to);
            let line = line.unwrap_or_else(|error| panic!("visitor {number}, {family}: {error}\n{}", log(&site)));
            assert!(lesson.lives(&line), "visitor {number}, {family}\n{}", log(&site));
            lines.push((number, to, line));
        }
    }

    // By port, of one group.
    publish(&mut site, &sop(&[no_quic()]));
    for (_, to, line) in lines.iter().filter(|(number, ..)| *number == 2) {
        lesson.until_ended(&site, line, &format!("the child's connection to {to}"));
        expect_refused(&lesson, &site, 2, *to);
    }
    for (_, to, line) in lines.iter().filter(|(number, ..)| *number == 1) {
        assert!(lesson.lives(line), "of another group, {to}\n{}", log(&site));
    }

    // By name, of everybody.
    let named = clause(3, "Situs ini diblokir.", &format!("action = \"block\"\nnames = [\"{LESSON}\"]"));
    publish(&mut site, &sop(&[no_quic(), named]));
    until_status(&site, 1, LESSON, "NXDOMAIN");
    for (_, to, line) in lines.iter().filter(|(number, ..)| *number == 1) {
        lesson.until_ended(&site, line, &format!("the connection to {to}"));
    }
}
