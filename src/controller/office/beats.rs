//! Heartbeats and outcomes of bundles: small, and from the whole fleet within a minute, or at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gapura_model::Generation;
use gapura_store::{HeartbeatOf, OutcomeOf};
use gapura_wire::{
    AuditAnchor, BundleOutcome, BundleVerdict, Heartbeat, HeartbeatReply, SignedTime, VoucherTag, limits,
};

use super::enrol::Member;
use super::together::{Together, at_once_or_alone};
use super::{Office, OfficeError, write_json};
use crate::condition::{Condition, Known};

/// So many in one transaction.
const MOST: usize = 500;

/// Heartbeats that wait for the writer's turn.
pub(super) type Beats = Together<Beat, Result<Kept, OfficeError>>;
/// Outcomes that do.
pub(super) type Outcomes = Together<Outcome, Result<(), OfficeError>>;

/// A heartbeat.
#[derive(Debug)]
pub(super) struct Beat {
    from: Member,
    said: Heartbeat,
    /// Without its nonce, JSON.
    text: String,
}

/// What is said back besides the time.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    generation: Generation,
    recalled: Vec<VoucherTag>,
    audit: Option<AuditAnchor>,
}

/// What a gateway did with a bundle.
#[derive(Debug)]
pub(super) struct Outcome {
    from: Member,
    offered: Generation,
    verdict: String,
    applied: bool,
    detail: String,
}

impl Office {
    /// Keeps a heartbeat and answers with the time.
    pub(crate) async fn heartbeat(&self, from: &Member, beat: Heartbeat) -> Result<HeartbeatReply, OfficeError> {
        let text = write_json(&Heartbeat { nonce: Vec::new(), ..beat.clone() }, "a heartbeat")?;
        self.unfiltered.hear(&from.gateway, beat.filter);
        let (nonce, runs) = (beat.nonce.clone(), beat.generation);
        let beat = Beat { from: from.clone(), said: beat, text };
        let write = |beats| at_once_or_alone(beats, |some| self.keep_beats(some));
        let Kept { mut generation, recalled, audit } = self.beats.join((beat, 1), MOST, write).await?;
        if runs > generation {
            // It would wait for a number above its own, and nothing that staff change would reach it.
            tracing::warn!(gateway = %from.gateway, %runs, known = %generation, "a router runs a newer bundle than this database knows, as after a restored backup: publishing above it");
            let published = self.publish_for(&from.site).await?;
            generation = published.last().map_or(generation, |published| published.generation);
        }
        let time = SignedTime::sign(&self.keys.signer, from.gateway.clone(), nonce, self.now())
            .map_err(|error| OfficeError::Write("the time", error.into()))?;
        Ok(HeartbeatReply { time, generation, renew: from.renew, recalled, audit })
    }

    async fn keep_beats(&self, beats: Vec<Arc<Beat>>) -> Result<Vec<Kept>, OfficeError> {
        let now = self.now();
        // Of two of the same router the later one.
        let last: BTreeMap<(&str, &str), &Beat> =
            beats.iter().map(|beat| ((beat.from.site.as_str(), beat.from.gateway.as_str()), &**beat)).collect();
        let rows: Vec<HeartbeatOf<'_>> =
            last.iter().map(|((site, gateway), beat)| (*site, *gateway, beat.text.as_str())).collect();
        let routers: Vec<(&str, &str)> = last.keys().copied().collect();
        let sites: BTreeSet<&str> = routers.iter().map(|(site, _)| *site).collect();
        let sites: Vec<&str> = sites.into_iter().collect();
        let mut tx = self.store.write().await?;
        tx.put_heartbeats(&rows, now).await?;
        let open = tx.states_of(&routers).await?;
        let open: BTreeMap<(&str, &str), &str> =
            open.iter().map(|row| ((row.site.as_str(), row.gateway.as_str()), row.state.as_str())).collect();
        for (router, beat) in &last {
            let state = Condition::of(Known::just_said(&beat.said, now), now).id();
            if open.get(router) != Some(&state) {
                tx.put_state((&beat.from.site, &beat.from.gateway), state, now).await?;
            }
        }
        let (recalled, newest) = (tx.sites_recalled(&sites).await?, tx.newest_bundles(&sites).await?);
        let audit = super::anchor::last(&mut tx).await?;
        let mut kept = Vec::with_capacity(beats.len());
        for beat in &beats {
            let site = &beat.from.site;
            let recalled = if recalled.contains(site.as_str()) {
                super::share::recalled(&mut tx, site, now).await?
            } else {
                Vec::new()
            };
            let number = newest.get(site.as_str()).map_or(0, |row| u64::try_from(row.generation).unwrap_or_default());
            kept.push(Kept { generation: Generation::new(number), recalled, audit: audit.clone() });
        }
        tx.commit().await?;
        Ok(kept)
    }

    /// Keeps what a gateway did with a bundle.
    pub(crate) async fn outcome(&self, from: &Member, outcome: &BundleOutcome) -> Result<(), OfficeError> {
        let verdict = serde_json::to_value(outcome.verdict).ok().and_then(|value| value.as_str().map(str::to_owned));
        let verdict = verdict.unwrap_or_else(|| "other".to_owned());
        let applied = outcome.verdict == BundleVerdict::Applied;
        if !applied {
            tracing::warn!(gateway = %from.gateway, generation = %outcome.generation, verdict, "bundle not applied");
        }
        let detail = outcome.detail.chars().filter(|c| !c.is_control()).take(limits::TEXT_CHARS).collect();
        let outcome = Outcome { from: from.clone(), offered: outcome.generation, verdict, applied, detail };
        let write = |outcomes| at_once_or_alone(outcomes, |some| self.keep_outcomes(some));
        self.outcomes.join((outcome, 1), MOST, write).await
    }

    async fn keep_outcomes(&self, outcomes: Vec<Arc<Outcome>>) -> Result<Vec<()>, OfficeError> {
        let (now, mut tx) = (self.now(), self.store.write().await?);
        let mut rest: Vec<&Outcome> = outcomes.iter().map(|outcome| &**outcome).collect();
        while !rest.is_empty() {
            // A statement takes each router once; what it said after that comes in the next.
            let mut named = BTreeSet::new();
            let (first, behind): (Vec<_>, Vec<_>) =
                rest.into_iter().partition(|one| named.insert((&one.from.site, &one.from.gateway)));
            let rows: Vec<OutcomeOf<'_>> = first.into_iter().map(Outcome::row).collect();
            tx.put_outcomes(&rows, now).await?;
            rest = behind;
        }
        tx.commit().await?;
        for outcome in &outcomes {
            self.meters.verdict(&outcome.verdict);
        }
        Ok(vec![(); outcomes.len()])
    }
}

impl Outcome {
    fn row(&self) -> OutcomeOf<'_> {
        OutcomeOf {
            site: self.from.site.as_str(),
            gateway: self.from.gateway.as_str(),
            offered: self.offered,
            verdict: &self.verdict,
            applied: self.applied,
            detail: &self.detail,
        }
    }
}
