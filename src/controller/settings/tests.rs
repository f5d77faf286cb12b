//! What comes of levels, beside a second, naive putting together.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn layer(value: Value) -> SettingsDocument {
    serde_json::from_value(value).unwrap()
}

fn site() -> Value {
    json!({ "name": "Galeri", "kind": "gallery", "agency": "Diskominfo", "regency": "sinjai" })
}

fn department() -> Value {
    json!({
        "contact": "0482-21000",
        "hours": { "zone": "Asia/Makassar", "weekly": { "mon": ["08.00-22.00"] },
                   "exceptions": [{ "date": "2026-08-17", "reason": "Hari Kemerdekaan" }] },
        "ways": { "voucher": true },
        "look": { "colours": { "brand": "#0b4a50", "accent": "#f3a712" }, "texts": { "welcome": { "id": "Selamat datang" } } },
    })
}

fn origin<'a>(settled: &'a Settled, field: &str) -> Vec<&'a Origin> {
    settled.origins.iter().filter(|origin| origin.field == field).collect()
}

#[test]
fn the_nearest_level_has_its_say_field_by_field() {
    let layers = [
        (Level::Department, layer(department())),
        (Level::Regency("sinjai".to_owned()), layer(json!({ "look": { "colours": { "brand": "#111111" } } }))),
        (Level::Kind("gallery".to_owned()), layer(json!({ "hours": { "always-open": true } }))),
        (
            Level::Group("kota".to_owned()),
            layer(json!({
            "hours": { "weekly": { "tue": ["09.00-12.00"] } }, "notices": [{ "severity": "info", "text": { "id": "Halo" }, "until": "2027-01-01T00:00:00Z" }] })),
        ),
        (Level::Site, layer(site())),
    ];
    let settled = settle(&layers, &BTreeMap::new()).unwrap();
    let document = &settled.document;
    assert_eq!((document.contact.as_str(), document.hours.is_always_open()), ("0482-21000", false));
    assert!(document.ways.voucher && document.notices.len() == 1);
    assert_eq!(document.look.colours["brand"].to_string(), "#111111");
    assert_eq!(document.look.colours["accent"].to_string(), "#f3a712");
    let week = origin(&settled, "hours.weekly")[0];
    assert_eq!(week.holds.from, Level::Group("kota".to_owned()));
    let lost: Vec<String> = week.lost.iter().map(|lost| lost.from.to_string()).collect();
    assert_eq!(lost, ["kind gallery", "department"]);
    assert_eq!(origin(&settled, "look.colours.brand")[0].holds.from, Level::Regency("sinjai".to_owned()));
    assert_eq!(origin(&settled, "hours.exceptions")[0].holds.from, Level::Department);
}

#[test]
fn a_document_of_a_whole_site_stands_as_it_stood() {
    let text = crate::tests::SITE;
    let whole: SiteDocument = toml::from_str(text).unwrap();
    let own: SettingsDocument = toml::from_str(text).unwrap();
    let alone = settle(&[(Level::Site, own.clone())], &BTreeMap::new()).unwrap();
    assert_eq!(alone.document, whole);
    let stated = settle(&[(Level::Site, SettingsDocument::from(whole.clone()))], &BTreeMap::new()).unwrap();
    assert_eq!(stated.document, whole);
    let below = settle(&[(Level::Department, layer(department())), (Level::Site, own)], &BTreeMap::new()).unwrap();
    assert_eq!((&below.document.contact, &below.document.ways), (&whole.contact, &whole.ways), "what it states holds");
    assert!(
        below.document.hours.exception("2026-08-17".parse().unwrap()).is_some(),
        "dates of all levels hold together"
    );
}

#[test]
fn what_is_missing_or_misplaced_is_told_all_at_once() {
    let wrong = settle(&[(Level::Site, layer(json!({ "name": "Galeri" })))], &BTreeMap::new()).unwrap_err();
    for field in ["kind", "agency", "regency", "contact", "hours.zone"] {
        assert!(
            wrong.iter().any(|mistake| mistake.to_string().starts_with(&format!("{field}: is set nowhere"))),
            "{wrong:?}"
        );
    }
    let above = layer(site()).mistakes_above();
    assert_eq!(above.len(), 4, "{above:?}");
    assert!(serde_json::from_value::<SettingsDocument>(json!({ "colour": 1 })).is_err(), "unknown keys are refused");
    assert_eq!(Level::above("regency", ""), None);
    assert_eq!(Level::above("department", "x"), None);
    assert_eq!(Level::above("site", "x"), None);
}

#[test]
fn holidays_and_ramadan_change_the_hours_of_their_days() {
    let ics = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260817\r\nDTEND;VALUE=DATE:20260818\r\nSUMMARY:Hari\r\n  Kemerdekaan\\, RI\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let calendar = Calendar::from_ics(ics).unwrap();
    assert_eq!(calendar.holiday[0].name, "Hari Kemerdekaan, RI");
    assert_eq!(calendar.holiday[0].to, None);
    assert!(Calendar::from_ics("x").is_err());
    let repeats = ics.replace("SUMMARY", "RRULE:FREQ=YEARLY\r\nSUMMARY");
    assert!(Calendar::from_ics(&repeats).unwrap_err()[0].to_string().contains("repeats"));
    let calendars = BTreeMap::from([("nasional".to_owned(), calendar)]);
    let above = json!({
        "contact": "x",
        "hours": { "zone": "Asia/Makassar", "always-open": true, "holidays": { "calendars": ["nasional"] },
            "seasons": [{ "from": "2026-02-18", "to": "2026-03-19", "reason": "Ramadan",
                          "weekly": { "mon": ["09.00-15.00"], "tue": ["09.00-15.00"], "sun": ["10.00-12.00"] } }] },
    });
    let layers = [(Level::Department, layer(above.clone())), (Level::Site, layer(site()))];
    let hours = settle(&layers, &calendars).unwrap().document.hours;
    let reason = |date: &str| hours.exception(date.parse().unwrap()).map(|one| (one.reason.as_str(), one.open.len()));
    assert_eq!(reason("2026-08-17"), Some(("Hari Kemerdekaan, RI", 0)));
    assert_eq!((reason("2026-02-23"), reason("2026-02-25")), (Some(("Ramadan", 1)), Some(("Ramadan", 0))));
    assert_eq!(reason("2026-03-20"), None);
    // A site may keep its holidays otherwise, and its own day wins over the span.
    let own = json!({ "hours": { "holidays": { "calendars": [] }, "exceptions": [{ "date": "2026-02-23", "open": ["13.00-14.00"], "reason": "Rapat" }] } });
    let mut value = site();
    value.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    let hours =
        settle(&[(Level::Department, layer(above)), (Level::Site, layer(value))], &calendars).unwrap().document.hours;
    let reason = |date: &str| hours.exception(date.parse().unwrap()).map(|one| one.reason.as_str());
    assert_eq!((reason("2026-08-17"), reason("2026-02-23")), (None, Some("Rapat")));
    let missing = settle(
        &[(
            Level::Site,
            layer(
                json!({ "hours": { "zone": "Asia/Makassar", "always-open": true, "holidays": { "calendars": ["lain"] } } }),
            ),
        )],
        &BTreeMap::new(),
    );
    assert!(missing.unwrap_err().iter().any(|mistake| mistake.to_string().contains("no calendar \"lain\"")));
}

/// Fields that a level may set, as JSON; small values, so that levels meet.
fn some_layer() -> impl Strategy<Value = Value> {
    let field = |name: &'static str, values: Vec<Value>| {
        prop::option::of(prop::sample::select(values)).prop_map(move |value| value.map(|value| (name, value)))
    };
    let plans = vec![json!("umum"), json!("pelajar")];
    let all = (
        field("contact", vec![json!("a"), json!("b")]),
        field("in-doubt", vec![json!("open"), json!("closed")]),
        field("ways", vec![json!({ "voucher": true }), json!({ "account": true })]),
        field("one-tap-plan", plans),
        field("wifi", vec![json!("gapura"), json!("umum")]),
        field("garden", vec![json!([]), json!([{ "to": "bpjs.go.id" }])]),
        field(
            "hours",
            vec![
                json!({ "zone": "Asia/Jakarta" }),
                json!({ "weekly": { "mon": ["08.00-09.00"] } }),
                json!({ "always-open": true }),
            ],
        ),
        field(
            "look",
            vec![
                json!({ "name": "x" }),
                json!({ "colours": { "brand": "#000000" } }),
                json!({ "colours": { "brand": "#ffffff", "accent": "#123456" } }),
            ],
        ),
        field(
            "filter",
            vec![json!({ "without-index": "plain" }), json!({ "without-index": "closed", "class-groups": ["kelas"] })],
        ),
    );
    all.prop_map(|(a, b, c, d, e, f, g, h, i)| {
        let set = [a, b, c, d, e, f, g, h, i].into_iter().flatten();
        Value::Object(set.map(|(name, value)| (name.to_owned(), value)).collect())
    })
}

/// The second putting together: whole values of JSON, laid over each other.
fn naive(layers: &[Value]) -> Value {
    let mut all = json!({});
    for layer in layers {
        for (key, value) in layer.as_object().unwrap() {
            let deep = matches!(key.as_str(), "hours" | "look" | "filter");
            let into = &mut all[key];
            if !deep || into.is_null() {
                *into = value.clone();
                continue;
            }
            for (key, value) in value.as_object().unwrap() {
                if key == "colours" {
                    for (key, value) in value.as_object().unwrap() {
                        into["colours"][key] = value.clone();
                    }
                    continue;
                }
                // Weekly hours and being always open are one thing.
                if key == "weekly" || key == "always-open" {
                    into.as_object_mut().unwrap().remove(if key == "weekly" { "always-open" } else { "weekly" });
                }
                into[key] = value.clone();
            }
        }
    }
    all
}

proptest! {
    #[test]
    fn levels_agree_with_values_laid_over_each_other(above in prop::collection::vec(some_layer(), 0..5), own in some_layer()) {
        let base = json!({ "contact": "z", "hours": { "zone": "Asia/Makassar", "always-open": true } });
        let mut last = site();
        last.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        let all: Vec<Value> = [base].into_iter().chain(above).chain([last]).collect();
        let whole: SiteDocument = serde_json::from_value(naive(&all)).unwrap();
        let count = all.len();
        let layers: Vec<(Level, SettingsDocument)> = all.iter().enumerate().map(|(at, value)| {
            let level = if at + 1 == count { Level::Site } else { Level::Group(at.to_string()) };
            (level, layer(value.clone()))
        }).collect();
        match settle(&layers, &BTreeMap::new()) {
            Ok(settled) => {
                prop_assert_eq!(&settled.document, &whole);
                // What holds is what its level says, and nobody nearer says anything.
                for origin in &settled.origins {
                    let at = layers.iter().position(|(level, _)| *level == origin.holds.from).unwrap();
                    let path: Vec<&str> = origin.field.split('.').collect();
                    let said = |at: usize| path.iter().try_fold(&all[at], |value: &Value, key| value.get(*key)).cloned();
                    if origin.field != "hours.weekly" {
                        prop_assert!(said(at).is_some(), "{}", origin.field);
                        prop_assert!((at + 1..count).all(|nearer| said(nearer).is_none()), "{}", origin.field);
                    }
                }
            }
            Err(mistakes) => prop_assert_eq!(mistakes, whole.mistakes()),
        }
    }
}
