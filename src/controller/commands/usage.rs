//! `usage`.

use clap::Args;
use gapura_model::SiteId;
use gapura_store::{OutageRow, Span, TallyRow, VisitRow, timestamp};
use jiff::{SignedDuration, Timestamp};

use super::output::Output;
use super::{CommandError, Desk};

/// `gapura controller usage ...`
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  gapura controller usage --site galeri-sinjai --from 2026-11-01T00:00:00Z --json")]
pub struct UsageArgs {
    /// Only this site.
    #[arg(long)]
    pub site: Option<SiteId>,
    /// Visits that began at or after this time (UTC); none = the last 24 hours.
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Visits that began before this time (UTC); none = no end.
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,
    /// At most so many rows of each kind, the earliest.
    #[arg(long, default_value_t = 10_000)]
    pub limit: u32,
}

pub(super) async fn usage(args: &UsageArgs, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let day_ago = desk.office.now().checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
    let span = Span {
        from: args.from.unwrap_or(day_ago),
        until: args.until.unwrap_or(Timestamp::MAX),
        site: args.site.clone(),
        limit: args.limit,
    };
    let usage = desk.office.usage(&span).await?;
    let json = serde_json::json!({
        "unread": usage.unread, "from": span.from, "until": span.until, "sums": usage.sums,
        "visits": usage.visits.iter().map(visit).collect::<Vec<_>>(),
        "outages": usage.outages.iter().map(outage).collect::<Vec<_>>(),
        "tallies": usage.tallies.iter().map(tally).collect::<Vec<_>>(),
    });
    if usage.unread > 0 {
        tracing::warn!(
            unread = usage.unread,
            "records of newer routers came that this controller cannot read; they are kept: upgrade it"
        );
    }
    let rows: Vec<_> = usage
        .sums
        .iter()
        .map(|sum| {
            [
                sum.site.clone(),
                sum.visits.to_string(),
                sum.running.to_string(),
                sum.bytes_up.to_string(),
                sum.bytes_down.to_string(),
            ]
        })
        .collect();
    out.table(&json, ["site", "visits", "running", "bytes up", "bytes down"], &rows)
}

fn visit(row: &VisitRow) -> serde_json::Value {
    serde_json::json!({
        "site": row.site, "visit": row.visit, "gateway": row.gateway, "device": row.device,
        "device_local": row.device_local != 0, "holder": row.holder, "way": row.way, "terms": row.terms,
        "terms_sha256": row.terms_sha256, "plan": row.plan, "generation": row.generation, "start": timestamp(row.started),
        "clock": row.clock, "at": timestamp(row.told), "up": row.bytes_up, "down": row.bytes_down, "seconds": row.seconds,
        "end": row.ended.map(timestamp), "cause": row.cause,
    })
}

fn outage(row: &OutageRow) -> serde_json::Value {
    serde_json::json!({
        "site": row.site, "gateway": row.gateway, "kind": row.kind, "start": timestamp(row.started),
        "end": row.ended.map(timestamp),
    })
}

fn tally(row: &TallyRow) -> serde_json::Value {
    serde_json::json!({
        "site": row.site, "gateway": row.gateway, "name": row.name, "start": timestamp(row.started),
        "end": timestamp(row.ended), "count": row.amount,
    })
}
