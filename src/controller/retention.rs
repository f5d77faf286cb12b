//! How long each kind of record is kept: one table of kinds, with bounds and the reason for them.
//!
//! A month (UTC) of the usage log is destroyed whole when its last day is older than the kind is kept, and with the visits of a
//! month the pseudonym keys of that month (UU 27/2022 articles 43 and 44).

use gapura_store::{Month, Monthly};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::Retention;

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Visits, by month, with their pseudonym keys.
    Visits,
    /// Counts of gateways, by month.
    Tallies,
    /// Outages, by month.
    Outages,
    /// Contacts with requests and appeals.
    Contacts,
    /// What citizens wrote.
    Words,
    /// What citizens wrote and nobody answered.
    Unanswered,
    /// The counter.
    Desk,
    /// Trials of drafts.
    Trials,
    /// Counts of clauses.
    Counts,
    /// Balances.
    Balances,
    /// Batches.
    Batches,
    /// Visits and counts of routers whose clock was never set.
    Undated,
    /// Records of newer routers that this controller cannot read yet.
    Unread,
    /// The audit log: never.
    Audit,
}

/// The rule of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The kind.
    pub kind: Kind,
    /// The fewest and most days that can be written.
    pub bounds: (u16, u16),
    /// Why no fewer and no more, for whoever writes the file.
    pub because: &'static str,
}

const RULES: [Rule; 13] = [
    rule(Kind::Visits, (30, 365), "the log is kept for three months as ID-SIRTII asked, and for a year at most"),
    rule(Kind::Tallies, (62, 3650), "the month's report and that of a year before need them"),
    rule(Kind::Outages, (62, 3650), "the month's report and that of a year before need them"),
    rule(Kind::Contacts, (1, 7), "the portal tells visitors that it is 7 days at most"),
    rule(Kind::Words, (30, 90), "the portal tells visitors that it is 90 days at most"),
    rule(Kind::Unanswered, (90, 365), "a request waits for its answer for a year at most"),
    rule(Kind::Desk, (30, 90), "staff are told that it is 90 days at most"),
    rule(Kind::Trials, (14, 90), "a draft is tried for days and judged soon after"),
    rule(Kind::Counts, (62, 3650), "the month's report and that of a year before need them"),
    rule(Kind::Balances, (180, 1825), "a voucher that is left must not become new again"),
    rule(Kind::Undated, (30, 365), "as visits"),
    rule(Kind::Unread, (30, 365), "as visits"),
    rule(Kind::Batches, (30, 365), "a router sends again what was not acknowledged"),
];

const fn rule(kind: Kind, bounds: (u16, u16), because: &'static str) -> Rule {
    Rule { kind, bounds, because }
}

impl Kind {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 14] = [
        Self::Visits,
        Self::Tallies,
        Self::Outages,
        Self::Contacts,
        Self::Words,
        Self::Unanswered,
        Self::Desk,
        Self::Trials,
        Self::Counts,
        Self::Balances,
        Self::Batches,
        Self::Undated,
        Self::Unread,
        Self::Audit,
    ];

    /// Its stable name, as in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visits => "visits",
            Self::Tallies => "tallies",
            Self::Outages => "outages",
            Self::Contacts => "contacts",
            Self::Words => "words",
            Self::Unanswered => "unanswered",
            Self::Desk => "desk",
            Self::Trials => "trials",
            Self::Counts => "counts",
            Self::Balances => "balances",
            Self::Batches => "batches",
            Self::Undated => "undated",
            Self::Unread => "unread",
            Self::Audit => "audit",
        }
    }

    /// The kind of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The table it is kept in by month, for those that are.
    pub const fn monthly(self) -> Option<Monthly> {
        match self {
            Self::Visits => Some(Monthly::Visits),
            Self::Tallies => Some(Monthly::Tallies),
            Self::Outages => Some(Monthly::Outages),
            Self::Contacts
            | Self::Words
            | Self::Unanswered
            | Self::Desk
            | Self::Trials
            | Self::Counts
            | Self::Balances
            | Self::Batches
            | Self::Undated
            | Self::Unread
            | Self::Audit => None,
        }
    }
}

impl Retention {
    /// For how many days a kind is kept; none for what is never destroyed.
    pub const fn days(&self, kind: Kind) -> Option<u16> {
        match kind {
            Kind::Visits | Kind::Undated | Kind::Unread => Some(self.visits_days),
            Kind::Tallies => Some(self.tallies_days),
            Kind::Outages => Some(self.outages_days),
            Kind::Contacts => Some(self.contacts_days),
            Kind::Words => Some(self.words_days),
            Kind::Unanswered => Some(self.unanswered_days),
            Kind::Desk => Some(self.desk_days),
            Kind::Trials => Some(self.trials_days),
            Kind::Counts => Some(self.counts_days),
            Kind::Balances => Some(self.balances_days),
            Kind::Batches => Some(self.batches_days),
            Kind::Audit => None,
        }
    }

    /// Before which moment a kind is due.
    pub fn before(&self, kind: Kind, now: Timestamp) -> Timestamp {
        let age = self.days(kind).map(|days| SignedDuration::from_hours(24 * i64::from(days)));
        age.and_then(|age| now.checked_sub(age).ok()).unwrap_or(Timestamp::MIN)
    }

    /// Whether a month of a kind is old enough.
    pub fn is_due(&self, kind: Kind, month: Month, now: Timestamp) -> bool {
        month.span().1 <= self.before(kind, now)
    }

    /// When a month of a kind is old enough.
    pub fn due(&self, kind: Kind, month: Month) -> Option<Timestamp> {
        let age = SignedDuration::from_hours(24 * i64::from(self.days(kind)?));
        month.span().1.checked_add(age).ok()
    }

    /// What is written out of bounds.
    pub(crate) fn mistakes(&self) -> Vec<String> {
        let outside = |rule: &Rule| {
            let (least, most) = rule.bounds;
            self.days(rule.kind).is_some_and(|days| !(least..=most).contains(&days))
        };
        let said = |rule: &Rule| {
            let (least, most) = rule.bounds;
            format!("retention.{}_days: write {least} to {most}: {}", rule.kind.as_str(), rule.because)
        };
        RULES.iter().filter(|rule| rule.kind != Kind::Undated && outside(rule)).map(said).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_but_the_audit_log_has_one_rule_within_its_own_bounds() {
        for kind in Kind::ALL {
            let rules: Vec<&Rule> = RULES.iter().filter(|rule| rule.kind == kind).collect();
            assert_eq!(rules.len(), usize::from(kind != Kind::Audit), "{kind:?}");
            assert_eq!(Kind::of(kind.as_str()), Some(kind));
            let json = serde_json::to_value(kind).unwrap();
            assert_eq!(json, kind.as_str());
        }
        assert_eq!(Retention::default().days(Kind::Audit), None);
        assert!(Retention::default().mistakes().is_empty());
    }

    #[test]
    fn a_month_is_due_when_its_last_day_is_old_enough() {
        let rules = Retention::default();
        let (month, now) = ("2026-08".parse().unwrap(), |text: &str| text.parse::<Timestamp>().unwrap());
        assert_eq!(rules.due(Kind::Visits, month), Some(now("2026-11-30T00:00:00Z")));
        assert!(!rules.is_due(Kind::Visits, month, now("2026-11-29T23:59:59Z")));
        assert!(rules.is_due(Kind::Visits, month, now("2026-11-30T00:00:00Z")));
        assert!(!rules.is_due(Kind::Audit, month, Timestamp::MAX));
        let longer = Retention { visits_days: 365, ..Retention::default() };
        assert!(!longer.is_due(Kind::Visits, month, now("2027-08-31T00:00:00Z")));
        assert!(longer.mistakes().is_empty());
        let wrong = Retention { visits_days: 29, contacts_days: 8, ..Retention::default() }.mistakes();
        assert!(wrong[0].contains("visits_days: write 30 to 365") && wrong[1].contains("portal"), "{wrong:?}");
    }
}
