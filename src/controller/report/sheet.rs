//! A report in words: what stands on the page, on paper and in the PDF.

use std::time::Duration;

use gapura_model::ByteCount;
use gapura_speech::{Say, Value};
use jiff::Timestamp;
use jiff::civil::Weekday;

use super::shown::{AttackFigures, Cell, Figures, LateChange, MonthReport};
use super::site::Part;
use crate::rights::Scope;

/// A report in words.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// "Laporan Layanan Internet Publik, Oktober 2026".
    pub title: String,
    /// Of what.
    pub of: String,
    /// When it was made, and which issue it is.
    pub notes: Vec<String>,
    /// It is provisional: to be said where everybody sees it.
    pub running: Option<String>,
    /// What was changed by data that came late.
    pub changes: Vec<String>,
    /// The figures above all others.
    pub facts: Vec<Fact>,
    /// Visits by day; none where they are not shown or there were none.
    pub chart: Option<Chart>,
    /// The tables, in their order.
    pub tables: Vec<Table>,
    /// The heading of what the figures mean.
    pub meaning: String,
    /// What they mean: term and text.
    pub definitions: Vec<(String, String)>,
    /// Above whose names stand.
    pub signed: [String; 2],
}

/// A figure above all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What.
    pub label: String,
    /// How much.
    pub value: String,
    /// A line below; may be empty.
    pub small: String,
}

/// Bars by day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// What it shows.
    pub caption: String,
    /// In words.
    pub says: String,
    /// Day of the month, how many (0 where that is not shown) and whether it is a Sunday.
    pub bars: Vec<(u8, u64, bool)>,
    /// The figure of its upper line; a line stands at half of it.
    pub top: u64,
    /// The figures at its lines, from below.
    pub lines: [String; 3],
}

/// A table; the first column heads the row, the others hold figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Its columns.
    pub head: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
    /// It takes the whole width.
    pub wide: bool,
    /// Said where it has no rows.
    pub empty: String,
}

impl Table {
    /// A row's cells, each with the name of its column.
    pub fn cells<'a>(&'a self, row: &'a [String]) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.head.iter().map(String::as_str).zip(row.iter().map(String::as_str))
    }
}

impl Sheet {
    /// A report in words; `say` speaks in the report's zone.
    pub fn of(report: &MonthReport, say: &Say) -> Self {
        let w = say.words;
        let month = month_words(report, say);
        let of = match &report.scope {
            Scope::Province => w.t("report-of-province"),
            Scope::Regency(name) => w.t1("report-of-regency", "name", name.as_str()),
            Scope::Agency(name) => w.t1("report-of-agency", "name", name.as_str()),
            Scope::Site(_) => w.t1("report-of-site", "name", report.name.as_str()),
        };
        let mut notes = vec![w.t1("report-made", "when", full(say, report.made))];
        notes.extend(report.issue.map(|issue| match issue {
            0 | 1 => w.t("report-issue-first"),
            later => w.t1("report-issue", "issue", later.to_string()),
        }));
        if report.total.silent_sites > 0 {
            notes.push(w.t1("report-silent-part", "count", say.number(report.total.silent_sites)));
        }
        Self {
            title: w.t1("report-title", "month", month),
            of,
            notes,
            running: report.running_until.map(|until| w.t1("report-running", "when", full(say, until))),
            changes: report.changes.iter().map(|change| change_words(change, say)).collect(),
            facts: facts(report, say),
            chart: chart(report, say),
            tables: tables(report, say),
            meaning: w.t("report-definitions"),
            definitions: definitions(say),
            signed: [w.t("report-prepared"), w.t("report-known")],
        }
    }
}

/// "1 November 2026 pukul 02.00 WITA": on paper no day is "today".
fn full(say: &Say, at: Timestamp) -> String {
    say.words.t2("on-day", "day", say.day(at), "clock", say.clock(at))
}

/// "Oktober 2026".
fn month_words(report: &MonthReport, say: &Say) -> String {
    let index = usize::from(report.month.number().unsigned_abs()).saturating_sub(1);
    format!("{} {}", say.words.list("months", index), report.month.year())
}

fn change_words(change: &LateChange, say: &Say) -> String {
    let w = say.words;
    let parts = change.parts.iter().map(|part| {
        w.t(match part {
            Part::Visits => "report-part-visits",
            Part::Hours => "report-part-hours",
            Part::Blocked => "report-part-blocked",
            Part::Appeals => "report-part-appeals",
            Part::Requests => "report-part-requests",
            Part::Attacks => "report-part-attacks",
        })
    });
    let parts = parts.collect::<Vec<_>>().join(", ");
    let values = [
        ("issue", change.issue.to_string()),
        ("when", full(say, change.made)),
        ("site", change.site.clone()),
        ("parts", parts),
    ];
    w.with("report-change", values.map(|(name, value)| (name, Value::Text(value))))
}

/// A figure about people, in words.
pub fn cell_words(cell: Cell, say: &Say, known: impl Fn(u64) -> String) -> String {
    match cell {
        Cell::Known(number) => known(number),
        Cell::Below => say.words.t("report-below"),
        Cell::Withheld => say.words.t("report-withheld"),
        Cell::Unknown => say.words.t("report-unknown"),
    }
}

/// "98,6 %" from 986; what is not known is said so.
pub fn percent(permille: Option<u64>, say: &Say) -> String {
    let Some(permille) = permille else { return say.words.t("report-unknown") };
    let (whole, tenth) = (permille / 10, permille % 10);
    let mark = match say.words.lang() {
        gapura_speech::Lang::Id => ',',
        gapura_speech::Lang::En => '.',
    };
    let number = if tenth == 0 { whole.to_string() } else { format!("{whole}{mark}{tenth}") };
    say.words.t1("report-percent", "number", number)
}

fn number(cell: Cell, say: &Say) -> String {
    cell_words(cell, say, |number| say.number(number))
}

fn bytes(cell: Cell, say: &Say) -> String {
    cell_words(cell, say, |octets| say.bytes(ByteCount::new(octets)))
}

fn long(seconds: Option<u64>, say: &Say) -> String {
    seconds.map_or_else(|| say.words.t("report-unknown"), |seconds| say.duration(Duration::from_secs(seconds)))
}

/// Whole hours, rounded down: of many sites together no days.
fn hours(seconds: u64, say: &Say) -> String {
    say.words.t1("report-hours", "number", say.number(seconds / 3600))
}

fn volume(figures: &Figures) -> Cell {
    match (figures.octets_down, figures.octets_up) {
        (Cell::Known(down), Cell::Known(up)) => Cell::Known(down.saturating_add(up)),
        (other, _) => other,
    }
}

fn facts(report: &MonthReport, say: &Say) -> Vec<Fact> {
    let (w, total) = (say.words, &report.total);
    let fact = |label: &str, value: String, small: String| Fact { label: w.t(label), value, small };
    let mut people_small = Vec::new();
    if let Some(day) = total.people_until.filter(|_| total.people != Cell::Unknown) {
        people_small.push(w.t1("report-people-until", "day", say.date(day)));
    }
    if total.people_unknown_sites > 0 && total.people != Cell::Unknown {
        people_small.push(w.t1("report-people-part", "count", say.number(total.people_unknown_sites)));
    }
    let mut visits_small = String::new();
    if total.visits_unknown_sites > 0 && total.visits != Cell::Unknown {
        visits_small = w.t1("report-people-part", "count", say.number(total.visits_unknown_sites));
    }
    let kept_small = if total.hours_unknown_sites > 0 && total.kept_permille.is_some() {
        w.t1("report-hours-part", "count", say.number(total.hours_unknown_sites))
    } else {
        String::new()
    };
    let requests = &total.requests;
    let served = w.t2("report-of-many", "some", say.number(requests.answered), "all", say.number(requests.made));
    let part = if requests.made == 0 { String::new() } else { percent(requests.served_permille, say) };
    vec![
        fact("report-people", number(total.people, say), people_small.join("; ")),
        fact("report-visits", number(total.visits, say), visits_small),
        fact("report-volume", bytes(volume(total), say), String::new()),
        fact("report-kept", percent(total.kept_permille, say), kept_small),
        fact("report-served", served, part),
    ]
}

fn chart(report: &MonthReport, say: &Say) -> Option<Chart> {
    let w = say.words;
    let of = |cell| match cell {
        Cell::Known(number) => number,
        Cell::Below | Cell::Withheld | Cell::Unknown => 0,
    };
    let bars: Vec<(u8, u64, bool)> = report
        .days
        .iter()
        .map(|day| (day.date.day().unsigned_abs(), of(day.visits), day.date.weekday() == Weekday::Sunday))
        .collect();
    let most = report.days.iter().max_by_key(|day| of(day.visits)).filter(|day| of(day.visits) > 0)?;
    let top = round_up(of(most.visits));
    Some(Chart {
        caption: w.t("report-chart"),
        says: w.t2("report-chart-says", "most", say.number(of(most.visits)), "day", say.date(most.date)),
        bars,
        top,
        lines: [0, top / 2, top].map(|figure| say.number(figure)),
    })
}

/// The next of 10, 20, 40, 60, 100, ...: a line at half of it is a whole number.
fn round_up(number: u64) -> u64 {
    let mut tens = 10_u64;
    loop {
        if let Some(top) = [1, 2, 4, 6].map(|step| step * tens).into_iter().find(|top| *top >= number) {
            return top;
        }
        let Some(next) = tens.checked_mul(10).filter(|next| *next < u64::MAX / 100) else { return number };
        tens = next;
    }
}

fn tables(report: &MonthReport, say: &Say) -> Vec<Table> {
    let (w, total) = (say.words, &report.total);
    let mut tables = Vec::new();
    if !matches!(report.scope, Scope::Site(_)) {
        tables.push(sites(report, say));
    }
    let pairs = |caption: &str, rows: Vec<(&str, String)>| Table {
        caption: w.t(caption),
        head: vec![w.t("report-what"), w.t("report-count")],
        rows: rows.into_iter().map(|(what, value)| vec![w.t(what), value]).collect(),
        wide: false,
        empty: String::new(),
    };
    let (appeals, requests) = (&total.appeals, &total.requests);
    let answer = if requests.answered == 0 { None } else { requests.median_seconds };
    let served = if requests.made == 0 { None } else { requests.served_permille };
    tables.push(pairs(
        "report-table-hours",
        vec![
            ("report-planned", hours(total.planned_seconds, say)),
            ("report-watched", hours(total.watched_seconds, say)),
            (
                "report-kept-hours",
                if total.watched_seconds == 0 { w.t("report-unknown") } else { hours(total.kept_seconds, say) },
            ),
            ("report-closed-early", hours(total.closed_early_seconds, say)),
            ("report-kept", percent(total.kept_permille, say)),
            ("report-available", percent(total.available_permille, say)),
        ],
    ));
    tables.push(pairs(
        "report-table-use",
        vec![
            ("report-people", number(total.people, say)),
            ("report-visits", number(total.visits, say)),
            ("report-online", cell_words(total.online_seconds, say, |seconds| hours(seconds, say))),
            ("report-down", bytes(total.octets_down, say)),
            ("report-up", bytes(total.octets_up, say)),
        ],
    ));
    let blocked = match total.blocked {
        Cell::Known(_) if total.blocked_unknown_sites > 0 => {
            let part = w.t1("report-people-part", "count", say.number(total.blocked_unknown_sites));
            format!("{} ({part})", number(total.blocked, say))
        }
        cell @ (Cell::Known(_) | Cell::Below | Cell::Withheld | Cell::Unknown) => number(cell, say),
    };
    tables.push(pairs(
        "report-table-filter",
        vec![
            ("report-blocked", blocked),
            ("report-appeals", say.number(appeals.received)),
            ("report-decided", say.number(appeals.decided)),
            ("report-reversed", say.number(appeals.reversed)),
            ("report-appeals-waiting", say.number(appeals.waiting)),
        ],
    ));
    tables.push(pairs(
        "report-table-requests",
        vec![
            ("report-made-requests", say.number(requests.made)),
            ("report-answered", say.number(requests.answered)),
            ("report-served-part", percent(served, say)),
            ("report-carried", say.number(requests.carried)),
            ("report-median", long(answer, say)),
            ("report-late", say.number(requests.late)),
            ("report-waiting", say.number(requests.waiting)),
        ],
    ));
    tables.push(attacks(&total.attacks, say));
    tables.push(clauses(report, say));
    tables.push(days(report, say));
    tables
}

fn sites(report: &MonthReport, say: &Say) -> Table {
    let w = say.words;
    let head = [
        "report-site",
        "report-kept",
        "report-available",
        "report-people-short",
        "report-visits",
        "report-volume",
        "report-served",
    ];
    let row = |line: &super::shown::SiteLine| {
        let figures = &line.figures;
        let requests = &figures.requests;
        vec![
            line.name.clone(),
            percent(figures.kept_permille, say),
            percent(figures.available_permille, say),
            number(figures.people, say),
            number(figures.visits, say),
            bytes(volume(figures), say),
            w.t2("report-of-many", "some", say.number(requests.answered), "all", say.number(requests.made)),
        ]
    };
    Table {
        caption: w.t("report-sites"),
        head: head.map(|key| w.t(key)).to_vec(),
        rows: report.sites.iter().map(row).collect(),
        wide: true,
        empty: w.t("report-sites-none"),
    }
}

fn attacks(all: &[AttackFigures], say: &Say) -> Table {
    let w = say.words;
    let head = [
        "report-attack",
        "report-attack-count",
        "report-attack-incidents",
        "report-attack-recovered",
        "report-attack-median",
    ];
    let row = |one: &AttackFigures| {
        let counted = |number: Option<u64>| number.map_or_else(|| w.t("report-unknown"), |number| say.number(number));
        let median = if one.incidents == Some(0) { "–".to_owned() } else { long(one.median_seconds, say) };
        vec![
            w.t(&format!("report-attack-{}", one.kind.id())),
            counted(one.count),
            counted(one.incidents),
            counted(one.recovered),
            median,
        ]
    };
    let unknown = all.iter().filter(|one| one.count.is_some()).map(|one| one.unknown_sites).max().unwrap_or_default();
    let caption = match unknown {
        0 => w.t("report-table-attacks"),
        sites => {
            format!("{} ({})", w.t("report-table-attacks"), w.t1("report-people-part", "count", say.number(sites)))
        }
    };
    Table {
        caption,
        head: head.map(|key| w.t(key)).to_vec(),
        rows: all.iter().map(row).collect(),
        wide: true,
        empty: String::new(),
    }
}

fn clauses(report: &MonthReport, say: &Say) -> Table {
    let w = say.words;
    let row = |one: &super::shown::ClauseCount| {
        let list = if one.list.is_empty() { w.t("report-clause-own") } else { one.list.clone() };
        vec![format!("{}, {}", one.sop, one.clause), list, say.number(one.total)]
    };
    Table {
        caption: w.t("report-table-clauses"),
        head: vec![
            format!("{}, {}", w.t("report-clause-sop"), w.t("report-clause")),
            w.t("report-clause-list"),
            w.t("report-count"),
        ],
        rows: report.clauses.iter().flatten().map(row).collect(),
        wide: true,
        empty: w.t(match report.total.blocked {
            Cell::Known(0) => "report-clauses-none",
            Cell::Unknown => "report-clauses-unknown",
            Cell::Known(_) | Cell::Below | Cell::Withheld => "report-days-none",
        }),
    }
}

fn days(report: &MonthReport, say: &Say) -> Table {
    let w = say.words;
    let row = |day: &super::shown::DayCell| {
        vec![format!("{}, {}", say.weekday(day.date.weekday()), say.date(day.date)), number(day.visits, say)]
    };
    Table {
        caption: w.t("report-table-days"),
        head: vec![w.t("report-day"), w.t("report-visits")],
        rows: report.days.iter().map(row).collect(),
        wide: false,
        empty: w.t(if report.total.visits == Cell::Unknown { "report-days-unknown" } else { "report-days-none" }),
    }
}

/// Every term with what it means.
pub(crate) fn definitions(say: &Say) -> Vec<(String, String)> {
    let w = say.words;
    [
        ("report-people", "report-def-people"),
        ("report-visits", "report-def-visits"),
        ("report-volume", "report-def-volume"),
        ("report-kept", "report-def-kept"),
        ("report-available", "report-def-available"),
        ("report-blocked", "report-def-blocked"),
        ("report-table-filter", "report-def-appeals"),
        ("report-served", "report-def-served"),
        ("report-late", "report-def-late"),
        ("report-median", "report-def-median"),
        ("report-table-attacks", "report-def-attacks"),
    ]
    .map(|(term, text)| (w.t(term), w.t(text)))
    .to_vec()
}
