//! Audit: who changed what and who looked at whom, whether the log is whole, and the code that stands on paper.

mod did;

use askama::Template;
use axum::body::{Body, Bytes};
use axum::response::IntoResponse as _;
use futures_util::StreamExt as _;
use gapura_controller::{AuditFault, AuditRow, AuditSearch, ChainError, Office, OfficeError, Right, inert};
use gapura_speech::{Say, Words};
use http::header;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::answer::{Answer, Oops, page};
use crate::chrome::Chrome;
use crate::dates;
use crate::form::Posted;
use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};
#[cfg(test)]
use crate::samples::Sample;

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get("/audit", Needs::Right(Right::SeeAudit), list);
    routes.post("/audit/periksa", Needs::Right(Right::SeeAudit), verify);
    routes.get("/audit/unduh", Needs::Right(Right::SeeAudit), download);
    routes.menu(MenuLine {
        section: Section::Department,
        icon: icons::AUDIT,
        words: "audit-title",
        path: "/audit",
        needs: Right::SeeAudit,
    });
}

/// What the log calls something that was done, in words.
pub(crate) fn did(w: Words, action: &str) -> String {
    did::words(&w, action)
}

/// Rows of a page.
const PAGE: u32 = 50;
/// Rows of a file that are in memory at once.
const PART: u32 = 500;

/// What is looked for, as it was typed.
#[derive(Clone, Default)]
struct Wanted {
    actor: String,
    object: String,
    from: String,
    until: String,
    before: Option<i64>,
}

/// A row on the page.
struct Row {
    number: i64,
    at: String,
    actor: String,
    /// In words, and as the log has it.
    did: String,
    action: String,
    object: String,
    before: String,
    after: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct ListPage {
    c: Chrome,
    wanted: Wanted,
    wrong: Option<String>,
    rows: Vec<Row>,
    /// The address of the rows before these.
    older: Option<String>,
    /// The address of a file with all of them.
    file: String,
    code: Option<String>,
    signed: String,
}

#[derive(Template)]
#[template(path = "audit_verify.html")]
struct VerifyPage {
    c: Chrome,
    rows: u64,
    anchors: u64,
    end: String,
    fault: Option<String>,
}

impl Wanted {
    fn of(here: &Here) -> Self {
        let fields = here.asked();
        let text = |name: &str| fields.get(name).to_owned();
        Self {
            actor: text("orang").to_lowercase(),
            object: text("objek"),
            from: text("dari"),
            until: text("sampai"),
            before: fields.get("sebelum").parse().ok(),
        }
    }

    /// The same as an address, with rows before `before`.
    fn address(&self, path: &str, before: Option<i64>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in
            [("orang", &self.actor), ("objek", &self.object), ("dari", &self.from), ("sampai", &self.until)]
        {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if let Some(before) = before {
            query.append_pair("sebelum", &before.to_string());
        }
        format!("{path}?{}", query.finish())
    }

    /// What the log is asked; `None` where a day is none.
    fn search(&self, zone: &TimeZone, limit: u32) -> Option<AuditSearch<'_>> {
        let begin = |text: &str, later: i64| -> Option<Timestamp> {
            let day = dates::parse(text)?.checked_add(jiff::Span::new().days(later)).ok()?;
            day.to_zoned(zone.clone()).ok().map(|at| at.timestamp())
        };
        let from = if self.from.is_empty() { Timestamp::MIN } else { begin(&self.from, 0)? };
        let until = if self.until.is_empty() { Timestamp::MAX } else { begin(&self.until, 1)? };
        let before = self.before.unwrap_or(i64::MAX);
        Some(AuditSearch { before, from, until, actor: &self.actor, object: &self.object, limit })
    }
}

fn row(w: &Words, say: &Say, row: AuditRow) -> Row {
    let at = Timestamp::from_millisecond(row.at).unwrap_or_default();
    Row {
        number: row.number,
        at: say.when(at),
        actor: row.actor,
        did: did::words(w, &row.action),
        action: row.action,
        object: row.object,
        before: row.before,
        after: row.after,
        reason: row.reason,
    }
}

async fn list(here: Here) -> Answer {
    let wanted = Wanted::of(&here);
    let zone = here.zone();
    let (rows, wrong) = match wanted.search(&zone, PAGE) {
        Some(search) => (here.office().audit_rows(&search).await?, None),
        None => (Vec::new(), Some(here.w().t("audit-wrong-day"))),
    };
    let more = rows.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
    let older = rows.last().filter(|_| more).map(|last| wanted.address("/audit", Some(last.number)));
    let (say, last) = (here.say(), here.office().last_anchor().await?);
    page(&ListPage {
        c: Chrome::of(&here, here.w().t("audit-title")).sub(here.w().t("audit-sub")),
        rows: rows.into_iter().map(|one| row(&here.w(), &say, one)).collect(),
        older,
        file: wanted.address("/audit/unduh", None),
        wrong,
        wanted,
        signed: last.as_ref().map(|anchor| say.when(anchor.at)).unwrap_or_default(),
        code: last.map(|anchor| anchor.code().to_string()),
    })
}

/// What is wrong with the log, in words.
fn wrong(w: &Words, fault: &AuditFault) -> String {
    let (key, number) = match fault {
        AuditFault::Chain(ChainError::Missing(number)) => ("audit-fault-missing", number.to_string()),
        AuditFault::Chain(ChainError::Changed(number)) => ("audit-fault-changed", number.to_string()),
        AuditFault::Short { end, number } => {
            return w.t2("audit-fault-short", "end", end.to_string(), "number", number.to_string());
        }
        AuditFault::Rewritten { number } => ("audit-fault-rewritten", number.to_string()),
        AuditFault::Foreign { number } => ("audit-fault-foreign", number.to_string()),
    };
    w.t1(key, "number", number)
}

/// Looks through the whole log; while another does, it is not begun.
async fn verify(here: Here, Posted(_): Posted) -> Answer {
    let checked = here.office().check_audit_alone().await?;
    let Some(checked) = checked else { return Err(Oops::Refused(here.w().t("audit-verify-busy"))) };
    page(&VerifyPage {
        c: Chrome::of(&here, here.w().t("audit-verify")).up("/audit", here.w().t("audit-title")),
        rows: checked.rows,
        anchors: checked.anchors,
        end: checked.end.to_string(),
        fault: checked.fault.map(|fault| wrong(&here.w(), &fault)),
    })
}

/// A file for whoever may read the log, after fresh proof; that it was taken out is noted.
async fn download(here: Here) -> Answer {
    if here.staff()?.must_prove(Right::Export, here.now) {
        return Err(Oops::ProveAgain);
    }
    let wanted = Wanted::of(&here);
    let zone = here.zone();
    let search = wanted.search(&zone, PART).ok_or_else(|| Oops::Refused(here.w().t("audit-wrong-day")))?;
    let first = here.office().audit_rows(&search).await?;
    let what = wanted.address("audit", None);
    here.office().exported(what.trim_end_matches('?'), &here.actor("")).await?;
    let (office, below) = (here.office().clone(), first.last().map(|row| row.number));
    let part = Bytes::from(format!("{HEADER}{}", csv(&first)));
    let rest = futures_util::stream::try_unfold(below, move |below| {
        next_part(office.clone(), wanted.clone(), zone.clone(), below)
    });
    // A browser sees from the answer that breaks off that the file is not whole.
    let file = futures_util::stream::once(std::future::ready(Ok(part))).chain(rest);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    Ok((headers, Body::from_stream(file)).into_response())
}

/// The rows before number `below`, as a part of a file.
async fn next_part(
    office: Office,
    wanted: Wanted,
    zone: TimeZone,
    below: Option<i64>,
) -> Result<Option<(Bytes, Option<i64>)>, OfficeError> {
    let wanted = Wanted { before: below, ..wanted };
    let Some(search) = below.and_then(|_| wanted.search(&zone, PART)) else { return Ok(None) };
    let rows = office.audit_rows(&search).await?;
    Ok(rows.last().map(|last| (Bytes::from(csv(&rows)), Some(last.number))))
}

const HEADER: &str = "number,at,actor,action,object,before,after,reason\r\n";

/// RFC 4180; what a spreadsheet would take for a formula is led by an apostrophe.
fn csv(rows: &[AuditRow]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for row in rows {
        let at = Timestamp::from_millisecond(row.at).unwrap_or_default().to_string();
        let cells = [&row.actor, &row.action, &row.object, &row.before, &row.after, &row.reason].map(|one| cell(one));
        let _ = write!(text, "{},{at},{}\r\n", row.number, cells.join(","));
    }
    text
}

fn cell(text: &str) -> String {
    format!("\"{}\"", inert(text).replace('"', "\"\""))
}

/// This room's pages, to be looked at.
#[cfg(test)]
pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = |key: &str| frame("/audit", key);
    let row = Row {
        number: 128,
        at: "20.14 WITA".to_owned(),
        actor: "andi.rahmawati".to_owned(),
        did: did::words(&c("audit-title").w, "plan-set"),
        action: "plan-set".to_owned(),
        object: "plan/umum".to_owned(),
        before: "{\"id\":\"umum\",\"name\":\"Umum\"}".to_owned(),
        after: "{\"id\":\"umum\",\"name\":\"Umum dua jam\"}".to_owned(),
        reason: "rapat 17 November".to_owned(),
    };
    let list = |rows, wrong: Option<String>| ListPage {
        c: c("audit-title"),
        wanted: Wanted { actor: "andi.rahmawati".to_owned(), ..Wanted::default() },
        wrong,
        rows,
        older: Some("/audit?sebelum=128".to_owned()),
        file: "/audit/unduh".to_owned(),
        code: Some("128 7KQM-29QD-AB3X-ZZ4P".to_owned()),
        signed: "20.00 WITA".to_owned(),
    };
    let w = c("audit-title").w;
    let verify = |fault| VerifyPage { c: c("audit-verify"), rows: 128, anchors: 12, end: "0f".repeat(32), fault };
    vec![
        Sample::of("audit", &list(vec![row], None)),
        Sample::of("audit-empty", &list(Vec::new(), Some(w.t("audit-wrong-day")))),
        Sample::of("audit-whole", &verify(None)),
        Sample::of("audit-broken", &verify(Some(wrong(&w, &AuditFault::Chain(ChainError::Missing(3)))))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_breaks_its_line() {
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
        assert_eq!(cell("a \"b\", c\nd"), "\"a \"\"b\"\", c\nd\"");
    }
}
