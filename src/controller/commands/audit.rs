//! `audit`.

use clap::Subcommand;
use gapura_store::{AuditRow, timestamp};
use gapura_wire::Sha256;

use super::output::Output;
use super::{CommandError, Desk};

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
    #[command(after_help = "Example:\n  gapura controller audit verify")]
    Verify,
}

/// Rows checked at once.
const PAGE: u32 = 5000;

pub(super) async fn audit(command: &AuditCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let mut tx = desk.office.store().read().await?;
    match command {
        AuditCommand::List { after, limit } => {
            let rows = tx.audit_rows(*after, *limit).await?;
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
        AuditCommand::Verify => {
            let mut end = (0, [0; 32]);
            loop {
                let rows = tx.audit_rows(end.0, PAGE).await?;
                if rows.is_empty() {
                    break;
                }
                end = AuditRow::verify_chain(&rows, end).map_err(|error| CommandError::Broken(error.to_string()))?;
            }
            let (rows, hash) = (end.0, Sha256::from_bytes(end.1));
            let text = format!("{rows} rows, unbroken; end of the chain {hash}");
            out.value(&serde_json::json!({ "rows": rows, "end": hash }), &text)
        }
    }
}
