//! `alert`.

use clap::Subcommand;

use super::output::Output;
use super::{CommandError, Desk};

/// `gapura controller alert ...`
#[derive(Clone, Debug, Subcommand)]
pub enum AlertCommand {
    /// List what is wrong in the fleet, and what was lately.
    #[command(after_help = "Example:\n  gapura controller alert list --days 30 --json")]
    List {
        /// Also what was over in the last so many days.
        #[arg(long, default_value_t = 1)]
        days: u16,
    },
    /// Say that you take care of one: nobody is reminded of it any more.
    #[command(
        after_help = "Example:\n  gapura controller alert take 4f1c02a98be7 --reason 'PLN padam, teknisi berangkat'"
    )]
    Take {
        /// Its id.
        id: String,
    },
    /// List messages: what was sent, what waits and why.
    #[command(after_help = "Example:\n  gapura controller alert messages")]
    Messages,
    /// Send a message that only says that messages arrive.
    #[command(after_help = "Example:\n  gapura controller alert try")]
    Try,
}

pub(super) async fn alert(command: &AlertCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    match command {
        AlertCommand::List { days } => {
            let alerts = desk.office.alerts(*days).await?;
            let rows: Vec<_> = alerts
                .iter()
                .map(|one| {
                    let state = match (one.ended, &one.taken_by) {
                        (Some(ended), _) => format!("over at {ended}"),
                        (None, Some(by)) => format!("{by} takes care"),
                        (None, None) => "nobody takes care".to_owned(),
                    };
                    let kind = one.kind.map_or("?", |kind| kind.id()).to_owned();
                    [one.id.clone(), kind, one.site.clone(), one.object.clone(), one.since.to_string(), state]
                })
                .collect();
            out.table(&alerts, ["alert", "kind", "site", "object", "since", "state"], &rows)
        }
        AlertCommand::Take { id } => {
            desk.office.take_alert(id, &desk.who).await?;
            out.value(&serde_json::json!({ "taken": id }), &format!("you take care of {id}"))
        }
        AlertCommand::Messages => {
            let messages = desk.office.alert_messages().await?;
            let rows: Vec<_> = messages
                .iter()
                .map(|one| {
                    let sent =
                        one.sent.map_or_else(|| format!("waits, tried {} times", one.attempts), |at| at.to_string());
                    [one.made.to_string(), one.channel.clone(), sent, one.subject.clone(), one.trouble.clone()]
                })
                .collect();
            out.table(&messages, ["made", "channel", "sent", "subject", "trouble"], &rows)
        }
        AlertCommand::Try => {
            let channels = desk.office.try_alerts(&desk.who).await?;
            let text = format!("on its way to {channels} channels; `alert messages` says what becomes of it");
            out.value(&serde_json::json!({ "channels": channels }), &text)
        }
    }
}
