//! An explanation as an operator reads it.

use std::fmt;

use super::explain::{ClauseTrail, Explanation};
use super::policy::Action;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            Action::Open => "open",
            Action::Block => "BLOCKED",
        };
        let plan = self.plan.as_ref().map_or_else(|| "before login".to_owned(), |plan| format!("plan {plan}"));
        writeln!(f, "{} is {action}", self.asked)?;
        writeln!(f, "  for       group {}, {plan}", self.group)?;
        let place: Vec<&str> =
            [self.agency.as_str(), &self.regency].into_iter().filter(|text| !text.is_empty()).collect();
        let place = if place.is_empty() { String::new() } else { format!(", {}", place.join(", ")) };
        writeln!(f, "  at        {} ({}){place}, {}", self.site, self.kind, self.local_time)?;
        self.decided(f)?;
        self.lists(f)?;
        for layer in &self.layers {
            writeln!(f, "{:<9} {}", layer.layer.name(), layer.outcome)?;
            for clause in &layer.clauses {
                writeln!(f, "  {clause}")?;
            }
        }
        for line in &self.besides {
            writeln!(f, "besides   {line}")?;
        }
        write!(f, "{} other clauses are not about it.", self.others)
    }
}

impl Explanation {
    fn decided(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(clause) = &self.clause else {
            return writeln!(f, "  by        no clause: what no clause is about is open");
        };
        let mandatory = if clause.mandatory { ", mandatory" } else { "" };
        writeln!(
            f,
            "  by        clause {} of {} revision {} ({}{mandatory}): {}",
            clause.clause, clause.sop, clause.revision, clause.layer, clause.title
        )?;
        writeln!(f, "  says      {}", clause.words)?;
        if let Some(citizen) = &self.citizen {
            writeln!(f, "  citizen   {}", citizen.id)?;
            if !citizen.en.is_empty() {
                writeln!(f, "            {}", citizen.en)?;
            }
            writeln!(f, "  basis     {}", clause.legal_basis.join("; "))?;
        }
        if let Some(answer) = &self.answer {
            writeln!(f, "  answer    {answer}")?;
        }
        Ok(())
    }

    fn lists(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.held.is_empty() {
            return writeln!(f, "  lists     none holds it");
        }
        for held in &self.held {
            let line = held.line.as_ref().map(|line| format!(": {line}")).unwrap_or_default();
            writeln!(f, "  lists     {} ({}, category {}){line}", held.list, held.title, held.category)?;
        }
        Ok(())
    }
}

impl fmt::Display for ClauseTrail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match (self.won, self.matched) {
            (true, _) => '>',
            (false, true) => '-',
            (false, false) => ' ',
        };
        let mandatory = if self.mandatory { " (mandatory)" } else { "" };
        write!(f, "{sign} {} clause {}: {}{mandatory} by {}: {}", self.sop, self.clause, self.action, self.by, self.why)
    }
}
