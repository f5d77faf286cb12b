//! Durations in documents: whole seconds as a number, or text such as `"2h"`, `"90m"`, `"1d"`, `"1h30m"`.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration as a document writes it; serialized as whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Seconds(Duration);

impl Seconds {
    fn parse(text: &str) -> Option<Self> {
        let mut total: u64 = 0;
        let mut number: Option<u64> = None;
        for letter in text.chars().filter(|letter| !letter.is_whitespace()) {
            if let Some(digit) = letter.to_digit(10) {
                number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(digit))?);
            } else {
                let unit = match letter {
                    's' => 1,
                    'm' => 60,
                    'h' => 3600,
                    'd' => 86_400,
                    _ => return None,
                };
                total = total.checked_add(number.take()?.checked_mul(unit)?)?;
            }
        }
        (number.is_none() && !text.trim().is_empty()).then_some(Self(Duration::from_secs(total)))
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(self.0.as_secs())
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(SecondsVisitor)
    }
}

struct SecondsVisitor;

impl Visitor<'_> for SecondsVisitor {
    type Value = Seconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds or a text such as \"2h\", \"90m\" or \"1d\"")
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Seconds, E> {
        Ok(Seconds(Duration::from_secs(seconds)))
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Seconds, E> {
        u64::try_from(seconds)
            .map(|seconds| Seconds(Duration::from_secs(seconds)))
            .map_err(|_| E::custom("a duration cannot be negative"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Seconds, E> {
        Seconds::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

/// `#[serde(with = "seconds::plain")]` for a `Duration`.
pub(crate) mod plain {
    use super::{Deserialize, Deserializer, Duration, Seconds, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        Seconds(*value).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        Seconds::deserialize(from).map(|seconds| seconds.0)
    }
}

/// `#[serde(default, with = "seconds::option")]` for an `Option<Duration>`.
pub(crate) mod option {
    use super::{Deserialize, Deserializer, Duration, Seconds, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "the signature serde asks of a `with` module")]
    pub(crate) fn serialize<S: Serializer>(value: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        value.map(Seconds).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<Seconds>::deserialize(from)?.map(|seconds| seconds.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in
            [("90", None), ("90m", Some(5400)), ("1h30m", Some(5400)), ("1d", Some(86_400)), ("", None), ("5x", None)]
        {
            assert_eq!(Seconds::parse(text), seconds.map(|s| Seconds(Duration::from_secs(s))), "{text}");
        }
    }
}
