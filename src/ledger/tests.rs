//! The ledger on real files: what survives, what is refused, what is written.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use gapura_model::{BootId, ByteCount, DeviceId, HolderId, MacAddr, Traffic, Uptime, VisitId};
use gapura_session::{
    Block, Emergency, EndCause, Ended, HolderBalance, Lent, Limit, Share, Terms, Used, VisitRecord, Voucher, Way,
};
use jiff::Timestamp;

use crate::*;

/// A directory of its own, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("gapura-ledger-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn file(&self) -> PathBuf {
        self.0.join("ledger.sqlite")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn now() -> Timestamp {
    "2026-01-05T00:00:00Z".parse().unwrap()
}

fn open(path: &Path) -> Ledger {
    Ledger::open(path, Options::default(), now()).unwrap().ledger
}

fn boot() -> BootId {
    "8d4a52e0-6cf0-4f2b-93a5-6a0b8e0cf001".parse().unwrap()
}

fn device(number: u16) -> DeviceId {
    let [high, low] = number.to_be_bytes();
    DeviceId { lan: "br-lan".parse().unwrap(), mac: MacAddr::new([2, 0, 0x5e, 0x10, high, low]) }
}

fn traffic(up: u64, down: u64) -> Traffic {
    Traffic { up: ByteCount::new(up), down: ByteCount::new(down) }
}

fn visit(number: u16) -> VisitRecord {
    let mut id = [0; 16];
    id[..2].copy_from_slice(&number.to_be_bytes());
    VisitRecord {
        id: VisitId::from_random(id),
        device: device(number),
        holder: HolderId::Voucher([7; 32]),
        way: Way::Voucher,
        plan: "umum".parse().unwrap(),
        voucher: Some(Voucher {
            plan: "umum".parse().unwrap(),
            use_time: Some(Duration::from_hours(1)),
            use_before: Some(now()),
            devices: None,
            revoked: false,
        }),
        terms: Some(Terms { version: "1".to_owned(), hash: "ab".to_owned() }),
        boot: boot(),
        started: now(),
        updated: now(),
        updated_up: Uptime::new(Duration::from_millis(5_000_001)),
        active_up: Uptime::new(Duration::from_secs(4_000)),
        used: Duration::from_secs(99),
        silent: Duration::from_secs(1),
        frozen: true,
        traffic: traffic(1, 2),
        staff_time: Some(Duration::from_secs(5)),
        extra_time: Duration::from_secs(6),
        extra_bytes: ByteCount::new(8),
        extended: 1,
        slowed: true,
        ended: None,
    }
}

fn balance(holder: HolderId) -> HolderBalance {
    let mut balance = HolderBalance::new(holder, boot(), Uptime::new(Duration::from_secs(9)));
    balance.day = Some("2026-01-05".parse().unwrap());
    balance.day_used = Used { time: Duration::from_secs(3), traffic: traffic(3, 4) };
    balance.month_used = Used { time: Duration::from_secs(5), traffic: traffic(5, 6) };
    balance.time_used = Duration::from_secs(7);
    balance.added_today = Duration::from_secs(11);
    balance.added = Duration::from_secs(12);
    balance.first_used = Some(now());
    balance.paused_until = Some(now());
    balance.running = true;
    balance.uncovered = Duration::from_secs(2);
    if matches!(balance.holder, HolderId::Voucher(_)) {
        let share = Share::from_iter([(Limit::DayBytes, Some(1_000))]);
        balance.lent = Some(Lent { number: 3, share: share.clone(), given: Some(share) });
    }
    balance
}

fn message(subject: &str, body: &str) -> Entry {
    Entry::Outbox { subject: Some(subject.to_owned()), body: body.as_bytes().to_vec() }
}

fn bodies(ledger: &Ledger) -> Vec<String> {
    ledger.outbox(0, 100).unwrap().into_iter().map(|item| String::from_utf8(item.body).unwrap()).collect()
}

#[test]
fn what_was_committed_is_there_after_opening_again() {
    let place = Folder::new("again");
    let spot = Place { slot: 0x10, generation: 3, reading: traffic(100, 200) };
    let holders = [HolderId::Voucher([7; 32]), HolderId::Account("andi".parse().unwrap()), HolderId::Device(device(1))];
    let blocks = BTreeMap::from([(device(4).mac, Block { reason: "gangguan".to_owned(), until: Some(now()) })]);
    let emergency =
        Emergency { until: Uptime::new(Duration::from_secs(77)), by: "Sitti".to_owned(), reason: "gempa".to_owned() };
    let basis = Some((Uptime::new(Duration::from_secs(1)), now()));
    let verifier = Verifier { phc: "$argon2id$x".to_owned(), plan: "umum".parse().unwrap(), expires: now() };
    let mut entries = vec![
        Entry::Visit { record: Box::new(visit(1)), place: Some(spot) },
        Entry::Visit { record: Box::new(visit(2)), place: None },
        Entry::Redemption { voucher: [7; 32], at: now() },
        Entry::Token { token: [9; 32], at: now() },
        Entry::Setting { name: settings::BOOT, value: Some(boot().to_string()) },
        Entry::Blocks(blocks.clone()),
        Entry::Emergency(Some(emergency.clone())),
        Entry::ClockBasis(basis),
        Entry::Verifier { account: "andi".parse().unwrap(), verifier: verifier.clone() },
        Entry::Terms { visit: visit(1).id, at: now(), terms: visit(1).terms.unwrap() },
    ];
    entries.extend(holders.iter().cloned().map(balance).map(Box::new).map(Entry::Balance));
    open(&place.file()).commit(&entries, true).unwrap();

    // A later record without a place keeps the place.
    let later = VisitRecord { traffic: traffic(9, 9), ..visit(1) };
    open(&place.file()).commit(&[Entry::Visit { record: Box::new(later.clone()), place: None }], false).unwrap();

    let mut ledger = open(&place.file());
    let restart = ledger.restart(boot()).unwrap();
    assert_eq!(restart.session.visits, [later, visit(2)]);
    assert_eq!(restart.places, BTreeMap::from([(visit(1).id, spot)]));
    assert_eq!(restart.session.balances.len(), 3);
    assert_eq!((restart.session.blocks, restart.session.emergency), (blocks, Some(emergency)));
    assert_eq!(restart.session.clock_basis, basis);
    for holder in holders {
        assert_eq!(ledger.balance(&holder).unwrap(), Some(balance(holder)));
    }
    assert_eq!(ledger.redeemed(&[7; 32]).unwrap(), Some(now()));
    assert_eq!(ledger.redeemed(&[8; 32]).unwrap(), None);
    assert_eq!(ledger.token_used(&[9; 32]).unwrap(), Some(now()));
    assert_eq!(ledger.token_used(&[7; 32]).unwrap(), None, "a code is no token");
    let account = "andi".parse().unwrap();
    let before = "2026-01-04T00:00:00Z".parse().unwrap();
    assert_eq!(ledger.verifier(&account, before).unwrap(), Some(verifier));
    assert_eq!(ledger.verifier(&account, now()).unwrap(), None);

    let other: BootId = "8d4a52e0-6cf0-4f2b-93a5-6a0b8e0cf002".parse().unwrap();
    let elsewhere = ledger.restart(other).unwrap();
    assert!(
        elsewhere.places.is_empty() && elsewhere.session.emergency.is_none() && elsewhere.session.clock_basis.is_none()
    );

    let ended = VisitRecord { ended: Some(Ended { at: now(), cause: EndCause::LoggedOut }), ..visit(1) };
    ledger.commit(&[Entry::Visit { record: Box::new(ended), place: None }], false).unwrap();
    assert_eq!(ledger.restart(boot()).unwrap().session.visits, [visit(2)]);
}

#[test]
fn the_outbox_keeps_the_newest_of_a_visit_in_order_and_confirms_by_number() {
    let place = Folder::new("outbox");
    let mut ledger = open(&place.file());
    ledger.commit(&[message("a", "a1"), message("b", "b1"), message("a", "a2")], false).unwrap();
    assert_eq!((bodies(&ledger), ledger.outbox_len()), (vec!["b1".to_owned(), "a2".to_owned()], 2));
    let sent = ledger.outbox(0, 100).unwrap();
    ledger.commit(&[message("b", "b2")], false).unwrap();
    assert_eq!(ledger.outbox_sent(sent.last().unwrap().seq).unwrap(), 1);
    assert_eq!(bodies(&ledger), ["b2"]);
    let seq = ledger.outbox(0, 1).unwrap()[0].seq;
    assert!(seq > sent.last().unwrap().seq);
    ledger.outbox_sent(seq).unwrap();
    drop(ledger);
    let mut ledger = open(&place.file());
    ledger.commit(&[message("c", "c1")], false).unwrap();
    assert!(ledger.outbox(0, 1).unwrap()[0].seq > seq, "no number is given twice, though the outbox was empty");
}

#[test]
fn a_postponed_message_goes_behind_all_others_unless_a_newer_one_took_its_place() {
    let place = Folder::new("postponed");
    let mut ledger = open(&place.file());
    ledger.commit(&[message("a", "a1"), message("b", "b1"), message("c", "c1")], false).unwrap();
    let first = ledger.outbox(0, 1).unwrap()[0].seq;
    assert!(ledger.outbox_postpone(first).unwrap());
    assert_eq!((bodies(&ledger), ledger.outbox_len()), (vec!["b1".to_owned(), "c1".to_owned(), "a1".to_owned()], 3));
    assert!(!ledger.outbox_postpone(first).unwrap(), "that number is gone");
    ledger.commit(&[message("a", "a2")], false).unwrap();
    assert_eq!((bodies(&ledger), ledger.outbox_len()), (vec!["b1".to_owned(), "c1".to_owned(), "a2".to_owned()], 3));
}

#[test]
fn the_outbox_is_bounded_and_counts_what_it_drops() {
    let place = Folder::new("bounded");
    let options = Options { most_outbox: 3, ..Options::default() };
    let mut ledger = Ledger::open(&place.file(), options, now()).unwrap().ledger;
    for number in 0..5 {
        ledger.commit(&[message(&number.to_string(), &number.to_string())], false).unwrap();
    }
    assert_eq!((bodies(&ledger), ledger.writes().dropped), (vec!["2".to_owned(), "3".to_owned(), "4".to_owned()], 2));
    drop(ledger);
    assert_eq!(Ledger::open(&place.file(), options, now()).unwrap().ledger.writes().dropped, 2);
}

#[test]
fn a_damaged_file_is_set_aside_and_its_numbers_are_not_used_again() {
    for damage in ["header", "middle"] {
        let place = Folder::new(&format!("damaged-{damage}"));
        let mut ledger = open(&place.file());
        let many: Vec<Entry> = (0..500).map(|n| message(&n.to_string(), &"x".repeat(500))).collect();
        ledger.commit(&many, true).unwrap();
        let last = ledger.outbox(0, 1000).unwrap().last().unwrap().seq;
        drop(ledger);
        let mut bytes = std::fs::read(place.file()).unwrap();
        let range = if damage == "header" { 0..100 } else { 4096..bytes.len() - 4096 };
        bytes[range].fill(0x55);
        std::fs::write(place.file(), bytes).unwrap();
        let later = "2026-01-05T00:00:01Z".parse().unwrap();
        let mut opened = Ledger::open(&place.file(), Options::default(), later).unwrap();
        let aside = opened.set_aside.expect(damage);
        assert!(aside.exists() && opened.is_new);
        opened.ledger.commit(&[message("a", "a")], true).unwrap();
        assert!(opened.ledger.outbox(0, 1).unwrap()[0].seq > last);
    }
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let place = Folder::new("newer");
    open(&place.file()).connection.pragma_update(None, "user_version", 99).unwrap();
    let error = Ledger::open(&place.file(), Options::default(), now()).unwrap_err();
    assert_eq!(error.id(), "ledger-newer");
    assert!(error.to_string().contains("upgrade"), "{error}");
}

#[test]
fn a_full_a_locked_and_a_read_only_ledger_say_so_and_keep_what_they_have() {
    let place = Folder::new("refuse");
    let mut ledger = open(&place.file());
    ledger.commit(&[message("a", "a")], true).unwrap();

    ledger.connection.pragma_update_and_check(None, "max_page_count", 30, |_| Ok(())).unwrap();
    let big = Entry::Outbox { subject: None, body: vec![0; 200_000] };
    assert_eq!(ledger.commit(&[message("b", "b"), big], true).unwrap_err().id(), "ledger-full");
    assert_eq!((bodies(&ledger), ledger.outbox_len()), (vec!["a".to_owned()], 1));

    ledger.connection.busy_timeout(Duration::from_millis(1)).unwrap();
    let other = rusqlite::Connection::open(place.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(ledger.commit(&[message("b", "b")], false).unwrap_err().id(), "ledger-busy");
    other.execute_batch("ROLLBACK").unwrap();

    ledger.connection.pragma_update(None, "query_only", true).unwrap();
    assert_eq!(ledger.commit(&[message("b", "b")], false).unwrap_err().id(), "ledger-read-only");
    ledger.connection.pragma_update(None, "query_only", false).unwrap();
    ledger.commit(&[message("b", "b")], false).unwrap();
    assert_eq!(bodies(&ledger), ["a", "b"]);

    let nowhere = Ledger::open(Path::new("/proc/no/ledger"), Options::default(), now()).unwrap_err();
    assert_eq!(nowhere.id(), "ledger-open");
}

const CHILD: &str = "GAPURA_LEDGER_TEST_FILE";

/// What [`killed_in_the_middle_nothing_said_to_be_kept_is_lost`] starts as a process of its own.
#[test]
fn writer() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let mut ledger = open(Path::new(&path));
    for number in 0..u32::MAX {
        let mut voucher = [0; 32];
        voucher[..4].copy_from_slice(&number.to_be_bytes());
        let balance = balance(HolderId::Voucher(voucher));
        let entries = [Entry::Redemption { voucher, at: now() }, Entry::Balance(Box::new(balance))];
        ledger.commit(&entries, number % 4 == 0).unwrap();
        println!("kept {number}");
    }
}

#[test]
fn killed_in_the_middle_nothing_said_to_be_kept_is_lost() {
    let place = Folder::new("killed");
    for round in 1..=3_u32 {
        let path = place.0.join(format!("{round}.sqlite"));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["tests::writer", "--exact", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut kept = 0;
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let numbers =
            lines.filter_map(|line| line.rsplit_once("kept ").and_then(|(_, number)| number.parse::<u32>().ok()));
        for number in numbers.take_while(|number| *number < 100 * round) {
            kept = number;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let opened = Ledger::open(&path, Options::default(), now()).unwrap();
        assert!(opened.set_aside.is_none() && kept > 0);
        for number in 0..kept + 50 {
            let mut voucher = [0; 32];
            voucher[..4].copy_from_slice(&number.to_be_bytes());
            let redeemed = opened.ledger.redeemed(&voucher).unwrap().is_some();
            assert!(redeemed || number > kept, "{number} of {kept}");
            let balance = opened.ledger.balance(&HolderId::Voucher(voucher)).unwrap();
            assert_eq!(balance.is_some(), redeemed, "all of a group or none");
        }
    }
}

/// Flash: a minute of a busy site is one transaction, written once into the log; the log is written in place, and copied
/// into the file once per 1,000 pages.
#[test]
fn a_minute_of_a_thousand_visits_is_one_small_write() {
    let place = Folder::new("flash");
    let mut ledger = open(&place.file());
    let minute = |ledger: &mut Ledger, minute: u64| {
        let mut entries = Vec::new();
        for number in 0..1000 {
            let record = VisitRecord { traffic: traffic(minute, minute), ..visit(number) };
            entries.push(message(
                &record.id.to_string(),
                "one visit's cumulative record, pseudonymous, about two hundred bytes",
            ));
            entries.push(Entry::Visit { record: Box::new(record), place: None });
        }
        ledger.commit(&entries, false).unwrap();
    };
    for number in 0..10 {
        minute(&mut ledger, number);
    }
    assert_eq!((ledger.writes().commits, ledger.writes().durable, ledger.outbox_len()), (10, 0, 1000));
    let frames: u64 = std::fs::metadata(place.0.join("ledger.sqlite-wal")).unwrap().len() / 4120;
    let size = std::fs::metadata(place.file()).unwrap().len() / 4096;
    assert!(frames < 2000 && size < 400, "{frames} frames in the log, {size} pages in the file");
}

#[test]
fn every_statement_is_listed_and_can_be_prepared() {
    let place = Folder::new("sql");
    let ledger = open(&place.file());
    for (name, text) in sql::ALL {
        ledger.connection.prepare(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let listed: BTreeSet<&str> = sql::ALL.iter().map(|(name, _)| *name).collect();
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/sql")).unwrap();
    let files: BTreeSet<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(files.iter().map(String::as_str).eq(listed.iter().copied()), "{files:?} {listed:?}");
}

#[test]
fn every_column_that_can_hold_text_says_whether_it_is_personal() {
    let place = Folder::new("privacy");
    let ledger = open(&place.file());
    let listing = "SELECT m.name, c.name, c.type FROM sqlite_schema m, pragma_table_info(m.name) c \
                   WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'";
    let mut statement = ledger.connection.prepare(listing).unwrap();
    let columns: BTreeSet<(String, String)> = statement
        .query_map((), |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .filter(|(.., kind)| kind != "INTEGER")
        .map(|(table, column, _)| (table, column))
        .collect();
    let personal = privacy_columns().iter().map(|column| (column.table, column.column));
    let listed: BTreeSet<(String, String)> = personal
        .chain(privacy::HARMLESS.iter().copied())
        .map(|(table, column)| (table.to_owned(), column.to_owned()))
        .collect();
    assert_eq!(columns, listed);
}

#[test]
fn what_had_its_time_is_destroyed() {
    let place = Folder::new("prune");
    let mut ledger = open(&place.file());
    let mut device_balance = balance(HolderId::Device(device(1)));
    device_balance.running = false;
    let voucher_balance = HolderBalance { running: false, ..balance(HolderId::Voucher([7; 32])) };
    let event =
        AuditEvent { at: now(), actor: "Sitti".to_owned(), action: "kick".to_owned(), detail: "tutup".to_owned() };
    let verifier = Verifier { phc: String::new(), plan: "umum".parse().unwrap(), expires: now() };
    let entries = [
        Entry::Balance(Box::new(device_balance)),
        Entry::Balance(Box::new(voucher_balance)),
        Entry::Audit(event.clone()),
        Entry::Verifier { account: "andi".parse().unwrap(), verifier },
    ];
    ledger.commit(&entries, false).unwrap();
    assert_eq!(ledger.audit(0, 10).unwrap(), [(1, event)]);
    let later = "2026-04-01T00:00:00Z".parse().unwrap();
    assert_eq!(ledger.prune(later, Duration::from_hours(30 * 24)).unwrap(), 3);
    assert_eq!(ledger.balance(&HolderId::Device(device(1))).unwrap(), None);
    assert!(ledger.balance(&HolderId::Voucher([7; 32])).unwrap().is_some());
}

#[test]
fn an_order_is_kept_once_and_told_until_the_controller_has_its_outcome() {
    let place = Folder::new("orders");
    let mut ledger = open(&place.file());
    let order = |id: &str, at: i64| Entry::Order {
        id: id.to_owned(),
        document: format!("order {id}"),
        at: Timestamp::from_second(now().as_second() + at).unwrap(),
    };
    let done = |id: &str, outcome: &str| Entry::OrderDone { id: id.to_owned(), outcome: outcome.to_owned() };
    let told = |id: &str, outcome: &str| Entry::OrderTold { id: id.to_owned(), outcome: outcome.to_owned() };
    ledger.commit(&[order("b", 1), order("a", 2), order("b", 9)], true).unwrap();
    let both = [("b", "order b"), ("a", "order a")].map(|(id, order)| (id.to_owned(), order.to_owned()));
    assert_eq!(ledger.orders_open(10).unwrap(), both, "in the order in which they came, each once");
    assert!(ledger.knows_order("a").unwrap() && !ledger.knows_order("c").unwrap());
    ledger.commit(&[done("b", "done")], false).unwrap();
    drop(ledger);

    let mut ledger = open(&place.file());
    assert_eq!(ledger.orders_open(10).unwrap(), both[1..]);
    assert_eq!(ledger.orders_untold(10).unwrap(), [("b".to_owned(), "done".to_owned())]);
    // The kernel refused after all: what was told before is not what is to be told now.
    ledger.commit(&[done("b", "refused"), told("b", "done")], false).unwrap();
    assert_eq!(ledger.orders_untold(10).unwrap(), [("b".to_owned(), "refused".to_owned())]);
    ledger.commit(&[told("b", "refused"), order("b", 20)], false).unwrap();
    assert_eq!((ledger.orders_untold(10).unwrap().len(), ledger.orders_open(10).unwrap().len()), (0, 1));

    let later = |days: i64| Timestamp::from_second(now().as_second() + days * 86_400).unwrap();
    ledger.prune(later(30), Duration::MAX).unwrap();
    assert!(ledger.knows_order("b").unwrap());
    ledger.prune(later(32), Duration::MAX).unwrap();
    assert!(!ledger.knows_order("b").unwrap() && ledger.knows_order("a").unwrap(), "what is not done stays");
}

#[test]
fn a_sort_of_device_is_known_as_long_as_its_visit() {
    use gapura_model::DeviceSort;
    let place = Folder::new("sorts");
    let mut ledger = open(&place.file());
    let kept = |number| Entry::Visit { record: Box::new(visit(number)), place: None };
    let sort = |number, sort| Entry::Sort { visit: visit(number).id, sort };
    let entries =
        [kept(1), kept(2), sort(1, DeviceSort::Laptop), sort(1, DeviceSort::Phone), sort(2, DeviceSort::Tablet)];
    ledger.commit(&entries, false).unwrap();
    assert_eq!(ledger.sorts().unwrap(), [(visit(1).id, DeviceSort::Phone), (visit(2).id, DeviceSort::Tablet)].into());
    let ended = Some(Ended { at: now(), cause: EndCause::LoggedOut });
    let over = Entry::Visit { record: Box::new(VisitRecord { ended, ..visit(1) }), place: None };
    ledger.commit(&[over], false).unwrap();
    let left: i64 = ledger.connection.query_row("SELECT count(*) FROM visit_sort", (), |row| row.get(0)).unwrap();
    assert_eq!((left, ledger.sorts().unwrap().len()), (1, 1));
}

#[test]
fn what_ports_a_visit_had_is_known_while_they_rest() {
    let place = Folder::new("nat");
    let mut ledger = open(&place.file());
    let nat = |number, ended| Entry::Nat { visit: visit(number).id, document: Some("{}".to_owned()), ended };
    ledger.commit(&[nat(1, None), nat(2, None), nat(3, None), nat(1, Some(now()))], false).unwrap();
    let gone = Entry::Nat { visit: visit(3).id, document: None, ended: None };
    ledger.commit(&[gone], false).unwrap();
    let kept = |number, ended| (visit(number).id, "{}".to_owned(), ended);
    assert_eq!(ledger.nat().unwrap(), [kept(1, Some(now())), kept(2, None)]);
    let later = now().checked_add(jiff::SignedDuration::from_hours(25)).unwrap();
    ledger.prune(later, Duration::MAX).unwrap();
    assert_eq!(ledger.nat().unwrap(), [kept(2, None)], "one that runs stays");
}
