//! From the database to each site's signed bundle: generation + 1, immutable, only when something changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use gapura_model::{Generation, Secret, SiteId};
use gapura_session::Plan;
use gapura_store::{
    AccountRow, FaqRow, NewBundle, NewestBundle, PlaceRow, ReportRow, SiteRow, Tx, VoucherRow, timestamp,
};
use gapura_wire::{
    AccountChange, Bundle, BundleMistake, Epoch, EpochKey, Heartbeat, Sha256, Site, Terms, VERSION, Voucher,
    VoucherKey, overbooked,
};
use jiff::{SignedDuration, Timestamp};

use super::filter::Ground;
use super::site::{overbooked_words, parse_site, plans_in};
use super::{Actor, Office, OfficeError, read_json};
use crate::document::{SiteDocument, plan_words};
use crate::keys::random;
use crate::why::{Why, why};

/// A bundle was published.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Published {
    /// For this site.
    pub site: SiteId,
    /// Under this number.
    pub generation: Generation,
}

/// Whose bundles a change may touch.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scope<'a> {
    All,
    Site(&'a SiteId),
}

/// Sites whose bundles are made from what one query each brings: so publishing does not grow with the square of the sites.
const AT_ONCE: usize = 200;

/// What the bundles of all sites are made of.
struct Common {
    plans: Vec<Plan>,
    ground: Ground,
    /// The newest generation that a router of each site says it runs.
    running: BTreeMap<String, u64>,
    /// Sites with requests to be answered; `None`: each is to be asked for.
    requests: Option<BTreeSet<String>>,
    accounts: Vec<AccountRow>,
    faq: Vec<FaqRow>,
    /// By regency.
    epoch_keys: BTreeMap<String, Vec<EpochKey>>,
}

/// What is some sites' own.
struct Own {
    vouchers: BTreeMap<String, Vec<VoucherRow>>,
    places: BTreeMap<String, PlaceRow>,
    bundles: BTreeMap<String, NewestBundle>,
}

/// Pseudonym keys for so many months from now on stand in a bundle.
const MONTHS_AHEAD: usize = 4;

/// Vouchers that ended or were withdrawn stand in bundles this much longer, so that the portal can say why.
pub(super) const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 60);

/// Bundles that were followed by others are kept so long: each print at a counter publishes one with all the site's vouchers.
pub(super) const KEPT: SignedDuration = SignedDuration::from_hours(24 * 2);

/// Changes of accounts stand in bundles for as long as a gateway may keep a verifier, and a day.
const ACCOUNT_CHANGES: SignedDuration = SignedDuration::from_hours(24 * 31);

/// A router that runs a newer bundle than this database knows (restored from a backup) is overtaken, if it is not farther
/// ahead than this: a router must not be able to push a site's numbers to their end.
const FARTHEST: u64 = 1_000_000;

impl Office {
    /// Publishes every bundle whose content has changed (new month's keys, vouchers long over); which ones.
    pub async fn publish_due(&self) -> Result<Vec<Published>, OfficeError> {
        let mut tx = self.store.write().await?;
        let calendar = Actor { name: "gapura".to_owned(), reason: "the later revision is in force".to_owned() };
        self.replace_sops(&mut tx, &calendar).await?;
        let published = self.publish_in(&mut tx, Scope::All).await?;
        tx.commit().await?;
        Ok(published)
    }

    /// Publishes the bundle of one site if it has changed, or if a router runs a newer one than is known here.
    pub(super) async fn publish_for(&self, site: &SiteId) -> Result<Vec<Published>, OfficeError> {
        let mut tx = self.store.write().await?;
        let published = self.publish_in(&mut tx, Scope::Site(site)).await?;
        tx.commit().await?;
        Ok(published)
    }

    /// Takes note of what any process published after `known`; the number of the newest publication.
    pub(crate) async fn look_for_publications(&self, known: i64) -> Result<i64, OfficeError> {
        let number = self.store.publication().await?;
        if number != known {
            // All of that publication is there: what is read now is at least as new as the number.
            let rows = self.store.published_since(known.min(number)).await?;
            let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
            newest.extend(rows.into_iter().map(|row| (row.site, row.generation)));
        }
        Ok(number)
    }

    /// Whether something newer than `after` was published for a site while this process runs.
    pub(crate) fn published_lately(&self, site: &SiteId, after: Generation) -> bool {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let number = newest.get(site.as_str()).and_then(|number| u64::try_from(*number).ok());
        number.is_some_and(|number| number > after.get())
    }

    pub(super) async fn publish_in(&self, tx: &mut Tx, scope: Scope<'_>) -> Result<Vec<Published>, OfficeError> {
        let rows = match scope {
            Scope::All => tx.sites().await?,
            Scope::Site(id) => tx.site(id).await?.into_iter().collect(),
        };
        let mut common = self.common(tx, scope).await?;
        let mut published = Vec::new();
        for some in rows.chunks(AT_ONCE) {
            let names: Vec<&str> = some.iter().map(|row| row.id.as_str()).collect();
            let since = self.now().checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
            let mut own = Own {
                vouchers: tx.vouchers_alive(&names, since).await?,
                places: tx.newest_places(&names).await?,
                bundles: tx.newest_bundles(&names).await?,
            };
            let mut new = Vec::new();
            for row in some {
                new.extend(self.next_bundle(tx, row, (&mut common, &mut own)).await?);
            }
            tx.add_bundles(&new, self.now()).await?;
            published.extend(new.into_iter().map(|one| Published { site: one.site, generation: one.generation }));
        }
        Ok(published)
    }

    /// What the bundles of all sites are made of, read once.
    async fn common(&self, tx: &mut Tx, scope: Scope<'_>) -> Result<Common, OfficeError> {
        let (plans, mut ground) = (plans_in(tx).await?, self.ground(tx).await?);
        let (reports, requests) = match scope {
            Scope::All => {
                ground.only_appeals_of(tx.sites_with_appeals(self.answered_since()).await?);
                (tx.reports().await?, Some(tx.sites_with_requests(self.answered_since()).await?))
            }
            Scope::Site(site) => (tx.reports_of(site).await?, None),
        };
        let mut running: BTreeMap<String, u64> = BTreeMap::new();
        for report in &reports {
            let beat = report.heartbeat.as_deref().and_then(|text| serde_json::from_str::<Heartbeat>(text).ok());
            if let Some(beat) = beat.filter(|_| report.heard.is_some()) {
                let most = running.entry(report.site.clone()).or_default();
                *most = beat.generation.get().max(*most);
            }
        }
        let (accounts, faq) = (tx.accounts().await?, tx.all_faq().await?);
        Ok(Common { plans, ground, running, requests, accounts, faq, epoch_keys: BTreeMap::new() })
    }

    /// The next bundle of a site, unless it would be the same, or nothing overtook it.
    async fn next_bundle(
        &self,
        tx: &mut Tx,
        row: &SiteRow,
        (common, own): (&mut Common, &mut Own),
    ) -> Result<Option<NewBundle>, OfficeError> {
        let now = self.now();
        let mut bundle = self.content(tx, row, (common, own)).await?;
        let overbooked = overbooked(&bundle.parts(), bundle.uplink);
        let wrong = bundle.mistakes().into_iter().map(bundle_words).chain(overbooked.iter().map(overbooked_words));
        let wrong: Vec<Why> = wrong.map(|why| why!("at-site", site = bundle.site.id.as_str(), why = why)).collect();
        if !wrong.is_empty() {
            return Err(OfficeError::Mistakes(wrong));
        }
        let content = serde_json::to_vec(&bundle).map_err(|error| OfficeError::Write("a bundle", error.into()))?;
        let hash = Sha256::of(&content);
        let site = bundle.site.id.clone();
        let last = own.bundles.remove(site.as_str());
        let number = last.as_ref().map_or(0, |last| u64::try_from(last.generation).unwrap_or_default());
        let running = common.running.get(site.as_str()).copied();
        let behind = running.filter(|known| *known > number && *known <= number + FARTHEST);
        if behind.is_none() && last.as_ref().is_some_and(|last| last.content_hash == hash.as_bytes()) {
            return Ok(None);
        }
        bundle.generation = Generation::new(behind.unwrap_or(number)).next();
        bundle.published = now;
        let unwritten = |error: gapura_wire::BundleError| OfficeError::Write("a bundle", error.into());
        let signed = self.keys.signer.sign(&bundle).and_then(|signed| signed.to_json()).map_err(unwritten)?;
        Ok(Some(NewBundle { site, generation: bundle.generation, content_hash: *hash.as_bytes(), signed }))
    }

    /// The bundle without number and date: what is compared.
    async fn content(
        &self,
        tx: &mut Tx,
        row: &SiteRow,
        (common, own): (&mut Common, &mut Own),
    ) -> Result<Bundle, OfficeError> {
        let now = self.now();
        let id = parse_site(&row.id)?;
        let document: SiteDocument = read_json(&row.document, format!("site {id}"))?;
        let voucher_key = voucher_key(row)?;
        let vouchers = own.vouchers.remove(&row.id).unwrap_or_default();
        let vouchers = vouchers.iter().map(voucher).collect::<Result<_, _>>()?;
        let changed_since = now.checked_sub(ACCOUNT_CHANGES).unwrap_or(Timestamp::MIN);
        let mut account_changes = Vec::new();
        for account in &common.accounts {
            let since = timestamp(account.made.max(account.closed.unwrap_or(account.made)));
            if since >= changed_since && account.site.as_ref().is_none_or(|site| *site == row.id) {
                let name = account.name.parse();
                let name = name
                    .map_err(|error: gapura_model::ParseNameError| OfficeError::damaged("an account")(error.into()))?;
                let (tag, closed) = (voucher_key.account_tag(&name), account.closed.is_some());
                account_changes.push(AccountChange { tag, since, closed });
            }
        }
        let filter = self.filter(tx, &common.ground, (&id, &document)).await?;
        let request_answers = match &common.requests {
            Some(sites) if !sites.contains(&row.id) => Vec::new(),
            Some(_) | None => self.request_answers(tx, &id).await?,
        };
        if !common.epoch_keys.contains_key(&document.regency) {
            let keys = self.epoch_keys(tx, &document.regency).await?;
            common.epoch_keys.insert(document.regency.clone(), keys);
        }
        let bundle = Bundle {
            version: VERSION,
            generation: Generation::new(0),
            published: Timestamp::UNIX_EPOCH,
            pseudonym_keys: common.epoch_keys.get(&document.regency).cloned().unwrap_or_default(),
            site: Site {
                id,
                name: document.name,
                kind: document.kind,
                agency: document.agency,
                regency: document.regency,
                contact: document.contact,
                place: own.places.remove(&row.id).map(|place| place.place),
            },
            hours: document.hours,
            in_doubt: document.in_doubt,
            ways: document.ways,
            one_tap_plan: document.one_tap_plan,
            staff_plan: document.staff_plan,
            plans: common.plans.clone(),
            uplink: document.uplink,
            shares: BTreeMap::new(),
            garden: document.garden,
            terms: document.terms.map(|terms| Terms::new(terms.version, terms.effective, terms.text)),
            look: document.look,
            voucher_key,
            vouchers,
            account_changes,
            devices: document.devices.into_iter().map(|known| known.device).collect(),
            notices: document.notices,
            filter,
            request_answers,
            faq: super::faq::of_site(&common.faq, &row.id)?,
            nat_attribution: document.nat_attribution,
        };
        Ok(bundle.with_parts_beside().with_groups_beside())
    }

    /// This month's key and the next ones; those not there yet are drawn.
    async fn epoch_keys(&self, tx: &mut Tx, regency: &str) -> Result<Vec<EpochKey>, OfficeError> {
        let first = Epoch::of(self.now());
        let wanted: Vec<Epoch> =
            std::iter::successors(Some(first), |epoch| Some(epoch.next())).take(MONTHS_AHEAD).collect();
        for epoch in &wanted {
            tx.add_epoch_key(regency, &epoch.to_string(), &random::<32>()?).await?;
        }
        let damaged = || OfficeError::damaged("a pseudonym key")("not a month and 32 bytes".into());
        let rows = tx.epoch_keys(regency, &first.to_string()).await?;
        let keys = rows.into_iter().map(|(epoch, secret)| {
            let key = secret.try_into().map_err(|_| damaged())?;
            Ok(EpochKey { epoch: epoch.parse().map_err(|_| damaged())?, key: Secret::new(key) })
        });
        let keys = keys.collect::<Result<Vec<EpochKey>, OfficeError>>()?;
        Ok(keys.into_iter().filter(|key| wanted.contains(&key.epoch)).collect())
    }
}

fn bundle_words(mistake: BundleMistake) -> Why {
    match mistake {
        BundleMistake::MissingPlan(plan) => why!("plan-missing", plan = plan.as_str()),
        BundleMistake::Plan(problem) => plan_words(problem),
        BundleMistake::IdleDevice(device) => why!("device-idle", device = device),
        BundleMistake::Other(words) => Why::plain(words),
    }
}

/// What the routers of a site last said, and when that was heard (ms).
pub(super) fn beats<'a>(reports: &'a [ReportRow], site: &SiteId) -> impl Iterator<Item = (i64, Heartbeat)> + use<'a> {
    let site = site.clone();
    let own = reports.iter().filter(move |report| report.site == site.as_str());
    own.filter_map(|report| Some((report.heard?, serde_json::from_str(report.heartbeat.as_deref()?).ok()?)))
}

pub(super) fn voucher_key(row: &SiteRow) -> Result<VoucherKey, OfficeError> {
    let key = row.voucher_key.as_slice().try_into();
    key.map(VoucherKey::new)
        .map_err(|error: std::array::TryFromSliceError| OfficeError::damaged("a site's key")(error.into()))
}

fn voucher(row: &VoucherRow) -> Result<Voucher, OfficeError> {
    let damaged = || OfficeError::damaged("a voucher")("its tag or plan is not what was written".into());
    let tag = row.tag.as_slice().try_into().map_err(|_| damaged())?;
    Ok(Voucher {
        tag: Sha256::from_bytes(tag),
        token: row
            .token
            .as_deref()
            .map(|tag| tag.try_into().map(Sha256::from_bytes).map_err(|_| damaged()))
            .transpose()?,
        plan: row.plan.parse().map_err(|_| damaged())?,
        use_time: row.use_time.and_then(|time| u64::try_from(time).ok()).map(std::time::Duration::from_secs),
        use_before: row.use_before.map(timestamp),
        devices: row.devices.and_then(|devices| u16::try_from(devices).ok()),
        share: row.share.as_deref().map(|text| read_json(text, "a share")).transpose()?,
        revoked: row.revoked.is_some(),
    })
}
