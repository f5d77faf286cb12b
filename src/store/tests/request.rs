//! Requests for help.

use super::*;

fn request(site: &str, reference: &str, due: i64) -> RequestRow {
    RequestRow {
        site: site.to_owned(),
        reference: reference.to_owned(),
        gateway: "gw-1".to_owned(),
        origin: "portal".to_owned(),
        topic: "connect".to_owned(),
        about: String::new(),
        words: "Tidak bisa masuk.".to_owned(),
        contact: Some("0812-0000-0000".to_owned()),
        visit: Some("4K7M-29QD".to_owned()),
        explanation: String::new(),
        state: "received".to_owned(),
        holder: String::new(),
        desk: "helpdesk".to_owned(),
        agency: String::new(),
        level: 0,
        made: millis(at(0)),
        received: millis(at(0)),
        due: millis(at(due)),
        changed: millis(at(0)),
        settled: None,
        total: 1,
    }
}

fn step(reference: &str, kind: &str, second: i64) -> StepRow {
    StepRow {
        site: "galeri".to_owned(),
        reference: reference.to_owned(),
        event: 0,
        at: millis(at(second)),
        kind: kind.to_owned(),
        actor: "ani".to_owned(),
        agency: String::new(),
        words: "Kata.".to_owned(),
    }
}

fn all() -> RequestQuery {
    RequestQuery { limit: 100, ..RequestQuery::default() }
}

#[tokio::test]
async fn a_list_and_its_count_are_one_query() {
    on_both("requests", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        let forwarded = RequestRow { agency: "Dinas Pendidikan".to_owned(), ..request("lain", "CCCCCCCCCC", 30) };
        for row in [request("galeri", "BBBBBBBBBB", 20), request("galeri", "AAAAAAAAAA", 10), forwarded] {
            assert!(tx.add_request(&row).await.unwrap());
            assert!(!tx.add_request(&row).await.unwrap(), "kept once");
        }
        let done = RequestRow {
            state: "answered".to_owned(),
            holder: "ani".to_owned(),
            changed: millis(at(5)),
            settled: Some(millis(at(5))),
            ..request("galeri", "BBBBBBBBBB", 20)
        };
        assert!(tx.put_request(&done).await.unwrap());
        let mut numbers = async |query: RequestQuery| {
            let rows = tx.requests(&query).await.unwrap();
            let count = tx.count_requests(&query).await.unwrap();
            assert!(i64::try_from(rows.len()) == Ok(count) && rows.iter().all(|row| row.total == count), "{rows:?}");
            rows.iter().map(|row| row.reference.chars().next().unwrap()).collect::<String>()
        };
        let of = |sites: &[&str], agencies: &[&str]| RequestQuery {
            sites: Some(sites.iter().map(|site| (*site).to_owned()).collect()),
            agencies: agencies.iter().map(|agency| (*agency).to_owned()).collect(),
            ..all()
        };
        assert_eq!(numbers(all()).await, "ACB", "what waits first, the next to be answered on top");
        assert_eq!(numbers(RequestQuery { open: Some(true), ..all() }).await, "AC");
        assert_eq!(numbers(RequestQuery { open: Some(false), ..all() }).await, "B");
        let late = RequestQuery { open: Some(true), due_before: Some(at(11)), ..all() };
        assert_eq!(numbers(late).await, "A");
        assert_eq!(numbers(RequestQuery { holder: Some("ani".to_owned()), ..all() }).await, "B");
        assert_eq!(numbers(of(&["galeri"], &[])).await, "AB");
        assert_eq!(numbers(of(&["galer", "aleri", "gal"], &[])).await, "", "names are found whole");
        assert_eq!(numbers(of(&[], &["Dinas Pendidikan"])).await, "C");
        assert_eq!(numbers(of(&[], &["Dinas"])).await, "");
        assert_eq!(numbers(of(&["galeri"], &["Dinas Pendidikan"])).await, "ACB");
        for (search, found) in
            [("aaaaa", "A"), ("bisa MASUK", "ACB"), ("29qd", "ACB"), ("%", ""), ("_", ""), ("!", ""), ("masuk.", "ACB")]
        {
            assert_eq!(numbers(RequestQuery { search: search.to_owned(), ..all() }).await, found, "{search}");
        }
        let span =
            |from, before| RequestQuery { received_from: Some(at(from)), received_before: Some(at(before)), ..all() };
        assert_eq!((numbers(span(0, 1)).await.as_str(), numbers(span(-9, 0)).await.as_str()), ("ACB", ""));
        let second = tx.requests(&RequestQuery { limit: 1, offset: 1, ..all() }).await.unwrap();
        assert_eq!((second.len(), second[0].reference.as_str(), second[0].total), (1, "CCCCCCCCCC", 3));
        assert_eq!(tx.requests_under("AAAAAAAAAA").await.unwrap(), [request("galeri", "AAAAAAAAAA", 10)]);
    })
    .await;
}

#[tokio::test]
async fn steps_are_numbered_over_all_requests_and_late_ones_are_found() {
    on_both("steps", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        let (site, gateway) = ("galeri".parse().unwrap(), "gw-1".parse().unwrap());
        for (reference, due) in [("AAAAAAAAAA", 10), ("BBBBBBBBBB", 20)] {
            tx.add_request(&request("galeri", reference, due)).await.unwrap();
            tx.add_step(&step(reference, "filed", 0)).await.unwrap();
        }
        tx.add_step(&step("AAAAAAAAAA", "note", 1)).await.unwrap();
        let answered = step("BBBBBBBBBB", "answered", 2);
        tx.add_step(&answered).await.unwrap();
        let answers = tx.answers_since(&site, at(1)).await.unwrap();
        assert_eq!(answers, [StepRow { event: 4, ..answered }]);
        assert!(tx.answers_since(&site, at(2)).await.unwrap().is_empty());
        let steps = tx.steps("galeri", "AAAAAAAAAA").await.unwrap();
        assert_eq!(
            steps.iter().map(|step| (step.event, step.kind.as_str())).collect::<Vec<_>>(),
            [(1, "filed"), (3, "note")]
        );
        let events = tx.events_after(1, 10).await.unwrap();
        assert_eq!(events.iter().map(|event| event.event).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!((events[1].asked.as_str(), events[1].topic.as_str()), ("Tidak bisa masuk.", "connect"));
        assert_eq!(tx.events_after(0, 2).await.unwrap().len(), 2);

        assert_eq!(tx.requests_since((&site, &gateway), at(-1)).await.unwrap(), 2);
        assert_eq!(tx.requests_since((&site, &gateway), at(0)).await.unwrap(), 0);
        let late = |rows: Vec<RequestRow>| rows.iter().map(|row| row.reference[..1].to_owned()).collect::<String>();
        assert_eq!(late(tx.requests_late((at(11), at(0)), 10).await.unwrap()), "A");
        let once = RequestRow { level: 1, ..request("galeri", "AAAAAAAAAA", 10) };
        tx.put_request(&once).await.unwrap();
        assert_eq!(late(tx.requests_late((at(11), at(10)), 10).await.unwrap()), "");
        assert_eq!(late(tx.requests_late((at(21), at(11)), 10).await.unwrap()), "AB");

        assert_eq!(tx.export("provinsi").await.unwrap(), None);
        for event in [3, 7] {
            let row = ExportRow {
                receiver: "provinsi".to_owned(),
                event,
                told: millis(at(event)),
                trouble: String::new(),
                stopped: 0,
            };
            tx.put_export(&row).await.unwrap();
            assert_eq!(tx.export("provinsi").await.unwrap(), Some(row));
        }
        for (site, text) in [(None, "[]"), (Some(&site), "[1]"), (Some(&site), "[2]")] {
            tx.put_faq(site, text, at(0)).await.unwrap();
        }
        let texts = |rows: Vec<FaqRow>| rows.into_iter().map(|row| row.document).collect::<Vec<_>>();
        assert_eq!(texts(tx.faq(Some(&site)).await.unwrap()), ["[]", "[2]"], "the department's first");
        assert_eq!(texts(tx.faq(None).await.unwrap()), ["[]"]);
    })
    .await;
}

#[tokio::test]
async fn what_visitors_wrote_is_erased_in_time() {
    on_both("request-erase", async |store: Store| {
        let site = "galeri".parse().unwrap();
        let mut tx = store.write().await.unwrap();
        let settled = RequestRow {
            state: "answered".to_owned(),
            changed: millis(at(10)),
            settled: Some(millis(at(10))),
            ..request("galeri", "AAAAAAAAAA", 20)
        };
        for row in [&settled, &request("galeri", "BBBBBBBBBB", 20)] {
            tx.add_request(row).await.unwrap();
            tx.add_step(&step(&row.reference, "note", 1)).await.unwrap();
        }
        assert_eq!(tx.requests_answered(&site, at(0), 10).await.unwrap(), std::slice::from_ref(&settled));
        assert!(tx.requests_answered(&site, at(10), 10).await.unwrap().is_empty());
        let mut contacts = async |contact, settled, received| {
            let touched = tx.erase_requests(contact, settled, received).await.unwrap();
            let rows = tx.requests(&all()).await.unwrap();
            let left = |row: &RequestRow| {
                let steps = !row.words.is_empty() && row.visit.is_some();
                (row.reference.starts_with('A'), row.contact.is_some(), steps)
            };
            let mut words = Vec::new();
            for row in &rows {
                words.extend(
                    tx.steps("galeri", &row.reference).await.unwrap().into_iter().map(|step| !step.words.is_empty()),
                );
            }
            (touched, rows.iter().map(left).collect::<Vec<_>>(), words)
        };
        let (open, done) = ((false, true, true), (true, true, true));
        assert_eq!(contacts(at(10), at(10), at(0)).await, (0, vec![open, done], vec![true, true]), "not yet");
        let bare = (true, false, true);
        assert_eq!(contacts(at(11), at(10), at(0)).await, (1, vec![open, bare], vec![true, true]), "the contact first");
        let gone = (true, false, false);
        assert_eq!(contacts(at(11), at(11), at(0)).await, (1, vec![open, gone], vec![true, false]));
        let never = (false, false, false);
        assert_eq!(contacts(at(11), at(11), at(1)).await, (1, vec![never, gone], vec![false, false]), "never answered");
        assert_eq!(contacts(at(11), at(11), at(1)).await.0, 0, "once");
    })
    .await;
}
