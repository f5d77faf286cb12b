//! Devices that a site's staff know: PC seats, devices that are always online, devices that are kept out.

use gapura_model::{MacAddr, SiteId};
use gapura_store::{SeatRow, Tx};
use gapura_wire::DeviceRole;

use super::publish::Scope;
use super::settings::own_of;
use super::{Actor, Office, OfficeError, Published};
use crate::document::SiteDevice;
use crate::settings::SettingsDocument;
use crate::why::{Why, why};

/// The longest name of a device, in characters: it stands on a seat's tile.
pub const DEVICE_CHARS: usize = 30;

impl Office {
    /// Adds a device to those that a site knows, or (`was`) changes one; a seat that is called otherwise keeps its state.
    pub async fn put_device(
        &self,
        site: &SiteId,
        was: Option<MacAddr>,
        device: &SiteDevice,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        let mut tx = self.store.write().await?;
        let mut own = said(&mut tx, site).await?;
        let mut devices = own.devices.take().unwrap_or_default();
        let place = was.map(|was| at(&devices, was)).transpose()?;
        let others = devices.iter().enumerate().filter(|(index, _)| Some(*index) != place).map(|(_, other)| other);
        let mistakes = mistakes(device, others);
        if !mistakes.is_empty() {
            return Err(OfficeError::Mistakes(mistakes));
        }
        let old = place.and_then(|place| devices.get_mut(place)).map(|known| std::mem::replace(known, device.clone()));
        if old.is_none() {
            devices.push(device.clone());
        }
        own.devices = Some(devices);
        let renamed = old.filter(|old| old.device.label != device.device.label);
        if let Some(old) = renamed.filter(|old| [old, device].iter().all(|one| one.device.role == DeviceRole::Seat)) {
            let row = tx.seats(site).await?.into_iter().find(|row| row.seat == old.device.label);
            if let Some(row) = row {
                tx.put_seat(&SeatRow { seat: device.device.label.clone(), ..row.clone() }).await?;
                tx.put_seat(&SeatRow { broken: 0, ticket: None, until: None, ..row }).await?;
            }
        }
        self.keep(tx, site, &own, (who, "device-set")).await
    }

    /// Forgets a device of a site.
    pub async fn remove_device(
        &self,
        site: &SiteId,
        device: MacAddr,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        let mut tx = self.store.write().await?;
        let mut own = said(&mut tx, site).await?;
        let mut devices = own.devices.take().unwrap_or_default();
        let place = at(&devices, device)?;
        devices.remove(place);
        own.devices = Some(devices);
        self.keep(tx, site, &own, (who, "device-remove")).await
    }

    async fn keep(
        &self,
        mut tx: Tx,
        site: &SiteId,
        own: &SettingsDocument,
        noted: (&Actor, &'static str),
    ) -> Result<Vec<Published>, OfficeError> {
        self.put_own(&mut tx, site, own, noted).await?;
        let published = self.publish_in(&mut tx, Scope::Site(site)).await?;
        tx.commit().await?;
        Ok(published)
    }
}

async fn said(tx: &mut Tx, site: &SiteId) -> Result<SettingsDocument, OfficeError> {
    own_of(tx, site).await?.ok_or_else(|| OfficeError::not_found("site", site.as_str()))
}

fn at(devices: &[SiteDevice], mac: MacAddr) -> Result<usize, OfficeError> {
    let known = devices.iter().position(|known| known.device.mac == mac);
    known.ok_or_else(|| OfficeError::not_found("device", mac.to_string()))
}

/// What is wrong with a device beside the others.
fn mistakes<'a>(one: &SiteDevice, others: impl Iterator<Item = &'a SiteDevice>) -> Vec<Why> {
    let (device, mut found) = (&one.device, Vec::new());
    let label = device.label.trim();
    if label.is_empty() || label.chars().count() > DEVICE_CHARS || label.contains(char::is_control) {
        found.push(why!("text-length", most = DEVICE_CHARS).at("label"));
    }
    if device.mac.is_multicast() {
        found.push(why!("device-group", address = device.mac.to_string()).at("mac"));
    }
    for other in others.map(|other| &other.device) {
        if other.mac == device.mac {
            found.push(why!("device-known", address = device.mac.to_string(), label = &other.label).at("mac"));
        }
        // Two seats of one name would be one to the counter.
        if [other, device].iter().all(|one| one.role == DeviceRole::Seat) && other.label == device.label {
            found.push(why!("seat-twice", label = &device.label).at("label"));
        }
    }
    found
}
