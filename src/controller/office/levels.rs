//! What is set where, as staff change it piece by piece: looks, terms, groups of settings.

use gapura_model::{GroupId, SiteId};
use gapura_store::{Tx, timestamp};
use gapura_wire::Look;
use jiff::{SignedDuration, Timestamp};

use super::publish::Scope;
use super::settings::Above;
use super::site::parse_site;
use super::{Actor, Change, Office, OfficeError, Published, read_json, write_json};
use crate::document::{SiteDocument, TermsDocument};
use crate::settings::{Calendar, Level, Origin, SettingsDocument, Settled};
use crate::why::{Why, why};

/// Where something is set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetAt {
    /// Above the sites.
    Above(Level),
    /// At a site itself.
    Site(SiteId),
}

impl SetAt {
    fn level(&self) -> Level {
        match self {
            Self::Above(level) => level.clone(),
            Self::Site(_) => Level::Site,
        }
    }
}

/// A site and what it comes to.
#[derive(Clone, Debug)]
pub struct SiteStands {
    /// Which.
    pub site: SiteId,
    /// What it says itself.
    pub own: SettingsDocument,
    /// What comes of all levels.
    pub document: SiteDocument,
    /// Where each field came from.
    pub origins: Vec<Origin>,
    /// The named group it is in.
    pub group: Option<String>,
}

/// What every level and site says, as it stands.
#[derive(Clone, Debug)]
pub struct SettingsTree {
    above: Above,
    /// All sites.
    pub sites: Vec<SiteStands>,
}

impl SettingsTree {
    /// The levels above the sites that say something, from far to near.
    pub fn levels(&self) -> &[(Level, SettingsDocument)] {
        &self.above.levels
    }

    /// Calendars of holidays, by name.
    pub fn calendars(&self) -> impl Iterator<Item = (&str, &Calendar)> {
        self.above.calendars.iter().map(|(name, calendar)| (name.as_str(), calendar))
    }

    /// What is said there; nothing where nobody wrote anything.
    pub fn said(&self, at: &SetAt) -> SettingsDocument {
        match at {
            SetAt::Above(level) => {
                let known = self.above.levels.iter().find(|(known, _)| known == level);
                known.map(|(_, document)| document.clone()).unwrap_or_default()
            }
            SetAt::Site(site) => {
                let known = self.sites.iter().find(|known| known.site == *site);
                known.map(|known| known.own.clone()).unwrap_or_default()
            }
        }
    }

    /// The sites that what is set there reaches, whether or not something nearer has its say.
    pub fn below(&self, at: &SetAt) -> impl Iterator<Item = &SiteStands> {
        self.sites.iter().filter(move |one| match at {
            SetAt::Above(level) => self.above.holds(level, (&one.site, &one.own)),
            SetAt::Site(site) => one.site == *site,
        })
    }

    /// What each site there would come to if `document` were said there; mistakes where it could not be.
    pub fn would_be(&self, at: &SetAt, document: &SettingsDocument) -> Vec<(SiteId, Result<Settled, Vec<Why>>)> {
        let mut above = self.above.clone();
        if let SetAt::Above(level) = at {
            above.levels.retain(|(known, _)| known != level);
            above.levels.push((level.clone(), document.clone()));
        }
        let own = |one: &SiteStands| match at {
            SetAt::Above(_) => above.settle(&one.site, &one.own),
            SetAt::Site(_) => above.settle(&one.site, document),
        };
        self.below(at).map(|one| (one.site.clone(), own(one))).collect()
    }

    /// What a site that is not there yet would come to if it said `own` of itself.
    pub fn newcomer(&self, site: &SiteId, own: &SettingsDocument) -> Result<Settled, Vec<Why>> {
        self.above.settle(site, own)
    }

    /// What a site there takes of a field from farther away: the value, and from where.
    pub fn inherited(&self, at: &SetAt, site: &SiteId, field: &str) -> Option<(serde_json::Value, Level)> {
        let level = at.level();
        let origin = self.sites.iter().find(|one| one.site == *site)?.origins.iter().find(|one| one.field == field)?;
        let mut said = std::iter::once(&origin.holds).chain(&origin.lost);
        said.find(|said| said.from < level).map(|said| (said.value.clone(), said.from.clone()))
    }
}

/// How often a version of terms was accepted at a site.
const LATELY: SignedDuration = SignedDuration::from_hours(24);

/// A version of terms, where it is in force, and how many visits accepted it.
#[derive(Clone, Debug)]
pub struct TermsVersion {
    /// What it says.
    pub document: TermsDocument,
    /// When it was written down.
    pub made: Timestamp,
    /// Where it is set.
    pub set: Vec<SetAt>,
    /// The sites where it is in force.
    pub sites: Vec<SiteId>,
    /// Visits that began within the last 24 hours and accepted it.
    pub accepted: u64,
}

impl Office {
    /// What every level and site says.
    pub async fn settings_tree(&self) -> Result<SettingsTree, OfficeError> {
        tree(&mut self.store.read().await?).await
    }

    /// Sets how the portal looks, as far as this level or site says it.
    pub async fn set_look(&self, at: &SetAt, look: &Look, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        let change = |document: &mut SettingsDocument| {
            look.clone_into(&mut document.look);
            Ok(())
        };
        self.change_at(at, (who, "look-set"), change).await
    }

    /// Puts a version of terms in force there; `None`: what is said farther away holds.
    pub async fn set_terms(
        &self,
        at: &SetAt,
        terms: Option<&TermsDocument>,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        let change = |document: &mut SettingsDocument| {
            document.terms = terms.cloned();
            Ok(())
        };
        self.change_at(at, (who, "terms-set"), change).await
    }

    /// Changes what a level or a site says, and publishes what comes of it.
    pub(super) async fn change_at(
        &self,
        at: &SetAt,
        (who, action): (&Actor, &'static str),
        change: impl FnOnce(&mut SettingsDocument) -> Result<(), OfficeError>,
    ) -> Result<Vec<Published>, OfficeError> {
        let level = match at {
            SetAt::Above(level) => level,
            SetAt::Site(site) => return self.change_own(site, (who, action), change).await,
        };
        let mut tx = self.store.write().await?;
        let rows = tx.settings().await?;
        let known = rows.iter().find(|row| (row.level.as_str(), row.name.as_str()) == level.parts());
        if matches!(level, Level::Group(_)) && known.is_none() {
            return Err(OfficeError::not_found("group of settings", level.parts().1));
        }
        let before = known.map(|row| read_json::<SettingsDocument>(&row.document, format!("settings of {level}")));
        let mut document = before.transpose()?.unwrap_or_default();
        change(&mut document)?;
        self.put_level(tx, level, Some(&document), (who, action)).await
    }

    /// Makes a named group of settings that says nothing yet.
    pub async fn make_settings_group(&self, name: &GroupId, who: &Actor) -> Result<(), OfficeError> {
        let tx = self.store.write().await?;
        let level = Level::Group(name.to_string());
        let mut tx = free(tx, name).await?;
        let text = write_json(&SettingsDocument::default(), "the settings")?;
        tx.put_setting(level.parts(), &text, self.now()).await?;
        let object = format!("settings/group/{name}");
        self.note(&mut tx, who, Change { action: "settings-group-make", object, before: "", after: &text }).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Gives a named group of settings another name; its sites stay in it.
    pub async fn rename_settings_group(
        &self,
        name: &GroupId,
        new: &GroupId,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        let mut tx = free(self.store.write().await?, new).await?;
        let row = tx.settings().await?.into_iter().find(|row| row.level == "group" && row.name == name.as_str());
        let row = row.ok_or_else(|| OfficeError::not_found("group of settings", name.as_str()))?;
        tx.put_setting(("group", new.as_str()), &row.document, self.now()).await?;
        for member in tx.members().await?.into_iter().filter(|member| member.of_group == name.as_str()) {
            tx.put_member(&parse_site(&member.site)?, Some(new.as_str())).await?;
        }
        tx.remove_setting(("group", name.as_str())).await?;
        let object = format!("settings/group/{name}");
        let change = Change { action: "settings-group-rename", object, before: name.as_str(), after: new.as_str() };
        self.note(&mut tx, who, change).await?;
        self.settle_all(&mut tx).await?;
        let published = self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        Ok(published)
    }

    /// Every version of terms, the latest first: where it is in force, and how many visits accepted it within a day.
    pub async fn terms_versions(&self) -> Result<Vec<TermsVersion>, OfficeError> {
        let mut tx = self.store.read().await?;
        let tree = tree(&mut tx).await?;
        let since = self.now().checked_sub(LATELY).unwrap_or(Timestamp::MIN);
        let mut accepted = std::collections::BTreeMap::<String, u64>::new();
        for one in &tree.sites {
            for row in tx.accepted_terms(&one.site, since).await? {
                *accepted.entry(row.terms).or_default() += u64::try_from(row.visits).unwrap_or_default();
            }
        }
        let mut found = Vec::new();
        for row in tx.all_terms().await? {
            let document: TermsDocument = read_json(&row.document, format!("terms {}", row.version))?;
            let is = |said: &SettingsDocument| said.terms.as_ref().is_some_and(|terms| terms.version == row.version);
            let above = tree.levels().iter().filter(|(_, said)| is(said)).map(|(level, _)| SetAt::Above(level.clone()));
            let own = tree.sites.iter().filter(|one| is(&one.own)).map(|one| SetAt::Site(one.site.clone()));
            let holds =
                |one: &&SiteStands| one.document.terms.as_ref().is_some_and(|terms| terms.version == row.version);
            found.push(TermsVersion {
                set: above.chain(own).collect(),
                sites: tree.sites.iter().filter(holds).map(|one| one.site.clone()).collect(),
                accepted: accepted.get(&row.version).copied().unwrap_or_default(),
                made: timestamp(row.made),
                document,
            });
        }
        Ok(found)
    }
}

async fn tree(tx: &mut Tx) -> Result<SettingsTree, OfficeError> {
    let mut above = Above::read(tx).await?;
    above.levels.sort_by(|one, other| one.0.cmp(&other.0));
    let mut sites = Vec::new();
    for row in tx.own_documents().await? {
        let site = parse_site(&row.id)?;
        let own: SettingsDocument = read_json(row.own.as_deref().unwrap_or(&row.document), format!("site {site}"))?;
        let settled = above.settle(&site, &own).map_err(OfficeError::Mistakes)?;
        let group = above.members.get(site.as_str()).cloned();
        sites.push(SiteStands { site, own, document: settled.document, origins: settled.origins, group });
    }
    sites.sort_by(|one, other| one.document.name.cmp(&other.document.name));
    Ok(SettingsTree { above, sites })
}

/// The name must not be another group's.
async fn free(mut tx: Tx, name: &GroupId) -> Result<Tx, OfficeError> {
    let taken = tx.settings().await?.iter().any(|row| row.level == "group" && row.name == name.as_str());
    if taken { Err(OfficeError::Refused(why!("settings-group-there", name = name.as_str()))) } else { Ok(tx) }
}
