//! A portal with a certificate: HTTPS, and what systems are told of it by DHCP, by the router and by the API.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gapura_lab::addr::LAN;
use gapura_lab::child::output_of;
use gapura_lab::clock::Stopwatch;
use gapura_lab::config::{QUOTA, SiteWish};
use gapura_lab::daemon::Site;
use gapura_lab::http::{Request, forms};
use gapura_lab::probe::PROBES;
use gapura_lab::traffic::{Knock, download, knock};
use gapura_lab::visit::{Family, PHONE};
use gapura_lab::{DhcpClient, LabError};
use gapura_model::ByteCount;
use gapura_session::Extend;
use gapura_wire::Bundle;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::Value;

use crate::stand::{SOON, code, expect_online, expect_refused, lab, log, session, site, start, visitor_of, wait};

/// The portal's name, which only our own resolver knows.
const NAME: &str = "masuk.sinjai.example";
/// Where DHCP and router advertisements send a phone (RFC 8910).
const API: &str = "https://masuk.sinjai.example/capport/v1";
const HOUR: u64 = 3_600;

/// The plan `kuota` also has an hour, and one more for the asking.
fn an_hour(bundle: &mut Bundle) {
    for plan in bundle.plans.iter_mut().filter(|plan| plan.id.as_str() == "kuota") {
        plan.visit.time = Some(Duration::from_secs(HOUR));
        plan.extend = Some(Extend { time: Duration::from_secs(HOUR), bytes: ByteCount::ZERO, times: 1 });
    }
}

#[test]
fn with_a_certificate_systems_are_told_and_the_portal_is_https() {
    let clients = [DhcpClient::Udhcpc, DhcpClient::Dhclient, DhcpClient::Dhcpcd];
    let lab = lab("tls", 3, |spec| spec.clients = clients.into());
    let files = Files::in_dir(lab.dir());
    let (first, second) = (Authority::new(&files.dir, "pertama"), Authority::new(&files.dir, "kedua"));
    first.certify(&files);
    let gateway_sections = format!(
        "[portal]\nname = \"{NAME}\"\ncertificate = \"{}\"\nkey = \"{}\"\n",
        files.chain.display(),
        files.key.display()
    );
    let mut site = start(lab, SiteWish { gateway_sections, change: Some(an_hour), ..SiteWish::default() });

    // Told by DHCP (option 114), whatever the client, and by the router (type 37).
    for (number, client) in (1..=3).zip(clients) {
        let visitor = visitor_of(&site, number);
        assert_eq!(visitor.lease().unwrap().portal.as_deref(), Some(API), "{client:?}");
        let told = visitor.advertisement(SOON).unwrap_or_else(|error| panic!("{error}\n{}", log(&site)));
        assert_eq!(told.portal.as_deref(), Some(API), "{told:?}");
    }
    let phone = Phone { site: &site, number: 1, trusts: &first.file };
    redirected_to_https(&phone);
    captive_until_login_and_after_logout(&phone);

    // Another certificate is served while the daemon runs on; one that cannot be used is not.
    let pid = site.gateway_mut().id();
    let fresh = Phone { site: &site, number: 1, trusts: &second.file };
    assert!(fresh.get(API, Family::V4).is_err(), "nobody knows the second authority yet");
    second.certify(&files);
    wait(&format!("the new certificate\n{}", log(&site)), SOON, || fresh.get(API, Family::V4).ok());
    assert!(Phone { site: &site, number: 1, trusts: &first.file }.get(API, Family::V6).is_err());
    let kept = |site: &Site| log(site).matches("the portal keeps its old certificate").count();
    let before = kept(&site);
    fs::write(&files.chain, "-----BEGIN CERTIFICATE-----\n").unwrap();
    wait(&format!("a word about the broken file\n{}", log(&site)), SOON, || (kept(&site) > before).then_some(()));
    for family in Family::BOTH {
        assert_eq!(fresh.get(API, family).unwrap().0, 200, "over {family}");
    }
    assert_eq!(site.gateway_mut().id(), pid);

    // A router that starts with such a file serves the site without HTTPS, and says so.
    site.gateway_mut().kill();
    site.restart_gateway().unwrap();
    assert!(log(&site).contains("serving without HTTPS"), "{}", log(&site));
    let by_address = Request::get("10.60.0.1", "/", PHONE);
    let reply = visitor_of(&site, 2).request((LAN.0, 80).into(), &by_address).unwrap();
    assert!(reply.status == 200 && reply.text().contains("Setuju dan sambungkan"), "{}", reply.text());
    let https = (LAN.0, 443).into();
    assert_eq!(visitor_of(&site, 2).ns().run(|| Ok(knock(https, SOON).0)).unwrap(), Knock::Refused);
}

#[test]
fn without_a_certificate_nobody_is_told_of_an_api() {
    let site = site("plain", 1, SiteWish::default());
    let visitor = visitor_of(&site, 1);
    assert_eq!(visitor.lease().unwrap().portal, None);
    let told = visitor.advertisement(SOON).unwrap();
    assert!(told.portal.is_none() && told.lifetime > 0, "{told:?}");
    let https = (LAN.0, 443).into();
    assert_eq!(visitor.ns().run(|| Ok(knock(https, Duration::from_secs(2)).0)).unwrap(), Knock::Refused);
    // Whoever asks the API over plain HTTP is led to the portal, not told anything.
    let reply = visitor.request((LAN.0, 80).into(), &Request::get("10.60.0.1", "/capport/v1", PHONE)).unwrap();
    assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
}

/// Every system's probe, and the API itself over plain HTTP, lead to the portal's name over HTTPS.
fn redirected_to_https(phone: &Phone<'_>) {
    let visitor = visitor_of(phone.site, phone.number);
    for (probe, family) in PROBES.iter().flat_map(|probe| Family::BOTH.map(|family| (probe, family))) {
        let reply = visitor.probe(probe, family).unwrap();
        let to = reply.header("location").map(str::to_owned);
        assert_eq!((reply.status, to.as_deref()), (303, Some("https://masuk.sinjai.example/")), "{}", probe.system);
    }
    for family in Family::BOTH {
        let page = phone.get(&format!("https://{NAME}/"), family).unwrap_or_else(|error| panic!("{error}"));
        assert!(page.0 == 200 && page.1.contains("Setuju dan sambungkan"), "{page:?}");
    }
    // A paper voucher's QR code that was printed before there was a certificate: the way goes on to the same page.
    let link = "/v/0123456789abcdefghjkmnpqrs";
    let reply = visitor.request((LAN.0, 80).into(), &Request::get(NAME, link, PHONE)).unwrap();
    assert_eq!((reply.status, reply.header("location")), (303, Some(format!("https://{NAME}{link}").as_str())));
    let page = phone.get(&format!("https://{NAME}{link}"), Family::V4).unwrap();
    assert!(page.0 == 200 && page.1.contains("Pakai voucer ini?"), "{page:?}");
    let stranger = Phone { trusts: Path::new("/dev/null"), ..*phone };
    assert!(stranger.get(API, Family::V4).is_err(), "a phone that does not know the authority");
}

fn captive_until_login_and_after_logout(phone: &Phone<'_>) {
    let site = phone.site;
    expect_captive(phone);
    // In, by a voucher typed on the HTTPS page.
    let clock = Stopwatch::start();
    let page = phone.submit("/voucer", "/voucer", &[("kode", &code(site, "kuota", 0))]);
    assert!(page.contains("Anda tersambung"), "{page}");
    let told = phone.api(Family::V6);
    assert_eq!((&told["captive"], &told["can-extend-session"]), (&Value::from(false), &Value::from(true)), "{told}");
    assert_eq!(told["venue-info-url"], format!("https://{NAME}/status"));
    let seconds = told["seconds-remaining"].as_u64().unwrap();
    assert!(seconds <= HOUR && seconds + clock.elapsed().as_secs() + 2 >= HOUR, "{told}");
    assert_eq!(told["bytes-remaining"], QUOTA);
    expect_online(site, phone.number);
    let used = QUOTA / 4;
    let got = visitor_of(site, phone.number).ns().run(|| download(Family::V6.server(), used, SOON)).unwrap();
    assert_eq!(got.bytes, used);
    wait("the bytes in the API", SOON, || {
        phone.api(Family::V4)["bytes-remaining"].as_u64().filter(|left| *left < QUOTA - used)
    });
    // Extended once, and no more.
    phone.submit("/status", "/perpanjang", &[]);
    let told = phone.api(Family::V4);
    let seconds = told["seconds-remaining"].as_u64().unwrap();
    assert!(seconds > HOUR && seconds <= 2 * HOUR, "{told}");
    assert_eq!(told["can-extend-session"], false);
    // Out: the same transaction.
    let page = phone.submit("/status", "/keluar", &[]);
    expect_captive(phone);
    assert!(session(site, phone.number).is_none() && page.contains("Anda sudah keluar"), "{page}");
    expect_refused(site, phone.number);
}

fn expect_captive(phone: &Phone<'_>) {
    for family in Family::BOTH {
        let told = phone.api(family);
        assert_eq!(told["captive"], true, "{told}");
        assert_eq!(told["user-portal-url"], format!("https://{NAME}/"));
        for absent in ["seconds-remaining", "bytes-remaining", "can-extend-session"] {
            assert!(told.get(absent).is_none(), "{told}");
        }
    }
}

/// A visitor's phone with a TLS client of its own (curl), which asks our resolver for the portal's name.
#[derive(Clone, Copy)]
struct Phone<'a> {
    site: &'a Site,
    number: u16,
    trusts: &'a Path,
}

impl Phone<'_> {
    fn ask(&self, words: &[&str], family: Family) -> Result<(u16, String), LabError> {
        let mut command = visitor_of(self.site, self.number).ns().command("curl");
        command.args(["-sS", "--max-time", "10", "--noproxy", "*", "--cacert"]).arg(self.trusts);
        command.arg(if family == Family::V4 { "-4" } else { "-6" }).args(words).args(["-w", "\n%{http_code}"]);
        let answer = output_of(command, None)?;
        let (body, status) = answer.rsplit_once('\n').expect("curl's own last line");
        Ok((status.parse().expect("a status"), body.to_owned()))
    }

    fn get(&self, url: &str, family: Family) -> Result<(u16, String), LabError> {
        self.ask(&[url], family)
    }

    /// The RFC 8908 document.
    fn api(&self, family: Family) -> Value {
        let words = ["-H", "Accept: application/captive+json", API];
        let (status, text) = self.ask(&words, family).unwrap_or_else(|error| panic!("{error}\n{}", log(self.site)));
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Fills in the form on `page` that goes to `action`, and follows to the page that comes.
    fn submit(&self, page: &str, action: &str, filled: &[(&str, &str)]) -> String {
        let (_, text) = self.get(&format!("https://{NAME}{page}"), Family::V4).unwrap();
        let all = forms(&text);
        let form = all.iter().find(|form| form.action.ends_with(action));
        let body = form.unwrap_or_else(|| panic!("no form {action}:\n{text}")).filled(filled);
        let url = format!("https://{NAME}{action}");
        self.ask(&["--location", "--data", &body, &url], Family::V4).unwrap().1
    }
}

/// Certificate and key, as the gateway's file names them.
struct Files {
    dir: PathBuf,
    chain: PathBuf,
    key: PathBuf,
}

impl Files {
    fn in_dir(lab: &Path) -> Self {
        let dir = lab.join("tls");
        fs::create_dir(&dir).unwrap();
        Self { chain: dir.join("portal.pem"), key: dir.join("portal.key"), dir }
    }
}

/// A certificate authority of the test's own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(dir: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let file = dir.join(format!("{name}.pem"));
        fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), file }
    }

    /// Makes a certificate for the portal's name in place of the one that is there.
    fn certify(&self, files: &Files) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![NAME.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        fs::write(&files.chain, certificate.pem()).unwrap();
    }
}
