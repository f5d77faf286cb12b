//! A router's part in the fleet without its gate: it enrols, waits for bundles, verifies and keeps them and compiles their
//! filter, all by the daemon's own code. A hundred of them fit in one process: `gapura bench policy` plays a fleet with them.
//!
//! What is deliberately absent: kernel and visitors, usage, heartbeat, and indexes of lists.

use std::path::Path;
use std::sync::Arc;

use gapura_model::{Generation, Name};
use gapura_runtime::{Clock, Tasks};
use gapura_wire::{BundleError, BundleOutcome, BundleVerdict, SpkiPin};

use crate::bundles::{BundleStore, StoredBundleError};
use crate::config::ControllerSection;
use crate::devices::Devices;
use crate::filter::{Filtering, Numbers, begin};
use crate::link::{Controller, Endpoint, EnrolError, IdentityStore, LinkError, Membership, connect, enrol};

/// Why a follower got no further.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct FollowError {
    what: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl FollowError {
    fn at<E: Into<Box<dyn std::error::Error + Send + Sync>>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self { what, source: source.into() }
    }
}

/// A member of the fleet that has the rules of its site in force, for nobody.
pub struct Follower {
    membership: Membership,
    controller: Controller,
    bundles: BundleStore,
    filtering: Arc<Filtering>,
}

impl Follower {
    /// Enrols with the code that `section` names and keeps all it has to keep in `directory`; waits for the approval.
    ///
    /// # Errors
    /// When the controller says no, or `directory` cannot be written.
    pub async fn enrol(
        directory: &Path,
        section: &ControllerSection,
        clock: Arc<dyn Clock>,
        tasks: &Tasks,
    ) -> Result<Self, FollowError> {
        let pin: SpkiPin = section.pin.parse().map_err(FollowError::at("read the controller's pin"))?;
        let failed = || FollowError::at::<EnrolError>("enrol");
        let identity = IdentityStore::open(directory).map_err(|error| failed()(error.into()))?;
        let membership = enrol(section, pin, &identity, tasks).await.map_err(failed())?;
        let endpoint = Endpoint::parse(&section.url).map_err(|error| failed()(error.into()))?;
        let controller = connect(&identity, membership.controller, &endpoint).map_err(failed())?;
        let devices = Devices::open(&[]).map_err(FollowError::at("open netlink"))?;
        let filtering =
            Filtering::open(directory, Arc::new(devices), Numbers::default(), clock, &[], Vec::new(), Vec::new());
        let bundles = BundleStore::new(directory);
        Ok(Self { membership, controller, bundles, filtering: Arc::new(filtering) })
    }

    /// Waits for the next bundle, at most as long as a router's question waits, and puts it in force; its number.
    ///
    /// # Errors
    /// When the controller does not answer, or what it sends is refused.
    pub async fn next(&self) -> Result<Option<Generation>, FollowError> {
        let text = self.controller.bundle(self.bundles.in_force()).await;
        let Some(text) = text.map_err(FollowError::at::<LinkError>("ask for a bundle"))? else { return Ok(None) };
        let read = self.bundles.verified(&text, &self.membership);
        let (signed, bundle) = read.map_err(FollowError::at::<BundleError>("verify a bundle"))?;
        self.bundles.keep(&signed).map_err(FollowError::at::<StoredBundleError>("keep a bundle"))?;
        let (filtering, generation) = (self.filtering.clone(), bundle.generation);
        let compiled = tokio::task::spawn_blocking(move || {
            filtering.take_bundle(&bundle);
            begin(&filtering);
        });
        compiled.await.map_err(FollowError::at("compile the rules"))?;
        self.bundles.set_in_force(generation);
        Ok(Some(generation))
    }

    /// Tells the controller that a bundle is in force.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn report(&self, generation: Generation) -> Result<(), FollowError> {
        let outcome = BundleOutcome { generation, verdict: BundleVerdict::Applied, detail: String::new() };
        self.controller.outcome(&outcome).await.map_err(FollowError::at("report a bundle"))
    }

    /// Whether the rules in force refuse this name to every visitor who is logged in.
    pub fn refuses(&self, name: &Name) -> bool {
        self.filtering.refuses_to_all(name)
    }
}
