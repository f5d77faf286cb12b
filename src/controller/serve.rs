//! The controller as a running server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gapura_runtime::{Clock, Tasks};
use gapura_store::StoreError;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::api::{Api, Door, accept, router};
use crate::config::Config;
use crate::office::Office;
use crate::opening::{OpenError, open};
use crate::tls::{TlsError, server_config};

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
    Kept(#[from] crate::office::OfficeError),
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
/// How often bundles are looked through for what time changes in them (a new month's keys).
const REVIEW: Duration = Duration::from_hours(1);
/// Connections without a certificate at once.
const STRANGERS: usize = 64;

/// Opens the database (bringing it up to date), reads or makes the fleet's keys and takes connections.
pub async fn serve(config: &Config, clock: Arc<dyn Clock>, tasks: &Tasks) -> Result<Serving, ServeError> {
    let settings = &config.controller;
    let (keys, store) = open(settings).await?;
    let tls = server_config(&keys, clock.clone())?;
    let office = Office::new(store, keys, clock);
    let listen = |source| ServeError::Listen { address: settings.listen, source };
    let listener = TcpListener::bind(settings.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;

    let read = office.read_kept_records().await?;
    if read > 0 {
        tracing::info!(read, "usage records that were kept unread are in the log now");
    }
    let first = office.store.read().await?.publication().await?;
    let (told, publications) = watch::channel(first);
    tasks.spawn_vital("publications", watch_publications(office.clone(), told, tasks.clone()));
    tasks.spawn_vital("review of bundles", review(office.clone(), tasks.clone()));
    let door = Door {
        tls: TlsAcceptor::from(tls),
        router: router(Api { office: office.clone(), publications }),
        tasks: tasks.clone(),
        places: Arc::new(Semaphore::new(settings.connections)),
        strangers: Arc::new(Semaphore::new(STRANGERS)),
    };
    tasks.spawn_vital("gateways' API", accept(listener, door));
    tracing::info!(%address, pin = %office.keys().pin(), "controller takes connections");
    Ok(Serving { address, office })
}

/// Tells waiting gateways of publications by any process, within [`LOOK`] and a query.
async fn watch_publications(office: Office, told: watch::Sender<i64>, tasks: Tasks) {
    let mut failing = false;
    loop {
        tokio::select! {
            () = tasks.stopping().cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let number = async { office.store.read().await?.publication().await }.await;
        match number {
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

async fn review(office: Office, tasks: Tasks) {
    loop {
        if let Err(error) = office.publish_due().await {
            tracing::error!(%error, "cannot look through the bundles");
        }
        tokio::select! {
            () = tasks.stopping().cancelled() => return,
            () = tokio::time::sleep(REVIEW) => {}
        }
    }
}
