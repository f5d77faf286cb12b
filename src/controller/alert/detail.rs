//! More about an alert: as the database and webhooks have it, and in words. Pure.

use std::fmt;

use gapura_speech::Say;
use gapura_wire::BundleVerdict;
use jiff::Timestamp;

use super::AlertKind;
use crate::rollout::Cause;

/// What is said about an alert besides its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// A bundle was refused: the verdict's name, and what the gateway said.
    Refused(String, String),
    /// So many records wait, and so many were dropped.
    Outbox(u64, u64),
    /// The clock is ahead by so many seconds; negative: behind.
    Clock(i64),
    /// A certificate ends (UTC).
    Ends(Timestamp),
    /// Why a rollout stopped by itself.
    Stopped(Cause),
    /// What somebody else's server or program said, in its own words.
    Said(String),
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(verdict, words) => write!(f, "{verdict}: {words}"),
            Self::Outbox(records, dropped) => write!(f, "{records} / {dropped}"),
            Self::Clock(seconds) => write!(f, "{seconds} s"),
            Self::Ends(at) => write!(f, "{at}"),
            Self::Stopped(cause) => f.write_str(&serde_json::to_string(cause).unwrap_or_default()),
            Self::Said(words) => f.write_str(words),
        }
    }
}

impl Detail {
    /// What [`Display`](fmt::Display) wrote; what is not of that form was said by something else.
    fn of(kind: Option<AlertKind>, text: &str) -> Option<Self> {
        let said = || Self::Said(text.to_owned());
        if text.is_empty() {
            return None;
        }
        let read = match kind {
            Some(AlertKind::Rollout) => {
                text.split_once(": ").map(|(verdict, words)| Self::Refused(verdict.to_owned(), words.to_owned()))
            }
            Some(AlertKind::Outbox) => text
                .split_once(" / ")
                .and_then(|(records, dropped)| Some(Self::Outbox(records.parse().ok()?, dropped.parse().ok()?))),
            Some(AlertKind::Clock) => text.strip_suffix(" s").and_then(|text| text.parse().ok()).map(Self::Clock),
            Some(AlertKind::Certificate) => text.parse().ok().map(Self::Ends),
            Some(AlertKind::Sop) => serde_json::from_str(text).ok().map(Self::Stopped),
            Some(AlertKind::Silent | AlertKind::Filter | AlertKind::Backup | AlertKind::List) | None => None,
        };
        Some(read.unwrap_or_else(said))
    }

    fn words(&self, say: &Say) -> String {
        let w = say.words;
        match self {
            Self::Refused(verdict, words) if words.is_empty() => verdict_words(say, verdict),
            Self::Refused(verdict, words) => {
                w.t2("detail-refused", "verdict", verdict_words(say, verdict), "words", words.as_str())
            }
            Self::Outbox(records, dropped) => {
                w.t2("detail-outbox", "records", say.number(*records), "dropped", say.number(*dropped))
            }
            Self::Clock(0) => w.t("detail-clock-unsure"),
            Self::Clock(seconds) => {
                let off = say.duration(std::time::Duration::from_secs(seconds.unsigned_abs()));
                w.t1(if *seconds < 0 { "detail-clock-behind" } else { "detail-clock-ahead" }, "time", off)
            }
            Self::Ends(at) => w.t1("detail-ends", "day", say.day(*at)),
            Self::Stopped(cause) => cause.words(say, &|site| site.to_string()),
            Self::Said(words) => w.t1("detail-said", "words", words.as_str()),
        }
    }
}

/// More about an alert, in words; empty where there is nothing.
pub(crate) fn words(kind: Option<AlertKind>, text: &str, say: &Say) -> String {
    Detail::of(kind, text).map(|detail| detail.words(say)).unwrap_or_default()
}

/// What became of a bundle, in words; `verdict` is its name on the wire.
pub fn verdict_words(say: &Say, verdict: &str) -> String {
    use BundleVerdict as V;
    let known: BundleVerdict = serde_json::from_value(verdict.into()).unwrap_or(V::Other);
    say.words.t(match known {
        V::Applied => "verdict-applied",
        V::TooLarge => "verdict-too-large",
        V::Unreadable => "verdict-unreadable",
        V::UnknownKey => "verdict-unknown-key",
        V::BadSignature => "verdict-bad-signature",
        V::Version => "verdict-version",
        V::WrongSite => "verdict-wrong-site",
        V::Older => "verdict-older",
        V::Contradiction => "verdict-contradiction",
        V::NotApplied => "verdict-not-applied",
        V::Other => "verdict-other",
    })
}

#[cfg(test)]
mod tests {
    use gapura_speech::Lang;
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn every_detail_is_told_in_both_languages() {
        let ends: Timestamp = "2026-12-24T00:00:00Z".parse().unwrap();
        let all = [
            (AlertKind::Rollout, Detail::Refused("not-applied".to_owned(), "disk full".to_owned())),
            (AlertKind::Outbox, Detail::Outbox(31_400, 12)),
            (AlertKind::Clock, Detail::Clock(-2_820)),
            (AlertKind::Certificate, Detail::Ends(ends)),
            (AlertKind::List, Detail::Said("connection refused".to_owned())),
            (AlertKind::Sop, Detail::Stopped(Cause::Lost { lost: 3, of: 8 })),
        ];
        let told = |lang| {
            let say = crate::words::say(lang, TimeZone::UTC, ends);
            all.iter().map(|(kind, one)| words(Some(*kind), &one.to_string(), &say)).collect::<Vec<_>>()
        };
        let indonesian = told(Lang::Id);
        assert_eq!(indonesian[0], "gerbang tidak dapat memasangnya; katanya: “disk full”");
        assert_eq!(indonesian[1], "31.400 catatan menunggu, 12 hilang");
        assert!(indonesian[2].starts_with("terlambat 47"), "{}", indonesian[2]);
        assert_eq!(indonesian[3], "berakhir 24 Desember 2026");
        for (one, other) in indonesian.iter().zip(told(Lang::En)) {
            assert!(!one.contains('⟪') && !other.contains('⟪') && *one != other, "{one} {other}");
        }
        let say = crate::words::say(Lang::Id, TimeZone::UTC, ends);
        assert_eq!(words(Some(AlertKind::Silent), "", &say), "");
        assert!(words(Some(AlertKind::Clock), "of before", &say).contains("of before"), "nothing is lost");
        for verdict in [
            "too-large",
            "unreadable",
            "unknown-key",
            "bad-signature",
            "version",
            "wrong-site",
            "older",
            "contradiction",
            "new",
        ] {
            assert!(!verdict_words(&say, verdict).contains('⟪'), "{verdict}");
        }
    }
}
