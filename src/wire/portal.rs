//! Where visitors reach a site's portal.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an address of the portal begins with: `http://` or `https://`, a host and perhaps a port, without a slash at the end. It
/// stands in QR codes, so it can be nothing else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortalBase(String);

/// A text is not where a portal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a portal: expected http:// or https:// with a host name or an address, for example https://masuk.sinjai.go.id"
)]
pub struct ParsePortalError;

impl PortalBase {
    /// The address of a page: `path` begins with a slash.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Host and port, for people to read.
    pub fn host(&self) -> &str {
        self.0.split_once("://").map_or(self.0.as_str(), |(_, host)| host)
    }
}

impl FromStr for PortalBase {
    type Err = ParsePortalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let authority =
            text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")).ok_or(ParsePortalError)?;
        let (host, port) = match authority.strip_prefix('[').map(|rest| rest.split_once(']')) {
            Some(Some((address, rest))) => {
                address.parse::<Ipv6Addr>().map_err(|_| ParsePortalError)?;
                ("ok", rest.strip_prefix(':').or(rest.is_empty().then_some("1")))
            }
            Some(None) => return Err(ParsePortalError),
            None => authority.split_once(':').map_or((authority, Some("1")), |(host, port)| (host, Some(port))),
        };
        let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'.';
        let good = (1..=253).contains(&host.len()) && host.bytes().all(plain);
        let port = port.is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        if good && port { Ok(Self(text.to_owned())) } else { Err(ParsePortalError) }
    }
}

impl TryFrom<String> for PortalBase {
    type Error = ParsePortalError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PortalBase> for String {
    fn from(base: PortalBase) -> Self {
        base.0
    }
}

impl fmt::Display for PortalBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_an_address_is_one() {
        for good in
            ["http://10.60.0.1", "https://masuk.sinjai.go.id", "https://masuk.example:8443", "http://[fd00::1]:8080"]
        {
            let base: PortalBase = good.parse().unwrap();
            assert_eq!(base.at("/v/x"), format!("{good}/v/x"));
        }
        for bad in [
            "",
            "masuk.example",
            "ftp://a",
            "http://",
            "http://a/",
            "http://a b",
            "https://a:0",
            "https://a:x",
            "http://[::1",
            "http://[a]",
            "http://a\"b",
            "https://x@y",
        ] {
            assert!(bad.parse::<PortalBase>().is_err(), "{bad}");
        }
        assert_eq!("https://masuk.example:8443".parse::<PortalBase>().unwrap().host(), "masuk.example:8443");
    }
}
