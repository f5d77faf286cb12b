//! The code on a paper voucher.

use std::fmt;
use std::str::FromStr;

/// The letters of voucher codes and reference numbers: no 0/O, no 1/I/L.
pub const VOUCHER_ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

const LENGTH: usize = 10;

/// A voucher's code: 10 letters of [`VOUCHER_ALPHABET`], about 49 bits. It is a password: it does not print with `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct VoucherCode([u8; LENGTH]);

/// A text is not a voucher code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseVoucherError {
    /// Not ten letters, spaces and dashes aside.
    #[error("a voucher code has 10 letters and digits")]
    Length,
    /// A letter that no code contains.
    #[error("a voucher code has no such letter")]
    Letter,
}

impl VoucherCode {
    /// Draws a code from random bytes, without bias; `None` if too few of them were usable (draw again with more: 32 suffice
    /// all but once in 10^15).
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

    /// The ten letters, for hashing and printing on paper; never for a log.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The code in two groups of five, as it stands on paper.
    pub fn grouped(&self) -> String {
        let (first, second) = self.expose().split_at(LENGTH / 2);
        format!("{first} {second}")
    }
}

impl FromStr for VoucherCode {
    type Err = ParseVoucherError;

    /// Accepts lower case, and spaces, dashes, dots and underscores anywhere.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut code = [0; LENGTH];
        let mut letters = text
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}' | '.' | '_'))
            .map(|c| u8::try_from(c.to_ascii_uppercase()).ok());
        for place in &mut code {
            let letter = letters.next().ok_or(ParseVoucherError::Length)?.ok_or(ParseVoucherError::Letter)?;
            if !VOUCHER_ALPHABET.contains(&letter) {
                return Err(ParseVoucherError::Letter);
            }
            *place = letter;
        }
        if letters.next().is_some() { Err(ParseVoucherError::Length) } else { Ok(Self(code)) }
    }
}

impl fmt::Debug for VoucherCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[voucher code]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_type_them() {
        let code: VoucherCode = "ABCDE23456".parse().unwrap();
        for text in ["abcde 23456", " AbCdE-23456 ", "A.B.C.D.E_2 3 4 5 6", "ABCDE\u{2013}23456"] {
            assert_eq!(text.parse::<VoucherCode>().unwrap(), code, "{text}");
        }
        assert_eq!(code.grouped(), "ABCDE 23456");
        assert_eq!(format!("{code:?}"), "[voucher code]");
    }

    #[test]
    fn wrong_codes_say_what_is_wrong() {
        assert_eq!("ABCDE2345".parse::<VoucherCode>(), Err(ParseVoucherError::Length));
        assert_eq!("ABCDE234567".parse::<VoucherCode>(), Err(ParseVoucherError::Length));
        assert_eq!("ABCDE2345O".parse::<VoucherCode>(), Err(ParseVoucherError::Letter));
        assert_eq!("ABCDE2345é".parse::<VoucherCode>(), Err(ParseVoucherError::Letter));
    }

    #[test]
    fn every_letter_is_as_likely_as_another() {
        let mut count = [0_u32; 31];
        for byte in 0..=247_u8 {
            let code = VoucherCode::from_random(&[byte; 10]).unwrap();
            let letter = code.expose().as_bytes()[0];
            count[VOUCHER_ALPHABET.iter().position(|&c| c == letter).unwrap()] += 1;
        }
        assert_eq!(count, [8; 31]);
        assert_eq!(VoucherCode::from_random(&[255; 64]), None);
    }
}
