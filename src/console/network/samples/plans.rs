//! Plans with every kind of content.

use super::super::plan_form::Typed;
use super::super::plans::{Edit, Line, List, groups};
use crate::chrome::Chrome;
use crate::form::Fields;
use crate::samples::Sample;

pub(super) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = |news: &str| {
        let mut c = frame("/paket", "plans-title");
        c.sub = c.w.t("plans-sub");
        c.news = (!news.is_empty()).then(|| c.w.t(news));
        c
    };
    let w = c("").w;
    let line = |name: &str, id: &str, used: &[&str]| Line {
        href: "/paket/ubah/pelajar".into(),
        name: name.into(),
        id: id.into(),
        limits: vec![w.t1("plans-each-visit", "amount", "2 jam, 1 GB"), w.t1("plans-each-day", "amount", "4 jam")],
        speed: "↓ 4 Mb/s, ↑ 2 Mb/s".into(),
        devices: w.n("plans-devices", 2),
        used: used.iter().map(|key| w.n(key, 3)).collect(),
    };
    let lines =
        || vec![line("Pelajar", "pelajar", &["plans-used-sites", "plans-used-vouchers"]), line("Tamu", "tamu", &[])];
    let typed = Typed::of(&Fields::read(
        b"id=pelajar&nama=Pelajar&kunjungan-menit=120&turun=4000&perangkat=2&akhir=lambat&lambat-turun=512",
    ));
    let edit = |there, used: Vec<String>, wrong: Vec<(String, String)>| Edit {
        c: frame(if there { "/paket/ubah/pelajar" } else { "/paket/baru" }, "plans-new"),
        typed: if there { typed.clone() } else { Typed::new() },
        there,
        groups: groups(w),
        used,
        wrong,
    };
    let wrong = [
        ("id", "plans-wrong-id"),
        ("nama", "plans-wrong-name"),
        ("kelompok", "plans-wrong-group"),
        ("kunjungan-menit", "plans-wrong-number"),
        ("perangkat", "plans-wrong-devices"),
        ("tambah-menit", "plans-wrong-extend"),
        ("lambat-turun", "plans-wrong-slow"),
    ];
    let wrong = wrong.map(|(field, key)| (field.to_owned(), w.t(key))).to_vec();
    vec![
        Sample::of("plans", &List { c: c("news-plan-saved"), may_set: true, lines: lines() }),
        Sample::of("plans-empty", &List { c: c("news-plan-removed"), may_set: false, lines: Vec::new() }),
        Sample::of("plan", &edit(true, vec![w.n("plans-used-presets", 2), w.n("plans-used-accounts", 1)], Vec::new())),
        Sample::of("plan-unused", &edit(true, Vec::new(), Vec::new())),
        Sample::of("plan-new", &edit(false, Vec::new(), wrong)),
    ]
}
