//! The number under which a citizen follows an appeal.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::VOUCHER_ALPHABET;

const LENGTH: usize = 10;

/// An appeal's number, "7KQMA-4X2PB": ten letters of [`VOUCHER_ALPHABET`] drawn at random, about 49 bits. Who knows it may
/// read the decision, so it is not guessed within the limits that the pages set; it says nothing of who filed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference([u8; LENGTH]);

/// A text is not an appeal's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an appeal's number is written 7KQMA-4X2PB: ten letters and digits, never 0, 1, I, L or O")]
pub struct ParseReferenceError;

impl Reference {
    /// Draws a number from random bytes, without bias; `None` if too few of them were usable (32 suffice all but once in 10^15).
    pub fn from_random(bytes: &[u8]) -> Option<Self> {
        // 248 = 8 * 31: larger bytes would favour the first letters.
        let mut letters =
            bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| VOUCHER_ALPHABET.get(usize::from(byte % 31)));
        let mut number = [0; LENGTH];
        for letter in &mut number {
            *letter = *letters.next()?;
        }
        Some(Self(number))
    }

    /// The letters without the dash.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Reference {
    type Err = ParseReferenceError;

    /// Accepts lower case, and spaces, dashes, dots and underscores anywhere.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut letters = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}' | '.' | '_'))
            .map(|c| u8::try_from(c.to_ascii_uppercase()).ok());
        let mut number = [0; LENGTH];
        for place in &mut number {
            let letter = letters.next().flatten().filter(|letter| VOUCHER_ALPHABET.contains(letter));
            *place = letter.ok_or(ParseReferenceError)?;
        }
        if letters.next().is_some() { Err(ParseReferenceError) } else { Ok(Self(number)) }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = self.as_str().split_at_checked(LENGTH / 2).unwrap_or_default();
        write!(f, "{first}-{second}")
    }
}

impl TryFrom<String> for Reference {
    type Error = ParseReferenceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(number: Reference) -> Self {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_type_them() {
        let number: Reference = "7KQMA-4X2PB".parse().unwrap();
        for text in ["7kqma 4x2pb", "7kqma4x2pb", " 7KQMA\u{2013}4X2PB ", "7.K.Q.M.A_4 X 2 P B"] {
            assert_eq!(text.parse(), Ok(number), "{text}");
        }
        assert_eq!(number.to_string(), "7KQMA-4X2PB");
        assert_eq!(serde_json::to_string(&number).unwrap(), "\"7KQMA-4X2PB\"");
        assert_eq!(serde_json::from_str::<Reference>("\"7KQMA-4X2PB\"").unwrap(), number);
    }

    #[test]
    fn anything_else_is_no_number() {
        for bad in ["", "7KQMA-4X2P", "7KQMA-4X2PBB", "7KQMA-4X2PO", "7KQMA-4X2P\u{e9}", "7KQMA-4X2P\u{130}"] {
            assert_eq!(bad.parse::<Reference>(), Err(ParseReferenceError), "{bad}");
        }
        assert!("2".repeat(100_000).parse::<Reference>().is_err());
    }

    #[test]
    fn random_bytes_give_a_number_or_ask_for_more() {
        let bytes = [255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 30];
        assert_eq!(Reference::from_random(&bytes).unwrap().to_string(), "23456-789AZ");
        assert_eq!(Reference::from_random(&[255; 64]), None);
    }
}
