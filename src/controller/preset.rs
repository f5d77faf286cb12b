//! Presets ("tiles"): what one tap at the counter makes. Decided centrally; a clerk only chooses.

use gapura_model::{PlanId, PresetId, SiteId, SiteKind};
use gapura_rules::hours::{Hours, Window};
use gapura_wire::Text;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::SiteDocument;

/// The most vouchers of one print at the counter.
pub const MOST_AT_ONCE: u32 = 1000;
/// The longest note, in characters: it stands small on the paper.
pub const NOTE_CHARS: usize = 60;
/// The longest name of a preset, in characters: it stands on a tile.
pub const NAME_CHARS: usize = 30;
/// The longest *Waktu pakai*, in minutes: a year.
pub const MOST_MINUTES: u32 = 366 * 24 * 60;
/// The farthest *Pakai sebelum*, in days.
pub const MOST_DAYS: u16 = 366;
/// The most devices of a preset.
pub const MOST_DEVICES: u16 = 50;

/// A preset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Preset {
    /// What stands on the tile.
    pub name: Text,
    /// The plan it opens.
    pub plan: PlanId,
    /// *Waktu pakai*: time online in all, in minutes; none = what the plan says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_minutes: Option<u32>,
    /// *Pakai sebelum*.
    pub use_before: UseBefore,
    /// Devices at once; none = what the plan says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<u16>,
    /// The tile's colour, 1 to 5.
    pub colour: u8,
    /// Its place among the tiles, the smallest first.
    pub order: u16,
    /// Where it is offered.
    #[serde(default)]
    pub place: PresetPlace,
}

/// *Pakai sebelum*, as a rule that each print works out anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UseBefore {
    /// Today until closing.
    Today,
    /// Tomorrow until closing.
    Tomorrow,
    /// So many days from today, until closing.
    Days(u16),
    /// This day, until closing.
    Date(Date),
}

/// Where a preset is offered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PresetPlace {
    /// At every site of the department.
    #[default]
    Everywhere,
    /// At every site of a kind.
    Kind(SiteKind),
    /// At one site.
    Site(SiteId),
}

/// What is wrong with a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PresetMistake {
    /// No name, or one too long for a tile.
    Name,
    /// There is no such plan.
    Plan,
    /// *Waktu pakai* is zero or longer than [`MOST_MINUTES`].
    UseTime,
    /// *Pakai sebelum* lies in the past or farther than [`MOST_DAYS`].
    UseBefore,
    /// No devices, or more than [`MOST_DEVICES`].
    Devices,
    /// Not 1 to 5.
    Colour,
    /// There is no such site.
    Site,
}

/// Why a rule gives no time to use a voucher before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTimeLeft {
    /// The site is closed on the whole day, or has closed for that day.
    Closed(Date),
    /// The day is over.
    Past(Date),
}

impl Preset {
    /// What the types do not say; empty when it may be used. Plan and site are looked up elsewhere.
    pub fn mistakes(&self, today: Date) -> Vec<PresetMistake> {
        let mut found = Vec::new();
        let too_long = |text: &str| text.chars().count() > NAME_CHARS || text.chars().any(char::is_control);
        if self.name.id.trim().is_empty() || too_long(&self.name.id) || too_long(&self.name.en) {
            found.push(PresetMistake::Name);
        }
        if self.use_minutes.is_some_and(|minutes| !(1..=MOST_MINUTES).contains(&minutes)) {
            found.push(PresetMistake::UseTime);
        }
        let farthest = today.checked_add(Span::new().days(MOST_DAYS)).unwrap_or(Date::MAX);
        let wrong = match self.use_before {
            UseBefore::Today | UseBefore::Tomorrow => false,
            UseBefore::Days(days) => !(1..=MOST_DAYS).contains(&days),
            UseBefore::Date(date) => !(today..=farthest).contains(&date),
        };
        if wrong {
            found.push(PresetMistake::UseBefore);
        }
        if self.devices.is_some_and(|devices| !(1..=MOST_DEVICES).contains(&devices)) {
            found.push(PresetMistake::Devices);
        }
        if !(1..=5).contains(&self.colour) {
            found.push(PresetMistake::Colour);
        }
        found
    }
}

impl PresetPlace {
    /// Whether it is offered at a site.
    pub fn takes_in(&self, site: &SiteId, document: &SiteDocument) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Kind(kind) => *kind == document.kind,
            Self::Site(only) => only == site,
        }
    }
}

impl UseBefore {
    /// The first moment at which a voucher made at `now` opens nothing any more: closing time of the day that the rule names. A
    /// day that began before midnight goes on until its closing. On a day without opening hours that is not today, midnight
    /// after it.
    ///
    /// # Errors
    /// When nobody could use the voucher.
    pub fn until(self, hours: &Hours, now: Timestamp) -> Result<Timestamp, NoTimeLeft> {
        let zone = hours.zone();
        let today = match running(hours, now) {
            Some(window) if !hours.is_always_open() => zone.date(window.from),
            Some(_) | None => zone.date(now),
        };
        let day = match self {
            Self::Today => Ok(today),
            Self::Tomorrow => today.tomorrow(),
            Self::Days(days) => today.checked_add(Span::new().days(days)),
            Self::Date(date) => Ok(date),
        };
        let day = day.map_err(|_| NoTimeLeft::Past(today))?;
        if day < today {
            return Err(NoTimeLeft::Past(day));
        }
        match closing(hours, day) {
            Some(closing) if closing > now => Ok(closing),
            None if day > today => midnight_after(hours, day).ok_or(NoTimeLeft::Closed(day)),
            Some(_) | None => Err(NoTimeLeft::Closed(day)),
        }
    }
}

/// An id for a new preset: its name's letters and digits, and a number where another has that id.
pub(crate) fn id_of(name: &str, taken: impl Fn(&str) -> bool) -> PresetId {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").to_ascii_lowercase().chars().take(40).collect();
    let slug = slug.trim_matches('-');
    let slug = if slug.is_empty() { "preset" } else { slug };
    let ids = (1..).map(|number: u32| if number == 1 { slug.to_owned() } else { format!("{slug}-{number}") });
    let mut free = ids.filter(|id| !taken(id)).filter_map(|id| id.parse().ok());
    free.next().unwrap_or_else(PresetId::usual)
}

/// The window of the opening hours that `now` is in, with its true beginning.
fn running(hours: &Hours, now: Timestamp) -> Option<Window> {
    let day = jiff::SignedDuration::from_hours(24);
    let (from, until) = (now.checked_sub(day).ok()?, now.checked_add(day).ok()?);
    hours.windows(from, until).into_iter().find(|window| window.from <= now && now < window.until)
}

/// When the last window that begins on `day` ends; midnight where it goes on for the whole of the next day.
fn closing(hours: &Hours, day: Date) -> Option<Timestamp> {
    let midnight = midnight_after(hours, day)?;
    let start = midnight_after(hours, day.yesterday().ok()?)?;
    let next = midnight_after(hours, day.tomorrow().ok()?)?;
    let last = hours.windows(start, next).into_iter().rfind(|window| window.from < midnight)?;
    Some(if last.until >= next { midnight } else { last.until })
}

fn midnight_after(hours: &Hours, day: Date) -> Option<Timestamp> {
    let next = day.tomorrow().ok()?;
    next.to_zoned(hours.zone().tz().clone()).ok().map(|midnight| midnight.timestamp())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn hours(text: &str) -> Hours {
        serde_json::from_str(&format!("{{\"zone\":\"Asia/Makassar\",{text}}}")).unwrap()
    }

    /// A moment in Makassar, 8 hours before UTC.
    fn at(text: &str) -> Timestamp {
        format!("{text}+08:00").parse().unwrap()
    }

    const WEEK: &str =
        "\"weekly\":{\"mon\":[\"08.00-12.00\",\"13.00-22.00\"],\"tue\":[\"08.00-22.00\"],\"sat\":[\"18.00-02.00\"]}";

    #[test]
    fn a_day_ends_when_the_site_closes() {
        let week = hours(WEEK);
        // Monday, 23 November 2026.
        for now in ["2026-11-23T07:00:00", "2026-11-23T09:00:00", "2026-11-23T12:30:00", "2026-11-23T21:59:59"] {
            assert_eq!(UseBefore::Today.until(&week, at(now)), Ok(at("2026-11-23T22:00:00")), "{now}");
            assert_eq!(UseBefore::Tomorrow.until(&week, at(now)), Ok(at("2026-11-24T22:00:00")), "{now}");
        }
        let late = at("2026-11-23T22:00:00");
        assert_eq!(UseBefore::Today.until(&week, late), Err(NoTimeLeft::Closed(date(2026, 11, 23))));
        assert_eq!(UseBefore::Tomorrow.until(&week, late), Ok(at("2026-11-24T22:00:00")));
        // Seven days from Monday is Monday; from Tuesday eight is a Wednesday, which is closed: its midnight.
        assert_eq!(UseBefore::Days(7).until(&week, late), Ok(at("2026-11-30T22:00:00")));
        assert_eq!(UseBefore::Days(2).until(&week, late), Ok(at("2026-11-26T00:00:00")));
        let day = UseBefore::Date(date(2026, 11, 24));
        assert_eq!(day.until(&week, late), Ok(at("2026-11-24T22:00:00")));
        assert_eq!(day.until(&week, at("2026-11-25T08:00:00")), Err(NoTimeLeft::Past(date(2026, 11, 24))));
        assert_eq!(day.until(&week, at("2026-11-24T22:00:00")), Err(NoTimeLeft::Closed(date(2026, 11, 24))));
        let closed = at("2026-11-25T10:00:00");
        assert_eq!(UseBefore::Today.until(&week, closed), Err(NoTimeLeft::Closed(date(2026, 11, 25))));
    }

    #[test]
    fn an_evening_past_midnight_is_one_day() {
        let week = hours(WEEK);
        for now in ["2026-11-28T19:00:00", "2026-11-29T01:00:00"] {
            assert_eq!(UseBefore::Today.until(&week, at(now)), Ok(at("2026-11-29T02:00:00")), "{now}");
        }
    }

    #[test]
    fn a_site_that_never_closes_has_days_that_end_at_midnight() {
        let always = hours("\"always-open\":true");
        let now = at("2026-11-23T20:00:00");
        assert_eq!(UseBefore::Today.until(&always, now), Ok(at("2026-11-24T00:00:00")));
        assert_eq!(UseBefore::Tomorrow.until(&always, now), Ok(at("2026-11-25T00:00:00")));
        assert_eq!(UseBefore::Days(30).until(&always, now), Ok(at("2026-12-24T00:00:00")));
    }

    #[test]
    fn a_new_preset_gets_an_id_of_its_own() {
        let id = |name: &str| id_of(name, |id| ["umum", "umum-2"].contains(&id)).to_string();
        assert_eq!(
            (id("Pelajar, 3 jam"), id(" Umum "), id("***")),
            ("pelajar-3-jam".into(), "umum-3".into(), "preset".into())
        );
        assert_eq!(id(&"a b".repeat(60)).len(), 40);
    }

    #[test]
    fn every_mistake_of_a_preset_is_named() {
        use PresetMistake as M;
        let preset = Preset {
            name: Text { id: " ".to_owned(), en: String::new() },
            plan: "umum".parse().unwrap(),
            use_minutes: Some(0),
            use_before: UseBefore::Date(date(2026, 11, 22)),
            devices: Some(0),
            colour: 6,
            order: 1,
            place: PresetPlace::Kind(SiteKind::Gallery),
        };
        let today = date(2026, 11, 23);
        assert_eq!(preset.mistakes(today), [M::Name, M::UseTime, M::UseBefore, M::Devices, M::Colour]);
        let good = Preset {
            name: Text { id: "Umum".to_owned(), en: String::new() },
            use_minutes: Some(120),
            use_before: UseBefore::Days(366),
            devices: Some(1),
            colour: 5,
            ..preset
        };
        assert!(good.mistakes(today).is_empty());
        assert_eq!(Preset { use_before: UseBefore::Days(0), ..good }.mistakes(today), [M::UseBefore]);
    }
}
