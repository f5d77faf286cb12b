//! How one gateway fares under a new revision: what was seen of it so far, and what that means. Pure.

use std::collections::{BTreeMap, BTreeSet};

use gapura_model::{BootId, GatewayId, SiteKind};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::office::GatewayStanding;

/// What is wrong with a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// It refused a bundle with the revision, or could not apply it.
    Refused,
    /// Its content filter was in force and is not any more.
    Unfiltered,
    /// It served and fell silent.
    Silent,
    /// It served and is degraded now.
    Degraded,
    /// It was started anew again and again.
    Restarts,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Refused, Self::Unfiltered, Self::Silent, Self::Degraded, Self::Restarts];

    /// Whether the gateway is lost, which may also have other reasons (a power cut); refusing has none.
    pub(crate) const fn is_loss(self) -> bool {
        matches!(self, Self::Silent | Self::Degraded | Self::Restarts)
    }

    /// The message that says that it stopped a rollout.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Refused => "cause-refused",
            Self::Unfiltered => "cause-unfiltered",
            Self::Silent => "cause-silent",
            Self::Degraded => "cause-degraded",
            Self::Restarts => "cause-restarts",
        }
    }

    /// Its name in JSON and in keys of messages.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unfiltered => "unfiltered",
            Self::Silent => "silent",
            Self::Degraded => "degraded",
            Self::Restarts => "restarts",
        }
    }
}

/// How a gateway is, as far as a rollout asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Revoked, never heard, or without an uplink: nothing is to be expected of it now.
    Away,
    /// Not heard for a while.
    Silent,
    /// Heard, and not ready yet.
    Starting,
    /// Heard, with a fault of its own.
    Degraded,
    /// Heard, and as it should be (also outside its hours).
    Up,
}

/// What is known of a gateway now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fact {
    pub(crate) presence: Presence,
    /// It lives with days without uplink: its silence says nothing.
    pub(crate) remote: bool,
    /// The bundle in force there.
    pub(crate) in_force: u64,
    /// The last bundle it judged, if it was not applied.
    pub(crate) refused: Option<u64>,
    /// Its content filter is in force; a router that does not say so is believed.
    pub(crate) filtered: bool,
    pub(crate) boot: Option<BootId>,
}

impl Fact {
    /// Of a gateway as it stands.
    pub(crate) fn of(one: &GatewayStanding) -> Self {
        let presence = match one.condition {
            Condition::Revoked { .. } | Condition::NeverHeard | Condition::UplinkDown { .. } => Presence::Away,
            Condition::Silent { .. } => Presence::Silent,
            Condition::Starting => Presence::Starting,
            Condition::Degraded => Presence::Degraded,
            Condition::Serving | Condition::Unfiltered | Condition::Closed { .. } | Condition::OpenInEmergency => {
                Presence::Up
            }
        };
        let applied = one.verdict.as_deref() == Some("applied");
        Self {
            presence,
            remote: matches!(one.kind, SiteKind::Mplik | SiteKind::Telecenter),
            in_force: one.in_force,
            refused: one.offered.filter(|_| !applied),
            filtered: one.beat.as_ref().and_then(|beat| beat.filter).is_none_or(|filter| filter.in_force),
            boot: one.beat.as_ref().map(|beat| beat.boot),
        }
    }

    const fn is_heard(self) -> bool {
        matches!(self.presence, Presence::Starting | Presence::Degraded | Presence::Up)
    }
}

/// What was seen of a gateway since its wave began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Seen {
    /// It was up at some time.
    pub(crate) sound: bool,
    /// Its filter was in force at some time.
    pub(crate) filtered: bool,
    /// Since when (UTC) it runs the revision with its filter in force.
    pub(crate) well: Option<Timestamp>,
    /// Since when (UTC) its filter is not in force.
    pub(crate) unfiltered: Option<Timestamp>,
    /// The run of its kernel.
    pub(crate) boot: Option<BootId>,
    /// When it was seen to have changed, within the last hour (UTC).
    pub(crate) restarts: Vec<Timestamp>,
    /// Troubles it is in, in spite of which somebody went on.
    pub(crate) accepted: BTreeSet<Trouble>,
}

/// How a gateway stands with a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It runs it, and its filter is in force, since then (UTC).
    Well(Timestamp),
    /// Something is wrong.
    Ill(Trouble),
    /// It is heard, and does not run it yet.
    Coming,
    /// It is not heard; it will take it when it is back.
    Away,
}

/// A filter may be out of force for so long: it is compiled anew, or its lists are on their way.
const UNFILTERED: SignedDuration = SignedDuration::from_mins(3);
/// So many new runs of the kernel ..
const RESTARTS: usize = 2;
/// .. within so long are no accident. A car and a village's solar power begin anew every morning: theirs say nothing.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);

impl Seen {
    /// What is known after a look at `now`; `generation` is the first bundle of its site with the revision.
    #[must_use]
    pub(crate) fn look(mut self, fact: Fact, generation: u64, now: Timestamp) -> Self {
        if fact.is_heard() {
            self.sound |= fact.presence == Presence::Up;
            self.filtered |= fact.filtered;
            if self.boot.is_some() && fact.boot.is_some() && self.boot != fact.boot {
                self.restarts.push(now);
            }
            self.boot = fact.boot.or(self.boot);
            self.unfiltered = (!fact.filtered).then(|| self.unfiltered.unwrap_or(now));
            let well = fact.in_force >= generation && fact.filtered;
            self.well = well.then(|| self.well.unwrap_or(now));
        }
        self.restarts.retain(|at| now.duration_since(*at) < AGAIN);
        let troubles = self.troubles(fact, generation, now);
        self.accepted.retain(|trouble| troubles.contains(trouble));
        self
    }

    /// All that is wrong with it.
    pub(crate) fn troubles(&self, fact: Fact, generation: u64, now: Timestamp) -> BTreeSet<Trouble> {
        let unfiltered = self.unfiltered.is_some_and(|since| now.duration_since(since) >= UNFILTERED);
        let all = [
            (Trouble::Refused, refuses(fact, generation)),
            (Trouble::Unfiltered, self.filtered && unfiltered && fact.is_heard()),
            (Trouble::Silent, self.sound && fact.presence == Presence::Silent && !fact.remote),
            (Trouble::Degraded, self.sound && fact.presence == Presence::Degraded),
            (Trouble::Restarts, self.restarts.len() >= RESTARTS && !fact.remote),
        ];
        all.into_iter().filter(|(_, is)| *is).map(|(trouble, _)| trouble).collect()
    }

    /// How it stands.
    pub(crate) fn standing(&self, fact: Fact, generation: u64, now: Timestamp) -> Standing {
        match (self.troubles(fact, generation, now).first(), self.well) {
            (Some(trouble), _) => Standing::Ill(*trouble),
            (None, Some(since)) => Standing::Well(since),
            (None, None) if fact.is_heard() => Standing::Coming,
            (None, None) => Standing::Away,
        }
    }

    /// Somebody goes on in spite of what is wrong now.
    pub(crate) fn accept(&mut self, fact: Fact, generation: u64, now: Timestamp) {
        self.accepted = self.troubles(fact, generation, now);
    }
}

/// What a gateway refuses that runs the revision already came later, for another reason.
const fn refuses(fact: Fact, generation: u64) -> bool {
    fact.in_force < generation && matches!(fact.refused, Some(offered) if offered >= generation)
}

/// What was seen of a site since its wave began, as the database keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct SiteSeen {
    pub(crate) gateways: BTreeMap<GatewayId, Seen>,
    /// When a gateway of it was first seen to run the revision (UTC): refusals of hours before are the former revision's.
    pub(crate) taken: Option<Timestamp>,
    /// Somebody went on: a gateway that has not taken the revision holds nobody up any more.
    pub(crate) waived: bool,
    /// What the SOP had refused within the hour in which it was taken, before that.
    pub(crate) before: u64,
    /// What it refused in the busiest hour of the week before.
    pub(crate) busiest: u64,
    /// What it refused in the busiest hour since.
    pub(crate) refused: u64,
    /// More than this within an hour is too much.
    pub(crate) most: u64,
}
