//! Calendars of holidays with every kind of content.

use super::super::calendars::{Edit, Line, List};
use super::super::days::Slip;
use crate::chrome::Chrome;
use crate::samples::Sample;

pub(super) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = |news: &str| {
        let mut c = frame("/kalender", "calendars-title");
        c.sub = c.w.t("calendars-sub");
        c.news = (!news.is_empty()).then(|| c.w.t(news));
        c
    };
    let w = c("").w;
    let line = |name: &str, next: &[(&str, &str)], sites: &[&str]| Line {
        name: name.into(),
        href: "/kalender/ubah/nasional-2027".into(),
        next: next.iter().map(|(when, what)| ((*when).to_owned(), (*what).to_owned())).collect(),
        count: w.n("calendars-count", 24),
        sites: sites.iter().map(|site| (*site).to_owned()).collect(),
    };
    let next = [("24 Des 2026 – 26 Des 2026", "Cuti bersama dan Natal"), ("1 Jan 2027", "Tahun Baru Masehi")];
    let lines = vec![
        line("nasional-2027", &next, &["Galeri Sinjai Utara", "Telecenter Barania"]),
        line("nasional-2025", &[], &[]),
    ];
    let edit = |there: bool, wrong: Vec<(String, String)>| {
        let mut c = frame(if there { "/kalender/ubah/nasional-2027" } else { "/kalender/baru" }, "calendars-new");
        c.sub = c.w.t("calendars-about");
        Edit {
            c,
            name: "nasional-2027".into(),
            days: "24 Des 2026 – 26 Des 2026: Cuti bersama dan Natal\n1 Jan 2027: Tahun Baru Masehi\n".into(),
            there,
            taken: String::new(),
            sites: if there { vec!["Galeri Sinjai Utara".into()] } else { Vec::new() },
            wrong,
        }
    };
    let wrong = |field: &str, words: String| (field.to_owned(), words);
    let mistakes = vec![
        wrong("nama", w.t("calendars-wrong-id")),
        wrong("nama", w.t("calendars-wrong-taken")),
        wrong("hari", w.t("calendars-wrong-empty")),
        wrong("hari", Slip::Date.words(w, 1)),
        wrong("hari", Slip::Order.words(w, 2)),
        wrong("hari", Slip::Name.words(w, 3)),
        wrong("berkas", w.t1("calendars-wrong-file", "what", "line 1: there is no VEVENT in it")),
    ];
    let taken = Edit { taken: w.n("calendars-taken", 24), sites: Vec::new(), ..edit(true, Vec::new()) };
    vec![
        Sample::of("calendars", &List { c: c("news-calendar-saved"), may_set: true, lines }),
        Sample::of("calendars-empty", &List { c: c("news-calendar-removed"), may_set: false, lines: Vec::new() }),
        Sample::of("calendar", &edit(true, Vec::new())),
        Sample::of("calendar-taken", &taken),
        Sample::of("calendar-new", &edit(false, mistakes)),
    ]
}
