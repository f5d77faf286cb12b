//! Passwords of staff: long, unknown to lists of what others use, without the user name. No rule about kinds of characters, no
//! expiry (NIST SP 800-63B section 5.1.1.2). Twelve characters for all, also with a second factor: one rule is remembered, and
//! half of the staff have none.

mod breached;

use std::collections::BTreeSet;

use gapura_model::Secret;

use super::{StaffName, StaffProblem};
pub(crate) use breached::Breached;

/// Words that passwords of many people are made of, one a line; from common knowledge, Indonesian and English.
const WORDS: &str = include_str!("password/words.txt");
/// Characters at least.
const LEAST: usize = 12;
/// Characters at most.
const MOST: usize = 256;
/// Letters of a password that is made for somebody: none that is mistaken for another.
const LETTERS: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";

/// All that speaks against a password, but for the file of breached ones.
pub(crate) fn judge(password: &Secret<String>, name: &StaffName) -> Vec<StaffProblem> {
    let text = password.expose();
    let mut found = Vec::new();
    match text.chars().count() {
        short if short < LEAST => found.push(StaffProblem::PasswordShort),
        long if long > MOST => return vec![StaffProblem::PasswordLong],
        _ => {}
    }
    let lower = text.to_lowercase();
    if !text.chars().any(char::is_alphabetic) {
        found.push(StaffProblem::PasswordDigits);
    } else if is_common(&lower) {
        found.push(StaffProblem::PasswordKnown);
    }
    if contains_name(&lower, name.as_str()) {
        found.push(StaffProblem::PasswordHasName);
    }
    found
}

/// A password to begin with, from 16 random bytes: four groups of four, 79 bits.
pub(crate) fn temporary(random: [u8; 16]) -> Secret<String> {
    let mut rest = u128::from_be_bytes(random);
    let mut letters = String::new();
    for place in 0..16 {
        if place > 0 && place % 4 == 0 {
            letters.push('-');
        }
        let digit = usize::try_from(rest % LETTERS.len() as u128).unwrap_or_default();
        letters.push(LETTERS.get(digit).copied().map_or('2', char::from));
        rest /= LETTERS.len() as u128;
    }
    Secret::new(letters)
}

/// The name, or a part of it that is long enough to mean something, stands in it.
fn contains_name(lower: &str, name: &str) -> bool {
    lower.contains(name) || name.split(['.', '-', '_']).any(|part| part.len() >= 5 && lower.contains(part))
}

/// Made of one or two of the words (however often), with digits and signs before, between and behind, also where digits stand
/// for letters: `P4ssw0rd2026!`, `bismillah123bismillah`.
fn is_common(lower: &str) -> bool {
    let words: BTreeSet<&str> = WORDS.lines().map(str::trim).filter(|word| !word.is_empty()).collect();
    let plain: String = lower.chars().filter(|c| c.is_alphabetic()).collect();
    let trimmed = lower.trim_matches(|c: char| !c.is_alphabetic());
    let spoken: String = trimmed.chars().map(meant).filter(|c| c.is_alphabetic()).collect();
    let spoken_whole: String = lower.chars().map(meant).filter(|c| c.is_alphabetic()).collect();
    [plain, spoken, spoken_whole].iter().any(|core| made_of_two(core, &words))
}

/// The letter that a digit or sign stands for.
const fn meant(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    }
}

/// Whether `core` is a row of at most two different words, or of one letter.
fn made_of_two(core: &str, words: &BTreeSet<&str>) -> bool {
    let mut letters = core.chars();
    let Some(first) = letters.next() else { return true };
    if letters.all(|letter| letter == first) {
        return true;
    }
    let there: Vec<&str> = words.iter().copied().filter(|word| core.contains(word)).collect();
    let begins = || there.iter().copied().filter(|word| core.starts_with(word));
    begins().any(|one| there.iter().any(|other| is_row_of(core, one, other)))
}

/// Whether `core` can be cut into pieces that are each `one` or `other`.
fn is_row_of(core: &str, one: &str, other: &str) -> bool {
    let mut reached = BTreeSet::from([0]);
    while let Some(at) = reached.pop_first() {
        let rest = core.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return true;
        }
        reached.extend([one, other].into_iter().filter(|word| rest.starts_with(word)).map(|word| at + word.len()));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(password: &str) -> Vec<StaffProblem> {
        judge(&Secret::new(password.to_owned()), &"andi.rahmawati".parse().unwrap())
    }

    #[test]
    fn long_and_own_is_all_that_is_asked() {
        for good in
            ["kuda makan rumput laut", "hujan-perahu-kopi", "tr0ub4dor lima payung", "ünïcode kata sandi panjang"]
        {
            assert_eq!(problems(good), [], "{good}");
        }
        assert_eq!(problems(temporary([9; 16]).expose()), []);
    }

    #[test]
    fn what_many_use_is_refused_however_it_is_dressed_up() {
        for known in [
            "bismillah123",
            "Bismillah1234",
            "sayang123sayang",
            "P4ssw0rd2026!",
            "passwordpassword",
            "indonesia1945",
            "QwertyUiop123",
            "1q2w3e4r5t6y",
            "aaaaaaaaaaaa",
            "diskominfo2026",
            "iloveyou1234",
            "Rahasia#Rahasia",
            "gapura-admin-1",
        ] {
            assert_eq!(problems(known), [StaffProblem::PasswordKnown], "{known}");
        }
        assert_eq!(problems("081234567890"), [StaffProblem::PasswordDigits]);
        assert_eq!(problems("17-08-1945 !!"), [StaffProblem::PasswordDigits]);
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        use StaffProblem as P;
        assert_eq!(problems("rahasia"), [P::PasswordShort, P::PasswordKnown]);
        assert_eq!(problems("milik Rahmawati saja"), [P::PasswordHasName]);
        assert_eq!(problems("Andi.Rahmawati"), [P::PasswordHasName]);
        assert_eq!(problems(""), [P::PasswordShort, P::PasswordDigits]);
        assert_eq!(problems(&"ab ".repeat(100)), [P::PasswordLong]);
    }

    #[test]
    fn the_longest_row_of_words_is_judged_at_once() {
        let row = "aaa".repeat(80) + "b";
        let words = BTreeSet::from(["aaa", "aaaa", "aa"]);
        assert!(!made_of_two(&row, &words) && made_of_two(&"aaaab".replace('b', "aaa"), &words));
    }
}
