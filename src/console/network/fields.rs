//! Settings in words: names of fields, and values as people read them.

use gapura_controller::{ForwardDocument, SettingsDocument, SiteDevice};
use gapura_model::{Moment, SiteKind, Uptime};
use gapura_speech::{Say, Words};
use gapura_wire::{Garden, InDoubt, Notice, Text, Uplink, WaysIn, WithoutIndex};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::week::DAYS;

/// Fields of documents and the keys of their names.
const NAMES: [(&str, &str); 28] = [
    ("name", "levels-field-name"),
    ("kind", "levels-field-kind"),
    ("agency", "levels-field-agency"),
    ("regency", "levels-field-regency"),
    ("contact", "levels-field-contact"),
    ("wifi", "levels-field-wifi"),
    ("hours.zone", "levels-field-zone"),
    ("hours.weekly", "levels-field-week"),
    ("hours.always-open", "levels-field-week"),
    ("hours.holidays", "levels-field-holidays"),
    ("hours.exceptions", "levels-field-exceptions"),
    ("hours.seasons", "hours-seasons"),
    ("hours.overrides", "levels-field-overrides"),
    ("in-doubt", "levels-field-doubt"),
    ("ways", "levels-field-ways"),
    ("one-tap-plan", "levels-field-one-tap-plan"),
    ("staff-plan", "levels-field-staff-plan"),
    ("uplink", "levels-field-uplink"),
    ("garden", "levels-field-garden"),
    ("terms", "levels-field-terms"),
    ("look.name", "looks-name"),
    ("look.logo", "looks-logo"),
    ("devices", "levels-field-devices"),
    ("filter.without-index", "levels-field-index"),
    ("filter.class-groups", "levels-field-class"),
    ("filter.forward", "levels-field-forward"),
    ("nat-attribution", "levels-field-nat"),
    ("notices", "levels-field-notices"),
];

/// Keys within values, and the keys of their words.
const KEYS: [(&str, &str); 2] = [("calendars", "levels-key-calendars"), ("open", "levels-key-open")];

/// The name of a field; of one without a name, what documents call it.
pub(super) fn name(w: Words, field: &str) -> String {
    if let Some((_, key)) = NAMES.iter().find(|(known, _)| *known == field) {
        return w.t(key);
    }
    if let Some(token) = field.strip_prefix("look.colours.")
        && let Some((.., key)) = super::look::form::COLOURS.iter().find(|(_, known, _)| *known == token)
    {
        return w.t(key);
    }
    if let Some(text) = field.strip_prefix("look.texts.")
        && let Some((_, _, key, _)) = super::look::form::TEXTS.iter().find(|(_, known, ..)| *known == text)
    {
        return w.t(key);
    }
    field.to_owned()
}

/// A value as people read it, in one line.
pub(super) fn value(w: Words, field: &str, value: &Value) -> String {
    let text = match (field, value) {
        ("terms", Value::Object(terms)) => terms.get("version").map(|version| plain(w, version)),
        ("look.logo", _) => Some("SVG".to_owned()),
        // Whether it is always open, and the week's windows.
        ("hours.weekly", Value::Array(both)) => match both.as_slice() {
            [Value::Bool(true), ..] => Some(w.t("levels-always")),
            [_, week] => Some(plain(w, week)),
            _ => None,
        },
        ("hours.always-open", Value::Bool(true)) => Some(w.t("levels-always")),
        ("hours.exceptions" | "hours.seasons" | "hours.overrides", Value::Array(all)) => {
            Some(all.iter().map(|one| dated(w, one)).collect::<Vec<_>>().join(", "))
        }
        ("hours.exceptions", Value::Object(_)) => Some(dated(w, value)),
        (field, _) => typed(w, field, value),
    };
    text.unwrap_or_else(|| plain(w, value)).chars().take(200).collect()
}

/// What holds on a date or span: its reason and its days.
fn dated(w: Words, one: &Value) -> String {
    let part = |key: &str| one.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let day = |text: &str| {
        let date = text.get(..10).and_then(|text| text.parse().ok());
        date.map_or_else(|| text.to_owned(), |date| crate::dates::write(w, date))
    };
    let days = [part("date").or(part("from")), part("to").or(part("until"))];
    let days: Vec<String> = days.into_iter().flatten().map(day).collect();
    match part("reason") {
        Some(reason) => format!("{reason} ({})", days.join(" – ")),
        None => days.join(" – "),
    }
}

/// What is of a type of its own, in its own words.
fn typed(w: Words, field: &str, value: &Value) -> Option<String> {
    fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
        serde_json::from_value(value.clone()).ok()
    }
    let join = |parts: Vec<String>| if parts.is_empty() { w.t("levels-none") } else { parts.join(", ") };
    Some(match field {
        "kind" => w.t(super::kind(read::<SiteKind>(value)?)),
        "in-doubt" => w.t(match read(value)? {
            InDoubt::Open => "basics-doubt-open",
            InDoubt::Closed => "basics-doubt-closed",
        }),
        "nat-attribution" => w.t(if read(value)? { "basics-nat-on" } else { "basics-nat-off" }),
        "filter.without-index" => w.t(match read(value)? {
            WithoutIndex::Closed => "basics-index-closed",
            WithoutIndex::Plain => "basics-index-plain",
        }),
        "ways" => {
            let WaysIn { one_tap, voucher, account, staff } = read(value)?;
            let all = [
                (voucher, "levels-key-voucher"),
                (account, "levels-key-account"),
                (one_tap, "levels-key-one-tap"),
                (staff, "levels-key-staff"),
            ];
            join(all.into_iter().filter(|(on, _)| *on).map(|(_, words)| w.t(words)).collect())
        }
        "uplink" => {
            let Uplink { up, down } = read(value)?;
            // Speeds are the same at every hour and place.
            let say = Say::new(w, TimeZone::UTC, Moment::trusted(Uptime::default(), Timestamp::UNIX_EPOCH));
            let one = |words: &str, rate: Option<gapura_model::BitRate>| {
                rate.map(|rate| format!("{} {}", w.t(words), say.rate(rate)))
            };
            join([one("levels-key-down", down), one("levels-key-up", up)].into_iter().flatten().collect())
        }
        "garden" => {
            let ports = |one: &Garden| one.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let line = |one: &Garden| {
                if one.ports.is_empty() { one.to.to_string() } else { format!("{} ({})", one.to, ports(one)) }
            };
            join(read::<Vec<Garden>>(value)?.iter().map(line).collect())
        }
        "devices" => join(read::<Vec<SiteDevice>>(value)?.into_iter().map(|one| one.device.label).collect()),
        "filter.forward" => {
            let servers = |one: &ForwardDocument| one.servers.iter().map(ToString::to_string).collect::<Vec<_>>();
            let line = |one: &ForwardDocument| format!("{}: {}", one.zone, servers(one).join(", "));
            join(read::<Vec<ForwardDocument>>(value)?.iter().map(line).collect())
        }
        "filter.class-groups" => join(read(value)?),
        // At a site each notice has its own line; a level has all of them.
        "notices" => match read::<Vec<Notice>>(value) {
            Some(all) => join(all.into_iter().map(|notice| notice.text.id).collect()),
            None => read::<Notice>(value)?.text.id,
        },
        field if field.starts_with("look.texts.") => {
            let Text { id, en } = read(value)?;
            if en.is_empty() { id } else { format!("{id} / {en}") }
        }
        _ => return None,
    })
}

fn plain(w: Words, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(is) => w.t(if *is { "levels-yes" } else { "levels-no" }),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(|one| plain(w, one)).collect::<Vec<_>>().join(", "),
        Value::Object(all) => {
            let mut all: Vec<_> = all.iter().collect();
            all.sort_by_key(|(key, _)| DAYS.iter().position(|day| day == key));
            let pairs = all.into_iter().map(|(key, value)| format!("{}: {}", key_words(w, key), plain(w, value)));
            pairs.collect::<Vec<_>>().join("; ")
        }
    }
}

fn key_words(w: Words, key: &str) -> String {
    if let Some(day) = DAYS.iter().position(|day| *day == key) {
        return w.list("weekdays", day);
    }
    let known = KEYS.iter().find(|(known, _)| *known == key);
    known.map_or_else(|| key.to_owned(), |(_, words)| w.t(words))
}

/// The fields within one.
fn inner(of: &str, value: Value) -> Vec<(String, Value)> {
    if let Value::Object(all) = value {
        return all.into_iter().map(|(key, one)| (format!("{of}.{key}"), one)).collect();
    }
    vec![(of.to_owned(), value)]
}

/// What a level says, field by field.
pub(super) fn said(w: Words, document: &SettingsDocument) -> Vec<(String, String)> {
    let Ok(Value::Object(all)) = serde_json::to_value(document) else { return Vec::new() };
    let mut found = Vec::new();
    for (key, one) in all {
        let deep = matches!(key.as_str(), "hours" | "look" | "filter");
        for (field, one) in if deep { inner(&key, one) } else { vec![(key, one)] } {
            let deep = matches!(field.as_str(), "look.colours" | "look.texts");
            found.extend(if deep { inner(&field, one) } else { vec![(field, one)] });
        }
    }
    found.into_iter().map(|(field, one)| (name(w, &field), value(w, &field, &one))).collect()
}

#[cfg(test)]
mod tests {
    use gapura_speech::Lang;

    use super::value as value_of;
    use super::*;
    use crate::words::words;

    #[test]
    fn what_a_level_says_is_told_field_by_field() {
        let text = "contact = \"Loket\"\nways = { one-tap = true }\nhours = { zone = \"Asia/Makassar\" }\n\
                    look = { name = \"Galeri\", colours = { brand = \"#112233\" }, texts = { welcome = { id = \"Halo\" } } }\n\
                    [terms]\nversion = \"2026-1\"\neffective = \"2026-01-01\"\ntext = { id = \"Sopan.\" }\n";
        let document: SettingsDocument = toml::from_str(text).unwrap();
        let said = said(words(Lang::En), &document);
        let has = |name: &str, value: &str| said.iter().any(|(n, v)| n == name && v.contains(value));
        assert!(has("Colour of the head", "#112233") && has("Terms of use", "2026-1"), "{said:?}");
        assert!(has("Welcome", "Halo") && has("Ways in", "one tap") && has("Time zone", "Asia/Makassar"), "{said:?}");
        assert_eq!(said.len(), 7);
    }

    #[test]
    fn no_value_is_shown_as_documents_write_it() {
        let w = words(Lang::Id);
        let one = |field: &str, text: &str| {
            let value: Value = serde_json::from_str(text).unwrap();
            value_of(w, field, &value)
        };
        for (field, text, words) in [
            ("kind", r#""gallery""#, "galeri"),
            ("in-doubt", r#""open""#, "buka: pengunjung baru boleh masuk"),
            ("filter.without-index", r#""plain""#, "biasa: semua nama dijawab"),
            ("ways", r#"{"voucher":true,"account":false,"staff":true}"#, "voucer, petugas"),
            ("ways", "{}", "tidak ada"),
            ("uplink", r#"{"up":2500000,"down":20000000}"#, "unduh 20\u{a0}Mb/s, unggah 2,5\u{a0}Mb/s"),
            ("garden", r#"[{"to":"go.id"},{"to":"203.0.113.0/24","ports":[443]}]"#, "go.id, 203.0.113.0/24 (443)"),
            ("devices", r#"[{"mac":"02:00:5e:10:00:11","role":"seat","label":"PC 01"}]"#, "PC 01"),
            ("filter.class-groups", r#"["anak","kelas"]"#, "anak, kelas"),
            ("filter.forward", r#"[{"zone":"a.go.id","servers":["10.1.0.53"]}]"#, "a.go.id: 10.1.0.53"),
            ("notices", r#"{"severity":"info","text":{"id":"Ujian"},"until":"2026-12-01T00:00:00Z"}"#, "Ujian"),
            ("hours.exceptions", r#"[{"date":"2026-12-24","reason":"Natal"}]"#, "Natal (24 Des 2026)"),
            (
                "hours.seasons",
                r#"[{"from":"2027-02-08","to":"2027-03-09","reason":"Puasa"}]"#,
                "Puasa (8 Feb 2027 – 9 Mar 2027)",
            ),
            ("look.texts.welcome", r#"{"id":"Halo","en":"Hello"}"#, "Halo / Hello"),
        ] {
            assert_eq!(one(field, text), words, "{field}");
        }
    }
}
