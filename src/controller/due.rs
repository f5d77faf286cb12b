//! By when a request is answered.
//!
//! No way in, and more time, are answered within 30 minutes of the site's opening hours: nobody is at a counter that is closed.
//! Everything else is answered by 16.00 of a working day: the second after the day on which it came, the third for complaints and
//! for what another agency has to answer. A working day is Monday to Friday, unless the site's calendar closes that date. A site
//! whose hours say nothing (open day and night, or never open within two weeks) counts every minute.

use gapura_rules::hours::Hours;
use gapura_wire::HelpTopic;
use jiff::civil::{Date, Time, Weekday};
use jiff::{SignedDuration, Timestamp};

/// What is waited for at the counter is answered within this much opening time.
const AT_THE_COUNTER: SignedDuration = SignedDuration::from_mins(30);
/// A site that does not open for so long has no hours to count.
const FORESEEABLE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// What takes days is answered by this hour.
const BY: Time = Time::constant(16, 0, 0, 0);
/// Days looked through for working days: a calendar that closes two months has none.
const LOOKED_AT: usize = 62;

/// By when a request about `topic` that came at `received` is answered.
pub(crate) fn due(topic: HelpTopic, hours: &Hours, received: Timestamp) -> Timestamp {
    match topic {
        HelpTopic::Connect | HelpTopic::MoreTime => opening_time(hours, received),
        HelpTopic::Blocked | HelpTopic::Other => working_days(hours, received, 2),
        HelpTopic::Complaint => working_days(hours, received, 3),
    }
}

/// By when an agency answers what was forwarded to it at `now`.
pub(crate) fn due_at_agency(hours: &Hours, now: Timestamp) -> Timestamp {
    working_days(hours, now, 3)
}

fn opening_time(hours: &Hours, from: Timestamp) -> Timestamp {
    let until = from.checked_add(FORESEEABLE).unwrap_or(Timestamp::MAX);
    let mut left = AT_THE_COUNTER;
    for window in hours.windows(from, until) {
        let length = window.from.duration_until(window.until);
        if length >= left {
            return window.from.checked_add(left).unwrap_or(Timestamp::MAX);
        }
        left -= length;
    }
    from.checked_add(AT_THE_COUNTER).unwrap_or(Timestamp::MAX)
}

fn working_days(hours: &Hours, from: Timestamp, days: usize) -> Timestamp {
    let zone = hours.zone();
    let first = zone.date(from);
    let following = std::iter::successors(first.tomorrow().ok(), |date| date.tomorrow().ok()).take(LOOKED_AT);
    let day = following.clone().filter(|date| is_working_day(hours, *date)).nth(days.saturating_sub(1));
    let day = day.or_else(|| following.clone().nth(days.saturating_sub(1))).unwrap_or(first);
    day.to_datetime(BY).to_zoned(zone.tz().clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

fn is_working_day(hours: &Hours, date: Date) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    !weekend && hours.exception(date).is_none_or(|exception| !exception.open.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> Hours {
        serde_json::from_str(&format!("{{ \"zone\": \"Asia/Makassar\", {text} }}")).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        format!("{text}:00+08:00").parse().unwrap()
    }

    const DAILY: &str = r#""weekly": { "mon": ["08.00-22.00"], "tue": ["08.00-22.00"], "wed": ["08.00-22.00"],
        "thu": ["08.00-22.00"], "fri": ["08.00-11.30", "13.30-22.00"], "sat": ["08.00-22.00"] }"#;

    #[test]
    fn half_an_hour_counts_only_while_the_site_is_open() {
        let hours = hours(DAILY);
        for (came, answered) in [
            ("2026-11-20T20:03", "2026-11-20T20:33"),
            ("2026-11-20T21:50", "2026-11-21T08:20"), // Friday night: the rest is on Saturday morning
            ("2026-11-20T11:20", "2026-11-20T13:50"), // around Friday's prayers
            ("2026-11-21T23:00", "2026-11-23T08:30"), // closed on Sunday
        ] {
            assert_eq!(due(HelpTopic::Connect, &hours, at(came)), at(answered), "{came}");
            assert_eq!(due(HelpTopic::MoreTime, &hours, at(came)), at(answered), "{came}");
        }
    }

    #[test]
    fn the_rest_is_answered_in_working_days() {
        // Friday evening: Monday is the first day, Tuesday the second.
        let plain = hours(DAILY);
        for topic in [HelpTopic::Blocked, HelpTopic::Other] {
            assert_eq!(due(topic, &plain, at("2026-11-20T20:14")), at("2026-11-24T16:00"));
        }
        assert_eq!(due(HelpTopic::Complaint, &plain, at("2026-11-20T20:14")), at("2026-11-25T16:00"));
        assert_eq!(due_at_agency(&plain, at("2026-11-20T07:00")), at("2026-11-25T16:00"));
        // A dated closure is no working day; other hours on a date are.
        let holiday = hours(&format!(
            r#"{DAILY}, "exceptions": [{{ "date": "2026-11-23", "reason": "Libur" }},
                {{ "date": "2026-11-24", "open": ["08.00-12.00"], "reason": "Ramadan" }}]"#
        ));
        assert_eq!(due(HelpTopic::Other, &holiday, at("2026-11-20T20:14")), at("2026-11-25T16:00"));
    }

    #[test]
    fn a_site_without_hours_counts_every_minute() {
        let always = hours(r#""always-open": true"#);
        assert_eq!(due(HelpTopic::Connect, &always, at("2026-11-22T03:00")), at("2026-11-22T03:30"));
        let never = hours(
            r#""weekly": { "mon": ["08.00-22.00"] },
               "exceptions": [{ "from": "2026-11-01", "to": "2027-12-31", "reason": "Renovasi" }]"#,
        );
        assert_eq!(due(HelpTopic::Connect, &never, at("2026-11-22T03:00")), at("2026-11-22T03:30"));
        assert_eq!(
            due(HelpTopic::Other, &never, at("2026-11-22T03:00")),
            at("2026-11-24T16:00"),
            "then each day counts"
        );
    }
}
