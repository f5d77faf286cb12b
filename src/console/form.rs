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
        let sent = Sent::read(request, OCTETS, WHOLE).await?;
        let fields = parts::read(&sent.kind, &sent.body).map_or_else(|| Fields::read(&sent.body), Fields);
        sent.check(fields.get(TOKEN))?;
        Ok(Self(fields))
    }
}

/// The largest form with a scanned paper in it, in octets.
const UPLOAD_OCTETS: usize = 11 * 1024 * 1024;

/// How long such a form may take to come: a sheet of 10 MB over 1 Mb/s.
const UPLOAD_WHOLE: Duration = Duration::from_mins(2);

/// A form with a file that is not text, sent like [`Posted`].
#[derive(Clone, Debug)]
pub(crate) struct Upload(Vec<(String, Vec<u8>)>);

impl Upload {
    /// The file in this field; nothing where none was chosen.
    pub(crate) fn file(&self, name: &str) -> &[u8] {
        self.0.iter().find(|(key, _)| key == name).map(|(_, octets)| octets.as_slice()).unwrap_or_default()
    }
}

impl<S: Sync> FromRequest<S> for Upload {
    type Rejection = Oops;
    async fn from_request(request: Request, _: &S) -> Result<Self, Oops> {
        let sent = Sent::read(request, UPLOAD_OCTETS, UPLOAD_WHOLE).await?;
        let Some(parts) = parts::octets(&sent.kind, &sent.body) else {
            // A form without parts has no file; its token still says where it comes from.
            sent.check(Fields::read(&sent.body).get(TOKEN))?;
            return Ok(Self(Vec::new()));
        };
        let token = parts.iter().find(|(name, _)| name == TOKEN).map(|(_, value)| *value).unwrap_or_default();
        sent.check(&String::from_utf8_lossy(token))?;
        Ok(Self(parts.into_iter().map(|(name, value)| (name, value.to_vec())).collect()))
    }
}

/// A form as it came.
struct Sent {
    /// Its content type.
    kind: String,
    body: axum::body::Bytes,
    /// The token of whoever is signed in.
    expected: Option<String>,
}

impl Sent {
    async fn read(request: Request, most: usize, whole: Duration) -> Result<Self, Oops> {
        let expected =
            request.extensions().get::<Here>().and_then(|here| here.person.as_ref()).map(|person| person.form.clone());
        let kind = request.headers().get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        // Whoever sends no end of it holds one of the console's places.
        let body = tokio::time::timeout(whole, to_bytes(request.into_body(), most)).await;
        let body = body.map_err(|_| Oops::Stale)?.map_err(|_| Oops::TooLarge)?;
        Ok(Self { kind, body, expected })
    }

    fn check(&self, token: &str) -> Result<(), Oops> {
        match &self.expected {
            Some(expected) if !same(token, expected) => Err(Oops::Stale),
            // Before the sign-in there is no session to abuse; where the form came from was looked at by the guard.
            Some(_) | None => Ok(()),
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
