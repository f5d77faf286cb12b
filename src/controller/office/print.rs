//! The counter makes vouchers from presets, and prints what is kept of them as often as paper jams.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use gapura_model::{GroupId, PlanId, PresetId, SiteId, VoucherCode};
use gapura_rules::hours::Zone;
use gapura_session::Plan;
use gapura_store::{Tx, VoucherRow, timestamp};
use gapura_wire::{PortalBase, Sha256, VoucherTag};
use jiff::{SignedDuration, Timestamp};

use super::preset::presets_in;
use super::publish::{Scope, beats};
use super::site::{document_of, plans_in};
use super::voucher::{Origin, sites_of};
use super::voucher_state::{Lately, VoucherState};
use super::{Actor, Change, Office, OfficeError, Place, Published, VoucherOrder};
use crate::keys::{KeysError, random};
use crate::preset::{MOST_AT_ONCE, NOTE_CHARS, NoTimeLeft, UseBefore};

/// Codes of vouchers without *Pakai sebelum* are kept this long.
pub(super) const KEPT: SignedDuration = SignedDuration::from_hours(24 * 365);

/// What came of a form is known so long: a browser that is opened again the next morning may send it anew.
pub(super) const FORM_KEPT: SignedDuration = SignedDuration::from_hours(48);

/// The key of one form: sent again (a double tap, a reload), it orders nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormKey([u8; 16]);

/// A text is not a form's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a form's key")]
pub struct ParseFormKeyError;

impl FormKey {
    /// A key for a new form.
    pub fn draw() -> Result<Self, KeysError> {
        Ok(Self(random()?))
    }

    /// As it stands in the form: 32 hexadecimal digits.
    pub fn to_text(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }
}

impl FromStr for FormKey {
    type Err = ParseFormKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.len() == 32 && text.bytes().all(|c| c.is_ascii_hexdigit());
        let bits = u128::from_str_radix(text, 16).ok().filter(|_| digits).ok_or(ParseFormKeyError)?;
        Ok(Self(bits.to_be_bytes()))
    }
}

/// Vouchers to be made at a counter.
#[derive(Clone, Debug)]
pub struct PrintOrder {
    /// Where they are good.
    pub site: SiteId,
    /// From this preset, which must be offered there.
    pub preset: PresetId,
    /// So many, 1 to [`MOST_AT_ONCE`].
    pub count: u32,
    /// *Pakai sebelum* in place of the preset's.
    pub use_before: Option<UseBefore>,
    /// What they are for; needed for more than one.
    pub note: String,
    /// The form's key.
    pub form: FormKey,
}

/// What is wrong with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrintMistake {
    /// Not 1 to [`MOST_AT_ONCE`].
    Count,
    /// More than one voucher needs a note.
    NoteMissing,
    /// The note has more than [`NOTE_CHARS`] characters, or characters that do not print.
    NoteUnfit,
    /// The preset is not offered here (any more).
    Preset,
    /// Nobody could use them.
    UseBefore(NoTimeLeft),
}

/// Vouchers were not made.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// The order is wrong; all mistakes.
    #[error("the order has mistakes: {0:?}")]
    Mistakes(Vec<PrintMistake>),
    /// Anything else.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

impl From<gapura_store::StoreError> for PrintError {
    fn from(error: gapura_store::StoreError) -> Self {
        Self::Office(error.into())
    }
}

/// Vouchers that were made, now or when the same form came before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// Their batch.
    pub batch: String,
    /// The form had been sent before: nothing more was made.
    pub again: bool,
    /// The bundles that carry them to the router.
    pub published: Vec<Published>,
}

/// What is to stand on paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// A batch; perhaps only what nobody has used.
    Batch {
        /// Its name.
        batch: String,
        /// Leave out what is in use.
        only_unused: bool,
    },
    /// One voucher.
    One(VoucherTag),
}

/// Vouchers to stand on paper.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// What the service is called there; the site's name where it has no other.
    pub network: String,
    /// The site's name.
    pub site: String,
    /// Its Wi-Fi network.
    pub wifi: Option<String>,
    /// The site's zone.
    pub zone: Zone,
    /// The plan they open; none if it is gone.
    pub plan: Option<Plan>,
    /// Their batch.
    pub batch: String,
    /// The preset they were made from; empty for none.
    pub preset: String,
    /// How many there are in the batch.
    pub amount: usize,
    /// What they are for.
    pub note: String,
    /// When they were made.
    pub made: Timestamp,
    /// Who made them.
    pub maker: String,
    /// Where the portal is, for people to type; none until a gateway has said.
    pub portal: Option<String>,
    /// In order.
    pub vouchers: Vec<PrintedVoucher>,
}

/// One voucher on paper.
#[derive(Clone, Debug)]
pub struct PrintedVoucher {
    /// Its place in its batch, from 1.
    pub number: i64,
    /// Its code.
    pub code: VoucherCode,
    /// What its QR code says; none until the site's gateway has said where its portal is.
    pub link: Option<String>,
    /// *Waktu pakai*; none = what the plan says.
    pub use_time: Option<Duration>,
    /// *Pakai sebelum*.
    pub use_before: Option<Timestamp>,
    /// Devices at once; none = what the plan says.
    pub devices: Option<i64>,
}

impl Office {
    /// Makes vouchers from a preset, once for each form.
    pub async fn print_vouchers(&self, order: &PrintOrder, who: &Actor) -> Result<Printed, PrintError> {
        self.print_at(Place::Site(order.site.clone()), order, who).await
    }

    /// The same for a group of sites, of which the order names the first: by its hours *Pakai sebelum* is reckoned.
    pub async fn print_group_vouchers(
        &self,
        group: &GroupId,
        order: &PrintOrder,
        who: &Actor,
    ) -> Result<Printed, PrintError> {
        self.print_at(Place::Group(group.clone()), order, who).await
    }

    async fn print_at(&self, place: Place, order: &PrintOrder, who: &Actor) -> Result<Printed, PrintError> {
        let mut tx = self.store.write().await?;
        if let Some(batch) = tx.print_of_form(&order.site, &order.form.0).await? {
            return Ok(Printed { batch, again: true, published: Vec::new() });
        }
        let document = document_of(&mut tx, &order.site).await?;
        let note: String = order.note.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut mistakes = Vec::new();
        if !(1..=MOST_AT_ONCE).contains(&order.count) {
            mistakes.push(PrintMistake::Count);
        }
        if note.is_empty() && order.count > 1 {
            mistakes.push(PrintMistake::NoteMissing);
        }
        if note.chars().count() > NOTE_CHARS || note.chars().any(char::is_control) {
            mistakes.push(PrintMistake::NoteUnfit);
        }
        let preset = presets_in(&mut tx).await?.into_iter().find(|(id, _)| *id == order.preset);
        let mut offered = preset.is_some();
        for site in sites_of(&mut tx, &place).await? {
            let at = document_of(&mut tx, &site).await?;
            offered &= preset.as_ref().is_some_and(|(_, preset)| preset.place.takes_in(&site, &at));
        }
        let preset = preset.map(|(_, preset)| preset).filter(|_| offered);
        let rule = order.use_before.or(preset.as_ref().map(|preset| preset.use_before));
        let until = rule.map(|rule| rule.until(&document.hours, self.now()));
        if let Some(Err(why)) = until {
            mistakes.push(PrintMistake::UseBefore(why));
        }
        let (Some(preset), Some(Ok(until)), true) = (preset.as_ref(), until, mistakes.is_empty()) else {
            mistakes.extend(preset.is_none().then_some(PrintMistake::Preset));
            return Err(PrintError::Mistakes(mistakes));
        };
        let order_made = VoucherOrder {
            place,
            plan: preset.plan.clone(),
            count: order.count,
            use_time: preset.use_minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60)),
            use_before: Some(until),
            devices: preset.devices,
            note,
        };
        let origin = Origin { form: Some(&order.form.0), preset: order.preset.as_str() };
        let made = self.make_vouchers_in(&mut tx, &order_made, origin, who).await?;
        tx.commit().await?;
        Ok(Printed { batch: made.batch, again: false, published: made.published })
    }

    /// Opens the codes that are to stand on paper, and notes that somebody saw them.
    pub async fn sheet(&self, site: &SiteId, which: &Which, who: &Actor) -> Result<Sheet, OfficeError> {
        let mut tx = self.store.write().await?;
        let document = document_of(&mut tx, site).await?;
        let missing = || OfficeError::not_found("voucher whose code is kept", site.as_str());
        let batch = match which {
            Which::Batch { batch, .. } => batch.clone(),
            Which::One(tag) => tx.voucher(site, tag.as_bytes()).await?.ok_or_else(missing)?.batch,
        };
        let totals = tx.prints(site, &batch, 1, (1, 0)).await?.into_iter().next();
        let totals = totals.ok_or_else(|| OfficeError::not_found("batch", batch.as_str()))?;
        let rows = tx.vouchers_of_batch(site, &batch).await?;
        let sealed = tx.sealed_codes(site, &batch).await?;
        let sealed: BTreeMap<Vec<u8>, Vec<u8>> = sealed.into_iter().map(|row| (row.tag, row.sealed)).collect();
        let lately = Lately::read(&mut tx, (site, &document), self.now()).await?;
        let wanted = |row: &VoucherRow| match which {
            Which::One(tag) => row.tag == tag.as_bytes(),
            Which::Batch { only_unused, .. } => match lately.state(row) {
                VoucherState::Unused => true,
                VoucherState::Used { .. } => !only_unused,
                VoucherState::UsedUp { .. } | VoucherState::Withdrawn { .. } | VoucherState::Past { .. } => false,
            },
        };
        let base = portal_of(&mut tx, site).await?;
        let mut vouchers = Vec::new();
        for row in rows.iter().filter(|row| wanted(row)) {
            let Some(kept) = sealed.get(&row.tag).and_then(|text| self.keys.vault.open(site.as_str(), &row.tag, text))
            else {
                continue;
            };
            vouchers.push(PrintedVoucher {
                number: row.number,
                link: base.as_ref().map(|base| base.at(&format!("/v/{}", kept.token.to_text()))),
                code: kept.code,
                use_time: row.use_time.and_then(|time| u64::try_from(time).ok()).map(Duration::from_secs),
                use_before: row.use_before.map(timestamp),
                devices: row.devices,
            });
        }
        if vouchers.is_empty() {
            return Err(missing());
        }
        let after = format!("batch {batch}: {} codes shown for printing", vouchers.len());
        let change = Change { action: "voucher-print", object: format!("site/{site}"), before: "", after: &after };
        self.note(&mut tx, who, change).await?;
        let plan: Option<PlanId> = totals.plan.parse().ok();
        let plan = plans_in(&mut tx).await?.into_iter().find(|known| Some(&known.id) == plan.as_ref());
        tx.commit().await?;
        Ok(Sheet {
            network: document.look.name.clone().unwrap_or_else(|| document.name.clone()),
            site: document.name,
            preset: totals.preset,
            wifi: document.wifi,
            zone: document.hours.zone().clone(),
            plan,
            batch,
            amount: rows.len(),
            note: totals.note,
            made: timestamp(totals.made),
            maker: totals.maker,
            portal: base.map(|base| base.host().to_owned()),
            vouchers,
        })
    }

    /// Withdraws one voucher of the site itself.
    pub async fn revoke_tag(&self, site: &SiteId, tag: &VoucherTag, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        if !tx.revoke_voucher(site, tag.as_bytes(), self.now()).await? {
            return Err(OfficeError::not_found("voucher of this site alone that is still good", tag.to_string()));
        }
        self.revoked(tx, site, &format!("voucher {tag} withdrawn"), who).await
    }

    /// Withdraws what nobody has used of a batch; how many that were.
    pub async fn revoke_unused(&self, site: &SiteId, batch: &str, who: &Actor) -> Result<u64, OfficeError> {
        let mut tx = self.store.write().await?;
        let document = document_of(&mut tx, site).await?;
        let lately = Lately::read(&mut tx, (site, &document), self.now()).await?;
        let mut count = 0;
        for row in tx.vouchers_of_batch(site, batch).await? {
            let tag = <[u8; 32]>::try_from(row.tag.as_slice()).unwrap_or_default();
            if lately.state(&row) == VoucherState::Unused && tx.revoke_voucher(site, &tag, self.now()).await? {
                count += 1;
            }
        }
        if count == 0 {
            return Err(OfficeError::not_found("batch of this site alone with vouchers nobody used", batch));
        }
        self.revoked(tx, site, &format!("batch {batch}: {count} unused vouchers withdrawn"), who).await?;
        Ok(count)
    }

    async fn revoked(&self, mut tx: Tx, site: &SiteId, after: &str, who: &Actor) -> Result<(), OfficeError> {
        let change = Change { action: "voucher-revoke", object: format!("site/{site}"), before: "", after };
        self.note(&mut tx, who, change).await?;
        self.publish_in(&mut tx, Scope::Site(site)).await?;
        Ok(tx.commit().await?)
    }
}

/// What came of a form that was carried out before.
pub(super) async fn result_of(
    tx: &mut Tx,
    site: &SiteId,
    form: Option<&FormKey>,
) -> Result<Option<String>, OfficeError> {
    match form {
        Some(form) => Ok(tx.result_of_form(site, &form.to_text()).await?),
        None => Ok(None),
    }
}

/// Where the site's gateway says that visitors reach its portal; the latest word.
async fn portal_of(tx: &mut Tx, site: &SiteId) -> Result<Option<PortalBase>, OfficeError> {
    let reports = tx.reports().await?;
    let said = beats(&reports, site).filter_map(|(heard, beat)| Some((heard, beat.portal?)));
    Ok(said.max_by_key(|(heard, _)| *heard).map(|(_, portal)| portal))
}

/// The tag of a voucher as pages write it.
pub(super) fn tag_of(row: &VoucherRow) -> Result<VoucherTag, OfficeError> {
    let damaged = || OfficeError::damaged("a voucher")("its tag is not 32 bytes".into());
    row.tag.as_slice().try_into().map(Sha256::from_bytes).map_err(|_| damaged())
}
