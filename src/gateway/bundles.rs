//! The last good bundle on disk, and which generation is in force.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use gapura_model::{Generation, SiteId};
use gapura_runtime::{AtomicWriteError, atomic_write};
use gapura_wire::{Bundle, BundleError, BundleKey, SignedBundle};

use crate::link::Membership;

/// `bundle.json` in the data directory: the signed bundle exactly as it came, replaced as a whole.
#[derive(Debug)]
pub(crate) struct BundleStore {
    path: PathBuf,
    in_force: AtomicU64,
}

/// Why there is no bundle from disk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoredBundleError {
    /// It could not be read.
    #[error("cannot read {0}")]
    Read(PathBuf, #[source] std::io::Error),
    /// It is damaged or not ours.
    #[error("the stored bundle {0} cannot be used")]
    Wrong(PathBuf, #[source] BundleError),
    /// It could not be written.
    #[error("cannot keep the bundle")]
    Write(#[from] AtomicWriteError),
}

impl BundleStore {
    /// Looks in the data directory; nothing is read yet.
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self { path: data_dir.join("bundle.json"), in_force: AtomicU64::new(0) }
    }

    /// The data directory.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// The generation in force; 0 before the first.
    pub(crate) fn in_force(&self) -> Generation {
        Generation::new(self.in_force.load(Ordering::Acquire))
    }

    /// Says that a generation was applied; never goes backwards.
    pub(crate) fn set_in_force(&self, generation: Generation) {
        self.in_force.fetch_max(generation.get(), Ordering::AcqRel);
    }

    /// The bundle of an earlier run, verified again, or `None` on the first run.
    ///
    /// # Errors
    /// [`StoredBundleError`] when a file is there and cannot be used; the site then waits for the controller.
    pub(crate) fn stored(&self, key: &BundleKey, site: &SiteId) -> Result<Option<Bundle>, StoredBundleError> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoredBundleError::Read(self.path.clone(), error)),
        };
        let wrong = |error| StoredBundleError::Wrong(self.path.clone(), error);
        let signed = SignedBundle::from_json(&text).map_err(wrong)?;
        signed.verify(key, site, self.in_force()).map(Some).map_err(wrong)
    }

    /// Reads a bundle that came: signed by the fleet, for this site, newer than the one in force. What the site's rules
    /// contradict is refused too, for it must not be stored: a restart would begin with it.
    ///
    /// # Errors
    /// Why the one in force stays.
    pub(crate) fn verified(&self, text: &[u8], membership: &Membership) -> Result<(SignedBundle, Bundle), BundleError> {
        let signed = SignedBundle::from_json(text)?;
        let bundle = signed.verify(&membership.bundle_key, &membership.site, self.in_force())?;
        crate::policy::session_policy(&bundle, &[]).map_err(BundleError::Contradiction)?;
        Ok((signed, bundle))
    }

    /// Keeps a verified bundle: temporary file, fsync, rename.
    ///
    /// # Errors
    /// When the disk refuses; the one before stays.
    pub(crate) fn keep(&self, signed: &SignedBundle) -> Result<(), StoredBundleError> {
        let text = signed.to_json().map_err(|error| StoredBundleError::Wrong(self.path.clone(), error))?;
        Ok(atomic_write(&self.path, &text, 0o600)?)
    }
}
