//! Why something is open or blocked: the whole trail, for programs and for people.

use gapura_model::{ListNumber, ListSet};
use jiff::Timestamp;
use serde::Serialize;

use super::document::{Ede, Layer, Words};
use super::policy::{Action, ClauseIndex};
use super::reasons::{Beside, Cover, Fate, Outcome};
use super::scope::{Audience, Place, kind_name};
use super::stack::{ClauseText, Context, Stack, Standing};
use super::trail::{Asked, Rank, Step, Trail};

/// A list that holds what is asked about, and by which of its lines, where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The list.
    pub list: ListNumber,
    /// The line in words, for example `line 123: judi.example`.
    pub line: Option<String>,
}

/// What someone asks.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// About what.
    pub asked: Asked,
    /// Which lists hold it.
    pub holdings: &'a [Holding],
    /// Where.
    pub place: &'a Place,
    /// For whom.
    pub audience: &'a Audience,
    /// When.
    pub at: Timestamp,
}

/// The answer, with everything that led to it. Displays as a report for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Explanation {
    /// The name or address.
    pub asked: String,
    /// The site.
    pub site: String,
    /// Its kind.
    pub kind: &'static str,
    /// Its agency, where it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agency: String,
    /// Its regency, where it is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub regency: String,
    /// The plan; none before login.
    pub plan: Option<String>,
    /// The group of people.
    pub group: String,
    /// The moment (UTC).
    pub at: Timestamp,
    /// The moment by the site's clock, for people: `Monday 2026-01-05 10.00 WITA`.
    pub local_time: String,
    /// What happens.
    pub action: Action,
    /// The place of the deciding clause among all, for comparison with counters.
    pub clause_index: Option<ClauseIndex>,
    /// The deciding clause; none means that no clause is about it, which means open.
    pub clause: Option<ClauseText>,
    /// The list by which that clause is about it.
    pub list: Option<String>,
    /// What citizens are told, where it is blocked.
    pub citizen: Option<Words>,
    /// How a resolver answers, where a name is blocked.
    pub answer: Option<String>,
    /// The lists that hold it.
    pub held: Vec<Held>,
    /// Layer by layer, the highest first: only those with a clause about it.
    pub layers: Vec<LayerTrail>,
    /// How many clauses are not about it at all.
    pub others: usize,
    /// Other things that hold for it: safe search, a throttle, services refused.
    pub besides: Vec<Beside>,
}

/// A list that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The list's id.
    pub list: String,
    /// Its category.
    pub category: String,
    /// Its title.
    pub title: String,
    /// The line, where it is known.
    pub line: Option<String>,
}

/// What one layer says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayerTrail {
    /// The layer.
    pub layer: Layer,
    /// What became of its word.
    pub outcome: Outcome,
    /// Its clauses about the name or address, the winner first.
    pub clauses: Vec<ClauseTrail>,
}

/// What became of one clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClauseTrail {
    /// The SOP's number.
    pub sop: String,
    /// Its revision.
    pub revision: u32,
    /// The clause's number.
    pub clause: String,
    /// What it does: `block`, `open`, `open-before-login`.
    pub action: &'static str,
    /// Whether lower layers may not lift it.
    pub mandatory: bool,
    /// By which target it is about it.
    pub by: Cover,
    /// Whether it matched.
    pub matched: bool,
    /// Whether it won in its layer.
    pub won: bool,
    /// Why it won, lost or did not match.
    pub why: Fate,
}

impl Stack {
    /// Answers a question with the whole trail.
    pub fn explain(&self, question: &Question<'_>) -> Explanation {
        let context = Context::new(question.place, question.audience, question.at);
        let held: ListSet = question.holdings.iter().map(|holding| holding.list).collect();
        let trail = Trail::follow(self, &context, &question.asked, held);
        let decided = trail.step(trail.decided);
        let action = trail.action();
        let clause = decided.and_then(|step| self.texts.get(usize::from(step.bound.index.0)).cloned());
        let blocked = clause.clone().filter(|_| action == Action::Block);
        let list = decided.and_then(|step| match step.covers {
            Some((Rank::List(number), _)) => self.catalogue.numbered(number.0).map(|entry| entry.id.to_string()),
            _ => None,
        });
        let layers: Vec<LayerTrail> = Layer::ALL.into_iter().filter_map(|layer| layer_trail(layer, &trail)).collect();
        let shown: usize = layers.iter().map(|layer| layer.clauses.len()).sum();
        let place = question.place;
        Explanation {
            asked: match &question.asked {
                Asked::Name(name) => name.to_string(),
                Asked::Address(address) => address.to_string(),
            },
            site: place.site.to_string(),
            kind: kind_name(place.kind),
            agency: place.agency.clone(),
            regency: place.regency.clone(),
            plan: question.audience.plan.as_ref().map(ToString::to_string),
            group: question.audience.group.to_string(),
            at: question.at,
            local_time: local_time(place, question.at),
            action,
            clause_index: decided.map(|step| step.bound.index),
            citizen: blocked.as_ref().map(|clause| clause.citizen.clone()),
            answer: blocked.as_ref().filter(|_| matches!(question.asked, Asked::Name(_))).map(answer),
            clause,
            list,
            held: question.holdings.iter().map(|holding| self.held(holding)).collect(),
            others: self.clauses.len() - shown,
            layers,
            besides: self.besides(question, held),
        }
    }

    fn held(&self, holding: &Holding) -> Held {
        let entry = self.catalogue.numbered(holding.list);
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Held {
            list: entry.map_or_else(|| holding.list.0.to_string(), |entry| entry.id.to_string()),
            category: text(entry.map(|entry| entry.category.as_str())),
            title: text(entry.map(|entry| entry.title.as_str())),
            line: holding.line.clone(),
        }
    }

    /// Safe search, throttle and refused services that hold for it.
    fn besides(&self, question: &Question<'_>, held: ListSet) -> Vec<Beside> {
        let policy = self.policy(question.place, question.audience, question.at);
        let by = |clause: ClauseIndex| policy.clause(clause).map(|text| (text.clause.clone(), text.sop.clone()));
        let mut besides = Vec::new();
        let throttle = match question.asked {
            Asked::Name(name) => {
                if let Some((engine, alias)) = policy.safe_search().alias(&name) {
                    let by = policy.safe_search_clause(engine).and_then(by);
                    besides.push(Beside::SafeSearch { engine, alias, by });
                }
                policy.name_throttle(&name, held)
            }
            Asked::Address(address) => {
                for (protocol, ports) in policy.services.pieces() {
                    let port = ports.map(|(first, _)| first);
                    let decision = policy.service(protocol, port, address, held);
                    if let (Action::Block, Some(clause)) = (decision.action, decision.clause) {
                        let service = super::target::Service { protocol, ports };
                        besides.push(Beside::Refused { service, by: by(clause) });
                    }
                }
                policy.address_throttle(address, held)
            }
        };
        if let Some((rate, clause)) = throttle.and_then(|throttle| Some((throttle.rate?, throttle.clause))) {
            besides.push(Beside::Throttled { rate, by: by(clause) });
        }
        besides
    }
}

fn layer_trail(layer: Layer, trail: &Trail<'_>) -> Option<LayerTrail> {
    let winner = trail.winners.get(layer.index()).copied().flatten();
    let own = trail.steps.iter().enumerate().filter(|(_, step)| step.bound.sop.layer == layer);
    let mut about: Vec<(usize, &Step<'_>)> = own.filter(|(_, step)| step.covers.is_some()).collect();
    about.sort_by_key(|(at, step)| (Some(*at) != winner, !step.matches(), *at));
    if about.is_empty() {
        return None;
    }
    let outcome = match (trail.step(winner), trail.step(trail.decided)) {
        (Some(_), Some(decided)) if winner == trail.decided => {
            if decided.bound.clause.mandatory {
                Outcome::DecidesMandatory
            } else {
                Outcome::DecidesLowest
            }
        }
        (Some(_), Some(decided)) if decided.bound.sop.layer > layer => Outcome::GivesWay(decided.bound.sop.layer),
        (Some(_), Some(decided)) => Outcome::Overruled(decided.bound.sop.layer),
        _ => Outcome::Silent,
    };
    let won = |at: usize| Some(at) == winner;
    let clauses = about.iter().filter_map(|(at, step)| clause_trail(step, won(*at), trail.step(winner))).collect();
    Some(LayerTrail { layer, outcome, clauses })
}

fn clause_trail(step: &Step<'_>, won: bool, winner: Option<&Step<'_>>) -> Option<ClauseTrail> {
    let (sop, clause) = (&step.bound.sop, &step.bound.clause);
    let why = match (step.standing, step.excepted) {
        (Standing::NotYet, _) => Fate::NotYet(sop.effective_from),
        (Standing::Superseded, _) => Fate::Superseded,
        (Standing::OtherPlace, _) => Fate::OtherPlace(scopes(step)),
        (Standing::OtherPeople, _) => Fate::OtherPeople(scopes(step)),
        (Standing::OtherHours, _) => {
            Fate::OtherHours(clause.hours.as_ref().map(ToString::to_string).unwrap_or_default())
        }
        (Standing::Holds, Some(exception)) => Fate::Excepted {
            until: exception.until(),
            author: exception.author.clone(),
            reason: exception.reason.clone(),
        },
        (Standing::Holds, None) if won => Fate::Wins,
        (Standing::Holds, None) => winner.map_or(Fate::Untold, |winner| loses(step, winner)),
    };
    Some(ClauseTrail {
        sop: sop.number().to_owned(),
        revision: sop.revision,
        clause: clause.number.clone(),
        action: clause.deed.name(),
        mandatory: clause.mandatory,
        by: step.covers.as_ref()?.1.clone(),
        matched: step.matches(),
        won,
        why,
    })
}

fn scopes(step: &Step<'_>) -> String {
    let scopes = [&step.bound.sop.scope, &step.bound.clause.scope];
    let narrowed = scopes.iter().filter(|scope| !scope.is_everyone()).map(ToString::to_string);
    narrowed.collect::<Vec<_>>().join("; ")
}

fn loses(step: &Step<'_>, winner: &Step<'_>) -> Fate {
    let rank = |step: &Step<'_>| step.covers.as_ref().map(|(rank, _)| *rank);
    let number = winner.bound.clause.number.clone();
    match (rank(step), rank(winner)) {
        (Some(own), Some(other)) if !own.same_weight(other) => Fate::LessSpecific(number),
        _ if step.action() != winner.action() => Fate::LessStrict(number),
        _ => Fate::SaysTheSame(number),
    }
}

/// `NXDOMAIN, extended DNS error 15 (Blocked)`.
fn answer(clause: &ClauseText) -> String {
    let how = match clause.answer {
        super::document::Answer::Nxdomain => "NXDOMAIN",
        super::document::Answer::Nodata => "no address (NODATA)",
        super::document::Answer::Page => "the block page's address",
    };
    let ede = match clause.ede {
        Ede::Blocked => "Blocked",
        Ede::Censored => "Censored",
        Ede::Filtered => "Filtered",
    };
    format!("{how}, extended DNS error {} ({ede})", clause.ede.code())
}

fn local_time(place: &Place, at: Timestamp) -> String {
    let local = at.to_zoned(place.zone.tz().clone());
    format!("{} {}", local.strftime("%A %Y-%m-%d %H.%M"), place.zone.short_name(at))
}
