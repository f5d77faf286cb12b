//! Texts that may stand in a configuration file as they are.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text may not stand in dnsmasq's configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{text}\" is not {wanted}")]
pub struct CheckError {
    text: String,
    wanted: &'static str,
}

fn refused(text: &str, wanted: &'static str) -> CheckError {
    CheckError { text: text.chars().take(80).collect(), wanted }
}

macro_rules! checked_text {
    ($name:ident) => {
        impl $name {
            /// The text as it is sent or written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = CheckError;
            fn try_from(text: String) -> Result<Self, CheckError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// The captive-portal API's URI (RFC 8908), announced in DHCP option 114 and RA option 37 (RFC 8910): `https`, a host by
/// name, at most 255 octets, and no octet that means something in a configuration file. One value serves every carrier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApiUri(String);

impl FromStr for ApiUri {
    type Err = CheckError;
    fn from_str(text: &str) -> Result<Self, CheckError> {
        let wrong = || {
            refused(text, "an API address: https://, a host by name, at most 255 of letters, digits and -._~:/?&=%+")
        };
        let rest = text.strip_prefix("https://").ok_or_else(wrong)?;
        let host = rest.split(['/', '?', ':']).next().unwrap_or_default();
        let named = host.bytes().any(|c| c.is_ascii_alphabetic())
            && host.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.'));
        let plain = rest.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._~:/?&=%+".contains(&c));
        if named && plain && text.len() <= 255 { Ok(Self(text.to_owned())) } else { Err(wrong()) }
    }
}

checked_text!(ApiUri);

/// A system user's or group's name: 1 to 32 of lower-case letters, digits, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

impl FromStr for UserName {
    type Err = CheckError;
    fn from_str(text: &str) -> Result<Self, CheckError> {
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'_' | b'-');
        if (1..=32).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(refused(text, "a user name: 1 to 32 of lower-case letters, digits, _ and -"))
        }
    }
}

checked_text!(UserName);

/// An absolute path of letters, digits, `/`, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlainPath(String);

impl PlainPath {
    /// As a path.
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl FromStr for PlainPath {
    type Err = CheckError;
    fn from_str(text: &str) -> Result<Self, CheckError> {
        let allowed = |c: u8| c.is_ascii_alphanumeric() || b"/._-".contains(&c);
        if text.starts_with('/') && text.len() < 1024 && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(refused(text, "an absolute path of letters, digits, / . _ and -"))
        }
    }
}

impl TryFrom<PathBuf> for PlainPath {
    type Error = CheckError;
    fn try_from(path: PathBuf) -> Result<Self, CheckError> {
        path.to_string_lossy().parse()
    }
}

checked_text!(PlainPath);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_uri_is_https_by_name_and_harmless() {
        assert!("https://gw-galeri.example.go.id/capport/v1/7Kq2".parse::<ApiUri>().is_ok());
        let long = format!("https://a.id/{}", "x".repeat(250));
        for bad in [
            "http://gw.example.id/api",
            "https://192.0.2.1/api",
            "https://[fd00::1]/api",
            "https://gw.example.id/a\ndhcp-script=/bin/sh",
            "https://gw.example.id/a,b",
            "https://gw.example.id/a#b",
            "https:///api",
            &long,
        ] {
            assert!(bad.parse::<ApiUri>().is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_and_users_carry_no_second_line() {
        for bad in ["", "relative", "/a b", "/a\nb", "/a#b", "/a\"b"] {
            assert!(bad.parse::<PlainPath>().is_err(), "{bad}");
        }
        for bad in ["", "-x", "root\n", "Root", "a b"] {
            assert!(bad.parse::<UserName>().is_err(), "{bad}");
        }
    }
}
