//! Jam: the week of a site or a level as lines and boxes, what is coming, dated exceptions, seasons, holidays, the time zone.

pub(super) mod early;
pub(super) mod set;

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use gapura_controller::{HolidaySettings, HoursSettings, Level, Origin, Right, Season, SetAt, SiteSettings};
use gapura_rules::hours::{Hours as Rules, HoursDocument};
use jiff::civil::Date;

use super::at;
use super::site::{Exception, dated, exception, level};
use crate::answer::{Answer, Oops, page};
use crate::chrome::Chrome;
use crate::dates;
use crate::here::Here;
use crate::week::{self, DAYS};

/// The room's name in addresses.
pub(super) const ROOM: &str = "jam";

/// What an address names: a site, or a level above the sites.
pub(super) type Named = BTreeMap<String, String>;

/// The zones of Indonesia.
const ZONES: [&str; 4] = ["Asia/Jakarta", "Asia/Pontianak", "Asia/Makassar", "Asia/Jayapura"];

/// A time zone to choose.
#[derive(Clone, Debug)]
pub(super) struct ZoneLine {
    /// Its IANA name; empty: not said here.
    pub(super) name: String,
    pub(super) words: String,
    pub(super) chosen: bool,
}

/// A day of the week in the form.
#[derive(Clone, Debug)]
pub(super) struct Day {
    pub(super) key: &'static str,
    pub(super) name: String,
    /// The hours as they were when the form was made.
    pub(super) was: String,
    pub(super) typed: String,
    pub(super) wrong: String,
    /// Its 24 boxes.
    pub(super) boxes: Vec<bool>,
}

/// A day that is coming.
#[derive(Clone, Debug)]
pub(super) struct Coming {
    pub(super) day: String,
    pub(super) hours: String,
    pub(super) note: String,
    /// Where its bars begin and how long they are, in thirds of minutes.
    pub(super) bars: Vec<(u16, u16)>,
    /// Its hours are not those of the week.
    pub(super) other: bool,
}

/// Another week for a while, of the site itself.
#[derive(Clone, Debug)]
pub(super) struct SeasonLine {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) dates: String,
    pub(super) reason: String,
    pub(super) days: Vec<(String, String)>,
}

/// A calendar of holidays.
#[derive(Clone, Debug)]
pub(super) struct CalendarLine {
    pub(super) name: String,
    pub(super) kept: bool,
    /// Its next days: when, and what.
    pub(super) days: Vec<(String, String)>,
}

/// What was typed into the smaller forms.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) hours: String,
    pub(super) reason: String,
    pub(super) season_from: String,
    pub(super) season_to: String,
    pub(super) season_reason: String,
    /// A line of hours for each day.
    pub(super) season_days: Vec<String>,
    pub(super) holiday_hours: String,
}

#[derive(Template)]
#[template(path = "hours.html")]
pub(super) struct Hours {
    pub(super) c: Chrome,
    /// The page's address, where its forms go.
    pub(super) home: String,
    pub(super) may_set: bool,
    pub(super) may_except: bool,
    /// How a site stands today; none for a level.
    pub(super) today: Option<early::Today>,
    pub(super) days: Vec<Day>,
    /// `atas`, `selalu` or `pekan`.
    pub(super) mode: &'static str,
    /// Where the week comes from.
    pub(super) from: String,
    /// Where it would come from if nothing were said here; empty where nothing is said farther away.
    pub(super) above: String,
    /// Zones to choose from, the first one for saying nothing.
    pub(super) zones: Vec<ZoneLine>,
    pub(super) coming: Vec<Coming>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) seasons: Vec<SeasonLine>,
    pub(super) calendars: Vec<CalendarLine>,
    pub(super) holidays_from: String,
    pub(super) holidays_own: bool,
    pub(super) typed: Typed,
    /// Fields and what is wrong with them.
    pub(super) wrong: Vec<(String, String)>,
}

impl Hours {
    fn wrong_of(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|(name, _)| name == field).map(|(_, words)| words.as_str())
    }

    /// The days of the week with what was typed for the season.
    fn season_lines(&self) -> impl Iterator<Item = (&'static str, &str, &str)> {
        let typed = self.typed.season_days.iter().map(String::as_str).chain(std::iter::repeat(""));
        self.days.iter().zip(typed).map(|(day, typed)| (day.key, day.name.as_str(), typed))
    }
}

/// `/l/{site}/jam` and `/jam/{tingkat}/{nama}`
pub(super) async fn hours(here: Here, Path(named): Path<Named>) -> Answer {
    let at = place_of(&here, &named)?;
    page(&made(&here, &at).await?)
}

/// The place that an address names.
pub(super) fn place_of(here: &Here, named: &Named) -> Result<SetAt, Oops> {
    if let Some(site) = &here.site {
        return Ok(SetAt::Site(site.place.site.clone()));
    }
    let of = |key: &str| named.get(key).map(String::as_str).unwrap_or_default();
    at::above(of("tingkat"), of("nama")).map(SetAt::Above).ok_or(Oops::NotFound)
}

async fn made(here: &Here, at: &SetAt) -> Result<Hours, Oops> {
    match at {
        SetAt::Site(_) => of_site(here, at).await,
        SetAt::Above(level) => of_level(here, at, level).await,
    }
}

/// What is set at a level above the sites.
async fn of_level(here: &Here, at: &SetAt, level: &Level) -> Result<Hours, Oops> {
    let (w, tree) = (here.w(), here.office().settings_tree().await?);
    if !at::levels(here, &tree).contains(level) {
        return Err(Oops::NotFound);
    }
    let said = tree.said(at).hours;
    let kept = said.holidays.clone().unwrap_or_default();
    let name = at::name(here, &tree, at);
    let sites = w.n("looks-reaches", at::below(here, &tree, at).len() as u64);
    let c = Chrome::of(here, w.t("hours-title"))
        .sub(w.t2("hours-level-sub", "level", name.as_str(), "sites", sites))
        .up(at::href("setelan", at), name.clone());
    let may_set = here.may_at(Right::SetNetwork, None);
    let own = |one| dated(here, one, Level::clone(level)).map(|one| Exception { own: true, ..one });
    Ok(Hours {
        c,
        home: at::href(ROOM, at),
        may_set,
        may_except: may_set,
        today: None,
        days: days(here, &said.weekly.clone().unwrap_or_default()),
        mode: mode(&said),
        from: String::new(),
        above: String::new(),
        zones: zones(here, said.zone.as_deref(), None),
        coming: Vec::new(),
        exceptions: said.exceptions.iter().cloned().filter_map(own).collect(),
        seasons: said.seasons.iter().map(|season| season_line(here, season)).collect(),
        calendars: calendars(here, &kept).await?,
        holidays_from: String::new(),
        holidays_own: said.holidays.is_some(),
        typed: Typed { holiday_hours: kept.open.join(", "), ..Typed::default() },
        wrong: Vec::new(),
    })
}

/// What a site or level says of its week itself.
fn mode(said: &HoursSettings) -> &'static str {
    match (said.always_open, &said.weekly) {
        (Some(true), _) => "selalu",
        (_, Some(_)) => "pekan",
        _ => "atas",
    }
}

/// Zones to choose; `above` is what holds where nothing is said here.
fn zones(here: &Here, own: Option<&str>, above: Option<&str>) -> Vec<ZoneLine> {
    let w = here.w();
    let silent = above.map_or_else(|| w.t("hours-zone-silent"), |above| w.t1("hours-zone-above", "zone", above));
    let silent = ZoneLine { name: String::new(), words: silent, chosen: own.is_none() };
    let other = own.filter(|own| !ZONES.contains(own));
    let line = |name: &str| {
        let key = format!("hours-zone-{}", name.rsplit('/').next().unwrap_or_default().to_ascii_lowercase());
        let words = if ZONES.contains(&name) { w.t(&key) } else { name.to_owned() };
        ZoneLine { name: name.to_owned(), words, chosen: own == Some(name) }
    };
    std::iter::once(silent).chain(ZONES.into_iter().chain(other).map(line)).collect()
}

/// Calendars of holidays with their next days.
async fn calendars(here: &Here, kept: &HolidaySettings) -> Result<Vec<CalendarLine>, Oops> {
    let (w, today) = (here.w(), here.say().today());
    let line = |(name, calendar): (String, gapura_controller::Calendar)| {
        let next = calendar.holiday.iter().filter(|day| day.to.unwrap_or(day.date) >= today);
        let days = next.take(5).map(|day| (dates::write(w, day.date), day.name.clone())).collect();
        CalendarLine { kept: kept.calendars.contains(&name), name, days }
    };
    Ok(here.office().calendars().await?.into_iter().map(line).collect())
}

/// What a site says, and what it is told from above.
async fn of_site(here: &Here, at: &SetAt) -> Result<Hours, Oops> {
    let id = here.site()?.place.site.clone();
    let settings = here.office().site_settings(&id).await?;
    let (w, say) = (here.w(), here.say());
    let rules = &settings.settled.document.hours;
    let document = HoursDocument::from(rules.clone());
    let origin = |field: &str| settings.settled.origins.iter().find(|origin| origin.field == field);
    let (week, holidays, zone) = (origin("hours.weekly"), origin("hours.holidays"), origin("hours.zone"));
    let own_week = week.is_some_and(|origin| origin.holds.from == Level::Site);
    let kept = holidays.and_then(|origin| serde_json::from_value(origin.holds.value.clone()).ok());
    let kept: HolidaySettings = kept.unwrap_or_default();
    let c = Chrome::of(here, w.t("hours-title"))
        .sub(w.t2("hours-sub", "site", settings.settled.document.name.as_str(), "zone", say.zone()))
        .up(format!("/l/{id}"), settings.settled.document.name.clone());
    let zone = zone
        .and_then(|origin| if origin.holds.from == Level::Site { origin.lost.first() } else { Some(&origin.holds) });
    let zone = zone.and_then(|above| above.value.as_str());
    Ok(Hours {
        c,
        home: at::href(ROOM, at),
        may_set: here.may(Right::SetNetwork),
        may_except: here.may(Right::SetHours),
        today: Some(early::today(here, rules)),
        days: days(here, &document.weekly),
        mode: match (own_week, document.always_open) {
            (false, _) => "atas",
            (true, true) => "selalu",
            (true, false) => "pekan",
        },
        from: week.map(|origin| level(here, &origin.holds.from)).unwrap_or_default(),
        above: week.and_then(|origin| above(here, origin)).unwrap_or_default(),
        zones: zones(here, settings.own.hours.zone.as_deref(), zone),
        coming: coming(here, rules, say.today()),
        exceptions: exceptions(here, &settings),
        seasons: settings.own.hours.seasons.iter().map(|season| season_line(here, season)).collect(),
        calendars: calendars(here, &kept).await?,
        holidays_from: holidays.map(|origin| level(here, &origin.holds.from)).unwrap_or_default(),
        holidays_own: settings.own.hours.holidays.is_some(),
        typed: Typed { holiday_hours: kept.open.join(", "), ..Typed::default() },
        wrong: Vec::new(),
    })
}

/// Where a field would come from if the site said nothing.
fn above(here: &Here, origin: &Origin) -> Option<String> {
    if origin.holds.from != Level::Site {
        return Some(level(here, &origin.holds.from));
    }
    origin.lost.first().map(|lost| level(here, &lost.from))
}

fn day_names(here: &Here) -> impl Iterator<Item = (&'static str, String)> {
    let w = here.w();
    DAYS.into_iter().enumerate().map(move |(index, key)| (key, w.list("weekdays", index)))
}

fn days(here: &Here, weekly: &BTreeMap<String, Vec<String>>) -> Vec<Day> {
    let of = |(key, name): (&'static str, String)| {
        let spans = week::read(&weekly.get(key).map(|all| all.join(",")).unwrap_or_default()).unwrap_or_default();
        let was = week::line(&spans);
        Day {
            key,
            name,
            typed: was.clone(),
            was,
            wrong: String::new(),
            boxes: (0..24).map(|hour| week::ticked(&spans, hour)).collect(),
        }
    };
    day_names(here).map(of).collect()
}

/// The next seven days, as the gateways will keep them.
fn coming(here: &Here, rules: &Rules, today: Date) -> Vec<Coming> {
    let (w, say) = (here.w(), here.say());
    let zone = rules.zone();
    let mut found = Vec::new();
    let mut at = zone.day_start(here.now);
    for _ in 0..7 {
        let next = zone.next_day(at);
        let date = zone.date(at);
        let windows = rules.windows(at, next);
        let minute = |time: jiff::Timestamp| u16::try_from(time.duration_since(at).as_mins()).unwrap_or(1440).min(1440);
        let spans: Vec<(u16, u16)> = windows.iter().map(|one| (minute(one.from), minute(one.until))).collect();
        let reason = rules.exception(date).map(|one| one.reason.clone()).filter(|reason| !reason.is_empty());
        let now = (date == today).then(|| w.t("hours-today"));
        let note: Vec<String> = [now, reason].into_iter().flatten().collect();
        found.push(Coming {
            day: format!("{} {}", say.weekday(date.weekday()), date.day()),
            hours: if spans.is_empty() { w.t("network-closed-all-day") } else { week::line(&spans) },
            note: note.join(" · "),
            bars: spans.iter().map(|(from, until)| (from / 3, until.saturating_sub(*from) / 3)).collect(),
            other: rules.exception(date).is_some()
                || rules.overrides().iter().any(|one| one.until > at && one.from < next),
        });
        at = next;
    }
    found
}

/// Exceptions of all levels, but not those that the site's own seasons make.
fn exceptions(here: &Here, settings: &SiteSettings) -> Vec<Exception> {
    let dated = settings.settled.origins.iter().filter(|origin| origin.field == "hours.exceptions");
    let dated = dated.filter_map(|origin| exception(here, origin));
    let own = &settings.own.hours.exceptions;
    let is_own = |one: &Exception| {
        own.iter().any(|own| {
            let from = own.date.as_ref().or(own.from.as_ref());
            let to = own.date.as_ref().or(own.to.as_ref());
            (from, to) == (Some(&one.from), Some(&one.to)) && own.reason == one.reason
        })
    };
    dated.filter(|one| !one.own || is_own(one)).collect()
}

fn season_line(here: &Here, season: &Season) -> SeasonLine {
    let days = day_names(here).map(|(key, name)| {
        let windows = season.weekly.get(key).map(|all| all.join(",")).unwrap_or_default();
        let hours = week::line(&week::read(&windows).unwrap_or_default());
        (name, if hours.is_empty() { here.w().t("network-closed-all-day") } else { hours })
    });
    SeasonLine {
        from: season.from.clone(),
        to: season.to.clone(),
        dates: super::site::span(here, &season.from, &season.to),
        reason: season.reason.clone(),
        days: days.collect(),
    }
}
