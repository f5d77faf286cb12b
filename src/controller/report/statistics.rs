//! Closed months for the region's statistics office: one figure a line, and a sheet that says what each figure is (Perpres 39/2019,
//! Satu Data Indonesia: metadata of concept, definition, classification, measure and unit).

use gapura_speech::Say;

use super::csv::{decimal, giga, line};
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

/// Its code, unit, the message of its name, that of its definition, and how it is read.
const VARIABLES: &[(&str, &str, &str, &str, Read)] = &[
    ("orang_terlayani", "perangkat", "report-people", "report-def-people", |f| cell(f.people, &|n| n.to_string())),
    ("kunjungan", "kunjungan", "report-visits", "report-def-visits", |f| cell(f.visits, &|n| n.to_string())),
    ("waktu_daring", "jam", "report-online", "report-def-visits", |f| cell(f.online_seconds, &|n| decimal(n, 3600))),
    ("volume_unduh", "GB", "report-down", "report-def-volume", |f| cell(f.octets_down, &giga)),
    ("volume_unggah", "GB", "report-up", "report-def-volume", |f| cell(f.octets_up, &giga)),
    ("jam_buka_ditepati", "persen", "report-kept", "report-def-kept", |f| percent(f.kept_permille)),
    ("ketersediaan", "persen", "report-available", "report-def-available", |f| percent(f.available_permille)),
    ("nama_diblokir", "jawaban", "report-blocked", "report-def-blocked", |f| cell(f.blocked, &|n| n.to_string())),
    ("keberatan_diterima", "keberatan", "report-appeals", "report-def-appeals", |f| f.appeals.received.to_string()),
    ("keberatan_diputuskan", "keberatan", "report-decided", "report-def-appeals", |f| f.appeals.decided.to_string()),
    ("keberatan_dikabulkan", "keberatan", "report-reversed", "report-def-appeals", |f| f.appeals.reversed.to_string()),
    ("permintaan_masuk", "permintaan", "report-made-requests", "report-def-served", |f| f.requests.made.to_string()),
    ("permintaan_terjawab", "permintaan", "report-answered", "report-def-served", |f| f.requests.answered.to_string()),
    ("permintaan_terjawab_persen", "persen", "report-served-part", "report-def-served", |f| {
        percent(f.requests.served_permille)
    }),
    ("permintaan_terlambat", "permintaan", "report-late", "report-def-late", |f| f.requests.late.to_string()),
    ("waktu_jawab_tengah", "menit", "report-median", "report-def-median", |f| {
        f.requests.median_seconds.map_or_else(|| "..".to_owned(), |seconds| decimal(seconds, 60))
    }),
];

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
    ];
    line(&mut out, head.map(str::to_owned));
    for report in reports {
        let begin = [report.month.to_string(), report.issue.to_string()];
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
    for (code, unit, _, _, read) in VARIABLES {
        let value = [(*code).to_owned(), read(figures), (*unit).to_owned()];
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
    let months: Vec<String> = reports.iter().map(|report| report.month.to_string()).collect();
    let period = w.t2(
        "report-meta-period",
        "first",
        months.first().cloned().unwrap_or_default(),
        "last",
        months.last().cloned().unwrap_or_default(),
    );
    for (code, unit, name, definition, _) in VARIABLES {
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
