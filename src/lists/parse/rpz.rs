//! Response policy zones (draft-vixie-dnsop-dns-rpz) in master file format: QNAME triggers with all actions, and `rpz-ip`.
//!
//! | action | is | the list |
//! |---|---|---|
//! | `CNAME .` | NXDOMAIN | holds the name |
//! | `CNAME *.` | NODATA | holds it |
//! | `CNAME rpz-drop.` | no answer | holds it |
//! | `CNAME rpz-passthru.`, `CNAME` to itself | the true answer | does not hold it |
//! | `CNAME rpz-tcp-only.` | the true answer, by TCP | does not hold it |
//! | any other data | an answer of the zone's own | holds it |

use std::net::IpAddr;

use super::{Cause, Out, address, host};
use crate::{Deed, Entry, Reach, Target};

/// What is known of the zone so far.
#[derive(Debug, Default)]
pub(super) struct Zone {
    /// Lower case, without the last dot; empty until known.
    origin: String,
    owner: String,
    /// Parentheses open: a record goes on over lines.
    depth: usize,
    /// Lines since they were opened.
    lines: usize,
}

/// A record has no more lines: a parenthesis that nobody closes must not swallow the rest of the file.
const RECORD_LINES: usize = 64;

impl Zone {
    pub(super) fn line(&mut self, line: &str, out: Out<'_>) {
        let line = &plain(line);
        let (opened, closed) = (line.matches('(').count(), line.matches(')').count());
        if self.depth > 0 && self.lines < RECORD_LINES {
            self.depth = (self.depth + opened).saturating_sub(closed);
            self.lines += 1;
            return;
        }
        if self.depth > 0 {
            out(Err(Cause::Unsupported));
        }
        self.depth = opened.saturating_sub(closed);
        self.lines = 0;
        let mut words = line.split_ascii_whitespace().peekable();
        let Some(&first) = words.peek() else { return };
        if first.starts_with('$') {
            words.next();
            match first {
                "$ORIGIN" => self.origin = fold(words.next().unwrap_or_default()),
                "$TTL" => {}
                _ => out(Err(Cause::Unsupported)),
            }
            return;
        }
        if !line.starts_with([' ', '\t']) {
            first.clone_into(&mut self.owner);
            words.next();
        }
        while words.peek().is_some_and(|word| is_ttl(word) || is_class(word)) {
            words.next();
        }
        let Some(kind) = words.next().map(str::to_ascii_uppercase) else { return out(Err(Cause::Unsupported)) };
        self.record(&kind, words.next().unwrap_or_default(), out);
    }

    fn record(&mut self, kind: &str, data: &str, out: Out<'_>) {
        match kind {
            "SOA" => {
                if self.origin.is_empty() && self.owner != "@" {
                    self.origin = fold(&self.owner);
                }
                return;
            }
            // The zone's own, and its signatures.
            "NS" | "RRSIG" | "NSEC" | "NSEC3" | "NSEC3PARAM" | "DNSKEY" | "DS" | "CDS" | "CDNSKEY" | "ZONEMD" => return,
            _ if !kind.bytes().all(|octet| octet.is_ascii_alphanumeric()) || kind.len() > 10 => {
                return out(Err(Cause::Unsupported));
            }
            _ => {}
        }
        if self.owner == "@" {
            return;
        }
        let owner = match self.relative() {
            Ok(owner) => owner,
            Err(cause) => return out(Err(cause)),
        };
        let deed = match (kind, fold(data).as_str()) {
            ("CNAME", "rpz-passthru" | "rpz-tcp-only") => Deed::Except,
            ("CNAME", itself) if itself == owner => Deed::Except,
            (_, _) => Deed::Hold,
        };
        out(target(&owner).map(|target| Entry { target, deed }));
    }

    /// The owner without the zone's own name.
    fn relative(&self) -> Result<String, Cause> {
        let owner = self.owner.to_ascii_lowercase();
        let Some(absolute) = owner.strip_suffix('.') else { return Ok(owner) };
        if self.origin.is_empty() {
            return Ok(absolute.to_owned());
        }
        let inside = absolute.strip_suffix(self.origin.as_str()).and_then(|rest| rest.strip_suffix('.'));
        inside.map(str::to_owned).ok_or(Cause::OutOfZone)
    }
}

/// A line without its comment and without what stands in quotes.
fn plain(line: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let mut plain = String::with_capacity(line.len());
    for letter in line.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => break,
            _ => {}
        }
        if !quoted && letter != '"' {
            plain.push(letter);
        }
    }
    plain
}

fn fold(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn is_ttl(word: &str) -> bool {
    let unit = |c: char| "smhdwSMHDW".contains(c);
    word.starts_with(|c: char| c.is_ascii_digit()) && word.chars().all(|c| c.is_ascii_digit() || unit(c))
}

fn is_class(word: &str) -> bool {
    ["IN", "CH", "HS"].iter().any(|class| class.eq_ignore_ascii_case(word))
}

fn target(owner: &str) -> Result<Target, Cause> {
    if let Some(trigger) = owner.strip_suffix(".rpz-ip") {
        let (network, length) = network(trigger).ok_or(Cause::BadAddress)?;
        let (first, last) = address::prefix(network, length).ok_or(Cause::BadAddress)?;
        return address::checked(first, last).map(|(first, last)| Target::Addresses(first, last));
    }
    if [".rpz-client-ip", ".rpz-nsdname", ".rpz-nsip"].iter().any(|trigger| owner.ends_with(trigger)) {
        return Err(Cause::Trigger);
    }
    match owner.strip_prefix("*.") {
        Some(parent) => host::name(parent).map(|name| Target::Name(name, Reach::Below)),
        None if owner == "*" => Err(Cause::WholeTld),
        None => host::name(owner).map(|name| Target::Name(name, Reach::Exact)),
    }
}

/// `24.0.2.0.192` is 192.0.2.0/24, `48.zz.2.2001` is 2001:2::/48.
fn network(trigger: &str) -> Option<(IpAddr, u32)> {
    let (length, rest) = trigger.split_once('.')?;
    let length = length.parse().ok()?;
    let labels: Vec<&str> = rest.split('.').rev().collect();
    if let Ok(address) = labels.join(".").parse::<std::net::Ipv4Addr>() {
        return Some((address.into(), length));
    }
    let text = labels.iter().map(|label| if *label == "zz" { "" } else { label }).collect::<Vec<_>>().join(":");
    let text = match (labels.first(), labels.last()) {
        (Some(&"zz"), Some(&"zz")) => "::".to_owned(),
        (Some(&"zz"), _) => format!(":{text}"),
        (_, Some(&"zz")) => format!("{text}:"),
        (_, _) => text,
    };
    text.parse::<std::net::Ipv6Addr>().ok().map(|address| (address.into(), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(lines: impl IntoIterator<Item = String>) -> (usize, usize) {
        let (mut zone, mut held, mut bad) = (Zone::default(), 0, 0);
        for line in lines {
            zone.line(&line, &mut |read| if read.is_ok() { held += 1 } else { bad += 1 });
        }
        (held, bad)
    }

    #[test]
    fn a_parenthesis_in_quotes_or_never_closed_does_not_swallow_the_file() {
        let quoted = ["a.example TXT \"smile :( ; (\"", "b.example CNAME .", "c.example CNAME . ; ("];
        assert_eq!(held(quoted.map(str::to_owned)), (3, 0));
        let names = (0..200).map(|number| format!("n{number}.example CNAME ."));
        let open = std::iter::once("a.example TXT (".to_owned()).chain(names);
        assert_eq!(held(open), (1 + 200 - RECORD_LINES, 1));
        let soa = ["@ SOA ns.example. me.example. (", "1 2 ; serial", "3 4 5 )", "a.example CNAME ."];
        assert_eq!(held(soa.map(str::to_owned)), (1, 0));
    }

    #[test]
    fn networks_are_written_backwards() {
        for (trigger, expected) in [
            ("32.7.2.0.192", "192.0.2.7/32"),
            ("24.0.2.0.192", "192.0.2.0/24"),
            ("48.zz.2.2001", "2001:2::/48"),
            ("128.1.zz.db8.2001", "2001:db8::1/128"),
            ("128.57.zz", "::57/128"),
        ] {
            let (address, length) = network(trigger).unwrap();
            assert_eq!(format!("{address}/{length}"), expected, "{trigger}");
        }
        assert_eq!(network("32.7.2.0"), None);
        assert_eq!(network("x"), None);
    }
}
