//! `site` and `plan`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use gapura_model::{PlanId, SiteId};
use gapura_rules::hours::ExceptionDocument;
use gapura_runtime::settings;
use gapura_session::Plan;
use serde::de::DeserializeOwned;

use super::output::Output;
use super::{CommandError, Desk, told};
use crate::document::PlanFile;
use crate::office::{OfficeError, SetAt};
use crate::settings::SettingsDocument;
use crate::why::Why;

/// `gapura controller site ...`
#[derive(Clone, Debug, Subcommand)]
pub enum SiteCommand {
    /// Add a site or replace what is written about it, from a TOML file; publishes its bundle.
    #[command(after_help = "Example:\n  gapura controller site set galeri-sinjai --file galeri-sinjai.toml")]
    Set {
        /// The site's id, for example galeri-sinjai.
        id: SiteId,
        /// Its document (TOML).
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// List all sites with their newest generation.
    #[command(after_help = "Example:\n  gapura controller site list --json")]
    List,
    /// Set other hours for a date or span, with a reason that visitors read.
    #[command(
        after_help = "Example:\n  gapura controller site exception galeri-sinjai --from 2026-11-27 --open 08.00-12.00 --reason 'Pilkada'\n  gapura controller site exception galeri-sinjai --from 2026-11-27 --reason 'Listrik padam'   (closed all day)"
    )]
    Exception {
        /// The site's id.
        id: SiteId,
        /// The first date, for example 2026-11-27.
        #[arg(long)]
        from: String,
        /// The last date; none = only that one.
        #[arg(long)]
        to: Option<String>,
        /// Windows of those days; none = closed.
        #[arg(long, value_name = "WINDOW")]
        open: Vec<String>,
        /// Take the site's exception of these dates back.
        #[arg(long, conflicts_with = "open")]
        remove: bool,
    },
    /// Say in which village a mobile centre stands from now on; its portal shows it.
    #[command(
        after_help = "Example:\n  gapura controller site move mplik-sinjai-1 --place 'Desa Arabika' --reason 'jadwal November'"
    )]
    Move {
        /// The site's id.
        id: SiteId,
        /// The village.
        #[arg(long)]
        place: String,
    },
    /// Where a mobile centre stood, the latest first.
    #[command(after_help = "Example:\n  gapura controller site places mplik-sinjai-1 --json")]
    Places {
        /// The site's id.
        id: SiteId,
    },
    /// Show what is written about a site (JSON).
    #[command(after_help = "Example:\n  gapura controller site show galeri-sinjai")]
    Show {
        /// The site's id.
        id: SiteId,
    },
}

/// `gapura controller plan ...`
#[derive(Clone, Debug, Subcommand)]
pub enum PlanCommand {
    /// Add or replace the plans of a TOML file with [[plan]] tables; publishes.
    #[command(after_help = "Example:\n  gapura controller plan set --file plans.toml")]
    Set {
        /// The plans (TOML).
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// List all plans.
    #[command(after_help = "Example:\n  gapura controller plan list --json")]
    List,
    /// Remove a plan that nothing uses.
    #[command(after_help = "Example:\n  gapura controller plan remove lama")]
    Remove {
        /// The plan's id.
        id: PlanId,
    },
}

pub(super) async fn site(command: &SiteCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    match command {
        SiteCommand::Set { id, file } => {
            let own: SettingsDocument = load(file, |_| Vec::new())?;
            let published = desk.office.set_own(id, &own, &desk.who).await?;
            out.published(&published)
        }
        SiteCommand::List => {
            let sites = desk.office.sites().await?;
            let generations = desk.office.store().read().await?.generations().await?;
            let generation =
                |id: &SiteId| generations.iter().find(|row| row.site == id.as_str()).map_or(0, |row| row.generation);
            let rows: Vec<_> = sites
                .iter()
                .map(|(id, site)| [id.to_string(), generation(id).to_string(), site.name.clone()])
                .collect();
            let json: Vec<_> = sites
                .iter()
                .map(|(id, site)| serde_json::json!({ "id": id, "generation": generation(id), "site": site }))
                .collect();
            out.table(&json, ["site", "generation", "name"], &rows)
        }
        SiteCommand::Exception { id, from, to, open, remove } => {
            let at = SetAt::Site(id.clone());
            let to = to.as_ref().unwrap_or(from);
            let published = if *remove {
                desk.office.remove_exception(&at, (from, to), &desk.who).await?
            } else {
                let exception = ExceptionDocument {
                    from: Some(from.clone()),
                    to: Some(to.clone()),
                    open: open.clone(),
                    reason: desk.who.reason.clone(),
                    ..ExceptionDocument::default()
                };
                desk.office.set_exception(&at, &exception, &desk.who).await?
            };
            out.published(&published)
        }
        SiteCommand::Move { id, place } => {
            let published = desk.office.move_site(id, place, &desk.who).await?;
            out.published(&published)
        }
        SiteCommand::Places { id } => {
            let places = desk.office.places(id).await?;
            let rows: Vec<_> =
                places.iter().map(|one| [one.since.to_string(), one.place.clone(), one.by.clone()]).collect();
            out.table(&places, ["since", "place", "by"], &rows)
        }
        SiteCommand::Show { id } => {
            let (_, site) = desk
                .office
                .sites()
                .await?
                .into_iter()
                .find(|(known, _)| known == id)
                .ok_or_else(|| OfficeError::NotFound { what: "site", name: id.to_string() })?;
            let text = serde_json::to_string_pretty(&site).map_err(|error| CommandError::Broken(error.to_string()))?;
            out.value(&site, &text)
        }
    }
}

pub(super) async fn plan(command: &PlanCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    match command {
        PlanCommand::Set { file } => {
            let plans: PlanFile = load(file, PlanFile::mistakes)?;
            let published = desk.office.set_plans(&plans, &desk.who).await?;
            out.published(&published)
        }
        PlanCommand::List => {
            let plans = desk.office.plans().await?;
            let share = |plan: &Plan| plan.share.map_or_else(|| "-".to_owned(), |share| share.guaranteed.to_string());
            let rows: Vec<_> = plans.iter().map(|plan| [plan.id.to_string(), share(plan), plan.name.clone()]).collect();
            out.table(&plans, ["plan", "share", "name"], &rows)
        }
        PlanCommand::Remove { id } => {
            let published = desk.office.remove_plan(id, &desk.who).await?;
            out.published(&published)
        }
    }
}

fn load<T: DeserializeOwned>(file: &Path, mistakes: impl FnOnce(&T) -> Vec<Why>) -> Result<T, CommandError> {
    Ok(settings::load(file, |it| told(mistakes(it)))?)
}
