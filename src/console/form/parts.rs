//! Forms with a file in them (RFC 7578): every part is read as text, a file's content like any other.

/// Name and value of each part as text.
pub(super) fn read(kind: &str, body: &[u8]) -> Option<Vec<(String, String)>> {
    let parts = octets(kind, body)?;
    Some(parts.into_iter().map(|(name, value)| (name, String::from_utf8_lossy(value).into_owned())).collect())
}

/// Name and octets of each part; `None` where the content type names no form with parts, or the body is cut off.
pub(super) fn octets<'b>(kind: &str, body: &'b [u8]) -> Option<Vec<(String, &'b [u8])>> {
    let mut attributes = kind.split(';').map(str::trim);
    if !attributes.next()?.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = attributes.find_map(|attribute| attribute.strip_prefix("boundary="))?.trim_matches('"');
    if boundary.is_empty() || boundary.len() > 70 {
        return None;
    }
    let first = format!("--{boundary}");
    let (_, mut rest) = cut(body, first.as_bytes())?;
    let between = format!("\r\n--{boundary}");
    let mut found = Vec::new();
    // Two hyphens after the last one (RFC 2046 section 5.1.1).
    while !rest.starts_with(b"--") {
        let (part, more) = cut(rest, between.as_bytes())?;
        rest = more;
        let (head, value) = cut(part, b"\r\n\r\n")?;
        if let Some(name) = name(&String::from_utf8_lossy(head)) {
            found.push((name, value));
        }
    }
    Some(found)
}

/// What stands before and after the first `mark`.
fn cut<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(mark.len()).position(|window| window == mark)?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

/// The field's name in the head of a part.
fn name(head: &str) -> Option<String> {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let (_, rest) = line.split_once("; name=\"")?;
    Some(rest.split_once('"')?.0.replace("%22", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=xyz";

    #[test]
    fn parts_are_read_as_browsers_send_them() {
        let body = "--xyz\r\nContent-Disposition: form-data; name=\"nama\"\r\n\r\nnasional\r\n--xyz\r\n\
                    Content-Disposition: form-data; name=\"berkas\"; filename=\"libur.ics\"\r\nContent-Type: text/calendar\r\n\r\n\
                    BEGIN:VCALENDAR\r\n\r\nEND:VCALENDAR\r\n\r\n--xyz--\r\n";
        let read = read(KIND, body.as_bytes()).unwrap();
        let expected = [("nama", "nasional"), ("berkas", "BEGIN:VCALENDAR\r\n\r\nEND:VCALENDAR\r\n")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_cut_off_or_something_else_is_not_read() {
        for (kind, body) in [
            (KIND, "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb"),
            (KIND, ""),
            (KIND, "--xyz\r\n\r\n--xyz"),
            ("multipart/form-data", "--xyz--"),
            ("text/plain; boundary=xyz", "--xyz--"),
        ] {
            assert_eq!(read(kind, body.as_bytes()), None, "{kind} {body}");
        }
        assert_eq!(read(KIND, b"--xyz--"), Some(Vec::new()));
    }
}
