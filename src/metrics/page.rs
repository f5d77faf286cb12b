//! The text that is scraped.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::histogram::{Histogram, Reading};

/// In which text figures are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' exposition format 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// What an `Accept` header asks for: OpenMetrics where it is named, and not refused with `q=0`.
    pub fn of(accept: Option<&str>) -> Self {
        let asked = accept.unwrap_or_default().split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let named = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/openmetrics-text"));
            named && !parts.any(|part| matches!(part, "q=0" | "q=0.0" | "version=0.0.1"))
        });
        if asked { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// The answer's `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Whole(i128),
    /// Any other.
    Real(f64),
}

macro_rules! whole {
    ($($kind:ty)*) => { $(impl From<$kind> for Value {
        fn from(value: $kind) -> Self {
            Self::Whole(i128::from(value))
        }
    })* };
}
whole!(u8 u16 u32 u64 i32 i64 bool);

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Whole(i128::try_from(value).unwrap_or(i128::MAX))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<std::time::Duration> for Value {
    fn from(value: std::time::Duration) -> Self {
        Self::Real(value.as_secs_f64())
    }
}

impl Value {
    fn write(self, out: &mut String) {
        let _ = match self {
            Self::Whole(value) => write!(out, "{value}"),
            Self::Real(value) => write!(out, "{}", real(value)),
        };
    }
}

/// As both formats write numbers.
fn real(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        format!("{value:?}")
    }
}

/// A page of figures, written family by family.
#[derive(Debug)]
pub struct Page {
    format: Format,
    out: String,
    /// Names that stand on it, so that none stands twice.
    names: BTreeSet<&'static str>,
}

impl Page {
    /// An empty one.
    pub fn new(format: Format) -> Self {
        Self { format, out: String::with_capacity(16 * 1024), names: BTreeSet::new() }
    }

    /// What only grows; `name` is written with `_total` behind it.
    pub fn counter(&mut self, name: &'static str, help: &str, write: impl FnOnce(&mut Samples<'_>)) {
        self.family(name, "counter", help, write);
    }

    /// What rises and falls.
    pub fn gauge(&mut self, name: &'static str, help: &str, write: impl FnOnce(&mut Samples<'_>)) {
        self.family(name, "gauge", help, write);
    }

    /// How long something took.
    pub fn histogram(&mut self, name: &'static str, help: &str, write: impl FnOnce(&mut Samples<'_>)) {
        self.family(name, "histogram", help, write);
    }

    fn family(&mut self, name: &'static str, kind: &'static str, help: &str, write: impl FnOnce(&mut Samples<'_>)) {
        if !self.names.insert(name) {
            tracing::error!(name, "a figure stands twice on the page of figures; the second is left out");
            return;
        }
        let head = match (kind, self.format) {
            ("counter", Format::Prometheus) => format!("{name}_total"),
            _ => name.to_owned(),
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = writeln!(self.out, "# HELP {head} {help}\n# TYPE {head} {kind}");
        write(&mut Samples { out: &mut self.out, name, suffix: if kind == "counter" { "_total" } else { "" } });
    }

    /// The whole text.
    pub fn finish(mut self) -> (Format, String) {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        (self.format, self.out)
    }

    /// In which format.
    pub const fn format(&self) -> Format {
        self.format
    }
}

/// The figures of one family.
#[derive(Debug)]
pub struct Samples<'a> {
    out: &'a mut String,
    name: &'static str,
    suffix: &'static str,
}

impl Samples<'_> {
    /// The family's one figure.
    pub fn value(&mut self, value: impl Into<Value>) {
        self.with(&[], value);
    }

    /// The figure, where it is known.
    pub fn known(&mut self, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.value(value);
        }
    }

    /// The figure with these labels.
    pub fn with(&mut self, labels: &[(&str, &str)], value: impl Into<Value>) {
        let suffix = self.suffix;
        self.line(suffix, labels, None, value.into());
    }

    /// What took time, with these labels.
    pub fn took(&mut self, labels: &[(&str, &str)], histogram: &Histogram) {
        let reading: Reading = histogram.reading();
        for (bound, count) in &reading.cumulative {
            self.line("_bucket", labels, Some(*bound), (*count).into());
        }
        self.line("_sum", labels, None, reading.sum.into());
        self.line("_count", labels, None, reading.count().into());
    }

    fn line(&mut self, suffix: &str, labels: &[(&str, &str)], le: Option<f64>, value: Value) {
        self.out.push_str(self.name);
        self.out.push_str(suffix);
        let bound = le.map(real);
        let labels = labels.iter().copied().chain(bound.as_deref().map(|bound| ("le", bound)));
        let mut between = '{';
        for (key, value) in labels {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.out, "{between}{key}=\"{value}\"");
            between = ',';
        }
        self.out.push_str(if between == ',' { "} " } else { " " });
        value.write(self.out);
        self.out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;
    use std::time::Duration;

    fn page(format: Format) -> String {
        let mut page = Page::new(format);
        page.gauge("gapura_things", "Things, with \\ and\na line.", |it| {
            it.with(&[("what", "a \"b\" \\ c\nd"), ("else", "x")], 3_u64);
            it.with(&[("what", "e"), ("else", "x")], 0.25);
        });
        page.counter("gapura_bytes", "Bytes.", |it| it.value(u64::MAX));
        let histogram = Histogram::new(crate::FAST);
        for took in [Duration::from_millis(1), Duration::from_millis(3), Duration::from_mins(1)] {
            histogram.observe(took);
        }
        page.histogram("gapura_wait_seconds", "Waits.", |it| it.took(&[("for", "it")], &histogram));
        page.finish().1
    }

    #[test]
    fn both_formats_are_read_back_strictly() {
        for format in [Format::Prometheus, Format::OpenMetrics] {
            let text = page(format);
            let families = read(&text, format).unwrap_or_else(|why| panic!("{why}\n{text}"));
            let names: Vec<_> = families.iter().map(|family| family.name.as_str()).collect();
            assert_eq!(names, ["gapura_things", "gapura_bytes", "gapura_wait_seconds"]);
            assert_eq!(families[0].points[0].labels["what"], "a \"b\" \\ c\nd");
            assert_eq!(families[0].help, "Things, with \\ and\na line.");
            let waits = &families[2].points;
            let below = |bound: &str| {
                waits.iter().find(|at| at.labels.get("le").is_some_and(|le| le == bound)).map(|at| at.value)
            };
            // A bound belongs to its own bucket.
            assert_eq!((below("0.001"), below("0.005"), below("+Inf")), (Some(1.0), Some(2.0), Some(3.0)));
            assert!(text.contains("gapura_bytes_total 18446744073709551615\n"));
            assert_eq!(text.ends_with("# EOF\n"), format == Format::OpenMetrics);
        }
    }

    #[test]
    fn open_metrics_is_for_who_asks_for_it() {
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.4,*/*;q=0.1";
        assert_eq!(Format::of(Some(prometheus_3)), Format::OpenMetrics);
        for other in [None, Some("text/plain"), Some("*/*"), Some("application/openmetrics-text;q=0, */*")] {
            assert_eq!(Format::of(other), Format::Prometheus, "{other:?}");
        }
    }

    #[test]
    fn a_name_stands_once() {
        let mut page = Page::new(Format::Prometheus);
        for value in [1_u8, 2] {
            page.gauge("gapura_things", "Things.", |it| it.value(value));
        }
        assert_eq!(page.finish().1.matches("gapura_things 1").count(), 1);
    }
}
