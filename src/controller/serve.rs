//! The controller as a running server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gapura_model::with_causes;
use gapura_runtime::{Clock, Tasks};
use gapura_store::StoreError;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::api::{Api, router};
use crate::config::Config;
use crate::door::{Door, Patience, accept};
use crate::keys::random;
use crate::lists::{Lists, ListsError};
use crate::office::{Actor, Office, OfficeError, Pushed};
use crate::opening::{OpenError, open};
use crate::tls::{TlsError, server_config};
use crate::watching::{make_backups, send_messages, watch_fleet};
use crate::webhook::{Webhook, WebhookError};

/// The controller could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Keys or database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Usage records kept by an older controller.
    #[error("usage records that an older controller kept could not be taken into the log")]
    Kept(#[source] OfficeError),
    /// What signing in needs.
    #[error(transparent)]
    Staff(#[from] OfficeError),
    /// The catalogue of lists.
    #[error(transparent)]
    Lists(#[from] ListsError),
    /// Where requests are told of.
    #[error("requests cannot be told of")]
    Webhook(#[from] WebhookError),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address to listen on.
    #[error("cannot listen on {address}: does another program use it?")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A controller that takes connections; it stops with its [`Tasks`].
#[derive(Clone, Debug)]
pub struct Serving {
    /// Where it listens (a port of 0 in the configuration has become a real one).
    pub address: SocketAddr,
    /// Its use-cases.
    pub office: Office,
}

/// How often the database is asked whether another process published.
const LOOK: Duration = Duration::from_millis(100);
/// How often requests are looked through for those overdue.
const OVERDUE: Duration = Duration::from_mins(1);
/// How often the database is asked whether another process ordered something.
const LISTEN: Duration = Duration::from_millis(50);
/// How often orders that came too late are looked for.
const LATE: Duration = Duration::from_secs(30);
/// How often it is looked whether there is something to tell of requests, and how long at most after trouble.
const TOLD: Duration = Duration::from_secs(5);
const TOLD_LATEST: Duration = Duration::from_mins(5);
/// How often bundles are looked through for what time changes in them (a new month's keys).
const REVIEW: Duration = Duration::from_hours(1);
/// Lists are looked at up to this much later than each hour.
const JITTER: Duration = Duration::from_mins(10);
/// Connections that the kernel has agreed on and nobody has taken yet; it allows 4096 (`net.core.somaxconn`).
const QUEUE: u32 = 4096;
/// Connections without a certificate at once.
const STRANGERS: usize = 64;
/// A router behind a satellite may be away for some minutes in the midst of an answer.
const WEAK_UPLINK: Patience = Patience { pause: Duration::from_mins(5), rate: 64 };

/// The use-cases over the database, without a server.
pub async fn office(config: &Config, clock: Arc<dyn Clock>) -> Result<Office, ServeError> {
    let (keys, store) = open(&config.controller).await?;
    Ok(Office::new(store, keys, clock, Arc::new(Lists::open(&config.controller)?), config)?)
}

/// Opens the database (bringing it up to date), reads or makes the fleet's keys and takes connections.
pub async fn serve(config: &Config, clock: Arc<dyn Clock>, tasks: &Tasks) -> Result<Serving, ServeError> {
    let settings = &config.controller;
    let (keys, store) = open(settings).await?;
    let tls = server_config(&keys, clock.clone())?;
    let lists = Arc::new(Lists::open(settings)?);
    let hook = config.requests.as_ref().map(|settings| Webhook::open(settings, clock.clone())).transpose()?;
    let office = Office::new(store, keys, clock, lists, config)?;
    let listen = |source| ServeError::Listen { address: settings.listen, source };
    let listener = bind(settings.listen).map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;

    let read = office.read_kept_records().await.map_err(ServeError::Kept)?;
    if read > 0 {
        tracing::info!(read, "usage records that were kept unread are in the log now");
    }
    let first = office.store.publication().await?;
    let (told, publications) = watch::channel(first);
    crate::metrics::start(config.metrics.as_ref(), &office, &publications, tasks);
    tasks.spawn_vital("publications", watch_publications(office.clone(), told, tasks.clone()));
    tasks.spawn_vital("orders", watch_orders(office.clone(), tasks.clone()));
    tasks.spawn_vital("review of bundles", review(office.clone(), tasks.clone()));
    tasks.spawn_vital("reports and retention", keep_records(office.clone(), tasks.clone()));
    tasks.spawn_vital("requests", watch_requests(office.clone(), tasks.clone()));
    tasks.spawn_vital("fleet", watch_fleet(office.clone(), tasks.clone()));
    tasks.spawn_vital("messages", send_messages(office.clone(), tasks.clone()));
    if config.backup.is_some() {
        tasks.spawn_vital("backups", make_backups(office.clone(), tasks.clone()));
    }
    if let Some(hook) = hook {
        tasks.spawn_vital("requests: webhook", tell_of_requests(office.clone(), hook, tasks.clone()));
    }
    if office.lists.fetched {
        tasks.spawn_vital("lists", look_at_lists(office.clone(), tasks.clone()));
    }
    let places = Arc::new(Semaphore::new(settings.connections));
    office.meters.door("api", &places);
    let door = Door {
        tls: TlsAcceptor::from(tls),
        router: router(Api { office: office.clone(), publications, tasks: tasks.clone() }),
        tasks: tasks.clone(),
        places,
        strangers: Some(Arc::new(Semaphore::new(STRANGERS))),
        crowd: None,
        patience: WEAK_UPLINK,
    };
    tasks.spawn_vital("gateways' API", accept(listener, door));
    tracing::info!(%address, pin = %office.keys().pin(), "controller takes connections");
    Ok(Serving { address, office })
}

/// Listens, with room for a fleet that calls at once: of a fuller queue the kernel drops calls, and each of those waits for a second.
fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// Tells waiting gateways of publications by any process, within [`LOOK`] and a query.
async fn watch_publications(office: Office, told: watch::Sender<i64>, tasks: Tasks) {
    let mut failing = false;
    loop {
        tokio::select! {
            () = tasks.stopping().cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let known = *told.borrow();
        match office.look_for_publications(known).await {
            Ok(number) => {
                failing = false;
                told.send_if_modified(|known| std::mem::replace(known, number) != number);
            }
            Err(error) if !failing => {
                failing = true;
                tracing::error!(%error, "cannot see what was published");
            }
            Err(_) => {}
        }
    }
}

/// Wakes waiting gateways when another process ordered something, within [`LISTEN`] and two queries. What this process orders rings
/// by itself.
async fn watch_orders(office: Office, tasks: Tasks) {
    let (mut heard, mut failing, mut until_late) = (None, false, 0_u32);
    loop {
        let rung = async {
            let number = office.store.read().await?.desk_bell().await?;
            if heard.replace(number) != Some(number) {
                office.ring_everywhere().await?;
            }
            if until_late == 0 {
                office.orders_are_late().await?;
            }
            Ok::<_, crate::office::OfficeError>(())
        };
        match rung.await {
            Ok(()) => failing = false,
            Err(error) if !failing => {
                failing = true;
                tracing::error!(error = with_causes(&error), "cannot see what was ordered");
            }
            Err(_) => {}
        }
        until_late = if until_late == 0 {
            u32::try_from(LATE.as_millis() / LISTEN.as_millis()).unwrap_or(1)
        } else {
            until_late - 1
        };
        tokio::select! {
            () = tasks.stopping().cancelled() => return,
            () = tokio::time::sleep(LISTEN) => {}
        }
    }
}

async fn review(office: Office, tasks: Tasks) {
    let mut reminded = None;
    loop {
        if let Err(error) = office.publish_due().await {
            tracing::error!(error = with_causes(&error), "cannot look through the bundles");
        }
        if let Err(error) = office.anchor_audit().await {
            tracing::error!(error = with_causes(&error), "cannot sign the end of the audit log");
        }
        let today = office.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        if reminded != Some(today) {
            // Where lists are fetched, this is looked at after them.
            if !office.lists.fetched {
                warn_of_unheld(&office).await;
            }
            match office.overdue_sops().await {
                Ok(overdue) => {
                    reminded = Some(today);
                    for sop in overdue {
                        let due = sop.review_by.unwrap_or_default();
                        tracing::warn!(
                            sop = sop.id,
                            number = sop.number,
                            due,
                            "a SOP should have been looked through by now"
                        );
                    }
                }
                Err(error) => tracing::error!(error = with_causes(&error), "cannot look for SOPs to be looked through"),
            }
        }
        tokio::select! {
            () = tasks.stopping().cancelled() => return,
            () = tokio::time::sleep(REVIEW) => {}
        }
    }
}

/// Makes the monthly reports, and then erases and destroys what has had its time: in this order, what goes has been counted. Apart from
/// the review, since the first reports of a large department take long and what is to be published does not wait for them.
async fn keep_records(office: Office, tasks: Tasks) {
    let itself = Actor { name: "gapura".to_owned(), reason: String::new() };
    loop {
        // A site's report stands or does not: to stop between two of them loses nothing.
        let made = tokio::select! {
            () = tasks.stopping().cancelled() => return,
            made = office.make_reports() => made,
        };
        if let Err(error) = made {
            tracing::error!(error = with_causes(&error), "cannot make the monthly reports");
        }
        if let Err(error) = office.forget_old().await {
            tracing::error!(error = with_causes(&error), "cannot erase what is to be erased");
        }
        if let Err(error) = office.run_retention(&itself).await {
            tracing::error!(error = with_causes(&error), "cannot destroy what is to be destroyed");
        }
        tokio::select! {
            () = tasks.stopping().cancelled() => return,
            () = tokio::time::sleep(REVIEW) => {}
        }
    }
}

/// Escalates requests whose time is over.
async fn watch_requests(office: Office, tasks: Tasks) {
    loop {
        match office.escalate_requests().await {
            Ok(0) => {}
            Ok(escalated) => tracing::info!(escalated, "requests that are overdue were escalated"),
            Err(error) => tracing::error!(error = with_causes(&error), "cannot look for overdue requests"),
        }
        tokio::select! {
            () = tasks.stopping().cancelled() => return,
            () = tokio::time::sleep(OVERDUE) => {}
        }
    }
}

/// Tells another system what happens to requests, later and later while it does not take them.
async fn tell_of_requests(office: Office, hook: Webhook, tasks: Tasks) {
    let mut wait = TOLD;
    loop {
        // Half a post is posted again: who takes it knows an event by its number.
        let pushed = tokio::select! {
            () = tasks.stopping().cancelled() => return,
            pushed = office.push_requests(&hook) => pushed,
        };
        match pushed {
            Ok(Pushed::More) => {
                wait = TOLD;
                continue;
            }
            Ok(Pushed::All | Pushed::Stopped) => wait = TOLD,
            Ok(Pushed::Later) => wait = (wait * 2).min(TOLD_LATEST),
            Err(error) => {
                wait = (wait * 2).min(TOLD_LATEST);
                tracing::error!(error = with_causes(&error), "cannot tell of requests");
            }
        }
        tokio::select! {
            () = tasks.stopping().cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// What was enacted and is not enforced, because lists are missing.
async fn warn_of_unheld(office: &Office) {
    match office.unheld().await {
        Ok(unheld) => {
            for one in unheld.iter().filter(|one| one.nothing) {
                let lists = one.lists.join(", ");
                tracing::warn!(
                    sop = one.id,
                    number = one.sop,
                    clause = one.clause,
                    mandatory = one.mandatory,
                    lists,
                    "a clause in force holds nothing: no edition of its lists is in force"
                );
            }
        }
        Err(error) => tracing::error!(error = with_causes(&error), "cannot look for clauses that hold nothing"),
    }
}

/// Looks at the sources of lists every hour or a little more, so that not all departments ask at once, and when the catalogue
/// was read again.
async fn look_at_lists(office: Office, tasks: Tasks) {
    let mut reminded = None;
    loop {
        let looked = tokio::select! {
            () = tasks.stopping().cancelled() => return,
            looked = office.refresh_lists(None, None) => looked,
        };
        if let Err(error) = looked {
            tracing::error!(error = with_causes(&error), "cannot look at the lists");
        }
        let today = office.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        if reminded.replace(today) != Some(today) {
            warn_of_unheld(&office).await;
        }
        let jitter = random::<2>().map_or(0, |octets| u64::from(u16::from_be_bytes(octets)) % JITTER.as_secs());
        let rest = tokio::time::sleep(REVIEW + Duration::from_secs(jitter));
        tokio::pin!(rest);
        loop {
            tokio::select! {
                () = tasks.stopping().cancelled() => return,
                () = office.lists.reread.notified() => break,
                () = &mut rest => break,
                () = office.list_room.asked() => {}
            }
            // Cut off in the midst of it, nothing of it happened.
            tokio::select! {
                () = tasks.stopping().cancelled() => return,
                () = office.carry_out_list_orders() => {}
            }
        }
    }
}
