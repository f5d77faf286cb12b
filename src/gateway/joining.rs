//! Joining the fleet: enrolment with the controller, then the link to it.

use std::sync::Arc;

use gapura_runtime::{Clock, Tasks};
use gapura_wire::{PortalBase, SpkiPin};
use tokio::sync::OnceCell;

use crate::bundles::BundleStore;
use crate::config::ControllerSection;
use crate::filter::Filtering;
use crate::gate::{Command, Handle};
use crate::link::{self, Endpoint, IdentityStore, Link};
use crate::requests::Requests;

/// Everything that joining the fleet needs.
pub(crate) struct Joining {
    pub(crate) section: ControllerSection,
    pub(crate) identity: IdentityStore,
    pub(crate) bundles: Arc<BundleStore>,
    pub(crate) filtering: Arc<Filtering>,
    pub(crate) requests: Arc<Requests>,
    pub(crate) link: Arc<OnceCell<Link>>,
    pub(crate) gate: Handle,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where visitors reach the portal.
    pub(crate) portal: Option<PortalBase>,
}

impl Joining {
    /// Enrols, or goes on as the member it is, in a task of its own; the site does not wait for it.
    pub(crate) fn start(self, tasks: &Tasks) {
        let tasks_of_link = tasks.clone();
        tasks.spawn("link", async move { self.join(tasks_of_link).await });
    }

    async fn join(self, tasks: Tasks) {
        if let Err(error) = self.try_join(&tasks).await {
            tracing::error!(error = %gapura_model::with_causes(error.as_ref()), "this router is not in the fleet; the site goes on with what it has");
        }
    }

    async fn try_join(self, tasks: &Tasks) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let pin: SpkiPin = self.section.pin.parse()?;
        let membership = link::enrol(&self.section, pin, &self.identity, tasks).await?;
        let endpoint = Endpoint::parse(&self.section.url)?;
        self.gate.tell(Command::Joined(membership.gateway.clone()));
        let link = Link::new(
            self.gate,
            self.clock,
            self.identity,
            membership,
            endpoint,
            self.bundles,
            (self.filtering, self.requests),
        )?
        .with_portal(self.portal);
        link::serve(&link, tasks);
        // Set once: enrolment happens once in a run.
        let _ = self.link.set(link);
        Ok(())
    }
}
