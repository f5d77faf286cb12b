//! What is to be done next with a rollout, from what is known and the time. Pure.

use std::collections::BTreeMap;

use gapura_model::{GatewayId, SiteId};
use jiff::{SignedDuration, Timestamp};

use super::watch::{Fact, Presence, SiteSeen, Standing, Trouble};
use super::{Cause, RolloutRules};

/// A site and what is known there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    pub(crate) site: &'a SiteId,
    /// Its wave, from 1.
    pub(crate) wave: u32,
    /// The first bundle with the revision.
    pub(crate) generation: u64,
    pub(crate) seen: &'a SiteSeen,
    pub(crate) facts: &'a BTreeMap<GatewayId, Fact>,
}

/// What is known of a rollout that may go on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    pub(crate) rules: RolloutRules,
    /// How many waves there are; of more than one the first one is the pilot sites'.
    pub(crate) waves: u32,
    /// The last wave that has begun; 0 = none.
    pub(crate) wave: u32,
    /// When it began, or somebody went on (UTC).
    pub(crate) begun: Timestamp,
    /// Not before then (UTC).
    pub(crate) due: Option<Timestamp>,
    /// All sites; those of waves that have not begun are not looked at.
    pub(crate) sites: &'a [At<'a>],
    pub(crate) now: Timestamp,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing now.
    Wait,
    /// This wave begins.
    Begin(u32),
    /// No further wave begins.
    Stop(Cause),
    /// All waves were well.
    Finish,
}

/// One gateway that is looked at.
struct Watched<'a> {
    at: &'a At<'a>,
    gateway: &'a GatewayId,
    fact: Fact,
    standing: Standing,
    /// What somebody has not accepted.
    troubles: Vec<Trouble>,
    accepted: bool,
    sound: bool,
}

/// So long after its settle time a last wave is over, whoever has not taken it.
const LAST: SignedDuration = SignedDuration::from_hours(24);

/// What is to be done next.
pub(crate) fn step(picture: &Picture<'_>) -> Step {
    if picture.wave == 0 {
        let come = picture.due.is_none_or(|due| due <= picture.now);
        return if come { Step::Begin(1) } else { Step::Wait };
    }
    let watched = watched(picture);
    if let Some(cause) = refusing(&watched).or_else(|| refusals(picture)).or_else(|| lost(picture, &watched)) {
        return Step::Stop(cause);
    }
    if !is_settled(picture, &watched) {
        return Step::Wait;
    }
    if picture.wave < picture.waves { Step::Begin(picture.wave + 1) } else { Step::Finish }
}

fn watched<'a>(picture: &Picture<'a>) -> Vec<Watched<'a>> {
    let begun = picture.sites.iter().filter(|at| at.wave <= picture.wave);
    let gateways = begun.flat_map(|at| at.facts.iter().map(move |(gateway, fact)| (at, gateway, *fact)));
    gateways
        .map(|(at, gateway, fact)| {
            let seen = at.seen.gateways.get(gateway).cloned().unwrap_or_default();
            let troubles = seen.troubles(fact, at.generation, picture.now);
            Watched {
                at,
                gateway,
                fact,
                standing: seen.standing(fact, at.generation, picture.now),
                troubles: troubles.difference(&seen.accepted).copied().collect(),
                accepted: !seen.accepted.is_empty(),
                sound: seen.sound,
            }
        })
        .collect()
}

/// A revision that is refused or takes the filter out of force anywhere goes no further.
fn refusing(watched: &[Watched<'_>]) -> Option<Cause> {
    watched.iter().find_map(|one| {
        let trouble = one.troubles.iter().find(|trouble| !trouble.is_loss())?;
        Some(cause_at(one, *trouble))
    })
}

fn cause_at(one: &Watched<'_>, trouble: Trouble) -> Cause {
    Cause::Gateway { site: one.at.site.clone(), gateway: one.gateway.clone(), trouble }
}

fn refusals(picture: &Picture<'_>) -> Option<Cause> {
    let begun = picture.sites.iter().filter(|at| at.wave <= picture.wave);
    let too_many = begun.filter(|at| at.seen.refused > at.seen.most).max_by_key(|at| at.seen.refused);
    too_many.map(|at| Cause::Refusals { site: at.site.clone(), refused: at.seen.refused, most: at.seen.most })
}

/// Of pilot sites none may be lost while they are watched; of all, no more than the rules say: a power cut is no verdict.
fn lost(picture: &Picture<'_>, watched: &[Watched<'_>]) -> Option<Cause> {
    let loss = |one: &&Watched<'_>| one.troubles.iter().any(|trouble| trouble.is_loss());
    let pilots = picture.waves > 1 && picture.wave == 1;
    if let Some(one) = watched.iter().find(loss).filter(|_| pilots) {
        return one.troubles.first().map(|trouble| cause_at(one, *trouble));
    }
    let (lost, of) = (watched.iter().filter(loss).count(), watched.iter().filter(|one| one.sound).count());
    let (lost, of) = (u64::try_from(lost).unwrap_or(u64::MAX), u64::try_from(of).unwrap_or(u64::MAX));
    let over = lost.saturating_mul(100) > of.saturating_mul(picture.rules.lost_percent.into());
    over.then_some(Cause::Lost { lost, of })
}

/// Whether the wave under way has been well for long enough. Who is not heard holds nobody up, but a pilot site has to have taken
/// the revision.
fn is_settled(picture: &Picture<'_>, watched: &[Watched<'_>]) -> bool {
    let settle = SignedDuration::from_mins(picture.rules.settle_minutes.into());
    let long = |since: Timestamp| picture.now.duration_since(since) >= settle;
    let own: Vec<_> = watched.iter().filter(|one| one.at.wave == picture.wave).collect();
    let last = picture.wave == picture.waves;
    let holds_up = |one: &&&Watched<'_>| match one.standing {
        Standing::Well(since) => is_heard(one.fact) && !long(since),
        Standing::Coming => !(one.at.seen.waived || last && long_after(picture)),
        Standing::Ill(_) | Standing::Away => false,
    };
    let taken = own.iter().any(|one| one.accepted || matches!(one.standing, Standing::Well(_)));
    let waived = picture.sites.iter().any(|at| at.wave == picture.wave && at.seen.waived);
    let pilots = picture.waves > 1 && picture.wave == 1;
    long(picture.begun) && !own.iter().any(|one| holds_up(&one)) && (taken || waived || !pilots)
}

/// After the last wave nobody waits: who has not taken it by then is seen on the page, and no look is worth taking for ever.
fn long_after(picture: &Picture<'_>) -> bool {
    let settle = SignedDuration::from_mins(picture.rules.settle_minutes.into());
    picture.now.duration_since(picture.begun) >= settle + LAST
}

const fn is_heard(fact: Fact) -> bool {
    matches!(fact.presence, Presence::Starting | Presence::Degraded | Presence::Up)
}

#[cfg(test)]
mod tests;
