//! Settings above the sites with every kind of content.

use super::super::fields;
use super::super::levels::{Below, Line, List, One};
use crate::chrome::Chrome;
use crate::samples::Sample;

/// All that can be set above the sites.
const NAMES: [&str; 25] = [
    "name",
    "kind",
    "agency",
    "regency",
    "contact",
    "wifi",
    "hours.zone",
    "hours.weekly",
    "hours.holidays",
    "hours.exceptions",
    "hours.overrides",
    "in-doubt",
    "ways",
    "one-tap-plan",
    "staff-plan",
    "uplink",
    "garden",
    "terms",
    "look.colours.brand",
    "look.texts.welcome",
    "devices",
    "filter.without-index",
    "filter.class-groups",
    "nat-attribution",
    "notices",
];

pub(super) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = |path: &str, news: &str| {
        let mut c = frame(path, "levels-title");
        c.news = (!news.is_empty()).then(|| c.w.t(news));
        c
    };
    let w = c("/setelan", "").w;
    let names =
        |from: usize, count: usize| NAMES.iter().skip(from).take(count).map(|one| fields::name(w, one)).collect();
    let line = |name: String, href: &str, set: Vec<String>, count: u64| Line {
        href: href.into(),
        name,
        set,
        sites: w.n("looks-reaches", count),
    };
    let list = |groups: Vec<Line>, typed: &str, wrong: &str, news: &str| List {
        c: c("/setelan", news).sub(w.t("levels-sub")),
        may_set: true,
        lines: vec![
            line(w.t("network-level-department"), "/setelan/dinas/semua", names(4, 20), 24),
            line(w.t1("network-level-regency", "name", "Sinjai"), "/setelan/kabupaten/Sinjai", Vec::new(), 24),
        ],
        groups,
        typed: typed.into(),
        wrong: if wrong.is_empty() { String::new() } else { w.t(wrong) },
    };
    let group = |typed: &str, wrong: &str, sites: Vec<Below>, news: &str| One {
        c: c("/setelan/kelompok/pulau", news).sub(w.n("looks-reaches", sites.len() as u64)),
        may_set: true,
        group: "pulau".into(),
        set: vec![
            (fields::name(w, "contact"), "Petugas pulau, 0482-21000".into()),
            (
                fields::name(w, "ways"),
                fields::value(w, "ways", &serde_json::json!({ "one-tap": true, "voucher": false })),
            ),
            (fields::name(w, "look.colours.brand"), "#5a1f3c".into()),
        ],
        look: "/rupa/kelompok/pulau".into(),
        basics: "/dasar/kelompok/pulau".into(),
        hours: "/jam/kelompok/pulau".into(),
        sites,
        others: vec![
            ("alun-alun".into(), "Hotspot Alun-alun".into()),
            ("lappa".into(), w.t2("levels-in-other", "site", "Galeri Lappa", "group", "pesisir")),
        ],
        typed: typed.into(),
        wrong: if wrong.is_empty() { String::new() } else { w.t(wrong) },
    };
    let sites = || {
        vec![
            Below { id: "pulau-burungloe".into(), name: "Telecenter Pulau Burungloe".into(), lost: names(4, 1) },
            Below { id: "kambuno".into(), name: "Hotspot Pulau Kambuno".into(), lost: Vec::new() },
        ]
    };
    let groups = vec![
        line(w.t1("network-level-group", "name", "pulau"), "/setelan/kelompok/pulau", names(4, 3), 2),
        line(w.t1("network-level-group", "name", "pesisir"), "/setelan/kelompok/pesisir", Vec::new(), 0),
    ];
    let department = One {
        c: c("/setelan/dinas/semua", "").sub(w.n("looks-reaches", 24)),
        group: String::new(),
        set: Vec::new(),
        may_set: false,
        others: Vec::new(),
        ..group("", "", sites(), "")
    };
    vec![
        Sample::of("levels", &list(groups, "", "", "news-group-removed")),
        Sample::of("levels-empty", &list(Vec::new(), "Pulau Utara", "levels-wrong-id", "")),
        Sample::of("level", &group("pulau", "", sites(), "news-group-joined")),
        Sample::of("level-wrong", &group("pesisir", "levels-wrong-taken", sites(), "news-group-left")),
        Sample::of("level-bare", &group("pulau", "", Vec::new(), "news-group-made")),
        Sample::of("level-renamed", &group("pulau", "", sites(), "news-group-renamed")),
        Sample::of("level-department", &department),
    ]
}
