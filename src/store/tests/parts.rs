//! Usage by month: a visit is there once whatever its router says, months are made ahead and destroyed whole.

use super::*;
use crate::{Month, Monthly};

fn told(id: &str, revision: i64, started: &str, bytes_down: i64) -> VisitRow {
    let started = millis(started.parse().unwrap());
    VisitRow { visit: id.to_owned(), started, bytes_up: 0, ..visit(revision, bytes_down) }
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

async fn count(store: &Store) -> (usize, i64, i64) {
    let mut tx = store.read().await.unwrap();
    let visits = tx.visits(&ALL_TIME).await.unwrap();
    let sums = tx.day_sums((Timestamp::UNIX_EPOCH, Timestamp::MAX), 0).await.unwrap();
    (visits.len(), sums.iter().map(|sum| sum.visits).sum(), sums.iter().map(|sum| sum.bytes_down).sum())
}

#[tokio::test]
async fn a_start_that_was_put_aside_is_looked_for_and_a_young_one_is_not() {
    on_both("put-aside", async |store: Store| {
        let now: Timestamp = "2027-03-03T01:00:00Z".parse().unwrap();
        let mut tx = store.write().await.unwrap();
        // Told by a doubtful clock whose month had had its time, so without a day; then by a believed one, with the start it noted.
        let doubtful = VisitRow { clock: "doubtful".to_owned(), ..told("a", 1, "1970-01-01T00:00:00Z", 10) };
        assert_eq!(tx.put_visits(&[doubtful], now).await.unwrap(), 1);
        assert_eq!(tx.put_visits(&[told("a", 2, "2027-01-31T23:50:00Z", 20)], now).await.unwrap(), 1);
        // A young one, in a batch with what is known already.
        let young = told("b", 1, "2027-03-02T10:00:00Z", 300);
        assert_eq!(tx.put_visits(std::slice::from_ref(&young), now).await.unwrap(), 1);
        let again = [VisitRow { revision: 2, ..young }, told("c", 1, "2027-03-02T11:00:00Z", 4000)];
        assert_eq!(tx.put_visits(&again, now).await.unwrap(), 2);
        tx.commit().await.unwrap();
        assert_eq!(count(&store).await, (3, 3, 4320));
    })
    .await;
}

#[tokio::test]
async fn a_visit_told_over_the_end_of_a_month_counts_once() {
    on_both("month-end", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        assert!(tx.put_visit(&told("a", 1, "2027-01-31T23:59:59.999Z", 10)).await.unwrap());
        // A router that says another start later, in the next month, in one far away and in one that no clock shows.
        assert!(tx.put_visit(&told("a", 2, "2027-02-01T00:00:00Z", 20)).await.unwrap());
        assert!(tx.put_visit(&told("a", 3, "2031-05-01T00:00:00Z", 30)).await.unwrap());
        assert!(tx.put_visit(&told("a", 4, "1970-01-01T00:00:00Z", 40)).await.unwrap());
        assert!(!tx.put_visit(&told("a", 4, "2027-02-03T00:00:00Z", 99)).await.unwrap());
        // One that began when no clock was set, and says so later.
        assert!(tx.put_visit(&told("b", 1, "1970-01-01T00:10:00Z", 1)).await.unwrap());
        assert!(tx.put_visit(&told("b", 2, "2027-01-31T12:00:00Z", 2)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(count(&store).await, (2, 2, 42));
        // Another start of the same month, among others that are new and one that is not, then the other way round.
        let mut tx = store.write().await.unwrap();
        let again = [
            told("a", 5, "2027-01-02T00:00:00Z", 50),
            told("b", 3, "1970-01-01T00:10:00Z", 3),
            told("c", 9, "2027-02-20T00:00:00Z", 100),
            told("d", 1, "2027-02-20T00:00:00Z", 1000),
        ];
        assert_eq!(tx.put_visits(&again, jiff::Timestamp::MAX).await.unwrap(), 4);
        assert_eq!(
            tx.put_visits(
                &[told("c", 1, "2027-01-01T00:00:00Z", 7), told("e", 1, "2027-01-01T00:00:00Z", 0)],
                jiff::Timestamp::MAX
            )
            .await
            .unwrap(),
            1
        );
        assert_eq!(tx.put_visits(&again, jiff::Timestamp::MAX).await.unwrap(), 0);
        tx.commit().await.unwrap();
        assert_eq!(count(&store).await, (5, 5, 1153));
        let mut tx = store.write().await.unwrap();
        let span = Span { from: timestamp(millis("2027-02-01T00:00:00Z".parse().unwrap())), ..ALL_TIME };
        assert_eq!(tx.visits(&span).await.unwrap().len(), 2, "the start told first stands");
        drop(tx);
        let rows = store.read().await.unwrap().visits(&ALL_TIME).await.unwrap();
        let starts: Vec<String> = rows.iter().map(|row| timestamp(row.started).to_string()).collect();
        let late = "2027-02-20T00:00:00Z";
        assert_eq!(starts, ["1970-01-01T00:10:00Z", "2027-01-01T00:00:00Z", "2027-01-31T23:59:59.999Z", late, late]);
        // The same for what else is kept by month.
        let mut tx = store.write().await.unwrap();
        let outage = |started: &str, ended: Option<&str>| OutageRow {
            site: "galeri".to_owned(),
            id: "o".to_owned(),
            gateway: "gw-1".to_owned(),
            kind: "uplink".to_owned(),
            started: millis(started.parse().unwrap()),
            ended: ended.map(|at| millis(at.parse().unwrap())),
        };
        tx.put_outage(&outage("2027-01-31T23:00:00Z", None)).await.unwrap();
        tx.put_outage(&outage("2027-02-01T00:00:00Z", Some("2027-02-01T01:00:00Z"))).await.unwrap();
        tx.put_outage(&outage("2027-01-31T23:00:00Z", Some("2027-02-05T01:00:00Z"))).await.unwrap();
        let known = tx.outages(&ALL_TIME).await.unwrap();
        assert_eq!(known, [outage("2027-01-31T23:00:00Z", Some("2027-02-01T01:00:00Z"))]);
        for started in ["2027-01-31T23:00:00Z", "2027-02-01T00:00:00Z"] {
            let started = millis(started.parse().unwrap());
            let (site, id, gateway) = ("galeri".to_owned(), "t".to_owned(), "gw-1".to_owned());
            let name = "login-refused".to_owned();
            tx.add_tally(&TallyRow { site, id, gateway, name, started, ended: started, amount: 3 }).await.unwrap();
        }
        assert_eq!(tx.tallies(&ALL_TIME).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_month_is_destroyed_whole_and_no_other() {
    on_both("month-destroy", async |store: Store| {
        let mut tx = store.write().await.unwrap();
        assert_eq!(tx.make_months("2028-03-05T00:00:00Z".parse().unwrap()).await.unwrap() > 0, tx.by_month());
        let mut rows: Vec<VisitRow> = (0..6000).map(|n| told(&format!("v{n}"), 1, "2027-02-28T23:59:59Z", 1)).collect();
        for row in rows.iter_mut().skip(5500) {
            row.site = "lappa".to_owned();
        }
        rows.push(told("before", 1, "2027-01-31T23:59:59.999Z", 1));
        rows.push(told("after", 1, "2027-03-01T00:00:00Z", 1));
        rows.push(told("unset", 1, "1970-01-01T00:00:00Z", 1));
        tx.put_visits(&rows, jiff::Timestamp::MAX).await.unwrap();
        assert_eq!(tx.oldest_month(Monthly::Visits).await.unwrap(), Some(month("2027-01")));
        tx.commit().await.unwrap();
        let (mut destroyed, mut steps) = (0, 0);
        loop {
            let mut tx = store.write().await.unwrap();
            let step = tx.destroy_month(Monthly::Visits, month("2027-02")).await.unwrap();
            tx.commit().await.unwrap();
            destroyed += step.rows;
            steps += 1;
            if step.done {
                break;
            }
        }
        assert_eq!(destroyed, 6000);
        assert!(steps <= 3, "{steps}");
        let left = store.read().await.unwrap().visits(&ALL_TIME).await.unwrap();
        assert_eq!(left.iter().map(|row| row.visit.as_str()).collect::<Vec<_>>(), ["unset", "before", "after"]);
        // The sums of the hours stay.
        assert_eq!(count(&store).await.1, 6003);
        let mut tx = store.write().await.unwrap();
        assert_eq!(tx.destroy_month(Monthly::Visits, month("2027-02")).await.unwrap().rows, 0, "nothing twice");
        assert_eq!(tx.oldest_month(Monthly::Visits).await.unwrap(), Some(month("2027-01")));
        assert_eq!(tx.destroy_month(Monthly::Visits, month("2027-01")).await.unwrap().rows, 1);
        assert_eq!(tx.oldest_month(Monthly::Visits).await.unwrap(), Some(month("2027-03")), "not one without rows");
        assert_eq!(tx.oldest_month(Monthly::Tallies).await.unwrap(), None);
        assert_eq!(tx.destroy_unset(at(-9000), at(99_000_000)).await.unwrap(), 0);
        assert_eq!(tx.destroy_unset(at(9000), at(99_000_000)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert!(store.scrub().await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn where_a_destroyed_key_stood_is_written_over() {
    const KEY: [u8; 32] = *b"a-key-that-is-nowhere-afterwards";
    let directory = Directory::new("scrub");
    let store = Store::open(&directory.address()).await.unwrap();
    let mut tx = store.write().await.unwrap();
    for number in 0..40 {
        tx.add_epoch_key(&format!("r{number}"), "2026-11", &KEY).await.unwrap();
        tx.add_epoch_key(&format!("r{number}"), "2026-12", &[7; 32]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let found = || {
        let read = |end: &str| std::fs::read(directory.0.join(format!("controller.db{end}"))).unwrap_or_default();
        ["", "-wal"].iter().map(|end| read(end).windows(32).filter(|octets| *octets == KEY).count()).sum::<usize>()
    };
    assert!(found() > 0);
    let mut reader = store.read().await.unwrap();
    assert_eq!(reader.epoch_keys("r1", "2026-11").await.unwrap().len(), 2);
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.destroy_epoch_keys("2026-11").await.unwrap().len(), 40);
    tx.commit().await.unwrap();
    assert!(!store.scrub().await.unwrap(), "somebody reads what was there before");
    drop(reader);
    assert!(store.scrub().await.unwrap());
    assert_eq!(found(), 0);
    store.close().await;
}

#[tokio::test]
async fn a_reader_keeps_a_key_from_being_written_over_and_nobody_else_waits() {
    let database = postgres::database();
    let store = Store::open(&database.address).await.unwrap();
    let mut tx = store.write().await.unwrap();
    tx.add_epoch_key("sinjai", "2026-11", &[1; 32]).await.unwrap();
    tx.commit().await.unwrap();
    // A backup that has not come to the keys yet.
    let mut backup = store.read().await.unwrap();
    assert_eq!(backup.destructions(9, 9).await.unwrap().len(), 0);
    let mut tx = store.write().await.unwrap();
    tx.destroy_epoch_keys("2026-11").await.unwrap();
    tx.commit().await.unwrap();
    let file = async || -> String {
        let mut tx = store.read().await.unwrap();
        let Tx::Postgres(inner) = &mut tx else { panic!() };
        sqlx::query_scalar("SELECT pg_relation_filepath('epoch_key')").fetch_one(&mut **inner).await.unwrap()
    };
    let before = file().await;
    // Writers do not wait for the backup's end, which is after these two.
    let (scrubbed, written) = tokio::join!(store.scrub(), async {
        store.write().await.unwrap().commit().await.unwrap();
    });
    assert_eq!((scrubbed.unwrap(), written), (false, ()));
    assert_eq!(file().await, before);
    assert_eq!(backup.epoch_keys("sinjai", "2026-11").await.unwrap().len(), 1, "the backup is whole");
    drop(backup);
    assert!(store.scrub().await.unwrap());
    assert_ne!(file().await, before, "written anew");
    store.close().await;
}

#[tokio::test]
async fn months_are_made_ahead_and_take_in_what_went_beside() {
    let database = postgres::database();
    let store = Store::open(&database.address).await.unwrap();
    let mut tx = store.write().await.unwrap();
    // As after a restored backup, and from a clock that is years ahead.
    let rows = [("a", "2021-03-31T23:59:59Z"), ("b", "2021-04-01T00:00:00Z"), ("c", "2040-01-01T00:00:00Z")];
    let rows: Vec<VisitRow> = rows.iter().map(|(id, started)| told(id, 1, started, 7)).collect();
    tx.put_visits(&rows, jiff::Timestamp::MAX).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.write().await.unwrap();
    let now = "2027-06-30T23:59:59Z".parse().unwrap();
    let made = tx.make_months(now).await.unwrap();
    assert!(made > 1, "{made}");
    tx.commit().await.unwrap();
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.make_months(now).await.unwrap(), 1, "another month's rows are moved in another turn of writing");
    assert_eq!(tx.make_months(now).await.unwrap(), 0);
    for (part, rows) in
        [("visit_2021_03", 1), ("visit_2021_04", 1), ("visit_other", 1), ("visit_2027_08", 0), ("visit", 3)]
    {
        let name = if part == "visit" { part.to_owned() } else { format!("_{part}") };
        let Tx::Postgres(inner) = &mut tx else { panic!() };
        let text = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM \"{name}\""));
        let there: i64 = sqlx::query_scalar(text).fetch_one(&mut **inner).await.unwrap();
        assert_eq!(there, rows, "{part}");
    }
    // Told again, it is found where it went.
    assert!(tx.put_visit(&told("a", 2, "2021-03-31T23:59:59Z", 9)).await.unwrap());
    assert_eq!(tx.visits(&ALL_TIME).await.unwrap().len(), 3);
    tx.commit().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn rows_of_a_backup_go_into_their_months_at_once() {
    let (directory, database) = (Directory::new("months-of-backup"), postgres::database());
    let old = Store::open(&directory.address()).await.unwrap();
    let mut tx = old.write().await.unwrap();
    let mut rows: Vec<VisitRow> = (0..120).map(|n| told(&format!("v{n}"), 1, "2025-05-31T23:59:59Z", 1)).collect();
    rows.push(told("ahead", 1, "2040-01-01T00:00:00Z", 1));
    tx.put_visits(&rows, jiff::Timestamp::MAX).await.unwrap();
    tx.commit().await.unwrap();
    let new = Store::open(&database.address).await.unwrap();
    let mut tx = new.write().await.unwrap();
    for (table, rows) in snapshot::poured(&old).await {
        if table.name == "visit" {
            tx.fill(&table, &rows).await.unwrap();
        }
    }
    for (part, rows) in [("_visit_2025_05", 120_i64), ("_visit_other", 1)] {
        let Tx::Postgres(inner) = &mut tx else { panic!() };
        let text = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM \"{part}\""));
        let there: i64 = sqlx::query_scalar(text).fetch_one(&mut **inner).await.unwrap();
        assert_eq!(there, rows, "{part}");
    }
    tx.commit().await.unwrap();
    old.close().await;
    new.close().await;
}

#[tokio::test]
async fn questions_about_some_days_read_their_months_alone() {
    let database = postgres::database();
    let store = Store::open(&database.address).await.unwrap();
    let mut tx = store.write().await.unwrap();
    tx.make_months("2027-06-15T00:00:00Z".parse().unwrap()).await.unwrap();
    let bound = |text: &str| millis(text.parse().unwrap());
    let (from, until) = (bound("2027-06-20T00:00:00Z"), bound("2027-07-03T00:00:00Z"));
    let Tx::Postgres(inner) = &mut tx else { panic!() };
    for (sql, values) in [
        (sql::VISIT_LIST, vec!["", "10"]),
        (sql::VISIT_SUM, vec![""]),
        (sql::TALLY_LIST, vec!["", "10"]),
        (sql::OUTAGE_LIST, vec!["", "10"]),
    ] {
        // The plan that the server keeps for any values: months are left out when it is run.
        sqlx::raw_sql("SET LOCAL plan_cache_mode = force_generic_plan").execute(&mut **inner).await.unwrap();
        let name = sql.name;
        let types = if values.len() == 2 { "BIGINT, BIGINT, TEXT, BIGINT" } else { "BIGINT, BIGINT, TEXT" };
        let prepare = format!("PREPARE {name} ({types}) AS {}", sql.text);
        sqlx::raw_sql(sqlx::AssertSqlSafe(prepare)).execute(&mut **inner).await.unwrap();
        let rest = values.iter().map(|value| format!(", '{value}'")).collect::<Vec<_>>().concat();
        let explain = format!("EXPLAIN EXECUTE {name} ({from}, {until}{rest})");
        let lines: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(explain)).fetch_all(&mut **inner).await.unwrap();
        let plan = lines.join("\n");
        assert!(plan.contains("_2027_06") && plan.contains("_2027_07"), "{plan}");
        assert!(!plan.contains("_2027_08") && !plan.contains("_2026_") && plan.contains("Subplans Removed"), "{plan}");
    }
    drop(tx);
    store.close().await;
}
