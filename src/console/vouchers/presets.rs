//! The presets of the counters: decided centrally, one form for each.

use askama::Template;
use axum::extract::Path;
use gapura_controller::PresetError;
use gapura_controller::preset::{MOST_DEVICES, Preset, PresetMistake, PresetPlace, UseBefore};
use gapura_model::{PresetId, SiteKind};
use gapura_speech::Words;

use super::speak;
use crate::answer::{Answer, Oops, again, page, to};
use crate::chrome::Chrome;
use crate::dates;
use crate::form::{Fields, Posted};
use crate::here::Here;

const HOME: &str = "/pilihan-voucer";

const KINDS: [(SiteKind, &str, &str); 5] = [
    (SiteKind::Gallery, "gallery", "vouchers-kind-gallery"),
    (SiteKind::Hotspot, "hotspot", "vouchers-kind-hotspot"),
    (SiteKind::Telecenter, "telecenter", "vouchers-kind-telecenter"),
    (SiteKind::Plik, "plik", "vouchers-kind-plik"),
    (SiteKind::Mplik, "mplik", "vouchers-kind-mplik"),
];

const COLOURS: [&str; 5] =
    ["vouchers-colour-1", "vouchers-colour-2", "vouchers-colour-3", "vouchers-colour-4", "vouchers-colour-5"];

/// A preset in the list.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) plan: String,
    pub(super) time: String,
    pub(super) before: String,
    pub(super) place: String,
}

#[derive(Template)]
#[template(path = "presets.html")]
pub(super) struct List {
    pub(super) c: Chrome,
    pub(super) lines: Vec<Line>,
}

/// The form, as it is shown or shown again.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) name_en: String,
    pub(super) plan: String,
    pub(super) hours: String,
    pub(super) minutes: String,
    /// `hari-ini`, `besok`, `hari` or `tanggal`.
    pub(super) rule: String,
    pub(super) days: String,
    pub(super) date: String,
    pub(super) devices: String,
    pub(super) colour: String,
    pub(super) order: String,
    pub(super) place: String,
}

#[derive(Template)]
#[template(path = "preset.html")]
pub(super) struct Edit {
    pub(super) c: Chrome,
    pub(super) typed: Typed,
    pub(super) plans: Vec<(String, String)>,
    pub(super) colours: Vec<(String, String)>,
    pub(super) places: Vec<(String, String)>,
    pub(super) most_devices: u16,
    /// Fields and what is wrong with them.
    pub(super) wrong: Vec<(&'static str, String)>,
}

impl Edit {
    fn wrong_of(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|(name, _)| *name == field).map(|(_, words)| words.as_str())
    }
}

/// All presets.
pub(super) async fn list(here: Here) -> Answer {
    let (w, say) = (here.w(), here.say());
    let plans = here.office().plans().await?;
    let sites = here.office().sites().await?;
    let presets = here.office().presets().await?;
    let line = |(id, preset): &(PresetId, Preset)| {
        let plan = plans.iter().find(|plan| plan.id == preset.plan);
        let time = preset.use_minutes.map(|minutes| std::time::Duration::from_secs(u64::from(minutes) * 60));
        Line {
            href: format!("{HOME}/ubah/{id}"),
            name: preset.name.id.clone(),
            plan: plan.map_or_else(|| preset.plan.to_string(), |plan| plan.name.clone()),
            time: speak::use_time(&say, time, plan),
            before: speak::rule(w, preset.use_before),
            place: match &preset.place {
                PresetPlace::Everywhere => w.t("vouchers-place-all"),
                PresetPlace::Kind(kind) => kind_words(w, *kind),
                PresetPlace::Site(site) => {
                    let known = sites.iter().find(|(id, _)| id == site);
                    known.map_or_else(|| site.to_string(), |(_, document)| document.name.clone())
                }
            },
        }
    };
    let c = Chrome::of(&here, w.t("vouchers-presets-title")).sub(w.t("vouchers-presets-sub"));
    page(&List { c, lines: presets.iter().map(line).collect() })
}

/// The form for a new one.
pub(super) async fn new(here: Here) -> Answer {
    let order = here.office().presets().await?.last().map_or(10, |(_, preset)| preset.order.saturating_add(10));
    let typed = Typed {
        rule: "besok".to_owned(),
        colour: "1".to_owned(),
        hours: "2".to_owned(),
        order: order.to_string(),
        place: "semua".to_owned(),
        ..Typed::default()
    };
    page(&edit_page(&here, typed, Vec::new()).await?)
}

/// The form for one that is there.
pub(super) async fn edit(here: Here, Path(id): Path<String>) -> Answer {
    let found = here.office().presets().await?.into_iter().find(|(known, _)| known.as_str() == id);
    let (id, preset) = found.ok_or(Oops::NotFound)?;
    page(&edit_page(&here, written(here.w(), &id, &preset), Vec::new()).await?)
}

/// Keeps one.
pub(super) async fn save(here: Here, Posted(fields): Posted) -> Answer {
    let typed = typed(&fields);
    let (preset, mut mistakes) = read(&typed);
    let id = match typed.id.as_str() {
        "" => None,
        text => Some(text.parse::<PresetId>().map_err(|_| Oops::NotFound)?),
    };
    match here.office().check_or_set_preset(id.as_ref(), &preset, mistakes.is_empty(), &here.actor("")).await {
        Ok(_) => Ok(to(HOME, "preset-saved")),
        Err(PresetError::Mistakes(more)) => {
            mistakes.extend(more);
            mistakes.sort_unstable();
            mistakes.dedup();
            let wrong = mistakes.iter().map(|mistake| words_of(here.w(), *mistake)).collect();
            again(&edit_page(&here, typed, wrong).await?)
        }
        Err(PresetError::Office(error)) => Err(error.into()),
    }
}

/// Takes one away.
pub(super) async fn remove(here: Here, Posted(fields): Posted) -> Answer {
    let id: PresetId = fields.get("id").parse().map_err(|_| Oops::NotFound)?;
    here.office().remove_preset(&id, &here.actor("")).await?;
    Ok(to(HOME, "preset-removed"))
}

async fn edit_page(here: &Here, typed: Typed, wrong: Vec<(&'static str, String)>) -> Result<Edit, Oops> {
    let w = here.w();
    let plans = here.office().plans().await?;
    let mut places = vec![("semua".to_owned(), w.t("vouchers-place-all"))];
    places.extend(KINDS.into_iter().map(|(_, key, words)| (format!("jenis-{key}"), w.t(words))));
    for (site, document) in here.office().sites().await? {
        places.push((format!("lokasi-{site}"), document.name));
    }
    let title = if typed.id.is_empty() { w.t("vouchers-preset-new") } else { w.t("vouchers-preset-edit") };
    Ok(Edit {
        c: Chrome::of(here, title).up(HOME, w.t("vouchers-presets-title")),
        typed,
        plans: plans.into_iter().map(|plan| (plan.id.to_string(), plan.name)).collect(),
        colours: (1..=5).map(|n: u8| n.to_string()).zip(COLOURS.map(|key| w.t(key))).collect(),
        places,
        most_devices: MOST_DEVICES,
        wrong,
    })
}

fn typed(fields: &Fields) -> Typed {
    let get = |name: &str| fields.get(name).to_owned();
    Typed {
        id: get("id"),
        name: get("nama"),
        name_en: get("nama-en"),
        plan: get("paket"),
        hours: get("jam"),
        minutes: get("menit"),
        rule: get("sebelum"),
        days: get("hari"),
        date: get("tanggal"),
        devices: get("perangkat"),
        colour: get("warna"),
        order: get("urutan"),
        place: get("tempat"),
    }
}

/// What was typed, with stand-ins where it cannot be read, and what that is.
fn read(typed: &Typed) -> (Preset, Vec<PresetMistake>) {
    let mut mistakes = Vec::new();
    let mut number = |text: &str, mistake| match text {
        "" => None,
        text => text.parse::<u32>().map_err(|_| mistakes.push(mistake)).ok(),
    };
    let hours = number(&typed.hours, PresetMistake::UseTime);
    let minutes = number(&typed.minutes, PresetMistake::UseTime);
    let devices = number(&typed.devices, PresetMistake::Devices);
    let days = if typed.rule == "hari" { number(&typed.days, PresetMistake::UseBefore) } else { None };
    let use_minutes = hours
        .or(minutes)
        .is_some()
        .then(|| hours.unwrap_or_default().saturating_mul(60).saturating_add(minutes.unwrap_or_default()));
    let use_before = match typed.rule.as_str() {
        "hari-ini" => Some(UseBefore::Today),
        "besok" => Some(UseBefore::Tomorrow),
        "hari" => Some(UseBefore::Days(days.and_then(|days| days.try_into().ok()).unwrap_or(0))),
        "tanggal" => dates::parse(&typed.date).map(UseBefore::Date),
        _ => None,
    };
    mistakes.extend(use_before.is_none().then_some(PresetMistake::UseBefore));
    let plan = typed.plan.parse().map_err(|_| mistakes.push(PresetMistake::Plan)).ok();
    let place = match (typed.place.as_str(), typed.place.split_once('-')) {
        ("semua", _) => Some(PresetPlace::Everywhere),
        (_, Some(("jenis", kind))) => {
            KINDS.into_iter().find(|(_, key, _)| *key == kind).map(|(kind, ..)| PresetPlace::Kind(kind))
        }
        (_, Some(("lokasi", site))) => site.parse().ok().map(PresetPlace::Site),
        _ => None,
    };
    mistakes.extend(place.is_none().then_some(PresetMistake::Site));
    let preset = Preset {
        name: gapura_wire::Text { id: typed.name.clone(), en: typed.name_en.clone() },
        plan: plan.unwrap_or_else(gapura_model::PlanId::usual),
        use_minutes,
        use_before: use_before.unwrap_or(UseBefore::Today),
        devices: devices.map(|devices| devices.try_into().unwrap_or(u16::MAX)),
        colour: typed.colour.parse().unwrap_or_default(),
        order: typed.order.parse().unwrap_or_default(),
        place: place.unwrap_or_default(),
    };
    (preset, mistakes)
}

fn written(w: Words, id: &PresetId, preset: &Preset) -> Typed {
    let (rule, days, date) = match preset.use_before {
        UseBefore::Today => ("hari-ini", String::new(), String::new()),
        UseBefore::Tomorrow => ("besok", String::new(), String::new()),
        UseBefore::Days(days) => ("hari", days.to_string(), String::new()),
        UseBefore::Date(date) => ("tanggal", String::new(), dates::write(w, date)),
    };
    let whole = |minutes: u32| if minutes == 0 { String::new() } else { minutes.to_string() };
    Typed {
        id: id.to_string(),
        name: preset.name.id.clone(),
        name_en: preset.name.en.clone(),
        plan: preset.plan.to_string(),
        hours: preset.use_minutes.map(|minutes| whole(minutes / 60)).unwrap_or_default(),
        minutes: preset.use_minutes.map(|minutes| whole(minutes % 60)).unwrap_or_default(),
        rule: rule.to_owned(),
        days,
        date,
        devices: preset.devices.map(|devices| devices.to_string()).unwrap_or_default(),
        colour: preset.colour.to_string(),
        order: preset.order.to_string(),
        place: match &preset.place {
            PresetPlace::Everywhere => "semua".to_owned(),
            PresetPlace::Kind(kind) => {
                let key = KINDS.into_iter().find(|(known, ..)| known == kind).map_or("", |(_, key, _)| key);
                format!("jenis-{key}")
            }
            PresetPlace::Site(site) => format!("lokasi-{site}"),
        },
    }
}

fn kind_words(w: Words, kind: SiteKind) -> String {
    KINDS.into_iter().find(|(known, ..)| *known == kind).map_or_else(String::new, |(.., words)| w.t(words))
}

fn words_of(w: Words, mistake: PresetMistake) -> (&'static str, String) {
    let (field, key) = match mistake {
        PresetMistake::Name => ("nama", "vouchers-wrong-name"),
        PresetMistake::Plan => ("paket", "vouchers-wrong-plan"),
        PresetMistake::UseTime => ("jam", "vouchers-wrong-time"),
        PresetMistake::UseBefore => ("sebelum", "vouchers-wrong-before"),
        PresetMistake::Devices => ("perangkat", "vouchers-wrong-devices"),
        PresetMistake::Colour => ("warna", "vouchers-wrong-colour"),
        PresetMistake::Site => ("tempat", "vouchers-wrong-place"),
    };
    (field, w.t(key))
}

#[cfg(test)]
mod tests {
    use gapura_speech::Lang;

    use super::*;
    use crate::words::words;

    #[test]
    fn a_preset_survives_its_form() {
        let of = |use_minutes, use_before, place| Preset {
            name: gapura_wire::Text { id: "Pelajar".to_owned(), en: "Pupil".to_owned() },
            plan: "pelajar".parse().unwrap(),
            use_minutes,
            use_before,
            devices: Some(2),
            colour: 3,
            order: 20,
            place,
        };
        let date = jiff::civil::date(2026, 11, 27);
        for preset in [
            of(Some(90), UseBefore::Days(7), PresetPlace::Everywhere),
            of(Some(120), UseBefore::Date(date), PresetPlace::Kind(SiteKind::Mplik)),
            of(None, UseBefore::Today, PresetPlace::Site("galeri-sinjai-utara".parse().unwrap())),
            of(Some(30), UseBefore::Tomorrow, PresetPlace::Everywhere),
        ] {
            for lang in Lang::ALL {
                let typed = written(words(lang), &"pelajar".parse().unwrap(), &preset);
                assert_eq!(read(&typed), (preset.clone(), Vec::new()));
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        use PresetMistake as M;
        let typed = Typed {
            hours: "dua".to_owned(),
            devices: "x".to_owned(),
            rule: "tanggal".to_owned(),
            date: "besok".to_owned(),
            plan: "?".to_owned(),
            place: "jenis-warnet".to_owned(),
            ..Typed::default()
        };
        assert_eq!(read(&typed).1, [M::UseTime, M::Devices, M::UseBefore, M::Plan, M::Site]);
        let days = Typed {
            rule: "hari".to_owned(),
            days: "x".to_owned(),
            place: "semua".to_owned(),
            plan: "umum".to_owned(),
            ..Typed::default()
        };
        assert_eq!(read(&days).1, [M::UseBefore]);
    }
}
