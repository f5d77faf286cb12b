//! Why the office does not do what was asked: a message with its values, said in the reader's language.
//!
//! The command line and the log speak English ([`Why`] displays as the message in English, after the field it is about); pages
//! have [`Why::say`]. Messages stand in `locales/{id,en}/office.ftl`, under the keys that `why!` names: a test holds each `why!`
//! of this room against both files.

use std::fmt;
use std::sync::LazyLock;

use gapura_model::BitRate;
use gapura_speech::{Lang, Locale, Value, Words};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::words::say;

const ID: &str = include_str!("locales/id/office.ftl");
const EN: &str = include_str!("locales/en/office.ftl");

static LOCALE: LazyLock<Locale> = LazyLock::new(|| Locale::new(&[ID], &[EN]));

/// Why something is not done: what was tried, why not, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    said: Said,
    field: Option<String>,
    flag: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// A message of the locale files, with its values.
    Message(&'static str, Vec<(&'static str, Arg)>),
    /// Words that are the same in every language.
    Plain(String),
}

/// A value in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arg {
    /// A name, as it is.
    Text(String),
    /// A number.
    Number(u64),
    /// A speed.
    Rate(BitRate),
    /// Another message.
    Why(Box<Why>),
}

impl Why {
    /// What `why!` makes.
    pub(crate) const fn message(key: &'static str, args: Vec<(&'static str, Arg)>) -> Self {
        Self { said: Said::Message(key, args), field: None, flag: None }
    }

    /// Words that are the same in every language: what a parser says, a name.
    pub fn plain(words: impl Into<String>) -> Self {
        Self { said: Said::Plain(words.into()), field: None, flag: None }
    }

    /// The field of the document that it is about, for example `hours.weekly`.
    #[must_use]
    pub(crate) fn at(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// What to write on the command line, for example `--reason TEXT`; pages do not show it.
    #[must_use]
    pub(crate) const fn flag(mut self, flag: &'static str) -> Self {
        self.flag = Some(flag);
        self
    }

    /// The field of the document that it is about.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// In a sentence, for a page; the field by its name there, if it has one.
    pub fn say(&self, lang: Lang) -> String {
        sentence(&self.named(lang))
    }

    /// The same beside the field it is about, which is not named again.
    pub fn say_beside(&self, lang: Lang) -> String {
        sentence(&self.words(Voice::Page(lang)))
    }

    fn named(&self, lang: Lang) -> String {
        let words = self.words(Voice::Page(lang));
        match self.field().and_then(name) {
            Some(field) => format!("{}: {words}", field.words(Voice::Page(lang))),
            None => words,
        }
    }

    fn words(&self, voice: Voice) -> String {
        let (key, args) = match &self.said {
            Said::Plain(words) => return words.clone(),
            Said::Message(key, args) => (key, args),
        };
        let value = |arg: &Arg| match (arg, voice) {
            (Arg::Text(text), _) => Value::Text(text.clone()),
            (Arg::Number(number), _) => Value::Number(*number),
            (Arg::Rate(rate), Voice::Terminal) => Value::Text(rate.to_string()),
            (Arg::Rate(rate), Voice::Page(lang)) => {
                Value::Text(say(lang, TimeZone::UTC, Timestamp::UNIX_EPOCH).rate(*rate))
            }
            (Arg::Why(why), Voice::Terminal) => Value::Text(why.to_string()),
            (Arg::Why(why), Voice::Page(lang)) => Value::Text(why.named(lang)),
        };
        let lang = match voice {
            Voice::Terminal => Lang::En,
            Voice::Page(lang) => lang,
        };
        Words::new(&LOCALE, lang).with(key, args.iter().map(|(name, arg)| (*name, value(arg))))
    }
}

/// Who speaks.
#[derive(Clone, Copy)]
enum Voice {
    /// The command line and the log, in English and with the fields of documents.
    Terminal,
    /// A page.
    Page(Lang),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.words(Voice::Terminal))?;
        self.flag.map_or(Ok(()), |flag| write!(f, " ({flag})"))
    }
}

/// Words that nobody has put into two languages yet.
impl From<String> for Why {
    fn from(words: String) -> Self {
        Self::plain(words)
    }
}

impl From<&str> for Why {
    fn from(words: &str) -> Self {
        Self::plain(words)
    }
}

/// A message of `locales/{id,en}/office.ftl` with its values: `why!("plan-in-use", plan = id.as_str(), vouchers = 3_u64)`.
macro_rules! why {
    ($key:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::why::Why::message($key, vec![$((stringify!($name), $crate::why::Arg::from($value))),*])
    };
}

pub(crate) use why;

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Arg {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<BitRate> for Arg {
    fn from(rate: BitRate) -> Self {
        Self::Rate(rate)
    }
}

impl From<Why> for Arg {
    fn from(why: Why) -> Self {
        Self::Why(Box::new(why))
    }
}

impl From<u64> for Arg {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Arg {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for Arg {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Arg {
    fn from(number: usize) -> Self {
        Self::Number(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

/// Counts from the database.
impl From<i64> for Arg {
    fn from(number: i64) -> Self {
        Self::Number(u64::try_from(number).unwrap_or_default())
    }
}

/// What people call a field of a document; none: it is not named to them.
fn name(field: &str) -> Option<Why> {
    Some(match field {
        "name" => why!("field-name"),
        "agency" => why!("field-agency"),
        "regency" => why!("field-regency"),
        "contact" => why!("field-contact"),
        "kind" => why!("field-kind"),
        "wifi" => why!("field-wifi"),
        "place" => why!("field-place"),
        "devices" => why!("field-devices"),
        "terms" => why!("field-terms"),
        "reason" => why!("field-reason"),
        "case" => why!("field-case"),
        "basis" => why!("field-basis"),
        "authority" => why!("field-authority"),
        "asked" => why!("field-asked"),
        "where" => why!("field-where"),
        "span" => why!("field-span"),
        "first" => why!("field-first"),
        "last" => why!("field-last"),
        "use-time" => why!("field-use-time"),
        "use-before" => why!("field-use-before"),
        "count" => why!("field-count"),
        "group" => why!("field-group"),
        "password" => why!("field-password"),
        "attendance" => why!("field-attendance"),
        "hours.zone" => why!("field-zone"),
        "hours.weekly" => why!("field-week"),
        "hours.weekly.mon" => why!("field-monday"),
        "hours.weekly.tue" => why!("field-tuesday"),
        "hours.weekly.wed" => why!("field-wednesday"),
        "hours.weekly.thu" => why!("field-thursday"),
        "hours.weekly.fri" => why!("field-friday"),
        "hours.weekly.sat" => why!("field-saturday"),
        "hours.weekly.sun" => why!("field-sunday"),
        "holiday" | "hours.holidays" => why!("field-holidays"),
        "uplink.up" => why!("field-up"),
        "uplink.down" => why!("field-down"),
        field if field.starts_with("hours.exceptions") => why!("field-exceptions"),
        field if field.starts_with("hours.overrides") => why!("field-overrides"),
        _ => return None,
    })
}

/// With a capital letter and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(char::to_uppercase);
    let end = if words.ends_with(['.', '!', '?', ':', '…', '\n']) || words.is_empty() { "" } else { "." };
    first.into_iter().flatten().chain(letters).chain(end.chars()).collect()
}

#[cfg(test)]
mod tests;
