//! Where the portal lives, and which requests are for it.

use std::net::{IpAddr, SocketAddr};

/// Where the portal lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// By name over HTTPS; plain HTTP only redirects there.
    Tls {
        /// A DNS name that the certificate is for and that visitors' DNS answers with the gateway's address.
        name: String,
        /// 443, or whatever visitors reach.
        port: u16,
    },
    /// By address over plain HTTP: the address the connection came in on.
    Http {
        /// Names that may stand in `Host` as well as the address (a name our DNS answers).
        names: Vec<String>,
        /// The port visitors see: 80, or whatever is redirected there.
        port: u16,
        /// Stands in for a link-local IPv6 address, which no URL can hold; the first of the same family.
        fallback: Option<IpAddr>,
    },
}

impl Origin {
    /// Whether pages travel over HTTPS.
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Tls { .. })
    }

    /// What a URL of ours begins with, for a connection accepted on `local`: `http://10.7.0.1`, without a slash at the end.
    pub fn base(&self, local: SocketAddr) -> String {
        match self {
            Self::Tls { name, port: 443 } => format!("https://{name}"),
            Self::Tls { name, port } => format!("https://{name}:{port}"),
            Self::Http { port, fallback, .. } => {
                let address = match (local.ip(), fallback) {
                    (IpAddr::V6(address), Some(fallback)) if address.is_unicast_link_local() => *fallback,
                    (address, _) => address,
                };
                match (address, *port) {
                    (IpAddr::V4(address), 80) => format!("http://{address}"),
                    (IpAddr::V4(address), port) => format!("http://{address}:{port}"),
                    (IpAddr::V6(address), 80) => format!("http://[{address}]"),
                    (IpAddr::V6(address), port) => format!("http://[{address}]:{port}"),
                }
            }
        }
    }

    /// Whether `host` (as in a `Host` header, port and all) means this portal on `local`. Anything else is a page that the
    /// visitor wanted from somebody else.
    pub fn is_own(&self, host: &str, local: SocketAddr) -> bool {
        let bare = without_port(host);
        let address = bare.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = address.parse::<IpAddr>() {
            let fallback = match self {
                Self::Http { fallback, .. } => *fallback,
                Self::Tls { .. } => None,
            };
            return address == local.ip() || Some(address) == fallback;
        }
        let bare = bare.strip_suffix('.').unwrap_or(bare);
        match self {
            Self::Tls { name, .. } => bare.eq_ignore_ascii_case(name),
            Self::Http { names, .. } => names.iter().any(|name| bare.eq_ignore_ascii_case(name)),
        }
    }
}

/// `[::1]:80` and `name:80` without the port.
fn without_port(host: &str) -> &str {
    if let Some(end) = host.rfind(']') {
        return host.get(..=end).unwrap_or(host);
    }
    match host.rsplit_once(':') {
        // An IPv6 address without brackets is not a host, and has colons left.
        Some((name, port)) if port.bytes().all(|c| c.is_ascii_digit()) && !name.contains(':') => name,
        _ => host,
    }
}

/// The path and query of our own that may follow us to HTTPS: printable ASCII that begins with exactly one slash.
pub(crate) fn safe_path(target: &str) -> &str {
    let plain = target.len() <= 512
        && target.starts_with('/')
        && !target.starts_with("//")
        && target.bytes().all(|c| c.is_ascii_graphic() && !matches!(c, b'"' | b'<' | b'>' | b'\\' | b'\''));
    if plain { target } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_ours() {
        let http = Origin::Http { names: vec!["internet.example".into()], port: 80, fallback: None };
        let v4: SocketAddr = "10.7.0.1:8080".parse().unwrap();
        let v6: SocketAddr = "[fd00::1]:8080".parse().unwrap();
        for host in ["10.7.0.1", "10.7.0.1:80", "Internet.Example", "internet.example.", "internet.example:80"] {
            assert!(http.is_own(host, v4), "{host}");
        }
        for host in ["[fd00::1]", "[fd00:0::1]:80", "fd00::1"] {
            assert!(http.is_own(host, v6), "{host}");
        }
        for host in
            ["", "10.7.0.2", "captive.apple.com", "10.7.0.1.example", "internet.example.evil", "[", "]", ":", "é"]
        {
            assert!(!http.is_own(host, v4), "{host}");
        }
        let tls = Origin::Tls { name: "gw.example".into(), port: 443 };
        assert!(tls.is_own("GW.example:443", v4) && !tls.is_own("example", v4));
        assert_eq!(tls.base(v4), "https://gw.example");
        assert_eq!(http.base(v4), "http://10.7.0.1");
        assert_eq!(http.base(v6), "http://[fd00::1]");
    }

    #[test]
    fn a_link_local_address_never_stands_in_a_url() {
        let origin = Origin::Http { names: vec![], port: 8080, fallback: Some("10.7.0.1".parse().unwrap()) };
        assert_eq!(origin.base("[fe80::1]:8080".parse().unwrap()), "http://10.7.0.1:8080");
    }

    #[test]
    fn no_path_leads_elsewhere() {
        assert_eq!(safe_path("/v/ABCDE23456?lang=en"), "/v/ABCDE23456?lang=en");
        for bad in ["//evil.example", "http://evil.example/", "/a\r\nSet-Cookie: x", "/\"><script>", "", "*", "/\\evil"]
        {
            assert_eq!(safe_path(bad), "/", "{bad}");
        }
    }
}
