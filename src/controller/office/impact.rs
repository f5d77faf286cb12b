//! What a draft would change, from what gateways say of their own last days: counts, and names that several devices asked for.

use std::collections::{BTreeMap, BTreeSet};

use gapura_model::Name;
use gapura_rules::sop::{Protects, protected_names};
use gapura_store::{SopRow, Tx, timestamp};
use gapura_wire::{FilterAction, ShadowName, ShadowReport};
use jiff::Timestamp;
use jiff::civil::Date;

use super::counts::add_up;
use super::filter::place;
use super::site::parse_site;
use super::sop::{read_published, sop_in};
use super::{Office, OfficeError, TrialResult, read_json};
use crate::document::SiteDocument;

/// A draft's trial so far.
#[derive(Clone, Debug)]
pub struct Impact {
    /// The draft.
    pub row: SopRow,
    /// Whether gateways try it now.
    pub running: bool,
    /// When the trial began; none where there was none.
    pub since: Option<Timestamp>,
    /// When the last report came.
    pub heard: Option<Timestamp>,
    /// The first and the last day that gateways looked at.
    pub days: Option<(Date, Date)>,
    /// Gateways at the sites it holds at, and those sites.
    pub asked: (usize, usize),
    /// Sites where something would change.
    pub sites: usize,
    /// All that gateways say, added up.
    pub result: TrialResult,
    /// At how many sites each of the result's names was named, and why it is not to be blocked, in the same order.
    pub names: Vec<(usize, Option<Protects>)>,
}

impl Office {
    /// What a draft would change, as far as gateways have said.
    pub async fn sop_impact(&self, id: i64) -> Result<Impact, OfficeError> {
        let mut tx = self.store.read().await?;
        let row = sop_in(&mut tx, id).await?;
        let asked = self.asked(&mut tx, &row).await?;
        let began = tx.audit_of(&format!("sop/{id}"), 100).await?;
        let since = began.iter().rev().find(|line| line.action == "sop-shadow").map(|line| timestamp(line.at));
        let reports = match &row.trial {
            Some(trial) => tx.trials(trial).await?,
            None => Vec::new(),
        };
        drop(tx);
        let heard = reports.iter().map(|report| report.received).max().map(timestamp);
        let (mut read, mut sites, mut at) = (Vec::new(), BTreeSet::new(), BTreeMap::<String, BTreeSet<String>>::new());
        for report in reports {
            let said: ShadowReport = read_json(&report.document, "a report of a draft")?;
            if said.blocked.names > 0 || said.opened.names > 0 {
                sites.insert(report.site.clone());
            }
            for name in &said.names {
                at.entry(name.name.clone()).or_default().insert(report.site.clone());
            }
            read.push(said);
        }
        let days = read.iter().map(|said| said.from).min().zip(read.iter().map(|said| said.until).max());
        let running = row.trial_until.is_some_and(|until| timestamp(until) > self.now());
        let result = add_up(read);
        let names = result.names.iter().map(|name| (at.get(&name.name).map_or(0, BTreeSet::len), protects(name)));
        let names = names.collect();
        Ok(Impact { running, since, heard, days, asked, sites: sites.len(), result, names, row })
    }

    /// Gateways at the sites where a draft holds, and those sites.
    async fn asked(&self, tx: &mut Tx, row: &SopRow) -> Result<(usize, usize), OfficeError> {
        let Some(sop) = read_published(row, &self.catalogue()) else { return Ok((0, 0)) };
        let mut sites = BTreeSet::new();
        for site in tx.sites().await? {
            let document: SiteDocument = read_json(&site.document, format!("site {}", site.id))?;
            if sop.scope().takes_place(&place(&parse_site(&site.id)?, &document)) {
                sites.insert(site.id);
            }
        }
        let gateways = tx.gateways().await?;
        let serving = gateways.iter().filter(|one| one.revoked.is_none() && sites.contains(&one.site)).count();
        Ok((serving, sites.len()))
    }
}

/// Why a name that would be blocked is not to be.
fn protects(name: &ShadowName) -> Option<Protects> {
    let (FilterAction::Block, Ok(asked)) = (name.then, name.name.parse::<Name>()) else { return None };
    let known = protected_names().find(|(_, known)| *known == asked).map(|(why, _)| why);
    let government = "go.id".parse::<Name>().is_ok_and(|parent| asked.is_within(&parent));
    known.or_else(|| government.then_some(Protects::Government))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_be_blocked_and_is_needed_is_protected() {
        let name = |text: &str, then| ShadowName {
            name: text.to_owned(),
            questions: 1,
            groups: Vec::new(),
            then,
            clause: None,
            list: None,
        };
        for (text, then, why) in [
            ("lapor.go.id", FilterAction::Block, Some(Protects::Government)),
            ("connectivitycheck.gstatic.com", FilterAction::Block, Some(Protects::Probe)),
            ("lapor.go.id", FilterAction::Open, None),
            ("go.id.example.com", FilterAction::Block, None),
            ("not a name", FilterAction::Block, None),
        ] {
            assert_eq!(protects(&name(text, then)), why, "{text}");
        }
    }
}
