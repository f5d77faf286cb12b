//! Sums by hour are always those of the visits, however they were told, also of visits that were there before the sums.

use super::*;

const HOUR: i64 = 3_600_000;
/// WITA.
const AHEAD: i64 = 8 * HOUR;

fn told(id: &str, site: &str, revision: i64, started: i64, bytes_down: i64) -> VisitRow {
    let one = visit(revision, bytes_down);
    VisitRow { site: site.to_owned(), visit: id.to_owned(), started, bytes_up: bytes_down / 3, ..one }
}

/// Site, day, visits, bytes up and down, as the sums say.
async fn summed(store: &Store) -> Vec<DaySum> {
    store.read().await.unwrap().day_sums((Timestamp::UNIX_EPOCH, at(10_000_000)), AHEAD).await.unwrap()
}

/// The same added up from the visits themselves.
async fn added_up(store: &Store) -> Vec<DaySum> {
    let mut found: Vec<DaySum> = Vec::new();
    for one in store.read().await.unwrap().visits(&Span { limit: 10_000, ..ALL_TIME }).await.unwrap() {
        let day = (one.started + AHEAD) / (24 * HOUR);
        let known = found.iter().position(|sum| sum.site == one.site && sum.day == day);
        let at = known.unwrap_or_else(|| {
            let (site, visits) = (one.site.clone(), 0);
            found.push(DaySum { site, day, visits, bytes_up: 0, bytes_down: 0, seconds: 0 });
            found.len() - 1
        });
        let sum = &mut found[at];
        sum.visits += 1;
        let bounded = |figure: i64| figure.clamp(0, 1 << 46);
        sum.bytes_up += bounded(one.bytes_up);
        sum.bytes_down += bounded(one.bytes_down);
        sum.seconds += bounded(one.seconds);
    }
    found.sort_by(|a, b| (&a.site, a.day).cmp(&(&b.site, b.day)));
    found
}

#[tokio::test]
async fn sums_move_with_every_telling_and_are_those_of_the_visits() {
    on_both("rollup", async |store: Store| {
        let base = millis(at(0));
        let mut tx = store.write().await.unwrap();
        // Later tellings, repeated ones, late ones, at many hours of two sites.
        for step in 0..300_i64 {
            let (id, site) = (format!("v{}", step * 7 % 60), if step % 2 == 0 { "galeri" } else { "lappa" });
            let revision = step * 13 % 11;
            // A router that tells another start later does not move the visit to another hour.
            let started = base + step * 7 % 60 * 40 * 60_000 + step / 60 * HOUR;
            tx.put_visit(&told(&id, site, revision, started, 1000 + revision * 977)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let sums = summed(&store).await;
        assert!(sums.len() > 3 && sums.iter().map(|sum| sum.visits).sum::<i64>() == 60, "{sums:?}");
        assert_eq!(sums, added_up(&store).await);
        // What is not committed is not counted.
        let mut tx = store.write().await.unwrap();
        tx.put_visit(&told("other", "galeri", 1, base, 5)).await.unwrap();
        drop(tx);
        assert_eq!(summed(&store).await, sums);
        // Many at once, over what is there.
        let many: Vec<VisitRow> =
            (0..500).map(|n| told(&format!("w{n}"), "galeri", 20, base + n * 60_000 * 9, n * 11)).collect();
        let mut tx = store.write().await.unwrap();
        assert_eq!(tx.put_visits(&many, jiff::Timestamp::MAX).await.unwrap(), 500);
        assert_eq!(tx.put_visits(&many, jiff::Timestamp::MAX).await.unwrap(), 0, "told again");
        // Known and new, earlier and later, one of them twice, of two sites.
        let mixed: Vec<VisitRow> = (0..700)
            .map(|n| {
                let site = if n % 3 == 0 { "lappa" } else { "galeri" };
                told(&format!("w{}", n % 650), site, 15 + n % 9, base + n * 60_000 * 11, n * 13)
            })
            .collect();
        assert!((1..700).contains(&tx.put_visits(&mixed, jiff::Timestamp::MAX).await.unwrap()));
        tx.commit().await.unwrap();
        assert_eq!(summed(&store).await, added_up(&store).await);
        // A router out of its mind does not keep the others from being counted.
        let mut tx = store.write().await.unwrap();
        for n in 0..8 {
            tx.put_visit(&told(&format!("mad{n}"), "lappa", 1, base, i64::MAX)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let lappa = summed(&store).await.into_iter().find(|sum| sum.site == "lappa").unwrap();
        assert!(lappa.bytes_down >= 1 << 49, "{lappa:?}");
        assert_eq!(summed(&store).await, added_up(&store).await);
        // And honest ones, told later, take its figures back.
        let mut tx = store.write().await.unwrap();
        let honest: Vec<VisitRow> =
            (0..8).map(|n| told(&format!("mad{n}"), "lappa", 2, base + 90 * HOUR, n * 7)).collect();
        assert_eq!(tx.put_visits(&honest, jiff::Timestamp::MAX).await.unwrap(), 8);
        tx.commit().await.unwrap();
        assert_eq!(summed(&store).await, added_up(&store).await);
    })
    .await;
}

/// How a visit was written before addresses were kept.
const AS_IT_WAS: sql::Sql = sql::Sql {
    name: "a visit as it was",
    text: "INSERT INTO visit (site, visit, gateway, revision, device, device_local, holder, way, terms, terms_sha256, plan, \
           generation, started, clock, told, bytes_up, bytes_down, seconds, ended, cause) \
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
};

#[tokio::test]
async fn visits_that_were_there_before_the_sums_are_counted() {
    let (directory, database) = (Directory::new("rollup-before"), postgres::database());
    for address in [directory.address(), database.address.clone()] {
        let store = Store::open_new(&address, 12).await.unwrap();
        let mut tx = store.write().await.unwrap();
        for n in 0..90 {
            let bytes = if n % 30 == 7 { i64::MAX } else { n * 1000 };
            let one = told(&format!("v{n}"), "galeri", 1, millis(at(n * 1800)), bytes);
            let mut values = one.args(one.started);
            values.pop();
            tx.execute(AS_IT_WAS, values).await.unwrap();
        }
        tx.commit().await.unwrap();
        store.close().await;
        let store = Store::open(&address).await.unwrap();
        let sums = summed(&store).await;
        assert!(sums.len() > 1);
        assert_eq!(sums, added_up(&store).await);
        // And move on from there.
        let mut tx = store.write().await.unwrap();
        tx.put_visit(&told("v3", "galeri", 2, millis(at(3 * 1800)), 7_000_000)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(summed(&store).await, added_up(&store).await);
        store.close().await;
    }
}

#[tokio::test]
async fn a_screen_is_taken_back_once_and_forgotten_later() {
    on_both("screens", async |store: Store| {
        let screen = ScreenRow {
            id: "aa".to_owned(),
            name: "Ruang pantau".to_owned(),
            hash: vec![7; 32],
            scope: "province".to_owned(),
            made: millis(at(0)),
            made_by: "andi".to_owned(),
            ended: None,
            ended_by: None,
        };
        let mut tx = store.write().await.unwrap();
        tx.add_screen(&screen).await.unwrap();
        assert_eq!(tx.screens().await.unwrap(), [screen]);
        assert!(tx.end_screen("aa", at(5), "budi").await.unwrap());
        assert!(!tx.end_screen("aa", at(6), "cici").await.unwrap());
        assert_eq!(tx.screens().await.unwrap()[0].ended_by.as_deref(), Some("budi"));
        assert_eq!(tx.prune_screens(at(5)).await.unwrap(), 0);
        assert_eq!(tx.prune_screens(at(6)).await.unwrap(), 1);
    })
    .await;
}
