//! How a gateway is, from what is known of it and the time: pure.

use gapura_rules::hours::{Hours, OpenState};
use gapura_speech::Say;
use gapura_wire::{GatewayState, Heartbeat, Words};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::words::since;

/// A gateway that was not heard for so long is silent. It speaks every minute; two words may be lost.
pub const SILENT_AFTER: SignedDuration = SignedDuration::from_mins(3);

/// How a gateway is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Condition {
    /// Taken out of service.
    Revoked {
        /// When (UTC).
        since: Timestamp,
    },
    /// Approved, but it has not said a word.
    NeverHeard,
    /// Not heard for [`SILENT_AFTER`].
    Silent {
        /// Its last word (UTC).
        since: Timestamp,
    },
    /// Not ready yet.
    Starting,
    /// Letting visitors in.
    Serving,
    /// Serving, but what the filter's SOPs say is not in force.
    Unfiltered,
    /// Outside its hours.
    Closed {
        /// When it opens (UTC), as far as the hours say.
        opens: Option<Timestamp>,
    },
    /// Its uplink does not carry.
    UplinkDown {
        /// Since when (UTC), as far as it knows.
        since: Option<Timestamp>,
    },
    /// *Buka darurat*.
    OpenInEmergency,
    /// Serving, with a fault that `gapura doctor` names.
    Degraded,
}

/// How good or bad that is: the tag's shape and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Something is to be done.
    Bad,
    /// Something is not as it should be.
    Warn,
    /// As it should be.
    Good,
    /// Nothing is to be expected now.
    Off,
}

/// What is known of a gateway.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) revoked: Option<Timestamp>,
    pub(crate) heard: Option<Timestamp>,
    pub(crate) beat: Option<&'a Heartbeat>,
    pub(crate) hours: Option<&'a Hours>,
}

impl<'a> Known<'a> {
    /// Of one whose heartbeat comes at `now`.
    pub(crate) const fn just_said(beat: &'a Heartbeat, now: Timestamp) -> Self {
        Self { revoked: None, heard: Some(now), beat: Some(beat), hours: None }
    }
}

impl Condition {
    /// How it is at `now`.
    pub(crate) fn of(known: Known<'_>, now: Timestamp) -> Self {
        if let Some(since) = known.revoked {
            return Self::Revoked { since };
        }
        let (Some(heard), Some(beat)) = (known.heard, known.beat) else { return Self::NeverHeard };
        if now.duration_since(heard) > SILENT_AFTER {
            return Self::Silent { since: heard };
        }
        match beat.state {
            GatewayState::Starting => Self::Starting,
            GatewayState::Serving if beat.filter.is_some_and(|filter| !filter.in_force) => Self::Unfiltered,
            GatewayState::Serving => Self::Serving,
            GatewayState::Closed => Self::Closed {
                opens: known.hours.and_then(|hours| match hours.state(now) {
                    OpenState::Closed { opens } => opens,
                    OpenState::Open { .. } => None,
                }),
            },
            GatewayState::UplinkDown => Self::UplinkDown { since: beat.uplink.since },
            GatewayState::OpenInEmergency => Self::OpenInEmergency,
            GatewayState::Degraded => Self::Degraded,
        }
    }

    /// Its name in JSON, on pages and in the history.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Revoked { .. } => "revoked",
            Self::NeverHeard => "never-heard",
            Self::Silent { .. } => "silent",
            Self::Starting => "starting",
            Self::Serving => "serving",
            Self::Unfiltered => "unfiltered",
            Self::Closed { .. } => "closed",
            Self::UplinkDown { .. } => "uplink-down",
            Self::OpenInEmergency => "open-in-emergency",
            Self::Degraded => "degraded",
        }
    }

    /// In words: "Diam sejak 18.52".
    pub fn words(&self, say: &Say) -> String {
        match self {
            Self::Revoked { since: at } => say.words.t1("state-revoked", "clock", since(say, *at)),
            Self::Silent { since: at } => say.words.t1("state-silent", "clock", since(say, *at)),
            Self::Closed { opens: Some(opens) } => say.words.t1("state-closed-opens", "when", say.when(*opens)),
            Self::UplinkDown { since: Some(at) } => say.words.t1("state-uplink-down-since", "clock", since(say, *at)),
            Self::NeverHeard
            | Self::Starting
            | Self::Serving
            | Self::Unfiltered
            | Self::Closed { opens: None }
            | Self::UplinkDown { since: None }
            | Self::OpenInEmergency
            | Self::Degraded => say.words.t(&format!("state-{}", self.id())),
        }
    }

    /// How it is to be shown.
    pub const fn tone(&self) -> Tone {
        match self {
            Self::Silent { .. } | Self::UplinkDown { .. } => Tone::Bad,
            Self::NeverHeard | Self::Starting | Self::Unfiltered | Self::OpenInEmergency | Self::Degraded => Tone::Warn,
            Self::Serving => Tone::Good,
            Self::Revoked { .. } | Self::Closed { .. } => Tone::Off,
        }
    }
}

/// A gateway's words about its surroundings: "baterai 11 %, ruang simpan terisi 97 %"; empty where it said nothing.
pub fn last_words(words: Option<Words>, say: &Say) -> String {
    let Words { battery, storage } = words.unwrap_or_default();
    let said = [("words-battery", battery), ("words-storage", storage)];
    let said = said.into_iter().filter_map(|(key, percent)| Some(say.words.t1(key, "percent", percent?.to_string())));
    said.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use gapura_speech::Lang;

    use super::*;
    use crate::words::say;

    fn beat(state: &str) -> Heartbeat {
        serde_json::from_value(serde_json::json!({
            "state": state, "boot": "5a4f0e3c-8f5e-4a0a-9d5a-000000000001", "uptime_seconds": 60,
            "versions": { "gapura": "0.1.0", "kernel": "6.1" }, "sent": "2026-11-21T10:52:00Z",
            "clock": { "trust": "trusted", "source": "ntp" }, "outbox": { "records": 0, "dropped": 0 },
            "uplink": { "up": false, "since": "2026-11-21T10:40:00Z" }, "generation": 1, "online": 0, "nonce": "",
            "words": { "battery": 11 },
        }))
        .unwrap()
    }

    #[test]
    fn a_state_is_said_in_words() {
        let hours: Hours = serde_json::from_value(
            serde_json::json!({ "zone": "Asia/Makassar", "weekly": { "sun": ["08.00-22.00"] } }),
        )
        .unwrap();
        let heard: Timestamp = "2026-11-21T10:52:00Z".parse().unwrap();
        let soon = heard + SILENT_AFTER;
        let told = |state: &str, now: Timestamp| {
            let beat = beat(state);
            let known = Known { revoked: None, heard: Some(heard), beat: Some(&beat), hours: Some(&hours) };
            let condition = Condition::of(known, now);
            let spoken = [Lang::Id, Lang::En]
                .map(|lang| condition.words(&say(lang, jiff::tz::TimeZone::get("Asia/Makassar").unwrap(), now)));
            (spoken.join(" | "), condition.tone())
        };
        let late = "2026-11-22T10:00:00Z".parse().unwrap();
        for (state, now, words, tone) in [
            ("serving", soon, "Melayani | Serving", Tone::Good),
            ("serving", soon + SignedDuration::from_millis(1), "Diam sejak 18.52 | Silent since 18:52", Tone::Bad),
            (
                "serving",
                late,
                "Diam sejak 21 November 2026 pukul 18.52 | Silent since 21 November 2026 at 18:52",
                Tone::Bad,
            ),
            (
                "closed",
                soon,
                "Tutup, buka besok pukul 08.00\u{a0}WITA | Closed, opens tomorrow at 08:00\u{a0}WITA",
                Tone::Off,
            ),
            ("uplink-down", soon, "Uplink putus sejak 18.40 | Uplink down since 18:40", Tone::Bad),
            ("open-in-emergency", soon, "Buka darurat | Open in emergency", Tone::Warn),
        ] {
            assert_eq!(told(state, now), (words.to_owned(), tone), "{state} at {now}");
        }
    }

    #[test]
    fn last_words_are_what_was_said_last() {
        let say = say(Lang::Id, jiff::tz::TimeZone::UTC, Timestamp::UNIX_EPOCH);
        assert_eq!(last_words(beat("serving").words, &say), "baterai 11 %");
        assert_eq!(
            last_words(Some(Words { battery: Some(9), storage: Some(97) }), &say),
            "baterai 9 %, ruang simpan terisi 97 %"
        );
        assert_eq!(last_words(None, &say), "");
    }

    #[test]
    fn what_was_never_heard_or_revoked_is_not_silent() {
        let nobody = Known { revoked: None, heard: None, beat: None, hours: None };
        assert_eq!(Condition::of(nobody, Timestamp::MAX), Condition::NeverHeard);
        let since = Timestamp::UNIX_EPOCH;
        assert_eq!(Condition::of(Known { revoked: Some(since), ..nobody }, since), Condition::Revoked { since });
    }
}
