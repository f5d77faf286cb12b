//! The code by which a visit moves to another device.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::VOUCHER_ALPHABET;

const LENGTH: usize = 5;

/// A code that staff read out and the visitor types on another device: five letters of [`VOUCHER_ALPHABET`], about 25 bits. It
/// is good once and for minutes, and wrong ones are slowed down like wrong vouchers. It does not print with `{:?}`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MoveCode([u8; LENGTH]);

/// A text is not a code for moving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code for moving has 5 letters and digits, never 0, 1, I, L or O")]
pub struct ParseMoveCodeError;

impl MoveCode {
    /// Draws a code from random bytes, without bias; `None` if too few of them were usable (32 suffice all but never).
    pub fn from_random(bytes: &[u8]) -> Option<Self> {
        // 248 = 8 * 31: larger bytes would favour the first letters.
        let mut letters =
            bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| VOUCHER_ALPHABET.get(usize::from(byte % 31)));
        let mut code = [0; LENGTH];
        for letter in &mut code {
            *letter = *letters.next()?;
        }
        Some(Self(code))
    }

    /// The five letters, for whoever reads them out; never for a log.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for MoveCode {
    type Err = ParseMoveCodeError;

    /// Accepts lower case, and spaces, dashes, dots and underscores anywhere.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut letters = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}' | '.' | '_'))
            .map(|c| u8::try_from(c.to_ascii_uppercase()).ok());
        let mut code = [0; LENGTH];
        for place in &mut code {
            let letter = letters.next().flatten().filter(|letter| VOUCHER_ALPHABET.contains(letter));
            *place = letter.ok_or(ParseMoveCodeError)?;
        }
        if letters.next().is_some() { Err(ParseMoveCodeError) } else { Ok(Self(code)) }
    }
}

impl fmt::Debug for MoveCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[move code]")
    }
}

impl TryFrom<String> for MoveCode {
    type Error = ParseMoveCodeError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<MoveCode> for String {
    fn from(code: MoveCode) -> Self {
        code.expose().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_type_them_and_nothing_else_is_one() {
        let code: MoveCode = "7KQMA".parse().unwrap();
        for text in ["7kqma", " 7 k-q.m_A ", "7KQ\u{2013}MA"] {
            assert_eq!(text.parse(), Ok(code), "{text}");
        }
        for bad in ["", "7KQM", "7KQMAA", "7KQMO", "7KQM\u{e9}"] {
            assert_eq!(bad.parse::<MoveCode>(), Err(ParseMoveCodeError), "{bad}");
        }
        assert_eq!(format!("{code:?} {}", serde_json::to_string(&code).unwrap()), "[move code] \"7KQMA\"");
        assert_eq!(MoveCode::from_random(&[255, 0, 1, 2, 3, 30]).unwrap().expose(), "2345Z");
        assert_eq!(MoveCode::from_random(&[255; 64]), None);
    }
}
