//! Domain names as every room compares them: lower-case wire form (RFC 1035 section 3.1, RFC 4343).

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Longest name in wire form, octets (RFC 1035 section 2.3.4).
pub const LONGEST_NAME: usize = 255;
/// Longest label, octets.
const LONGEST_LABEL: usize = 63;

/// A whole domain name in lower-case wire form: length-prefixed labels and the root's zero octet. On the stack, no allocation.
#[derive(Clone, Copy)]
pub struct Name {
    octets: [u8; LONGEST_NAME],
    length: u8,
}

/// Why a text is no domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing there, or two dots in a row.
    #[error("a label is empty; write the name as in `portal.example.go.id`")]
    EmptyLabel,
    /// A label over 63 octets or a name over 255.
    #[error("too long: a label has at most 63 octets, a name 255 (RFC 1035)")]
    TooLong,
    /// A character that host names do not have.
    #[error("only letters, digits, `-` and `_` may appear; write international names in their xn-- form")]
    Character,
    /// A `*` anywhere but as the whole first label.
    #[error("`*` stands only at the front and alone: `*.example.go.id`")]
    Wildcard,
}

impl Name {
    /// The root of all names.
    pub const ROOT: Self = Self { octets: [0; LONGEST_NAME], length: 1 };

    /// Takes an uncompressed wire-form name from the front of `octets`; also returns its length there.
    /// `None` where it is cut short, compressed or too long.
    pub fn from_wire(octets: &[u8]) -> Option<(Self, usize)> {
        let mut name = Self::ROOT;
        let length = name.replace(octets)?;
        Some((name, length))
    }

    /// As [`Self::from_wire`], into the place of this name, which stays as it is where that is `None`: no copy is made for a name that is
    /// looked at once.
    pub fn replace(&mut self, octets: &[u8]) -> Option<usize> {
        let mut at = 0_usize;
        loop {
            let label = usize::from(*octets.get(at)?);
            if label > LONGEST_LABEL {
                return None;
            }
            at += 1 + label;
            if at > LONGEST_NAME || at > octets.len() {
                return None;
            }
            if label == 0 {
                break;
            }
        }
        let length = u8::try_from(at).ok()?;
        let own = self.octets.get_mut(..at)?;
        own.copy_from_slice(octets.get(..at)?);
        // Length octets are below 64, so that lower-casing the whole leaves them alone.
        own.make_ascii_lowercase();
        self.length = length;
        Some(at)
    }

    /// The lower-case wire form, root included.
    pub fn wire(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// The name itself, then each of its parents, ending with the root.
    pub fn suffixes(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = Some(self.wire());
        std::iter::from_fn(move || {
            let suffix = rest?;
            let label = usize::from(*suffix.first()?);
            rest = if label == 0 { None } else { suffix.get(1 + label..) };
            Some(suffix)
        })
    }

    /// Whether this is `parent` or lies below it.
    pub fn is_within(&self, parent: &Self) -> bool {
        self.suffixes().any(|suffix| suffix == parent.wire())
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let mut wire = Vec::with_capacity(text.len() + 2);
        for label in text.split('.') {
            if label.is_empty() {
                return Err(NameError::EmptyLabel);
            }
            if !label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_') {
                return Err(NameError::Character);
            }
            let length = u8::try_from(label.len()).map_err(|_| NameError::TooLong)?;
            wire.push(length);
            wire.extend_from_slice(label.as_bytes());
        }
        wire.push(0);
        Self::from_wire(&wire).map(|(name, _)| name).ok_or(NameError::TooLong)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.wire() == other.wire()
    }
}

impl Eq for Name {}

/// By the octets of the wire form: an order to store and print by, not the canonical one of RFC 4034.
impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.wire().cmp(other.wire())
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl std::hash::Hash for Name {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.wire().hash(state);
    }
}

/// Without the final dot; octets that are not printable or that would be ambiguous as `\DDD` (RFC 1035 section 5.1).
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.wire();
        let mut first = true;
        while let Some((&length, after)) = rest.split_first() {
            let Some((label, next)) = after.split_at_checked(usize::from(length)) else { break };
            if label.is_empty() {
                break;
            }
            if !first {
                f.write_str(".")?;
            }
            first = false;
            for &octet in label {
                match octet {
                    b'.' | b'\\' => write!(f, "\\{}", char::from(octet))?,
                    0x21..=0x7e => write!(f, "{}", char::from(octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
            rest = next;
        }
        if first { f.write_str(".") } else { Ok(()) }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

/// `example.go.id` (that name only) or `*.example.go.id` (everything below it, not the name itself).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamePattern {
    /// This name and no other.
    Exact(Name),
    /// Every name below this one.
    Below(Name),
}

impl FromStr for NamePattern {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.strip_prefix("*.") {
            Some(parent) if parent.contains('*') => Err(NameError::Wildcard),
            Some(parent) => Ok(Self::Below(parent.parse()?)),
            None if text.contains('*') => Err(NameError::Wildcard),
            None => Ok(Self::Exact(text.parse()?)),
        }
    }
}

/// A set of patterns; a look-up costs one hash for each label, whatever the size of the set.
#[derive(Clone, Debug, Default)]
pub struct NameSet {
    exact: HashSet<Box<[u8]>>,
    below: HashSet<Box<[u8]>>,
}

impl NameSet {
    /// Whether a pattern of the set covers `name`.
    pub fn contains(&self, name: &Name) -> bool {
        (!self.exact.is_empty() && self.exact.contains(name.wire()))
            || (!self.below.is_empty() && name.suffixes().skip(1).any(|parent| self.below.contains(parent)))
    }

    /// Whether it covers nothing.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.below.is_empty()
    }
}

impl FromIterator<NamePattern> for NameSet {
    fn from_iter<I: IntoIterator<Item = NamePattern>>(patterns: I) -> Self {
        let mut set = Self::default();
        for pattern in patterns {
            match pattern {
                NamePattern::Exact(name) => set.exact.insert(name.wire().into()),
                NamePattern::Below(name) => set.below.insert(name.wire().into()),
            };
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_wire_form_agree() {
        let name: Name = "Portal.Sinjaikab.GO.id.".parse().unwrap();
        assert_eq!(name.wire(), b"\x06portal\x09sinjaikab\x02go\x02id\x00");
        assert_eq!(name.to_string(), "portal.sinjaikab.go.id");
        assert_eq!("a..b".parse::<Name>(), Err(NameError::EmptyLabel));
        assert_eq!("a b".parse::<Name>(), Err(NameError::Character));
        assert_eq!("a".repeat(64).parse::<Name>(), Err(NameError::TooLong));
        assert_eq!(["abcdefg"; 40].join(".").parse::<Name>(), Err(NameError::TooLong));
    }

    #[test]
    fn odd_octets_are_escaped() {
        let (name, length) = Name::from_wire(b"\x04a.\\\xff\x00rest").unwrap();
        assert_eq!((name.to_string().as_str(), length), ("a\\.\\\\\\255", 6));
        assert_eq!(Name::from_wire(b"\x00").unwrap().0, Name::ROOT);
        assert_eq!(Name::ROOT.to_string(), ".");
    }

    #[test]
    fn a_name_is_replaced_whole_or_not_at_all() {
        let mut name: Name = "panjang.sekali.example.go.id".parse().unwrap();
        assert_eq!(name.replace(b"\x02ID\x00rest"), Some(4));
        assert_eq!(name, "id".parse().unwrap());
        assert_eq!(name.replace(b"\x03com"), None);
        assert_eq!(name, "id".parse().unwrap());
    }

    #[test]
    fn a_star_covers_what_is_below_only() {
        let set: NameSet =
            ["*.example.go.id", "bmkg.go.id"].iter().map(|text| text.parse::<NamePattern>().unwrap()).collect();
        for (name, inside) in [
            ("www.example.go.id", true),
            ("a.b.EXAMPLE.go.id", true),
            ("example.go.id", false),
            ("notexample.go.id", false),
            ("bmkg.go.id", true),
            ("www.bmkg.go.id", false),
        ] {
            assert_eq!(set.contains(&name.parse().unwrap()), inside, "{name}");
        }
        assert_eq!("a.*.b".parse::<NamePattern>(), Err(NameError::Wildcard));
        assert_eq!("*.*.b".parse::<NamePattern>(), Err(NameError::Wildcard));
    }
}
