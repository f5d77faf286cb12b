//! The portal's certificate: read from files, looked at again while running.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate chain and its key, in PEM files.
#[derive(Debug)]
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    key: Arc<CertifiedKey>,
    /// The files as they were read: compared as a whole, since a copy may keep its date.
    files: (Vec<u8>, Vec<u8>),
}

/// The certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}; check the path and who may read it")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} holds no usable {what}: {source}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// Certificate chain or private key.
        what: &'static str,
        /// Why.
        source: rustls_pki_types::pem::Error,
    },
    /// Key and certificate do not fit, or are of a kind that is not supported.
    #[error("the certificate in {path} and its key cannot be used together: {source}")]
    Pair {
        /// The certificate file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

impl Certificate {
    /// Reads both files.
    pub fn load(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Arc<Self>, CertificateError> {
        let (chain, key) = (chain.into(), key.into());
        let files = (read(&chain)?, read(&key)?);
        let current = RwLock::new(Current { key: certified(&chain, &key, &files)?, files });
        Ok(Arc::new(Self { chain, key, current }))
    }

    /// Takes up changed files; `false` where nothing changed. After a mistake the certificate in use stays.
    pub fn reload(&self) -> Result<bool, CertificateError> {
        let files = (read(&self.chain)?, read(&self.key)?);
        if self.current.read().unwrap_or_else(PoisonError::into_inner).files == files {
            return Ok(false);
        }
        let key = certified(&self.chain, &self.key, &files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Current { key, files };
        Ok(true)
    }

    /// TLS 1.2 and 1.3, HTTP/1.1.
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Resolver(Arc::clone(self))));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

#[derive(Debug)]
struct Resolver(Arc<Certificate>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.current.read().unwrap_or_else(PoisonError::into_inner).key))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    std::fs::read(path).map_err(|source| CertificateError::Read { path: path.to_owned(), source })
}

fn certified(chain: &Path, key: &Path, files: &(Vec<u8>, Vec<u8>)) -> Result<Arc<CertifiedKey>, CertificateError> {
    let pem = |path: &Path, what| {
        let path = path.to_owned();
        move |source| CertificateError::Pem { path, what, source }
    };
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&files.0)
        .collect::<Result<_, _>>()
        .and_then(|all: Vec<_>| if all.is_empty() { Err(rustls_pki_types::pem::Error::NoItemsFound) } else { Ok(all) })
        .map_err(pem(chain, "certificate"))?;
    let private = PrivateKeyDer::from_pem_slice(&files.1).map_err(pem(key, "private key"))?;
    let provider = rustls::crypto::ring::default_provider();
    let certified = CertifiedKey::from_der(certificates, private, &provider)
        .map_err(|source| CertificateError::Pair { path: chain.to_owned(), source })?;
    Ok(Arc::new(certified))
}
