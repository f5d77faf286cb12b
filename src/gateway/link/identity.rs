//! Who this router is to the controller: its own key, the certificate it was given, and the controller's keys.
//!
//! `identity/` in the data directory, mode 0700: `key.pem` never leaves the router; `certificate.pem` and
//! `membership.json` come with the approval. The key is made here, before anything is sent.

use std::path::{Path, PathBuf};

use gapura_model::{GatewayId, SiteId};
use gapura_runtime::{AtomicWriteError, atomic_write};
use gapura_wire::{BundleKey, SpkiPin};
use rcgen::{CertificateParams, KeyPair, PublicKeyData as _};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};

use super::tls::ClientIdentity;

/// Why the identity could not be read or made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    /// A file could not be read.
    #[error("cannot read {0}")]
    Read(PathBuf, #[source] std::io::Error),
    /// A file could not be written.
    #[error("cannot keep the router's identity")]
    Write(#[from] AtomicWriteError),
    /// The directory could not be made.
    #[error("cannot make {0}")]
    Directory(PathBuf, #[source] std::io::Error),
    /// Key or certificate request could not be made.
    #[error("cannot make a key or certificate request")]
    Key(#[from] rcgen::Error),
    /// A file does not hold what it should.
    #[error("{0} is damaged: remove it and enrol again with a new code")]
    Damaged(PathBuf),
}

/// What an approved router knows of its fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Membership {
    /// The router's name in the fleet.
    pub(crate) gateway: GatewayId,
    /// The site it serves.
    pub(crate) site: SiteId,
    /// The controller's key for TLS.
    pub(crate) controller: SpkiPin,
    /// The controller's key for bundles and time.
    pub(crate) bundle_key: BundleKey,
    /// Balances of a dead router are still to be fetched (*Ganti router*).
    pub(crate) restore_balances: bool,
}

/// The directory that holds it all.
#[derive(Clone, Debug)]
pub(crate) struct IdentityStore {
    directory: PathBuf,
}

impl IdentityStore {
    /// Opens (and makes) `identity/` in the data directory.
    pub(crate) fn open(data_dir: &Path) -> Result<Self, IdentityError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let directory = data_dir.join("identity");
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory);
        made.map_err(|error| IdentityError::Directory(directory.clone(), error))?;
        Ok(Self { directory })
    }

    /// Where it is kept.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The router's key, made at the first call, and a certificate request (RFC 2986, PEM) for it.
    pub(crate) fn request(&self) -> Result<String, IdentityError> {
        let key = self.key_or_new("key.pem")?;
        Self::request_for(&key)
    }

    /// A new key for a renewal, put aside until its certificate has come, and its certificate request.
    pub(crate) fn renewal_request(&self) -> Result<String, IdentityError> {
        let key = self.key_or_new("key-next.pem")?;
        Self::request_for(&key)
    }

    /// Keeps what an approval brought.
    pub(crate) fn keep(&self, membership: &Membership, certificate_pem: &str) -> Result<(), IdentityError> {
        atomic_write(&self.directory.join("certificate.pem"), certificate_pem.as_bytes(), 0o600)?;
        self.keep_membership(membership)
    }

    /// Keeps a changed membership.
    pub(crate) fn keep_membership(&self, membership: &Membership) -> Result<(), IdentityError> {
        let path = self.directory.join("membership.json");
        let text = serde_json::to_vec_pretty(membership).map_err(|_| IdentityError::Damaged(path.clone()))?;
        Ok(atomic_write(&path, &text, 0o600)?)
    }

    /// Puts a renewed certificate and its key in force.
    pub(crate) fn keep_renewed(&self, certificate_pem: &str) -> Result<(), IdentityError> {
        let next = self.directory.join("key-next.pem");
        let key = std::fs::read(&next).map_err(|error| IdentityError::Read(next.clone(), error))?;
        // Both in one file swap each; a power cut between the two leaves a pair that does not fit, which `client` reports.
        atomic_write(&self.directory.join("certificate.pem"), certificate_pem.as_bytes(), 0o600)?;
        atomic_write(&self.directory.join("key.pem"), &key, 0o600)?;
        std::fs::remove_file(&next).map_err(|error| IdentityError::Read(next, error))
    }

    /// What an earlier approval brought, if there was one.
    pub(crate) fn membership(&self) -> Result<Option<Membership>, IdentityError> {
        let path = self.directory.join("membership.json");
        let Some(text) = self.read("membership.json")? else { return Ok(None) };
        serde_json::from_slice(&text).map(Some).map_err(|_| IdentityError::Damaged(path))
    }

    /// The certificate chain that an approval brought (PEM).
    pub(crate) fn certificate(&self) -> Option<Vec<u8>> {
        self.read("certificate.pem").ok().flatten()
    }

    /// Certificate and key for TLS, once approved. Where a renewal was cut short, the pair that fits is found.
    pub(crate) fn client(&self) -> Result<Option<ClientIdentity>, IdentityError> {
        let path = self.directory.join("certificate.pem");
        let Some(certificate) = self.read("certificate.pem")? else { return Ok(None) };
        let damaged = || IdentityError::Damaged(path.clone());
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(&certificate).collect::<Result<_, _>>().map_err(|_| damaged())?;
        let leaf = chain.first().ok_or_else(damaged)?;
        for name in ["key.pem", "key-next.pem"] {
            let Some(pem) = self.read(name)? else { continue };
            if fits(&pem, leaf) {
                let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| damaged())?;
                return Ok(Some(ClientIdentity { chain, key }));
            }
        }
        Err(damaged())
    }

    fn key_or_new(&self, name: &str) -> Result<KeyPair, IdentityError> {
        if let Some(pem) = self.read(name)? {
            let text = String::from_utf8(pem).map_err(|_| IdentityError::Damaged(self.directory.join(name)))?;
            return Ok(KeyPair::from_pem(&text)?);
        }
        let key = KeyPair::generate()?;
        atomic_write(&self.directory.join(name), key.serialize_pem().as_bytes(), 0o600)?;
        Ok(key)
    }

    fn request_for(key: &KeyPair) -> Result<String, IdentityError> {
        Ok(CertificateParams::default().serialize_request(key)?.pem()?)
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, IdentityError> {
        let path = self.directory.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(IdentityError::Read(path, error)),
        }
    }
}

fn fits(key_pem: &[u8], certificate: &CertificateDer<'_>) -> bool {
    let Some(key) = std::str::from_utf8(key_pem).ok().and_then(|pem| KeyPair::from_pem(pem).ok()) else { return false };
    x509_parser::parse_x509_certificate(certificate)
        .is_ok_and(|(_, certificate)| certificate.tbs_certificate.subject_pki.raw == key.subject_public_key_info())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_and_a_cut_renewal_still_connects() {
        let directory = std::env::temp_dir().join(format!("gapura-identity-{}", std::process::id()));
        let store = IdentityStore::open(&directory).unwrap();
        assert_eq!(store.request().unwrap().lines().next(), store.request().unwrap().lines().next());
        assert!(store.client().unwrap().is_none());
        let pem = |name: &str| std::fs::read_to_string(directory.join("identity").join(name)).unwrap();
        let certificate = |key: &str| {
            let key = KeyPair::from_pem(key).unwrap();
            CertificateParams::default().self_signed(&key).unwrap().pem()
        };
        std::fs::write(directory.join("identity/certificate.pem"), certificate(&pem("key.pem"))).unwrap();
        assert!(store.client().unwrap().is_some());
        store.renewal_request().unwrap();
        let renewed = certificate(&pem("key-next.pem"));
        // The power is cut after the certificate was replaced and before the key was.
        std::fs::write(directory.join("identity/certificate.pem"), &renewed).unwrap();
        assert!(store.client().unwrap().is_some());
        store.keep_renewed(&renewed).unwrap();
        assert!(store.client().unwrap().is_some());
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
