//! A clause's hours as people write them: "Senin–Jumat 07.00–13.00; Sabtu 08.00–10.00". Pure.

use gapura_rules::hours::DaySpan;
use gapura_rules::sop::WeekHours;
use gapura_speech::{Lang, Say};

/// Weekdays as documents name them, Monday first, and their names in both languages.
const DAYS: [(&str, &[&str]); 7] = [
    ("mon", &["senin", "monday"]),
    ("tue", &["selasa", "tuesday"]),
    ("wed", &["rabu", "wednesday"]),
    ("thu", &["kamis", "thursday"]),
    ("fri", &["jumat", "jum'at", "friday"]),
    ("sat", &["sabtu", "saturday"]),
    ("sun", &["minggu", "ahad", "sunday"]),
];

/// So many letters of a name are enough.
const LETTERS: usize = 3;

/// Every day, in both languages.
const DAILY: [&str; 4] = ["setiap hari", "tiap hari", "daily", "every day"];

/// Days, none for all of them, and the windows of each.
pub(super) type Parts = Vec<(Vec<String>, Vec<String>)>;

/// Hours in words; days one after the other with the same windows stand together.
pub(super) fn words(say: &Say, hours: &WeekHours) -> String {
    let mut runs: Vec<(Vec<String>, &[DaySpan])> = Vec::new();
    for (day, spans) in hours.by_day() {
        let name = say.weekday(day);
        match runs.last_mut() {
            Some((days, known)) if *known == spans => days.push(name),
            _ => runs.push((vec![name], spans)),
        }
    }
    let part = |(days, spans): &(Vec<String>, &[DaySpan])| {
        let spans: Vec<String> = spans.iter().map(|span| span.to_string().replace('-', "–")).collect();
        let days = match days.as_slice() {
            [_, _, _, _, _, _, _] if say.words.lang() == Lang::Id => "setiap hari".to_owned(),
            [_, _, _, _, _, _, _] => "every day".to_owned(),
            [first, .., last] => format!("{first}–{last}"),
            [one] => one.clone(),
            [] => String::new(),
        };
        format!("{days} {}", spans.join(", "))
    };
    runs.iter().filter(|(_, spans)| !spans.is_empty()).map(part).collect::<Vec<_>>().join("; ")
}

/// Reads hours; nothing is always. `None` where they cannot be read.
pub(super) fn read(text: &str) -> Option<Parts> {
    let parts: Vec<&str> = text.split([';', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect();
    // Only what says nothing at all is always.
    if parts.is_empty() && !text.trim().is_empty() {
        return None;
    }
    parts.into_iter().map(part).collect()
}

fn part(text: &str) -> Option<(Vec<String>, Vec<String>)> {
    let at = text.find(|letter: char| letter.is_ascii_digit())?;
    let (days, spans) = text.split_at(at);
    let span = |text: &str| text.trim().parse::<DaySpan>().ok().map(|span| span.to_string());
    Some((days_of(days.trim().trim_end_matches(':').trim())?, spans.split(',').map(span).collect::<Option<_>>()?))
}

fn days_of(text: &str) -> Option<Vec<String>> {
    let text = text.to_lowercase();
    if text.is_empty() || DAILY.contains(&text.as_str()) {
        return Some(Vec::new());
    }
    let mut found = [false; 7];
    let text = text.replace(" dan ", ",").replace(" and ", ",").replace(" s.d. ", "–").replace(" sampai ", "–");
    for part in text.split([',', '/', '&']) {
        let mut ends = part.split(['–', '-']).map(|end| day(end.trim()));
        let first = ends.next()??;
        let last = ends.next().unwrap_or(Some(first))?;
        if ends.next().is_some() {
            return None;
        }
        // From Saturday to Monday goes over the week's end.
        let length = (last + 7 - first) % 7;
        for (day, is) in found.iter_mut().enumerate() {
            *is |= (day + 7 - first) % 7 <= length;
        }
    }
    Some(DAYS.iter().zip(found).filter(|(_, is)| *is).map(|((name, _), _)| (*name).to_owned()).collect())
}

fn day(text: &str) -> Option<usize> {
    let text = text.replace('’', "'");
    let begins = |name: &&str| text.chars().count() >= LETTERS && name.starts_with(text.as_str());
    DAYS.iter().position(|(_, names)| names.iter().any(begins))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        let part = |(days, spans): &(Vec<String>, Vec<String>)| format!("{} {}", days.join("+"), spans.join(","));
        read(text).map(|parts| parts.iter().map(part).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn hours_are_read_as_people_type_them() {
        for (typed, read) in [
            (
                "Senin–Jumat 07.00–13.00; Sen-Kam 19.00-21.00",
                "mon+tue+wed+thu+fri 07.00-13.00; mon+tue+wed+thu 19.00-21.00",
            ),
            ("Sabtu, Minggu 08:00-10:00, 13:00-15:00", "sat+sun 08.00-10.00,13.00-15.00"),
            ("Sat–Mon 20.00–02.00", "mon+sat+sun 20.00-02.00"),
            ("senin dan rabu: 7.00-8.00", "mon+wed 07.00-08.00"),
            ("setiap hari 22.00-24.00", " 22.00-24.00"),
            ("07.00-08.00", " 07.00-08.00"),
            ("Jum’at, Ahad 07.00-08.00", "fri+sun 07.00-08.00"),
            ("", ""),
            (" \n", ""),
        ] {
            assert_eq!(shown(typed).as_deref(), Some(read), "{typed}");
        }
        for typed in [
            "pagi",
            "Sen-Jum",
            "Sen 25.00-26.00",
            "Xyz 07.00-08.00",
            "Sen-Rab-Jum 07.00-08.00",
            ";",
            "Minimal 07.00-08.00",
            "Se 07.00-08.00",
        ] {
            assert_eq!(shown(typed), None, "{typed}");
        }
    }
}
