//! `filter`.

use clap::Subcommand;
use gapura_model::SiteId;
use gapura_store::{CountSum, Span, timestamp};
use jiff::{SignedDuration, Timestamp};

use super::output::Output;
use super::{CommandError, Desk};

/// `gapura controller filter ...`
#[derive(Clone, Debug, Subcommand)]
pub enum FilterCommand {
    /// How often clauses refused a name or address, by hour, site, clause and list; never by person.
    #[command(
        after_help = "Example:\n  gapura controller filter counts --site galeri-sinjai --from 2026-11-01T00:00:00Z"
    )]
    Counts {
        /// Only this site.
        #[arg(long)]
        site: Option<SiteId>,
        /// Hours that began at or after this time (UTC); none = the last 24 hours.
        #[arg(long, value_name = "TIME")]
        from: Option<Timestamp>,
        /// Hours that began before this time (UTC); none = no end.
        #[arg(long, visible_alias = "to", value_name = "TIME")]
        until: Option<Timestamp>,
        /// At most so many rows, the earliest.
        #[arg(long, default_value_t = 10_000)]
        limit: u32,
    },
}

pub(super) async fn filter(command: &FilterCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let FilterCommand::Counts { site, from, until, limit } = command;
    let day_ago = desk.office.now().checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
    let span = Span {
        from: from.unwrap_or(day_ago),
        until: until.unwrap_or(Timestamp::MAX),
        site: site.clone(),
        limit: *limit,
    };
    let counts = desk.office.filter_counts(&span).await?;
    let row = |count: &CountSum| {
        [
            timestamp(count.hour).to_string(),
            count.site.clone(),
            count.sop.clone(),
            count.clause.clone(),
            count.list.clone(),
            count.total.to_string(),
        ]
    };
    let json: Vec<_> = counts
        .iter()
        .map(|count| {
            serde_json::json!({
                "hour": timestamp(count.hour), "site": count.site, "sop": count.sop, "clause": count.clause,
                "list": (!count.list.is_empty()).then_some(&count.list), "total": count.total,
            })
        })
        .collect();
    let header = ["hour", "site", "sop", "clause", "list", "refused"];
    out.table(&json, header, &counts.iter().map(row).collect::<Vec<_>>())
}
