//! A server that changes, breaks off, sends elsewhere and lies; over IPv4 and IPv6, with a certificate of its own.

use std::net::SocketAddr;
use std::sync::Mutex;

use gapura_runtime::{ManualClock, Tasks};
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// Answers each request with what `script` says, to the letter, and closes.
struct Server {
    address: SocketAddr,
    /// Requests as they came, in lower case.
    asked: Arc<Mutex<Vec<String>>>,
    directory: PathBuf,
    tasks: Tasks,
}

impl Server {
    async fn start(name: &str, listen: &str, script: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let directory = std::env::temp_dir().join(format!("gapura-https-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir(&directory).unwrap();
        let listener = TcpListener::bind(listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![address.ip().to_string()]).unwrap().self_signed(&key).unwrap();
        std::fs::write(directory.join("trust.pem"), certificate.pem()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (asked, tasks) = (Arc::new(Mutex::new(Vec::new())), Tasks::new());
        let noted = asked.clone();
        tasks.spawn("server of lists", async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let Ok(mut tls) = acceptor.accept(tcp).await else { continue };
                let (mut request, mut buffer) = (Vec::new(), [0; 1024]);
                while !request.ends_with(b"\r\n\r\n") {
                    match tls.read(&mut buffer).await {
                        Ok(octets @ 1..) => request.extend(&buffer[..octets]),
                        Ok(_) | Err(_) => break,
                    }
                }
                let request = String::from_utf8(request).unwrap().to_lowercase();
                let answer = script(&request);
                noted.lock().unwrap().push(request);
                let _ = tls.write_all(answer.as_bytes()).await;
                let _ = tls.shutdown().await;
            }
        });
        Self { address, asked, directory, tasks }
    }

    fn client(&self, bounds: Bounds) -> Client {
        let clock = Arc::new(ManualClock::at("2026-11-21T08:00:00Z".parse().unwrap()));
        Client::new(&self.directory.join("trust.pem"), clock, bounds).unwrap()
    }

    fn address(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    fn file(&self) -> PathBuf {
        self.directory.join("list")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.stop();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

const ONCE: Bounds = Bounds { octets: 1000, step: Duration::from_mins(1), whole: Duration::from_mins(5), attempts: 1 };

#[tokio::test]
async fn a_list_that_has_not_changed_is_not_sent_again() {
    for (name, listen) in [("unchanged4", "127.0.0.1:0"), ("unchanged6", "[::1]:0")] {
        let server = Server::start(name, listen, |request| {
            if request.contains("if-none-match: \"v1\"") {
                return "HTTP/1.1 304 Not Modified\r\n\r\n".to_owned();
            }
            "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nLast-Modified: Sat, 21 Nov 2026 08:00:00 GMT\r\nContent-Length: 5\r\n\r\nsatu\n".to_owned()
        })
        .await;
        let client = server.client(ONCE);
        let first = client.fetch(&server.address("/a.txt?x=1"), &Validators::default(), &server.file()).await.unwrap();
        let Fetched::New(validators) = first else { panic!("{first:?}") };
        assert_eq!((server.text().as_str(), validators.etag.as_deref()), ("satu\n", Some("\"v1\"")));
        let again = client.fetch(&server.address("/a.txt?x=1"), &validators, &server.file()).await.unwrap();
        assert_eq!(again, Fetched::Unchanged);
        let asked = server.asked();
        assert!(asked[0].starts_with("get /a.txt?x=1 http/1.1\r\n"), "{asked:?}");
        assert!(asked[1].contains("if-modified-since: sat, 21 nov 2026 08:00:00 gmt"), "{asked:?}");
    }
}

#[tokio::test]
async fn a_list_that_broke_off_is_gone_on_with() {
    let server = Server::start("resume", "127.0.0.1:0", |request| {
        if request.contains("range: bytes=3-") && request.contains("if-range: \"v1\"") {
            return "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 3-9/10\r\nContent-Length: 7\r\n\r\n3456789"
                .to_owned();
        }
        "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 10\r\n\r\n012".to_owned()
    })
    .await;
    let client = server.client(Bounds { attempts: 2, ..ONCE });
    let done = client.fetch(&server.address("/"), &Validators::default(), &server.file()).await.unwrap();
    assert!(
        matches!(done, Fetched::New(Validators { etag: Some(etag), .. }) if etag == "\"v1\"")
            || server.text() == "0123456789"
    );
    assert_eq!(server.text(), "0123456789");
    let left: Vec<_> = std::fs::read_dir(&server.directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the list and the certificate: {left:?}");
}

#[tokio::test]
async fn a_list_that_changed_meanwhile_is_fetched_from_its_beginning() {
    let server = Server::start("changed", "127.0.0.1:0", |request| {
        if request.contains("if-range: \"v1\"") {
            return "HTTP/1.1 200 OK\r\nETag: \"v2\"\r\nContent-Length: 3\r\n\r\nabc".to_owned();
        }
        "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 10\r\n\r\n012".to_owned()
    })
    .await;
    let client = server.client(Bounds { attempts: 2, ..ONCE });
    let done = client.fetch(&server.address("/"), &Validators::default(), &server.file()).await.unwrap();
    assert_eq!(done, Fetched::New(Validators { etag: Some("\"v2\"".to_owned()), modified: None }));
    assert_eq!(server.text(), "abc");
}

#[tokio::test]
async fn a_weak_tag_is_not_gone_on_with_and_a_wrong_range_is_not_taken() {
    let server = Server::start("weak", "127.0.0.1:0", |request| {
        assert!(!request.contains("range:"), "{request}");
        "HTTP/1.1 200 OK\r\nETag: W/\"v1\"\r\nContent-Length: 10\r\n\r\n012".to_owned()
    })
    .await;
    let client = server.client(Bounds { attempts: 2, ..ONCE });
    let broken = client.fetch(&server.address("/"), &Validators::default(), &server.file()).await.unwrap_err();
    assert!(matches!(broken, FetchError::Broken { .. }) && !server.file().exists(), "{broken}");
    assert_eq!(server.asked().len(), 2);

    let server = Server::start("range", "127.0.0.1:0", |request| {
        if request.contains("range:") {
            return "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\n0123456789".to_owned();
        }
        "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 10\r\n\r\n012".to_owned()
    })
    .await;
    let client = server.client(ONCE);
    assert!(client.fetch(&server.address("/"), &Validators::default(), &server.file()).await.is_err());
    let wrong = client.fetch(&server.address("/"), &Validators::default(), &server.file()).await.unwrap_err();
    assert!(matches!(wrong, FetchError::Status { status: StatusCode::PARTIAL_CONTENT, .. }), "{wrong}");
    assert!(!server.file().exists());
}

#[tokio::test]
async fn bounds_hold_whatever_the_server_does() {
    let server = Server::start("large", "127.0.0.1:0", |_| {
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n", "a".repeat(1001))
    })
    .await;
    let client = server.client(Bounds { attempts: 3, ..ONCE });
    let large = client.fetch(&server.address("/"), &Validators::default(), &server.file()).await.unwrap_err();
    assert!(matches!(large, FetchError::TooLarge(1000)), "{large}");
    assert_eq!((server.asked().len(), server.file().exists()), (1, false), "not asked again, and nothing kept");

    let server = Server::start("around", "127.0.0.1:0", |request| {
        let place = if request.starts_with("get /a ") { "b" } else { "/a" };
        format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n")
    })
    .await;
    let client = server.client(ONCE);
    let around = client.fetch(&server.address("/a"), &Validators::default(), &server.file()).await.unwrap_err();
    assert!(matches!(around, FetchError::Redirects(_)), "{around}");
    assert!(server.asked().iter().any(|request| request.starts_with("get /b ")));

    let server = Server::start("down", "127.0.0.1:0", |request| {
        if request.starts_with("get /a ") {
            return "HTTP/1.1 302 Found\r\nLocation: http://plain.example/\r\nContent-Length: 0\r\n\r\n".to_owned();
        }
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned()
    })
    .await;
    let client = server.client(Bounds { attempts: 3, ..ONCE });
    let plain = client.fetch(&server.address("/a"), &Validators::default(), &server.file()).await.unwrap_err();
    assert!(matches!(plain, FetchError::Address(_)), "never over plain HTTP: {plain}");
    let gone = client.fetch(&server.address("/b"), &Validators::default(), &server.file()).await.unwrap_err();
    assert!(matches!(gone, FetchError::Status { status: StatusCode::NOT_FOUND, .. }), "{gone}");
    assert_eq!(server.asked().len(), 2, "asking again would not help");
    let plain = client.fetch("http://a.example/", &Validators::default(), &server.file()).await.unwrap_err();
    assert!(matches!(plain, FetchError::Address(_)), "{plain}");
}

#[tokio::test]
async fn a_server_with_a_certificate_of_someone_else_is_not_believed() {
    let server = Server::start("stranger", "127.0.0.1:0", |_| panic!("nothing may be asked")).await;
    let other = Server::start("known", "127.0.0.1:0", |_| String::new()).await;
    let client = other.client(ONCE);
    let wrong = client.fetch(&server.address("/"), &Validators::default(), &server.file()).await.unwrap_err();
    assert!(matches!(wrong, FetchError::Tls { .. }), "{wrong}");
    std::fs::write(server.directory.join("trust.pem"), "").unwrap();
    let clock = Arc::new(ManualClock::at("2026-11-21T08:00:00Z".parse().unwrap()));
    let empty = Client::new(&server.directory.join("trust.pem"), clock, ONCE).err().unwrap();
    assert!(matches!(empty, FetchError::Trust { .. }), "{empty}");
}
