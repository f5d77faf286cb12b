//! What one line of a list says.

use std::net::IpAddr;

use gapura_model::Name;

/// A line that says something, whatever format it was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is about.
    pub target: Target,
    /// What it does.
    pub deed: Deed,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "lives on the stack, one line at a time; nearly all lines are names")]
pub enum Target {
    /// A name, and how far it reaches.
    Name(Name, Reach),
    /// Addresses from the first to the last, both of one family.
    Addresses(IpAddr, IpAddr),
}

/// How far a name on a list reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// The name and all below it: what most formats mean.
    Whole,
    /// The name alone (RPZ `example.com`).
    Exact,
    /// What is below it, not the name itself (`*.example.com`).
    Below,
}

impl Reach {
    /// Whether the name itself is meant.
    pub fn here(self) -> bool {
        matches!(self, Self::Whole | Self::Exact)
    }

    /// Whether names below are meant.
    pub fn below(self) -> bool {
        matches!(self, Self::Whole | Self::Below)
    }
}

/// What a line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// The list holds the target.
    Hold,
    /// The list does not hold the target, unless a line about a longer name says so (RPZ `rpz-passthru`, dnsmasq `server=/x/#`).
    Except,
    /// The list does not hold the target, whatever other lines say (Adblock `@@`).
    Never,
}

impl Entry {
    /// The list holds `name` and all below it.
    pub fn whole(name: Name) -> Self {
        Self { target: Target::Name(name, Reach::Whole), deed: Deed::Hold }
    }
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which of the list's files, in the order of their names, from 0.
    pub file: u16,
    /// Line of that file, from 1.
    pub line: u32,
}
