//! Opening hours with every kind of content.

use super::super::hours::early::Today;
use super::super::hours::{CalendarLine, Coming, Day, Hours, SeasonLine, Typed, ZoneLine};
use super::super::site::Exception;
use crate::chrome::Chrome;
use crate::samples::Sample;
use crate::week::{self, DAYS};

const NEWS: [&str; 7] = [
    "news-week-set",
    "news-season-set",
    "news-season-removed",
    "news-holidays-set",
    "news-closed-early",
    "news-reopened",
    "news-zone-set",
];

fn day((index, key): (usize, &'static str), c: &Chrome) -> Day {
    let was = match key {
        "fri" => "08.00–11.30, 13.30–22.00",
        "sun" => "",
        _ => "08.00–22.00",
    };
    let spans = week::read(was).unwrap();
    Day {
        key,
        name: c.w.list("weekdays", index),
        was: was.to_owned(),
        typed: was.to_owned(),
        wrong: String::new(),
        boxes: (0..24).map(|hour| week::ticked(&spans, hour)).collect(),
    }
}

fn coming(day: &str, line: &str, note: &str) -> Coming {
    let spans = week::read(line).unwrap();
    Coming {
        day: day.to_owned(),
        hours: if spans.is_empty() { "tutup".to_owned() } else { line.to_owned() },
        note: note.to_owned(),
        bars: spans.iter().map(|(from, until)| (from / 3, (until - from) / 3)).collect(),
        other: note.len() > 8,
    }
}

fn full(c: Chrome) -> Hours {
    let exception = |dates: &str, reason: &str, own| Exception {
        from: "2026-11-28".into(),
        to: "2026-11-28".into(),
        dates: dates.into(),
        hours: if own { "08.00-17.00".into() } else { "tutup".into() },
        reason: reason.into(),
        level: if own { "lokasi ini".into() } else { "dinas".into() },
        own,
    };
    let today = Today { state: c.w.t1("network-open-until", "when", "22.00 WITA"), open: true, ..Today::default() };
    let zone = |name: &str, words: String, chosen| ZoneLine { name: name.into(), words, chosen };
    let zones = vec![
        zone("", c.w.t1("hours-zone-above", "zone", "Asia/Makassar"), true),
        zone("Asia/Jakarta", c.w.t("hours-zone-jakarta"), false),
        zone("Asia/Pontianak", c.w.t("hours-zone-pontianak"), false),
        zone("Asia/Makassar", c.w.t("hours-zone-makassar"), false),
        zone("Asia/Jayapura", c.w.t("hours-zone-jayapura"), false),
    ];
    let days: Vec<Day> = DAYS.into_iter().enumerate().map(|pair| day(pair, &c)).collect();
    let season = days.iter().map(|day| (day.name.clone(), "09.00–17.00, 20.30–23.00".to_owned())).collect();
    Hours {
        c,
        home: "/l/galeri-utara/jam".into(),
        may_set: true,
        may_except: true,
        today: Some(today),
        days,
        mode: "pekan",
        from: "lokasi ini".into(),
        above: "dinas".into(),
        zones,
        coming: vec![
            coming("Jumat 20", "08.00–11.30, 13.30–22.00", "hari ini"),
            coming("Sabtu 21", "08.00–22.00", ""),
            coming("Minggu 22", "", ""),
            coming("Sabtu 28", "08.00–17.00", "Pemeliharaan listrik"),
        ],
        exceptions: vec![
            exception("28 Nov 2026", "Pemeliharaan listrik", true),
            exception("24 Des 2026 – 25 Des 2026", "Cuti bersama dan Natal", false),
        ],
        seasons: vec![SeasonLine {
            from: "2027-02-08".into(),
            to: "2027-03-09".into(),
            dates: "8 Feb 2027 – 9 Mar 2027".into(),
            reason: "Ramadan (perkiraan)".into(),
            days: season,
        }],
        calendars: vec![
            CalendarLine {
                name: "nasional-2026".into(),
                kept: true,
                days: vec![("25 Des 2026".into(), "Hari Natal".into())],
            },
            CalendarLine { name: "nasional-2025".into(), kept: false, days: Vec::new() },
        ],
        holidays_from: "dinas".into(),
        holidays_own: false,
        typed: Typed::default(),
        wrong: Vec::new(),
    }
}

pub(super) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = |news: usize| {
        let mut c = frame("/l/galeri-utara/jam", "hours-title");
        c.sub = c.w.t2("hours-sub", "site", "Galeri Sinjai Utara", "zone", "WITA");
        c.news = NEWS.get(news).map(|key| c.w.t(key));
        c
    };
    let w = c(9).w;
    let mut wrong = full(c(9));
    for (field, key) in [
        ("pola", "hours-wrong-pattern"),
        ("tutup-jam", "hours-early-wrong-time"),
        ("tutup-jam", "hours-early-wrong-passed"),
        ("tutup-jam", "hours-early-wrong-closed"),
        ("tutup-alasan", "hours-wrong-reason"),
        ("jam-mon", "hours-wrong-both"),
        ("jam-tue", "hours-wrong-overlap"),
        ("dari", "network-day-wrong"),
        ("sampai", "hours-wrong-order"),
        ("jam", "hours-wrong-hours"),
        ("alasan", "hours-wrong-reason"),
        ("musim-alasan", "hours-wrong-reason"),
        ("musim-fri", "hours-wrong-hours"),
        ("jam-libur", "hours-wrong-empty"),
        ("zona", "hours-wrong-zone"),
    ] {
        let words = w.t(key);
        if let Some(day) = wrong.days.iter_mut().find(|day| field == format!("jam-{}", day.key)) {
            (day.typed, day.wrong) = ("pagi sampai malam".into(), words.clone());
        }
        wrong.wrong.push((field.to_owned(), words));
    }
    wrong.typed = Typed {
        from: "besok".into(),
        to: "1 Nov 2026".into(),
        hours: "pagi".into(),
        season_days: vec!["09.00–15.00".into(); 7],
        ..Typed::default()
    };
    let mut plain = full(c(9));
    (plain.mode, plain.from) = ("atas", "dinas".into());
    (plain.exceptions, plain.seasons, plain.calendars) = (Vec::new(), Vec::new(), Vec::new());
    plain.holidays_from.clear();
    let mut early = full(c(4));
    early.today = Some(Today {
        state: w.t1("network-open-until", "when", "17.00 WITA"),
        open: true,
        early: Some(("17.00 WITA".into(), "Listrik padam".into())),
        ..Today::default()
    });
    let looking = Hours { may_set: false, may_except: false, ..full(c(9)) };
    let removed = Hours { mode: "selalu", holidays_own: true, ..full(c(2)) };
    let mut level = full(c(6));
    level.c.sub = w.t2("hours-level-sub", "level", "Galeri Internet", "sites", w.n("looks-reaches", 8));
    level.home = "/jam/jenis/gallery".into();
    (level.today, level.coming, level.from, level.above) = (None, Vec::new(), String::new(), String::new());
    level.holidays_from.clear();
    level.exceptions.retain(|one| one.own);
    level.zones[0].words = w.t("hours-zone-silent");
    vec![
        Sample::of("hours-level", &level),
        Sample::of("hours", &full(c(0))),
        Sample::of("hours-wrong", &wrong),
        Sample::of("hours-plain", &plain),
        Sample::of("hours-look", &looking),
        Sample::of("hours-always", &removed),
        Sample::of("hours-season", &full(c(1))),
        Sample::of("hours-holidays", &full(c(3))),
        Sample::of("hours-early", &early),
        Sample::of("hours-reopened", &full(c(5))),
    ]
}
