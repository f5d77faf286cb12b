//! The room's pages with every kind of content.

use gapura_controller::DayUse;
use gapura_model::{Moment, Uptime};
use gapura_rules::hours::Zone;
use gapura_speech::{Say, Words};
use jiff::Timestamp;

use super::{Alarm, Dashboard, Figure, Tile, chart};
use crate::chrome::Chrome;
use crate::samples::Sample;

fn say(w: Words) -> Say {
    let zone: Zone = "Asia/Makassar".parse().unwrap();
    let now: Timestamp = "2026-11-20T12:14:00Z".parse().unwrap();
    Say::new(w, zone.tz().clone(), Moment::trusted(Uptime::default(), now))
}

pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = || frame("/ringkasan", "dash-title");
    let w = c().w;
    let figure =
        |label: &str, value: &str, small: String| Figure { label: w.t(label), value: value.into(), small, href: None };
    let tile = |class, name: &str, words: &str, online: &str| Tile {
        href: "/l/galeri-utara".into(),
        class,
        name: name.into(),
        words: words.into(),
        online: online.into(),
        open: class.is_empty() || class == "warn",
    };
    let say = say(w);
    let today = say.today();
    let used: Vec<DayUse> = (0..14_i64)
        .map(|back| {
            let visits = u64::try_from(3208 - back * 131 % 1900).unwrap();
            let day = today.checked_sub(jiff::Span::new().days(back)).unwrap();
            DayUse { site: "galeri-utara".into(), day, visits, octets: visits * 260_000_000 }
        })
        .collect();
    let full = Dashboard {
        c: c().sub("Jumat, 20 November 2026 pukul 20.14 WITA".into()),
        figures: vec![
            figure("dash-online", "398", String::new()),
            figure("dash-visits", "3.208", w.t2("dash-before", "day", "Jumat", "count", "2.971")),
            figure("dash-volume", "834 GB", String::new()),
            figure("dash-serving", &w.t2("dash-of", "some", "22", "all", "24"), w.t1("dash-closed", "count", "1")),
            Figure { href: Some("/permintaan"), ..figure("dash-waiting", "3", String::new()) },
            Figure { href: Some("/siaga"), ..figure("dash-alerts", "1", String::new()) },
        ],
        chart: chart(&say, &used),
        tiles: vec![
            tile("", "Galeri Sinjai Utara", "", "38"),
            tile("", "Alun-alun Sinjai Bersatu", "", "64"),
            tile("warn", "Terminal Sinjai", "Terganggu", "26"),
            tile("off", "Telecenter Barania", "Tutup, buka besok pukul 08.00 WITA", "0"),
            tile("bad", "Telecenter Pulau Harapan", "Diam sejak 18.52", "0"),
        ],
        alarms: Some(vec![Alarm {
            words: "Diam sejak 18.52".into(),
            place: "Telecenter Pulau Harapan".into(),
            href: Some("/l/harapan".into()),
        }]),
        screens: true,
    };
    let empty = Dashboard {
        c: c(),
        figures: vec![figure("dash-online", "0", String::new())],
        chart: chart(&say, &[]),
        tiles: Vec::new(),
        alarms: Some(Vec::new()),
        screens: false,
    };
    vec![Sample::of("dashboard", &full), Sample::of("dashboard-empty", &empty)]
}
