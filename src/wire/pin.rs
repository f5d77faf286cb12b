//! The pin of a TLS key.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// SHA-256 over a certificate's SubjectPublicKeyInfo in DER (RFC 7469 section 2.4), written `sha256:` and 44 characters of base64.
///
/// A gateway trusts its controller by this pin alone, whatever the certificate's dates: its own clock may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SpkiPin([u8; 32]);

/// A text is not a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a key pin: expected \"sha256:\" and 44 characters of base64")]
pub struct ParsePinError;

impl SpkiPin {
    /// The pin of the key whose SubjectPublicKeyInfo is `der`.
    pub fn of_spki(der: &[u8]) -> Self {
        Self(*crate::Sha256::of(der).as_bytes())
    }

    /// The hash's 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for SpkiPin {
    type Err = ParsePinError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let encoded = text.trim().strip_prefix("sha256:").ok_or(ParsePinError)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| ParsePinError)?;
        bytes.try_into().map(Self).map_err(|_| ParsePinError)
    }
}

impl TryFrom<String> for SpkiPin {
    type Error = ParsePinError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<SpkiPin> for String {
    fn from(pin: SpkiPin) -> Self {
        pin.to_string()
    }
}

impl fmt::Display for SpkiPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", STANDARD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_survive_their_text() {
        let pin = SpkiPin::of_spki(b"key");
        assert_eq!(pin.to_string().parse::<SpkiPin>(), Ok(pin));
        for bad in ["", "sha256:", "sha256:AAAA", "md5:x", &pin.to_string()[7..]] {
            assert_eq!(bad.parse::<SpkiPin>(), Err(ParsePinError), "{bad}");
        }
    }
}
