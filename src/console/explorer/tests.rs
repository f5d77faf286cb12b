//! What is asked, what is added up, what is drawn.

use gapura_controller::{SitePlace, SlotUse};
use gapura_model::{Moment, Uptime};
use gapura_rules::hours::Zone;
use gapura_speech::Lang;
use jiff::civil::date;

use super::*;
use crate::form::Fields;
use crate::words::words;

fn say() -> Say {
    let zone: Zone = "Asia/Makassar".parse().unwrap();
    let moment = Moment::trusted(Uptime::default(), "2026-11-20T12:14:00Z".parse().unwrap());
    Say::new(words(Lang::Id), zone.tz().clone(), moment)
}

fn asked(query: &str) -> Asked {
    Asked::of(&Fields::read(query.as_bytes()), date(2026, 11, 20))
}

fn explored() -> Explored {
    let used = |visits| Used { visits, octets: visits * 1_000_000, seconds: visits * 60 };
    let place =
        |site: &str| SitePlace { site: site.parse().unwrap(), agency: "Kominfo".into(), regency: "Sinjai".into() };
    let slot = |site: &str, weekday, hour, visits| SlotUse { site: site.into(), weekday, hour, used: used(visits) };
    Explored {
        sites: vec![(place("galeri"), "Galeri".into()), (place("seberang"), "=Seberang".into())],
        days: vec![
            ("galeri".into(), date(2026, 11, 18), used(5)),
            ("galeri".into(), date(2026, 11, 20), used(2)),
            ("seberang".into(), date(2026, 11, 20), used(9)),
            ("asing".into(), date(2026, 11, 20), used(100)),
        ],
        slots: vec![
            slot("galeri", 2, 9, 5),
            slot("galeri", 4, 9, 2),
            slot("seberang", 4, 20, 9),
            slot("asing", 0, 0, 100),
        ],
    }
}

fn visits(seen: &Seen) -> Vec<(&str, u64)> {
    seen.lines.iter().map(|line| (line.head.as_str(), line.used.visits)).collect()
}

#[test]
fn the_address_says_everything_and_is_read_back() {
    let plain = asked("");
    assert_eq!((plain.span, plain.days()), ((date(2026, 10, 24), date(2026, 11, 20)), 28));
    let full = asked("dari=1+Nov+2026&sampai=07-11-2026&situs=galeri&menurut=jam&ukuran=volume");
    let again = full.address(PATH);
    assert_eq!(again, "/pemakaian?dari=2026-11-01&sampai=2026-11-07&situs=galeri&menurut=jam&ukuran=volume");
    let read = asked(again.split_once('?').unwrap().1);
    assert_eq!((read.span, read.by, read.measure, read.site), (full.span, By::Hour, Measure::Volume, full.site));
}

#[test]
fn what_cannot_be_answered_is_said_at_its_field_and_stays_typed() {
    let sites = [("galeri".to_owned(), "Galeri".to_owned())];
    for (query, field) in [
        ("dari=kemarin", "dari"),
        ("sampai=31-02-2026", "sampai"),
        ("dari=2026-11-02&sampai=2026-11-01", "sampai"),
        ("dari=2026-01-01&sampai=2026-11-01", "dari"),
        ("dari=0001-01-01&sampai=9999-12-31", "dari"),
        ("situs=asing", "situs"),
    ] {
        let asked = asked(query);
        assert_eq!(asked.wrong(words(Lang::Id), &sites).unwrap().0, field, "{query}");
    }
    assert_eq!(asked("dari=2026-08-21&sampai=2026-11-20").wrong(words(Lang::Id), &sites), None, "92 days");
    let wrong = asked("dari=kemarin");
    assert_eq!(wrong.typed.0.as_deref(), Some("kemarin"));
}

#[test]
fn sums_are_of_sites_that_may_be_seen_and_were_asked_for() {
    let mine = |place: &SitePlace| place.site.as_str() != "asing";
    let by = |query: &str| Seen::pick(&say(), &asked(query), explored(), mine);
    let days = by("dari=2026-11-18");
    assert_eq!(
        visits(&days),
        [("Rabu, 18 November 2026", 5), ("Kamis, 19 November 2026", 0), ("Jumat, 20 November 2026", 11)]
    );
    assert_eq!(days.total.visits, 16);
    let only_galeri = |place: &SitePlace| place.site.as_str() == "galeri";
    let seen = Seen::pick(&say(), &asked(""), explored(), only_galeri);
    assert_eq!((seen.total.visits, seen.sites.len(), seen.slots.len()), (7, 1, 2));
    let seen = by("situs=galeri&menurut=jam");
    assert_eq!((seen.lines.len(), seen.lines[9].used.visits, seen.lines[9].head.as_str()), (24, 7, "09.00–10.00"));
    assert_eq!(visits(&by("menurut=lokasi")), [("=Seberang", 9), ("Galeri", 7)]);
}

#[test]
fn bars_and_cells_stand_in_proportion() {
    let (say, asked) = (say(), asked("dari=2026-11-18"));
    let seen = Seen::pick(&say, &asked, explored(), |_| true);
    let chart = Chart::of(&say, &asked, &seen.lines).unwrap();
    let heights: Vec<_> = chart.bars.iter().map(|bar| bar.height).collect();
    assert_eq!((heights[1], heights[2]), (0, 180), "{heights:?}");
    assert!(chart.bars.iter().all(|bar| bar.y + bar.height == 192 && bar.x + bar.width <= 660));
    let heat = HeatMap::of(&say, Measure::Visits, &seen.slots);
    let level = |day: usize, hour: usize| heat.days[day].cells[hour].level;
    assert_eq!((level(4, 20), level(2, 9), level(4, 9), level(0, 0)), (5, 3, 1, 0));
    // Nothing used: nothing drawn. So much that it cannot be multiplied: drawn all the same.
    assert!(Chart::of(&say, &asked, &[]).is_none());
    let most = Used { visits: u64::MAX, octets: u64::MAX, seconds: u64::MAX };
    let line = Line { head: "x".into(), short: String::new(), used: most };
    assert_eq!(Chart::of(&say, &asked, &[line]).unwrap().bars[0].height, 180);
}

#[test]
fn a_file_is_safe_for_a_spreadsheet() {
    let seen = Seen::pick(&say(), &asked("menurut=lokasi"), explored(), |place| place.site.as_str() == "seberang");
    let text = file::csv(words(Lang::Id), "Lokasi".to_owned(), &seen.lines);
    let expected = "\u{feff}\"Lokasi\";\"Kunjungan\";\"Volume (bita)\";\"Waktu daring (detik)\"\r\n\"'=Seberang\";9;9000000;540\r\n";
    assert_eq!(text, expected);
}
