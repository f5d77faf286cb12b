//! How a router joins the fleet and stays in it.

use std::fmt;
use std::str::FromStr;

use gapura_model::{GatewayId, SiteId, VOUCHER_ALPHABET};
use serde::{Deserialize, Serialize};

use crate::{BundleKey, Sha256, SpkiPin};

const LETTERS: usize = 20;

/// A one-off enrolment code: 20 letters of [`VOUCHER_ALPHABET`], 99 bits, in groups of five. It is a password: it does not
/// print with `{:?}`, and travels only in a request body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnrolCode(String);

/// A text is not an enrolment code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an enrolment code: expected {LETTERS} letters and digits in groups of five, as the controller printed them"
)]
pub struct ParseEnrolCodeError;

impl EnrolCode {
    /// Draws a code from random bytes without bias; `None` if too few were usable (64 suffice but once in ages).
    pub fn from_random(bytes: &[u8]) -> Option<Self> {
        // 248 = 8 * 31: larger bytes would favour the first letters.
        let letters =
            bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| VOUCHER_ALPHABET.get(usize::from(byte % 31)));
        let code: String = letters.take(LETTERS).copied().map(char::from).collect();
        (code.len() == LETTERS).then_some(Self(code))
    }

    /// What the controller stores in its place. Unkeyed is enough: nobody guesses 99 bits.
    pub fn hash(&self) -> Sha256 {
        Sha256::of(format!("gapura enrolment code\0{}", self.0).as_bytes())
    }

    /// The code in groups of five, for the person who carries it to the router.
    pub fn grouped(&self) -> String {
        let mut text = String::with_capacity(LETTERS + 3);
        for (index, letter) in self.0.chars().enumerate() {
            if index > 0 && index % 5 == 0 {
                text.push('-');
            }
            text.push(letter);
        }
        text
    }
}

impl FromStr for EnrolCode {
    type Err = ParseEnrolCodeError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut code = String::with_capacity(LETTERS);
        for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let letter = c.to_ascii_uppercase();
            let known = u8::try_from(letter).is_ok_and(|letter| VOUCHER_ALPHABET.contains(&letter));
            if !known || code.len() == LETTERS {
                return Err(ParseEnrolCodeError);
            }
            code.push(letter);
        }
        if code.len() == LETTERS { Ok(Self(code)) } else { Err(ParseEnrolCodeError) }
    }
}

impl TryFrom<String> for EnrolCode {
    type Error = ParseEnrolCodeError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EnrolCode> for String {
    fn from(code: EnrolCode) -> Self {
        code.grouped()
    }
}

impl fmt::Debug for EnrolCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[enrolment code]")
    }
}

/// A router asks to be taken into the fleet. It repeats the same request until the answer is no longer pending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The code that staff made for a site; the first request binds it to the key in `csr_pem`.
    pub code: EnrolCode,
    /// A PKCS #10 certificate request (RFC 2986) in PEM, signed by the router's own new key (ECDSA P-256 or Ed25519). Its
    /// subject is ignored: the controller names the router.
    pub csr_pem: String,
    /// What the box calls itself, for the person who approves.
    #[serde(default)]
    pub hostname: String,
    /// The box's model, for the person who approves.
    #[serde(default)]
    pub hardware: String,
    /// The version of Gapura on it.
    #[serde(default)]
    pub version: String,
}

/// The controller's answer to an [`EnrolRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "made once in a router's life")]
pub enum EnrolAnswer {
    /// A person must approve first: ask again in so many seconds.
    Pending {
        /// Seconds to wait.
        retry_seconds: u32,
        /// What staff see beside the request, to compare: the pin of the router's key.
        key: SpkiPin,
    },
    /// Welcome.
    Approved {
        /// The router's name from now on.
        gateway: GatewayId,
        /// The site it serves.
        site: SiteId,
        /// Its certificate and the fleet's, PEM, leaf first.
        certificate_pem: String,
        /// The controller's TLS key, to be trusted whatever the dates say.
        controller: SpkiPin,
        /// The key bundles and times are signed with.
        bundle_key: BundleKey,
        /// It takes over a site: fetch the balances last reported before letting anybody in.
        restore_balances: bool,
    },
    /// No: a wrong, used or expired code, or staff said no. Asking again does not help.
    Refused {
        /// Why, in English.
        reason: String,
    },
}

/// A certificate past its half-life is replaced; the key may be the same or new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewRequest {
    /// As in [`EnrolRequest`].
    pub csr_pem: String,
}

/// The new certificate; the old one stays good until its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewAnswer {
    /// Certificate and the fleet's, PEM, leaf first.
    pub certificate_pem: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_type_them_and_do_not_print() {
        let code = EnrolCode::from_random(&(0..64).collect::<Vec<u8>>()).unwrap();
        let typed = code.grouped().to_lowercase().replace('-', " ");
        assert_eq!(typed.parse::<EnrolCode>().unwrap(), code);
        assert_eq!(format!("{code:?}"), "[enrolment code]");
        assert!(code.grouped().replace('Y', "0").is_empty() || "0".repeat(20).parse::<EnrolCode>().is_err());
        assert!(format!("{}A", code.grouped()).parse::<EnrolCode>().is_err());
        assert!(EnrolCode::from_random(&[255; 64]).is_none());
    }
}
