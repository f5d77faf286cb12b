//! What carries changes from one room to another.

use std::sync::Arc;

use captive_portal::{Look, Portal};
use gapura_rules::sop::Garden;
use gapura_wire::Bundle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::filter::Filtering;
use crate::gate::{self, Command, Handle};
use crate::names::Known;
use crate::portal::Door;
use crate::requests::Requests;
use crate::serving::Dns;

/// Who is told of each bundle that is in force.
pub(crate) fn tell_of_bundles(
    config: &Config,
    filtering: &Arc<Filtering>,
    requests: &Arc<Requests>,
    known: &watch::Sender<Arc<Known>>,
    looks: watch::Sender<Option<Look>>,
) -> gate::OnPolicy {
    // Where a visitor finds the portal again.
    let first = config.lan.first().map(|lan| lan.address.address.to_string());
    let address = config.portal.name.clone().or(first);
    let (filtering, requests, known) = (filtering.clone(), requests.clone(), known.clone());
    Box::new(move |bundle: &Bundle| {
        filtering.take_bundle(bundle);
        requests.take_bundle(bundle);
        known.send_modify(|known| {
            let mut next = Known::clone(known);
            next.set_garden(&bundle.garden);
            *known = Arc::new(next);
        });
        looks.send_replace(Some(crate::policy::portal_look(bundle, address.as_deref())));
    })
}

/// Who is told of the gateway's addresses on visitor bridges.
pub(crate) fn tell_of_addresses(
    filtering: &Arc<Filtering>,
    addresses: watch::Sender<Vec<std::net::IpAddr>>,
) -> gate::OnAddresses {
    let filtering = filtering.clone();
    Box::new(move |found: &[std::net::IpAddr]| {
        filtering.take_addresses(found);
        drop(addresses.send_replace(found.to_vec()));
    })
}

/// Carries what SOPs open before login to the resolver and the gate.
pub(crate) async fn follow_garden(
    mut garden: watch::Receiver<Garden>,
    known: watch::Sender<Arc<Known>>,
    gate: Handle,
    stopping: CancellationToken,
) {
    loop {
        let now = garden.borrow_and_update().clone();
        known.send_modify(|known| {
            let opened = now.names.iter().map(|(name, _)| *name).collect();
            *known = Arc::new(Known { opened, ..Known::clone(known) });
        });
        let networks =
            now.addresses.iter().filter_map(|(prefix, _)| gapura_kernel::Net::new(prefix.first(), prefix.length()));
        gate.tell(Command::OpenBeforeLogin(networks.collect()));
        tokio::select! {
            () = stopping.cancelled() => return,
            changed = garden.changed() => if changed.is_err() { return },
        }
    }
}

/// Carries the bundle's zones with servers of their own to the resolver.
pub(crate) async fn follow_zones(dns: Arc<Dns>, filtering: Arc<Filtering>, stopping: CancellationToken) {
    let mut bundles = filtering.bundles();
    loop {
        let zones = bundles.borrow_and_update().as_ref().map(|sited| sited.forwards()).unwrap_or_default();
        if let Err(error) = dns.set_forwards(zones) {
            tracing::error!(error = %gapura_model::with_causes(&error), "zones with resolvers of their own stay as they were");
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            changed = bundles.changed() => if changed.is_err() { return },
        }
    }
}

/// Has the resolver serve the gateway's addresses as they come.
pub(crate) async fn follow_addresses(
    dns: Arc<Dns>,
    mut addresses: watch::Receiver<Vec<std::net::IpAddr>>,
    stopping: CancellationToken,
) {
    loop {
        let now = addresses.borrow_and_update().clone();
        if let Err(error) = dns.serve(&now) {
            tracing::warn!(error = %gapura_model::with_causes(&error), "the resolver could not take a new address");
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            changed = addresses.changed() => if changed.is_err() { return },
        }
    }
}

/// Dresses the portal as bundles say.
pub(crate) async fn follow_looks(
    portal: Portal<Door>,
    mut looks: watch::Receiver<Option<Look>>,
    stopping: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            changed = looks.changed() => if changed.is_err() { return },
        }
        let look = looks.borrow_and_update().clone();
        if let Some(look) = look
            && let Err(error) = portal.dress(look)
        {
            tracing::error!(error = %gapura_model::with_causes(&error), "the portal keeps its former look");
        }
    }
}
