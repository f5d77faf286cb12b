//! What is said at the desk.

use gapura_model::{ByteCount, DeviceSort, MoveCode, Traffic, VisitId};
use gapura_session::EndCause;
use uuid::Uuid;

use super::*;

fn order(number: u8, what: OrderKind) -> Order {
    Order {
        id: OrderId::from_random([number; 16]),
        who: "ani".to_owned(),
        reason: "Tugas sekolah".to_owned(),
        made: at(0),
        expires: at(900),
        what,
    }
}

fn visit_id() -> VisitId {
    VisitId::from_random([1; 16])
}

fn orders() -> Vec<Order> {
    let visit = visit_id();
    let class = uuid::Builder::from_random_bytes([8; 16]).into_uuid();
    let code: MoveCode = "7KQMA".parse().unwrap();
    let kinds = vec![
        OrderKind::Extend { visit, seconds: Some(1800) },
        OrderKind::Extend { visit, seconds: None },
        OrderKind::Shorten { visit, seconds: 600 },
        OrderKind::End { visit },
        OrderKind::Block { device: pseudonym(), until: Some(at(86_400)) },
        OrderKind::Unblock { device: pseudonym() },
        OrderKind::Move { visit, to: MoveTo::Code { code, until: at(600) } },
        OrderKind::Move { visit, to: MoveTo::Seat("PC 04".to_owned()) },
        OrderKind::OpenSeat { seat: "PC 03".to_owned(), plan: Some("umum".parse().unwrap()), seconds: 3600 },
        OrderKind::OpenClass {
            class,
            seats: vec!["PC 01".to_owned(), "PC 02".to_owned()],
            plan: "umum".parse().unwrap(),
            group: Some("kelas".parse().unwrap()),
            voucher: Some(Sha256::of(b"code")),
            until: at(5400),
        },
        OrderKind::CloseClass { class },
    ];
    kinds.into_iter().zip(1..).map(|(what, number)| order(number, what)).collect()
}

fn online() -> OnlineReport {
    let visit = OnlineVisit {
        visit: visit_id(),
        device: pseudonym(),
        sort: DeviceSort::Phone,
        seat: None,
        way: gapura_session::Way::Voucher,
        plan: "umum".parse().unwrap(),
        holder: Some(WireHolder::Voucher(Sha256::of(b"code"))),
        started: at(0),
        until: Some(at(7200)),
        ends_because: Some(EndCause::Closing),
        bytes_left: Some(ByteCount::new(640_000_000)),
        traffic: Traffic { up: ByteCount::new(1000), down: ByteCount::new(20_000) },
        speed: 3_100_000,
        slowed: false,
        class: None,
    };
    let block = BlockInForce {
        device: pseudonym(),
        reason: "mengganggu pengunjung lain".to_owned(),
        until: Some(at(86_400)),
        by_document: false,
    };
    OnlineReport {
        run: uuid::Builder::from_random_bytes([6; 16]).into_uuid(),
        seq: 1,
        full: true,
        at: at(60),
        clock: gapura_model::ClockTrust::Trusted,
        open: true,
        changes: Some(at(7200)),
        online: 1,
        visits: vec![visit],
        gone: vec![VisitId::from_random([2; 16])],
        blocks: Some(vec![block]),
    }
}

fn report() -> DeskReport {
    let id = |number: u8| OrderId::from_random([number; 16]);
    let done = OrderResult::Done { until: Some(at(9000)), count: 2, left_out: vec!["PC 02".to_owned()] };
    DeskReport {
        boot: batch().boot,
        outcomes: vec![
            OrderOutcome { id: id(1), at: at(1), result: done },
            OrderOutcome { id: id(2), at: at(2), result: OrderResult::Failed { why: NotDone::WouldNotHelp } },
        ],
        online: Some(online()),
        watched: true,
        wait_seconds: 25,
    }
}

#[test]
fn every_message_stands_as_it_stood() {
    golden("desk-report", &report());
    golden("desk-reply", &DeskReply { orders: orders(), watched: true, again: false });
}

#[test]
fn no_address_can_stand_in_a_report_and_none_is_too_long() {
    let text = serde_json::to_string(&report()).unwrap();
    assert!(!text.contains("02:00:5e") && text.contains("h1:2026-11:"));
    let with_mac = text.replace(&pseudonym().to_string(), "02:00:5e:10:00:01");
    assert!(serde_json::from_str::<DeskReport>(&with_mac).is_err());
    assert_eq!(report().problem(), None);
    let visits = vec![online().visits.remove(0); limits::ONLINE_ROWS + 1];
    let long = DeskReport { online: Some(OnlineReport { visits, ..online() }), ..report() };
    assert!(long.problem().unwrap().contains("1001 rows"));
    assert!(serde_json::to_vec(&long).unwrap().len() < limits::REQUEST_BYTES, "a full report fits a request");
    let outcomes = vec![report().outcomes.remove(0); limits::ORDERS + 1];
    assert!(DeskReport { outcomes, ..report() }.problem().is_some());
}

#[test]
fn a_newer_reason_or_sort_is_other() {
    let mut text = serde_json::to_value(report()).unwrap();
    text["outcomes"][1]["why"] = json!("moon");
    text["online"]["visits"][0]["sort"] = json!("watch");
    let read: DeskReport = serde_json::from_value(text).unwrap();
    assert_eq!(read.outcomes[1].result, OrderResult::Failed { why: NotDone::Other });
    assert_eq!(read.online.unwrap().visits[0].sort, DeviceSort::Other);
    assert_eq!(Uuid::nil().to_string().parse::<OrderId>().unwrap().to_string(), Uuid::nil().to_string());
}

/// Reads `text` as what is said at the desk.
pub(super) fn read_as_everything(text: &[u8]) {
    let _ = serde_json::from_slice::<DeskReport>(text).map(|report| report.problem());
    let _ = serde_json::from_slice::<DeskReply>(text);
}

proptest! {
    #[test]
    fn a_damaged_report_is_an_error_or_a_report(place in 0_usize..4000, byte in any::<u8>()) {
        let reply = DeskReply { orders: orders(), watched: true, again: false };
        for mut message in [serde_json::to_vec(&report()).unwrap(), serde_json::to_vec(&reply).unwrap()] {
            let place = place % message.len();
            message[place] = byte;
            read_as_everything(&message);
        }
    }
}
