//! What is wrong at this moment, from the fleet as it stands. Pure.

use std::collections::BTreeSet;

use gapura_model::{ClockTrust, SiteKind};
use jiff::{SignedDuration, Timestamp};

use super::AlertKind;
use super::detail::Detail;
use crate::condition::Condition;
use crate::config::Alerts;
use crate::office::{GatewayStanding, ListStatus};

/// What alerts are about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    pub(crate) gateways: &'a [GatewayStanding],
    /// Lists that are fetched.
    pub(crate) lists: &'a [ListStatus],
    /// Rollouts that stopped by themselves: the SOP's number and revision, when and why.
    pub(crate) stopped: &'a [(String, Timestamp, String)],
    /// From when on a new backup is missed; none: none is expected.
    pub(crate) backup_due: Option<Timestamp>,
    pub(crate) now: Timestamp,
}

/// What one thing is called.
pub(crate) type Key = (AlertKind, String);

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) kind: AlertKind,
    /// The site; empty = not of one site.
    pub(crate) site: String,
    /// The gateway or list.
    pub(crate) object: String,
    /// Since when (UTC), as far as the facts say.
    pub(crate) since: Timestamp,
    /// It has to be so for this long.
    pub(crate) hold: SignedDuration,
    /// More about it.
    pub(crate) detail: String,
}

/// A gateway that has so many records waiting has a trouble with its uplink; it drops from 200,000 on.
const OUTBOX: u64 = 20_000;
/// Once raised, it is well again only below this.
const OUTBOX_WELL: u64 = 5_000;
/// A clock may be wrong by so many seconds.
const CLOCK: i64 = 60;
const CLOCK_HOLD: SignedDuration = SignedDuration::from_mins(10);
const ROLLOUT_HOLD: SignedDuration = SignedDuration::from_mins(15);
const OUTBOX_HOLD: SignedDuration = SignedDuration::from_mins(10);
const FILTER_HOLD: SignedDuration = SignedDuration::from_mins(3);
/// Before a certificate ends. A gateway renews it a year earlier.
const CERTIFICATE: SignedDuration = SignedDuration::from_hours(24 * 30);
/// A source of a list may be away for a while.
const LIST_HOLD: SignedDuration = SignedDuration::from_hours(24 * 3);

/// All that is wrong; `raised` is what was wrong before: some things end later than they begin.
pub(crate) fn wrongs(picture: Picture<'_>, settings: &Alerts, raised: &BTreeSet<Key>) -> Vec<Wrong> {
    let Picture { gateways, lists, stopped, backup_due, now } = picture;
    let mut found: Vec<Wrong> = gateways.iter().flat_map(|one| of_gateway(one, settings, raised, now)).collect();
    for list in lists {
        if let Some(trouble) = &list.state.trouble {
            found.push(Wrong {
                kind: AlertKind::List,
                site: String::new(),
                object: list.id.to_string(),
                since: now,
                hold: LIST_HOLD,
                detail: trouble.clone(),
            });
        }
    }
    for (sop, since, cause) in stopped {
        let (site, object, detail) = (String::new(), sop.clone(), cause.clone());
        found.push(Wrong { kind: AlertKind::Sop, site, object, since: *since, hold: SignedDuration::ZERO, detail });
    }
    if let Some(since) = backup_due.filter(|due| *due <= now) {
        let (site, object, detail) = (String::new(), String::new(), String::new());
        found.push(Wrong { kind: AlertKind::Backup, site, object, since, hold: SignedDuration::ZERO, detail });
    }
    found
}

fn of_gateway(one: &GatewayStanding, settings: &Alerts, raised: &BTreeSet<Key>, now: Timestamp) -> Vec<Wrong> {
    let wrong = |kind, since, hold, detail| Wrong {
        kind,
        site: one.site.to_string(),
        object: one.gateway.to_string(),
        since,
        hold,
        detail,
    };
    let mut found = Vec::new();
    match &one.condition {
        Condition::Revoked { .. } | Condition::NeverHeard => return found,
        Condition::Silent { since } => {
            // Those live with days without uplink.
            let hold = match one.kind {
                SiteKind::Mplik | SiteKind::Telecenter => {
                    SignedDuration::from_hours(settings.silent_remote_hours.into())
                }
                SiteKind::Gallery | SiteKind::Hotspot | SiteKind::Plik => {
                    SignedDuration::from_mins(settings.silent_minutes.into())
                }
            };
            found.push(wrong(AlertKind::Silent, *since, hold, String::new()));
        }
        Condition::Unfiltered => found.push(wrong(AlertKind::Filter, now, FILTER_HOLD, String::new())),
        Condition::Starting
        | Condition::Serving
        | Condition::Closed { .. }
        | Condition::UplinkDown { .. }
        | Condition::OpenInEmergency
        | Condition::Degraded => {}
    }
    if let Some(ends) = one.certificate_ends
        && ends.duration_since(now) < CERTIFICATE
    {
        found.push(wrong(AlertKind::Certificate, now, SignedDuration::ZERO, Detail::Ends(ends).to_string()));
    }
    // What a silent one said last says nothing of how it is now.
    if matches!(one.condition, Condition::Silent { .. }) {
        return found;
    }
    if one.in_force < one.wanted {
        let refused = one.verdict.as_deref().filter(|verdict| *verdict != "applied");
        let detail = |verdict: &str| Detail::Refused(verdict.to_owned(), one.detail.clone()).to_string();
        let detail = refused.map(detail).unwrap_or_default();
        found.push(wrong(AlertKind::Rollout, one.published.unwrap_or(now), ROLLOUT_HOLD, detail));
    }
    if let Some(beat) = &one.beat {
        let before = raised.contains(&(AlertKind::Outbox, one.gateway.to_string()));
        if beat.outbox.records >= if before { OUTBOX_WELL } else { OUTBOX } {
            let detail = Detail::Outbox(beat.outbox.records, beat.outbox.dropped).to_string();
            found.push(wrong(AlertKind::Outbox, now, OUTBOX_HOLD, detail));
        }
        let off = one.clock_off.unwrap_or_default();
        if beat.clock.trust == ClockTrust::Doubtful || off.abs() > CLOCK {
            found.push(wrong(AlertKind::Clock, now, CLOCK_HOLD, Detail::Clock(off).to_string()));
        }
    }
    found
}
