//! This room's pages with every kind of content.

use gapura_controller::preset::NoTimeLeft;
use gapura_controller::{PrintedVoucher, Sheet, VoucherSeen, VoucherState};
use gapura_model::{BitRate, ByteCount, Moment, Uptime, VoucherCode};
use gapura_session::{Allowance, ByteLimit, Plan, Speed};
use gapura_speech::Say;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::time::Duration;

use super::all::{All, row};
use super::batches::{Batch, Batches};
use super::paper::paper_page;
use super::presets::{Edit, Line, List, Typed};
use super::quick::{LastLine, Many, Quick, TileLine};
use super::{Paper, groups, speak, tabs};
use crate::chrome::Chrome;
use crate::samples::Sample;

const BASE: &str = "/l/galeri-sinjai-utara/voucer";

/// 20 November 2026, 20.14 WITA.
fn now() -> Timestamp {
    at("2026-11-20T20:14:00")
}

fn at(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

fn say(c: &Chrome) -> Say {
    let zone = TimeZone::get("Asia/Makassar").unwrap_or(TimeZone::UTC);
    Say::new(c.w, zone, Moment::trusted(Uptime::default(), now()))
}

fn plan() -> Plan {
    Plan {
        day: Allowance { time: None, bytes: ByteLimit::Total(ByteCount::new(2_000_000_000)) },
        speed: Speed { up: None, down: BitRate::new(5_000_000) },
        ..Plan::unlimited(gapura_model::PlanId::usual(), "Pelajar")
    }
}

fn code(number: u8) -> VoucherCode {
    let bytes: Vec<u8> =
        (0..32).map(|place: u8| place.wrapping_mul(37).wrapping_add(number.wrapping_mul(11)) % 248).collect();
    VoucherCode::from_random(&bytes).unwrap_or_else(|| code(number.wrapping_add(1)))
}

/// So many vouchers on paper.
pub(super) fn sheet(amount: usize, single: bool) -> Option<Sheet> {
    let voucher = |number: usize| PrintedVoucher {
        number: i64::try_from(number).unwrap_or_default(),
        code: code(u8::try_from(number).unwrap_or_default()),
        link: Some(format!("https://masuk.sinjaikab.go.id/v/{number:0>26}")),
        use_time: Some(Duration::from_hours(3)),
        use_before: Some(at("2026-11-27T22:00:00")),
        devices: Some(if single { 2 } else { 1 }),
    };
    Some(Sheet {
        network: "Internet Sinjai".to_owned(),
        site: "Galeri Sinjai Utara".to_owned(),
        wifi: Some("Galeri-Sinjai".to_owned()),
        zone: "Asia/Makassar".parse().ok()?,
        plan: Some(plan()),
        batch: "20261120-7KQM".to_owned(),
        preset: "pelajar".to_owned(),
        amount,
        note: if single { String::new() } else { "SMPN 3 Sinjai, lomba karya tulis".to_owned() },
        made: now(),
        maker: "petugas.utara".to_owned(),
        portal: Some("masuk.sinjaikab.go.id".to_owned()),
        vouchers: (1..=amount).map(voucher).collect(),
    })
}

fn quick(c: Chrome, many: Many) -> Quick {
    let (w, say) = (c.w, say(&c));
    let tile = |id: &str, name: &str, colour: u8, time: Duration, until: Result<Timestamp, NoTimeLeft>| TileLine {
        id: id.to_owned(),
        colour,
        name: name.to_owned(),
        lines: vec![
            w.t1("vouchers-use-time", "time", say.duration(time)),
            w.t1("vouchers-quota-of", "bytes", speak::quota(&say, Some(&plan()))),
            until.map_or_else(
                |_| String::new(),
                |until| w.t1("vouchers-use-before", "when", speak::spoken(&say, until)),
            ),
        ],
        shut: until.err().map(|why| speak::no_time(w, why)),
        key: "0".repeat(32),
    };
    let tiles = vec![
        tile("umum", "Umum", 1, Duration::from_hours(2), Ok(at("2026-11-21T22:00:00"))),
        tile("pelajar", "Pelajar", 2, Duration::from_hours(3), Ok(at("2026-11-27T22:00:00"))),
        tile("pc-galeri", "PC galeri", 3, Duration::from_hours(1), Ok(at("2026-11-20T22:00:00"))),
        tile("layanan", "Layanan publik", 4, Duration::from_mins(30), Ok(at("2026-11-21T00:00:00"))),
        tile("acara", "Acara", 5, Duration::from_hours(8), Err(NoTimeLeft::Closed(jiff::civil::date(2026, 11, 20)))),
    ];
    let used = VoucherState::Used { since: at("2026-11-20T19:21:00"), online: true, seat: Some("PC 04".to_owned()) };
    let reprint = |words: String| Some((format!("{BASE}/kertas?kelompok=20261120-7KQM"), words));
    let last = vec![
        LastLine {
            code: "K7MRT ·····".to_owned(),
            what: "umum, 20.11 WITA".to_owned(),
            tags: vec![speak::state(&say, &VoucherState::Unused)],
            reprint: reprint(w.t("vouchers-reprint")),
            revoke: None,
        },
        LastLine {
            code: "P9QWE ·····".to_owned(),
            what: "galeri, 19.21 WITA".to_owned(),
            tags: vec![speak::state(&say, &used)],
            reprint: None,
            revoke: Some("0".repeat(64)),
        },
        LastLine {
            code: w.n("vouchers-n-codes", 24),
            what: "umum, 16.40 WITA, rapat Bappeda".to_owned(),
            tags: vec![("good", w.n("vouchers-n-used", 19)), ("off", w.n("vouchers-n-unused", 5))],
            reprint: reprint(w.n("vouchers-reprint-left", 5)),
            revoke: None,
        },
    ];
    Quick {
        base: BASE.to_owned(),
        tabs: tabs(w, BASE, ""),
        may_make: true,
        may_set: false,
        paper: Paper::Roll58,
        choices: vec![
            ("umum".to_owned(), "Umum, 2 jam".to_owned()),
            ("pelajar".to_owned(), "Pelajar, 3 jam".to_owned()),
        ],
        tiles,
        many,
        most: 1000,
        papers: Paper::ALL.into_iter().map(|paper| (paper, w.t(paper.words()))).collect(),
        last,
        c,
    }
}

fn all(c: Chrome, found: bool) -> All {
    let say = say(&c);
    let voucher = |number: u8, state: VoucherState| VoucherSeen {
        tag: gapura_wire::Sha256::of(&[number]),
        begins: (number < 4).then(|| code(number).expose().chars().take(5).collect()),
        batch: "20261120-7KQM".to_owned(),
        number: i64::from(number),
        plan: "pelajar".to_owned(),
        note: if number > 2 { "SMPN 3 Sinjai, lomba karya tulis".to_owned() } else { String::new() },
        use_time: Some(10_800),
        use_before: Some(at("2026-11-27T22:00:00")),
        made: at("2026-11-19T16:40:00"),
        state,
        of_group: false,
    };
    let seat = Some("PC 04".to_owned());
    let states = [
        VoucherState::Unused,
        VoucherState::Used { since: at("2026-11-20T19:21:00"), online: true, seat },
        VoucherState::Used { since: at("2026-11-20T18:00:00"), online: true, seat: None },
        VoucherState::Used { since: at("2026-11-19T18:00:00"), online: false, seat: None },
        VoucherState::UsedUp { at: at("2026-11-20T11:00:00") },
        VoucherState::Withdrawn { at: at("2026-11-20T09:30:00") },
        VoucherState::Past { at: at("2026-11-20T00:00:00") },
    ];
    let vouchers = states.into_iter().zip(1..).map(|(state, number)| voucher(number, state));
    All {
        base: BASE.to_owned(),
        tabs: tabs(c.w, BASE, "/semua"),
        words: if found { String::new() } else { "lomba".to_owned() },
        states: vec![("", c.w.t("vouchers-filter-all")), ("unused", c.w.t("vouchers-filter-unused"))],
        state: String::new(),
        rows: if found {
            vouchers.map(|voucher| row(&say, BASE, &voucher, (true, true))).collect()
        } else {
            Vec::new()
        },
        told: if found { speak::told(&say, Some(at("2026-11-20T20:13:00"))) } else { speak::told(&say, None) },
        earlier: None,
        later: found.then(|| format!("{BASE}/semua?mulai=50")),
        c,
    }
}

fn edit(c: Chrome, wrong: bool) -> Edit {
    let w = c.w;
    let typed = Typed {
        id: if wrong { String::new() } else { "pelajar".to_owned() },
        name: if wrong { String::new() } else { "Pelajar".to_owned() },
        plan: "pelajar".to_owned(),
        hours: "3".to_owned(),
        rule: "hari".to_owned(),
        days: "7".to_owned(),
        colour: "2".to_owned(),
        order: "20".to_owned(),
        place: "semua".to_owned(),
        ..Typed::default()
    };
    let colours =
        ["vouchers-colour-1", "vouchers-colour-2", "vouchers-colour-3", "vouchers-colour-4", "vouchers-colour-5"];
    Edit {
        typed,
        plans: vec![("umum".to_owned(), "Umum".to_owned()), ("pelajar".to_owned(), "Pelajar".to_owned())],
        colours: (1..=5).map(|n: u8| n.to_string()).zip(colours.map(|key| w.t(key))).collect(),
        places: vec![
            ("semua".to_owned(), w.t("vouchers-place-all")),
            ("jenis-gallery".to_owned(), w.t("vouchers-kind-gallery")),
        ],
        most_devices: 50,
        wrong: if wrong {
            vec![("nama", w.t("vouchers-wrong-name")), ("sebelum", w.t("vouchers-wrong-before"))]
        } else {
            Vec::new()
        },
        c: c.up("/pilihan-voucer", w.t("vouchers-presets-title")),
    }
}

/// This room's pages, to be looked at.
pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = || frame(BASE, "vouchers-title");
    let told = |key: &str| {
        let mut c = c();
        c.news = Some(c.w.t(key));
        c
    };
    let many = Many { count: "24".to_owned(), preset: "pelajar".to_owned(), paper: "a4".to_owned(), ..Many::default() };
    let w = c().w;
    let wrong = Many {
        count: "2000".to_owned(),
        before: "besok".to_owned(),
        count_wrong: Some(w.n("vouchers-count-wrong", 1000)),
        preset_wrong: Some(w.t("vouchers-preset-wrong")),
        before_wrong: Some(w.t("vouchers-date-wrong")),
        note_wrong: Some(w.t("vouchers-note-missing")),
        ..many.clone()
    };
    let empty =
        Quick { tiles: Vec::new(), choices: Vec::new(), last: Vec::new(), may_set: true, ..quick(c(), many.clone()) };
    let looks = Quick { may_make: false, ..quick(told("news-voucher-revoked"), many.clone()) };
    let batch = |line: LastLine| Batch {
        name: "20261120-7KQM".to_owned(),
        maker: "petugas.utara".to_owned(),
        line,
        revoke: Some(w.n("vouchers-revoke-left", 5)),
    };
    let lines = quick(c(), many.clone()).last;
    let batches = Batches {
        base: BASE.to_owned(),
        tabs: tabs(w, BASE, "/kelompok"),
        found: lines.into_iter().rev().take(1).map(batch).collect(),
        earlier: Some(format!("{BASE}/kelompok?mulai=0")),
        later: None,
        c: told("news-vouchers-revoked"),
    };
    let no_batches = Batches {
        c: c(),
        found: Vec::new(),
        earlier: None,
        base: BASE.to_owned(),
        tabs: tabs(w, BASE, "/kelompok"),
        later: None,
    };
    let line = Line {
        href: "/pilihan-voucer/ubah/pelajar".to_owned(),
        name: "Pelajar".to_owned(),
        plan: "Pelajar".to_owned(),
        time: say(&c()).duration(Duration::from_hours(3)),
        before: speak::rule(w, gapura_controller::preset::UseBefore::Days(7)),
        place: w.t("vouchers-kind-telecenter"),
    };
    let mut saved = frame("/pilihan-voucer", "vouchers-presets-title").sub(w.t("vouchers-presets-sub"));
    saved.news = Some(w.t("news-preset-saved"));
    let mut removed = frame("/pilihan-voucer", "vouchers-presets-title");
    removed.news = Some(w.t("news-preset-removed"));
    let mut samples = vec![
        Sample::of("vouchers", &quick(c(), many)),
        Sample::of("vouchers-wrong", &quick(c(), wrong)),
        Sample::of("vouchers-no-tiles", &empty),
        Sample::of("vouchers-looked-at", &looks),
        Sample::of("vouchers-all", &all(c(), true)),
        Sample::of("vouchers-not-found", &all(c(), false)),
        Sample::of("vouchers-batches", &batches),
        Sample::of("vouchers-no-batches", &no_batches),
        Sample::of("presets", &List { c: saved, lines: vec![line] }),
        Sample::of("presets-none", &List { c: removed, lines: Vec::new() }),
        Sample::of("preset", &edit(frame("/pilihan-voucer", "vouchers-preset-edit"), false)),
        Sample::of("preset-wrong", &edit(frame("/pilihan-voucer", "vouchers-preset-new"), true)),
    ];
    samples.extend(groups::samples(frame));
    let papers = [
        ("paper-58", Paper::Roll58, 1),
        ("paper-80", Paper::Roll80, 2),
        ("paper-a4", Paper::A4, 25),
        ("paper-cards", Paper::Cards, 11),
        ("paper-large", Paper::Large, 5),
    ];
    for (name, paper, amount) in papers {
        let Some(sheet) = sheet(amount, amount == 1) else { continue };
        let c = frame(BASE, "vouchers-paper-title");
        let say = say(&c);
        let mut page = paper_page(c, &say, &sheet, paper, &format!("{BASE}/kertas?kelompok={}", sheet.batch));
        page.back = BASE.to_owned();
        page.known = paper == Paper::Roll58;
        page.more = page.known.then(|| ("pelajar".to_owned(), "0".repeat(32)));
        samples.push(Sample::of(name, &page));
    }
    samples
}
