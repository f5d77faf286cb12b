//! `gateway`.

use std::time::Duration;

use clap::Subcommand;
use gapura_model::{GatewayId, SiteId};
use gapura_store::timestamp;

use super::output::Output;
use super::voucher::duration;
use super::{CommandError, Desk};

/// `gapura controller gateway ...`
#[derive(Clone, Debug, Subcommand)]
pub enum GatewayCommand {
    /// Make a one-off enrolment code for a router of a site.
    #[command(
        after_help = "Example:\n  gapura controller gateway code --site galeri-sinjai\n  gapura controller gateway code --site galeri-sinjai --replaces gw-galeri-sinjai-1   (Ganti router)"
    )]
    Code {
        /// The site.
        #[arg(long)]
        site: SiteId,
        /// The router whose place the new one takes; it is revoked on approval.
        #[arg(long)]
        replaces: Option<GatewayId>,
        /// How long the code is taken.
        #[arg(long, default_value = "24h", value_parser = duration)]
        lifetime: Duration,
    },
    /// List codes and requests.
    #[command(after_help = "Example:\n  gapura controller gateway pending")]
    Pending,
    /// Approve a request, after comparing its key with what the router shows.
    #[command(after_help = "Example:\n  gapura controller gateway approve 1f0a22c9 --name gw-galeri-sinjai-1")]
    Approve {
        /// The request's id, as `pending` lists it.
        id: String,
        /// What to call the router; none = gw-SITE-NUMBER.
        #[arg(long)]
        name: Option<GatewayId>,
    },
    /// Refuse a code or request.
    #[command(after_help = "Example:\n  gapura controller gateway refuse 1f0a22c9 --reason 'not our box'")]
    Refuse {
        /// The request's id.
        id: String,
    },
    /// List routers: what they run, when they were heard.
    #[command(after_help = "Example:\n  gapura controller gateway list --json")]
    List,
    /// Revoke a router.
    #[command(after_help = "Example:\n  gapura controller gateway revoke gw-galeri-sinjai-1 --reason stolen")]
    Revoke {
        /// The router.
        id: GatewayId,
    },
}

pub(super) async fn gateway(command: &GatewayCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    match command {
        GatewayCommand::Code { site, replaces, lifetime } => {
            let made = desk.office.make_code(site, replaces.as_ref(), *lifetime, &desk.who).await?;
            let (code, controller) = (made.code.grouped(), format!("https://{}", desk.address));
            let json =
                serde_json::json!({ "code": code, "expires": made.expires, "pin": made.pin, "controller": controller });
            let text = format!(
                "code        {code}\ncontroller  {controller}\npin         {}\nuntil       {}",
                made.pin, made.expires
            );
            out.value(&json, &text)
        }
        GatewayCommand::Pending => {
            let all = desk.office.enrolments().await?;
            let rows: Vec<_> = all
                .iter()
                .map(|one| {
                    let key = one.key.map(|key| key.to_string()).unwrap_or_default();
                    [one.id.clone(), one.state.clone(), one.site.clone(), one.hostname.clone(), key]
                })
                .collect();
            out.table(&all, ["id", "state", "site", "hostname", "key"], &rows)
        }
        GatewayCommand::Approve { id, name } => {
            let gateway = desk.office.approve(id, name.clone(), &desk.who).await?;
            out.value(&serde_json::json!({ "gateway": gateway }), &format!("approved as {gateway}"))
        }
        GatewayCommand::Refuse { id } => {
            desk.office.refuse(id, &desk.who).await?;
            out.value(&serde_json::json!({ "refused": id }), &format!("refused {id}"))
        }
        GatewayCommand::List => list(desk, out).await,
        GatewayCommand::Revoke { id } => {
            desk.office.revoke_gateway(id, &desk.who).await?;
            out.value(&serde_json::json!({ "revoked": id }), &format!("revoked {id}"))
        }
    }
}

async fn list(desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let mut tx = desk.office.store().read().await?;
    let (gateways, reports) = (tx.gateways().await?, tx.reports().await?);
    drop(tx);
    let (mut json, mut rows) = (Vec::new(), Vec::new());
    for gateway in gateways {
        let report = reports.iter().find(|report| report.gateway == gateway.id);
        let beat = report.and_then(|report| report.heartbeat.as_deref());
        let beat: Option<serde_json::Value> = beat.and_then(|text| serde_json::from_str(text).ok());
        let heard = report.and_then(|report| report.heard).map(timestamp);
        let applied = report.map_or(0, |report| report.applied);
        rows.push([
            gateway.id.clone(),
            gateway.site.clone(),
            if gateway.revoked.is_some() { "revoked" } else { "in service" }.to_owned(),
            applied.to_string(),
            heard.map(|at| at.to_string()).unwrap_or_default(),
        ]);
        json.push(serde_json::json!({
            "gateway": gateway.id, "site": gateway.site, "hostname": gateway.hostname, "hardware": gateway.hardware,
            "made": timestamp(gateway.made), "revoked": gateway.revoked.map(timestamp), "reason": gateway.reason,
            "heard": heard, "heartbeat": beat, "applied": applied,
            "offered": report.and_then(|report| report.offered), "verdict": report.and_then(|report| report.verdict.clone()),
            "detail": report.map(|report| report.detail.clone()),
        }));
    }
    out.table(&json, ["gateway", "site", "state", "generation", "heard"], &rows)
}
