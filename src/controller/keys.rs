//! The fleet's keys, in files of mode 0600 in the data directory: made once, never overwritten.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use gapura_model::Secret;
use gapura_runtime::{AtomicWriteError, atomic_write};
use gapura_wire::{BundleKey, BundleSigner, SpkiPin};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData as _,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::vault::Vault;

/// The keys of a fleet.
pub struct Keys {
    pub(crate) issuer: Issuer<'static, KeyPair>,
    pub(crate) fleet: CertificateDer<'static>,
    pub(crate) fleet_pem: String,
    server_certificate: CertificateDer<'static>,
    server_key: KeyPair,
    pub(crate) signer: BundleSigner,
    staff_seed: Secret<[u8; 32]>,
    pub(crate) vault: Vault,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("pin", &self.pin()).finish_non_exhaustive()
    }
}

/// The fleet's keys could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The directory or a file in it.
    #[error("cannot use {}: the controller needs a data directory of its own, writable by its user", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A new file could not be written.
    #[error("cannot keep a new key")]
    Write(#[from] AtomicWriteError),
    /// A file is not what it should be.
    #[error("{} is damaged: restore it from the backup; a new one would lock every router out", .0.display())]
    Damaged(PathBuf),
    /// A key or certificate could not be made.
    #[error("cannot make a key or certificate")]
    Make(#[from] rcgen::Error),
    /// A voucher's code could not be sealed.
    #[error("a voucher's code could not be sealed")]
    Seal,
    /// The system gave no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

impl Keys {
    /// Reads the keys in `directory`, making those that are not there yet. Processes take turns by a lock file.
    pub fn open(directory: &Path, public_name: &str) -> Result<Self, KeysError> {
        let _turn = lock(directory)?;
        let fleet_key = key_pair(&directory.join("fleet.key"))?;
        let fleet_path = directory.join("fleet.pem");
        let fleet_pem = kept(&fleet_path, || Ok(fleet_params().self_signed(&fleet_key)?.pem()))?;
        let damaged = || KeysError::Damaged(fleet_path.clone());
        let fleet = CertificateDer::from_pem_slice(fleet_pem.as_bytes()).map_err(|_| damaged())?;
        let issuer = Issuer::from_ca_cert_der(&fleet, fleet_key).map_err(|_| damaged())?;

        let server_key = key_pair(&directory.join("server.key"))?;
        // Made anew at each start: gateways trust the key by its pin, and the name may have changed.
        let server_certificate = server_params(public_name)?.signed_by(&server_key, &issuer)?.der().clone();

        let signer = BundleSigner::from_seed(seed(&directory.join("bundle.seed"))?.expose());
        let staff_seed = seed(&directory.join("staff.seed"))?;
        let vault = Vault::new(seed(&directory.join("voucher.key"))?.expose());
        Ok(Self { issuer, fleet, fleet_pem, server_certificate, server_key, signer, staff_seed, vault })
    }

    /// The pin by which gateways know this controller.
    pub fn pin(&self) -> SpkiPin {
        SpkiPin::of_spki(&self.server_key.subject_public_key_info())
    }

    /// The key that bundles are checked with.
    pub fn bundle_key(&self) -> BundleKey {
        self.signer.public()
    }

    /// A certificate chain for another name of this machine, and its key.
    pub(crate) fn server_for(
        &self,
        public_name: &str,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), KeysError> {
        let certificate = server_params(public_name)?.signed_by(&self.server_key, &self.issuer)?.der().clone();
        let key = PrivatePkcs8KeyDer::from(self.server_key.serialize_der());
        Ok((vec![certificate, self.fleet.clone()], PrivateKeyDer::Pkcs8(key)))
    }

    /// What secrets of staff are sealed with, so that the database alone gives none away.
    pub(crate) const fn staff_seed(&self) -> &[u8; 32] {
        self.staff_seed.expose()
    }

    /// The server's certificate chain and key, for TLS.
    pub(crate) fn server(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = PrivatePkcs8KeyDer::from(self.server_key.serialize_der());
        (vec![self.server_certificate.clone(), self.fleet.clone()], PrivateKeyDer::Pkcs8(key))
    }
}

/// Makes `directory` (mode 0700) if needed and waits for its lock: processes take turns until the file is dropped. Blocks.
pub(crate) fn lock(directory: &Path) -> Result<File, KeysError> {
    let file_error = |path: &Path| {
        let path = path.to_owned();
        move |source| KeysError::File { path, source }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(file_error(directory))?;
    let path = directory.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = file.map_err(file_error(&path))?;
    file.lock().map_err(file_error(&path))?;
    Ok(file)
}

/// `N` random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KeysError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(KeysError::Random)?;
    Ok(bytes)
}

/// 32 random bytes in a file, as 64 hexadecimal digits.
fn seed(path: &Path) -> Result<Secret<[u8; 32]>, KeysError> {
    let text = kept(path, || random::<32>().map(|seed| gapura_wire::Sha256::from_bytes(seed).to_string()))?;
    let seed: gapura_wire::Sha256 = text.trim().parse().map_err(|_| KeysError::Damaged(path.to_owned()))?;
    Ok(Secret::new(*seed.as_bytes()))
}

fn key_pair(path: &Path) -> Result<KeyPair, KeysError> {
    let pem = kept(path, || Ok(KeyPair::generate()?.serialize_pem()))?;
    KeyPair::from_pem(&pem).map_err(|_| KeysError::Damaged(path.to_owned()))
}

/// The file's text; made and kept with mode 0600 if there is no such file.
fn kept(path: &Path, make: impl FnOnce() -> Result<String, KeysError>) -> Result<String, KeysError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = make()?;
            atomic_write(path, text.as_bytes(), 0o600)?;
            Ok(text)
        }
        Err(source) => Err(KeysError::File { path: path.to_owned(), source }),
    }
}

fn fleet_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("Gapura fleet");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn server_params(public_name: &str) -> Result<CertificateParams, KeysError> {
    let mut params = CertificateParams::new(vec![public_name.to_owned()])?;
    params.distinguished_name = name("Gapura controller");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

pub(crate) fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}
