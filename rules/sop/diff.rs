//! What changes between two sets of SOPs: clause by clause as written, and for whom in effect.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

use super::document::{Answer, Clause, Deed, Ede, Exception, Layer, Sop};
use super::effect::{Effect, effects};
use super::stack::Stack;

/// What changes, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// As written: SOP by SOP, clause by clause.
    pub changes: Vec<Change>,
    /// In effect: what becomes of each target, and for whom.
    pub effects: Vec<Effect>,
}

/// A change as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Whose SOP.
    pub layer: Layer,
    /// The SOP's number.
    pub sop: String,
    /// The clause's number, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// What changes.
    pub words: String,
}

impl Diff {
    /// Whether nothing changes, neither in words nor in effect.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.effects.is_empty()
    }
}

/// What changes from `old` to `new` once both are in force.
pub fn diff(old: &Stack, new: &Stack, today: Date) -> Diff {
    let (before, after) = (latest(old), latest(new));
    let keys: BTreeSet<&(Layer, &str)> = before.keys().chain(after.keys()).collect();
    let mut changes = Vec::new();
    for key in keys {
        let mut note = Note { layer: key.0, sop: key.1, changes: &mut changes };
        match (before.get(key), after.get(key)) {
            (Some(old), Some(new)) => note.sop(old, new),
            (Some(_), None) => note.say(None, "this SOP is withdrawn, and every clause of it".to_owned()),
            (None, Some(new)) => {
                note.say(None, format!("this SOP is new: {}, for {}", new.title, new.scope));
                for clause in &new.clauses {
                    note.say(Some(&clause.number), format!("new: {}", said(clause)));
                }
            }
            (None, None) => {}
        }
    }
    Diff { changes, effects: effects(old, new, today) }
}

/// The latest revision of each SOP.
fn latest(stack: &Stack) -> BTreeMap<(Layer, &str), &Sop> {
    // Revisions stand in order, so that the last one stays.
    stack.sops().map(|sop| ((sop.layer, sop.number()), sop)).collect()
}

struct Note<'a> {
    layer: Layer,
    sop: &'a str,
    changes: &'a mut Vec<Change>,
}

impl Note<'_> {
    fn say(&mut self, clause: Option<&str>, words: String) {
        let (sop, clause) = (self.sop.to_owned(), clause.map(str::to_owned));
        self.changes.push(Change { layer: self.layer, sop, clause, words });
    }

    fn became(&mut self, clause: Option<&str>, what: &str, old: impl fmt::Display, new: impl fmt::Display) {
        let (old, new) = (old.to_string(), new.to_string());
        if old != new {
            self.say(clause, format!("{what}: {old} -> {new}"));
        }
    }

    fn sop(&mut self, old: &Sop, new: &Sop) {
        self.became(None, "title", &old.title, &new.title);
        self.became(None, "owner", &old.owner, &new.owner);
        let basis = |sop: &Sop| sop.legal_basis().collect::<Vec<_>>().join("; ");
        self.became(None, "legal basis", basis(old), basis(new));
        self.became(None, "in force from", old.effective_from, new.effective_from);
        self.became(None, "review by", old.review_by.value, new.review_by.value);
        self.became(None, "holds for", &old.scope, &new.scope);
        for clause in &old.clauses {
            match new.clauses.iter().find(|other| other.number == clause.number) {
                Some(other) => self.clause(clause, other),
                None => self.say(Some(&clause.number), format!("taken out; it was: {}", said(clause))),
            }
        }
        let added = |clause: &&Clause| !old.clauses.iter().any(|other| other.number == clause.number);
        for clause in new.clauses.iter().filter(added) {
            self.say(Some(&clause.number), format!("new: {}", said(clause)));
        }
        self.exceptions(old, new);
    }

    fn clause(&mut self, old: &Clause, new: &Clause) {
        let number = Some(old.number.as_str());
        self.became(number, "action", deed(old.deed), deed(new.deed));
        let (before, after) = (old.targets.words(), new.targets.words());
        let gone: Vec<&str> = before.iter().filter(|word| !after.contains(word)).map(String::as_str).collect();
        let come: Vec<&str> = after.iter().filter(|word| !before.contains(word)).map(String::as_str).collect();
        if !come.is_empty() {
            self.say(number, format!("now also about {}", come.join(", ")));
        }
        if !gone.is_empty() {
            self.say(number, format!("no longer about {}", gone.join(", ")));
        }
        self.became(number, "holds for", &old.scope, &new.scope);
        self.became(number, "hours", hours(old), hours(new));
        if old.mandatory != new.mandatory {
            let words = if new.mandatory {
                "now mandatory: lower layers may not lift it"
            } else {
                "no longer mandatory: lower layers may lift it"
            };
            self.say(number, words.to_owned());
        }
        self.became(number, "answer", answer(old.answer), answer(new.answer));
        self.became(number, "reason given to resolvers", ede(old.ede), ede(new.ede));
        self.became(number, "words", quoted(&old.words), quoted(&new.words));
        self.became(number, "text for citizens (id)", quoted(&old.citizen.id), quoted(&new.citizen.id));
        self.became(number, "text for citizens (en)", quoted(&old.citizen.en), quoted(&new.citizen.en));
    }

    fn exceptions(&mut self, old: &Sop, new: &Sop) {
        let key = |exception: &Exception| {
            let of: Vec<&str> = exception.of.iter().map(|of| of.value.as_str()).collect();
            format!("exception of clause {} for {} ({})", of.join(", "), exception.targets, exception.scope)
        };
        let by_key = |sop: &'_ Sop| -> BTreeMap<String, Exception> {
            sop.exceptions.iter().map(|exception| (key(exception), exception.clone())).collect()
        };
        let (before, after) = (by_key(old), by_key(new));
        for (key, exception) in &before {
            match after.get(key) {
                Some(other) => {
                    self.became(None, &format!("{key}: last day"), exception.until(), other.until());
                    self.became(None, &format!("{key}: reason"), quoted(&exception.reason), quoted(&other.reason));
                }
                None => self.say(None, format!("{key} is taken out")),
            }
        }
        for (key, exception) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
            let (until, author) = (exception.until(), &exception.author);
            self.say(None, format!("new {key} until {until}, by {author}: {}", quoted(&exception.reason)));
        }
    }
}

fn said(clause: &Clause) -> String {
    let hours = clause.hours.as_ref().map(|hours| format!(", {hours}")).unwrap_or_default();
    let mandatory = if clause.mandatory { ", mandatory" } else { "" };
    let targets = if clause.targets.is_empty() { String::new() } else { format!(" {}", clause.targets) };
    format!("{}{targets} for {}{hours}{mandatory}: {}", deed(clause.deed), clause.scope, quoted(&clause.words))
}

fn deed(deed: Deed) -> String {
    match deed {
        Deed::Block | Deed::Open | Deed::OpenBeforeLogin => deed.name().to_owned(),
        Deed::SafeSearch(rule) => format!("safe-search ({rule})"),
        Deed::Throttle(Some(rate)) => format!("throttle to {rate}"),
        Deed::Throttle(None) => "lift the throttle".to_owned(),
    }
}

fn hours(clause: &Clause) -> String {
    clause.hours.as_ref().map_or_else(|| "always".to_owned(), ToString::to_string)
}

const fn answer(answer: Answer) -> &'static str {
    match answer {
        Answer::Nxdomain => "nxdomain",
        Answer::Nodata => "nodata",
        Answer::Page => "page",
    }
}

const fn ede(ede: Ede) -> &'static str {
    match ede {
        Ede::Blocked => "blocked",
        Ede::Censored => "censored",
        Ede::Filtered => "filtered",
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.trim())
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("Nothing changes.");
        }
        let mut sop = None;
        for change in &self.changes {
            if sop != Some((change.layer, &change.sop)) {
                sop = Some((change.layer, &change.sop));
                writeln!(f, "{} ({})", change.sop, change.layer)?;
            }
            match &change.clause {
                Some(clause) => writeln!(f, "  clause {clause}: {}", change.words)?,
                None => writeln!(f, "  {}", change.words)?,
            }
        }
        if self.effects.is_empty() {
            return f.write_str("In effect nothing changes for anyone.");
        }
        writeln!(f, "What changes for whom")?;
        for (index, effect) in self.effects.iter().enumerate() {
            let end = if index + 1 == self.effects.len() { "" } else { "\n" };
            write!(f, "  {effect}{end}")?;
        }
        Ok(())
    }
}
