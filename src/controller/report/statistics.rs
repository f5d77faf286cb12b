//! Closed months for the region's statistics office: one figure a line, and a sheet that says what each figure is (Perpres 39/2019,
//! Satu Data Indonesia: metadata of concept, definition, classification, measure and unit).

use gapura_speech::Say;

use super::csv::{decimal, giga, line};
use super::month::Month;
use super::shown::{Cell, Figures, MonthReport};

/// The two files of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// The figures.
    pub data: String,
    /// What they are.
    pub metadata: String,
}

/// A figure about people, as statistics offices mark what is not shown.
fn cell(cell: Cell, known: &dyn Fn(u64) -> String) -> String {
    match cell {
        Cell::Known(number) => known(number),
        Cell::Below => "<10".to_owned(),
        Cell::Withheld => "x".to_owned(),
        Cell::Unknown => "..".to_owned(),
    }
}

/// How a figure is read from a report.
type Read = fn(&Figures) -> String;
/// At how many sites it is not known.
type Unknown = fn(&Figures) -> u64;

/// Its code, unit, the message of its name, that of its definition, how it is read, and at how many sites it is not known.
const VARIABLES: &[(&str, &str, &str, &str, Read, Unknown)] = &[
    (
        "orang_terlayani",
        "perangkat",
        "report-people",
        "report-def-people",
        |f| cell(f.people, &plain),
        |f| f.people_unknown_sites,
    ),
    (
        "kunjungan",
        "kunjungan",
        "report-visits",
        "report-def-visits",
        |f| cell(f.visits, &plain),
        |f| f.visits_unknown_sites,
    ),
    (
        "waktu_daring",
        "jam",
        "report-online",
        "report-def-visits",
        |f| cell(f.online_seconds, &hours),
        |f| f.visits_unknown_sites,
    ),
    (
        "volume_unduh",
        "GB",
        "report-down",
        "report-def-volume",
        |f| cell(f.octets_down, &giga),
        |f| f.visits_unknown_sites,
    ),
    ("volume_unggah", "GB", "report-up", "report-def-volume", |f| cell(f.octets_up, &giga), |f| f.visits_unknown_sites),
    (
        "jam_buka_ditepati",
        "persen",
        "report-kept",
        "report-def-kept",
        |f| percent(f.kept_permille),
        |f| f.hours_unknown_sites,
    ),
    (
        "ketersediaan",
        "persen",
        "report-available",
        "report-def-available",
        |f| percent(f.available_permille),
        |f| f.hours_unknown_sites,
    ),
    (
        "nama_diblokir",
        "jawaban",
        "report-blocked",
        "report-def-blocked",
        |f| cell(f.blocked, &plain),
        |f| f.blocked_unknown_sites,
    ),
    ("peninjauan_masuk", "peninjauan", "report-appeals", "report-def-appeals", |f| plain(f.appeals.received), known),
    ("peninjauan_diputus", "peninjauan", "report-decided", "report-def-appeals", |f| plain(f.appeals.decided), known),
    (
        "peninjauan_dikabulkan",
        "peninjauan",
        "report-reversed",
        "report-def-appeals",
        |f| plain(f.appeals.reversed),
        known,
    ),
    ("permintaan_masuk", "permintaan", "report-made-requests", "report-def-served", |f| plain(f.requests.made), known),
    (
        "permintaan_terjawab",
        "permintaan",
        "report-answered",
        "report-def-served",
        |f| plain(f.requests.answered),
        known,
    ),
    (
        "permintaan_terjawab_persen",
        "persen",
        "report-served-part",
        "report-def-served",
        |f| percent(f.requests.served_permille),
        known,
    ),
    ("permintaan_terlambat", "permintaan", "report-late", "report-def-late", |f| plain(f.requests.late), known),
    (
        "waktu_jawab_median",
        "menit",
        "report-median",
        "report-def-median",
        |f| f.requests.median_seconds.map_or_else(|| "..".to_owned(), |seconds| decimal(seconds, 60)),
        known,
    ),
];

fn plain(number: u64) -> String {
    number.to_string()
}

fn hours(seconds: u64) -> String {
    decimal(seconds, 3600)
}

/// The controller has it itself.
const fn known(_: &Figures) -> u64 {
    0
}

fn percent(permille: Option<u64>) -> String {
    permille.map_or_else(|| "..".to_owned(), |permille| decimal(permille, 10))
}

impl Statistics {
    /// Of these months, each of everything; `from` names who made them and where to ask.
    pub fn of(reports: &[MonthReport], (producer, contact): (&str, &str), say: &Say) -> Self {
        Self { data: data(reports), metadata: metadata(reports, (producer, contact), say) }
    }
}

fn data(reports: &[MonthReport]) -> String {
    let mut out = String::from("\u{feff}");
    let head = [
        "periode",
        "terbitan",
        "tingkat",
        "kabupaten_kota",
        "instansi",
        "kode_lokasi",
        "nama_lokasi",
        "jenis_lokasi",
        "variabel",
        "nilai",
        "satuan",
        "lokasi_tidak_diketahui",
    ];
    line(&mut out, head.map(str::to_owned));
    for report in reports {
        let begin = [report.month.to_string(), report.issue.unwrap_or_default().to_string()];
        let all = ["seluruh", "", "", "", "", ""].map(str::to_owned);
        figures(&mut out, &begin, &all, &report.total);
        for site in &report.sites {
            let kind = serde_json::to_value(site.kind).ok();
            let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
            let place =
                ["lokasi", &site.regency, &site.agency, site.site.as_str(), &site.name, kind].map(str::to_owned);
            figures(&mut out, &begin, &place, &site.figures);
        }
    }
    out
}

fn figures(out: &mut String, begin: &[String], place: &[String], figures: &Figures) {
    for (code, unit, _, _, read, unknown) in VARIABLES {
        let value = [(*code).to_owned(), read(figures), (*unit).to_owned(), unknown(figures).to_string()];
        line(out, begin.iter().chain(place).cloned().chain(value));
    }
}

fn metadata(reports: &[MonthReport], (producer, contact): (&str, &str), say: &Say) -> String {
    let w = say.words;
    let mut out = String::from("\u{feff}");
    let head = [
        "variabel",
        "nama",
        "definisi",
        "satuan",
        "klasifikasi",
        "periode",
        "sumber",
        "aturan_penyembunyian",
        "produsen_data",
        "kontak",
    ];
    line(&mut out, head.map(str::to_owned));
    let months: Vec<Month> = reports.iter().map(|report| report.month).collect();
    let text = |month: Option<&Month>| month.map_or_else(String::new, Month::to_string);
    let mut period = w.t2("report-meta-period", "first", text(months.first()), "last", text(months.last()));
    let missing = missing(&months);
    if !missing.is_empty() {
        period = format!("{period}; {}", w.t1("report-meta-missing", "months", missing.join(", ")));
    }
    for (code, unit, name, definition, ..) in VARIABLES {
        let fixed = [(*code).to_owned(), w.t(name), w.t(definition), (*unit).to_owned(), w.t("report-meta-classes")];
        let rest = [
            period.clone(),
            w.t("report-meta-source"),
            w.t("report-meta-rule"),
            producer.to_owned(),
            contact.to_owned(),
        ];
        line(&mut out, fixed.into_iter().chain(rest));
    }
    out
}

/// Months between the first and the last that are not told: they are not closed, or there are no figures of them.
fn missing(months: &[Month]) -> Vec<String> {
    let (Some(first), Some(last)) = (months.first(), months.last()) else { return Vec::new() };
    let all = std::iter::successors(Some(*first), |month| month.after()).take_while(|month| month <= last);
    all.filter(|month| !months.contains(month)).map(|month| month.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_that_are_not_told_are_named() {
        let of = |months: &[&str]| missing(&months.iter().map(|one| one.parse().unwrap()).collect::<Vec<_>>());
        assert_eq!(of(&["2026-10", "2026-12", "2027-03"]), ["2026-11", "2027-01", "2027-02"]);
        assert!(of(&["2026-10", "2026-11"]).is_empty() && of(&[]).is_empty());
    }
}
