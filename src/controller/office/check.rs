//! SOPs checked before they are taken in, approved or published: beside all others, and at each site where they meet.

use std::collections::BTreeMap;
use std::sync::Arc;

use gapura_model::SiteId;
use gapura_rules::sop::{Asked, Catalogue, Place, Problem, Severity, Sop, Source, Stack};
use gapura_store::{SopRow, Tx};
use jiff::civil::Date;

use super::filter::place;
use super::site::parse_site;
use super::sop::{SopFile, label};
use super::{Office, OfficeError, read_json};
use crate::document::SiteDocument;
use crate::lists::blocking;

/// Most sites are in this zone (WITA): the day there is the day on which reviews are due.
const ZONE: jiff::tz::Offset = jiff::tz::offset(8);

impl Office {
    /// Reads SOPs beside those that are published: the SOPs, and what should be looked at. All problems at once.
    pub(super) async fn checked(
        &self,
        tx: &mut Tx,
        files: &[SopFile],
        published: Vec<SopRow>,
        how: Looking,
    ) -> Result<(Vec<Sop>, Vec<Problem>), OfficeError> {
        let ground = self.sop_ground(tx, files, published, how).await?;
        // Thousands of samples at each of the sites: too long for a thread that answers routers.
        let (sops, problems) = blocking(move || Ok(ground.look())).await?;
        match sops {
            Some(sops) if problems.iter().all(|problem| problem.severity != Severity::Error) => Ok((sops, problems)),
            _ => Err(OfficeError::Sop(problems)),
        }
    }

    /// All that is to be looked at, read.
    pub(super) async fn sop_ground(
        &self,
        tx: &mut Tx,
        files: &[SopFile],
        published: Vec<SopRow>,
        how: Looking,
    ) -> Result<Ground, OfficeError> {
        let mut places = Vec::new();
        for row in tx.sites().await? {
            let document: SiteDocument = read_json(&row.document, format!("site {}", row.id))?;
            places.push(place(&parse_site(&row.id)?, &document));
        }
        Ok(Ground {
            texts: files
                .iter()
                .map(|file| (file.file.clone(), file.text.clone()))
                .chain(published.into_iter().map(|row| (label(&row), row.document)))
                .collect(),
            own: files.len(),
            places,
            catalogue: self.catalogue(),
            controller: self.lists.own.clone(),
            how,
            today: self.now().to_zoned(ZONE.to_time_zone()).date(),
        })
    }
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looking {
    /// What keeps a SOP from being put in force.
    ForErrors,
    /// Also what is legal and yet foolish: someone is there to read it.
    ForAll,
}

/// All that a check looks at.
pub(super) struct Ground {
    /// What to call each SOP, and its text: first the new ones, then those that are published.
    texts: Vec<(String, String)>,
    /// How many are new.
    own: usize,
    places: Vec<Place>,
    catalogue: Arc<Catalogue>,
    controller: Vec<Asked>,
    how: Looking,
    today: Date,
}

impl Ground {
    /// The new SOPs, where all could be read, and all problems that concern them, errors first.
    pub(super) fn look(&self) -> (Option<Vec<Sop>>, Vec<Problem>) {
        let all: Vec<usize> = (0..self.texts.len()).collect();
        let mut problems = self.concerning(Stack::survey(&self.sources(&all), &self.catalogue));
        let sops: Vec<Option<Sop>> = all.iter().map(|index| self.alone(*index)).collect();
        let own: Option<Vec<Sop>> = sops.iter().take(self.own).cloned().collect();
        if own.is_some() && problems.iter().all(|problem| problem.severity != Severity::Error) {
            for (set, site) in self.meetings(&sops) {
                for problem in self.at_a_site(&set, site.as_ref()) {
                    if !problems.contains(&problem) {
                        problems.push(problem);
                    }
                }
            }
        }
        problems.sort_by_key(|problem| problem.severity != Severity::Error);
        (own, problems)
    }

    fn sources(&self, set: &[usize]) -> Vec<Source<'_>> {
        let texts = set.iter().filter_map(|index| self.texts.get(*index));
        texts.map(|(file, text)| Source { file, text }).collect()
    }

    fn alone(&self, index: usize) -> Option<Sop> {
        let (stack, _) = Stack::adopt(&self.sources(&[index]), &self.catalogue);
        stack.and_then(|stack| stack.sops().next().cloned())
    }

    /// What is wrong among published ones alone is no fault of the new ones.
    fn concerning(&self, problems: Vec<Problem>) -> Vec<Problem> {
        let own = |file: &String| self.texts.iter().take(self.own).any(|(own, _)| own == file);
        let concerns = |problem: &Problem| {
            own(&problem.position.file) || problem.related.iter().any(|position| own(&position.file))
        };
        problems.into_iter().filter(concerns).collect()
    }

    /// The SOPs that meet at one site, each set once with one such site, as far as a new one is among them. One that holds
    /// at no site yet meets all whose scope touches its own.
    fn meetings(&self, sops: &[Option<Sop>]) -> BTreeMap<Vec<usize>, Option<SiteId>> {
        let holding = |test: &dyn Fn(&Sop) -> bool| -> Vec<usize> {
            let holds = sops.iter().enumerate().filter(|(_, sop)| sop.as_ref().is_some_and(test));
            holds.map(|(index, _)| index).collect()
        };
        let mut sets = BTreeMap::new();
        for place in &self.places {
            let set = holding(&|sop| sop.scope().takes_place(place));
            if set.iter().any(|index| *index < self.own) {
                sets.entry(set).or_insert_with(|| Some(place.site.clone()));
            }
        }
        for (index, sop) in sops.iter().enumerate().take(self.own) {
            let Some(sop) = sop else { continue };
            if !sets.keys().any(|set| set.contains(&index)) {
                sets.insert(holding(&|other| other.scope().overlaps(sop.scope())), None);
            }
        }
        sets
    }

    /// What is wrong or foolish where these meet.
    fn at_a_site(&self, set: &[usize], site: Option<&SiteId>) -> Vec<Problem> {
        let (stack, problems) = Stack::read(&self.sources(set), &self.catalogue);
        match (stack, site) {
            (Some(_), _) if self.how == Looking::ForErrors => Vec::new(),
            (Some(stack), _) => self.concerning(stack.check(self.today, &self.controller)),
            // Contradictions are told of already; what is left is how many clauses there are.
            (None, Some(site)) => {
                let many = problems.into_iter().filter(|problem| problem.id == "too-many");
                many.map(|problem| Problem { what: format!("at site {site} {}", problem.what), ..problem }).collect()
            }
            // Nowhere do all of these have to meet.
            (None, None) => Vec::new(),
        }
    }
}
