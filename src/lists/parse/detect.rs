//! Tells a format from a list's first lines.

use std::net::IpAddr;

use super::{Format, address};

/// Lines that say something and are looked at.
const LINES: usize = 1000;

/// The format most lines look like; plain domains where none does.
pub(super) fn format(front: &[u8]) -> Format {
    let mut votes = [0_u32; Format::ALL.len()];
    let text = String::from_utf8_lossy(front);
    let lines = text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty());
    for format in lines.filter_map(line).take(LINES) {
        let vote = Format::ALL.iter().position(|(_, other)| *other == format).and_then(|at| votes.get_mut(at));
        if let Some(vote) = vote {
            *vote += 1;
        }
    }
    // Of formats with as many lines, the first: `max_by_key` would give the last.
    let most = votes.iter().zip(Format::ALL).rev().max_by_key(|(votes, _)| **votes);
    most.filter(|(votes, _)| **votes > 0).map_or(Format::Domains, |(_, (_, format))| format)
}

/// What a line looks like; `None` where it says nothing.
fn line(line: &str) -> Option<Format> {
    if line.starts_with("||") || line.starts_with("@@") || line.starts_with("[Adblock") {
        return Some(Format::Adblock);
    }
    if line.starts_with(['#', ';', '!']) || line.starts_with("//") {
        return None;
    }
    if ["address=/", "server=/", "local=/"].iter().any(|key| line.starts_with(key)) {
        return Some(Format::Dnsmasq);
    }
    if line.starts_with("$TTL") || line.starts_with("$ORIGIN") {
        return Some(Format::Rpz);
    }
    let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
    let first = words.next()?;
    let second = words.next().filter(|word| !word.starts_with(['#', ';']));
    let zone_words = ["CNAME", "SOA", "NS", "A", "AAAA", "TXT"];
    if std::iter::once(second).flatten().chain(words.take(2)).any(|word| zone_words.contains(&word)) {
        return Some(Format::Rpz);
    }
    if first.parse::<IpAddr>().is_ok()
        && second.is_some_and(|word| word.bytes().any(|octet| octet.is_ascii_alphabetic()))
    {
        return Some(Format::Hosts);
    }
    if address::looks_like(first) {
        return Some(Format::Addresses);
    }
    if first.starts_with("*.") {
        return Some(Format::Wildcard);
    }
    // A scheme alone is often put before plain hosts; a path is what makes a list one of URLs. It is never taken for one unasked:
    // the hosts of its URLs may be good ones.
    Some(Format::Domains)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_told_from_its_lines() {
        for (text, expected) in [
            ("# a comment\nexample.com\n0.example.net\n", Format::Domains),
            ("127.0.0.1 localhost\n0.0.0.0 example.com\n", Format::Hosts),
            ("# x\naddress=/example.com/0.0.0.0\n", Format::Dnsmasq),
            ("! Title: x\n||example.com^\n", Format::Adblock),
            ("$TTL 30\n@ IN SOA localhost. root.localhost. 1 2 3 4 5\nexample.com CNAME .\n", Format::Rpz),
            ("*.example.com\n*.example.net\n", Format::Wildcard),
            ("192.0.2.1\n192.0.2.0/24\nexample.com\n", Format::Addresses),
            ("192.0.2.1\t10\n", Format::Addresses),
            ("192.0.2.1   # dns.example.com\n", Format::Addresses),
            ("2001:db8::1\n", Format::Addresses),
            ("http://example.com/\n", Format::Domains),
            ("", Format::Domains),
        ] {
            assert_eq!(format(text.as_bytes()), expected, "{text}");
        }
    }
}
