//! `settings` and `calendar`: what is set above the sites.

use std::path::PathBuf;

use clap::Subcommand;
use gapura_model::{GroupId, SiteId};
use gapura_runtime::settings;

use super::output::Output;
use super::{CommandError, Desk, told};
use crate::settings::{Calendar, Level, SettingsDocument};

/// `gapura controller settings ...`
#[derive(Clone, Debug, Subcommand)]
pub enum SettingsCommand {
    /// Write what a level above the sites says, from a TOML file; publishes. Nearer levels have their say: department, regency,
    /// agency, kind, group, site.
    #[command(
        after_help = "Example:\n  gapura controller settings set department --file department.toml\n  gapura controller settings set kind gallery --file galleries.toml\n  gapura controller settings set group pulau --file islands.toml"
    )]
    Set {
        /// `department`, `regency`, `agency`, `kind` or `group`.
        level: String,
        /// Whose; none for the department.
        name: Option<String>,
        /// What it says (TOML; the keys of a site's document, each may be left out).
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Remove what a level says.
    #[command(after_help = "Example:\n  gapura controller settings remove group pulau")]
    Remove {
        /// `department`, `regency`, `agency`, `kind` or `group`.
        level: String,
        /// Whose; none for the department.
        name: Option<String>,
    },
    /// List what every level says.
    #[command(after_help = "Example:\n  gapura controller settings list --json")]
    List,
    /// Where each setting of a site came from, and what is set elsewhere.
    #[command(after_help = "Example:\n  gapura controller settings of galeri-sinjai")]
    Of {
        /// The site.
        site: SiteId,
    },
    /// Put a site into a named group, out of any other; without a group into none.
    #[command(after_help = "Example:\n  gapura controller settings join galeri-sinjai --group pulau")]
    Join {
        /// The site.
        site: SiteId,
        /// The group.
        #[arg(long)]
        group: Option<GroupId>,
    },
}

/// `gapura controller calendar ...`
#[derive(Clone, Debug, Subcommand)]
pub enum CalendarCommand {
    /// Import a calendar of holidays from TOML ([[holiday]] tables) or iCalendar (.ics); publishes.
    #[command(after_help = "Example:\n  gapura controller calendar set nasional --file hari-libur-2027.ics")]
    Set {
        /// Its name, as settings name it under hours.holidays.
        name: GroupId,
        /// The days.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Remove a calendar that no settings name.
    #[command(after_help = "Example:\n  gapura controller calendar remove nasional")]
    Remove {
        /// Its name.
        name: GroupId,
    },
    /// List calendars and their days.
    #[command(after_help = "Example:\n  gapura controller calendar list --json")]
    List,
}

pub(super) async fn run(command: &SettingsCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    match command {
        SettingsCommand::Set { level, name, file } => {
            let document: SettingsDocument = settings::load(file, |it: &SettingsDocument| told(it.mistakes_above()))?;
            let level = of(level, name.as_deref())?;
            let published = desk.office.set_level(&level, Some(&document), &desk.who).await?;
            out.published(&published)
        }
        SettingsCommand::Remove { level, name } => {
            let published = desk.office.set_level(&of(level, name.as_deref())?, None, &desk.who).await?;
            out.published(&published)
        }
        SettingsCommand::List => {
            let levels = desk.office.levels().await?;
            let json: Vec<_> = levels
                .iter()
                .map(|(level, settings)| serde_json::json!({ "level": level.parts().0, "name": level.parts().1, "settings": settings }))
                .collect();
            let rows: Vec<_> = levels
                .iter()
                .map(|(level, settings)| {
                    let settings = serde_json::to_value(settings).unwrap_or_default();
                    let fields = settings.as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>());
                    [level.to_string(), fields.unwrap_or_default().join(" ")]
                })
                .collect();
            out.table(&json, ["level", "sets"], &rows)
        }
        SettingsCommand::Of { site } => {
            let of = desk.office.site_settings(site).await?;
            let json =
                serde_json::json!({ "site": site, "group": of.group, "own": of.own, "fields": of.settled.origins });
            let rows: Vec<_> = of
                .settled
                .origins
                .iter()
                .map(|one| {
                    let lost: Vec<String> = one.lost.iter().map(|lost| lost.from.to_string()).collect();
                    let value: String = one.holds.value.to_string().chars().take(60).collect();
                    [one.field.clone(), one.holds.from.to_string(), value, lost.join(", ")]
                })
                .collect();
            out.table(&json, ["field", "from", "value", "also set by"], &rows)
        }
        SettingsCommand::Join { site, group } => {
            let published = desk.office.join_settings(site, group.as_ref(), &desk.who).await?;
            out.published(&published)
        }
    }
}

pub(super) async fn calendar(command: &CalendarCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    match command {
        CalendarCommand::Set { name, file } => {
            let calendar = if file.extension().is_some_and(|end| end.eq_ignore_ascii_case("ics")) {
                let text = std::fs::read_to_string(file)
                    .map_err(|source| CommandError::Io { what: "read the calendar", source })?;
                let said = |wrong: Vec<crate::settings::CalendarError>| {
                    let lines = wrong.iter().map(|one| format!("{}, {one}", file.display()));
                    CommandError::Broken(lines.collect::<Vec<_>>().join("\n"))
                };
                Calendar::from_ics(&text).map_err(said)?
            } else {
                settings::load(file, |it: &Calendar| told(it.mistakes()))?
            };
            let published = desk.office.set_calendar(name, Some(&calendar), &desk.who).await?;
            out.published(&published)
        }
        CalendarCommand::Remove { name } => {
            let published = desk.office.set_calendar(name, None, &desk.who).await?;
            out.published(&published)
        }
        CalendarCommand::List => {
            let calendars = desk.office.calendars().await?;
            let json: Vec<_> = calendars
                .iter()
                .map(|(name, calendar)| serde_json::json!({ "calendar": name, "holiday": calendar.holiday }))
                .collect();
            let days =
                calendars.iter().flat_map(|(name, calendar)| calendar.holiday.iter().map(move |day| (name, day)));
            let rows: Vec<_> = days.map(|(name, day)| [name.clone(), day.date.to_string(), day.name.clone()]).collect();
            out.table(&json, ["calendar", "date", "holiday"], &rows)
        }
    }
}

fn of(level: &str, name: Option<&str>) -> Result<Level, CommandError> {
    let read = Level::above(level, name.unwrap_or_default());
    read.ok_or_else(|| {
        CommandError::Usage(format!(
            "\"{level}\" with {}: write department alone, or regency, agency, kind or group with a name",
            name.unwrap_or("no name")
        ))
    })
}
