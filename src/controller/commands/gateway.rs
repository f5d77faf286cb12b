//! `gateway`.

use std::time::Duration;

use clap::Subcommand;
use gapura_model::{GatewayId, SiteId};
use gapura_speech::{Lang, Say};
use gapura_wire::FilterState;

use super::output::Output;
use super::voucher::duration;
use super::{CommandError, Desk};
use crate::condition::{Condition, last_words};
use crate::office::GatewayStanding;

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
    /// List routers: how they are, what they run, when they were heard, whether their filter is in force.
    #[command(after_help = "Example:\n  gapura controller gateway list --json")]
    List,
    /// All that is known of a router, its last words among it.
    #[command(after_help = "Example:\n  gapura controller gateway show gw-galeri-sinjai-1")]
    Show {
        /// The router.
        id: GatewayId,
    },
    /// How a router (none: every router) was lately, the latest first.
    #[command(after_help = "Example:\n  gapura controller gateway history gw-galeri-sinjai-1 --days 30 --json")]
    History {
        /// The router.
        id: Option<GatewayId>,
        /// So many days back.
        #[arg(long, default_value_t = 7)]
        days: u16,
    },
    /// Ganti router: a code for the box that takes a dead one's place with its balances, and what to do with it.
    #[command(
        after_help = "Example:\n  gapura controller gateway replace gw-galeri-sinjai-1 --reason 'struck by lightning'"
    )]
    Replace {
        /// The router whose place is taken; it is revoked on approval.
        old: GatewayId,
        /// How long the code is taken.
        #[arg(long, default_value = "24h", value_parser = duration)]
        lifetime: Duration,
    },
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
        GatewayCommand::Show { id } => show(id, desk, out).await,
        GatewayCommand::History { id, days } => history(id.as_ref(), *days, desk, out).await,
        GatewayCommand::Replace { old, lifetime } => replace(old, *lifetime, desk, out).await,
        GatewayCommand::Revoke { id } => {
            desk.office.revoke_gateway(id, &desk.who).await?;
            out.value(&serde_json::json!({ "revoked": id }), &format!("revoked {id}"))
        }
    }
}

async fn list(desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let gateways = desk.office.gateways().await?;
    let json: Vec<_> = gateways.iter().map(|one| described(one, desk)).collect();
    let rows: Vec<_> = gateways
        .iter()
        .map(|one| {
            [
                one.gateway.to_string(),
                one.site.to_string(),
                one.condition.words(&spoken(one, desk, Lang::En)),
                format!("{} of {}", one.in_force, one.wanted),
                one.heard.map(|at| at.to_string()).unwrap_or_default(),
                one.beat.as_ref().and_then(|beat| beat.filter).map_or_else(String::new, filter_words),
            ]
        })
        .collect();
    out.table(&json, ["gateway", "site", "state", "generation", "heard", "filter"], &rows)
}

fn spoken(one: &GatewayStanding, desk: &Desk, lang: Lang) -> Say {
    let zone = jiff::tz::TimeZone::get(&one.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    crate::words::say(lang, zone, desk.office.now())
}

/// All that is known of a gateway, for programs.
fn described(one: &GatewayStanding, desk: &Desk) -> serde_json::Value {
    let beat = one.beat.as_ref();
    let filter = beat.and_then(|beat| beat.filter);
    let revoked = if let Condition::Revoked { since } = one.condition { Some(since) } else { None };
    let alert = filter
        .filter(|filter| !filter.in_force && revoked.is_none())
        .map(|_| "the content filter is not in force: `gapura doctor` on the router says why");
    let (id, en) = (spoken(one, desk, Lang::Id), spoken(one, desk, Lang::En));
    let said = beat.and_then(|beat| beat.words);
    serde_json::json!({
        "gateway": one.gateway, "site": one.site, "site_name": one.site_name, "kind": one.kind, "place": one.place,
        "state": one.condition.id(), "tone": one.condition.tone(),
        "state_words": { "id": one.condition.words(&id), "en": one.condition.words(&en) },
        "last_words": { "id": last_words(said, &id), "en": last_words(said, &en) },
        "hostname": one.hostname, "hardware": one.hardware, "made": one.made, "revoked": revoked, "reason": one.reason,
        "heard": one.heard, "heartbeat": beat, "clock_off": one.clock_off, "wanted": one.wanted,
        "published": one.published, "applied": one.in_force, "filter": filter, "alert": alert,
        "offered": one.offered, "verdict": one.verdict, "detail": one.detail, "certificate_ends": one.certificate_ends,
    })
}

async fn show(id: &GatewayId, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let one = desk.office.gateway(id).await?;
    let say = spoken(&one, desk, Lang::En);
    let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "not known".to_owned());
    let beat = one.beat.as_ref();
    let lines = [
        ("gateway", one.gateway.to_string()),
        ("site", format!("{} ({})", one.site, one.site_name)),
        ("place", one.place.clone().unwrap_or_default()),
        ("state", one.condition.words(&say)),
        ("last words", last_words(beat.and_then(|beat| beat.words), &say)),
        ("settings", format!("generation {} in force, {} wanted", one.in_force, one.wanted)),
        (
            "refused",
            one.verdict
                .clone()
                .filter(|verdict| verdict != "applied")
                .map_or_else(String::new, |verdict| format!("{verdict}: {}", one.detail)),
        ),
        (
            "clock",
            or_unknown(beat.map(|beat| format!("{:?}, {:?}", beat.clock.trust, beat.clock.source).to_lowercase())),
        ),
        (
            "outbox",
            or_unknown(beat.map(|beat| format!("{} records, {} dropped", beat.outbox.records, beat.outbox.dropped))),
        ),
        ("online", or_unknown(beat.map(|beat| beat.online.to_string()))),
        ("filter", or_unknown(beat.and_then(|beat| beat.filter).map(filter_words))),
        ("software", or_unknown(beat.map(|beat| format!("{}, Linux {}", beat.versions.gapura, beat.versions.kernel)))),
        ("certificate", or_unknown(one.certificate_ends.map(|ends| format!("until {ends}")))),
        ("hardware", format!("{} ({})", one.hostname, one.hardware)),
    ];
    let lines = lines.iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name:12} {text}"));
    out.value(&described(&one, desk), &lines.collect::<Vec<_>>().join("\n"))
}

async fn history(id: Option<&GatewayId>, days: u16, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let past = desk.office.gateway_past(id, days).await?;
    let rows: Vec<_> = past
        .iter()
        .map(|one| {
            let until = one.until.map_or_else(|| "now".to_owned(), |until| until.to_string());
            [one.gateway.clone(), one.state.clone(), one.since.to_string(), until]
        })
        .collect();
    out.table(&past, ["gateway", "state", "since", "until"], &rows)
}

/// *Ganti router*: what is to be carried to the site, and what happens then.
async fn replace(old: &GatewayId, lifetime: Duration, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let one = desk.office.gateway(old).await?;
    let made = desk.office.make_code(&one.site, Some(old), lifetime, &desk.who).await?;
    let (code, controller) = (made.code.grouped(), format!("https://{}", desk.address));
    let json = serde_json::json!({
        "code": code, "expires": made.expires, "pin": made.pin, "controller": controller, "site": one.site, "replaces": old,
    });
    let state = one.condition.words(&spoken(&one, desk, Lang::En));
    let text = format!(
        "{old} at {} ({}): {state}\n\n\
         1. Write the code into a file on the new router, name it in its gateway.toml, and start it:\n\n   \
         echo {code} > /var/lib/gapura/code\n\n   \
         [controller]\n   url = \"{controller}\"\n   pin = \"{}\"\n   code_file = \"/var/lib/gapura/code\"\n\n\
         2. Compare the key it shows with `gapura controller gateway pending`, then\n   \
         gapura controller gateway approve ID\n\n\
         The new router takes the site over with the balances {old} told last; {old} is revoked at that moment.\n\
         The code is taken until {}.",
        one.site, one.site_name, made.pin, made.expires
    );
    out.value(&json, &text)
}

/// `index 12`, `no lists`, `NOT IN FORCE`.
fn filter_words(filter: FilterState) -> String {
    let index = filter.index.map_or_else(|| "no lists".to_owned(), |index| format!("index {index}"));
    if filter.in_force { index } else { format!("NOT IN FORCE, {index}") }
}
