//! Whom an encrypted upstream may be: a name its certificate is for, or one of the keys that are pinned.
//!
//! This is the strict profile of RFC 8310: who cannot prove it is not asked anything, and nothing is asked in the clear
//! instead. There is no profile that encrypts without knowing to whom.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};
use thiserror::Error as ThisError;

use crate::server::{Identity, KeyPin};

/// Where systems keep the authorities they trust: Debian, OpenWrt and Alpine; Fedora; openSUSE.
const SYSTEM_BUNDLES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];
/// Sessions kept for resumption, for each way to know a server.
const SESSIONS: usize = 16;

/// Which authorities may vouch for an encrypted upstream's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Authorities {
    /// Those this machine trusts for everything.
    #[default]
    System,
    /// Those of this file (PEM) and no others.
    File(PathBuf),
}

/// The authorities cannot be had, so that no upstream could be known by its name.
#[derive(Debug, ThisError)]
pub enum AuthoritiesError {
    /// The file cannot be read.
    #[error("{0} cannot be read as certificates in PEM: {1}")]
    File(PathBuf, String),
    /// Nothing usable in it.
    #[error("{0} holds no certificate of an authority: put at least one into it, in PEM")]
    Empty(PathBuf),
    /// The system has none.
    #[error(
        "this machine has no list of authorities: install ca-certificates (OpenWrt: ca-bundle), state ca_file, or pin the \
         upstream's key with #sha256:..."
    )]
    NoSystem,
    /// The certificates are of no use to the TLS library.
    #[error("the authorities cannot be used: {0}")]
    Unusable(String),
}

impl Authorities {
    /// Whether they can be read; to be asked before a configuration is taken.
    pub fn check(&self) -> Result<(), AuthoritiesError> {
        self.load().map(drop)
    }

    pub(crate) fn load(&self) -> Result<Arc<RootCertStore>, AuthoritiesError> {
        let path = match self {
            Self::File(path) => path.clone(),
            Self::System => {
                SYSTEM_BUNDLES.iter().map(PathBuf::from).find(|path| path.exists()).ok_or(AuthoritiesError::NoSystem)?
            }
        };
        let wrong = |why: String| AuthoritiesError::File(path.clone(), why);
        let certificates = CertificateDer::pem_file_iter(&path).map_err(|error| wrong(error.to_string()))?;
        let certificates: Result<Vec<_>, _> = certificates.collect();
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(certificates.map_err(|error| wrong(error.to_string()))?);
        if store.is_empty() { Err(AuthoritiesError::Empty(path)) } else { Ok(Arc::new(store)) }
    }
}

/// How to know one server; `authorities` is asked only where a name has to be vouched for. `alpn` is the one protocol offered.
pub(crate) fn client_config(
    identity: &Identity,
    alpn: &[u8],
    authorities: impl FnOnce() -> Result<Arc<RootCertStore>, AuthoritiesError>,
) -> Result<Arc<ClientConfig>, AuthoritiesError> {
    let unusable = |error: &dyn std::error::Error| AuthoritiesError::Unusable(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = if identity.pins.is_empty() {
        let builder = WebPkiServerVerifier::builder_with_provider(authorities()?, Arc::clone(&provider));
        builder.build().map_err(|error| unusable(&error))?
    } else {
        Arc::new(Pinned { pins: identity.pins.clone(), provider: Arc::clone(&provider) })
    };
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| unusable(&error))?;
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct Pinned {
    pins: Vec<KeyPin>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    /// Compares the key alone: dates are not asked, since a router's clock may say 1970 until a name could be looked up.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let key = KeyPin(Sha256::digest(certificate.subject_public_key_info()).into());
        if self.pins.contains(&key) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
