//! The room's pages with every kind of content.

use gapura_controller::{
    AuditRow, DESK_FILE, Impact, SopChoices, SopEndingRow, SopLine, SopRow, SopSeen, TrialResult, Unheld,
};
use gapura_model::{Moment, Uptime};
use gapura_rules::hours::Zone;
use gapura_rules::sop::{Catalogue, Layer, Problem, Protects, Sop, Source, Stack, pack_lists, packs};
use gapura_speech::{Say, Words};
use gapura_wire::{ClauseRef, FilterAction, Sha256, ShadowName, ShadowTotal};
use jiff::Timestamp;

use super::form::filled_of;
use super::new::{Choice, New};
use super::one::{One, Typed};
use super::{form, impact, list, new, one, print, problems, text};
use crate::chrome::Chrome;
use crate::form::Fields;
use crate::samples::Sample;

fn now() -> Timestamp {
    "2026-11-20T12:14:00Z".parse().unwrap()
}

pub(super) fn say(w: Words) -> Say {
    let zone: Zone = "Asia/Makassar".parse().unwrap();
    Say::new(w, zone.tz().clone(), Moment::trusted(Uptime::default(), now()))
}

const HOUR: i64 = 3_600_000;

/// The regency's pack, with what a regency changes of it.
fn document() -> String {
    packs()[1]
        .text
        .replace("SOP-FILTER-KONTEN", "555/041/Diskominfo/2026")
        .replace("Layanan Internet Publik\"\nlayer", "Kabupaten Sinjai\"\nlayer")
        .replace("revision = 1", "revision = 13")
        + "\n[[exception]]\nof = [\"4\"]\nnames = [\"museum-seni.example\"]\nreason = \"Bahan ajar sekolah\"\n\
           author = \"penyusun.sop\"\nuntil = 2027-06-30\n"
}

fn read(text: &str) -> Sop {
    let (catalogue, _) = Catalogue::read(pack_lists());
    let (stack, problems) = Stack::adopt(&[Source { file: DESK_FILE, text }], &catalogue);
    stack.unwrap_or_else(|| panic!("{problems:?}")).sops().next().unwrap().clone()
}

fn found(text: &str) -> Vec<Problem> {
    let (catalogue, _) = Catalogue::read(pack_lists());
    let (stack, problems) = Stack::read(&[Source { file: DESK_FILE, text }], &catalogue);
    stack.map_or(problems, |stack| stack.check(jiff::civil::date(2026, 11, 20), &[]))
}

fn row(id: i64, state: &str, text: &str) -> SopRow {
    let (sop, made) = (read(text), now().as_millisecond() - 50 * HOUR);
    let approved = !matches!(state, "draft" | "discarded");
    SopRow {
        id,
        layer: sop.layer().name().to_owned(),
        of_place: String::new(),
        number: sop.number().to_owned(),
        revision: i64::from(sop.revision()),
        title: sop.title().to_owned(),
        state: state.to_owned(),
        sha256: Sha256::of(text.as_bytes()).as_bytes().to_vec(),
        document: text.to_owned(),
        review_by: Some(sop.review_by().to_string()),
        author: "penyusun.sop".to_owned(),
        made,
        approver: approved.then(|| "penyetuju.sop".to_owned()),
        approved: approved.then_some(made + HOUR),
        published: matches!(state, "published" | "replaced" | "retired").then_some(made + 2 * HOUR),
        ended: matches!(state, "replaced" | "retired" | "discarded").then_some(made + 30 * HOUR),
        decree: approved.then(|| Sha256::of(b"pdf").as_bytes().to_vec()),
        trial: None,
        trial_until: None,
    }
}

fn line(row: SopRow) -> SopLine {
    SopLine { row, overdue: false, awaited: None, on_trial: false, unheld: Vec::new(), ending: None }
}

fn noted(action: &str, actor: &str, reason: &str) -> AuditRow {
    AuditRow {
        number: 7,
        at: now().as_millisecond() - HOUR,
        actor: actor.to_owned(),
        action: action.to_owned(),
        object: "sop/9".to_owned(),
        before: String::new(),
        after: String::new(),
        reason: reason.to_owned(),
        prev: Vec::new(),
        hash: Vec::new(),
    }
}

fn seen(state: &str, text: &str) -> SopSeen {
    let waits = matches!(state, "draft" | "approved");
    let before = packs()[1]
        .text
        .replace("SOP-FILTER-KONTEN", "555/041/Diskominfo/2026")
        .replace("revision = 1", "revision = 12");
    let former = row(8, "published", &before);
    SopSeen {
        sop: Some(read(text)),
        before: Some((former.clone(), Some(read(&before)))),
        problems: if waits { found(text) } else { Vec::new() },
        binds: true,
        wrote: false,
        asked: false,
        history: vec![noted("sop-import", "penyusun.sop", "")],
        revisions: vec![row(9, state, text), former],
        line: line(row(9, state, text)),
    }
}

fn unheld(nothing: bool) -> Unheld {
    Unheld {
        id: 9,
        sop: "555/041/Diskominfo/2026".to_owned(),
        clause: "4".to_owned(),
        mandatory: true,
        lists: vec!["dewasa".to_owned()],
        nothing,
    }
}

/// This room's pages, to be looked at.
pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let mut all = lists(frame);
    all.extend(pages(frame));
    all.extend(writing(frame));
    all.extend(impacts(frame));
    all
}

fn lists(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = || frame("/sop", "sops-title").sub(frame("/sop", "sops-title").w.t("sops-sub"));
    let say = say(c().w);
    let text = document();
    let lines = [
        line(row(9, "draft", &text)),
        SopLine { on_trial: true, ..line(row(10, "approved", packs()[2].text)) },
        SopLine { overdue: true, unheld: vec![unheld(true)], ..line(row(8, "published", packs()[1].text)) },
        SopLine {
            awaited: Some(jiff::civil::date(2027, 1, 1)),
            unheld: vec![unheld(false)],
            ending: Some(ending()),
            ..line(row(1, "published", packs()[0].text))
        },
        line(row(2, "replaced", packs()[0].text)),
    ];
    let revision = Choice {
        href: "/sop/baru?dari=revisi:8".to_owned(),
        name: "SOP Filter Konten Kabupaten Sinjai".to_owned(),
        about: "555/041/Diskominfo/2026, revisi 12".to_owned(),
    };
    let fresh = |revisions| New { c: frame("/sop/baru", "sops-new"), revisions, packs: new::pack_choices() };
    vec![
        Sample::of("sops", &list::made(c(), &say, &lines, ("", true))),
        Sample::of("sops-over", &list::made(c(), &say, &lines, ("berakhir", false))),
        Sample::of("sops-none-here", &list::made(c(), &say, &lines[2..4], ("draf", false))),
        Sample::of("sops-none", &list::made(c(), &say, &[], ("", true))),
        Sample::of("sops-new", &fresh(vec![revision])),
        Sample::of("sops-new-first", &fresh(Vec::new())),
    ]
}

fn ending() -> SopEndingRow {
    SopEndingRow {
        sop: 9,
        staff: "penyetuju.sop".to_owned(),
        reason: "Diganti SOP provinsi".to_owned(),
        asked: now().as_millisecond() - HOUR,
    }
}

fn pages(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let w = frame("/sop", "sops-title").w;
    let say = say(w);
    let c = |seen: &SopSeen| {
        let mut c = frame("/sop/9", "sops-title").sub(one::sub(&say, &seen.line)).up("/sop", w.t("sops-title"));
        c.title.clone_from(&seen.line.row.title);
        c
    };
    let made = |seen: &SopSeen, rights| one::made(c(seen), &say, seen, rights);
    let text = document().replace("review-by = 2027-12-31", "review-by = 2028-12-31").replace("\"mil.id\", ", "");
    let draft = seen("draft", &text);
    let own = SopSeen {
        wrote: true,
        history: vec![
            noted("sop-return", "penyetuju.sop", "Klausul 4: sebutkan dasar hukumnya"),
            noted("sop-import", "penyusun.sop", ""),
        ],
        ..draft.clone()
    };
    let mut published = seen("published", &text);
    published.line.unheld = vec![unheld(true)];
    let mut asked = seen("published", &text);
    asked.line.ending = Some(ending());
    let unread = SopSeen { sop: None, problems: Vec::new(), before: None, ..seen("retired", &text) };
    let refused = One {
        wrong: vec!["tulis apa yang perlu diperbaiki".to_owned()],
        typed: Typed { note: "Sesuai hasil rapat".to_owned(), ..Typed::default() },
        ..made(&draft, (false, true))
    };
    let paper = |seen: &SopSeen| print::made(c(seen), &say, seen).unwrap();
    vec![
        Sample::of("sop-draft-approver", &made(&draft, (false, true))),
        Sample::of("sop-draft-refused", &refused),
        Sample::of("sop-draft-own", &made(&own, (true, false))),
        Sample::of("sop-approved", &made(&seen("approved", &text), (false, true))),
        Sample::of("sop-published", &made(&published, (true, true))),
        Sample::of("sop-ending", &made(&asked, (false, true))),
        Sample::of("sop-unread", &made(&unread, (true, true))),
        Sample::of("sop-print", &paper(&published)),
        Sample::of("sop-print-draft", &paper(&draft)),
    ]
}

fn writing(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let (w, text) = (frame("/sop", "sops-title").w, document());
    let say = say(w);
    let c = || frame("/sop/9/teks", "sops-title");
    let broken =
        text.replace("\"mil.id\"", "\"rumah belajar.id\"").replacen("action = \"block\"", "action = \"blok\"", 1);
    let wrong = text::Text {
        id: "9".to_owned(),
        tabs: super::tabs(w, 9, super::Page::Text, (true, true)),
        unkept: true,
        decree: true,
        ..text::made(c(), broken.clone(), &found(&broken))
    };
    let small = new::template(jiff::civil::date(2026, 11, 20));
    let sop = read(&text);
    let choices = SopChoices {
        categories: ["judi", "dewasa", "malware", "phishing", "dns-terenkripsi", "media-sosial"]
            .map(|id| (id.to_owned(), "Daftar contoh".to_owned()))
            .into(),
        lists: Vec::new(),
        locked: [("judi".to_owned(), Layer::National)].into(),
    };
    let form = |filled, slips: &[problems::Slip]| form::made(c(), 9, filled, slips, false);
    let mut typed = filled_of(&say, &sop, &choices);
    typed.take(&Fields::read(b"judul=SOP&mulai=besok&tinjau=31+Des+2027&jam.4=pagi&baru.alasan=Bahan+ajar"));
    let mistakes = typed.edits(&say, &sop, "penyusun.sop").unwrap_err();
    let slips = problems::slips(w, &found(&broken));
    vec![
        Sample::of("sop-text-wrong", &wrong),
        Sample::of("sop-text-new", &text::made(c(), small.clone(), &found(&small))),
        Sample::of("sop-text-sound", &text::made(c(), text, &[])),
        Sample::of("sop-form", &form(filled_of(&say, &sop, &choices), &slips)),
        Sample::of("sop-form-wrong", &form::Form { wrong: mistakes, unkept: true, ..form(typed, &[]) }),
    ]
}

fn impacts(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let say = say(frame("/sop", "sops-title").w);
    let c = || frame("/sop/9/dampak", "sops-impact-title");
    let name = |name: &str, questions, then| ShadowName {
        name: name.to_owned(),
        questions,
        groups: vec!["anak".parse().unwrap(), "umum".parse().unwrap()],
        then,
        clause: (then == FilterAction::Block).then(|| ClauseRef {
            sop: "555/041/Diskominfo/2026".to_owned(),
            revision: 13,
            clause: "4".to_owned(),
        }),
        list: None,
    };
    let draft = row(9, "draft", &document());
    let none = Impact {
        row: draft.clone(),
        running: false,
        since: None,
        heard: None,
        days: None,
        asked: (26, 24),
        sites: 0,
        result: TrialResult::default(),
        names: Vec::new(),
    };
    let until = Some((now().as_millisecond()) + 80 * HOUR);
    let begun = SopRow { trial: Some("7a1c".to_owned()), trial_until: until, ..draft };
    let waits = Impact { row: begun, running: true, since: Some(now()), ..none.clone() };
    let some = Impact {
        heard: Some(now()),
        days: Some((jiff::civil::date(2026, 11, 13), jiff::civil::date(2026, 11, 19))),
        sites: 6,
        result: TrialResult {
            gateways: 21,
            same: ShadowTotal { names: 90_214, questions: 3_698_880 },
            blocked: ShadowTotal { names: 214, questions: 1_120 },
            opened: ShadowTotal { names: 3, questions: 41 },
            names: vec![
                name("video-anak.example", 402, FilterAction::Block),
                name("nonton-seri.example", 231, FilterAction::Block),
                name("perpustakaan.example", 41, FilterAction::Open),
            ],
        },
        names: vec![(4, None), (3, None), (2, None)],
        ..waits.clone()
    };
    let mut hit = some.clone();
    hit.result.names.push(name("lapor.go.id", 12, FilterAction::Block));
    hit.names.push((1, Some(Protects::Government)));
    let unnamed =
        Impact { result: TrialResult { names: Vec::new(), ..some.result.clone() }, names: Vec::new(), ..some.clone() };
    let page = |impact: &Impact| impact::made(c(), &say, impact, (true, true));
    vec![
        Sample::of("sop-impact", &page(&some)),
        Sample::of("sop-impact-hit", &page(&hit)),
        Sample::of("sop-impact-unnamed", &page(&unnamed)),
        Sample::of("sop-impact-waits", &page(&waits)),
        Sample::of("sop-impact-none", &page(&none)),
    ]
}
