//! The console as a running server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use captive_portal::{Certificate, CertificateError};
use gapura_controller::door::{Crowd, Door, Patience, accept};
use gapura_controller::{Console, Office, OwnTlsError};
use gapura_runtime::Tasks;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::here::App;
use crate::routes::router;
use crate::wall::feed::Feed;

/// The console could not start.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// Its own certificate.
    #[error(transparent)]
    Own(#[from] OwnTlsError),
    /// The certificate that the configuration names.
    #[error("console.certificate, console.key")]
    Certificate(#[from] CertificateError),
    /// TLS.
    #[error("cannot set up TLS for the console")]
    Tls(#[from] rustls::Error),
    /// The address to listen on.
    #[error("the console cannot listen on {address}: does another program use it?")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A console that takes connections; it stops with its [`Tasks`].
#[derive(Clone, Debug)]
pub struct Serving {
    /// Where it listens (a port of 0 in the configuration has become a real one).
    pub address: SocketAddr,
    certificate: Option<Arc<Certificate>>,
}

impl Serving {
    /// Reads the certificate's files again; after a mistake, which the log tells, the one in use stays.
    pub fn reload(&self) {
        match self.certificate.as_ref().map(|certificate| certificate.reload()) {
            Some(Err(error)) => {
                tracing::error!(%error, "the console's certificate was not read again; the one in use stays");
            }
            Some(Ok(true)) => tracing::info!("the console has a new certificate"),
            Some(Ok(false)) | None => {}
        }
    }
}

/// A browser that takes less than this of a page is gone, or wants the place.
const READER: Patience = Patience { pause: Duration::from_secs(30), rate: 1024 };

/// Takes connections of staff's browsers.
///
/// # Errors
/// [`ConsoleError`] says what is missing.
pub async fn serve(settings: &Console, office: &Office, tasks: &Tasks) -> Result<Serving, ConsoleError> {
    let certificate = match (&settings.certificate, &settings.key) {
        (Some(chain), Some(key)) => Some(Certificate::load(chain, key)?),
        _ => None,
    };
    let tls = match &certificate {
        Some(certificate) => certificate.server_config()?,
        None => office.browser_tls(&settings.public_name)?,
    };
    let listen = |source| ConsoleError::Listen { address: settings.listen, source };
    let listener = TcpListener::bind(settings.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let wall = Feed::new(tasks);
    let app = App { office: office.clone(), settings: Arc::new(settings.clone()), menu: Arc::default(), wall };
    let places = Arc::new(Semaphore::new(settings.connections));
    office.meters().door("console", &places);
    let door = Door {
        tls: TlsAcceptor::from(tls),
        router: router(app),
        tasks: tasks.clone(),
        places,
        strangers: None,
        crowd: Some(Crowd::new(settings.connections, settings.per_address())),
        patience: READER,
    };
    tasks.spawn_vital("console", accept(listener, door));
    tracing::info!(%address, "console takes connections");
    Ok(Serving { address, certificate })
}
