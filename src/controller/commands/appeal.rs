//! `appeal`.

use clap::{ArgGroup, Subcommand};
use gapura_model::{Reference, SiteId};
use gapura_store::{AppealRow, timestamp};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::output::Output;
use super::{CommandError, Desk};
use crate::office::{At, Decision, Excepted};

/// `gapura controller appeal ...`
#[derive(Clone, Debug, Subcommand)]
pub enum AppealCommand {
    /// List appeals of citizens against the filter, the oldest first.
    #[command(after_help = "Example:\n  gapura controller appeal list --site galeri-sinjai")]
    List {
        /// Only of this site.
        #[arg(long)]
        site: Option<SiteId>,
        /// Also those that are decided.
        #[arg(long)]
        all: bool,
    },
    /// Show one appeal with the explanation that the gateway gave.
    #[command(after_help = "Example:\n  gapura controller appeal show 7KQMA-4X2PB")]
    Show {
        /// Its reference number.
        reference: Reference,
    },
    /// Decide an appeal, once; the citizen reads the answer at the portal under the reference number.
    #[command(
        after_help = "Example:\n  gapura controller appeal decide 7KQMA-4X2PB --accept --by ani --reason \"situs sekolah\" --exception-until 2026-12-31",
        group = ArgGroup::new("verdict").required(true).args(["accept", "reject"])
    )]
    Decide {
        /// Its reference number.
        reference: Reference,
        /// The citizen is right.
        #[arg(long)]
        accept: bool,
        /// It stays as it is.
        #[arg(long)]
        reject: bool,
        /// The answer for the citizen; none = the --reason.
        #[arg(long, value_name = "TEXT")]
        words: Option<String>,
        /// Also make a draft of the SOP with an exception until this day, for a second person to approve.
        #[arg(long, value_name = "DATE", requires = "accept")]
        exception_until: Option<Date>,
    },
}

pub(super) async fn appeal(command: &AppealCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    match command {
        AppealCommand::List { site, all } => {
            let appeals = desk.office.appeals(site.as_ref(), !all).await?;
            let line = |row: &AppealRow| {
                [
                    shown(row),
                    timestamp(row.received).to_string(),
                    row.site.clone(),
                    row.verdict.clone().unwrap_or_else(|| "waiting".to_owned()),
                    row.subject.clone(),
                    row.why.lines().next().unwrap_or_default().chars().take(60).collect(),
                ]
            };
            let json: Vec<_> = appeals.iter().map(described).collect();
            let header = ["reference", "received", "site", "decision", "about", "why"];
            out.table(&json, header, &appeals.iter().map(line).collect::<Vec<_>>())
        }
        AppealCommand::Show { reference } => {
            let row = desk.office.appeal(At::Anywhere, reference).await?;
            let json = described(&row);
            let text = serde_json::to_string_pretty(&json).map_err(|error| CommandError::Broken(error.to_string()))?;
            out.value(&json, &text)
        }
        AppealCommand::Decide { reference, accept, words, exception_until, reject: _ } => {
            let words = words.clone().unwrap_or_else(|| desk.who.reason.clone());
            let decision = Decision { accept: *accept, words, until: *exception_until };
            let decided = desk.office.decide_appeal(At::Anywhere, reference, &decision, &desk.who).await?;
            let text = match &decided.draft {
                Some(excepted) => exception_made(reference, excepted),
                None => format!("appeal {reference} is {}", if *accept { "accepted" } else { "rejected" }),
            };
            let draft = decided.draft.as_ref().map(|excepted| excepted.draft.id);
            let carries_on = decided.draft.as_ref().and_then(|excepted| Some(excepted.carries_on.as_ref()?.id));
            let json = json!({
                "appeal": described(&decided.appeal), "draft": draft, "carries_on": carries_on,
                "published": decided.published,
            });
            out.value(&json, &text)
        }
    }
}

/// What staff are told of the draft that an accepted appeal led to.
fn exception_made(reference: &Reference, excepted: &Excepted) -> String {
    let Excepted { draft, carries_on } = excepted;
    let accepted = format!("appeal {reference} is accepted; SOP {} is the draft with the exception", draft.id);
    match carries_on {
        None => format!("{accepted}: a second person approves it"),
        Some(row) => {
            let tried = if row.trial.is_some() { "; gateways no longer try that one" } else { "" };
            let decree = if row.decree.is_some() { "; attach its decree anew" } else { "" };
            format!(
                "{accepted}, added to draft SOP {} ({}), which it takes the place of{tried}{decree}: someone approves it who \
                 wrote nothing of it ({})",
                row.id, row.author, draft.author
            )
        }
    }
}

/// The reference number as citizens know it.
fn shown(row: &AppealRow) -> String {
    row.reference.parse::<Reference>().map_or_else(|_| row.reference.clone(), |reference| reference.to_string())
}

fn described(row: &AppealRow) -> Value {
    let explanation: Value = serde_json::from_str(&row.explanation).unwrap_or_default();
    json!({
        "reference": shown(row), "site": row.site, "gateway": row.gateway, "subject": row.subject, "why": row.why,
        "contact": row.contact, "sop": row.sop, "sop_revision": row.sop_revision, "clause": row.clause,
        "explanation": explanation, "made": timestamp(row.made), "received": timestamp(row.received),
        "verdict": row.verdict, "words": row.words, "decided_by": row.decided_by,
        "decided": row.decided.map(timestamp), "until": row.until,
    })
}
