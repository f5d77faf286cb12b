//! What people decide about a SOP: approved, given back, published, ended, its decree.

use axum::extract::Path;
use axum::response::IntoResponse as _;
use gapura_controller::{OfficeError, SopEnding};
use http::{HeaderValue, header};

use super::one::{Typed, refused};
use super::{href, number};
use crate::answer::{Answer, Oops, to};
use crate::form::{Posted, Upload};
use crate::here::Here;

/// The way on, or the page again with what was typed.
async fn answer<T>(here: &Here, id: i64, done: Result<T, OfficeError>, (news, typed): (&str, Typed)) -> Answer {
    match done {
        Ok(_) => Ok(to(&href(id), news)),
        // The page tells of each of them, beside its clause.
        Err(OfficeError::Sop(_)) => refused(here, id, typed, Oops::Refused(here.w().t("sops-contradicts"))).await,
        Err(error) => refused(here, id, typed, error.into()).await,
    }
}

/// *Setujui*.
pub(super) async fn approve(here: Here, Path(id): Path<String>, Posted(fields): Posted) -> Answer {
    let (id, note) = (number(&id)?, fields.get("isi").to_owned());
    let done = here.office().approve_sop(id, Some(fields.get("sk")), &here.actor(&note)).await;
    answer(&here, id, done, ("sop-approved", Typed { note, ..Typed::default() })).await
}

/// *Kembalikan ke penyusun*.
pub(super) async fn give_back(here: Here, Path(id): Path<String>, Posted(fields): Posted) -> Answer {
    let (id, back) = (number(&id)?, fields.get("isi").to_owned());
    let done = here.office().return_sop(id, &here.actor(&back)).await;
    answer(&here, id, done, ("sop-returned", Typed { back, ..Typed::default() })).await
}

/// *Terbitkan sekarang*.
pub(super) async fn publish(here: Here, Path(id): Path<String>, Posted(_): Posted) -> Answer {
    let id = number(&id)?;
    let done = here.office().publish_sop(id, &here.actor("")).await;
    answer(&here, id, done, ("sop-published", Typed::default())).await
}

/// *Buang draf*.
pub(super) async fn discard(here: Here, Path(id): Path<String>, Posted(fields): Posted) -> Answer {
    let (id, discard) = (number(&id)?, fields.get("isi").to_owned());
    let done = here.office().discard_sop(id, &here.actor(&discard)).await;
    answer(&here, id, done, ("sop-discarded", Typed { discard, ..Typed::default() })).await
}

/// *Akhiri*: at once, or asked of a second person.
pub(super) async fn end(here: Here, Path(id): Path<String>, Posted(fields): Posted) -> Answer {
    let (id, end) = (number(&id)?, fields.get("isi").to_owned());
    let done = here.office().end_sop(id, &here.actor(&end)).await;
    let news = if matches!(done, Ok(SopEnding::Asked)) { "sop-end-asked" } else { "sop-ended" };
    answer(&here, id, done, (news, Typed { end, ..Typed::default() })).await
}

/// *Setuju diakhiri*: the second person.
pub(super) async fn agree(here: Here, Path(id): Path<String>, Posted(fields): Posted) -> Answer {
    let id = number(&id)?;
    let read = fields.get("diminta").parse().unwrap_or_default();
    let done = here.office().agree_sop_end(id, read, &here.actor("")).await;
    answer(&here, id, done, ("sop-ended", Typed::default())).await
}

/// *Tetap berlaku*.
pub(super) async fn keep(here: Here, Path(id): Path<String>, Posted(fields): Posted) -> Answer {
    let (id, keep) = (number(&id)?, fields.get("isi").to_owned());
    let done = here.office().keep_sop(id, &here.actor(&keep)).await;
    answer(&here, id, done, ("sop-kept", Typed { keep, ..Typed::default() })).await
}

/// *Lampirkan SK*.
pub(super) async fn attach(here: Here, Path(id): Path<String>, upload: Upload) -> Answer {
    let id = number(&id)?;
    let done = here.office().attach_decree(id, upload.file("berkas"), &here.actor("")).await;
    answer(&here, id, done, ("sop-decree", Typed::default())).await
}

/// The decree as it was uploaded; a browser keeps it as a file.
pub(super) async fn decree(here: Here, Path(id): Path<String>) -> Answer {
    let id = number(&id)?;
    let pdf = here.office().decree(id).await?;
    let name = HeaderValue::from_str(&format!("attachment; filename=\"sk-sop-{id}.pdf\""));
    let name = name.map_err(|_| Oops::Broken)?;
    let kind = HeaderValue::from_static("application/pdf");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], pdf).into_response())
}
