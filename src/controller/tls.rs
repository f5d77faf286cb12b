//! TLS of the gateways' API: our key, client certificates of our fleet where they are shown, and our clock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gapura_runtime::Clock;
use rustls::RootCertStore;
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use rustls_pki_types::UnixTime;

use crate::keys::Keys;

/// TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Keys or versions.
    #[error("cannot set up TLS with the fleet's keys")]
    Config(#[from] rustls::Error),
    /// The fleet's certificate as root.
    #[error("cannot trust the fleet's own certificate")]
    Root(#[from] rustls::server::VerifierBuilderError),
}

/// The server's side: a client certificate is optional, but one that is shown must be of this fleet and in time.
pub(crate) fn server_config(keys: &Keys, clock: Arc<dyn Clock>) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(keys.fleet.clone())?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let verifier = verifier.allow_unauthenticated().build()?;
    let (chain, key) = keys.server();
    let config =
        ServerConfig::builder_with_details(provider, Arc::new(Time(clock))).with_safe_default_protocol_versions()?;
    let mut config = config.with_client_cert_verifier(verifier).with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Each exchange of a gateway is a connection: it goes on with what was agreed before (RFC 8446 section 2.2). The state is in the
    // gateway's ticket, since a cache would not hold a fleet's. Whose certificate it was is in it, and asked for in the database as ever.
    config.ticketer = rustls::crypto::ring::Ticketer::new()?;
    Ok(Arc::new(config))
}

/// TLS for browsers, under a certificate of the fleet's own authority for `public_name`.
pub(crate) fn browser_config(
    keys: &Keys,
    clock: Arc<dyn Clock>,
    public_name: &str,
) -> Result<Arc<ServerConfig>, OwnTlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let (chain, key) = keys.server_for(public_name)?;
    let config = ServerConfig::builder_with_details(provider, Arc::new(Time(clock)))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::from)?;
    let mut config = config.with_no_client_auth().with_single_cert(chain, key).map_err(TlsError::from)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// TLS with a certificate of our own could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum OwnTlsError {
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The certificate.
    #[error("cannot make a certificate for the console")]
    Keys(#[from] crate::keys::KeysError),
}

/// The controller's clock, for certificates' dates.
pub(crate) struct Time(pub(crate) Arc<dyn Clock>);

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Time")
    }
}

impl rustls::time_provider::TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().wall.as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
