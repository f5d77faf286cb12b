//! Plans' parts of the uplink: what a bundle says, and whether it can be held.

use std::collections::BTreeMap;

use gapura_model::{BitRate, Guarantee, PlanId};
use gapura_session::{Plan, UplinkShare};

use crate::{Bundle, Uplink};

impl Bundle {
    /// Each plan's part of the uplink; those without one are left out.
    pub fn parts(&self) -> BTreeMap<PlanId, UplinkShare> {
        let part = |plan: &Plan| Some((plan.id.clone(), self.shares.get(&plan.id).copied().or(plan.share)?));
        self.plans.iter().filter_map(part).collect()
    }

    /// Puts the plans' parts of the uplink beside the plans: routers of before refuse a plan with a key that they do not know,
    /// and pass over a key of the bundle.
    #[must_use]
    pub fn with_parts_beside(mut self) -> Self {
        self.shares = self.parts();
        self.plans.iter_mut().for_each(|plan| plan.share = None);
        self
    }
}

/// What is guaranteed in one direction, of what is handed out.
type Direction = fn(Guarantee, BitRate) -> BitRate;

/// Plans are guaranteed more of the uplink than there is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Overbooked {
    /// More than 100 % of it.
    #[error("plans {plans} are guaranteed {sum} % of the uplink together: lower their shares to 100 % or less")]
    Percent {
        /// The plans, each with its part.
        plans: String,
        /// Of all of them, in percent.
        sum: u64,
    },
    /// More than is handed out of what the site states.
    #[error(
        "uplink.{}: plans {plans} are guaranteed {sum} together, and {shared} are handed out (95 % of what is stated): lower \
         their shares, or state them in percent", if *up { "up" } else { "down" }
    )]
    Rate {
        /// Upward; else downward.
        up: bool,
        /// The plans, each with its part.
        plans: String,
        /// Of all of them.
        sum: BitRate,
        /// What there is.
        shared: BitRate,
    },
}

/// Whether plans are guaranteed more than there is; empty when all fits. A router that is told so all
/// the same cuts every part in proportion.
pub fn overbooked(parts: &BTreeMap<PlanId, UplinkShare>, uplink: Uplink) -> Vec<Overbooked> {
    let percents = || parts.iter().filter(|(_, share)| matches!(share.guaranteed, Guarantee::Percent(_)));
    let sum: u64 = percents()
        .map(|(_, share)| match share.guaranteed {
            Guarantee::Percent(percent) => u64::from(u8::from(percent)),
            Guarantee::Rate { .. } => 0,
        })
        .sum();
    if sum > 100 {
        let names = percents().map(|(plan, share)| format!("{plan} ({})", part(share.guaranteed, Guarantee::up)));
        return vec![Overbooked::Percent { plans: names.collect::<Vec<_>>().join(", "), sum }];
    }
    let directions: [(bool, Option<BitRate>, Direction); 2] =
        [(true, uplink.up, Guarantee::up), (false, uplink.down, Guarantee::down)];
    let beyond = directions.into_iter().filter_map(|(up, stated, of)| {
        let shared = stated?.handed_out();
        let each = parts.values().map(|share| of(share.guaranteed, shared).bits_per_second());
        let sum = BitRate::new(each.fold(0, u64::saturating_add)).filter(|sum| *sum > shared)?;
        let names = parts.iter().map(|(plan, share)| format!("{plan} ({})", part(share.guaranteed, of)));
        Some(Overbooked::Rate { up, plans: names.collect::<Vec<_>>().join(", "), sum, shared })
    });
    beyond.collect()
}

fn part(guaranteed: Guarantee, of: Direction) -> String {
    match guaranteed {
        Guarantee::Percent(percent) => percent.to_string(),
        // A fixed speed is the same of any uplink.
        Guarantee::Rate { up, .. } => of(guaranteed, up).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use gapura_model::Percent;
    use gapura_session::Speed;

    use super::*;

    fn parts(of: &[(&str, Guarantee)]) -> BTreeMap<PlanId, UplinkShare> {
        let share = |guaranteed| UplinkShare { guaranteed, most: Speed::default() };
        of.iter().map(|(name, guaranteed)| (name.parse().unwrap(), share(*guaranteed))).collect()
    }

    fn percent(percent: u8) -> Guarantee {
        Guarantee::Percent(Percent::new(percent).unwrap())
    }

    fn rate(up: u64, down: u64) -> Guarantee {
        let rate = |bits| BitRate::new(bits).unwrap();
        Guarantee::Rate { up: rate(up), down: rate(down) }
    }

    #[test]
    fn what_fits_is_not_spoken_of() {
        let uplink = Uplink { up: BitRate::new(10_000_000), down: BitRate::new(20_000_000) };
        for good in [
            vec![("a", percent(75)), ("b", percent(25))],
            vec![("a", rate(9_500_000, 19_000_000))],
            vec![("a", percent(50)), ("b", rate(4_750_000, 9_500_000))],
            vec![],
        ] {
            assert_eq!(overbooked(&parts(&good), uplink), [], "{good:?}");
        }
        assert!(
            overbooked(&parts(&[("a", rate(1 << 60, 1 << 60))]), Uplink::default()).is_empty(),
            "nothing is stated"
        );
    }

    #[test]
    fn more_than_there_is_names_the_plans_and_the_figures() {
        let uplink = Uplink { up: BitRate::new(10_000_000), down: BitRate::new(20_000_000) };
        let words = |parts: &BTreeMap<PlanId, UplinkShare>| -> Vec<String> {
            overbooked(parts, uplink).iter().map(ToString::to_string).collect()
        };
        let said = words(&parts(&[("pelajar", percent(60)), ("umum", percent(50))]));
        assert_eq!(
            said,
            [
                "plans pelajar (60 %), umum (50 %) are guaranteed 110 % of the uplink together: lower their shares to 100 % or less"
            ]
        );
        assert_eq!(overbooked(&parts(&[("a", percent(60)), ("b", percent(50))]), Uplink::default()).len(), 1);
        let said = words(&parts(&[("pelajar", percent(60)), ("umum", rate(3_000_000, 8_000_000))]));
        assert_eq!(said.len(), 1, "it fits upward: {said:?}");
        for part in
            ["uplink.down", "pelajar (60 %), umum (8 Mbit/s)", "19.4 Mbit/s together", "19 Mbit/s are handed out"]
        {
            assert!(said[0].contains(part), "{said:?}");
        }
    }
}
