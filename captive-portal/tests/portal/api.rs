//! HTTPS: the captive-portal API (RFC 8908), the certificate, and what plain HTTP still does beside it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::support::{House, NAME, Plan, Reply, open, read_all};
use captive_portal::{Certificate, Door, EndReason, Limits, Uplink};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

/// A folder of this test, with a certificate in it.
pub(crate) fn certificate(test: &str) -> (PathBuf, CertificateDer<'static>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&folder).unwrap();
    let der = write(&folder);
    (folder, der)
}

fn write(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec![NAME.to_owned()]).unwrap();
    std::fs::write(folder.join("chain.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

pub(crate) fn house(folder: &Path) -> House {
    let certificate = Certificate::load(folder.join("chain.pem"), folder.join("key.pem")).unwrap();
    open(Plan { certificate: Some(certificate), ..Plan::default() })
}

async fn tls(
    house: &House,
    source: &str,
    root: &CertificateDer<'static>,
    bytes: &str,
) -> Result<Reply, std::io::Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(source.parse().unwrap(), 0)).unwrap();
    let stream = socket.connect(house.tls.unwrap()).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(ServerName::try_from(NAME).unwrap(), stream).await?;
    stream.write_all(bytes.as_bytes()).await?;
    Ok(read_all(&mut stream).await)
}

async fn get(house: &House, source: &str, root: &CertificateDer<'static>, path: &str, more: &str) -> Reply {
    let bytes = format!("GET {path} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n{more}\r\n");
    tls(house, source, root, &bytes).await.unwrap()
}

async fn api(house: &House, source: &str, root: &CertificateDer<'static>) -> serde_json::Value {
    let reply = get(house, source, root, "/capport/v1", "Accept: application/captive+json\r\n").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/captive+json"));
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(reply.body.len() < 4096);
    serde_json::from_slice(&reply.body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_says_what_the_status_page_says() {
    let (folder, root) = certificate("figures");
    let house = house(&folder);
    let before = api(&house, "127.0.0.7", &root).await;
    assert_eq!(
        before,
        serde_json::json!({
            "captive": true,
            "user-portal-url": format!("https://{NAME}/"),
            "venue-info-url": format!("https://{NAME}/status"),
        })
    );
    let page = get(&house, "127.0.0.7", &root, "/", "").await;
    let form = format!("t={}&syarat={}", page.hidden("t"), page.hidden("syarat"));
    let post = format!(
        "POST /masuk HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\nContent-Length: {}\r\nOrigin: https://{NAME}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}",
        form.len()
    );
    assert_eq!(tls(&house, "127.0.0.7", &root, &post).await.unwrap().leads(), "/status");
    house.world.pass(Duration::from_mins(48));
    let online = api(&house, "127.0.0.7", &root).await;
    assert_eq!(
        online,
        serde_json::json!({
            "captive": false,
            "user-portal-url": format!("https://{NAME}/status"),
            "venue-info-url": format!("https://{NAME}/status"),
            "can-extend-session": true,
            "seconds-remaining": 4320,
            "bytes-remaining": 640_000_000,
        })
    );
    get(&house, "127.0.0.7", &root, "/status", "").await.says("1 jam 12 menit").says("640\u{a0}MB");
    assert_eq!(api(&house, "127.0.0.8", &root).await["captive"], true);
    house.world.kick("127.0.0.7", EndReason::Closing);
    assert_eq!(api(&house, "127.0.0.7", &root).await["captive"], true);
    house.world.set(|inner| inner.door = Door::Closed { opens: None, reason: None });
    house.world.set(|inner| inner.uplink = Uplink::Down { since: None });
    assert_eq!(api(&house, "127.0.0.7", &root).await["captive"], true);
    house.world.set(|inner| inner.door = Door::Emergency { until: "2026-11-20T15:30:00Z".parse().unwrap() });
    assert_eq!(api(&house, "127.0.0.7", &root).await["captive"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_are_sent_from_the_api_to_the_portal() {
    let (folder, root) = certificate("browsers");
    let house = house(&folder);
    let reply = get(&house, "127.0.0.7", &root, "/capport/v1", "Accept: text/html,*/*;q=0.8\r\n").await;
    assert_eq!(reply.leads(), "/");
    let bare = get(&house, "127.0.0.7", &root, "/capport/v1", "").await;
    assert_eq!(bare.header("content-type"), "application/captive+json");
    get(&house, "127.0.0.7", &root, "/akun", "").await.says("Kata sandi");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_http_leads_to_https_and_has_no_api() {
    let (folder, root) = certificate("plain");
    let house = house(&folder);
    let device = house.device(7);
    let https = |path: &str| format!("https://{NAME}{path}");
    assert_eq!(device.get_from("captive.apple.com", "/hotspot-detect.html", "").await.leads(), https("/"));
    assert_eq!(device.get_from(NAME, "/v/ABCDE23456?lang=en", "").await.leads(), https("/v/ABCDE23456?lang=en"));
    assert_eq!(device.get_from(NAME, "/capport/v1", "").await.leads(), https("/capport/v1"));
    assert_eq!(device.get("/status").await.leads(), https("/status"));
    assert_eq!(device.get_from(NAME, "//evil.example/", "").await.leads(), https("/"));
    let foreign = tls(&house, "127.0.0.7", &root, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").await.unwrap();
    assert_eq!(foreign.leads(), https("/"));

    let house = open(Plan::default());
    let reply = house.device(7).get_from("127.0.0.1", "/capport/v1", "Accept: application/captive+json\r\n").await;
    assert_eq!(reply.leads(), "/");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_is_taken_up_and_a_broken_one_is_not() {
    let (folder, old) = certificate("reload");
    let certificate = Certificate::load(folder.join("chain.pem"), folder.join("key.pem")).unwrap();
    let limits = Limits { certificate_check: Duration::from_millis(20), ..Limits::default() };
    let house = open(Plan { certificate: Some(Arc::clone(&certificate)), limits, ..Plan::default() });
    assert!(!certificate.reload().unwrap());
    get(&house, "127.0.0.7", &old, "/", "").await;
    std::fs::write(folder.join("chain.pem"), "-----BEGIN CERTIFICATE-----\nbroken").unwrap();
    assert!(certificate.reload().is_err());
    get(&house, "127.0.0.7", &old, "/", "").await;
    let new = write(&folder);
    let ask = format!("GET /favicon.ico HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n");
    let mut tries = 0;
    while tls(&house, "127.0.0.7", &new, &ask).await.is_err() {
        tries += 1;
        assert!(tries < 250, "the new certificate was not taken up within five seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let error = Certificate::load(folder.join("missing.pem"), folder.join("key.pem")).unwrap_err();
    assert!(error.to_string().contains("missing.pem"));
    let error = Certificate::load(folder.join("key.pem"), folder.join("key.pem")).unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}
