//! The room's pages with every kind of content.

use gapura_controller::{RequestRow, Tab};
use gapura_model::{Moment, Uptime};
use gapura_rules::hours::Zone;
use gapura_speech::{Say, Words};
use gapura_wire::HelpTopic;
use jiff::Timestamp;

use super::agency::Desks;
use super::appeals::{Appeals, Line as AppealLine};
use super::export::{Export, Receiver};
use super::faq::{Entry, Places, filled};
use super::list::{List, TabLink};
use super::new::{Choice, New};
use super::one::{Doors, Fact, One, Step, Typed};
use super::speak;
use crate::chrome::Chrome;
use crate::samples::Sample;

fn now() -> Timestamp {
    "2026-11-20T12:14:00Z".parse().unwrap()
}

fn say(w: Words) -> Say {
    let zone: Zone = "Asia/Makassar".parse().unwrap();
    Say::new(w, zone.tz().clone(), Moment::trusted(Uptime::default(), now()))
}

fn row(origin: &str, topic: HelpTopic, state: &str, due: i64) -> RequestRow {
    let made = now().as_millisecond() - 600_000;
    RequestRow {
        site: "galeri-utara".to_owned(),
        reference: "7KQMA4X2PB".to_owned(),
        gateway: "gw-1".to_owned(),
        origin: origin.to_owned(),
        topic: topic.as_str().to_owned(),
        about: if origin == "appeal" { "forum-catur.example".to_owned() } else { String::new() },
        words: "Unggah tugas kuliah, kuota habis. Mohon ditambah sampai pukul 21.00 supaya tugasnya sempat terkirim."
            .to_owned(),
        contact: None,
        visit: Some("4K7M-29QD".to_owned()),
        explanation: String::new(),
        state: state.to_owned(),
        holder: String::new(),
        desk: "helpdesk".to_owned(),
        agency: "Dinas Pendidikan".to_owned(),
        level: 0,
        made,
        received: made,
        due: now().as_millisecond() + due * 60_000,
        changed: made,
        settled: (state == "answered" || state == "closed").then(|| now().as_millisecond()),
        total: 1,
    }
}

fn list(c: Chrome, rows: &[RequestRow], part: Tab) -> List {
    let say = say(c.w);
    let line = |row: &RequestRow| {
        let place = ("/l/galeri-utara/permintaan/7KQMA-4X2PB".to_owned(), "Galeri Sinjai Utara".to_owned());
        speak::line(&say, row, place, now())
    };
    let tabs = speak::TABS.map(|(tab, name, words)| TabLink {
        href: format!("/permintaan?bagian={name}"),
        words: c.w.t(words),
        count: (tab != Tab::Done).then_some(3),
        current: tab == part,
    });
    List {
        action: "/permintaan".to_owned(),
        part: String::new(),
        search: String::new(),
        tabs: tabs.into(),
        rows: rows.iter().map(line).collect(),
        settled: part == Tab::Done,
        with_site: true,
        sites: vec![
            ("galeri-sinjai-utara".to_owned(), "Galeri Sinjai Utara".to_owned(), false),
            ("mplik-1".to_owned(), "MPLIK 1".to_owned(), false),
        ],
        may_add: true,
        earlier: Some("/permintaan".to_owned()),
        later: Some("/permintaan?mulai=100".to_owned()),
        c,
    }
}

fn one(c: Chrome, row: &RequestRow, doors: Doors) -> One {
    let (w, say) = (c.w, say(c.w));
    let fact = |label: &str, value: &str, mono| Fact { label: w.t(label), value: value.to_owned(), mono };
    let step = |what: &str, lines: &[&str], told| Step {
        what: w.t(what),
        who: "petugas.utara".to_owned(),
        when: say.when(now()),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        told,
    };
    One {
        base: "/l/galeri-utara/permintaan/7KQMA-4X2PB".to_owned(),
        tag: speak::tag(w, row, now()),
        left: speak::left(&say, row, now()),
        erased: row.words.is_empty(),
        words: vec![row.words.clone()],
        from: speak::origin(w, &row.origin),
        facts: vec![
            fact("requests-row-site", "Galeri Sinjai Utara", false),
            fact("requests-row-due", &say.when(speak::at(row.due)), false),
            fact("requests-row-desk", &w.t("requests-desk-helpdesk"), false),
            fact("requests-row-holder", "petugas.utara", false),
        ],
        why: if row.origin == "appeal" {
            vec![
                fact("requests-why-then", &w.t("requests-why-blocked"), false),
                fact("requests-why-clause", "4.2", false),
                fact("requests-why-list", "TrustPositif", false),
            ]
        } else {
            Vec::new()
        },
        explain: (row.origin == "appeal").then(|| "/periksa?situs=forum-catur.example".to_owned()),
        counter: Some("/l/galeri-utara/loket?q=4K7M-29QD".to_owned()),
        visit: vec![
            fact("requests-visit-number", "4K7M-29QD", true),
            fact("requests-visit-plan", "umum", false),
            fact("requests-visit-state", &w.t("requests-visit-running"), false),
        ],
        steps: vec![
            step("requests-step-filed", &[], false),
            step("requests-step-note", &["Ponselnya memakai VPN."], false),
            step("requests-step-answered", &["Matikan VPN sebentar,", "lalu coba lagi."], true),
        ],
        doors,
        contact: None,
        agencies: vec!["Dinas Pendidikan".to_owned(), "Diskominfo Sinjai".to_owned()],
        desk: false,
        wrong: Vec::new(),
        typed: Typed::default(),
        homeless: Vec::new(),
        c,
    }
}

fn choice(value: &str, words: &str, chosen: bool) -> Choice {
    Choice { value: value.to_owned(), words: words.to_owned(), chosen }
}

fn new(c: Chrome, mistakes: &[&str], words: &str) -> New {
    New {
        key: String::new(),
        mistakes: mistakes.iter().map(|key| c.w.t(key)).collect(),
        sites: vec![choice("galeri-utara", "Galeri Sinjai Utara", true), choice("telecenter", "Telecenter", false)],
        topics: HelpTopic::ALL.map(|one| choice(one.as_str(), &c.w.t(speak::topic(one)), false)).into(),
        telephone: true,
        words: words.to_owned(),
        words_error: words.is_empty() && !mistakes.is_empty(),
        contact: "0812 0000 0000".to_owned(),
        visit: String::new(),
        about: String::new(),
        c,
    }
}

fn entry(question: &str, answer: &str, wrong: &str) -> Entry {
    Entry {
        question: question.to_owned(),
        answer: answer.to_owned(),
        question_en: "Where can I print?".to_owned(),
        answer_en: "At the counter.".to_owned(),
        wrong: wrong.to_owned(),
        ..Entry::default()
    }
}

fn receiver(trouble: &str, stopped: bool, told: String) -> Receiver {
    Receiver {
        address: "https://aduan.provinsi.example/gapura".to_owned(),
        event: "1204".to_owned(),
        told,
        trouble: trouble.to_owned(),
        stopped,
    }
}

/// This room's pages, to be looked at.
pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let rows = [
        row("telephone", HelpTopic::Connect, "received", -22),
        row("portal", HelpTopic::MoreTime, "in-work", 19),
        row("appeal", HelpTopic::Blocked, "received", 4000),
        row("counter", HelpTopic::Complaint, "forwarded", 8000),
    ];
    let done = [row("portal", HelpTopic::Other, "answered", 9), row("portal", HelpTopic::Blocked, "closed", 9)];
    let title = |path: &str| frame(path, "requests-title").sub(frame(path, "requests-sub").title);
    let all =
        Doors { take: true, answer: true, note: true, forward: true, close: true, contact: true, ..Doors::default() };
    let about =
        |key: &str| frame("/l/galeri-utara/permintaan/7KQMA-4X2PB", key).up("/permintaan", "Permintaan".to_owned());
    let news = |key: &str| {
        let mut c = about("requests-topic-more-time");
        c.news = Some(c.w.t(key));
        c
    };
    let empty = List { rows: Vec::new(), earlier: None, later: None, ..list(title("/permintaan"), &[], Tab::Mine) };
    let none = List { search: "9999".to_owned(), ..list(title("/permintaan"), &[], Tab::Waiting) };
    let shown =
        One { contact: Some("0812 0000 0000".to_owned()), ..one(about("requests-topic-more-time"), &rows[1], all) };
    let erased = RequestRow { words: String::new(), ..row("portal", HelpTopic::Other, "closed", 0) };
    let reopen = Doors { reopen: true, note: true, ..Doors::default() };
    let desk = Doors { answer: true, note: true, take_back: true, ..Doors::default() };
    let back = Doors { take_back: true, note: true, ..Doors::default() };
    let decide = Doors { decide: true, note: true, take: true, forward: true, ..Doors::default() };
    let w = frame("/", "requests-title").w;
    let faq = |entries, draft| {
        filled(frame("/tanya-jawab/dinas", "requests-faq-title"), "/tanya-jawab/dinas".to_owned(), entries, draft)
    };
    let export =
        |receivers| Export { c: frame("/ekspor-permintaan", "requests-export-title"), receivers, may_resume: true };
    let mut samples = vec![
        Sample::of("requests", &list(title("/permintaan"), &rows, Tab::Waiting)),
        Sample::of("requests-done", &list(title("/permintaan"), &done, Tab::Done)),
        Sample::of("requests-empty", &empty),
        Sample::of("requests-none-found", &none),
        Sample::of("request", &one(about("requests-topic-more-time"), &rows[1], all)),
        Sample::of("request-contact", &shown),
        Sample::of("request-appeal", &one(about("requests-topic-blocked"), &rows[2], decide)),
        Sample::of("request-forwarded", &one(about("requests-topic-complaint"), &rows[3], back)),
        Sample::of("request-erased", &one(about("requests-topic-other"), &erased, reopen)),
        Sample::of("appeals", &appeals(frame("/peninjauan", "requests-appeals-title"), true)),
        Sample::of("appeals-none", &appeals(frame("/peninjauan", "requests-appeals-title"), false)),
        Sample::of("request-desk", &One { desk: true, ..one(about("requests-topic-complaint"), &rows[3], desk) }),
        Sample::of("request-looked-at", &one(about("requests-topic-connect"), &rows[0], Doors::default())),
        Sample::of("request-new", &new(frame("/permintaan/baru", "requests-new"), &[], "Toilet rusak.")),
        Sample::of(
            "request-new-wrong",
            &new(frame("/permintaan/simpan", "requests-new"), &["requests-new-no-words"], ""),
        ),
        Sample::of(
            "request-desks",
            &Desks {
                c: frame("/instansi", "requests-desks-title"),
                desks: vec![("/instansi/Dinas%20Pendidikan/permintaan".to_owned(), "Dinas Pendidikan".to_owned())],
            },
        ),
        Sample::of(
            "faq-places",
            &Places {
                c: frame("/tanya-jawab", "requests-faq-title"),
                places: vec![("/tanya-jawab/dinas".to_owned(), w.t("requests-faq-department"))],
            },
        ),
        Sample::of(
            "faq",
            &faq(vec![entry("Di mana mencetak?", "Di loket.", ""), entry("Parkir?", "Di belakang.", "")], false),
        ),
        Sample::of("faq-empty", &faq(Vec::new(), false)),
        Sample::of("faq-draft", &faq(vec![entry("Di mana mencetak?", "Di loket.", ""), Entry::default()], true)),
        Sample::of("faq-wrong", &faq(vec![entry("", "Di loket.", &w.t("requests-faq-both"))], true)),
        Sample::of("request-export-none", &export(Vec::new())),
        Sample::of(
            "request-export",
            &export(vec![
                receiver("", false, say(w).when(now())),
                receiver("aduan.provinsi.example: answered 503", false, say(w).when(now())),
                receiver("aduan.provinsi.example: answered 401", true, w.t("requests-export-never")),
            ]),
        ),
    ];
    for key in [
        "news-requests-added",
        "news-requests-taken",
        "news-requests-answered",
        "news-requests-answered-closed",
        "news-requests-granted",
        "news-requests-denied",
        "news-requests-noted",
        "news-requests-forwarded",
        "news-requests-returned",
        "news-requests-closed",
        "news-requests-reopened",
        "news-requests-faq-saved",
        "news-requests-export-resumed",
    ] {
        samples.push(Sample::of("request-news", &one(news(key), &rows[1], all)));
    }
    samples
}

fn appeals(c: Chrome, some: bool) -> Appeals {
    let w = c.w;
    let line = |about: &str| AppealLine {
        href: "/l/galeri-utara/peninjauan/7KQMA-4X2PB".to_owned(),
        number: "7KQMA-4X2PB".to_owned(),
        about: about.to_owned(),
        why: "Situs ini dipakai untuk tugas sekolah.".to_owned(),
        site: "Galeri Sinjai Utara".to_owned(),
        clause: w.t2("requests-appeals-clause", "clause", "4.2", "sop", "SOP/73.07/KOMINFO/01"),
        received: say(w).when(now()),
    };
    let rows = if some { vec![line("forum-catur.example"), line("belajar.example")] } else { Vec::new() };
    let more = some.then(|| w.n("requests-appeals-more", 12));
    Appeals {
        c: {
            let sub = w.t("requests-appeals-sub");
            c.sub(sub)
        },
        rows,
        more,
    }
}
