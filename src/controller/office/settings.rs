//! What is set above the sites and at them, put together anew with every change, and published.

use std::collections::BTreeMap;

use gapura_model::{GroupId, SiteId};
use gapura_store::Tx;
use jiff::Timestamp;

use super::publish::Scope;
use super::site::{keeps_the_time_of_its_groups, parse_site};
use super::{Actor, Change, Office, OfficeError, Published, read_json, write_json};
use crate::document::TermsDocument;
use crate::keys::random;
use crate::settings::{Calendar, Level, SettingsDocument, Settled, settle};
use crate::why::{Why, why};

/// A site's settings: what it says itself, and where everything came from.
#[derive(Clone, Debug)]
pub struct SiteSettings {
    /// What the site says itself.
    pub own: SettingsDocument,
    /// What comes of all levels, and where each field came from.
    pub settled: Settled,
    /// The named group it is in.
    pub group: Option<String>,
}

/// What is above the sites.
#[derive(Clone, Debug, Default)]
pub(super) struct Above {
    pub(super) levels: Vec<(Level, SettingsDocument)>,
    /// The named group of each site that is in one.
    pub(super) members: BTreeMap<String, String>,
    pub(super) calendars: BTreeMap<String, Calendar>,
}

impl Above {
    pub(super) async fn read(tx: &mut Tx) -> Result<Self, OfficeError> {
        let mut levels = Vec::new();
        for row in tx.settings().await? {
            let what = format!("settings of {} {}", row.level, row.name);
            if let Some(level) = Level::above(&row.level, &row.name) {
                levels.push((level, read_json(&row.document, what)?));
            }
        }
        let mut calendars = BTreeMap::new();
        for row in tx.calendars().await? {
            calendars.insert(row.name.clone(), read_json(&row.document, format!("calendar {}", row.name))?);
        }
        let members = tx.members().await?.into_iter().map(|row| (row.site, row.of_group)).collect();
        Ok(Self { levels, members, calendars })
    }

    /// Whether what is set at `level` reaches a site that says `own` of itself.
    pub(super) fn holds(&self, level: &Level, (site, own): (&SiteId, &SettingsDocument)) -> bool {
        match level {
            Level::Department => true,
            Level::Regency(name) => own.regency.as_ref() == Some(name),
            Level::Agency(name) => own.agency.as_ref() == Some(name),
            Level::Kind(name) => own.kind.map(kind_name).as_ref() == Some(name),
            Level::Group(name) => self.members.get(site.as_str()) == Some(name),
            Level::Site | Level::Default => false,
        }
    }

    /// What `own` and the levels above that site come to.
    pub(super) fn settle(&self, site: &SiteId, own: &SettingsDocument) -> Result<Settled, Vec<Why>> {
        let holds = |level: &Level| self.holds(level, (site, own));
        let mut layers: Vec<_> = self.levels.iter().filter(|(level, _)| holds(level)).cloned().collect();
        layers.sort_by(|a, b| a.0.cmp(&b.0));
        layers.push((Level::Site, own.clone()));
        settle(&layers, &self.calendars)
    }
}

fn kind_name(kind: gapura_model::SiteKind) -> String {
    serde_json::to_value(kind).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

impl Office {
    /// Adds a site or replaces what it says itself; what it leaves out comes from above.
    pub async fn set_own(
        &self,
        id: &SiteId,
        own: &SettingsDocument,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        let mut tx = self.store.write().await?;
        self.put_own(&mut tx, id, own, (who, "site-set")).await?;
        let published = self.publish_in(&mut tx, Scope::Site(id)).await?;
        tx.commit().await?;
        Ok(published)
    }

    /// A site's settings, and where each came from.
    pub async fn site_settings(&self, id: &SiteId) -> Result<SiteSettings, OfficeError> {
        let mut tx = self.store.read().await?;
        let above = Above::read(&mut tx).await?;
        let own = own_of(&mut tx, id).await?.ok_or_else(|| OfficeError::not_found("site", id.as_str()))?;
        let settled = above.settle(id, &own).map_err(OfficeError::Mistakes)?;
        Ok(SiteSettings { own, settled, group: above.members.get(id.as_str()).cloned() })
    }

    /// What every level above the sites says.
    pub async fn levels(&self) -> Result<Vec<(Level, SettingsDocument)>, OfficeError> {
        Ok(Above::read(&mut self.store.read().await?).await?.levels)
    }

    /// Writes what a level above the sites says (none: nothing any more); every site below is put together anew.
    pub async fn set_level(
        &self,
        level: &Level,
        document: Option<&SettingsDocument>,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        let tx = self.store.write().await?;
        self.put_level(tx, level, document, (who, "settings-set")).await
    }

    /// The same within a transaction, which it ends.
    pub(super) async fn put_level(
        &self,
        mut tx: Tx,
        level: &Level,
        document: Option<&SettingsDocument>,
        (who, action): (&Actor, &'static str),
    ) -> Result<Vec<Published>, OfficeError> {
        let parts = level.parts();
        if Level::above(parts.0, parts.1).as_ref() != Some(level) {
            return Err(OfficeError::Mistakes(vec![why!("level-unknown", level = level.to_string())]));
        }
        let mistakes = document.map(SettingsDocument::mistakes_above).unwrap_or_default();
        if !mistakes.is_empty() {
            return Err(OfficeError::Mistakes(mistakes));
        }
        let known = tx.settings().await?.into_iter().find(|row| (row.level.as_str(), row.name.as_str()) == parts);
        let before = known.map(|row| row.document).unwrap_or_default();
        let after = match document {
            Some(document) => {
                keep_terms(&mut tx, document.terms.as_ref(), self.now()).await?;
                let text = write_json(document, "the settings")?;
                tx.put_setting(parts, &text, self.now()).await?;
                text
            }
            None if before.is_empty() => return Err(OfficeError::not_found("level with settings", level.to_string())),
            None => {
                nobody_is_in(&mut tx, level).await?;
                tx.remove_setting(parts).await?;
                String::new()
            }
        };
        let object = format!("settings/{}/{}", parts.0, parts.1);
        self.note(&mut tx, who, Change { action, object, before: &before, after: &after }).await?;
        self.put_together(tx).await
    }

    /// Puts a site into a named group of settings; none: into no group.
    pub async fn join_settings(
        &self,
        site: &SiteId,
        group: Option<&GroupId>,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        let mut tx = self.store.write().await?;
        if tx.site(site).await?.is_none() {
            return Err(OfficeError::not_found("site", site.as_str()));
        }
        let members = tx.members().await?;
        let before = members.into_iter().find(|row| row.site == site.as_str()).map(|row| row.of_group);
        let after = group.map_or("", GroupId::as_str);
        let levels = tx.settings().await?;
        if group.is_some() && !levels.iter().any(|row| row.level == "group" && row.name == after) {
            return Err(OfficeError::not_found("group of settings", after));
        }
        tx.put_member(site, group.map(GroupId::as_str)).await?;
        let (object, before) = (format!("site/{site}"), before.unwrap_or_default());
        self.note(&mut tx, who, Change { action: "settings-join", object, before: &before, after }).await?;
        self.put_together(tx).await
    }

    /// Writes a calendar of holidays (none: removes it); sites that keep it are put together anew.
    pub async fn set_calendar(
        &self,
        name: &GroupId,
        calendar: Option<&Calendar>,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        let mistakes = calendar.map(Calendar::mistakes).unwrap_or_default();
        if !mistakes.is_empty() {
            return Err(OfficeError::Mistakes(mistakes));
        }
        let mut tx = self.store.write().await?;
        let known = tx.calendars().await?.into_iter().find(|row| row.name == name.as_str());
        let before = known.map(|row| row.document).unwrap_or_default();
        let after = match calendar {
            Some(calendar) => {
                let text = write_json(calendar, "the calendar")?;
                tx.put_calendar(name.as_str(), &text, self.now()).await?;
                text
            }
            None if before.is_empty() => return Err(OfficeError::not_found("calendar", name.as_str())),
            None => {
                let named = |said: &SettingsDocument| {
                    said.hours.holidays.as_ref().is_some_and(|one| one.calendars.iter().any(|one| one == name.as_str()))
                };
                if let Some((level, _)) = Above::read(&mut tx).await?.levels.iter().find(|(_, said)| named(said)) {
                    return Err(OfficeError::Refused(why!(
                        "calendar-of-level",
                        name = name.as_str(),
                        level = level.to_string()
                    )));
                }
                tx.remove_calendar(name.as_str()).await?;
                String::new()
            }
        };
        let object = format!("calendar/{name}");
        self.note(&mut tx, who, Change { action: "calendar-set", object, before: &before, after: &after }).await?;
        self.put_together(tx).await
    }

    /// All calendars.
    pub async fn calendars(&self) -> Result<Vec<(String, Calendar)>, OfficeError> {
        Ok(Above::read(&mut self.store.read().await?).await?.calendars.into_iter().collect())
    }

    /// All versions of terms, the latest first.
    pub async fn terms(&self) -> Result<Vec<TermsDocument>, OfficeError> {
        let rows = self.store.read().await?.all_terms().await?;
        rows.iter().map(|row| read_json(&row.document, format!("terms {}", row.version))).collect()
    }

    /// Puts every site together anew, and publishes what changed. Mistakes at any site keep all as it was.
    async fn put_together(&self, mut tx: Tx) -> Result<Vec<Published>, OfficeError> {
        self.settle_all(&mut tx).await?;
        let published = self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        Ok(published)
    }

    /// The same, before it is published.
    pub(super) async fn settle_all(&self, tx: &mut Tx) -> Result<(), OfficeError> {
        let above = Above::read(tx).await?;
        let mut mistakes = Vec::new();
        for row in tx.own_documents().await? {
            let id = parse_site(&row.id)?;
            let own: SettingsDocument = read_json(row.own.as_deref().unwrap_or(&row.document), format!("site {id}"))?;
            match above.settle(&id, &own) {
                Ok(settled) => {
                    let text = write_json(&settled.document, "the site")?;
                    if text != row.document {
                        keeps_the_time_of_its_groups(tx, &id, &settled.document).await?;
                        if row.own.is_none() {
                            tx.put_own(&id, Some(&row.document)).await?;
                        }
                        tx.put_site(&id, &text, &random::<32>()?, self.now()).await?;
                    }
                }
                Err(wrong) => {
                    mistakes.extend(wrong.into_iter().map(|why| why!("at-site", site = id.as_str(), why = why)));
                }
            }
        }
        if mistakes.is_empty() { Ok(()) } else { Err(OfficeError::Mistakes(mistakes)) }
    }

    /// Writes what a site says itself, and what comes of it.
    pub(super) async fn put_own(
        &self,
        tx: &mut Tx,
        id: &SiteId,
        own: &SettingsDocument,
        (who, action): (&Actor, &'static str),
    ) -> Result<(), OfficeError> {
        let above = Above::read(tx).await?;
        let settled = above.settle(id, own).map_err(OfficeError::Mistakes)?;
        keep_terms(tx, own.terms.as_ref(), self.now()).await?;
        keeps_the_time_of_its_groups(tx, id, &settled.document).await?;
        let before = own_of(tx, id).await?.map(|before| write_json(&before, "the site")).transpose()?;
        let (text, after) = (write_json(&settled.document, "the site")?, write_json(own, "the site")?);
        tx.put_site(id, &text, &random::<32>()?, self.now()).await?;
        tx.put_own(id, Some(&after)).await?;
        let object = format!("site/{id}");
        self.note(tx, who, Change { action, object, before: &before.unwrap_or_default(), after: &after }).await
    }
}

/// A named group is removed once it is empty: its sites would be left in a group that is none.
async fn nobody_is_in(tx: &mut Tx, level: &Level) -> Result<(), OfficeError> {
    let Level::Group(name) = level else { return Ok(()) };
    match tx.members().await?.iter().filter(|row| row.of_group == *name).count() {
        0 => Ok(()),
        count => Err(OfficeError::Refused(why!("settings-group-sites", name = name, sites = count))),
    }
}

/// What a site says itself.
pub(super) async fn own_of(tx: &mut Tx, id: &SiteId) -> Result<Option<SettingsDocument>, OfficeError> {
    let row = tx.own_documents().await?.into_iter().find(|row| row.id == id.as_str());
    row.map(|row| read_json(row.own.as_deref().unwrap_or(&row.document), format!("site {id}"))).transpose()
}

/// Writes terms down under their version. The words of a version never change: visitors accepted them.
pub(super) async fn keep_terms(tx: &mut Tx, terms: Option<&TermsDocument>, now: Timestamp) -> Result<(), OfficeError> {
    let Some(terms) = terms else { return Ok(()) };
    let text = write_json(terms, "the terms")?;
    if tx.add_terms(&terms.version, &text, now).await? {
        return Ok(());
    }
    let known = tx.terms(&terms.version).await?.map(|row| row.document).unwrap_or_default();
    if known == text {
        return Ok(());
    }
    Err(OfficeError::Mistakes(vec![why!("terms-changed", version = &terms.version).at("terms")]))
}
