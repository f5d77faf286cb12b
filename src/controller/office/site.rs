//! Sites and plans.

use gapura_model::{PlanId, SiteId};
use gapura_session::Plan;
use gapura_store::{PlanRow, Tx};
use gapura_wire::{Uplink, overbooked};

use super::group::groups_in;
use super::publish::Scope;
use super::{Actor, Change, Office, OfficeError, Published, read_json, write_json};
use crate::document::{PlanFile, SiteDocument};
use crate::keys::random;

impl Office {
    /// Adds or replaces a site's document.
    pub async fn set_site(
        &self,
        id: &SiteId,
        document: &SiteDocument,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        let mistakes = document.mistakes();
        if !mistakes.is_empty() {
            return Err(OfficeError::Mistakes(mistakes));
        }
        let text = write_json(document, "the site")?;
        let mut tx = self.store.write().await?;
        let before = tx.site(id).await?.map(|row| row.document).unwrap_or_default();
        keeps_the_time_of_its_groups(&mut tx, id, document).await?;
        tx.put_site(id, &text, &random::<32>()?, self.now()).await?;
        let change = Change { action: "site-set", object: format!("site/{id}"), before: &before, after: &text };
        self.note(&mut tx, who, change).await?;
        let published = self.publish_in(&mut tx, Scope::Site(id)).await?;
        tx.commit().await?;
        Ok(published)
    }

    /// All sites.
    pub async fn sites(&self) -> Result<Vec<(SiteId, SiteDocument)>, OfficeError> {
        let rows = self.store.read().await?.sites().await?;
        rows.into_iter()
            .map(|row| Ok((parse_site(&row.id)?, read_json(&row.document, format!("site {}", row.id))?)))
            .collect()
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
            return Err(OfficeError::Mistakes(overbooked));
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
        let vouchers = tx.vouchers_of_plan(id).await?;
        if vouchers > 0 {
            return Err(OfficeError::Refused(format!("plan {id} is used by {vouchers} vouchers: withdraw them first")));
        }
        let accounts =
            tx.accounts().await?.iter().filter(|row| row.plan == id.as_str() && row.closed.is_none()).count();
        if accounts > 0 {
            return Err(OfficeError::Refused(format!(
                "plan {id} is used by {accounts} accounts: give them another first"
            )));
        }
        tx.remove_plan(id).await?;
        let change = Change { action: "plan-remove", object: format!("plan/{id}"), before: &before, after: "" };
        self.note(&mut tx, who, change).await?;
        let published = self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        Ok(published)
    }

    /// All plans.
    pub async fn plans(&self) -> Result<Vec<Plan>, OfficeError> {
        plans_in(&mut self.store.read().await?).await
    }
}

/// Days and months of a group's vouchers are those of all its sites.
async fn keeps_the_time_of_its_groups(tx: &mut Tx, id: &SiteId, document: &SiteDocument) -> Result<(), OfficeError> {
    let zone = document.hours.zone().to_string();
    for group in groups_in(tx).await?.into_iter().filter(|group| group.sites.iter().any(|site| site == id.as_str())) {
        for other in group.sites.iter().filter(|other| *other != id.as_str()) {
            let known = document_of(tx, &parse_site(other)?).await?.hours.zone().to_string();
            if known != zone {
                return Err(OfficeError::Refused(format!(
                    "site {id} is in group {} with {other}, which keeps the time of {known}: take it out of the group first",
                    group.name
                )));
            }
        }
    }
    Ok(())
}

/// The limits of a group's voucher are lent out as they were when it was made.
async fn limits_are_not_lent(tx: &mut Tx, known: &[PlanRow], plan: &Plan) -> Result<(), OfficeError> {
    let Some(row) = known.iter().find(|row| row.id == plan.id.as_str()) else { return Ok(()) };
    let before: Plan = read_json(&row.document, format!("plan {}", row.id))?;
    if (before.day, before.month) == (plan.day, plan.month) {
        return Ok(());
    }
    match tx.plan_lent(&plan.id).await? {
        0 => Ok(()),
        _ => Err(OfficeError::Refused(format!(
            "plan {0}: its limits of day and month are lent out for vouchers of a group; make another plan, or withdraw those vouchers",
            plan.id
        ))),
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
        mistakes.push(format!("there is no site \"{site}\""));
    }
    if !tx.plans().await?.iter().any(|row| row.id == plan.as_str()) {
        mistakes.push(format!("there is no plan \"{plan}\""));
    }
    if mistakes.is_empty() { Ok(()) } else { Err(OfficeError::Mistakes(mistakes)) }
}
