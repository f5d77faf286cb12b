//! A month's report as people may see it: of a site, an agency, a regency or everything, with what is about few people left out.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize, Serializer};

use gapura_model::{SiteId, SiteKind};

use super::hide::{FEWEST, Hidden, Weighed};
use super::month::Month;
use super::site::{Appeals, Attack, Hours, Part, Refused, Requests, SiteMonth, Tried};
use crate::rights::Scope;

/// Clauses that a report names.
const CLAUSES: usize = 10;
/// Visits of a day, and what is shown of a month that is not closed, are told in steps of so many: two reports taken from each other
/// say nothing of few.
const STEP: u64 = 10;
/// Of a site that has been silent for so long, in seconds, visits may still be missing.
const SILENT: u64 = 24 * 3600;

/// A figure about people, or why there is none.
///
/// In JSON: a number, `"<10"`, `"withheld"`, or `null` where it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// So many.
    Known(u64),
    /// From one to nine; only of a day, in which visits are told in tens.
    Below,
    /// Would tell of few people, or give away another figure that does.
    Withheld,
    /// Nobody knows.
    Unknown,
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(number) => serializer.serialize_u64(*number),
            Self::Below => serializer.serialize_str("<10"),
            Self::Withheld => serializer.serialize_str("withheld"),
            Self::Unknown => serializer.serialize_none(),
        }
    }
}

/// A month's report.
#[derive(Clone, Debug, Serialize)]
pub struct MonthReport {
    /// Of what.
    pub scope: Scope,
    /// The name of a site, an agency or a regency; empty for everything.
    pub name: String,
    /// Which month.
    pub month: Month,
    /// The time zone of its days, by its IANA name.
    pub zone: String,
    /// When the newest of its figures was made (UTC).
    pub made: Timestamp,
    /// The month is not over, or not closed yet: reckoned up to then (UTC).
    pub running_until: Option<Timestamp>,
    /// Which issue; later ones say more. None while the month runs.
    pub issue: Option<u64>,
    /// What made the later issues, the oldest first.
    pub changes: Vec<LateChange>,
    /// All of it.
    pub total: Figures,
    /// Each site, by name.
    pub sites: Vec<SiteLine>,
    /// Visits by day, in steps of ten.
    pub days: Vec<DayCell>,
    /// The clauses that refused most; none where that is not shown or known.
    pub clauses: Option<Vec<ClauseCount>>,
}

/// Visits that began on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DayCell {
    /// The day.
    pub date: Date,
    /// How many.
    pub visits: Cell,
}

/// A site in a report.
#[derive(Clone, Debug, Serialize)]
pub struct SiteLine {
    /// The site.
    pub site: SiteId,
    /// Its name.
    pub name: String,
    /// What sort of place.
    pub kind: SiteKind,
    /// The agency that runs it.
    pub agency: String,
    /// Its regency.
    pub regency: String,
    /// Its figures.
    pub figures: Figures,
}

/// What data that came late changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LateChange {
    /// The site's name.
    pub site: String,
    /// The report's issue that it made.
    pub issue: u64,
    /// When that was made (UTC).
    pub made: Timestamp,
    /// Which figures.
    pub parts: Vec<Part>,
}

/// How often a clause refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClauseCount {
    /// The SOP's number.
    pub sop: String,
    /// The clause's.
    pub clause: String,
    /// The list; empty = the clause names it itself.
    pub list: String,
    /// How often.
    pub total: u64,
}

/// Figures of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// How many sites they are of.
    pub sites: u64,
    /// Planned opening hours, in seconds.
    pub planned_seconds: u64,
    /// Of these, how many are known to have been kept or not, in seconds.
    pub watched_seconds: u64,
    /// Of these, how many were kept, in seconds.
    pub kept_seconds: u64,
    /// Of the planned ones, how many staff closed early, in seconds; they are not kept.
    pub closed_early_seconds: u64,
    /// Opening hours kept, in thousandths, rounded down; none where that is not known.
    pub kept_permille: Option<u64>,
    /// At how many sites nobody knows how they were in their hours.
    pub hours_unknown_sites: u64,
    /// Availability around the clock, in thousandths, rounded down; none where that is not known.
    pub available_permille: Option<u64>,
    /// Different devices, by pseudonym, at each site.
    pub people: Cell,
    /// They are counted up to the end of that day; none = of the whole month.
    pub people_until: Option<Date>,
    /// At how many sites nobody knows how many came.
    pub people_unknown_sites: u64,
    /// Visits that began.
    pub visits: Cell,
    /// At how many sites nobody knows whether anybody came: nothing was heard of them.
    pub visits_unknown_sites: u64,
    /// Of how many others nothing had been heard for a day or longer when the figures were made: more may come late.
    pub silent_sites: u64,
    /// Time online, in seconds.
    pub online_seconds: Cell,
    /// Octets from devices.
    pub octets_up: Cell,
    /// Octets to devices.
    pub octets_down: Cell,
    /// Refusals of the filter.
    pub blocked: Cell,
    /// At how many sites nobody knows how many there were.
    pub blocked_unknown_sites: u64,
    /// Appeals.
    pub appeals: Appeals,
    /// Requests.
    pub requests: RequestFigures,
    /// What was tried against the network.
    pub attacks: Vec<AttackFigures>,
}

/// Requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RequestFigures {
    /// Came in.
    pub made: u64,
    /// Answered by the end of the month.
    pub answered: u64,
    /// Requests served over requests made, in thousandths, rounded down; none where nothing was asked.
    pub served_permille: Option<u64>,
    /// Answered in the month, made before it.
    pub carried: u64,
    /// Not answered in their time, which ended in the month.
    pub late: u64,
    /// Waited at the end of the month.
    pub waiting: u64,
    /// The median time to the answer, in seconds; none where nothing was answered.
    pub median_seconds: Option<u64>,
}

/// How often something was tried against the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AttackFigures {
    /// What.
    pub kind: Attack,
    /// Packets or attempts that were stopped; none where that is not known.
    pub count: Option<u64>,
    /// Stretches of hours in which they came, from the month in which each began; none where that is not known.
    pub incidents: Option<u64>,
    /// Of these, how many are known to be over.
    pub recovered: Option<u64>,
    /// The median time to recovery of those, in seconds.
    pub median_seconds: Option<u64>,
    /// At how many sites nobody knows what was tried.
    pub unknown_sites: u64,
}

/// A site's figures as they are kept, with their issue.
#[derive(Clone, Debug)]
pub(crate) struct KeptSite {
    pub(crate) site: SiteId,
    pub(crate) issue: u64,
    pub(crate) made: Timestamp,
    pub(crate) figures: SiteMonth,
}

/// How the sums of a scope are shown.
fn hidden_sum(scope: &Scope, hidden: &Hidden) -> bool {
    match scope {
        Scope::Province => hidden.whole,
        Scope::Regency(name) => hidden.regencies.contains(name),
        Scope::Agency(name) => hidden.agencies.contains(name),
        Scope::Site(site) => hidden.sites.contains(site.as_str()),
    }
}

fn within(scope: &Scope, one: &KeptSite) -> bool {
    match scope {
        Scope::Province => true,
        Scope::Regency(name) => one.figures.about.regency == *name,
        Scope::Agency(name) => one.figures.about.agency == *name,
        Scope::Site(site) => one.site == *site,
    }
}

/// What is hidden in a month, from all its sites and what was hidden in it before.
pub(crate) fn hidden_of(all: &[KeptSite], before: Option<&Hidden>) -> Hidden {
    let weighed: Vec<Weighed<'_>> = all
        .iter()
        .map(|one| Weighed {
            site: one.site.as_str(),
            regency: &one.figures.about.regency,
            agency: &one.figures.about.agency,
            people: one.figures.people,
            visits: one.figures.used.visits,
            running: one.issue == 0,
        })
        .collect();
    before.map_or_else(|| Hidden::of(&weighed), |before| before.later(&weighed))
}

/// The report of a scope from the figures of all sites of the month; none where none of them is in it. `decided`: what is hidden in
/// it, once all sites' months are closed; until then figures are told in tens.
pub(crate) fn report(
    scope: &Scope,
    month: Month,
    all: &[KeptSite],
    (changes, decided): (Vec<(SiteId, LateChange)>, Option<&Hidden>),
) -> Option<MonthReport> {
    let hidden = hidden_of(all, decided);
    let mut own: Vec<&KeptSite> = all.iter().filter(|one| within(scope, one)).collect();
    own.sort_by(|a, b| (&a.figures.about.name, &a.site).cmp(&(&b.figures.about.name, &b.site)));
    let first = own.first()?;
    let name = match scope {
        Scope::Province => String::new(),
        Scope::Regency(name) | Scope::Agency(name) => name.clone(),
        Scope::Site(_) => first.figures.about.name.clone(),
    };
    let covered = hidden_sum(scope, &hidden);
    let running = decided.is_none() || own.iter().any(|one| one.issue == 0);
    let months: Vec<&SiteMonth> = own.iter().map(|one| &one.figures).collect();
    let line = |one: &&KeptSite| SiteLine {
        site: one.site.clone(),
        name: one.figures.about.name.clone(),
        kind: one.figures.about.kind,
        agency: one.figures.about.agency.clone(),
        regency: one.figures.about.regency.clone(),
        figures: figures(&[&one.figures], (hidden.sites.contains(one.site.as_str()), running)),
    };
    let upto = own.iter().map(|one| one.figures.upto).max().unwrap_or_default();
    let changes = changes.into_iter().filter(|(site, _)| own.iter().any(|one| one.site == *site));
    Some(MonthReport {
        scope: scope.clone(),
        name,
        month,
        zone: first.figures.about.zone.clone(),
        made: own.iter().map(|one| one.made).max().unwrap_or_default(),
        running_until: running.then(|| gapura_store::timestamp(upto)),
        issue: (!running).then(|| own.iter().map(|one| one.issue.saturating_sub(1)).fold(1, u64::saturating_add)),
        // Counted as the report's own issues are, not as each site's.
        changes: (2..).zip(changes).map(|(issue, (_, change))| LateChange { issue, ..change }).collect(),
        total: figures(&months, (covered, running)),
        sites: own.iter().map(line).collect(),
        days: if covered || months.iter().all(|month| month.unheard()) {
            Vec::new()
        } else {
            days(&months, month, upto)
        },
        clauses: if covered { None } else { clauses(&months) },
    })
}

fn figures(months: &[&SiteMonth], (covered, running): (bool, bool)) -> Figures {
    let sum = |of: &dyn Fn(&SiteMonth) -> u64| months.iter().map(|month| of(month)).fold(0, u64::saturating_add);
    let kept = |of: &dyn Fn(&SiteMonth) -> Hours| {
        let part = |which: &dyn Fn(Hours) -> u64| sum(&|month| which(of(month)));
        Hours {
            planned: part(&|kept| kept.planned),
            watched: part(&|kept| kept.watched),
            kept: part(&|kept| kept.kept),
        }
    };
    let (hours, up) = (kept(&|month| month.hours), kept(&|month| month.up));
    let about_people = |number: u64| if covered { Cell::Withheld } else { Cell::Known(number) };
    let counted = |number: u64| match number {
        0 => Cell::Known(0),
        // What is hidden anywhere hides any sum below this; were it not so, it would not be told either.
        few if few < FEWEST => Cell::Withheld,
        _ if running => about_people(tens(number)),
        _ => about_people(number),
    };
    let volume = |number: u64| about_people(if running { rough(number) } else { number });
    let whole = |of: &dyn Fn(&SiteMonth) -> Option<u64>, say: &dyn Fn(u64) -> Cell| {
        let known: Vec<u64> = months.iter().filter_map(|month| of(month)).collect();
        let sum = known.iter().copied().fold(0, u64::saturating_add);
        let cell = if known.is_empty() { Cell::Unknown } else { say(sum) };
        (cell, (months.len() - known.len()) as u64)
    };
    let heard = |month: &SiteMonth, number: u64| (!month.unheard()).then_some(number);
    let (people, people_unknown_sites) =
        whole(&|month| heard(month, 0).and_then(|_| month.people.or((month.used.visits == 0).then_some(0))), &counted);
    let (visits, visits_unknown_sites) = whole(&|month| heard(month, month.used.visits), &counted);
    let (blocked, blocked_unknown_sites) = whole(&|month| Some(month.blocked.as_ref()?.total), &about_people);
    let used = |of: &dyn Fn(&SiteMonth) -> u64| whole(&|month| heard(month, of(month)), &volume).0;
    let sites = |of: &dyn Fn(&SiteMonth) -> bool| months.iter().filter(|month| of(month)).count() as u64;
    let appeals = |of: &dyn Fn(Appeals) -> u64| sum(&|month| of(month.appeals));
    Figures {
        sites: months.len() as u64,
        planned_seconds: hours.planned,
        watched_seconds: hours.watched,
        kept_seconds: hours.kept,
        closed_early_seconds: sum(&|month| month.closed_early),
        kept_permille: permille(hours.kept, hours.watched),
        hours_unknown_sites: sites(&|month| month.hours.watched == 0 && month.hours.planned > 0),
        available_permille: permille(up.kept, up.watched),
        people,
        people_until: months.iter().filter_map(|month| month.people_until).min(),
        people_unknown_sites,
        visits,
        visits_unknown_sites,
        silent_sites: sites(&|month| month.silent >= SILENT && !month.unheard()),
        online_seconds: used(&|month| month.used.seconds),
        octets_up: used(&|month| month.used.octets_up),
        octets_down: used(&|month| month.used.octets_down),
        blocked,
        blocked_unknown_sites,
        appeals: Appeals {
            received: appeals(&|one| one.received),
            decided: appeals(&|one| one.decided),
            reversed: appeals(&|one| one.reversed),
            waiting: appeals(&|one| one.waiting),
        },
        requests: request_figures(&months.iter().map(|month| &month.requests).collect::<Vec<_>>()),
        attacks: Attack::ALL.map(|kind| attack_figures(kind, months)).to_vec(),
    }
}

fn request_figures(all: &[&Requests]) -> RequestFigures {
    let sum = |of: &dyn Fn(&Requests) -> u64| all.iter().map(|one| of(one)).fold(0, u64::saturating_add);
    let (made, answered) = (sum(&|one| one.made), sum(&|one| one.answered));
    RequestFigures {
        made,
        answered,
        served_permille: permille(answered, made),
        carried: sum(&|one| one.carried),
        late: sum(&|one| one.late),
        waiting: sum(&|one| one.waiting),
        median_seconds: median(all.iter().flat_map(|one| one.took.iter().copied())),
    }
}

fn attack_figures(kind: Attack, months: &[&SiteMonth]) -> AttackFigures {
    let own: Vec<&Tried> =
        months.iter().filter_map(|month| month.attacks.as_ref().and_then(|attacks| attacks.get(&kind))).collect();
    let sum = |of: &dyn Fn(&Tried) -> u64| own.iter().map(|one| of(one)).fold(0, u64::saturating_add);
    AttackFigures {
        kind,
        count: (!own.is_empty()).then(|| sum(&|one| one.count)),
        incidents: (!own.is_empty()).then(|| sum(&|one| one.incidents)),
        recovered: (!own.is_empty()).then(|| sum(&|one| one.took.len() as u64)),
        median_seconds: median(own.iter().flat_map(|one| one.took.iter().copied())),
        unknown_sites: (months.len() - own.len()) as u64,
    }
}

/// In steps of ten, rounded.
const fn tens(number: u64) -> u64 {
    number.saturating_add(STEP / 2) / STEP * STEP
}

/// To two figures: so that of two such sums, taken an hour apart, the difference is not one visit.
fn rough(number: u64) -> u64 {
    let step = 10_u64.pow(number.checked_ilog10().unwrap_or_default().saturating_sub(1));
    number / step * step
}

/// Visits by day, as far as the days have come.
fn days(months: &[&SiteMonth], month: Month, upto: i64) -> Vec<DayCell> {
    let zone = months.first().and_then(|first| jiff::tz::TimeZone::get(&first.about.zone).ok());
    let last = gapura_store::timestamp(upto.saturating_sub(1)).to_zoned(zone.unwrap_or(jiff::tz::TimeZone::UTC)).date();
    let day = |at: u8| {
        let visits = months.iter().filter_map(|month| month.used.days.get(usize::from(at)).copied());
        let visits = match visits.fold(0, u64::saturating_add) {
            0 => Cell::Known(0),
            few if few < FEWEST => Cell::Below,
            number => Cell::Known(tens(number)),
        };
        let date = month.first().checked_add(jiff::Span::new().days(i64::from(at))).ok()?;
        Some(DayCell { date, visits })
    };
    (0..month.days()).filter_map(day).filter(|day| day.date <= last).collect()
}

fn clauses(months: &[&SiteMonth]) -> Option<Vec<ClauseCount>> {
    let known: Vec<&Refused> =
        months.iter().filter_map(|month| month.blocked.as_ref()).flat_map(|all| &all.clauses).collect();
    if months.iter().all(|month| month.blocked.is_none()) {
        return None;
    }
    let mut sums = std::collections::BTreeMap::<(&str, &str, &str), u64>::new();
    for one in known {
        let sum = sums.entry((&one.sop, &one.clause, &one.list)).or_default();
        *sum = sum.saturating_add(one.total);
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, total)| std::cmp::Reverse(*total));
    let count = |((sop, clause, list), total): ((&str, &str, &str), u64)| ClauseCount {
        sop: sop.to_owned(),
        clause: clause.to_owned(),
        list: list.to_owned(),
        total,
    };
    Some(sums.into_iter().take(CLAUSES).map(count).collect())
}

/// In thousandths, rounded down: what is not whole is never called whole.
fn permille(part: u64, whole: u64) -> Option<u64> {
    (whole > 0).then(|| u64::try_from(u128::from(part) * 1000 / u128::from(whole)).unwrap_or(1000))
}

fn median(all: impl Iterator<Item = u64>) -> Option<u64> {
    let mut all: Vec<u64> = all.collect();
    all.sort_unstable();
    let (low, high) = (all.get(all.len().saturating_sub(1) / 2)?, all.get(all.len() / 2)?);
    Some(low + (high - low) / 2)
}

/// A list of what came late, as it is kept beside an issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Late {
    pub(crate) parts: Vec<Part>,
}
