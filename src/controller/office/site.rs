//! Sites and plans.

use std::collections::BTreeMap;

use gapura_model::{PlanId, SiteId};
use gapura_session::Plan;
use gapura_store::{PlanRow, Tx};
use gapura_wire::{Overbooked, Uplink, overbooked};

use super::group::groups_in;
use super::preset::presets_in;
use super::publish::Scope;
use super::{Actor, Change, Office, OfficeError, Published, read_json, write_json};
use crate::document::{PlanFile, SiteDocument};
use crate::settings::SettingsDocument;
use crate::why::{Why, why};

/// What uses a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanUse {
    /// Sites whose visitors get it by one tap or from staff.
    pub sites: Vec<SiteId>,
    /// Presets of the counters.
    pub presets: u64,
    /// Vouchers not withdrawn.
    pub vouchers: u64,
    /// Accounts that are open.
    pub accounts: u64,
}

impl Office {
    /// Adds or replaces a site's document, which states everything itself.
    pub async fn set_site(
        &self,
        id: &SiteId,
        document: &SiteDocument,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        self.set_own(id, &SettingsDocument::from(document.clone()), who).await
    }

    /// All sites.
    pub async fn sites(&self) -> Result<Vec<(SiteId, SiteDocument)>, OfficeError> {
        let rows = self.store.read().await?.sites().await?;
        rows.into_iter()
            .map(|row| Ok((parse_site(&row.id)?, read_json(&row.document, format!("site {}", row.id))?)))
            .collect()
    }

    /// One site; `None` = there is none of this name.
    pub async fn site(&self, id: &SiteId) -> Result<Option<SiteDocument>, OfficeError> {
        let row = self.store.read().await?.site(id).await?;
        row.map(|row| read_json(&row.document, format!("site {id}"))).transpose()
    }

    /// Adds or replaces plans; others stay.
    pub async fn set_plans(&self, file: &PlanFile, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        let mistakes = file.mistakes();
        if !mistakes.is_empty() {
            return Err(OfficeError::Mistakes(mistakes));
        }
        let mut tx = self.store.write().await?;
        let known = tx.plans().await?;
        for plan in &file.plan {
            limits_are_not_lent(&mut tx, &known, plan).await?;
            let text = write_json(plan, "the plan")?;
            let before = known.iter().find(|row| row.id == plan.id.as_str()).map(|row| row.document.as_str());
            tx.put_plan(&plan.id, &text, self.now()).await?;
            let object = format!("plan/{}", plan.id);
            let change = Change { action: "plan-set", object, before: before.unwrap_or_default(), after: &text };
            self.note(&mut tx, who, change).await?;
        }
        // Also where no site is written yet that could complain.
        let parts = plans_in(&mut tx).await?.into_iter().filter_map(|plan| Some((plan.id, plan.share?))).collect();
        let overbooked = overbooked(&parts, Uplink::default());
        if !overbooked.is_empty() {
            return Err(OfficeError::Mistakes(overbooked.iter().map(overbooked_words).collect()));
        }
        let published = self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        Ok(published)
    }

    /// Removes a plan that nothing uses.
    pub async fn remove_plan(&self, id: &PlanId, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        let mut tx = self.store.write().await?;
        let before = tx.plans().await?.into_iter().find(|row| row.id == id.as_str());
        let before = before.ok_or_else(|| OfficeError::not_found("plan", id.as_str()))?.document;
        let sites = sites_with(&mut tx, id).await?;
        if !sites.is_empty() {
            return Err(OfficeError::Refused(why!("plan-of-sites", plan = id.as_str(), sites = sites.join(", "))));
        }
        let vouchers = tx.vouchers_of_plan(id).await?;
        if vouchers > 0 {
            return Err(OfficeError::Refused(why!("plan-of-vouchers", plan = id.as_str(), vouchers = vouchers)));
        }
        let accounts =
            tx.accounts().await?.iter().filter(|row| row.plan == id.as_str() && row.closed.is_none()).count();
        if accounts > 0 {
            return Err(OfficeError::Refused(why!("plan-of-accounts", plan = id.as_str(), accounts = accounts)));
        }
        let presets: Vec<_> = presets_in(&mut tx).await?.into_iter().filter(|(_, preset)| preset.plan == *id).collect();
        if let Some((preset, _)) = presets.first() {
            return Err(OfficeError::Refused(why!("plan-of-preset", plan = id.as_str(), preset = preset.as_str())));
        }
        tx.remove_plan(id).await?;
        let change = Change { action: "plan-remove", object: format!("plan/{id}"), before: &before, after: "" };
        self.note(&mut tx, who, change).await?;
        let published = self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        Ok(published)
    }

    /// What uses each plan.
    pub async fn plan_uses(&self) -> Result<BTreeMap<PlanId, PlanUse>, OfficeError> {
        let mut tx = self.store.read().await?;
        let (presets, accounts) = (presets_in(&mut tx).await?, tx.accounts().await?);
        let mut sites = Vec::new();
        for row in tx.sites().await? {
            let document: SiteDocument = read_json(&row.document, format!("site {}", row.id))?;
            sites.push((parse_site(&row.id)?, document.one_tap_plan, document.staff_plan));
        }
        let mut found = BTreeMap::new();
        for plan in plans_in(&mut tx).await? {
            let open = |row: &&gapura_store::AccountRow| row.plan == plan.id.as_str() && row.closed.is_none();
            let at = |(_, one, other): &&(SiteId, Option<PlanId>, Option<PlanId>)| {
                [one, other].into_iter().any(|used| used.as_ref() == Some(&plan.id))
            };
            let uses = PlanUse {
                sites: sites.iter().filter(at).map(|(site, ..)| site.clone()).collect(),
                presets: presets.iter().filter(|(_, preset)| preset.plan == plan.id).count() as u64,
                vouchers: u64::try_from(tx.vouchers_of_plan(&plan.id).await?).unwrap_or_default(),
                accounts: accounts.iter().filter(open).count() as u64,
            };
            found.insert(plan.id, uses);
        }
        Ok(found)
    }

    /// All plans.
    pub async fn plans(&self) -> Result<Vec<Plan>, OfficeError> {
        plans_in(&mut self.store.read().await?).await
    }
}

/// The names of sites whose visitors get a plan by one tap or from staff.
async fn sites_with(tx: &mut Tx, plan: &PlanId) -> Result<Vec<String>, OfficeError> {
    let mut found = Vec::new();
    for row in tx.sites().await? {
        let document: SiteDocument = read_json(&row.document, format!("site {}", row.id))?;
        if [&document.one_tap_plan, &document.staff_plan].into_iter().any(|used| used.as_ref() == Some(plan)) {
            found.push(document.name);
        }
    }
    Ok(found)
}

/// Days and months of a group's vouchers are those of all its sites.
pub(super) async fn keeps_the_time_of_its_groups(
    tx: &mut Tx,
    id: &SiteId,
    document: &SiteDocument,
) -> Result<(), OfficeError> {
    let zone = document.hours.zone().to_string();
    for group in groups_in(tx).await?.into_iter().filter(|group| group.sites.iter().any(|site| site == id.as_str())) {
        for other in group.sites.iter().filter(|other| *other != id.as_str()) {
            let known = document_of(tx, &parse_site(other)?).await?.hours.zone().to_string();
            if known != zone {
                return Err(OfficeError::Refused(why!(
                    "site-group-time",
                    site = id.as_str(),
                    group = &group.name,
                    other = other,
                    known = known
                )));
            }
        }
    }
    Ok(())
}

/// The limits of a group's voucher are lent out as they were when it was made.
pub(super) async fn limits_are_not_lent(tx: &mut Tx, known: &[PlanRow], plan: &Plan) -> Result<(), OfficeError> {
    let Some(row) = known.iter().find(|row| row.id == plan.id.as_str()) else { return Ok(()) };
    let before: Plan = read_json(&row.document, format!("plan {}", row.id))?;
    if (before.day, before.month) == (plan.day, plan.month) {
        return Ok(());
    }
    match tx.plan_lent(&plan.id).await? {
        0 => Ok(()),
        _ => Err(OfficeError::Refused(why!("plan-lent", plan = plan.id.as_str()))),
    }
}

/// What is guaranteed and is not there, in words.
pub(super) fn overbooked_words(all: &Overbooked) -> Why {
    match all {
        Overbooked::Percent { plans, sum } => why!("plans-percent", plans = plans, sum = *sum),
        Overbooked::Rate { up, plans, sum, shared } => why!("plans-rate", plans = plans, sum = *sum, shared = *shared)
            .at(if *up { "uplink.up" } else { "uplink.down" }),
    }
}

/// A site's document.
pub(super) async fn document_of(tx: &mut Tx, id: &SiteId) -> Result<SiteDocument, OfficeError> {
    let row = tx.site(id).await?.ok_or_else(|| OfficeError::not_found("site", id.as_str()))?;
    read_json(&row.document, format!("site {id}"))
}

pub(super) async fn plans_in(tx: &mut Tx) -> Result<Vec<Plan>, OfficeError> {
    tx.plans().await?.iter().map(|row| read_json(&row.document, format!("plan {}", row.id))).collect()
}

pub(super) fn parse_site(text: &str) -> Result<SiteId, OfficeError> {
    text.parse().map_err(|error: gapura_model::ParseNameError| OfficeError::damaged("a site's id")(error.into()))
}

/// Mistakes, if site or plan are not there.
pub(super) async fn must_exist(tx: &mut Tx, site: Option<&SiteId>, plan: &PlanId) -> Result<(), OfficeError> {
    let mut mistakes = Vec::new();
    if let Some(site) = site
        && tx.site(site).await?.is_none()
    {
        mistakes.push(why!("no-site", site = site.as_str()));
    }
    if !tx.plans().await?.iter().any(|row| row.id == plan.as_str()) {
        mistakes.push(why!("no-plan", plan = plan.as_str()));
    }
    if mistakes.is_empty() { Ok(()) } else { Err(OfficeError::Mistakes(mistakes)) }
}
