//! Requests for help: from a gateway's message or a clerk's words to an answer that the visitor can read.

use gapura_model::Reference;
use gapura_wire::{
    Appeal, Appeals, AppealsAck, HelpRequest, HelpRequests, HelpRequestsAck, HelpState, HelpTopic, Problem,
    RequestAnswer, limits,
};
use serde_json::{Value, json};

use super::client::Router;
use super::sop::bundle;
use super::world::{World, on_both};
use crate::{Grant, RequestsAsked, Role, Tab};

fn reference(number: u8) -> Reference {
    Reference::from_random(&[number; 32]).unwrap()
}

fn request(number: u8, topic: HelpTopic) -> HelpRequest {
    HelpRequest {
        reference: reference(number),
        topic,
        words: "Halaman masuk tidak muncul di ponsel saya.".to_owned(),
        contact: Some("0812-0000-0000".parse().unwrap()),
        visit: Some("4K7M-29QD".to_owned()),
        about: None,
        explanation: None,
        at: "2026-11-21T07:59:00Z".parse().unwrap(),
    }
}

async fn send(router: &Router, requests: Vec<HelpRequest>) -> Result<HelpRequestsAck, Problem> {
    router.post("/v1/requests", &HelpRequests { requests }).await
}

async fn told(world: &World) -> Vec<RequestAnswer> {
    bundle(world, "galeri").await.request_answers
}

fn list(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["reference"].as_str().unwrap()).collect()
}

fn go_to(world: &World, time: &str) {
    world.clock.set_wall(time.parse().unwrap(), gapura_model::ClockTrust::Trusted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_kept_once_answered_and_told_to_the_portal() {
    on_both("request", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let empty = HelpRequest { words: " ".to_owned(), ..request(9, HelpTopic::Other) };
        let sent = vec![request(1, HelpTopic::Connect), request(2, HelpTopic::Complaint), empty];
        let ack = send(&router, sent).await.unwrap();
        assert_eq!(ack.refused.iter().map(|one| one.reference).collect::<Vec<_>>(), [reference(9)]);
        // Saturday 16.00 WITA; the site opens on Mondays at 8, complaints have three working days.
        let due: Vec<String> = ack.stored.iter().map(|one| one.due.unwrap().to_string()).collect();
        assert_eq!(due, ["2026-11-23T00:30:00Z", "2026-11-25T08:00:00Z"]);
        let again = send(&router, vec![request(1, HelpTopic::Connect)]).await.unwrap();
        assert_eq!(again.stored, ack.stored[..1], "sent again, kept once");
        assert!(told(&world).await.is_empty(), "the gateway knows what it sent");

        let (one, two) = (reference(1).to_string(), reference(2).to_string());
        let waiting = world.cli(&["request", "list"]).await;
        assert_eq!(list(&waiting), [one.as_str(), two.as_str()], "the next to be answered first");
        assert!(!waiting.to_string().contains("0812"), "a list names nobody: {waiting}");
        world.cli(&["request", "take", &one, "--by", "ani"]).await;
        let state = async || told(&world).await.first().map(|answer| (answer.state, answer.answers.len()));
        assert_eq!(state().await, Some((HelpState::InWork, 0)));
        world.cli(&["request", "note", &one, "Ponselnya memakai VPN."]).await;
        assert!(world.try_cli(&["request", "answer", &one, " "]).await.unwrap_err().1.contains("words are empty"));
        world.cli(&["request", "answer", &one, "Matikan VPN sebentar, lalu coba lagi.", "--by", "ani"]).await;
        let answer = told(&world).await.remove(0);
        assert_eq!((answer.reference, answer.state, answer.due), (reference(1), HelpState::Answered, None));
        assert_eq!(answer.answers[0].words, "Matikan VPN sebentar, lalu coba lagi.");
        assert_eq!(answer.answers[0].agency, None);
        let inside = serde_json::to_string(&bundle(&world, "galeri").await.request_answers).unwrap();
        assert!(!inside.contains("VPN.\"") && !inside.contains("ani") && !inside.contains("0812"), "{inside}");
        assert_eq!(list(&world.cli(&["request", "list"]).await), [two.as_str()]);
        assert_eq!(list(&world.cli(&["request", "list", "--part", "done"]).await), [one.as_str()]);
        assert_eq!(list(&world.cli(&["request", "list", "--part", "all", "--search", &one]).await), [one.as_str()]);

        // Whoever looks at a contact is in the log; what was written is not.
        let shown = world.cli(&["request", "show", &one]).await;
        assert_eq!((&shown["has_contact"], &shown["contact"]), (&json!(true), &Value::Null));
        let kinds: Vec<&str> =
            shown["steps"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["filed", "taken", "note", "answered"]);
        assert_eq!(world.cli(&["request", "show", &one, "--contact"]).await["contact"], "0812-0000-0000");
        let log = world.cli(&["audit", "list"]).await.to_string();
        assert!(log.contains("request-contact-seen") && log.contains("request-answer"), "{log}");
        assert!(!log.contains("0812") && !log.contains("VPN"), "{log}");

        // Not over after all, then closed.
        world.cli(&["request", "reopen", &one, "Masih tidak bisa."]).await;
        assert_eq!(state().await, Some((HelpState::InWork, 1)));
        world.cli(&["request", "answer", &one, "Kami ganti kabelnya.", "--close"]).await;
        assert_eq!(state().await, Some((HelpState::Closed, 2)));
        assert!(world.try_cli(&["request", "close", &one]).await.unwrap_err().1.contains("closed already"));

        // The contact goes after a week, the words and the answers in the bundle after 90 days.
        go_to(&world, "2026-11-29T08:00:00Z");
        assert_eq!(world.serving.office.forget_old().await.unwrap(), 1);
        assert_eq!(world.cli(&["request", "show", &one]).await["has_contact"], false);
        go_to(&world, "2027-02-20T08:00:00Z");
        world.cli(&["publish"]).await;
        assert_eq!(world.serving.office.forget_old().await.unwrap(), 1);
        let shown = world.cli(&["request", "show", &one]).await;
        assert_eq!(
            (&shown["words"], &shown["visit"], &shown["steps"][2]["words"]),
            (&json!(""), &Value::Null, &json!(""))
        );
        assert!(told(&world).await.is_empty());
        assert!(send(&world.stranger(), vec![request(3, HelpTopic::Other)]).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agency_answers_what_is_forwarded_to_it_and_nothing_else() {
    on_both("request-forward", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        send(&router, vec![request(1, HelpTopic::Complaint), request(2, HelpTopic::Complaint)]).await.unwrap();
        let (one, two) = (reference(1).to_string(), reference(2).to_string());
        let agency = "Dinas Pendidikan";
        assert!(world.try_cli(&["request", "forward", &one, "a|b"]).await.is_err());
        world.cli(&["request", "forward", &one, agency, "--words", "Mohon dijawab."]).await;
        assert_eq!(list(&world.cli(&["request", "list", "--agency", agency]).await), [one.as_str()]);
        assert_eq!(list(&world.cli(&["request", "list", "--agency", "Dinas"]).await), <[&str; 0]>::default());
        let answer = told(&world).await.remove(0);
        assert_eq!((answer.state, answer.agency.as_deref()), (HelpState::Forwarded, Some(agency)));
        assert!(!serde_json::to_string(&answer).unwrap().contains("Mohon"), "a word for the desk is not the visitor's");
        let (_, why) = world.try_cli(&["request", "answer", &two, "Ya.", "--agency", agency]).await.unwrap_err();
        assert!(why.contains("at this desk"), "{why}");
        let (_, why) = world.try_cli(&["request", "take", &one]).await.unwrap_err();
        assert!(why.contains("take it back"), "{why}");
        world
            .cli(&["request", "answer", &one, "Sekolah sudah kami hubungi.", "--agency", agency, "--by", "dika"])
            .await;
        let answer = told(&world).await.remove(0);
        assert_eq!((answer.state, answer.answers[0].agency.as_deref()), (HelpState::Answered, Some(agency)));
        let (_, why) = world.try_cli(&["request", "answer", &one, "Lagi.", "--agency", agency]).await.unwrap_err();
        assert!(why.contains("not at this desk any more"), "{why}");

        world.cli(&["request", "forward", &two, agency]).await;
        world.cli(&["request", "return", &two, "Bukan urusan dinas itu."]).await;
        let row = world.cli(&["request", "show", &two]).await;
        assert_eq!((&row["state"], &row["agency"], &row["desk"]), (&json!("in-work"), &json!(""), &json!("helpdesk")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_overdue_goes_up_and_is_counted_by_the_list() {
    on_both("request-overdue", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        send(&router, vec![request(1, HelpTopic::Connect), request(2, HelpTopic::Complaint)]).await.unwrap();
        let office = &world.serving.office;
        let grant = |role, scope: &str| Grant { role, scope: scope.parse().unwrap() };
        let waiting = async |grants: &[Grant]| office.waiting(grants).await.unwrap();
        let clerk = [grant(Role::Clerk, "site:galeri")];
        assert_eq!(waiting(&clerk).await, 2);
        assert_eq!(waiting(&[grant(Role::Helpdesk, "regency:sinjai")]).await, 2);
        assert_eq!(waiting(&[grant(Role::Auditor, "province")]).await, 2);
        assert_eq!(waiting(&[grant(Role::Clerk, "site:lain"), grant(Role::SopEditor, "province")]).await, 0);
        let officer = [grant(Role::AgencyOfficer, "agency:Dinas Pendidikan")];
        let at_desks = async || office.waiting_at_desks(&officer).await.unwrap();
        assert_eq!(at_desks().await, 0);
        world.cli(&["request", "forward", &reference(2).to_string(), "Dinas Pendidikan"]).await;
        assert_eq!((at_desks().await, waiting(&officer).await, waiting(&clerk).await), (1, 0, 2));
        assert_eq!(office.waiting_at_desks(&clerk).await.unwrap(), 0);

        let overdue = RequestsAsked { tab: Tab::Overdue, ..RequestsAsked::default() };
        let count = async || office.count_requests(&crate::Reach::ALL, &overdue).await.unwrap();
        let one = reference(1).to_string();
        let desk = async || {
            let shown = world.cli(&["request", "show", &one]).await;
            (shown["desk"].as_str().unwrap().to_owned(), shown["level"].as_i64().unwrap())
        };
        assert_eq!((count().await, office.escalate_requests().await.unwrap()), (0, 0));
        go_to(&world, "2026-11-23T00:30:01Z");
        assert_eq!((count().await, office.escalate_requests().await.unwrap()), (1, 1));
        assert_eq!(desk().await, ("site-head".to_owned(), 1));
        assert_eq!(office.escalate_requests().await.unwrap(), 0, "once");
        go_to(&world, "2026-11-24T00:30:02Z");
        assert_eq!(office.escalate_requests().await.unwrap(), 1);
        assert_eq!(desk().await, ("department".to_owned(), 2));
        assert_eq!(office.escalate_requests().await.unwrap(), 0);
        let steps = world.cli(&["request", "show", &one]).await["steps"].to_string();
        assert!(steps.contains("site-head") && steps.contains("department"), "{steps}");
        assert!(world.cli(&["audit", "list"]).await.to_string().contains("request-escalate"));
        assert_eq!(list(&world.cli(&["request", "list", "--part", "overdue"]).await), [one.as_str()]);
        world.cli(&["request", "answer", &one, "Maaf, terlambat."]).await;
        assert_eq!((count().await, desk().await), (0, ("helpdesk".to_owned(), 0)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_appeal_stands_in_the_same_list_and_is_decided_as_before() {
    on_both("request-appeal", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let appeal = Appeal {
            reference: reference(1),
            subject: "forum-catur.example".to_owned(),
            why: "Ini forum catur, bukan judi.".to_owned(),
            contact: Some("0812-0000-0000".parse().unwrap()),
            clause: None,
            explanation: json!({ "verdict": "block" }).to_string(),
            at: "2026-11-21T07:00:00Z".parse().unwrap(),
        };
        let _: AppealsAck = router.post("/v1/appeals", &Appeals { appeals: vec![appeal] }).await.unwrap();
        let one = reference(1).to_string();
        let rows = world.cli(&["request", "list", "--search", "CATUR"]).await;
        assert_eq!(list(&rows), [one.as_str()]);
        let told_of = ["origin", "topic", "about", "words"].map(|field| rows[0][field].as_str().unwrap());
        assert_eq!(told_of, ["appeal", "blocked", "forum-catur.example", "Ini forum catur, bukan judi."]);
        assert_eq!(rows[0]["explanation"]["verdict"], "block");
        assert!(!rows.to_string().contains("0812"), "{rows}");
        let (_, why) = world.try_cli(&["request", "answer", &one, "Ya."]).await.unwrap_err();
        assert!(why.contains("grant or deny"), "{why}");
        world.cli(&["request", "note", &one, "Sudah diperiksa: forum."]).await;
        world.cli(&["appeal", "decide", &one, "--reject", "--words", "Ada taruhan di sana.", "--by", "budi"]).await;
        assert_eq!(list(&world.cli(&["request", "list"]).await), <[&str; 0]>::default());
        let shown = world.cli(&["request", "show", &one]).await;
        assert_eq!((&shown["state"], &shown["holder"]), (&json!("answered"), &json!("budi")));
        let last = shown["steps"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["kind"], &last["words"]), (&json!("denied"), &json!("Ada taruhan di sana.")));
        let bundle = bundle(&world, "galeri").await;
        assert_eq!(bundle.filter.unwrap().appeal_answers.len(), 1);
        assert!(bundle.request_answers.is_empty(), "told once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_write_requests_and_frequent_questions_down() {
    on_both("request-add", async |world| {
        world.furnish().await;
        let add = ["request", "add", "--site", "galeri", "--topic", "complaint", "--telephone", "--by", "ani"];
        let bad = ["--contact", "a\u{7}", "--visit", "zz", "--about", "x\ny", " "];
        let (exit, why) = world.try_cli(&[&add[..], &bad].concat()).await.unwrap_err();
        assert_eq!((exit, why.lines().count()), (gapura_runtime::Exit::Config, 4), "all mistakes at once: {why}");
        let made = world.cli(&[&add[..], &["--contact", "0812-0000-0000", "Toilet rusak."]].concat()).await;
        let number = made["request"]["reference"].as_str().unwrap().to_owned();
        assert_eq!(made["request"]["origin"], "telephone");
        let answers = told(&world).await;
        assert_eq!(answers[0].reference.to_string(), number, "the portal knows a number that it did not give");
        assert_eq!((answers[0].state, answers[0].due.is_some()), (HelpState::Received, true));
        assert!(world.try_cli(&["request", "add", "--site", "lain", "Halo."]).await.is_err());

        let faq = json!([{ "question": { "id": "Di mana mencetak?" }, "answer": { "id": "Di loket." } }]);
        let file = world.file("faq.json", &faq.to_string());
        world.cli(&["request", "faq", "--file", &file]).await;
        let own = json!([{
            "question": { "id": "Parkir di mana?", "en": "Where to park?" },
            "answer": { "id": "Di belakang.", "en": "Behind." },
        }]);
        let file = world.file("faq.json", &own.to_string());
        world.cli(&["request", "faq", "--site", "galeri", "--file", &file]).await;
        assert_eq!(world.cli(&["request", "faq", "--site", "galeri"]).await, own);
        let shown: Vec<String> = bundle(&world, "galeri").await.faq.into_iter().map(|one| one.question.id).collect();
        assert_eq!(shown, ["Di mana mencetak?", "Parkir di mana?"], "the department's first");
        let half = json!([{ "question": { "id": "", "en": "Why?" }, "answer": { "id": "Ya." } }]);
        let file = world.file("faq.json", &half.to_string());
        let (_, why) = world.try_cli(&["request", "faq", "--file", &file]).await.unwrap_err();
        assert_eq!(why.lines().count(), 2, "{why}");

        let records = world.cli(&["request", "export"]).await;
        assert_eq!((list(&records), &records[0]["words"]), (vec![number.as_str()], &json!("Toilet rusak.")));
        assert!(!records.to_string().contains("0812"), "{records}");
        assert!(world.cli(&["audit", "list"]).await.to_string().contains("request-export"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_sends_so_many_requests_in_a_day() {
    on_both("requests-many", async |world| {
        world.furnish().await;
        let (router, _) = world.member(&[]).await;
        let many = |from: usize, count: usize| -> Vec<HelpRequest> {
            let reference = |n: usize| {
                let mut bytes = [0; 32];
                bytes[0] = u8::try_from(n / 31).unwrap();
                bytes[1] = u8::try_from(n % 31).unwrap();
                Reference::from_random(&bytes).unwrap()
            };
            (from..from + count)
                .map(|n| HelpRequest { reference: reference(n), ..request(1, HelpTopic::Other) })
                .collect()
        };
        assert!(send(&router, many(0, limits::REQUESTS + 1)).await.is_err(), "too many at once");
        for part in 0..10 {
            let ack = send(&router, many(part * limits::REQUESTS, limits::REQUESTS)).await.unwrap();
            assert_eq!((ack.stored.len(), ack.retry_seconds), (limits::REQUESTS, None));
        }
        let ack = send(&router, many(190, 20)).await.unwrap();
        assert_eq!((ack.stored.len(), ack.retry_seconds), (10, Some(3600)), "those known count no more");
        world.clock.advance(std::time::Duration::from_hours(25));
        assert_eq!(send(&router, many(200, 10)).await.unwrap().stored.len(), 10);
    })
    .await;
}
