//! The whole at a glance, and the screens that show it, on both databases.

use gapura_wire::Sha256;
use jiff::tz::TimeZone;

use super::world::{SITE, on_both};
use crate::{Actor, Condition, FormKey, OfficeError, Scope, VisitRow};

fn visit(id: &str, site: &str, revision: i64, started: i64, bytes_down: i64) -> VisitRow {
    VisitRow {
        address: None,
        nat: None,
        site: site.to_owned(),
        visit: id.to_owned(),
        gateway: "gw-1".to_owned(),
        revision,
        device: Sha256::of(id.as_bytes()).to_string(),
        device_local: 0,
        holder: None,
        way: "staff".to_owned(),
        terms: None,
        terms_sha256: None,
        plan: "umum".to_owned(),
        generation: 1,
        started,
        clock: "trusted".to_owned(),
        told: started,
        bytes_up: 1,
        bytes_down,
        seconds: 60,
        ended: None,
        cause: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_summary_counts_each_visit_once_on_the_day_it_began_by_the_clock_there() {
    on_both("summary", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let elsewhere = world.file("bone.toml", &SITE.replace("regency = \"sinjai\"", "regency = \"bone\""));
        world.cli(&["site", "set", "bone", "--file", &elsewhere]).await;
        let (_, _) = world.member(&[]).await;
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        // It is Saturday, 16.00 WITA.
        let mut tx = office.store.write().await.unwrap();
        for (id, site, revision, started, bytes) in [
            ("a", "galeri", 1, "2026-11-20T16:30:00Z", 10),
            ("a", "galeri", 4, "2026-11-20T16:30:00Z", 1000),
            ("a", "galeri", 2, "2026-11-20T16:30:00Z", 500),
            ("b", "galeri", 1, "2026-11-20T15:59:59Z", 7),
            ("c", "bone", 1, "2026-11-21T07:00:00Z", 3),
            ("d", "bone", 1, "2026-11-01T07:00:00Z", 3),
        ] {
            tx.put_visit(&visit(id, site, revision, at(started), bytes)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let zone = TimeZone::get("Asia/Makassar").unwrap();
        let summary = office.summary(&zone, 2).await.unwrap();
        let days: Vec<_> =
            summary.days.iter().map(|day| (day.site.as_str(), day.day.to_string(), day.visits, day.octets)).collect();
        let day = |day: &str| day.to_owned();
        let expected = [
            ("bone", day("2026-11-21"), 1, 4),
            ("galeri", day("2026-11-20"), 1, 8),
            ("galeri", day("2026-11-21"), 1, 1001),
        ];
        assert_eq!(days, expected, "midnight is the site's, not London's; the latest telling counts");
        let sites: Vec<_> = summary.sites.iter().map(|site| (site.place.site.as_str(), &site.condition)).collect();
        assert_eq!(sites.len(), 2);
        assert!(sites.contains(&("bone", &None)) && sites.contains(&("galeri", &Some(Condition::NeverHeard))));
        assert!(summary.sites.iter().all(|site| !site.serves() && site.online == 0) && summary.alerts.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_is_told_by_day_hour_of_the_week_and_plan_within_the_span() {
    on_both("explore", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let mut tx = office.store.write().await.unwrap();
        for (id, started, plan) in [
            // Monday 00.30 and Sunday 23.59 WITA, another Monday, and a day outside.
            ("a", "2026-11-15T16:30:00Z", "umum"),
            ("b", "2026-11-15T15:59:59Z", "umum"),
            ("c", "2026-11-08T16:00:00Z", "lama"),
            ("d", "2026-11-07T15:00:00Z", "umum"),
        ] {
            let visit = VisitRow { plan: plan.to_owned(), ..visit(id, "galeri", 1, at(started), 9) };
            tx.put_visit(&visit).await.unwrap();
        }
        tx.commit().await.unwrap();
        let zone = TimeZone::get("Asia/Makassar").unwrap();
        let day = |text: &str| text.parse::<jiff::civil::Date>().unwrap();
        let seen = office.explore(&zone, (day("2026-11-08"), day("2026-11-16"))).await.unwrap();
        let days: Vec<_> = seen.days.iter().map(|(site, day, used)| (site.as_str(), *day, used.visits)).collect();
        let expected =
            [("galeri", day("2026-11-09"), 1), ("galeri", day("2026-11-15"), 1), ("galeri", day("2026-11-16"), 1)];
        assert_eq!(days, expected);
        let mut slots: Vec<_> = seen.slots.iter().map(|one| (one.weekday, one.hour, one.used.visits)).collect();
        slots.sort_unstable();
        assert_eq!(slots, [(0, 0, 2), (6, 23, 1)], "Mondays' first hour twice, and the last of a Sunday");
        assert_eq!(seen.slots[0].used.octets, 10 * seen.slots[0].used.visits);
        assert_eq!(seen.slots[0].used.seconds, 60 * seen.slots[0].used.visits);
        let site = "galeri".parse().unwrap();
        let plans = office.explore_plans(&site, &zone, (day("2026-11-08"), day("2026-11-16"))).await.unwrap();
        // Seven days at most: from the tenth on.
        let plans: Vec<_> = plans.iter().map(|one| (one.plan.as_str(), one.name.as_str(), one.used.visits)).collect();
        assert_eq!(plans, [("umum", "Umum", 2)]);
        let plans = office.explore_plans(&site, &zone, (day("2026-11-09"), day("2026-11-09"))).await.unwrap();
        assert_eq!((plans[0].plan.as_str(), plans[0].name.as_str()), ("lama", "lama"), "a plan that is gone");
        // A span without an end in sight is cut.
        let all = office.explore(&zone, (day("2020-01-01"), day("2026-11-07"))).await.unwrap();
        assert_eq!(all.days.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screen_opens_by_its_secret_alone_until_it_is_taken_back() {
    on_both("screen", async |world| {
        let office = &world.serving.office;
        let who = |reason: &str| Actor { name: "andi".to_owned(), reason: reason.to_owned() };
        let scope: Scope = "regency:sinjai".parse().unwrap();
        let key = || FormKey::draw().unwrap();
        for wrong in ["", "  ", "a\nb", &"x".repeat(81)] {
            assert!(matches!(
                office.make_screen(&key(), (wrong, &scope), &who("")).await,
                Err(OfficeError::Mistakes(_))
            ));
        }
        let form = key();
        let (screen, secret) = office.make_screen(&form, (" Ruang pantau ", &scope), &who("")).await.unwrap();
        let again = office.make_screen(&form, (" Ruang pantau ", &scope), &who("")).await;
        assert!(matches!(again, Err(OfficeError::Refused(_))), "one form, one screen");
        assert_eq!((screen.name.as_str(), secret.len()), ("Ruang pantau", 48));
        let known = office.screens().await.unwrap();
        assert!(known[0].opens(&secret) && !known[0].opens("") && !known[0].opens(&secret[1..]));
        assert!(matches!(office.end_screen(&screen.id, &who(" ")).await, Err(OfficeError::Refused(_))));
        office.end_screen(&screen.id, &who("rusak")).await.unwrap();
        assert!(matches!(office.end_screen(&screen.id, &who("rusak")).await, Err(OfficeError::Refused(_))));
        assert!(matches!(office.end_screen("ff", &who("rusak")).await, Err(OfficeError::NotFound { .. })));
        assert!(!office.screens().await.unwrap()[0].opens(&secret));
        for number in 0..32 {
            office.make_screen(&key(), (&format!("Layar {number}"), &scope), &who("")).await.unwrap();
        }
        assert!(matches!(
            office.make_screen(&key(), ("Satu lagi", &scope), &who("")).await,
            Err(OfficeError::Refused(_))
        ));
        assert!(!world.cli(&["audit", "list"]).await.to_string().contains(&secret));
    })
    .await;
}
