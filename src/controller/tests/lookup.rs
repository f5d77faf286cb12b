//! Lawful look-ups: two persons, bound to what was read, for a time, and every step noted.

use gapura_model::MacAddr;
use gapura_wire::{EpochKey, NatUse, Record, UsageAck, UsageBatch};
use jiff::Timestamp;
use serde_json::json;

use super::client::Router;
use super::world::{World, on_both};
use crate::{Actor, LookupKind, LookupOrder, LookupQuestion, LookupState, OfficeError};

const MAC: &str = "02:ab:00:00:00:0f";

fn who(name: &str, reason: &str) -> Actor {
    Actor { name: name.to_owned(), reason: reason.to_owned() }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn key(world: &World, month: &str) -> EpochKey {
    let mut tx = world.serving.office.store().read().await.unwrap();
    let keys = tx.epoch_keys("sinjai", month).await.unwrap();
    let secret = keys.into_iter().find(|(epoch, _)| epoch == month).unwrap().1;
    EpochKey { epoch: month.parse().unwrap(), key: gapura_model::Secret::new(secret.try_into().unwrap()) }
}

fn record(key: &EpochKey, number: u32, mac: &str, address: Option<&str>, (from, until): (&str, &str)) -> Record {
    let mut text = json!({
        "record": "visit", "visit": format!("0d5c7f6e-0000-4000-8000-{number:012}"), "revision": 1,
        "device": key.mac(mac.parse::<MacAddr>().unwrap()).to_string(), "device_local": true, "way": "voucher",
        "plan": "umum", "generation": 1, "start": from, "clock": "trusted", "at": until,
        "traffic": { "up": 1, "down": 10 }, "seconds": 60, "end": until, "cause": "logged-out",
    });
    if let Some(address) = address {
        text["address"] = json!(key.ipv4(address.parse().unwrap()).to_string());
    }
    serde_json::from_value(text).unwrap()
}

/// The same with public ports.
fn with_ports(mut record: Record, uses: &[NatUse]) -> Record {
    if let Record::Visit(visit) = &mut record {
        visit.nat = uses.to_vec();
    }
    record
}

async fn send(router: &Router, seq: u64, records: Vec<Record>) {
    let boot = "5a4f0e3c-8f5e-4a0a-9d5a-000000000001".parse().unwrap();
    let batch = UsageBatch { gateway: "gw-galeri-1".parse().unwrap(), boot, seq, records };
    let ack: UsageAck = router.post("/v1/usage", &batch).await.unwrap();
    assert!(ack.refused.is_empty(), "{ack:?}");
}

fn order(asked: &str) -> LookupOrder {
    LookupOrder {
        case_number: "LP/12/XI/2026".to_owned(),
        basis: "Pasal 43 UU 11/2008".to_owned(),
        authority: "Polres Sinjai".to_owned(),
        reason: "penipuan daring".to_owned(),
        asked: asked.to_owned(),
        port: String::new(),
        kind: LookupKind::Device,
        place: "sinjai".to_owned(),
        from: Some(time("2026-11-20T08:00:00Z")),
        until: Some(time("2026-11-20T12:00:00Z")),
    }
}

async fn filled(world: &World) {
    world.furnish().await;
    let (router, _) = world.member(&[]).await;
    let november = key(world, "2026-11").await;
    let visit = |number, mac, address, span| record(&november, number, mac, address, span);
    let records = vec![
        visit(1, MAC, Some("10.7.3.41"), ("2026-11-20T07:30:00Z", "2026-11-20T08:30:00Z")),
        visit(2, MAC, Some("10.7.3.42"), ("2026-11-20T11:59:59Z", "2026-11-20T13:00:00Z")),
        visit(3, MAC, None, ("2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z")),
        visit(4, MAC, None, ("2026-11-20T06:00:00Z", "2026-11-20T07:59:59Z")),
        visit(5, "02:ab:00:00:00:10", Some("10.7.3.41"), ("2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z")),
    ];
    send(&router, 1, records).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_persons_look_a_device_up_and_everything_is_gone_after_three_days() {
    on_both("lookup", async |world| {
        let office = &world.serving.office;
        filled(&world).await;
        let id = office.ask_lookup(&order(MAC), &who("ani", "")).await.unwrap();
        // What is asked for is nowhere in clear.
        let mut tx = office.store().read().await.unwrap();
        let row = tx.lookup(id).await.unwrap().unwrap();
        assert!(!format!("{row:?}").contains("02:ab"), "{row:?}");
        drop(tx);
        let own = office.see_lookup(id, false, &who("ani", "")).await.unwrap();
        assert!(own.question.is_some() && own.visits.is_none());
        assert!(matches!(office.agree_lookup(id, &own.digest, &who("ani", "")).await, Err(OfficeError::Refused(_))));
        assert!(matches!(office.refuse_lookup(id, &own.digest, &who("ani", "x")).await, Err(OfficeError::Refused(_))));
        assert!(
            matches!(office.agree_lookup(id, "0f0f", &who("budi", "")).await, Err(OfficeError::Refused(_))),
            "unread"
        );
        let read = office.see_lookup(id, false, &who("budi", "")).await.unwrap();
        let mac: MacAddr = MAC.parse().unwrap();
        assert_eq!(read.question, Some(LookupQuestion::Device { mac, regency: "sinjai".to_owned() }));
        assert_eq!(office.lookups_waiting("budi").await.unwrap(), 1);
        assert_eq!(office.lookups_waiting("ani").await.unwrap(), 0);
        assert_eq!(office.agree_lookup(id, &read.digest, &who("budi", "sesuai surat")).await.unwrap(), 2);
        assert!(
            matches!(office.agree_lookup(id, &read.digest, &who("cici", "")).await, Err(OfficeError::Refused(_))),
            "twice"
        );
        for name in ["ani", "budi"] {
            let seen = office.see_lookup(id, false, &who(name, "")).await.unwrap();
            let found: Vec<String> = seen.visits.unwrap().into_iter().map(|one| one.started.to_string()).collect();
            assert_eq!(found, ["2026-11-20T07:30:00Z", "2026-11-20T11:59:59Z"], "ran into the span, began in it");
            assert!(!seen.more && seen.no_key.is_empty());
        }
        // A third investigator sees that there is a case, and no more.
        let third = office.see_lookup(id, false, &who("cici", "")).await.unwrap();
        assert!(third.question.is_none() && third.visits.is_none());
        assert!(matches!(office.see_lookup(id, true, &who("cici", "")).await, Err(OfficeError::Refused(_))));
        assert!(matches!(office.close_lookup(id, &who("cici", "")).await, Err(OfficeError::Refused(_))));
        // What was tried and not allowed is noted: twice by who asked, unread, once decided, and by the third.
        let log = world.cli(&["audit", "list"]).await;
        let denied = log.as_array().unwrap().iter().filter(|line| line["action"] == "lookup-denied");
        let mut denied: Vec<&str> = denied.map(|line| line["actor"].as_str().unwrap_or("?")).collect();
        denied.sort_unstable();
        assert_eq!(denied, ["ani", "ani", "budi", "cici", "cici"], "{log}");
        let file = office.see_lookup(id, true, &who("ani", "")).await.unwrap().csv();
        assert!(file.starts_with("case,LP/12/XI/2026\r\n") && file.contains("\r\nmonths_without_key,\r\n"), "{file}");
        assert_eq!(file.matches("\r\nLP/12/XI/2026,galeri,").count(), 2);
        // Three days later it is over before anybody erased it, and then erased.
        world.clock.advance(std::time::Duration::from_hours(72));
        let late = office.see_lookup(id, false, &who("ani", "")).await.unwrap();
        assert!(late.asked.state == LookupState::Closed && late.visits.is_none() && late.question.is_none());
        assert!(matches!(office.see_lookup(id, true, &who("ani", "")).await, Err(OfficeError::Refused(_))));
        office.forget_old().await.unwrap();
        let row = office.store().read().await.unwrap().lookup(id).await.unwrap().unwrap();
        assert_eq!((row.question, row.answer, row.found, row.closed_by.as_deref()), (None, None, 2, Some("gapura")));
        let audit = world.cli(&["audit", "list"]).await;
        let steps: Vec<(&str, &str)> = audit
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| line["object"] == format!("lookup/{id}"))
            .map(|line| (line["action"].as_str().unwrap(), line["actor"].as_str().unwrap()))
            .collect();
        let after = |action: &str| {
            let line = audit.as_array().unwrap().iter().find(|line| line["action"] == action).unwrap();
            line["after"].as_str().unwrap().to_owned()
        };
        for action in ["lookup-ask", "lookup-agree"] {
            assert!(after(action).contains(&read.digest), "{action}");
        }
        assert!(after("lookup-export").contains(&gapura_wire::Sha256::of(file.as_bytes()).to_string()));
        let mut expected = [
            ("lookup-ask", "ani"),
            ("lookup-read", "budi"),
            ("lookup-agree", "budi"),
            ("lookup-see", "ani"),
            ("lookup-see", "budi"),
            ("lookup-export", "ani"),
            ("lookup-close", "gapura"),
            ("lookup-denied", "ani"),
            ("lookup-denied", "ani"),
            ("lookup-denied", "ani"),
            ("lookup-denied", "budi"),
            ("lookup-denied", "cici"),
            ("lookup-denied", "cici"),
        ];
        let mut steps = steps;
        steps.sort_unstable();
        expected.sort_unstable();
        assert_eq!(steps, expected);
        assert!(!audit.to_string().contains("02:ab"), "the log never names the device");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_leads_to_the_visits_that_had_it_then() {
    on_both("lookup-address", async |world| {
        let office = &world.serving.office;
        filled(&world).await;
        let by = |from: &str, until: &str| LookupOrder {
            kind: LookupKind::Address,
            place: "galeri".to_owned(),
            from: Some(time(from)),
            until: Some(time(until)),
            ..order("10.7.3.41")
        };
        for (from, until, visits) in [
            ("2026-11-20T09:30:00Z", "2026-11-20T09:31:00Z", 1),
            ("2026-11-20T08:00:00Z", "2026-11-20T12:00:00Z", 2),
            ("2026-11-20T08:40:00Z", "2026-11-20T08:50:00Z", 0),
        ] {
            let id = office.ask_lookup(&by(from, until), &who("ani", "")).await.unwrap();
            let read = office.see_lookup(id, false, &who("budi", "")).await.unwrap();
            assert_eq!(office.agree_lookup(id, &read.digest, &who("budi", "")).await.unwrap(), visits, "{from}");
        }
        // Without the month's key nothing is found, and that is said.
        let mut tx = office.store().write().await.unwrap();
        tx.destroy_epoch_keys("2026-11").await.unwrap();
        tx.commit().await.unwrap();
        let id = office.ask_lookup(&by("2026-11-20T08:00:00Z", "2026-11-20T12:00:00Z"), &who("ani", "")).await.unwrap();
        let read = office.see_lookup(id, false, &who("budi", "")).await.unwrap();
        assert_eq!(office.agree_lookup(id, &read.digest, &who("budi", "")).await.unwrap(), 0);
        assert_eq!(office.see_lookup(id, false, &who("ani", "")).await.unwrap().no_key, ["2026-11"]);
        // Refused: what was asked for is erased at once; taken back: likewise; not decided in a week: closed.
        let id = office.ask_lookup(&order(MAC), &who("ani", "")).await.unwrap();
        let read = office.see_lookup(id, false, &who("budi", "")).await.unwrap();
        assert!(matches!(
            office.refuse_lookup(id, &read.digest, &who("budi", " ")).await,
            Err(OfficeError::Refused(_))
        ));
        office.refuse_lookup(id, &read.digest, &who("budi", "tanpa surat")).await.unwrap();
        let taken_back = office.ask_lookup(&order(MAC), &who("ani", "")).await.unwrap();
        office.close_lookup(taken_back, &who("ani", "")).await.unwrap();
        let waits = office.ask_lookup(&order(MAC), &who("ani", "")).await.unwrap();
        world.clock.advance(std::time::Duration::from_hours(24 * 7));
        let read = office.see_lookup(waits, false, &who("budi", "")).await.unwrap();
        assert!(matches!(
            office.agree_lookup(waits, &read.digest, &who("budi", "")).await,
            Err(OfficeError::Refused(_))
        ));
        office.forget_old().await.unwrap();
        let mut tx = office.store().read().await.unwrap();
        for id in [id, taken_back, waits] {
            let row = tx.lookup(id).await.unwrap().unwrap();
            assert!(row.question.is_none() && row.answer.is_none() && row.state != "asked", "{row:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_whose_address_changes_is_found_by_its_first_and_that_it_changed_is_said() {
    on_both("lookup-readdressed", async |world| {
        let office = &world.serving.office;
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let (november, december) = (key(&world, "2026-11").await, key(&world, "2026-12").await);
        let told = |key: &EpochKey, number, revision: u64, address: &str| {
            let span = ("2026-11-20T08:30:00Z", "2026-11-20T09:00:00Z");
            let mut text = serde_json::to_value(record(key, number, MAC, Some(address), span)).unwrap();
            text["revision"] = json!(revision);
            serde_json::from_value::<Record>(text).unwrap()
        };
        send(&router, 1, vec![told(&november, 1, 1, "10.7.3.41"), told(&november, 2, 1, "10.7.3.60")]).await;
        // The first changes its address; the second is told again, the same under another month's key.
        send(&router, 2, vec![told(&november, 1, 2, "10.7.3.50"), told(&december, 2, 2, "10.7.3.60")]).await;
        for (address, found, changed) in [("10.7.3.41", 1, true), ("10.7.3.50", 0, true), ("10.7.3.60", 1, false)] {
            let order = LookupOrder { kind: LookupKind::Address, place: "galeri".to_owned(), ..order(address) };
            let id = office.ask_lookup(&order, &who("ani", "")).await.unwrap();
            let read = office.see_lookup(id, false, &who("budi", "")).await.unwrap();
            assert_eq!(office.agree_lookup(id, &read.digest, &who("budi", "")).await.unwrap(), found, "{address}");
            let seen = office.see_lookup(id, true, &who("ani", "")).await.unwrap();
            assert_eq!(seen.readdressed, 1, "one of the span had two");
            assert!(seen.visits.iter().flatten().all(|visit| visit.readdressed == changed), "{address}");
            assert!(seen.csv().contains("\r\nvisits_with_changed_address,1\r\n"), "{}", seen.csv());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn visits_told_under_another_months_key_are_found_or_their_key_is_named() {
    on_both("lookup-keys", async |world| {
        let office = &world.serving.office;
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let (november, december) = (key(&world, "2026-11").await, key(&world, "2026-12").await);
        // Begun in November, told in December; and by a router that was cut off since a month whose key is gone.
        let gone = EpochKey { epoch: "2026-06".parse().unwrap(), key: gapura_model::Secret::new([3; 32]) };
        let records = vec![
            record(&december, 1, MAC, Some("10.7.3.41"), ("2026-11-20T08:30:00Z", "2026-11-20T09:00:00Z")),
            record(&gone, 2, MAC, None, ("2026-11-20T09:30:00Z", "2026-11-20T10:00:00Z")),
            record(&november, 3, "02:ab:00:00:00:11", None, ("2026-11-20T09:30:00Z", "2026-11-20T10:00:00Z")),
        ];
        send(&router, 1, records).await;
        let by_address = LookupOrder { kind: LookupKind::Address, place: "galeri".to_owned(), ..order("10.7.3.41") };
        for (order, untold) in [(order(MAC), 0), (by_address, 2)] {
            let id = office.ask_lookup(&order, &who("ani", "")).await.unwrap();
            let read = office.see_lookup(id, false, &who("budi", "")).await.unwrap();
            assert_eq!(office.agree_lookup(id, &read.digest, &who("budi", "")).await.unwrap(), 1);
            let seen = office.see_lookup(id, true, &who("budi", "")).await.unwrap();
            assert_eq!((seen.no_key.as_slice(), seen.untold), (["2026-06".to_owned()].as_slice(), untold));
            let file = seen.csv();
            assert!(file.contains("\r\nmonths_without_key,2026-06\r\n"), "{file}");
            assert!(
                file.contains(&format!("\r\nvisits_without_address,{untold}\r\nvisits_with_changed_address,0\r\n\r\n")),
                "{file}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wider_than_may_be_asked_or_no_address_is_refused_all_at_once() {
    on_both("lookup-wrong", async |world| {
        let office = &world.serving.office;
        world.furnish().await;
        let wrong = async |order: &LookupOrder| match office.ask_lookup(order, &who("ani", "")).await {
            Err(OfficeError::Mistakes(all)) => all.len(),
            other => panic!("{other:?}"),
        };
        assert_eq!(wrong(&LookupOrder::default()).await, 6);
        for asked in ["", "02:ab", "10.7.3.41", "' OR 1=1 --", "<script>alert(1)</script>", "02:ab:00:00:00:0f\n"] {
            let order = order(asked);
            // White space around is taken away.
            if asked.trim() != MAC {
                assert_eq!(wrong(&order).await, 1, "{asked}");
            }
        }
        let address =
            |asked: &str| LookupOrder { kind: LookupKind::Address, place: "galeri".to_owned(), ..order(asked) };
        for asked in ["8.8.8.8", "127.0.0.1", "fe80::1", "10.7.3", MAC] {
            assert_eq!(wrong(&address(asked)).await, 1, "{asked}");
        }
        assert_eq!(wrong(&LookupOrder { place: "seberang".to_owned(), ..address("10.7.3.41") }).await, 1);
        assert_eq!(wrong(&LookupOrder { place: "bone".to_owned(), ..order(MAC) }).await, 1);
        let span =
            |from: &str, until: &str| LookupOrder { from: Some(time(from)), until: Some(time(until)), ..order(MAC) };
        for (from, until) in [
            ("2026-11-20T12:00:00Z", "2026-11-20T08:00:00Z"),
            ("2026-10-01T00:00:00Z", "2026-11-01T00:00:01Z"),
            ("2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"),
            ("2026-11-20T08:00:00Z", "2026-12-02T00:00:00Z"),
        ] {
            assert_eq!(wrong(&span(from, until)).await, 1, "{from}");
        }
        for words in [
            "perangkat 02-ab-00-00-00-0f",
            "pemilik 10.7.3.41, petang",
            "laporan 203.0.113.9:51000",
            "dari [2001:db8::7]:443",
            "(02:AB:00:00:00:0F)",
        ] {
            assert_eq!(wrong(&LookupOrder { reason: words.to_owned(), ..order(MAC) }).await, 1, "{words}");
            assert_eq!(wrong(&LookupOrder { case_number: words.to_owned(), ..order(MAC) }).await, 1, "{words}");
        }
        let long = LookupOrder { case_number: "x".repeat(81), reason: "a\u{0}b".to_owned(), ..order(MAC) };
        assert_eq!(wrong(&long).await, 2);
        assert!(office.lookups().await.unwrap().is_empty());
        assert!(matches!(office.see_lookup(99, false, &who("ani", "")).await, Err(OfficeError::NotFound { .. })));
    })
    .await;
}

#[expect(clippy::too_many_lines, reason = "one set of records, and one table of what is asked of it")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_public_port_leads_to_the_one_visit_that_had_it_then() {
    on_both("lookup-port", async |world| {
        let office = &world.serving.office;
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let by = |asked: &str, port: &str, from: &str, until: &str| LookupOrder {
            kind: LookupKind::Port,
            port: port.to_owned(),
            place: String::new(),
            from: Some(time(from)),
            until: Some(time(until)),
            ..order(asked)
        };
        let mistakes = async |order: &LookupOrder| match office.ask_lookup(order, &who("ani", "")).await {
            Err(OfficeError::Mistakes(all)) => all.iter().filter_map(|why| why.field().map(str::to_owned)).collect(),
            other => panic!("{other:?}"),
        };
        // While no site notes ports there is nothing to ask.
        assert!(office.ports_noted().await.unwrap().is_empty());
        let some = by("203.0.113.9", "20500", "2026-11-20T09:00:00Z", "2026-11-20T09:10:00Z");
        let found: Vec<String> = mistakes(&some).await;
        assert_eq!(found, ["span"]);
        let november = key(&world, "2026-11").await;
        let used = |address: &str, ports: &str, from: &str, until: Option<&str>| NatUse {
            address: november.ipv4(address.parse().unwrap()),
            behind: address.starts_with("100.64"),
            ports: ports.parse().unwrap(),
            from: time(from),
            until: until.map(time),
        };
        let visit = |number, mac, span| record(&november, number, mac, Some("10.7.3.41"), span);
        let (first, second) = ("2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z");
        let one = used("203.0.113.9", "20480-20991", first, None);
        let other = used("203.0.113.9", "20992-21503", first, None);
        // The same block, later: of another device; then the uplink got another address.
        let later = [
            used("203.0.113.9", "20480-20991", "2026-11-20T10:05:00Z", Some("2026-11-20T10:30:00Z")),
            used("100.64.3.2", "20480-20991", "2026-11-20T10:30:00Z", None),
        ];
        let records = vec![
            with_ports(visit(1, MAC, (first, second)), std::slice::from_ref(&one)),
            with_ports(visit(2, "02:ab:00:00:00:10", (first, second)), &[other]),
            with_ports(visit(3, "02:ab:00:00:00:11", ("2026-11-20T10:05:00Z", "2026-11-20T11:00:00Z")), &later),
            visit(4, "02:ab:00:00:00:12", (first, second)),
        ];
        send(&router, 1, records).await;
        // A router of before its upgrade tells the visit again, later: what is known stays.
        let Record::Visit(mut again) = visit(1, MAC, (first, second)) else { panic!() };
        again.revision = 2;
        send(&router, 2, vec![Record::Visit(again)]).await;
        let noted = office.ports_noted().await.unwrap();
        assert_eq!(noted.len(), 1);
        assert_eq!(
            (noted[0].site.as_str(), noted[0].since, noted[0].last),
            ("galeri", time(first), time("2026-11-20T10:05:00Z"))
        );
        for (asked, port, from, until, expected) in [
            ("203.0.113.9", "20480", "2026-11-20T09:28:00Z", "2026-11-20T09:32:00Z", &["1"][..]),
            ("203.0.113.9", "20991", "2026-11-20T09:28:00Z", "2026-11-20T09:32:00Z", &["1"]),
            ("203.0.113.9", "20992", "2026-11-20T09:28:00Z", "2026-11-20T09:32:00Z", &["2"]),
            ("203.0.113.9", "21504", "2026-11-20T09:28:00Z", "2026-11-20T09:32:00Z", &[]),
            ("203.0.113.8", "20480", "2026-11-20T09:28:00Z", "2026-11-20T09:32:00Z", &[]),
            // Nobody had it while it rested; then another device.
            ("203.0.113.9", "20500", "2026-11-20T10:01:00Z", "2026-11-20T10:04:00Z", &[]),
            ("203.0.113.9", "20500", "2026-11-20T10:08:00Z", "2026-11-20T10:12:00Z", &["3"]),
            ("203.0.113.9", "20500", "2026-11-20T10:31:00Z", "2026-11-20T10:40:00Z", &[]),
            ("100.64.3.2", "20500", "2026-11-20T10:31:00Z", "2026-11-20T10:40:00Z", &["3"]),
            ("203.0.113.9", "20500", "2026-11-20T09:30:00Z", "2026-11-20T10:30:00Z", &["1", "3"]),
        ] {
            let order = by(asked, port, from, until);
            let id = office.ask_lookup(&order, &who("ani", "")).await.unwrap();
            let read = office.see_lookup(id, false, &who("budi", "")).await.unwrap();
            let question = LookupQuestion::Port { address: asked.parse().unwrap(), port: port.parse().unwrap() };
            assert_eq!(read.question, Some(question));
            assert_eq!(office.agree_lookup(id, &read.digest, &who("budi", "")).await.unwrap(), expected.len() as u64);
            let seen = office.see_lookup(id, true, &who("ani", "")).await.unwrap();
            let visits = seen.visits.clone().unwrap();
            let found: Vec<&str> =
                visits.iter().map(|one| one.visit.trim_start_matches("0d5c7f6e-0000-4000-8000-00000000000")).collect();
            assert_eq!(found, expected, "{asked} {port} {from}");
            assert!(visits.iter().all(|one| one.ports.as_ref().unwrap().behind == asked.starts_with("100.64")));
            // One visit of the span has no ports, and the answer says so.
            assert_eq!(seen.untold, u64::from(from < "2026-11-20T10:00:01Z"), "{from}");
            assert_eq!(seen.noted, noted);
            let file = seen.csv();
            assert!(file.contains(&format!("\r\npublic_address_and_port,{asked}:{port}\r\n")), "{file}");
            assert!(file.contains("\r\nsites_that_noted_ports,galeri since 2026-11-20T09:00:00Z\r\n"), "{file}");
            assert_eq!(file.matches(",20480-20991,").count(), expected.iter().filter(|one| **one != "2").count());
        }
        // Neither the address nor the port is anywhere in clear, before or after.
        let audit = world.cli(&["audit", "list"]).await.to_string();
        assert!(!audit.contains("203.0.113.9") && !audit.contains("20500"), "{audit}");
        for (order, wrong) in [
            (by("galeri", "20500", first, "2026-11-20T09:10:00Z"), vec!["asked"]),
            (by("203.0.113.9", "80", first, "2026-11-20T09:10:00Z"), vec!["port"]),
            (by("203.0.113.9", "20500", first, "2026-11-20T10:01:00Z"), vec!["span"]),
            (by("203.0.113.9", "20500", "2026-11-19T08:00:00Z", "2026-11-19T08:10:00Z"), vec!["span"]),
        ] {
            let found: Vec<String> = mistakes(&order).await;
            assert_eq!(found, wrong, "{order:?}");
        }
        // With the month's key gone the port leads nowhere.
        let mut tx = office.store().write().await.unwrap();
        tx.destroy_epoch_keys("2026-11").await.unwrap();
        tx.commit().await.unwrap();
        let id = office
            .ask_lookup(&by("203.0.113.9", "20480", "2026-11-20T09:28:00Z", "2026-11-20T09:32:00Z"), &who("ani", ""))
            .await
            .unwrap();
        let read = office.see_lookup(id, false, &who("budi", "")).await.unwrap();
        assert_eq!(office.agree_lookup(id, &read.digest, &who("budi", "")).await.unwrap(), 0);
        assert_eq!(office.see_lookup(id, false, &who("ani", "")).await.unwrap().no_key, ["2026-11"]);
    })
    .await;
}
