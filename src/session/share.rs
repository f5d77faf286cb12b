//! What a site may give out on a group's voucher: each limit of the voucher is lent out in parts among the group's sites.
//!
//! The controller sees to it that what all sites hold and its own reserve add up to the voucher's limits. A part of a day's or
//! month's limit is lent for every day or month to come. Devices at once, limits of a visit and pauses are not shared.

use std::collections::BTreeMap;
use std::time::Duration;

use gapura_model::ByteCount;
use serde::{Deserialize, Serialize};

use crate::plan::{Allowance, ByteLimit, Plan};
use crate::record::HolderBalance;

/// A limit of a holder that can be lent in parts: seconds or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// *Waktu pakai*, in seconds.
    UseTime,
    /// Seconds online in a day.
    DayTime,
    /// Bytes of a day, both directions together.
    DayBytes,
    /// Bytes sent in a day.
    DayUp,
    /// Bytes received in a day.
    DayDown,
    /// Seconds online in a month.
    MonthTime,
    /// Bytes of a month, both directions together.
    MonthBytes,
    /// Bytes sent in a month.
    MonthUp,
    /// Bytes received in a month.
    MonthDown,
}

impl Limit {
    /// Whether the limit begins anew with a day (or month), so that what was used before says nothing.
    pub const fn renews(self) -> bool {
        !matches!(self, Self::UseTime)
    }
}

/// An amount of each limit, in seconds or bytes; a limit that is left out is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Share(BTreeMap<Limit, u64>);

impl Share {
    /// All that a voucher's holder may use: the limits of its plan and its *Waktu pakai*.
    pub fn whole(plan: &Plan, use_time: Option<Duration>) -> Self {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs());
        let bytes = |limit: ByteLimit| match limit {
            ByteLimit::None => [None; 3],
            ByteLimit::Total(total) => [Some(total), None, None],
            ByteLimit::EachWay { up, down } => [None, up, down],
        };
        let ([day, day_up, day_down], [month, month_up, month_down]) = (bytes(plan.day.bytes), bytes(plan.month.bytes));
        let octets = |bytes: Option<ByteCount>| bytes.map(ByteCount::get);
        Self::from_iter([
            (Limit::UseTime, seconds(use_time)),
            (Limit::DayTime, seconds(plan.day.time)),
            (Limit::DayBytes, octets(day)),
            (Limit::DayUp, octets(day_up)),
            (Limit::DayDown, octets(day_down)),
            (Limit::MonthTime, seconds(plan.month.time)),
            (Limit::MonthBytes, octets(month)),
            (Limit::MonthUp, octets(month_up)),
            (Limit::MonthDown, octets(month_down)),
        ])
    }

    /// What a holder has used, of the limits that `of` has; seconds are rounded up.
    pub fn used(of: &Self, balance: &HolderBalance) -> Self {
        let seconds = |time: Duration| time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0));
        let (day, month) = (balance.day_used, balance.month_used);
        of.map(|limit, _| match limit {
            Limit::UseTime => seconds(balance.time_used),
            Limit::DayTime => seconds(day.time),
            Limit::DayBytes => day.traffic.total().get(),
            Limit::DayUp => day.traffic.up.get(),
            Limit::DayDown => day.traffic.down.get(),
            Limit::MonthTime => seconds(month.time),
            Limit::MonthBytes => month.traffic.total().get(),
            Limit::MonthUp => month.traffic.up.get(),
            Limit::MonthDown => month.traffic.down.get(),
        })
    }

    /// The amount of one limit; `None` where it is not limited.
    pub fn get(&self, limit: Limit) -> Option<u64> {
        self.0.get(&limit).copied()
    }

    /// Every limit with its amount.
    pub fn iter(&self) -> impl Iterator<Item = (Limit, u64)> + '_ {
        self.0.iter().map(|(limit, amount)| (*limit, *amount))
    }

    /// The same limits with other amounts.
    #[must_use]
    pub fn map(&self, amount: impl Fn(Limit, u64) -> u64) -> Self {
        Self(self.iter().map(|(limit, old)| (limit, amount(limit, old))).collect())
    }

    /// With `more`; a limit that only one of the two has stays as it is there.
    #[must_use]
    pub fn plus(&self, more: &Self) -> Self {
        let mut sum = self.clone();
        for (limit, amount) in more.iter() {
            let old = sum.0.entry(limit).or_default();
            *old = old.saturating_add(amount);
        }
        sum
    }

    /// Without `part`; `None` where there is less than that, or a limit that is not there.
    pub fn minus(&self, part: &Self) -> Option<Self> {
        let mut rest = self.clone();
        for (limit, amount) in part.iter() {
            let old = rest.0.get_mut(&limit)?;
            *old = old.checked_sub(amount)?;
        }
        Some(rest)
    }

    /// What is left after `used`, zero at least.
    #[must_use]
    pub fn left(&self, used: &Self) -> Self {
        self.map(|limit, amount| amount.saturating_sub(used.get(limit).unwrap_or(0)))
    }

    /// Whether no limit has an amount.
    pub fn is_zero(&self) -> bool {
        self.0.values().all(|amount| *amount == 0)
    }

    /// The least of the share and a day's limits.
    #[must_use]
    pub fn within_day(&self, day: Allowance) -> Allowance {
        self.within(day, [Limit::DayTime, Limit::DayBytes, Limit::DayUp, Limit::DayDown])
    }

    /// The least of the share and a month's limits.
    #[must_use]
    pub fn within_month(&self, month: Allowance) -> Allowance {
        self.within(month, [Limit::MonthTime, Limit::MonthBytes, Limit::MonthUp, Limit::MonthDown])
    }

    /// The least of the share and a *Waktu pakai*.
    pub fn within_use_time(&self, time: Option<Duration>) -> Option<Duration> {
        self.least_time(time, Limit::UseTime)
    }

    fn within(&self, allowance: Allowance, [time, total, up, down]: [Limit; 4]) -> Allowance {
        let least = |bytes: ByteCount, limit| self.get(limit).map_or(bytes, |share| bytes.min(ByteCount::new(share)));
        let bytes = match allowance.bytes {
            ByteLimit::None => ByteLimit::None,
            ByteLimit::Total(bytes) => ByteLimit::Total(least(bytes, total)),
            ByteLimit::EachWay { up: of_up, down: of_down } => ByteLimit::EachWay {
                up: of_up.map(|bytes| least(bytes, up)),
                down: of_down.map(|bytes| least(bytes, down)),
            },
        };
        Allowance { time: self.least_time(allowance.time, time), bytes }
    }

    fn least_time(&self, time: Option<Duration>, limit: Limit) -> Option<Duration> {
        let share = self.get(limit).map(Duration::from_secs);
        time.map(|time| share.map_or(time, |share| time.min(share)))
    }
}

impl FromIterator<(Limit, Option<u64>)> for Share {
    fn from_iter<I: IntoIterator<Item = (Limit, Option<u64>)>>(amounts: I) -> Self {
        Self(amounts.into_iter().filter_map(|(limit, amount)| amount.map(|amount| (limit, amount))).collect())
    }
}

/// Whether so little is left of a site's share that it should ask for more: a quarter of the whole limit.
pub const fn is_low(whole: u64, left: u64) -> bool {
    left <= whole / 4
}

/// The share a site holds, as its gateway keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Lent {
    /// Counts the controller's changes; 0 is what the site began with.
    pub number: u64,
    /// What may be given out here now: what was lent under that number less `given`.
    pub share: Share,
    /// Given back since and not yet confirmed by the controller. It never changes under one number: a message that is sent
    /// again says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Share>,
}

impl Lent {
    /// What a site begins with.
    pub const fn first(share: Share) -> Self {
        Self { number: 0, share, given: None }
    }

    /// Whether the site should ask for more of a voucher worth `whole`, having used `used`.
    pub fn is_low(&self, whole: &Share, used: &Share) -> bool {
        let left = self.share.left(used);
        let low = |(limit, whole): (Limit, u64)| {
            self.share.get(limit).is_some_and(|share| share < whole) && is_low(whole, left.get(limit).unwrap_or(0))
        };
        whole.iter().any(low)
    }

    /// What can be spared of a voucher worth `whole`: all that is unused where nobody is online on it, else half of it while
    /// there is more than an eighth of the whole.
    pub fn spare(&self, whole: &Share, used: &Share, online: bool) -> Share {
        self.share.left(used).map(|limit, left| match (online, whole.get(limit)) {
            (true, Some(whole)) if left <= whole / 8 => 0,
            (true, _) => left / 2,
            (false, _) => left,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        let text = "id = \"kuota\"\nname = \"Kuota\"\nday = { time = \"4h\", bytes = { total = 1000 } }\n\
                    month = { bytes = { total = 5000 } }\n";
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_share_narrows_what_is_limited_and_nothing_else() {
        let whole = Share::whole(&plan(), Some(Duration::from_hours(1)));
        assert_eq!(whole.iter().count(), 4);
        let share = whole.map(|_, amount| amount / 4);
        let day = share.within_day(plan().day);
        assert_eq!((day.time, day.bytes), (Some(Duration::from_hours(1)), ByteLimit::Total(ByteCount::new(250))));
        assert_eq!(share.within_month(plan().month).time, None);
        assert_eq!(share.within_use_time(Some(Duration::from_hours(1))), Some(Duration::from_mins(15)));
        assert_eq!(share.within_use_time(None), None);
        assert_eq!(share.plus(&share).plus(&share).plus(&share), whole);
        assert_eq!(share.minus(&whole), None, "nothing is lent twice");
        let text = serde_json::to_string(&share).unwrap();
        assert_eq!(text, r#"{"use-time":900,"day-time":3600,"day-bytes":250,"month-bytes":1250}"#);
        assert_eq!(serde_json::from_str::<Share>(&text).unwrap(), share);
    }

    #[test]
    fn a_share_is_low_at_a_quarter_and_spared_as_far_as_it_is_unused() {
        let whole = Share::from_iter([(Limit::DayBytes, Some(1000))]);
        let lent = Lent::first(whole.map(|_, _| 500));
        let used = |amount| whole.map(|_, _| amount);
        assert!(!lent.is_low(&whole, &used(249)) && lent.is_low(&whole, &used(250)));
        assert!(!Lent::first(whole.clone()).is_low(&whole, &used(1000)), "there is no more to ask for");
        assert_eq!(lent.spare(&whole, &used(100), false), used(400));
        assert_eq!(lent.spare(&whole, &used(100), true), used(200));
        assert_eq!(lent.spare(&whole, &used(400), true), used(0));
    }
}
