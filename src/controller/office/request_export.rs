//! Requests for other systems: a table for people, records and events for programs. Contacts and notes never go along.

use gapura_model::{Reference, SiteId};
use gapura_store::{RequestQuery, RequestRow, timestamp};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::request::Reach;
use super::{Actor, Change, Office, OfficeError, read_json};
use crate::document::SiteDocument;
use crate::exchange::inert;

/// Rows read at once.
const PAGE: i64 = 500;
/// Rows in one export.
const MOST: usize = 100_000;

/// When the exported requests were received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportSpan {
    /// From then on; none = from the first.
    pub from: Option<Timestamp>,
    /// Before; none = to the last.
    pub until: Option<Timestamp>,
}

/// A request as another system gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestRecord {
    /// Its number.
    pub reference: String,
    /// The site's id.
    pub site: String,
    /// The site's name for people.
    pub site_name: String,
    /// `portal`, `appeal`, `counter` or `telephone`.
    pub origin: String,
    /// The topic's name on the wire.
    pub topic: String,
    /// The site asked about; empty for none.
    pub about: String,
    /// The visitor's words; empty once erased.
    pub words: String,
    /// The state's name on the wire.
    pub state: String,
    /// Whose turn it is.
    pub desk: String,
    /// The agency it was forwarded to; empty for none.
    pub agency: String,
    /// How far it was escalated, 0 to 2.
    pub level: i64,
    /// When it came (UTC).
    pub received: Timestamp,
    /// It is answered by then (UTC).
    pub due: Timestamp,
    /// When it was answered or closed (UTC).
    pub settled: Option<Timestamp>,
    /// The last answer; empty for none, or once erased.
    pub answer: String,
    /// The site's zone, for the table.
    #[serde(skip)]
    zone: TimeZone,
}

impl Office {
    /// Requests for another system, within somebody's reach, the next to be answered first; that they were taken out is noted.
    pub async fn export_requests(
        &self,
        reach: &Reach,
        site: Option<&SiteId>,
        span: &ExportSpan,
        who: &Actor,
    ) -> Result<Vec<RequestRecord>, OfficeError> {
        let sites = match (site, &reach.sites) {
            (None, sites) => sites.clone(),
            (Some(site), None) => Some(vec![site.as_str().to_owned()]),
            (Some(site), Some(sites)) => Some(sites.iter().filter(|one| *one == site.as_str()).cloned().collect()),
        };
        let mut query = RequestQuery {
            sites,
            agencies: reach.agencies.clone(),
            received_from: span.from,
            received_before: span.until,
            limit: PAGE,
            ..RequestQuery::default()
        };
        let mut tx = self.store.read().await?;
        let mut places = std::collections::BTreeMap::new();
        for row in tx.sites().await? {
            let document: SiteDocument = read_json(&row.document, format!("site {}", row.id))?;
            places.insert(row.id, (document.name, document.hours.zone().tz().clone()));
        }
        let mut records = Vec::new();
        loop {
            let rows = tx.requests(&query).await?;
            let last = rows.len();
            for row in rows {
                let (name, zone) = places.get(&row.site).cloned().unwrap_or_else(|| (row.site.clone(), TimeZone::UTC));
                let steps = tx.steps(&row.site, &row.reference).await?;
                let told = steps.into_iter().rev().find(|step| {
                    matches!(step.kind.as_str(), "answered" | "granted" | "denied") && !step.words.is_empty()
                });
                records.push(record(row, (name, zone), told.map(|step| step.words).unwrap_or_default()));
            }
            query.offset += PAGE;
            if i64::try_from(last) != Ok(PAGE) || records.len() >= MOST {
                break;
            }
        }
        drop(tx);
        let mut tx = self.store.write().await?;
        let after = format!("{} requests", records.len());
        let object = site.map_or_else(|| "request".to_owned(), |site| format!("request/site/{site}"));
        self.note(&mut tx, who, Change { action: "request-export", object, before: "", after: &after }).await?;
        tx.commit().await?;
        Ok(records)
    }
}

fn record(row: RequestRow, (site_name, zone): (String, TimeZone), answer: String) -> RequestRecord {
    RequestRecord {
        reference: shown(&row.reference),
        site: row.site,
        site_name,
        origin: row.origin,
        topic: row.topic,
        about: row.about,
        words: row.words,
        state: row.state,
        desk: row.desk,
        agency: row.agency,
        level: row.level,
        received: timestamp(row.received),
        due: timestamp(row.due),
        settled: row.settled.map(timestamp),
        answer,
        zone,
    }
}

/// The number as visitors know it.
fn shown(reference: &str) -> String {
    reference.parse::<Reference>().map_or_else(|_| reference.to_owned(), |reference| reference.to_string())
}

/// The columns of the table, as an Indonesian spreadsheet reads it.
const COLUMNS: [&str; 14] = [
    "Nomor tiket",
    "Lokasi",
    "Asal",
    "Topik",
    "Status",
    "Meja",
    "Instansi",
    "Eskalasi",
    "Diterima",
    "Jawab sebelum",
    "Dijawab",
    "Alamat situs",
    "Isi",
    "Jawaban",
];

/// A table (RFC 4180 with `;`, as id-ID spreadsheets read it, UTF-8 with a mark so that they know): local times of each site.
pub fn export_csv(records: &[RequestRecord]) -> String {
    let mut table = format!("\u{feff}{}\r\n", COLUMNS.join(";"));
    for record in records {
        let at = |at: Timestamp| at.to_zoned(record.zone.clone()).strftime("%d/%m/%Y %H.%M").to_string();
        let level = record.level.to_string();
        let cells = [
            record.reference.as_str(),
            &record.site_name,
            in_indonesian(&record.origin),
            in_indonesian(&record.topic),
            in_indonesian(&record.state),
            in_indonesian(&record.desk),
            &record.agency,
            &level,
            &at(record.received),
            &at(record.due),
            &record.settled.map(at).unwrap_or_default(),
            &record.about,
            &record.words,
            &record.answer,
        ];
        table.push_str(&cells.map(cell).join(";"));
        table.push_str("\r\n");
    }
    table
}

/// A cell; what a spreadsheet would take for a formula is made a text.
fn cell(text: &str) -> String {
    let text = inert(text);
    if text.contains([';', '"', '\n', '\r', '\'']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into_owned()
    }
}

fn in_indonesian(name: &str) -> &str {
    match name {
        "portal" => "Portal",
        "appeal" => "Peninjauan",
        "counter" => "Loket",
        "telephone" => "Telepon",
        "connect" => "Tidak bisa tersambung",
        "more-time" => "Tambahan waktu atau kuota",
        "blocked" => "Situs diblokir",
        "complaint" => "Pengaduan layanan",
        "other" => "Lainnya",
        "received" => "Diterima",
        "in-work" => "Sedang ditangani",
        "forwarded" => "Diteruskan",
        "answered" => "Dijawab",
        "closed" => "Selesai",
        "helpdesk" => "Petugas bantuan",
        "site-head" => "Kepala lokasi",
        "department" => "Dinas",
        "agency" => "Instansi",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_by_an_indonesian_spreadsheet_and_runs_nothing() {
        let record = RequestRecord {
            reference: "7KQMA-4X2PB".to_owned(),
            site: "galeri".to_owned(),
            site_name: "Galeri; Sinjai".to_owned(),
            origin: "portal".to_owned(),
            topic: "complaint".to_owned(),
            about: String::new(),
            words: "=HYPERLINK(\"http://x\")\nDua baris".to_owned(),
            state: "forwarded".to_owned(),
            desk: "agency".to_owned(),
            agency: "Dinas Pendidikan".to_owned(),
            level: 1,
            received: "2026-11-20T12:14:00Z".parse().unwrap(),
            due: "2026-11-24T08:00:00Z".parse().unwrap(),
            settled: None,
            answer: "-5 °C".to_owned(),
            zone: TimeZone::get("Asia/Makassar").unwrap(),
        };
        let table = export_csv(&[record]);
        let (header, row) = table.split_once("\r\n").unwrap();
        assert!(header.starts_with("\u{feff}Nomor tiket;Lokasi;"), "{header}");
        assert_eq!(
            row,
            "7KQMA-4X2PB;\"Galeri; Sinjai\";Portal;Pengaduan layanan;Diteruskan;Instansi;Dinas Pendidikan;1;\
             20/11/2026 20.14;24/11/2026 16.00;;;\"'=HYPERLINK(\"\"http://x\"\")\nDua baris\";\"'-5 °C\"\r\n"
        );
    }
}
