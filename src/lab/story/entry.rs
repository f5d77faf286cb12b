//! The portal page, the ways in, and what a visitor has after login.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Measured, Scene, hold, ms};
use crate::addr::port;
use crate::clock::{Stopwatch, wait_for};
use crate::http::Request;
use crate::probe::{PROBES, Seen};
use crate::traffic::{Knock, download, knock, knock_udp};
use crate::upstream::UPSTREAM_PAGE;
use crate::visit::{Family, PATIENCE, PHONE, Page};
use crate::{LabError, Visitor, counters};

/// Any page of the Internet.
const ANY: &str = "http://halaman.contoh.example/";
/// The budget of the first page, compressed (issue section 2.4).
const BUDGET: usize = 14 * 1024;
/// After the form is sent, both families work within this time on the slowest machine; what it took is told.
const SOON: Duration = Duration::from_secs(10);

/// 2.4: what a phone gets for any address.
pub(super) fn page(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    let visitor = scene.site.lab().visitor(1)?;
    let page = visitor.open(ANY, Family::V4)?;
    let text = page.reply.text();
    hold(page.reply.status == 200, || format!("the portal answered {}", page.reply.status))?;
    for forbidden in ["<script", "src=\"http", "<link", "@import", "url(http"] {
        hold(!text.contains(forbidden), || format!("the page holds `{forbidden}`"))?;
    }
    hold(page.reply.header("set-cookie").is_none(), || "the page sets a cookie".into())?;
    let (host, port, path) =
        crate::http::split_url(&page.url).ok_or_else(|| LabError::answer("portal", page.url.clone()))?;
    let to = visitor.resolve(&host, port, Family::V4)?;
    let request = Request::get(&host, &path, PHONE).with("Accept-Encoding", "gzip");
    let reply = visitor.request(to, &request)?;
    let size = if reply.header("content-encoding").is_some() { reply.body.len() } else { gzipped(&reply.body)? };
    hold(size <= BUDGET, || format!("the page has {size} bytes compressed"))?;
    let six = visitor.open(ANY, Family::V6)?;
    hold(six.reply.status == 200, || format!("over IPv6 the portal answered {}", six.reply.status))?;
    told.say(format!("{size} bytes compressed in {}, no script, no cookie, no third host; IPv6 alike", ms(reply.took)));
    told.figure("portal_bytes", size as f64).figure("portal_ms", reply.took.as_secs_f64() * 1e3);
    Ok(told)
}

/// 2.5: one tap.
pub(super) fn one_tap(scene: &mut Scene) -> Result<Measured, LabError> {
    let visitor = scene.site.lab().visitor(1)?;
    let page = visitor.open(ANY, Family::V4)?;
    let watch = Stopwatch::start();
    let result = submit(visitor, &page, "/masuk", &[])?;
    enter(visitor, &result, watch)
}

/// 2.5: a voucher, typed as people do.
pub(super) fn voucher(scene: &mut Scene) -> Result<Measured, LabError> {
    let lab = scene.site.lab();
    let visitor = lab.visitor(2)?;
    let wrong = redeem(visitor, "ZZZZZ ZZZZZ")?;
    hold(!is_online(visitor, Family::V4), || "a code that does not exist let a visitor in".into())?;
    hold(wrong.forms().iter().any(|form| form.has("kode")), || "after a wrong code the form is gone".into())?;
    let page = code_page(visitor)?;
    // Counted from here: the portal's redirects came in upstream's name and are no use of the Internet.
    let before = (counters::read(visitor.ns())?, counters::read(lab.internet())?);
    let watch = Stopwatch::start();
    let result = submit(visitor, &page, "/voucer", &[("kode", &code(scene, "kuota", 0)?)])?;
    let mut told = enter(visitor, &result, watch)?;
    told.say("a code that does not exist is refused");
    scene.before_quota = Some(before);
    Ok(told)
}

/// 2.6: everything passes, untouched, over both families.
pub(super) fn after_login(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    let visitor = scene.site.lab().visitor(1)?;
    let mac = visitor.mac();
    scene.forget_session(mac)?;
    for probe in PROBES {
        for family in Family::BOTH {
            let seen = probe.takes(&visitor.probe(probe, family)?);
            hold(seen == Seen::Online, || format!("{} over {family} takes it for {seen:?}", probe.system))?;
        }
    }
    for family in Family::BOTH {
        let to = SocketAddr::new(family.server(), port::HTTPS);
        let (tcp, _) = visitor.ns().run(|| Ok(knock(to, PATIENCE)))?;
        let (udp, _) = visitor.ns().run(|| knock_udp(to, PATIENCE))?;
        hold((tcp, udp) == (Knock::Open, Knock::Open), || format!("443 over {family}: TCP {tcp:?}, UDP {udp:?}"))?;
        let got = visitor.ns().run(|| download(family.server(), 1 << 20, Duration::from_secs(10)))?;
        hold(got.bytes == 1 << 20, || format!("a download of 1 MiB over {family} brought {} bytes", got.bytes))?;
        told.say(format!("{family} {:.0} Mbit/s", got.bits_per_second() / 1e6));
    }
    told.say(format!("all {} probes see the Internet, TCP and UDP 443 pass", PROBES.len()));
    Ok(told)
}

/// Code `number` of a plan, as people type it.
pub(super) fn code(scene: &Scene, plan: &str, number: usize) -> Result<String, LabError> {
    Ok(scene.site.code(plan, number)?.grouped().to_lowercase().replace(' ', " - "))
}

/// The portal's page for voucher codes.
pub(super) fn code_page(visitor: &Visitor) -> Result<Page, LabError> {
    let welcome = visitor.open(ANY, Family::V4)?;
    visitor.open(&welcome.resolve("/voucer"), Family::V4)
}

/// Types a voucher code on the portal.
pub(super) fn redeem(visitor: &Visitor, code: &str) -> Result<Page, LabError> {
    submit(visitor, &code_page(visitor)?, "/voucer", &[("kode", code)])
}

/// Sends the form whose action ends with `action`.
pub(super) fn submit(visitor: &Visitor, page: &Page, action: &str, filled: &[(&str, &str)]) -> Result<Page, LabError> {
    let forms = page.forms();
    let form = forms.iter().find(|form| form.action.split('?').next().unwrap_or_default().ends_with(action));
    let form = form.ok_or_else(|| {
        LabError::answer(format!("find the form {action}"), format!("not on {}: {:.300}", page.url, page.reply.text()))
    })?;
    visitor.submit(page, form, filled, Family::V4)
}

/// Whether the Internet answers, and not a portal in its place.
pub(super) fn is_online(visitor: &Visitor, family: Family) -> bool {
    visitor.open(ANY, family).is_ok_and(|page| page.reply.text().contains(UPSTREAM_PAGE))
}

/// The result page came, and the Internet works over both families soon after.
fn enter(visitor: &Visitor, result: &Page, since: Stopwatch) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    let form = since.elapsed();
    hold(result.reply.status == 200, || format!("the result page answered {}", result.reply.status))?;
    hold(result.forms().iter().any(|form| form.action.contains("/keluar")), || {
        format!("{} offers no log-out: {:.300}", result.url, result.reply.text())
    })?;
    wait_for("the Internet after login", SOON, || Ok(is_online(visitor, Family::V4).then_some(())))?;
    let first = since.elapsed();
    wait_for("the Internet over IPv6 after login", SOON, || Ok(is_online(visitor, Family::V6).then_some(())))?;
    told.say(format!("result page after {}, first byte from the Internet after {}", ms(form), ms(first)));
    told.figure("form_ms", form.as_secs_f64() * 1e3).figure("online_ms", first.as_secs_f64() * 1e3);
    Ok(told)
}

/// Size after `gzip -9`, for a portal that sends its page plain.
fn gzipped(body: &[u8]) -> Result<usize, LabError> {
    let failed = || LabError::io("compress the page with gzip");
    let mut child = Command::new("gzip")
        .args(["-9", "-c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed())?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(body).map_err(failed())?;
    }
    Ok(child.wait_with_output().map_err(failed())?.stdout.len())
}
