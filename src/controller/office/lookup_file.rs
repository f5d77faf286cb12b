//! What a look-up found, as a file for the authority that asked.

use super::lookup::{FoundVisit, LookupQuestion, LookupSeen};
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
            None => String::new(),
        };
        for (name, value) in [
            ("case", asked.case_number.clone()),
            ("authority", asked.authority.clone()),
            ("basis", asked.basis.clone()),
            (if asked.by_address { "private_address" } else { "device" }, question),
            (if asked.by_address { "site" } else { "regency" }, asked.place.clone()),
            ("from", asked.from.to_string()),
            ("until", asked.until.to_string()),
            ("visits", found.len().to_string()),
            ("more_than_shown", if self.more { "yes" } else { "no" }.to_owned()),
            ("months_without_key", self.no_key.join(" ")),
            ("visits_without_address", self.untold.to_string()),
            ("visits_with_changed_address", self.readdressed.to_string()),
        ] {
            table_line(&mut out, [name, value.as_str()]);
        }
        out.extend_from_slice(b"\r\n");
        table_line(&mut out, COLUMNS);
        for one in found {
            let cells = cells(&asked.case_number, one);
            table_line(&mut out, cells.iter().map(String::as_str));
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
