//! People, places and moments that stand for all whom the SOPs tell apart.

use std::collections::BTreeSet;

use gapura_model::{PlanId, PolicyGroup, SiteId, SiteKind};
use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::scope::{Audience, KINDS, Place, Scope};
use super::stack::Stack;
use super::times::DAYS;
use crate::hours::Zone;

/// More contexts than this are not looked at; what is left out repeats what is looked at in all but one respect.
const MOST: usize = 2_000;

/// Stands for every site, plan, agency or regency that no document names.
pub(super) const OTHER: &str = "any-other";

/// A place, people and a moment.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) place: Place,
    pub(super) audience: Audience,
    pub(super) at: Timestamp,
    /// Minutes since Monday 00.00.
    pub(super) minute: u16,
}

/// Whom and when the SOPs of some stacks tell apart.
#[derive(Debug, Default)]
pub(super) struct Samples {
    regencies: Vec<String>,
    agencies: Vec<String>,
    kinds: Vec<SiteKind>,
    sites: Vec<SiteId>,
    plans: Vec<Option<PlanId>>,
    groups: Vec<PolicyGroup>,
    /// Minutes since Monday 00.00.
    minutes: Vec<u16>,
}

impl Samples {
    /// Everything that some clause or exception names, and one of each that none names.
    pub(super) fn of(stacks: &[&Stack]) -> Self {
        let mut all = Scope::default();
        let mut minutes = BTreeSet::from([0]);
        for stack in stacks {
            for bound in &stack.clauses {
                let exceptions = bound.exceptions.iter().map(|(exception, _)| &exception.scope);
                for scope in exceptions.chain([&bound.sop.scope, &bound.clause.scope]) {
                    all.regencies.extend(scope.regencies.iter().cloned());
                    all.agencies.extend(scope.agencies.iter().cloned());
                    all.kinds.extend(scope.kinds.iter().copied());
                    all.sites.extend(scope.sites.iter().cloned());
                    all.plans.extend(scope.plans.iter().cloned());
                    all.groups.extend(scope.groups.iter().chain(&scope.except_groups).cloned());
                }
                if let Some(hours) = &bound.clause.hours {
                    minutes.extend(hours.edges());
                }
            }
        }
        // One kind stands for all where none is named.
        let kinds = KINDS.iter().map(|(_, kind)| *kind).take(if all.kinds.is_empty() { 1 } else { KINDS.len() });
        all.groups.extend(super::DEFAULT_GROUP.parse());
        let before_login = (!all.plans.is_empty()).then_some(None);
        all.sites.extend(OTHER.parse());
        all.plans.extend(OTHER.parse());
        Self {
            regencies: all.regencies.into_iter().chain([OTHER.to_owned()]).collect(),
            agencies: all.agencies.into_iter().chain([OTHER.to_owned()]).collect(),
            kinds: kinds.collect(),
            sites: all.sites.into_iter().collect(),
            plans: all.plans.into_iter().map(Some).chain(before_login).collect(),
            groups: all.groups.into_iter().collect(),
            minutes: minutes.into_iter().collect(),
        }
    }

    /// The minutes at which something may change, since Monday 00.00, in order.
    pub(super) fn minutes(&self) -> &[u16] {
        &self.minutes
    }

    /// Those within some scopes, in the week that begins on `monday`, at hours that `during` takes.
    pub(super) fn within(
        &self,
        scopes: &[&Scope],
        monday: Date,
        during: impl Fn(Timestamp, &Zone) -> bool,
    ) -> Vec<Sample> {
        let Ok(zone) = "Asia/Makassar".parse::<Zone>() else { return Vec::new() };
        let times = self.minutes.iter().filter_map(|minute| Some((moment(monday, *minute, &zone)?, *minute)));
        let times: Vec<(Timestamp, u16)> = times.filter(|(at, _)| during(*at, &zone)).collect();
        let mut samples = Vec::new();
        for place in self.places(&zone).filter(|place| scopes.iter().all(|scope| scope.takes_place(place))) {
            for audience in self.audiences().filter(|people| scopes.iter().all(|scope| scope.takes_audience(people))) {
                for (at, minute) in &times {
                    if samples.len() < MOST {
                        samples.push(Sample {
                            place: place.clone(),
                            audience: audience.clone(),
                            at: *at,
                            minute: *minute,
                        });
                    }
                }
            }
        }
        samples
    }

    fn places<'a>(&'a self, zone: &'a Zone) -> impl Iterator<Item = Place> + 'a {
        let sites = self.sites.iter().flat_map(|site| self.kinds.iter().map(move |kind| (site, *kind)));
        let placed = sites.flat_map(|site| self.regencies.iter().map(move |regency| (site, regency)));
        let owned = placed.flat_map(|placed| self.agencies.iter().map(move |agency| (placed, agency)));
        owned.map(|(((site, kind), regency), agency)| Place {
            site: site.clone(),
            kind,
            agency: agency.clone(),
            regency: regency.clone(),
            zone: zone.clone(),
        })
    }

    fn audiences(&self) -> impl Iterator<Item = Audience> + '_ {
        let pairs = self.groups.iter().flat_map(|group| self.plans.iter().map(move |plan| (group, plan)));
        pairs.map(|(group, plan)| Audience { plan: plan.clone(), group: group.clone() })
    }
}

/// The Monday on or after a date.
pub(super) fn monday(date: Date) -> Date {
    let days = (7 - date.weekday().to_monday_zero_offset()) % 7;
    date.checked_add(jiff::ToSpan::days(i64::from(days))).unwrap_or(date)
}

fn moment(monday: Date, minute: u16, zone: &Zone) -> Option<Timestamp> {
    let (day, of_day) = (minute / 1440, minute % 1440);
    let date = DAYS.get(usize::from(day)).and(monday.checked_add(jiff::ToSpan::days(i64::from(day))).ok())?;
    let time = Time::new(i8::try_from(of_day / 60).ok()?, i8::try_from(of_day % 60).ok()?, 0, 0).ok()?;
    date.to_datetime(time).to_zoned(zone.tz().clone()).ok().map(|zoned| zoned.timestamp())
}
