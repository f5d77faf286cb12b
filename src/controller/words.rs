//! What the controller says to people by itself: states of gateways and alerts, in Bahasa Indonesia and English.

use std::sync::LazyLock;

use gapura_model::{Moment, Uptime};
use gapura_speech::{Lang, Locale, Say, Words};
use jiff::Timestamp;
use jiff::tz::TimeZone;

const ID: &str = include_str!("locales/id.ftl");
const EN: &str = include_str!("locales/en.ftl");
const REPORT_ID: &str = include_str!("locales/id/report.ftl");
const REPORT_EN: &str = include_str!("locales/en/report.ftl");

static LOCALE: LazyLock<Locale> = LazyLock::new(|| Locale::new(&[ID, REPORT_ID], &[EN, REPORT_EN]));

/// The controller's words in `lang`, around `now` in `zone`.
pub fn say(lang: Lang, zone: TimeZone, now: Timestamp) -> Say {
    Say::new(Words::new(&LOCALE, lang), zone, Moment::trusted(Uptime::default(), now))
}

/// "18.52" on the day itself, else "20 November 2026 pukul 18.52".
pub(crate) fn since(say: &Say, at: Timestamp) -> String {
    if say.date_of(at) == say.today() {
        say.bare_clock(at)
    } else {
        say.words.t2("on-day", "day", say.day(at), "clock", say.bare_clock(at))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_languages_say_the_same_things() {
        assert_eq!(gapura_speech::messages(super::ID).unwrap(), gapura_speech::messages(super::EN).unwrap());
        let report = [super::REPORT_ID, super::REPORT_EN].map(|text| gapura_speech::messages(text).unwrap());
        assert_eq!(report[0], report[1]);
    }
}
