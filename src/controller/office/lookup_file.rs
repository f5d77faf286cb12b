//! What a look-up found, as a file for the authority that asked.

use super::lookup::{FoundPorts, FoundVisit, LookupKind, LookupQuestion, LookupSeen};
use crate::exchange::line as table_line;

impl LookupSeen {
    /// RFC 4180, UTF-8: what was asked and how far it could be answered, an empty line, then the visits, each with the case. The
    /// same bytes each time: their SHA-256 is in the audit log.
    pub fn csv(&self) -> String {
        let mut out = Vec::new();
        let (asked, found) = (&self.asked, self.visits.as_deref().unwrap_or_default());
        let question = match &self.question {
            Some(LookupQuestion::Device { mac, .. }) => mac.to_string(),
            Some(LookupQuestion::Address { address, .. }) => address.to_string(),
            Some(LookupQuestion::Port { address, port }) => format!("{address}:{port}"),
            None => String::new(),
        };
        let by_port = asked.kind == LookupKind::Port;
        let names = match asked.kind {
            LookupKind::Device => ("device", "regency", "visits_without_address"),
            LookupKind::Address => ("private_address", "site", "visits_without_address"),
            LookupKind::Port => ("public_address_and_port", "sites_that_noted_ports", "visits_without_ports"),
        };
        let sites = || self.noted.iter().map(|one| format!("{} since {}", one.site, one.since)).collect::<Vec<_>>();
        let place = if by_port { sites().join("; ") } else { asked.place.clone() };
        for (name, value) in [
            ("case", asked.case_number.clone()),
            ("authority", asked.authority.clone()),
            ("basis", asked.basis.clone()),
            (names.0, question),
            (names.1, place),
            ("from", asked.from.to_string()),
            ("until", asked.until.to_string()),
            ("visits", found.len().to_string()),
            ("more_than_shown", if self.more { "yes" } else { "no" }.to_owned()),
            ("months_without_key", self.no_key.join(" ")),
            (names.2, self.untold.to_string()),
            ("visits_with_changed_address", self.readdressed.to_string()),
        ] {
            table_line(&mut out, [name, value.as_str()]);
        }
        out.extend_from_slice(b"\r\n");
        let more: &[&str] = if by_port { &PORT_COLUMNS } else { &[] };
        table_line(&mut out, COLUMNS.into_iter().chain(more.iter().copied()));
        for one in found {
            let cells = cells(&asked.case_number, one);
            let more = one.ports.iter().flat_map(port_cells).collect::<Vec<_>>();
            table_line(&mut out, cells.iter().chain(&more).map(String::as_str));
        }
        String::from_utf8_lossy(&out).into_owned()
    }
}

const COLUMNS: [&str; 15] = [
    "case",
    "site",
    "visit",
    "gateway",
    "device",
    "way",
    "holder",
    "plan",
    "started",
    "ended",
    "told",
    "clock",
    "bytes_up",
    "bytes_down",
    "address_changed",
];

/// Beside them where a port was looked for.
const PORT_COLUMNS: [&str; 4] = ["ports", "ports_from", "ports_until", "behind_provider"];

fn port_cells(of: &FoundPorts) -> [String; 4] {
    [
        of.ports.to_string(),
        of.from.to_string(),
        of.until.map(|at| at.to_string()).unwrap_or_default(),
        if of.behind { "yes" } else { "no" }.to_owned(),
    ]
}

fn cells(case: &str, one: &FoundVisit) -> [String; 15] {
    [
        case.to_owned(),
        one.site.clone(),
        one.visit.clone(),
        one.gateway.clone(),
        one.device.clone(),
        one.way.clone(),
        one.holder.clone().unwrap_or_default(),
        one.plan.clone(),
        one.started.to_string(),
        one.ended.map(|at| at.to_string()).unwrap_or_default(),
        one.told.to_string(),
        if one.clock_trusted { "trusted" } else { "doubtful" }.to_owned(),
        one.bytes_up.to_string(),
        one.bytes_down.to_string(),
        if one.readdressed { "yes" } else { "no" }.to_owned(),
    ]
}
