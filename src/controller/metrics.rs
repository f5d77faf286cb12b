//! `GET /metrics`: what this process counts, and how the fleet stands. Only totals: never a person, a device, an address, a
//! visited name or a voucher.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gapura_metrics::{Page, bind, process, serve};
use gapura_model::with_causes;
use gapura_runtime::Tasks;
use gapura_store::timestamp;
use jiff::Timestamp;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use crate::condition::Condition;
use crate::config::Metrics;
use crate::office::{Office, OfficeError, Reach, RequestsAsked, Tab};

/// How old what is read from the database may be: however often somebody scrapes, it is read no more often.
const FLEET: Duration = Duration::from_secs(15);

/// How the fleet stands.
#[derive(Clone, Debug, Default)]
struct Fleet {
    conditions: BTreeMap<&'static str, u64>,
    online: u64,
    behind: u64,
    alerts: u64,
    waiting: u64,
    overdue: u64,
    backup: Option<Timestamp>,
    index: Option<i64>,
    index_built: Option<Timestamp>,
    lists: BTreeMap<String, Timestamp>,
    checked: BTreeMap<String, Timestamp>,
    held: u64,
}

type Last = Arc<Mutex<Option<(Instant, Option<Fleet>)>>>;

/// Answers scrapers until the process stops. A controller must serve its gateways all the same if nobody can scrape it.
pub(crate) fn start(settings: Option<&Metrics>, office: &Office, publications: &watch::Receiver<i64>, tasks: &Tasks) {
    let Some(Metrics { listen }) = settings else { return };
    let (listen, office, publications, of_server) = (*listen, office.clone(), publications.clone(), tasks.clone());
    let last = Last::default();
    tasks.spawn("metrics", async move {
        match bind(listen).await {
            Ok(listener) => {
                tracing::info!(%listen, "figures are served at /metrics");
                let write = move |page| write(page, office.clone(), *publications.borrow(), last.clone());
                serve(listener, of_server, write).await;
            }
            Err(error) => tracing::error!(%listen, %error, "figures cannot be served: is another program there?"),
        }
    });
}

async fn write(mut page: Page, office: Office, publication: i64, last: Last) -> Page {
    let fleet = lately(&office, &last).await;
    page.gauge("gapura_controller_database_up", "Whether the fleet's figures could be read from the database.", |it| {
        it.value(fleet.is_some());
    });
    if let Some(fleet) = &fleet {
        fleet_figures(&mut page, fleet);
    }
    page.counter("gapura_controller_publications", "Publications since the database was made, by any process.", |it| {
        it.value(publication);
    });
    office.meters.write(&mut page);
    process(&mut page, env!("CARGO_PKG_VERSION"));
    page
}

fn fleet_figures(page: &mut Page, fleet: &Fleet) {
    page.gauge("gapura_controller_gateways", "Gateways, by how they are.", |it| {
        fleet.conditions.iter().for_each(|(condition, count)| it.with(&[("condition", condition)], *count));
    });
    page.gauge(
        "gapura_controller_gateways_behind",
        "Gateways in service whose bundle is not the newest of their site.",
        |it| {
            it.value(fleet.behind);
        },
    );
    page.gauge("gapura_controller_visits_online", "Visits running, as gateways that are heard last said.", |it| {
        it.value(fleet.online);
    });
    page.gauge("gapura_controller_alerts_open", "Alerts that are not over.", |it| it.value(fleet.alerts));
    page.gauge("gapura_controller_requests_open", "Requests that wait for an answer.", |it| it.value(fleet.waiting));
    page.gauge("gapura_controller_requests_overdue", "Of them, those whose time is over.", |it| {
        it.value(fleet.overdue);
    });
    page.gauge(
        "gapura_controller_backup_timestamp_seconds",
        "When the newest backup was made, in seconds since 1970; none: never.",
        |it| it.known(fleet.backup.map(Timestamp::as_second)),
    );
    page.gauge("gapura_controller_index_version", "The newest index of lists.", |it| it.known(fleet.index));
    page.gauge("gapura_controller_index_timestamp_seconds", "When it was built, in seconds since 1970.", |it| {
        it.known(fleet.index_built.map(Timestamp::as_second));
    });
    let mut lists = |name, help, of: &BTreeMap<String, Timestamp>| {
        page.gauge(name, help, |it| of.iter().for_each(|(list, at)| it.with(&[("list", list)], at.as_second())));
    };
    lists(
        "gapura_controller_list_taken_timestamp_seconds",
        "When a filter list's edition in force came, in seconds since 1970.",
        &fleet.lists,
    );
    lists(
        "gapura_controller_list_checked_timestamp_seconds",
        "When a filter list was last looked for at its source without trouble, in seconds since 1970.",
        &fleet.checked,
    );
    page.gauge("gapura_controller_lists_held", "Updates of filter lists that wait for a person.", |it| {
        it.value(fleet.held);
    });
}

/// What was read last, unless it is older than it may be.
async fn lately(office: &Office, last: &Last) -> Option<Fleet> {
    let mut last = last.lock().await;
    if let Some((_, fleet)) = last.as_ref().filter(|(at, _)| at.elapsed() < FLEET) {
        return fleet.clone();
    }
    let fleet = match look(office).await {
        Ok(fleet) => Some(fleet),
        Err(error) => {
            tracing::error!(error = with_causes(&error), "the fleet's figures cannot be read");
            None
        }
    };
    *last = Some((Instant::now(), fleet.clone()));
    fleet
}

async fn look(office: &Office) -> Result<Fleet, OfficeError> {
    let mut fleet = Fleet::default();
    for one in office.gateways().await? {
        *fleet.conditions.entry(one.condition.id()).or_default() += 1;
        let heard =
            !matches!(one.condition, Condition::Silent { .. } | Condition::Revoked { .. } | Condition::NeverHeard);
        if heard {
            fleet.online += one.beat.as_ref().map_or(0, |beat| u64::from(beat.online));
            fleet.behind += u64::from(one.in_force < one.wanted);
        }
    }
    let asked = RequestsAsked::default();
    fleet.waiting = office.count_requests(&Reach::ALL, &asked).await?;
    fleet.overdue = office.count_requests(&Reach::ALL, &RequestsAsked { tab: Tab::Overdue, ..asked }).await?;
    let mut tx = office.store.read().await?;
    let alerts = tx.open_alerts().await?;
    fleet.alerts = alerts.iter().filter(|row| row.ended.is_none() && row.raised.is_some()).count() as u64;
    let index = tx.last_index().await?;
    drop(tx);
    fleet.index = index.as_ref().map(|index| index.version);
    fleet.index_built = index.map(|index| timestamp(index.built));
    fleet.backup = office.backups(1).await?.first().map(|backup| backup.made);
    for list in office.list_status().await? {
        fleet.held += u64::from(list.state.held.is_some());
        if let Some(taken) = list.state.in_force.map(|edition| edition.taken) {
            fleet.lists.insert(list.id.to_string(), taken);
        }
        if let Some(checked) = list.state.checked.filter(|_| list.state.trouble.is_none()) {
            fleet.checked.insert(list.id.to_string(), checked);
        }
    }
    Ok(fleet)
}
