//! `account`.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use clap::Subcommand;
use gapura_model::{AccountName, PlanId, Secret, SiteId};
use gapura_store::timestamp;

use super::output::Output;
use super::{CommandError, Desk};
use crate::office::AccountOrder;

/// `gapura controller account ...`
#[derive(Clone, Debug, Subcommand)]
pub enum AccountCommand {
    /// Add or change an account; its password is the first line of standard input or of a file, never an argument.
    #[command(
        after_help = "Example:\n  gapura controller account set andi@sekolah --plan pelajar --password-file /run/secrets/andi"
    )]
    Set {
        /// The name it signs in with.
        name: AccountName,
        /// The plan it opens.
        #[arg(long)]
        plan: PlanId,
        /// The only site it may be used at; none = everywhere.
        #[arg(long)]
        site: Option<SiteId>,
        /// A note for staff.
        #[arg(long, default_value = "")]
        note: String,
        /// Read the password from this file instead of standard input.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// List all accounts.
    #[command(after_help = "Example:\n  gapura controller account list --json")]
    List,
    /// Close an account.
    #[command(after_help = "Example:\n  gapura controller account close andi@sekolah")]
    Close {
        /// The account.
        name: AccountName,
    },
}

pub(super) async fn account(command: &AccountCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    match command {
        AccountCommand::Set { name, plan, site, note, password_file } => {
            let password = password(password_file.as_ref())?;
            let (name, plan, site, note) = (name.clone(), plan.clone(), site.clone(), note.clone());
            // How many devices at once is the plan's affair.
            let order = AccountOrder { name, plan, site, devices: None, note };
            desk.office.set_account(&order, password, &desk.who).await?;
            out.value(
                &serde_json::json!({ "account": order.name }),
                &format!("account {} is open", order.name.as_str()),
            )
        }
        AccountCommand::List => {
            let accounts = desk.office.accounts().await?;
            let json: Vec<_> = accounts
                .iter()
                .map(|row| {
                    serde_json::json!({
                        "name": row.name, "plan": row.plan, "site": row.site, "devices": row.devices, "note": row.note,
                        "changed": timestamp(row.made), "closed": row.closed.map(timestamp),
                    })
                })
                .collect();
            let rows: Vec<_> = accounts
                .into_iter()
                .map(|row| {
                    let state = if row.closed.is_some() { "closed" } else { "open" };
                    [row.name, row.plan, row.site.unwrap_or_else(|| "everywhere".to_owned()), state.to_owned()]
                })
                .collect();
            out.table(&json, ["account", "plan", "site", "state"], &rows)
        }
        AccountCommand::Close { name } => {
            desk.office.close_account(name, &desk.who).await?;
            out.value(&serde_json::json!({ "closed": name }), &format!("account {} is closed", name.as_str()))
        }
    }
}

/// The first line of the file or of standard input.
fn password(file: Option<&PathBuf>) -> Result<Secret<String>, CommandError> {
    let mut line = String::new();
    if let Some(file) = file {
        line = std::fs::read_to_string(file)
            .map_err(|source| CommandError::Io { what: "read the password file", source })?;
    } else {
        let input = std::io::stdin();
        if input.is_terminal() {
            eprintln!("Password (it shows while you type; better use --password-file or a pipe):");
        }
        input.lock().read_line(&mut line).map_err(|source| CommandError::Io { what: "read the password", source })?;
    }
    let all = Secret::new(line);
    Ok(Secret::new(all.expose().lines().next().unwrap_or_default().to_owned()))
}
