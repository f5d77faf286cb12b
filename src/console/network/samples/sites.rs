//! The list of sites with every kind of content.

use gapura_controller::Tone;

use super::super::sites::{Row, Sites};
use super::tag;
use crate::chrome::Chrome;
use crate::samples::Sample;

pub(super) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = || {
        let c = frame("/lokasi", "network-sites");
        let count = c.w.n("network-sites-count", 4);
        c.sub(count)
    };
    let row = |name: &str, kind: &str, tone, state: &str, hours: &str| Row {
        href: "/l/galeri-utara".into(),
        name: name.into(),
        kind: c().w.t(kind),
        agency: "Diskominfo Kabupaten Sinjai".into(),
        regency: "Sinjai".into(),
        hours: hours.into(),
        tag: tag(tone, state),
    };
    let all = vec![
        row("Galeri Sinjai Utara", "network-kind-gallery", Tone::Good, "Melayani", "buka sampai pukul 22.00 WITA"),
        row("Hotspot Alun-alun", "network-kind-hotspot", Tone::Good, "Melayani", "buka terus"),
        row("Telecenter Barania", "network-kind-telecenter", Tone::Off, "belum ada gerbang", "tutup"),
        row("MPLIK Sinjai 02", "network-kind-mplik", Tone::Bad, "Diam sejak 18.52", "tutup, buka besok pukul 08.00"),
    ];
    let found = Sites { c: c(), words: "tidak ada".into(), rows: Vec::new(), any: true, may_make: true };
    let none = Sites { c: c(), words: String::new(), rows: Vec::new(), any: false, may_make: true };
    vec![
        Sample::of("sites", &Sites { c: c(), words: String::new(), rows: all, any: true, may_make: false }),
        Sample::of("sites-search", &found),
        Sample::of("sites-empty", &none),
    ]
}
