//! What has had its time is destroyed, by month and with its key, leaves a record, and does not rise again.

use gapura_store::{Month, Monthly, Span};
use gapura_wire::{Record, UsageAck, UsageBatch};
use jiff::Timestamp;
use serde_json::json;

use super::client::Router;
use super::world::{World, on_both};
use crate::{Actor, HoldOrder, HoldState, HoldStep, Kind, OfficeError, Scope};

fn record(number: u32, started: &str) -> Record {
    serde_json::from_value(json!({
        "record": "visit", "visit": format!("0d5c7f6e-0000-4000-8000-{number:012}"), "revision": 1,
        "device": "h1:2026-11:00112233445566778899aabbccddeeff", "device_local": true, "way": "voucher", "plan": "umum",
        "generation": 1, "start": started, "clock": "trusted", "at": started,
        "traffic": { "up": 1, "down": 10 }, "seconds": 60,
    }))
    .unwrap()
}

async fn send(router: &Router, seq: u64, records: Vec<Record>) -> UsageAck {
    let boot = "5a4f0e3c-8f5e-4a0a-9d5a-000000000001".parse().unwrap();
    router.post("/v1/usage", &UsageBatch { gateway: "gw-galeri-1".parse().unwrap(), boot, seq, records }).await.unwrap()
}

fn who(name: &str, reason: &str) -> Actor {
    Actor { name: name.to_owned(), reason: reason.to_owned() }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn visits(world: &World) -> usize {
    let span = Span { from: Timestamp::UNIX_EPOCH, until: Timestamp::MAX, site: None, limit: 100 };
    world.serving.office.usage(&span).await.unwrap().visits.len()
}

async fn undated(world: &World) -> usize {
    let until = time("2020-01-01T00:00:00Z");
    let span = Span { from: Timestamp::UNIX_EPOCH, until, site: None, limit: 100 };
    world.serving.office.usage(&span).await.unwrap().visits.len()
}

async fn keys(world: &World) -> Vec<String> {
    let mut tx = world.serving.office.store().read().await.unwrap();
    tx.epoch_keys("sinjai", "2000-01").await.unwrap().into_iter().map(|(epoch, _)| epoch).collect()
}

fn forward(world: &World, to: &str) {
    let wait = time(to).duration_since(world.serving.office.now());
    world.clock.advance(wait.try_into().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_destroyed_with_its_key_leaves_a_record_and_does_not_rise_again() {
    on_both("retention", async |world| {
        let office = &world.serving.office;
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let first = vec![
            record(1, "2026-11-30T23:59:00Z"),
            record(2, "2026-12-01T00:00:00Z"),
            record(3, "1970-01-01T00:00:00Z"),
        ];
        assert!(send(&router, 1, first).await.refused.is_empty());
        assert!(keys(&world).await.contains(&"2026-11".to_owned()));
        // The last day before the month is due: nothing.
        forward(&world, "2027-02-28T23:59:59Z");
        assert_eq!(office.run_retention(&who("gapura", "")).await.unwrap(), []);
        assert_eq!(visits(&world).await, 3);
        forward(&world, "2027-03-01T00:00:00Z");
        assert_eq!(office.run_retention(&who("gapura", "")).await.unwrap(), [], "no report has counted it yet");
        assert_eq!(visits(&world).await, 3);
        // The report is made first, and counts who came.
        let ran = world.cli(&["retention", "run"]).await;
        let one = &ran["destroyed"][0];
        assert_eq!((&one["kind"], &one["records"]), (&json!("visits"), &json!(1)), "{ran}");
        assert_eq!((&one["epoch_keys"], &one["staff"]), (&json!(["sinjai"]), &json!("tester")));
        assert_eq!(visits(&world).await, 2);
        let left = keys(&world).await;
        assert!(!left.contains(&"2026-11".to_owned()) && left.contains(&"2026-12".to_owned()), "{left:?}");
        let report = office.month_report(&Scope::Province, "2026-12".parse().unwrap()).await.unwrap().unwrap();
        assert!(report.running_until.is_none());
        let closed = office.store().read().await.unwrap().month_figures("2026-12").await.unwrap().remove(0);
        assert!(closed.issue == 1 && closed.document.contains("\"people\":1"), "{}", closed.document);
        // Where the key stood is written over.
        assert_eq!(office.store().read().await.unwrap().unscrubbed().await.unwrap(), 0);
        // It is chained.
        let audit = world.cli(&["audit", "list"]).await;
        let line = audit.as_array().unwrap().iter().find(|row| row["action"] == "records-destroyed").unwrap();
        assert_eq!(line["number"], one["line"]);
        assert!(line["after"].as_str().unwrap().contains("\"records\":1"), "{line}");
        // The sums of its hours stay.
        let mut tx = office.store().read().await.unwrap();
        let sums = tx.day_sums((Timestamp::UNIX_EPOCH, Timestamp::MAX), 0).await.unwrap();
        assert_eq!(sums.iter().map(|sum| sum.visits).sum::<i64>(), 3);
        drop(tx);
        // Told late, it is refused and not stored; others of the batch are, also one whose clock was never set.
        let late = vec![
            record(1, "2026-11-30T23:59:00Z"),
            record(4, "2027-02-01T00:00:00Z"),
            record(5, "1970-01-01T00:00:00Z"),
        ];
        let ack = send(&router, 2, late).await;
        assert_eq!(ack.refused.len(), 1, "{ack:?}");
        assert!(ack.refused[0].index == 0 && ack.refused[0].reason.contains("destroyed"));
        assert_eq!(visits(&world).await, 4);
        // What a doubtful clock puts there may be of today.
        let mut doubtful = serde_json::to_value(record(6, "2026-11-30T23:59:00Z")).unwrap();
        doubtful["clock"] = json!("doubtful");
        let mut ahead = serde_json::to_value(record(7, "2040-01-01T00:00:00Z")).unwrap();
        ahead["clock"] = json!("doubtful");
        for (seq, _) in [(3, "told"), (4, "told again")] {
            let records = [&doubtful, &ahead].map(|one| serde_json::from_value(one.clone()).unwrap()).to_vec();
            assert!(send(&router, seq, records).await.refused.is_empty());
        }
        assert_eq!((visits(&world).await, undated(&world).await), (6, 3));
        assert_eq!(office.run_retention(&who("gapura", "")).await.unwrap(), [], "nothing twice");
        let status = world.cli(&["retention", "status"]).await;
        let kind =
            |name: &str| status["kinds"].as_array().unwrap().iter().find(|one| one["kind"] == name).unwrap().clone();
        assert_eq!(kind("visits")["days"], 90);
        assert_eq!(kind("visits")["last"]["records"], 1);
        assert_eq!(kind("visits")["oldest"][0], "2026-12");
        assert_eq!(kind("audit")["days"], json!(null));
        // By night what has no day goes too, when it was told long ago.
        forward(&world, "2027-03-01T18:30:00Z");
        office.run_retention(&who("gapura", "")).await.unwrap();
        assert_eq!(visits(&world).await, 5, "others were told today, whatever its router's clock says");
        // Nobody knows to which month it belongs, so any case holds it.
        let order =
            HoldOrder { case_number: "LP/1".to_owned(), first: "2027-05".to_owned(), last: "2027-05".to_owned() };
        let hold = office.ask_hold(&order, &who("ani", "penyidikan")).await.unwrap();
        office.step_hold(hold, HoldStep::Agree, &who("budi", "")).await.unwrap();
        let unread = async || office.store().read().await.unwrap().unread(None, 9).await.unwrap().len();
        let mut tx = office.store().write().await.unwrap();
        let of = ("galeri".parse().unwrap(), "gw-galeri-1".parse().unwrap());
        tx.keep_unread((&of.0, &of.1), &[7; 32], "{}", "2027-03-01T00:00:00Z".parse().unwrap()).await.unwrap();
        tx.keep_unread((&of.0, &of.1), &[8; 32], "{}", "2027-06-01T00:00:00Z".parse().unwrap()).await.unwrap();
        tx.commit().await.unwrap();
        forward(&world, "2027-06-05T18:30:00Z");
        office.make_reports().await.unwrap();
        office.run_retention(&who("gapura", "")).await.unwrap();
        assert_eq!((visits(&world).await, undated(&world).await, unread().await), (3, 2, 2));
        office.step_hold(hold, HoldStep::AskLift, &who("ani", "selesai")).await.unwrap();
        office.step_hold(hold, HoldStep::Lift, &who("budi", "")).await.unwrap();
        office.run_retention(&who("gapura", "")).await.unwrap();
        assert_eq!((visits(&world).await, unread().await), (0, 1), "also what is to begin in 2040");
        assert!(office.retention().await.unwrap().destructions.iter().any(|one| one.kind == Some(Kind::Unread)));
        assert!(office.retention().await.unwrap().destructions.iter().any(|one| one.kind == Some(Kind::Undated)));
        assert_eq!(world.cli(&["audit", "verify"]).await["fault"], json!(null));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_held_while_a_case_runs_and_only_two_persons_end_that() {
    on_both("hold", async |world| {
        let office = &world.serving.office;
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        send(&router, 1, vec![record(1, "2026-11-22T10:00:00Z")]).await;
        let order = |first: &str, last: &str| HoldOrder {
            case_number: "LP/12/XI/2026".to_owned(),
            first: first.to_owned(),
            last: last.to_owned(),
        };
        let wrong = [("2026-12", "2026-11"), ("2026-13", "2026-11"), ("2020-01", "2026-11"), ("", "<script>")];
        for (first, last) in wrong {
            let refused = office.ask_hold(&order(first, last), &who("ani", "penyidikan")).await;
            assert!(matches!(refused, Err(OfficeError::Mistakes(_))), "{first} {last}");
        }
        let refused = office.ask_hold(&order("2026-11", "2026-11"), &who("ani", " ")).await;
        assert!(matches!(refused, Err(OfficeError::Mistakes(_))));
        let id = office.ask_hold(&order("2026-11", "2026-12"), &who("ani", "penyidikan")).await.unwrap();
        let itself = who("gapura", "");
        let due = async || {
            office.make_reports().await.unwrap();
            office.run_retention(&itself).await
        };
        // It holds from the first moment, but not by itself for ever.
        let own = office.step_hold(id, HoldStep::Agree, &who("ani", "")).await;
        assert!(matches!(own, Err(OfficeError::Refused(_))), "the same person");
        office.step_hold(id, HoldStep::Agree, &who("budi", "")).await.unwrap();
        forward(&world, "2027-04-15T00:00:00Z");
        assert_eq!(due().await.unwrap(), []);
        assert_eq!(visits(&world).await, 1);
        let stands = office.retention().await.unwrap();
        assert_eq!(stands.kinds[0].held.as_deref(), Some("LP/12/XI/2026"));
        assert_eq!(stands.holds[0].state, HoldState::Held);
        let no_reason = office.step_hold(id, HoldStep::AskLift, &who("budi", "")).await;
        assert!(matches!(no_reason, Err(OfficeError::Refused(_))));
        office.step_hold(id, HoldStep::AskLift, &who("budi", "putusan inkrah")).await.unwrap();
        assert!(matches!(office.step_hold(id, HoldStep::Lift, &who("budi", "")).await, Err(OfficeError::Refused(_))));
        assert_eq!(due().await.unwrap(), [], "until a second person agrees");
        office.step_hold(id, HoldStep::Lift, &who("ani", "")).await.unwrap();
        let gone = due().await.unwrap();
        assert!(gone.iter().any(|one| one.kind == Some(Kind::Visits) && one.records == 1), "{gone:?}");
        assert_eq!(visits(&world).await, 0);
        // One that nobody agrees to holds for a week.
        send(&router, 2, vec![record(2, "2027-01-05T00:00:00Z")]).await;
        forward(&world, "2027-04-29T00:00:00Z");
        office.ask_hold(&order("2027-01", "2027-01"), &who("ani", "penyidikan")).await.unwrap();
        forward(&world, "2027-05-02T00:00:00Z");
        assert_eq!(due().await.unwrap(), []);
        forward(&world, "2027-05-06T00:00:01Z");
        assert_eq!(due().await.unwrap().len(), 1);
        let mut tx = office.store().read().await.unwrap();
        assert_eq!(tx.oldest_month(Monthly::Visits).await.unwrap(), None::<Month>);
    })
    .await;
}
