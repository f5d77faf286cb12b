//! Colours from configuration, and whether people can read one on the other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An opaque sRGB colour, written `#0b4a50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour([u8; 3]);

/// A text is not a colour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a colour: write six hexadecimal digits, for example \"#0b4a50\"")]
pub struct ParseColourError(String);

impl Colour {
    /// From red, green and blue.
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// The same colour with `percent` of its light.
    #[must_use]
    pub(crate) fn dimmed(self, percent: u16) -> Self {
        Self(self.0.map(|part| u8::try_from(u16::from(part) * percent.min(100) / 100).unwrap_or(part)))
    }

    /// Contrast ratio (WCAG 2.2, 1 to 21) with another colour.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Relative luminance, as WCAG 2.2 defines it.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl FromStr for Colour {
    type Err = ParseColourError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseColourError(text.chars().take(20).collect());
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or_else(wrong)?;
        let part = |from: usize| {
            let pair = digits.get(from..from + 2).filter(|pair| pair.bytes().all(|c| c.is_ascii_hexdigit()));
            pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or_else(wrong)
        };
        Ok(Self([part(0)?, part(2)?, part(4)?]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl TryFrom<String> for Colour {
    type Error = ParseColourError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_parse_and_contrast_is_that_of_wcag() {
        let (black, white) = (Colour::new(0, 0, 0), "#FFFFFF".parse::<Colour>().unwrap());
        assert!((black.contrast(white) - 21.0).abs() < 0.001);
        assert!(("#777777".parse::<Colour>().unwrap().contrast(white) - 4.478).abs() < 0.01);
        for bad in ["", "0b4a50", "#0b4a5", "#0b4a500", "#+b4a50", "red", "#é4a5"] {
            assert!(bad.parse::<Colour>().is_err(), "{bad}");
        }
    }
}
