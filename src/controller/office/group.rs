//! Groups of sites: a voucher made for a group is good at each of its sites.

use gapura_model::{GroupId, SiteId};
use gapura_store::Tx;

use super::publish::Scope;
use super::site::{document_of, parse_site};
use super::{Actor, Change, Office, OfficeError, Published};
use crate::why::why;

/// A group and its sites.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// For staff.
    pub note: String,
    /// Its sites, by name.
    pub sites: Vec<String>,
}

impl Office {
    /// Makes a group of sites that keep the same time.
    pub async fn add_group(
        &self,
        group: &GroupId,
        sites: &[SiteId],
        note: &str,
        who: &Actor,
    ) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        if !tx.add_group(group, note, self.now()).await? {
            return Err(OfficeError::Refused(why!("group-there", group = group.as_str())));
        }
        for site in sites {
            self.enter_group(&mut tx, group, site).await?;
        }
        let names: Vec<&str> = sites.iter().map(SiteId::as_str).collect();
        let (object, after) = (format!("group/{group}"), names.join(" "));
        self.note(&mut tx, who, Change { action: "group-make", object, before: "", after: &after }).await?;
        Ok(tx.commit().await?)
    }

    /// All groups.
    pub async fn groups(&self) -> Result<Vec<Group>, OfficeError> {
        groups_in(&mut self.store.read().await?).await
    }

    /// Adds a site to a group. Vouchers made before are not known there: what they lend is shared out when they are made.
    pub async fn add_to_group(&self, group: &GroupId, site: &SiteId, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let before = group_in(&mut tx, group).await?.sites.join(" ");
        self.enter_group(&mut tx, group, site).await?;
        let after = group_in(&mut tx, group).await?.sites.join(" ");
        let object = format!("group/{group}");
        self.note(&mut tx, who, Change { action: "group-add", object, before: &before, after: &after }).await?;
        Ok(tx.commit().await?)
    }

    /// Takes a site out of a group: the group's vouchers are withdrawn there, and what it holds of them is asked back.
    /// How many were still good there.
    pub async fn remove_from_group(
        &self,
        group: &GroupId,
        site: &SiteId,
        who: &Actor,
    ) -> Result<(u64, Vec<Published>), OfficeError> {
        let mut tx = self.store.write().await?;
        let before = group_in(&mut tx, group).await?.sites.join(" ");
        let withdrawn = tx.remove_group_site(group, site, self.now()).await?;
        let withdrawn = withdrawn.ok_or_else(|| OfficeError::not_found("site in this group", site.as_str()))?;
        let after = group_in(&mut tx, group).await?.sites.join(" ");
        let object = format!("group/{group}");
        self.note(&mut tx, who, Change { action: "group-remove", object, before: &before, after: &after }).await?;
        let published = self.publish_in(&mut tx, Scope::Site(site)).await?;
        tx.commit().await?;
        Ok((withdrawn, published))
    }

    /// Deletes a group that has no sites and never had a voucher.
    pub async fn delete_group(&self, group: &GroupId, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let sites = group_in(&mut tx, group).await?.sites;
        if !sites.is_empty() {
            let why = why!("group-has-sites", group = group.as_str(), sites = sites.join(", "));
            return Err(OfficeError::Refused(why));
        }
        let vouchers = tx.group_voucher_count(group).await?;
        if vouchers > 0 {
            let why = why!("group-has-vouchers", group = group.as_str(), vouchers = vouchers);
            return Err(OfficeError::Refused(why));
        }
        tx.remove_group(group).await?;
        let object = format!("group/{group}");
        self.note(&mut tx, who, Change { action: "group-delete", object, before: "", after: "" }).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn enter_group(&self, tx: &mut Tx, group: &GroupId, site: &SiteId) -> Result<(), OfficeError> {
        let zone = document_of(tx, site).await?.hours.zone().to_string();
        for other in group_in(tx, group).await?.sites {
            let known = document_of(tx, &parse_site(&other)?).await?.hours.zone().to_string();
            if known != zone {
                let why = why!("group-other-time", site = site.as_str(), zone = zone, other = &other, known = known);
                return Err(OfficeError::Refused(why));
            }
        }
        if !tx.add_group_site(group, site).await? {
            return Err(OfficeError::Refused(why!("group-has-site", site = site.as_str(), group = group.as_str())));
        }
        Ok(())
    }
}

pub(super) async fn groups_in(tx: &mut Tx) -> Result<Vec<Group>, OfficeError> {
    let members = tx.group_sites().await?;
    let sites = |name: &str| members.iter().filter(|row| row.of_group == name).map(|row| row.site.clone()).collect();
    let groups = tx.groups().await?;
    Ok(groups.into_iter().map(|row| Group { sites: sites(&row.name), name: row.name, note: row.note }).collect())
}

pub(super) async fn group_in(tx: &mut Tx, group: &GroupId) -> Result<Group, OfficeError> {
    let all = groups_in(tx).await?;
    let found = all.into_iter().find(|one| one.name == group.as_str());
    found.ok_or_else(|| OfficeError::not_found("group", group.as_str()))
}
