//! Names in the style of Indonesia's national list, for tests and benches: any number of them, always the same for one seed.

use gapura_model::Name;

const WORDS: [&str; 40] = [
    "slot",
    "gacor",
    "togel",
    "judi",
    "bet",
    "poker",
    "casino",
    "maxwin",
    "jackpot",
    "bola",
    "bandar",
    "agen",
    "hoki",
    "dewa",
    "raja",
    "mpo",
    "pragmatic",
    "zeus",
    "olympus",
    "rtp",
    "bocoran",
    "domino",
    "qq",
    "sbo",
    "toto",
    "link",
    "daftar",
    "login",
    "situs",
    "resmi",
    "terpercaya",
    "bonus",
    "deposit",
    "pulsa",
    "dana",
    "naga",
    "emas",
    "cuan",
    "sultan",
    "royal",
];
const TLDS: [&str; 24] = [
    "com", "com", "com", "com", "com", "com", "net", "net", "org", "xyz", "site", "online", "top", "info", "club",
    "live", "vip", "pro", "shop", "co.id", "my.id", "biz.id", "me", "cc",
];
const HOSTS: [&str; 8] = ["www", "m", "login", "rtp", "alt", "link", "amp", "wap"];

/// The names of one seed, numbered from 0; no two numbers have one name, and no name lies below another's.
#[derive(Clone, Copy, Debug)]
pub struct NationalNames {
    seed: u64,
}

impl NationalNames {
    /// The names of this seed. Other seeds have other names.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Name number `number`, as text: 22 characters on average, one in four with a host before the domain.
    pub fn text(&self, number: u64) -> String {
        let mut dice = Dice(mix(self.seed ^ mix(number)));
        let mut text = String::with_capacity(32);
        match dice.below(8) {
            0 => {
                text.push_str(dice.of(&HOSTS));
                text.push('.');
            }
            // As in `ww165393.bocoranbom.site`.
            1 => {
                text.push_str("ww");
                text.push_str(&dice.below(200_000).to_string());
                text.push('.');
            }
            _ => {}
        }
        text.push_str(dice.of(&WORDS));
        if dice.below(3) == 0 {
            text.push('-');
        }
        if dice.below(2) == 0 {
            text.push_str(dice.of(&WORDS));
        }
        // What makes it the only one of its seed.
        text.push_str(&number.to_string());
        text.push('x');
        text.push_str(&(self.seed % 1000).to_string());
        text.push('.');
        text.push_str(dice.of(&TLDS));
        text
    }

    /// Name number `number`.
    pub fn name(&self, number: u64) -> Option<Name> {
        self.text(number).parse().ok()
    }
}

/// A small seeded sequence (SplitMix64), for choices that need be no secret.
#[derive(Clone, Copy, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// The next 64 bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `end`, which is above 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.roll().checked_rem(end).unwrap_or_default()
    }

    fn of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.below(texts.len() as u64)).unwrap_or_default();
        texts.get(at).copied().unwrap_or_default()
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_many_different_and_as_long_as_real_ones() {
        let names = NationalNames::new(7);
        let texts: BTreeSet<String> = (0..20_000).map(|number| names.text(number)).collect();
        assert_eq!(texts.len(), 20_000);
        assert!((0..20_000).all(|number| names.name(number).is_some()));
        let mean = texts.iter().map(String::len).sum::<usize>() / texts.len();
        assert!((18..=30).contains(&mean), "{mean}");
        assert_eq!(names.text(3), NationalNames::new(7).text(3));
        assert_ne!(names.text(3), NationalNames::new(8).text(3));
    }
}
