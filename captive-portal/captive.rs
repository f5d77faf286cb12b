//! The captive redirect: read one request's head, answer 303, close. No router, no template, no question to the gate.
//!
//! Every captive-portal detection of every client ends here, so this path is kept as short as it can be: the head is parsed
//! in place, the answer is four prepared pieces and an address.

use gapura_model::Name;
use http::StatusCode;

use crate::{Limits, Origin, Peer, origin::safe_path, typed};

/// Headers that are looked at; [`Limits::headers`] may be lower.
const MAX_HEADERS: usize = 128;

/// What the first bytes of a connection are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Not a whole head yet.
    Partial,
    /// For somebody else: to be redirected to `location`.
    Captive {
        /// An absolute URL of ours.
        location: String,
        /// Because what was wanted is blocked.
        blocked: bool,
        /// `HEAD`: the answer has no body.
        head: bool,
        /// The request has a body, which has to be read away for the answer to arrive.
        body: bool,
    },
    /// For the portal itself, to be served as a page.
    Own,
    /// Not a request, or too large a one.
    Bad(StatusCode),
}

/// Where a request for somebody else's page leads if `blocks` holds for its name, as a path of ours: to the reason.
pub(crate) fn reason(host: &str, blocks: impl Fn(&Name) -> bool) -> Option<String> {
    typed::host_name(host).ok().filter(blocks).map(|name| format!("/situs?alamat={name}"))
}

/// Looks at the first bytes of a plain connection. `blocks` says whether a name is blocked for this visitor.
pub(crate) fn open(
    bytes: &[u8],
    origin: &Origin,
    limits: &Limits,
    peer: Peer,
    blocks: impl Fn(&Name) -> bool,
) -> Opening {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let allowed = headers.get_mut(..limits.headers.min(MAX_HEADERS)).unwrap_or_default();
    let mut request = httparse::Request::new(allowed);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) if bytes.len() >= limits.head_bytes => {
            return Opening::Bad(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        Ok(httparse::Status::Partial) => return Opening::Partial,
        Err(httparse::Error::TooManyHeaders) => return Opening::Bad(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
        Err(_) => return Opening::Bad(StatusCode::BAD_REQUEST),
    }
    let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
    let mut hosts = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    let host = hosts.next().map(|header| header.value);
    if hosts.next().is_some() {
        return Opening::Bad(StatusCode::BAD_REQUEST);
    }
    // RFC 9112, section 3.2.2: a target in absolute form overrides Host.
    let host = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => rest.split(['/', '?', '#']).next().unwrap_or_default(),
        _ => host.and_then(|host| std::str::from_utf8(host).ok()).unwrap_or_default(),
    };
    let own = origin.is_own(host, peer.local);
    if own && !origin.is_tls() {
        return Opening::Own;
    }
    let body = request.headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("transfer-encoding")
            || header.name.eq_ignore_ascii_case("content-length") && header.value != b"0"
    });
    let reason = if own { None } else { reason(host, blocks) };
    let path = match &reason {
        Some(reason) => reason,
        None if own => safe_path(target),
        None => "/",
    };
    let location = format!("{}{path}", origin.base(peer.local));
    Opening::Captive { location, blocked: reason.is_some(), head: method == "HEAD", body }
}

/// The redirect as it goes over the wire.
pub(crate) fn redirect(location: &str, head: bool) -> Vec<u8> {
    const FIRST: &[u8] = b"HTTP/1.1 303 See Other\r\nLocation: ";
    const HEADERS: &[u8] = b"\r\nCache-Control: no-store\r\nContent-Type: text/html; charset=utf-8\r\n\
        Referrer-Policy: no-referrer\r\nConnection: close\r\nContent-Length: ";
    const BODY: [&[u8]; 2] = [
        b"<!doctype html><html lang=\"id\"><title>Internet</title><p><a href=\"",
        b"\">Lanjutkan / Continue</a></p></html>\n",
    ];
    let [before, after] = BODY;
    let length = before.len() + location.len() + after.len();
    let mut reply = Vec::with_capacity(FIRST.len() + HEADERS.len() + length + location.len() + 8);
    reply.extend_from_slice(FIRST);
    reply.extend_from_slice(location.as_bytes());
    reply.extend_from_slice(HEADERS);
    reply.extend_from_slice(length.to_string().as_bytes());
    reply.extend_from_slice(b"\r\n\r\n");
    if !head {
        reply.extend_from_slice(before);
        reply.extend_from_slice(location.as_bytes());
        reply.extend_from_slice(after);
    }
    reply
}

/// A short error without a page: nobody is there to read one.
pub(crate) fn short_error(status: StatusCode) -> Vec<u8> {
    let reason = status.canonical_reason().unwrap_or("Error");
    let retry = if status == StatusCode::SERVICE_UNAVAILABLE { "Retry-After: 2\r\n" } else { "" };
    format!(
        "HTTP/1.1 {} {reason}\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n{retry}Connection: close\r\n\
         Content-Length: {}\r\n\r\n{reason}\n",
        status.as_u16(),
        reason.len() + 1
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(bytes: &[u8]) -> Opening {
        let origin = Origin::Http { names: vec!["internet.example".into()], port: 80, fallback: None };
        let peer = Peer { remote: "10.7.0.9:4".parse().unwrap(), local: "10.7.0.1:80".parse().unwrap() };
        open(bytes, &origin, &Limits::default(), peer, |name| name.to_string() == "situs-taruhan.example")
    }

    fn captive(head: bool, body: bool) -> Opening {
        Opening::Captive { location: "http://10.7.0.1/".into(), blocked: false, head, body }
    }

    #[test]
    fn somebody_elses_pages_are_captive() {
        assert_eq!(
            look(b"GET /generate_204 HTTP/1.1\r\nHost: connectivitycheck.gstatic.com\r\n\r\n"),
            captive(false, false)
        );
        assert_eq!(look(b"HEAD / HTTP/1.0\r\n\r\n"), captive(true, false));
        assert_eq!(look(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc"), captive(false, true));
        assert_eq!(look(b"GET http://evil.example/ HTTP/1.1\r\nHost: 10.7.0.1\r\n\r\n"), captive(false, false));
        assert_eq!(look(b"GET /?u=http://10.7.0.1/ HTTP/1.1\r\nHost: \xff\r\n\r\n"), captive(false, false));
    }

    #[test]
    fn blocked_names_lead_to_the_reason() {
        let wants = |host: &str| match look(format!("GET /a?b HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()) {
            Opening::Captive { location, blocked, .. } => (location, blocked),
            other @ (Opening::Partial | Opening::Own | Opening::Bad(_)) => panic!("{other:?}"),
        };
        let reason = ("http://10.7.0.1/situs?alamat=situs-taruhan.example".to_owned(), true);
        assert_eq!(wants("Situs-Taruhan.example:80"), reason);
        assert_eq!(wants("situs-taruhan.example."), reason);
        for other in ["www.situs-taruhan.example", "situs-taruhan.example@a", "situs-taruhan.example/a", "10.7.0.2", ""]
        {
            assert_eq!(wants(other), ("http://10.7.0.1/".to_owned(), false), "{other}");
        }
    }

    #[test]
    fn our_own_pages_go_on_to_the_pages() {
        assert_eq!(look(b"GET / HTTP/1.1\r\nHost: 10.7.0.1\r\n\r\n"), Opening::Own);
        assert_eq!(look(b"GET http://Internet.example:80/x HTTP/1.1\r\nHost: other\r\n\r\n"), Opening::Own);
    }

    #[test]
    fn what_is_no_request_is_told_so() {
        assert_eq!(look(b""), Opening::Partial);
        assert_eq!(look(b"GET / HTTP/1.1\r\nHost: a\r\n"), Opening::Partial);
        assert_eq!(look(b"\x16\x03\x01\x02\x00"), Opening::Bad(StatusCode::BAD_REQUEST));
        assert_eq!(look(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), Opening::Bad(StatusCode::BAD_REQUEST));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(100));
        assert_eq!(look(many.as_bytes()), Opening::Bad(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        let long = format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(20_000));
        assert_eq!(look(long.as_bytes()), Opening::Bad(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
}
