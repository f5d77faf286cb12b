//! Logging to stderr, fit for the journal, with visitors' addresses kept out of it.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStyle {
    /// Level, room, message and fields; no time and no colour: the journal adds the time itself.
    Journal,
    /// With the time in front (UTC), without colour: for files.
    File,
    /// With time and colour: for people at a terminal.
    Terminal,
}

impl LogStyle {
    /// What suits the place stderr goes to: a terminal, the journal (`JOURNAL_STREAM` is set), or else a file.
    pub fn of_stderr() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Terminal
        } else if std::env::var_os("JOURNAL_STREAM").is_some() {
            Self::Journal
        } else {
            Self::File
        }
    }
}

/// Logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is none of ours.
    #[error(
        "\"{0}\" is not a log level: use error, warn, info, debug or trace, or one for each room such as info,gapura_kernel=debug"
    )]
    Level(String),
    /// Somebody started logging before.
    #[error("logging was started twice in one process")]
    Twice,
}

/// Starts logging to stderr at `level`; see [`log_filter`].
pub fn start_log(level: &str, style: LogStyle) -> Result<(), LogError> {
    let filter = log_filter(level)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    match style {
        LogStyle::Journal => registry.with(lines.without_time().with_ansi(false)).try_init(),
        LogStyle::File => registry.with(lines.with_ansi(false)).try_init(),
        LogStyle::Terminal => registry.with(lines.with_ansi(true)).try_init(),
    }
    .map_err(|_| LogError::Twice)
}

/// What is let through at `level`: one word (`info`) or directives for single rooms (`info,gapura_kernel=debug`).
///
/// Libraries print the addresses they talk to, so they are quiet unless this is a DEBUG log, which holds addresses anyway:
/// at `info` and above they may only report errors. A directive that names a library overrides this.
pub fn log_filter(level: &str) -> Result<Targets, LogError> {
    let wrong = || LogError::Level(level.chars().take(80).collect());
    let mut ours = LevelFilter::INFO;
    let mut rooms = Vec::<(String, LevelFilter)>::new();
    for directive in level.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
        match directive.split_once('=') {
            Some((room, level)) => rooms.push((room.to_owned(), level.parse().map_err(|_| wrong())?)),
            None => ours = directive.parse().map_err(|_| wrong())?,
        }
    }
    let libraries = match ours {
        LevelFilter::TRACE => LevelFilter::DEBUG,
        LevelFilter::DEBUG => LevelFilter::INFO,
        LevelFilter::OFF => LevelFilter::OFF,
        _ => LevelFilter::ERROR,
    };
    Ok(Targets::new()
        .with_default(libraries)
        .with_target("gapura", ours)
        .with_target("captive_portal", ours)
        .with_targets(rooms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn libraries_say_nothing_that_could_hold_an_address() {
        let filter = log_filter("info").unwrap();
        assert!(filter.would_enable("gapura_gateway::link", &Level::INFO));
        assert!(!filter.would_enable("gapura_gateway::link", &Level::DEBUG));
        for level in [Level::WARN, Level::INFO, Level::DEBUG] {
            assert!(!filter.would_enable("hyper::proto", &level), "{level}");
        }
        assert!(filter.would_enable("hyper::proto", &Level::ERROR));
    }

    #[test]
    fn a_room_may_be_louder_than_the_house() {
        let filter = log_filter("warn, gapura_kernel=trace").unwrap();
        assert!(filter.would_enable("gapura_kernel::plan", &Level::TRACE));
        assert!(!filter.would_enable("gapura_dns", &Level::INFO));
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in ["loud", "info,gapura_kernel=very"] {
            assert!(log_filter(bad).is_err(), "{bad}");
        }
    }
}
