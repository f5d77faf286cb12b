//! Enrolment, bundles, certificates.

use std::time::{Duration, Instant};

use gapura_model::{GatewayId, Generation, SiteId};
use gapura_wire::{
    Balance, BalanceReport, BundleOutcome, BundleVerdict, EnrolAnswer, FilterState, Heartbeat, HeartbeatReply,
    ProblemKind, RenewAnswer, RenewRequest, SignedBundle, Used, WireHolder,
};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::world::{World, on_both};

#[expect(clippy::disallowed_methods, reason = "measures how long a real wait takes")]
fn clock() -> Instant {
    Instant::now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_is_taken_in_and_woken_by_what_another_process_publishes() {
    on_both("story", async |world| {
        world.furnish().await;
        let (router, answer) = world.member(&[]).await;
        let EnrolAnswer::Approved { gateway, site, controller, bundle_key, restore_balances, .. } = answer else {
            panic!()
        };
        assert_eq!((gateway.as_str(), site.as_str(), restore_balances), ("gw-galeri-1", "galeri", false));
        assert_eq!(controller, world.serving.office.keys().pin());

        let signed: SignedBundle = router.get("/v1/bundle?after=0&wait=30").await.unwrap();
        let bundle = signed.verify(&bundle_key, &site, Generation::new(0)).unwrap();
        assert_eq!((bundle.generation, bundle.plans.len(), bundle.pseudonym_keys.len()), (Generation::new(1), 2, 4));
        assert!(bundle.vouchers.is_empty());

        let nothing: Value = router.get("/v1/bundle?after=1&wait=0").await.unwrap();
        assert_eq!(nothing, Value::Null, "204 when nothing newer came");

        let waiting = router.get::<SignedBundle>("/v1/bundle?after=1&wait=60");
        let publishing = async {
            let made = world
                .cli(&["voucher", "make", "--site", "galeri", "--plan", "pelajar", "--count", "3", "--use-time", "2h"])
                .await;
            (made, clock())
        };
        let ((signed, woken), (made, published)) =
            tokio::join!(async { (waiting.await.unwrap(), clock()) }, publishing);
        let wait = woken.saturating_duration_since(published);
        println!("woken {wait:?} after the command line had published");
        assert!(wait < Duration::from_secs(1), "{wait:?}");
        let bundle = signed.verify(&bundle_key, &site, Generation::new(1)).unwrap();
        assert_eq!((bundle.generation, bundle.vouchers.len()), (Generation::new(2), 3));
        let code = made["codes"][0].as_str().unwrap().parse().unwrap();
        assert!(bundle.vouchers.iter().any(|voucher| voucher.tag == bundle.voucher_key.tag(&code)));

        let outcome =
            BundleOutcome { generation: Generation::new(2), verdict: BundleVerdict::Applied, detail: String::new() };
        router.post::<_, Value>("/v1/bundle/outcome", &outcome).await.unwrap();
        let refused =
            BundleOutcome { generation: Generation::new(1), verdict: BundleVerdict::Older, detail: "older".to_owned() };
        router.post::<_, Value>("/v1/bundle/outcome", &refused).await.unwrap();
        let list = world.cli(&["gateway", "list"]).await;
        assert_eq!(
            (&list[0]["applied"], &list[0]["verdict"]),
            (&json!(2), &json!("older")),
            "a refusal takes nothing out of force"
        );
        assert!(
            world.cli(&["publish"]).await["published"].as_array().unwrap().is_empty(),
            "nothing changed, nothing published"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_serves_one_router_once_and_not_for_ever() {
    on_both("codes", async |world| {
        world.furnish().await;
        let (first, second) = (world.stranger(), world.stranger());
        let made = world.cli(&["gateway", "code", "--site", "galeri"]).await;
        let code = made["code"].as_str().unwrap();
        assert!(matches!(first.enrol(code).await, EnrolAnswer::Pending { .. }));
        assert!(matches!(first.enrol(code).await, EnrolAnswer::Pending { .. }), "asking again is fine");
        assert!(matches!(second.enrol(code).await, EnrolAnswer::Refused { .. }));
        assert!(matches!(second.enrol("22222-22222-22222-22222").await, EnrolAnswer::Refused { .. }));
        let id = world.cli(&["gateway", "pending"]).await[0]["id"].as_str().unwrap().to_owned();
        world.cli(&["gateway", "refuse", &id, "--reason", "bukan milik kita"]).await;
        let EnrolAnswer::Refused { reason } = first.enrol(code).await else { panic!() };
        assert_eq!(reason, "bukan milik kita");
        assert!(world.try_cli(&["gateway", "approve", &id]).await.is_err());

        let made = world.cli(&["gateway", "code", "--site", "galeri", "--lifetime", "1h"]).await;
        world.clock.advance(Duration::from_hours(1));
        let EnrolAnswer::Refused { reason } = first.enrol(made["code"].as_str().unwrap()).await else { panic!() };
        assert!(reason.contains("expired"), "{reason}");
        assert!(world.try_cli(&["gateway", "code", "--site", "lain"]).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_good_certificate_nothing_is_answered() {
    on_both("doors", async |world| {
        world.furnish().await;
        let stranger = world.stranger();
        let paths = [
            (Method::POST, "/v1/renew"),
            (Method::GET, "/v1/bundle?after=0"),
            (Method::POST, "/v1/bundle/outcome"),
            (Method::POST, "/v1/usage"),
            (Method::POST, "/v1/heartbeat"),
            (Method::POST, "/v1/balances"),
            (Method::GET, "/v1/balances"),
            (Method::POST, "/v1/shares"),
            (Method::POST, "/v1/account"),
        ];
        for (method, path) in &paths {
            let (status, body) = stranger.send(method.clone(), path, Vec::new()).await.unwrap();
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}: {body:?}");
        }
        let (router, _) = world.member(&[]).await;
        world.cli(&["gateway", "revoke", "gw-galeri-1", "--reason", "dicuri"]).await;
        for (method, path) in paths {
            let (status, body) = router.send(method, path, Vec::new()).await.unwrap();
            assert_eq!(status, StatusCode::FORBIDDEN, "{path}: {body:?}");
        }
        assert_eq!(router.get::<Value>("/v1/balances").await.unwrap_err().kind, ProblemKind::Revoked);

        // A certificate of another fleet does not get through TLS.
        let mut foreign = world.stranger();
        let own = rcgen::CertificateParams::default().self_signed(&foreign.key).unwrap();
        foreign.chain = vec![own.der().clone()];
        assert!(foreign.send(Method::GET, "/v1/bundle", Vec::new()).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_refused_before_all_was_said_hears_why() {
    on_both("early", async |world| {
        world.furnish().await;
        let stranger = world.stranger();
        let part = vec![b' '; 40_000];
        for (path, status) in
            [("/v1/enrol", "413"), ("/v1/usage", "401"), ("/v1/nothing", "404"), ("/v1/bundle", "405")]
        {
            for _ in 0..5 {
                let said = stranger.post_slowly(path, &[&part[..], &part[..], &part[..]]).await;
                let said = said.unwrap_or_else(|error| panic!("{path}: {error}"));
                assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {said}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_gets_a_clear_error() {
    on_both("nonsense", async |world| {
        world.furnish().await;
        let stranger = world.stranger();
        let send = async |body: Vec<u8>| {
            let (status, bytes) = stranger.send(Method::POST, "/v1/enrol", body).await.unwrap();
            (status, serde_json::from_slice::<gapura_wire::Problem>(&bytes).unwrap().kind)
        };
        assert_eq!(send(b"{".to_vec()).await, (StatusCode::BAD_REQUEST, ProblemKind::Unreadable));
        assert_eq!(send(vec![0xff; 100]).await, (StatusCode::BAD_REQUEST, ProblemKind::Unreadable));
        assert_eq!(send(vec![b' '; 20_000]).await, (StatusCode::PAYLOAD_TOO_LARGE, ProblemKind::TooLarge));
        let made = world.cli(&["gateway", "code", "--site", "galeri"]).await;
        let code = made["code"].as_str().unwrap();
        let mut other = stranger.csr();
        other.replace_range(100..104, "AAAA");
        for csr in [
            "",
            "no PEM",
            "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
            &other,
            &"x".repeat(9000),
        ] {
            let body = json!({ "code": code, "csr_pem": csr });
            assert_eq!(
                send(body.to_string().into_bytes()).await,
                (StatusCode::BAD_REQUEST, ProblemKind::BadRequestForCertificate),
                "{csr}"
            );
        }
        assert!(matches!(stranger.enrol(code).await, EnrolAnswer::Pending { .. }), "none of that used the code up");
        let (status, _) = stranger.send(Method::GET, "/v1/nothing", Vec::new()).await.unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND);
        let (status, _) = stranger.send(Method::DELETE, "/v1/enrol", Vec::new()).await.unwrap();
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        // An oversized header is refused while it is still being sent: the answer may be lost to the reset.
        if let Ok((status, _)) = stranger.send(Method::GET, &format!("/{}", "x".repeat(60_000)), Vec::new()).await {
            assert!(status.is_client_error(), "{status}");
        }
    })
    .await;
}

pub(super) fn heartbeat(nonce: u8) -> Heartbeat {
    let text = json!({
        "state": "serving", "boot": "5a4f0e3c-8f5e-4a0a-9d5a-000000000001", "uptime_seconds": 60,
        "versions": { "gapura": "0.1.0", "kernel": "6.1" }, "sent": "1970-01-01T00:01:00Z",
        "clock": { "trust": "doubtful", "source": "disk" }, "outbox": { "records": 0, "dropped": 0 },
        "uplink": { "up": true }, "generation": 1, "online": 0, "nonce": "",
    });
    Heartbeat { nonce: vec![nonce; 16], ..serde_json::from_value(text).unwrap() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_heartbeat_brings_signed_time_and_certificates_are_renewed_at_half_life() {
    on_both("renew", async |world| {
        world.furnish().await;
        let (mut router, answer) = world.member(&[]).await;
        let EnrolAnswer::Approved { gateway, bundle_key, .. } = answer else { panic!() };
        let beat = async |world: &World, router: &super::client::Router, nonce| {
            let reply: HeartbeatReply = router.post("/v1/heartbeat", &heartbeat(nonce)).await.unwrap();
            let time = reply.time.verify(&bundle_key, &gateway, &[nonce; 16]).unwrap();
            assert_eq!(time, gapura_runtime::Clock::now(&*world.clock).wall);
            (reply.renew, reply.generation)
        };
        assert_eq!(beat(&world, &router, 1).await, (false, Generation::new(1)));
        world.clock.advance(Duration::from_hours(366 * 24));
        assert!(beat(&world, &router, 2).await.0, "past the half");
        let renewed: RenewAnswer = router.post("/v1/renew", &RenewRequest { csr_pem: router.csr() }).await.unwrap();
        let before = std::mem::take(&mut router.chain);
        router.take_certificate(&renewed.certificate_pem);
        assert!(!beat(&world, &router, 3).await.0);
        world.clock.advance(Duration::from_hours(366 * 24));
        let after = std::mem::replace(&mut router.chain, before);
        assert!(router.send(Method::GET, "/v1/bundle", Vec::new()).await.is_err(), "the first one has ended");
        router.chain = after;
        assert!(beat(&world, &router, 4).await.0);
        let listed = world.cli(&["gateway", "list"]).await[0].clone();
        assert_eq!(listed["heartbeat"]["state"], "serving");
        assert_eq!((&listed["filter"], &listed["alert"]), (&Value::Null, &Value::Null), "an older router does not say");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_says_whether_its_filter_is_in_force_and_with_which_index() {
    on_both("filter-state", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let listed = async |in_force, index| {
            let filter = Some(FilterState { in_force, index });
            let beat = Heartbeat { filter, ..heartbeat(1) };
            router.post::<_, HeartbeatReply>("/v1/heartbeat", &beat).await.unwrap();
            world.cli(&["gateway", "list"]).await[0].clone()
        };
        let good = listed(true, Some(12)).await;
        assert_eq!((&good["filter"], &good["alert"]), (&json!({ "in_force": true, "index": 12 }), &Value::Null));
        let bad = listed(false, None).await;
        assert_eq!(bad["filter"], json!({ "in_force": false }));
        assert!(bad["alert"].as_str().unwrap().contains("not in force"), "{bad}");
        assert_eq!(listed(true, None).await["alert"], Value::Null);
        // Who is no longer in the fleet raises no alert.
        listed(false, None).await;
        world.cli(&["gateway", "revoke", "gw-galeri-1", "--reason", "rusak"]).await;
        assert_eq!(world.cli(&["gateway", "list"]).await[0]["alert"], Value::Null);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_router_takes_a_site_over_with_its_balances() {
    on_both("replace", async |world| {
        world.furnish().await;
        let (old, _) = world.member(&[]).await;
        let at = |second: i64| jiff::Timestamp::from_second(1_800_000_000 + second).unwrap();
        let balance = |name: &str, seconds, when| Balance {
            holder: WireHolder::Account(name.parse().unwrap()),
            day: Some("2026-11-21".parse().unwrap()),
            day_used: Used { seconds, ..Used::default() },
            month_used: Used { seconds, ..Used::default() },
            ever_seconds: seconds,
            first_used: None,
            paused_until: None,
            added_today_seconds: 0,
            added_seconds: 0,
            lent: None,
            at: when,
        };
        for report in [
            vec![balance("andi", 60, at(1)), balance("budi", 5, at(1))],
            vec![balance("andi", 120, at(2))],
            vec![balance("andi", 60, at(1))],
        ] {
            old.post::<_, Value>("/v1/balances", &BalanceReport { balances: report, more_after: None }).await.unwrap();
        }
        let (new, answer) = world.member(&["--replaces", "gw-galeri-1"]).await;
        let EnrolAnswer::Approved { gateway, site, restore_balances, .. } = answer else { panic!() };
        let expected: (GatewayId, SiteId) = ("gw-galeri-2".parse().unwrap(), "galeri".parse().unwrap());
        assert_eq!(((gateway, site), restore_balances), (expected, true));
        assert_eq!(old.get::<Value>("/v1/balances").await.unwrap_err().kind, ProblemKind::Revoked);
        let report: BalanceReport = new.get("/v1/balances").await.unwrap();
        assert_eq!(report.balances, [balance("andi", 120, at(2)), balance("budi", 5, at(1))], "the latest told stands");
        assert_eq!(report.more_after, None);
    })
    .await;
}
