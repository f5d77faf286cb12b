//! The room's pages with every kind of content.

use gapura_speech::Words;

use super::{InForce, Lists, Row, Waiting};
use crate::chrome::Chrome;
use crate::samples::Sample;

fn row(w: Words, id: &str, title: &str, (tag, state): (&'static str, &str), trouble: &str) -> Row {
    Row {
        id: id.into(),
        title: title.into(),
        category: "judi".into(),
        sources: vec!["https://lists.example/domains.txt".into()],
        licence: "CC0-1.0".into(),
        entries: "1.204.311".into(),
        bad: "17".into(),
        taken: "19 November 2026 pukul 03.12 WITA".into(),
        checked: "pukul 19.40 WITA".into(),
        tag,
        state: w.t(state),
        trouble: trouble.into(),
    }
}

pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let frame = || frame("/daftar", "lists-title");
    let w = frame().w;
    let full = || Lists {
        c: frame().sub(w.t("lists-sub")),
        fetched: true,
        index: Some(InForce {
            facts: vec![
                (w.t("lists-version"), "47".into()),
                (w.t("lists-built"), "pukul 19.41 WITA".into()),
                (w.t("lists-octets"), "14,2 MB".into()),
                (w.t("lists-names"), "1.771.004".into()),
                (w.t("lists-gateways"), w.t2("lists-of", "with", "22", "all", "24")),
            ],
            behind: vec![("Telecenter Pulau Harapan".into(), w.t1("lists-older", "version", "46"))],
        }),
        waiting: vec![Waiting {
            id: "judi".into(),
            title: "Perjudian daring".into(),
            sha256: "00".repeat(32),
            came: "pukul 19.40 WITA".into(),
            change: w.t2("lists-change", "from", "1.204.311", "to", "701.220"),
            why: vec![
                w.t2("lists-why-shrunk", "percent", "41", "allowed", "10"),
                w.t2("lists-why-protected", "name", "sinjaikab.go.id", "line", "4711"),
                w.n("lists-why-more", 12),
            ],
            reason: String::new(),
            busy: false,
        }],
        rows: vec![
            row(w, "judi", "Perjudian daring", ("warn", "lists-held"), ""),
            row(w, "trustpositif", "TrustPositif", ("bad", "lists-trouble"), "cannot fetch: connection timed out"),
            row(w, "iklan", "Iklan", ("good", "lists-fresh"), ""),
        ],
        work: Vec::new(),
        failed: None,
        wrong: Vec::new(),
        may_look: true,
        may_decide: true,
    };
    let busy = Lists {
        work: vec![
            w.t2("lists-work-since", "what", w.t1("lists-work-accept", "list", "judi"), "when", "20.14"),
            w.t1("lists-work-waits", "what", w.t("lists-work-look-all")),
        ],
        failed: Some(w.t2("lists-failed", "what", w.t("lists-work-look-all"), "why", "cannot build the index")),
        waiting: full().waiting.into_iter().map(|one| Waiting { busy: true, ..one }).collect(),
        ..full()
    };
    let slip = Lists { wrong: vec!["Tulis alasan.".into()], ..full() };
    let none = Lists { fetched: false, index: None, waiting: Vec::new(), may_look: false, ..full() };
    vec![
        Sample::of("lists", &full()),
        Sample::of("lists-busy", &busy),
        Sample::of("lists-refused", &slip),
        Sample::of("lists-not-fetched", &none),
    ]
}
