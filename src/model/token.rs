//! The one-time token in a paper voucher's QR code.

use std::fmt;
use std::str::FromStr;

/// The letters of a token: no i, l, o and u, which are misread or spell words.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// 128 bits, five a letter.
const LENGTH: usize = 26;

/// A voucher's one-time token: 128 random bits, written as 26 letters. Whoever shows it first is let in, so it does not print
/// with `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct VoucherToken([u8; 16]);

/// A text is not a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the link of a voucher: it has 26 letters and digits")]
pub struct ParseTokenError;

impl VoucherToken {
    /// The token of 16 random bytes.
    pub const fn new(random: [u8; 16]) -> Self {
        Self(random)
    }

    /// Its bytes, for hashing and sealing.
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }

    /// As it stands in an address, for paper; never for a log.
    pub fn to_text(&self) -> String {
        let bits = u128::from_be_bytes(self.0);
        let letter = |place: usize| {
            let five = usize::try_from((bits >> (5 * place)) & 31).unwrap_or_default();
            ALPHABET.get(five).copied().map_or('0', char::from)
        };
        (0..LENGTH).rev().map(letter).collect()
    }
}

impl FromStr for VoucherToken {
    type Err = ParseTokenError;

    /// Accepts capitals: some programs write addresses anew.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != LENGTH {
            return Err(ParseTokenError);
        }
        let mut bits = 0_u128;
        for letter in text.bytes() {
            let five =
                ALPHABET.iter().position(|known| *known == letter.to_ascii_lowercase()).ok_or(ParseTokenError)?;
            // 26 letters hold two bits more than there are.
            if bits >> 123 != 0 {
                return Err(ParseTokenError);
            }
            bits = (bits << 5) | u128::try_from(five).map_err(|_| ParseTokenError)?;
        }
        Ok(Self(bits.to_be_bytes()))
    }
}

impl fmt::Debug for VoucherToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[voucher token]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_written() {
        for bytes in [[0; 16], [0xff; 16], *b"sixteen letters!", [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]] {
            let token = VoucherToken::new(bytes);
            let text = token.to_text();
            assert_eq!((text.len(), text.parse(), text.to_uppercase().parse()), (26, Ok(token.clone()), Ok(token)));
        }
        assert_eq!(VoucherToken::new([0xff; 16]).to_text(), "7zzzzzzzzzzzzzzzzzzzzzzzzz");
        assert_eq!(format!("{:?}", VoucherToken::new([7; 16])), "[voucher token]");
    }

    #[test]
    fn every_token_has_one_text_and_other_texts_are_none() {
        for text in
            ["", "ABCDE23456", "80000000000000000000000000", "zzzzzzzzzzzzzzzzzzzzzzzzzz", "7zzzzzzzzzzzzzzzzzzzzzzzz"]
        {
            assert!(text.parse::<VoucherToken>().is_err(), "{text}");
        }
        assert!(
            "7zzzzzzzzzzzzzzzzzzzzzzzzu".parse::<VoucherToken>().is_err()
                && "é".repeat(13).parse::<VoucherToken>().is_err()
        );
    }
}
