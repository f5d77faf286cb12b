//! The form's fields: filled from the document, then from what was typed; and the changes that lead from one to the other.

use std::ops::RangeInclusive;

use gapura_controller::SopChoices;
use gapura_rules::sop::{Deed, Sop, SopEdit, WrittenClause, WrittenException};
use gapura_speech::{Say, Words};
use jiff::civil::Date;

use super::super::problems::Slip;
use super::super::{speak, times};
use super::grid;
use crate::dates;
use crate::form::Fields;

/// A field and what is wrong with it.
pub(in super::super) type Wrong = (String, String);

/// A category or list of a clause.
#[derive(Clone, Debug)]
pub(in super::super) struct Switch {
    pub(in super::super) value: String,
    pub(in super::super) words: String,
    pub(in super::super) on: bool,
    /// The layer above that has decided it already.
    pub(in super::super) locked: Option<String>,
}

/// A clause with what can be changed of it.
#[derive(Clone, Debug)]
pub(in super::super) struct ClauseField {
    pub(in super::super) number: String,
    pub(in super::super) words: String,
    pub(in super::super) does: String,
    /// What it is about besides the switches.
    pub(in super::super) about: String,
    /// Categories, then lists: the field's name, its words, its switches.
    pub(in super::super) switches: Vec<(&'static str, String, Vec<Switch>)>,
    pub(in super::super) hours: String,
    /// The same as boxes.
    pub(in super::super) days: Vec<grid::Day>,
    pub(in super::super) slips: Vec<Slip>,
    lines: RangeInclusive<usize>,
}

/// An exception with what can be changed of it.
#[derive(Clone, Debug)]
pub(in super::super) struct ExceptionField {
    pub(in super::super) index: usize,
    pub(in super::super) words: String,
    pub(in super::super) reason: String,
    pub(in super::super) until: String,
    pub(in super::super) drop: bool,
    pub(in super::super) slips: Vec<Slip>,
    line: usize,
}

/// A new exception.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct NewException {
    pub(in super::super) of: Vec<String>,
    pub(in super::super) about: String,
    pub(in super::super) reason: String,
    pub(in super::super) until: String,
}

/// All fields.
#[derive(Clone, Debug)]
pub(in super::super) struct Filled {
    pub(in super::super) title: String,
    pub(in super::super) from: String,
    pub(in super::super) review: String,
    pub(in super::super) clauses: Vec<ClauseField>,
    pub(in super::super) exceptions: Vec<ExceptionField>,
    pub(in super::super) new: NewException,
}

/// Names of the keys in documents.
const KEYS: [&str; 2] = ["categories", "lists"];

/// What a clause names under a key.
fn named(clause: &WrittenClause, key: &str) -> Vec<String> {
    match key {
        "categories" => clause.targets.categories.iter().map(ToString::to_string).collect(),
        _ => clause.targets.lists.iter().map(ToString::to_string).collect(),
    }
}

/// An exception's reason as it stands in one field.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Filled {
    /// What stands in the document.
    pub(in super::super) fn of(say: &Say, sop: &Sop, choices: &SopChoices) -> Self {
        let w = say.words;
        let exception = |(index, one): (usize, &WrittenException)| ExceptionField {
            index,
            words: speak::exception(w, one),
            reason: one_line(&one.reason),
            until: dates::write(w, one.until),
            drop: false,
            slips: Vec::new(),
            line: one.line,
        };
        Self {
            title: sop.title().to_owned(),
            from: dates::write(w, sop.effective_from()),
            review: dates::write(w, sop.review_by()),
            clauses: sop.written_clauses().iter().map(|clause| field(say, clause, choices)).collect(),
            exceptions: sop.written_exceptions().iter().enumerate().map(exception).collect(),
            new: NewException::default(),
        }
    }

    /// What was typed in place of it. A switch that is locked stays as it is; the page sends one that was locked and on when it
    /// was made, so that one that is not sent was switched off by somebody.
    pub(in super::super) fn take(&mut self, fields: &Fields) {
        let text = |name: &str| fields.get(name).to_owned();
        (self.title, self.from, self.review) = (text("judul"), text("mulai"), text("tinjau"));
        for clause in &mut self.clauses {
            for (key, _, switches) in &mut clause.switches {
                let name = format!("{key}.{}", clause.number);
                for switch in switches {
                    let sent = fields.all(&name).any(|value| value == switch.value);
                    switch.on = sent || (switch.on && switch.locked.is_some());
                }
            }
            clause.hours = text(&format!("jam.{}", clause.number));
            grid::take(&mut clause.days, &clause.number, fields);
        }
        for one in &mut self.exceptions {
            let index = one.index;
            (one.until, one.reason) = (text(&format!("sampai.{index}")), text(&format!("alasan.{index}")));
            one.drop = fields.is_on(&format!("cabut.{index}"));
        }
        self.new = NewException {
            of: fields.all("baru.klausul").map(str::to_owned).collect(),
            about: text("baru.nama"),
            reason: text("baru.alasan"),
            until: text("baru.sampai"),
        };
    }

    /// Its clauses and exceptions stand in the lines of this text, which has the changes.
    pub(in super::super) fn stand_on(&mut self, sop: &Sop) {
        for (field, clause) in self.clauses.iter_mut().zip(sop.written_clauses()) {
            field.lines = clause.lines.clone();
        }
        let mut left = sop.written_exceptions().into_iter();
        for field in &mut self.exceptions {
            // Those that were taken away stand nowhere.
            field.line = if field.drop { usize::MAX } else { left.next().map_or(usize::MAX, |one| one.line) };
        }
    }

    /// Puts what was found beside the clause or exception it concerns; the rest comes back.
    pub(in super::super) fn settle(&mut self, slips: &[Slip]) -> Vec<Slip> {
        let mut rest = Vec::new();
        for slip in slips {
            let clause = self.clauses.iter_mut().find(|clause| clause.lines.contains(&slip.line));
            let exception = self.exceptions.iter_mut().find(|one| one.line == slip.line);
            match (clause, exception) {
                (Some(clause), _) => clause.slips.push(slip.clone()),
                (None, Some(one)) => one.slips.push(slip.clone()),
                (None, None) => rest.push(slip.clone()),
            }
        }
        rest
    }

    /// The changes from the document to what was typed; what cannot be read, field by field.
    pub(in super::super) fn edits(&self, say: &Say, sop: &Sop, author: &str) -> Result<Vec<SopEdit>, Vec<Wrong>> {
        let w = say.words;
        let (mut edits, mut wrong) = (Vec::new(), Vec::new());
        if self.title.trim().is_empty() {
            wrong.push(("judul".to_owned(), w.t("sops-form-wrong-empty")));
        } else if one_line(&self.title) != one_line(sop.title()) {
            edits.push(SopEdit::Text("title", self.title.clone()));
        }
        for (field, typed, key, known) in [
            ("mulai", &self.from, "effective-from", sop.effective_from()),
            ("tinjau", &self.review, "review-by", sop.review_by()),
        ] {
            match date(w, field, typed) {
                Ok(date) if date != known => edits.push(SopEdit::Date(key, date)),
                Ok(_) => {}
                Err(slip) => wrong.push(slip),
            }
        }
        for (field, clause) in self.clauses.iter().zip(sop.written_clauses()) {
            clause_edits(say, field, &clause, (&mut edits, &mut wrong));
        }
        for (field, one) in self.exceptions.iter().zip(sop.written_exceptions()).filter(|(field, _)| !field.drop) {
            exception_edits(w, field, &one, (&mut edits, &mut wrong));
        }
        // From the last one, so that the others keep their places.
        let dropped = self.exceptions.iter().rev().filter(|one| one.drop);
        edits.extend(dropped.map(|one| SopEdit::DropException(one.index)));
        self.new.edits(w, author, (&mut edits, &mut wrong));
        if wrong.is_empty() { Ok(edits) } else { Err(wrong) }
    }
}

fn field(say: &Say, clause: &WrittenClause, choices: &SopChoices) -> ClauseField {
    let w = say.words;
    let switches = KEYS.into_iter().filter(|key| !named(clause, key).is_empty());
    let switches = switches.map(|key| {
        let words = if key == "categories" { "sops-form-categories" } else { "sops-form-lists" };
        (key, w.t(words), switches_of(w, clause, (key, choices)))
    });
    let mut rest = clause.targets.clone();
    (rest.categories, rest.lists) = (Vec::new(), Vec::new());
    ClauseField {
        number: clause.number.clone(),
        words: clause.words.trim().to_owned(),
        does: speak::deed(say, clause.deed),
        about: speak::targets(w, &rest).join(", "),
        switches: switches.collect(),
        hours: clause.hours.as_ref().map_or_else(String::new, |hours| times::words(say, hours)),
        days: grid::of(say, clause.hours.as_ref()),
        slips: Vec::new(),
        lines: clause.lines.clone(),
    }
}

/// What is named, in its order, and then what else there is.
fn switches_of(w: Words, clause: &WrittenClause, (key, choices): (&str, &SopChoices)) -> Vec<Switch> {
    let known = if key == "categories" { &choices.categories } else { &choices.lists };
    let own = named(clause, key);
    let others = known.iter().map(|(id, _)| id.clone()).filter(|id| !own.contains(id));
    let switch = |value: String| {
        let title = known.iter().find(|(id, _)| *id == value).map(|(_, title)| title.as_str());
        let title = title.filter(|title| !title.is_empty());
        let locked = choices.locked.get(&value).filter(|_| key == "categories" && clause.deed == Deed::Block);
        Switch {
            words: title.map_or_else(|| value.clone(), |title| format!("{value}: {title}")),
            on: own.contains(&value),
            locked: locked.map(|layer| speak::layer(w, *layer)),
            value,
        }
    };
    own.iter().cloned().chain(others).map(switch).collect()
}

fn clause_edits(
    say: &Say,
    field: &ClauseField,
    clause: &WrittenClause,
    (edits, wrong): (&mut Vec<SopEdit>, &mut Vec<Wrong>),
) {
    for (key, _, switches) in &field.switches {
        let values: Vec<String> = switches.iter().filter(|one| one.on).map(|one| one.value.clone()).collect();
        if values != named(clause, key) {
            edits.push(SopEdit::Names { clause: clause.number.clone(), key, values });
        }
    }
    let before = clause.hours.as_ref().map_or_else(String::new, |hours| times::words(say, hours));
    let slip = |key| (format!("jam.{}", clause.number), say.words.t(key));
    match grid::parts(clause.hours.as_ref(), &field.days, (&field.hours, &before)) {
        Ok(None) => {}
        Ok(Some(parts)) => edits.push(SopEdit::Hours { clause: clause.number.clone(), parts }),
        Err(grid::Slip::Line) => wrong.push(slip("sops-form-wrong-hours")),
        Err(grid::Slip::Both) => wrong.push(slip("sops-form-wrong-both")),
    }
}

fn exception_edits(
    w: Words,
    field: &ExceptionField,
    one: &WrittenException,
    (edits, wrong): (&mut Vec<SopEdit>, &mut Vec<Wrong>),
) {
    match date(w, &format!("sampai.{}", field.index), &field.until) {
        Ok(date) if date != one.until => edits.push(SopEdit::Until(field.index, date)),
        Ok(_) => {}
        Err(slip) => wrong.push(slip),
    }
    if field.reason.is_empty() {
        wrong.push((format!("alasan.{}", field.index), w.t("sops-form-wrong-empty")));
    } else if field.reason != one_line(&one.reason) {
        edits.push(SopEdit::Reason(field.index, field.reason.clone()));
    }
}

impl NewException {
    fn is_empty(&self) -> bool {
        self.of.is_empty() && self.about.is_empty() && self.reason.is_empty() && self.until.is_empty()
    }

    fn edits(&self, w: Words, author: &str, (edits, wrong): (&mut Vec<SopEdit>, &mut Vec<Wrong>)) {
        if self.is_empty() {
            return;
        }
        let words = self.about.split([',', '\n']).flat_map(str::split_whitespace).map(str::to_owned);
        // An address or a range of them has no letters but those of hexadecimal digits.
        let is_address =
            |text: &String| text.split('/').next().is_some_and(|it| it.parse::<std::net::IpAddr>().is_ok());
        let (addresses, names): (Vec<String>, Vec<String>) = words.partition(is_address);
        for (field, lacks) in [
            ("baru.klausul", self.of.is_empty()),
            ("baru.nama", names.is_empty() && addresses.is_empty()),
            ("baru.alasan", self.reason.is_empty()),
        ] {
            if lacks {
                wrong.push((field.to_owned(), w.t("sops-form-wrong-empty")));
            }
        }
        match date(w, "baru.sampai", &self.until) {
            Err(slip) => wrong.push(slip),
            Ok(until) => edits.push(SopEdit::AddException {
                of: self.of.clone(),
                names,
                addresses,
                reason: self.reason.clone(),
                author: author.to_owned(),
                until,
            }),
        }
    }
}

fn date(w: Words, field: &str, typed: &str) -> Result<Date, Wrong> {
    dates::parse(typed).ok_or_else(|| (field.to_owned(), w.t("sops-form-wrong-date")))
}

#[cfg(test)]
mod tests {
    use gapura_rules::sop::{Catalogue, Layer, Source, Stack, edited, pack_lists, packs};
    use gapura_speech::Lang;

    use super::super::super::samples::say;
    use super::*;
    use crate::words::words;

    fn choices() -> SopChoices {
        let pair = |id: &str| (id.to_owned(), format!("Daftar {id}"));
        SopChoices {
            categories: ["judi", "dewasa", "malware", "phishing", "iklan"].map(pair).into(),
            lists: Vec::new(),
            locked: [("judi".to_owned(), Layer::National)].into(),
        }
    }

    fn read(text: &str) -> Sop {
        let (catalogue, _) = Catalogue::read(pack_lists());
        let (stack, problems) = Stack::adopt(&[Source { file: "x", text }], &catalogue);
        stack.unwrap_or_else(|| panic!("{problems:?}")).sops().next().unwrap().clone()
    }

    /// What a browser sends of an untouched form.
    fn sent(filled: &Filled) -> Vec<(String, String)> {
        let mut all = vec![
            ("judul".to_owned(), filled.title.clone()),
            ("mulai".to_owned(), filled.from.clone()),
            ("tinjau".to_owned(), filled.review.clone()),
        ];
        for clause in &filled.clauses {
            all.push((format!("jam.{}", clause.number), clause.hours.clone()));
            for day in &clause.days {
                let ticked = day.boxes.iter().enumerate().filter(|(_, is)| **is);
                all.extend(ticked.map(|(hour, _)| (grid::field(&clause.number, day.key), hour.to_string())));
            }
            for (key, _, switches) in &clause.switches {
                let on = switches.iter().filter(|one| one.on);
                all.extend(on.map(|one| (format!("{key}.{}", clause.number), one.value.clone())));
            }
        }
        for one in &filled.exceptions {
            all.push((format!("sampai.{}", one.index), one.until.clone()));
            all.push((format!("alasan.{}", one.index), one.reason.clone()));
        }
        all
    }

    fn fields(all: &[(String, String)]) -> Fields {
        let mut text = form_urlencoded::Serializer::new(String::new());
        Fields::read(text.extend_pairs(all).finish().as_bytes())
    }

    #[test]
    fn an_untouched_form_changes_nothing_of_any_pack() {
        for lang in Lang::ALL {
            let say = say(words(lang));
            for pack in packs() {
                let sop = read(pack.text);
                let mut filled = Filled::of(&say, &sop, &choices());
                filled.take(&fields(&sent(&filled)));
                assert_eq!(filled.edits(&say, &sop, "ani"), Ok(Vec::new()), "{} {}", pack.file, lang.tag());
            }
        }
    }

    #[test]
    fn what_is_changed_is_changed_in_the_text_and_read_back_the_same() {
        let say = say(words(Lang::Id));
        let before = packs()[1].text;
        let sop = read(before);
        let mut filled = Filled::of(&say, &sop, &choices());
        let mut all = sent(&filled);
        let set = |all: &mut Vec<(String, String)>, name: &str, value: &str| {
            all.retain(|(known, _)| known != name);
            all.push((name.to_owned(), value.to_owned()));
        };
        set(&mut all, "tinjau", "31 Jan 2028");
        set(&mut all, "jam.4", "Senin–Jumat 07.00–13.00");
        all.push(("categories.4".to_owned(), "iklan".to_owned()));
        for (name, value) in [
            ("baru.klausul", "4"),
            ("baru.nama", "museum.example, 192.0.2.7\n*.seni.example"),
            ("baru.alasan", "Bahan ajar"),
            ("baru.sampai", "30 Jun 2027"),
        ] {
            all.push((name.to_owned(), value.to_owned()));
        }
        filled.take(&fields(&all));
        let edits = filled.edits(&say, &sop, "ani").unwrap();
        assert_eq!(edits.len(), 4, "{edits:?}");
        let text = edits.iter().fold(before.to_owned(), |text, edit| edited(&text, edit).unwrap());
        let read = read(&text);
        let again = Filled::of(&say, &read, &choices());
        assert_eq!(
            (again.review.as_str(), again.clauses[3].hours.as_str()),
            ("31 Jan 2028", "Senin–Jumat 07.00–13.00")
        );
        let on: Vec<_> = again.clauses[3].switches[0].2.iter().filter(|one| one.on).map(|one| &one.value).collect();
        assert_eq!(on, ["dewasa", "iklan"]);
        let last = again.exceptions.last().unwrap();
        assert!(last.words.contains("museum.example") && last.words.contains("192.0.2.7"), "{}", last.words);
        for line in before.lines().filter(|line| !line.starts_with("review-by") && !line.contains("\"dewasa\"")) {
            assert!(text.contains(line), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_changed_text_stands_beside_its_clause() {
        let say = say(words(Lang::Id));
        let before = packs()[1].text;
        let sop = read(before);
        let mut filled = Filled::of(&say, &sop, &choices());
        let mut all = sent(&filled);
        // The fourth clause gets hours, the first exception goes: all below stand elsewhere.
        all.retain(|(name, _)| name != "jam.4");
        all.push(("jam.4".to_owned(), "Senin–Jumat 07.00–13.00".to_owned()));
        if !filled.exceptions.is_empty() {
            all.push(("cabut.0".to_owned(), "1".to_owned()));
        }
        filled.take(&fields(&all));
        let edits = filled.edits(&say, &sop, "ani").unwrap();
        let text = edits.iter().fold(before.to_owned(), |text, edit| edited(&text, edit).unwrap());
        assert_ne!(text.lines().count(), before.lines().count(), "lines have moved");
        filled.stand_on(&read(&text));
        let none = String::new;
        let slip =
            |line| Slip { line, column: 1, error: true, place: none(), what: none(), act: none(), exact: none() };
        let last = filled.clauses.last().unwrap().number.clone();
        let at = 1 + text.lines().position(|line| line.replace('"', "") == format!("number = {last}")).unwrap();
        assert!(filled.settle(&[slip(at)]).is_empty());
        assert_eq!(filled.clauses.last().unwrap().slips.len(), 1, "line {at}");
        assert_eq!(filled.clauses.iter().map(|clause| clause.slips.len()).sum::<usize>(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_told_at_its_field_and_stays_as_typed() {
        let say = say(words(Lang::Id));
        let sop = read(packs()[1].text);
        let mut filled = Filled::of(&say, &sop, &choices());
        let mut all = sent(&filled);
        all.retain(|(name, _)| !["tinjau", "jam.4", "judul"].contains(&name.as_str()));
        for (name, value) in [("tinjau", "besok"), ("jam.4", "pagi"), ("baru.alasan", "x")] {
            all.push((name.to_owned(), value.to_owned()));
        }
        filled.take(&fields(&all));
        let wrong = filled.edits(&say, &sop, "ani").unwrap_err();
        let names: Vec<_> = wrong.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["judul", "tinjau", "jam.4", "baru.klausul", "baru.nama", "baru.sampai"]);
        assert_eq!((filled.review.as_str(), filled.clauses[3].hours.as_str()), ("besok", "pagi"));
    }

    #[test]
    fn what_a_layer_above_has_decided_is_locked_and_stays() {
        let say = say(words(Lang::Id));
        let sop = read(packs()[1].text);
        let mut filled = Filled::of(&say, &sop, &choices());
        filled.take(&Fields::default());
        let gambling = &filled.clauses[2].switches[0].2;
        assert!(gambling[0].value == "judi" && gambling[0].on && gambling[0].locked.is_some(), "{gambling:?}");
        assert!(gambling.iter().all(|one| one.value == "judi" || !one.on));
        // Nothing is decided above any more when the form comes back: nobody switched anything off.
        let open = SopChoices { locked: std::collections::BTreeMap::new(), ..choices() };
        let all = fields(&sent(&Filled::of(&say, &sop, &choices())));
        let mut filled = Filled::of(&say, &sop, &open);
        filled.take(&all);
        assert_eq!(filled.edits(&say, &sop, "ani"), Ok(Vec::new()));
    }
}
