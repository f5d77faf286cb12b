//! Each record once, whatever the way does to the batches.

use gapura_wire::{ProblemKind, Record, UsageAck, UsageBatch, VisitUsage, limits};
use serde_json::{Value, json};

use super::client::Router;
use super::world::on_both;

const BOOT: &str = "5a4f0e3c-8f5e-4a0a-9d5a-000000000001";

fn visit(number: u32, revision: u64, down: u64) -> Record {
    let ended = down >= 1000;
    let mut text = json!({
        "visit": format!("0d5c7f6e-0000-4000-8000-{number:012}"), "revision": revision,
        "device": "h1:2026-11:00112233445566778899aabbccddeeff", "device_local": true, "way": "voucher", "plan": "umum",
        "generation": 1, "start": "2026-11-21T08:00:00Z", "clock": "trusted", "at": "2026-11-21T08:01:00Z",
        "traffic": { "up": 1, "down": down }, "seconds": 60,
    });
    if ended {
        text["end"] = json!("2026-11-21T09:00:00Z");
        text["cause"] = json!("logged-out");
    }
    Record::Visit(serde_json::from_value::<VisitUsage>(text).unwrap())
}

fn tally(number: u32) -> Record {
    let id = format!("0d5c7f6e-0000-4000-9000-{number:012}");
    serde_json::from_value(json!({
        "record": "tally", "id": id, "name": "refused-logins", "start": "2026-11-21T08:00:00Z", "end": "2026-11-21T09:00:00Z",
        "count": 7,
    }))
    .unwrap()
}

fn outage(end: Option<&str>) -> Record {
    let mut text = json!({
        "record": "outage", "id": "0d5c7f6e-0000-4000-a000-000000000001", "kind": "uplink", "start": "2026-11-21T08:00:00Z",
    });
    if let Some(end) = end {
        text["end"] = json!(end);
    }
    serde_json::from_value(text).unwrap()
}

fn batch(seq: u64, records: Vec<Record>) -> UsageBatch {
    UsageBatch { gateway: "gw-galeri-1".parse().unwrap(), boot: BOOT.parse().unwrap(), seq, records }
}

async fn send(router: &Router, batch: &UsageBatch) -> UsageAck {
    router.post("/v1/usage", batch).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replayed_reordered_and_lost_batches_count_each_record_once() {
    on_both("usage", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let batches = [
            batch(1, vec![visit(1, 1, 10), outage(None)]),
            batch(2, vec![visit(1, 2, 500), visit(2, 1, 20), tally(1)]),
            batch(3, vec![visit(1, 3, 1000), tally(2), outage(Some("2026-11-21T08:10:00Z"))]),
            batch(4, vec![visit(3, 1, 30)]),
        ];
        // The answer to batch 2 is lost, 4 overtakes 3, everything comes twice.
        let order = [(0, 2), (1, 3), (1, 3), (3, 3), (2, 5), (0, 5), (2, 5), (3, 5)];
        let mut came = std::collections::BTreeSet::new();
        for (index, next) in order {
            let ack = send(&router, &batches[index]).await;
            assert_eq!((ack.seq, ack.next), (batches[index].seq, next));
            assert_eq!(ack.repeated, !came.insert(index), "batch {}", ack.seq);
            assert!(ack.refused.is_empty());
        }
        // A gateway whose database was set aside numbers from 1 again: other records under a known number are not lost.
        let ack = send(&router, &batch(1, vec![visit(4, 1, 40), visit(1, 1, 10), tally(1)])).await;
        assert!(!ack.repeated);
        let usage = world.cli(&["usage", "--from", "2026-11-21T00:00:00Z", "--site", "galeri"]).await;
        let visits = usage["visits"].as_array().unwrap();
        let figures: Vec<_> =
            visits.iter().map(|visit| (visit["down"].as_u64().unwrap(), visit["cause"].as_str())).collect();
        assert_eq!(figures, [(1000, Some("logged-out")), (20, None), (30, None), (40, None)]);
        let (site, office) = ("galeri".parse().unwrap(), &world.serving.office);
        let day = office.day(&site, Some("2026-11-21".parse().unwrap())).await.unwrap();
        assert_eq!((day.visits.count, day.visits.devices, day.visits.octets), (4, 1, (4, 1090)));
        assert_eq!(day.visits.most.map(|(most, _)| most), Some(4));
        let lasted = day.outages.iter().map(|outage| outage.until.unwrap().duration_since(outage.from).as_secs());
        assert_eq!(lasted.collect::<Vec<_>>(), [600]);
        // The day by the site's calendar, which is ahead of UTC.
        let before = office.day(&site, Some("2026-11-20".parse().unwrap())).await.unwrap();
        assert_eq!((before.visits, before.outages), (crate::Visits::default(), Vec::new()));
        assert_eq!(before.span.1, day.span.0);
        let asked = office.day(&site, None).await.unwrap();
        assert!((asked.span.0..asked.span.1).contains(&office.now()));
        assert_eq!((&usage["sums"][0]["bytes_down"], &usage["sums"][0]["running"]), (&json!(1090), &json!(3)));
        let counted: u64 =
            usage["tallies"].as_array().unwrap().iter().map(|tally| tally["count"].as_u64().unwrap()).sum();
        assert_eq!(counted, 14);
        assert_eq!(usage["outages"].as_array().unwrap().len(), 1);
        assert_eq!(usage["outages"][0]["end"], "2026-11-21T08:10:00Z");
        let none = world.cli(&["usage", "--from", "2026-11-22T00:00:00Z"]).await;
        assert!(none["visits"].as_array().unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_cannot_be_taken_says_why_and_a_bad_record_does_not_stop_the_others() {
    on_both("refused", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let foreign = UsageBatch { gateway: "gw-lain".parse().unwrap(), ..batch(1, vec![]) };
        let kind = async |batch: &UsageBatch| router.post::<_, Value>("/v1/usage", batch).await.unwrap_err().kind;
        assert_eq!(kind(&foreign).await, ProblemKind::WrongGateway);
        assert_eq!(kind(&batch(0, vec![])).await, ProblemKind::Unreadable);
        assert_eq!(kind(&batch(1, vec![tally(1); limits::BATCH_RECORDS + 1])).await, ProblemKind::Unreadable);
        let ack = send(&router, &batch(1, vec![visit(1, 1, u64::MAX), visit(2, 1, 5)])).await;
        assert_eq!((ack.refused.len(), ack.refused[0].index, ack.next), (1, 0, 2));
        let usage = world.cli(&["usage", "--from", "2026-11-21T00:00:00Z"]).await;
        assert_eq!(usage["visits"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_newer_router_tells_is_kept_until_it_can_be_read() {
    on_both("unread", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let of_tomorrow = json!({ "record": "ketukan", "count": 3 });
        let mut batch = serde_json::to_value(batch(1, vec![visit(1, 1, 10), visit(2, 1, 20)])).unwrap();
        batch["records"].as_array_mut().unwrap().insert(1, of_tomorrow);
        for repeated in [false, true] {
            let ack: UsageAck = router.post("/v1/usage", &batch).await.unwrap();
            assert_eq!((ack.repeated, ack.next, ack.refused.len()), (repeated, 2, 0));
        }
        let usage = async || world.cli(&["usage", "--from", "2026-11-21T00:00:00Z"]).await;
        let shown = usage().await;
        assert_eq!((shown["visits"].as_array().unwrap().len(), &shown["unread"]), (2, &json!(1)));

        // What an older controller could not read, this one can.
        let (site, gateway) = ("galeri".parse().unwrap(), "gw-galeri-1".parse().unwrap());
        let office = &world.serving.office;
        for number in 3..=4 {
            let text = serde_json::to_string(&visit(number, 1, 30)).unwrap();
            let mut tx = office.store().write().await.unwrap();
            let sha256 = gapura_wire::Sha256::of(text.as_bytes());
            tx.keep_unread((&site, &gateway), sha256.as_bytes(), &text, office.now()).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(usage().await["unread"], 3);
        assert_eq!(office.read_kept_records().await.unwrap(), 2);
        let shown = usage().await;
        assert_eq!((shown["visits"].as_array().unwrap().len(), &shown["unread"]), (4, &json!(1)));
        assert_eq!(office.read_kept_records().await.unwrap(), 0);
    })
    .await;
}
