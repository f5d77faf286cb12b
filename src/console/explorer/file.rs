//! The same figures as a file for a spreadsheet: semicolons, and whole numbers without points.

use axum::response::{IntoResponse as _, Response};
use gapura_controller::inert;
use gapura_speech::Words;
use http::{HeaderValue, header};

use super::asked::Asked;
use super::{Line, Seen};
use crate::answer::{Answer, Oops};
use crate::here::Here;

/// Sums of sites, without anything of a person: no fresh proof is asked for.
pub(super) async fn download(here: Here) -> Answer {
    let asked = Asked::of(&here.asked(), here.say().today());
    let seen = Seen::of(&here, &asked).await?;
    if let Some((_, why)) = asked.wrong(here.w(), &seen.sites) {
        return Err(Oops::Refused(why));
    }
    let name = format!("pemakaian-{}-{}-{}.csv", asked.by.key(), asked.span.0, asked.span.1);
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).map_err(|_| Oops::Broken)?;
    let mut response: Response = csv(here.w(), here.w().t(asked.by.words()), &seen.lines).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

/// RFC 4180 but for the semicolon, which spreadsheets set to Indonesian want; a BOM says that it is UTF-8.
pub(super) fn csv(w: Words, head: String, lines: &[Line]) -> String {
    use std::fmt::Write as _;
    let cell = |text: &str| format!("\"{}\"", inert(text).replace('"', "\"\""));
    let mut text = "\u{feff}".to_owned();
    let heads = [head, w.t("usage-visits"), w.t("usage-octets"), w.t("usage-seconds")];
    let _ = write!(text, "{}\r\n", heads.map(|one| cell(&one)).join(";"));
    for line in lines {
        let used = line.used;
        let _ = write!(text, "{};{};{};{}\r\n", cell(&line.head), used.visits, used.octets, used.seconds);
    }
    text
}
