//! Reasons of an explanation: values that a console says in the reader's language; displayed and written as English sentences.

use std::fmt;

use gapura_model::{BitRate, CategoryId, ListId, ListNumber, Name};
use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::document::Layer;
use super::safe_search::Engine;
use super::target::{NameTarget, Prefix, Service};

/// By which target a clause is about something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "an explanation has a handful of them")]
pub enum Cover {
    /// A name in the document.
    Name(NameTarget),
    /// A range of addresses in the document.
    Range(Prefix),
    /// A list.
    List {
        /// Its id.
        id: ListId,
        /// Its category.
        category: CategoryId,
    },
    /// A list that the catalogue does not know any more.
    Unknown(ListNumber),
    /// `all`.
    All,
}

/// What became of a layer's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It decides; its winner is mandatory.
    DecidesMandatory,
    /// It decides, as the lowest layer with a winner.
    DecidesLowest,
    /// Its winner is not mandatory, and a lower layer has one.
    GivesWay(Layer),
    /// A higher layer's mandatory clause holds.
    Overruled(Layer),
    /// No clause of it matches.
    Silent,
}

/// What became of a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// From this day on.
    NotYet(Date),
    /// A later revision is in force.
    Superseded,
    /// For other sites; for which.
    OtherPlace(String),
    /// For other people; for whom.
    OtherPeople(String),
    /// At other hours; at which.
    OtherHours(String),
    /// An exception lifts it.
    Excepted {
        /// Its last day.
        until: Date,
        /// Who made it.
        author: String,
        /// Why.
        reason: String,
    },
    /// It wins in its layer.
    Wins,
    /// This clause is more specific.
    LessSpecific(String),
    /// This clause is as specific and stricter.
    LessStrict(String),
    /// This clause says the same.
    SaysTheSame(String),
    /// There is nothing to say.
    Untold,
}

/// Something else that holds for it, and the clause and SOP that say so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "an explanation has a handful of them")]
pub enum Beside {
    /// A search engine is answered under another name.
    SafeSearch {
        /// Which one.
        engine: Engine,
        /// Under which name.
        alias: Name,
        /// Clause and SOP.
        by: Option<(String, String)>,
    },
    /// A service toward an address is refused.
    Refused {
        /// Which one.
        service: Service,
        /// Clause and SOP.
        by: Option<(String, String)>,
    },
    /// It is slowed down.
    Throttled {
        /// To this rate.
        rate: BitRate,
        /// Clause and SOP.
        by: Option<(String, String)>,
    },
}

macro_rules! as_sentences {
    ($($name:ident),*) => {
        $(impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        })*
    };
}

as_sentences!(Cover, Outcome, Fate, Beside);

impl fmt::Display for Cover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(target) => write!(f, "name {target}"),
            Self::Range(prefix) => write!(f, "range {prefix}"),
            Self::List { id, category } => write!(f, "list {id} (category {category})"),
            Self::Unknown(number) => write!(f, "list number {}", number.0),
            Self::All => f.write_str("all"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DecidesMandatory => {
                f.write_str("decides: its winner is mandatory, and no layer above has a mandatory one")
            }
            Self::DecidesLowest => {
                f.write_str("decides: the lowest layer with a winner, and nothing above it is mandatory")
            }
            Self::GivesWay(layer) => write!(f, "gives way to the {layer} layer: its winner is not mandatory"),
            Self::Overruled(layer) => write!(f, "overruled by the {layer} layer's mandatory clause"),
            Self::Silent => f.write_str("says nothing: no clause of it matches"),
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYet(from) => write!(f, "not yet in force: from {from}"),
            Self::Superseded => f.write_str("a later revision of the SOP is in force"),
            Self::OtherPlace(scopes) => write!(f, "not for this site: {scopes}"),
            Self::OtherPeople(scopes) => write!(f, "not for these people: {scopes}"),
            Self::OtherHours(hours) => write!(f, "not at this hour: {hours}"),
            Self::Excepted { until, author, reason } => write!(f, "excepted until {until} by {author}: {reason}"),
            Self::Wins => f.write_str("wins in its layer"),
            Self::LessSpecific(clause) => write!(f, "loses: clause {clause} is more specific"),
            Self::LessStrict(clause) => write!(f, "loses: clause {clause} is as specific and stricter"),
            Self::SaysTheSame(clause) => write!(f, "says the same as clause {clause}"),
            Self::Untold => Ok(()),
        }
    }
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clause = |by: &Option<(String, String)>| {
            by.as_ref().map_or_else(String::new, |(clause, sop)| format!("clause {clause} of {sop}"))
        };
        match self {
            Self::SafeSearch { engine, alias, by } => {
                write!(f, "safe search of {engine}: answered as {alias} ({})", clause(by))
            }
            Self::Refused { service, by } => write!(f, "{service} toward it is refused ({})", clause(by)),
            Self::Throttled { rate, by } => write!(f, "throttled to {rate} ({})", clause(by)),
        }
    }
}
