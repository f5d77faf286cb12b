//! Paket: what visitors may use, where each plan is used, and the form for one.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use gapura_controller::{OfficeError, PlanUse, Right, Why};
use gapura_model::PlanId;
use gapura_session::{ByteLimit, Plan};
use gapura_speech::{Say, Words};

use super::plan_form::Typed;
use crate::answer::{Answer, Oops, again, page, spoken, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;

const HOME: &str = "/paket";

/// A plan in the list.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The form for it; empty for whoever may only look.
    pub(super) href: String,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) limits: Vec<String>,
    pub(super) speed: String,
    pub(super) devices: String,
    /// Where it is used.
    pub(super) used: Vec<String>,
}

#[derive(Template)]
#[template(path = "plans.html")]
pub(super) struct List {
    pub(super) c: Chrome,
    pub(super) may_set: bool,
    pub(super) lines: Vec<Line>,
}

/// A part of the form.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) legend: String,
    pub(super) hint: String,
    /// Numbers: field, label with unit.
    pub(super) inputs: Vec<(&'static str, String)>,
    /// It says what happens at the end.
    pub(super) end: bool,
}

#[derive(Template)]
#[template(path = "plan.html")]
pub(super) struct Edit {
    pub(super) c: Chrome,
    pub(super) typed: Typed,
    /// The plan is there: its name in addresses stays.
    pub(super) there: bool,
    pub(super) groups: Vec<Group>,
    /// Where it is used; it can be removed where that is nowhere.
    pub(super) used: Vec<String>,
    /// Fields and what is wrong with them.
    pub(super) wrong: Vec<(String, String)>,
}

impl Edit {
    fn wrong_of(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|(name, _)| name == field).map(|(_, words)| words.as_str())
    }
}

/// `/paket`
pub(super) async fn list(here: Here) -> Answer {
    let (w, say) = (here.w(), here.say());
    let may_set = here.may_at(Right::SetNetwork, None);
    let uses = here.office().plan_uses().await?;
    let lines = here.office().plans().await?.into_iter().map(|plan| Line {
        href: if may_set { format!("{HOME}/ubah/{}", plan.id) } else { String::new() },
        limits: limits(&say, &plan),
        speed: speed(&say, &plan),
        devices: w.n("plans-devices", u64::from(plan.devices.get())),
        used: used(&here, &uses, &plan.id),
        name: plan.name,
        id: plan.id.to_string(),
    });
    let lines: Vec<Line> = lines.collect();
    let c = Chrome::of(&here, w.t("plans-title")).sub(w.t("plans-sub"));
    page(&List { c, may_set, lines })
}

/// "2 jam setiap kunjungan", "1 GB setiap hari".
fn limits(say: &Say, plan: &Plan) -> Vec<String> {
    let w = say.words;
    let scopes = [(plan.visit, "plans-each-visit"), (plan.day, "plans-each-day"), (plan.month, "plans-each-month")];
    let mut found = Vec::new();
    for (allowance, key) in scopes {
        let time = allowance.time.map(|time| say.duration(time));
        let bytes = match allowance.bytes {
            ByteLimit::None => None,
            ByteLimit::Total(bytes) => Some(say.bytes(bytes)),
            ByteLimit::EachWay { up, down } => {
                let one =
                    |bytes: Option<gapura_model::ByteCount>| bytes.map_or_else(|| "–".to_owned(), |b| say.bytes(b));
                Some(format!("\u{2191} {} \u{2193} {}", one(up), one(down)))
            }
        };
        let parts: Vec<String> = [time, bytes].into_iter().flatten().collect();
        if !parts.is_empty() {
            found.push(w.t1(key, "amount", parts.join(", ")));
        }
    }
    if found.is_empty() { vec![w.t("plans-unlimited")] } else { found }
}

fn speed(say: &Say, plan: &Plan) -> String {
    if plan.speed.is_unlimited() {
        return say.words.t("plans-unlimited");
    }
    let one = |rate: Option<gapura_model::BitRate>| rate.map_or_else(|| "–".to_owned(), |rate| say.rate(rate));
    format!("\u{2193} {}, \u{2191} {}", one(plan.speed.down), one(plan.speed.up))
}

fn used(here: &Here, uses: &BTreeMap<PlanId, PlanUse>, id: &PlanId) -> Vec<String> {
    let w = here.w();
    let Some(found) = uses.get(id) else { return Vec::new() };
    let counted = [
        ("plans-used-sites", found.sites.len() as u64),
        ("plans-used-presets", found.presets),
        ("plans-used-vouchers", found.vouchers),
        ("plans-used-accounts", found.accounts),
    ];
    counted.into_iter().filter(|(_, count)| *count > 0).map(|(key, count)| w.n(key, count)).collect()
}

/// The form for a new one.
pub(super) async fn new(here: Here) -> Answer {
    page(&form(&here, Typed::new(), None).await?)
}

/// The form for one that is there.
pub(super) async fn edit(here: Here, Path(id): Path<String>) -> Answer {
    let plan = here.office().plans().await?.into_iter().find(|plan| plan.id.as_str() == id).ok_or(Oops::NotFound)?;
    page(&form(&here, Typed::written(&plan), Some(&plan)).await?)
}

/// Keeps one.
pub(super) async fn save(here: Here, Posted(fields): Posted) -> Answer {
    let plans = here.office().plans().await?;
    let typed = Typed::of(&fields);
    let known = plans.iter().find(|plan| plan.id.as_str() == typed.get("id"));
    let there = !fields.get("ada").is_empty();
    let old = if there { Some(known.ok_or(Oops::NotFound)?) } else { None };
    let w = here.w();
    let outcome = match typed.read(old) {
        Ok(_) if !there && known.is_some() => Err(vec![("id".to_owned(), w.t("plans-wrong-taken"))]),
        Ok(plan) => {
            let file = gapura_controller::PlanFile { plan: vec![plan] };
            outcome_of(w, here.office().set_plans(&file, &here.actor("")).await.map(|_| ()))?
        }
        Err(wrong) => Err(wrong.into_iter().map(|(field, key)| (field.to_owned(), w.t(key))).collect()),
    };
    match outcome {
        Ok(()) => Ok(to(HOME, "plan-saved")),
        Err(wrong) => again(&Edit { wrong, ..form(&here, typed, old).await? }),
    }
}

/// Takes an unused one away.
pub(super) async fn remove(here: Here, Posted(fields): Posted) -> Answer {
    let id: PlanId = fields.get("id").parse().map_err(|_| Oops::NotFound)?;
    here.office().remove_plan(&id, &here.actor("")).await?;
    Ok(to(HOME, "plan-removed"))
}

/// What the use-case says of a form: mistakes stand on top of it, anything else is a page of its own.
fn outcome_of(w: Words, outcome: Result<(), OfficeError>) -> Result<Result<(), Vec<(String, String)>>, Oops> {
    let on_top = |all: &[Why]| spoken(w, all).into_iter().map(|words| ("isi".to_owned(), words)).collect();
    match outcome {
        Ok(()) => Ok(Ok(())),
        Err(OfficeError::Mistakes(all)) => Ok(Err(on_top(&all))),
        Err(OfficeError::Refused(why)) => Ok(Err(on_top(&[why]))),
        Err(error) => Err(error.into()),
    }
}

async fn form(here: &Here, typed: Typed, old: Option<&Plan>) -> Result<Edit, Oops> {
    let w = here.w();
    let uses = here.office().plan_uses().await?;
    let title = old.map_or_else(|| w.t("plans-new"), |plan| plan.name.clone());
    Ok(Edit {
        c: Chrome::of(here, title).up(HOME, w.t("plans-title")),
        typed,
        there: old.is_some(),
        groups: groups(w),
        used: old.map(|plan| used(here, &uses, &plan.id)).unwrap_or_default(),
        wrong: Vec::new(),
    })
}

/// The numbers of the form.
pub(super) fn groups(w: Words) -> Vec<Group> {
    let unit = |key: &str, unit: &str| format!("{} ({unit})", w.t(key));
    let amount = |minutes: &'static str, mb: &'static str| {
        vec![(minutes, unit("plans-time", &w.t("plans-minutes"))), (mb, unit("plans-bytes", "MB"))]
    };
    let rates =
        |up: &'static str, down: &'static str| vec![(down, unit("plans-down", "kb/s")), (up, unit("plans-up", "kb/s"))];
    let group = |legend: &str, hint: &str, inputs: Vec<(&'static str, String)>| Group {
        legend: w.t(legend),
        hint: if hint.is_empty() { String::new() } else { w.t(hint) },
        end: legend == "plans-slow",
        inputs,
    };
    let mut more = amount("tambah-menit", "tambah-mb");
    more.push(("tambah-kali", w.t("plans-times")));
    let device = vec![("perangkat", w.t("plans-device-count")), ("diam", unit("plans-idle", &w.t("plans-minutes")))];
    vec![
        group("plans-visit", "plans-empty-hint", amount("kunjungan-menit", "kunjungan-mb")),
        group("plans-day", "", amount("hari-menit", "hari-mb")),
        group("plans-month", "", amount("bulan-menit", "bulan-mb")),
        group("plans-speed", "plans-empty-hint", rates("naik", "turun")),
        group("plans-device-group", "plans-idle-hint", device),
        group("plans-extend", "plans-extend-hint", more),
        group("plans-slow", "plans-slow-hint", rates("lambat-naik", "lambat-turun")),
    ]
}
