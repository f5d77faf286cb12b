//! Upstreams over HTTPS: what is asked, how often a connection is made, and what bad servers may say.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use gapura_dns::Config;
use hickory_proto::op::Message;
use hickory_proto::rr::RecordType;
use http::{Response, StatusCode, request};
use rustls::ServerConfig;
use tokio::net::TcpListener;

use crate::secure::*;
use crate::support::*;
use crate::tls::{answers, fails};

/// What a server does with a question.
enum Reply {
    Answer(Response<Vec<u8>>),
    Never,
}

type Behaviour = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;
/// Requests that arrived, with their bodies.
type Heard = Arc<Mutex<Vec<(request::Parts, Vec<u8>)>>>;

/// An HTTP/2 server that does what the test says.
struct Https {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    heard: Heard,
    goodbye: tokio::sync::watch::Sender<usize>,
    runtime: Option<tokio::runtime::Runtime>,
}

fn dns(octets: Vec<u8>) -> Response<Vec<u8>> {
    Response::builder().header("content-type", "application/dns-message").body(octets).unwrap()
}

fn address(asked: &Asked) -> Response<Vec<u8>> {
    dns(asked.address(60).to_vec().unwrap())
}

fn serve(asked: &Asked) -> Reply {
    Reply::Answer(address(asked))
}

impl Https {
    fn start(
        ip: IpAddr,
        config: Arc<ServerConfig>,
        behaviour: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let behaviour: Behaviour = Arc::new(behaviour);
        let listener = runtime.block_on(TcpListener::bind((ip, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, heard) = (Arc::<AtomicUsize>::default(), Heard::default());
        let (goodbye, leaving) = tokio::sync::watch::channel(0);
        let ended = Arc::<AtomicUsize>::default();
        let (counted, hearing, ending) = (connections.clone(), heard.clone(), ended.clone());
        runtime.block_on(async {
            let accept = async move {
                let acceptor = tokio_rustls::TlsAcceptor::from(config);
                let mut open = tokio::task::JoinSet::new();
                while let Ok((stream, peer)) = listener.accept().await {
                    counted.fetch_add(1, Ordering::SeqCst);
                    let (acceptor, behaviour, heard) = (acceptor.clone(), behaviour.clone(), hearing.clone());
                    let (leaving, ended) = (leaving.clone(), ending.clone());
                    open.spawn(async move {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            connection(stream, peer, behaviour, heard, leaving).await;
                        }
                        ended.fetch_add(1, Ordering::SeqCst);
                    });
                }
            };
            drop(tokio::runtime::Handle::current().spawn(accept));
        });
        Self { address, connections, ended, heard, goodbye, runtime: Some(runtime) }
    }

    fn stated(&self) -> String {
        format!("https://{NAME}/dns-query@{}", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn asked(&self) -> usize {
        self.heard.lock().unwrap().len()
    }

    /// Every connection there is takes nothing more (GOAWAY).
    fn say_goodbye(&self) {
        self.goodbye.send_modify(|times| *times += 1);
    }
}

impl Drop for Https {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

async fn connection(
    stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>,
    peer: SocketAddr,
    behaviour: Behaviour,
    heard: Heard,
    mut leaving: tokio::sync::watch::Receiver<usize>,
) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    leaving.mark_unchanged();
    let mut working = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            Ok(()) = leaving.changed() => {
                connection.graceful_shutdown();
                continue;
            }
        };
        let Some(Ok((request, mut respond))) = accepted else { return };
        let (behaviour, heard) = (behaviour.clone(), heard.clone());
        working.spawn(async move {
            let (head, mut body) = request.into_parts();
            let mut octets = Vec::new();
            while let Some(Ok(chunk)) = body.data().await {
                octets.extend_from_slice(&chunk);
            }
            heard.lock().unwrap().push((head, octets.clone()));
            let asked = Asked { octets, peer, tcp: true };
            let Reply::Answer(response) = tokio::task::block_in_place(|| behaviour(&asked)) else {
                return std::future::pending().await;
            };
            let (head, body) = response.into_parts();
            if let Ok(mut stream) = respond.send_response(Response::from_parts(head, ()), false) {
                let _ = stream.send_data(Bytes::from(body), true);
                // Taken as the other side opens its window, or not at all.
                let _ = std::future::poll_fn(|context| stream.poll_reset(context)).await;
            }
        });
    }
}

#[test]
fn a_question_is_a_post_that_tells_nothing_else() {
    let authority = Authority::new();
    for ip in [V4, V6] {
        let server = Https::start(ip, authority.issue(NAME).server(&[b"h2"]), serve);
        let site = authority.site(&[server.stated()]);
        for name in ["a.id.", "b.id.", "c.id.", "d.id."] {
            assert!(answers(&site, name));
        }
        assert_eq!((server.connections(), server.asked()), (1, 4));
        for (head, octets) in server.heard.lock().unwrap().iter() {
            assert_eq!((head.method.as_str(), head.uri.path()), ("POST", "/dns-query"));
            assert_eq!((head.uri.scheme_str(), head.uri.host()), (Some("https"), Some(NAME)));
            let mut headers: Vec<_> = head.headers.iter().map(|(name, value)| (name.as_str(), value)).collect();
            headers.sort_unstable_by_key(|(name, _)| *name);
            let wanted = [
                ("accept", "application/dns-message"),
                ("content-length", "128"),
                ("content-type", "application/dns-message"),
            ];
            assert!(headers.iter().map(|(name, value)| (*name, value.to_str().unwrap())).eq(wanted), "{headers:?}");
            assert_eq!((octets.len(), Message::from_vec(octets).unwrap().metadata.id), (128, 0));
        }
    }
}

#[test]
fn a_slow_answer_holds_up_no_other() {
    let authority = Authority::new();
    let open = Arc::new((Mutex::new(false), std::sync::Condvar::new()));
    let gate = open.clone();
    let server = Https::start(V4, authority.issue(NAME).server(&[b"h2"]), move |asked| {
        if asked.message().queries[0].name().to_string() == "lambat.id." {
            let _ = gate.1.wait_timeout_while(gate.0.lock().unwrap(), Duration::from_secs(20), |open| !*open).unwrap();
        }
        serve(asked)
    });
    let mut config = authority.config(&[server.stated()]);
    config.patience.next_upstream = Duration::from_secs(20);
    config.patience.answer = Duration::from_secs(20);
    let site = Site::with(&config, Gateway::default());
    let slow = client(site.v4);
    slow.send(&query("lambat.id.", RecordType::A).to_vec().unwrap()).unwrap();
    until_long("the slow one is under way", || server.asked() == 1);
    for number in 0..10 {
        assert!(answers(&site, &format!("n{number}.id.")));
    }
    *open.0.lock().unwrap() = true;
    open.1.notify_all();
    let mut buffer = [0; 512];
    let length = slow.recv(&mut buffer).unwrap();
    assert_eq!(addresses_in(&Message::from_vec(&buffer[..length]).unwrap()).len(), 1);
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_server_that_says_goodbye_costs_nobody_an_answer() {
    let authority = Authority::new();
    let server = Https::start(V4, authority.issue(NAME).server(&[b"h2"]), serve);
    let site = authority.site(&[server.stated()]);
    for number in 1..=4 {
        assert!(answers(&site, &format!("n{number}.id.")));
        assert_eq!(server.connections(), number);
        server.say_goodbye();
        until_long("the connection has ended", || server.ended.load(Ordering::SeqCst) == number);
    }
    assert_eq!((site.figures().failures, site.resolver.upstreams_well()), (0, (1, 1)));
}

#[test]
fn only_the_server_that_was_stated_is_asked() {
    let (authority, other) = (Authority::new(), Authority::new());
    for certificate in [authority.issue("dns.example.org"), other.issue(NAME), authority.issue_expired(NAME)] {
        let server = Https::start(V4, certificate.server(&[b"h2"]), serve);
        assert!(fails(&authority.site(&[server.stated()]), "rahasia.example.go.id."));
        assert_eq!((server.asked(), server.connections() >= 1), (0, true));
    }
    let certificate = other.issue_expired(NAME);
    let server = Https::start(V4, certificate.server(&[b"h2"]), serve);
    assert!(answers(&authority.site(&[format!("{}{}", server.stated(), certificate.pin())]), "a.id."));
}

/// Several names are answered although the first upstream is no DNS server, or a bad one.
fn another_helps_out(bad: impl Fn(&Asked) -> Reply + Send + Sync + 'static, alpn: &[u8]) {
    let authority = Authority::new();
    let bad = Https::start(V4, authority.issue(NAME).server(&[alpn]), bad);
    let good = Https::start(V6, authority.issue(NAME).server(&[b"h2"]), serve);
    let mut config: Config = authority.config(&[bad.stated(), good.stated()]);
    config.patience.next_upstream = Duration::from_millis(100);
    let site = Site::with(&config, Gateway::default());
    for name in ["a.id.", "b.id.", "c.id.", "d.id."] {
        assert!(answers(&site, name), "{name} {:?}", site.figures());
    }
    assert_eq!((bad.connections() >= 1, site.resolver.upstreams_well()), (true, (1, 2)));
}

#[test]
fn what_is_no_dns_answer_is_passed_over() {
    another_helps_out(
        |_| Reply::Answer(Response::builder().status(StatusCode::NOT_FOUND).body(vec![]).unwrap()),
        b"h2",
    );
    another_helps_out(|_| Reply::Answer(Response::builder().status(StatusCode::FOUND).body(vec![]).unwrap()), b"h2");
    let portal = |asked: &Asked| {
        let mut response = address(asked);
        response.headers_mut().insert("content-type", "text/html".parse().unwrap());
        Reply::Answer(response)
    };
    another_helps_out(portal, b"h2");
    another_helps_out(|_| Reply::Answer(dns(vec![])), b"h2");
    let other = |asked: &Asked| {
        let mut lie = asked.address(60);
        lie.queries[0].set_name("lain.example.go.id.".parse().unwrap());
        Reply::Answer(dns(lie.to_vec().unwrap()))
    };
    another_helps_out(other, b"h2");
}

#[test]
fn what_is_too_long_is_not_read_to_its_end() {
    another_helps_out(|_| Reply::Answer(dns(vec![0; 64 << 20])), b"h2");
    let headers = |asked: &Asked| {
        let mut response = address(asked);
        for number in 0..64 {
            let name: http::HeaderName = format!("x-{number}").parse().unwrap();
            response.headers_mut().insert(name, "x".repeat(4096).parse().unwrap());
        }
        Reply::Answer(response)
    };
    another_helps_out(headers, b"h2");
}

#[test]
fn silence_holds_nobody_up() {
    another_helps_out(|_| Reply::Never, b"h2");
}

#[test]
fn a_server_of_http_1_1_only_is_passed_over() {
    another_helps_out(serve, b"http/1.1");
}

#[test]
fn what_lay_in_a_cache_on_the_way_is_that_much_older() {
    let authority = Authority::new();
    let server = Https::start(V4, authority.issue(NAME).server(&[b"h2"]), |asked| {
        let mut response = dns(asked.address(300).to_vec().unwrap());
        response.headers_mut().insert("age", "120".parse().unwrap());
        Reply::Answer(response)
    });
    let site = authority.site(&[server.stated()]);
    assert_eq!(ask(site.v4, &query("a.id.", RecordType::A)).answers[0].ttl, 180);
}
