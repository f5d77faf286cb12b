//! The counter's tables.

use super::*;

fn order(id: &str, made: i64, kind: &str) -> OrderRow {
    OrderRow {
        site: "galeri".to_owned(),
        id: id.to_owned(),
        kind: kind.to_owned(),
        visit: Some("v".to_owned()),
        document: "{}".to_owned(),
        who: "ani".to_owned(),
        reason: "tugas".to_owned(),
        state: "queued".to_owned(),
        made: millis(at(made)),
        expires: millis(at(made + 900)),
        told: None,
        outcome: None,
        sent: None,
    }
}

#[tokio::test]
async fn an_order_waits_until_it_is_told_or_late() {
    on_both("desk", async |store: Store| {
        let galeri = "galeri".parse().unwrap();
        let mut tx = store.write().await.unwrap();
        for (id, made) in [("a", 1), ("b", 0), ("c", 2)] {
            assert!(tx.add_order(&order(id, made, "end")).await.unwrap());
        }
        assert!(!tx.add_order(&OrderRow { who: "budi".to_owned(), ..order("a", 9, "end") }).await.unwrap());
        assert!(tx.add_order(&OrderRow { site: "lain".to_owned(), ..order("a", 1, "end") }).await.unwrap());
        tx.ring_desk().await.unwrap();
        assert_eq!(tx.desk_bell().await.unwrap(), 1);
        assert_eq!(tx.sites_with_orders(at(5)).await.unwrap(), ["galeri", "lain"]);
        let queued = tx.orders_queued(&galeri, at(5), 2).await.unwrap();
        assert_eq!(queued.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert!(tx.put_order_outcome((&galeri, "b"), ("done", "{}"), at(6)).await.unwrap());
        // The site's other router does not have the visit.
        assert!(!tx.put_order_outcome((&galeri, "b"), ("failed", "{}"), at(6)).await.unwrap());
        assert!(tx.put_order_outcome((&galeri, "b"), ("done", "{}"), at(6)).await.unwrap());
        assert!(!tx.put_order_outcome((&galeri, "z"), ("done", "{}"), at(6)).await.unwrap());
        assert_eq!(tx.orders_queued(&galeri, at(901), 9).await.unwrap(), [order("c", 2, "end")], "a is too late");
        assert_eq!(tx.orders_are_late("late", at(902)).await.unwrap(), 2, "of both sites");
        let all = tx.desk_orders(&galeri, at(1), 9).await.unwrap();
        let states: Vec<_> =
            all.iter().map(|row| (row.id.as_str(), row.state.as_str(), row.outcome.as_deref())).collect();
        assert_eq!(states, [("c", "queued", None), ("a", "failed", Some("late"))]);
        // Done in time, and heard of late.
        tx.put_order_outcome((&galeri, "a"), ("done", "{}"), at(999)).await.unwrap();
        assert_eq!(tx.desk_order(&galeri, "a").await.unwrap().unwrap().state, "done");

        // Taken back as long as the gateway was not handed it; then nothing is heard of it any more.
        for id in ["s", "t"] {
            tx.add_order(&order(id, 3, "end")).await.unwrap();
        }
        assert!(tx.order_is_sent((&galeri, "s"), at(4)).await.unwrap());
        assert!(!tx.order_is_sent((&galeri, "s"), at(5)).await.unwrap(), "the first time counts");
        assert!(!tx.take_back_order((&galeri, "s"), at(6)).await.unwrap());
        assert!(tx.take_back_order((&galeri, "t"), at(6)).await.unwrap());
        assert!(!tx.take_back_order((&galeri, "t"), at(7)).await.unwrap());
        assert!(!tx.put_order_outcome((&galeri, "t"), ("done", "{}"), at(8)).await.unwrap());
        let back = tx.desk_order(&galeri, "t").await.unwrap().unwrap();
        assert_eq!((back.state.as_str(), back.told, back.sent), ("taken-back", Some(millis(at(6))), None));
        assert!(tx.orders_queued(&galeri, at(5), 9).await.unwrap().iter().all(|row| row.id != "t"));

        // A form that was carried out is known for a while.
        assert!(tx.form_is_done((&galeri, "f"), "A-1", at(3)).await.unwrap());
        assert!(!tx.form_is_done((&galeri, "f"), "A-2", at(4)).await.unwrap());
        assert_eq!(tx.result_of_form(&galeri, "f").await.unwrap().as_deref(), Some("A-1"));
        assert_eq!(tx.result_of_form(&"lain".parse().unwrap(), "f").await.unwrap(), None);
        assert_eq!(tx.forget_forms(at(3)).await.unwrap(), 0);
        assert_eq!(tx.forget_forms(at(4)).await.unwrap(), 1);

        tx.add_order(&order("n", 3, "move")).await.unwrap();
        tx.add_order(&OrderRow { document: "sealed:00".to_owned(), ..order("m", 3, "move") }).await.unwrap();
        assert_eq!(tx.forget_move_codes(at(903)).await.unwrap(), 0);
        assert_eq!(tx.forget_move_codes(at(904)).await.unwrap(), 1);
        assert_eq!(tx.desk_order(&galeri, "m").await.unwrap().unwrap().document, "");
        assert_eq!(tx.desk_order(&galeri, "n").await.unwrap().unwrap().document, "{}", "to a seat: no code");
    })
    .await;
}

#[tokio::test]
async fn seats_numbers_and_classes_are_kept_and_forgotten() {
    on_both("desk-seats", async |store: Store| {
        let galeri = "galeri".parse().unwrap();
        let mut tx = store.write().await.unwrap();
        let seat =
            SeatRow { site: "galeri".to_owned(), seat: "PC 04".to_owned(), broken: 1, ticket: None, until: None };
        tx.put_seat(&seat).await.unwrap();
        let kept = SeatRow { broken: 0, ticket: Some(21), until: Some(millis(at(300))), ..seat };
        tx.put_seat(&kept).await.unwrap();
        assert_eq!(tx.seats(&galeri).await.unwrap(), [kept]);

        let day = "2027-01-15";
        let ticket = |number: i64, state: &str| TicketRow {
            site: "galeri".to_owned(),
            day: day.to_owned(),
            number,
            state: state.to_owned(),
            made: millis(at(number)),
            called: None,
            seat: None,
            calls: 0,
            caller: String::new(),
        };
        for number in [2, 1] {
            tx.put_ticket(&ticket(number, "waiting")).await.unwrap();
        }
        let (seat, caller) = (Some("PC 04".to_owned()), "ani".to_owned());
        let called = TicketRow { called: Some(millis(at(9))), seat, calls: 2, caller, ..ticket(1, "called") };
        tx.put_ticket(&called).await.unwrap();
        assert_eq!(tx.tickets(&galeri, day).await.unwrap(), [called, ticket(2, "waiting")]);
        assert!(tx.tickets(&galeri, "2027-01-16").await.unwrap().is_empty());

        let class = ClassRow {
            site: "galeri".to_owned(),
            id: "k".to_owned(),
            title: "SD 2".to_owned(),
            document: "{\"seats\":[]}".to_owned(),
            who: "ani".to_owned(),
            made: millis(at(0)),
            until: millis(at(100)),
            closed: None,
            attendance: None,
        };
        tx.put_class(&class).await.unwrap();
        let ended = ClassRow { closed: Some(millis(at(50))), attendance: Some(12), ..class };
        tx.put_class(&ended).await.unwrap();
        assert_eq!(tx.class(&galeri, "k").await.unwrap().as_ref(), Some(&ended));
        assert_eq!(tx.classes(&galeri, at(100), 9).await.unwrap(), std::slice::from_ref(&ended));
        assert!(tx.classes(&galeri, at(101), 9).await.unwrap().is_empty());

        tx.put_desk_view(&galeri, "1", at(0)).await.unwrap();
        tx.put_desk_view(&galeri, "2", at(60)).await.unwrap();
        assert_eq!(tx.desk_view(&galeri).await.unwrap().unwrap().document, "2");
        tx.add_order(&order("a", 0, "end")).await.unwrap();
        // The view is forgotten after a day; orders, numbers and who held a class later; how many came stays.
        assert_eq!(tx.forget_desk(at(-1), at(61)).await.unwrap(), 1);
        assert_eq!(tx.forget_desk(at(200), at(61)).await.unwrap(), 4);
        let left = tx.class(&galeri, "k").await.unwrap().unwrap();
        assert_eq!((left.who.as_str(), left.title.as_str(), left.attendance), ("", "", Some(12)));
        assert!(
            tx.desk_order(&galeri, "a").await.unwrap().is_none() && tx.tickets(&galeri, day).await.unwrap().is_empty()
        );
    })
    .await;
}
