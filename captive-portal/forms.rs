//! `application/x-www-form-urlencoded` (WHATWG URL, section 5.1): total, bounded, strict about bytes that no form contains.

/// Fields of a form or a query, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

/// Bytes that are not a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// More fields than allowed.
    #[error("the form has too many fields")]
    TooManyFields,
    /// `%` without two hexadecimal digits, bytes that are not UTF-8, or control characters.
    #[error("the form has bytes that no browser sends")]
    Bytes,
}

impl Form {
    /// Reads at most `fields` fields from `bytes`; the caller bounds their length.
    pub fn parse(bytes: &[u8], fields: usize) -> Result<Self, FormError> {
        let mut found = Vec::new();
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if found.len() == fields {
                return Err(FormError::TooManyFields);
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            found.push((name, value));
        }
        Ok(Self(found))
    }

    /// The first field called `name`, trimmed; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The first field called `name` as it was sent (passwords may begin with a space).
    pub fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

fn decode(text: &[u8]) -> Result<String, FormError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16)).ok_or(FormError::Bytes);
                u8::try_from(digit()? * 16 + digit()?).map_err(|_| FormError::Bytes)?
            }
            other => other,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| FormError::Bytes)?;
    let wrong = |c: char| c.is_control() && !matches!(c, '\r' | '\n' | '\t');
    if text.contains(wrong) { Err(FormError::Bytes) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_browsers_send_them() {
        let form = Form::parse(b"kode=k7mrt+4whps&t=&&x&sandi=%20a%26b%3D%C3%A9", 8).unwrap();
        assert_eq!(form.get("kode"), "k7mrt 4whps");
        assert_eq!((form.get("t"), form.get("x"), form.get("none")), ("", "", ""));
        assert_eq!(form.raw("sandi"), " a&b=é");
    }

    #[test]
    fn what_no_browser_sends_is_refused() {
        for bad in [&b"a=%"[..], b"a=%4", b"a=%zz", b"a=%+1", b"a=%00", b"a=\0", b"a=%ff", b"\xc3=1", b"a=%1b[0m"] {
            assert_eq!(Form::parse(bad, 8), Err(FormError::Bytes), "{bad:?}");
        }
        assert_eq!(Form::parse(b"a&b&c", 2), Err(FormError::TooManyFields));
        assert!(Form::parse(&b"&".repeat(100_000), 0).is_ok());
    }
}
