//! Files that pages need: embedded, under a name with the hash of their content, so that browsers may keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use sha2::{Digest as _, Sha256};

/// One file.
pub(crate) struct Asset {
    /// Its address.
    pub(crate) path: String,
    name: String,
    kind: &'static str,
    body: &'static [u8],
}

/// The style sheet of screen, phone and paper.
pub(crate) static CSS: LazyLock<Asset> =
    LazyLock::new(|| asset("console", "css", "text/css; charset=utf-8", include_bytes!("assets/console.css")));

/// htmx, for pages that look again by themselves.
pub(crate) static HTMX: LazyLock<Asset> =
    LazyLock::new(|| asset("htmx", "js", "text/javascript; charset=utf-8", include_bytes!("assets/htmx/htmx.min.js")));

/// The mark.
pub(crate) static LOGO: LazyLock<Asset> =
    LazyLock::new(|| asset("gapura", "svg", "image/svg+xml", include_bytes!("assets/logo.svg")));

/// Brings back what was typed where the sign-in held a form up.
pub(crate) static KEPT: LazyLock<Asset> =
    LazyLock::new(|| asset("kept", "js", "text/javascript; charset=utf-8", include_bytes!("assets/kept.js")));

/// Starts the printing of a page of paper.
pub(crate) static PRINT: LazyLock<Asset> =
    LazyLock::new(|| asset("print", "js", "text/javascript; charset=utf-8", include_bytes!("assets/print.js")));

/// Keeps a wallboard live.
pub(crate) static WALL: LazyLock<Asset> =
    LazyLock::new(|| asset("wall", "js", "text/javascript; charset=utf-8", include_bytes!("assets/wall.js")));

const ALL: [&LazyLock<Asset>; 6] = [&CSS, &HTMX, &KEPT, &LOGO, &PRINT, &WALL];

/// An octet as two hexadecimal digits.
pub(crate) fn hex(octet: u8) -> [char; 2] {
    [octet >> 4, octet & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or_default())
}

fn asset(stem: &str, ending: &str, kind: &'static str, body: &'static [u8]) -> Asset {
    let hash = Sha256::digest(body);
    let short: String = hash.iter().copied().take(6).flat_map(hex).collect();
    let name = format!("{stem}-{short}.{ending}");
    Asset { path: format!("/aset/{name}"), name, kind, body }
}

/// Answers with a file; an address of an earlier version is not there any more.
pub(crate) async fn asset_named(Path(name): Path<String>) -> Response {
    match ALL.into_iter().find(|asset| asset.name == name) {
        Some(asset) => {
            let headers =
                [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (headers, asset.body).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Writes all files below `folder`, for pages that are opened without a server.
#[cfg(test)]
pub(crate) fn leave(folder: &std::path::Path) {
    for asset in ALL {
        std::fs::write(folder.join(asset.path.trim_start_matches('/')), asset.body).unwrap();
    }
}
