//! What is said about the content filter.

use super::*;

fn sop(number: &str) -> SopRevision {
    let text = format!("number = \"{number}\"\ntitle = \"Filter Konten\"\n");
    let sha256 = Sha256::of(text.as_bytes());
    SopRevision {
        layer: Layer::Regency,
        number: number.to_owned(),
        revision: 2,
        sha256,
        text,
        decree: Some(Sha256::of(b"%PDF-")),
    }
}

fn clause() -> ClauseRef {
    ClauseRef { sop: "188/SOP-FILTER/2026".to_owned(), revision: 2, clause: "3.1".to_owned() }
}

fn reference() -> Reference {
    "PB-7KQM-4X2P".parse().unwrap()
}

fn filter() -> Filter {
    let id = uuid::Builder::from_random_bytes([4; 16]).into_uuid();
    Filter {
        sops: vec![sop("188/SOP-FILTER/2026")],
        index: Some(IndexRef { version: 7, root: Sha256::of(b"root"), octets: 76_000_000 }),
        plan_groups: [("umum".parse().unwrap(), "anak".parse().unwrap())].into(),
        device_groups: [("02:00:5e:10:00:09".parse().unwrap(), "staf".parse().unwrap())].into(),
        class_groups: ["kelas".parse().unwrap()].into(),
        without_index: WithoutIndex::Plain,
        forwards: vec![ZoneForward {
            zone: "sinjaikab.go.id".to_owned(),
            servers: vec!["192.0.2.53:53".parse().unwrap(), "[2001:db8::53]:53".parse().unwrap()],
        }],
        drafts: vec![SopDraft { id, sop: sop("188/SOP-FILTER/2026"), until: at(86_400) }],
        appeal_answers: vec![AppealAnswer {
            reference: reference(),
            subject: "forum.contoh.id".to_owned(),
            filed: "2026-11-20T02:00:00Z".parse().unwrap(),
            verdict: AppealVerdict::Accepted,
            words: "Situs sekolah, dibuka sampai akhir tahun.".to_owned(),
            decided: at(60),
            until: Some("2026-12-31".parse().unwrap()),
            in_force: Some(true),
        }],
    }
}

fn appeal() -> Appeal {
    Appeal {
        reference: reference(),
        subject: "sekolah.example.sch.id".to_owned(),
        why: "Ini situs sekolah kami.\nBukan judi.".to_owned(),
        contact: Some("0812-0000-0000".parse().unwrap()),
        clause: Some(clause()),
        explanation: "{\"verdict\":\"block\"}".to_owned(),
        at: at(30),
    }
}

fn counts() -> FilterCounts {
    let hour = Timestamp::from_second(1_794_999_600).unwrap();
    let row = |list: Option<&str>, total| FilterCount {
        hour,
        sop: clause().sop,
        clause: clause().clause,
        list: list.map(|list| list.parse().unwrap()),
        total,
    };
    FilterCounts {
        run: uuid::Builder::from_random_bytes([5; 16]).into_uuid(),
        counts: vec![row(Some("trustpositif"), 1200), row(None, 3)],
    }
}

fn shadow() -> ShadowReport {
    let total = |names, questions| ShadowTotal { names, questions };
    ShadowReport {
        draft: uuid::Builder::from_random_bytes([4; 16]).into_uuid(),
        sha256: sop("188/SOP-FILTER/2026").sha256,
        from: "2026-11-12".parse().unwrap(),
        until: "2026-11-18".parse().unwrap(),
        same: total(900, 100_000),
        blocked: total(2, 410),
        opened: total(1, 12),
        names: vec![ShadowName {
            name: "game.example.com".to_owned(),
            questions: 400,
            groups: vec!["anak".parse().unwrap()],
            then: FilterAction::Block,
            clause: Some(clause()),
            list: Some("game".parse().unwrap()),
        }],
    }
}

#[test]
fn every_message_of_the_filter_stands_as_it_stood() {
    golden("bundle-filter", &Bundle { filter: Some(filter()), ..bundle() });
    golden("filter-counts", &counts());
    golden("appeals", &Appeals { appeals: vec![appeal()] });
    let refused = vec![RefusedAppeal { reference: reference(), reason: "the reason is empty".to_owned() }];
    golden("appeals-ack", &AppealsAck { stored: vec![reference()], refused, retry_seconds: Some(3600) });
    golden("shadow-report", &shadow());
}

#[test]
fn a_filter_disturbs_neither_a_router_nor_a_controller_of_before() {
    let mut text = serde_json::to_value(Bundle { filter: Some(filter()), ..bundle() }).unwrap();
    // A router of before passes over the key: what is left is a bundle it knows.
    text.as_object_mut().unwrap().remove("filter");
    assert_eq!(text, serde_json::to_value(bundle()).unwrap());
    assert_eq!(serde_json::from_value::<Bundle>(text.clone()).unwrap().filter, None);
    // A filter that says nothing, or more than is known here.
    text["filter"] = json!({ "weather": "panas" });
    assert_eq!(serde_json::from_value::<Bundle>(text).unwrap().filter, Some(Filter::default()));
}

#[test]
fn groups_of_plans_do_not_disturb_a_router_of_before() {
    let mut written = Bundle { filter: Some(Filter { plan_groups: [].into(), ..filter() }), ..bundle() };
    written.plans[0].policy_group = Some("anak".parse().unwrap());
    let groups = written.plan_groups();
    assert_eq!(groups, filter().plan_groups);
    let sent = written.clone().with_groups_beside();
    assert_eq!((sent.plan_groups(), sent.filter.clone().unwrap().plan_groups), (groups.clone(), groups));
    let text = serde_json::to_value(&sent).unwrap();
    assert_eq!(text["plans"], serde_json::to_value(bundle()).unwrap()["plans"]);
    written.filter = None;
    assert_eq!(written.with_groups_beside(), bundle());
}

#[test]
fn a_filter_that_contradicts_itself_is_refused_whole() {
    type Wrong = (&'static str, fn(&mut Filter));
    assert_eq!(Bundle { filter: Some(filter()), ..bundle() }.check(), Ok(()));
    let wrong: &[Wrong] = &[
        ("does not have the hash", |filter| filter.sops[0].text.push(' ')),
        ("does not have the hash", |filter| filter.drafts[0].sop.text.push(' ')),
        ("stands there twice", |filter| filter.sops.push(filter.sops[0].clone())),
        ("plan hilang", |filter| drop(filter.plan_groups.insert("hilang".parse().unwrap(), "anak".parse().unwrap()))),
        ("has no server", |filter| filter.forwards[0].servers.clear()),
        ("not a domain name", |filter| filter.forwards[0].zone.make_ascii_uppercase()),
        ("zone sinjaikab.go.id stands there twice", |filter| filter.forwards.push(filter.forwards[0].clone())),
        ("more than", |filter| {
            let text = " ".repeat(limits::SOP_BYTES + 1);
            filter.sops[0] = SopRevision { sha256: Sha256::of(text.as_bytes()), text, ..filter.sops[0].clone() };
        }),
        ("drafts", |filter| filter.drafts = vec![filter.drafts[0].clone(); limits::SOP_DRAFTS + 1]),
    ];
    for (words, change) in wrong {
        let mut filter = filter();
        change(&mut filter);
        let said = Bundle { filter: Some(filter), ..bundle() }.check().unwrap_err();
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn an_appeal_has_limits() {
    type Wrong = (&'static str, fn(&mut Appeal));
    assert_eq!(appeal().problem(), None);
    let wrong: &[Wrong] = &[
        ("name asked about", |appeal| appeal.subject = " ".to_owned()),
        ("name asked about", |appeal| appeal.subject = "a".repeat(limits::SUBJECT_CHARS + 1)),
        ("reason", |appeal| appeal.why.push('\u{7}')),
        ("reason", |appeal| appeal.why = "a".repeat(limits::WHY_CHARS + 1)),
        ("too long", |appeal| appeal.explanation = format!("\"{}\"", "a".repeat(limits::EXPLANATION_BYTES))),
        ("not JSON", |appeal| appeal.explanation = "{".to_owned()),
        ("clause", |appeal| appeal.clause = Some(ClauseRef { clause: String::new(), ..clause() })),
    ];
    for (words, change) in wrong {
        let mut appeal = appeal();
        change(&mut appeal);
        assert!(appeal.problem().unwrap().contains(words), "{:?}", appeal.problem());
    }
}

#[test]
fn totals_and_trials_have_limits() {
    assert_eq!(counts().check(), Ok(()));
    let one = || counts().counts[0].clone();
    let changed = |row: FilterCount| FilterCounts { counts: vec![row], ..counts() }.check();
    assert!(matches!(changed(FilterCount { hour: at(1), ..one() }), Err(CountsError::Hour(_))));
    assert_eq!(changed(FilterCount { sop: String::new(), ..one() }), Err(CountsError::Number));
    let many = vec![one(); limits::COUNT_ROWS + 1];
    assert!(matches!(FilterCounts { counts: many, ..counts() }.check(), Err(CountsError::TooMany(_))));

    assert_eq!(shadow().problem(), None);
    let name = || shadow().names[0].clone();
    let changed = |names: Vec<ShadowName>| ShadowReport { names, ..shadow() }.problem();
    assert!(changed(vec![name(); limits::SHADOW_NAMES + 1]).is_some());
    assert!(changed(vec![ShadowName { name: "a".repeat(limits::SUBJECT_CHARS + 1), ..name() }]).is_some());
}

#[test]
fn an_index_is_signed_apart_from_all_else() {
    let (signer, root) = (signer(), [6; 32]);
    let signature = signer.sign_index(&root);
    assert!(signer.public().verifies_index(&root, &signature));
    assert!(!signer.public().verifies_index(&[7; 32], &signature));
    assert!(!BundleSigner::from_seed(&[8; 32]).public().verifies_index(&root, &signature));
    assert!(!signer.public().verifies(&root, &signature), "the root alone was not signed");
}

/// Reads `text` as every message of the filter; whatever happens, it must not panic.
pub(super) fn read_as_everything(text: &[u8]) {
    let _ = serde_json::from_slice::<FilterCounts>(text).map(|counts| counts.check());
    let _ = serde_json::from_slice::<Appeals>(text)
        .map(|appeals| appeals.appeals.iter().filter_map(Appeal::problem).count());
    let _ = serde_json::from_slice::<AppealsAck>(text);
    let _ = serde_json::from_slice::<ShadowReport>(text).map(|report| report.problem());
}

proptest! {
    #[test]
    fn a_damaged_message_of_the_filter_is_an_error_or_a_message(place in 0_usize..4000, byte in any::<u8>()) {
        let with_filter = Bundle { filter: Some(filter()), ..bundle() };
        let messages = [
            serde_json::to_vec(&with_filter), serde_json::to_vec(&counts()),
            serde_json::to_vec(&Appeals { appeals: vec![appeal()] }), serde_json::to_vec(&shadow()),
        ];
        for mut message in messages.map(Result::unwrap) {
            let place = place % message.len();
            message[place] = byte;
            super::read_as_everything(&message);
        }
    }
}
