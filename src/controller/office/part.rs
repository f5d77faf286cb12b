//! What staff set of a site or a level by one form each, and a site made in one go.

use std::collections::BTreeSet;

use gapura_model::{PlanId, PolicyGroup, SiteId, SiteKind};
use gapura_store::{PlaceRow, millis};
use gapura_wire::{Garden, InDoubt, Notice, Text, Uplink, WaysIn, WithoutIndex, limits};

use super::levels::SetAt;
use super::network::place_words;
use super::publish::Scope;
use super::{Actor, Change, Office, OfficeError, Published};
use crate::document::ForwardDocument;
use crate::settings::SettingsDocument;
use crate::why::why;

/// The text of the portal that says where the counter is.
const COUNTER: &str = "help-counter";

/// What one form sets of a level's or site's settings; `None`: what is said farther away holds.
#[derive(Clone, Debug, PartialEq)]
pub enum SetPart {
    /// What a site is; only at a site.
    Identity {
        /// Its name for people.
        name: String,
        /// What sort of place.
        kind: SiteKind,
        /// The agency that runs it.
        agency: String,
        /// Its regency.
        regency: String,
    },
    /// Where visitors find help, and the network's name on paper.
    Contact {
        /// A counter, a telephone number.
        contact: Option<String>,
        /// Where the counter is, on the portal's page of help.
        counter: Option<Text>,
        /// The name of the Wi-Fi network.
        wifi: Option<String>,
    },
    /// The ways in, and the plans of those without a voucher.
    Ways {
        /// Which are offered.
        ways: Option<WaysIn>,
        /// The plan of one-tap visits.
        one_tap: Option<PlanId>,
        /// The plan of visits that staff open.
        staff: Option<PlanId>,
    },
    /// The uplink's speed.
    Uplink(Option<Uplink>),
    /// What is open before login.
    Garden(Option<Vec<Garden>>),
    /// What holds while a router does not know the time, or has no index of lists.
    Doubt {
        /// While the clock is in doubt.
        in_doubt: Option<InDoubt>,
        /// While there is no index of lists.
        without_index: Option<WithoutIndex>,
    },
    /// Groups that staff may give to a class for its time.
    ClassGroups(Option<BTreeSet<PolicyGroup>>),
    /// Zones with name servers of their own.
    Forward(Option<Vec<ForwardDocument>>),
    /// Whether visits have public ports of their own, and the usage log says which.
    Nat(Option<bool>),
}

impl SetPart {
    const fn action(&self) -> &'static str {
        match self {
            Self::Identity { .. } => "identity-set",
            Self::Contact { .. } => "contact-set",
            Self::Ways { .. } => "ways-set",
            Self::Uplink(_) => "uplink-set",
            Self::Garden(_) => "garden-set",
            Self::Doubt { .. } => "doubt-set",
            Self::ClassGroups(_) => "class-groups-set",
            Self::Forward(_) => "forward-set",
            Self::Nat(_) => "nat-set",
        }
    }

    /// Writes it into what a level or site says; the rest stays.
    pub fn put(&self, said: &mut SettingsDocument) {
        match self.clone() {
            Self::Identity { name, kind, agency, regency } => {
                (said.name, said.kind) = (Some(name), Some(kind));
                (said.agency, said.regency) = (Some(agency), Some(regency));
            }
            Self::Contact { contact, counter, wifi } => {
                (said.contact, said.wifi) = (contact, wifi);
                said.look.texts.remove(COUNTER);
                said.look.texts.extend(counter.map(|text| (COUNTER.to_owned(), text)));
            }
            Self::Ways { ways, one_tap, staff } => {
                (said.ways, said.one_tap_plan, said.staff_plan) = (ways, one_tap, staff);
            }
            Self::Uplink(uplink) => said.uplink = uplink,
            Self::Garden(garden) => said.garden = garden,
            Self::Doubt { in_doubt, without_index } => {
                (said.in_doubt, said.filter.without_index) = (in_doubt, without_index);
            }
            Self::ClassGroups(groups) => said.filter.class_groups = groups,
            Self::Forward(forward) => said.filter.forward = forward,
            Self::Nat(on) => said.nat_attribution = on,
        }
    }
}

impl Office {
    /// Makes a site of this id; `place` is the village where a mobile centre stands.
    pub async fn make_site(
        &self,
        id: &SiteId,
        own: &SettingsDocument,
        place: Option<&str>,
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        let place = place.map(str::trim).filter(|place| !place.is_empty());
        place.map_or(Ok(()), place_words)?;
        let mut tx = self.store.write().await?;
        if tx.site(id).await?.is_some() {
            return Err(OfficeError::Mistakes(vec![why!("site-there", site = id.as_str()).at("id")]));
        }
        self.put_own(&mut tx, id, own, (who, "site-make")).await?;
        if let Some(place) = place.filter(|_| own.kind == Some(SiteKind::Mplik)) {
            let row = PlaceRow {
                site: id.as_str().to_owned(),
                since: millis(self.now()),
                place: place.to_owned(),
                staff: who.name.clone(),
                reason: who.reason.clone(),
            };
            tx.add_place(&row).await?;
            let change = Change { action: "site-move", object: format!("site/{id}"), before: "", after: place };
            self.note(&mut tx, who, change).await?;
        }
        let published = self.publish_in(&mut tx, Scope::Site(id)).await?;
        tx.commit().await?;
        Ok(published)
    }

    /// Sets one part of what a level or a site says.
    pub async fn set_part(&self, at: &SetAt, part: &SetPart, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        let change = |said: &mut SettingsDocument| {
            part.put(said);
            Ok(())
        };
        self.change_at(at, (who, part.action()), change).await
    }

    /// Adds a notice there; those that are over are taken away.
    pub async fn add_notice(&self, at: &SetAt, notice: &Notice, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        let now = self.now();
        let mut mistakes = Vec::new();
        let longest = notice.text.id.len().max(notice.text.en.len());
        if notice.text.id.trim().is_empty() || longest > limits::SHOWN_BYTES {
            mistakes.push(why!("notice-text").at("text"));
        }
        if notice.until <= now {
            mistakes.push(why!("notice-until").at("until"));
        }
        if !mistakes.is_empty() {
            return Err(OfficeError::Mistakes(mistakes));
        }
        let change = |said: &mut SettingsDocument| {
            said.notices.retain(|one| one.until > now && one != notice);
            said.notices.push(notice.clone());
            Ok(())
        };
        self.change_at(at, (who, "notice-add"), change).await
    }

    /// Takes a notice away that was set there.
    pub async fn remove_notice(&self, at: &SetAt, notice: &Notice, who: &Actor) -> Result<Vec<Published>, OfficeError> {
        let change = |said: &mut SettingsDocument| {
            let before = said.notices.len();
            said.notices.retain(|one| one != notice);
            let found = said.notices.len() < before;
            if found { Ok(()) } else { Err(OfficeError::not_found("notice", &notice.text.id)) }
        };
        self.change_at(at, (who, "notice-remove"), change).await
    }
}
