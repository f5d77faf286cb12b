//! Names and numbers that identify things.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text is not a name: names are 1 to 63 of `a-z`, `0-9` and `-`, and begin and end with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a name: use 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit")]
pub struct ParseNameError(String);

fn is_slug(text: &str) -> bool {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ParseNameError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if is_slug(text) { Ok(Self(text.to_owned())) } else { Err(ParseNameError(text.chars().take(80).collect())) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseNameError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

slug! {
    /// A service site, for example `galeri-sinjai-utara`.
    SiteId
}
slug! {
    /// A group of sites whose vouchers are good at each of them, for example `sinjai`.
    GroupId
}
slug! {
    /// A group of people in the content filter, for example `anak` (children's PCs) or `staf`.
    PolicyGroup
}
impl PolicyGroup {
    /// The group of everybody who is in no other: `umum`.
    pub fn usual() -> Self {
        Self("umum".to_owned())
    }
}

slug! {
    /// A filter list, for example `trustpositif`.
    ListId
}
slug! {
    /// What a filter list is about, for example `judi`.
    CategoryId
}
slug! {
    /// A plan (paket), for example `umum`.
    PlanId
}
impl PlanId {
    /// A name that stands where none can be read: `umum`.
    pub fn usual() -> Self {
        Self("umum".to_owned())
    }
}

slug! {
    /// A preset (tile) of the counter, for example `pelajar-3-jam`.
    PresetId
}
impl PresetId {
    /// The id of a preset whose name gives none.
    pub fn usual() -> Self {
        Self("preset".to_owned())
    }
}

slug! {
    /// A router that serves a site, for example `gw-sinjai-utara-1`.
    GatewayId
}

/// The name an account signs in with: 1 to 64 visible characters without spaces, compared in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

impl AccountName {
    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountName {
    type Err = ParseNameError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim().to_lowercase();
        let visible = name.chars().all(|c| !c.is_whitespace() && !c.is_control());
        if visible && (1..=64).contains(&name.chars().count()) {
            Ok(Self(name))
        } else {
            Err(ParseNameError(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for AccountName {
    type Error = ParseNameError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

/// One visit: from being let in to the end of access. Random (UUID v4), so it says nothing about time or device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VisitId(Uuid);

impl VisitId {
    /// Builds an id from 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// The id's 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The short number a visitor reads out to a helpdesk: eight characters in two groups, for example `4K7M-29QD`.
    pub fn short(&self) -> String {
        let mut bits = u64::from_be_bytes(self.0.as_bytes().first_chunk().copied().unwrap_or_default());
        let mut text = String::with_capacity(9);
        for position in 0..8 {
            if position == 4 {
                text.push('-');
            }
            let index = usize::try_from(bits % 31).unwrap_or_default();
            text.push(crate::VOUCHER_ALPHABET.get(index).copied().map_or('2', char::from));
            bits /= 31;
        }
        text
    }
}

impl From<Uuid> for VisitId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl From<VisitId> for Uuid {
    fn from(id: VisitId) -> Self {
        id.0
    }
}

impl FromStr for VisitId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for VisitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What balances belong to: a voucher, an account, or (softly) a device. Never printed to a log above DEBUG.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "kebab-case")]
pub enum HolderId {
    /// A voucher, by the HMAC-SHA-256 of its code under the site's key (the code itself is never stored).
    Voucher(#[serde(with = "hex_32")] [u8; 32]),
    /// An account, by name.
    Account(AccountName),
    /// A device that used one-tap access: soft, since a device may change its address at will.
    Device(crate::DeviceId),
}

mod hex_32 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::fmt::Write as _;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        let text = bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        to.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(from)?;
        let wrong = || D::Error::custom("expected 64 hexadecimal digits");
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            let pair = text.get(index * 2..index * 2 + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(bytes)
    }
}

/// The number of a published whole; a later one replaces an earlier one, an older one is refused everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(u64);

impl Generation {
    /// Generation `number`; 0 means "nothing published yet".
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The plain number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The generation after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One run of a kernel (`/proc/sys/kernel/random/boot_id`): counters of another boot start from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(Uuid);

impl FromStr for BootId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim().parse().map(Self)
    }
}

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_once() {
        assert!("galeri-1".parse::<SiteId>().is_ok());
        for bad in ["", "-a", "a-", "A", "a b", "a;rm", "é", &"a".repeat(64)] {
            assert!(bad.parse::<SiteId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn account_names_ignore_case_and_outer_space() {
        assert_eq!(" Andi@Sekolah ".parse::<AccountName>().unwrap().as_str(), "andi@sekolah");
        assert!("a b".parse::<AccountName>().is_err());
    }

    #[test]
    fn a_holder_survives_json() {
        for holder in [
            HolderId::Voucher([0xab; 32]),
            HolderId::Account("andi".parse().unwrap()),
            HolderId::Device(crate::DeviceId {
                lan: "br-lan".parse().unwrap(),
                mac: "02:00:00:00:00:01".parse().unwrap(),
            }),
        ] {
            let text = serde_json::to_string(&holder).unwrap();
            assert_eq!(serde_json::from_str::<HolderId>(&text).unwrap(), holder, "{text}");
        }
    }
}
