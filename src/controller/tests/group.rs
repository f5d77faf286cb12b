//! Groups of sites and their vouchers: made, lent out, taken back, withdrawn.

use gapura_runtime::Exit;
use gapura_session::{Limit, Share};
use gapura_wire::{
    BalanceReport, Bundle, Heartbeat, HeartbeatReply, ProblemKind, ShareAnswer, ShareLine, ShareReport, Voucher,
};
use serde_json::json;

use super::client::Router;
use super::world::{SITE, World, on_both};

const DAY_BYTES: u64 = 1_000_000;

/// Three sites, one of them two hours east, and a plan with limits.
async fn furnished(world: &World) {
    world.furnish().await;
    let plan = world
        .file("kuota.toml", "[[plan]]\nid = \"kuota\"\nname = \"Kuota\"\nday = { bytes = { total = 1_000_000 } }\n");
    world.cli(&["plan", "set", "--file", &plan]).await;
    let site = world.file("other.toml", SITE);
    world.cli(&["site", "set", "telecenter", "--file", &site]).await;
    let east = world.file("east.toml", &SITE.replace("Asia/Makassar", "Asia/Jayapura"));
    world.cli(&["site", "set", "sentani", "--file", &east]).await;
    world.cli(&["voucher", "group", "create", "sinjai", "--site", "galeri", "--site", "telecenter"]).await;
}

async fn bundle(world: &World, site: &str) -> Bundle {
    let site = site.parse().unwrap();
    let signed = world.serving.office.last_bundle(&site).await.unwrap().unwrap();
    let key = world.serving.office.keys().bundle_key();
    signed.verify(&key, &site, gapura_model::Generation::new(0)).unwrap()
}

/// The one voucher of a site.
async fn voucher(world: &World, site: &str) -> Voucher {
    let bundle = bundle(world, site).await;
    assert_eq!(bundle.vouchers.len(), 1);
    bundle.vouchers[0].clone()
}

fn bytes(amount: u64) -> Share {
    Share::from_iter([(Limit::DayBytes, Some(amount))])
}

async fn say(router: &Router, line: &ShareLine) -> ShareAnswer {
    let report = ShareReport { day: "2026-11-21".parse().unwrap(), lines: vec![line.clone()] };
    router.post("/v1/shares", &report).await.unwrap()
}

async fn recalled(router: &Router) -> Vec<gapura_wire::VoucherTag> {
    let text = json!({
        "state": "serving", "boot": "5a4f0e3c-8f5e-4a0a-9d5a-000000000001", "uptime_seconds": 60,
        "versions": { "gapura": "0.1.0", "kernel": "6.1" }, "sent": "2026-11-21T08:00:00Z",
        "clock": { "trust": "trusted", "source": "ntp" }, "outbox": { "records": 0, "dropped": 0 },
        "uplink": { "up": true }, "generation": 1, "online": 0, "nonce": "",
    });
    let beat = Heartbeat { nonce: vec![1; 16], ..serde_json::from_value(text).unwrap() };
    router.post::<_, HeartbeatReply>("/v1/heartbeat", &beat).await.unwrap().recalled
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_is_lent_again_only_after_the_site_that_held_it_gave_it_back() {
    on_both("lend", async |world| {
        furnished(&world).await;
        let made = world.cli(&["voucher", "make", "--group", "sinjai", "--plan", "kuota"]).await;
        assert_eq!(made["published"].as_array().unwrap().len(), 2, "{made}");
        let (here, there) = (voucher(&world, "galeri").await, voucher(&world, "telecenter").await);
        assert_eq!((&here.share, &there.share), (&Some(bytes(DAY_BYTES / 4)), &Some(bytes(DAY_BYTES / 4))));
        let code: gapura_model::VoucherCode = made["codes"][0].as_str().unwrap().parse().unwrap();
        assert_eq!(here.tag, bundle(&world, "galeri").await.voucher_key.tag(&code));
        assert_ne!(here.tag, there.tag, "each under its site's key");
        // What stands on paper is the same at each of them, by code and by QR; and printed as often as paper jams.
        assert!(here.token.is_some() && there.token.is_some() && here.token != there.token);
        let office = &world.serving.office;
        let batch = made["batch"].as_str().unwrap().to_owned();
        let who = crate::Actor { name: "ani".to_owned(), reason: String::new() };
        for site in ["galeri", "telecenter", "galeri"] {
            let which = crate::Which::Batch { batch: batch.clone(), only_unused: true };
            let sheet = office.sheet(&site.parse().unwrap(), &which, &who).await.unwrap();
            let codes: Vec<_> = sheet.vouchers.iter().map(|voucher| voucher.code.expose()).collect();
            assert_eq!(codes, [code.expose()], "{site}");
        }
        let batches = office.group_batches(&"sinjai".parse().unwrap(), (10, 0)).await.unwrap();
        let seen = &batches[0];
        assert_eq!(
            (batches.len(), seen.batch.as_str(), seen.amount, seen.good, seen.used),
            (1, batch.as_str(), 1, 1, 0)
        );
        assert_eq!(seen.kept_at.as_deref(), Some("galeri"));

        let (one, _) = world.member(&[]).await;
        let (two, _) = world.member_of("telecenter").await;
        let line = |voucher: &Voucher, number, used| ShareLine {
            tag: voucher.tag,
            number,
            given: None,
            used: bytes(used),
            wants: true,
        };
        // Until the reserve is empty, each message once.
        let first = line(&here, 0, 100_000);
        let answer = say(&one, &first).await;
        assert_eq!((answer.shares[0].number, &answer.shares[0].share), (1, &bytes(500_000)));
        assert_eq!(say(&one, &first).await, answer, "the same message again");
        assert_eq!(say(&one, &line(&here, 1, 450_000)).await.shares[0].share, bytes(625_000));
        assert_eq!(say(&one, &line(&here, 2, 600_000)).await.shares[0].share, bytes(750_000));
        assert!(recalled(&two).await.contains(&there.tag), "the last of the reserve was little");
        assert!(say(&one, &line(&here, 3, 750_000)).await.shares.is_empty(), "what the other holds is not lent");
        assert_eq!(recalled(&one).await, []);

        // Another site's message moves nothing here.
        assert!(say(&two, &line(&here, 3, 0)).await.shares.is_empty());
        let gives = ShareLine { given: Some(bytes(200_000)), wants: false, ..line(&there, 0, 50_000) };
        assert_eq!(say(&two, &gives).await.shares[0].share, bytes(50_000));
        assert_eq!(say(&two, &gives).await.shares[0].share, bytes(50_000), "said twice, given once");
        assert_eq!(recalled(&two).await, []);
        assert_eq!(say(&one, &line(&here, 3, 750_000)).await.shares[0].share, bytes(875_000));
        assert_eq!(say(&one, &line(&here, 4, 875_000)).await.shares[0].share, bytes(950_000));
        assert!(say(&one, &line(&here, 5, 950_000)).await.shares.is_empty(), "all of it is used");

        // A box that takes the place of the second site's router holds what the old one held.
        let (new, _) = world.member(&["--replaces", "gw-galeri-1"]).await;
        let report: BalanceReport = new.get("/v1/balances").await.unwrap();
        let lent = report.balances[0].lent.clone().unwrap();
        assert_eq!((lent.tag, lent.number, lent.share), (here.tag, 5, bytes(950_000)));
        let nobody = world.stranger().post::<_, serde_json::Value>("/v1/shares", &json!({})).await;
        assert_eq!(nobody.unwrap_err().kind, ProblemKind::NoCertificate);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_made_changed_and_emptied_with_its_vouchers() {
    on_both("group", async |world| {
        furnished(&world).await;
        let failed = async |words: &[&str]| world.try_cli(words).await.unwrap_err();
        assert_eq!(failed(&["voucher", "make", "--plan", "kuota"]).await.0, Exit::Usage);
        assert_eq!(
            failed(&["voucher", "make", "--site", "galeri", "--group", "sinjai", "--plan", "kuota"]).await.0,
            Exit::Usage
        );
        let (_, text) = failed(&["voucher", "group", "add", "sinjai", "--site", "sentani"]).await;
        assert!(text.contains("Asia/Jayapura"), "{text}");
        assert!(failed(&["voucher", "group", "add", "sinjai", "--site", "galeri"]).await.1.contains("already"));
        assert!(failed(&["voucher", "group", "create", "sinjai"]).await.1.contains("already"));
        assert!(failed(&["voucher", "make", "--group", "lain", "--plan", "kuota"]).await.1.contains("no group"));
        world.cli(&["voucher", "group", "create", "kosong"]).await;
        assert_eq!(failed(&["voucher", "make", "--group", "kosong", "--plan", "kuota"]).await.0, Exit::Config);
        world.cli(&["voucher", "group", "delete", "kosong"]).await;

        let make = ["voucher", "make", "--group", "sinjai", "--plan", "kuota", "--use-before", "2026-11-30"];
        let batch = world.cli(&make).await["batch"].as_str().unwrap().to_owned();
        assert_eq!(voucher(&world, "galeri").await.use_before, Some("2026-11-30T16:00:00Z".parse().unwrap()));
        let list = world.cli(&["voucher", "list", "--group", "sinjai"]).await;
        assert_eq!(list.as_array().unwrap().len(), 2, "{list}");

        // What is lent out stays as it was made.
        let plan = world
            .file("more.toml", "[[plan]]\nid = \"kuota\"\nname = \"Kuota\"\nday = { bytes = { total = 2_000_000 } }\n");
        assert!(failed(&["plan", "set", "--file", &plan]).await.1.contains("lent out"));
        let east = world.file("east.toml", &SITE.replace("Asia/Makassar", "Asia/Jayapura"));
        assert!(failed(&["site", "set", "galeri", "--file", &east]).await.1.contains("group sinjai"));
        assert!(
            failed(&["voucher", "revoke", "--site", "galeri", "--batch", &batch]).await.1.contains("this site alone")
        );

        // A site that leaves keeps no voucher, and is asked back for its share.
        let tag = voucher(&world, "telecenter").await.tag;
        let out = world.cli(&["voucher", "group", "remove", "sinjai", "--site", "telecenter"]).await;
        assert_eq!(out["withdrawn"], 1);
        assert!(voucher(&world, "telecenter").await.revoked && !voucher(&world, "galeri").await.revoked);
        let (router, _) = world.member_of("telecenter").await;
        assert_eq!(recalled(&router).await, [tag]);
        let wants = ShareLine { tag, number: 0, given: None, used: bytes(0), wants: true };
        assert!(say(&router, &wants).await.shares.is_empty(), "nothing is lent on a withdrawn voucher");

        assert_eq!(world.cli(&["voucher", "revoke", "--group", "sinjai", "--batch", &batch]).await["revoked"], 1);
        assert!(voucher(&world, "galeri").await.revoked);
        for site in ["galeri", "telecenter"] {
            let mut tx = world.serving.office.store().read().await.unwrap();
            assert!(tx.sealed_codes(&site.parse().unwrap(), &batch).await.unwrap().is_empty(), "{site}");
        }
        assert!(failed(&["voucher", "revoke", "--group", "sinjai", "--batch", &batch]).await.1.contains("still good"));
        world.cli(&["plan", "set", "--file", &plan]).await;
        world.cli(&["voucher", "group", "remove", "sinjai", "--site", "galeri"]).await;
        assert!(failed(&["voucher", "group", "delete", "sinjai"]).await.1.contains("1 voucher in the books"));
        let rows = world.cli(&["audit", "list"]).await;
        let of_group = |row: &&serde_json::Value| row["object"].as_str().unwrap().starts_with("group/sinjai");
        let actions: Vec<_> =
            rows.as_array().unwrap().iter().filter(of_group).map(|row| row["action"].clone()).collect();
        assert_eq!(actions, ["group-make", "voucher-make", "group-remove", "voucher-revoke", "group-remove"]);
        world.cli(&["audit", "verify"]).await;
    })
    .await;
}
