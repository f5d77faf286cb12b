//! Requests for other systems: files to take along, and how far the system is that is told by itself.

use askama::Template;
use axum::response::{IntoResponse as _, Response};
use gapura_controller::{ExportSpan, Reach, RequestRecord, Right, export_csv};
use http::{HeaderValue, header};
use jiff::civil::Date;

use super::sites;
use crate::answer::{Answer, Oops, page as shown, to};
use crate::chrome::Chrome;
use crate::dates;
use crate::form::Posted;
use crate::here::Here;

/// A system that is told by itself.
#[derive(Clone, Debug)]
pub(super) struct Receiver {
    pub(super) address: String,
    pub(super) event: String,
    pub(super) told: String,
    pub(super) trouble: String,
    pub(super) stopped: bool,
}

#[derive(Template)]
#[template(path = "requests/export.html")]
pub(super) struct Export {
    pub(super) c: Chrome,
    pub(super) receivers: Vec<Receiver>,
    pub(super) may_resume: bool,
}

/// The page.
pub(super) async fn page(here: Here) -> Answer {
    let (w, say) = (here.w(), here.say());
    let receivers = here.office().request_exports().await?.into_iter().map(|state| Receiver {
        address: state.receiver,
        event: state.event.to_string(),
        told: state.told.map_or_else(|| w.t("requests-export-never"), |told| say.when(told)),
        trouble: state.trouble,
        stopped: state.stopped,
    });
    shown(&Export {
        receivers: receivers.collect(),
        may_resume: here.may(Right::Export),
        c: Chrome::of(&here, w.t("requests-export-title")).sub(w.t("requests-export-sub")),
    })
}

/// *Unduh*: CSV or JSON.
pub(super) async fn download(here: Here, Posted(fields): Posted) -> Answer {
    let zone = here.zone();
    let day = |text: &str, after: bool| -> Result<Option<jiff::Timestamp>, Oops> {
        if text.is_empty() {
            return Ok(None);
        }
        let day = dates::parse(text).ok_or_else(|| Oops::Refused(here.w().t("requests-bad-date")))?;
        let day = if after { day.tomorrow().unwrap_or(Date::MAX) } else { day };
        Ok(day.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp()))
    };
    let span = ExportSpan { from: day(fields.get("dari"), false)?, until: day(fields.get("sampai"), true)? };
    let seen = if here.may_at(Right::Export, None) {
        None
    } else {
        let seen = sites(&here, Right::Export).await?.into_iter();
        Some(seen.map(|(place, _)| place.site.to_string()).collect())
    };
    let reach = Reach { sites: seen, agencies: Vec::new() };
    let records = here.office().export_requests(&reach, None, &span, &here.actor("")).await?;
    file(&here, &records, fields.get("bentuk") == "json")
}

fn file(here: &Here, records: &[RequestRecord], json: bool) -> Result<Response, Oops> {
    let today = here.say().today();
    let (text, kind, ending) = if json {
        let text = serde_json::to_string(records).map_err(|error| {
            tracing::error!(%error, "requests could not be written");
            Oops::Broken
        })?;
        (text, "application/json", "json")
    } else {
        (export_csv(records), "text/csv; charset=utf-8", "csv")
    };
    let name = HeaderValue::from_str(&format!("attachment; filename=\"permintaan-{today}.{ending}\""));
    let name = name.unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, text).into_response())
}

/// *Kirim lagi*: a receiver that was stopped.
pub(super) async fn resume(here: Here, Posted(fields): Posted) -> Answer {
    here.office().resume_export(fields.get("penerima"), &here.actor("")).await?;
    Ok(to("/ekspor-permintaan", "requests-export-resumed"))
}
