//! What a visitor sees of a site: terms, notices, name, colours, logo.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Sha256, limits};

/// A text in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Bahasa Indonesia.
    pub id: String,
    /// English; empty = show the Indonesian text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub en: String,
}

/// Terms of use that a visitor accepts with one tap; what was accepted is recorded by version and hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Its name, for example `2026-1`.
    pub version: String,
    /// In force from this day on (the site's zone).
    pub effective: jiff::civil::Date,
    /// The text.
    pub text: Text,
    /// SHA-256 over the Indonesian text, a zero byte and the English text.
    pub sha256: Sha256,
}

impl Terms {
    /// Terms with their hash made.
    pub fn new(version: String, effective: jiff::civil::Date, text: Text) -> Self {
        let sha256 = Self::hash(&text);
        Self { version, effective, text, sha256 }
    }

    /// The hash that `text` should have.
    pub fn hash(text: &Text) -> Sha256 {
        Sha256::of(format!("{}\0{}", text.id, text.en).as_bytes())
    }
}

/// How loud a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something is not as usual.
    Warning,
    /// Danger: disaster, evacuation.
    Danger,
}

/// A staff notice on the portal, status and closed pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// How loud.
    pub severity: Severity,
    /// What it says.
    pub text: Text,
    /// Shown until then (UTC).
    pub until: Timestamp,
}

/// How the portal looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The name on the page; none = the site's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Colours by the name of their design token, for example `accent`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub colours: BTreeMap<String, Colour>,
    /// The logo; none = Gapura's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<Svg>,
    /// Texts by the name of their place, for example `welcome`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, Text>,
}

/// A colour, `#rrggbb`: it goes into a style, so it can be nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour([u8; 3]);

/// A text is not a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a colour: expected # and six hexadecimal digits, for example #0b6e4f")]
pub struct ParseColourError;

impl FromStr for Colour {
    type Err = ParseColourError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').ok_or(ParseColourError)?;
        crate::bytes::parse_hex(digits).map(Self).map_err(|_| ParseColourError)
    }
}

impl TryFrom<String> for Colour {
    type Error = ParseColourError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// A drawing that may stand inside a page: an SVG element without scripts, event handlers, styles, links or foreign content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Svg(String);

/// A text is not a drawing that may stand inside a page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseSvgError {
    /// Too large.
    #[error("the logo has {0} bytes, more than {most}", most = limits::LOGO_BYTES)]
    TooLarge(usize),
    /// Not an `svg` element.
    #[error("the logo does not begin with <svg and end with </svg>")]
    NotSvg,
    /// Not drawn in the way that the portal can show.
    #[error("the logo has to be drawn with <path> elements in a viewBox, with at most {most} bytes of path data: save it as plain paths of one colour", most = limits::LOGO_PATHS)]
    NotPaths,
    /// Something a logo has no use for.
    #[error("the logo contains \"{0}\", which may not stand inside a page: save it as plain shapes")]
    Forbidden(&'static str),
}

impl Svg {
    /// The element as text; safe to stand unescaped in an HTML page.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The `viewBox`: four numbers.
    pub fn view_box(&self) -> &str {
        attribute(&self.0, "viewBox").unwrap_or_default()
    }

    /// The `d` of each `path`, in order: all that the portal draws, in the one colour of its header.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let parts = self.0.split("<path").skip(1);
        parts.filter_map(|part| attribute(part, "d"))
    }

    /// Path data (SVG 2 section 9.3), in a box.
    fn is_drawn_with_paths(&self) -> bool {
        let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
        let number = |part: &str| part.chars().all(plain) && part.parse::<f32>().is_ok();
        let in_box = self.view_box().split_whitespace().map(number).collect::<Vec<_>>() == [true; 4];
        let drawn: usize = self.paths().map(str::len).sum();
        let letter = |c: char| c.is_ascii_digit() || "MmLlHhVvCcSsQqTtAaZzEe.,+- \n".contains(c);
        in_box && (1..=limits::LOGO_PATHS).contains(&drawn) && self.paths().all(|path| path.chars().all(letter))
    }
}

/// The value of an attribute of the element that `text` begins with or within.
fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let tag = text.split('>').next()?;
    tag.match_indices(name).find_map(|(at, _)| {
        let (before, rest) = (tag.get(..at)?, tag.get(at + name.len()..)?);
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        before.ends_with(char::is_whitespace).then(|| rest.get(1..)?.split(quote).next()).flatten()
    })
}

impl FromStr for Svg {
    type Err = ParseSvgError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.len() > limits::LOGO_BYTES {
            return Err(ParseSvgError::TooLarge(text.len()));
        }
        if !text.starts_with("<svg") || !text.ends_with("</svg>") {
            return Err(ParseSvgError::NotSvg);
        }
        // Refused by element and attribute name, after the characters that could hide one: entities, comments, CDATA, controls.
        let plain = text.to_ascii_lowercase();
        for forbidden in [
            "&",
            "<!",
            "<?",
            "<script",
            "<style",
            "<foreignobject",
            "<image",
            "<use",
            "<a ",
            "<a>",
            "<animate",
            "<set",
            "<iframe",
        ] {
            if plain.contains(forbidden) {
                return Err(ParseSvgError::Forbidden(forbidden));
            }
        }
        for forbidden in ["href", "style=", "style =", "url(", "javascript", "data:"] {
            if plain.contains(forbidden) {
                return Err(ParseSvgError::Forbidden(forbidden));
            }
        }
        if plain.bytes().any(|byte| byte == 0 || (byte < b' ' && !matches!(byte, b'\n' | b'\r' | b'\t'))) {
            return Err(ParseSvgError::Forbidden("a control character"));
        }
        if has_event_handler(&plain) {
            return Err(ParseSvgError::Forbidden("on...="));
        }
        let svg = Self(text.to_owned());
        if svg.is_drawn_with_paths() { Ok(svg) } else { Err(ParseSvgError::NotPaths) }
    }
}

/// An attribute whose name begins with `on`.
fn has_event_handler(plain: &str) -> bool {
    plain.split('=').any(|before| {
        let name = before
            .trim_end()
            .rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != ':')
            .next()
            .unwrap_or_default();
        name.starts_with("on")
    })
}

impl TryFrom<String> for Svg {
    type Error = ParseSvgError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Svg> for String {
    fn from(svg: Svg) -> Self {
        svg.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_shapes_and_nothing_else() {
        let text = "<svg width='8' viewBox=\"0 0 8 8\"><path fill=\"#fff\" d=\"M0 0h8\"/>\n<g><path id='d' d = 'M1,1z'></path></g></svg>";
        let svg: Svg = text.parse().unwrap();
        assert_eq!((svg.view_box(), svg.paths().collect::<Vec<_>>()), ("0 0 8 8", vec!["M0 0h8", "M1,1z"]));
        for bad in [
            "<p>",
            "<svg><path d=\"M0 0h8\"/></svg>",
            "<svg viewBox=\"0 0 8\"><path d=\"M0 0h8\"/></svg>",
            "<svg viewBox=\"0 0 8 8\"><circle r=\"4\"/></svg>",
            "<svg viewBox=\"0 0 8 8\"><path d=\"M0 0h8*\"/></svg>",
            "<svg><script>1</script></svg>",
            "<svg onload=\"x\"></svg>",
            "<svg\nonload = x></svg>",
            "<svg/onload=x></svg>",
            "<svg><a href=\"//x\"></a></svg>",
            "<svg fill=\"url(//x)\"></svg>",
            "<svg><![CDATA[<]]></svg>",
            "<svg>&#60;</svg>",
        ] {
            assert!(bad.parse::<Svg>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_colour_cannot_carry_a_style() {
        assert_eq!("#0B6e4f".parse::<Colour>().unwrap().to_string(), "#0b6e4f");
        for bad in ["0b6e4f", "#0b6e4", "#0b6e4f;", "red"] {
            assert!(bad.parse::<Colour>().is_err(), "{bad}");
        }
    }
}
