//! Presets: what the counter may make with one tap.

use gapura_model::{PresetId, SiteId};
use gapura_rules::hours::Zone;
use gapura_session::Plan;
use gapura_store::Tx;
use jiff::Timestamp;

use super::site::{document_of, plans_in};
use super::{Actor, Change, Office, OfficeError, read_json, write_json};
use crate::document::SiteDocument;
use crate::preset::{NoTimeLeft, Preset, PresetMistake, PresetPlace, id_of};

/// A preset as a site's counter offers it.
#[derive(Clone, Debug)]
pub struct Tile {
    /// Which.
    pub id: PresetId,
    /// What it makes.
    pub preset: Preset,
    /// The plan that it opens.
    pub plan: Plan,
    /// When a voucher made now would have to be used before.
    pub until: Result<Timestamp, NoTimeLeft>,
}

/// A preset could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    /// What was written is wrong; all mistakes.
    #[error("the preset has mistakes: {0:?}")]
    Mistakes(Vec<PresetMistake>),
    /// Anything else.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

impl From<gapura_store::StoreError> for PresetError {
    fn from(error: gapura_store::StoreError) -> Self {
        Self::Office(error.into())
    }
}

impl Office {
    /// All presets, in the order of their tiles.
    pub async fn presets(&self) -> Result<Vec<(PresetId, Preset)>, OfficeError> {
        presets_in(&mut self.store.read().await?).await
    }

    /// The tiles of a site's counter, in order.
    pub async fn tiles(&self, site: &SiteId) -> Result<Vec<Tile>, OfficeError> {
        let mut tx = self.store.read().await?;
        let document = document_of(&mut tx, site).await?;
        let plans = plans_in(&mut tx).await?;
        let offered =
            presets_in(&mut tx).await?.into_iter().filter(|(_, preset)| preset.place.takes_in(site, &document));
        Ok(offered
            .filter_map(|(id, preset)| {
                let plan = plans.iter().find(|plan| plan.id == preset.plan)?.clone();
                let until = preset.use_before.until(&document.hours, self.now());
                Some(Tile { id, preset, plan, until })
            })
            .collect())
    }

    /// Adds a preset (without an id) or replaces one.
    pub async fn set_preset(
        &self,
        id: Option<&PresetId>,
        preset: &Preset,
        who: &Actor,
    ) -> Result<PresetId, PresetError> {
        self.check_or_set_preset(id, preset, true, who).await
    }

    /// The zone whose day counts: the site's, or the department's where a preset is for sites of several.
    async fn zone_of(&self, tx: &mut Tx, place: &PresetPlace) -> Result<Zone, OfficeError> {
        let site = match place {
            PresetPlace::Site(site) => tx.site(site).await?,
            PresetPlace::Everywhere | PresetPlace::Kind(_) => None,
        };
        if let Some(row) = site {
            let document: SiteDocument = read_json(&row.document, format!("site {}", row.id))?;
            return Ok(document.hours.zone().clone());
        }
        Ok(self.config.console.as_ref().and_then(|console| console.zone.clone()).unwrap_or_default())
    }

    /// The same; unless `whole`, parts of the form could not be read: what else is wrong is said, and nothing is kept.
    pub async fn check_or_set_preset(
        &self,
        id: Option<&PresetId>,
        preset: &Preset,
        whole: bool,
        who: &Actor,
    ) -> Result<PresetId, PresetError> {
        let mut tx = self.store.write().await?;
        let zone = self.zone_of(&mut tx, &preset.place).await?;
        let mut mistakes = preset.mistakes(zone.date(self.now()));
        if !plans_in(&mut tx).await?.iter().any(|plan| plan.id == preset.plan) {
            mistakes.push(PresetMistake::Plan);
        }
        if let PresetPlace::Site(site) = &preset.place
            && tx.site(site).await?.is_none()
        {
            mistakes.push(PresetMistake::Site);
        }
        if !mistakes.is_empty() || !whole {
            return Err(PresetError::Mistakes(mistakes));
        }
        let known = tx.presets().await?;
        let id = match id {
            Some(id) if known.iter().any(|row| row.id == id.as_str()) => id.clone(),
            Some(id) => return Err(OfficeError::not_found("preset", id.as_str()).into()),
            None => id_of(&preset.name.id, |id| known.iter().any(|row| row.id == id)),
        };
        let before = known.into_iter().find(|row| row.id == id.as_str()).map(|row| row.document).unwrap_or_default();
        let after = write_json(preset, "a preset")?;
        tx.put_preset(id.as_str(), &after, self.now()).await?;
        let change = Change { action: "preset-set", object: format!("preset/{id}"), before: &before, after: &after };
        self.note(&mut tx, who, change).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Removes a preset; vouchers made from it stay good.
    pub async fn remove_preset(&self, id: &PresetId, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let row = tx.presets().await?.into_iter().find(|row| row.id == id.as_str());
        let before = row.ok_or_else(|| OfficeError::not_found("preset", id.as_str()))?.document;
        tx.remove_preset(id.as_str()).await?;
        let change = Change { action: "preset-remove", object: format!("preset/{id}"), before: &before, after: "" };
        self.note(&mut tx, who, change).await?;
        Ok(tx.commit().await?)
    }
}

pub(super) async fn presets_in(tx: &mut Tx) -> Result<Vec<(PresetId, Preset)>, OfficeError> {
    let mut presets = Vec::new();
    for row in tx.presets().await? {
        let damaged = |error: gapura_model::ParseNameError| OfficeError::damaged("a preset's id")(error.into());
        let preset: Preset = read_json(&row.document, format!("preset {}", row.id))?;
        presets.push((row.id.parse().map_err(damaged)?, preset));
    }
    presets.sort_by(|(one, a): &(PresetId, Preset), (two, b)| (a.order, one).cmp(&(b.order, two)));
    Ok(presets)
}
