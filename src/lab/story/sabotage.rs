//! Breaking one thing on purpose: a story that still says "ok" would prove nothing.

use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;

use gapura_model::MacAddr;
use serde_json::Value;

use super::Scene;
use crate::child::{Guarded, output_of};
use crate::text::put;
use crate::{LabError, Ns};

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Sabotage {
    /// The kernel forgets the visitor's session again and again.
    Session,
    /// The quota plan has no limit.
    Quota,
    /// Somebody opens the site again right after it closed.
    Hours,
    /// The resolver upstream answers nothing.
    Dns,
    /// The gateway is stopped while the ruleset is flushed: nobody repairs it.
    Flush,
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

    /// `session`: for as long as the guard lives, every set or map of the gateway's tables that holds the device is
    /// emptied of it every 20 ms.
    pub(super) fn forget_session(&self, mac: MacAddr) -> Result<Option<Guarded>, LabError> {
        if !self.breaks(Sabotage::Session) {
            return Ok(None);
        }
        let gw = self.site.lab().gw();
        let mut flushes = String::new();
        for (kind, family, table, name) in holders(gw, &mac.to_string())? {
            put(&mut flushes, format_args!("flush {kind} {family} {table} {name}; "));
        }
        if flushes.is_empty() {
            return Err(LabError::answer("sabotage session", "no set or map of the gateway holds the visitor"));
        }
        let mut command: Command = gw.command("sh");
        command.args(["-c", r#"i=0; while [ $i -lt 500 ]; do nft "$0"; sleep 0.02; i=$((i+1)); done"#, &flushes]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Guarded::start(command).map(Some)
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

/// Sets and maps that hold `text`: `set` or `map`, family, table, name.
fn holders(ns: &Ns, text: &str) -> Result<Vec<(String, String, String, String)>, LabError> {
    let mut command = ns.command("nft");
    command.args(["-j", "list", "ruleset"]);
    let answer: Value = serde_json::from_str(&output_of(command, None)?)
        .map_err(|error| LabError::answer("nft list ruleset", error.to_string()))?;
    let mut found = Vec::new();
    for object in answer.get("nftables").and_then(Value::as_array).into_iter().flatten() {
        for kind in ["set", "map"] {
            let Some(set) = object.get(kind) else { continue };
            if set.get("elem").is_some_and(|elements| elements.to_string().contains(text)) {
                let of = |key: &str| set.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                found.push((kind.to_owned(), of("family"), of("table"), of("name")));
            }
        }
    }
    Ok(found)
}
