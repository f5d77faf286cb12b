//! Lokasi baru: all that a site needs on one page, and on to its gateway.

use askama::Template;
use gapura_controller::{Level, OfficeError, Right, SettingsDocument, SettingsTree, usual_hours};
use gapura_model::{PlanId, SiteId, SiteKind};
use gapura_rules::hours::Zone;
use gapura_speech::Words;

use super::basics::{self, form};
use super::input::{self, Input, Kind, Typed, Wrong};
use crate::answer::{Answer, Oops, again, page, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;
use crate::week::{self, DAYS};

const FIELDS: [&str; 16] = [
    "nama",
    "id",
    "jenis",
    "instansi",
    "kabupaten",
    "kontak",
    "alamat-id",
    "alamat-en",
    "desa",
    "wifi",
    "zona-waktu",
    "jam",
    "jam-harian",
    "asal-masuk",
    "cara",
    "paket-ketuk",
];

/// The field that stands last: plans of staff.
const STAFF: &str = "paket-petugas";

/// The zones of Indonesia, and their words.
const ZONES: [(&str, &str); 3] =
    [("Asia/Jakarta", "basics-wib"), ("Asia/Makassar", "basics-wita"), ("Asia/Jayapura", "basics-wit")];

#[derive(Template)]
#[template(path = "site-new.html")]
pub(super) struct New {
    pub(super) c: Chrome,
    /// Heading and fields of each part.
    pub(super) parts: Vec<(String, Vec<Input>)>,
    /// Fields and what is wrong with them.
    pub(super) wrong: Vec<(String, String)>,
}

/// `/lokasi/baru`
pub(super) async fn new(here: Here) -> Answer {
    let known = known(&here).await?;
    // What holds for all sites; what a regency or a kind says may not be for this one.
    let says_ways = known.tree.levels().iter().any(|(level, said)| *level == Level::Department && said.ways.is_some());
    let only = |names: std::collections::BTreeSet<String>| {
        let mut names = names.into_iter();
        names.next().filter(|_| names.next().is_none()).unwrap_or_default()
    };
    let typed = Typed(vec![
        ("instansi", only(basics::names(&here, &known.tree, true))),
        ("kabupaten", only(basics::names(&here, &known.tree, false))),
        ("zona-waktu", here.zone().iana_name().unwrap_or_default().to_owned()),
        ("jam", "jenis".to_owned()),
        ("asal-masuk", if says_ways { "atas" } else { "sendiri" }.to_owned()),
        ("cara", if says_ways { "" } else { "voucer" }.to_owned()),
    ]);
    page(&made(&here, &known, &typed, Vec::new()))
}

struct Known {
    tree: SettingsTree,
    plans: Vec<(PlanId, String)>,
}

async fn known(here: &Here) -> Result<Known, Oops> {
    let plans = here.office().plans().await?.into_iter().map(|plan| (plan.id, plan.name)).collect();
    Ok(Known { tree: here.office().settings_tree().await?, plans })
}

/// Makes it.
pub(super) async fn make(here: Here, Posted(fields): Posted) -> Answer {
    let (w, known) = (here.w(), known(&here).await?);
    let names: Vec<&'static str> = FIELDS.into_iter().chain([STAFF]).collect();
    let typed = Typed::of(&fields, &names);
    let (id, own, slips) = read(&typed, &known.tree);
    let mut wrong = input::told(w, slips);
    let add = |wrong: &mut Vec<(String, String)>, more: Vec<(String, String)>| {
        for (field, words) in more {
            if field == "isi" || !wrong.iter().any(|(known, _)| *known == field) {
                wrong.push((field, words));
            }
        }
    };
    // What levels and documents say against it is told beside what cannot be read.
    let nobody = "baru".parse().ok();
    if let Some(site) = id.as_ref().or(nobody.as_ref()) {
        if let Err(all) = known.tree.newcomer(site, &own) {
            add(&mut wrong, input::found(w, &all));
        }
        if known.tree.sites.iter().any(|one| Some(&one.site) == id.as_ref()) {
            let words = w.t1("basics-wrong-there", "id", site.as_str());
            add(&mut wrong, vec![("id".to_owned(), words)]);
        }
        if !typed.get("instansi").is_empty() && !basics::may_make(&here, site, &typed) {
            add(&mut wrong, basics::outside(w));
        }
    }
    if let Some(id) = id.filter(|_| wrong.is_empty()) {
        let village = Some(typed.get("desa")).filter(|_| own.kind == Some(SiteKind::Mplik));
        match here.office().make_site(&id, &own, village, &here.actor("")).await {
            Ok(_) => {
                let place = known_place(&here, &id).await?;
                let enrols = here.may_at(Right::RunGateways, place.as_ref());
                let next = if enrols { format!("/l/{id}/gerbang-baru") } else { format!("/l/{id}") };
                return Ok(to(&next, "site-made"));
            }
            Err(OfficeError::Mistakes(all)) => add(&mut wrong, input::found(w, &all)),
            Err(OfficeError::Refused(why)) => add(&mut wrong, input::found(w, &[why])),
            Err(error) => return Err(error.into()),
        }
    }
    again(&made(&here, &known, &typed, wrong))
}

async fn known_place(here: &Here, id: &SiteId) -> Result<Option<gapura_controller::SitePlace>, Oops> {
    let document = here.office().site(id).await?;
    Ok(document.map(|document| gapura_controller::SitePlace {
        site: id.clone(),
        agency: document.agency,
        regency: document.regency,
    }))
}

/// The id and what the site would say, as far as they can be read, and all that cannot.
fn read(typed: &Typed, tree: &SettingsTree) -> (Option<SiteId>, SettingsDocument, Vec<Wrong>) {
    let mut wrong: Vec<Wrong> = Vec::new();
    let id: Option<SiteId> =
        typed.get("id").parse().map_err(|_| wrong.push(("id", "basics-wrong-id", String::new()))).ok();
    for field in ["nama", "instansi", "kabupaten"] {
        if typed.get(field).is_empty() || typed.get(field).chars().count() > 200 {
            wrong.push((field, "basics-wrong-text", String::new()));
        }
    }
    let kind = form::kind(typed.get("jenis"));
    if kind.is_none() {
        wrong.push(("jenis", "basics-wrong-kind", String::new()));
    }
    let mut own = SettingsDocument {
        name: typed.some("nama"),
        // Whatever else is wrong is worked out for some kind.
        kind: Some(kind.unwrap_or(SiteKind::Gallery)),
        agency: typed.some("instansi"),
        regency: typed.some("kabupaten"),
        ..SettingsDocument::default()
    };
    form::contact(typed, &mut wrong).put(&mut own);
    if typed.get("asal-masuk") == "sendiri" {
        own.ways = Some(form::ways(typed));
        if typed.get("cara").is_empty() {
            wrong.push(("cara", "basics-wrong-no-way", String::new()));
        }
    }
    own.one_tap_plan = form::plan(typed, "paket-ketuk", &mut wrong);
    own.staff_plan = form::plan(typed, STAFF, &mut wrong);
    hours(typed, &mut own, &mut wrong);
    let village = typed.get("desa");
    if village.chars().count() > 80 {
        wrong.push(("desa", "basics-wrong-text", String::new()));
    } else if !village.is_empty() && kind.is_some_and(|kind| kind != SiteKind::Mplik) {
        wrong.push(("desa", "basics-wrong-village", String::new()));
    }
    if let Some(site) = id.clone().or_else(|| "baru".parse().ok()) {
        leave_to_others(&site, &mut own, typed, tree);
    }
    (id, own, wrong)
}

fn hours(typed: &Typed, own: &mut SettingsDocument, wrong: &mut Vec<Wrong>) {
    let line = typed.get("jam-harian");
    let kind = own.kind.unwrap_or(SiteKind::Gallery);
    match typed.get("jam") {
        "selalu" => own.hours.always_open = Some(true),
        "harian" => match week::read(line) {
            Ok(spans) if !spans.is_empty() => {
                own.hours.weekly = Some(DAYS.map(|day| (day.to_owned(), week::texts(&spans))).into());
            }
            // Whatever else is wrong is worked out for some hours.
            Ok(_) | Err(_) => {
                wrong.push(("jam-harian", "hours-wrong-hours", String::new()));
                own.hours = usual_hours(kind);
            }
        },
        _ => own.hours = usual_hours(kind),
    }
    if typed.get("jam") != "harian" && !line.is_empty() {
        wrong.push(("jam", "basics-wrong-daily", String::new()));
    }
    let zone = typed.get("zona-waktu");
    let known = zone.parse::<Zone>().is_ok();
    own.hours.zone = Some(if known { zone } else { "Asia/Makassar" }.to_owned());
    if !known {
        wrong.push(("zona-waktu", "basics-wrong-zone-time", String::new()));
    }
}

/// Hours of the kind and the zone are left out where a level above says them: a change there reaches this site, too.
fn leave_to_others(site: &SiteId, own: &mut SettingsDocument, typed: &Typed, tree: &SettingsTree) {
    let Ok(settled) = tree.newcomer(site, own) else { return };
    let farther = |field: &str| {
        let origin = settled.origins.iter().find(|origin| origin.field == field)?;
        origin.lost.first().filter(|_| origin.holds.from == Level::Site)
    };
    if typed.get("jam") == "jenis" && farther("hours.weekly").is_some() {
        (own.hours.always_open, own.hours.weekly) = (None, None);
    }
    let zone = own.hours.zone.as_deref();
    if farther("hours.zone").is_some_and(|lost| lost.value.as_str() == zone) {
        own.hours.zone = None;
    }
}

fn made(here: &Here, known: &Known, typed: &Typed, wrong: Vec<(String, String)>) -> New {
    let w = here.w();
    let names = basics::Names {
        agencies: basics::names(here, &known.tree, true),
        regencies: basics::names(here, &known.tree, false),
        plans: &known.plans,
    };
    let c = Chrome::of(here, w.t("basics-new")).sub(w.t("basics-new-sub")).up("/lokasi", w.t("network-sites"));
    let mut parts = parts(w, &names);
    for (_, inputs) in &mut parts {
        input::fill(inputs, typed, &wrong);
    }
    let mut c = c;
    "/lokasi/baru".clone_into(&mut c.path);
    let wrong = input::listed(parts.iter().flat_map(|(_, inputs)| inputs), wrong);
    New { c, parts, wrong }
}

/// The fields, empty, under their headings.
pub(super) fn parts(w: Words, names: &basics::Names<'_>) -> Vec<(String, Vec<Input>)> {
    let nothing = |_: &str| None;
    let of = |part| basics::section(w, part, names, &nothing).inputs;
    let mut identity = of(form::Part::Identity);
    identity.insert(1, Input::new("id", w.t("plans-id"), Kind::Line).hint(w.t("basics-id-hint")));
    if let Some(kind) = identity.iter_mut().find(|one| one.name == "jenis") {
        kind.options.insert(0, (String::new(), w.t("basics-kind-none")));
    }
    let mut contact = of(form::Part::Contact);
    for one in &mut contact {
        one.hint = match one.name {
            "kontak" => w.t("basics-contact-hint"),
            "wifi" => w.t("basics-wifi-hint"),
            _ => String::new(),
        };
    }
    contact.push(Input::new("desa", w.t("basics-village"), Kind::Line).hint(w.t("basics-village-hint")));
    let zones = ZONES.into_iter().map(|(zone, words)| (zone.to_owned(), w.t(words))).collect();
    let patterns = [("jenis", "basics-hours-kind"), ("selalu", "levels-always"), ("harian", "basics-hours-daily")];
    let patterns = patterns.into_iter().map(|(key, words)| (key.to_owned(), w.t(words))).collect();
    let hours = vec![
        Input::new("zona-waktu", w.t("levels-field-zone"), Kind::Choice).options(zones),
        Input::new("jam", w.t("basics-hours"), Kind::Radio).options(patterns).hint(w.t("basics-hours-hint")),
        Input::new("jam-harian", w.t("basics-hours-line"), Kind::Line).hint(w.t("network-hours-hint")),
    ];
    let from = vec![("atas".to_owned(), w.t("basics-follow-levels")), ("sendiri".to_owned(), w.t("basics-own"))];
    let ways = vec![
        Input::new("asal-masuk", w.t("basics-where"), Kind::Radio).options(from),
        basics::ways(w),
        basics::plan("paket-ketuk", w.t("levels-field-one-tap-plan"), w.t("basics-plan-none"), names.plans),
        basics::plan(STAFF, w.t("levels-field-staff-plan"), w.t("basics-plan-none"), names.plans),
    ];
    vec![
        (w.t("basics-identity"), identity),
        (w.t("basics-contact"), contact),
        (w.t("basics-hours"), hours),
        (w.t("levels-field-ways"), ways),
    ]
}
