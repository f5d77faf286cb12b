//! Reads lists in the formats that lists come in, one bounded line at a time. Nothing stops a load: bad lines are counted by cause.

mod adblock;
mod address;
mod detect;
mod dnsmasq;
mod host;
mod line;
mod rpz;
mod stat;

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) use self::address::range_text;
pub use self::stat::{Bad, Cause, Sample, Stat};

use self::host::Host;
use self::line::{LineReader, Read1};
use self::rpz::Zone;
use crate::{Deed, Entry, Place, Reach, Target};

/// Longest line that is read, octets; what is longer is counted and passed over.
pub const LONGEST_LINE: usize = 4096;
/// Octets looked at to tell a format.
const LOOKED_AT: usize = 64 * 1024;

/// How a list's lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A name a line, each with all below it; `*.example.com` is what is below only.
    Domains,
    /// `0.0.0.0 example.com example.net` as in hosts(5); each name with all below it.
    Hosts,
    /// `address=/example.com/`, `local=/example.com/`, `server=/example.com/` as in dnsmasq(8).
    Dnsmasq,
    /// `||example.com^` and `@@||example.com^`; rules a DNS filter cannot follow are counted.
    Adblock,
    /// A response policy zone in master file format (RFC 1035 section 5, draft-vixie-dnsop-dns-rpz).
    Rpz,
    /// As [`Self::Domains`], mostly `*.example.com`.
    Wildcard,
    /// Networks in CIDR notation (RFC 4632); as [`Self::Addresses`].
    Cidr,
    /// Addresses, networks and `first-last` ranges, perhaps with a port or a count behind.
    Addresses,
    /// URLs, of which the host counts, whatever the path. In other formats a URL with a path is refused: its host may be a good one.
    Urls,
}

impl Format {
    /// All of them, by the names they have in `lists.toml`.
    pub const ALL: [(&'static str, Self); 9] = [
        ("domains", Self::Domains),
        ("hosts", Self::Hosts),
        ("dnsmasq", Self::Dnsmasq),
        ("adblock", Self::Adblock),
        ("rpz", Self::Rpz),
        ("wildcard", Self::Wildcard),
        ("cidr", Self::Cidr),
        ("addresses", Self::Addresses),
        ("urls", Self::Urls),
    ];
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(_, format)| format == self).map_or("?", |(name, _)| *name))
    }
}

/// A text is not the name of a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no format of lists: use domains, hosts, dnsmasq, adblock, rpz, wildcard, cidr, addresses or urls")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, format)| *format);
        found.ok_or_else(|| UnknownFormat(text.chars().take(40).collect()))
    }
}

/// What is taken from a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// Names; addresses among them are counted as bad lines: many a site shares its address with others.
    #[default]
    Names,
    /// Addresses; names among them are counted as bad lines.
    Addresses,
    /// Both.
    Both,
}

/// How a list is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// `None`: told from the first 64 KiB.
    pub format: Option<Format>,
    /// What is taken.
    pub holds: Holds,
}

/// Reads one file of a list. Each line that says something goes to `sink`; `stat` counts all of them.
///
/// An error of `from` ends the file; what came before it stands, and `stat` says that the file was cut.
pub fn read(from: &mut impl Read, file: u16, reading: Reading, stat: &mut Stat, sink: &mut dyn FnMut(&Entry, Place)) {
    let mut front = Vec::with_capacity(LOOKED_AT);
    let broken = from.by_ref().take(LOOKED_AT as u64).read_to_end(&mut front).err();
    let text = front.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&front);
    let format = reading.format.unwrap_or_else(|| detect::format(text));
    stat.formats.insert(format);
    let mut parser = Parser { format, zone: Zone::default() };
    let mut lines = LineReader::new(text.chain(from));
    let mut line = 0_u32;
    let ended = loop {
        let next = lines.next();
        if !matches!(next, Ok(None)) {
            line = line.saturating_add(1);
            stat.lines += 1;
        }
        let place = Place { file, line };
        match next {
            Ok(Some(Read1::Line(octets))) => match std::str::from_utf8(octets) {
                Ok(text) => parser.take(text, reading.holds, &mut |said| match said {
                    Ok(entry) => {
                        stat.count(&entry);
                        sink(&entry, place);
                    }
                    Err(cause) => stat.bad(cause, place, text),
                }),
                Err(_) => stat.bad(Cause::NotText, place, &String::from_utf8_lossy(octets)),
            },
            Ok(Some(Read1::TooLong(front))) => stat.bad(Cause::TooLong, place, &String::from_utf8_lossy(front)),
            Ok(None) => break broken,
            Err(error) => break Some(error),
        }
    };
    if let Some(error) = ended {
        stat.cut(place_of(file, line), &why_cut(&error));
    }
}

fn place_of(file: u16, line: u32) -> Place {
    Place { file, line }
}

fn why_cut(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::UnexpectedEof { "the file ends too early".into() } else { error.to_string() }
}

/// Where a parser puts what a line says; a line that says nothing puts nothing.
type Out<'a> = &'a mut dyn FnMut(Result<Entry, Cause>);

struct Parser {
    format: Format,
    zone: Zone,
}

impl Parser {
    fn take(&mut self, line: &str, holds: Holds, out: Out<'_>) {
        let mut fitting = |said: Result<Entry, Cause>| {
            out(said.and_then(|entry| match (entry.target, holds) {
                (Target::Addresses(..), Holds::Names) => Err(Cause::AddressAmongNames),
                (Target::Name(..), Holds::Addresses) => Err(Cause::NameAmongAddresses),
                (Target::Addresses(..), Holds::Addresses | Holds::Both)
                | (Target::Name(..), Holds::Names | Holds::Both) => Ok(entry),
            }));
        };
        match self.format {
            Format::Rpz => self.zone.line(line, &mut fitting),
            Format::Dnsmasq => dnsmasq::line(line, &mut fitting),
            Format::Adblock => adblock::line(line, &mut fitting),
            Format::Hosts => hosts(line, &mut fitting),
            Format::Domains | Format::Wildcard | Format::Cidr | Format::Addresses => plain(line, false, &mut fitting),
            Format::Urls => plain(line, true, &mut fitting),
        }
    }
}

/// The line without comment and outer space; `None` where nothing is left.
fn content(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.starts_with([';', '!']) || line.starts_with("//") {
        return None;
    }
    let line = line.split_once('#').map_or(line, |(before, _)| before);
    let line = line.split_once(" ;").or_else(|| line.split_once("\t;")).map_or(line, |(before, _)| before);
    let line = line.split_once(" //").map_or(line, |(before, _)| before).trim();
    (!line.is_empty()).then_some(line)
}

/// A name, address or URL; a number may stand behind it (how many other lists have it).
fn plain(line: &str, paths: bool, out: Out<'_>) {
    // A `#` in a URL begins no comment that would matter: what is behind it is no part of the host.
    let Some(content) = content(line) else { return };
    let mut words =
        content.split([' ', '\t', ',']).map(|word| word.trim_matches(['"', '\''])).filter(|word| !word.is_empty());
    let Some(first) = words.next() else { return };
    let rest = words.next();
    if rest.is_some_and(|word| !word.bytes().all(|octet| octet.is_ascii_digit())) {
        // Somebody's line of a hosts file.
        if address::looks_like(first) {
            return hosts(line, out);
        }
        return out(Err(Cause::NotAName));
    }
    out(host::read(first, paths).map(|host| host.entry(Deed::Hold)));
}

/// Names every hosts file has for the machine itself.
const OWN_NAMES: [&str; 11] = [
    "localhost",
    "localhost.localdomain",
    "local",
    "broadcasthost",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-localnet",
    "ip6-mcastprefix",
    "ip6-allnodes",
    "ip6-allrouters",
    "ip6-allhosts",
];

fn hosts(line: &str, out: Out<'_>) {
    let Some(content) = content(line) else { return };
    let mut words = content.split_ascii_whitespace().peekable();
    let Some(first) = words.next() else { return };
    if first.parse::<std::net::IpAddr>().is_err() || words.peek().is_none() {
        return plain_word(first, words.next(), out);
    }
    for word in words {
        // `0.0.0.0 0.0.0.0` is in many of them.
        if OWN_NAMES.iter().any(|own| own.eq_ignore_ascii_case(word)) || word == "0.0.0.0" {
            continue;
        }
        out(host::read(word, false).map(|host| host.entry(Deed::Hold)));
    }
}

fn plain_word(word: &str, rest: Option<&str>, out: Out<'_>) {
    if rest.is_some() {
        return out(Err(Cause::NotAName));
    }
    out(host::read(word, false).map(|host| host.entry(Deed::Hold)));
}

impl Host {
    fn entry(self, deed: Deed) -> Entry {
        let target = match self {
            Self::Name(name) => Target::Name(name, Reach::Whole),
            Self::Below(name) => Target::Name(name, Reach::Below),
            Self::Addresses(first, last) => Target::Addresses(first, last),
        };
        Entry { target, deed }
    }
}
