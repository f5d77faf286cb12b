//! From the form to the Internet: HTTP POST to first byte from upstream, each time a new device.
//!
//! The page with the form is fetched before the clock starts. The database is a file, the plan has a speed, and those online
//! already were let in by staff through the control socket (whole path: engine, database, kernel, traffic class). After each
//! login IPv6 is tried too, outside the clock; if one of the devices does not get in, the figure is void.

mod crowd;

use std::net::{IpAddr, SocketAddr};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use gapura_lab::clock::Stopwatch;
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::http::{Request, exchange};
use gapura_lab::upstream::UPSTREAM_PAGE;
use gapura_lab::visit::{PHONE, Page};
use gapura_lab::{LabError, addr};
use gapura_model::{BitRate, VOUCHER_ALPHABET, VoucherCode};
use gapura_wire::{Bundle, Voucher};
use serde_json::json;

use self::crowd::{Devices, mac};
use crate::cli::Effort;
use crate::site::{Stage, crowd as let_in, ctl};
use crate::stats::percentile;
use crate::{BenchError, Line, Metric, Report, cpu};

const PLAN: &str = "umum";
const VOUCHERS: u32 = 2_000;
const AT_ONCE: usize = 50;
const PATIENCE: Duration = Duration::from_secs(10);
/// Logins a second that are wanted, and their 99th percentile one by one and with 50 at once (seconds).
const WANTED: (f64, f64, f64) = (1_000.0, 0.005, 0.050);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    OneTap,
    Voucher,
}

/// Measures every level, way and mode.
pub(crate) fn measure(stage: &Stage, effort: Effort, report: &mut Report) -> Result<(), BenchError> {
    let levels: &[u32] = if effort.quick { &[0, 1_000] } else { &[0, 1_000, 10_000] };
    let batches = effort.rounds(4, 2).min(10);
    let each = u32::try_from(batches * AT_ONCE).unwrap_or(u32::MAX);
    let top = levels.last().copied().unwrap_or_default();
    let count = each * 4 * u32::try_from(levels.len()).unwrap_or(1);
    let gateway_lines = format!("devices = {}\n", top + count + 100);
    let mut site = stage.site("login", 1, SiteWish { gateway_lines, change: Some(arrange), ..SiteWish::default() })?;
    let devices = Devices::plug_in(&site, count)?;
    let (mut online, mut fresh, mut voucher) = (0, 0, 0);
    for &level in levels {
        let_in(&site, online, level, PLAN)?;
        online = level;
        for way in [Way::OneTap, Way::Voucher] {
            for at_once in [1, AT_ONCE] {
                let case = Case { level, way, at_once, devices: fresh..fresh + each, first_voucher: voucher };
                one(&mut site, &devices, &case, report)?;
                fresh += each;
                voucher += if way == Way::Voucher { each } else { 0 };
            }
        }
    }
    Ok(())
}

/// The plan gets a speed and admits by one tap; there are vouchers enough.
fn arrange(bundle: &mut Bundle) {
    for plan in bundle.plans.iter_mut().filter(|plan| plan.id.to_string() == PLAN) {
        plan.speed.up = BitRate::new(10_000_000);
        plan.speed.down = BitRate::new(20_000_000);
        let plan = &plan.id;
        for code in (0..VOUCHERS).filter_map(code) {
            bundle.vouchers.push(Voucher {
                tag: bundle.voucher_key.tag(&code),
                token: None,
                plan: plan.clone(),
                use_time: None,
                use_before: None,
                devices: None,
                share: None,
                revoked: false,
            });
        }
    }
}

/// Voucher `number`.
fn code(number: u32) -> Option<VoucherCode> {
    let mut rest = usize::try_from(number).ok()?;
    let mut text = String::from("BENCHB");
    for _ in 0..4 {
        text.push(char::from(*VOUCHER_ALPHABET.get(rest % VOUCHER_ALPHABET.len())?));
        rest /= VOUCHER_ALPHABET.len();
    }
    text.parse().ok()
}

struct Case {
    level: u32,
    way: Way,
    at_once: usize,
    devices: std::ops::Range<u32>,
    first_voucher: u32,
}

impl Case {
    fn name(&self) -> String {
        let how = if self.at_once == 1 { "one by one".to_owned() } else { format!("{} at once", self.at_once) };
        let way = if self.way == Way::OneTap { "one-tap" } else { "voucher" };
        format!("{how}, {} online, {way}", self.level)
    }
}

fn one(site: &mut Site, devices: &Devices, case: &Case, report: &mut Report) -> Result<(), BenchError> {
    let name = case.name();
    let mut ready = Vec::new();
    for number in case.devices.clone() {
        let voucher =
            (case.way == Way::Voucher).then(|| code(case.first_voucher + number - case.devices.start)).flatten();
        ready.push(devices.ns.run(|| prepare(devices, number, voucher.as_ref()))?);
    }
    let pid = site.gateway_mut().id();
    let (mut took, mut rates, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    for batch in ready.chunks(AT_ONCE) {
        gapura_lab::signal::check()?;
        let before = cpu::of_process(pid)?;
        let (each, whole) = devices.ns.run(|| if case.at_once == 1 { in_turn(batch) } else { together(batch) })?;
        let spent = cpu::of_process(pid)?.saturating_sub(before).as_secs_f64();
        rates.push(batch.len() as f64 / whole);
        cpu.push(spent / batch.len() as f64);
        took.extend(each);
        for ready in batch {
            devices
                .ns
                .run(|| upstream(ready.six, addr::SERVER6))
                .map_err(|error| BenchError::void(&name, error.to_string()))?;
        }
    }
    for number in case.devices.clone() {
        ctl(site, &json!({ "do": "kick", "who": { "mac": mac(number) }, "reason": "bench" }))?;
    }
    let (rate, sole, crowded) = WANTED;
    let line = |metric, unit, runs| Line::alone("login", &name, metric, unit, runs);
    let rates = line(Metric::Rate, "logins/s", rates);
    // One by one it is the latency turned over; the wanted rate is what a crowd at the door needs.
    report.add(&if case.at_once == 1 { rates } else { rates.limit("wanted", rate) })?;
    report.add(&line(Metric::P50, "s", vec![percentile(&took, 50)]))?;
    let most = if case.at_once == 1 { sole } else { crowded };
    report.add(&line(Metric::P99, "s", vec![percentile(&took, 99)]).limit("wanted", most))?;
    report.add(&line(Metric::Cpu, "s", cpu))
}

/// A device with its form filled in.
struct Ready {
    four: IpAddr,
    six: IpAddr,
    to: SocketAddr,
    form: Request,
}

/// Any page leads to the portal; there is the form.
fn prepare(devices: &Devices, number: u32, voucher: Option<&VoucherCode>) -> Result<Ready, LabError> {
    let (four, six) = (devices.v4(number), devices.v6(number));
    let to = SocketAddr::new(addr::LAN.0.into(), 80);
    let host = addr::LAN.0.to_string();
    let (path, action) = if voucher.is_some() { ("/voucer", "/voucer") } else { ("/", "/masuk") };
    let reply = exchange(to, Some(four), &Request::get(&host, path, PHONE), PATIENCE)?;
    let page = Page { url: format!("http://{host}{path}"), reply };
    let forms = page.forms();
    let found = forms.iter().find(|form| form.action.split('?').next().unwrap_or_default().ends_with(action));
    let form = found.ok_or_else(|| {
        LabError::answer(
            format!("find the form {action}"),
            format!("{}: {:.300}", page.reply.status, page.reply.text()),
        )
    })?;
    let code = voucher.map(VoucherCode::grouped).unwrap_or_default();
    let filled = if voucher.is_some() { form.filled(&[("kode", &code)]) } else { form.filled(&[]) };
    let url = page.resolve(&form.action);
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    let form = Request::post(&host, path.unwrap_or("/"), PHONE, filled);
    Ok(Ready { four, six, to, form })
}

/// Sends the form, then asks upstream; seconds to its first byte.
fn go(ready: &Ready) -> Result<f64, LabError> {
    let watch = Stopwatch::start();
    let reply = exchange(ready.to, Some(ready.four), &ready.form, PATIENCE)?;
    if !(300..400).contains(&reply.status) {
        return Err(LabError::answer("the form", format!("{}: {:.400}", reply.status, reply.text())));
    }
    let so_far = watch.elapsed();
    Ok((so_far + upstream(ready.four, addr::SERVER4)?).as_secs_f64())
}

/// Asks upstream for a page; time to its first byte. The portal's page is an error.
fn upstream(from: IpAddr, server: IpAddr) -> Result<Duration, LabError> {
    let request = Request::get("halaman.contoh.example", "/", PHONE);
    let reply = exchange(SocketAddr::new(server, 80), Some(from), &request, PATIENCE)?;
    if reply.text().contains(UPSTREAM_PAGE) {
        Ok(reply.first_byte)
    } else {
        Err(LabError::answer(format!("upstream for {from}"), format!("somebody else answered {}", reply.status)))
    }
}

type Took = (Vec<f64>, f64);

fn in_turn(batch: &[Ready]) -> Result<Took, LabError> {
    let took = batch.iter().map(go).collect::<Result<Vec<_>, _>>()?;
    let whole = took.iter().sum();
    Ok((took, whole))
}

/// All at the same moment, a thread each (they stay in this thread's namespace). The whole lasts from the first form sent to
/// the last answer.
fn together(batch: &[Ready]) -> Result<Took, LabError> {
    let start = Barrier::new(batch.len());
    let watch = Stopwatch::start();
    let ended: Vec<Result<(f64, f64, f64), LabError>> = thread::scope(|scope| {
        let waiting = |ready| {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                let began = watch.elapsed().as_secs_f64();
                go(ready).map(|took| (began, took, watch.elapsed().as_secs_f64()))
            })
        };
        let threads: Vec<_> = batch.iter().map(waiting).collect();
        let ended = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err(LabError::answer("a visitor", "its thread panicked")))
        };
        threads.into_iter().map(ended).collect()
    });
    let all = ended.into_iter().collect::<Result<Vec<_>, _>>()?;
    let first = all.iter().map(|(began, ..)| *began).fold(f64::INFINITY, f64::min);
    let last = all.iter().map(|(.., end)| *end).fold(0.0, f64::max);
    Ok((all.iter().map(|(_, took, _)| *took).collect(), last - first))
}
