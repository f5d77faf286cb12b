//! What visitors type for others to read: the address of a site, and sentences. All of it is hostile until it went through here.

use std::net::IpAddr;

use gapura_model::Name;

/// An address in bytes; browsers know of no limit, so that a pasted one may be long.
const ADDRESS_BYTES: usize = 4096;

/// Why a text is no address of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSite {
    /// Nothing there.
    Empty,
    /// Numbers in place of a name.
    Numbers,
    /// A single word.
    Word,
    /// Anything else.
    Other,
}

/// The name in an address: bare, or in a URL with everything that may stand around it; international names as people write
/// them (UTS 46, as in browsers).
///
/// # Errors
/// [`NoSite`] says what it is instead.
pub fn site(text: &str) -> Result<Name, NoSite> {
    if text.len() > ADDRESS_BYTES {
        return Err(NoSite::Other);
    }
    let text: String = text.chars().filter(|c| !is_unseen(*c)).collect();
    let text = text.trim();
    if text.is_empty() {
        return Err(NoSite::Empty);
    }
    let is_scheme = |text: &str| text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.'));
    let url = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
    let rest = url.map_or(text, |(_, rest)| rest).trim_start_matches('/');
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host_name(host)
}

/// The name in a `Host` header or an authority: without port, not an address, of two labels or more.
pub(crate) fn host_name(host: &str) -> Result<Name, NoSite> {
    if host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
        return Err(NoSite::Numbers);
    }
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|c| c.is_ascii_digit()) => host,
        Some(_) | None => host,
    };
    let host = host.strip_prefix("*.").unwrap_or(host);
    let ascii = idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::URL).map_err(|_| NoSite::Other)?;
    // Only now: there are more full stops than ASCII's.
    let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
    match ascii.rsplit_once('.') {
        None if ascii.is_empty() => Err(NoSite::Empty),
        None if ascii.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-') => Err(NoSite::Word),
        None | Some((_, "")) => Err(NoSite::Other),
        // WHATWG URL, section 3.5: a last label of digits makes the whole a (perhaps wrong) IPv4 address.
        Some((_, last)) if last.bytes().all(|c| c.is_ascii_digit()) => Err(NoSite::Numbers),
        Some(_) => ascii.parse().map_err(|_| NoSite::Other),
    }
}

/// A name as it is written in the languages of the world, where that differs from the name itself.
pub(crate) fn in_own_script(name: &Name) -> Option<String> {
    let ascii = name.to_string();
    let (text, valid) = idna::domain_to_unicode(&ascii);
    (valid.is_ok() && text != ascii && !text.chars().any(is_unseen)).then_some(text)
}

/// Sentences: line ends are `\n`, at most one empty line in a row, nothing unseen.
pub(crate) fn sentences(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let mut clean = String::with_capacity(text.len());
    let mut empty = 0;
    for row in text.lines() {
        let row = line(row);
        empty = if row.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            clean.push_str(&row);
            clean.push('\n');
        }
    }
    clean.trim().to_owned()
}

/// One line: spaces single, nothing unseen.
pub(crate) fn line(text: &str) -> String {
    let text: String =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_unseen(*c)).collect();
    text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Control characters, and format characters that turn text around (UAX 9), hide or join it: nothing that a reader would see.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_type_and_paste_it() {
        for (typed, name) in [
            ("sekolah.kemdikbud.go.id", "sekolah.kemdikbud.go.id"),
            ("  HTTPS://Www.YouTube.com/watch?v=a.b/c#d ", "www.youtube.com"),
            ("http://user:pass@situs.example:8080/x", "situs.example"),
            ("//situs.example/x", "situs.example"),
            ("situs.example.", "situs.example"),
            ("situs.example:", "situs.example"),
            ("*.situs.example", "situs.example"),
            ("situs.example?x=http://lain.example/", "situs.example"),
            ("https:\u{200e}//situs\u{202e}.example\u{feff}", "situs.example"),
            ("http://b\u{fc}cher.example/", "xn--bcher-kva.example"),
            ("\u{645}\u{62b}\u{627}\u{644}.example", "xn--mgbh0fb.example"),
            ("\u{4f8b}\u{3002}example", "xn--fsq.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("_dmarc.situs.example", "_dmarc.situs.example"),
            ("mailto:orang@situs.example", "situs.example"),
        ] {
            assert_eq!(site(typed).map(|name| name.to_string()).as_deref(), Ok(name), "{typed}");
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (typed, why) in [
            ("", NoSite::Empty),
            (" \u{200b}\t", NoSite::Empty),
            ("https://", NoSite::Empty),
            ("youtube", NoSite::Word),
            ("javascript:alert(1)", NoSite::Other),
            ("http://127.0.0.1/", NoSite::Numbers),
            ("10.7.0.1:8080", NoSite::Numbers),
            ("http://[2001:db8::1]:80/", NoSite::Numbers),
            ("2001:db8::1", NoSite::Numbers),
            ("1.2.3.4.5", NoSite::Numbers),
            ("situs dengan spasi.example", NoSite::Other),
            ("<script>alert(1)</script>.example", NoSite::Other),
            ("a..example", NoSite::Other),
            ("..", NoSite::Other),
            ("xn--a.example", NoSite::Other),
            ("\"><b>.example", NoSite::Other),
            ("situs%00.example", NoSite::Other),
        ] {
            assert_eq!(site(typed), Err(why), "{typed}");
        }
        assert_eq!(site(&format!("{}.example", "a".repeat(64))), Err(NoSite::Other));
        assert_eq!(site(&format!("situs.example/{}", "a".repeat(5000))), Err(NoSite::Other));
    }

    /// The reader is total, and what it read reads as itself: whatever was pasted, the page and its links speak of one name.
    #[test]
    fn any_text_is_a_name_or_no_name() {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            usize::try_from(seed % 0xffff_fffb).unwrap() % below
        };
        let letters: Vec<char> =
            "ab.-_:/@?#*[]%1 \\\"<\u{202e}\u{200d}\u{3002}\u{fc}\u{130}\u{df}\u{645}\u{4f8b}\u{301}xn"
                .chars()
                .collect();
        let mut names = 0;
        for _ in 0..50_000 {
            let text: String = (0..next(16)).map(|_| letters[next(letters.len())]).collect();
            let Ok(name) = site(&text) else { continue };
            let shown = name.to_string();
            names += 1;
            assert_eq!((site(&shown), host_name(&shown)), (Ok(name), Ok(name)), "{text:?}");
            assert!(
                shown.contains('.') && shown.bytes().all(|c| c.is_ascii_graphic() && c != b'\\'),
                "{text:?}: {shown}"
            );
        }
        assert!(names > 300, "{names} names");
    }

    #[test]
    fn names_are_shown_in_their_own_script_where_they_have_one() {
        let shown = |text: &str| in_own_script(&text.parse().unwrap());
        assert_eq!(shown("xn--bcher-kva.example").as_deref(), Some("b\u{fc}cher.example"));
        assert_eq!((shown("situs.example"), shown("xn--a.example")), (None, None));
    }

    #[test]
    fn sentences_keep_their_lines_and_nothing_unseen() {
        assert_eq!(
            sentences(" Satu.\r\n\r\n\r\n\r\nDua\t tiga.  \rEmpat\u{2028}lima \n"),
            "Satu.\n\nDua tiga.\nEmpat\nlima"
        );
        assert_eq!(sentences("\u{202e}gpj.exe\u{202c} \u{2066}a\u{2069}\u{7}\u{9b}"), "gpj.exe a");
        assert_eq!(line("0812\u{a0}3456\n\u{200f}7890"), "0812 3456 7890");
        assert_eq!((sentences("\u{200b}\u{3164}\n\n"), line("\u{feff}")), (String::new(), String::new()));
    }
}
