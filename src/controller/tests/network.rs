//! Gateways in words, their history, mobile centres.

use std::time::Duration;

use gapura_wire::{Heartbeat, HeartbeatReply, SignedBundle};
use serde_json::{Value, json};

use super::client::Router;
use super::world::{SITE, World, on_both};

pub(super) fn beat(more: &Value) -> Heartbeat {
    let mut text = json!({
        "state": "serving", "boot": "5a4f0e3c-8f5e-4a0a-9d5a-000000000001", "uptime_seconds": 60,
        "versions": { "gapura": "0.1.0", "kernel": "6.1" }, "sent": "2026-11-21T08:00:00Z",
        "clock": { "trust": "trusted", "source": "ntp" }, "outbox": { "records": 7, "dropped": 0 },
        "uplink": { "up": true }, "generation": 1, "online": 3, "nonce": "AQEBAQEBAQEBAQEBAQEBAQ==",
    });
    for (key, value) in more.as_object().unwrap() {
        text[key] = value.clone();
    }
    serde_json::from_value(text).unwrap()
}

pub(super) async fn says(router: &Router, more: Value) {
    router.post::<_, HeartbeatReply>("/v1/heartbeat", &beat(&more)).await.unwrap();
}

async fn silences(world: &World) {
    world.serving.office.note_silences().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_s_state_is_told_in_words_with_its_history_and_last_words() {
    on_both("states", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let listed = async || world.cli(&["gateway", "list"]).await[0].clone();
        assert_eq!(listed().await["state"], "never-heard");
        says(&router, json!({})).await;
        assert_eq!((&listed().await["state"], &listed().await["tone"]), (&json!("serving"), &json!("good")));
        world.clock.advance(Duration::from_mins(1));
        says(&router, json!({ "words": { "battery": 11 }, "state": "open-in-emergency" })).await;
        let one = world.cli(&["gateway", "show", "gw-galeri-1"]).await;
        assert_eq!(one["state_words"]["id"], "Buka darurat");
        assert_eq!((&one["wanted"], &one["applied"]), (&json!(1), &json!(1)));
        assert_eq!((&one["clock_off"], &one["certificate_ends"]), (&json!(-60), &json!("2028-11-20T08:00:00Z")));

        world.clock.advance(Duration::from_mins(3));
        silences(&world).await;
        assert_eq!(listed().await["state"], "open-in-emergency", "two words may be lost");
        world.clock.advance(Duration::from_mins(1));
        silences(&world).await;
        silences(&world).await;
        let one = listed().await;
        assert_eq!(one["state_words"]["id"], "Diam sejak 16.01");
        assert_eq!(one["last_words"], json!({ "id": "baterai 11 %", "en": "battery 11 %" }));
        says(&router, json!({ "state": "closed" })).await;
        // Opens on Monday at eight: the site's hours know no other day.
        let words = listed().await["state_words"]["en"].as_str().unwrap().to_owned();
        assert!(words.starts_with("Closed, opens Monday, 23 November 2026 at 08:00"), "{words}");

        let past = world.cli(&["gateway", "history", "gw-galeri-1"]).await;
        let told: Vec<_> =
            past.as_array().unwrap().iter().map(|one| (one["state"].as_str(), one["since"].as_str())).collect();
        let expected = [
            ("closed", "2026-11-21T08:05:00Z"),
            ("silent", "2026-11-21T08:01:00Z"),
            ("serving", "2026-11-21T08:00:00Z"),
        ];
        assert_eq!(told, expected.map(|(state, since)| (Some(state), Some(since))), "a state of no length is none");
        assert_eq!((&past[0]["until"], &past[1]["until"]), (&Value::Null, &json!("2026-11-21T08:05:00Z")));

        world.cli(&["gateway", "revoke", "gw-galeri-1", "--reason", "rusak"]).await;
        assert_eq!(listed().await["state"], "revoked");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mobile_centre_is_moved_and_its_bundle_says_where_it_stands() {
    on_both("moved", async |world| {
        world.furnish().await;
        let refused = world.try_cli(&["site", "move", "galeri", "--place", "Desa Arabika"]).await.unwrap_err().1;
        assert!(refused.contains("no mobile centre"), "{refused}");
        let file = world.file("mplik.toml", &SITE.replace("\"gallery\"", "\"mplik\""));
        world.cli(&["site", "set", "mplik-1", "--file", &file]).await;
        let (router, _) = world.member_of("mplik-1").await;
        let place = async |after: u64| {
            let path = format!("/v1/bundle?after={after}&wait=30");
            let signed: SignedBundle = router.get(&path).await.unwrap();
            let text: Value = serde_json::from_slice(&signed.bundle).unwrap();
            text["site"]["place"].clone()
        };
        assert_eq!(place(0).await, Value::Null);
        assert!(world.try_cli(&["site", "move", "mplik-1", "--place", "  "]).await.is_err());
        let moved = ["site", "move", "mplik-1", "--place", "Desa Arabika", "--reason", "jadwal"];
        assert_eq!(world.cli(&moved).await["published"][0]["generation"], 2);
        assert_eq!(place(1).await, "Desa Arabika");
        world.clock.advance(Duration::from_hours(24));
        world.cli(&["site", "move", "mplik-1", "--place", "Desa Barania"]).await;
        assert_eq!(place(2).await, "Desa Barania");
        let places = world.cli(&["site", "places", "mplik-1"]).await;
        assert_eq!((&places[0]["place"], &places[1]["place"]), (&json!("Desa Barania"), &json!("Desa Arabika")));
        assert_eq!((&places[1]["by"], &places[1]["reason"]), (&json!("tester"), &json!("jadwal")));
        assert_eq!(world.cli(&["gateway", "list"]).await[0]["place"], "Desa Barania");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_is_replaced_by_one_command_and_an_approval() {
    on_both("one-command", async |world| {
        world.furnish().await;
        let (old, _) = world.member(&[]).await;
        says(&old, json!({})).await;
        let made = world.cli(&["gateway", "replace", "gw-galeri-1", "--reason", "petir"]).await;
        assert_eq!((&made["site"], &made["replaces"]), (&json!("galeri"), &json!("gw-galeri-1")));
        let new = world.stranger();
        new.enrol(made["code"].as_str().unwrap()).await;
        let waiting = world.cli(&["gateway", "pending"]).await;
        let waiting = waiting.as_array().unwrap().iter().find(|one| one["state"] == "pending").unwrap().clone();
        assert_eq!(waiting["replaces"], "gw-galeri-1");
        world.cli(&["gateway", "approve", waiting["id"].as_str().unwrap()]).await;
        let states = world.cli(&["gateway", "list"]).await;
        assert_eq!((&states[0]["state"], &states[1]["state"]), (&json!("revoked"), &json!("never-heard")));
        assert!(world.try_cli(&["gateway", "replace", "gw-lain"]).await.is_err());
    })
    .await;
}
