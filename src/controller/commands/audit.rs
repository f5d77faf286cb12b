//! `audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use gapura_store::timestamp;

use super::output::Output;
use super::{Command, CommandError, ControllerArgs, Desk};
use crate::office::{Anchored, read_anchors};

/// Looks at the controller's audit log.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  gapura audit verify --anchor anchors.jsonl")]
pub struct AuditArgs {
    /// The configuration file.
    #[arg(long, global = true, default_value = "/etc/gapura/controller.toml", value_name = "FILE")]
    config: PathBuf,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: AuditCommand,
}

impl From<AuditArgs> for ControllerArgs {
    fn from(args: AuditArgs) -> Self {
        let AuditArgs { config, json, command } = args;
        Self { config, by: String::new(), reason: String::new(), json, command: Some(Command::Audit(command)) }
    }
}

/// `gapura controller audit ...`
#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
    /// List who changed what.
    #[command(after_help = "Example:\n  gapura controller audit list --json")]
    List {
        /// Only rows behind this number.
        #[arg(long, default_value_t = 0)]
        after: i64,
        /// At most so many rows.
        #[arg(long, default_value_t = 1000)]
        limit: u32,
    },
    /// Check that no row was changed or removed; prints the end of the chain, to be kept elsewhere.
    #[command(
        after_help = "Examples:\n  gapura audit verify\n  gapura audit verify --anchor anchors.jsonl    (on a router: gapura ctl anchors --json > anchors.jsonl)\n  gapura audit verify --anchor \"128 7KQM-29QD-AB3X-ZZ4P\"    (from a printed report)"
    )]
    Verify {
        /// What the log is held against beside the controller's own records: a file with signed heads from a gateway, or a
        /// printed code with its number.
        #[arg(long, value_name = "FILE")]
        anchor: Vec<String>,
    },
}

pub(super) async fn audit(command: &AuditCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    match command {
        AuditCommand::List { after, limit } => {
            let rows = desk.office.store().read().await?.audit_rows(*after, *limit).await?;
            let json: Vec<_> = rows
                .iter()
                .map(|row| {
                    serde_json::json!({
                        "number": row.number, "at": timestamp(row.at), "actor": row.actor, "action": row.action,
                        "object": row.object, "before": row.before, "after": row.after, "reason": row.reason,
                    })
                })
                .collect();
            let lines: Vec<_> = rows
                .into_iter()
                .map(|row| {
                    [
                        row.number.to_string(),
                        timestamp(row.at).to_string(),
                        row.actor,
                        row.action,
                        row.object,
                        row.reason,
                    ]
                })
                .collect();
            out.table(&json, ["number", "at", "actor", "action", "object", "reason"], &lines)
        }
        AuditCommand::Verify { anchor } => {
            let mut others = Vec::new();
            for one in anchor {
                others.extend(read_anchor(one)?);
            }
            let checked = desk.office.check_audit(&others).await?;
            if let Some(fault) = checked.fault {
                return Err(CommandError::Broken(fault.to_string()));
            }
            let (rows, end, anchors) = (checked.rows, checked.end, checked.anchors);
            let text = format!("{rows} rows, unbroken, as {anchors} signed heads say; end of the chain {end}");
            out.value(&serde_json::json!({ "rows": rows, "end": end, "anchors": anchors }), &text)
        }
    }
}

/// A printed code, or a file.
fn read_anchor(text: &str) -> Result<Vec<Anchored>, CommandError> {
    if let Ok(code) = text.parse() {
        return Ok(vec![Anchored::Printed(code)]);
    }
    let read = std::fs::read_to_string(text);
    let read = read.map_err(|source| CommandError::Io { what: "read the file with signed heads", source })?;
    read_anchors(&read).map_err(|why| CommandError::Usage(format!("{text}: {why}")))
}
