//! What staff are called, and what a browser shows to be known again.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gapura_model::Secret;
use gapura_wire::Sha256;
use serde::{Deserialize, Serialize};

/// The name one of the staff signs in with: 3 to 32 lower-case letters, digits, `.`, `-` and `_`, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StaffName(String);

/// A text is no user name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a user name: write 3 to 32 small letters, digits, dots, - or _, beginning with a letter")]
pub struct ParseStaffNameError(String);

impl StaffName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As somebody types it: without blanks around it, in any case.
    pub fn typed(text: &str) -> Result<Self, ParseStaffNameError> {
        text.trim().to_lowercase().parse()
    }
}

impl FromStr for StaffName {
    type Err = ParseStaffNameError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
        let good = (3..=32).contains(&text.len())
            && text.chars().all(fits)
            && text.starts_with(|c: char| c.is_ascii_lowercase());
        if good { Ok(Self(text.to_owned())) } else { Err(ParseStaffNameError(text.chars().take(40).collect())) }
    }
}

impl TryFrom<String> for StaffName {
    type Error = ParseStaffNameError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<StaffName> for String {
    fn from(name: StaffName) -> Self {
        name.0
    }
}

impl fmt::Display for StaffName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 256 random bits that a browser keeps in its cookie; the database knows their hash alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionToken(Secret<String>);

impl SessionToken {
    pub(crate) fn new(random: [u8; 32]) -> Self {
        Self(Secret::new(URL_SAFE_NO_PAD.encode(random)))
    }

    /// What a cookie says; `None` where it cannot be one.
    pub fn from_cookie(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(Secret::new(text.to_owned())))
    }

    /// For the cookie: 43 letters, digits, `-` and `_`.
    pub const fn expose(&self) -> &String {
        self.0.expose()
    }

    /// What the database knows it by.
    pub fn id(&self) -> SessionId {
        SessionId(Sha256::of(self.0.expose().as_bytes()))
    }
}

/// A session, named without giving it away: the hash of its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(Sha256);

impl SessionId {
    /// From the SHA-256 of a session's token.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Sha256::from_bytes(bytes))
    }

    /// Its 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SessionId {
    type Err = gapura_wire::ParseHexError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_small_and_plain() {
        for good in ["ani", "andi.rahmawati", "loket-2", "a_1"] {
            assert_eq!(good.parse::<StaffName>().unwrap().as_str(), good);
        }
        for wrong in ["", "ab", "Ani", "1ab", "ani rahma", "ani@x", "ani\n", "äni", &"a".repeat(33)] {
            assert!(wrong.parse::<StaffName>().is_err(), "{wrong}");
        }
        assert_eq!(StaffName::typed("  Andi.Rahmawati ").unwrap().as_str(), "andi.rahmawati");
    }

    #[test]
    fn a_token_comes_back_from_its_cookie_and_does_not_print() {
        let token = SessionToken::new([7; 32]);
        let back = SessionToken::from_cookie(token.expose()).unwrap();
        assert_eq!(back.id(), token.id());
        assert_eq!(token.id().to_string().parse(), Ok(token.id()));
        assert!(!format!("{token:?}").contains(token.expose().as_str()));
        for wrong in ["", "short", &"=".repeat(43), &"A".repeat(44)] {
            assert_eq!(SessionToken::from_cookie(wrong), None, "{wrong}");
        }
    }
}
