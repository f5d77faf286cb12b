//! The figures of an HTB tree, worked out (`man 8 tc-htb`, `net/sched/sch_htb.c`).

use gapura_model::BitRate;

/// Share of a stated uplink speed that is handed out, in percent: the queue must form here, not in the modem.
const USED_PERCENT: u64 = 95;
/// Stands for "no limit": faster than the devices this runs on, slow enough for every field of the messages.
const UNLIMITED: u64 = 100_000_000_000 / 8;
/// A visitor's guaranteed share is the root's rate divided by this: guarantees never add up to more than there is, and what is
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

/// Class 1:1 of a device: 95 % of the stated speed, or no limit.
pub(super) fn root(stated: Option<BitRate>) -> ClassRates {
    let rate = root_rate(stated);
    ClassRates { rate, ceil: rate, burst: bucket(rate), cburst: bucket(rate), quantum: quantum(rate) }
}

/// A visitor's class under a root of `stated` speed, with `limit` as its own ceiling.
pub(super) fn visitor(stated: Option<BitRate>, limit: Option<BitRate>) -> ClassRates {
    let root = root_rate(stated);
    let ceil = limit.map_or(root, |limit| limit.bytes_per_second().min(root)).max(1);
    // Without a stated speed there is nothing to share: the class need not borrow.
    let rate = if stated.is_some() { (root / GUARANTEES).clamp(125, ceil.max(125)).min(ceil) } else { ceil };
    let burst = if stated.is_some() { 2 * FRAME } else { bucket(rate) };
    ClassRates { rate, ceil, burst, cburst: bucket(ceil), quantum: quantum(root.min(UNLIMITED)) }
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
    stated.map_or(UNLIMITED, |speed| (speed.bytes_per_second() / 100 * USED_PERCENT).max(125)).min(UNLIMITED)
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
    use super::*;

    fn mbit(n: u64) -> Option<BitRate> {
        BitRate::new(n * 1_000_000)
    }

    #[test]
    fn ninety_five_percent_are_handed_out() {
        assert_eq!(root(mbit(20)).ceil, 2_375_000);
        assert_eq!(root(None).ceil, UNLIMITED);
        assert_eq!(root(mbit(1_000_000)).ceil, UNLIMITED);
        assert!(root(BitRate::new(1)).rate >= 125);
    }

    #[test]
    fn a_visitor_never_gets_more_than_its_plan_or_the_uplink() {
        assert_eq!(visitor(mbit(20), mbit(4)).ceil, 500_000);
        assert_eq!(visitor(mbit(20), mbit(50)).ceil, 2_375_000);
        assert_eq!(visitor(None, mbit(50)).ceil, 6_250_000);
        assert_eq!(visitor(None, None).ceil, UNLIMITED);
        for (stated, limit) in [(mbit(1), BitRate::new(1)), (BitRate::new(1), mbit(1)), (None, BitRate::new(1))] {
            let rates = visitor(stated, limit);
            assert!(rates.rate >= 1 && rates.rate <= rates.ceil, "{rates:?}");
        }
    }

    #[test]
    fn every_bucket_holds_a_frame_and_a_tick() {
        for speed in [1, 8, 100, 1000, 10_000].map(mbit) {
            let rates = visitor(speed, None);
            assert!(rates.cburst >= 1514 + rates.ceil / 250, "{rates:?}");
            assert!(rates.burst >= 1514 && (1514..=60_000).contains(&rates.quantum));
        }
    }

    #[test]
    fn the_waiting_room_is_a_tenth_of_a_second() {
        assert_eq!(leaf_bytes(&visitor(None, mbit(8))), 100_000);
        assert_eq!(leaf_bytes(&visitor(None, BitRate::new(512_000))), 15_140);
        assert_eq!(leaf_bytes(&visitor(None, None)), 64 << 20);
    }

    #[test]
    fn ticks_are_64_nanoseconds() {
        assert_eq!(ticks(1_000_000, 1_000_000), 15_625_000);
        assert_eq!(ticks(u64::MAX, 1), u32::MAX);
        assert_eq!(ticks(0, u64::MAX), 1);
    }
}
