//! Settings with inheritance: what is written for the department, a regency, an agency, a kind of site, a named group and the
//! site itself, put together field by field. Pure.
//!
//! From far to near: department, regency, agency, kind, group, site. The nearest level that sets a field has its say; dated
//! exceptions and notices of all levels hold together, and colours and texts are chosen one by one.

mod calendar;
mod document;
mod usual;

use std::collections::BTreeMap;
use std::fmt;

use gapura_rules::hours::{ExceptionDocument, Hours, HoursDocument, HoursProblem, HoursSlip};
use gapura_wire::{Look, Notice};
use serde::{Deserialize, Serialize};

pub use calendar::{Calendar, CalendarError, Holiday};
pub use document::{FilterSettings, HolidaySettings, HoursSettings, Season, SettingsDocument};
pub use usual::usual_hours;

use crate::document::{FilterDocument, SiteDocument};
use crate::why::{Why, why};

/// Where something is set. The order is from far to near.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "level", content = "name", rename_all = "kebab-case")]
pub enum Level {
    /// For all sites.
    Department,
    /// For the sites of a regency.
    Regency(String),
    /// For the sites of an agency.
    Agency(String),
    /// For the sites of a kind: `gallery`, `hotspot`, ..
    Kind(String),
    /// For the sites of a named group.
    Group(String),
    /// At the site itself.
    Site,
    /// Nowhere: what holds where nobody says anything.
    Default,
}

impl Level {
    /// As the database and the command line write it: level and name.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Department => ("department", ""),
            Self::Regency(name) => ("regency", name),
            Self::Agency(name) => ("agency", name),
            Self::Kind(name) => ("kind", name),
            Self::Group(name) => ("group", name),
            Self::Site => ("site", ""),
            Self::Default => ("default", ""),
        }
    }

    /// The level above the sites of these parts; `None` for a site, or where a name is missing or too much.
    pub fn above(level: &str, name: &str) -> Option<Self> {
        let name = name.trim();
        if (level == "department") != name.is_empty() {
            return None;
        }
        Some(match level {
            "department" => Self::Department,
            "regency" => Self::Regency(name.to_owned()),
            "agency" => Self::Agency(name.to_owned()),
            "kind" => Self::Kind(name.to_owned()),
            "group" => Self::Group(name.to_owned()),
            _ => return None,
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (level, "") => f.write_str(level),
            (level, name) => write!(f, "{level} {name}"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effective<T> {
    /// What holds.
    pub value: T,
    /// Where it is set.
    pub from: Level,
}

/// One field of a site: what holds, where that came from, and what is set elsewhere and lost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Origin {
    /// Which, for example `hours.weekly` or `look.colours.brand`.
    pub field: String,
    /// What holds, as JSON.
    #[serde(flatten)]
    pub holds: Effective<serde_json::Value>,
    /// What farther levels say, the nearest first.
    pub lost: Vec<Effective<serde_json::Value>>,
}

/// What comes of all levels together.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The site's document.
    pub document: SiteDocument,
    /// Where each field came from.
    pub origins: Vec<Origin>,
}

/// Puts together what `layers` say, which stand from far to near, the last one being the site's own.
pub(crate) fn settle(
    layers: &[(Level, SettingsDocument)],
    calendars: &BTreeMap<String, Calendar>,
) -> Result<Settled, Vec<Why>> {
    let mut chosen = Chosen { layers, origins: Vec::new(), mistakes: Vec::new() };
    let text = String::new;
    let name = chosen.needed("name", |layer| layer.name.clone()).unwrap_or_else(text);
    let kind = chosen.needed("kind", |layer| layer.kind);
    let agency = chosen.needed("agency", |layer| layer.agency.clone()).unwrap_or_else(text);
    let regency = chosen.needed("regency", |layer| layer.regency.clone()).unwrap_or_else(text);
    let contact = chosen.needed("contact", |layer| layer.contact.clone()).unwrap_or_else(text);
    let wifi = chosen.nearest("wifi", |layer| layer.wifi.clone());
    let hours = chosen.hours(calendars);
    let in_doubt = chosen.nearest("in-doubt", |layer| layer.in_doubt).unwrap_or_default();
    let ways = chosen.nearest("ways", |layer| layer.ways.clone()).unwrap_or_default();
    let one_tap_plan = chosen.nearest("one-tap-plan", |layer| layer.one_tap_plan.clone());
    let staff_plan = chosen.nearest("staff-plan", |layer| layer.staff_plan.clone());
    let uplink = chosen.nearest("uplink", |layer| layer.uplink).unwrap_or_default();
    let garden = chosen.nearest("garden", |layer| layer.garden.clone()).unwrap_or_default();
    let terms = chosen.nearest("terms", |layer| layer.terms.clone());
    let look = chosen.look();
    let devices = chosen.nearest("devices", |layer| layer.devices.clone()).unwrap_or_default();
    let without_index = chosen.nearest("filter.without-index", |layer| layer.filter.without_index).unwrap_or_default();
    let class_groups =
        chosen.nearest("filter.class-groups", |layer| layer.filter.class_groups.clone()).unwrap_or_default();
    let forward = chosen.nearest("filter.forward", |layer| layer.filter.forward.clone()).unwrap_or_default();
    let nat_attribution = chosen.nearest("nat-attribution", |layer| layer.nat_attribution).unwrap_or_default();
    let notices: Vec<Notice> = chosen.together("notices", |layer| layer.notices.clone());
    let Chosen { origins, mut mistakes, .. } = chosen;
    let (Some(kind), Some(hours)) = (kind, hours) else { return Err(mistakes) };
    let document = SiteDocument {
        name,
        kind,
        agency,
        regency,
        contact,
        wifi,
        hours,
        in_doubt,
        ways,
        one_tap_plan,
        staff_plan,
        uplink,
        garden,
        terms,
        look,
        devices,
        filter: FilterDocument { without_index, class_groups, forward },
        nat_attribution,
        notices,
    };
    // Of a field that nobody sets it is told once.
    let told = |why: &Why| why.field().is_some_and(|field| mistakes.iter().any(|known| known.field() == Some(field)));
    let more: Vec<Why> = document.mistakes().into_iter().filter(|why| !told(why)).collect();
    mistakes.extend(more);
    if mistakes.is_empty() { Ok(Settled { document, origins }) } else { Err(mistakes) }
}

struct Chosen<'a> {
    layers: &'a [(Level, SettingsDocument)],
    origins: Vec<Origin>,
    mistakes: Vec<Why>,
}

impl Chosen<'_> {
    /// What the nearest level says of a field.
    fn nearest<T: Serialize>(&mut self, field: &str, get: impl Fn(&SettingsDocument) -> Option<T>) -> Option<T> {
        let mut said = self.layers.iter().rev().filter_map(|(level, layer)| Some((level, get(layer)?)));
        let (from, value) = said.next()?;
        let lost = said.map(|(from, value)| Effective { value: json(&value), from: from.clone() }).collect();
        let holds = Effective { value: json(&value), from: from.clone() };
        self.origins.push(Origin { field: field.to_owned(), holds, lost });
        Some(value)
    }

    /// The same; it is a mistake if no level says anything.
    fn needed<T: Serialize>(&mut self, field: &str, get: impl Fn(&SettingsDocument) -> Option<T>) -> Option<T> {
        let value = self.nearest(field, get);
        if value.is_none() {
            self.mistakes.push(why!("setting-nowhere").at(field));
        }
        value
    }

    /// What all levels say together, the nearest last.
    fn together<T: Serialize>(&mut self, field: &str, get: impl Fn(&SettingsDocument) -> Vec<T>) -> Vec<T> {
        let mut all = Vec::new();
        for (from, layer) in self.layers {
            for value in get(layer) {
                let holds = Effective { value: json(&value), from: from.clone() };
                self.origins.push(Origin { field: field.to_owned(), holds, lost: Vec::new() });
                all.push(value);
            }
        }
        all
    }

    fn hours(&mut self, calendars: &BTreeMap<String, Calendar>) -> Option<Hours> {
        let zone = self.needed("hours.zone", |layer| layer.hours.zone.clone())?;
        // Either of them is the week: the nearest level that says one has its say.
        let week = self.nearest("hours.weekly", |layer| layer.hours.week());
        let Some((always_open, weekly)) = week else {
            self.mistakes.push(why!("week-nowhere").at("hours.weekly"));
            return None;
        };
        // Farther ones first: of two that are as short, the later one holds.
        let holidays = self.nearest("hours.holidays", |layer| layer.hours.holidays.clone()).unwrap_or_default();
        let mut exceptions: Vec<ExceptionDocument> = Vec::new();
        for name in &holidays.calendars {
            match calendars.get(name) {
                Some(calendar) => exceptions.extend(calendar.exceptions(&holidays.open)),
                None => self.mistakes.push(why!("no-calendar", name = name).at("hours.holidays")),
            }
        }
        exceptions.extend(self.together("hours.exceptions", |layer| layer.hours.dated()));
        let overrides = self.nearest("hours.overrides", |layer| layer.hours.overrides.clone()).unwrap_or_default();
        let document = HoursDocument { zone, always_open, weekly, exceptions, overrides };
        match Hours::try_from(document) {
            Ok(hours) => Some(hours),
            Err(problems) => {
                self.mistakes.extend(problems.0.into_iter().map(hours_words));
                None
            }
        }
    }

    fn look(&mut self) -> Look {
        let keys = |get: &dyn Fn(&Look) -> Vec<String>| {
            let all = self.layers.iter().flat_map(|(_, layer)| get(&layer.look));
            all.collect::<std::collections::BTreeSet<String>>()
        };
        let colours = keys(&|look| look.colours.keys().cloned().collect());
        let texts = keys(&|look| look.texts.keys().cloned().collect());
        let mut look = Look {
            name: self.nearest("look.name", |layer| layer.look.name.clone()),
            logo: self.nearest("look.logo", |layer| layer.look.logo.clone()),
            ..Look::default()
        };
        for key in colours {
            let colour = self.nearest(&format!("look.colours.{key}"), |layer| layer.look.colours.get(&key).copied());
            look.colours.extend(colour.map(|colour| (key.clone(), colour)));
        }
        for key in texts {
            let text = self.nearest(&format!("look.texts.{key}"), |layer| layer.look.texts.get(&key).cloned());
            look.texts.extend(text.map(|text| (key.clone(), text)));
        }
        look
    }
}

fn hours_words(problem: HoursProblem) -> Why {
    let why = match problem.slip {
        HoursSlip::Zone(error) => why!("hours-zone", text = error.text()),
        HoursSlip::Window(error) => why!("hours-window", text = error.text()),
        HoursSlip::Weekday(name) => why!("hours-weekday", name = name),
        HoursSlip::AlwaysAndWeekly => why!("hours-always"),
        HoursSlip::NoWindow => why!("hours-none"),
        HoursSlip::Overlap => why!("hours-overlap"),
        HoursSlip::Date(text) => why!("hours-date", text = text),
        HoursSlip::Dates => why!("hours-dates"),
        HoursSlip::EndFirst => why!("hours-end-first"),
        HoursSlip::UntilFirst => why!("hours-until-first"),
    };
    why.at(format!("hours.{}", problem.key))
}

fn json<T: Serialize>(value: &T) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
