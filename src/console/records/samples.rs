//! The room's pages with every kind of content.

use gapura_controller::{
    Destruction, FoundPorts, FoundVisit, Hold, HoldState, Kind, KindStands, LookupAsked, LookupKind, LookupQuestion,
    LookupSeen, LookupState, PortsNoted, RetentionStands,
};
use gapura_model::{Moment, PortBlock, Uptime};
use gapura_speech::Say;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::lookup::{Form, Line, List, New, One, noted, told};
use super::{Typed, made, shown};
use crate::chrome::Chrome;
use crate::samples::Sample;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_default()
}

fn destruction(id: i64, kind: Kind, keys: &[&str]) -> Destruction {
    Destruction {
        id,
        kind: Some(kind),
        from: at("2026-08-01T00:00:00Z"),
        until: at(if keys.is_empty() { "2026-08-02T00:00:00Z" } else { "2026-09-01T00:00:00Z" }),
        days: 90,
        records: 27_412,
        epoch_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        staff: "gapura".into(),
        began: at("2026-11-30T00:00:10Z"),
        finished: (id != 3).then(|| at("2026-11-30T00:00:42Z")),
        line: (id == 1).then_some(4711),
    }
}

fn stands() -> RetentionStands {
    let kinds = Kind::ALL.into_iter().map(|kind| KindStands {
        kind,
        days: (kind != Kind::Audit).then_some(90),
        last: (kind == Kind::Visits).then(|| destruction(1, kind, &["sinjai"])),
        oldest: (kind == Kind::Visits).then(|| ("2026-09".to_owned(), at("2026-12-30T00:00:00Z"))),
        held: (kind == Kind::Visits).then(|| "LP/B/12/XI/2026".to_owned()),
    });
    let hold = |id, state| Hold {
        id,
        case_number: format!("LP/B/{id}/XI/2026/SPKT"),
        first: "2026-09".into(),
        last: if id == 1 { "2026-10".into() } else { "2026-09".into() },
        reason: "Surat Polres Sinjai, penyidikan penipuan daring".into(),
        state,
        asked: ("penelusur.sinjai".into(), at("2026-11-20T02:00:00Z")),
        agreed: (state != HoldState::Asked).then(|| ("penelusur.dua".into(), at("2026-11-20T04:00:00Z"))),
        lift: matches!(state, HoldState::Lifting | HoldState::Lifted)
            .then(|| ("penelusur.sinjai".into(), "Putusan berkekuatan hukum tetap".into())),
        ended: (state == HoldState::Lifted).then(|| ("penelusur.dua".into(), at("2026-11-21T04:00:00Z"))),
    };
    RetentionStands {
        kinds: kinds.collect(),
        destructions: vec![
            destruction(3, Kind::Tallies, &["sinjai"]),
            destruction(2, Kind::Words, &[]),
            destruction(1, Kind::Visits, &["sinjai", "bone"]),
        ],
        holds: vec![
            hold(4, HoldState::Asked),
            hold(3, HoldState::Held),
            hold(2, HoldState::Lifting),
            hold(1, HoldState::Lifted),
        ],
    }
}

fn seen(state: LookupState, visits: Option<Vec<FoundVisit>>) -> LookupSeen {
    let decided = state != LookupState::Asked;
    LookupSeen {
        asked: LookupAsked {
            id: 7,
            case_number: "LP/B/12/XI/2026/SPKT".into(),
            basis: "Pasal 43 UU 11/2008; Sprindik/44/XI/2026".into(),
            authority: "Polres Sinjai".into(),
            reason: "Akun penipuan dibuka dari lokasi ini".into(),
            kind: LookupKind::Device,
            place: "sinjai".into(),
            from: at("2026-11-18T00:00:00Z"),
            until: at("2026-11-18T12:00:00Z"),
            state,
            found: visits.as_ref().map_or(0, Vec::len) as u64,
            asked: ("penelusur.sinjai".into(), at("2026-11-20T02:00:00Z")),
            decided: decided.then(|| ("penelusur.dua".into(), at("2026-11-20T04:00:00Z"))),
            words: if decided { "Sesuai surat aslinya".into() } else { String::new() },
            readable: decided.then(|| at("2026-11-23T04:00:00Z")),
            closed: (state == LookupState::Closed).then(|| ("gapura".into(), at("2026-11-23T04:00:10Z"))),
        },
        question: (state != LookupState::Closed).then(|| LookupQuestion::Device {
            mac: gapura_model::MacAddr::new([2, 0xab, 0, 0, 0, 0x0f]),
            regency: "sinjai".into(),
        }),
        digest: "0f".repeat(32),
        more: visits.is_some(),
        no_key: if visits.is_some() { vec!["2026-07".into()] } else { Vec::new() },
        untold: 0,
        noted: Vec::new(),
        readdressed: 0,
        visits,
    }
}

fn visit(ended: bool) -> FoundVisit {
    FoundVisit {
        site: "galeri-utara".into(),
        visit: "0d5c7f6e-0000-4000-8000-000000000001".into(),
        gateway: "gw-1".into(),
        device: "h1:2026-11:00112233445566778899aabbccddeeff".into(),
        way: if ended { "voucher".into() } else { "one-tap".into() },
        holder: None,
        plan: "umum".into(),
        started: at("2026-11-18T01:12:00Z"),
        ended: ended.then(|| at("2026-11-18T03:12:00Z")),
        told: at("2026-11-18T03:12:00Z"),
        clock_trusted: ended,
        bytes_up: 1_200_000,
        bytes_down: 64_000_000,
        ports: None,
        readdressed: !ended,
    }
}

/// A look-up by port, and where it was looked.
fn by_port(visits: Vec<FoundVisit>) -> LookupSeen {
    let mut seen = seen(LookupState::Open, Some(visits));
    (seen.asked.kind, seen.asked.place) = (LookupKind::Port, String::new());
    seen.asked.until = at("2026-11-18T00:05:00Z");
    seen.question = Some(LookupQuestion::Port { address: std::net::Ipv4Addr::new(203, 0, 113, 9), port: 20_500 });
    (seen.more, seen.no_key, seen.untold) = (false, Vec::new(), 3);
    seen.noted = ports_noted();
    seen
}

fn ports_noted() -> Vec<PortsNoted> {
    let noted = |site: &str, since, last| PortsNoted { site: site.into(), since: at(since), last: at(last) };
    vec![
        noted("galeri-utara", "2026-10-01T00:00:00Z", "2026-11-20T04:00:00Z"),
        noted("telecenter-gunung", "2026-09-01T00:00:00Z", "2026-11-19T09:00:00Z"),
    ]
}

fn with_ports(behind: bool) -> FoundVisit {
    let ports = PortBlock::new(20_480, 20_991).map(|ports| FoundPorts {
        ports,
        from: at("2026-11-18T01:12:00Z"),
        until: behind.then(|| at("2026-11-18T01:40:00Z")),
        behind,
    });
    FoundVisit { ports, ..visit(!behind) }
}

pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = |path: &str, key: &str| frame(path, key);
    let w = c("/retensi", "records-title").w;
    let now = Moment::trusted(Uptime::default(), at("2026-11-20T12:14:00Z"));
    let say = Say::new(w, TimeZone::get("Asia/Makassar").unwrap_or(TimeZone::UTC), now);
    let page = || c("/retensi", "records-title").sub(w.t("records-sub"));
    let me = Some("penelusur.dua");
    let retention = shown(page(), &say, stands(), me, Typed::default(), Vec::new());
    let nothing = RetentionStands { kinds: stands().kinds, destructions: Vec::new(), holds: Vec::new() };
    let typed = Typed {
        case_number: "LP/B/12".into(),
        first: "13-2026".into(),
        last: "11-2026".into(),
        reason: "Surat Polres".into(),
    };
    let wrong = vec!["Bulan pertama: tulis tahun dan bulan, misalnya 2026-08.".to_owned()];
    let empty = shown(page(), &say, nothing, me, typed, wrong);
    let paper = made(
        c("/retensi", "records-paper"),
        &say,
        "Dinas Komunikasi dan Informatika Kabupaten Sinjai",
        &destruction(1, Kind::Visits, &["sinjai", "bone"]),
    );
    let line = |id, tag, key: &str| Line {
        id,
        case_number: format!("LP/B/{id}/XI/2026/SPKT"),
        authority: "Polres Sinjai".into(),
        by: w.t2("records-lookup-by", "who", "penelusur.sinjai", "when", say.when(at("2026-11-20T02:00:00Z"))),
        tag,
        state: w.t(key),
    };
    let list = |lines| List { c: c("/telusur", "records-lookup-title").sub(w.t("records-lookup-sub")), lines };
    let new = |wrong: Vec<String>| New {
        c: c("/telusur", "records-lookup-new"),
        form: Form { case_number: "LP/B/12/XI/2026/SPKT".into(), mac: "02:ab:00".into(), ..Form::default() },
        regencies: vec!["bone".into(), "sinjai".into()],
        sites: vec![("galeri-utara".into(), "Galeri Sinjai Utara".into())],
        zone: "WITA".into(),
        noted: Vec::new(),
        minutes: 60,
        days: 31,
        case_chars: 80,
        reason_chars: 500,
        wrong,
    };
    let sites = [("galeri-utara".to_owned(), "Galeri Sinjai Utara".to_owned())];
    let one = |state, visits, me: &str| -> One {
        told(c("/telusur", "records-lookup-title"), &say, seen(state, visits), me, &sites)
    };
    let found_by = |seen| told(c("/telusur", "records-lookup-title"), &say, seen, "penelusur.dua", &sites);
    vec![
        Sample::of("records", &retention),
        Sample::of("records-empty", &empty),
        Sample::of("records-paper", &paper),
        Sample::of(
            "lookups",
            &list(vec![
                line(8, "warn", "records-lookup-state-asked"),
                line(7, "bad", "records-lookup-state-refused"),
                line(6, "off", "records-lookup-state-closed"),
            ]),
        ),
        Sample::of("lookups-empty", &list(Vec::new())),
        Sample::of("lookup-new", &new(vec![])),
        Sample::of("lookup-new-wrong", &new(vec!["Yang dicari: tulis alamat perangkat.".into()])),
        Sample::of("lookup-decide", &one(LookupState::Asked, None, "penelusur.dua")),
        Sample::of("lookup-waits", &one(LookupState::Asked, None, "penelusur.sinjai")),
        Sample::of("lookup-open", &one(LookupState::Open, Some(vec![visit(true), visit(false)]), "penelusur.dua")),
        Sample::of("lookup-new-port", &{
            let mut page = new(vec!["Porta: tulis porta yang terlihat, angka dari 1024 sampai 65535.".into()]);
            (page.form.by, page.form.public, page.form.port) = ("porta", "203.0.113.9".into(), "80".into());
            page.noted = noted(&say, &ports_noted(), &page.sites);
            page
        }),
        Sample::of("lookup-port", &found_by(by_port(vec![with_ports(false), with_ports(true)]))),
        Sample::of("lookup-port-nothing", &found_by(by_port(Vec::new()))),
        Sample::of("lookup-nothing", &one(LookupState::Open, Some(Vec::new()), "penelusur.dua")),
        Sample::of("lookup-closed", &one(LookupState::Closed, None, "penelusur.sinjai")),
    ]
}
