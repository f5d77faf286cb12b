//! This room's pages with every kind of content.

mod basics;
mod calendars;
mod hours;
mod levels;
mod looks;
mod plans;
mod sites;
mod terms;

use super::alerts::{Alerts, Letter, Row as AlertLine};
use super::backups::{Backups, Row as BackupLine};
use super::enrol::{New, Note, Request};
use super::fleet::{Choice, Fleet, Row, Waiting};
use super::gateway::{Fact, One, Was};
use super::site::{Box, Exception, Field, Site, Stood};
use super::{Tag, class};
use crate::chrome::Chrome;
use crate::samples::Sample;
use gapura_controller::Tone;

fn tag(tone: Tone, words: &str) -> Tag {
    Tag { class: class(tone), words: words.to_owned() }
}

fn gateway(name: &str, tone: Tone, words: &str, last: &str) -> Row {
    Row {
        href: "/l/galeri-utara/gerbang/gw-galeri-utara-1".into(),
        name: name.into(),
        about: "telecenter".into(),
        tag: tag(tone, words),
        last_words: last.into(),
        settings: "42".into(),
        heard: "18.52".into(),
        outbox: "1.204 catatan".into(),
    }
}

/// What a redirect says on the next page.
const NEWS: [&str; 8] = [
    "news-gateway-approved",
    "news-gateway-refused",
    "news-gateway-revoked",
    "news-alert-taken",
    "news-backup-asked",
    "news-exception-set",
    "news-exception-removed",
    "news-site-moved",
];

pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let told = |path: &str, title: &str, news: usize| {
        let mut c = frame(path, title);
        c.news = NEWS.get(news).map(|key| c.w.t(key));
        c
    };
    let mut pages = fleet(frame);
    pages.extend(boxes(&told));
    pages.extend(watch(&told));
    pages.extend(basics::samples(frame));
    pages.extend(hours::samples(frame));
    pages.extend(sites::samples(frame));
    pages.extend(calendars::samples(frame));
    pages.extend(looks::samples(frame));
    pages.extend(levels::samples(frame));
    pages.extend(terms::samples(frame));
    pages.extend(plans::samples(frame));
    pages
}

fn fleet(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let choices = || {
        let choice = |words: &str, current| Choice { href: "/gerbang".into(), words: words.into(), current };
        vec![choice("Perlu perhatian 2", false), choice("Semua 24", true)]
    };
    let all = Fleet {
        told: "1 gerbang menunggu persetujuan".into(),
        c: frame("/gerbang", "network-gateways"),
        waiting: vec![Waiting { href: "/l/mplik-2/gerbang-baru".into(), words: "MPLIK Sinjai 02, apu2".into() }],
        words: String::new(),
        choices: choices(),
        rows: vec![
            gateway(
                "Telecenter Pulau Harapan",
                Tone::Bad,
                "Diam sejak 18.52",
                "Kata terakhir: \u{201c}baterai 11 %\u{201d}",
            ),
            gateway("Terminal Sinjai", Tone::Warn, "Melayani dengan gangguan", ""),
            gateway("Galeri Sinjai Utara", Tone::Good, "Melayani", ""),
            gateway("Telecenter Barania", Tone::Off, "Tutup, buka besok pukul 08.00 WITA", ""),
        ],
        any: true,
        backup: Some((frame("/gerbang", "network-gateways").w.t1("network-backup-age", "time", "6 jam"), false)),
        may_enrol: true,
    };
    let c = || frame("/gerbang", "network-gateways");
    let found = Fleet {
        told: String::new(),
        c: c(),
        waiting: Vec::new(),
        words: "tidak ada".into(),
        choices: choices(),
        rows: Vec::new(),
        any: true,
        backup: Some((c().w.t("network-backup-never"), true)),
        may_enrol: true,
    };
    let none = Fleet {
        told: String::new(),
        c: c(),
        waiting: Vec::new(),
        words: String::new(),
        choices: Vec::new(),
        rows: Vec::new(),
        any: false,
        backup: None,
        may_enrol: false,
    };
    vec![Sample::of("fleet", &all), Sample::of("fleet-search", &found), Sample::of("fleet-empty", &none)]
}

/// What a gateway tells of itself, as the page shows it of one that refused its last settings.
fn facts(w: gapura_speech::Words) -> Vec<Fact> {
    let fact = |name: &str, value: String, more: String| Fact { name: w.t(name), value, more };
    let say = gapura_controller::say(w.lang(), jiff::tz::TimeZone::UTC, jiff::Timestamp::UNIX_EPOCH);
    let none = String::new;
    vec![
        fact("network-fact-settings", "41".into(), w.t1("network-wanted", "wanted", "42")),
        fact(
            "network-fact-refused",
            gapura_controller::verdict_words(&say, "not-applied"),
            w.t1("network-refused-words", "words", "cannot write /var/lib/gapura/bundle.json: no space left on device"),
        ),
        fact("network-fact-heard", w.t1("network-ago", "time", "8 detik"), none()),
        fact("network-fact-online", "38".into(), none()),
        fact(
            "network-fact-clock",
            w.t("network-clock-bad"),
            w.t2("network-clock-off", "seconds", "-2820", "source", w.t("network-clock-disk")),
        ),
        fact("network-fact-uplink", w.t("network-uplink-up"), w.t1("network-since", "time", "06.12")),
        fact("network-fact-outbox", w.n("network-outbox", 1204), w.n("network-dropped", 12)),
        fact("network-fact-filter", w.t("network-filter-on"), w.t1("network-filter-index", "index", "4fa9c27b1de0")),
        fact("network-fact-software", "0.1.0".into(), "Linux 6.12.30".into()),
        fact("network-fact-certificate", "20 November 2027".into(), none()),
        fact("network-fact-place", "Desa Arabika".into(), none()),
        fact("network-fact-hardware", "PC Engines APU2".into(), "gapura-galeri-utara".into()),
        fact("network-fact-restores", w.t("network-restores"), none()),
    ]
}

/// A site's settings, each with where it came from.
fn settings(w: gapura_speech::Words) -> Vec<Field> {
    use serde_json::json;
    let department = w.t("network-level-department");
    let kind = w.t1("network-level-kind", "name", w.t("network-kind-gallery"));
    let own = w.t("network-level-site");
    let one = |field: &str, value: serde_json::Value, from: &String, lost: &str| Field {
        name: super::fields::name(w, field),
        value: super::fields::value(w, field, &value),
        from: from.clone(),
        lost: lost.to_owned(),
    };
    let week = json!([null, { "mon": ["08.00-22.00"], "fri": ["08.00-11.30", "13.30-22.00"], "sun": ["13.00-22.00"] }]);
    let garden = json!([{ "to": "bpjs-kesehatan.go.id" }, { "to": "203.0.113.0/24", "ports": [443, 8443] }]);
    vec![
        one("name", json!("Galeri Sinjai Utara"), &own, ""),
        one("kind", json!("gallery"), &own, ""),
        one("agency", json!("Diskominfo Kabupaten Sinjai"), &own, ""),
        one("regency", json!("Sinjai"), &own, ""),
        one("contact", json!("Petugas di loket, 0482-21000"), &own, &department),
        one("wifi", json!("SINJAI-GRATIS"), &department, ""),
        one("hours.zone", json!("Asia/Makassar"), &department, ""),
        one("hours.weekly", week, &kind, &department),
        one("hours.holidays", json!({ "calendars": ["nasional-2026"], "open": [] }), &department, ""),
        one("in-doubt", json!("closed"), &department, ""),
        one("ways", json!({ "one-tap": true, "voucher": true, "staff": true }), &kind, &department),
        one("one-tap-plan", json!("umum"), &department, ""),
        one("uplink", json!({ "up": 10_000_000, "down": 50_000_000 }), &own, &department),
        one("garden", garden, &department, ""),
        one("terms", json!({ "version": "2026-1" }), &department, ""),
        one("look.colours.brand", json!("#0b4a50"), &department, ""),
        one("look.texts.welcome", json!({ "id": "Selamat datang", "en": "Welcome" }), &department, ""),
        one("devices", json!([{ "mac": "02:00:5e:10:00:11", "role": "seat", "label": "PC 01" }]), &own, ""),
        one("filter.without-index", json!("closed"), &department, ""),
        one("filter.class-groups", json!(["kelas", "anak"]), &kind, ""),
    ]
}

fn boxes(told: &dyn Fn(&str, &str, usize) -> Chrome) -> Vec<Sample> {
    let one = |past: Vec<Was>, may_run| One {
        c: told("/l/galeri-utara/gerbang/gw-galeri-utara-1", "sample-title", if may_run { 0 } else { 9 }),
        site: "galeri-utara".into(),
        gateway: "gw-galeri-utara-1".into(),
        tag: tag(Tone::Bad, "Diam sejak 18.52"),
        last_words: "Kata terakhir: \u{201c}baterai 11 %\u{201d}".into(),
        how: told("/gerbang", "sample-title", 0).w.t1("network-how-last", "when", "18.52"),
        facts: facts(told("/gerbang", "sample-title", 0).w),
        past,
        may_run,
    };
    let was = Was { since: "18.52".into(), words: "Diam".into(), until: "sekarang".into() };
    let request = |pending| Request {
        id: "1f0a22c9".into(),
        box_name: "router".into(),
        hardware: "PC Engines APU2".into(),
        version: "0.1.0".into(),
        key: "sha256:4fa9c27b1de08f35a6c94e02b7d81f6e3a5c90d2e4b8f7a1".into(),
        replaces: if pending { "gw-galeri-utara-1".into() } else { String::new() },
        pending,
    };
    let new = |replaces: &str, requests, news| New {
        c: told("/l/galeri-utara/gerbang-baru", "network-enrol", news),
        site: "galeri-utara".into(),
        replaces: replaces.into(),
        requests,
    };
    let note = Note {
        c: told("/l/galeri-utara/gerbang-baru", "network-note", 9),
        site: "galeri-utara".into(),
        site_name: "Galeri Sinjai Utara".into(),
        contact: "Petugas di loket".into(),
        code: "ABCDE-FGHJK-MNPQR-STUVW".into(),
        controller: "https://gapura.sinjai.example:8443".into(),
        pin: "sha256:4fa9c27b1de08f35a6c94e02b7d81f6e3a5c90d2e4b8f7a1".into(),
        until: "besok pukul 08.00 WITA".into(),
        replaces: String::new(),
        qr: crate::vouchers::qr::draw("gapura https://gapura.sinjai.example:8443 sha256:4fa9c2 ABCDE-FGHJK"),
    };
    let site = |mobile, exceptions: Vec<Exception>, news| Site {
        c: told("/l/galeri-utara", "sample-title", news),
        id: "galeri-utara".into(),
        boxes: if mobile {
            Vec::new()
        } else {
            vec![Box {
                href: "/l/x/gerbang/y".into(),
                name: "gw-galeri-utara-1".into(),
                tag: tag(Tone::Good, "Melayani"),
            }]
        },
        fields: settings(told("/lokasi", "sample-title", 0).w),
        exceptions,
        mobile,
        may_run: true,
        may_move: true,
        typed: (String::new(), String::new()),
        wrong: String::new(),
        stood: if mobile {
            vec![Stood { since: "20 November 2026 08.00".into(), place: "Desa Arabika".into(), by: "jaringan".into() }]
        } else {
            Vec::new()
        },
    };
    let words = told("/lokasi", "sample-title", 0).w;
    let moved = Site {
        typed: ("Desa Arabika, Kecamatan Sinjai Barat, dekat lapangan".into(), "jadwal November".into()),
        wrong: words.t("basics-wrong-text"),
        ..site(true, Vec::new(), 9)
    };
    let exception = |own| Exception {
        from: "2026-12-24".into(),
        to: if own { "2026-12-24".into() } else { "2026-12-25".into() },
        dates: "24 Des 2026".into(),
        hours: "tutup".into(),
        reason: "Hari Natal".into(),
        level: "dinas".into(),
        own,
    };
    vec![
        Sample::of("gateway", &one(vec![was], true)),
        Sample::of("gateway-new", &one(Vec::new(), false)),
        Sample::of("enrol", &new("gw-galeri-utara-1", vec![request(true), request(false)], 1)),
        Sample::of("enrol-empty", &new("", Vec::new(), 9)),
        Sample::of("enrol-note", &note),
        Sample::of("site", &site(false, vec![exception(true), exception(false)], 5)),
        Sample::of("site-plain", &site(false, Vec::new(), 6)),
        Sample::of("site-mobile", &site(true, Vec::new(), 7)),
        Sample::of("site-mobile-wrong", &moved),
        Sample::of("site-revoked", &site(false, Vec::new(), 2)),
    ]
}

fn watch(told: &dyn Fn(&str, &str, usize) -> Chrome) -> Vec<Sample> {
    let say = gapura_controller::say(
        told("/siaga", "network-alerts", 9).w.lang(),
        jiff::tz::TimeZone::UTC,
        jiff::Timestamp::UNIX_EPOCH,
    );
    let detail = gapura_controller::verdict_words(&say, "not-applied");
    let line = |id: &str, tone, may_take| AlertLine {
        id: id.into(),
        place: "Galeri Lappa".into(),
        href: Some("/l/galeri-lappa/gerbang/gw-galeri-lappa-1".into()),
        tag: tag(tone, "Diam sejak 18.52"),
        detail: detail.clone(),
        advice: "Periksa listrik dan uplink di lokasi.".into(),
        taken: "Belum ada yang menangani.".into(),
        may_take,
    };
    let letter = Letter {
        made: "18.54".into(),
        channel: "surel".into(),
        subject: "Siaga: 20 kejadian".into(),
        state: "terkirim 18.54".into(),
    };
    let some = Alerts {
        c: told("/siaga", "network-alerts", 3),
        open: vec![line("4f1c02a98be7", Tone::Bad, true), line("4f1c02a98be8", Tone::Bad, false)],
        over: vec![line("4f1c02a98be9", Tone::Off, false)],
        letters: vec![letter],
    };
    let none =
        Alerts { c: told("/siaga", "network-alerts", 9), open: Vec::new(), over: Vec::new(), letters: Vec::new() };
    let backup = BackupLine {
        made: "20.14".into(),
        file: "/var/backups/gapura/gapura-20261120T121400Z.backup".into(),
        size: "12 MB".into(),
        by: "jadwal".into(),
    };
    let plan = Some("Cadangan tersegel masuk ke /var/backups/gapura setiap 24 jam.".to_owned());
    let w = told("/cadangan", "network-backups", 4).w;
    let kept = |progress, failed| Backups {
        c: told("/cadangan", "network-backups", 4),
        plan: plan.clone(),
        progress,
        failed,
        rows: vec![backup.clone()],
    };
    let running = w.t2("network-backup-running", "when", "20.14 WITA", "size", "412 MB");
    let why = "the disk is full (os error 28)";
    let failed = w.t2("network-backup-failed", "when", "20 November 2026, 02.00 WITA", "why", why);
    let never = Backups {
        c: told("/cadangan", "network-backups", 9),
        plan: None,
        progress: None,
        failed: None,
        rows: Vec::new(),
    };
    vec![
        Sample::of("alerts", &some),
        Sample::of("alerts-empty", &none),
        Sample::of("backups", &kept(None, None)),
        Sample::of("backups-running", &kept(Some(running), None)),
        Sample::of("backups-failed", &kept(None, Some(failed))),
        Sample::of("backups-empty", &never),
    ]
}
