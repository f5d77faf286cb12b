//! The counter: from an order to its outcome, and who is online.

use std::time::Duration;

use gapura_model::VisitId;
use gapura_wire::{
    DeskReply, DeskReport, NotDone, OnlineReport, OrderKind, OrderOutcome, OrderResult, Problem, limits,
};
use serde_json::{Value, json};

use super::client::Router;
use super::world::{SITE, World, on_both};
use crate::{Actor, OfficeError, OrderState, SeatState, TicketState};

/// A full report of one visit, as the golden file has it.
fn report() -> DeskReport {
    let report: DeskReport = serde_json::from_str(include_str!("../../wire/golden/desk-report.json")).unwrap();
    DeskReport { outcomes: Vec::new(), watched: false, wait_seconds: 0, ..report }
}

fn waiting(seconds: u64) -> DeskReport {
    DeskReport { online: None, wait_seconds: seconds, ..report() }
}

async fn tell(router: &Router, report: &DeskReport) -> Result<DeskReply, Problem> {
    router.post("/v1/desk", report).await
}

fn visit() -> VisitId {
    report().online.unwrap().visits[0].visit
}

fn ani(reason: &str) -> Actor {
    Actor { name: "ani".to_owned(), reason: reason.to_owned() }
}

/// Until the gateway waits for orders.
async fn until_it_waits(world: &World) {
    let (site, office) = ("galeri".parse().unwrap(), &world.serving.office);
    let waits = async {
        while !office.desk.is_reachable(&site, office.clock.now().up) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waits).await.unwrap();
}

/// The site with three PC seats and a group for classes.
async fn furnish(world: &World) {
    let seat = |number: u8| {
        format!("\n[[devices]]\nmac = \"02:00:5e:10:00:1{number}\"\nrole = \"seat\"\nlabel = \"PC 0{number}\"\n")
    };
    let site = SITE.lines().filter(|line| !line.starts_with("devices")).collect::<Vec<_>>().join("\n");
    let seats: String = (1..=3).map(seat).collect();
    let site = format!("{site}\n[filter]\nclass-groups = [\"anak\"]\n{seats}");
    let (plans, site) = (world.file("plans.toml", super::world::PLANS), world.file("site.toml", &site));
    world.cli(&["plan", "set", "--file", &plans]).await;
    world.cli(&["site", "set", "galeri", "--file", &site]).await;
    // Saturday: the site opens on Mondays.
    world.clock.set_wall("2026-11-23T02:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_wakes_the_gateway_and_is_offered_until_its_outcome_is_known() {
    on_both("desk-orders", async |world| {
        furnish(&world).await;
        let (router, _) = world.member(&[]).await;
        let (site, office) = ("galeri".parse().unwrap(), world.serving.office.clone());
        // Nothing to say: it waits, and is answered when its time is over.
        assert_eq!(tell(&router, &waiting(1)).await.unwrap(), DeskReply::default());

        // An order of another process, as the command line is one, ends the wait.
        let id = visit().to_string();
        world.clock.advance(Duration::from_mins(1));
        let words = ["desk", "extend", &id, "--for", "30m", "--site", "galeri", "--reason", "tugas"];
        let (woken, ordered) = tokio::join!(
            // Half of what it would wait.
            async {
                tokio::time::timeout(Duration::from_secs(30), tell(&router, &waiting(60))).await.unwrap().unwrap()
            },
            async {
                until_it_waits(&world).await;
                world.cli(&words).await
            }
        );
        let order = woken.orders[0].clone();
        assert_eq!(json!(order.id), ordered["order"]);
        assert_eq!((order.who.as_str(), order.reason.as_str()), ("tester", "tugas"));
        assert_eq!(order.what, OrderKind::Extend { visit: visit(), seconds: Some(1800) });
        // It is offered again until the outcome is told, also to a gateway that was killed meanwhile.
        assert_eq!(tell(&router, &waiting(60)).await.unwrap().orders, woken.orders);
        assert_eq!(office.order_seen(&site, order.id).await.unwrap().state, OrderState::Sent { at: office.now() });
        let until = Some("2026-11-23T05:00:00Z".parse().unwrap());
        let done = OrderResult::Done { until, count: 0, left_out: Vec::new() };
        let outcome = OrderOutcome { id: order.id, at: order.made, result: done };
        for _ in 0..2 {
            let told = DeskReport { outcomes: vec![outcome.clone()], ..waiting(60) };
            assert_eq!(tell(&router, &told).await.unwrap().orders, [], "answered at once: the gateway may forget it");
        }
        let OrderState::Done { until: ends, .. } = office.order_seen(&site, order.id).await.unwrap().state else {
            panic!()
        };
        assert_eq!(ends, until);

        // A form that is sent twice orders once; an order without a reason, or one that no site can do, is none.
        let end = || OrderKind::End { visit: visit() };
        for _ in 0..2 {
            office.order_once(&site, order.id, end(), &ani("selesai")).await.unwrap();
        }
        assert_eq!(office.orders(&site).await.unwrap().len(), 1);
        let Err(OfficeError::Mistakes(wrong)) =
            office.order(&site, OrderKind::Extend { visit: visit(), seconds: Some(1) }, &ani(" ")).await
        else {
            panic!()
        };
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(office.order(&"lain".parse().unwrap(), end(), &ani("x")).await.is_err());

        // A code for moving is offered, not logged, and forgotten.
        let moving = office.order_id().unwrap();
        let (code, _) = office.move_by_code(&site, moving, visit(), &ani("baterai")).await.unwrap();
        assert_eq!(office.move_by_code(&site, moving, visit(), &ani("baterai")).await.unwrap().0, code);
        let offered = tell(&router, &waiting(60)).await.unwrap().orders;
        assert!(serde_json::to_string(&offered).unwrap().contains(code.expose()));
        let log = world.cli(&["audit", "list"]).await.to_string();
        assert!(log.contains("visit-extend") && log.contains("visit-move") && !log.contains(code.expose()), "{log}");
        // Nor does the database have it in clear; who looked is noted.
        let row = office.store().read().await.unwrap().desk_order(&site, &moving.to_string()).await.unwrap().unwrap();
        assert!(row.document.starts_with("sealed:") && !row.document.contains(code.expose()), "{}", row.document);
        assert_eq!(office.move_code(&site, moving, &ani("")).await.unwrap().unwrap().code, code);
        assert!(world.cli(&["audit", "list"]).await.to_string().contains("move-code-seen"));
        // What the gateway was handed is not taken back any more; what it was not is, and it never hears of it.
        let Err(OfficeError::Refused(why)) = office.take_back(&site, moving, &ani("")).await else { panic!() };
        assert!(why.say(gapura_speech::Lang::Id).contains("sudah menerima perintah ini"), "{why}");
        let back = office.order(&site, end(), &ani("salah tekan")).await.unwrap();
        for _ in 0..2 {
            office.take_back(&site, back, &ani("")).await.unwrap();
        }
        assert!(matches!(office.order_seen(&site, back).await.unwrap().state, OrderState::TakenBack { .. }));
        let offered = tell(&router, &waiting(60)).await.unwrap().orders;
        assert_eq!(offered.iter().map(|order| order.id).collect::<Vec<_>>(), [moving]);
        assert!(world.cli(&["audit", "list"]).await.to_string().contains("order-take-back"));
        world.clock.set_wall("2026-11-23T02:20:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        office.orders_are_late().await.unwrap();
        let late = office.order_seen(&site, moving).await.unwrap();
        assert_eq!((late.what, late.state), (None, OrderState::Failed { told: late.expires, why: NotDone::Expired }));
        assert_eq!(tell(&router, &waiting(1)).await.unwrap().orders, [], "too late for the gateway too");

        // Another site's gateway hears nothing of it, a stranger nothing at all, and a flood is refused.
        assert!(tell(&world.stranger(), &waiting(0)).await.is_err());
        let outcomes = vec![outcome; limits::ORDERS + 1];
        assert!(tell(&router, &DeskReport { outcomes, ..waiting(0) }).await.is_err());
        // Nobody's orders are kept longer than a quarter of a year.
        world.clock.set_wall("2027-03-01T02:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        office.forget_old().await.unwrap();
        assert!(office.order_seen(&site, moving).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_online_is_told_once_then_changed_and_outlives_the_server() {
    on_both("desk-online", async |world| {
        furnish(&world).await;
        let (router, _) = world.member(&[]).await;
        let (site, office) = ("galeri".parse().unwrap(), world.serving.office.clone());
        let view = office.online(&site).await.unwrap();
        assert_eq!((view.visits.len(), view.told, view.fresh), (0, None, false));
        let reply = tell(&router, &report()).await.unwrap();
        assert_eq!((reply.again, reply.watched), (false, true), "somebody just looked");
        let view = office.online(&site).await.unwrap();
        assert_eq!((view.visits.len(), view.blocks.len(), view.fresh), (1, 1, true));
        // A change is told to whoever looks, and one that does not follow is asked for anew.
        let change = |seq, gone: Vec<VisitId>| DeskReport {
            online: Some(OnlineReport {
                seq,
                full: false,
                visits: Vec::new(),
                gone,
                blocks: None,
                ..report().online.unwrap()
            }),
            ..report()
        };
        assert!(!tell(&router, &change(2, vec![visit()])).await.unwrap().again);
        assert_eq!(office.online(&site).await.unwrap().visits.len(), 0);
        assert!(tell(&router, &change(9, Vec::new())).await.unwrap().again);

        // The server that starts, and the command line, begin from what was last kept; it is known to be old.
        world.clock.advance(Duration::from_secs(90));
        let kept = world.cli(&["desk", "online", "--site", "galeri"]).await;
        assert_eq!(kept["visits"][0]["visit"], json!(visit()));
        assert!(!office.online(&site).await.unwrap().fresh);
        // Somebody who begins to look wakes the gateway that waits.
        world.clock.advance(Duration::from_secs(20));
        let asks = waiting(60);
        let (reply, ()) = tokio::join!(tell(&router, &asks), async {
            until_it_waits(&world).await;
            assert!(office.online(&site).await.unwrap().reachable);
        });
        assert!(reply.unwrap().watched);
        let long = OnlineReport { gone: vec![visit(); limits::ONLINE_ROWS + 1], ..report().online.unwrap() };
        assert!(tell(&router, &DeskReport { online: Some(long), ..report() }).await.is_err());
        // And is forgotten when the site does not speak any more.
        world.clock.advance(Duration::from_hours(25));
        office.forget_old().await.unwrap();
        assert_eq!(world.cli(&["desk", "online", "--site", "galeri"]).await["visits"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seats_and_numbers_go_on_from_one_to_the_next() {
    on_both("desk-seats", async |world| {
        furnish(&world).await;
        let (router, _) = world.member(&[]).await;
        let (site, office) = ("galeri".parse().unwrap(), world.serving.office.clone());
        let states = async || -> Vec<SeatState> {
            office.seats(&site).await.unwrap().into_iter().map(|seat| seat.state).collect()
        };
        assert_eq!(states().await, [SeatState::Free, SeatState::Free, SeatState::Free]);
        // Somebody sits down at PC 01; PC 02 breaks.
        let mut online = report();
        online.online.as_mut().unwrap().visits[0].seat = Some("PC 01".to_owned());
        tell(&router, &online).await.unwrap();
        office.set_seat_broken(&site, "PC 02", true, &ani("layar mati")).await.unwrap();
        // Its PC is the site's own: nobody blocks it.
        let device = online.online.as_ref().unwrap().visits[0].device;
        let block = OrderKind::Block { device, until: None };
        let Err(OfficeError::Refused(why)) = office.order(&site, block, &ani("mengganggu")).await else { panic!() };
        assert!(why.say(gapura_speech::Lang::En).contains("end its visit"), "{why}");
        let until = online.online.unwrap().visits[0].until;
        let now = states().await;
        assert_eq!(now[..2], [SeatState::InUse { visit: visit(), until, class: false }, SeatState::Broken]);
        assert!(
            office.open_seat(&site, (office.order_id().unwrap(), "PC 02"), (None, 3600), &ani("x")).await.is_err(),
            "it is broken"
        );
        assert!(
            office.open_seat(&site, (office.order_id().unwrap(), "PC 09"), (None, 3600), &ani("x")).await.is_err(),
            "there is none"
        );

        // Numbers: the first is called to PC 03, comes and sits down.
        for number in 1..=3 {
            assert_eq!(office.take_number(&site, None, &ani("")).await.unwrap().number, number);
        }
        let queue = office.queue(&site).await.unwrap();
        assert_eq!((queue.waiting, queue.tickets[0].name().as_str()), (3, "A-1"));
        office.call_number(&site, (1, false), Some("PC 03"), &ani("")).await.unwrap();
        assert!(matches!(states().await[2], SeatState::Reserved { ticket: Some(1), .. }));
        office.close_number(&site, 1, true, &ani("")).await.unwrap();
        let order = office.order_id().unwrap();
        office.open_seat(&site, (order, "PC 03"), (None, 3600), &ani("antre")).await.unwrap();
        assert_eq!(states().await[2], SeatState::Free, "no longer kept");
        assert!(office.seats(&site).await.unwrap()[2].opening);
        assert_eq!(tell(&router, &waiting(60)).await.unwrap().orders[0].id, order);
        // The second is called and does not come: five minutes later nobody waits for it.
        office.call_number(&site, (2, false), Some("PC 03"), &ani("")).await.unwrap();
        let called = &office.queue(&site).await.unwrap().tickets[0];
        assert!(matches!(&called.state, TicketState::Called { seat: Some(seat), .. } if seat == "PC 03"));
        world.clock.advance(Duration::from_mins(5));
        let left: Vec<u32> = office.queue(&site).await.unwrap().tickets.iter().map(|ticket| ticket.number).collect();
        assert_eq!((left, states().await[2].clone()), (vec![3], SeatState::Free));
        // A seat is not kept for two.
        office.call_number(&site, (3, false), Some("PC 03"), &ani("")).await.unwrap();
        office.take_number(&site, None, &ani("")).await.unwrap();
        let Err(OfficeError::Refused(why)) = office.call_number(&site, (4, false), Some("PC 03"), &ani("")).await
        else {
            panic!()
        };
        assert!(why.say(gapura_speech::Lang::En).contains("kept for somebody else"), "{why}");
        // The next day counts from one again.
        world.clock.advance(Duration::from_hours(24));
        assert_eq!(office.take_number(&site, None, &ani("")).await.unwrap().number, 1);
        let log = world.cli(&["audit", "list"]).await.to_string();
        for action in ["seat-state", "queue-number", "seat-open"] {
            assert!(log.contains(action), "{action}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_class_is_opened_in_one_press_and_never_lasts_past_closing() {
    on_both("desk-class", async |world| {
        furnish(&world).await;
        let (router, _) = world.member(&[]).await;
        let (site, office) = ("galeri".parse().unwrap(), world.serving.office.clone());
        let words = |until: &'static str, rest: &[&'static str]| -> Vec<&'static str> {
            let first = ["desk", "open-class", "SD 2", "--plan", "umum", "--site", "galeri", "--until", until];
            first.into_iter().chain(rest.iter().copied()).collect()
        };
        let wrong = world.try_cli(&words("2026-11-22T02:00:00Z", &["--seat", "PC 07", "--group", "lain"])).await;
        let wrong = wrong.unwrap_err().1;
        assert!(wrong.contains("until") && wrong.contains("PC 07") && wrong.contains("lain"), "{wrong}");

        let rest = ["--seat", "PC 01", "--seat", "PC 02", "--phones", "8", "--group", "anak"];
        let class = world.cli(&words("2026-11-23T20:00:00Z", &rest)).await;
        // 22.00 in Makassar.
        assert_eq!(class["until"], "2026-11-23T14:00:00Z");
        let code: gapura_model::VoucherCode = class["code"].as_str().unwrap().parse().unwrap();
        let bundle = super::sop::bundle(&world, "galeri").await;
        let voucher = &bundle.vouchers[0];
        assert_eq!(voucher.tag, bundle.voucher_key.tag(&code));
        assert_eq!(
            (voucher.devices, voucher.use_before.unwrap().to_string().as_str()),
            (Some(8), "2026-11-23T14:00:00Z")
        );
        let order = tell(&router, &waiting(60)).await.unwrap().orders.remove(0);
        let OrderKind::OpenClass { seats, group, voucher: tag, until, .. } = &order.what else { panic!("{order:?}") };
        assert_eq!((seats.len(), *tag, *until), (2, Some(voucher.tag), order.expires));
        assert_eq!(group.as_ref().unwrap().as_str(), "anak");
        let log = world.cli(&["audit", "list"]).await.to_string();
        assert!(log.contains("class-open") && !log.contains(code.expose()), "{log}");

        // The code is not in the class's row, and told again to whoever asks by name.
        let id = class["id"].as_str().unwrap().to_owned();
        let class_id = id.parse().unwrap();
        let row = office.store().read().await.unwrap().class(&site, &id).await.unwrap().unwrap();
        let begins = code.expose().get(..5).unwrap();
        assert!(!row.document.contains(begins), "{}", row.document);
        assert_eq!(office.classes(&site).await.unwrap()[0].code, None);
        assert_eq!(office.class_code(&site, class_id, &ani("")).await.unwrap(), Some(code));
        assert!(world.cli(&["audit", "list"]).await.to_string().contains("class-code-seen"));
        world.cli(&["desk", "attendance", &id, "12", "--site", "galeri"]).await;
        world.clock.advance(Duration::from_secs(1));
        let over = world.cli(&["desk", "close-class", &id, "--site", "galeri", "--reason", "selesai"]).await;
        assert_eq!((&over["runs"], &over["code"]), (&json!(false), &Value::Null));
        assert!(super::sop::bundle(&world, "galeri").await.vouchers[0].revoked);
        assert!(world.try_cli(&["desk", "close-class", &id, "--site", "galeri", "--reason", "x"]).await.is_err());
        let kinds: Vec<_> = office.orders(&site).await.unwrap().into_iter().filter_map(|order| order.what).collect();
        assert!(matches!(kinds[0], OrderKind::CloseClass { .. }), "{kinds:?}");

        assert_eq!(office.class_code(&site, class_id, &ani("")).await.unwrap(), None, "it is over");
        // One that is taken back before the gateway heard of it never began, and its voucher is good for nothing.
        world.clock.advance(Duration::from_secs(1));
        let class = world.cli(&words("2026-11-23T20:00:00Z", &["--phones", "2"])).await;
        let order = class["order"].as_str().unwrap().parse().unwrap();
        office.take_back(&site, order, &ani("")).await.unwrap();
        assert!(office.classes(&site).await.unwrap().iter().all(|class| !class.runs));
        let bundle = super::sop::bundle(&world, "galeri").await;
        assert!(bundle.vouchers.len() == 2 && bundle.vouchers.iter().all(|voucher| voucher.revoked));

        // One that is left alone is over at its time; a quarter of a year later only the number is known.
        world.cli(&words("2026-11-23T03:00:00Z", &["--seat", "PC 01"])).await;
        world.clock.set_wall("2026-11-23T03:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        let classes = office.classes(&site).await.unwrap();
        assert!(classes.iter().all(|class| !class.runs) && classes.len() == 3);
        world.clock.set_wall("2026-11-24T16:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        let closed = world.try_cli(&words("2026-11-24T17:00:00Z", &["--seat", "PC 01"])).await.unwrap_err().1;
        assert!(closed.contains("closed"), "{closed}");
        world.clock.set_wall("2027-03-01T16:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        office.forget_old().await.unwrap();
        let sum: i64 = {
            let mut tx = office.store().read().await.unwrap();
            let rows = tx.classes(&site, jiff::Timestamp::UNIX_EPOCH, 9).await.unwrap();
            assert!(rows.iter().all(|row| row.who.is_empty() && row.document == "{}"), "{rows:?}");
            rows.iter().filter_map(|row| row.attendance).sum()
        };
        assert_eq!(sum, 12);
    })
    .await;
}
