//! `sop publish` in waves, `sop rollout`, `sop stop`, `sop go-on`, `sop rollback`.

use clap::Args;
use gapura_model::SiteId;
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::json;

use super::output::Output;
use super::{CommandError, Desk};
use crate::office::{Published, RolloutOrder, RolloutView, Runs};
use crate::rollout::RolloutRules;
use crate::words::say;

/// How a SOP is published; without any of these, everywhere at once.
#[derive(Clone, Debug, Args)]
pub struct WaveArgs {
    /// Begin at this time: 2026-11-27T20:00:00Z, or 2026-11-27T20:00 in the department's zone.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Begin at these sites (several: --canary A --canary B).
    #[arg(long, value_name = "SITE")]
    canary: Vec<SiteId>,
    /// Go on with these percentages of the other sites, each with those before it.
    #[arg(long, value_name = "25,100", value_delimiter = ',')]
    waves: Vec<u32>,
    /// Watch each wave for so many minutes.
    #[arg(long, value_name = "MINUTES")]
    settle: Option<u32>,
    /// Stop when the SOP refuses more than this at one site within an hour, and more than three times what it refused in the busiest
    /// hour of the week before.
    #[arg(long, value_name = "COUNT")]
    refusals: Option<u64>,
}

impl WaveArgs {
    /// Whether anything of it was asked for.
    pub(super) const fn is_staged(&self) -> bool {
        self.at.is_some()
            || !self.canary.is_empty()
            || !self.waves.is_empty()
            || self.settle.is_some()
            || self.refusals.is_some()
    }

    /// The order; pilot sites that are not named are those that are proposed.
    pub(super) async fn order(&self, desk: &Desk, id: i64) -> Result<RolloutOrder, CommandError> {
        let at = self.at.as_deref().map(|text| time(text, desk)).transpose()?;
        let usual = RolloutRules::default();
        let rules = RolloutRules {
            settle_minutes: self.settle.unwrap_or(usual.settle_minutes),
            refusals_least: self.refusals.unwrap_or(usual.refusals_least),
            ..usual
        };
        let mut pilots = self.canary.clone();
        if pilots.is_empty() && !self.waves.is_empty() {
            let (_, choices) = desk.office.rollout_choices(id).await?;
            pilots = choices.into_iter().filter(|choice| choice.proposed).map(|choice| choice.site).collect();
        }
        Ok(RolloutOrder { at, pilots, shares: self.waves.clone(), rules })
    }
}

fn time(text: &str, desk: &Desk) -> Result<Timestamp, CommandError> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let wrong =
        || CommandError::Usage(format!("--at {text}: write a time such as 2026-11-27T20:00:00Z or 2026-11-27T20:00"));
    let at: DateTime = text.parse().map_err(|_| wrong())?;
    at.to_zoned(desk.office.zone()).map(|at| at.timestamp()).map_err(|_| wrong())
}

/// `sop rollout`
pub(super) async fn rollout(desk: &Desk, id: Option<i64>, out: &mut Output<'_>) -> Result<(), CommandError> {
    let Some(id) = id else {
        let lines = desk.office.rollouts().await?;
        let row = |line: &crate::office::RolloutLine| {
            [
                line.sop.to_string(),
                line.state.map_or_else(|| "?".to_owned(), |state| state.as_str().to_owned()),
                format!("{} of {}", line.wave, line.waves),
                line.made.to_string(),
                line.number.clone(),
                line.revision.to_string(),
                line.title.clone(),
            ]
        };
        let header = ["sop", "state", "wave", "ordered", "number", "revision", "title"];
        return out.table(&lines, header, &lines.iter().map(row).collect::<Vec<_>>());
    };
    let Some(view) = desk.office.rollout(id).await? else {
        return Err(crate::office::OfficeError::not_found("rollout of SOP", id.to_string()).into());
    };
    if out.json {
        return out.value(&view, "");
    }
    out.value(&view, &told(&view, desk))
}

fn told(view: &RolloutView, desk: &Desk) -> String {
    let state = view.line.state.map_or("?", |state| state.as_str());
    let mut lines = vec![format!(
        "{} revision {}: {state}, wave {} of {}",
        view.line.number, view.line.revision, view.line.wave, view.line.waves
    )];
    lines.extend(view.due.filter(|_| view.line.wave == 0).map(|due| format!("begins at {due}")));
    lines.extend(view.next.map(|next| format!("goes on at {next} if all stays well")));
    let say = say(gapura_speech::Lang::En, jiff::tz::TimeZone::UTC, desk.office.now());
    lines.extend(
        view.cause.as_ref().map(|cause| format!("stopped by itself: {}", cause.words(&say, &|site| site.to_string()))),
    );
    if !view.changed_by.is_empty() {
        lines.push(format!("{}: {}", view.changed_by, view.words));
    }
    for site in &view.sites {
        if site.gateways.is_empty() {
            lines.push(format!("  wave {}  {}  no gateway", site.wave, site.site));
        }
        for one in &site.gateways {
            let runs = match one.runs {
                Runs::Waits => "waits for its wave".to_owned(),
                Runs::Coming => "has not taken it yet".to_owned(),
                Runs::Away => "is not heard; it takes it when it is back".to_owned(),
                Runs::Well { since } => format!("runs it since {since}"),
                Runs::Ill { trouble, accepted, .. } => {
                    format!("{}{}", trouble.id(), if accepted { ", gone on in spite of it" } else { "" })
                }
            };
            let standing = &one.standing;
            let detail = if standing.detail.is_empty() { String::new() } else { format!(" ({})", standing.detail) };
            lines.push(format!(
                "  wave {}  {}  {}  generation {}  {runs}{detail}",
                site.wave, site.site, standing.gateway, standing.in_force
            ));
        }
    }
    lines.join("\n")
}

/// What a change of a rollout led to.
pub(super) async fn changed(
    desk: &Desk,
    id: i64,
    published: &[Published],
    out: &mut Output<'_>,
) -> Result<(), CommandError> {
    let state = desk.office.rollout(id).await?.and_then(|view| view.line.state).map_or("?", |state| state.as_str());
    let text = format!("the rollout of SOP {id} is {state}; {} bundles published", published.len());
    out.value(&json!({ "sop": id, "state": state, "published": published }), &text)
}
