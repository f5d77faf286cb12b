//! Forms: read, bounded, and checked to come from our own page.

mod parts;

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::answer::Oops;
use crate::here::Here;

/// The largest form, in octets: a SOP or a page of terms fits.
const OCTETS: usize = 512 * 1024;

/// The field with the session's token.
pub(crate) const TOKEN: &str = "_t";

/// The fields of a form, in their order; a field may stand several times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`, also what follows `?` in an address.
    pub(crate) fn read(text: &[u8]) -> Self {
        // Browsers end lines with two characters, as HTML says; what is kept and compared has one.
        let one = |value: std::borrow::Cow<'_, str>| value.replace("\r\n", "\n");
        Self(form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), one(value))).collect())
    }

    /// The first field of this name, without spaces around; empty where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// The first field of this name as it was typed: spaces belong to a password.
    pub(crate) fn whole(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// All fields of this name, without spaces around.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim())
    }

    /// Whether a box is ticked.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }
}

/// How long a form may take to come.
const WHOLE: Duration = Duration::from_secs(30);

/// A form that one of our own pages sent in this session.
#[derive(Clone, Debug)]
pub(crate) struct Posted(pub(crate) Fields);

impl<S: Sync> FromRequest<S> for Posted {
    type Rejection = Oops;
    async fn from_request(request: Request, _: &S) -> Result<Self, Oops> {
        let expected =
            request.extensions().get::<Here>().and_then(|here| here.person.as_ref()).map(|person| person.form.clone());
        let kind = request.headers().get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        // Whoever sends no end of it holds one of the console's places.
        let body = tokio::time::timeout(WHOLE, to_bytes(request.into_body(), OCTETS)).await;
        let body = body.map_err(|_| Oops::Stale)?.map_err(|_| Oops::TooLarge)?;
        let fields = parts::read(&kind, &body).map_or_else(|| Fields::read(&body), Fields);
        match expected {
            Some(expected) if !same(fields.get(TOKEN), &expected) => Err(Oops::Stale),
            // Before the sign-in there is no session to abuse; where the form came from was looked at by the guard.
            Some(_) | None => Ok(Self(fields)),
        }
    }
}

/// The token of forms in the session of `cookie`: nobody who does not know the cookie can make it.
pub(crate) fn token_of(cookie: &str) -> String {
    let mut block = [0; 64];
    for (padded, octet) in block.iter_mut().zip(Hash::of(cookie)) {
        *padded = octet;
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(b"gapura form\0");
    mac.finalize().into_bytes().into_iter().flat_map(crate::assets::hex).collect()
}

struct Hash;

impl Hash {
    fn of(text: &str) -> impl Iterator<Item = u8> {
        use sha2::Digest as _;
        Sha256::digest(text.as_bytes()).into_iter()
    }
}

/// Compares without saying how far the texts agree.
fn same(one: &str, two: &str) -> bool {
    one.len() == two.len() && one.bytes().zip(two.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_they_are_kept() {
        let fields = Fields::read(b"teks=Listrik+padam.%0D%0AMaaf.%0AHubungi+loket.");
        assert_eq!(fields.get("teks"), "Listrik padam.\nMaaf.\nHubungi loket.");
    }

    #[test]
    fn fields_are_read_as_browsers_write_them() {
        let fields = Fields::read(b"a=1&b=+x%20y+&a=2&c=on&d=&e=%E2%80%A6");
        assert_eq!((fields.get("a"), fields.get("b"), fields.get("e")), ("1", "x y", "\u{2026}"));
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert!(fields.is_on("c") && !fields.is_on("d") && !fields.is_on("z"));
    }

    #[test]
    fn a_token_belongs_to_one_session() {
        let (one, two) = (token_of("abc"), token_of("abd"));
        assert!(one.len() == 64 && one != two && same(&one, &token_of("abc")) && !same(&one, &two) && !same("", &one));
    }
}
