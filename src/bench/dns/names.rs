//! Names in the style of a national list, as many as asked for, the same in every run.

/// Words that gambling sites put together; no allowed name has one.
const WORDS: [&str; 24] = [
    "slot",
    "toto",
    "judi",
    "bet",
    "poker",
    "kasino",
    "gacor",
    "maxwin",
    "togel",
    "bola",
    "jp",
    "hoki",
    "raja",
    "dewa",
    "mpo",
    "win",
    "zeus",
    "olympus",
    "spin",
    "qq",
    "domino",
    "sultan",
    "pragmatic",
    "4d",
];
/// Their top-level domains, the commonest repeated.
const TOPS: [&str; 16] = [
    "com", "com", "com", "com", "com", "net", "org", "xyz", "info", "vip", "club", "site", "online", "top", "cc",
    "live",
];
/// First labels of names nobody lists.
const HOSTS: [&str; 8] = ["www", "layanan", "api", "img", "cdn", "mail", "portal", "static"];

/// The `number`th listed name; each is another.
pub(crate) fn listed(number: u64) -> String {
    let random = mix(number);
    let pick = |words: &[&'static str], bits: u32| -> &'static str {
        let index = usize::try_from(random.rotate_right(bits) & 0xffff).unwrap_or_default();
        words.get(index % words.len()).copied().unwrap_or_default()
    };
    let dash = if random & 0x7000 == 0 { "-" } else { "" };
    format!("{}{dash}{}{}.{}", pick(&WORDS, 3), pick(&WORDS, 19), base36(number), pick(&TOPS, 35))
}

/// The `number`th name that is on no list.
pub(crate) fn allowed(number: u64) -> String {
    let index = usize::try_from(mix(number) % 8).unwrap_or_default();
    let host = HOSTS.get(index).copied().unwrap_or_default();
    format!("{host}.kantor{number}.example.go.id")
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit(u32::try_from(number % 36).unwrap_or_default(), 36).unwrap_or('0'));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

/// Spreads a number over 64 bits (splitmix64's finalizer).
fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_differ_are_names_and_are_as_long_as_real_ones() {
        let names: HashSet<String> = (0..100_000).map(listed).collect();
        assert_eq!(names.len(), 100_000);
        assert!(names.iter().all(|name| name.parse::<gapura_model::Name>().is_ok()));
        let mean = names.iter().map(String::len).sum::<usize>() / names.len();
        assert!((14..=24).contains(&mean), "{mean} octets");
        assert!((0..1000).map(allowed).all(|name| !names.contains(&name)));
        assert_eq!(listed(7), listed(7));
    }
}
