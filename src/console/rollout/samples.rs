//! This room's pages with every kind of content.

use super::form::{New, Pilot, Typed};
use super::{Act, NoRollout, Note, One, Row, Tag, Wave};
use crate::chrome::Chrome;
use crate::samples::Sample;

const PATH: &str = "/sop/13/peluncuran";

fn frame_of(frame: &dyn Fn(&str, &str) -> Chrome, key: &str) -> Chrome {
    let mut c = frame(PATH, "rollout-who");
    c.title = c.w.t1(key, "revision", "13");
    c.sub = format!(
        "SOP/73.07/KOMINFO/01. {} {}",
        c.w.t1("rollout-approved", "who", "penyetuju.sinjai"),
        c.w.t("rollout-stops-itself")
    );
    c.up("/sop/13", "SOP Penyaringan Konten".to_owned())
}

fn tag(class: &'static str, words: String) -> Tag {
    Tag { class, words }
}

fn row(c: &Chrome, name: &str, wave: i64, (revision, since): (&str, &str), tag: Tag, more: &str) -> Row {
    Row {
        name: name.to_owned(),
        gateway: String::new(),
        revision: revision.to_owned(),
        generation: c.w.t1("rollout-generation", "n", "42"),
        since: since.to_owned(),
        tag,
        more: more.to_owned(),
        heard: "20.14".to_owned(),
        wave: super::speak::short_wave(c.w, wave, 3),
    }
}

fn rows(c: &Chrome) -> Vec<Row> {
    let good = || tag("good", c.w.t("rollout-in-force"));
    let waits = || tag("off", c.w.t("rollout-waiting-turn"));
    let said = c.w.t1("rollout-said", "words", "No space left on device");
    vec![
        row(c, "Galeri Sinjai Utara", 1, ("13", "19.03"), good(), ""),
        row(c, "Alun-alun Sinjai Bersatu", 1, ("13", "19.03"), good(), ""),
        row(c, "Galeri Lappa", 2, ("13", "19.33"), good(), ""),
        row(c, "Terminal Sinjai", 2, ("12", "–"), tag("bad", c.w.t("rollout-ill-refused")), &said),
        row(
            c,
            "MPLIK Sinjai 02",
            2,
            ("12", "–"),
            tag("info", "Diam sejak 18.52".to_owned()),
            &c.w.t("rollout-away-about"),
        ),
        row(c, "PLIK Sinjai Barat", 3, ("12", "–"), waits(), ""),
    ]
}

fn waves(c: &Chrome, second: (&'static str, Tag)) -> Vec<Wave> {
    let name = |wave| super::speak::wave_name(c.w, wave, 3);
    let counted = |well: &str, of: &str| c.w.t2("rollout-wave-well", "well", well, "of", of);
    vec![
        Wave { class: "done", name: name(1), tag: tag("good", counted("2", "2")) },
        Wave { class: second.0, name: name(2), tag: second.1 },
        Wave { class: "", name: name(3), tag: tag("off", c.w.n("rollout-wave-waits", 14)) },
    ]
}

fn act(c: &Chrome, step: &'static str, (title, about, button): (&str, String, &str), class: &'static str) -> Act {
    let (title, button) = (c.w.t(title), c.w.t(button));
    Act { step, title, about, button, class, typed: String::new(), wrong: String::new() }
}

fn acts(c: &Chrome, stopped: bool, wrong: bool) -> Vec<Act> {
    let first = if stopped {
        let about = c.w.t1("rollout-go-on-about", "minutes", "30");
        act(c, "lanjut", ("rollout-go-on", about, "rollout-go-on-do"), "go")
    } else {
        act(c, "jeda", ("rollout-pause", c.w.t1("rollout-pause-about", "revision", "13"), "rollout-pause-do"), "")
    };
    let all = act(c, "semua", ("rollout-all", c.w.t1("rollout-all-about", "revision", "13"), "rollout-all-do"), "");
    let back = Act {
        step: "tarik",
        title: c.w.t1("rollout-back", "former", "12"),
        about: c.w.t2("rollout-back-about", "revision", "13", "former", "12"),
        button: c.w.t("rollout-back-do"),
        class: "bad",
        typed: String::new(),
        wrong: if wrong { c.w.t("rollout-wrong-reason") } else { String::new() },
    };
    vec![first, all, back]
}

fn limits(c: &Chrome) -> Vec<String> {
    vec![
        c.w.t1("rollout-limit-settle", "minutes", "30"),
        c.w.t("rollout-limit-refused"),
        c.w.t("rollout-limit-pilot"),
        c.w.t1("rollout-limit-lost", "percent", "20"),
        c.w.t2("rollout-limit-refusals", "least", "500", "times", "3"),
    ]
}

fn health(c: &Chrome) -> Vec<(String, String)> {
    vec![
        (c.w.t("rollout-health-well"), "9".to_owned()),
        (c.w.t("rollout-health-away"), "1".to_owned()),
        (c.w.t("rollout-health-ill"), "1".to_owned()),
        (c.w.t("rollout-health-refused"), "312".to_owned()),
        (c.w.t("rollout-health-where"), "Galeri Sinjai Utara".to_owned()),
        (c.w.t("rollout-health-before"), "280".to_owned()),
    ]
}

pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let mut pages = progress(frame);
    pages.extend(quiet(frame));
    pages.extend(forms(frame));
    pages
}

fn progress(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let mut c = frame_of(frame, "rollout-title");
    c.news = Some(c.w.t("news-rollout-begun"));
    let seven = c.w.t2("rollout-wave-well", "well", "7", "of", "8");
    let running = One {
        path: PATH.to_owned(),
        live: true,
        refused: None,
        note: None,
        waves: waves(&c, ("run", tag("warn", seven.clone()))),
        end: (c.w.t("rollout-next"), c.w.t1("rollout-next-about", "when", "20.35 WITA")),
        rows: rows(&c).into_iter().filter(|row| row.tag.class != "bad").collect(),
        health: health(&c),
        limits: limits(&c),
        acts: acts(&c, false, false),
        c,
    };
    let c = frame_of(frame, "rollout-title");
    let ill = format!("{seven}, {}", c.w.n("rollout-wave-ill", 1));
    let cause = "Terminal Sinjai: gerbang gw-terminal-1 menolak atau gagal memasang revisi ini.";
    let stopped = One {
        path: PATH.to_owned(),
        live: true,
        refused: Some((c.w.t("rollout-wrong-reason"), c.w.t1("rollout-typed", "words", "tunggu hasil rapat"))),
        note: Some(Note {
            class: "bad",
            title: c.w.t1("rollout-stopped-itself", "when", "20.14 WITA"),
            text: format!("{cause} {}", c.w.t("rollout-stopped-do")),
            answer: Some(format!("{PATH}?langkah=1#langkah")),
        }),
        waves: waves(&c, ("run", tag("bad", ill))),
        end: (c.w.t("rollout-end"), c.w.t("rollout-end-stopped")),
        rows: rows(&c),
        health: health(&c),
        limits: limits(&c),
        acts: acts(&c, true, false),
        c,
    };
    let mut wrong = One { c: frame_of(frame, "rollout-title"), acts: acts(&stopped.c, true, true), ..stopped.clone() };
    wrong.health.clear();
    vec![
        Sample::of("rollout", &running),
        Sample::of("rollout-stopped", &stopped),
        Sample::of("rollout-reason-wrong", &wrong),
    ]
}

fn quiet(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = frame_of(frame, "rollout-title");
    let waits = One {
        path: PATH.to_owned(),
        live: true,
        refused: None,
        note: Some(Note {
            class: "info",
            title: c.w.t1("rollout-waits", "when", "27 November 2026 pukul 20.00 WITA"),
            text: c.w.t("rollout-waits-do"),
            answer: None,
        }),
        waves: (1..=3_i64)
            .map(|wave| Wave {
                class: "",
                name: super::speak::wave_name(c.w, wave, 3),
                tag: tag("off", c.w.n("rollout-wave-waits", 2)),
            })
            .collect(),
        end: (c.w.t("rollout-end"), c.w.t("rollout-end-later")),
        rows: Vec::new(),
        health: Vec::new(),
        limits: limits(&c),
        acts: vec![act(
            &c,
            "tarik",
            ("rollout-call-off", c.w.t("rollout-call-off-about"), "rollout-call-off-do"),
            "bad",
        )],
        c,
    };
    let c = frame_of(frame, "rollout-title");
    let done = One {
        path: PATH.to_owned(),
        live: false,
        refused: None,
        note: Some(Note {
            class: "good",
            title: c.w.t1("rollout-done", "when", "21.05 WITA"),
            text: c.w.t("rollout-done-about"),
            answer: None,
        }),
        waves: waves(&c, ("done", tag("good", c.w.t2("rollout-wave-well", "well", "8", "of", "8")))),
        end: (c.w.t("rollout-end"), c.w.t1("rollout-end-at", "when", "21.05 WITA")),
        rows: rows(&c),
        health: health(&c),
        limits: limits(&c),
        acts: Vec::new(),
        c,
    };
    let none = NoRollout { c: frame_of(frame, "rollout-title"), order: Some("/sop/13/terbitkan-bertahap".to_owned()) };
    let ask = NoRollout { c: frame_of(frame, "rollout-title"), order: None };
    vec![
        Sample::of("rollout-waits", &waits),
        Sample::of("rollout-done", &done),
        Sample::of("rollout-none", &none),
        Sample::of("rollout-none-ask", &ask),
    ]
}

fn forms(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let pilots = || {
        let one = |name: &str, heard, ticked| Pilot { id: name.to_lowercase(), name: name.to_owned(), heard, ticked };
        vec![
            one("Alun-alun Sinjai Bersatu", true, true),
            one("Galeri Lappa", true, false),
            one("Galeri Sinjai Utara", true, true),
            one("MPLIK Sinjai 02", false, false),
            one("Terminal Sinjai", true, false),
        ]
    };
    let typed = |begin: &str, shares: &str| Typed {
        begin: begin.to_owned(),
        day: if begin == "nanti" { "besok".to_owned() } else { String::new() },
        clock: String::new(),
        shares: shares.to_owned(),
        settle: "30".to_owned(),
        refusals: "500".to_owned(),
        note: String::new(),
    };
    let c = frame_of(frame, "rollout-new");
    let (path, home, zone) = ("/sop/13/terbitkan-bertahap".to_owned(), "/sop/13".to_owned(), "WITA".to_owned());
    let new = New {
        path: path.clone(),
        home: home.clone(),
        pilots: pilots(),
        typed: typed("sekarang", "25, 100"),
        zone: zone.clone(),
        wrong: Vec::new(),
        c,
    };
    let c = frame_of(frame, "rollout-new");
    let wrong = vec![
        ("tanggal", c.w.t("rollout-wrong-time")),
        ("gelombang", c.w.t("rollout-wrong-shares")),
        ("lokasi", c.w.t("rollout-wrong-pilots")),
    ];
    let wrong = New { path, home, pilots: pilots(), typed: typed("nanti", "100, 25"), zone, wrong, c };
    vec![Sample::of("rollout-new", &new), Sample::of("rollout-new-wrong", &wrong)]
}
