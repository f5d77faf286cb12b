//! *Dasbor*: the whole at a glance, for those whose duty it is.

#[cfg(test)]
mod samples;

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use gapura_controller::{Condition, DayUse, Right, SiteNow, Summary, Tone};
use gapura_model::ByteCount;
use gapura_speech::Say;
use jiff::civil::Date;

use crate::answer::{Answer, page};
use crate::chrome::Chrome;
use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};

#[cfg(test)]
pub(crate) use samples::samples;

/// Its address.
pub(crate) const PATH: &str = "/ringkasan";
/// Days that are drawn; of one more the same day of the week before is told.
const DAYS: usize = 14;
/// Alerts that are shown.
const ALERTS: usize = 8;

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get(PATH, Needs::Anywhere(Right::SeeNetwork), dashboard);
    let needs = Right::SeeNetwork;
    routes.menu(MenuLine { section: Section::Report, icon: icons::CHART, words: "dash-title", path: PATH, needs });
}

/// A figure.
#[derive(Clone, Debug)]
struct Figure {
    label: String,
    value: String,
    /// One line of comparison; may be empty.
    small: String,
    href: Option<&'static str>,
}

/// A site.
#[derive(Clone, Debug)]
struct Tile {
    href: String,
    class: &'static str,
    name: String,
    /// Why it does not serve; empty where it does.
    words: String,
    online: String,
    /// Drawn with the person in the gate.
    open: bool,
}

/// Something wrong.
#[derive(Clone, Debug)]
struct Alarm {
    words: String,
    place: String,
    href: Option<String>,
}

/// A bar of the chart.
#[derive(Clone, Debug)]
struct Bar {
    x: u64,
    y: u64,
    height: u64,
    /// The middle of its foot, and what stands there.
    foot: u64,
    label: String,
}

/// A day of the table beside it.
#[derive(Clone, Debug)]
struct Day {
    date: String,
    visits: String,
    volume: String,
}

/// The chart of visits by day.
#[derive(Clone, Debug)]
struct Chart {
    bars: Vec<Bar>,
    /// Height and figure of its lines.
    lines: Vec<(u64, String)>,
    /// In words.
    says: String,
    days: Vec<Day>,
}

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    c: Chrome,
    figures: Vec<Figure>,
    chart: Option<Chart>,
    tiles: Vec<Tile>,
    alarms: Option<Vec<Alarm>>,
    /// Where screens on walls are made.
    screens: bool,
}

async fn dashboard(here: Here) -> Answer {
    let (w, say) = (here.w(), here.say());
    let days = u16::try_from(DAYS + 1).unwrap_or(u16::MAX);
    let mut summary = here.office().summary(&here.zone(), days).await?;
    summary.sites.retain(|site| here.may_at(Right::SeeNetwork, Some(&site.place)));
    let own: BTreeSet<&str> = summary.sites.iter().map(|site| site.place.site.as_str()).collect();
    let places: BTreeMap<String, SiteNow> =
        summary.sites.iter().map(|site| (site.place.site.to_string(), site.clone())).collect();
    summary.days.retain(|day| own.contains(day.site.as_str()));
    let mut alarms = None;
    if here.may_anywhere(Right::SeeAlerts) {
        let place = |site: &str| places.get(site).map(|site| &site.place);
        summary.alerts.retain(|alert| here.may_at(Right::SeeAlerts, place(&alert.site)));
        alarms = Some(alarm_rows(&here, &summary, &places));
    }
    let waiting = here.waiting.get(crate::requests::MENU).copied();
    let today = say.today();
    let now = format!("{}, {} {}", say.weekday(today.weekday()), say.date(today), say.when(here.now));
    let alerts = alarms.as_ref().map(|_| summary.alerts.len());
    page(&Dashboard {
        c: Chrome::of(&here, w.t("dash-title")).sub(now),
        figures: figures(&say, &summary, (waiting, alerts)),
        chart: chart(&say, &summary.days),
        tiles: tiles(&here, &summary.sites),
        alarms,
        screens: here.may_anywhere(Right::SetNetwork),
    })
}

fn alarm_rows(here: &Here, summary: &Summary, places: &BTreeMap<String, SiteNow>) -> Vec<Alarm> {
    let spoken = gapura_controller::say(here.lang, here.zone(), here.now);
    let row = |alert: &gapura_controller::Alert| {
        let site = places.get(&alert.site);
        let name = site.map(|site| site.name.clone());
        Alarm {
            words: alert.words(&spoken),
            place: name.unwrap_or_else(|| {
                if alert.object.is_empty() { here.w().t("dash-controller") } else { alert.object.clone() }
            }),
            href: site.map(|site| format!("/l/{}", site.place.site)),
        }
    };
    summary.alerts.iter().take(ALERTS).map(row).collect()
}

fn figures(say: &Say, summary: &Summary, (waiting, alerts): (Option<u64>, Option<usize>)) -> Vec<Figure> {
    let w = say.words;
    let plain = |label: &str, value: String, small: String| Figure { label: w.t(label), value, small, href: None };
    let today = say.today();
    let of = |day: Date| {
        let days = summary.days.iter().filter(|one| one.day == day);
        days.fold((0_u64, 0_u64), |(visits, octets), one| {
            (visits.saturating_add(one.visits), octets.saturating_add(one.octets))
        })
    };
    let (visits, octets) = of(today);
    let before = today.checked_sub(jiff::Span::new().days(7)).map(of).unwrap_or_default().0;
    let day = say.weekday(today.weekday());
    let serving = summary.sites.iter().filter(|site| site.serves()).count();
    let closed = summary.sites.iter().filter(|site| matches!(site.condition, Some(Condition::Closed { .. }))).count();
    let number = |count: usize| say.number(u64::try_from(count).unwrap_or(u64::MAX));
    let closed_words = if closed == 0 { String::new() } else { w.t1("dash-closed", "count", number(closed)) };
    let mut figures = vec![
        plain("dash-online", say.number(summary.sites.iter().map(|site| site.online).sum()), String::new()),
        plain("dash-visits", say.number(visits), w.t2("dash-before", "day", day, "count", say.number(before))),
        plain("dash-volume", say.bytes(ByteCount::new(octets)), String::new()),
        plain(
            "dash-serving",
            w.t2("dash-of", "some", number(serving), "all", number(summary.sites.len())),
            closed_words,
        ),
    ];
    if let Some(waiting) = waiting {
        let href = Some("/permintaan");
        figures.push(Figure { href, ..plain("dash-waiting", say.number(waiting), String::new()) });
    }
    if let Some(alerts) = alerts {
        figures.push(Figure { href: Some("/siaga"), ..plain("dash-alerts", number(alerts), String::new()) });
    }
    figures
}

/// The box of the chart: left of it stand the figures, below it the days.
const LEFT: u64 = 40;
const TOP: u64 = 10;
const FOOT: u64 = 152;
const STEP: u64 = 43;
const WIDTH: u64 = 28;

/// Visits by day; none where nothing was used in all those days.
fn chart(say: &Say, used: &[DayUse]) -> Option<Chart> {
    let w = say.words;
    let today = say.today();
    let back = |days: usize| today.checked_sub(jiff::Span::new().days(i64::try_from(days).unwrap_or_default())).ok();
    let days: Vec<(Date, u64, u64)> = (0..DAYS)
        .rev()
        .filter_map(back)
        .map(|day| {
            let own = used.iter().filter(|one| one.day == day);
            let sums = own.fold((0_u64, 0_u64), |(visits, octets), one| {
                (visits.saturating_add(one.visits), octets.saturating_add(one.octets))
            });
            (day, sums.0, sums.1)
        })
        .collect();
    let (most_on, most, _) = *days.iter().max_by_key(|(_, visits, _)| *visits)?;
    if most == 0 {
        return None;
    }
    let top = round_up(most);
    let height = |visits: u64| visits.saturating_mul(FOOT - TOP) / top;
    let bar = |(at, (day, visits, _)): (usize, &(Date, u64, u64))| {
        let x = LEFT + 8 + STEP * u64::try_from(at).unwrap_or_default();
        let height = height(*visits);
        Bar { x, y: FOOT - height, height, foot: x + WIDTH / 2, label: day.day().to_string() }
    };
    let row = |(day, visits, octets): &(Date, u64, u64)| Day {
        date: format!("{}, {}", say.weekday(day.weekday()), say.date(*day)),
        visits: say.number(*visits),
        volume: say.bytes(ByteCount::new(*octets)),
    };
    let at_most = w.t2("dash-chart-most", "count", say.number(most), "day", say.date(most_on));
    Some(Chart {
        bars: days.iter().enumerate().map(bar).collect(),
        lines: [0, top / 2, top].map(|figure| (FOOT - height(figure), say.number(figure))).to_vec(),
        says: at_most,
        days: days.iter().rev().map(row).collect(),
    })
}

/// The next of 2, 4, 6, 10, 20, 40, ...: a line at half of it is a whole number.
fn round_up(number: u64) -> u64 {
    let mut tens = 1_u64;
    loop {
        if let Some(top) = [2, 4, 6, 10].map(|step| step * tens).into_iter().find(|top| *top >= number) {
            return top;
        }
        let Some(next) = tens.checked_mul(10).filter(|next| *next < u64::MAX / 100) else { return number };
        tens = next;
    }
}

fn tiles(here: &Here, sites: &[SiteNow]) -> Vec<Tile> {
    let (say, spoken) = (here.say(), gapura_controller::say(here.lang, here.zone(), here.now));
    let tile = |site: &SiteNow| tile(&say, &spoken, site);
    sites.iter().map(tile).collect()
}

fn tile(say: &Say, spoken: &Say, site: &SiteNow) -> Tile {
    let fine = site.tone() == Tone::Good;
    let words = match &site.condition {
        Some(_) if fine => String::new(),
        Some(condition) => condition.words(spoken),
        None => say.words.t("dash-no-gateway"),
    };
    Tile {
        href: format!("/l/{}", site.place.site),
        class: class(site.tone()),
        name: site.name.clone(),
        words,
        online: say.number(site.online),
        open: site.serves(),
    }
}

/// How a tile is drawn.
pub(crate) const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "bad",
        Tone::Warn => "warn",
        Tone::Good => "",
        Tone::Off => "off",
    }
}

/// Whether somebody's work begins here: what they see is the whole.
pub(crate) fn is_for(here: &Here) -> bool {
    here.may_at(Right::SeeNetwork, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_the_chart_stand_at_whole_figures() {
        for (number, top) in [(1, 2), (2, 2), (3, 4), (7, 10), (10, 10), (11, 20), (3208, 4000), (61, 100), (41, 60)] {
            assert_eq!(round_up(number), top, "{number}");
        }
        assert!(round_up(u64::MAX / 2) >= u64::MAX / 2);
    }
}
