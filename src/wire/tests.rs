//! Golden files: what stands on the wire may only change on purpose. `UPDATE_EXPECT=1` writes them anew.

use std::path::Path;

use gapura_model::{GatewayId, Generation, PlanId, Reference, Secret, SiteId, SiteKind};
use gapura_rules::sop::Layer;
use jiff::Timestamp;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

mod desk;
mod filter;
mod request;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

fn signer() -> BundleSigner {
    BundleSigner::from_seed(&[7; 32])
}

fn site() -> SiteId {
    "galeri-sinjai".parse().unwrap()
}

fn gateway() -> GatewayId {
    "gw-galeri-sinjai-1".parse().unwrap()
}

fn voucher_key() -> VoucherKey {
    VoucherKey::new([3; 32])
}

fn bundle() -> Bundle {
    let text = |id: &str, en: &str| Text { id: id.to_owned(), en: en.to_owned() };
    let plan: PlanId = "umum".parse().unwrap();
    let voucher_key = voucher_key();
    Bundle {
        version: VERSION,
        generation: Generation::new(42),
        published: at(0),
        site: Site {
            id: site(),
            name: "Galeri Internet Sinjai".to_owned(),
            kind: SiteKind::Gallery,
            agency: "Diskominfo Sinjai".to_owned(),
            regency: "sinjai".to_owned(),
            contact: "Petugas di loket".to_owned(),
            place: None,
        },
        hours: serde_json::from_value(json!({ "zone": "Asia/Makassar", "weekly": { "mon": ["08.00-22.00"] } }))
            .unwrap(),
        in_doubt: InDoubt::Closed,
        ways: WaysIn { one_tap: true, voucher: true, account: false, staff: true },
        one_tap_plan: Some(plan.clone()),
        staff_plan: None,
        plans: vec![gapura_session::Plan::unlimited(plan.clone(), "Umum")],
        uplink: Uplink { up: gapura_model::BitRate::new(10_000_000), down: gapura_model::BitRate::new(20_000_000) },
        shares: [].into(),
        garden: vec![
            Garden { to: "bpjs-kesehatan.go.id".parse().unwrap(), ports: [].into() },
            Garden { to: "2001:db8::/32".parse().unwrap(), ports: [443].into() },
        ],
        terms: Some(Terms::new(
            "2026-1".to_owned(),
            "2026-01-01".parse().unwrap(),
            text("Gunakan dengan sopan.", "Be kind."),
        )),
        look: Look {
            name: None,
            colours: [("accent".to_owned(), "#0b6e4f".parse().unwrap())].into(),
            logo: Some("<svg viewBox=\"0 0 8 8\"><path d=\"M0 0h8v8\"/></svg>".parse().unwrap()),
            texts: [("welcome".to_owned(), text("Selamat datang", "Welcome"))].into(),
        },
        vouchers: vec![Voucher {
            tag: voucher_key.tag(&"ABCDE23456".parse().unwrap()),
            token: None,
            plan,
            use_time: Some(std::time::Duration::from_hours(2)),
            use_before: Some(at(86_400)),
            devices: Some(2),
            share: Some(share(1_800)),
            revoked: false,
        }],
        account_changes: vec![AccountChange {
            tag: voucher_key.account_tag(&"andi".parse().unwrap()),
            since: at(5),
            closed: true,
        }],
        voucher_key,
        devices: vec![Device {
            mac: "02:00:5e:10:00:09".parse().unwrap(),
            role: DeviceRole::Seat,
            label: "PC 3".to_owned(),
            idle: None,
        }],
        notices: vec![Notice { severity: Severity::Warning, text: text("Listrik padam pukul 3", ""), until: at(3600) }],
        pseudonym_keys: vec![EpochKey { epoch: "2026-11".parse().unwrap(), key: Secret::new([9; 32]) }],
        filter: None,
        request_answers: Vec::new(),
        faq: Vec::new(),
        nat_attribution: false,
    }
}

fn share(seconds: u64) -> gapura_session::Share {
    use gapura_session::Limit;
    gapura_session::Share::from_iter([(Limit::UseTime, Some(seconds)), (Limit::DayBytes, Some(1_000_000))])
}

/// As the controller publishes it: two plans with a part of the uplink.
fn bundle_with_shares() -> Bundle {
    let rate = |bits| gapura_model::BitRate::new(bits).unwrap();
    let part =
        |guaranteed, down| gapura_session::UplinkShare { guaranteed, most: gapura_session::Speed { up: None, down } };
    let mut bundle = bundle();
    let mut students = gapura_session::Plan::unlimited("pelajar".parse().unwrap(), "Pelajar");
    let percent = gapura_model::Percent::new(40).unwrap();
    students.share = Some(part(gapura_model::Guarantee::Percent(percent), None));
    let guaranteed = gapura_model::Guarantee::Rate { up: rate(1_000_000), down: rate(2_000_000) };
    bundle.plans[0].share = Some(part(guaranteed, Some(rate(10_000_000))));
    bundle.plans.push(students);
    bundle.with_parts_beside()
}

fn pseudonym() -> Pseudonym {
    bundle().pseudonym_keys[0].mac("02:00:5e:10:00:01".parse().unwrap())
}

fn batch() -> UsageBatch {
    let id = |n: u8| uuid::Builder::from_random_bytes([n; 16]).into_uuid();
    let visit = VisitUsage {
        visit: gapura_model::VisitId::from_random([1; 16]),
        revision: 3,
        device: pseudonym(),
        device_local: true,
        holder: None,
        way: Way::OneTap { terms: "2026-1".to_owned(), sha256: Sha256::of(b"terms") },
        plan: "umum".parse().unwrap(),
        generation: Generation::new(42),
        start: at(0),
        clock: gapura_model::ClockTrust::Trusted,
        at: at(60),
        traffic: gapura_model::Traffic {
            up: gapura_model::ByteCount::new(1000),
            down: gapura_model::ByteCount::new(20_000),
        },
        seconds: 60,
        end: Some(at(60)),
        cause: Some(gapura_session::EndCause::LoggedOut),
        address: None,
        nat: Vec::new(),
    };
    UsageBatch {
        gateway: gateway(),
        boot: "5a4f0e3c-8f5e-4a0a-9d5a-000000000001".parse().unwrap(),
        seq: 7,
        records: vec![
            Record::Visit(visit),
            Record::Outage(Outage { id: id(2), kind: OutageKind::Uplink, start: at(0), end: None }),
            Record::Tally(Tally {
                id: id(3),
                name: "refused-logins".to_owned(),
                start: at(0),
                end: at(3600),
                count: 12,
            }),
        ],
    }
}

fn heartbeat() -> Heartbeat {
    Heartbeat {
        state: GatewayState::Serving,
        boot: batch().boot,
        uptime_seconds: 3600,
        versions: Versions { gapura: "0.1.0".to_owned(), kernel: "6.1.0-18-amd64".to_owned() },
        sent: at(1),
        clock: ClockQuality { trust: gapura_model::ClockTrust::Trusted, source: ClockSource::Ntp },
        outbox: OutboxState { records: 3, dropped: 0 },
        uplink: UplinkState { up: true, since: Some(at(0)) },
        generation: Generation::new(42),
        online: 17,
        portal: None,
        filter: None,
        words: None,
        nonce: vec![5; 16],
    }
}

/// Compares with the golden file, and reads the file back to the same text.
fn golden<T: Serialize + DeserializeOwned>(name: &str, value: &T) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.json"));
    let text = format!("{}\n", serde_json::to_string_pretty(value).unwrap());
    #[expect(clippy::disallowed_methods, reason = "the switch that rewrites golden files")]
    let update = std::env::var("UPDATE_EXPECT").is_ok_and(|value| value == "1");
    if update {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, kept, "{name} changed: is every older router and controller still served? then UPDATE_EXPECT=1");
    let again: T = serde_json::from_str(&kept).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), serde_json::to_value(value).unwrap());
}

#[test]
fn every_message_stands_as_it_stood() {
    let csr_pem = "-----BEGIN CERTIFICATE REQUEST-----\n...\n-----END CERTIFICATE REQUEST-----\n".to_owned();
    let code = EnrolCode::from_random(&(0..64).collect::<Vec<u8>>()).unwrap();
    let (key, pin) = (signer().public(), SpkiPin::of_spki(b"key"));
    golden("bundle", &bundle());
    golden("bundle-shares", &bundle_with_shares());
    let token = voucher_key().token_tag(&gapura_model::VoucherToken::new([6; 16]));
    golden("voucher-token", &Voucher { token: Some(token), share: None, ..bundle().vouchers.remove(0) });
    golden("signed-bundle", &signer().sign(&bundle()).unwrap());
    let refused =
        BundleOutcome { generation: Generation::new(41), verdict: BundleVerdict::Older, detail: "older".to_owned() };
    golden("bundle-outcome", &refused);
    let request = EnrolRequest {
        code,
        csr_pem: csr_pem.clone(),
        hostname: "apu2".to_owned(),
        hardware: "PC Engines APU2".to_owned(),
        version: "0.1.0".to_owned(),
    };
    golden("enrol-request", &request);
    golden("enrol-pending", &EnrolAnswer::Pending { retry_seconds: 5, key: pin });
    golden("enrol-refused", &EnrolAnswer::Refused { reason: "the code has expired".to_owned() });
    golden(
        "enrol-approved",
        &EnrolAnswer::Approved {
            gateway: gateway(),
            site: site(),
            certificate_pem: "-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n".to_owned(),
            controller: pin,
            bundle_key: key,
            restore_balances: true,
        },
    );
    golden("renew-request", &RenewRequest { csr_pem });
    golden("renew-answer", &RenewAnswer { certificate_pem: String::new() });
    golden("bundle-nat", &Bundle { nat_attribution: true, ..bundle() });
    golden("heartbeat", &heartbeat());
    let filter = Some(FilterState { in_force: true, index: Some(12) });
    golden("heartbeat-filter", &Heartbeat { filter, ..heartbeat() });
    let portal = Some("https://masuk.sinjai.example".parse().unwrap());
    golden("heartbeat-portal", &Heartbeat { portal, ..heartbeat() });
    let words = Some(Words { battery: Some(11), storage: Some(97) });
    golden("heartbeat-words", &Heartbeat { words, ..heartbeat() });
    let time = SignedTime::sign(&signer(), gateway(), vec![5; 16], at(2)).unwrap();
    let recalled = vec![Sha256::of(b"code")];
    let reply = HeartbeatReply { time, generation: Generation::new(43), renew: false, recalled, audit: None };
    golden("heartbeat-reply", &reply);
    let audit = Some(AuditAnchor::sign(&signer(), 128, Sha256::of(b"row"), at(3)));
    golden("heartbeat-reply-audit", &HeartbeatReply { audit, ..reply });
    let used = Used { seconds: 600, traffic: gapura_model::Traffic::ZERO };
    let balance = |holder: WireHolder| Balance {
        day: Some("2026-11-21".parse().unwrap()),
        day_used: used,
        month_used: used,
        ever_seconds: 600,
        first_used: Some(at(0)),
        paused_until: None,
        added_today_seconds: 0,
        added_seconds: 0,
        lent: matches!(holder, WireHolder::Voucher(_)).then(|| LentShare {
            tag: Sha256::of(b"code"),
            number: 2,
            share: share(600),
        }),
        holder,
        at: at(60),
    };
    let holders = [
        WireHolder::Voucher(Sha256::of(b"code")),
        WireHolder::Account("andi".parse().unwrap()),
        WireHolder::Device(pseudonym()),
    ];
    let balances = holders.into_iter().map(balance).collect();
    golden("balances", &BalanceReport { balances, more_after: Some("voucher:00".to_owned()) });
    golden(
        "account-check",
        &AccountCheck { name: "andi".parse().unwrap(), password: Secret::new("rahasia".to_owned()) },
    );
    let verifier = Secret::new("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned());
    let grant = AccountGrant { verifier, plan: "umum".parse().unwrap(), devices: None, made: at(0), until: at(9) };
    golden("account-accepted", &AccountAnswer::Accepted(grant));
    golden("account-busy", &AccountAnswer::Busy { retry_seconds: 5 });
    let day = "2026-11-21".parse().unwrap();
    let line =
        ShareLine { tag: Sha256::of(b"code"), number: 2, given: Some(share(300)), used: share(120), wants: false };
    let asks = ShareLine { tag: Sha256::of(b"other"), number: 0, given: None, wants: true, ..line.clone() };
    golden("share-report", &ShareReport { day, lines: vec![line, asks] });
    let lent = LentShare { tag: Sha256::of(b"code"), number: 3, share: share(300) };
    golden("share-answer", &ShareAnswer { day, shares: vec![lent] });
    golden("problem", &Problem { kind: ProblemKind::Revoked, detail: "this gateway was replaced".to_owned() });
}

#[test]
fn every_message_of_usage_stands_as_it_stood() {
    golden("usage-batch", &batch());
    let mut addressed = batch();
    if let Some(Record::Visit(visit)) = addressed.records.first_mut() {
        visit.address = Some(bundle().pseudonym_keys[0].ipv4("10.7.3.41".parse().unwrap()));
    }
    golden("usage-batch-address", &addressed);
    let mut attributed = batch();
    if let Some(Record::Visit(visit)) = attributed.records.first_mut() {
        let key = &bundle().pseudonym_keys[0];
        let used = |address: &str, behind, from, until| NatUse {
            address: key.ipv4(address.parse().unwrap()),
            behind,
            ports: "20480-20991".parse().unwrap(),
            from,
            until,
        };
        visit.nat = vec![used("203.0.113.9", false, at(0), Some(at(20))), used("100.64.3.2", true, at(20), None)];
    }
    golden("usage-batch-nat", &attributed);
    let refused = vec![Refused { index: 0, reason: "a figure is too large".to_owned() }];
    golden("usage-ack", &UsageAck { boot: batch().boot, seq: 7, next: 8, repeated: false, refused });
}

#[test]
fn a_bundle_is_believed_only_as_it_was_signed() {
    let (signer, key) = (signer(), signer().public());
    let signed = SignedBundle::from_json(&signer.sign(&bundle()).unwrap().to_json().unwrap()).unwrap();
    assert_eq!(signed.verify(&key, &site(), Generation::new(42)).unwrap(), bundle(), "the same one is taken again");
    assert!(matches!(signed.verify(&key, &site(), Generation::new(43)), Err(BundleError::Older { .. })));
    let elsewhere = "lain".parse().unwrap();
    assert!(matches!(signed.verify(&key, &elsewhere, Generation::new(0)), Err(BundleError::WrongSite { .. })));
    let other = BundleSigner::from_seed(&[8; 32]).public();
    assert!(matches!(signed.verify(&other, &site(), Generation::new(0)), Err(BundleError::UnknownKey { .. })));
    let mut forged = signed.clone();
    forged.key = other.id();
    assert!(matches!(forged.verify(&other, &site(), Generation::new(0)), Err(BundleError::BadSignature)));
    let mut changed = signed.clone();
    changed.bundle.push(b' ');
    assert!(matches!(changed.verify(&key, &site(), Generation::new(0)), Err(BundleError::BadSignature)));
    let mut short = signed;
    short.signature.truncate(63);
    assert!(matches!(short.verify(&key, &site(), Generation::new(0)), Err(BundleError::BadSignature)));
    let later = signer.sign(&Bundle { version: 2, ..bundle() }).unwrap();
    assert!(matches!(later.verify(&key, &site(), Generation::new(0)), Err(BundleError::Version { found: 2 })));
    let torn = signer.sign(&Bundle { terms: None, staff_plan: Some("hilang".parse().unwrap()), ..bundle() }).unwrap();
    let Err(BundleError::Contradiction(why)) = torn.verify(&key, &site(), Generation::new(0)) else { panic!() };
    assert!(why.contains("hilang") && why.contains("terms"), "{why}");
    let huge = SignedBundle { key: key.id(), signature: vec![], bundle: vec![0; limits::BUNDLE_BYTES + 1] };
    assert!(matches!(huge.verify(&key, &site(), Generation::new(0)), Err(BundleError::TooLarge { .. })));
    assert!(matches!(
        SignedBundle::from_json(&vec![b' '; limits::SIGNED_BUNDLE_BYTES + 1]),
        Err(BundleError::TooLarge { .. })
    ));
    assert!(matches!(SignedBundle::from_json(b"{}"), Err(BundleError::Unreadable(_))));
}

#[test]
fn a_newer_field_is_ignored_and_a_newer_verdict_is_other() {
    let mut text = serde_json::to_value(heartbeat()).unwrap();
    text["weather"] = json!("panas");
    assert_eq!(serde_json::from_value::<Heartbeat>(text).unwrap(), heartbeat());
    let outcome: BundleOutcome = serde_json::from_value(json!({ "generation": 1, "verdict": "melted" })).unwrap();
    assert_eq!(outcome.verdict, BundleVerdict::Other);
}

#[test]
fn parts_of_the_uplink_do_not_disturb_a_router_of_before() {
    let mut text = serde_json::to_value(bundle_with_shares()).unwrap();
    // Such a router reads no key of a plan that it does not know, and passes over the bundle's.
    assert!(text["plans"].as_array().unwrap().iter().all(|plan| plan.get("share").is_none()), "{text}");
    let parts = bundle_with_shares().parts();
    assert_eq!(serde_json::from_value::<Bundle>(text.clone()).unwrap().parts(), parts);
    // A controller of before says nothing of parts.
    text.as_object_mut().unwrap().remove("shares");
    assert!(serde_json::from_value::<Bundle>(text.clone()).unwrap().parts().is_empty());
    // A site file that people write may say it in the plan.
    text["plans"][1]["share"] = json!({ "guaranteed": { "percent": 40 } });
    let written = serde_json::from_value::<Bundle>(text).unwrap();
    assert_eq!(written.parts().into_iter().collect::<Vec<_>>(), parts.into_iter().take(1).collect::<Vec<_>>());
    let torn = Bundle { shares: written.parts(), ..bundle() };
    assert!(torn.check().unwrap_err().contains("pelajar"), "a part of a plan that is not there");
}

#[test]
fn no_address_can_stand_in_a_usage_batch() {
    let text = serde_json::to_string(&batch()).unwrap();
    assert!(!text.contains("02:00:5e") && text.contains("h1:2026-11:"));
    let with_mac = text.replace(&pseudonym().to_string(), "02:00:5e:10:00:01");
    assert!(serde_json::from_str::<UsageBatch>(&with_mac).is_err());
}

/// Reads `text` as every message; whatever happens, it must not panic.
fn read_as_everything(text: &[u8]) {
    let _ = SignedBundle::from_json(text).map(|signed| signed.verify(&signer().public(), &site(), Generation::new(0)));
    let _ = serde_json::from_slice::<Bundle>(text).map(|bundle| bundle.check());
    let _ = serde_json::from_slice::<ReceivedBatch>(text).map(|batch| batch.check());
    let _ = serde_json::from_slice::<Heartbeat>(text);
    let _ = serde_json::from_slice::<HeartbeatReply>(text);
    let _ = serde_json::from_slice::<EnrolRequest>(text);
    let _ = serde_json::from_slice::<EnrolAnswer>(text);
    let _ = serde_json::from_slice::<BalanceReport>(text);
    let _ = serde_json::from_slice::<AccountAnswer>(text);
    let _ = serde_json::from_slice::<ShareReport>(text);
    let _ = serde_json::from_slice::<ShareAnswer>(text);
    desk::read_as_everything(text);
    filter::read_as_everything(text);
    request::read_as_everything(text);
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_as_everything(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        let _ = (text.parse::<GardenTarget>(), text.parse::<Svg>(), text.parse::<Pseudonym>(), text.parse::<Epoch>());
        let _ = (text.parse::<SpkiPin>(), text.parse::<BundleKey>(), text.parse::<EnrolCode>(), text.parse::<Colour>());
        let _ = (text.parse::<PortalBase>(), text.parse::<gapura_model::VoucherToken>());
    }

    #[test]
    fn a_damaged_message_is_an_error_or_a_message(place in 0_usize..4000, byte in any::<u8>()) {
        for message in [serde_json::to_vec(&bundle()).unwrap(), serde_json::to_vec(&batch()).unwrap()] {
            let mut message = message;
            let place = place % message.len();
            message[place] = byte;
            read_as_everything(&message);
            let signed = SignedBundle { bundle: message, ..signer().sign(&bundle()).unwrap() };
            let believed = signed.verify(&signer().public(), &site(), Generation::new(0));
            prop_assert_eq!(believed.is_ok(), signed == signer().sign(&bundle()).unwrap());
        }
    }

    #[test]
    fn places_of_the_garden_survive_their_text(text in "[a-z0-9.:/-]{1,30}") {
        if let Ok(target) = text.parse::<GardenTarget>() {
            prop_assert_eq!(target.to_string().parse::<GardenTarget>().unwrap(), target);
        }
    }
}

#[test]
fn places_of_the_garden_are_checked() {
    for good in
        ["bpjs-kesehatan.go.id", "Example.ORG.", "203.0.113.0/24", "203.0.113.7", "2001:db8::/32", "0.0.0.0/0", "::/0"]
    {
        assert!(good.parse::<GardenTarget>().is_ok(), "{good}");
    }
    assert!(matches!("203.0.113.1/24".parse::<GardenTarget>(), Err(ParseGardenError::HostBits(_))));
    for bad in ["", "com", "203.0.113.0/33", "1.2.3", "a..b", "-a.b", "a b.c", "x.y; flush ruleset", "http://a.b/"] {
        assert!(bad.parse::<GardenTarget>().is_err(), "{bad}");
    }
    let _: Value = serde_json::to_value("203.0.113.7".parse::<GardenTarget>().unwrap()).unwrap();
}

#[test]
fn a_record_is_read_the_same_whichever_way() {
    let both = |text: &str| {
        let read = Record::from_json(text).map_err(drop);
        assert_eq!(read, serde_json::from_str(text).map_err(drop), "{text}");
        read
    };
    for record in batch().records {
        let text = serde_json::to_value(&record).unwrap();
        assert_eq!(both(&text.to_string()), Ok(record));
        // The name of its kind may stand last, or have been written with escapes.
        let mut fields = text.as_object().unwrap().clone();
        let kind = fields.remove("record").unwrap();
        fields.insert("record".to_owned(), kind.clone());
        assert!(both(&Value::from(fields.clone()).to_string()).is_ok());
        let escaped = json!(fields).to_string().replace(kind.as_str().unwrap(), "\\u0076isit");
        assert_eq!(both(&escaped).is_ok(), kind == "visit");
        fields.remove("record");
        assert!(both(&json!(fields).to_string()).is_err());
        fields.insert("record".to_owned(), json!("later"));
        assert!(both(&json!(fields).to_string()).is_err());
    }
    for text in
        ["", "{}", "[]", "null", r#"{"record":"visit"}"#, r#"{"record":7}"#, r#"{"record":"tally","record":"tally"}"#]
    {
        assert!(both(text).is_err());
    }
}
