//! What staff do, and what is said when it may not be.

use gapura_runtime::Exit;
use gapura_wire::{AccountAnswer, AccountCheck, SignedBundle};
use serde_json::json;

use super::world::{SITE, on_both};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mistake_in_a_document_is_reported_and_nothing_is_kept() {
    on_both("mistakes", async |world| {
        world.furnish().await;
        let site =
            SITE.replace("name = \"Galeri Internet Sinjai\"", "nama = \"x\"").replace("\"gallery\"", "\"warnet\"");
        let (exit, text) =
            world.try_cli(&["site", "set", "baru", "--file", &world.file("a.toml", &site)]).await.unwrap_err();
        assert_eq!(exit, Exit::Config);
        assert!(
            text.contains("2:1") && text.contains("nama") && text.contains("3:8") && text.contains("warnet"),
            "{text}"
        );

        let site =
            SITE.replace("one-tap-plan = \"umum\"", "").replace("agency = \"Diskominfo Sinjai\"", "agency = \" \"");
        let (exit, text) =
            world.try_cli(&["site", "set", "baru", "--file", &world.file("b.toml", &site)]).await.unwrap_err();
        assert!(exit == Exit::Config && text.contains("one-tap-plan") && text.contains("agency"), "{text}");

        let site = SITE.replace("one-tap-plan = \"umum\"", "one-tap-plan = \"hilang\"");
        let (exit, text) =
            world.try_cli(&["site", "set", "baru", "--file", &world.file("c.toml", &site)]).await.unwrap_err();
        assert!(exit == Exit::Config && text.contains("hilang"), "{text}");
        assert_eq!(world.cli(&["site", "list"]).await.as_array().unwrap().len(), 1, "nothing half-done");

        let (exit, text) = world
            .try_cli(&[
                "voucher",
                "make",
                "--site",
                "lain",
                "--plan",
                "hilang",
                "--count",
                "0",
                "--use-before",
                "2020-01-01T00:00:00Z",
            ])
            .await
            .unwrap_err();
        assert_eq!((exit, text.lines().count()), (Exit::Config, 4), "{text}");
        assert_eq!(world.try_cli(&["plan", "remove", "hilang"]).await.unwrap_err().0, Exit::Failed);
        assert_eq!(world.try_cli(&["voucher", "make"]).await.unwrap_err().0, Exit::Usage);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_of_the_uplink_than_there_is_is_refused_with_the_plans_named() {
    on_both("shares", async |world| {
        let percent = |percent: u8| format!("share = {{ guaranteed = {{ percent = {percent} }} }}");
        let plans = |umum: &str, pelajar: &str| {
            let text = format!(
                "[[plan]]\nid = \"umum\"\nname = \"Umum\"\n{umum}\n[[plan]]\nid = \"pelajar\"\nname = \"Pelajar\"\n{pelajar}\n"
            );
            world.file("plans.toml", &text)
        };
        let set = async |file: String| world.try_cli(&["plan", "set", "--file", &file]).await;
        // Even where no site is written yet.
        let (exit, text) = set(plans(&percent(70), &percent(31))).await.unwrap_err();
        assert!(exit == Exit::Config && text.contains("pelajar (31 %), umum (70 %) are guaranteed 101 %"), "{text}");
        assert_eq!(world.cli(&["plan", "list"]).await, json!([]), "nothing is kept");
        world.furnish().await;
        set(plans(&percent(70), &percent(30))).await.unwrap();

        let site = "galeri".parse().unwrap();
        let signed = world.serving.office.last_bundle(&site).await.unwrap().unwrap();
        let key = world.serving.office.keys().bundle_key();
        let bundle = signed.verify(&key, &site, gapura_model::Generation::new(0)).unwrap();
        let shares: Vec<_> = bundle.shares.keys().map(gapura_model::PlanId::as_str).collect();
        assert_eq!(shares, ["pelajar", "umum"]);
        assert!(bundle.plans.iter().all(|plan| plan.share.is_none()), "older routers refuse a plan with a key they do not know");

        // A fixed speed fits one site's uplink (10 and 20 Mbit/s) and not that of another.
        let rate = "share = { guaranteed = { rate = { up = 2_000_000, down = 8_000_000 } } }";
        set(plans(rate, &percent(40))).await.unwrap();
        let slow = SITE.replace("down = 20_000_000", "down = 10_000_000");
        let (exit, text) =
            world.try_cli(&["site", "set", "telecenter", "--file", &world.file("slow.toml", &slow)]).await.unwrap_err();
        assert_eq!(exit, Exit::Config);
        let said = "site telecenter: uplink.down: plans pelajar (40 %), umum (8 Mbit/s) are guaranteed 11.8 Mbit/s together, \
                    and 9.5 Mbit/s are handed out";
        assert!(text.contains(said), "{text}");
        let (_, text) = set(plans(rate, &percent(80))).await.unwrap_err();
        assert!(text.contains("site galeri: uplink.up") && text.contains("site galeri: uplink.down"), "{text}");
        let capped = format!("{}\nspeed = {{ down = 1 }}", rate.replace("} } }", "} }, most = { down = 1 } }"));
        let (_, text) = set(plans(&capped, "")).await.unwrap_err();
        assert!(text.contains("plan umum: its guaranteed part of the uplink is more than"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vouchers_are_made_for_a_day_at_the_site_and_withdrawn_by_batch() {
    on_both("vouchers", async |world| {
        world.furnish().await;
        let made = world
            .cli(&[
                "voucher",
                "make",
                "--site",
                "galeri",
                "--plan",
                "pelajar",
                "--count",
                "2",
                "--use-before",
                "2026-11-30",
                "--devices",
                "2",
            ])
            .await;
        let batch = made["batch"].as_str().unwrap();
        let site = "galeri".parse().unwrap();
        let keys = world.serving.office.keys();
        let last = async || -> SignedBundle { world.serving.office.last_bundle(&site).await.unwrap().unwrap() };
        let bundle = last().await.verify(&keys.bundle_key(), &site, gapura_model::Generation::new(0)).unwrap();
        let voucher = &bundle.vouchers[0];
        assert_eq!(voucher.use_before, Some("2026-11-30T16:00:00Z".parse().unwrap()), "midnight in Makassar");
        assert_eq!((voucher.devices, voucher.revoked), (Some(2), false));
        assert_eq!(world.try_cli(&["plan", "remove", "pelajar"]).await.unwrap_err().0, Exit::Failed, "in use");
        assert_eq!(world.cli(&["voucher", "revoke", "--site", "galeri", "--batch", batch]).await["revoked"], 2);
        let bundle = last().await.verify(&keys.bundle_key(), &site, bundle.generation).unwrap();
        assert!(bundle.vouchers.iter().all(|voucher| voucher.revoked));
        let list = world.cli(&["voucher", "list", "--site", "galeri"]).await;
        let codes = made["codes"].as_array().unwrap();
        let shown = list.to_string();
        assert!(codes.iter().all(|code| !shown.contains(code.as_str().unwrap())), "codes are not stored");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_checked_for_gateways_and_forgotten_when_closed() {
    on_both("accounts", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let file = world.file("password", "rahasia sekali\n");
        world.cli(&["account", "set", "Andi@sekolah", "--plan", "pelajar", "--password-file", &file]).await;
        let check = async |name: &str, password: &str| -> AccountAnswer {
            let check =
                AccountCheck { name: name.parse().unwrap(), password: gapura_model::Secret::new(password.to_owned()) };
            router.post("/v1/account", &check).await.unwrap()
        };
        let AccountAnswer::Accepted(grant) = check("andi@sekolah", "rahasia sekali").await else { panic!() };
        assert!(
            grant.plan.as_str() == "pelajar" && grant.verifier.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
        );
        assert_eq!(check("andi@sekolah", "salah").await, AccountAnswer::Wrong);
        assert_eq!(check("siapa", "rahasia sekali").await, AccountAnswer::Wrong);
        let short = world.file("short", "pendek\n");
        assert!(world.try_cli(&["account", "set", "budi", "--plan", "umum", "--password-file", &short]).await.is_err());
        world.cli(&["account", "close", "andi@sekolah"]).await;
        assert_eq!(check("andi@sekolah", "rahasia sekali").await, AccountAnswer::Closed);
        let site = "galeri".parse().unwrap();
        let signed = world.serving.office.last_bundle(&site).await.unwrap().unwrap();
        let key = world.serving.office.keys().bundle_key();
        let bundle = signed.verify(&key, &site, gapura_model::Generation::new(0)).unwrap();
        assert_eq!(bundle.account_changes[0].tag, bundle.voucher_key.account_tag(&"andi@sekolah".parse().unwrap()));
        let shown =
            world.cli(&["account", "list"]).await.to_string() + &world.cli(&["audit", "list"]).await.to_string();
        assert!(!shown.contains("argon2") && !shown.contains("rahasia"), "{shown}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_is_in_the_audit_log_and_the_log_verifies() {
    on_both("audit", async |world| {
        world.furnish().await;
        world.member(&[]).await;
        world.cli(&["--reason", "stok loket", "voucher", "make", "--site", "galeri", "--plan", "umum"]).await;
        let rows = world.cli(&["audit", "list"]).await;
        let actions: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["plan-set", "plan-set", "site-set", "enrol-code", "gateway-approve", "voucher-make"]);
        assert_eq!((&rows[5]["actor"], &rows[5]["reason"]), (&json!("tester"), &json!("stok loket")));
        assert_eq!(world.cli(&["audit", "verify"]).await["rows"], 6);
        let mode = |name: &str| {
            use std::os::unix::fs::PermissionsExt as _;
            let path = world.directory().join("keys").join(name);
            std::fs::metadata(path).unwrap().permissions().mode() & 0o777
        };
        for name in ["fleet.key", "server.key", "bundle.seed", "voucher.key"] {
            assert_eq!(mode(name), 0o600, "{name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_share_one_fleet_and_one_database() {
    let directory = std::env::temp_dir().join(format!("gapura-controller-{}-first", std::process::id()));
    let settings = crate::config::Controller {
        listen: "127.0.0.1:0".parse().unwrap(),
        public_name: "c.example".to_owned(),
        database: format!("sqlite:{}", directory.join("controller.db").display()),
        data_dir: directory.clone(),
        lists: None,
        lists_trust: "/etc/ssl/certs/ca-certificates.crt".into(),
        connections: 16,
    };
    let open = async || {
        let (keys, store) = crate::opening::open(&settings).await.unwrap();
        store.close().await;
        (keys.pin(), keys.bundle_key())
    };
    let (one, two, three) = tokio::join!(open(), open(), open());
    assert!(one == two && two == three);
    std::fs::remove_dir_all(&directory).unwrap();
}
