//! Breaking one thing on purpose: a story that still says "ok" would prove nothing.

use std::sync::atomic::Ordering;

use gapura_model::MacAddr;

use super::Scene;
use crate::LabError;

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Sabotage {
    /// What the visitor sends is thrown away as if the gate had forgotten the session.
    Session,
    /// The quota plan has no limit.
    Quota,
    /// Somebody opens the site again right after it closed.
    Hours,
    /// The resolver upstream answers nothing.
    Dns,
    /// The gateway is stopped while the ruleset is flushed: nobody repairs it.
    Flush,
    /// The office publishes no SOP.
    Filter,
    /// The controller takes no batches.
    Ingest,
}

impl Scene {
    /// Whether this is what is broken.
    pub(super) fn breaks(&self, what: Sabotage) -> bool {
        self.sabotage == Some(what)
    }

    /// `dns`: upstream's resolver falls silent.
    pub(super) fn silence_resolver(&self) {
        if self.breaks(Sabotage::Dns) {
            self.site.lab().upstream().seen().resolver_silent.store(true, Ordering::Relaxed);
        }
    }

    /// `session`: a table of somebody else's throws away what the device sends, as if the gate had forgotten it. (The
    /// gate's own table belongs to the daemon where the kernel knows owners: nobody else can take an element out.)
    pub(super) fn forget_session(&self, mac: MacAddr) -> Result<(), LabError> {
        if !self.breaks(Sabotage::Session) {
            return Ok(());
        }
        let rules = format!(
            "add table inet sabotage
             add chain inet sabotage out {{ type filter hook forward priority -200; policy accept; }}
             add rule inet sabotage out ether saddr {mac} drop\n"
        );
        self.site.lab().gw().nft(&rules).map(drop)
    }

    /// `ingest`: the controller's machine refuses whatever comes from the gateway.
    pub(super) fn refuse_ingest(&self) -> Result<(), LabError> {
        if !self.breaks(Sabotage::Ingest) {
            return Ok(());
        }
        let rules = "add table inet sabotage
            add chain inet sabotage in { type filter hook input priority -200; policy accept; }
            add rule inet sabotage in iifname net0 meta l4proto tcp reject with tcp reset\n";
        self.site.lab().ctl().nft(rules).map(drop)
    }
}
