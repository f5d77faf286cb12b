//! A rollout as people see it: waves, sites, gateways, what failed.

use std::collections::BTreeMap;

use gapura_model::SiteId;
use gapura_store::{RolloutName, RolloutRow, RolloutSiteRow, SopRow, Tx, timestamp};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::network::gateways_in;
use super::rollout::holds_back;
use super::rollout_step::of_site;
use super::rollout_turn::REGRET;
use super::site::parse_site;
use super::sop::sop_in;
use super::{GatewayStanding, Office, OfficeError, read_json};
use crate::condition::Condition;
use crate::document::SiteDocument;
use crate::rights::SitePlace;
use crate::rollout::watch::{Fact, Presence, SiteSeen, Standing, Trouble};
use crate::rollout::waves::proposed;
use crate::rollout::{Cause, RolloutRules, RolloutState};

/// A rollout in a list.
#[derive(Clone, Debug, Serialize)]
pub struct RolloutLine {
    /// The SOP.
    pub sop: i64,
    /// The number on its paper.
    pub number: String,
    /// Its revision.
    pub revision: i64,
    /// Its title.
    pub title: String,
    /// Where it stands; none: a state that this version does not know.
    pub state: Option<RolloutState>,
    /// The last wave that has begun; 0 = none.
    pub wave: i64,
    /// How many waves there are.
    pub waves: i64,
    /// When it was ordered (UTC).
    pub made: Timestamp,
}

/// A rollout.
#[derive(Clone, Debug, Serialize)]
pub struct RolloutView {
    /// What a list says of it.
    #[serde(flatten)]
    pub line: RolloutLine,
    /// Who approved the SOP.
    pub approver: String,
    /// Who ordered it.
    pub staff: String,
    /// Why.
    pub reason: String,
    /// It does not begin before then (UTC).
    pub due: Option<Timestamp>,
    /// When it stops by itself.
    pub rules: RolloutRules,
    /// The revisions that it replaces, the latest last.
    pub former: Vec<i64>,
    /// Why it stopped by itself.
    pub cause: Option<Cause>,
    /// Who stopped it, went on or withdrew it last; empty = nobody.
    pub changed_by: String,
    /// What they said.
    pub words: String,
    /// When its state changed last (UTC).
    pub changed: Timestamp,
    /// When the next wave can begin, or the last one be over, at the earliest (UTC).
    pub next: Option<Timestamp>,
    /// It can be withdrawn.
    pub can_roll_back: bool,
    /// The waves, the first one first.
    pub progress: Vec<RolloutWave>,
    /// The sites, by wave.
    pub sites: Vec<RolloutSite>,
}

/// A wave.
#[derive(Clone, Debug, Serialize)]
pub struct RolloutWave {
    /// Its sites.
    pub sites: usize,
    /// When it began (UTC).
    pub begun: Option<Timestamp>,
    /// Its gateways.
    pub gateways: usize,
    /// Those that run the revision with their filter in force.
    pub well: usize,
    /// Those in trouble.
    pub ill: usize,
    /// Those that are not heard, and have not taken it.
    pub away: usize,
}

/// A site of a rollout.
#[derive(Clone, Debug, Serialize)]
pub struct RolloutSite {
    /// The site.
    #[serde(skip)]
    pub place: SitePlace,
    /// Its id.
    pub site: SiteId,
    /// Its name for people.
    pub name: String,
    /// The zone its clock times are said in.
    pub zone: String,
    /// Its wave, from 1.
    pub wave: i64,
    /// When that began (UTC).
    pub begun: Option<Timestamp>,
    /// Its first bundle with the revision; 0 = none yet.
    pub generation: u64,
    /// What the SOP refused there in the busiest hour since.
    pub refused: u64,
    /// What it refused in the busiest hour of the week before.
    pub busiest: u64,
    /// More than this is too much.
    pub most: u64,
    /// Somebody went on although not all of its gateways had taken the revision.
    pub waived: bool,
    /// Its gateways in service.
    pub gateways: Vec<RolloutGateway>,
}

/// What a gateway runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "runs", rename_all = "kebab-case")]
pub enum Runs {
    /// What was before: the turn of its wave has not come.
    Waits,
    /// What was before: it is heard, and has not taken the revision yet.
    Coming,
    /// What was before: it is not heard, and will take the revision when it is back.
    Away,
    /// The revision.
    Well {
        /// Since when (UTC).
        since: Timestamp,
    },
    /// Something is wrong.
    Ill {
        /// What.
        trouble: Trouble,
        /// It runs the revision all the same.
        taken: bool,
        /// Somebody went on in spite of it.
        accepted: bool,
    },
}

/// A gateway of a rollout.
#[derive(Clone, Debug, Serialize)]
pub struct RolloutGateway {
    /// What it runs.
    #[serde(flatten)]
    pub runs: Runs,
    /// How it is.
    pub standing: GatewayStanding,
}

/// A site that could be a pilot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RolloutChoice {
    /// Where it stands in the tree of scopes.
    #[serde(skip)]
    pub place: SitePlace,
    /// The site.
    pub site: SiteId,
    /// Its name for people.
    pub name: String,
    /// A gateway of it is heard.
    pub heard: bool,
    /// It is proposed as a pilot.
    pub proposed: bool,
}

/// So many rollouts are listed.
const LISTED: u32 = 100;

impl Office {
    /// The latest rollouts.
    pub async fn rollouts(&self) -> Result<Vec<RolloutLine>, OfficeError> {
        let mut tx = self.store.read().await?;
        let names: BTreeMap<i64, RolloutName> =
            tx.rollout_names(LISTED).await?.into_iter().map(|name| (name.id, name)).collect();
        let rows = tx.rollouts(LISTED).await?;
        Ok(rows.iter().filter_map(|row| Some(line(row, names.get(&row.sop)?))).collect())
    }

    /// The rollout of a SOP as it stands; `None` where it has none.
    pub async fn rollout(&self, id: i64) -> Result<Option<RolloutView>, OfficeError> {
        let now = self.now();
        let mut tx = self.store.read().await?;
        let sop = sop_in(&mut tx, id).await?;
        let Some(row) = tx.rollout(id).await? else { return Ok(None) };
        let standing = gateways_in(&mut tx, now).await?;
        let mut sites = Vec::new();
        let documents = documents(&mut tx).await?;
        for site in tx.rollout_sites(id).await? {
            let Some((_, place, document)) = documents.iter().find(|(of, ..)| *of == site.site) else { continue };
            sites.push(self.site_of(&site, (place, document), &standing)?);
        }
        drop(tx);
        let mut former: Vec<i64> = Vec::new();
        let rows = self.sops().await?;
        for of in read_json::<Vec<i64>>(&row.former, "a rollout")? {
            former.extend(rows.iter().find(|row| row.id == of).map(|row| row.revision));
        }
        former.sort_unstable();
        let rules: RolloutRules = read_json(&row.rules, "a rollout")?;
        let state = RolloutState::named(&row.state);
        let progress = (1..=row.waves).map(|wave| progress(wave, &sites)).collect();
        let within = |begun: Timestamp| now.duration_since(begun) <= REGRET;
        let open = matches!(state, Some(RolloutState::Waiting | RolloutState::Running | RolloutState::Stopped));
        let lately = row.wave < row.waves || sites.iter().filter_map(|site| site.begun).max().is_none_or(within);
        let published = sop.state == gapura_store::SopState::Published.as_str();
        Ok(Some(RolloutView {
            approver: sop.approver.clone().unwrap_or_default(),
            can_roll_back: open && (row.wave == 0 || published && lately)
                || state == Some(RolloutState::Done) && published && lately && !former.is_empty(),
            next: (state == Some(RolloutState::Running)).then(|| next(&row, rules, &sites)).flatten(),
            line: line(&row, &name_of(&sop)),
            staff: row.staff,
            reason: row.reason,
            due: row.due.map(timestamp),
            rules,
            former,
            cause: serde_json::from_str(&row.cause).ok(),
            changed_by: row.changed_by,
            words: row.words,
            changed: timestamp(row.changed),
            progress,
            sites,
        }))
    }

    /// The sites for which a SOP changes anything, with pilots proposed of those that are heard.
    pub async fn rollout_choices(&self, id: i64) -> Result<(SopRow, Vec<RolloutChoice>), OfficeError> {
        let mut tx = self.store.read().await?;
        let sop = sop_in(&mut tx, id).await?;
        let touched = self.touched(&mut tx, &sop).await?;
        let standing = gateways_in(&mut tx, self.now()).await?;
        let documents = documents(&mut tx).await?;
        let fact = |site: &SiteId, test: &dyn Fn(Fact) -> bool| {
            of_site(&standing, site.as_str()).any(|one| test(Fact::of(one)))
        };
        let heard = |site: &SiteId| fact(site, &|fact| !matches!(fact.presence, Presence::Away | Presence::Silent));
        let good: Vec<SiteId> = touched
            .iter()
            .filter(|site| fact(site, &|fact| fact.presence == Presence::Up && !fact.remote))
            .cloned()
            .collect();
        let proposed = proposed(&sop.sha256, touched.len(), &good);
        let choice = |site: &SiteId| {
            let (_, place, document) = documents.iter().find(|(of, ..)| *of == site.as_str())?;
            Some(RolloutChoice {
                place: place.clone(),
                site: site.clone(),
                name: document.name.clone(),
                heard: heard(site),
                proposed: proposed.contains(site) && touched.len() > 1,
            })
        };
        let choices = touched.iter().filter_map(choice).collect();
        Ok((SopRow { document: String::new(), ..sop }, choices))
    }

    fn site_of(
        &self,
        row: &RolloutSiteRow,
        (place, document): (&SitePlace, &SiteDocument),
        standing: &[GatewayStanding],
    ) -> Result<RolloutSite, OfficeError> {
        let now = self.now();
        let generation = u64::try_from(row.generation).unwrap_or_default();
        let seen: SiteSeen = if row.seen.is_empty() { SiteSeen::default() } else { read_json(&row.seen, "a rollout")? };
        let gateway = |one: &GatewayStanding| {
            let (fact, known) = (Fact::of(one), seen.gateways.get(&one.gateway).cloned().unwrap_or_default());
            let runs = match known.standing(fact, generation, now) {
                _ if row.begun.is_none() => Runs::Waits,
                Standing::Well(since) => Runs::Well { since },
                Standing::Ill(trouble) => Runs::Ill {
                    trouble,
                    taken: one.in_force >= generation,
                    accepted: known.accepted.contains(&trouble),
                },
                Standing::Coming => Runs::Coming,
                Standing::Away => Runs::Away,
            };
            RolloutGateway { runs, standing: one.clone() }
        };
        Ok(RolloutSite {
            place: place.clone(),
            site: place.site.clone(),
            name: document.name.clone(),
            zone: document.hours.zone().name().to_owned(),
            wave: row.wave,
            begun: row.begun.map(timestamp),
            generation,
            refused: seen.refused,
            busiest: seen.busiest,
            most: seen.most,
            waived: seen.waived,
            gateways: of_site(standing, &row.site).map(gateway).collect(),
        })
    }
}

impl RolloutLine {
    /// What alerts call it.
    pub fn label(&self) -> String {
        label(&self.number, self.revision)
    }
}

fn label(number: &str, revision: i64) -> String {
    format!("{number} rev. {revision}")
}

impl RolloutView {
    /// Whether there are sites that do not get the revision yet.
    pub const fn holds_back(&self) -> bool {
        self.line.wave < self.line.waves
            && matches!(self.line.state, Some(RolloutState::Waiting | RolloutState::Running | RolloutState::Stopped))
    }
}

async fn documents(tx: &mut Tx) -> Result<Vec<(String, SitePlace, SiteDocument)>, OfficeError> {
    let mut all = Vec::new();
    for row in tx.sites().await? {
        let document: SiteDocument = read_json(&row.document, format!("site {}", row.id))?;
        let (agency, regency) = (document.agency.clone(), document.regency.clone());
        let place = SitePlace { site: parse_site(&row.id)?, agency, regency };
        all.push((row.id, place, document));
    }
    Ok(all)
}

fn name_of(sop: &SopRow) -> RolloutName {
    RolloutName { id: sop.id, number: sop.number.clone(), revision: sop.revision, title: sop.title.clone() }
}

fn line(row: &RolloutRow, sop: &RolloutName) -> RolloutLine {
    RolloutLine {
        sop: row.sop,
        number: sop.number.clone(),
        revision: sop.revision,
        title: sop.title.clone(),
        state: RolloutState::named(&row.state),
        wave: row.wave,
        waves: row.waves,
        made: timestamp(row.made),
    }
}

fn progress(wave: i64, sites: &[RolloutSite]) -> RolloutWave {
    let own: Vec<&RolloutSite> = sites.iter().filter(|site| site.wave == wave).collect();
    let count =
        |test: &dyn Fn(&Runs) -> bool| own.iter().flat_map(|site| &site.gateways).filter(|one| test(&one.runs)).count();
    RolloutWave {
        sites: own.len(),
        begun: own.iter().filter_map(|site| site.begun).min(),
        gateways: count(&|_| true),
        well: count(&|runs| matches!(runs, Runs::Well { .. })),
        ill: count(&|runs| matches!(runs, Runs::Ill { .. })),
        away: count(&|runs| matches!(runs, Runs::Away)),
    }
}

/// Rollouts that stopped by themselves: which SOP, when, and why (JSON).
pub(super) async fn stopped_rollouts(tx: &mut Tx) -> Result<Vec<(String, Timestamp, String)>, OfficeError> {
    let mut stopped = Vec::new();
    for row in tx.open_rollouts().await? {
        if row.state == RolloutState::Stopped.as_str() && !row.cause.is_empty() {
            let sop = sop_in(tx, row.sop).await?;
            stopped.push((label(&sop.number, sop.revision), timestamp(row.changed), row.cause));
        }
    }
    Ok(stopped)
}

/// When the wave under way has been well for long enough, if nothing changes; none while somebody is heard who has not taken it.
fn next(row: &RolloutRow, rules: RolloutRules, sites: &[RolloutSite]) -> Option<Timestamp> {
    let settle = SignedDuration::from_mins(rules.settle_minutes.into());
    let mut last = row.begun.map(timestamp)?;
    let mut taken = false;
    let own = sites.iter().filter(|site| site.wave == row.wave);
    for (site, one) in own.flat_map(|site| site.gateways.iter().map(move |one| (site, one))) {
        taken |= site.waived;
        match one.runs {
            Runs::Coming if !site.waived => return None,
            Runs::Well { since } => {
                taken = true;
                let away = matches!(one.standing.condition, Condition::Silent { .. } | Condition::UplinkDown { .. });
                last = if away { last } else { last.max(since) };
            }
            Runs::Ill { accepted, .. } => taken |= accepted,
            Runs::Waits | Runs::Away | Runs::Coming => {}
        }
    }
    let pilots = row.wave == 1 && holds_back(row);
    (taken || !pilots).then(|| last.checked_add(settle).unwrap_or(last))
}
