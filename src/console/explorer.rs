//! *Pemakaian*: how much was used, by site, day, hour and plan, of a span that is asked for in the address.

mod asked;
mod draw;
mod file;
#[cfg(test)]
mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use askama::Template;
use gapura_controller::{Explored, LONGEST_DAYS, PLAN_DAYS, PlanUsed, Right, Used};
use gapura_model::ByteCount;
use gapura_speech::{Say, Words};
use jiff::ToSpan as _;

use self::asked::{Asked, By, Measure};
use self::draw::{Chart, HeatMap};
use crate::answer::{Answer, again, page};
use crate::chrome::Chrome;
use crate::dates;
use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};

#[cfg(test)]
pub(crate) use samples::samples;

/// Its address.
pub(crate) const PATH: &str = "/pemakaian";
const FILE: &str = "/pemakaian.csv";

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get(PATH, Needs::Anywhere(Right::SeeNetwork), explorer);
    routes.get(FILE, Needs::Anywhere(Right::SeeNetwork), file::download);
    let needs = Right::SeeNetwork;
    routes.menu(MenuLine { section: Section::Report, icon: icons::LOOK_UP, words: "usage-title", path: PATH, needs });
}

/// A choice of a list.
#[derive(Clone, Debug)]
struct Choice {
    value: String,
    words: String,
    chosen: bool,
}

/// A span one press away.
#[derive(Clone, Debug)]
struct Quick {
    href: String,
    words: String,
    here: bool,
}

/// A row of the table, and of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    /// A day, an hour, a site or a plan.
    head: String,
    /// What stands below its bar.
    short: String,
    used: Used,
}

/// A row in words.
#[derive(Clone, Debug)]
struct Row {
    head: String,
    visits: String,
    volume: String,
    time: String,
    each: String,
}

#[derive(Template)]
#[template(path = "usage.html")]
struct Explorer {
    c: Chrome,
    from: String,
    until: String,
    sites: Vec<Choice>,
    by: Vec<Choice>,
    measures: Vec<Choice>,
    quick: Vec<Quick>,
    /// What is wrong: field and words.
    wrong: Option<(&'static str, String)>,
    /// What is shown, in one sentence.
    says: String,
    /// Why there is nothing by plan.
    narrow: Option<String>,
    head: String,
    rows: Vec<Row>,
    total: Option<Row>,
    chart: Option<Chart>,
    heat: Option<HeatMap>,
    file: String,
}

impl Explorer {
    fn wrong_at(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(at, _)| *at == field).map(|(_, words)| words.as_str())
    }
}

async fn explorer(here: Here) -> Answer {
    let (w, say) = (here.w(), here.say());
    let asked = Asked::of(&here.asked(), say.today());
    let seen = Seen::of(&here, &asked).await?;
    let wrong = asked.wrong(w, &seen.sites);
    let failed = wrong.is_some();
    let shown = shown(&here, &say, &asked, &seen, wrong);
    if failed { again(&shown) } else { page(&shown) }
}

/// What may be seen of what was asked for.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Sites to choose from: id and name.
    sites: Vec<(String, String)>,
    lines: Vec<Line>,
    total: Used,
    /// By days since Monday and hour.
    slots: BTreeMap<(u8, u8), Used>,
    /// By plan a narrower question is needed.
    narrow: bool,
}

impl Seen {
    async fn of(here: &Here, asked: &Asked) -> Result<Self, crate::answer::Oops> {
        let zone = here.zone();
        let explored = here.office().explore(&zone, asked.span).await?;
        let mut seen = Self::pick(&here.say(), asked, explored, |place| here.may_at(Right::SeeNetwork, Some(place)));
        if asked.by == By::Plan {
            let chosen = seen.sites.iter().find(|(id, _)| *id == asked.site).and_then(|(id, _)| id.parse().ok());
            match chosen.filter(|_| asked.days() <= i64::from(PLAN_DAYS)) {
                Some(site) => seen.lines = plan_lines(here.office().explore_plans(&site, &zone, asked.span).await?),
                None => seen.narrow = true,
            }
        }
        Ok(seen)
    }

    /// Of everything, what is of sites that may be seen, and was asked for.
    fn pick(say: &Say, asked: &Asked, explored: Explored, may: impl Fn(&gapura_controller::SitePlace) -> bool) -> Self {
        let sites = explored.sites.into_iter().filter(|(place, _)| may(place));
        let sites: Vec<(String, String)> = sites.map(|(place, name)| (place.site.to_string(), name)).collect();
        let own: BTreeSet<&str> = sites.iter().map(|(id, _)| id.as_str()).collect();
        let wanted = |site: &str| own.contains(site) && (asked.site.is_empty() || asked.site == site);
        let days: Vec<_> = explored.days.into_iter().filter(|(site, ..)| wanted(site)).collect();
        let (mut total, mut slots) = (Used::default(), BTreeMap::<(u8, u8), Used>::new());
        for (_, _, used) in &days {
            total += *used;
        }
        for slot in explored.slots.into_iter().filter(|slot| wanted(&slot.site)) {
            *slots.entry((slot.weekday, slot.hour)).or_default() += slot.used;
        }
        let lines = match asked.by {
            By::Day => {
                let mut by_day = BTreeMap::new();
                let mut day = asked.span.0;
                while day <= asked.span.1 {
                    by_day.insert(day, Used::default());
                    day = day.saturating_add(1.day());
                    if day == jiff::civil::Date::MAX {
                        break;
                    }
                }
                for (_, day, used) in &days {
                    *by_day.entry(*day).or_default() += *used;
                }
                let line = |(day, used): (jiff::civil::Date, Used)| Line {
                    head: format!("{}, {}", say.weekday(day.weekday()), say.date(day)),
                    short: day.day().to_string(),
                    used,
                };
                by_day.into_iter().map(line).collect()
            }
            By::Hour => (0..24_u8)
                .map(|hour| {
                    let mut used = Used::default();
                    slots.iter().filter(|((_, at), _)| *at == hour).for_each(|(_, one)| used += *one);
                    let minutes = i32::from(hour) * 60;
                    Line { head: hours(say, minutes), short: format!("{hour:02}"), used }
                })
                .collect(),
            By::Site => {
                let mut by_site: BTreeMap<&str, Used> = BTreeMap::new();
                for (site, _, used) in &days {
                    *by_site.entry(site).or_default() += *used;
                }
                let shown = sites.iter().filter(|(id, _)| wanted(id));
                let mut lines: Vec<Line> = shown
                    .map(|(id, name)| Line {
                        head: name.clone(),
                        short: String::new(),
                        used: by_site.get(id.as_str()).copied().unwrap_or_default(),
                    })
                    .collect();
                lines.sort_by(|a, b| b.used.visits.cmp(&a.used.visits).then_with(|| a.head.cmp(&b.head)));
                lines
            }
            By::Plan => Vec::new(),
        };
        Self { sites, lines, total, slots, narrow: false }
    }
}

fn plan_lines(plans: Vec<PlanUsed>) -> Vec<Line> {
    plans.into_iter().map(|one| Line { head: one.name, short: String::new(), used: one.used }).collect()
}

/// "08.00–09.00".
fn hours(say: &Say, minutes: i32) -> String {
    format!("{}–{}", say.hour(minutes), say.hour(minutes + 60))
}

fn row(say: &Say, line: &Line) -> Row {
    let Used { visits, octets, seconds } = line.used;
    let time = |seconds: u64| say.duration(Duration::from_secs(seconds));
    Row {
        head: line.head.clone(),
        visits: say.number(visits),
        volume: say.bytes(ByteCount::new(octets)),
        time: if seconds == 0 { "0".to_owned() } else { time(seconds) },
        each: seconds.checked_div(visits).filter(|each| *each > 0).map_or_else(|| "–".to_owned(), time),
    }
}

fn shown(here: &Here, say: &Say, asked: &Asked, seen: &Seen, wrong: Option<(&'static str, String)>) -> Explorer {
    let frame = Chrome::of(here, here.w().t("usage-title")).sub(here.w().t("usage-sub"));
    made(frame, say, asked, seen, wrong)
}

fn made(c: Chrome, say: &Say, asked: &Asked, seen: &Seen, wrong: Option<(&'static str, String)>) -> Explorer {
    let w = say.words;
    let nothing = seen.total == Used::default();
    let site = seen.sites.iter().find(|(id, _)| *id == asked.site).map(|(_, name)| name.clone());
    let says = w.t2("usage-says", "site", site.unwrap_or_else(|| w.t("usage-all-sites")), "span", span(say, asked));
    let mut sites = vec![Choice { value: String::new(), words: w.t("usage-all-sites"), chosen: asked.site.is_empty() }];
    sites.extend(seen.sites.iter().map(|(id, name)| Choice {
        value: id.clone(),
        words: name.clone(),
        chosen: *id == asked.site,
    }));
    let total = Line { head: w.t("usage-total"), short: String::new(), used: seen.total };
    let lines = if nothing || wrong.is_some() { &[][..] } else { &seen.lines };
    Explorer {
        from: asked.typed.0.clone().unwrap_or_else(|| dates::write(w, asked.span.0)),
        until: asked.typed.1.clone().unwrap_or_else(|| dates::write(w, asked.span.1)),
        sites,
        by: By::ALL.iter().map(|by| choice(w, by.key(), by.words(), *by == asked.by)).collect(),
        measures: Measure::ALL.iter().map(|it| choice(w, it.key(), it.words(), *it == asked.measure)).collect(),
        quick: quick(w, asked, say.today()),
        narrow: (seen.narrow && wrong.is_none()).then(|| w.t1("usage-plan-narrow", "days", PLAN_DAYS.to_string())),
        head: w.t(asked.by.words()),
        rows: lines.iter().map(|line| row(say, line)).collect(),
        total: (!lines.is_empty()).then(|| row(say, &total)),
        chart: Chart::of(say, asked, lines),
        heat: (!nothing && wrong.is_none()).then(|| HeatMap::of(say, asked.measure, &seen.slots)),
        file: asked.address(FILE),
        wrong,
        says,
        c,
    }
}

fn choice(w: Words, value: &str, words: &str, chosen: bool) -> Choice {
    Choice { value: value.to_owned(), words: w.t(words), chosen }
}

fn span(say: &Say, asked: &Asked) -> String {
    let (from, until) = asked.span;
    if from == until {
        say.date(from)
    } else {
        say.words.t2("usage-span", "from", say.date(from), "until", say.date(until))
    }
}

/// Spans that are asked for often.
fn quick(w: Words, asked: &Asked, today: jiff::civil::Date) -> Vec<Quick> {
    let back = |days: i32| (today.saturating_sub((days - 1).days()), today);
    let last_month = today.first_of_month().yesterday().map(|last| (last.first_of_month(), last));
    let spans = [
        Some(("usage-week", back(7))),
        Some(("usage-four-weeks", back(28))),
        Some(("usage-this-month", (today.first_of_month(), today))),
        last_month.ok().map(|span| ("usage-last-month", span)),
        Some(("usage-longest", back(LONGEST_DAYS))),
    ];
    let quick = |(words, span): (&str, _)| Quick {
        href: Asked { span, typed: (None, None), ..asked.clone() }.address(PATH),
        words: w.t(words),
        here: span == asked.span,
    };
    spans.into_iter().flatten().map(quick).collect()
}

#[cfg(test)]
mod tests;
