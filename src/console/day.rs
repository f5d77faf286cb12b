//! *Laporan harian*: one sheet about one day at a site, to be printed at closing, with the code that guards the audit log.

use std::time::Duration;

use askama::Template;
use gapura_controller::{Day, DayOutage, Right, Visits};
use gapura_model::ByteCount;
use gapura_speech::{Say, Words};
use jiff::civil::Date;

use crate::answer::{Answer, page};
use crate::assets;
use crate::chrome::Chrome;
use crate::dates;
use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};
#[cfg(test)]
use crate::samples::Sample;

/// Its address.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get("/l/{site}/laporan", Needs::Right(Right::SeeCounter), show);
    routes.menu(MenuLine {
        section: Section::Service,
        icon: icons::DAY,
        words: "day-menu",
        path: "/l/{site}/laporan",
        needs: Right::SeeCounter,
    });
}

#[derive(Template)]
#[template(path = "day.html")]
struct Sheet {
    c: Chrome,
    base: String,
    wrong: Option<String>,
    /// Asks the browser to print.
    script: Option<&'static str>,
    /// `2026-11-20`, of the sheet and of today.
    day: String,
    today: String,
    before: Option<String>,
    after: Option<String>,
    site_name: String,
    agency: String,
    date: String,
    now: String,
    /// The day is not over.
    running: bool,
    cut: bool,
    /// What, how much, and a line below; empty where nobody came.
    figures: Vec<(String, String, String)>,
    ways: Vec<(String, String)>,
    desk: Vec<(String, String)>,
    outages: Vec<(String, String)>,
    more_outages: bool,
    /// The code and when it was signed.
    audit: Option<(String, String)>,
}

async fn show(here: Here) -> Answer {
    let fields = here.asked();
    let (site, w, say) = (here.site()?, here.w(), here.say());
    let today = say.today();
    let asked = fields.get("hari").trim();
    let (date, wrong) = match dates::parse(asked) {
        _ if asked.is_empty() => (today, None),
        Some(date) if date > today => (today, Some(w.t("day-later"))),
        Some(date) => (date, None),
        None => (today, Some(w.t("day-wrong"))),
    };
    let day = here.office().day(&site.place.site, Some(date)).await?;
    let sheet = Sheet {
        base: format!("/l/{}", site.place.site),
        wrong,
        script: (!fields.get("cetak").is_empty()).then(|| assets::PRINT.path.as_str()),
        site_name: site.document.name.clone(),
        agency: site.document.agency.clone(),
        ..sheet(Chrome::of(&here, w.t("day-title")).sub(w.t("day-sub")), &day, &say, today)
    };
    page(&sheet)
}

/// The sheet without what stands around it.
fn sheet(c: Chrome, day: &Day, say: &Say, today: Date) -> Sheet {
    let w = say.words;
    let long = format!("{}, {}", say.weekday(day.date.weekday()), say.date(day.date));
    Sheet {
        c,
        base: String::new(),
        wrong: None,
        script: None,
        day: day.date.to_string(),
        today: today.to_string(),
        before: day.date.yesterday().ok().map(|date| date.to_string()),
        after: day.date.tomorrow().ok().filter(|date| *date <= today).map(|date| date.to_string()),
        site_name: String::new(),
        agency: String::new(),
        date: long,
        now: say.when(say.now()),
        running: day.date == today,
        cut: day.visits.cut,
        figures: figures(&day.visits, say),
        ways: day.visits.by_way.iter().map(|(way, n)| (way_words(w, way), say.number(*n))).collect(),
        desk: desk(day, say),
        outages: day.outages.iter().map(|outage| (outage_words(w, &outage.kind), span(outage, say))).collect(),
        more_outages: day.more_outages,
        audit: day.anchor.as_ref().map(|anchor| (anchor.code().to_string(), say.when(anchor.at))),
    }
}

fn figures(visits: &Visits, say: &Say) -> Vec<(String, String, String)> {
    if visits.count == 0 {
        return Vec::new();
    }
    let w = say.words;
    let (up, down) = visits.octets;
    let bytes = |octets| say.bytes(ByteCount::new(octets));
    let ways = w.t2("day-volume-ways", "down", bytes(down), "up", bytes(up));
    let (most, at) =
        visits.most.map_or((0, String::new()), |(most, at)| (most, w.t1("day-most-at", "clock", say.bare_clock(at))));
    vec![
        (w.t("day-visits"), say.number(visits.count), String::new()),
        (w.t("day-devices"), say.number(visits.devices), String::new()),
        (w.t("day-volume"), bytes(up.saturating_add(down)), ways),
        (w.t("day-online"), say.duration(Duration::from_secs(visits.seconds)), String::new()),
        (w.t("day-most"), say.number(most), at),
    ]
}

fn desk(day: &Day, say: &Say) -> Vec<(String, String)> {
    let w = say.words;
    let (from, until) = day.span;
    let hours = match day.open.as_slice() {
        [] => w.t("day-hours-closed"),
        [all] if (all.from, all.until) == (from, until) => w.t("day-hours-all"),
        several => {
            let end = |at| if at == until { say.hour(24 * 60) } else { say.bare_clock(at) };
            let spans = several.iter().map(|open| format!("{}–{}", say.bare_clock(open.from), end(open.until)));
            spans.collect::<Vec<_>>().join(", ")
        }
    };
    let (received, settled, waiting) = day.requests;
    let (classes, came) = day.classes;
    let classes = w.t2("day-classes-came", "classes", say.number(classes), "came", say.number(came));
    vec![
        (w.t("day-hours"), hours),
        (w.t("day-vouchers-made"), say.number(day.vouchers_made)),
        (w.t("day-vouchers-used"), say.number(day.visits.vouchers)),
        (w.t("day-requests-in"), say.number(received)),
        (w.t("day-requests-done"), say.number(settled)),
        (w.t("day-requests-left"), say.number(waiting)),
        (w.t("day-classes"), classes),
    ]
}

fn way_words(w: Words, way: &str) -> String {
    w.t(match way {
        "one-tap" => "day-way-one-tap",
        "voucher" => "day-way-voucher",
        "account" => "day-way-account",
        "staff" => "day-way-staff",
        "emergency" => "day-way-emergency",
        _ => "day-way-other",
    })
}

fn outage_words(w: Words, kind: &str) -> String {
    w.t(match kind {
        "uplink" => "day-outage-uplink",
        "power" => "day-outage-power",
        "gate" => "day-outage-gate",
        "controller" => "day-outage-controller",
        _ => "day-outage-other",
    })
}

fn span(outage: &DayOutage, say: &Say) -> String {
    let from = say.bare_clock(outage.from);
    match outage.until {
        Some(until) => say.words.t2("day-outage-span", "from", from, "until", say.bare_clock(until)),
        None => say.words.t1("day-outage-lasts", "from", from),
    }
}

/// This room's pages, to be looked at.
#[cfg(test)]
pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    use gapura_model::{ClockTrust, Moment, Uptime};
    use gapura_rules::hours::Window;
    use jiff::tz::TimeZone;

    let c = || frame("/l/galeri-utara/laporan", "day-title");
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap_or_default();
    let moment = Moment { wall: at("2026-11-20T13:59:00Z"), up: Uptime::default(), trust: ClockTrust::Trusted };
    let say = Say::new(c().w, TimeZone::get("Asia/Makassar").unwrap_or(TimeZone::UTC), moment);
    let full = Day {
        date: say.today(),
        span: (at("2026-11-19T16:00:00Z"), at("2026-11-20T16:00:00Z")),
        open: vec![Window { from: at("2026-11-20T00:00:00Z"), until: at("2026-11-20T14:00:00Z") }],
        visits: Visits {
            count: 1284,
            devices: 911,
            by_way: [("account", 31), ("one-tap", 1102), ("staff", 40), ("voucher", 111)]
                .map(|(way, n)| (way.to_owned(), n))
                .into(),
            vouchers: 87,
            octets: (31_400_000_000, 288_200_000_000),
            seconds: 3_912_000,
            most: Some((143, at("2026-11-20T07:42:00Z"))),
            cut: false,
        },
        vouchers_made: 120,
        requests: (9, 7, 3),
        classes: (2, 41),
        outages: vec![
            DayOutage {
                kind: "power".to_owned(),
                from: at("2026-11-20T04:10:00Z"),
                until: Some(at("2026-11-20T04:31:00Z")),
            },
            DayOutage { kind: "uplink".to_owned(), from: at("2026-11-20T13:40:00Z"), until: None },
        ],
        more_outages: true,
        anchor: None,
    };
    let empty = Day {
        date: Date::constant(2026, 11, 15),
        open: Vec::new(),
        visits: Visits::default(),
        outages: Vec::new(),
        more_outages: false,
        ..full.clone()
    };
    let of = |day: &Day| Sheet {
        base: "/l/galeri-utara".to_owned(),
        site_name: "Galeri Internet Sinjai Utara".to_owned(),
        agency: "Dinas Komunikasi, Informatika, dan Persandian".to_owned(),
        ..sheet(c().sub(c().w.t("day-sub")), day, &say, full.date)
    };
    let signed =
        |day: &Day| Sheet { audit: Some(("128 7KQM-29QD-AB3X-ZZ4P".to_owned(), "20.00 WITA".to_owned())), ..of(day) };
    let wrong = Sheet { wrong: Some(c().w.t("day-wrong")), cut: true, ..of(&full) };
    vec![Sample::of("day", &signed(&full)), Sample::of("day-empty", &of(&empty)), Sample::of("day-wrong", &wrong)]
}
