//! The room's pages with every kind of content.

use gapura_controller::report::{
    Appeals, Attack, AttackFigures, Cell, ClauseCount, DayCell, Figures, LateChange, Month, MonthReport, Part,
    RequestFigures, Sheet, SiteLine,
};
use gapura_controller::{Scope, say};
use gapura_model::SiteKind;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Choice, Line, Overview, Report, framed};
use crate::chrome::Chrome;
use crate::samples::Sample;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn figures((sites, people, visits): (u64, u64, u64)) -> Figures {
    let shown = |number: u64| if people < 10 { Cell::Withheld } else { Cell::Known(number) };
    let kept = 1_000 - visits % 41;
    Figures {
        sites,
        planned_seconds: sites * 434 * 3600,
        watched_seconds: sites * 434 * 3600,
        kept_seconds: sites * 434 * 36 * kept / 10,
        closed_early_seconds: sites * 3600,
        kept_permille: Some(kept),
        hours_unknown_sites: u64::from(sites > 1),
        available_permille: Some(kept - 7),
        people: shown(people),
        people_until: None,
        people_unknown_sites: u64::from(sites > 1),
        visits: shown(visits),
        visits_unknown_sites: u64::from(sites > 1),
        silent_sites: 2 * u64::from(sites > 1),
        online_seconds: shown(visits * 2_710),
        octets_up: shown(visits * 21_000_000),
        octets_down: shown(visits * 236_000_000),
        blocked: shown(visits * 17),
        blocked_unknown_sites: u64::from(sites > 1),
        appeals: Appeals { received: 37, decided: 35, reversed: 11, waiting: 2 },
        requests: RequestFigures {
            made: visits / 193,
            answered: visits / 203,
            served_permille: Some(956),
            carried: 6,
            late: 9,
            waiting: 10,
            median_seconds: Some(380),
        },
        attacks: vec![
            attack(Attack::FalseRouter, 312, 2, 2, Some(7_200)),
            attack(Attack::TakenAddress, 0, 0, 0, None),
            attack(Attack::Guessing, 1_804, 6, 5, Some(3_600)),
            attack(Attack::Scanning, 90_210, 14, 14, Some(3_600)),
        ],
    }
}

fn attack(kind: Attack, count: u64, incidents: u64, recovered: u64, median_seconds: Option<u64>) -> AttackFigures {
    AttackFigures {
        kind,
        count: Some(count),
        incidents: Some(incidents),
        recovered: Some(recovered),
        median_seconds,
        unknown_sites: 1,
    }
}

fn october() -> MonthReport {
    let month: Month = "2026-10".parse().unwrap();
    let site = |id: &str, name: &str, kind, people, visits| SiteLine {
        site: id.parse().unwrap(),
        name: name.to_owned(),
        kind,
        agency: "Dinas Komunikasi, Informatika, dan Persandian".to_owned(),
        regency: "Sinjai".to_owned(),
        figures: figures((1, people, visits)),
    };
    let day = |date: jiff::civil::Date| DayCell {
        date,
        visits: Cell::Known(2_990 - u64::from(date.day().unsigned_abs()) * 37 % 1_000 / 10 * 10),
    };
    let clause = |clause: &str, list: &str, total| ClauseCount {
        sop: "SOP-SINJAI-2026-01".to_owned(),
        clause: clause.to_owned(),
        list: list.to_owned(),
        total,
    };
    MonthReport {
        scope: Scope::Province,
        name: String::new(),
        month,
        zone: "Asia/Makassar".to_owned(),
        made: at("2026-11-04T18:00:00Z"),
        running_until: None,
        issue: Some(2),
        changes: vec![LateChange {
            site: "MPLIK Sinjai Barat".to_owned(),
            issue: 2,
            made: at("2026-11-04T18:00:00Z"),
            parts: vec![Part::Visits, Part::Hours],
        }],
        total: figures((24, 18_422, 83_327)),
        sites: vec![
            site("alun-alun", "Alun-alun Sinjai Bersatu", SiteKind::Hotspot, 3_310, 14_902),
            site("galeri-utara", "Galeri Sinjai Utara", SiteKind::Gallery, 1_988, 9_455),
            site("terminal", "Terminal Sinjai", SiteKind::Hotspot, 1_377, 6_644),
            site("harapan", "Telecenter Pulau Harapan", SiteKind::Telecenter, 4, 9),
        ],
        days: month.first().series(jiff::Span::new().days(1)).take(31).map(day).collect(),
        clauses: Some(vec![clause("3", "judi", 812_004), clause("4", "pornografi", 598_330), clause("7", "", 1_220)]),
    }
}

pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = || frame("/laporan-bulanan", "reports-title");
    let say = say(c().lang(), TimeZone::get("Asia/Makassar").unwrap(), at("2026-11-20T12:14:00Z"));
    let choice = |value: &str, words: String, chosen| Choice { value: value.to_owned(), words, chosen };
    let of = |report: &MonthReport| Report {
        path: format!("/laporan-bulanan/{}", report.month),
        department: "Dinas Komunikasi, Informatika, dan Persandian Kabupaten Sinjai".to_owned(),
        choices: vec![
            choice("province", c().w.t("reports-whole"), true),
            choice("site:galeri-utara", "Galeri Sinjai Utara".to_owned(), false),
        ],
        ..framed(c().up("/laporan-bulanan", c().w.t("reports-back")), Sheet::of(report, &say), "province")
    };
    let running = MonthReport {
        scope: Scope::Site("harapan".parse().unwrap()),
        name: "Telecenter Pulau Harapan".to_owned(),
        month: "2026-11".parse().unwrap(),
        running_until: Some(at("2026-11-20T12:00:00Z")),
        issue: None,
        changes: Vec::new(),
        total: Figures {
            people: Cell::Unknown,
            people_until: Some(jiff::civil::date(2026, 11, 19)),
            kept_permille: None,
            available_permille: None,
            watched_seconds: 0,
            blocked: Cell::Unknown,
            requests: RequestFigures::default(),
            attacks: Attack::ALL
                .map(|kind| AttackFigures {
                    kind,
                    count: None,
                    incidents: None,
                    recovered: None,
                    median_seconds: None,
                    unknown_sites: 1,
                })
                .to_vec(),
            ..figures((1, 4, 9))
        },
        sites: Vec::new(),
        days: Vec::new(),
        clauses: None,
        ..october()
    };
    let line = |month: &str, words: &str, running| Line {
        href: format!("/laporan-bulanan/{month}"),
        month: words.to_owned(),
        sites: Some("24".to_owned()),
        running,
        made: "Minggu, 1 November 2026 pukul 02.00 WITA".to_owned(),
    };
    let months = Overview {
        c: c().sub(c().w.t("reports-sub")),
        months: vec![line("2026-11", "November 2026", true), line("2026-10", "Oktober 2026", false)],
        years: vec!["2026".to_owned()],
    };
    let none = Overview { c: c(), months: Vec::new(), years: Vec::new() };
    vec![
        Sample::of("report", &of(&october())),
        Sample::of("report-running", &of(&running)),
        Sample::of("reports", &months),
        Sample::of("reports-none", &none),
    ]
}
