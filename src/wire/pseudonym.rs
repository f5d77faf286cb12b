//! Pseudonyms: what leaves a gateway in place of an address.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use gapura_model::{AccountName, HolderId, MacAddr, Secret};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bytes::{hex, parse_hex};
use crate::voucher::hmac_sha256;

/// A calendar month in UTC, `2026-11`: how long one pseudonym key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Epoch {
    year: i16,
    month: i8,
}

/// A text is not an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an epoch: expected a year and a month, for example 2026-11")]
pub struct ParseEpochError;

impl Epoch {
    /// The month of `at`.
    pub fn of(at: Timestamp) -> Self {
        let day = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        Self { year: day.year().clamp(0, 9999), month: day.month() }
    }

    /// The month after.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.month >= 12 {
            Self { year: self.year + 1, month: 1 }
        } else {
            Self { year: self.year, month: self.month + 1 }
        }
    }
}

impl FromStr for Epoch {
    type Err = ParseEpochError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (year, month) = text.split_once('-').ok_or(ParseEpochError)?;
        let digits = |part: &str, length| part.len() == length && part.bytes().all(|c| c.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(ParseEpochError);
        }
        let (year, month) = (year.parse().map_err(|_| ParseEpochError)?, month.parse().map_err(|_| ParseEpochError)?);
        if (1..=12).contains(&month) { Ok(Self { year, month }) } else { Err(ParseEpochError) }
    }
}

impl TryFrom<String> for Epoch {
    type Error = ParseEpochError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Epoch> for String {
    fn from(epoch: Epoch) -> Self {
        epoch.to_string()
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// A regency's key for one epoch; destroying it destroys what the pseudonyms say (UU 27/2022 articles 43 and 44).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochKey {
    /// The month it is for.
    pub epoch: Epoch,
    /// 32 bytes, in base64.
    #[serde(with = "crate::bytes::secret_32")]
    pub key: Secret<[u8; 32]>,
}

impl EpochKey {
    /// The pseudonym of a device's hardware address.
    pub fn mac(&self, mac: MacAddr) -> Pseudonym {
        self.pseudonym(b"mac\0", &mac.octets())
    }

    /// The pseudonym of a private IPv4 address: there are so few that whoever holds the key finds each by trying them all.
    pub fn ipv4(&self, address: Ipv4Addr) -> Pseudonym {
        self.pseudonym(b"ipv4\0", &address.octets())
    }

    /// The pseudonym of an account.
    pub fn account(&self, name: &AccountName) -> Pseudonym {
        self.pseudonym(b"account\0", name.as_str().as_bytes())
    }

    /// The pseudonym of whatever balances belong to.
    pub fn holder(&self, holder: &HolderId) -> Pseudonym {
        match holder {
            HolderId::Voucher(tag) => self.pseudonym(b"voucher\0", tag),
            HolderId::Account(name) => self.account(name),
            HolderId::Device(device) => self.mac(device.mac),
        }
    }

    fn pseudonym(&self, domain: &[u8], value: &[u8]) -> Pseudonym {
        let mac = hmac_sha256(self.key.expose(), domain, value);
        let digest = mac.first_chunk().copied().unwrap_or_default();
        Pseudonym { epoch: self.epoch, digest }
    }
}

/// The key for `at`: that month's, else the newest before it, else the oldest there is; `None` only for no keys at all.
///
/// A gateway that has been without its controller for months goes on with its newest key; the pseudonym says which one it was.
pub fn epoch_key_at(keys: &[EpochKey], at: Timestamp) -> Option<&EpochKey> {
    let epoch = Epoch::of(at);
    let newest_before = keys.iter().filter(|key| key.epoch <= epoch).max_by_key(|key| key.epoch);
    newest_before.or_else(|| keys.iter().min_by_key(|key| key.epoch))
}

/// HMAC-SHA-256 under an epoch's key, cut to 128 bits: `h1:2026-11:` and 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pseudonym {
    epoch: Epoch,
    digest: [u8; 16],
}

/// A text is not a pseudonym.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a pseudonym: expected h1:YEAR-MONTH: and 32 hexadecimal digits")]
pub struct ParsePseudonymError;

impl Pseudonym {
    /// The month whose key made it.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }
}

impl FromStr for Pseudonym {
    type Err = ParsePseudonymError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (epoch, digest) =
            text.strip_prefix("h1:").and_then(|rest| rest.split_once(':')).ok_or(ParsePseudonymError)?;
        let epoch = epoch.parse().map_err(|_| ParsePseudonymError)?;
        Ok(Self { epoch, digest: parse_hex(digest).map_err(|_| ParsePseudonymError)? })
    }
}

impl TryFrom<String> for Pseudonym {
    type Error = ParsePseudonymError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Pseudonym> for String {
    fn from(pseudonym: Pseudonym) -> Self {
        pseudonym.to_string()
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "h1:{}:{}", self.epoch, hex(&self.digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(epoch: &str, byte: u8) -> EpochKey {
        EpochKey { epoch: epoch.parse().unwrap(), key: Secret::new([byte; 32]) }
    }

    #[test]
    fn a_pseudonym_names_its_month_and_hides_the_address() {
        let mac: MacAddr = "02:00:5e:10:00:01".parse().unwrap();
        let november = key("2026-11", 1).mac(mac);
        assert!(november.to_string().starts_with("h1:2026-11:") && november.to_string().len() == 43);
        assert_eq!(november.to_string().parse(), Ok(november));
        assert_ne!(november, key("2026-11", 2).mac(mac));
        assert!("h1:2026-13:00000000000000000000000000000000".parse::<Pseudonym>().is_err());
    }

    #[test]
    fn the_key_of_the_month_is_used_and_the_newest_one_after_weeks_alone() {
        let keys = [key("2026-12", 2), key("2026-11", 1)];
        let at = |text: &str| epoch_key_at(&keys, text.parse().unwrap()).unwrap().epoch.to_string();
        assert_eq!(at("2026-11-30T23:59:59Z"), "2026-11");
        assert_eq!(at("2026-12-01T00:00:00Z"), "2026-12");
        assert_eq!(at("2027-05-01T00:00:00Z"), "2026-12");
        assert_eq!(at("1970-01-01T00:00:00Z"), "2026-11");
        assert!(epoch_key_at(&[], Timestamp::UNIX_EPOCH).is_none());
    }
}
