//! Reading an SOP from its text.

use super::document::{Exception, Layer, Sop, by_number};
use super::problem::{Located, Problem, Source};
use super::read_clause;
use super::reader::{Reader, Table, nearest};
use super::scope::Scope;

const KEYS: [&str; 11] = [
    "number",
    "title",
    "layer",
    "revision",
    "owner",
    "legal-basis",
    "effective-from",
    "review-by",
    "scope",
    "clause",
    "exception",
];

const EXCEPTION_KEYS: [&str; 12] = [
    "of",
    "all",
    "categories",
    "lists",
    "names",
    "addresses",
    "services",
    "scope",
    "reason",
    "author",
    "from",
    "until",
];

/// Reads one document. The SOP is there where enough of it could be read to go on checking it.
pub(super) fn read(source: Source<'_>) -> (Option<Sop>, Vec<Problem>) {
    Reader::read(source, |reader, root| sop(reader, root, source))
}

fn sop(reader: &mut Reader<'_>, root: Table<'_, '_>, source: Source<'_>) -> Option<Sop> {
    reader.keys(root, &KEYS);
    let number = reader.needed(root, "number", "\"SOP/73.07/KOMINFO/01\"");
    let title = reader.needed(root, "title", "\"SOP Filter Konten\"");
    let layer = layer(reader, root);
    let revision = revision(reader, root);
    let owner = reader.needed(root, "owner", "\"Dinas Komunikasi dan Informatika\"");
    if !root.has("legal-basis") {
        reader.missing(root.at, "legal-basis", "[\"Keputusan Bupati Nomor ___ Tahun ____\"]");
    }
    let legal_basis = reader.texts(root, "legal-basis");
    let effective_from = needed_date(reader, root, "effective-from");
    let review_by = needed_date(reader, root, "review-by");
    if let (Some(from), Some(by)) = (&effective_from, &review_by)
        && by.value <= from.value
    {
        let help = "a review is due after the SOP has been in force for a while, usually a year";
        reader.wrong("review", by.at, "`review-by` is not after `effective-from`", help);
    }
    let scope = scope(reader, root);
    if !root.has("clause") {
        reader.missing(root.at, "clause", "[[clause]]");
    }
    let default_ede = read_clause::default_ede(layer);
    let mut clauses: Vec<_> = Vec::new();
    let tables = reader.tables(root, "clause");
    // Also of clauses with mistakes, so that one mistake is not reported as two.
    let mut numbers: Vec<String> = Vec::new();
    for table in tables {
        if let Some(number) = reader.number(table, "number") {
            if numbers.contains(&number.value) {
                let what = format!("clause {} is there twice", number.value);
                reader.wrong("twice", number.at, what, "give each clause a number of its own");
            }
            numbers.push(number.value);
        }
        let clause = read_clause::clause(reader, table, default_ede);
        clauses.extend(clause);
    }
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let exceptions = reader.tables(root, "exception");
    let exceptions: Vec<_> = exceptions.into_iter().filter_map(|table| exception(reader, table, &numbers)).collect();
    clauses.sort_by(|one, other| by_number(&one.number, &other.number));
    Some(Sop {
        file: source.file.to_owned(),
        text: source.text.to_owned(),
        number: number?,
        title: title?.value,
        layer: layer?,
        revision: revision.unwrap_or(1),
        owner: owner?.value,
        legal_basis,
        effective_from: effective_from?.value,
        review_by: review_by?,
        scope,
        clauses,
        exceptions,
    })
}

fn layer(reader: &mut Reader<'_>, root: Table<'_, '_>) -> Option<Layer> {
    let text = reader.needed(root, "layer", "\"regency\"")?;
    let layer = Layer::ALL.into_iter().find(|layer| layer.name() == text.value);
    if layer.is_none() {
        let names = Layer::ALL.map(Layer::name);
        let near = nearest(&text.value, &names).map(|near| format!("did you mean \"{near}\"? ")).unwrap_or_default();
        let help = format!("{near}write one of {}", names.join(", "));
        reader.wrong("layer", text.at, format!("\"{}\" is not a layer", text.value), help);
    }
    layer
}

fn revision(reader: &mut Reader<'_>, root: Table<'_, '_>) -> Option<u32> {
    if !root.has("revision") {
        reader.missing(root.at, "revision", "1");
    }
    let revision = reader.count(root, "revision")?;
    if revision.value == 0 {
        reader.wrong("revision", revision.at, "revisions are counted from 1", "write revision = 1");
    }
    Some(revision.value)
}

fn needed_date(reader: &mut Reader<'_>, table: Table<'_, '_>, key: &str) -> Option<Located<jiff::civil::Date>> {
    if !table.has(key) {
        reader.missing(table.at, key, "2026-08-17");
    }
    reader.date(table, key)
}

fn exception(reader: &mut Reader<'_>, table: Table<'_, '_>, clauses: &[&str]) -> Option<Exception> {
    reader.keys(table, &EXCEPTION_KEYS);
    if !table.has("of") {
        reader.missing(table.at, "of", "[\"3\"]");
    }
    let of = reader.numbers(table, "of");
    for number in &of {
        if !clauses.contains(&number.value.as_str()) {
            let what = format!("there is no clause {} in this document", number.value);
            reader.wrong("no-clause", number.at, what, format!("its clauses are {}", clauses.join(", ")));
        }
    }
    let targets = read_clause::targets(reader, table);
    if targets.is_empty() && !read_clause::names_target(table) {
        let help = "say what is excepted: names, lists, categories, addresses, services, or all = true";
        reader.wrong("no-target", table.at, "this exception excepts nothing", help);
    }
    let scope = scope(reader, table);
    let reason = reader.needed(table, "reason", "\"Dipakai untuk ujian sekolah\"");
    let author = reader.needed(table, "author", "\"Andi Rahman, Bidang Aptika\"");
    let from = reader.date(table, "from");
    let until = needed_date(reader, table, "until");
    if let (Some(from), Some(until)) = (&from, &until)
        && until.value < from.value
    {
        reader.wrong("dates", until.at, "the exception ends before it begins", "`until` is its last day");
    }
    if targets.all && scope.is_everyone() && from.is_none() {
        let help = "take the clause out in a new revision, or say for whom (scope) or from when the exception holds";
        reader.warn("no-target", table.at("all"), "this exception lifts the whole clause for everyone", help);
    }
    Some(Exception {
        of,
        targets,
        scope,
        reason: reason?.value,
        author: author?.value,
        from: from.map(|from| from.value),
        until: until?,
    })
}

/// Reads `scope = { .. }` of a document, a clause or an exception.
pub(super) fn scope(reader: &mut Reader<'_>, table: Table<'_, '_>) -> Scope {
    const SCOPE_KEYS: [&str; 7] = ["regencies", "agencies", "kinds", "sites", "plans", "groups", "except-groups"];
    let mut scope = Scope::default();
    for table in reader.tables(table, "scope") {
        reader.keys(table, &SCOPE_KEYS);
        scope.regencies.extend(reader.texts(table, "regencies").into_iter().map(|text| text.value));
        scope.agencies.extend(reader.texts(table, "agencies").into_iter().map(|text| text.value));
        scope.kinds.extend(plain(reader.each((table, "kinds"), "kind", |text| {
            let kind = super::scope::KINDS.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind);
            let names = super::scope::KINDS.map(|(name, _)| name).join(", ");
            kind.ok_or_else(|| (format!("\"{text}\" is not a kind of site"), format!("write one of {names}")))
        })));
        scope.sites.extend(plain(reader.each((table, "sites"), "name", slug)));
        scope.plans.extend(plain(reader.each((table, "plans"), "name", slug)));
        scope.groups.extend(plain(reader.each((table, "groups"), "name", slug)));
        scope.except_groups.extend(plain(reader.each((table, "except-groups"), "name", slug)));
        if !scope.groups.is_empty() && scope.groups.is_subset(&scope.except_groups) {
            let help = "leave one of `groups` and `except-groups` out";
            reader.wrong("nobody", table.at("except-groups"), "nobody is left in this scope", help);
        }
    }
    scope
}

pub(super) fn slug<T: std::str::FromStr<Err = gapura_model::ParseNameError>>(
    text: &str,
) -> Result<T, (String, String)> {
    text.parse().map_err(|_| {
        let help = "use 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit";
        (format!("\"{text}\" is not a name of this kind"), help.to_owned())
    })
}

pub(super) fn plain<T>(values: Vec<Located<T>>) -> impl Iterator<Item = T> {
    values.into_iter().map(|located| located.value)
}
