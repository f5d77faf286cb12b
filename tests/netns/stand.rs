//! A site to break: the lab with a gateway, and what the tests ask of it.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use gapura_lab::addr::port;
use gapura_lab::clock::{Stopwatch, wait_for};
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::traffic::{Knock, knock, knock_udp};
use gapura_lab::visit::{Family, Page};
use gapura_lab::{Lab, LabError, LabSpec, Room, Visitor};
use serde_json::Value;

/// For what should happen at once, on a machine that may be busy.
pub(crate) const SOON: Duration = Duration::from_secs(15);
/// Any page of the Internet, by name.
pub(crate) const ANY: &str = "http://halaman.contoh.example/";
/// Both upstream addresses.
pub(crate) const BOTH: [IpAddr; 2] = [gapura_lab::addr::SERVER4, gapura_lab::addr::SERVER6];

/// The program under test.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_gapura"))
}

/// What Linux 6.1 lacks: persisting owned tables (6.9) and so owned tables, timeouts changed in place (6.12), deleting what
/// may be gone (6.3); and what small kernels are built without.
pub(crate) const LACKING: [&str; 5] = ["owner", "persist", "timeout-update", "destroy", "fq-codel"];

/// A lab of its own for a test.
pub(crate) fn lab(name: &str, visitors: u16, change: impl FnOnce(&mut LabSpec)) -> Lab {
    let name = format!("{name}-{}", std::process::id()).parse().expect("a test's name");
    let mut spec = LabSpec::new(name, visitors);
    change(&mut spec);
    let room = Room::enter().expect("these tests run as root, or inside a user namespace");
    Lab::up(room, spec).unwrap_or_else(|error| panic!("the lab: {error}"))
}

/// A gateway that runs alone, with `visitors` visitors that have an address in both families.
pub(crate) fn site(name: &str, visitors: u16, wish: SiteWish) -> Site {
    start(lab(name, visitors, |_| {}), wish)
}

/// The same in a lab that stands already.
pub(crate) fn start(lab: Lab, wish: SiteWish) -> Site {
    // No controller tells the time here, and this machine's clock need not be synchronised.
    let gateway_lines = format!("trust_clock = true\n{}", wish.gateway_lines);
    let mut gateway_arguments = wish.gateway_arguments;
    gateway_arguments.extend(hidden());
    let wish = SiteWish { alone: true, gateway_lines, gateway_arguments, ..wish };
    let mut site = Site::start(lab, program(), &wish).unwrap_or_else(|error| panic!("the site: {error}"));
    for number in 1..=site.lab().spec().all_visitors() {
        join(&mut site, number);
    }
    site
}

/// `make netns-older`: the same tests on what an older kernel has.
fn hidden() -> Vec<String> {
    if std::env::var_os("GAPURA_OLDER_KERNEL").is_none() {
        return Vec::new();
    }
    LACKING.iter().flat_map(|name| ["--without".to_owned(), (*name).to_owned()]).collect()
}

/// A visitor comes onto the network, with addresses in both families where the upstream has IPv6.
pub(crate) fn join(site: &mut Site, number: u16) {
    let log_file = site.gateway_dir().join("gateway.log");
    let visitor = site.lab_mut().visitor_mut(number).unwrap();
    visitor.join(SOON).unwrap_or_else(|error| {
        panic!("visitor {number}: {error}\n{}", fs::read_to_string(log_file.clone()).unwrap_or_default())
    });
    if site.lab().spec().ipv6 != gapura_lab::Ipv6Mode::Absent {
        visitor_of(site, number).ipv6(SOON).unwrap_or_else(|error| panic!("visitor {number}: {error}\n{}", log(site)));
    }
}

/// Visitor `number`.
pub(crate) fn visitor_of(site: &Site, number: u16) -> &Visitor {
    site.lab().visitor(number).unwrap()
}

/// Staff let a visitor in by `gapura ctl admit`.
pub(crate) fn admit(site: &Site, number: u16, more: &[&str]) -> Value {
    let mac = visitor_of(site, number).mac().to_string();
    let mut words = vec!["admit", "--mac", &mac, "--reason", "uji"];
    words.extend(more);
    let answer = site.ctl(&words).unwrap_or_else(|error| panic!("admit visitor {number}: {error}\n{}", log(site)));
    expect_online(site, number);
    answer
}

/// The visitor types a voucher's code on the portal; the page that comes.
pub(crate) fn redeem(site: &Site, number: u16, code: &str) -> Page {
    let visitor = visitor_of(site, number);
    let welcome = visitor.open(ANY, Family::V4).unwrap();
    let page = visitor.open(&welcome.resolve("/voucer"), Family::V4).unwrap();
    submit(visitor, &page, "/voucer", &[("kode", code)])
}

/// The visitor taps once; the page that comes.
pub(crate) fn one_tap(site: &Site, number: u16) -> Page {
    let visitor = visitor_of(site, number);
    let page = visitor.open(ANY, Family::V4).unwrap();
    submit(visitor, &page, "/masuk", &[])
}

/// Sends the form of `page` whose action ends with `action`.
pub(crate) fn submit(visitor: &Visitor, page: &Page, action: &str, filled: &[(&str, &str)]) -> Page {
    let forms = page.forms();
    let form = forms.iter().find(|form| form.action.split('?').next().unwrap_or_default().ends_with(action));
    let form = form.unwrap_or_else(|| panic!("no form {action} on {}:\n{}", page.url, page.reply.text()));
    visitor.submit(page, form, filled, Family::V4).unwrap()
}

/// A voucher of `plan`, as it stands on paper.
pub(crate) fn code(site: &Site, plan: &str, number: usize) -> String {
    site.code(plan, number).unwrap().grouped()
}

/// How upstream's 443 answers a visitor over TCP.
pub(crate) fn tcp(site: &Site, number: u16, family: Family) -> Knock {
    let to = SocketAddr::new(family.server(), port::HTTPS);
    visitor_of(site, number).ns().run(|| Ok(knock(to, Duration::from_secs(2)).0)).unwrap()
}

/// How upstream's echo answers a visitor over UDP.
pub(crate) fn udp(site: &Site, number: u16, family: Family) -> Knock {
    let to = SocketAddr::new(family.server(), port::ECHO);
    visitor_of(site, number).ns().run(|| knock_udp(to, Duration::from_secs(2)).map(|(seen, _)| seen)).unwrap()
}

/// Waits until a visitor reaches upstream over both families.
pub(crate) fn expect_online(site: &Site, number: u16) {
    for family in families(site) {
        wait(&format!("visitor {number} online over {family}\n{}", log(site)), SOON, || {
            (tcp(site, number, family) == Knock::Open).then_some(())
        });
    }
}

/// Holds that a visitor reaches nothing, and is told so at once. A knock without any answer is made again: a busy machine loses one, and
/// the kernel tells a device only so much in a second.
pub(crate) fn expect_refused(site: &Site, number: u16) {
    let told = |knock: &dyn Fn() -> Knock| {
        let mut knocks = std::iter::repeat_with(knock).take(6);
        knocks.find(|seen| *seen != Knock::Silent).unwrap_or(Knock::Silent)
    };
    for family in families(site) {
        let seen = (told(&|| tcp(site, number, family)), told(&|| udp(site, number, family)));
        assert_eq!(seen.0, Knock::Refused, "visitor {number}, TCP over {family}");
        assert!(matches!(seen.1, Knock::Refused | Knock::Unreachable), "visitor {number}, UDP over {family}: {seen:?}");
    }
}

/// The families the site's upstream has.
pub(crate) fn families(site: &Site) -> impl Iterator<Item = Family> + use<> {
    let six = site.lab().spec().ipv6 != gapura_lab::Ipv6Mode::Absent;
    Family::BOTH.into_iter().filter(move |family| six || *family == Family::V4)
}

/// `gapura ctl status`.
pub(crate) fn status(site: &Site) -> Value {
    site.ctl(&["status"]).unwrap_or_else(|error| panic!("ctl status: {error}\n{}", log(site)))
}

/// The running visit of a visitor, as `gapura ctl sessions` has it, its counters read now.
pub(crate) fn session(site: &Site, number: u16) -> Option<Value> {
    let all = site.ctl(&["sessions"]).unwrap_or_else(|error| panic!("ctl sessions: {error}\n{}", log(site)));
    let mac = visitor_of(site, number).mac().to_string();
    all.as_array().unwrap().iter().find(|one| one["mac"] == mac.as_str()).cloned()
}

/// Bytes up and down of a running visit.
pub(crate) fn usage(site: &Site, number: u16) -> (u64, u64) {
    let session = session(site, number).unwrap_or_else(|| panic!("visitor {number} has no visit\n{}", log(site)));
    (session["up"].as_u64().unwrap(), session["down"].as_u64().unwrap())
}

/// Everything the gateway wrote to its log.
pub(crate) fn log(site: &Site) -> String {
    fs::read_to_string(site.gateway_dir().join("gateway.log")).unwrap_or_default()
}

/// Waits for `look` to bring something.
pub(crate) fn wait<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    wait_for(what, limit, || Ok::<_, LabError>(look())).unwrap_or_else(|error| panic!("{error}"))
}

/// Lets time pass that a test is about.
pub(crate) fn let_pass(time: Duration) {
    let watch = Stopwatch::start();
    wait("time to pass", time + SOON, || (watch.elapsed() >= time).then_some(()));
}

/// What the controller is still to be told, oldest first.
pub(crate) fn outbox(site: &Site) -> Vec<Value> {
    let database = open_ledger(site);
    let mut query = database.prepare("SELECT body FROM outbox ORDER BY seq").unwrap();
    let bodies = query.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    bodies.map(|body| serde_json::from_slice(&body.unwrap()).unwrap()).collect()
}

/// The audit trail's actions, oldest first.
pub(crate) fn audit(site: &Site) -> Vec<String> {
    let database = open_ledger(site);
    let mut query = database.prepare("SELECT action FROM audit ORDER BY id").unwrap();
    let actions = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    actions.map(Result::unwrap).collect()
}

/// The ledger, read beside the running daemon.
fn open_ledger(site: &Site) -> rusqlite::Connection {
    let path = site.gateway_dir().join("data").join("ledger.sqlite");
    let database = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    database.busy_timeout(SOON).unwrap();
    database
}
