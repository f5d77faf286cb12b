//! Quota, speed, ending, blocked devices, repair, usage, closing.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::entry::{code, code_page, is_online, redeem, submit};
use super::{Measured, Sabotage, Scene, hold, ms};
use crate::addr::{SERVER4, SERVER6};
use crate::child::output_of;
use crate::clock::{Stopwatch, wait_for};
use crate::traffic::{Knock, download, knock, numbered_stream, outsider};
use crate::visit::Family;
use crate::{LabError, addr, config, counters};

/// A quota may be cut this many bytes early (issue section 5).
const EARLY: u64 = 65_536;
/// Access ends within this time of the decision.
const END: Duration = Duration::from_millis(100);
/// How long an outsider tries before and after the ruleset is flushed.
const AROUND: Duration = Duration::from_millis(400);
/// A flushed ruleset is repaired within this time on the slowest machine; what it took is told.
const REPAIR: Duration = Duration::from_secs(10);

/// 2.7: the kernel cuts a quota exactly, over both families together, counted at the receivers.
pub(super) fn quota(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    let lab = scene.site.lab();
    let (visitor_before, up_before) =
        scene.before_quota.ok_or_else(|| LabError::Wrong("nobody redeemed the quota voucher".into()))?;
    let visitor = lab.visitor(2)?;
    visitor.ns().run(|| download(SERVER6, config::QUOTA / 4, Duration::from_secs(5)))?;
    let rest = visitor.ns().run(|| download(SERVER4, config::QUOTA * 2, Duration::from_secs(5)))?;
    let down = counters::read(visitor.ns())?.since(visitor_before).received;
    let up = counters::read(lab.internet())?.since(up_before).received;
    let delivered = down + up;
    told.say(format!(
        "limit {}, delivered {delivered} (down {down}, up {up}), {} early, cut after {}",
        config::QUOTA,
        config::QUOTA.saturating_sub(delivered),
        ms(rest.took)
    ));
    told.figure("quota_bytes", config::QUOTA as f64).figure("delivered_bytes", delivered as f64);
    hold((config::QUOTA - EARLY..=config::QUOTA).contains(&delivered), || told.words.join(", "))?;
    hold(!is_online(visitor, Family::V6), || "IPv6 goes on after the quota".into())?;
    Ok(told)
}

/// 2.7, 2.8: a plan's speed, down.
pub(super) fn speed(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    let visitor = scene.site.lab().visitor(3)?;
    redeem(visitor, &code(scene, "pelan", 0)?)?;
    let got = visitor.ns().run(|| download(SERVER4, config::SLOW_DOWN / 8 * 2, Duration::from_secs(8)))?;
    let rate = got.bits_per_second();
    let limit = config::SLOW_DOWN as f64;
    told.say(format!("plan {:.1} Mbit/s, measured {:.2} Mbit/s", limit / 1e6, rate / 1e6));
    told.figure("speed_bits", rate);
    hold((limit * 0.75..=limit * 1.15).contains(&rate), || told.words.join(", "))?;
    Ok(told)
}

/// 2.10: log-out and kick end access within 100 ms, running connections included.
pub(super) fn ending(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    let visitor = scene.site.lab().visitor(3)?;
    let stream = numbered_stream(visitor.ns(), SERVER4)?;
    let mac = visitor.mac().to_string();
    scene.site.ctl(&["kick", "--mac", &mac, "--reason", "lab"])?;
    let watch = Stopwatch::start();
    std::thread::sleep(END);
    let before = counters::read(visitor.ns())?;
    std::thread::sleep(END);
    let after = counters::read(visitor.ns())?;
    let report = stream.stop()?;
    hold(after.received == before.received, || {
        format!("{} bytes came after the kick", after.received - before.received)
    })?;
    let (tcp, took) = visitor.ns().run(|| Ok(knock((SERVER4, addr::port::HTTPS).into(), Duration::from_secs(1))))?;
    hold(tcp == Knock::Refused, || format!("after the kick TCP 443 is {tcp:?}"))?;
    told.say(format!(
        "kicked: a running stream {} within {}, new connections refused in {}",
        report.broken.as_deref().unwrap_or("silent"),
        ms(watch.elapsed().min(END)),
        ms(took)
    ));
    let first = scene.site.lab().visitor(1)?;
    let page = first.open(&status_page(scene)?, Family::V4)?;
    submit(first, &page, "/keluar", &[])?;
    wait_for("the portal after log-out", Duration::from_secs(1), || Ok((!is_online(first, Family::V4)).then_some(())))?;
    told.say("log-out by the visitor ends it over both families");
    hold(!is_online(first, Family::V6), || "IPv6 goes on after log-out".into())?;
    Ok(told)
}

/// 2.11: a blocked device sees a page that says so, and has no way in.
pub(super) fn blocked(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    let visitor = scene.site.lab().visitor(4)?;
    let mac = visitor.mac().to_string();
    scene.site.ctl(&["block", "--mac", &mac, "--reason", "lab"])?;
    let page = visitor.open("http://halaman.contoh.example/", Family::V4)?;
    hold(page.forms().iter().all(|form| !form.action.contains("/masuk")), || {
        "a blocked device is offered one tap".into()
    })?;
    hold(!is_online(visitor, Family::V6), || "a blocked device is online".into())?;
    told.say(format!("its page answers {} and offers no way in", page.reply.status));
    scene.site.ctl(&["unblock", "--mac", &mac, "--reason", "lab"])?;
    Ok(told)
}

/// Section 4: the ruleset is flushed; nothing foreign passes, and it is repaired within 2 s.
pub(super) fn flush(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    let visitor = scene.site.lab().visitor(3)?;
    redeem(visitor, &code(scene, "umum", 0)?)?;
    hold(is_online(visitor, Family::V4), || "visitor 3 could not come back with another voucher".into())?;
    // (A second of trying, the flush in its middle.)
    let outside = outsider(scene.site.lab().visitor(5)?.ns(), vec![SERVER4, SERVER6])?;
    if scene.breaks(Sabotage::Flush) {
        scene.site.gateway_mut().send(Signal::STOP);
    }
    std::thread::sleep(AROUND);
    let mut command: Command = scene.site.lab().gw().command("nft");
    command.args(["flush", "ruleset"]);
    output_of(command, None)?;
    let watch = Stopwatch::start();
    let visitor = scene.site.lab().visitor(3)?;
    let repaired = wait_for("the repaired ruleset", REPAIR, || {
        let (seen, _) =
            visitor.ns().run(|| Ok(knock((SERVER4, addr::port::HTTPS).into(), Duration::from_millis(100))))?;
        Ok((seen == Knock::Open).then_some(()))
    });
    let took = watch.elapsed();
    std::thread::sleep(AROUND);
    let seen = outside.stop()?;
    if scene.breaks(Sabotage::Flush) {
        scene.site.gateway_mut().send(Signal::CONT);
    }
    repaired?;
    hold(seen.got_through == 0, || {
        format!("{} of {} of an outsider's tries went through", seen.got_through, seen.tried)
    })?;
    told.say(format!("repaired after {}, an outsider's {} tries: 0 through", ms(took), seen.tried));
    told.figure("repair_ms", took.as_secs_f64() * 1e3);
    Ok(told)
}

/// 2.12: what the controller's log says is what the receivers counted.
pub(super) fn usage(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    scene.refuse_ingest()?;
    let lab = scene.site.lab();
    let visitor = lab.visitor(4)?;
    let page = code_page(visitor)?;
    let before = (counters::read(visitor.ns())?, counters::read(lab.internet())?);
    submit(visitor, &page, "/voucer", &[("kode", &code(scene, "umum", 1)?)])?;
    let visits_before = visits(&scene.site.staff(&["usage"])?);
    for family in Family::BOTH {
        visitor.ns().run(|| download(family.server(), 300_000, Duration::from_secs(5)))?;
    }
    scene.site.ctl(&["kick", "--mac", &visitor.mac().to_string(), "--reason", "lab"])?;
    let down = counters::read(visitor.ns())?.since(before.0).received;
    let up = counters::read(lab.internet())?.since(before.1).received;
    let watch = Stopwatch::start();
    wait_for("the visit in the controller's log", Duration::from_secs(8), || {
        let now = visits(&scene.site.staff(&["usage"])?);
        let fresh: Vec<_> = now.iter().filter(|visit| !visits_before.contains(visit)).collect();
        if fresh.contains(&&(up, down)) {
            return Ok(Some(()));
        }
        Err(LabError::answer("usage", format!("receivers counted up {up}, down {down}; the log has {fresh:?}")))
    })?;
    told.say(format!(
        "up {up} and down {down} bytes at the receivers and in the controller's log, after {}",
        ms(watch.elapsed())
    ));
    Ok(told)
}

/// 2.9: staff close the site in two seconds; running visits end, the portal stays.
pub(super) fn closing(scene: &mut Scene) -> Result<Measured, LabError> {
    let mut told = Measured::default();
    let visitor = scene.site.lab().visitor(3)?;
    hold(is_online(visitor, Family::V4), || "visitor 3 is not online before closing".into())?;
    scene.site.ctl(&["hours", "--close-in", "2s", "--reason", "lab"])?;
    let watch = Stopwatch::start();
    if scene.breaks(Sabotage::Hours) {
        scene.site.ctl(&["hours", "--open-for", "1h", "--reason", "sabotage"])?;
    }
    let to = (SERVER4, addr::port::HTTPS).into();
    wait_for("the site to close", Duration::from_secs(5), || {
        let (seen, _) = visitor.ns().run(|| Ok(knock(to, Duration::from_millis(200))))?;
        Ok((seen == Knock::Refused).then_some(()))
    })?;
    let took = watch.elapsed();
    hold(took > Duration::from_secs(1), || format!("closed after {} instead of 2 s", ms(took)))?;
    hold(took < Duration::from_millis(3_500), || format!("closed after {} instead of 2 s", ms(took)))?;
    let page = visitor.open("http://halaman.contoh.example/", Family::V4)?;
    hold(!is_online(visitor, Family::V6), || "IPv6 goes on after closing".into())?;
    told.say(format!(
        "asked to close in 2 s, closed after {}, port 80 shows the portal ({})",
        ms(took),
        page.reply.status
    ));
    told.figure("closed_ms", took.as_secs_f64() * 1e3);
    Ok(told)
}

/// The status page's address, from where the portal redirects a visitor who is not in.
fn status_page(scene: &Scene) -> Result<String, LabError> {
    let stranger = scene.site.lab().visitor(5)?;
    let page = stranger.open("http://halaman.contoh.example/", Family::V4)?;
    Ok(page.resolve("/status"))
}

/// Bytes up and down of every visit in `gapura controller usage --json`.
fn visits(answer: &Value) -> Vec<(u64, u64)> {
    let list = answer.as_array().or_else(|| answer.get("visits").and_then(Value::as_array));
    let of = |visit: &Value, key: &str| {
        let whole = visit.get("traffic").unwrap_or(visit);
        whole.get(key).and_then(Value::as_u64)
    };
    list.into_iter().flatten().filter_map(|visit| Some((of(visit, "up")?, of(visit, "down")?))).collect()
}
