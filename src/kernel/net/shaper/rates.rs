//! The figures of an HTB tree, worked out (`man 8 tc-htb`, `net/sched/sch_htb.c`).

use std::collections::BTreeMap;

use gapura_model::BitRate;

use super::Side;
use super::tier::{TierId, TierSpeed};

/// Stands for "no limit": faster than the devices this runs on, slow enough for every field of the messages.
const UNLIMITED: u64 = 100_000_000_000 / 8;
/// The default tier keeps one part in so many of the root whatever is guaranteed to others: its visitors are never wholly shut out.
const DEFAULT_KEEPS: u64 = 100;
/// Least rate of a class, in bytes per second.
const LEAST: u64 = 125;
/// A visitor's guaranteed share is its tier's rate divided by this: guarantees never add up to more than there is, and what is
/// not guaranteed is lent out evenly. Packets within the guarantee (a lookup, a keystroke) go before borrowed ones.
const GUARANTEES: u64 = 4096;
/// Time a bucket may send at line speed; covers a timer tick of a kernel with HZ=250.
const BUCKET_MS: u64 = 4;
/// A full Ethernet frame with some encapsulation.
pub(super) const FRAME: u64 = 1600;
/// Waiting room of a visitor.
const LEAF_MS: u64 = 100;
const LEAF_LEAST: u64 = 10 * 1514;

/// What one HTB class is told; rates in bytes per second, buckets and quantum in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClassRates {
    pub(super) rate: u64,
    pub(super) ceil: u64,
    pub(super) burst: u64,
    pub(super) cburst: u64,
    pub(super) quantum: u32,
}

/// The rates of a class as the kernel repeats them; the other figures follow from these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) rate: u64,
    pub(super) ceil: u64,
}

impl ClassRates {
    pub(super) const fn told(&self) -> Told {
        Told { rate: self.rate, ceil: self.ceil }
    }
}

/// What one tier is told, and whether its visitors have to borrow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TierRates {
    pub(super) class: ClassRates,
    /// There is something to share: a stated uplink or a ceiling for all together.
    pub(super) shared: bool,
}

/// Class 1:1 of a device: 95 % of the stated speed, or no limit.
pub(super) fn root(stated: Option<BitRate>) -> TierRates {
    let rate = root_rate(stated);
    TierRates { class: inner(rate, rate, rate), shared: stated.is_some() }
}

/// The tiers under 1:1 of a device.
///
/// Guarantees stand as they are where they leave [`DEFAULT_KEEPS`] to the default tier; otherwise all are cut in proportion: HTB
/// sends what is guaranteed without asking the root, so more than there is would form the queue in the modem again.
pub(super) fn tiers(
    stated: Option<BitRate>,
    side: Side,
    tiers: &BTreeMap<TierId, TierSpeed>,
) -> BTreeMap<TierId, TierRates> {
    let root = root_rate(stated);
    let wanted: BTreeMap<TierId, (u64, u64, bool)> = tiers
        .iter()
        .map(|(tier, speed)| {
            let most = side.of(speed.most).map(BitRate::bytes_per_second);
            let ceil = most.map_or(root, |most| most.clamp(LEAST, root.max(LEAST)));
            let guaranteed = speed.guaranteed.zip(stated).map(|(guarantee, stated)| match side {
                Side::Lan => guarantee.down(stated.handed_out()),
                Side::Uplink => guarantee.up(stated.handed_out()),
            });
            let rate = guaranteed.map_or(0, |rate| rate.bytes_per_second().min(ceil));
            (*tier, (rate, ceil, stated.is_some() || most.is_some()))
        })
        .collect();
    let named = || wanted.iter().filter(|(tier, _)| **tier != TierId::DEFAULT);
    let sum: u64 = named().map(|(_, (rate, ..))| *rate).sum();
    let room = root - root / DEFAULT_KEEPS;
    let cut = |rate: u64| if sum > room { part(rate, room, sum) } else { rate };
    let left = root - named().map(|(_, (rate, ..))| cut(*rate)).sum::<u64>().min(root);
    wanted
        .iter()
        .map(|(tier, (rate, ceil, shared))| {
            let rate = match (stated, *tier) {
                // Nothing to guarantee parts of.
                (None, _) => *ceil,
                (Some(_), TierId::DEFAULT) => left,
                (Some(_), _) => cut(*rate),
            };
            let rate = rate.clamp(LEAST, (*ceil).max(LEAST)).min(*ceil);
            (*tier, TierRates { class: inner(rate, *ceil, root), shared: *shared })
        })
        .collect()
}

/// A tier that is to go once its last visitor moved: nothing is guaranteed to it any more.
pub(super) fn leaving(stated: Option<BitRate>) -> ClassRates {
    let root = root_rate(stated);
    if stated.is_some() { inner(LEAST.min(root), root, root) } else { inner(root, root, root) }
}

/// A visitor's class in a tier, with `limit` as its own ceiling.
pub(super) fn visitor(tier: &TierRates, limit: Option<BitRate>) -> ClassRates {
    let top = tier.class.ceil;
    let ceil = limit.map_or(top, |limit| limit.bytes_per_second().min(top)).max(1);
    // With nothing to share the class need not borrow.
    let rate = if tier.shared { (tier.class.rate / GUARANTEES).clamp(LEAST, ceil.max(LEAST)).min(ceil) } else { ceil };
    let burst = if tier.shared { 2 * FRAME } else { bucket(rate) };
    ClassRates { rate, ceil, burst, cburst: bucket(ceil), quantum: tier.class.quantum }
}

/// A class that others are under; it passes on the quantum that all visitors of the device have.
fn inner(rate: u64, ceil: u64, root: u64) -> ClassRates {
    ClassRates { rate, ceil, burst: bucket(rate), cburst: bucket(ceil), quantum: quantum(root) }
}

fn part(rate: u64, room: u64, sum: u64) -> u64 {
    let part = u128::from(rate) * u128::from(room) / u128::from(sum.max(1));
    u64::try_from(part).unwrap_or(rate).min(rate)
}

/// Bytes that may wait in a visitor's leaf: 100 ms at its ceiling, at least ten full frames.
pub(super) fn leaf_bytes(rates: &ClassRates) -> u32 {
    let bytes = (rates.ceil / 1000).saturating_mul(LEAF_MS).max(LEAF_LEAST);
    u32::try_from(bytes).unwrap_or(u32::MAX).min(64 << 20)
}

/// Bucket length in the kernel's ticks of 64 ns: how long `bytes` last at `rate`.
pub(super) fn ticks(bytes: u64, rate: u64) -> u32 {
    let nanoseconds = u128::from(bytes) * 1_000_000_000 / u128::from(rate.max(1));
    u32::try_from(nanoseconds / 64).unwrap_or(u32::MAX).max(1)
}

fn root_rate(stated: Option<BitRate>) -> u64 {
    stated.map_or(UNLIMITED, |speed| speed.handed_out().bytes_per_second().max(LEAST)).min(UNLIMITED)
}

fn bucket(rate: u64) -> u64 {
    FRAME + rate / 1000 * BUCKET_MS
}

/// Bytes a class sends in its turn: 1 ms of the whole link, so that a round stays short, within 1 frame and 60 kB.
fn quantum(rate: u64) -> u32 {
    u32::try_from((rate / 1000).clamp(1514, 60_000)).unwrap_or(60_000)
}

#[cfg(test)]
mod tests {
    use gapura_model::{Guarantee, Percent};

    use super::super::Speed;
    use super::*;

    fn mbit(n: u64) -> Option<BitRate> {
        BitRate::new(n * 1_000_000)
    }

    /// A visitor of the default tier where nobody has another.
    fn alone(stated: Option<BitRate>, limit: Option<BitRate>) -> ClassRates {
        let none = BTreeMap::from([(TierId::DEFAULT, TierSpeed::default())]);
        visitor(&tiers(stated, Side::Lan, &none)[&TierId::DEFAULT], limit)
    }

    fn percent(percent: u8) -> TierSpeed {
        let guaranteed = Percent::new(percent).map(Guarantee::Percent);
        TierSpeed { guaranteed, most: Speed::default() }
    }

    /// The rates of the default tier and of tiers with these speeds, in bytes per second.
    fn shared(stated: Option<BitRate>, side: Side, named: &[TierSpeed]) -> Vec<(u64, u64)> {
        let named = (0x9000..).map(TierId).zip(named.iter().copied());
        let all = named.chain([(TierId::DEFAULT, TierSpeed::default())]).collect();
        tiers(stated, side, &all).values().map(|tier| (tier.class.rate, tier.class.ceil)).collect()
    }

    #[test]
    fn ninety_five_percent_are_handed_out() {
        assert_eq!(root(mbit(20)).class.ceil, 2_375_000);
        assert_eq!(root(None).class.ceil, UNLIMITED);
        assert_eq!(root(mbit(1_000_000)).class.ceil, UNLIMITED);
        assert!(root(BitRate::new(1)).class.rate >= 125);
    }

    #[test]
    fn a_visitor_never_gets_more_than_its_plan_or_the_uplink() {
        assert_eq!(alone(mbit(20), mbit(4)).ceil, 500_000);
        assert_eq!(alone(mbit(20), mbit(50)).ceil, 2_375_000);
        assert_eq!(alone(None, mbit(50)).ceil, 6_250_000);
        assert_eq!(alone(None, None).ceil, UNLIMITED);
        for (stated, limit) in [(mbit(1), BitRate::new(1)), (BitRate::new(1), mbit(1)), (None, BitRate::new(1))] {
            let rates = alone(stated, limit);
            assert!(rates.rate >= 1 && rates.rate <= rates.ceil, "{rates:?}");
        }
    }

    #[test]
    fn tiers_get_their_parts_and_the_default_tier_the_rest() {
        let all = 2_375_000;
        assert_eq!(shared(mbit(20), Side::Lan, &[]), [(all, all)]);
        assert_eq!(
            shared(mbit(20), Side::Lan, &[percent(50), percent(20)]),
            [(712_500, all), (1_187_500, all), (475_000, all)]
        );
        let (up, down) = (mbit(1).unwrap(), mbit(8).unwrap());
        let fixed =
            TierSpeed { guaranteed: Some(Guarantee::Rate { up, down }), most: Speed { up: None, down: mbit(10) } };
        assert_eq!(shared(mbit(20), Side::Lan, &[fixed]), [(1_375_000, all), (1_000_000, 1_250_000)]);
        assert_eq!(shared(mbit(20), Side::Uplink, &[fixed]), [(2_250_000, all), (125_000, all)]);
    }

    #[test]
    fn what_is_promised_beyond_the_uplink_is_cut_in_proportion() {
        for parts in [[75, 25], [90, 30], [100, 33]] {
            let rates = shared(mbit(20), Side::Lan, &parts.map(percent));
            let sum: u64 = rates.iter().map(|(rate, _)| rate).sum();
            assert!(sum <= 2_375_000 && sum > 2_374_000, "{rates:?}");
            assert!(rates[0].0 >= 23_750, "the default tier keeps one percent: {rates:?}");
            let ratio = rates[1].0 * 100 / rates[2].0;
            assert!((299..=304).contains(&ratio), "{rates:?}");
        }
        // Far slower than what was promised, and the slowest there is: still every rate is one the kernel takes.
        for stated in [BitRate::new(1), mbit(1)] {
            for (rate, ceil) in shared(stated, Side::Lan, &[percent(100), percent(100), percent(1)]) {
                assert!(rate > 0 && rate <= ceil);
            }
        }
    }

    #[test]
    fn a_ceiling_for_all_holds_where_no_speed_is_stated() {
        let capped = TierSpeed { most: Speed { up: None, down: mbit(8) }, ..percent(50) };
        assert_eq!(shared(None, Side::Lan, &[capped])[1], (1_000_000, 1_000_000));
        assert_eq!(shared(None, Side::Uplink, &[capped])[1], (UNLIMITED, UNLIMITED));
        let tiers = tiers(None, Side::Lan, &BTreeMap::from([(TierId(0x9000), capped)]));
        let visitor = visitor(&tiers[&TierId(0x9000)], mbit(50));
        assert_eq!((visitor.ceil, visitor.rate), (1_000_000, 244), "it borrows from what all have together");
    }

    #[test]
    fn every_bucket_holds_a_frame_and_a_tick() {
        for speed in [1, 8, 100, 1000, 10_000].map(mbit) {
            let rates = alone(speed, None);
            assert!(rates.cburst >= 1514 + rates.ceil / 250, "{rates:?}");
            assert!(rates.burst >= 1514 && (1514..=60_000).contains(&rates.quantum));
        }
    }

    #[test]
    fn the_waiting_room_is_a_tenth_of_a_second() {
        assert_eq!(leaf_bytes(&alone(None, mbit(8))), 100_000);
        assert_eq!(leaf_bytes(&alone(None, BitRate::new(512_000))), 15_140);
        assert_eq!(leaf_bytes(&alone(None, None)), 64 << 20);
    }

    #[test]
    fn ticks_are_64_nanoseconds() {
        assert_eq!(ticks(1_000_000, 1_000_000), 15_625_000);
        assert_eq!(ticks(u64::MAX, 1), u32::MAX);
        assert_eq!(ticks(0, u64::MAX), 1);
    }
}
