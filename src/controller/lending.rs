//! How a group's voucher is lent out: pure arithmetic, stored and acted upon in one database transaction.
//!
//! For every limit of the voucher, what all sites hold and the reserve add up to the limit, always. A site holds what it was
//! lent until it has said that it put less in force; only then may another site have it.

use std::collections::BTreeMap;

use gapura_model::SiteId;
use gapura_session::{Limit, Share, is_low};
use gapura_wire::ShareLine;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// One voucher of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lending {
    /// What the voucher is worth in all.
    whole: Share,
    /// What no site holds.
    reserve: Share,
    sites: BTreeMap<SiteId, Held>,
}

/// What one site holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    /// Counts what was changed here; 0 is what the site began with.
    number: u64,
    share: Share,
    /// What it said it had used, and on which local day.
    used: Share,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<Date>,
}

/// What became of a site's message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The share to answer with, where it is newer than the message's.
    pub(crate) answer: Option<(u64, Share)>,
    /// Sites to be asked back for what they can spare.
    pub(crate) recall: Vec<SiteId>,
    /// Something is to be stored.
    pub(crate) changed: bool,
    /// The site speaks of the share it holds by now: what it was asked back for is answered.
    pub(crate) answered: bool,
    /// The message says what cannot be.
    pub(crate) wrong: Option<&'static str>,
}

impl Lending {
    /// Lends half of `whole` out in equal parts, so that a site can begin alone; the rest is the reserve.
    pub(crate) fn new<'a>(whole: Share, sites: impl ExactSizeIterator<Item = &'a SiteId>) -> Self {
        let parts = u64::try_from(sites.len()).unwrap_or(u64::MAX).saturating_mul(2).max(2);
        let share = whole.map(|_, amount| amount / parts);
        let used = whole.map(|_, _| 0);
        let held = Held { number: 0, share, used, told: None };
        let sites: BTreeMap<SiteId, Held> = sites.map(|site| (site.clone(), held.clone())).collect();
        let mut reserve = whole.clone();
        for held in sites.values() {
            reserve = reserve.minus(&held.share).unwrap_or_else(|| whole.map(|_, _| 0));
        }
        Self { whole, reserve, sites }
    }

    /// What a site holds.
    pub(crate) fn share(&self, site: &SiteId) -> Option<(u64, &Share)> {
        self.sites.get(site).map(|held| (held.number, &held.share))
    }

    /// The invariant: nothing is lent twice and nothing is lost.
    pub(crate) fn adds_up(&self) -> bool {
        self.sites.values().fold(self.reserve.clone(), |sum, held| sum.plus(&held.share)) == self.whole
    }

    /// Takes a site's message that was true on its local day `day`; `good`: the voucher may still be used there.
    pub(crate) fn hear(&mut self, site: &SiteId, line: &ShareLine, (day, today): (Date, Date), good: bool) -> Heard {
        // What a clock ahead of ours calls unused may be used up today.
        if day > today {
            return Heard::default();
        }
        let Some(held) = self.sites.get_mut(site) else { return Heard::default() };
        let mut heard = Heard { answered: line.number >= held.number, ..Heard::default() };
        if line.number > held.number {
            // A database restored from a backup: what it says holds again from here on.
            held.number = line.number.saturating_add(1);
            heard.changed = true;
        } else if line.number == held.number {
            let told = (line.used.clone(), Some(day));
            heard.changed = (&held.used, held.told) != (&told.0, told.1);
            (held.used, held.told) = told;
            let mut moved = false;
            if let Some(given) = &line.given {
                // Answered even if it cannot be, or the site would say it for ever.
                moved = true;
                match held.share.minus(given) {
                    Some(rest) => {
                        held.share = rest;
                        self.reserve = self.reserve.plus(given);
                    }
                    None => heard.wrong = Some("gives back more than it holds"),
                }
            }
            if line.wants && good {
                let granted = grant(&self.whole, &self.reserve, &held.share.left(&line.used));
                if let Some(rest) = self.reserve.minus(&granted).filter(|_| !granted.is_zero()) {
                    self.reserve = rest;
                    held.share = held.share.plus(&granted);
                    moved = true;
                }
            }
            if moved {
                held.number = held.number.saturating_add(1);
                heard.changed = true;
            }
        }
        if held.number > line.number {
            heard.answer = Some((held.number, held.share.clone()));
        }
        if line.wants && good {
            let left = held.share.left(&line.used);
            let short: Vec<Limit> =
                self.whole.iter().filter(|(limit, whole)| low(&left, *limit, *whole)).map(|(limit, _)| limit).collect();
            let spares = |held: &Held| short.iter().any(|limit| held.may_spare(*limit, today));
            let others = self.sites.iter().filter(|(other, held)| *other != site && spares(held));
            heard.recall = others.map(|(other, _)| other.clone()).collect();
        }
        heard
    }
}

impl Held {
    /// Whether something may be unused there, by its last word.
    fn may_spare(&self, limit: Limit, today: Date) -> bool {
        let known = !limit.renews() || self.told.is_some_and(|told| told >= today);
        let used = if known { self.used.get(limit).unwrap_or(0) } else { 0 };
        self.share.get(limit).is_some_and(|share| share > used)
    }
}

fn low(left: &Share, limit: Limit, whole: u64) -> bool {
    is_low(whole, left.get(limit).unwrap_or(0))
}

/// Of every limit that is low: half of the reserve, an eighth of the whole at least, as far as there is so much.
fn grant(whole: &Share, reserve: &Share, left: &Share) -> Share {
    whole.map(|limit, whole| {
        let reserve = reserve.get(limit).unwrap_or(0);
        if low(left, limit, whole) { reserve.min((reserve / 2).max(whole / 8).max(1)) } else { 0 }
    })
}

#[cfg(test)]
mod tests;
