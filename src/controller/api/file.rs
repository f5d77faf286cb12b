//! Sending a file that never changes, whole or in part (RFC 9110 section 14): a router goes on where its line broke off.

use std::io::SeekFrom;
use std::path::Path;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use gapura_wire::ProblemKind;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use super::answer::Failed;

/// Read and sent at once, in octets.
const PIECE: usize = 64 * 1024;

/// What of a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Whole,
    /// From an octet on, so many octets.
    From(u64, u64),
    /// Behind its end.
    Beyond,
}

/// Answers with the file at `path`; `tag` names its content for ever.
pub(crate) async fn send(path: &Path, tag: &str, headers: &HeaderMap) -> Result<Response, Failed> {
    let gone = |_| Failed::new(StatusCode::NOT_FOUND, ProblemKind::NotFound, "this one is not kept any more");
    let mut file = File::open(path).await.map_err(gone)?;
    let octets = file.metadata().await.map_err(gone)?.len();
    let tag = format!("\"{tag}\"");
    let (status, first, length) = match part(headers, &tag, octets) {
        Part::Whole => (StatusCode::OK, 0, octets),
        Part::From(first, length) => (StatusCode::PARTIAL_CONTENT, first, length),
        Part::Beyond => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    file.seek(SeekFrom::Start(first)).await.map_err(gone)?;
    let mut response = (status, Body::from_stream(pieces(file, length))).into_response();
    let range = match status {
        StatusCode::PARTIAL_CONTENT => Some(format!("bytes {first}-{}/{octets}", first + length.saturating_sub(1))),
        StatusCode::RANGE_NOT_SATISFIABLE => Some(format!("bytes */{octets}")),
        _ => None,
    };
    let told = [
        (header::CONTENT_TYPE, Some("application/octet-stream".to_owned())),
        (header::ACCEPT_RANGES, Some("bytes".to_owned())),
        (header::CONTENT_LENGTH, Some(length.to_string())),
        (header::ETAG, Some(tag)),
        (header::CONTENT_RANGE, range),
    ];
    for (name, text) in told {
        if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// What `Range` asks for: one range of octets. Anything else is answered whole, as is allowed.
fn part(headers: &HeaderMap, tag: &str, octets: u64) -> Part {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let fits = text(header::IF_RANGE).is_none_or(|asked| asked == tag);
    let range = text(header::RANGE).filter(|_| fits).and_then(|range| range.strip_prefix("bytes="));
    let Some((first, last)) = range.and_then(|range| range.trim().split_once('-')) else { return Part::Whole };
    let Ok(last) = (if last.is_empty() { Ok(u64::MAX) } else { last.parse::<u64>() }) else { return Part::Whole };
    if first.is_empty() && last == u64::MAX {
        return Part::Whole;
    }
    if first.is_empty() {
        // The last so many octets.
        let length = last.min(octets);
        return if length == 0 { Part::Beyond } else { Part::From(octets - length, length) };
    }
    match first.parse::<u64>() {
        Ok(first) if first >= octets => Part::Beyond,
        Ok(first) if last >= first => Part::From(first, last.min(octets - 1) - first + 1),
        Ok(_) | Err(_) => Part::Whole,
    }
}

fn pieces(file: File, length: u64) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    stream::unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return None;
        }
        let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
        match file.read(&mut piece).await {
            Ok(0) => Some((Err(std::io::ErrorKind::UnexpectedEof.into()), (file, 0))),
            Ok(read) => {
                piece.truncate(read);
                let left = left.saturating_sub(u64::try_from(read).unwrap_or(left));
                Some((Ok(Bytes::from(piece)), (file, left)))
            }
            Err(error) => Some((Err(error), (file, 0))),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let asked = |range: &str, if_range: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, range.parse().unwrap());
            if let Some(tag) = if_range {
                headers.insert(header::IF_RANGE, tag.parse().unwrap());
            }
            part(&headers, "\"a\"", 10)
        };
        assert_eq!(part(&HeaderMap::new(), "\"a\"", 10), Part::Whole);
        for (range, expected) in [
            ("bytes=0-", Part::From(0, 10)),
            ("bytes=4-", Part::From(4, 6)),
            ("bytes=4-5", Part::From(4, 2)),
            ("bytes=9-99", Part::From(9, 1)),
            ("bytes=-3", Part::From(7, 3)),
            ("bytes=-99", Part::From(0, 10)),
            ("bytes=10-", Part::Beyond),
            ("bytes=-0", Part::Beyond),
            ("bytes=5-4", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=a-", Part::Whole),
            ("bytes=-", Part::Whole),
            ("lines=1-2", Part::Whole),
        ] {
            assert_eq!(asked(range, None), expected, "{range}");
        }
        assert_eq!(asked("bytes=4-", Some("\"a\"")), Part::From(4, 6));
        assert_eq!(asked("bytes=4-", Some("\"b\"")), Part::Whole, "the file is another one now");
    }
}
