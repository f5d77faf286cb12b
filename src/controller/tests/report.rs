//! The monthly report, against figures reckoned by hand, on both databases.

use std::collections::BTreeSet;
use std::time::Duration;

use gapura_store::{CountRow, OutageRow, TallyRow, VisitRow};

use super::world::{SITE, World, on_both};
use crate::report::{Attack, Cell, Month, Part, Sheet, csv, pdf};
use crate::{Right, Role, Scope};

fn ms(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn visit(id: usize, site: &str, device: &str, started: i64) -> VisitRow {
    VisitRow {
        site: site.to_owned(),
        visit: format!("{site}-{id}"),
        gateway: "gw-1".to_owned(),
        revision: 1,
        device: device.to_owned(),
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
        bytes_up: 1_000,
        bytes_down: 20_000,
        seconds: 60,
        ended: None,
        cause: None,
        address: None,
        nat: None,
    }
}

async fn put(world: &World, visits: &[VisitRow]) {
    let mut tx = world.serving.office.store.write().await.unwrap();
    tx.put_visits(visits, jiff::Timestamp::MAX).await.unwrap();
    tx.commit().await.unwrap();
}

/// So much of October: some before it and after it by WITA, some devices twice.
fn october(site: &str, people: usize, visits: usize) -> Vec<VisitRow> {
    let first = ms("2026-09-30T16:00:00Z");
    let mut all: Vec<VisitRow> = (0..visits)
        .map(|at| {
            let started = first + i64::try_from(at).unwrap() * 7_200_000;
            visit(at, site, &format!("d{}", at % people), started)
        })
        .collect();
    all.push(visit(90_001, site, "before", first - 1));
    all.push(visit(90_002, site, "after", ms("2026-10-31T16:00:00Z")));
    all
}

async fn report(world: &World, scope: &str, month: &str) -> crate::report::MonthReport {
    let month: Month = month.parse().unwrap();
    world.serving.office.month_report(&scope.parse().unwrap(), month).await.unwrap().unwrap()
}

async fn site(world: &World, id: &str, name: &str, regency: &str) {
    let text = SITE
        .replace("Galeri Internet Sinjai", name)
        .replace("regency = \"sinjai\"", &format!("regency = \"{regency}\""));
    let file = world.file(&format!("{id}.toml"), &text);
    world.cli(&["site", "set", id, "--file", &file]).await;
}

async fn late_data_is_a_new_issue(world: &World) {
    let office = &world.serving.office;
    // What comes late is a new issue, with its reason; the one before stays. Few visits more would be told by the difference.
    let late = |count: usize, first: usize, day: &str| -> Vec<VisitRow> {
        (0..count)
            .map(|at| visit(first + at, "galeri", &format!("new{at}"), ms(day) + i64::try_from(at).unwrap()))
            .collect()
    };
    put(world, &late(9, 70_000, "2026-10-05T01:00:00Z")).await;
    world.clock.advance(Duration::from_hours(6));
    assert_eq!(office.make_reports().await.unwrap().later, 0, "nine more");
    put(world, &late(12, 70_000, "2026-10-05T01:00:00Z")).await;
    assert_eq!(office.make_reports().await.unwrap().later, 0, "looked at every six hours");
    world.clock.advance(Duration::from_hours(6));
    assert_eq!(office.make_reports().await.unwrap().later, 1);
    let all = report(world, "province", "2026-10").await;
    assert_eq!((all.issue, all.total.people, all.total.visits), (Some(2), Cell::Known(71), Cell::Known(392)));
    assert_eq!((all.changes.len(), &all.changes[0].parts, all.changes[0].issue), (1, &vec![Part::Visits], 2));
    let mut tx = office.store.read().await.unwrap();
    assert!(tx.month_figure("galeri", "2026-10", 1).await.unwrap().unwrap().document.contains("\"visits\":300"));
    drop(tx);
    assert!(world.cli(&["audit", "list"]).await.to_string().contains("report/2026-10/galeri"));
    // Long after, nothing changes any more: what the figures stand on is destroyed by then.
    world.clock.advance(Duration::from_hours(24 * 40));
    assert_eq!(office.make_reports().await.unwrap().later, 0);
    put(world, &late(40, 80_000, "2026-10-06T01:00:00Z")).await;
    world.clock.advance(Duration::from_hours(24 * 23));
    office.make_reports().await.unwrap();
    assert_eq!(report(world, "province", "2026-10").await.issue, Some(2));
    // Nobody heard of a gateway there: that nobody came is not known.
    let december = report(world, "site:sedang", "2026-12").await;
    assert_eq!(
        (december.total.visits, december.total.people, december.running_until),
        (Cell::Unknown, Cell::Unknown, None)
    );
    let figures = office.statistics("2026").await.unwrap();
    assert!(
        figures.data.contains(
            "2026-10;2;lokasi;sinjai;Diskominfo Sinjai;kecil;'=Telecenter Kecil;gallery;orang_terlayani;x;perangkat"
        ),
        "{}",
        figures.data
    );
    assert!(figures.metadata.contains("orang_terlayani;Orang terlayani;"), "{}", figures.metadata);
    assert!(office.statistics("1999").await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_reckoned_once_over_and_late_data_is_a_new_issue() {
    on_both("month", async |world| {
        world.furnish().await;
        site(&world, "kecil", "=Telecenter Kecil", "sinjai").await;
        site(&world, "sedang", "PLIK Sedang", "sinjai").await;
        let office = &world.serving.office;
        let (own, small, middle) = (october("galeri", 40, 300), october("kecil", 4, 30), october("sedang", 15, 50));
        for visits in [&own, &small, &middle] {
            put(&world, visits).await;
        }
        world.clock.set_wall("2026-10-31T12:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        office.make_reports().await.unwrap();
        let running = report(&world, "site:galeri", "2026-10").await;
        assert_eq!(running.running_until.unwrap().to_string(), "2026-10-31T12:00:00Z");
        assert_eq!(running.total.people_until.unwrap().to_string(), "2026-10-30");
        assert_eq!(running.issue, None);
        let text = csv(&running, &office.say_report(&running, gapura_speech::Lang::Id));
        assert!(text.contains(";2026-10;;sementara;2026-10-31 20:00;"), "{text}");
        // Closed two hours after the month's end there, not before.
        world.clock.set_wall("2026-10-31T17:59:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        office.make_reports().await.unwrap();
        assert!(report(&world, "province", "2026-10").await.running_until.is_some());
        world.clock.set_wall("2026-10-31T18:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        world.clock.set_wall("2026-10-31T18:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Doubtful);
        assert_eq!(office.make_reports().await.unwrap().closed, 0, "a clock that nobody vouches for closes nothing");
        world.clock.set_wall("2026-10-31T18:00:00Z".parse().unwrap(), gapura_model::ClockTrust::Trusted);
        let made = office.make_reports().await.unwrap();
        // September is there for the visit one millisecond before.
        assert_eq!((made.closed, made.later), (6 - 3, 0), "{made:?}");
        assert_eq!(office.make_reports().await.unwrap().closed, 0, "once");
        // Another controller that was slower does not open it again.
        let mut tx = office.store.write().await.unwrap();
        let figure = tx.newest_month_figure("galeri", "2026-10").await.unwrap().unwrap();
        assert!(!tx.put_month_figure(&gapura_store::MonthFigureRow { issue: 0, ..figure }).await.unwrap());
        drop(tx);
        assert!(
            !office
                .months_reported()
                .await
                .unwrap()
                .iter()
                .any(|one| one.month.to_string() == "2026-10" && one.running)
        );

        // A naive second reckoning, visit by visit.
        let (from, until) = (ms("2026-09-30T16:00:00Z"), ms("2026-10-31T16:00:00Z"));
        let naive = |visits: &[VisitRow]| {
            let within: Vec<&VisitRow> =
                visits.iter().filter(|one| one.started >= from && one.started < until).collect();
            let devices: BTreeSet<&str> = within.iter().map(|one| one.device.as_str()).collect();
            (devices.len() as u64, within.len() as u64)
        };
        let galeri = report(&world, "site:galeri", "2026-10").await;
        assert_eq!(
            (galeri.total.people, galeri.total.visits),
            (Cell::Known(naive(&own).0), Cell::Known(naive(&own).1))
        );
        assert_eq!(galeri.total.octets_down, Cell::Known(300 * 20_000));
        assert_eq!((galeri.issue, galeri.running_until), (Some(1), None));
        let days: Vec<_> = galeri.days.iter().map(|day| (day.date.day(), day.visits)).collect();
        assert_eq!(days[0], (1, Cell::Known(10)), "twelve, told in tens");
        assert_eq!((days.len(), days[30]), (31, (31, Cell::Known(0))));
        // Nobody listened to its gateway: not 0.
        assert_eq!((galeri.total.kept_permille, galeri.total.available_permille), (None, None));
        assert_eq!((galeri.total.blocked, galeri.total.attacks[0].count), (Cell::Unknown, None));
        // Four people are hidden, and with them the next smallest, so that the sum does not tell.
        let all = report(&world, "regency:sinjai", "2026-10").await;
        let cells: Vec<_> =
            all.sites.iter().map(|one| (one.site.as_str(), one.figures.people, one.figures.visits)).collect();
        assert_eq!(
            cells,
            [
                ("kecil", Cell::Withheld, Cell::Withheld),
                ("galeri", Cell::Known(40), Cell::Known(300)),
                ("sedang", Cell::Withheld, Cell::Withheld),
            ]
        );
        assert_eq!((all.total.people, all.total.visits), (Cell::Known(59), Cell::Known(380)));
        assert!(report(&world, "site:kecil", "2026-10").await.days.is_empty());

        // No name is a formula, and the PDF says what the page says.
        let say = office.say_report(&all, gapura_speech::Lang::Id);
        let text = csv(&all, &say);
        assert!(
            text.starts_with("\u{feff}Tingkat;Nama;") && text.contains("\r\nLokasi;'=Telecenter Kecil;sinjai;"),
            "{text}"
        );
        let sheet = Sheet::of(&all, &say);
        let paper = pdf(&sheet, "Dinas Kominfo", &say);
        let said = shown(&paper);
        for word in [
            "Laporan Layanan Internet Publik, Oktober 2026",
            "59",
            "380",
            "tidak ditampilkan",
            "Galeri Internet Sinjai",
            "Halaman 1 dari 4",
        ] {
            assert!(said.iter().any(|line| line.contains(word)), "{word} is not in {said:?}");
        }
        assert!(sheet.definitions.iter().all(|(term, _)| said.contains(term)));

        late_data_is_a_new_issue(&world).await;
    })
    .await;
}

/// What a reader of the PDF finds in its plain streams: the strings that are shown.
fn shown(paper: &[u8]) -> Vec<String> {
    assert!(paper.starts_with(b"%PDF-") && paper.ends_with(b"%%EOF"));
    let text: String = paper.iter().map(|octet| char::from(*octet)).collect();
    assert!(text.contains("/Lang") && text.contains("/Title"));
    let mut found = Vec::new();
    for part in text.split(" Tj").filter_map(|part| part.rsplit_once("]\n").or_else(|| part.rsplit_once("Tm\n"))) {
        let part = part.1.trim();
        found.push(part.trim_start_matches('(').trim_end_matches(')').replace("\\(", "(").replace("\\)", ")"));
    }
    found
}

/// A gateway that was first heard in the middle of the month, and everything that can happen to it.
async fn what_happened_in_october(world: &World, gateway: &gapura_model::GatewayId) {
    let galeri = "galeri".parse().unwrap();
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let mut tx = world.serving.office.store.write().await.unwrap();
    // Mondays in October 2026: 5, 12, 19, 26; ten hours each from 08.00 WITA. First heard on the 6th.
    tx.put_state((&galeri, gateway), "serving", at("2026-10-06T00:00:00Z")).await.unwrap();
    // Silent on the 12th from 10.00 to 14.00, of which it says that for two hours only the controller was away.
    tx.put_state((&galeri, gateway), "silent", at("2026-10-12T02:00:00Z")).await.unwrap();
    tx.put_state((&galeri, gateway), "serving", at("2026-10-12T06:00:00Z")).await.unwrap();
    let outage = |id: &str, kind: &str, from: &str, until: Option<&str>| OutageRow {
        site: "galeri".to_owned(),
        id: id.to_owned(),
        gateway: gateway.to_string(),
        kind: kind.to_owned(),
        started: ms(from),
        ended: until.map(ms),
    };
    tx.put_outage(&outage("1", "controller", "2026-10-12T02:00:00Z", Some("2026-10-12T04:00:00Z"))).await.unwrap();
    // Power and uplink on the 19th: two hours in all, one of them twice; and a night nobody planned for.
    tx.put_outage(&outage("2", "power", "2026-10-19T01:00:00Z", Some("2026-10-19T02:30:00Z"))).await.unwrap();
    tx.put_outage(&outage("3", "uplink", "2026-10-19T02:00:00Z", Some("2026-10-19T03:00:00Z"))).await.unwrap();
    tx.put_outage(&outage("4", "gate", "2026-10-20T15:00:00Z", Some("2026-10-20T20:00:00Z"))).await.unwrap();
    let tally = |id: &str, name: &str, from: &str, until: &str, amount| TallyRow {
        site: "galeri".to_owned(),
        id: id.to_owned(),
        gateway: gateway.to_string(),
        name: name.to_owned(),
        started: ms(from),
        ended: ms(until),
        amount,
    };
    for row in [
        tally("a", "rogue-dhcp", "2026-10-07T01:00:00Z", "2026-10-07T02:00:00Z", 5),
        tally("b", "rogue-ra", "2026-10-07T02:00:00Z", "2026-10-07T03:00:00Z", 7),
        tally("c", "rogue-dhcp", "2026-10-09T01:00:00Z", "2026-10-09T02:00:00Z", 1),
        // Its end is not known: silence follows, and at the month's end nobody knows yet.
        tally("d", "wrong-codes", "2026-10-12T02:00:00Z", "2026-10-12T04:00:00Z", 3),
        tally("e", "wrong-codes", "2026-10-31T14:30:00Z", "2026-10-31T15:30:00Z", 3),
    ] {
        tx.add_tally(&row).await.unwrap();
    }
    let count = |hour: &str, clause: &str, total| CountRow {
        site: "galeri".to_owned(),
        gateway: gateway.to_string(),
        run: "1".to_owned(),
        hour: ms(hour),
        sop: "SOP-1".to_owned(),
        clause: clause.to_owned(),
        list: "judi".to_owned(),
        total,
    };
    for row in [
        count("2026-10-07T01:00:00Z", "2", 4),
        count("2026-10-08T01:00:00Z", "3", 90),
        count("2026-10-31T16:00:00Z", "3", 1000),
    ] {
        tx.put_count(&row).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hours_are_kept_where_the_gate_was_in_order_and_what_was_planned_stays() {
    on_both("month-hours", async |world| {
        let open = SITE.replace("weekly = { mon = [\"08.00-22.00\"] }", "weekly = { mon = [\"08.00-18.00\"] }");
        world.furnish().await;
        let file = world.file("open.toml", &open);
        let set = |wall: &str| world.clock.set_wall(wall.parse().unwrap(), gapura_model::ClockTrust::Trusted);
        set("2026-10-01T00:00:00Z");
        world.cli(&["site", "set", "galeri", "--file", &file]).await;
        let office = &world.serving.office;
        let (_, member) = world.member(&[]).await;
        let gapura_wire::EnrolAnswer::Approved { gateway, .. } = member else { panic!() };
        what_happened_in_october(&world, &gateway).await;
        set("2026-10-15T00:00:00Z");
        office.make_reports().await.unwrap();
        // From the middle of the month on it is open on Mondays until 20.00: what was planned before stays planned.
        let longer = world.file("longer.toml", &open.replace("18.00", "20.00"));
        world.cli(&["site", "set", "galeri", "--file", &longer]).await;
        // On the last Monday staff close at 13.00: what was planned is not kept.
        set("2026-10-26T02:00:00Z");
        let who = crate::Actor { name: "petugas".to_owned(), reason: "Listrik padam".to_owned() };
        office.close_early(&"galeri".parse().unwrap(), jiff::civil::time(13, 0, 0, 0), &who).await.unwrap();
        set("2026-11-01T00:00:00Z");
        office.make_reports().await.unwrap();
        let october = report(&world, "site:galeri", "2026-10").await.total;
        let hours = |hours: u64| hours * 3600;
        assert_eq!(october.planned_seconds, hours(10 + 10 + 12 + 12));
        assert_eq!(october.watched_seconds, hours(10 + 12 + 12), "nobody listened on the 5th");
        // Two hours of silence and two of outages on Mondays, and seven that were closed early.
        assert_eq!(october.kept_seconds, hours(34 - 2 - 2 - 7));
        assert_eq!(october.closed_early_seconds, hours(7));
        assert_eq!(october.kept_permille, Some(23 * 1000 / 34));
        let whole = 26 * 24 - 8;
        assert_eq!(
            october.available_permille,
            Some((whole - 2 - 2 - 5) * 1000 / whole),
            "first heard at 08.00 of the 6th"
        );
        assert_eq!(october.blocked, Cell::Known(94));
        let attack = |kind| *october.attacks.iter().find(|one| one.kind == kind).unwrap();
        let (false_router, guessing) = (attack(Attack::FalseRouter), attack(Attack::Guessing));
        assert_eq!((false_router.count, false_router.incidents, false_router.recovered), (Some(13), Some(2), Some(2)));
        assert_eq!(false_router.median_seconds, Some(hours(2) - 1800), "of two hours and one");
        assert_eq!(
            (guessing.count, guessing.incidents, guessing.recovered, guessing.median_seconds),
            (Some(6), Some(2), Some(1), Some(hours(1))),
            "the last was over by midnight, as was seen after it; of the first nobody knows"
        );
        assert_eq!(attack(Attack::Scanning).count, Some(0), "somebody listened: none is none");
        let clauses = report(&world, "site:galeri", "2026-10").await.clauses.unwrap();
        assert_eq!((clauses[0].clause.as_str(), clauses[0].total), ("3", 90));
        let json = world.cli(&["report", "month", "--month", "2026-10", "--site", "galeri"]).await;
        assert_eq!((&json["total"]["kept_permille"], &json["total"]["people"]), (&676.into(), &0.into()));
        let out = world.directory().join("laporan.pdf").display().to_string();
        let words = ["report", "month", "--month", "2026-10", "--format", "pdf", "--out", &out];
        world.cli(&words).await;
        assert!(std::fs::read(&out).unwrap().starts_with(b"%PDF-"));
        assert!(world.try_cli(&words).await.is_err(), "what is there stays");
        assert!(world.try_cli(&["report", "month", "--month", "2020-01"]).await.is_err());
    })
    .await;
}

/// Destroys a month's visits, as the retention does.
async fn destroyed(world: &World, month: gapura_store::Month) {
    let (from, until) = month.span();
    let mut tx = world.serving.office.store.write().await.unwrap();
    while !tx.destroy_month(crate::retention::Kind::Visits.monthly().unwrap(), month).await.unwrap().done {}
    let row = gapura_store::DestructionRow {
        id: 0,
        kind: "visits".to_owned(),
        span_from: from.as_millisecond(),
        span_until: until.as_millisecond(),
        days: 90,
        records: 1,
        epoch_keys: String::new(),
        staff: "gapura".to_owned(),
        began: until.as_millisecond(),
        finished: Some(until.as_millisecond()),
        line: None,
    };
    tx.add_destruction(&row).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_once_counted_stay_when_the_visits_are_gone_and_a_corrected_zone_is_no_late_data() {
    on_both("month-zone", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let set = |wall: &str| world.clock.set_wall(wall.parse().unwrap(), gapura_model::ClockTrust::Trusted);
        put(&world, &october("galeri", 40, 300)).await;
        let eve: Vec<_> = (0..20).map(|at| visit(50_000 + at, "galeri", "eve", ms("2026-09-30T15:30:00Z"))).collect();
        put(&world, &eve).await;
        set("2026-11-01T00:00:00Z");
        assert!(office.make_reports().await.unwrap().closed > 0);
        // From WITA to WIT: the visits of the hour before October would be October's.
        let file = world.file("wit.toml", &SITE.replace("Asia/Makassar", "Asia/Jayapura"));
        world.cli(&["site", "set", "galeri", "--file", &file]).await;
        set("2026-11-02T00:00:00Z");
        assert_eq!(office.make_reports().await.unwrap().later, 0);
        assert_eq!(report(&world, "site:galeri", "2026-10").await.issue, Some(1));
        // An outage that is told once the visits are gone makes no issue without people.
        destroyed(&world, "2026-10".parse().unwrap()).await;
        let more: Vec<_> = (0..20).map(|at| visit(60_000 + at, "galeri", "late", ms("2026-09-30T17:00:00Z"))).collect();
        put(&world, &more).await;
        set("2026-11-03T00:00:00Z");
        office.make_reports().await.unwrap();
        assert_eq!(report(&world, "site:galeri", "2026-10").await.total.people, Cell::Known(40));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_a_month_whose_visits_are_destroyed_are_not_known_and_nothing_is_reckoned_anew() {
    on_both("month-gone", async |world| {
        world.furnish().await;
        let office = &world.serving.office;
        let set = |wall: &str| world.clock.set_wall(wall.parse().unwrap(), gapura_model::ClockTrust::Trusted);
        put(&world, &october("galeri", 40, 300)).await;
        // A version before this one destroyed October's visits without a report of them.
        set("2027-03-15T18:30:00Z");
        for month in ["2026-09", "2026-10"] {
            destroyed(&world, month.parse().unwrap()).await;
        }
        office.make_reports().await.unwrap();
        let total = report(&world, "site:galeri", "2026-10").await.total;
        assert_eq!((total.visits, total.people, total.people_unknown_sites), (Cell::Known(300), Cell::Unknown, 1));
        world.clock.advance(Duration::from_hours(7));
        assert_eq!(office.make_reports().await.unwrap().later, 0);
    })
    .await;
}

#[test]
fn reports_are_seen_by_those_who_answer_for_them() {
    let see: Vec<&Role> = Role::ALL.iter().filter(|role| role.rights().contains(&Right::SeeReports)).collect();
    assert_eq!(see, [&Role::SiteHead, &Role::SopApprover, &Role::NetworkAdmin, &Role::Auditor]);
    assert!("regency:sinjai".parse::<Scope>().is_ok());
}
