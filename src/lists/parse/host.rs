//! Host names as lists write them: any case, any script, with dots, stars, schemes, ports and paths around them.

use std::net::IpAddr;

use gapura_model::{LONGEST_NAME, Name};

use super::{Cause, address};

/// What a word of a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// A name, and with it what is below.
    Name(Name),
    /// `*.example.com`.
    Below(Name),
    /// Addresses from the first to the last.
    Addresses(IpAddr, IpAddr),
}

/// Reads one word. With `paths`, what follows a URL's host is passed over; else a URL with a path is refused.
pub(super) fn read(word: &str, paths: bool) -> Result<Host, Cause> {
    if let Some(host) = quick(word) {
        return host;
    }
    if address::looks_like(word)
        && let Some(range) = address::read(word)
    {
        return range.map(|(first, last)| Host::Addresses(first, last));
    }
    let rest = match word.split_once("://") {
        Some((_, rest)) => rest.split_once('@').filter(|(user, _)| !user.contains('/')).map_or(rest, |(_, rest)| rest),
        None => word.strip_prefix("//").unwrap_or(word),
    };
    let (host, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
    let host = host_of(host)?;
    if paths || matches!(path, "" | "/") { Ok(host) } else { Err(Cause::Path) }
}

/// What stands before a URL's path.
fn host_of(text: &str) -> Result<Host, Cause> {
    if address::looks_like(text)
        && let Some(range) = address::read(text)
    {
        return range.map(|(first, last)| Host::Addresses(first, last));
    }
    let text = without_port(text);
    match text.strip_prefix("*.") {
        Some(parent) => name(parent).map(Host::Below),
        None => name(text.strip_prefix('.').unwrap_or(text)).map(Host::Name),
    }
}

/// A word that is a plain name, as nearly all are.
fn quick(word: &str) -> Option<Result<Host, Cause>> {
    let plain = word.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_'));
    let letter_last = word.bytes().next_back().is_some_and(|octet| octet.is_ascii_alphabetic());
    (plain && letter_last && !word.starts_with('.')).then(|| ascii(word).map(Host::Name))
}

/// Without `:443`. Anything else behind a colon stays, and is no name.
fn without_port(host: &str) -> &str {
    match host.split_once(':') {
        Some((before, port)) if !port.is_empty() && port.len() <= 5 && port.bytes().all(|o| o.is_ascii_digit()) => {
            before
        }
        Some(_) | None => host,
    }
}

/// A whole host name in any script; A-labels come out (RFC 5891).
pub(super) fn name(text: &str) -> Result<Name, Cause> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.is_ascii() {
        return ascii(text);
    }
    let mapped = idna::domain_to_ascii(text).map_err(|_| Cause::NotIdna)?;
    ascii(mapped.strip_suffix('.').unwrap_or(&mapped))
}

fn ascii(text: &str) -> Result<Name, Cause> {
    let mut wire = [0_u8; LONGEST_NAME + 1];
    let mut at = 0;
    let mut labels = 0;
    let mut digits = false;
    for label in text.split('.') {
        let length =
            u8::try_from(label.len()).ok().filter(|&length| (1..=63).contains(&length)).ok_or(Cause::NotAName)?;
        digits = label.bytes().all(|octet| octet.is_ascii_digit() || octet == b'-');
        if !label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_') {
            return Err(Cause::NotAName);
        }
        let place = wire.get_mut(at..at + 1 + label.len()).ok_or(Cause::NotAName)?;
        if let Some((first, rest)) = place.split_first_mut() {
            *first = length;
            rest.copy_from_slice(label.as_bytes());
        }
        at += 1 + label.len();
        labels += 1;
    }
    if digits {
        // No top-level label is a number (RFC 3696 section 2), nor two with a hyphen: what was meant is an address or a range of them.
        return Err(if labels > 1 { Cause::BadAddress } else { Cause::NotAName });
    }
    let (name, _) = Name::from_wire(wire.get(..=at).unwrap_or_default()).ok_or(Cause::NotAName)?;
    if labels < 2 { Err(Cause::WholeTld) } else { Ok(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(word: &str) -> String {
        match read(word, false) {
            Ok(Host::Name(name)) => name.to_string(),
            Ok(Host::Below(name)) => format!("below {name}"),
            Ok(Host::Addresses(first, last)) => format!("{first}-{last}"),
            Err(cause) => format!("{cause:?}"),
        }
    }

    #[test]
    fn names_come_out_of_what_is_around_them() {
        for (word, expected) in [
            ("Example.COM", "example.com"),
            ("example.com.", "example.com"),
            (".example.com", "example.com"),
            ("*.example.com", "below example.com"),
            ("http://example.com", "example.com"),
            ("https://user@example.com:8443/", "example.com"),
            ("//example.com/", "example.com"),
            ("example.com:8080", "example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("ＢＩＧ.example", "big.example"),
            ("_dmarc.example.com", "_dmarc.example.com"),
            ("-a-.example", "-a-.example"),
            ("https://example.com/login", "Path"),
            ("example.com/game?x=1", "Path"),
            ("example.com:http", "NotAName"),
            ("com", "WholeTld"),
            ("*.com", "WholeTld"),
            ("a..example", "NotAName"),
            ("exa mple.com", "NotAName"),
            ("<b>example.com</b>", "NotAName"),
            ("a*.example.com", "NotAName"),
            ("13.215.1628.51.139", "BadAddress"),
            ("203.0.113.9-203", "BadAddress"),
            ("http://192.0.2.9:81/", "192.0.2.9-192.0.2.9"),
            ("\u{ad}.example", "NotAName"),
        ] {
            assert_eq!(told(word), expected, "{word}");
        }
        let long = "a".repeat(64) + ".example";
        assert_eq!(told(&long), "NotAName");
        assert_eq!(name("203.0.113.9-203"), Err(Cause::BadAddress));
        assert_eq!(told(&(["abcdefg"; 40].join(".") + ".example")), "NotAName");
    }

    #[test]
    fn a_path_is_passed_over_where_urls_are_expected() {
        assert!(matches!(read("example.com/game?x=1", true), Ok(Host::Name(_))));
    }
}
