//! Content-filter SOPs: what an officer signs, and what it means for a name, an address or a port.
//!
//! One TOML file is one SOP of one [`Layer`]; the SOPs of a site make a [`Stack`], and from a stack comes a [`Policy`]
//! for each sort of people at a moment. What it means:
//!
//! 1. A clause matches a target where its SOP is in force, its scope and hours fit, its targets cover the target, and no
//!    live exception of it does.
//! 2. Within a layer the most specific match wins: exact name, then the longest `x` or `*.x`, then lists and categories,
//!    then `all`; of addresses the longest range, then lists. Where two of the same rank contradict each other, which is
//!    an error in a document, the stricter holds.
//! 3. Across layers the topmost layer whose winner is mandatory wins; else the lowest layer that has a winner; else the
//!    target is open.
//!
//! Safe search of each service, throttles, and services (ports and protocols) are dimensions of their own, decided in
//! the same way. `all` is about names: addresses are meant only where a document writes them or a list holds them.

mod catalogue;
mod check;
mod compile;
mod conflict;
mod diff;
mod document;
mod edit;
mod effect;
mod explain;
mod explain_words;
mod fleet;
mod known;
mod layered;
mod packs;
mod plan;
mod policy;
mod problem;
mod read;
mod read_clause;
mod reader;
mod reading;
mod reasons;
mod safe_search;
mod sample;
mod scope;
mod service;
mod stack;
mod target;
mod times;
mod trail;

pub use catalogue::{Catalogue, CatalogueEntry, Holds, LIST_FORMATS, ListSource};
pub use diff::{Change, Diff, diff};
pub use document::{Answer, Deed, Ede, Exception, Layer, Sop, Words};
pub use edit::{EditError, SopEdit, edited};
pub use effect::Effect;
pub use explain::{ClauseTrail, Explanation, Held, Holding, LayerTrail, Question};
pub use fleet::Need;
pub use known::{Protects, is_on_shared_network, is_shared_suffix, protected_names};
pub use packs::{pack_lists, packs};
pub use plan::{AddressPlan, address_plan, throttle_plan};
pub use policy::{Action, ClauseIndex, Decision, MOST_CLAUSES, Policy, Throttle};
pub use problem::{Position, Problem, Severity, Source};
pub use reading::{WrittenClause, WrittenException, WrittenTargets};
pub use reasons::{Beside, Cover, Fate, Outcome};
pub use safe_search::{Engine, SafeSearch, SearchRule, Strictness};
pub use scope::{Audience, Place, Scope};
pub use stack::{ClauseText, DEFAULT_GROUP, Garden, Stack};
pub use target::{NameTarget, ParseTargetError, Prefix, Service};
pub use times::WeekHours;
pub use trail::Asked;

#[cfg(test)]
mod tests;
