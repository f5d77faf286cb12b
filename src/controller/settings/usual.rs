//! What a new site of a kind opens with, until somebody writes its own hours.

use std::collections::BTreeMap;

use gapura_model::SiteKind;

use super::HoursSettings;

const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The windows of one day.
type Day = &'static [&'static str];

/// The usual week of a kind: hotspots day and night, galleries until 22.00, the others in office hours; Friday's prayers are kept.
pub fn usual_hours(kind: SiteKind) -> HoursSettings {
    let days: [Day; 7] = match kind {
        SiteKind::Hotspot => return HoursSettings { always_open: Some(true), ..HoursSettings::default() },
        SiteKind::Gallery => {
            const ALL: Day = &["08.00-22.00"];
            [ALL, ALL, ALL, ALL, &["08.00-11.30", "13.30-22.00"], ALL, &["13.00-22.00"]]
        }
        SiteKind::Telecenter | SiteKind::Plik | SiteKind::Mplik => {
            const ALL: Day = &["08.00-16.00"];
            [ALL, ALL, ALL, ALL, &["08.00-11.30", "13.30-16.00"], &["08.00-12.00"], &[]]
        }
    };
    let open = WEEK.into_iter().zip(days).filter(|(_, windows)| !windows.is_empty());
    let weekly: BTreeMap<String, Vec<String>> =
        open.map(|(day, windows)| (day.to_owned(), windows.iter().map(|one| (*one).to_owned()).collect())).collect();
    HoursSettings { weekly: Some(weekly), ..HoursSettings::default() }
}

#[cfg(test)]
mod tests {
    use gapura_rules::hours::{Hours, HoursDocument};

    use super::*;

    #[test]
    fn every_kind_has_hours_that_can_be_kept() {
        use SiteKind::{Gallery, Hotspot, Mplik, Plik, Telecenter};
        for kind in [Gallery, Hotspot, Telecenter, Plik, Mplik] {
            let HoursSettings { always_open, weekly, .. } = usual_hours(kind);
            let document = HoursDocument {
                zone: "Asia/Makassar".to_owned(),
                always_open: always_open == Some(true),
                weekly: weekly.unwrap_or_default(),
                ..HoursDocument::default()
            };
            assert!(Hours::try_from(document).is_ok(), "{kind:?}");
        }
    }
}
