//! A site for people with browsers, and what its visitors do there.

use std::fs;
use std::time::Duration;

use gapura_lab::Visitor;
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::upstream::UPSTREAM_PAGE;
use gapura_lab::visit::CARD;
use gapura_model::{BitRate, ByteCount};
use gapura_session::{ByteLimit, Extend, Speed};
use gapura_wire::{Bundle, Terms, Text};

use crate::chromium::Browser;
use crate::stand::{SOON, lab, log, wait};

/// The page the visitors wanted.
pub(crate) const WANTED: &str = "http://halaman.contoh.example/berita?hari=ini";
/// Its host.
pub(crate) const WANTED_HOST: &str = "halaman.contoh.example";

/// A site that runs alone, nobody on its network yet.
pub(crate) fn site(name: &str, visitors: u16, wish: SiteWish) -> Site {
    let gateway_lines = format!("trust_clock = true\n{}", wish.gateway_lines);
    let change = wish.change.or(Some(furnish));
    let wish = SiteWish { alone: true, gateway_lines, change, ..wish };
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_gapura"));
    Site::start(lab(name, visitors, |_| {}), program, &wish).unwrap_or_else(|error| panic!("the site: {error}"))
}

/// A site as departments furnish theirs: a telephone, terms, a free plan with time, bytes and speed.
pub(crate) fn furnish(bundle: &mut Bundle) {
    bundle.site.name = "Galeri Internet Sinjai Utara".into();
    bundle.site.agency = "Diskominfo Kabupaten Sinjai".into();
    bundle.site.contact = "(0482) 555 0112".into();
    let text = Text {
        id: "Gunakan Internet publik dengan tertib. Jangan mengganggu orang lain.".into(),
        en: "Use the public Internet with care. Do not disturb others.".into(),
    };
    bundle.terms = Some(Terms::new("2026-1".into(), jiff::civil::date(2026, 1, 1), text));
    let plan = bundle.plans.iter_mut().find(|plan| plan.id.as_str() == "umum").unwrap();
    plan.visit.bytes = ByteLimit::Total(ByteCount::new(500_000_000));
    plan.speed = Speed { up: BitRate::new(2_000_000), down: BitRate::new(4_000_000) };
    plan.extend = Some(Extend { time: Duration::from_mins(30), bytes: ByteCount::new(100_000_000), times: 1 });
}

/// What a visitor's network card speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// IPv4 only, as old devices do.
    V4,
    /// IPv6 only: no DHCP, the resolver from the router advertisement.
    V6,
    /// Both, as most do.
    Both,
}

/// A visitor comes onto the network.
pub(crate) fn arrive(site: &mut Site, number: u16, speaks: Speaks) {
    let words = log(site);
    let visitor = site.lab_mut().visitor_mut(number).unwrap();
    if speaks == Speaks::V4 {
        visitor.ns().sysctl(&format!("net.ipv6.conf.{CARD}.disable_ipv6"), "1").unwrap();
    }
    if speaks == Speaks::V6 {
        visitor.ns().ip_batch(&format!("link set {CARD} up")).unwrap();
    } else {
        visitor.join(SOON).unwrap_or_else(|error| panic!("visitor {number}: {error}\n{words}"));
    }
    if speaks != Speaks::V4 {
        visitor.ipv6(SOON).unwrap_or_else(|error| panic!("visitor {number}: {error}\n{words}"));
    }
    if speaks == Speaks::V6 {
        let resolvers = visitor.advertisement(SOON).unwrap().resolvers;
        assert!(!resolvers.is_empty(), "a visitor without IPv4 needs a resolver from the router advertisement");
        let lines: Vec<String> = resolvers.iter().map(|address| format!("nameserver {address}\n")).collect();
        fs::write(visitor.dir().join("resolv.conf"), lines.concat()).unwrap();
    }
}

/// Visitor `number`.
pub(crate) fn at(site: &Site, number: u16) -> &Visitor {
    site.lab().visitor(number).unwrap()
}

/// The visitor wants a page of the Internet and gets the portal in its place; where the portal is (`http://10.60.0.1:8080`).
pub(crate) fn meet_the_portal(browser: &Browser) -> String {
    browser.open(WANTED);
    let url = browser.url();
    assert!(!url.contains(WANTED_HOST), "no portal but {url}: {}", browser.words());
    let (scheme, rest) = url.split_once("://").unwrap();
    format!("{scheme}://{}", rest.split('/').next().unwrap())
}

/// The page the visitor wanted comes from the Internet itself.
pub(crate) fn expect_the_wanted_page(browser: &Browser, site: &Site) {
    wait(&format!("the wanted page\n{}", log(site)), SOON, || {
        browser.open(WANTED);
        browser.words().contains(UPSTREAM_PAGE).then_some(())
    });
    assert!(browser.words().contains("/berita?hari=ini"), "{}", browser.words());
    assert!(browser.url().contains(WANTED_HOST), "{}", browser.url());
}

/// Since the browser was last asked it spoke to the portal and to the host of the wanted page, and to nobody else.
pub(crate) fn expect_no_third_party(browser: &Browser, portal: &str) {
    let own = portal.split_once("://").unwrap().1;
    let hosts = browser.hosts();
    assert!(hosts.iter().any(|host| host == own), "the log is empty: {hosts:?}");
    assert!(hosts.iter().all(|host| host == own || host == WANTED_HOST), "{hosts:?}");
}
