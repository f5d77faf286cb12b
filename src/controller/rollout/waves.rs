//! Which sites get a revision first: pilot sites, then growing shares of the rest. Pure.

use std::collections::BTreeSet;

use gapura_model::SiteId;
use gapura_wire::Sha256;

/// Waves besides the pilot sites, at most.
pub(crate) const MOST_WAVES: usize = 8;

/// What is wrong with an order for waves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WaveMistake {
    /// Not growing percentages from 1 to 100.
    Shares,
    /// More than [`MOST_WAVES`].
    TooMany,
    /// A pilot site that the SOP changes nothing for.
    Elsewhere(SiteId),
}

/// The sites of each wave, the first one first. `shares` are percentages of the sites that are no pilots, each with those before
/// it; the last wave takes all that are left. Which sites come first hangs on `of` alone (the SOP's hash), so that it is not the
/// same ones every time, and anybody can compute it again.
pub(crate) fn waves(
    of: &[u8],
    sites: &[SiteId],
    pilots: &[SiteId],
    shares: &[u32],
) -> Result<Vec<Vec<SiteId>>, Vec<WaveMistake>> {
    let mut wrong: Vec<WaveMistake> =
        pilots.iter().filter(|pilot| !sites.contains(pilot)).cloned().map(WaveMistake::Elsewhere).collect();
    let grows = shares.windows(2).all(|pair| pair.first() < pair.last());
    if !grows || shares.iter().any(|share| !(1..=100).contains(share)) {
        wrong.push(WaveMistake::Shares);
    }
    if shares.len() > MOST_WAVES {
        wrong.push(WaveMistake::TooMany);
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let pilots: BTreeSet<&SiteId> = pilots.iter().collect();
    let first: Vec<SiteId> = pilots.iter().map(|pilot| (*pilot).clone()).collect();
    let mut rest: Vec<SiteId> = sites.iter().filter(|site| !pilots.contains(site)).cloned().collect();
    rest.sort_by_cached_key(|site| drawn(of, site));
    rest.dedup();
    let total = rest.len();
    let mut waves = vec![first];
    let mut taken = 0;
    for share in shares.iter().copied().chain([100]) {
        // Rounded up: a share of a small fleet is one site at least.
        let until = (total * usize::try_from(share).unwrap_or(100)).div_ceil(100);
        let mut wave: Vec<SiteId> = rest.iter().take(until).skip(taken).cloned().collect();
        wave.sort();
        taken = until.max(taken);
        waves.push(wave);
    }
    waves.retain(|wave| !wave.is_empty());
    Ok(waves)
}

/// Pilot sites proposed of those that could be: two at most, and never half of the fleet or more, but one.
pub(crate) fn proposed(of: &[u8], sites: usize, good: &[SiteId]) -> Vec<SiteId> {
    let most = if sites >= 5 { 2 } else { 1 };
    let mut good = good.to_vec();
    good.sort_by_cached_key(|site| drawn(of, site));
    good.truncate(most);
    good.sort();
    good
}

fn drawn(of: &[u8], site: &SiteId) -> [u8; 32] {
    *Sha256::of(&[of, b"\0", site.as_str().as_bytes()].concat()).as_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sites(count: usize) -> Vec<SiteId> {
        (1..=count).map(|n| format!("s{n:02}").parse().unwrap()).collect()
    }

    fn sizes(count: usize, pilots: &[&str], shares: &[u32]) -> Vec<usize> {
        let pilots: Vec<SiteId> = pilots.iter().map(|site| site.parse().unwrap()).collect();
        waves(b"sop", &sites(count), &pilots, shares).unwrap().iter().map(Vec::len).collect()
    }

    #[test]
    fn pilots_come_first_and_shares_are_rounded_up() {
        for (count, pilots, shares, expected) in [
            (24, &["s01", "s02"][..], &[25, 100][..], &[2, 6, 16][..]),
            (24, &["s01", "s02"], &[25, 50], &[2, 6, 5, 11]),
            (24, &[], &[], &[24]),
            (24, &[], &[100], &[24]),
            (24, &["s01"], &[], &[1, 23]),
            (3, &["s02"], &[10, 20, 30], &[1, 1, 1]),
            (1, &["s01"], &[25, 100], &[1]),
            (1, &[], &[25, 100], &[1]),
            (0, &[], &[25], &[]),
            (2, &["s01", "s01"], &[], &[1, 1]),
        ] {
            assert_eq!(sizes(count, pilots, shares), expected, "{count} {pilots:?} {shares:?}");
        }
    }

    #[test]
    fn every_mistake_is_named() {
        let wrong = |pilots: &[&str], shares: &[u32]| {
            let pilots: Vec<SiteId> = pilots.iter().map(|site| site.parse().unwrap()).collect();
            waves(b"sop", &sites(4), &pilots, shares).unwrap_err()
        };
        for shares in [&[0, 100][..], &[50, 50], &[100, 50], &[101]] {
            assert_eq!(wrong(&[], shares), [WaveMistake::Shares], "{shares:?}");
        }
        assert_eq!(wrong(&[], &[1, 2, 3, 4, 5, 6, 7, 8, 9]), [WaveMistake::TooMany]);
        let both = [WaveMistake::Elsewhere("jauh".parse().unwrap()), WaveMistake::Shares];
        assert_eq!(wrong(&["jauh", "s01"], &[0]), both);
    }

    #[test]
    fn pilots_are_proposed_of_those_that_serve() {
        assert_eq!(proposed(b"a", 24, &sites(9)).len(), 2);
        assert_eq!(proposed(b"a", 4, &sites(4)).len(), 1);
        assert_eq!(proposed(b"a", 24, &sites(1)), sites(1));
        assert!(proposed(b"a", 24, &[]).is_empty());
        let drawn: BTreeSet<_> = (0_u8..20).map(|of| proposed(&[of], 24, &sites(9))).collect();
        assert!(drawn.len() > 5, "another SOP begins elsewhere");
    }

    proptest! {
        /// Whatever is asked for: every site is in one wave, and the same question has the same answer.
        #[test]
        fn every_site_is_in_exactly_one_wave(
            count in 0_usize..60, pilots in prop::collection::btree_set(1_usize..60, 0..6),
            shares in prop::collection::btree_set(1_u32..=100, 0..8), of in any::<[u8; 4]>(),
        ) {
            let all = sites(count);
            let pilots: Vec<SiteId> = sites(60).into_iter().enumerate().filter(|(n, _)| pilots.contains(n) && *n < count)
                .map(|(_, site)| site).collect();
            let shares: Vec<u32> = shares.into_iter().collect();
            let found = waves(&of, &all, &pilots, &shares).unwrap();
            prop_assert!(found.iter().all(|wave| !wave.is_empty()));
            let mut flat: Vec<SiteId> = found.iter().flatten().cloned().collect();
            flat.sort();
            prop_assert_eq!(flat, all.clone());
            if !pilots.is_empty() {
                prop_assert_eq!(found.first(), Some(&pilots));
            }
            let mut reversed = all;
            reversed.reverse();
            prop_assert_eq!(waves(&of, &reversed, &pilots, &shares).unwrap(), found);
        }
    }
}
