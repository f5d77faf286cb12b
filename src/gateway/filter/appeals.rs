//! Appeals that citizens filed here: on disk before the citizen has the number, until the controller has them; after that only
//! the number and what it was about.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use captive_portal::{AppealState, Followed, Stage};
use gapura_model::{Name, Reference};
use gapura_runtime::{AtomicWriteError, atomic_write};
use gapura_wire::{Appeal, AppealAnswer, AppealVerdict, AppealsAck};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Appeals that may wait for the controller at once.
const WAITING: usize = 500;
/// Numbers remembered, waiting ones included.
const KEPT: usize = 2_000;
/// A number is remembered this long.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The box at this site.
pub(crate) struct Appeals {
    path: PathBuf,
    kept: Mutex<BTreeMap<Reference, Kept>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    /// What it is about.
    name: String,
    filed: Timestamp,
    /// The whole of it, until the controller has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    appeal: Option<Appeal>,
    /// What the controller will never store, and why: shown as a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// Why an appeal was not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotKept {
    /// Too many wait for the controller.
    #[error("{WAITING} appeals wait for the controller already")]
    Full,
    /// The disk refused.
    #[error("appeals cannot be written down")]
    Disk(#[from] AtomicWriteError),
}

impl Appeals {
    /// Goes on with what is kept in `directory`. A file that cannot be read is set aside.
    pub(crate) fn open(directory: &Path) -> Self {
        let path = directory.join("appeals.json");
        let kept = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                tracing::error!(%error, "the file of appeals cannot be read; it is set aside and a new one begun");
                let _ = std::fs::rename(&path, path.with_extension("json.damaged"));
                BTreeMap::new()
            }),
            Err(_) => BTreeMap::new(),
        };
        Self { path, kept: Mutex::new(kept) }
    }

    /// Keeps an appeal; it is on disk when this returns.
    ///
    /// # Errors
    /// [`NotKept`]; nothing is kept then.
    pub(crate) fn file(&self, name: &Name, appeal: Appeal) -> Result<(), NotKept> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.values().filter(|kept| kept.appeal.is_some()).count() >= WAITING {
            return Err(NotKept::Full);
        }
        let mut next = kept.clone();
        forget(&mut next, appeal.at);
        let reference = appeal.reference;
        next.insert(reference, Kept { name: name.to_string(), filed: appeal.at, appeal: Some(appeal), refused: None });
        write(&self.path, &next)?;
        *kept = next;
        Ok(())
    }

    /// Appeals the controller has not, oldest first, at most `most`.
    pub(crate) fn waiting(&self, most: usize) -> Vec<Appeal> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waiting: Vec<Appeal> = kept.values().filter_map(|kept| kept.appeal.clone()).collect();
        waiting.sort_by_key(|appeal| appeal.at);
        waiting.truncate(most);
        waiting
    }

    /// The controller has some of them.
    pub(crate) fn told(&self, ack: &AppealsAck) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for reference in &ack.stored {
            if let Some(kept) = kept.get_mut(reference) {
                kept.appeal = None;
            }
        }
        for refused in &ack.refused {
            tracing::warn!(why = refused.reason, "the controller will not take an appeal");
            if let Some(kept) = kept.get_mut(&refused.reference) {
                kept.appeal = None;
                kept.refused = Some(refused.reason.clone());
            }
        }
        if let Err(error) = write(&self.path, &kept) {
            // Sent again after a restart: the controller counts it once.
            tracing::warn!(error = %gapura_model::with_causes(&error), "the state of appeals could not be written down");
        }
    }

    /// How far an appeal is; `answers` are those of the bundle in force.
    pub(crate) fn state(&self, reference: Reference, answers: &[AppealAnswer]) -> Followed {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&reference).cloned();
        let answer = answers.iter().find(|answer| answer.reference == reference);
        let name = kept.as_ref().map(|kept| kept.name.clone()).or_else(|| answer.map(|answer| answer.subject.clone()));
        let Some(name) = name.and_then(|name| name.parse::<Name>().ok()) else { return Followed::NotFound };
        let filed = kept.as_ref().map(|kept| kept.filed).or_else(|| answer.map(|answer| answer.filed));
        let decided = answer.map(|answer| Stage::Decided {
            granted: answer.verdict == AppealVerdict::Accepted,
            opened: answer.in_force == Some(true),
            words: answer.words.clone(),
            at: answer.decided,
            until: answer.until,
        });
        let stage = match (decided, &kept) {
            (Some(decided), _) => decided,
            (None, Some(Kept { appeal: Some(_), .. })) => Stage::Waiting,
            (None, _) => Stage::Received,
        };
        let filed = filed.unwrap_or(Timestamp::UNIX_EPOCH);
        Followed::Found(Box::new(AppealState { name, filed, stage }))
    }
}

/// Drops numbers that are old, then the oldest that nobody waits for.
fn forget(kept: &mut BTreeMap<Reference, Kept>, now: Timestamp) {
    kept.retain(|_, kept| kept.appeal.is_some() || kept.filed.duration_until(now) <= REMEMBERED);
    while kept.len() >= KEPT {
        let settled = kept.iter().filter(|(_, kept)| kept.appeal.is_none());
        let Some(oldest) = settled.min_by_key(|(_, kept)| kept.filed).map(|(reference, _)| *reference) else { return };
        kept.remove(&oldest);
    }
}

fn write(path: &Path, kept: &BTreeMap<Reference, Kept>) -> Result<(), AtomicWriteError> {
    atomic_write(path, &serde_json::to_vec(kept).unwrap_or_default(), 0o600)
}
