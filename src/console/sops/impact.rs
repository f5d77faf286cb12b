//! What a draft would change: gateways try it on the names of their own last days and send counts, never who asked.

use askama::Template;
use axum::extract::Path;
use gapura_controller::{Impact, Right, SopState};
use gapura_rules::sop::Protects;
use gapura_speech::{Say, Words};
use gapura_wire::{FilterAction, ShadowTotal};

use super::one::refused;
use super::{HOME, Page, TabLink, href, number, speak, tabs, text};
use crate::answer::{Answer, page, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;

/// A figure: what, how much, and a line below.
pub(super) type Figure = (String, String, String);

/// A name that changes.
#[derive(Clone, Debug)]
pub(super) struct NameRow {
    pub(super) name: String,
    pub(super) then: String,
    pub(super) class: &'static str,
    pub(super) questions: String,
    pub(super) sites: String,
    pub(super) clause: String,
    pub(super) groups: String,
}

#[derive(Template)]
#[template(path = "sops/impact.html")]
pub(super) struct ImpactPage {
    pub(super) c: Chrome,
    pub(super) base: String,
    pub(super) tabs: Vec<TabLink>,
    /// The trial can be begun, or made longer.
    pub(super) may_begin: bool,
    pub(super) running: bool,
    pub(super) begun: bool,
    /// Where it stands, in sentences.
    pub(super) progress: Vec<String>,
    pub(super) figures: Vec<Figure>,
    /// What would be blocked and is not to be: the name, and why.
    pub(super) hit: Vec<(String, String)>,
    pub(super) rows: Vec<NameRow>,
    /// "20 dari 214".
    pub(super) shown: String,
    pub(super) days: String,
}

/// Days that a trial takes where nobody says.
const DAYS: u32 = 7;
/// Names on the page.
const NAMES: usize = 20;

pub(super) async fn impact(here: Here, Path(id): Path<String>) -> Answer {
    let id = number(&id)?;
    let impact = here.office().sop_impact(id).await?;
    let (w, row) = (here.w(), &impact.row);
    let number = w.t2("sops-number", "number", row.number.as_str(), "revision", row.revision.to_string());
    let c = Chrome::of(&here, w.t("sops-impact-title")).sub(format!("{}. {number}", row.title));
    let c = c.up(href(id), row.title.clone());
    let state = speak::state(&row.state);
    let open = matches!(state, Some(SopState::Draft | SopState::Approved));
    let may_begin = here.may_at(Right::WriteSops, None) && open;
    page(&made(c, &here.say(), &impact, (may_begin, text::editable(&here, &row.state))))
}

pub(super) fn made(c: Chrome, say: &Say, impact: &Impact, (may_begin, edits): (bool, bool)) -> ImpactPage {
    let (w, result) = (say.words, &impact.result);
    let rows: Vec<NameRow> = result
        .names
        .iter()
        .zip(&impact.names)
        .take(NAMES)
        .map(|(name, (sites, _))| {
            let (then, class) = match name.then {
                FilterAction::Block => ("sops-impact-then-block", "bad"),
                FilterAction::Open => ("sops-impact-then-open", "good"),
            };
            NameRow {
                name: name.name.clone(),
                then: w.t(then),
                class,
                questions: say.number(name.questions),
                sites: say.number(*sites as u64),
                clause: name.clause.as_ref().map_or_else(|| "–".to_owned(), |clause| clause.clause.clone()),
                groups: name.groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            }
        })
        .collect();
    let hit = result.names.iter().zip(&impact.names);
    let hit = hit.filter_map(|(name, (_, why))| Some((name.name.clone(), protects(w, (*why)?))));
    let all = result.names.len();
    ImpactPage {
        c,
        base: href(impact.row.id),
        tabs: tabs(w, impact.row.id, Page::Impact, (edits, true)),
        may_begin,
        running: impact.running,
        begun: impact.row.trial.is_some(),
        progress: progress(say, impact),
        figures: if result.gateways == 0 { Vec::new() } else { figures(say, impact) },
        hit: hit.collect(),
        shown: w.t2("sops-impact-shown", "shown", say.number(rows.len() as u64), "all", say.number(all as u64)),
        rows,
        days: DAYS.to_string(),
    }
}

fn progress(say: &Say, impact: &Impact) -> Vec<String> {
    let (w, (gateways, sites)) = (say.words, impact.asked);
    let number = |n: usize| say.number(n as u64);
    let mut lines = Vec::new();
    if impact.row.trial.is_none() {
        lines.push(w.t2("sops-impact-where", "gateways", number(gateways), "sites", number(sites)));
        return lines;
    }
    if let Some(since) = impact.since {
        lines.push(w.t1("sops-impact-since", "when", say.when(since)));
    }
    let reported = number(impact.result.gateways);
    lines.push(w.t2("sops-impact-reported", "reported", reported, "gateways", number(gateways)));
    if let Some(heard) = impact.heard {
        lines.push(w.t1("sops-impact-heard", "when", say.when(heard)));
    }
    let until = impact.row.trial_until.and_then(|until| jiff::Timestamp::from_millisecond(until).ok());
    if let Some(until) = until {
        let key = if impact.running { "sops-impact-until" } else { "sops-impact-over" };
        lines.push(w.t1(key, "when", say.when(until)));
    }
    if let Some((from, until)) = impact.days {
        lines.push(w.t2("sops-impact-days", "from", say.date(from), "until", say.date(until)));
    }
    lines
}

fn figures(say: &Say, impact: &Impact) -> Vec<Figure> {
    let (w, result) = (say.words, &impact.result);
    let lookups = |total: ShadowTotal| w.t1("sops-impact-lookups", "n", say.number(total.questions));
    let changed = result.blocked.questions.saturating_add(result.opened.questions);
    let all = changed.saturating_add(result.same.questions);
    let share = w.t2("sops-impact-share", "share", share(say, changed, all), "all", say.number(all));
    let sites = w.t2("sops-impact-of", "n", say.number(impact.sites as u64), "all", say.number(impact.asked.1 as u64));
    vec![
        (w.t("sops-impact-blocked"), say.number(result.blocked.names), lookups(result.blocked)),
        (w.t("sops-impact-opened"), say.number(result.opened.names), lookups(result.opened)),
        (w.t("sops-impact-changed"), say.number(changed), share),
        (w.t("sops-impact-sites"), sites, String::new()),
    ]
}

/// "0,03 %": hundredths of a percent, less than one of them said so.
fn share(say: &Say, part: u64, all: u64) -> String {
    let hundredths = u128::from(part).saturating_mul(10_000).checked_div(u128::from(all)).unwrap_or_default();
    let hundredths = u64::try_from(hundredths).unwrap_or(10_000);
    let point = if say.words.lang() == gapura_speech::Lang::Id { ',' } else { '.' };
    match (part, hundredths) {
        (0, _) => "0\u{a0}%".to_owned(),
        (_, 0) => format!("< 0{point}01\u{a0}%"),
        _ => format!("{}{point}{:02}\u{a0}%", hundredths / 100, hundredths % 100),
    }
}

/// Why a name is not to be blocked.
fn protects(w: Words, why: Protects) -> String {
    w.t(match why {
        Protects::Probe => "sops-protects-probe",
        Protects::PrivateDns => "sops-protects-private-dns",
        Protects::Revocation => "sops-protects-revocation",
        Protects::Clock => "sops-protects-clock",
        Protects::Warnings => "sops-protects-warnings",
        Protects::Government => "sops-protects-government",
        Protects::Controller => "sops-protects-controller",
    })
}

/// *Mulai uji coba*.
pub(super) async fn begin(here: Here, Path(id): Path<String>, Posted(fields): Posted) -> Answer {
    let id = number(&id)?;
    let days = fields.get("hari").parse().unwrap_or(DAYS);
    match here.office().try_sop(id, days, &here.actor("")).await {
        Ok(_) => Ok(to(&format!("{HOME}/{id}/dampak"), "sop-trial")),
        Err(error) => refused(&here, id, super::one::Typed::default(), error.into()).await,
    }
}

#[cfg(test)]
mod tests {
    use gapura_speech::Lang;

    use super::super::samples::say;
    use super::*;
    use crate::words::words;

    #[test]
    fn a_share_is_said_to_a_hundredth_and_never_as_nothing() {
        let (id, en) = (say(words(Lang::Id)), say(words(Lang::En)));
        for (part, all, shown) in
            [(1_120, 3_700_000, "0,03 %"), (1, 3_700_000, "< 0,01 %"), (0, 5, "0 %"), (5, 5, "100,00 %")]
        {
            assert_eq!(share(&id, part, all).replace('\u{a0}', " "), shown);
        }
        assert_eq!(share(&en, 1, 8).replace('\u{a0}', " "), "12.50 %");
        assert_eq!(share(&en, 0, 0).replace('\u{a0}', " "), "0 %");
    }
}
