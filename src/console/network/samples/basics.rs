//! Basic settings, a new site and devices with every kind of content.

use std::collections::BTreeSet;

use gapura_controller::SettingsDocument;
use gapura_model::PlanId;

use super::super::basics::{self, Basics, Names, form, notices};
use super::super::devices::{self, Devices, Line};
use super::super::fields;
use super::super::input::{self, Typed};
use super::super::new_site::{self, New};
use crate::chrome::Chrome;
use crate::samples::Sample;

const SAID: &str = r#"
name = "Galeri Sinjai Utara"
kind = "gallery"
agency = "Diskominfo Kabupaten Sinjai"
regency = "Sinjai"
contact = "Petugas di loket, 0482-21000"
wifi = "SINJAI-GRATIS"
ways = { one-tap = true, voucher = true, account = true, staff = true }
staff-plan = "umum"
garden = [{ to = "go.id" }, { to = "bpjs-kesehatan.go.id" }, { to = "203.0.113.0/24", ports = [443, 8443] }]
look = { texts = { help-counter = { id = "Lantai 1, di sebelah kiri pintu masuk", en = "Ground floor, left of the entrance" } } }
filter = { without-index = "closed", class-groups = ["kelas", "anak"], forward = [{ zone = "sinjaikab.go.id", servers = ["10.1.0.53"] }] }
"#;

pub(super) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let mut pages = settings(frame);
    pages.extend(sites(frame));
    pages.extend(boxes(frame));
    pages
}

fn plans() -> Vec<(PlanId, String)> {
    let plan = |id: &str, name: &str| Some((id.parse().ok()?, name.to_owned()));
    [plan("umum", "Umum"), plan("pelajar", "Pelajar dan mahasiswa")].into_iter().flatten().collect()
}

fn names(plans: &[(PlanId, String)]) -> Names<'_> {
    let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    Names {
        agencies: all(&["Diskominfo Kabupaten Sinjai", "Dinas Pendidikan Kabupaten Sinjai"]),
        regencies: all(&["Sinjai", "Bone"]),
        plans,
    }
}

fn told(frame: &dyn Fn(&str, &str) -> Chrome, path: &str, title: &str, news: &str) -> Chrome {
    let mut c = frame(path, title);
    c.news = (!news.is_empty()).then(|| c.w.t(news));
    c
}

fn settings(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let plans = plans();
    let page = |path: &str, said: &SettingsDocument, news: &str, may_set: bool| {
        let c = told(frame, path, "basics-title", news);
        let w = c.w;
        let department = w.t("network-level-department");
        let uplink = serde_json::json!({ "down": 50_000_000, "up": 10_000_000 });
        let from = |field: &str| match field {
            "uplink" => Some((fields::value(w, field, &uplink), department.clone())),
            "in-doubt" => Some((fields::value(w, field, &"closed".into()), department.clone())),
            "one-tap-plan" => {
                Some(("umum".to_owned(), w.t1("network-level-kind", "name", w.t("network-kind-gallery"))))
            }
            _ => None,
        };
        let above = !path.starts_with("/l/");
        let parts = form::Part::ALL.into_iter().filter(|part| !above || *part != form::Part::Identity);
        let sections = parts.map(|part| {
            let mut section = basics::section(w, part, &names(&plans), &from);
            input::fill(&mut section.inputs, &form::written(part, said), &[]);
            if part == form::Part::Garden {
                section.warnings = basics::foolish(w, said.garden.iter().flatten());
            }
            section
        });
        Basics {
            base: path.to_owned(),
            may_set,
            sections: sections.collect(),
            notices: Vec::new(),
            notice: notices::inputs(w, "WITA", &Typed::default()),
            wrong: Vec::new(),
            c: c.sub(w.n("looks-reaches", if above { 24 } else { 1 })),
        }
    };
    let said: SettingsDocument = toml::from_str(SAID).unwrap_or_default();
    let path = "/l/galeri-utara/dasar";
    let mut full = page(path, &said, "news-part-saved", true);
    let w = full.c.w;
    let line = |place, text: &str, english: &str, tag: (&'static str, &str), until: String| notices::Line {
        place,
        text: text.to_owned(),
        english: english.to_owned(),
        tag: (tag.0, w.t(tag.1)),
        until,
    };
    full.notices = vec![
        line(
            0,
            "Listrik padam sampai sore; Wi-Fi memakai baterai.",
            "The power is out until the afternoon; Wi-Fi runs on battery.",
            ("warn", "basics-notice-warning"),
            w.t1("basics-notice-until", "when", "20 November 2026, 17.00 WITA"),
        ),
        line(
            1,
            "Kelas Internet pindah ke lantai 2.",
            "",
            ("info", "basics-notice-info"),
            w.t1("basics-notice-over", "when", "18 November 2026, 23.59 WITA"),
        ),
    ];
    let mut wrong = page(path, &said, "", true);
    let slips = vec![
        ("taman".to_owned(), w.t1("basics-wrong-place", "text", "bpjs kesehatan")),
        ("asal-uplink".to_owned(), w.t("basics-wrong-follow")),
    ];
    for section in &mut wrong.sections {
        for one in &mut section.inputs {
            let own = slips.iter().find(|(field, _)| field == one.name);
            one.wrong = own.map(|(_, words)| words.clone()).unwrap_or_default();
        }
    }
    wrong.wrong = input::listed(wrong.sections.iter().flat_map(|section| &section.inputs), slips);
    let mut notice = page(path, &said, "news-notice-removed", true);
    let slips =
        vec![("teks-id".to_owned(), w.t("basics-wrong-notice")), ("pukul".to_owned(), w.t("basics-wrong-time"))];
    let typed =
        Typed(vec![("tingkat", "danger".to_owned()), ("teks-en", "Flood".to_owned()), ("pukul", "sore".to_owned())]);
    input::fill(&mut notice.notice, &typed, &slips);
    notice.wrong = input::listed(notice.notice.iter(), slips);
    let above = page("/dasar/dinas/semua", &SettingsDocument::default(), "news-notice-added", true);
    vec![
        Sample::of("basics", &full),
        Sample::of("basics-wrong", &wrong),
        Sample::of("basics-notice-wrong", &notice),
        Sample::of("basics-above", &above),
        Sample::of("basics-look", &page(path, &said, "", false)),
    ]
}

fn sites(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let plans = plans();
    let page = |typed: &Typed, wrong: Vec<(String, String)>| {
        let c = frame("/lokasi/baru", "basics-new");
        let mut parts = new_site::parts(c.w, &names(&plans));
        for (_, inputs) in &mut parts {
            input::fill(inputs, typed, &wrong);
        }
        let sub = c.w.t("basics-new-sub");
        let wrong = input::listed(parts.iter().flat_map(|(_, inputs)| inputs), wrong);
        New { c: c.sub(sub), parts, wrong }
    };
    let w = frame("/lokasi/baru", "basics-new").w;
    let typed = |id: &str, name: &str| {
        let pairs = [
            ("id", id),
            ("nama", name),
            ("jenis", "mplik"),
            ("instansi", "Diskominfo Kabupaten Sinjai"),
            ("zona-waktu", "Asia/Makassar"),
            ("jam", "jenis"),
            ("asal-masuk", "sendiri"),
            ("cara", "voucer,petugas"),
        ];
        Typed(pairs.map(|(name, text)| (name, text.to_owned())).to_vec())
    };
    let wrong = vec![
        ("id".to_owned(), w.t1("basics-wrong-there", "id", "mplik-sinjai-2")),
        ("nama".to_owned(), w.t("basics-wrong-text")),
        ("kabupaten".to_owned(), w.t("basics-wrong-scope")),
    ];
    vec![
        Sample::of("site-make", &page(&typed("", ""), Vec::new())),
        Sample::of("site-make-wrong", &page(&typed("mplik-sinjai-2", ""), wrong)),
    ]
}

fn boxes(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let path = "/l/galeri-utara/perangkat";
    let page = |lines: Vec<Line>, was: &str, typed: &Typed, wrong: Vec<(String, String)>, news: &str| {
        let c = told(frame, path, "basics-devices", news);
        let groups = ["anak", "kelas"].map(str::to_owned).into();
        let mut inputs = devices::inputs(c.w, groups);
        input::fill(&mut inputs, typed, &wrong);
        let wrong = input::listed(inputs.iter(), wrong);
        let sub = c.w.t("basics-devices-sub");
        Devices { c: c.sub(sub), id: "galeri-utara".into(), may_set: true, lines, was: was.into(), inputs, wrong }
    };
    let w = frame(path, "basics-devices").w;
    let line = |name: &str, mac: &str, role: &str, group: &str, idle: &str| Line {
        name: name.into(),
        mac: mac.into(),
        role: w.t(role),
        group: group.into(),
        idle: idle.into(),
    };
    let all = || {
        vec![
            line("PC 01", "02:00:5e:10:00:11", "basics-device-seat", "", ""),
            line("PC Anak", "02:00:5e:10:00:12", "basics-device-seat", "anak", "5 menit"),
            line("Pencetak loket", "02:00:5e:10:00:21", "basics-device-trusted", "", ""),
            line("Kamera liar", "02:00:5e:10:00:31", "basics-device-blocked", "", ""),
        ]
    };
    let typed = |name: &str, mac: &str, idle: &str| {
        let pairs = [("peran", "kursi"), ("nama", name), ("mac", mac), ("kelompok", "anak"), ("diam", idle)];
        Typed(pairs.map(|(name, text)| (name, text.to_owned())).to_vec())
    };
    let wrong = vec![
        ("nama".to_owned(), w.t("basics-wrong-device-name")),
        ("mac".to_owned(), w.t("basics-wrong-mac")),
        ("diam".to_owned(), w.t("basics-wrong-idle")),
    ];
    let change = typed("PC Anak", "02:00:5e:10:00:12", "5");
    vec![
        Sample::of("devices", &page(all(), "", &typed("", "", ""), Vec::new(), "news-device-saved")),
        Sample::of("devices-change", &page(all(), "02:00:5e:10:00:12", &change, Vec::new(), "")),
        Sample::of("devices-wrong", &page(all(), "", &typed("", "02:00", "nol"), wrong, "")),
        Sample::of("devices-empty", &page(Vec::new(), "", &typed("", "", ""), Vec::new(), "news-device-removed")),
    ]
}
