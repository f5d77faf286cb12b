//! What is asked for, as it stands in the address.

use gapura_controller::LONGEST_DAYS;
use gapura_speech::Words;
use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::dates;
use crate::form::Fields;

/// By what usage is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Day,
    Hour,
    Site,
    Plan,
}

impl By {
    pub(super) const ALL: [Self; 4] = [Self::Day, Self::Hour, Self::Site, Self::Plan];

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Day => "hari",
            Self::Hour => "jam",
            Self::Site => "lokasi",
            Self::Plan => "paket",
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Day => "usage-by-day",
            Self::Hour => "usage-by-hour",
            Self::Site => "usage-by-site",
            Self::Plan => "usage-by-plan",
        }
    }
}

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Visits,
    Volume,
    Time,
}

impl Measure {
    pub(super) const ALL: [Self; 3] = [Self::Visits, Self::Volume, Self::Time];

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Visits => "sesi",
            Self::Volume => "volume",
            Self::Time => "waktu",
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Visits => "usage-visits",
            Self::Volume => "usage-volume",
            Self::Time => "usage-time",
        }
    }
}

/// The question.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// From and until which day, both included.
    pub(super) span: (Date, Date),
    /// Days that could not be read, as they were typed.
    pub(super) typed: (Option<String>, Option<String>),
    /// A site's id; empty for all.
    pub(super) site: String,
    pub(super) by: By,
    pub(super) measure: Measure,
}

impl Asked {
    pub(super) fn of(fields: &Fields, today: Date) -> Self {
        let day = |name: &str, else_: Date| {
            let text = fields.get(name).trim();
            match dates::parse(text) {
                _ if text.is_empty() => (else_, None),
                Some(day) => (day, None),
                None => (else_, Some(text.to_owned())),
            }
        };
        let (until, wrong_until) = day("sampai", today);
        let (from, wrong_from) = day("dari", until.saturating_sub(27.days()));
        Self {
            span: (from, until),
            typed: (wrong_from, wrong_until),
            site: fields.get("situs").trim().to_owned(),
            by: By::ALL.into_iter().find(|by| by.key() == fields.get("menurut")).unwrap_or(By::Day),
            measure: Measure::ALL
                .into_iter()
                .find(|measure| measure.key() == fields.get("ukuran"))
                .unwrap_or(Measure::Visits),
        }
    }

    /// Days in the span.
    pub(super) fn days(&self) -> i64 {
        self.span.1.since(self.span.0).map_or(i64::MAX, |span| i64::from(span.get_days()) + 1)
    }

    /// What cannot be answered: the field and what to do.
    pub(super) fn wrong(&self, w: Words, sites: &[(String, String)]) -> Option<(&'static str, String)> {
        if self.typed.0.is_some() {
            Some(("dari", w.t("usage-wrong-day")))
        } else if self.typed.1.is_some() {
            Some(("sampai", w.t("usage-wrong-day")))
        } else if self.span.0 > self.span.1 {
            Some(("sampai", w.t("usage-wrong-order")))
        } else if self.days() > i64::from(LONGEST_DAYS) {
            Some(("dari", w.t1("usage-too-long", "days", LONGEST_DAYS.to_string())))
        } else if !self.site.is_empty() && !sites.iter().any(|(id, _)| *id == self.site) {
            Some(("situs", w.t("usage-wrong-site")))
        } else {
            None
        }
    }

    /// The address that asks this again.
    pub(super) fn address(&self, path: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("dari", &self.span.0.to_string()).append_pair("sampai", &self.span.1.to_string());
        if !self.site.is_empty() {
            query.append_pair("situs", &self.site);
        }
        query.append_pair("menurut", self.by.key()).append_pair("ukuran", self.measure.key());
        format!("{path}?{}", query.finish())
    }
}
