use super::*;

fn hours(text: &str) -> Hours {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const GALLERY: &str = r#"
    zone = "Asia/Makassar"
    weekly = { mon = ["08.00-22.00"], tue = ["08:00-22:00"], wed = ["08.00-22.00"], thu = ["08.00-22.00"], fri = ["20.00-02.00"] }
    [[exceptions]]
    from = "2026-02-18"
    to = "2026-03-19"
    open = ["09.00-15.00"]
    reason = "Ramadan"
    [[exceptions]]
    date = "2026-03-19"
    reason = "Nyepi"
"#;

#[test]
fn a_gallery_opens_and_closes_by_its_own_clock() {
    let hours = hours(GALLERY);
    // Monday 5 January 2026, 07.59 and 08.00 WITA.
    assert_eq!(hours.state(at("2026-01-04T23:59:00Z")), OpenState::Closed { opens: Some(at("2026-01-05T00:00:00Z")) });
    assert_eq!(hours.state(at("2026-01-05T00:00:00Z")), OpenState::Open { closes: Some(at("2026-01-05T14:00:00Z")) });
    assert_eq!(hours.state(at("2026-01-05T14:00:00Z")), OpenState::Closed { opens: Some(at("2026-01-06T00:00:00Z")) });
}

#[test]
fn a_window_past_midnight_belongs_to_the_day_it_begins() {
    let hours = hours(GALLERY);
    // Friday 9 January 20.00 WITA to Saturday 02.00; Saturday and Sunday are closed.
    assert_eq!(hours.state(at("2026-01-09T17:30:00Z")), OpenState::Open { closes: Some(at("2026-01-09T18:00:00Z")) });
    assert_eq!(hours.state(at("2026-01-09T18:00:00Z")), OpenState::Closed { opens: Some(at("2026-01-12T00:00:00Z")) });
}

#[test]
fn the_narrower_exception_wins() {
    let hours = hours(GALLERY);
    assert_eq!(hours.state(at("2026-03-18T01:00:00Z")), OpenState::Open { closes: Some(at("2026-03-18T07:00:00Z")) });
    // Nyepi lies inside Ramadan; Friday the 20th opens at 20.00 again.
    assert_eq!(hours.state(at("2026-03-19T03:00:00Z")), OpenState::Closed { opens: Some(at("2026-03-20T12:00:00Z")) });
    assert_eq!(hours.exception(Date::constant(2026, 3, 19)).unwrap().reason, "Nyepi");
}

#[test]
fn twenty_four_hours_is_one_unbounded_interval() {
    let always = hours("zone = \"Asia/Jakarta\"\nalways-open = true");
    assert_eq!(always.state(at("2026-01-01T00:00:00Z")), OpenState::Open { closes: None });
    let by_days = "zone = \"Asia/Jakarta\"\nweekly = { mon = [\"00.00-24.00\"], tue = [\"00.00-24.00\"], wed = [\"00.00-24.00\"], \
                   thu = [\"00.00-24.00\"], fri = [\"00.00-24.00\"], sat = [\"00.00-24.00\"], sun = [\"00.00-24.00\"] }";
    assert_eq!(hours(by_days).state(at("2026-01-01T00:00:00Z")), OpenState::Open { closes: None });
    assert_eq!(hours(by_days).windows(at("2026-01-01T00:00:00Z"), at("2026-03-01T00:00:00Z")).len(), 1);
    let nyepi = hours(
        "zone = \"Asia/Makassar\"\nalways-open = true\nexceptions = [{ date = \"2026-03-19\", reason = \"Nyepi\" }]",
    );
    assert_eq!(nyepi.state(at("2026-01-01T00:00:00Z")), OpenState::Open { closes: Some(at("2026-03-18T16:00:00Z")) });
}

#[test]
fn staff_close_early_and_open_longer() {
    let change = |from: &str, until: &str, open| Override {
        from: at(from),
        until: at(until),
        open,
        by: "Sitti".to_owned(),
        reason: "listrik padam".to_owned(),
    };
    let early = change("2026-01-05T10:00:00Z", "2026-01-06T00:00:00Z", false);
    let longer = change("2026-01-05T14:00:00Z", "2026-01-05T16:00:00Z", true);
    let closed = hours(GALLERY).with_overrides(vec![early.clone()]);
    assert_eq!(closed.state(at("2026-01-05T09:00:00Z")), OpenState::Open { closes: Some(early.from) });
    assert_eq!(closed.state(at("2026-01-05T10:00:00Z")), OpenState::Closed { opens: Some(at("2026-01-06T00:00:00Z")) });
    assert_eq!(closed.override_at(at("2026-01-05T10:00:00Z")).unwrap().by, "Sitti");
    let open = hours(GALLERY).with_overrides(vec![longer.clone()]);
    assert_eq!(open.state(at("2026-01-05T13:00:00Z")), OpenState::Open { closes: Some(longer.until) });
    let both = hours(GALLERY).with_overrides(vec![early, longer.clone()]);
    assert_eq!(both.state(at("2026-01-05T14:30:00Z")), OpenState::Open { closes: Some(longer.until) });
}

#[test]
fn a_site_that_never_opens_says_so() {
    let never = hours("zone = \"Asia/Jakarta\"\nweekly = { mon = [] }");
    assert_eq!(never.state(at("2026-01-01T00:00:00Z")), OpenState::Closed { opens: None });
}

#[test]
fn every_mistake_is_reported_at_once() {
    let text = r#"
        zone = "Asia/Sinjai"
        weekly = { senin = ["08.00-22.00"], mon = ["8-22", "09.00-12.00", "11.00-13.00"] }
        exceptions = [{ date = "17-08-2026" }, { from = "2026-01-02" }, { from = "2026-01-02", to = "2026-01-01", days = ["x"] }]
    "#;
    let document: HoursDocument = toml::from_str(text).unwrap();
    let problems = Hours::try_from(document).unwrap_err();
    let keys: Vec<&str> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
    let expected = [
        "zone",
        "weekly.senin",
        "weekly.mon",
        "weekly.mon",
        "exceptions[0].date",
        "exceptions[1]",
        "exceptions[2]",
        "exceptions[2].days",
    ];
    assert_eq!(keys, expected, "{problems}");
}

#[test]
fn hours_survive_json_and_toml() {
    let hours = hours(GALLERY);
    assert_eq!(serde_json::from_str::<Hours>(&serde_json::to_string(&hours).unwrap()).unwrap(), hours);
    assert_eq!(toml::from_str::<Hours>(&toml::to_string(&hours).unwrap()).unwrap(), hours);
}

mod against_every_minute {
    use proptest::prelude::*;

    use super::*;

    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// Windows as a document writes them, and as minutes: at most two a day, not overlapping.
    fn spans() -> impl Strategy<Value = Vec<(i64, i64)>> {
        prop_oneof![
            Just(vec![]),
            (0..1440_i64, 1..=1440_i64).prop_map(|(start, length)| vec![(start, start + length)]),
            (0..600_i64, 1..300_i64, 1..300_i64, 1..900_i64).prop_map(|(start, first, gap, second)| vec![
                (start, start + first),
                (start + first + gap, start + first + gap + second)
            ]),
        ]
    }

    fn texts(spans: &[(i64, i64)]) -> String {
        let clock = |minute: i64| format!("{:02}.{:02}", minute / 60, minute % 60);
        let end = |minute: i64| if minute > 1440 { clock(minute - 1440) } else { clock(minute) };
        let texts: Vec<String> = spans.iter().map(|(from, to)| format!("\"{}-{}\"", clock(*from), end(*to))).collect();
        format!("[{}]", texts.join(", "))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn windows_and_state_are_what_each_minute_says(
            week in proptest::array::uniform7(spans()),
            exception in spans(),
            (day, length) in (0..8_i64, 0..3_i64),
            change in (0..10_000_i64, 1..3_000_i64, any::<bool>()),
        ) {
            // Monday 5 January 2026, 00.00 in Makassar.
            let monday = at("2026-01-04T16:00:00Z");
            let minute = |minute: i64| monday.checked_add(jiff::SignedDuration::from_mins(minute)).unwrap();
            let date = |day: i64| Date::constant(2026, 1, 5).checked_add(jiff::ToSpan::days(day)).unwrap();
            let weekly: Vec<String> = DAYS.iter().zip(&week).map(|(day, spans)| format!("{day} = {}", texts(spans))).collect();
            let document = format!(
                "zone = \"Asia/Makassar\"\nweekly = {{ {} }}\n[[exceptions]]\nfrom = \"{}\"\nto = \"{}\"\nopen = {}",
                weekly.join(", "), date(day), date(day + length), texts(&exception),
            );
            let (start, last, open) = change;
            let by_staff = Override { from: minute(start), until: minute(start + last), open, by: String::new(), reason: String::new() };
            let hours = hours(&document).with_overrides(vec![by_staff]);

            let spans = |of: i64| if (day..=day + length).contains(&of) { &exception } else { &week[usize::try_from(of.rem_euclid(7)).unwrap()] };
            let is_open = |minute: i64| {
                if (start..start + last).contains(&minute) {
                    return open;
                }
                let (today, clock) = (minute.div_euclid(1440), minute.rem_euclid(1440));
                spans(today).iter().any(|(from, to)| (*from..*to).contains(&clock))
                    || spans(today - 1).iter().any(|(from, to)| (*from..*to).contains(&(clock + 1440)))
            };
            let total = 10 * 1440;
            let windows = hours.windows(minute(0), minute(total));
            let mut expected: Vec<Window> = Vec::new();
            for now in (0..total).filter(|now| is_open(*now)) {
                match expected.last_mut() {
                    Some(window) if window.until == minute(now) => window.until = minute(now + 1),
                    _ => expected.push(Window { from: minute(now), until: minute(now + 1) }),
                }
            }
            prop_assert_eq!(&windows, &expected);
            for now in (0..total).step_by(611) {
                let state = hours.state(minute(now));
                prop_assert_eq!(state.is_open(), is_open(now));
                let next = (now + 1..now + 60 * 1440).find(|later| is_open(*later) != is_open(now));
                prop_assert_eq!(state.next_change(), next.map(minute));
            }
        }
    }
}
