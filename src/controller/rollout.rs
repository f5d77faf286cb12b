//! Publishing a SOP in waves: which sites are in which wave (`waves`), how each gateway fares (`watch`), and what is to be done
//! next (`decide`). All of it is pure; `office/rollout.rs` carries it out, one transaction a step.

pub(crate) mod decide;
pub(crate) mod watch;
pub(crate) mod waves;

use gapura_model::{GatewayId, SiteId};
use gapura_speech::Say;
use serde::{Deserialize, Serialize};

use watch::Trouble;

/// The limits under which a rollout stops by itself, and how long each wave is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RolloutRules {
    /// A wave has to be well for so many minutes before the next one begins.
    pub settle_minutes: u32,
    /// It stops when more than so many percent of the gateways that were serving are lost. Of the pilot sites none may be.
    pub lost_percent: u32,
    /// It stops when the SOP refuses, at one site and within an hour, more than so many times what it refused there in the
    /// busiest hour of the week before ..
    pub refusals_times: u64,
    /// .. and more than this.
    pub refusals_least: u64,
}

impl Default for RolloutRules {
    fn default() -> Self {
        Self { settle_minutes: 30, lost_percent: 20, refusals_times: 3, refusals_least: 500 }
    }
}

impl RolloutRules {
    /// How long a wave may be watched at most, in minutes: a week.
    pub const LONGEST_SETTLE: u32 = 7 * 24 * 60;

    /// So many refusals within an hour are too many at a site that had so many in its busiest hour.
    pub(crate) const fn most_refusals(&self, busiest: u64) -> u64 {
        let usual = busiest.saturating_mul(self.refusals_times);
        if usual > self.refusals_least { usual } else { self.refusals_least }
    }
}

/// Where a rollout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutState {
    /// Its time has not come.
    Waiting,
    /// A wave is under way.
    Running,
    /// No further wave begins until a person says so.
    Stopped,
    /// Every wave was well.
    Done,
    /// Withdrawn; what was before is in force.
    RolledBack,
}

impl RolloutState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Stopped, Self::Done, Self::RolledBack];

    /// Its name in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Done => "done",
            Self::RolledBack => "rolled-back",
        }
    }

    /// The state of this name.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Why a rollout stopped by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "kebab-case")]
pub enum Cause {
    /// A gateway is in trouble.
    Gateway {
        /// Its site.
        site: SiteId,
        /// Its name.
        gateway: GatewayId,
        /// What is wrong.
        trouble: Trouble,
    },
    /// Too many gateways were lost.
    Lost {
        /// So many are silent, degraded or restart again and again ..
        lost: u64,
        /// .. of so many that were serving.
        of: u64,
    },
    /// The SOP refuses too much.
    Refusals {
        /// Where.
        site: SiteId,
        /// So often within an hour.
        refused: u64,
        /// More than so often is too much.
        most: u64,
    },
    /// A wave could not be published.
    NotPublished {
        /// Why (English, as in the log).
        why: String,
    },
}

impl Cause {
    /// In words; `name_of` gives a site's name for people. `say` speaks the controller's words ([`crate::say`]).
    pub fn words(&self, say: &Say, name_of: &dyn Fn(&SiteId) -> String) -> String {
        let w = say.words;
        match self {
            Self::Gateway { site, gateway, trouble } => {
                w.t2(trouble.key(), "site", name_of(site), "gateway", gateway.as_str())
            }
            Self::Lost { lost, of } => w.t2("cause-lost", "lost", say.number(*lost), "of", say.number(*of)),
            Self::Refusals { site, refused, most } => {
                let counted = format!("{} > {}", say.number(*refused), say.number(*most));
                w.t2("cause-refusals", "site", name_of(site), "counted", counted)
            }
            Self::NotPublished { why } => w.t1("cause-not-published", "why", why.as_str()),
        }
    }
}
