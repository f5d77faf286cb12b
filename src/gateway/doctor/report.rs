//! What was found, in words and in JSON.

use std::io::Write;

use serde::Serialize;

/// How much a finding matters to visitors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// Visitors are served, with less.
    Limited,
    /// It could not be looked at.
    Unknown,
    /// No visitor can be served.
    Prevents,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Area {
    Configuration,
    Packets,
    Traffic,
    Settings,
    Tables,
    Machine,
    Network,
    Addresses,
    Storage,
    Gateway,
}

impl Area {
    const fn title(self) -> &'static str {
        match self {
            Self::Configuration => "Configuration",
            Self::Packets => "Kernel: packet filter",
            Self::Traffic => "Kernel: speeds, bridges, second lock",
            Self::Settings => "Kernel: settings",
            Self::Tables => "Kernel: tables",
            Self::Machine => "Machine",
            Self::Network => "Network",
            Self::Addresses => "Addresses and names",
            Self::Storage => "Storage",
            Self::Gateway => "Gateway",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) area: Area,
    /// What it is about: a feature, a setting, an interface.
    pub(super) name: String,
    pub(super) level: Level,
    /// What was found.
    pub(super) found: String,
    /// What that means for visitors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effect: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
}

impl Finding {
    /// The same finding with what it means for visitors.
    pub(super) fn means(&mut self, effect: impl Into<String>) -> &mut Self {
        self.effect = Some(effect.into());
        self
    }

    /// The same finding with what to do.
    pub(super) fn mend(&mut self, remedy: impl Into<String>) -> &mut Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Whether visitors can be served here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// Nothing prevents it.
    CanServe,
    /// Something could not be looked at.
    Unknown,
    /// Something prevents it.
    CannotServe,
}

/// Everything that was found, in the order it was looked at.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// Adds a finding.
    pub(super) fn add(
        &mut self,
        area: Area,
        level: Level,
        name: impl Into<String>,
        found: impl Into<String>,
    ) -> &mut Finding {
        self.findings.push(Finding { area, name: name.into(), level, found: found.into(), effect: None, remedy: None });
        let last = self.findings.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "it was pushed just now")]
        &mut self.findings[last]
    }

    /// Adds what was found elsewhere.
    pub(super) fn append(&mut self, other: Self) {
        self.findings.extend(other.findings);
    }

    /// What follows from the worst finding.
    pub(super) fn verdict(&self) -> Verdict {
        match self.findings.iter().map(|finding| finding.level).max() {
            None | Some(Level::Ok | Level::Limited) => Verdict::CanServe,
            Some(Level::Unknown) => Verdict::Unknown,
            Some(Level::Prevents) => Verdict::CannotServe,
        }
    }

    /// How many findings have this level.
    pub(super) fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    /// Prints it for people.
    pub(super) fn print(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let mut area = None;
        for finding in &self.findings {
            if area != Some(finding.area) {
                area = Some(finding.area);
                writeln!(out, "{}", finding.area.title())?;
            }
            let mark = match finding.level {
                Level::Ok => "ok      ",
                Level::Limited => "LIMITED ",
                Level::Unknown => "UNKNOWN ",
                Level::Prevents => "PREVENTS",
            };
            writeln!(out, "  {mark}  {}: {}", finding.name, finding.found)?;
            if let Some(effect) = &finding.effect {
                writeln!(out, "            for visitors: {effect}")?;
            }
            if let Some(remedy) = &finding.remedy {
                writeln!(out, "            what to do: {remedy}")?;
            }
        }
        let (limited, unknown, prevents) =
            (self.count(Level::Limited), self.count(Level::Unknown), self.count(Level::Prevents));
        match self.verdict() {
            Verdict::CanServe if limited == 0 => writeln!(out, "Visitors can be served."),
            Verdict::CanServe => writeln!(out, "Visitors can be served; {limited} finding(s) say with what limits."),
            Verdict::Unknown => {
                writeln!(out, "Whether visitors can be served is not known: {unknown} thing(s) could not be looked at.")
            }
            Verdict::CannotServe => writeln!(out, "Visitors cannot be served: {prevents} finding(s) prevent it."),
        }
    }

    /// Prints it for programs.
    pub(super) fn print_json(&self, out: &mut dyn Write) -> Result<(), super::DoctorError> {
        let value = serde_json::json!({ "verdict": self.verdict(), "findings": self.findings });
        writeln!(out, "{}", serde_json::to_string_pretty(&value)?)?;
        Ok(())
    }

    /// What was found, for tests.
    #[cfg(test)]
    pub(super) fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_decides() {
        let mut report = Report::default();
        assert_eq!(report.verdict(), Verdict::CanServe);
        report
            .add(Area::Packets, Level::Limited, "owner", "missing")
            .means("a flushed table is repaired")
            .mend("nothing");
        assert_eq!(report.verdict(), Verdict::CanServe);
        report.add(Area::Network, Level::Unknown, "br-lan", "not looked at");
        assert_eq!(report.verdict(), Verdict::Unknown);
        report.add(Area::Network, Level::Prevents, "br-lan", "missing");
        assert_eq!(report.verdict(), Verdict::CannotServe);
        let mut text = Vec::new();
        report.print(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.matches("Network\n").count(), 1, "{text}");
        assert!(text.contains("for visitors: a flushed table is repaired"), "{text}");
        assert!(text.ends_with("Visitors cannot be served: 1 finding(s) prevent it.\n"), "{text}");
        let mut json = Vec::new();
        report.print_json(&mut json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["verdict"], "cannot-serve");
        assert_eq!(json["findings"][0]["effect"], "a flushed table is repaired");
    }
}
