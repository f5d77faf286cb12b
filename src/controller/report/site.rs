//! What a month was at one site: reckoned from what is in the database, and kept as it was then.

use std::collections::BTreeMap;

use gapura_model::SiteKind;
use gapura_store::{CountSum, MonthAppeals, MonthHour, MonthRequest, OutageRow, StateRow, TallyRow, timestamp};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::hide::FEWEST;
use super::month::Month;
use super::spans::{Plan, Spans};

/// Clauses that are kept of a month at a site, those that refused most.
const CLAUSES: usize = 20;
/// So long nothing is counted before something counts as over, ms: routers tell their counts each hour.
pub(crate) const STILL: i64 = 90 * 60 * 1000;

/// What a month was at a site; not shown to anybody as it is (see [`super::shown`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SiteMonth {
    /// Whose, by its document when the figures were first made.
    pub(crate) about: About,
    /// Reckoned up to then (ms): the end of the month, or the moment while it runs.
    pub(crate) upto: i64,
    /// Hours that were planned, and how many were kept.
    pub(crate) hours: Hours,
    /// The same of all the month's hours.
    pub(crate) up: Hours,
    /// Of the planned ones, staff closed so many seconds early: they are not kept.
    #[serde(default)]
    pub(crate) closed_early: u64,
    /// Nothing had been heard of it for so many seconds when the figures were made: what it counted may be missing.
    #[serde(default)]
    pub(crate) silent: u64,
    /// What was used.
    pub(crate) used: Used,
    /// Different devices; none where that is not known.
    pub(crate) people: Option<u64>,
    /// They are counted up to the end of that day.
    pub(crate) people_until: Option<Date>,
    /// Refusals by clause, the most first, and how many there were in all; none where that is not known.
    pub(crate) blocked: Option<Refusals>,
    /// Appeals.
    pub(crate) appeals: Appeals,
    /// Requests that came in the month.
    pub(crate) requests: Requests,
    /// What was tried against the network; none where nobody listened.
    pub(crate) attacks: Option<BTreeMap<Attack, Tried>>,
}

/// A site as it was when its month was first reckoned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) name: String,
    pub(crate) kind: SiteKind,
    pub(crate) agency: String,
    pub(crate) regency: String,
    /// Its time zone, by its IANA name.
    pub(crate) zone: String,
}

/// Time that was to be served, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hours {
    /// In all.
    pub(crate) planned: u64,
    /// Of it: somebody listened, so that it is known how the gateway was.
    pub(crate) watched: u64,
    /// Of that: in order.
    pub(crate) kept: u64,
}

/// What visits that began in the month used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Used {
    pub(crate) visits: u64,
    pub(crate) seconds: u64,
    pub(crate) octets_up: u64,
    pub(crate) octets_down: u64,
    /// Visits by day of the month, from the first.
    pub(crate) days: Vec<u64>,
}

/// Refusals of the filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusals {
    pub(crate) total: u64,
    pub(crate) clauses: Vec<Refused>,
}

/// How often a clause refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// The SOP's number.
    pub(crate) sop: String,
    /// The clause's.
    pub(crate) clause: String,
    /// The list; empty = the clause names it itself.
    pub(crate) list: String,
    pub(crate) total: u64,
}

/// Appeals against the filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appeals {
    /// Came in.
    pub received: u64,
    /// Were decided in the month, whenever they came.
    pub decided: u64,
    /// Of those, in the citizen's favour.
    pub reversed: u64,
    /// Waited at its end.
    pub waiting: u64,
}

/// Requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Requests {
    /// Came in the month.
    pub(crate) made: u64,
    /// Of these, answered before the month's end.
    pub(crate) answered: u64,
    /// Answered in the month, but made before it.
    #[serde(default)]
    pub(crate) carried: u64,
    /// Not answered in their time, where that ended in the month; whenever they came.
    pub(crate) late: u64,
    /// Waited at its end, whenever they came.
    pub(crate) waiting: u64,
    /// How long each answer to what came in the month took, in seconds, the shortest first.
    pub(crate) took: Vec<u64>,
}

/// What is tried against a site's network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attack {
    /// A false DHCP server or router.
    FalseRouter,
    /// Addresses that belong to another device or the gateway.
    TakenAddress,
    /// Guessing voucher codes.
    Guessing,
    /// Scanning: other devices, or far too many connections.
    Scanning,
}

/// How often something was tried, and how soon it was over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tried {
    /// Packets or attempts that were stopped.
    pub(crate) count: u64,
    /// Stretches of hours in which they came.
    pub(crate) incidents: u64,
    /// How long each took, in seconds, of those whose end is known, the shortest first.
    pub(crate) took: Vec<u64>,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::FalseRouter, Self::TakenAddress, Self::Guessing, Self::Scanning];

    /// What a gateway's count belongs to.
    fn of(name: &str) -> Option<Self> {
        match name {
            "rogue-dhcp" | "rogue-ra" => Some(Self::FalseRouter),
            "spoofed-gateway" | "spoofed-source" | "addresses-taken" => Some(Self::TakenAddress),
            "wrong-codes" => Some(Self::Guessing),
            "too-many-flows" | "isolated" => Some(Self::Scanning),
            _ => None,
        }
    }

    /// Its stable name.
    pub const fn id(self) -> &'static str {
        match self {
            Self::FalseRouter => "false-router",
            Self::TakenAddress => "taken-address",
            Self::Guessing => "guessing",
            Self::Scanning => "scanning",
        }
    }
}

/// What the database says of a site's month.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) month: Month,
    /// Its first instant and the first after it.
    pub(crate) span: (Timestamp, Timestamp),
    pub(crate) now: Timestamp,
    pub(crate) plan: Plan,
    pub(crate) hours: Vec<MonthHour>,
    pub(crate) states: Vec<StateRow>,
    pub(crate) outages: Vec<OutageRow>,
    pub(crate) blocked: Option<Vec<CountSum>>,
    pub(crate) appeals: MonthAppeals,
    pub(crate) requests: Vec<MonthRequest>,
    /// None where they were destroyed.
    pub(crate) tallies: Option<Vec<TallyRow>>,
}

impl SiteMonth {
    /// The figures, but for how many people came: that costs a look at each visit.
    pub(crate) fn reckon(about: About, told: &Told) -> Self {
        let zone = TimeZone::get(&about.zone).unwrap_or(TimeZone::UTC);
        let (from, until) = (told.span.0.as_millisecond(), told.span.1.as_millisecond());
        let upto = until.min(told.now.as_millisecond()).max(from);
        let state = Order::of(told, (from, upto));
        // Whether it goes on is known a little later: the figures of a month are made once that is over.
        let rested = until.saturating_add(STILL).min(told.now.as_millisecond()).max(from);
        let beyond = Order::of(told, (from, rested));
        let plan = told.plan.planned.within(&Spans::one(from, upto));
        let closed = told.plan.closed.within(&plan);
        let tallies = told.tallies.as_deref().filter(|_| state.watched.first().is_some());
        let attacks = tallies.map(|tallies| tried(tallies, &beyond, (from, until, rested)));
        Self {
            upto,
            hours: state.kept(&plan, &closed),
            up: state.kept(&Spans::one(from, upto), &Spans::default()),
            closed_early: closed.seconds(),
            silent: if beyond.ends_silent(rested) { state.silent_at(upto) } else { 0 },
            used: used(&told.hours, (told.month, &zone)),
            people: None,
            people_until: None,
            blocked: told
                .blocked
                .as_deref()
                .filter(|rows| !rows.is_empty() || state.watched.first().is_some())
                .map(refusals),
            appeals: Appeals {
                received: count(told.appeals.received),
                decided: count(told.appeals.decided),
                reversed: count(told.appeals.reversed),
                waiting: count(told.appeals.waiting),
            },
            requests: requests(&told.requests, (from, upto)),
            attacks,
            about,
        }
    }

    /// No visit was told, and nothing was heard of a gateway: nobody knows whether anybody came.
    pub(crate) const fn unheard(&self) -> bool {
        self.used.visits == 0 && self.silent >= self.up.watched
    }

    /// Nobody came, nobody asked, and nothing was heard of a gateway.
    pub(crate) fn is_empty(&self) -> bool {
        self.used.visits == 0 && self.up.watched == 0 && self.requests.made == 0 && self.appeals == Appeals::default()
    }

    /// Keeps of a later issue what did not come late, and what would tell of few: of figures that were published an hour or a month ago
    /// the difference is a figure too.
    pub(crate) fn hold(&mut self, before: &Self) {
        // The controller has these itself; that one is asked again later is no late data.
        (self.requests, self.appeals) = (before.requests.clone(), before.appeals);
        self.closed_early = before.closed_early;
        // Also visits that were open over the month's end, which only grew since.
        if self.used.visits.abs_diff(before.used.visits) < FEWEST {
            self.used = before.used.clone();
            self.silent = before.silent;
        }
    }

    /// The same once people were counted again.
    pub(crate) fn hold_people(&mut self, before: &Self) {
        let more = match (self.people, before.people) {
            (Some(now), Some(earlier)) => now.saturating_sub(earlier),
            // Of what was not known nothing is known later, and what is gone was once counted.
            (Some(_) | None, None) | (None, Some(_)) => 0,
        };
        if more < FEWEST {
            self.people = before.people;
            if before.people == Some(0) {
                self.used = before.used.clone();
            }
        }
    }

    /// So few came that it is not told.
    pub(crate) fn tells_of_few(&self) -> bool {
        let few = |number: u64| (1..FEWEST).contains(&number);
        few(self.used.visits) || self.people.is_some_and(few)
    }

    /// What differs from figures made before, but for how many people came.
    pub(crate) fn differs(&self, before: &Self) -> Vec<Part> {
        [
            (Part::Visits, self.used != before.used),
            (Part::Hours, (self.hours, self.up) != (before.hours, before.up)),
            (Part::Blocked, self.blocked != before.blocked),
            (Part::Appeals, self.appeals != before.appeals),
            (Part::Requests, self.requests != before.requests),
            (Part::Attacks, self.attacks != before.attacks),
        ]
        .into_iter()
        .filter_map(|(part, differs)| differs.then_some(part))
        .collect()
    }
}

/// A part of the figures that came late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Visits and what they used.
    Visits,
    /// How the gateway was.
    Hours,
    /// Refusals.
    Blocked,
    /// Appeals.
    Appeals,
    /// Requests.
    Requests,
    /// What was tried against the network.
    Attacks,
}

/// When a site's gateways were in order.
#[derive(Debug)]
struct Order {
    /// Somebody listened: from when the first was heard until the last was taken out of service.
    watched: Spans,
    /// At least one of them was.
    good: Spans,
    /// Nothing was heard of any, and none said later that only the controller was away.
    silent: Spans,
}

impl Order {
    fn of(told: &Told, (from, upto): (i64, i64)) -> Self {
        let mut routers: BTreeMap<&str, Vec<&StateRow>> = BTreeMap::new();
        for state in told.states.iter().filter(|state| !matches!(state.state.as_str(), "never-heard" | "revoked")) {
            routers.entry(&state.gateway).or_default().push(state);
        }
        let (mut all, mut good, mut reached) = (Spans::default(), Spans::default(), Spans::default());
        for (router, states) in routers {
            let row = |row: &&StateRow| (row.since.max(from), row.until.unwrap_or(upto).min(upto));
            let spans = |which: &dyn Fn(&str) -> bool| -> Spans {
                states.iter().filter(|state| which(&state.state)).map(row).collect()
            };
            let outages = |kinds: &[&str]| -> Spans {
                let own = told.outages.iter().filter(|one| one.gateway == router && kinds.contains(&one.kind.as_str()));
                own.map(|outage| (outage.started.max(from), outage.ended.unwrap_or(upto).min(upto))).collect()
            };
            let own = spans(&|_| true);
            // A site that loses the controller loses nothing: the gateway says afterwards how long it was.
            let heard = spans(&|state| state != "silent").with(&outages(&["controller"])).within(&own.hull());
            let bad = outages(&["power", "gate", "uplink"]).with(&spans(&|state| state == "uplink-down"));
            // One that fails stands by for another that serves.
            good = good.with(&heard.without(&bad));
            reached = reached.with(&heard);
            all = all.with(&own);
        }
        let watched = all.hull();
        Self { silent: watched.without(&reached), watched, good }
    }

    fn kept(&self, planned: &Spans, closed: &Spans) -> Hours {
        let watched = planned.within(&self.watched);
        let kept = watched.within(&self.good).without(closed).seconds();
        Hours { planned: planned.seconds(), watched: watched.seconds(), kept }
    }

    /// Nothing is heard of it at that moment.
    fn ends_silent(&self, upto: i64) -> bool {
        self.silent.last().is_none_or(|(_, until)| until >= upto)
    }

    /// How long nothing had been heard of it then, in seconds.
    fn silent_at(&self, upto: i64) -> u64 {
        let last = self.silent.last().filter(|(_, until)| *until >= upto);
        last.map_or(0, |(since, until)| Spans::one(since, until).seconds())
    }
}

fn used(hours: &[MonthHour], (month, zone): (Month, &TimeZone)) -> Used {
    let mut used = Used { days: vec![0; usize::from(month.days())], ..Used::default() };
    for hour in hours {
        used.visits = used.visits.saturating_add(count(hour.visits));
        used.seconds = used.seconds.saturating_add(count(hour.seconds));
        used.octets_up = used.octets_up.saturating_add(count(hour.bytes_up));
        used.octets_down = used.octets_down.saturating_add(count(hour.bytes_down));
        let day = usize::try_from(timestamp(hour.hour).to_zoned(zone.clone()).day()).unwrap_or(1);
        if let Some(day) = used.days.get_mut(day.saturating_sub(1)) {
            *day = day.saturating_add(count(hour.visits));
        }
    }
    used
}

fn refusals(rows: &[CountSum]) -> Refusals {
    let clause = |row: &CountSum| Refused {
        sop: row.sop.clone(),
        clause: row.clause.clone(),
        list: row.list.clone(),
        total: count(row.total),
    };
    let total = rows.iter().map(|row| count(row.total)).fold(0, u64::saturating_add);
    Refusals { total, clauses: rows.iter().take(CLAUSES).map(clause).collect() }
}

fn requests(rows: &[MonthRequest], (from, upto): (i64, i64)) -> Requests {
    let mut requests = Requests::default();
    for row in rows {
        let own = row.received >= from;
        requests.made += u64::from(own);
        if let Some(answered) = row.answered.filter(|answered| *answered < upto) {
            if own {
                requests.answered += 1;
                requests.took.push(count(answered - row.received) / 1000);
            }
            requests.carried += u64::from(!own && answered >= from);
        }
        let settled = row.settled.filter(|settled| *settled < upto);
        requests.waiting += u64::from(settled.is_none());
        let due = (from..upto).contains(&row.due);
        requests.late += u64::from(due && settled.is_none_or(|settled| settled > row.due));
    }
    requests.took.sort_unstable();
    requests
}

/// `rested`: somebody could listen up to then, so that what was over by the month's end is known to be.
fn tried(tallies: &[TallyRow], state: &Order, (from, until, rested): (i64, i64, i64)) -> BTreeMap<Attack, Tried> {
    let within = from..until;
    let mut found: BTreeMap<Attack, Tried> = Attack::ALL.map(|attack| (attack, Tried::default())).into();
    for (attack, tried) in &mut found {
        let own = tallies.iter().filter(|tally| Attack::of(&tally.name) == Some(*attack) && tally.amount > 0);
        let mut spans = Vec::new();
        for tally in own {
            if within.contains(&tally.started) {
                tried.count = tried.count.saturating_add(count(tally.amount));
            }
            // Stretched by the rest that has to follow, so that what belongs together touches.
            spans.push((tally.started, tally.ended.max(tally.started) + STILL));
        }
        let incidents: Vec<(i64, i64)> = Spans::from(spans).into();
        // What goes on over a border is one incident, of the month in which it began.
        for (began, over) in incidents.into_iter().filter(|(began, _)| within.contains(began)) {
            tried.incidents += 1;
            // Known to be over only where somebody listened to the rest of it.
            let heard = state.silent.within(&Spans::one(over - STILL, over)).first().is_none();
            if heard && over <= rested {
                tried.took.push(count(over - STILL - began) / 1000);
            }
        }
        tried.took.sort_unstable();
    }
    found
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests;
