//! A policy as a gateway would enforce it, for people and programs.

use std::fmt;

use gapura_rules::sop::{Action, Audience, ClauseText, Engine, Place, Stack, Strictness, address_plan};
use jiff::Timestamp;
use serde::Serialize;

/// What holds for someone at a place and a time.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Compiled {
    /// When something may change next (UTC).
    next_change: Option<Timestamp>,
    /// Clauses that hold, by what they do.
    clauses: Vec<Line>,
    /// What every list means.
    lists: Vec<ListLine>,
    /// Services that are restricted, and how far.
    safe_search: Vec<(Engine, Strictness)>,
    /// Names and addresses open before login.
    garden: Vec<String>,
    /// Services refused toward every address.
    refused_services: Vec<String>,
}

/// A clause that holds.
#[derive(Debug, Serialize)]
struct Line {
    layer: &'static str,
    sop: String,
    clause: String,
    mandatory: bool,
    words: String,
}

/// What becomes of what a list holds.
#[derive(Debug, Serialize)]
struct ListLine {
    list: String,
    action: Action,
    clause: Option<String>,
}

pub(super) fn compiled(stack: &Stack, place: &Place, audience: &Audience, at: Timestamp) -> Compiled {
    let policy = stack.policy(place, audience, at);
    let by = |text: &ClauseText| format!("clause {} of {}", text.clause, text.sop);
    let holding = stack.holding(place, audience, at);
    let clauses = holding.into_iter().filter_map(|index| policy.clause(index)).map(|text| Line {
        layer: text.layer.name(),
        sop: text.sop.clone(),
        clause: text.clause.clone(),
        mandatory: text.mandatory,
        words: text.words.trim().to_owned(),
    });
    let lists = stack.catalogue().entries().iter().map(|entry| {
        let decision = policy.list(entry.number, entry.holds);
        let clause = decision.clause.and_then(|clause| policy.clause(clause)).map(by);
        ListLine { list: entry.id.to_string(), action: decision.action, clause }
    });
    let restricted = Engine::ALL.into_iter().map(|engine| (engine, policy.safe_search().of(engine)));
    let garden = stack.garden(place, at);
    let names = garden.names.iter().map(|(name, _)| name.to_string());
    let plan = address_plan(&[(0, &policy)], std::iter::empty());
    let ports = plan.services.iter().map(|(_, protocol, first, last)| gapura_rules::sop::Service {
        protocol: *protocol,
        ports: Some((*first, *last)),
    });
    let protocols =
        plan.protocols.iter().map(|(_, protocol)| gapura_rules::sop::Service { protocol: *protocol, ports: None });
    Compiled {
        next_change: stack.next_change(place, at),
        clauses: clauses.collect(),
        lists: lists.collect(),
        safe_search: restricted.filter(|(_, strictness)| *strictness != Strictness::Off).collect(),
        garden: names.chain(garden.addresses.iter().map(|(prefix, _)| prefix.to_string())).collect(),
        refused_services: ports.chain(protocols).map(|service| service.to_string()).collect(),
    }
}

impl fmt::Display for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Clauses that hold")?;
        for line in &self.clauses {
            let mandatory = if line.mandatory { " (mandatory)" } else { "" };
            writeln!(f, "  {:<9} {} {}{mandatory}: {}", line.layer, line.sop, line.clause, line.words)?;
        }
        writeln!(f, "Lists")?;
        for line in &self.lists {
            let action = match line.action {
                Action::Open => "open",
                Action::Block => "blocked",
            };
            let by = line.clause.as_ref().map(|clause| format!(" by {clause}")).unwrap_or_default();
            writeln!(f, "  {:<20} {action}{by}", line.list)?;
        }
        let search: Vec<String> =
            self.safe_search.iter().map(|(engine, strictness)| format!("{engine} {strictness}")).collect();
        let or_none = |parts: &[String]| if parts.is_empty() { "none".to_owned() } else { parts.join(", ") };
        writeln!(f, "Safe search        {}", or_none(&search))?;
        writeln!(f, "Refused services   {}", or_none(&self.refused_services))?;
        writeln!(f, "Open before login  {}", or_none(&self.garden))?;
        let next = self.next_change.map_or_else(|| "never".to_owned(), |at| at.to_string());
        write!(f, "Changes next       {next}")
    }
}
