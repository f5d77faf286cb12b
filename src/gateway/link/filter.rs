//! What the content filter has to do with the controller: indexes come, totals, appeals and trials of drafts go.

use std::sync::Arc;
use std::time::Duration;

use gapura_wire::{Appeals, FilterCount, FilterCounts, IndexRef, limits};

use super::exchange::LinkError;
use super::http::Downloaded;
use super::serve::{Link, Luck, start_delay};
use crate::filter::{Filtering, Hour, NotTaken};

/// Totals go this often.
const COUNTS: Duration = Duration::from_mins(5);
/// Appeals that were not taken are offered again this often.
const APPEALS: Duration = Duration::from_mins(1);
/// Drafts are tried again this often, while they are there.
const DRAFTS: Duration = Duration::from_hours(6);
/// A download during which nothing comes for this long is given up, and goes on later from where it was.
const IDLE: Duration = Duration::from_secs(30);

/// Why an index did not come.
#[derive(Debug, thiserror::Error)]
enum NotFetched {
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Taken(#[from] NotTaken),
    #[error("the controller has no index of that version any more")]
    Gone,
    #[error("the work was broken off")]
    Aborted,
}

/// Fetches each index that a bundle announces.
pub(super) async fn fetch_indexes(link: Link) {
    start_delay().await;
    let mut luck = Luck::new("index");
    let filtering = link.filtering.clone();
    let mut wanted = filtering.wanted();
    loop {
        let Some(index) = *wanted.borrow_and_update() else {
            if wanted.changed().await.is_err() {
                return;
            }
            continue;
        };
        let fetched = tokio::select! {
            changed = wanted.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
            fetched = fetch(&link, &filtering, &index) => fetched,
        };
        match fetched {
            Ok(how) => {
                luck.good();
                tracing::info!(version = index.version, how, "an index of filter lists has come");
                filtering.index_arrived();
                if wanted.changed().await.is_err() {
                    return;
                }
            }
            Err(NotFetched::Link(error)) => luck.bad(&error).await,
            Err(error) => {
                tracing::warn!(version = index.version, error = %gapura_model::with_causes(&error), "an index of filter lists could not be taken; it is fetched again");
                luck.pause().await;
            }
        }
    }
}

/// The difference to what is here where there is one, else the whole.
async fn fetch(link: &Link, filtering: &Arc<Filtering>, wanted: &IndexRef) -> Result<&'static str, NotFetched> {
    if let Some(from) = filtering.store.newest_before(wanted.version) {
        let part = filtering.store.delta_part(wanted, from);
        let had = octets(&part).await;
        match fetch_delta(link, filtering, wanted, from).await {
            Ok(true) => return Ok("as a difference"),
            Ok(false) => {}
            // Nothing of it came: a controller that cannot make the difference now may still have the whole, which is a
            // file there. Where some came, the line broke, and the next attempt goes on from there.
            Err(NotFetched::Link(error)) if octets(&part).await == had => {
                tracing::info!(version = wanted.version, from, error = %gapura_model::with_causes(&error), "the difference between two indexes does not come; the whole one is asked for");
            }
            Err(error) => return Err(error),
        }
    }
    let part = filtering.store.part(wanted);
    let path = format!("/v1/index/{}", wanted.version);
    match link.controller().download(&path, &part, wanted.octets, IDLE).await? {
        Downloaded::Missing => return Err(NotFetched::Gone),
        Downloaded::Whole => {}
    }
    let (worker, wanted) = (filtering.clone(), *wanted);
    let taken = tokio::task::spawn_blocking(move || worker.store.take(&wanted)).await;
    taken.map_err(|_| NotFetched::Aborted)??;
    Ok("whole")
}

/// How much of a file is there.
async fn octets(path: &std::path::Path) -> u64 {
    tokio::fs::metadata(path).await.map_or(0, |known| known.len())
}

/// False where the whole has to be fetched.
async fn fetch_delta(
    link: &Link,
    filtering: &Arc<Filtering>,
    wanted: &IndexRef,
    from: u64,
) -> Result<bool, NotFetched> {
    let part = filtering.store.delta_part(wanted, from);
    let path = format!("/v1/index/{}/from/{from}", wanted.version);
    match link.controller().download(&path, &part, wanted.octets, IDLE).await? {
        Downloaded::Missing => {
            let _ = std::fs::remove_file(&part);
            return Ok(false);
        }
        Downloaded::Whole => {}
    }
    let (worker, wanted) = (filtering.clone(), *wanted);
    let taken = tokio::task::spawn_blocking(move || worker.store.take_delta(&wanted, from)).await;
    match taken.map_err(|_| NotFetched::Aborted)? {
        Ok(()) => Ok(true),
        Err(error) => {
            tracing::warn!(error = %gapura_model::with_causes(&error), "the difference between two indexes cannot be used; the whole one is fetched");
            Ok(false)
        }
    }
}

/// Tells the controller how often which clause said no.
pub(super) async fn report_counts(link: Link) {
    start_delay().await;
    let mut luck = Luck::new("filter counts");
    loop {
        let hours = link.filtering.counts.untold(limits::COUNT_ROWS);
        let (reports, last) = reports(link.filtering.counts.run(), hours);
        let mut sent = true;
        for report in reports {
            if let Err(error) = link.controller().filter_counts(&report).await {
                sent = error.is_refusal();
                luck.bad(&error).await;
                break;
            }
            luck.good();
        }
        if let Some(last) = last.filter(|_| sent) {
            link.filtering.counts.told(link.clock.now().wall, last);
        }
        tokio::time::sleep(COUNTS).await;
    }
}

/// Hours in messages of bounded size, and the last hour that is in them.
fn reports(run: uuid::Uuid, hours: Vec<Hour>) -> (Vec<FilterCounts>, Option<jiff::Timestamp>) {
    let last = hours.last().map(|hour| hour.begins);
    let rows = hours.into_iter().flat_map(|hour| {
        hour.totals.into_iter().map(move |(cause, total)| FilterCount {
            hour: hour.begins,
            sop: cause.sop,
            clause: cause.clause,
            list: cause.list,
            total,
        })
    });
    let rows: Vec<FilterCount> = rows.collect();
    let reports = rows.chunks(limits::COUNT_ROWS).map(|rows| FilterCounts { run, counts: rows.to_vec() }).collect();
    (reports, last)
}

/// Sends appeals until the controller has them.
pub(super) async fn send_appeals(link: Link) {
    start_delay().await;
    let mut luck = Luck::new("appeals");
    loop {
        let mut rest = APPEALS;
        let waiting = link.filtering.appeals.waiting(limits::APPEALS);
        if !waiting.is_empty() {
            match link.controller().appeals(&Appeals { appeals: waiting }).await {
                Ok(ack) => {
                    luck.good();
                    link.filtering.appeals.told(&ack);
                    if let Some(seconds) = ack.retry_seconds {
                        rest = Duration::from_secs(seconds.into()).max(APPEALS);
                        tokio::time::sleep(rest).await;
                    }
                    if ack.retry_seconds.is_none() && !ack.stored.is_empty() {
                        continue;
                    }
                }
                Err(error) => {
                    luck.bad(&error).await;
                    continue;
                }
            }
        }
        let _ = tokio::time::timeout(rest, link.filtering.appeal_filed()).await;
    }
}

/// Tries drafts on the names of the last days, when a draft comes and now and then while it is there.
pub(super) async fn report_drafts(link: Link) {
    start_delay().await;
    let mut luck = Luck::new("drafts");
    let mut changed = link.filtering.bundles();
    loop {
        changed.borrow_and_update();
        let worker = link.filtering.clone();
        let reports = tokio::task::spawn_blocking(move || worker.try_drafts()).await.unwrap_or_default();
        for report in reports {
            match link.controller().shadow(&report).await {
                Ok(()) => luck.good(),
                Err(error) => luck.bad(&error).await,
            }
        }
        if let Ok(Err(_)) = tokio::time::timeout(DRAFTS, changed.changed()).await {
            return;
        }
    }
}
