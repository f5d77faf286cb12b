//! `lists`.

use clap::Subcommand;
use gapura_model::ListId;
use gapura_store::timestamp;
use serde_json::{Value, json};

use super::output::Output;
use super::{CommandError, Desk};
use crate::office::ListStatus;

/// `gapura controller lists ...`
#[derive(Clone, Debug, Subcommand)]
pub enum ListsCommand {
    /// Show every list: what is in force, when it was looked for, what went wrong, what waits.
    #[command(after_help = "Example:\n  gapura controller lists status --json")]
    Status,
    /// Look at the sources now (a server does it every hour), and build the index where something changed.
    #[command(after_help = "Example:\n  gapura controller lists refresh trustpositif")]
    Refresh {
        /// Only this list.
        list: Option<ListId>,
    },
    /// Build the index of what is in force, also where nothing changed.
    #[command(after_help = "Example:\n  gapura controller lists build --by ani")]
    Build,
    /// Show the updates that wait for a person, and why.
    #[command(after_help = "Example:\n  gapura controller lists held")]
    Held,
    /// Let an update through that waits.
    #[command(
        after_help = "Example:\n  gapura controller lists accept trustpositif --by ani --reason \"pembaruan besar, diumumkan\""
    )]
    Accept {
        /// The list.
        list: ListId,
    },
    /// Turn an update down that waits; the same content does not wait again.
    #[command(after_help = "Example:\n  gapura controller lists reject judi --by ani --reason \"berkas rusak\"")]
    Reject {
        /// The list.
        list: ListId,
    },
}

pub(super) async fn lists(command: &ListsCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let (office, who) = (&desk.office, &desk.who);
    match command {
        ListsCommand::Status => {
            let (lists, index) = (office.list_status().await?, office.last_index().await?);
            let index =
                index.map(|row| json!({ "version": row.version, "octets": row.octets, "built": timestamp(row.built) }));
            let unheld = office.unheld().await?;
            shown(&json!({ "lists": lists, "index": index, "unheld": unheld }), &lists, out)?;
            if out.json {
                return Ok(());
            }
            unheld.iter().try_for_each(|one| out.value(&Value::Null, &one.to_string()))
        }
        ListsCommand::Refresh { list } => {
            let done = office.refresh_lists(list.as_ref(), Some(who)).await?;
            shown(&done, &done.lists, out)
        }
        ListsCommand::Build => match office.build_index(who).await? {
            Some((version, published)) => {
                let text = format!("index {version} is built; {} bundles published", published.len());
                out.value(&json!({ "index": version, "published": published }), &text)
            }
            None => out.value(&json!({ "index": null }), "no list has anything in force yet: refresh first"),
        },
        ListsCommand::Held => {
            let lists = office.list_status().await?;
            let held = lists.iter().filter_map(|list| Some((list, list.state.held.as_ref()?)));
            let lines =
                held.flat_map(|(list, held)| held.why.iter().map(move |why| [list.id.to_string(), why.clone()]));
            let waiting: Vec<_> = lists.iter().filter(|list| list.state.held.is_some()).collect();
            out.table(&waiting, ["list", "why it waits"], &lines.collect::<Vec<_>>())
        }
        ListsCommand::Accept { list } => {
            let published = office.accept_list(list, who).await?;
            out.published(&published)
        }
        ListsCommand::Reject { list } => {
            office.reject_list(list, who).await?;
            out.value(&json!({ "rejected": list }), &format!("the update of {list} is turned down"))
        }
    }
}

fn shown<T: serde::Serialize>(value: &T, lists: &[ListStatus], out: &mut Output<'_>) -> Result<(), CommandError> {
    let line = |list: &ListStatus| {
        let state = &list.state;
        let count = |of: fn(&crate::lists::Edition) -> u64| state.in_force.as_ref().map_or(0, of).to_string();
        let word = match (&state.held, &state.trouble) {
            (_, Some(trouble)) if state.damaged => format!("its files are damaged: {trouble}"),
            (_, None) if state.damaged => "its files are damaged and fetched again".to_owned(),
            (Some(_), _) => "an update waits".to_owned(),
            (None, Some(trouble)) => trouble.clone(),
            (None, None) => String::new(),
        };
        [
            list.id.to_string(),
            list.category.clone(),
            count(|edition| edition.content.names),
            count(|edition| edition.content.addresses),
            count(|edition| edition.bad),
            state.checked.map_or_else(|| "never".to_owned(), |at| at.to_string()),
            word,
        ]
    };
    let header = ["list", "category", "names", "addresses", "bad lines", "looked for", ""];
    out.table(value, header, &lists.iter().map(line).collect::<Vec<_>>())
}
