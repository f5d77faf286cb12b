//! What the store promises, on both databases.

use std::collections::BTreeSet;
use std::path::PathBuf;

use gapura_model::SiteId;
use jiff::Timestamp;

use super::*;
use crate::sql;
use crate::tx::{args, row};

mod bundle;
mod desk;
mod filter;
mod parts;
mod print;
mod request;
mod rollup;
mod snapshot;

#[path = "../../tests/support/postgres.rs"]
mod postgres;

/// A fresh SQLite database in a directory of its own.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gapura-store-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn address(&self) -> String {
        format!("sqlite:{}", self.0.join("controller.db").display())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs `story` on a fresh database of either kind.
async fn on_both<F: Future<Output = ()>>(name: &str, story: impl Fn(Store) -> F) {
    let directory = Directory::new(name);
    let store = Store::open(&directory.address()).await.unwrap();
    story(store.clone()).await;
    store.close().await;
    let database = postgres::database();
    let store = Store::open(&database.address).await.unwrap();
    story(store.clone()).await;
    store.close().await;
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn visit(revision: i64, bytes_down: i64) -> VisitRow {
    VisitRow {
        site: "galeri".to_owned(),
        visit: "0d5c7f6e-0000-4000-8000-000000000001".to_owned(),
        gateway: "gw-1".to_owned(),
        revision,
        device: "h1:2026-11:00".to_owned(),
        device_local: 1,
        holder: None,
        way: "one-tap".to_owned(),
        terms: Some("1".to_owned()),
        terms_sha256: None,
        plan: "umum".to_owned(),
        generation: 3,
        started: millis(at(0)),
        clock: "trusted".to_owned(),
        told: millis(at(revision)),
        bytes_up: 1,
        bytes_down,
        seconds: 60,
        ended: None,
        address: None,
        nat: None,
        cause: None,
    }
}

const ALL_TIME: Span = Span { from: Timestamp::UNIX_EPOCH, until: Timestamp::MAX, site: None, limit: 100 };

#[tokio::test]
async fn every_statement_is_prepared_by_both() {
    use sqlx::{Connection as _, Executor as _, SqlSafeStr as _};
    let listed: BTreeSet<&str> = sql::ALL.iter().map(|sql| sql.name).collect();
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/sql");
    let files = std::fs::read_dir(here).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = files.map(|file| file.trim_end_matches(".sql").to_owned()).collect();
    assert_eq!(files.iter().map(String::as_str).collect::<BTreeSet<_>>(), listed);

    let (directory, database) = (Directory::new("prepare"), postgres::database());
    Store::open(&directory.address()).await.unwrap().close().await;
    Store::open(&database.address).await.unwrap().close().await;
    let mut lite = sqlx::SqliteConnection::connect(&directory.address()).await.unwrap();
    let mut post = sqlx::PgConnection::connect(&database.address).await.unwrap();
    for sql in sql::ALL {
        if !sql::OF_POSTGRES.contains(&sql.name) {
            (&mut lite).prepare(sql.text.into_sql_str()).await.unwrap_or_else(|e| panic!("SQLite, {}: {e}", sql.name));
        }
        if !sql::OF_SQLITE.contains(&sql.name) {
            let prepared = (&mut post).prepare(sql.text.into_sql_str()).await;
            prepared.unwrap_or_else(|e| panic!("PostgreSQL, {}: {e}", sql.name));
        }
    }
}

row! {
    /// A column of a table.
    pub(crate) Column {
        /// The table.
        in_table: String,
        /// The column.
        name: String,
        /// Its type, and whether it may be NULL.
        kind: String,
        /// `YES` or `NO`.
        nullable: String,
    }
}

/// Columns of text or blobs that never hold an address or a name: pseudonyms, hashes, keys, numbers and names of things.
const HARMLESS: &[&str] = &[
    "account.verifier account.plan account.site",
    "alert.id alert.kind alert.site alert.object alert.detail alert_message.id alert_message.channel",
    "alert_message.document alert_message.trouble",
    "appeal.site appeal.reference appeal.gateway appeal.subject appeal.sop appeal.clause appeal.explanation",
    "appeal.verdict appeal.words appeal.until",
    "audit.action audit.prev audit.hash",
    "audit_anchor.hash audit_anchor.document",
    "backup.file balance.site",
    "bundle.site bundle.content_hash",
    "calendar.name calendar.document certificate.fingerprint certificate.gateway",
    "decree.sha256",
    "duty.name duty.holder",
    "desk_class.site desk_class.id desk_order.site desk_order.id desk_order.kind desk_order.visit desk_order.state",
    "desk_order.outcome desk_seat.site desk_seat.seat desk_ticket.site desk_ticket.day desk_ticket.state desk_ticket.seat",
    "desk_view.site",
    "enrolment.code_hash enrolment.site enrolment.replaces enrolment.state enrolment.csr_key enrolment.csr_pem",
    "enrolment.version enrolment.gateway enrolment.certificate_pem",
    "epoch_key.regency epoch_key.epoch epoch_key.secret",
    "faq.site faq.document",
    "form_done.site form_done.form form_done.result",
    "filter_count.site filter_count.gateway filter_count.run filter_count.sop filter_count.clause filter_count.list",
    "filter_index.root filter_index.document filter_list.id",
    "gateway.id gateway.site",
    "gateway_report.site gateway_report.gateway gateway_report.heartbeat gateway_report.verdict gateway_report.detail",
    "gateway_state.site gateway_state.gateway gateway_state.state",
    "lending.id lending.of_group lending.document",
    "month_figure.site month_figure.month month_figure.document month_figure.reason",
    "month_hidden.month month_hidden.document",
    "month_plan.site month_plan.month month_plan.document",
    "outage.site outage.id outage.gateway outage.kind",
    "person.lang person.verifier person.totp person_grant.role person_grant.scope",
    "plan.id plan.document",
    "recall.site recall.tag",
    "recovery_code.hash",
    "request.site request.reference request.gateway request.origin request.topic request.state request.desk request.agency",
    "request_export.receiver request_export.trouble",
    "request_step.site request_step.reference request_step.kind request_step.agency",
    "setting_group.level setting_group.name setting_group.document setting_member.site setting_member.of_group",
    "site.id site.voucher_key site_place.site site_place.place",
    "sop.layer sop.of_place sop.number sop.title sop.state sop.sha256 sop.review_by sop.decree sop.trial",
    "sop_rollout.state sop_rollout.former sop_rollout.rules sop_rollout.cause",
    "sop_rollout_site.site sop_rollout_site.seen",
    "staff_session.hash staff_session.stage staff_session.pending",
    "tally.site tally.id tally.gateway tally.name terms.version terms.document",
    "trial_report.site trial_report.gateway trial_report.trial trial_report.document",
    "unread_record.site unread_record.gateway unread_record.sha256 unread_record.document",
    "usage_hour.site wall_screen.id wall_screen.hash wall_screen.scope",
    "usage_batch.site usage_batch.gateway usage_batch.boot usage_batch.sha256",
    "usage_next.site usage_next.gateway usage_next.boot",
    "visit.site visit.visit visit.gateway visit.device visit.holder visit.way visit.terms visit.terms_sha256 visit.plan",
    "visit.clock visit.cause",
    "voucher.site voucher.tag voucher.plan voucher.batch voucher.lending voucher.share voucher.token voucher.sealed",
    "voucher_batch.site voucher_batch.batch voucher_batch.form voucher_batch.preset",
    "voucher_preset.id voucher_preset.document",
    "visit.address visit.nat destruction.kind destruction.epoch_keys",
    "record_hold.first_month record_hold.last_month record_hold.state lookup.kind lookup.place lookup.state",
    "voucher_group.name voucher_group_site.of_group voucher_group_site.site",
];

fn every_text_says_whether_it_is_personal(columns: &[Column]) {
    let columns = columns.iter().filter(|column| column.kind != "bigint");
    let columns: BTreeSet<String> = columns.map(|column| format!("{}.{}", column.in_table, column.name)).collect();
    let personal = privacy_columns().iter().map(|column| format!("{}.{}", column.table, column.column));
    let harmless = HARMLESS.iter().flat_map(|line| line.split(' ')).map(str::to_owned);
    let listed: BTreeSet<String> = personal.chain(harmless).collect();
    let missing: Vec<_> = columns.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&columns).collect();
    assert!(missing.is_empty() && gone.is_empty(), "in no list: {missing:?}; not there: {gone:?}");
}

#[tokio::test]
async fn both_databases_have_the_same_tables() {
    const LITE: sql::Sql = sql::Sql {
        name: "columns of SQLite",
        text: "SELECT m.name AS in_table, c.name AS name, \
               CASE c.type WHEN 'INTEGER' THEN 'bigint' WHEN 'BLOB' THEN 'bytea' ELSE lower(c.type) END AS kind, \
               CASE c.\"notnull\" WHEN 1 THEN 'NO' ELSE 'YES' END AS nullable \
               FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
               WHERE m.type = 'table' AND m.name NOT LIKE '\\_%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%' ORDER BY 1, 2",
    };
    const POST: sql::Sql = sql::Sql {
        name: "columns of PostgreSQL",
        text: "SELECT CAST(table_name AS TEXT) AS in_table, CAST(column_name AS TEXT) AS name, \
               CAST(data_type AS TEXT) AS kind, CAST(is_nullable AS TEXT) AS nullable \
               FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_%' ORDER BY 1, 2",
    };
    let (directory, database) = (Directory::new("columns"), postgres::database());
    let lite = Store::open(&directory.address()).await.unwrap();
    let post = Store::open(&database.address).await.unwrap();
    let lite: Vec<Column> = lite.read().await.unwrap().rows(LITE, args![]).await.unwrap();
    let post: Vec<Column> = post.read().await.unwrap().rows(POST, args![]).await.unwrap();
    assert!(lite.len() > 100, "{}", lite.len());
    every_text_says_whether_it_is_personal(&lite);
    assert_eq!(lite, post);
    let names = |texts: &[(i64, &'static str, &str)]| texts.iter().map(|text| (text.0, text.1)).collect::<Vec<_>>();
    assert_eq!(names(crate::open::SQLITE), names(crate::open::POSTGRES));
}

#[tokio::test]
async fn opening_again_keeps_everything_and_nothing_is_kept_without_commit() {
    let (directory, database) = (Directory::new("again"), postgres::database());
    for address in [directory.address(), database.address.clone()] {
        let store = Store::open(&address).await.unwrap();
        let (site, plan) = ("galeri".parse().unwrap(), "umum".parse().unwrap());
        let mut tx = store.write().await.unwrap();
        tx.put_site(&site, "{}", &[1; 32], at(0)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = store.write().await.unwrap();
        tx.put_plan(&plan, "{}", at(0)).await.unwrap();
        drop(tx);
        store.close().await;
        let store = Store::open(&address).await.unwrap();
        let mut tx = store.write().await.unwrap();
        tx.put_site(&site, "{\"a\":1}", &[2; 32], at(1)).await.unwrap();
        let kept = tx.site(&site).await.unwrap().unwrap();
        assert_eq!((kept.document.as_str(), kept.voucher_key), ("{\"a\":1}", vec![1; 32]), "the key stays");
        assert!(tx.plans().await.unwrap().is_empty());
        tx.commit().await.unwrap();
        store.close().await;
    }
    assert!(matches!(Store::open("mysql://x").await, Err(StoreError::Address(_))));
    assert!(matches!(Store::open("sqlite:/nowhere/at/all.db").await, Err(StoreError::Open { .. })));
}

#[tokio::test]
async fn a_visit_told_again_counts_once_and_never_goes_back() {
    on_both("visit", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        assert!(tx.put_visit(&visit(1, 10)).await.unwrap());
        assert!(tx.put_visit(&visit(3, 30)).await.unwrap());
        assert!(!tx.put_visit(&visit(2, 20)).await.unwrap(), "late");
        assert!(!tx.put_visit(&visit(3, 99)).await.unwrap(), "repeated");
        let all = tx.visits(&ALL_TIME).await.unwrap();
        assert_eq!(all, [visit(3, 30)]);
        let sums = tx.visit_sums(&ALL_TIME).await.unwrap();
        assert_eq!((sums.len(), sums[0].visits, sums[0].bytes_down, sums[0].running), (1, 1, 30, 1));
        let elsewhere = Span { site: Some("lain".parse().unwrap()), ..ALL_TIME };
        assert!(tx.visits(&elsewhere).await.unwrap().is_empty());
        let later = Span { from: at(1), ..ALL_TIME };
        assert!(tx.visits(&later).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_next_batch_is_the_lowest_missing_one() {
    on_both("batch", async |store: Store| {
        let name = |boot, seq| ("galeri", "gw-1", boot, seq);
        let mut tx = store.write().await.unwrap();
        for (seq, next) in [(2, 1), (3, 1), (1, 4), (6, 4), (1, 4), (4, 5), (5, 7)] {
            tx.add_batches(&[(name("boot", seq), [7; 32])], 0).await.unwrap();
            assert_eq!(tx.next_batch(name("boot", 1)).await.unwrap(), next, "after {seq}");
        }
        // From a number on that is known to be there, the same.
        assert_eq!(tx.next_batch(name("boot", 4)).await.unwrap(), 7);
        assert_eq!(tx.next_batch(name("another", 1)).await.unwrap(), 1);
        tx.add_batches(&[(name("boot", 1), [9; 32]), (name("boot", 9), [9; 32])], 0).await.unwrap();
        tx.put_next_batches(&[name("boot", 7)]).await.unwrap();
        tx.put_next_batches(&[name("boot", 5)]).await.unwrap();
        let names: Vec<_> =
            [1, 5, 6, 7, 9].map(|seq| name("boot", seq)).into_iter().chain([name("another", 1)]).collect();
        let mut known = tx.batches(&names).await.unwrap();
        known.sort_by_key(|row| (row.next, row.seq));
        let known =
            known.iter().map(|row| (row.seq, row.sha256.as_deref().map(|hash| hash[0]), row.next, row.followed));
        let expected = [
            (1, None, None, 0),
            (1, Some(7), Some(7), 1),
            (5, Some(7), Some(7), 1),
            (6, Some(7), Some(7), 0),
            (7, None, Some(7), 0),
            (9, Some(9), Some(7), 0),
        ];
        assert_eq!(known.collect::<Vec<_>>(), expected, "the first hash stays, and no number goes back");
        // The run goes on: what all came before of long ago goes, and what is behind the gap stays.
        tx.add_batches(&[(name("boot", 10), [9; 32])], 100).await.unwrap();
        assert_eq!(tx.prune_batches(crate::timestamp(50)).await.unwrap(), 6);
        tx.add_batches(&[(name("boot", 7), [9; 32]), (name("boot", 8), [9; 32])], 100).await.unwrap();
        assert_eq!(tx.next_batch(name("boot", 7)).await.unwrap(), 11);
        // It is over.
        assert_eq!(tx.prune_batches(crate::timestamp(101)).await.unwrap(), 4);
    })
    .await;
}

#[tokio::test]
async fn the_audit_log_shows_what_was_changed_in_it() {
    on_both("audit", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        for reason in ["satu", "dua", "tiga"] {
            let entry =
                AuditEntry { actor: "root", action: "plan-set", object: "plan/umum", before: "", after: "{}", reason };
            tx.audit(entry, at(0)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let rows = store.read().await.unwrap().audit_rows(0, 100).await.unwrap();
        let start = (0, [0; 32]);
        let (end, _) = AuditRow::verify_chain(&rows, start).unwrap();
        assert_eq!(end, 3);
        let (first, rest) = rows.split_at(1);
        let middle = AuditRow::verify_chain(first, start).unwrap();
        assert!(AuditRow::verify_chain(rest, middle).is_ok(), "page by page");
        assert_eq!(AuditRow::verify_chain(rest, start), Err(ChainError::Missing(1)));
        let mut changed = rows.clone();
        changed[1].after.push(' ');
        assert_eq!(AuditRow::verify_chain(&changed, start), Err(ChainError::Changed(2)));
    })
    .await;
}

#[tokio::test]
async fn a_generation_is_published_once_and_seen_by_other_connections() {
    on_both("bundle", async |store: Store| {
        let (site, other) = ("galeri".parse().unwrap(), "plik".parse().unwrap());
        let new = |site: &SiteId, number: u64| NewBundle {
            site: site.clone(),
            generation: gapura_model::Generation::new(number),
            content_hash: [1; 32],
            signed: b"signed".to_vec(),
        };
        let before = store.publication().await.unwrap();
        let mut tx = store.write().await.unwrap();
        tx.put_site(&site, "{}", &[1; 32], at(0)).await.unwrap();
        tx.put_site(&other, "{}", &[1; 32], at(0)).await.unwrap();
        tx.add_bundles(&[new(&site, 1), new(&other, 1)], at(0)).await.unwrap();
        assert_eq!(store.publication().await.unwrap(), before, "not before the commit");
        tx.commit().await.unwrap();
        assert_eq!(store.publication().await.unwrap(), before + 1, "once for all of them");
        let mut tx = store.write().await.unwrap();
        tx.add_bundles(&[new(&site, 2)], at(0)).await.unwrap();
        tx.commit().await.unwrap();
        let since = async |number| {
            let rows = store.published_since(number).await.unwrap();
            let mut rows: Vec<_> = rows.into_iter().map(|row| (row.site, row.generation)).collect();
            rows.sort();
            rows
        };
        assert_eq!(since(before).await, [("galeri".to_owned(), 2), ("plik".to_owned(), 1)]);
        assert_eq!(since(before + 1).await, [("galeri".to_owned(), 2)]);
        assert!(since(before + 2).await.is_empty());
        let mut tx = store.write().await.unwrap();
        let newest = tx.newest_bundles(&["galeri", "plik", "lain"]).await.unwrap();
        let newest: Vec<_> = newest.values().map(|row| (row.site.as_str(), row.generation)).collect();
        assert_eq!(newest, [("galeri", 2), ("plik", 1)]);
        let again = tx.add_bundles(&[new(&site, 1)], at(0)).await.unwrap_err();
        assert!(again.is_duplicate(), "{again:?}");
        drop(tx);
        let mut tx = store.write().await.unwrap();
        let unknown = tx.add_bundles(&[new(&"lain".parse().unwrap(), 1)], at(0)).await.unwrap_err();
        assert!(unknown.is_dangling(), "{unknown:?}");
    })
    .await;
}

#[tokio::test]
async fn a_duty_is_one_holders_until_its_time_is_over() {
    on_both("duty", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        let mut turns = Vec::new();
        for (holder, now, until) in
            [("a", 0, 10), ("b", 5, 15), ("a", 8, 20), ("b", 19, 30), ("b", 20, 30), ("a", 21, 40)]
        {
            turns.push(tx.take_duty("backup", holder, (at(now), at(until))).await.unwrap());
        }
        assert_eq!(turns, [true, false, true, false, true, false]);
        assert!(tx.take_duty("requests", "a", (at(21), at(40))).await.unwrap(), "another duty");
    })
    .await;
}

#[tokio::test]
async fn two_writers_take_turns() {
    on_both("writers", async |store: Store| {
        let one = async |store: Store| {
            for _ in 0..10 {
                let mut tx = store.write().await.unwrap();
                let entry = AuditEntry { actor: "a", action: "b", object: "c", before: "", after: "", reason: "" };
                tx.audit(entry, at(0)).await.unwrap();
                tx.commit().await.unwrap();
            }
        };
        tokio::join!(one(store.clone()), one(store.clone()), one(store.clone()));
        let rows = store.read().await.unwrap().audit_rows(0, 100).await.unwrap();
        assert_eq!(AuditRow::verify_chain(&rows, (0, [0; 32])).unwrap().0, 30);
    })
    .await;
}

fn voucher(site: &str, tag: u8, lending: Option<u8>) -> VoucherRow {
    VoucherRow {
        site: site.to_owned(),
        tag: vec![tag; 32],
        plan: "kuota".to_owned(),
        batch: "20261121-7KQM".to_owned(),
        note: String::new(),
        use_time: None,
        use_before: None,
        devices: None,
        made: millis(at(0)),
        revoked: None,
        lending: lending.map(|id| vec![id; 16]),
        share: lending.map(|_| "{}".to_owned()),
        number: 1,
        token: None,
        first_used: None,
        used_up: None,
        told: None,
        kept: 0,
    }
}

#[tokio::test]
async fn a_group_s_vouchers_stand_in_each_site_s_list_and_are_withdrawn_together() {
    on_both("group", async |store: Store| {
        let group = "sinjai".parse().unwrap();
        let sites: [gapura_model::SiteId; 2] = ["galeri".parse().unwrap(), "telecenter".parse().unwrap()];
        let mut tx = store.write().await.unwrap();
        assert!(tx.add_group(&group, "", at(0)).await.unwrap() && !tx.add_group(&group, "", at(1)).await.unwrap());
        for site in &sites {
            tx.put_site(site, "{}", &[1; 32], at(0)).await.unwrap();
            assert!(tx.add_group_site(&group, site).await.unwrap() && !tx.add_group_site(&group, site).await.unwrap());
        }
        tx.add_lending(&[9; 16], &group, "first").await.unwrap();
        for (site, tag) in sites.iter().zip(1..) {
            assert!(tx.add_voucher(&voucher(site.as_str(), tag, Some(9)), None).await.unwrap());
        }
        assert!(tx.add_voucher(&voucher("galeri", 7, None), None).await.unwrap());
        tx.put_lending(&[9; 16], "second").await.unwrap();
        assert_eq!(tx.lending(&[9; 16]).await.unwrap().unwrap().document, "second");
        assert_eq!(tx.vouchers_of_lending(&[9; 16]).await.unwrap().len(), 2);
        assert_eq!(tx.voucher(&sites[0], &[1; 32]).await.unwrap(), Some(voucher("galeri", 1, Some(9))));
        let plan = "kuota".parse().unwrap();
        assert_eq!((tx.plan_lent(&plan).await.unwrap(), tx.group_voucher_count(&group).await.unwrap()), (2, 1));

        // Asked back once, however often it is wanted.
        tx.add_recall(&sites[0], &[1; 32]).await.unwrap();
        tx.add_recall(&sites[0], &[1; 32]).await.unwrap();
        assert_eq!(tx.recalls(&sites[0], at(0), 10).await.unwrap(), [vec![1; 32]]);
        tx.recall_done(&sites[0], &[1; 32]).await.unwrap();
        assert!(tx.recalls(&sites[0], at(0), 10).await.unwrap().is_empty());

        // A batch of the site alone does not touch the group's, nor the other way round.
        assert_eq!(tx.revoke_batch(&sites[0], "20261121-7KQM", at(1)).await.unwrap(), 1);
        assert!(!tx.revoke_voucher(&sites[0], &[1; 32], at(1)).await.unwrap());
        assert_eq!(tx.remove_group_site(&group, &sites[1], at(1)).await.unwrap(), Some(1));
        assert_eq!(tx.recalls(&sites[1], at(0), 10).await.unwrap(), [vec![2; 32]], "what it holds goes back");
        assert_eq!(tx.remove_group_site(&group, &sites[1], at(1)).await.unwrap(), None);
        assert_eq!(tx.lendings_of_batch(&group, "20261121-7KQM").await.unwrap().len(), 1);
        assert_eq!(tx.revoke_lending(&[9; 16], at(2)).await.unwrap(), 1);
        assert!(tx.lendings_of_batch(&group, "20261121-7KQM").await.unwrap().is_empty());
        tx.commit().await.unwrap();
    })
    .await;
}
