//! Two controllers on one database: each thing is done once, and one may end in the midst of it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gapura_model::Generation;
use gapura_runtime::Tasks;
use gapura_store::Span;
use gapura_wire::{EnrolAnswer, SignedBundle, UsageAck};
use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::client::Router;
use super::world::{World, config_text, on_both};
use crate::{Serving, load_config, serve};

const SENDERS: u32 = 8;
const BATCHES: u32 = 12;
const VISITS: u32 = 10;

/// Another controller on the world's database, with the same keys, on threads of its own.
struct Other {
    serving: Serving,
    runtime: Runtime,
    _tasks: Tasks,
}

impl Other {
    async fn start(world: &World) -> Self {
        let text = config_text("127.0.0.1:0", &world.directory().join("keys"), world.database());
        let config = load_config(Path::new(&world.file("second.toml", &text))).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (clock, tasks) = (world.clock.clone(), Tasks::new());
        let work = tasks.clone();
        let serving = runtime.spawn(async move { serve(&config, clock, &work).await.unwrap() }).await.unwrap();
        Self { serving, runtime, _tasks: tasks }
    }

    /// It ends where it stands: no connection is finished, no transaction ended.
    fn kill(self) {
        self.runtime.shutdown_background();
    }
}

fn batch(sender: u32, number: u32) -> Value {
    let visit = |visit: u32| {
        json!({
            "record": "visit", "visit": format!("{sender:08x}-0000-4000-8000-{visit:012}"), "revision": number,
            "device": format!("h1:2026-11:{sender:016x}{visit:016x}"), "device_local": true, "way": "voucher", "plan": "umum",
            "generation": 1, "start": "2026-11-21T08:00:00Z", "clock": "trusted", "at": "2026-11-21T08:01:00Z",
            "traffic": { "up": number, "down": down(number) }, "seconds": number,
        })
    };
    let records: Vec<Value> = (0..VISITS).map(visit).collect();
    let boot = format!("5a4f0e3c-8f5e-4a0a-9d5a-{sender:012}");
    json!({ "gateway": "gw-galeri-1", "boot": boot, "seq": number, "records": records })
}

fn down(number: u32) -> i64 {
    i64::from(number) * 1_000_003
}

/// Sends all batches of one run, each until it is acknowledged, at either controller in turns; how often one broke off.
async fn tell(doors: [Router; 2], sender: u32, acknowledged: Arc<AtomicUsize>) -> usize {
    let mut broke_off = 0;
    for number in 1..=BATCHES {
        let body = serde_json::to_vec(&batch(sender, number)).unwrap();
        for turn in (sender + number) as usize.. {
            match doors[turn % 2].send(Method::POST, "/v1/usage", body.clone()).await {
                Ok((StatusCode::OK, answer)) => {
                    let ack: UsageAck = serde_json::from_slice(&answer).unwrap();
                    assert!(ack.refused.is_empty() && ack.next == u64::from(number) + 1, "{ack:?}");
                    break;
                }
                Ok(_) | Err(_) => broke_off += 1,
            }
            assert!(broke_off < 1000, "batch {number} is never taken");
        }
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    broke_off
}

/// Waits for a bundle at the other controller, and where that broke off at the first.
async fn wait_for_bundle(doors: [Router; 2], after: u64) -> (usize, SignedBundle) {
    for turn in 0.. {
        let path = format!("/v1/bundle?after={after}&wait=50");
        if let Ok((StatusCode::OK, text)) = doors[turn.min(1)].send(Method::GET, &path, Vec::new()).await {
            return (turn, SignedBundle::from_json(&text).unwrap());
        }
    }
    panic!("it asks for ever")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_controllers_ends_in_the_midst_and_nothing_is_lost_or_counted_twice() {
    on_both("two", async |world| {
        if !world.database().starts_with("postgres") {
            return;
        }
        world.furnish().await;
        let (router, answer) = world.member(&[]).await;
        let EnrolAnswer::Approved { bundle_key, site, .. } = answer else { panic!() };
        let other = Other::start(&world).await;
        let doors = || [router.at(other.serving.address), router.at(world.serving.address)];

        // What is to be done once has one of them for it, until its time is over.
        let (here, there) = (&world.serving.office, &other.serving.office);
        let minute = SignedDuration::from_mins(1);
        assert!(here.on_duty("backup", minute).await.unwrap());
        assert!(!there.on_duty("backup", minute).await.unwrap());
        assert!(here.on_duty("backup", minute).await.unwrap(), "it stays with whom it is");
        world.clock.advance(Duration::from_mins(2));
        assert!(there.on_duty("backup", minute).await.unwrap());

        let (acknowledged, mut tellers) = (Arc::<AtomicUsize>::default(), JoinSet::new());
        for sender in 0..SENDERS {
            tellers.spawn(tell(doors(), sender, acknowledged.clone()));
        }
        #[expect(clippy::disallowed_methods, reason = "the test itself waits for it")]
        let waiting = tokio::spawn(wait_for_bundle(doors(), 1));
        let all = usize::try_from(SENDERS * BATCHES).unwrap();
        while acknowledged.load(Ordering::Relaxed) < all / 3 {
            tokio::task::yield_now().await;
        }
        other.kill();
        let at_the_end = acknowledged.load(Ordering::Relaxed);
        assert!(at_the_end < all, "it ended too late");
        let mut broke_off = 0;
        while let Some(told) = tellers.join_next().await {
            broke_off += told.unwrap();
        }
        println!("{at_the_end} of {all} batches were acknowledged when it ended; {broke_off} exchanges broke off");
        assert!(broke_off > 0);

        world.cli(&["voucher", "make", "--site", "galeri", "--plan", "pelajar", "--count", "1"]).await;
        let (moved, signed) = waiting.await.unwrap();
        let bundle = signed.verify(&bundle_key, &site, Generation::new(1)).unwrap();
        assert_eq!((moved > 0, bundle.generation), (true, Generation::new(2)), "who waited at it waits at the other");

        let span = Span { from: Timestamp::UNIX_EPOCH, until: Timestamp::MAX, site: None, limit: 10_000 };
        let usage = here.usage(&span).await.unwrap();
        let visits = i64::from(SENDERS * VISITS);
        assert_eq!(i64::try_from(usage.visits.len()).unwrap(), visits);
        let last = (i64::from(BATCHES), down(BATCHES));
        assert!(usage.visits.iter().all(|visit| (visit.revision, visit.bytes_down) == last));
        let sums = here.store().read().await.unwrap().day_sums((span.from, span.until), 0).await.unwrap();
        let sums: Vec<_> = sums.iter().map(|sum| (sum.visits, sum.bytes_down)).collect();
        assert_eq!(sums, [(visits, visits * down(BATCHES))], "the hours add up to the visits");
    })
    .await;
}
