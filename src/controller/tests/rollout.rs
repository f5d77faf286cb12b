//! A SOP in waves: pilots first, then the others; stopped by itself, gone on with, withdrawn; by played gateways.

mod fleet;

use std::time::Duration;

use gapura_model::Generation;
use gapura_runtime::Clock as _;
use gapura_store::Store;
use gapura_wire::{BundleVerdict, FilterCount, FilterCounts};
use serde_json::{Value, json};

use super::network::says;
use super::sop::{NUMBER, bundle, put_in_force, sop};
use super::world::{SITE, World, on_both};
use crate::office::Office;
use fleet::{Fleet, SITES, said};

const WAVES: [&str; 6] = ["--canary", "galeri", "--waves", "50,100", "--settle", "10"];

async fn begin(fleet: &Fleet<'_>, id: &str, more: &[&str]) -> Value {
    fleet.world().cli(&[&["sop", "publish", id, "--by", "budi"], &WAVES[..], more].concat()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pilots_come_first_then_the_others_and_a_silent_one_holds_nobody_up() {
    on_both("rollout-waves", async |world| {
        let mut fleet = Fleet::new(&world).await;
        let id = fleet.approved(2).await;
        let begun = begin(&fleet, &id, &[]).await;
        assert_eq!((&begun["state"], begun["published"].as_array().unwrap().len()), (&json!("running"), 1));
        assert_eq!((fleet.with(2).await, fleet.with(1).await.len()), (vec!["galeri"], 4));
        assert_eq!(fleet.sop_states().await, ["published", "published"], "the revision before is still in force");

        let seen = world.cli(&["sop", "rollout", &id]).await;
        let of_wave = |wave: i64| {
            let sites = seen["sites"].as_array().unwrap().iter().filter(move |site| site["wave"] == wave);
            sites.map(|site| site["site"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((of_wave(1), of_wave(2).len(), of_wave(3).len()), (vec!["galeri".to_owned()], 2, 2));
        let known = |site: &String| SITES.into_iter().find(|known| known == site).unwrap();
        let (silent, other) = (known(&of_wave(2)[0]), known(&of_wave(2)[1]));
        fleet.off.push(silent);
        fleet.pass(20).await;
        assert_eq!(fleet.state(&id).await, ("running".to_owned(), 1), "the pilot has not taken it");
        // Other changes at a site publish further bundles: those count as well.
        world.cli(&["voucher", "make", "--site", "galeri", "--plan", "pelajar", "--count", "1"]).await;
        fleet.take(&["galeri"]).await;
        fleet.pass(9).await;
        assert_eq!(fleet.state(&id).await, ("running".to_owned(), 1));
        fleet.pass(2).await;
        assert_eq!(fleet.state(&id).await, ("running".to_owned(), 2));
        assert_eq!(fleet.with(2).await.len(), 3, "half of the others");

        // A site made meanwhile belongs to the last wave, and gets what was before until then.
        world.cli(&["site", "set", "baru", "--file", &world.file("new.toml", SITE)]).await;
        let new = async || bundle(&world, "baru").await.filter.unwrap().sops[0].revision;
        assert_eq!(new().await, 1);

        // One of the wave is away since before it began: the rest of the fleet does not wait for it.
        fleet.pass(12).await;
        assert_eq!(fleet.state(&id).await, ("running".to_owned(), 2), "the other one is heard, and has not taken it");
        fleet.take(&[other]).await;
        fleet.pass(12).await;
        assert_eq!(fleet.state(&id).await, ("running".to_owned(), 3));
        assert_eq!((fleet.with(2).await.len(), new().await), (5, 2));
        let seen = world.cli(&["sop", "rollout", &id]).await;
        assert_eq!(seen["progress"][2]["sites"], 3, "with the new one");
        assert_eq!(fleet.sop_states().await, ["replaced", "published"], "in all bundles: the one before is over");
        let rest: Vec<_> = SITES.into_iter().filter(|site| *site != silent).collect();
        fleet.take(&rest).await;
        fleet.pass(12).await;
        assert_eq!(fleet.state(&id).await, ("done".to_owned(), 3));
        let seen = world.cli(&["sop", "rollout", &id]).await;
        let of_silent = seen["sites"].as_array().unwrap().iter().find(|site| site["site"] == silent).unwrap().clone();
        assert_ne!(of_silent["gateways"][0]["runs"], "well", "the page says who has not heard of it: {of_silent}");
        let actions: Vec<_> = fleet.actions().await.into_iter().map(|(action, ..)| action).collect();
        let expected = ["sop-rollout", "sop-publish", "sop-rollout-wave"];
        let at = actions.iter().position(|action| action == "sop-rollout").unwrap();
        assert_eq!(actions[at..at + 3], expected);
        assert_eq!(actions.iter().filter(|action| *action == "sop-rollout-wave").count(), 3);
        assert_eq!(actions.last().unwrap(), "sop-rollout-done");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_stops_it_and_one_press_brings_the_former_revision_back() {
    on_both("rollout-back", async |world| {
        let fleet = Fleet::new(&world).await;
        let id = fleet.approved(2).await;
        begin(&fleet, &id, &[]).await;
        let before = bundle(&world, "galeri").await.generation;
        fleet.judge("galeri", BundleVerdict::NotApplied, "No space left on device").await;
        fleet.pass(1).await;
        assert_eq!(fleet.state(&id).await, ("stopped".to_owned(), 1));
        let seen = world.cli(&["sop", "rollout", &id]).await;
        assert_eq!(
            seen["cause"],
            json!({ "cause": "gateway", "site": "galeri", "gateway": "gw-galeri-1", "trouble": "refused" })
        );
        let one = &seen["sites"][0]["gateways"][0];
        assert_eq!(
            (&one["runs"], &one["trouble"], &one["standing"]["detail"]),
            (&json!("ill"), &json!("refused"), &json!("No space left on device"))
        );
        // It is told, and nothing goes on by itself.
        world.serving.office.look_for_alerts().await.unwrap();
        let alerts = world.cli(&["alert", "list"]).await;
        let kinds: Vec<_> = alerts.as_array().unwrap().iter().map(|row| (&row["kind"], &row["object"])).collect();
        assert!(kinds.contains(&(&json!("sop"), &json!(format!("{NUMBER} rev. 2")))), "{alerts}");
        fleet.take(&["galeri"]).await;
        fleet.pass(30).await;
        assert_eq!(fleet.state(&id).await, ("stopped".to_owned(), 1), "until somebody says so");

        for words in [&["stop", &id][..], &["go-on", &id], &["rollback", &id]] {
            let (_, why) = world.try_cli(&[&["sop"], words].concat()).await.unwrap_err();
            assert!(why.contains("--reason"), "{why}");
        }
        let (_, why) = world.try_cli(&["sop", "retire", &id, "--by", "budi", "--reason", "x"]).await.unwrap_err();
        assert!(why.contains("is being published in waves"), "{why}");
        world.cli(&["sop", "rollback", &id, "--by", "budi", "--reason", "sekolah tertutup"]).await;
        assert_eq!(fleet.with(1).await.len(), 5);
        assert!(bundle(&world, "galeri").await.generation > before, "numbers only grow");
        assert_eq!(fleet.sop_states().await, ["published", "retired"]);
        assert_eq!(fleet.state(&id).await.0, "rolled-back");
        let (action, actor, reason) = fleet.actions().await.pop().unwrap();
        assert_eq!((action.as_str(), actor.as_str(), reason.as_str()), ("sop-rollback", "budi", "sekolah tertutup"));
        world.serving.office.look_for_alerts().await.unwrap();
        let alerts = world.cli(&["alert", "list"]).await;
        let open = alerts.as_array().unwrap().iter().any(|row| row["kind"] == "sop" && row["ended"].is_null());
        assert!(!open, "{alerts}");
        fleet.pass(30).await;
        assert_eq!(fleet.with(1).await.len(), 5, "nothing begins again by itself");

        // In force everywhere and the one before replaced: withdrawn all the same.
        let id = fleet.approved(3).await;
        world.cli(&["sop", "publish", &id, "--by", "budi"]).await;
        assert_eq!((fleet.with(3).await.len(), fleet.sop_states().await[0].as_str()), (5, "replaced"));
        fleet.take(&SITES).await;
        fleet.pass(35).await;
        assert_eq!(fleet.state(&id).await, ("done".to_owned(), 1));
        let generations = async || {
            let mut all = Vec::new();
            for site in SITES {
                all.push(bundle(&world, site).await.generation);
            }
            all
        };
        let before: Vec<Generation> = generations().await;
        world.cli(&["sop", "rollback", &id, "--by", "budi", "--reason", "keliru"]).await;
        assert!(generations().await.iter().zip(&before).all(|(now, before)| now > before));
        assert_eq!(
            (fleet.with(1).await.len(), fleet.sop_states().await),
            (5, vec!["published".into(), "retired".into(), "retired".into()])
        );
        let last: Vec<_> = fleet.actions().await.into_iter().rev().take(2).map(|(action, ..)| action).collect();
        assert_eq!(last, ["sop-restore", "sop-rollback"]);
        let (_, why) = world.try_cli(&["sop", "rollback", &id, "--reason", "lagi"]).await.unwrap_err();
        assert!(why.contains("withdrawn"), "{why}");
        // The only revision there is is not withdrawn once its publication is over, but retired.
        let other = sop(1, "").replace("KOMINFO/01", "LAIN/09").replace("judi.example.com", "lain.example.com");
        let other = put_in_force(&world, &other.replace("sekolah.example.sch.id", "x.example")).await;
        fleet.take(&SITES).await;
        fleet.pass(35).await;
        let (_, why) = world.try_cli(&["sop", "rollback", &other, "--reason", "x"]).await.unwrap_err();
        assert!(why.contains("has no revision before it"), "{why}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_begins_at_its_time_also_after_a_restart_and_can_be_called_off() {
    on_both("rollout-time", async |world| {
        let fleet = Fleet::new(&world).await;
        let id = fleet.approved(2).await;
        let (_, why) = world.try_cli(&["sop", "publish", &id, "--at", "2026-11-21T07:00:00Z"]).await.unwrap_err();
        assert!(why.contains("is over"), "{why}");
        let (_, why) = world.try_cli(&["sop", "publish", &id, "--at", "besok"]).await.unwrap_err();
        assert!(why.contains("write a time such as"), "{why}");
        let order = ["sop", "publish", &id, "--by", "budi", "--at", "2026-11-21T10:00:00Z", "--canary", "galeri"];
        assert_eq!(world.cli(&order).await["state"], "waiting");
        assert!(world.try_cli(&order).await.unwrap_err().1.contains("is being published in waves"));
        fleet.pass(5).await;
        assert_eq!((fleet.with(1).await.len(), fleet.sop_states().await[1].as_str()), (5, "approved"));
        world.cli(&["sop", "rollback", &id, "--by", "budi", "--reason", "rapat ditunda"]).await;
        assert_eq!(
            (fleet.state(&id).await.0.as_str(), fleet.sop_states().await[1].as_str()),
            ("rolled-back", "approved")
        );

        // Ordered anew. The controller that looks when the time has come is another one than was asked.
        world.cli(&order).await;
        world.cli(&["sop", "stop", &id, "--by", "budi", "--reason", "tunggu"]).await;
        world.clock.advance(Duration::from_hours(3));
        fleet.pass(1).await;
        assert_eq!((fleet.state(&id).await, fleet.with(1).await.len()), (("stopped".to_owned(), 0), 5));
        world.cli(&["sop", "go-on", &id, "--by", "budi", "--reason", "mulai"]).await;
        let other = another(&world).await;
        other.step_rollouts().await.unwrap();
        assert_eq!((fleet.state(&id).await, fleet.with(2).await), (("running".to_owned(), 1), vec!["galeri"]));
        other.store.close().await;
        let log = fleet.actions().await;
        let (_, actor, reason) = log.iter().rfind(|(action, ..)| action == "sop-publish").unwrap();
        assert_eq!((actor.as_str(), reason.as_str()), ("gapura", "as ordered by budi"));

        // A decree makes it a draft again: what was ordered of the former text is over.
        world.cli(&["sop", "go-on", &id, "--all", "--by", "budi", "--reason", "semua"]).await;
        assert_eq!(fleet.with(2).await.len(), 5, "all at once");
        let id = fleet.approved(3).await;
        let at = world.clock.now().wall + Duration::from_hours(1);
        world.cli(&["sop", "publish", &id, "--at", &at.to_string(), "--by", "budi"]).await;
        let pdf = world.directory().join("sk.pdf");
        std::fs::write(&pdf, b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n").unwrap();
        world.cli(&["sop", "decree", &id, &pdf.display().to_string(), "--by", "citra"]).await;
        world.clock.advance(Duration::from_hours(2));
        fleet.pass(1).await;
        assert_eq!(fleet.state(&id).await, ("rolled-back".to_owned(), 0));
        assert_eq!(fleet.with(2).await.len(), 5);
    })
    .await;
}

/// Another controller on the same database.
async fn another(world: &World) -> Office {
    let mut office = world.serving.office.clone();
    office.store = Store::open(world.database()).await.unwrap();
    office
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_controllers_take_a_step_once() {
    on_both("rollout-two", async |world| {
        let fleet = Fleet::new(&world).await;
        let id = fleet.approved(2).await;
        begin(&fleet, &id, &[]).await;
        fleet.take(&["galeri"]).await;
        fleet.pass(1).await;
        // All is well for long enough; nobody has looked since.
        world.clock.advance(Duration::from_mins(11));
        for router in fleet.routers.values() {
            says(router, said(&world)).await;
        }
        let others = [another(&world).await, another(&world).await, another(&world).await];
        let (own, [one, two, three]) = (&world.serving.office, &others);
        let steps = tokio::join!(
            Box::pin(one.step_rollouts()),
            Box::pin(two.step_rollouts()),
            Box::pin(three.step_rollouts()),
            Box::pin(own.step_rollouts())
        );
        let stepped: usize = [steps.0, steps.1, steps.2, steps.3].into_iter().map(Result::unwrap).sum();
        assert!(stepped <= 1, "the controller's own clockwork may have been the one: {stepped}");
        assert_eq!((fleet.state(&id).await, fleet.with(2).await.len()), (("running".to_owned(), 2), 3));
        let waves = fleet.actions().await.into_iter().filter(|(action, ..)| action == "sop-rollout-wave").count();
        assert_eq!(waves, 2);
        for other in others {
            other.store.close().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jump_of_refusals_at_a_pilot_stops_it() {
    on_both("rollout-jump", async |world| {
        let fleet = Fleet::new(&world).await;
        let run = uuid::Uuid::new_v4();
        let counted = async |hour: &str, total| {
            let (hour, sop, clause) = (hour.parse().unwrap(), NUMBER.to_owned(), "1".to_owned());
            let counts = FilterCounts { run, counts: vec![FilterCount { hour, sop, clause, list: None, total }] };
            fleet.routers["galeri"].post::<_, Value>("/v1/filter-counts", &counts).await.unwrap();
        };
        counted("2026-11-20T03:00:00Z", 40).await;
        counted("2026-11-21T08:00:00Z", 30).await;
        let id = fleet.approved(2).await;
        begin(&fleet, &id, &["--refusals", "50"]).await;
        fleet.take(&["galeri"]).await;
        let site = async || world.cli(&["sop", "rollout", &id]).await["sites"][0].clone();
        assert_eq!((&site().await["busiest"], &site().await["most"]), (&json!(40), &json!(120)), "three times");
        // What is told after the revision was taken is its own; within that hour, what is above what was known by then.
        fleet.pass(1).await;
        counted("2026-11-21T08:00:00Z", 150).await;
        fleet.pass(1).await;
        assert_eq!(
            (fleet.state(&id).await.0.as_str(), &site().await["refused"]),
            ("running", &json!(120)),
            "what was before is not its own"
        );
        counted("2026-11-21T08:00:00Z", 151).await;
        fleet.pass(1).await;
        let seen = world.cli(&["sop", "rollout", &id]).await;
        assert_eq!(seen["cause"], json!({ "cause": "refusals", "site": "galeri", "refused": 121, "most": 120 }));
        assert_eq!(fleet.with(2).await, ["galeri"]);
        world.cli(&["sop", "go-on", &id, "--by", "budi", "--reason", "memang begitu"]).await;
        fleet.pass(1).await;
        assert_eq!((fleet.state(&id).await.0.as_str(), &site().await["most"]), ("running", &json!(363)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_order_is_refused_with_all_that_is_wrong_and_begins_nothing() {
    on_both("rollout-wrong", async |world| {
        let fleet = Fleet::new(&world).await;
        let bone = world.file("bone.toml", &SITE.replace("regency = \"sinjai\"", "regency = \"bone\""));
        world.cli(&["site", "set", "bone", "--file", &bone]).await;
        let id = fleet.approved(2).await;
        for (words, parts) in [
            (&["--canary", "bone", "--waves", "50,20"][..], &["site bone", "have to grow"][..]),
            (&["--waves", "0"], &["have to grow"]),
            (&["--canary", "galeri", "--settle", "0"], &["1 minute to 7 days"]),
        ] {
            let (_, why) = world.try_cli(&[&["sop", "publish", &id], words].concat()).await.unwrap_err();
            assert!(parts.iter().all(|part| why.contains(part)), "{words:?}: {why}");
        }
        assert_eq!((fleet.with(1).await.len(), fleet.sop_states().await[1].as_str()), (5, "approved"));
        assert!(world.try_cli(&["sop", "rollout", &id]).await.is_err(), "it has none");
        // Waves without a pilot named begin at one that serves.
        let begun = world.cli(&["sop", "publish", &id, "--waves", "50", "--by", "budi"]).await;
        assert_eq!(begun["published"].as_array().unwrap().len(), 2, "two of five sites");
        assert_eq!(world.cli(&["sop", "rollout"]).await[0]["waves"], 3);
    })
    .await;
}
