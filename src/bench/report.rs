//! Bench lines: JSON to `target/bench/NAME.jsonl`, a table to the screen.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::BenchError;
use crate::stats::{median, ratios};

/// What a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Units a second (of time or of one CPU): more is better.
    Rate,
    /// Half of all were this quick.
    P50,
    /// 99 of 100 were this quick.
    P99,
    /// The slowest of all.
    Max,
    /// CPU seconds a unit.
    Cpu,
    /// Bytes of memory or file.
    Memory,
    /// Bytes delivered minus the limit: at most zero.
    PastLimit,
}

/// One figure. `ratio` is own over beside where more is better, so 1 is the limit.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// Which bench.
    pub bench: &'static str,
    /// What was done, numbers first.
    pub case: String,
    /// What the figure is.
    pub metric: Metric,
    /// The median.
    pub value: f64,
    /// Of `value`.
    pub unit: &'static str,
    /// The peer or limit, where there is one.
    pub beside: Option<String>,
    /// Its median in the same run.
    pub beside_value: Option<f64>,
    /// The median of the pairs' ratios.
    pub ratio: Option<f64>,
    /// Every run.
    pub runs: Vec<f64>,
    /// Every run of the peer.
    pub beside_runs: Vec<f64>,
}

impl Line {
    /// A figure by itself.
    pub fn alone(bench: &'static str, case: &str, metric: Metric, unit: &'static str, runs: Vec<f64>) -> Self {
        let value = median(&runs);
        let beside_runs = Vec::new();
        Self {
            bench,
            case: case.into(),
            metric,
            value,
            unit,
            beside: None,
            beside_value: None,
            ratio: None,
            runs,
            beside_runs,
        }
    }

    /// With the peer measured in the same rounds.
    #[must_use]
    pub fn beside(mut self, peer: &str, beside_runs: Vec<f64>) -> Self {
        let pairs = match self.metric {
            Metric::Rate => ratios(&self.runs, &beside_runs),
            Metric::P50 | Metric::P99 | Metric::Max | Metric::Cpu | Metric::Memory | Metric::PastLimit => {
                ratios(&beside_runs, &self.runs)
            }
        };
        self.beside = Some(peer.into());
        self.beside_value = Some(median(&beside_runs));
        self.ratio = (!pairs.is_empty()).then(|| median(&pairs));
        self.beside_runs = beside_runs;
        self
    }

    /// With a limit that does not move; 1 is the limit.
    #[must_use]
    pub fn limit(self, name: &str, value: f64) -> Self {
        let same = vec![value; self.runs.len()];
        Self { beside_runs: Vec::new(), ..self.beside(name, same) }
    }
}

/// Collects figures and shows them as they come.
#[derive(Debug)]
pub struct Report {
    file: File,
    json: bool,
    head: bool,
}

impl Report {
    /// Begins `NAME.jsonl` anew in `dir`. `json` shows lines instead of the table.
    pub fn open(dir: &Path, name: &str, json: bool) -> Result<Self, BenchError> {
        fs::create_dir_all(dir).map_err(BenchError::io(format!("create {}", dir.display())))?;
        let path = dir.join(format!("{name}.jsonl"));
        let file = File::create(&path).map_err(BenchError::io(format!("create {}", path.display())))?;
        Ok(Self { file, json, head: false })
    }

    /// Writes one figure without showing it: there are too many of its kind.
    pub fn note(&mut self, line: &Line) -> Result<String, BenchError> {
        let text = serde_json::to_string(line).map_err(|error| BenchError::io("write a figure")(error.into()))?;
        writeln!(self.file, "{text}").map_err(BenchError::io("write a figure"))?;
        Ok(text)
    }

    /// Writes and shows one figure.
    pub fn add(&mut self, line: &Line) -> Result<(), BenchError> {
        let text = self.note(line)?;
        let mut screen = std::io::stdout().lock();
        let shown = if self.json {
            writeln!(screen, "{text}")
        } else {
            if !self.head {
                self.head = true;
                let _ = writeln!(screen, "{}", row("case", "metric", "value", "beside", "ratio"));
            }
            writeln!(screen, "{}", Self::table(line))
        };
        // A closed pipe ends the talk, not the measuring.
        let _ = shown.and_then(|()| screen.flush());
        Ok(())
    }

    fn table(line: &Line) -> String {
        let metric = serde_json::to_value(line.metric).ok();
        let metric = metric.as_ref().and_then(|name| name.as_str()).unwrap_or_default().to_owned();
        let value = figure(line.value, line.unit);
        let beside = line.beside.as_deref().zip(line.beside_value);
        let beside = beside.map(|(name, value)| format!("{} ({name})", figure(value, line.unit))).unwrap_or_default();
        let ratio = line.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        row(&line.case, &metric, &value, &beside, &ratio)
    }
}

fn row(case: &str, metric: &str, value: &str, beside: &str, ratio: &str) -> String {
    format!("{case:<52} {metric:<11} {value:>26}  {ratio:>6}  {beside}").trim_end().to_owned()
}

/// A figure in the unit people read.
fn figure(value: f64, unit: &str) -> String {
    match unit {
        "s" if value < 1e-4 => format!("{:.0} ns", value * 1e9),
        "s" => format!("{:.2} ms", value * 1e3),
        "bytes" if value.abs() >= 1e6 => format!("{:.1} MB", value / 1e6),
        _ if value.abs() < 100.0 => format!("{value:.2} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_other_peoples_scripts_read_it() {
        let line = Line::alone("forward", "1 online", Metric::Rate, "packets/CPU-s", vec![8.0, 9.0])
            .beside("ct+masquerade", vec![10.0, 10.0]);
        let text = serde_json::to_value(&line).unwrap();
        assert_eq!(text["metric"], "rate");
        assert_eq!(text["beside"], "ct+masquerade");
        assert!((text["ratio"].as_f64().unwrap() - 0.85).abs() < 1e-9);
        let slow = Line::alone("login", "x", Metric::P99, "s", vec![0.01]).limit("5 ms", 0.005);
        assert!((slow.ratio.unwrap() - 0.5).abs() < 1e-9);
        assert_eq!(serde_json::to_value(Metric::PastLimit).unwrap(), "past-limit");
    }
}
