//! The counter's vouchers: presets, one form one batch, codes printed again and erased in time, and how far each voucher is.

use gapura_model::{ClockTrust, PresetId, SiteId, VoucherCode};
use gapura_wire::{
    Balance, BalanceReport, EpochKey, Heartbeat, HeartbeatReply, Record, UsageBatch, VoucherTag, WireHolder,
};
use jiff::Timestamp;
use serde_json::json;

use super::client::Router;
use super::world::{SITE, World, on_both};
use crate::preset::{NoTimeLeft, Preset, PresetMistake, PresetPlace, UseBefore};
use crate::{
    Actor, FormKey, OfficeError, PresetError, PrintError, PrintMistake, PrintOrder, Sheet, VoucherQuery, VoucherState,
    Which,
};

const SEAT: &str = "02:00:5e:10:00:04";

fn site() -> SiteId {
    "galeri".parse().unwrap()
}

fn clerk() -> Actor {
    Actor { name: "loket".to_owned(), reason: String::new() }
}

fn preset(use_before: UseBefore) -> Preset {
    Preset {
        name: gapura_wire::Text { id: "Pelajar, 3 jam".to_owned(), en: "Pupil".to_owned() },
        plan: "pelajar".parse().unwrap(),
        use_minutes: Some(180),
        use_before,
        devices: Some(1),
        colour: 2,
        order: 10,
        place: PresetPlace::Everywhere,
    }
}

/// The site with a seat, and a preset good until Monday's closing.
async fn furnish(world: &World) -> PresetId {
    world.furnish().await;
    let seat = format!(
        "role = \"blocked\", label = \"mengganggu\" }}, {{ mac = \"{SEAT}\", role = \"seat\", label = \"PC 04\" }}]"
    );
    let text = SITE.replace("role = \"blocked\", label = \"mengganggu\" }]", &seat);
    assert_ne!(text, SITE);
    world.cli(&["site", "set", "galeri", "--file", &world.file("seat.toml", &text)]).await;
    world.serving.office.set_preset(None, &preset(UseBefore::Days(2)), &clerk()).await.unwrap()
}

fn order(preset: &PresetId, count: u32, form: u8) -> PrintOrder {
    PrintOrder {
        site: site(),
        preset: preset.clone(),
        count,
        use_before: None,
        note: if count > 1 { "Lomba karya tulis".to_owned() } else { String::new() },
        form: format!("{form:032x}").parse::<FormKey>().unwrap(),
    }
}

async fn sheet(world: &World, batch: &str, only_unused: bool) -> Result<Sheet, OfficeError> {
    let which = Which::Batch { batch: batch.to_owned(), only_unused };
    world.serving.office.sheet(&site(), &which, &clerk()).await
}

fn codes(sheet: &Sheet) -> Vec<VoucherCode> {
    sheet.vouchers.iter().map(|voucher| voucher.code.clone()).collect()
}

async fn report(router: &Router, tag: VoucherTag, seconds: u64, at: &str) {
    let at: Timestamp = at.parse().unwrap();
    let balance = Balance {
        holder: WireHolder::Voucher(tag),
        day: None,
        day_used: gapura_wire::Used::default(),
        month_used: gapura_wire::Used::default(),
        ever_seconds: seconds,
        added_seconds: 0,
        added_today_seconds: 0,
        first_used: (seconds > 0).then_some("2026-11-21T08:00:00Z".parse().unwrap()),
        paused_until: None,
        lent: None,
        at,
    };
    let report = BalanceReport { balances: vec![balance], more_after: None };
    router.post::<_, serde_json::Value>("/v1/balances", &report).await.unwrap();
}

async fn bundle(world: &World) -> gapura_wire::Bundle {
    let signed = world.serving.office.last_bundle(&site()).await.unwrap().unwrap();
    signed.verify(&world.serving.office.keys().bundle_key(), &site(), gapura_model::Generation::new(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_form_makes_one_batch_and_its_codes_can_be_printed_again() {
    on_both("print", async |world| {
        let tile = furnish(&world).await;
        let office = &world.serving.office;
        let made = office.print_vouchers(&order(&tile, 3, 1), &clerk()).await.unwrap();
        assert!(!made.again && made.published.len() == 1);
        let again = office.print_vouchers(&order(&tile, 3, 1), &clerk()).await.unwrap();
        assert!(again.again && again.batch == made.batch && again.published.is_empty(), "a double tap makes nothing more");
        let bundle = bundle(&world).await;
        assert_eq!(bundle.vouchers.len(), 3);
        let first = sheet(&world, &made.batch, false).await.unwrap();
        assert_eq!((first.vouchers.len(), first.amount, first.note.as_str()), (3, 3, "Lomba karya tulis"));
        assert_eq!(first.vouchers[0].use_before, Some("2026-11-23T14:00:00Z".parse().unwrap()), "Monday's closing");
        assert_eq!(first.vouchers[0].link, None, "no gateway has said where its portal is");
        // Printed again: the same codes, which the site's gateway knows.
        let second = sheet(&world, &made.batch, true).await.unwrap();
        assert_eq!(codes(&first), codes(&second));
        for code in codes(&first) {
            let tag = bundle.voucher_key.tag(&code);
            let voucher = bundle.vouchers.iter().find(|voucher| voucher.tag == tag).unwrap();
            assert!(voucher.use_time.is_some_and(|time| time.as_secs() == 10_800) && voucher.token.is_some());
            let one = office.sheet(&site(), &Which::One(tag), &clerk()).await.unwrap();
            assert_eq!(codes(&one), [code]);
        }
        // Every look is in the log, no code ever.
        let log = world.cli(&["audit", "list"]).await;
        let looks = log.as_array().unwrap().iter().filter(|row| row["action"] == "voucher-print").count();
        assert_eq!(looks, 5, "{log}");
        assert!(codes(&first).iter().all(|code| !log.to_string().contains(code.expose())));

        // The QR code leads to the portal that the gateway speaks of, with the token that the bundle knows.
        let (router, _) = world.member(&[]).await;
        let beat = json!({
            "state": "serving", "boot": "5a4f0e3c-8f5e-4a0a-9d5a-000000000001", "uptime_seconds": 60,
            "versions": { "gapura": "0.1.0", "kernel": "6.1" }, "sent": "2026-11-21T08:00:00Z",
            "clock": { "trust": "trusted", "source": "ntp" }, "outbox": { "records": 0, "dropped": 0 },
            "uplink": { "up": true }, "generation": 1, "online": 0, "nonce": "", "portal": "https://masuk.sinjai.example",
        });
        let beat = Heartbeat { nonce: vec![1; 16], ..serde_json::from_value(beat).unwrap() };
        router.post::<_, HeartbeatReply>("/v1/heartbeat", &beat).await.unwrap();
        let third = sheet(&world, &made.batch, false).await.unwrap();
        assert_eq!(third.portal.as_deref(), Some("masuk.sinjai.example"));
        for voucher in &third.vouchers {
            let token = voucher.link.as_deref().unwrap().strip_prefix("https://masuk.sinjai.example/v/").unwrap();
            let tag = bundle.voucher_key.token_tag(&token.parse().unwrap());
            let known = bundle.vouchers.iter().find(|known| known.token == Some(tag)).unwrap();
            assert_eq!(known.tag, bundle.voucher_key.tag(&voucher.code));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_database_reveals_no_code_and_codes_are_erased_in_time() {
    on_both("stolen", async |world| {
        let tile = furnish(&world).await;
        let office = &world.serving.office;
        let batch = office.print_vouchers(&order(&tile, 4, 1), &clerk()).await.unwrap().batch;
        let all = codes(&sheet(&world, &batch, false).await.unwrap());
        let key = bundle(&world).await.voucher_key;
        let (router, _) = world.member(&[]).await;
        // Everything that the database holds of them, without the key file.
        let rows = office.store().read().await.unwrap().sealed_codes(&site(), &batch).await.unwrap();
        assert_eq!(rows.len(), 4);
        let other = crate::vault::Vault::new(&[1; 32]);
        for row in &rows {
            assert!(other.open("galeri", &row.tag, &row.sealed).is_none());
            let letters =
                |five: &[u8]| all.iter().any(|code| code.expose().as_bytes().windows(5).any(|part| part == five));
            assert!(!row.sealed.windows(5).any(letters));
        }
        let left = async || sheet(&world, &batch, false).await.map_or(0, |sheet| sheet.vouchers.len());
        // Used up: 180 minutes.
        report(&router, key.tag(&all[0]), 10_799, "2026-11-21T11:00:00Z").await;
        assert_eq!(left().await, 4);
        report(&router, key.tag(&all[0]), 10_800, "2026-11-21T11:01:00Z").await;
        assert_eq!(left().await, 3);
        office.revoke_tag(&site(), &key.tag(&all[1]), &clerk()).await.unwrap();
        assert_eq!(left().await, 2);
        assert!(office.sheet(&site(), &Which::One(key.tag(&all[1])), &clerk()).await.is_err());
        let sealed = async || office.store().read().await.unwrap().sealed_codes(&site(), &batch).await.unwrap().len();
        assert_eq!(sealed().await, 2);
        // With its Pakai sebelum.
        world.clock.set_wall("2026-11-23T13:59:00Z".parse().unwrap(), ClockTrust::Trusted);
        office.forget_old().await.unwrap();
        assert_eq!((sealed().await, left().await), (2, 2));
        world.clock.set_wall("2026-11-23T14:01:00Z".parse().unwrap(), ClockTrust::Trusted);
        office.forget_old().await.unwrap();
        assert_eq!(sealed().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_told_all_its_mistakes_and_a_preset_too() {
    on_both("orders", async |world| {
        let tile = furnish(&world).await;
        let office = &world.serving.office;
        let mistakes = async |order: &PrintOrder| match office.print_vouchers(order, &clerk()).await {
            Err(PrintError::Mistakes(mistakes)) => mistakes,
            other => panic!("{other:?}"),
        };
        let wrong =
            PrintOrder { count: 1001, note: " ".to_owned(), use_before: Some(UseBefore::Today), ..order(&tile, 2, 1) };
        let today = jiff::civil::date(2026, 11, 21);
        let closed = PrintMistake::UseBefore(NoTimeLeft::Closed(today));
        assert_eq!(mistakes(&wrong).await, [PrintMistake::Count, PrintMistake::NoteMissing, closed]);
        let wrong = PrintOrder { note: "x".repeat(61), preset: "tiada".parse().unwrap(), ..order(&tile, 2, 1) };
        assert_eq!(mistakes(&wrong).await, [PrintMistake::NoteUnfit, PrintMistake::Preset]);
        // A tile of another kind of site is not offered here.
        let only = Preset { place: PresetPlace::Kind(gapura_model::SiteKind::Mplik), ..preset(UseBefore::Days(2)) };
        let car = office.set_preset(None, &only, &clerk()).await.unwrap();
        assert_eq!((tile.as_str(), car.as_str()), ("pelajar-3-jam", "pelajar-3-jam-2"));
        assert_eq!(mistakes(&order(&car, 1, 1)).await, [PrintMistake::Preset]);
        let tiles = office.tiles(&site()).await.unwrap();
        assert_eq!(tiles.iter().map(|tile| tile.id.as_str()).collect::<Vec<_>>(), ["pelajar-3-jam"]);
        assert_eq!(tiles[0].until, Ok("2026-11-23T14:00:00Z".parse().unwrap()));

        let bad = Preset {
            plan: "tiada".parse().unwrap(),
            colour: 0,
            place: PresetPlace::Site("tiada".parse().unwrap()),
            ..preset(UseBefore::Date(jiff::civil::date(2026, 11, 20)))
        };
        let Err(PresetError::Mistakes(found)) = office.set_preset(Some(&tile), &bad, &clerk()).await else { panic!() };
        assert_eq!(found, [PresetMistake::UseBefore, PresetMistake::Colour, PresetMistake::Plan, PresetMistake::Site]);
        assert_eq!(office.presets().await.unwrap().len(), 2, "nothing half-done");
        // In the evening of UTC the next day has begun at the site, and in Jakarta.
        world.clock.set_wall("2026-11-21T18:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        for place in [PresetPlace::Site(site()), PresetPlace::Everywhere] {
            let gone = Preset { place, ..preset(UseBefore::Date(today)) };
            let Err(PresetError::Mistakes(found)) = office.set_preset(None, &gone, &clerk()).await else { panic!() };
            assert_eq!(found, [PresetMistake::UseBefore]);
        }
        // A plan that a tile opens stays.
        let (_, why) = world.try_cli(&["plan", "remove", "pelajar"]).await.unwrap_err();
        assert!(why.contains("preset pelajar-3-jam"), "{why}");
        for id in [&tile, &car] {
            office.remove_preset(id, &clerk()).await.unwrap();
        }
        world.cli(&["plan", "remove", "pelajar"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voucher_is_where_its_gateway_says_and_found_by_code_note_and_batch() {
    on_both("states", async |world| {
        let tile = furnish(&world).await;
        let office = &world.serving.office;
        let batch = office.print_vouchers(&order(&tile, 4, 1), &clerk()).await.unwrap().batch;
        let all = codes(&sheet(&world, &batch, false).await.unwrap());
        let bundle = bundle(&world).await;
        let (key, epoch) = (&bundle.voucher_key, &bundle.pseudonym_keys[0]);
        let (router, _) = world.member(&[]).await;
        let find = async |words: &str, state: &str| {
            let query = VoucherQuery { words: words.to_owned(), state: state.to_owned(), skip: 0 };
            office.find_vouchers(&site(), &query).await.unwrap().vouchers
        };
        assert_eq!(find("", "").await.len(), 4);
        assert_eq!(
            (find("KARYA", "").await.len(), find(&batch, "").await.len(), find("lain", "").await.len()),
            (4, 4, 0)
        );
        let spoken = all[2].grouped().to_lowercase();
        let one = find(&spoken, "").await;
        assert_eq!((one.len(), one[0].number, &one[0].state), (1, 3, &VoucherState::Unused));
        assert_eq!(one[0].begins.as_deref(), Some(&all[2].expose()[..5]));

        // A visit at a seat is seen before its balance is.
        let begin = usage(&all[2], key, epoch);
        router.post::<_, gapura_wire::UsageAck>("/v1/usage", &begin).await.unwrap();
        let since: Timestamp = "2026-11-21T07:59:00Z".parse().unwrap();
        let seen = find(&spoken, "").await.remove(0).state;
        assert_eq!(seen, VoucherState::Used { since, online: true, seat: Some("PC 04".to_owned()) });
        report(&router, key.tag(&all[1]), 10, "2026-11-21T08:05:00Z").await;
        report(&router, key.tag(&all[0]), 20_000, "2026-11-21T08:06:00Z").await;
        assert_eq!(find("", "used").await[0].tag, key.tag(&all[1]));
        assert!(matches!(find("", "used-up").await[0].state, VoucherState::UsedUp { .. }));
        let unused = sheet(&world, &batch, true).await.unwrap();
        assert_eq!(codes(&unused), [all[3].clone()], "neither the one at the seat nor those with a balance");
        let batches = office.batches(&site(), 2, (10, 0)).await.unwrap();
        let totals = &batches[0].totals;
        assert_eq!((totals.used, totals.used_up, batches[0].unused), (1, 1, 2), "as of the last balances");
        // The rest of a batch is what nobody has used.
        assert_eq!(office.revoke_unused(&site(), &batch, &clerk()).await.unwrap(), 1);
        assert!(office.revoke_unused(&site(), &batch, &clerk()).await.is_err());
        assert_eq!(find("", "withdrawn").await[0].tag, key.tag(&all[3]));
        assert!(office.revoke_tag(&site(), &key.tag(&all[3]), &clerk()).await.is_err(), "twice is once");
        world.clock.set_wall("2026-11-23T14:00:00Z".parse().unwrap(), ClockTrust::Trusted);
        assert!(matches!(find(&spoken, "").await[0].state, VoucherState::Past { .. }));
    })
    .await;
}

/// A visit with this voucher that runs at the seat.
fn usage(code: &VoucherCode, key: &gapura_wire::VoucherKey, epoch: &EpochKey) -> UsageBatch {
    let holder = gapura_model::HolderId::Voucher(*key.tag(code).as_bytes());
    let visit = json!({
        "record": "visit", "visit": "0d5c7f6e-0000-4000-8000-000000000009", "revision": 1,
        "device": epoch.mac(SEAT.parse().unwrap()).to_string(), "device_local": true, "holder": epoch.holder(&holder).to_string(),
        "way": "voucher", "plan": "pelajar", "generation": 1, "start": "2026-11-21T07:59:00Z", "clock": "trusted",
        "at": "2026-11-21T07:59:00Z", "traffic": { "up": 0, "down": 0 }, "seconds": 0,
    });
    let record: Record = serde_json::from_value(visit).unwrap();
    let (gateway, boot) = ("gw-galeri-1".parse().unwrap(), "5a4f0e3c-8f5e-4a0a-9d5a-000000000001".parse().unwrap());
    UsageBatch { gateway, boot, seq: 1, records: vec![record] }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_vouchers_are_one_transaction_and_no_long_wait() {
    on_both("thousand", async |world| {
        let tile = furnish(&world).await;
        let office = &world.serving.office;
        let start = tokio::time::Instant::now();
        let batch = office.print_vouchers(&order(&tile, 1000, 1), &clerk()).await.unwrap().batch;
        let made = start.elapsed();
        let opened = sheet(&world, &batch, false).await.unwrap();
        println!(
            "1000 vouchers: made in {} ms, opened for paper in {} ms",
            made.as_millis(),
            start.elapsed().saturating_sub(made).as_millis()
        );
        assert!(made.as_secs() < 20, "{made:?}");
        let codes: std::collections::BTreeSet<_> = codes(&opened).iter().map(VoucherCode::grouped).collect();
        assert_eq!(codes.len(), 1000);
        let numbers: Vec<_> = opened.vouchers.iter().map(|voucher| voucher.number).collect();
        assert_eq!(numbers, (1..=1000).collect::<Vec<_>>());
        assert_eq!(bundle(&world).await.vouchers.len(), 1000);
    })
    .await;
}
