//! Reports as files for spreadsheets: `;` between cells, a decimal comma, UTF-8 with its mark, as spreadsheets in Indonesia read it.

use gapura_speech::Say;

use super::shown::{Cell, Figures, MonthReport};
use crate::exchange::inert;

/// A report, one line for each site and one for all of it.
pub fn csv(report: &MonthReport, say: &Say) -> String {
    let w = say.words;
    let head = [
        "report-csv-scope",
        "report-csv-name",
        "report-csv-regency",
        "report-csv-agency",
        "report-csv-month",
        "report-csv-issue",
        "report-csv-state",
        "report-csv-until",
        "report-csv-planned",
        "report-csv-watched",
        "report-csv-kept",
        "report-csv-kept-percent",
        "report-csv-available",
        "report-csv-people",
        "report-csv-people-until",
        "report-csv-people-unknown",
        "report-csv-visits",
        "report-csv-visits-unknown",
        "report-csv-silent",
        "report-csv-online",
        "report-csv-down",
        "report-csv-up",
        "report-csv-blocked",
        "report-csv-blocked-unknown",
        "report-csv-appeals",
        "report-csv-decided",
        "report-csv-reversed",
        "report-csv-requests",
        "report-csv-answered",
        "report-csv-served",
        "report-csv-late",
        "report-csv-median",
    ];
    let zone = jiff::tz::TimeZone::get(&report.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let mut out = String::from("\u{feff}");
    line(&mut out, head.map(|key| w.t(key)));
    let row = |level: &str, names: [&str; 3], figures: &Figures| {
        let mut cells = vec![w.t(level)];
        cells.extend(names.map(str::to_owned));
        let issue = report.issue.map_or_else(String::new, |issue| issue.to_string());
        let (state, until) = match report.running_until {
            Some(until) => {
                (w.t("report-csv-running"), until.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string())
            }
            None => (w.t("report-csv-closed"), String::new()),
        };
        cells.extend([report.month.to_string(), issue, state, until]);
        cells.extend(figure_cells(figures, say));
        cells
    };
    for site in &report.sites {
        line(&mut out, row("report-csv-site", [&site.name, &site.regency, &site.agency], &site.figures));
    }
    line(&mut out, row("report-csv-total", [&report.name, "", ""], &report.total));
    out
}

fn figure_cells(figures: &Figures, say: &Say) -> Vec<String> {
    let unknown = || say.words.t("report-unknown");
    let hours = |seconds: u64| decimal(seconds, 3600);
    let percent = |permille: Option<u64>| permille.map_or_else(unknown, |permille| decimal(permille, 10));
    let cell = |cell: Cell, known: &dyn Fn(u64) -> String| super::sheet::cell_words(cell, say, known);
    let plain = |number: u64| number.to_string();
    let requests = &figures.requests;
    let minutes = requests.median_seconds.map_or_else(unknown, |seconds| decimal(seconds, 60));
    let kept = if figures.watched_seconds == 0 { unknown() } else { hours(figures.kept_seconds) };
    vec![
        hours(figures.planned_seconds),
        hours(figures.watched_seconds),
        kept,
        percent(figures.kept_permille),
        percent(figures.available_permille),
        cell(figures.people, &plain),
        figures.people_until.map_or_else(String::new, |day| day.to_string()),
        plain(figures.people_unknown_sites),
        cell(figures.visits, &plain),
        plain(figures.visits_unknown_sites),
        plain(figures.silent_sites),
        cell(figures.online_seconds, &hours),
        cell(figures.octets_down, &giga),
        cell(figures.octets_up, &giga),
        cell(figures.blocked, &plain),
        plain(figures.blocked_unknown_sites),
        plain(figures.appeals.received),
        plain(figures.appeals.decided),
        plain(figures.appeals.reversed),
        plain(requests.made),
        plain(requests.answered),
        percent(requests.served_permille),
        plain(requests.late),
        minutes,
    ]
}

/// `amount / unit` with at most two decimals behind a comma, rounded down.
pub(crate) fn decimal(amount: u64, unit: u64) -> String {
    let (whole, rest) = (amount / unit, amount % unit);
    let hundredths = u128::from(rest) * 100 / u128::from(unit.max(1));
    match hundredths {
        0 => whole.to_string(),
        ten if ten % 10 == 0 => format!("{whole},{}", ten / 10),
        _ => format!("{whole},{hundredths:02}"),
    }
}

/// Octets in GB.
pub(crate) fn giga(octets: u64) -> String {
    decimal(octets, 1_000_000_000)
}

/// Appends a line; no cell is taken for a formula.
pub(crate) fn line(out: &mut String, cells: impl IntoIterator<Item = String>) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            out.push(';');
        }
        let cell = inert(&cell);
        if cell.contains([';', '"', '\r', '\n']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&cell);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_spreadsheets_here_read_them_and_no_name_is_a_formula() {
        assert_eq!(decimal(986, 10), "98,6");
        assert_eq!(decimal(1000, 10), "100");
        assert_eq!(decimal(3661, 3600), "1,01");
        assert_eq!(giga(21_450_000_000_000), "21450");
        assert_eq!(giga(1_500_000_000), "1,5");
        let mut out = String::new();
        line(&mut out, ["=HYPERLINK(\"http://x\")", "a;b", "@SUM(A1)", "98,6", "-3", "+62"].map(str::to_owned));
        assert_eq!(out, "\"'=HYPERLINK(\"\"http://x\"\")\";\"a;b\";'@SUM(A1);98,6;-3;+62\r\n");
    }
}
