//! Appeals and totals: from a gateway's message to an answer that a citizen can read.

use gapura_model::Reference;
use gapura_wire::{Appeal, AppealVerdict, Appeals, AppealsAck, ClauseRef, FilterCount, FilterCounts, Problem, limits};
use serde_json::{Value, json};

use super::client::Router;
use super::sop::{NUMBER, bundle, put_in_force, sop};
use super::world::on_both;

fn reference(number: u8) -> Reference {
    Reference::from_random(&[number; 32]).unwrap()
}

fn appeal(number: u8) -> Appeal {
    Appeal {
        reference: reference(number),
        subject: "sekolah.example.sch.id".to_owned(),
        why: "Ini situs sekolah kami.".to_owned(),
        contact: Some("0812-0000-0000".parse().unwrap()),
        clause: Some(ClauseRef { sop: NUMBER.to_owned(), revision: 1, clause: "1".to_owned() }),
        explanation: json!({ "verdict": "block" }).to_string(),
        at: "2026-11-21T07:00:00Z".parse().unwrap(),
    }
}

async fn send(router: &Router, appeals: Vec<Appeal>) -> Result<AppealsAck, Problem> {
    router.post("/v1/appeals", &Appeals { appeals }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accepted_appeal_becomes_an_answer_and_a_draft() {
    on_both("appeal", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        put_in_force(&world, &sop(1, "")).await;
        let empty = Appeal { why: " ".to_owned(), ..appeal(9) };
        let ack = send(&router, vec![appeal(1), appeal(2), empty]).await.unwrap();
        assert_eq!((ack.stored, ack.retry_seconds), (vec![reference(1), reference(2)], None));
        assert_eq!(ack.refused[0].reference, reference(9));
        assert_eq!(send(&router, vec![appeal(1)]).await.unwrap().stored, [reference(1)], "sent again, kept once");
        let waiting = world.cli(&["appeal", "list"]).await;
        assert_eq!(waiting.as_array().unwrap().len(), 2);
        assert_eq!((&waiting[0]["contact"], &waiting[0]["clause"]), (&json!("0812-0000-0000"), &json!("1")));
        let one = reference(1).to_string();
        assert_eq!(world.cli(&["appeal", "show", &one]).await["explanation"]["verdict"], "block");

        assert!(world.try_cli(&["appeal", "decide", &one, "--accept"]).await.unwrap_err().1.contains("owed an answer"));
        let until = ["--accept", "--by", "ani", "--reason", "situs \"sekolah\"", "--exception-until", "2026-12-31"];
        let decided = world.cli(&[&["appeal", "decide", &one][..], &until].concat()).await;
        let draft = decided["draft"].to_string();
        let text = world.cli(&["sop", "show", &draft]).await["text"].as_str().unwrap().to_owned();
        assert!(text.contains("revision = 2 # naik") && text.starts_with("# Ditandatangani"), "{text}");
        assert!(text.contains("names = [\"sekolah.example.sch.id\"]") && text.contains("until = 2026-12-31"), "{text}");
        assert!(world.try_cli(&["appeal", "decide", &one, "--reject", "--reason", "x"]).await.is_err(), "decided once");
        let two = reference(2).to_string();
        world.cli(&["appeal", "decide", &two, "--reject", "--words", "Situs itu berisi judi."]).await;

        let filter = bundle(&world, "galeri").await.filter.unwrap();
        let told: Vec<_> = filter.appeal_answers.iter().map(|answer| (answer.verdict, answer.words.as_str())).collect();
        let expected =
            [(AppealVerdict::Accepted, "situs \"sekolah\""), (AppealVerdict::Rejected, "Situs itu berisi judi.")];
        assert!(told == expected || told == [expected[1], expected[0]], "{told:?}");
        assert_eq!(world.cli(&["appeal", "list"]).await, json!([]));

        // The exception is only a draft until a second person has approved it, and the citizen is told no more than that.
        assert_eq!(filter.sops[0].revision, 1);
        let in_force = |filter: &gapura_wire::Filter, number| {
            filter.appeal_answers.iter().find(|answer| answer.reference == reference(number)).unwrap().in_force
        };
        assert_eq!((in_force(&filter, 1), in_force(&filter, 2)), (Some(false), None));
        assert!(world.try_cli(&["sop", "approve", &draft, "--by", "ani"]).await.is_err());
        world.cli(&["sop", "approve", &draft, "--by", "budi"]).await;
        world.cli(&["sop", "publish", &draft, "--by", "budi"]).await;
        let filter = bundle(&world, "galeri").await.filter.unwrap();
        assert_eq!(filter.sops.iter().map(|sop| sop.revision).collect::<Vec<_>>(), [2]);
        assert_eq!(
            (in_force(&filter, 1), in_force(&filter, 2)),
            (Some(true), None),
            "the same bundle opens and says so"
        );
        // Over after its last day.
        world.clock.set_wall("2027-01-02T08:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        world.cli(&["publish"]).await;
        assert_eq!(in_force(&bundle(&world, "galeri").await.filter.unwrap(), 1), Some(false));

        // What the citizen wrote is not in the log of changes, and is gone in time; so is the answer from the bundle.
        let log = world.cli(&["audit", "list"]).await.to_string();
        assert!(log.contains("appeal-decide") && !log.contains("0812") && !log.contains("situs sekolah kami"), "{log}");
        world.clock.set_wall("2027-02-20T08:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        world.cli(&["publish"]).await;
        assert_eq!(world.serving.office.forget_old().await.unwrap(), 2);
        let all = world.cli(&["appeal", "list", "--all"]).await;
        let left = ["contact", "why", "subject", "explanation"].map(|field| all[0][field].clone());
        assert_eq!(left, [Value::Null, json!(""), json!(""), Value::Null]);
        assert_eq!(all[0]["decided_by"], "ani");
        assert!(bundle(&world, "galeri").await.filter.unwrap().appeal_answers.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exceptions_add_up_in_the_newest_draft_and_no_draft_is_lost() {
    on_both("appeal-drafts", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        put_in_force(&world, &sop(1, "")).await;
        let of = |number: u8| Appeal { subject: format!("s{number}.example.sch.id"), ..appeal(number) };
        send(&router, (1..=4).map(of).collect()).await.unwrap();
        let accept = async |number: u8, by: &str| {
            let number = reference(number).to_string();
            let words = ["appeal", "decide", &number, "--accept", "--by", by, "--reason", "situs sekolah"];
            world.cli(&[&words[..], &["--exception-until", "2026-12-31"]].concat()).await
        };
        let text = async |id: &Value| world.cli(&["sop", "show", &id.to_string()]).await["text"].to_string();
        let one = accept(1, "ani").await;
        assert_eq!(one["carries_on"], Value::Null);
        let two = accept(2, "budi").await;
        assert_eq!(two["carries_on"], one["draft"]);
        let both = text(&two["draft"]).await;
        assert!(both.contains("s1.example.sch.id") && both.contains("s2.example.sch.id"), "{both}");
        assert!(both.contains("revision = 2 # naik"), "a draft keeps its revision: {both}");

        // A colleague's draft is not written over, and none of its authors approves it.
        let file = world.file("sop.toml", &sop(2, "# lain\n"));
        for by in ["ani", "citra"] {
            let (_, why) = world.try_cli(&["sop", "import", &file, "--by", by]).await.unwrap_err();
            assert!(
                why.contains("(SOP/73.07/KOMINFO/01 revision 2, by ani + budi)") && why.contains("retire"),
                "{why}"
            );
        }
        let draft = two["draft"].to_string();
        for by in ["Ani", "budi", "ani + budi"] {
            let (_, why) = world.try_cli(&["sop", "approve", &draft, "--by", by]).await.unwrap_err();
            assert!(why.contains("second person"), "{why}");
        }
        world.cli(&["sop", "approve", &draft, "--by", "citra"]).await;

        // What is approved and not yet in force is gone on from too, under a revision of its own.
        let three = accept(3, "budi").await;
        let all = text(&three["draft"]).await;
        assert!((1..=3).all(|number| all.contains(&format!("s{number}.example.sch.id"))), "{all}");
        assert!(all.contains("revision = 3 # naik") && three["carries_on"] == Value::Null, "{all}");
        world.cli(&["sop", "publish", &draft, "--by", "citra"]).await;
        let last = accept(4, "budi").await;
        let id = last["draft"].to_string();
        world.cli(&["sop", "approve", &id, "--by", "citra"]).await;
        world.cli(&["sop", "publish", &id, "--by", "citra"]).await;
        let sops = bundle(&world, "galeri").await.filter.unwrap().sops;
        let [kept] = sops.as_slice() else { panic!("{sops:?}") };
        assert!((1..=4).all(|number| kept.text.contains(&format!("s{number}.example.sch.id"))), "{}", kept.text);

        // One's own draft is replaced, and the answer says which.
        let first = world.cli(&["sop", "import", &world.file("own.toml", &sop(4, "")), "--by", "citra"]).await;
        assert_eq!(first["replaced"], json!([]));
        let again = world.cli(&["sop", "import", &world.file("own.toml", &sop(5, "")), "--by", "citra"]).await;
        assert_eq!(again["replaced"], json!([first["sops"][0]["id"]]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_sends_so_many_appeals_in_a_day() {
    on_both("appeals-many", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let many = |from: usize, count: usize| -> Vec<Appeal> {
            let numbers = from..from + count;
            let reference = |n: usize| {
                let mut bytes = [0; 32];
                bytes[0] = u8::try_from(n / 31).unwrap();
                bytes[1] = u8::try_from(n % 31).unwrap();
                Reference::from_random(&bytes).unwrap()
            };
            numbers.map(|n| Appeal { reference: reference(n), ..appeal(1) }).collect()
        };
        assert!(send(&router, many(0, limits::APPEALS + 1)).await.is_err(), "too many at once");
        for part in 0..10 {
            let ack = send(&router, many(part * limits::APPEALS, limits::APPEALS)).await.unwrap();
            assert_eq!((ack.stored.len(), ack.retry_seconds), (limits::APPEALS, None));
        }
        let ack = send(&router, many(190, 20)).await.unwrap();
        assert_eq!((ack.stored.len(), ack.retry_seconds), (10, Some(3600)), "those known count no more");
        world.clock.advance(std::time::Duration::from_hours(25));
        assert_eq!(send(&router, many(200, 10)).await.unwrap().stored.len(), 10);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn totals_sent_again_or_out_of_order_count_once() {
    on_both("filter-counts", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let counts = |run: u128, total| FilterCounts {
            run: uuid::Uuid::from_u128(run),
            counts: vec![FilterCount {
                hour: "2026-11-21T07:00:00Z".parse().unwrap(),
                sop: NUMBER.to_owned(),
                clause: "1".to_owned(),
                list: Some("trustpositif".parse().unwrap()),
                total,
            }],
        };
        for (run, total) in [(1, 10), (1, 30), (1, 20), (1, 30), (2, 5)] {
            router.post::<_, Value>("/v1/filter-counts", &counts(run, total)).await.unwrap();
        }
        let rows = world.cli(&["filter", "counts", "--site", "galeri", "--from", "2026-11-21T00:00:00Z"]).await;
        assert_eq!(rows.as_array().unwrap().len(), 1);
        let expected = json!({
            "hour": "2026-11-21T07:00:00Z", "site": "galeri", "sop": NUMBER, "clause": "1", "list": "trustpositif", "total": 35,
        });
        assert_eq!(rows[0], expected);
        // Totals older than a year and a month are gone.
        let totals = ["filter", "counts", "--site", "galeri", "--from", "2026-11-21T00:00:00Z"];
        world.clock.set_wall("2027-12-20T08:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        world.serving.office.forget_old().await.unwrap();
        assert_eq!(world.cli(&totals).await.as_array().unwrap().len(), 1);
        world.clock.set_wall("2027-12-27T08:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        world.serving.office.forget_old().await.unwrap();
        assert_eq!(world.cli(&totals).await, json!([]));
        world.clock.set_wall("2026-11-21T08:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        let mut odd = counts(1, 1);
        odd.counts[0].hour = "2026-11-21T07:00:01Z".parse().unwrap();
        assert!(router.post::<_, Value>("/v1/filter-counts", &odd).await.is_err());
        let stranger = world.stranger();
        assert!(stranger.post::<_, Value>("/v1/filter-counts", &counts(3, 1)).await.is_err());
        assert!(send(&stranger, vec![appeal(1)]).await.is_err());
    })
    .await;
}
