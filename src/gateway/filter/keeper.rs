//! The task that keeps the rules in force: bundle, index and hour in; resolver, kernel and running flows out.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gapura_kernel::AddressFilter;
use gapura_rules::sop::{Action, Garden, Source, Stack, address_plan};
use gapura_wire::WithoutIndex;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use super::in_force::{InForce, Rules};
use super::lists::{catalogue, index, look_at_folder};
use super::{Filtering, Sited, Standing};
use crate::gate::{Command, Handle};

/// Totals are gathered, and the clock is looked at, this often.
const ROUND: Duration = Duration::from_mins(1);
/// Counts go to the disk every so many rounds.
const KEEP_COUNTS: u32 = 5;
/// Names that were asked for go to the disk every so many rounds.
const KEEP_NAMES: u32 = 60;
/// The number of the rules that a start begins with.
const FIRST: u64 = 1;
/// Troubles told at most.
const TROUBLES: usize = 20;

/// Puts the rules of the last bundle in force, before the resolver answers anybody: questions that waited in its sockets
/// while it started are judged as all others. Their part for the kernel is still there from before, or comes with [`keep`].
pub(crate) fn begin(filtering: &Filtering) {
    let now = filtering.sited.borrow().clone();
    filtering.around.asked.resume(today(filtering, now.as_deref()));
    swap(filtering, compile(filtering, now.as_deref(), FIRST));
}

/// Keeps the rules in force until `stopping`.
pub(crate) async fn keep(filtering: Arc<Filtering>, gate: Handle, stopping: CancellationToken) {
    let mut sited = filtering.sited.subscribe();
    let mut page = filtering.page.subscribe();
    let mut epoch = FIRST;
    let mut round = 0_u32;
    loop {
        let now = sited.borrow_and_update().clone();
        page.mark_unchanged();
        epoch += 1;
        let until = put_in_force(&filtering, &gate, now.as_ref(), epoch).await;
        loop {
            let wait = until.map_or(ROUND, |until| left(&filtering, now.as_ref(), until).min(ROUND));
            tokio::select! {
                () = stopping.cancelled() => {
                    round_off(&filtering, now, true, true).await;
                    return;
                }
                changed = sited.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                () = filtering.arrived.notified() => break,
                () = filtering.around.damage.news() => break,
                Ok(()) = page.changed() => break,
                () = tokio::time::sleep(wait) => {
                    round = round.wrapping_add(1);
                    let (counts, names) = (round.is_multiple_of(KEEP_COUNTS), round.is_multiple_of(KEEP_NAMES));
                    round_off(&filtering, now.clone(), counts, names).await;
                    slow_again(&filtering).await;
                    if until.is_some_and(|until| left(&filtering, now.as_ref(), until).is_zero()) {
                        break;
                    }
                }
            }
        }
    }
}

fn left(filtering: &Filtering, sited: Option<&Arc<Sited>>, until: Timestamp) -> Duration {
    let now = filtering.clock.now();
    let at = sited.map_or(now.wall, |sited| Filtering::time(sited, &now));
    Duration::try_from(at.duration_until(until)).unwrap_or_default()
}

/// Totals of the rules in force become totals of the hour.
fn gather(filtering: &Filtering) {
    let (Some(rules), now) = (filtering.current.get(), filtering.clock.now()) else { return };
    // A clock in doubt is at least where the bundle was published: no hour of 1970 is told to anybody.
    let at = filtering.sited.borrow().as_ref().map_or(now.wall, |sited| Filtering::time(sited, &now));
    filtering.counts.add(at, rules.take_totals());
}

/// Gathers totals and writes down what is due, off the tasks that answer people.
async fn round_off(filtering: &Arc<Filtering>, sited: Option<Arc<Sited>>, counts: bool, names: bool) {
    let worker = filtering.clone();
    let work = move || {
        gather(&worker);
        write_down(&worker, sited.as_deref(), counts, names);
    };
    if let Err(error) = tokio::task::spawn_blocking(work).await {
        tracing::error!(%error, "totals and names were not written down");
    }
}

fn write_down(filtering: &Filtering, sited: Option<&Sited>, counts: bool, names: bool) {
    if counts && let Err(error) = filtering.counts.keep() {
        tracing::warn!(error = %gapura_model::with_causes(&error), "totals of the filter could not be written down");
    }
    let Some(sited) = sited.filter(|_| names) else { return };
    if let Err(error) = filtering.around.asked.keep(today(filtering, Some(sited)), fresh_key()) {
        tracing::warn!(error = %gapura_model::with_causes(&error), "counts of names could not be written down");
    }
}

/// The day at the site.
fn today(filtering: &Filtering, sited: Option<&Sited>) -> Date {
    let now = filtering.clock.now();
    let at = sited.map_or(now.wall, |sited| Filtering::time(sited, &now));
    sited.map_or_else(|| at.to_zoned(TimeZone::UTC).date(), |sited| sited.place.zone.date(at))
}

/// A key for tags of devices. Without randomness a fixed one: tags are never written down.
pub(super) fn fresh_key() -> [u8; 16] {
    let mut key = [0; 16];
    let _ = getrandom::fill(&mut key);
    key
}

/// Compiles and swaps; says until when that holds.
async fn put_in_force(
    filtering: &Arc<Filtering>,
    gate: &Handle,
    sited: Option<&Arc<Sited>>,
    epoch: u64,
) -> Option<Timestamp> {
    let (worker, place) = (filtering.clone(), sited.cloned());
    let compiled = tokio::task::spawn_blocking(move || compile(&worker, place.as_deref(), epoch)).await;
    let Ok(compiled) = compiled else { return None };
    let before = filtering.current.get();
    let mut until = compiled.until;
    if !swap(filtering, compiled) {
        return until;
    }
    // Nothing may be answered: what the kernel refused before, it goes on refusing.
    let after = filtering.current.get()?;
    for (what, done) in [
        ("the rules about addresses", into_kernel(gate, &after).await),
        ("what is to be slowed down", throttle(filtering, gate, &after).await),
    ] {
        let Err(why) = done else { continue };
        tracing::error!(why, "the kernel did not take {what}; what held before stays, until this is tried again");
        filtering.standing.fail(format!("the kernel did not take {what}: {why}"));
        let again = filtering.clock.now().wall + ROUND;
        until = Some(until.map_or(again, |until| until.min(again)));
    }
    if let Some(before) = before {
        let worker = filtering.clone();
        let ended = tokio::task::spawn_blocking(move || end_flows(&worker, &before, &after)).await;
        if let Ok(flows @ 1..) = ended {
            tracing::debug!(flows, "flows to what is forbidden now were ended");
        }
    }
    until
}

/// Puts what was compiled in force for the resolver; false where what was before stays.
fn swap(filtering: &Filtering, compiled: Compiled) -> bool {
    let Compiled { rules, garden, standing, .. } = compiled;
    let known = filtering.standing.get().trouble;
    for trouble in standing.trouble.iter().filter(|trouble| !known.contains(trouble)) {
        tracing::warn!(trouble, "content filter");
    }
    filtering.standing.set(standing);
    gather(filtering);
    let after = match rules {
        Verdict::Keep => return false,
        Verdict::Closed => None,
        Verdict::Rules(rules) => Some(Arc::new(*rules)),
    };
    let spoken_of = after.as_deref().map(InForce::spoken_of).unwrap_or_default();
    filtering.spoken_of.send_replace(spoken_of);
    filtering.current.set(after);
    filtering.garden.send_if_modified(|now| {
        let other = *now != garden;
        *now = garden;
        other
    });
    true
}

/// What compiling came to.
#[derive(Default)]
struct Compiled {
    rules: Verdict,
    garden: Garden,
    until: Option<Timestamp>,
    standing: Standing,
}

#[derive(Default)]
enum Verdict {
    /// The rules cannot be read: what was in force stays.
    #[default]
    Keep,
    /// Nothing may be answered.
    Closed,
    Rules(Box<InForce>),
}

fn compile(filtering: &Filtering, sited: Option<&Sited>, epoch: u64) -> Compiled {
    let around = filtering.around.clone();
    let mut standing = Standing { in_force: true, ..Standing::default() };
    let open = |standing| Compiled {
        rules: Verdict::Rules(Box::new(InForce::open(epoch, around.clone()))),
        standing,
        ..Compiled::default()
    };
    let Some((sited, filter)) = sited.and_then(|sited| Some((sited, sited.filter.as_ref()?))) else {
        filtering.wanted.send_replace(None);
        return open(standing);
    };
    look_at_folder(filtering, &mut standing);
    let at = Filtering::time(sited, &filtering.clock.now());
    let choice = filter.without_index;
    if let Some(why) = filtering.unfit() {
        standing.trouble.push(why);
        return instead(choice, InForce::open(epoch, around), at, standing);
    }
    let index = index(filtering, filter, &mut standing);
    if index.is_none() && filter.index.is_some() {
        standing.trouble.push("no index of filter lists can be used here yet".to_owned());
        match choice {
            WithoutIndex::Closed => return instead(choice, InForce::open(epoch, around), at, standing),
            // What SOPs say of names without a list holds.
            WithoutIndex::Plain => standing.instead = Some(choice),
        }
    }
    let catalogue = index.as_deref().map(catalogue).unwrap_or_default();
    let sources: Vec<Source<'_>> =
        filter.sops.iter().map(|sop| Source { file: &sop.number, text: &sop.text }).collect();
    let (stack, problems) = Stack::adopt(&sources, &catalogue);
    // A list that no index holds is a warning of the reader: here a clause holds nothing, and somebody has to know.
    standing.trouble.extend(problems.iter().take(TROUBLES).map(ToString::to_string));
    let rules = stack.map(|stack| {
        Arc::new(Rules {
            stack,
            place: sited.place.clone(),
            audiences: sited.audiences.clone(),
            index,
            forwards: filtering.forwarded(filter),
            choice,
        })
    });
    // What cannot be read replaces nothing: the rules in force go on, hour by hour, and the office hears that the bundle's do not hold.
    standing.in_force = rules.is_some();
    let Some(rules) = rules.or_else(|| filtering.current.get()?.rules.clone()) else {
        return instead(choice, InForce::open(epoch, around), at, standing);
    };
    let until = rules.stack.next_change(&rules.place, at);
    let garden = rules.stack.garden(&rules.place, at);
    let in_force = InForce::compile(epoch, rules, at, around);
    Compiled { rules: Verdict::Rules(Box::new(in_force)), garden, until, standing }
}

/// There are no rules to put in force: what the site chose holds, and all is tried again after a while.
fn instead(choice: WithoutIndex, plain: InForce, at: Timestamp, mut standing: Standing) -> Compiled {
    standing.in_force = false;
    standing.instead = Some(choice);
    let rules = match choice {
        WithoutIndex::Closed => Verdict::Closed,
        WithoutIndex::Plain => Verdict::Rules(Box::new(plain)),
    };
    Compiled { rules, standing, until: at.checked_add(ROUND).ok(), ..Compiled::default() }
}

/// The rules about addresses for the kernel.
fn addresses(in_force: &InForce) -> AddressFilter {
    let Some(rules) = &in_force.rules else { return AddressFilter::default() };
    let policies: Vec<_> = rules.audiences.numbered().map(|(number, _)| number).zip(&in_force.policies).collect();
    let ranges: Vec<_> = rules.index.as_ref().map(|index| index.ranges().collect()).unwrap_or_default();
    let plan = address_plan(&policies, ranges.into_iter());
    AddressFilter {
        ranges: plan.ranges,
        refused: plan.refused,
        refused_services: plan.refused_services,
        services: plan.services,
        protocols: plan.protocols,
    }
}

/// Compares in the gate's thread, fills in on this side, exchanges in the gate's thread again.
async fn into_kernel(gate: &Handle, rules: &Arc<InForce>) -> Result<(), String> {
    let busy = || "the gate is too busy".to_owned();
    let planned = rules.clone();
    let addresses =
        tokio::task::spawn_blocking(move || addresses(&planned)).await.map_err(|error| error.to_string())?;
    let load = gate.ask(|reply| Command::PrepareFilter(Box::new(addresses), reply)).await.ok_or_else(busy)??;
    let fill = move || {
        let mut load = load;
        load.fill().map(|()| load)
    };
    let filled = tokio::task::spawn_blocking(fill).await.map_err(|error| error.to_string())?;
    let load = filled.map_err(|error| gapura_model::with_causes(&error))?;
    let load = gate.ask(|reply| Command::FinishFilter(load, reply)).await.ok_or_else(busy)??;
    let tidied = tokio::task::spawn_blocking(move || load.tidy()).await.map_err(|error| error.to_string())?;
    tidied.map_err(|error| gapura_model::with_causes(&error))
}

/// Hands what is to be slowed down to the gate's thread; names whose addresses were answered before follow.
async fn throttle(filtering: &Arc<Filtering>, gate: &Handle, rules: &Arc<InForce>) -> Result<(), String> {
    let planned = rules.clone();
    let throttles =
        tokio::task::spawn_blocking(move || planned.throttles_wanted()).await.map_err(|error| error.to_string())?;
    let taken = gate.ask(|reply| Command::Throttle(Box::new(throttles), reply)).await;
    if taken.ok_or("the gate is too busy")?? {
        slow_again(filtering).await;
    }
    Ok(())
}

/// Slows the addresses of names that were answered before these rules, or before a stranger emptied the kernel's sets.
async fn slow_again(filtering: &Arc<Filtering>) {
    let Some(rules) = filtering.current.get().filter(|rules| rules.throttles()) else { return };
    let worker = filtering.clone();
    let slow = move || {
        for (name, addresses) in worker.around.lately.all(worker.clock.now().up) {
            worker.around.throttling.slow(&rules.slowed(&name, &addresses));
        }
    };
    if let Err(error) = tokio::task::spawn_blocking(slow).await {
        tracing::error!(%error, "slowing names again broke off");
    }
}

/// Ends flows to addresses of names that are forbidden now and were not before. Best effort: another name may share the
/// address, and then its flows begin again.
fn end_flows(filtering: &Filtering, before: &InForce, after: &InForce) -> usize {
    let (Some(old), Some(new)) = (&before.rules, &after.rules) else { return 0 };
    // Only where the number means the same people in both.
    let same = |number: u8| old.audiences.audience(number) == new.audiences.audience(number);
    let mut ending: BTreeMap<BTreeSet<u8>, BTreeSet<IpAddr>> = BTreeMap::new();
    for (name, addresses) in filtering.around.lately.all(filtering.clock.now().up) {
        let blocks = |rules: &InForce, number| {
            rules.decide(number, &name).is_some_and(|decision| decision.action == Action::Block)
        };
        let groups: BTreeSet<u8> = new
            .audiences
            .numbered()
            .map(|(number, _)| number)
            .filter(|number| same(*number) && blocks(after, *number) && !blocks(before, *number))
            .collect();
        if !groups.is_empty() {
            ending.entry(groups).or_default().extend(addresses.into_iter().map(|(address, _)| address));
        }
    }
    let mut flows = 0;
    for (groups, addresses) in ending {
        match gapura_kernel::net::Conntrack::open().and_then(|mut table| table.end_flows(&groups, &addresses)) {
            Ok(ended) => flows += ended,
            Err(error) => {
                tracing::warn!(error = %gapura_model::with_causes(&error), "flows to what is forbidden now could not be ended");
            }
        }
    }
    flows
}
