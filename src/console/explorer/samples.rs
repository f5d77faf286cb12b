//! The room's pages with every kind of content.

use std::collections::BTreeMap;

use gapura_controller::Used;
use gapura_model::{Moment, Uptime};
use gapura_rules::hours::Zone;
use gapura_speech::{Say, Words};
use jiff::ToSpan as _;

use super::asked::{Asked, By, Measure};
use super::{Line, Seen, hours, made};
use crate::chrome::Chrome;
use crate::samples::Sample;

fn say(w: Words) -> Say {
    let zone: Zone = "Asia/Makassar".parse().unwrap();
    Say::new(w, zone.tz().clone(), Moment::trusted(Uptime::default(), "2026-11-20T12:14:00Z".parse().unwrap()))
}

fn used(visits: u64) -> Used {
    Used { visits, octets: visits * 260_000_000, seconds: visits * 2_700 }
}

pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = || frame("/pemakaian", "usage-title").sub(frame("/pemakaian", "usage-title").w.t("usage-sub"));
    let say = say(c().w);
    let today = say.today();
    let asked = |by, measure| Asked {
        span: (today.saturating_sub(27.days()), today),
        typed: (None, None),
        site: String::new(),
        by,
        measure,
    };
    let sites: Vec<(String, String)> =
        ["Alun-alun Sinjai Bersatu", "Galeri Sinjai Utara", "Telecenter Kecamatan Pulau Sembilan", "Terminal Sinjai"]
            .iter()
            .map(|name| (name.to_lowercase().replace(' ', "-"), (*name).to_owned()))
            .collect();
    let slots: BTreeMap<(u8, u8), Used> = (0..7_u8)
        .flat_map(|day| (7..23_u8).map(move |hour| ((day, hour), used(u64::from(day + 3) * u64::from(hour * 7 % 19)))))
        .collect();
    let days: Vec<Line> = (0..28_i32)
        .map(|at| {
            let day = today.saturating_sub((27 - at).days());
            let visits = u64::try_from(3208 - at * 131 % 1900).unwrap();
            let head = format!("{}, {}", say.weekday(day.weekday()), say.date(day));
            Line { head, short: day.day().to_string(), used: used(visits) }
        })
        .collect();
    let by_hour = (0..24_u8).map(|hour| Line {
        head: hours(&say, i32::from(hour) * 60),
        short: format!("{hour:02}"),
        used: used(if (7..23).contains(&hour) { u64::from(hour) * 91 % 700 } else { 0 }),
    });
    let by_site = sites.iter().zip([4_120_u64, 2_971, 803, 0]);
    let by_site = by_site.map(|((_, name), n)| Line { head: name.clone(), short: String::new(), used: used(n) });
    let seen = |lines: Vec<Line>| {
        let mut total = Used::default();
        for line in &lines {
            total += line.used;
        }
        Seen { sites: sites.clone(), lines, total, slots: slots.clone(), narrow: false }
    };
    let page = |asked: &Asked, seen: &Seen| made(c(), &say, asked, seen, asked.wrong(say.words, &sites));
    let visits = asked(By::Day, Measure::Visits);
    let wrong = Asked { typed: (Some("kemarin".to_owned()), None), ..visits.clone() };
    let empty = Seen { sites: sites.clone(), ..Seen::default() };
    let narrow = Seen { lines: Vec::new(), narrow: true, ..seen(days.clone()) };
    vec![
        Sample::of("usage-day", &page(&visits, &seen(days))),
        Sample::of("usage-hour", &page(&asked(By::Hour, Measure::Time), &seen(by_hour.collect()))),
        Sample::of("usage-site", &page(&asked(By::Site, Measure::Volume), &seen(by_site.collect()))),
        Sample::of("usage-plan", &page(&asked(By::Plan, Measure::Visits), &narrow)),
        Sample::of("usage-none", &page(&visits, &empty)),
        Sample::of("usage-wrong", &page(&wrong, &empty)),
    ]
}
