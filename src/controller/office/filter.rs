//! The content filter's part of a site's bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use gapura_model::SiteId;
use gapura_rules::sop::{Layer, MOST_CLAUSES, Place, Sop};
use gapura_store::{IndexRow, SopRow, SopState, Tx, timestamp};
use gapura_wire::{Filter, IndexRef, Sha256, SopDraft, SopRevision, ZoneForward};

use super::rollout::reached;
use super::sop::{begun_everywhere, label, read_published};
use super::{Office, OfficeError};
use crate::document::SiteDocument;
use crate::why::why;

/// What all sites' filters are made of, read once for all of them.
pub(super) struct Ground {
    sops: Vec<(Sop, SopRevision, Reach)>,
    drafts: Vec<(Sop, SopDraft)>,
    index: Option<IndexRef>,
    /// Sites with appeals to be answered; `None`: each is to be asked for.
    appeals: Option<BTreeSet<String>>,
}

impl Ground {
    /// Only these sites have appeals to be answered.
    pub(super) fn only_appeals_of(&mut self, sites: BTreeSet<String>) {
        self.appeals = Some(sites);
    }
}

/// Which sites have a published SOP.
enum Reach {
    /// All it is for.
    All,
    /// Those whose waves have begun: the others keep the revision before.
    Only(BTreeSet<String>),
}

impl Reach {
    fn takes(&self, site: &SiteId) -> bool {
        match self {
            Self::All => true,
            Self::Only(sites) => sites.contains(site.as_str()),
        }
    }
}

impl Office {
    pub(super) async fn ground(&self, tx: &mut Tx) -> Result<Ground, OfficeError> {
        let mut sops = Vec::new();
        let mut reached = reached(tx).await?;
        for row in tx.sops_in(SopState::Published).await? {
            let reach = reached.remove(&row.id).map_or(Reach::All, Reach::Only);
            sops.push((self.read_sop(&row)?, revision(&row)?, reach));
        }
        sops.sort_by(|(_, one, _), (_, other, _)| {
            (one.layer, &one.number, one.revision).cmp(&(other.layer, &other.number, other.revision))
        });
        let mut drafts = Vec::new();
        for row in tx.sops_on_trial(self.now()).await? {
            let damaged = || OfficeError::damaged(label(&row))("its trial is not what was written".into());
            let id = row.trial.as_deref().and_then(|id| id.parse().ok()).ok_or_else(damaged)?;
            let until = row.trial_until.map(timestamp).ok_or_else(damaged)?;
            drafts.push((self.read_sop(&row)?, SopDraft { id, sop: revision(&row)?, until }));
        }
        let index = tx.last_index().await?.map(|row| index_ref(&row)).transpose()?;
        Ok(Ground { sops, drafts, index, appeals: None })
    }

    fn read_sop(&self, row: &SopRow) -> Result<Sop, OfficeError> {
        let unread = || OfficeError::damaged(label(row))("it was readable when it was approved".into());
        read_published(row, &self.catalogue()).ok_or_else(unread)
    }

    /// A site's filter; `None` where nothing of it was ever set up, so that the site stays as it is.
    pub(super) async fn filter(
        &self,
        tx: &mut Tx,
        ground: &Ground,
        (id, document): (&SiteId, &SiteDocument),
    ) -> Result<Option<Filter>, OfficeError> {
        let place = place(id, document);
        let here = |sop: &Sop| sop.scope().takes_place(&place);
        let today = begun_everywhere(self.now());
        // A site of a wave that has begun has done with the revisions before; elsewhere they are still in force.
        let outlived = |one: &SopRevision| {
            ground.sops.iter().any(|(sop, other, reach)| {
                let same = other.layer == one.layer && other.number == one.number;
                same && other.revision > one.revision && reach.takes(id) && sop.effective_from() <= today
            })
        };
        let holds =
            |(sop, revision, reach): &&(Sop, SopRevision, Reach)| here(sop) && reach.takes(id) && !outlived(revision);
        let sops: Vec<&Sop> = ground.sops.iter().filter(holds).map(|(sop, ..)| sop).collect();
        let clauses: usize = sops.iter().map(|sop| sop.clause_count()).sum();
        if clauses > MOST_CLAUSES {
            let why = why!("site-clauses", site = id.as_str(), clauses = clauses, most = MOST_CLAUSES);
            return Err(OfficeError::Mistakes(vec![why]));
        }
        let appeal_answers = match &ground.appeals {
            Some(sites) if !sites.contains(id.as_str()) => Vec::new(),
            Some(_) | None => self.answers(tx, id, &sops).await?,
        };
        let groups = document.devices.iter().filter_map(|known| Some((known.device.mac, known.policy_group.clone()?)));
        let forwards = document.filter.forward.iter().map(|forward| ZoneForward {
            zone: forward.zone.trim_end_matches('.').to_ascii_lowercase(),
            servers: forward.servers.iter().map(|address| SocketAddr::new(*address, 53)).collect(),
        });
        let filter = Filter {
            sops: ground.sops.iter().filter(holds).map(|(_, revision, _)| revision.clone()).collect(),
            index: ground.index,
            plan_groups: BTreeMap::new(),
            device_groups: groups.collect(),
            class_groups: document.filter.class_groups.clone(),
            without_index: document.filter.without_index,
            forwards: forwards.collect(),
            drafts: ground.drafts.iter().filter(|(sop, _)| here(sop)).map(|(_, draft)| draft.clone()).collect(),
            appeal_answers,
        };
        let set_up = !(filter.sops.is_empty()
            && filter.drafts.is_empty()
            && filter.forwards.is_empty()
            && filter.appeal_answers.is_empty());
        Ok(set_up.then_some(filter))
    }
}

/// Where a site is, as SOPs see it.
pub(super) fn place(id: &SiteId, document: &SiteDocument) -> Place {
    Place {
        site: id.clone(),
        kind: document.kind,
        agency: document.agency.clone(),
        regency: document.regency.clone(),
        zone: document.hours.zone().clone(),
    }
}

fn revision(row: &SopRow) -> Result<SopRevision, OfficeError> {
    let damaged = || OfficeError::damaged(label(row))("its layer, number or hash is not what was written".into());
    let hash = |bytes: &[u8]| bytes.try_into().map(Sha256::from_bytes).map_err(|_| damaged());
    let layer = Layer::ALL.into_iter().find(|layer| layer.name() == row.layer).ok_or_else(damaged)?;
    Ok(SopRevision {
        layer,
        number: row.number.clone(),
        revision: u32::try_from(row.revision).map_err(|_| damaged())?,
        sha256: hash(&row.sha256)?,
        text: row.document.clone(),
        decree: row.decree.as_deref().map(hash).transpose()?,
    })
}

fn index_ref(row: &IndexRow) -> Result<IndexRef, OfficeError> {
    let damaged = || OfficeError::damaged("an index's entry")("its root or size is not what was written".into());
    Ok(IndexRef {
        version: u64::try_from(row.version).map_err(|_| damaged())?,
        root: row.root.as_slice().try_into().map(Sha256::from_bytes).map_err(|_| damaged())?,
        octets: u64::try_from(row.octets).map_err(|_| damaged())?,
    })
}
