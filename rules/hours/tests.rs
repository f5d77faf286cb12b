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
