//! Terms with every kind of content.

use super::super::Tag;
use super::super::terms::changes::changes;
use super::super::terms::write::{Check, Typed, Write};
use super::super::terms::{Line, List, One, SetHere};
use crate::chrome::Chrome;
use crate::samples::Sample;

const OLD: &str = "Gunakan Internet dengan sopan.\nJangan mengganggu orang lain.\nPemakaian dicatat tanpa nama.";
const NEW: &str = "Gunakan Internet dengan sopan.\nJangan menyebarkan kabar bohong.\nPemakaian dicatat tanpa nama.";
const ENGLISH: &str = "Use the Internet kindly.\nDo not spread hoaxes.\nUse is recorded without names.";

pub(super) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = |path: &str, news: &str| {
        let mut c = frame(path, "terms-title");
        c.news = (!news.is_empty()).then(|| c.w.t(news));
        c
    };
    let w = c("/syarat", "").w;
    let department = w.t("network-level-department");
    let places = || vec![("dinas:semua".into(), department.clone()), ("lokasi:galeri".into(), "Galeri".into())];
    let line = |version: &str, class, words: String, set: Vec<String>| Line {
        href: "/syarat/versi?v=2026-2".into(),
        version: version.into(),
        since: w.t1("terms-since", "date", "1 Okt 2026"),
        tag: Tag { class, words },
        set,
        accepted: w.n("terms-accepted", 1204),
    };
    let list = List {
        c: c("/syarat", "").sub(w.t("terms-sub")),
        may_set: true,
        lines: vec![
            line("2026-2", "good", w.n("terms-in-force", 22), vec![department.clone()]),
            line("2026-1", "off", w.t("terms-not-in-force"), Vec::new()),
        ],
        without: vec!["Telecenter Barania".into()],
    };
    let none = List { c: c("/syarat", ""), may_set: true, lines: Vec::new(), without: Vec::new() };
    let one = |sites: &[&str], news: &str| One {
        c: c("/syarat/versi?v=2026-2", news).sub(w.t1("terms-since", "date", "1 Okt 2026")),
        may_set: true,
        version: "2026-2".into(),
        from_this: "/syarat/baru?dari=2026-2".into(),
        print: "9f3c 77ab 41d0 e2b6".into(),
        indonesian: NEW.lines().map(str::to_owned).collect(),
        english: if sites.is_empty() { Vec::new() } else { ENGLISH.lines().map(str::to_owned).collect() },
        set: vec![SetHere { key: "dinas:semua".into(), name: department.clone() }],
        sites: sites.iter().map(|site| (*site).to_owned()).collect(),
        accepted: w.n("terms-accepted", 0),
        places: places(),
    };
    let typed = || Typed {
        version: "2027-1".into(),
        since: "1 Jan 2027".into(),
        at: "dinas:semua".into(),
        indonesian: NEW.into(),
        english: ENGLISH.into(),
    };
    let write = |typed: Typed| Write {
        c: c("/syarat/baru", "").sub(w.t("terms-new-sub")),
        typed,
        places: places(),
        check: None,
        wrong: Vec::new(),
    };
    let check = |before: &str, kept: Vec<String>| Check {
        reach: w.n("terms-would-reach", 22),
        kept,
        before: before.into(),
        indonesian: changes(if before.is_empty() { "" } else { OLD }, NEW),
        english: changes(if before.is_empty() { "" } else { ENGLISH }, ENGLISH),
    };
    let wrong = [
        ("versi", "terms-wrong-version"),
        ("versi", "terms-wrong-taken"),
        ("mulai", "network-day-wrong"),
        ("di", "terms-wrong-place"),
        ("teks-id", "terms-wrong-long"),
        ("teks-en", "terms-wrong-empty"),
    ];
    let wrong = wrong.map(|(field, key)| (field.to_owned(), w.t(key))).to_vec();
    let mistaken = Typed { since: "besok".into(), english: String::new(), ..typed() };
    vec![
        Sample::of("terms", &list),
        Sample::of("terms-empty", &none),
        Sample::of("terms-version", &one(&["Galeri Sinjai Utara", "Hotspot Alun-alun"], "news-terms-published")),
        Sample::of("terms-version-set", &one(&["Galeri Sinjai Utara"], "news-terms-set")),
        Sample::of("terms-version-old", &one(&[], "news-terms-withdrawn")),
        Sample::of("terms-new", &write(typed())),
        Sample::of("terms-wrong", &Write { wrong, ..write(mistaken) }),
        Sample::of(
            "terms-check",
            &Write { check: Some(check("2026-2", vec!["Galeri Lappa".into()])), ..write(typed()) },
        ),
        Sample::of("terms-check-first", &Write { check: Some(check("", Vec::new())), ..write(typed()) }),
    ]
}
