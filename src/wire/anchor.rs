//! The end of the controller's audit log under its signature: kept where the controller cannot reach it, so that a log that was
//! rewritten as a whole is found out.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bytes::base64_bytes;
use crate::{BundleKey, BundleSigner, KeyId, Sha256};

/// A signed head of the audit log; made hourly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditAnchor {
    /// The number of the last row.
    pub number: u64,
    /// Its hash, which covers all rows before it.
    pub hash: Sha256,
    /// When it was signed (UTC, whole milliseconds).
    pub at: Timestamp,
    /// The key that signed.
    pub key: KeyId,
    /// Ed25519 signature, 64 bytes.
    #[serde(with = "base64_bytes")]
    pub signature: Vec<u8>,
}

impl AuditAnchor {
    /// Signs the head of the log.
    pub fn sign(signer: &BundleSigner, number: u64, hash: Sha256, at: Timestamp) -> Self {
        let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
        let signature = signer.signature(&message(number, &hash, at));
        Self { number, hash, at, key: signer.public().id(), signature }
    }

    /// Whether `key` signed it.
    pub fn is_signed_by(&self, key: &BundleKey) -> bool {
        self.key == key.id() && key.verifies(&message(self.number, &self.hash, self.at), &self.signature)
    }

    /// What is printed of it.
    pub fn code(&self) -> AuditCode {
        AuditCode::of(self.number, &self.hash)
    }
}

/// What is signed: no other signed message begins so (bundles and times begin with a brace).
fn message(number: u64, hash: &Sha256, at: Timestamp) -> Vec<u8> {
    let (number, at) = (number.to_be_bytes(), at.as_millisecond().to_be_bytes());
    [b"gapura audit 1\0".as_slice(), &number, hash.as_bytes(), &at].concat()
}

/// Letters of printed codes: none that is mistaken for another.
const LETTERS: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// Letters of a code, in groups of four: 79 bits.
const LENGTH: usize = 16;

/// A head of the audit log as it is printed on paper: `128 7KQM-29QD-AB3X-ZZ4P`, number and short code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditCode {
    /// The number of the last row.
    pub number: u64,
    letters: [u8; LENGTH],
}

/// A text is not such a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not the code of an audit log: write its number and four groups of four letters, as in \"128 7KQM-29QD-AB3X-ZZ4P\""
)]
pub struct ParseAuditCodeError;

impl AuditCode {
    /// The code of a log whose last row has this number and hash.
    pub fn of(number: u64, hash: &Sha256) -> Self {
        let own = Sha256::of(&[b"gapura audit code 1\0".as_slice(), &number.to_be_bytes(), hash.as_bytes()].concat());
        let mut rest = u128::from_be_bytes(own.as_bytes().first_chunk().copied().unwrap_or_default());
        let letters = std::array::from_fn(|_| {
            let digit = usize::try_from(rest % LETTERS.len() as u128).unwrap_or_default();
            rest /= LETTERS.len() as u128;
            LETTERS.get(digit).copied().unwrap_or(b'2')
        });
        Self { number, letters }
    }

    /// The four groups alone.
    pub fn groups(&self) -> String {
        let groups = self.letters.chunks(4).map(|group| group.iter().map(|letter| char::from(*letter)).collect());
        groups.collect::<Vec<String>>().join("-")
    }
}

impl fmt::Display for AuditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.groups())
    }
}

impl FromStr for AuditCode {
    type Err = ParseAuditCodeError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, code) = text.trim().split_once([' ', '\t']).ok_or(ParseAuditCodeError)?;
        let number = number.trim_end_matches([':', '.']).parse().map_err(|_| ParseAuditCodeError)?;
        let letters: Vec<u8> = code.bytes().filter(|letter| !matches!(letter, b'-' | b' ' | b'\t')).collect();
        let letters: [u8; LENGTH] = letters.to_ascii_uppercase().try_into().map_err(|_| ParseAuditCodeError)?;
        let known = letters.iter().all(|letter| LETTERS.contains(letter));
        known.then_some(Self { number, letters }).ok_or(ParseAuditCodeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_signed_head_is_of_one_key_one_row_and_one_moment() {
        let signer = BundleSigner::from_seed(&[7; 32]);
        let anchor = AuditAnchor::sign(&signer, 128, Sha256::of(b"row"), at(0));
        assert!(anchor.is_signed_by(&signer.public()));
        assert!(!anchor.is_signed_by(&BundleSigner::from_seed(&[8; 32]).public()));
        for changed in [
            AuditAnchor { number: 129, ..anchor.clone() },
            AuditAnchor { hash: Sha256::of(b"other"), ..anchor.clone() },
            AuditAnchor { at: at(1), ..anchor.clone() },
            AuditAnchor { signature: vec![0; 64], ..anchor.clone() },
        ] {
            assert!(!changed.is_signed_by(&signer.public()), "{changed:?}");
        }
        let read: AuditAnchor = serde_json::from_str(&serde_json::to_string(&anchor).unwrap()).unwrap();
        assert!(read == anchor && read.is_signed_by(&signer.public()), "what was sent is what was signed");
    }

    #[test]
    fn a_code_is_read_back_as_people_type_it() {
        let code = AuditCode::of(128, &Sha256::of(b"row"));
        assert_eq!(code.to_string().len(), "128 XXXX-XXXX-XXXX-XXXX".len());
        for typed in [code.to_string(), code.to_string().to_lowercase(), code.to_string().replace('-', " ")] {
            assert_eq!(typed.parse(), Ok(code), "{typed}");
        }
        assert_ne!(AuditCode::of(128, &Sha256::of(b"other")), code);
        assert_ne!(AuditCode::of(129, &Sha256::of(b"row")).groups(), code.groups());
        for wrong in ["", "128", "x 7KQM-29QD-AB3X-ZZ4P", "128 7KQM-29QD-AB3X", "128 7KQM-29QD-AB3X-ZZ40"] {
            assert_eq!(wrong.parse::<AuditCode>(), Err(ParseAuditCodeError), "{wrong}");
        }
    }
}
