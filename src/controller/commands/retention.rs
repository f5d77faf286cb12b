//! `retention`.

use clap::Subcommand;

use super::output::Output;
use super::{CommandError, Desk};
use crate::office::Destruction;

/// `gapura controller retention ...`
#[derive(Clone, Debug, Subcommand)]
pub enum RetentionCommand {
    /// Show for how long each kind of record is kept, what was destroyed of it last and what is due next.
    #[command(after_help = "Example:\n  gapura controller retention status --json")]
    Status,
    /// Destroy what is due, as the server does every hour; each month leaves a record.
    #[command(after_help = "Example:\n  gapura controller retention run")]
    Run,
}

pub(super) async fn retention(
    command: &RetentionCommand,
    desk: &Desk,
    out: &mut Output<'_>,
) -> Result<(), CommandError> {
    match command {
        RetentionCommand::Status => {
            let stands = desk.office.retention().await?;
            let rows: Vec<_> = stands
                .kinds
                .iter()
                .map(|one| {
                    let days = one.days.map_or_else(|| "never destroyed".to_owned(), |days| format!("{days} days"));
                    let last = one.last.as_ref().map_or_else(String::new, said);
                    let next = one.oldest.as_ref().map_or_else(String::new, |(month, due)| format!("{month} on {due}"));
                    let held = one.held.as_ref().map_or_else(String::new, |case| format!("held for {case}"));
                    [one.kind.as_str().to_owned(), days, last, next, held]
                })
                .collect();
            out.table(&stands, ["kind", "kept", "destroyed last", "due next", "held"], &rows)
        }
        RetentionCommand::Run => {
            desk.office.forget_old().await?;
            // Before anything is destroyed that they count.
            desk.office.make_reports().await?;
            let destroyed = desk.office.run_retention(&desk.who).await?;
            let lines: Vec<String> = destroyed.iter().map(said).collect();
            let text = if lines.is_empty() { "nothing is due".to_owned() } else { lines.join("\n") };
            out.value(&serde_json::json!({ "destroyed": destroyed }), &text)
        }
    }
}

fn said(one: &Destruction) -> String {
    let kind = one.kind.map_or("?", |kind| kind.as_str());
    let keys = match one.epoch_keys.as_slice() {
        [] => String::new(),
        keys => format!(", keys of {}", keys.join(", ")),
    };
    format!("{} {kind}: {} records from {} until {}{keys}", one.id, one.records, one.from, one.until)
}
