//! A SOP for people who read, compare or edit it: its clauses and exceptions as they are written, and where they stand.

use std::ops::RangeInclusive;

use gapura_model::{CategoryId, ListId};
use jiff::civil::{Date, Weekday};

use super::document::{Answer, Clause, Deed, Ede, Exception, Sop, Targets, Words};
use super::problem::{Position, Span};
use super::scope::Scope;
use super::times::{DAYS, WeekHours};
use crate::hours::DaySpan;

/// What a clause or an exception is about, as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenTargets {
    /// Every name.
    pub all: bool,
    /// Categories of lists.
    pub categories: Vec<CategoryId>,
    /// Lists.
    pub lists: Vec<ListId>,
    /// Names.
    pub names: Vec<String>,
    /// Addresses and ranges.
    pub addresses: Vec<String>,
    /// Protocols and ports.
    pub services: Vec<String>,
}

/// A clause as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenClause {
    /// Its number.
    pub number: String,
    /// The rule in words.
    pub words: String,
    /// What citizens are told.
    pub citizen: Words,
    /// What it does.
    pub deed: Deed,
    /// What it is about.
    pub targets: WrittenTargets,
    /// For whom.
    pub scope: Scope,
    /// At which hours; none is always.
    pub hours: Option<WeekHours>,
    /// Whether lower layers may not lift it.
    pub mandatory: bool,
    /// How a blocked name is answered.
    pub answer: Answer,
    /// The reason resolvers give.
    pub ede: Ede,
    /// The lines from its beginning to the next clause or exception, 1 is the first.
    pub lines: RangeInclusive<usize>,
}

/// An exception as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenException {
    /// The clauses it is a way out of.
    pub of: Vec<String>,
    /// What it is about.
    pub targets: WrittenTargets,
    /// For whom.
    pub scope: Scope,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub author: String,
    /// Its first day; none is from the beginning.
    pub from: Option<Date>,
    /// Its last day.
    pub until: Date,
    /// The line of its last day.
    pub line: usize,
}

impl Sop {
    /// Its clauses, in the order of their numbers.
    pub fn written_clauses(&self) -> Vec<WrittenClause> {
        let mut starts: Vec<usize> = self.clauses.iter().map(|clause| self.line(clause.at)).collect();
        starts.extend(self.written_exceptions().iter().map(|exception| self.table_line(exception.line)));
        starts.sort_unstable();
        let last = self.text.lines().count().max(1);
        let end = |start: usize| starts.iter().find(|next| **next > start).map_or(last, |next| next - 1);
        self.clauses.iter().map(|clause| written(clause, self.line(clause.at), end)).collect()
    }

    /// Its exceptions, as they stand.
    pub fn written_exceptions(&self) -> Vec<WrittenException> {
        self.exceptions.iter().map(|exception| self.written_exception(exception)).collect()
    }

    fn written_exception(&self, exception: &Exception) -> WrittenException {
        WrittenException {
            of: exception.of.iter().map(|of| of.value.clone()).collect(),
            targets: targets(&exception.targets),
            scope: exception.scope.clone(),
            reason: exception.reason.clone(),
            author: exception.author.clone(),
            from: exception.from,
            until: exception.until.value,
            line: self.line(exception.until.at),
        }
    }

    fn line(&self, at: Span) -> usize {
        Position::of(self.source(), at).line
    }

    /// The line on which the table begins that a line is in.
    fn table_line(&self, line: usize) -> usize {
        let before = self.text.lines().enumerate().take(line);
        before.filter(|(_, text)| text.trim_start().starts_with("[[")).last().map_or(line, |(index, _)| index + 1)
    }
}

fn written(clause: &Clause, start: usize, end: impl Fn(usize) -> usize) -> WrittenClause {
    WrittenClause {
        number: clause.number.clone(),
        words: clause.words.clone(),
        citizen: clause.citizen.clone(),
        deed: clause.deed,
        targets: targets(&clause.targets),
        scope: clause.scope.clone(),
        hours: clause.hours.clone(),
        mandatory: clause.mandatory,
        answer: clause.answer,
        ede: clause.ede,
        lines: start..=end(start),
    }
}

fn targets(targets: &Targets) -> WrittenTargets {
    WrittenTargets {
        all: targets.all,
        categories: targets.categories.iter().map(|one| one.value.clone()).collect(),
        lists: targets.lists.iter().map(|one| one.value.clone()).collect(),
        names: targets.names.iter().map(|one| one.value.to_string()).collect(),
        addresses: targets.addresses.iter().map(|one| one.value.to_string()).collect(),
        services: targets.services.iter().map(|one| one.value.to_string()).collect(),
    }
}

impl WeekHours {
    /// The windows that begin on each day, Monday first; days without one are empty.
    pub fn by_day(&self) -> impl Iterator<Item = (Weekday, &[DaySpan])> {
        DAYS.iter().map(|(_, day)| *day).zip(self.spans().iter().map(Vec::as_slice))
    }
}

#[cfg(test)]
mod tests {
    use super::super::packs::packs;
    use super::super::{Catalogue, Stack, pack_lists};

    #[test]
    fn a_pack_is_read_clause_by_clause_with_the_lines_it_stands_on() {
        let (catalogue, _) = Catalogue::read(pack_lists());
        for pack in packs() {
            let (stack, problems) = Stack::adopt(&[*pack], &catalogue);
            let sop = stack.unwrap_or_else(|| panic!("{problems:?}")).sops().next().unwrap().clone();
            let clauses = sop.written_clauses();
            assert_eq!(clauses.len(), sop.clause_count(), "{}", pack.file);
            let lines: Vec<&str> = pack.text.lines().collect();
            for clause in clauses {
                let (start, end) = (*clause.lines.start(), *clause.lines.end());
                let own = lines[start - 1..end].join("\n");
                assert!(own.starts_with("[[clause]]"), "{}: {own}", pack.file);
                let number = own.lines().find(|line| line.starts_with("number")).unwrap();
                assert!(number.contains(&clause.number), "{number} {}", clause.number);
                assert_eq!(own.lines().filter(|line| line.starts_with("[[")).count(), 1, "{own}");
            }
        }
    }
}
