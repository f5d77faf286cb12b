//! The page with every kind of content.

use gapura_controller::{Public, PublicDay, PublicSite, PublicState, PublicUse, Used};
use gapura_model::{Moment, SiteKind, Uptime};
use gapura_rules::hours::Zone;
use gapura_speech::Say;
use jiff::{Timestamp, ToSpan as _};

use super::made;
use crate::chrome::Chrome;
use crate::samples::Sample;

fn site(name: &str, now: PublicState, used: Option<PublicUse>) -> PublicSite {
    let zone: Zone = "Asia/Makassar".parse().unwrap();
    let today = jiff::civil::date(2026, 11, 20);
    let week = (0..7_i32).map(|back| PublicDay {
        date: today.saturating_add(back.days()),
        windows: if back == 2 { Vec::new() } else { vec![(480, 720), (780, 960)] },
        reason: if back == 2 { "Libur nasional".to_owned() } else { String::new() },
    });
    PublicSite {
        id: name.to_lowercase().replace(' ', "-").parse().unwrap(),
        name: name.to_owned(),
        kind: SiteKind::Gallery,
        agency: "Diskominfo Sinjai".into(),
        regency: "Sinjai".into(),
        place: None,
        contact: "Petugas di loket".into(),
        zone: zone.tz().clone(),
        now,
        week: week.collect(),
        used,
    }
}

pub(super) fn public() -> Public {
    let at: Timestamp = "2026-11-20T05:14:00Z".parse().unwrap();
    let hour = |hours: i64| at.checked_add(jiff::SignedDuration::from_hours(hours)).ok();
    let used = Used { visits: 4_120, octets: 1_200_000_000_000, seconds: 0 };
    let truck = PublicSite {
        kind: SiteKind::Mplik,
        place: Some("Desa Bulu Tellue".into()),
        ..site("Mobil Layanan 1", PublicState::Planned, None)
    };
    Public {
        at,
        month: jiff::civil::date(2026, 10, 1),
        sites: vec![
            site("Galeri Sinjai Utara", PublicState::Open(hour(3)), Some(PublicUse::Of(used))),
            truck,
            site("Telecenter Barania", PublicState::Closed(hour(20)), Some(PublicUse::Withheld)),
            site("Terminal Sinjai", PublicState::Disturbed, Some(PublicUse::Of(used))),
        ],
    }
}

pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let w = frame("/publik", "public-title").w;
    let zone: Zone = "Asia/Makassar".parse().unwrap();
    let full = public();
    let say = Say::new(w, zone.tz().clone(), Moment::trusted(Uptime::default(), full.at));
    let empty = Public { sites: Vec::new(), ..full.clone() };
    let department = "Dinas Komunikasi dan Informatika Sinjai";
    vec![
        Sample::of("public", &made(&say, &full, department)),
        Sample::of("public-none", &made(&say, &empty, department)),
    ]
}
