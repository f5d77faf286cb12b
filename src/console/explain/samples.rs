//! The room's pages with every kind of content.

use gapura_controller::Judged;
use gapura_model::{Moment, SiteKind, Uptime};
use gapura_rules::hours::Zone;
use gapura_rules::sop::{Asked, Audience, Catalogue, Holding, Place, Question, Source, Stack, pack_lists};
use gapura_speech::{Say, Words};
use jiff::Timestamp;

use super::form::{Choice, Filled};
use super::{Explain, Told, told};
use crate::chrome::Chrome;
use crate::samples::Sample;

const REGENCY: &str = r#"
number = "SOP/73.07/KOMINFO/01"
title = "SOP Filter Konten"
layer = "regency"
revision = 12
owner = "Diskominfo Sinjai"
legal-basis = ["Keputusan Bupati Sinjai Nomor 112 Tahun 2026", "PP Nomor 17 Tahun 2025 (PP Tunas)"]
effective-from = 2026-01-01
review-by = 2027-12-01

[[clause]]
number = "3"
words = "Perjudian daring diblokir bagi semua pengguna."
citizen = { id = "Situs ini memuat perjudian daring.", en = "This site offers gambling." }
action = "block"
categories = ["judi"]

[[clause]]
number = "7.1"
words = "PC anak: hiburan video ditutup pada jam belajar."
citizen = { id = "Hiburan video ditutup di PC anak pada jam belajar.", en = "Video is closed at children’s PCs during school hours." }
action = "block"
names = ["video-anak.example"]
scope = { groups = ["anak"] }
hours = HOURS
mandatory = true
"#;

const SITE: &str = r#"
number = "GALERI-UTARA"
title = "Aturan galeri"
layer = "site"
revision = 1
owner = "Galeri Sinjai Utara"
legal-basis = ["Keputusan Kepala Dinas Nomor 8 Tahun 2026"]
effective-from = 2026-01-01
review-by = 2027-12-01

[[clause]]
number = "G1.3"
words = "Hiburan video terbuka bagi semua pengunjung."
action = "open"
names = ["video-anak.example"]
"#;

fn zone() -> Zone {
    "Asia/Makassar".parse().unwrap()
}

fn judged(until: &str, asked: &str) -> Judged {
    let hours = format!("{{ days = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"], spans = [\"07.00-{until}\"] }}");
    let regency = REGENCY.replace("HOURS", &hours);
    let (catalogue, _) = Catalogue::read(pack_lists());
    let sources = [Source { file: "kabupaten", text: &regency }, Source { file: "galeri", text: SITE }];
    let (stack, problems) = Stack::adopt(&sources, &catalogue);
    let stack = stack.unwrap_or_else(|| panic!("{problems:?}"));
    let site = "galeri-utara".parse().unwrap();
    let (agency, regency) = ("Diskominfo Sinjai".to_owned(), "Sinjai".to_owned());
    let place = Place { site, kind: SiteKind::Gallery, agency, regency, zone: zone() };
    let audience = Audience { plan: Some("pc".parse().unwrap()), group: "anak".parse().unwrap() };
    let at: Timestamp = "2026-11-20T02:30:00Z".parse().unwrap();
    let judi = catalogue.entries().iter().find(|entry| entry.id.as_str() == "judi").unwrap();
    let line = Some("4711: judi.example".to_owned());
    let holdings = if asked == "judi.example" { vec![Holding { list: judi.number, line }] } else { Vec::new() };
    let asked = Asked::Name(asked.parse().unwrap());
    let question = Question { asked, holdings: &holdings, place: &place, audience: &audience, at };
    Judged { explanation: stack.explain(&question), until: stack.next_change(&place, at) }
}

fn form(w: Words, subject: &str) -> Filled {
    let choice = |value: &str, words: &str, chosen| Choice { value: value.into(), words: words.into(), chosen };
    let draft = w.t2("explain-draft", "sop", "SOP/73.07/KOMINFO/01", "revision", "13");
    let draft = Choice { value: "4".into(), words: draft, chosen: true };
    Filled::sample(
        subject,
        vec![choice("galeri-utara", "Galeri Sinjai Utara", true), choice("lappa", "Galeri Lappa", false)],
        vec![choice("", &w.t("explain-before"), false), choice("pc", "PC 1 jam", true)],
        vec![draft],
        &zone(),
    )
}

fn told(w: Words, subject: &str, until: Option<&str>) -> Told {
    let at = "2026-11-20T02:30:00Z".parse().unwrap();
    let say = Say::new(w, zone().tz().clone(), Moment::trusted(Uptime::default(), at));
    let now = judged("12.00", subject);
    let mut verdicts = vec![told::verdict(&say, &now, w.t("explain-now"), None)];
    let mut trails = vec![told::trail(&say, &now.explanation, w.t("explain-trail"))];
    if let Some(until) = until {
        let then = judged(until, subject);
        let title = w.t2("explain-draft", "sop", "SOP/73.07/KOMINFO/01", "revision", "13");
        let title = w.t2("explain-draft-on", "draft", title, "day", "27 November 2026");
        verdicts.push(told::verdict(&say, &then, title, Some(&now)));
        trails.push(told::trail(&say, &then.explanation, w.t("explain-trail-draft")));
    }
    Told {
        verdicts,
        trails,
        notes: vec![w.t2("explain-index", "version", "47", "when", say.when(at))],
        citizen: told::citizen(&say, &now),
        technical: told::technical(&say, &now.explanation),
        basis: now.explanation.clause.as_ref().map(|clause| clause.legal_basis.clone()).unwrap_or_default(),
        besides: Vec::new(),
        request: Some("/permintaan/baru".to_owned()),
    }
}

pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let frame = || {
        let c = frame("/periksa", "explain-title");
        let sub = c.w.t("explain-sub");
        c.sub(sub)
    };
    let w = frame().w;
    let page = |subject: &str, answer| Explain { c: frame(), form: form(w, subject), wrong: Vec::new(), answer };
    let slip = vec![("situs", w.t("explain-wrong-word")), ("jam", w.t("explain-wrong-hour"))];
    let open = Told { notes: vec![w.t("explain-no-index")], ..told(w, "sekolah.example", None) };
    vec![
        Sample::of("explain", &page("video-anak.example", Some(told(w, "video-anak.example", Some("13.00"))))),
        Sample::of("explain-list", &page("judi.example", Some(told(w, "judi.example", None)))),
        Sample::of("explain-open", &page("sekolah.example", Some(open))),
        Sample::of("explain-empty", &page("", None)),
        Sample::of("explain-wrong", &Explain { wrong: slip, ..page("video", None) }),
    ]
}
