//! What citizens are told of the filter, and what they ask of it.

use std::net::IpAddr;

use captive_portal::{Appeal, AppealRefused, Explained, Followed, Ruling, Text};
use gapura_lists::ListEntry;
use gapura_model::{Name, Reference};
use gapura_rules::sop::{Action, Asked, ClauseText, Decision, Holding, Question, Words};
use gapura_wire::{ClauseRef, limits};
use jiff::{SignedDuration, Timestamp};

use super::in_force::{InForce, Rules};
use super::{Filtering, NotKept};

/// Changes of hour looked at to say until when a name is blocked.
const CHANGES: usize = 32;
/// A block that lasts longer has no end that is worth saying.
const FORESEEABLE: SignedDuration = SignedDuration::from_hours(48);

impl Filtering {
    /// Whether a name is blocked for the device behind `client`, which is online.
    pub(crate) fn blocks(&self, client: IpAddr, name: &Name) -> bool {
        let Some(rules) = self.current.get().filter(|rules| rules.filters()) else { return false };
        let online = self.around.clients.is_online(client);
        online && is_block(rules.decide_with_leads(rules.audience_of(client), name))
    }

    /// Why a name is blocked for the device behind `client`, or that it is not.
    pub(crate) fn explain(&self, client: IpAddr, name: &Name) -> Explained {
        let Some(now) = self.current.get() else { return Explained::Unknown };
        let Some(rules) = &now.rules else { return Explained::NoFilter };
        let audience = now.audience_of(client);
        let Some(decision) = now.decide_with_leads(audience, name) else { return Explained::Unknown };
        let (Action::Block, Some(clause)) = (decision.action, clause(rules, decision)) else { return Explained::Open };
        let list = list(rules, decision);
        Explained::Blocked(Box::new(Ruling {
            words: text(&clause.citizen),
            clause: clause.clause.clone(),
            sop_title: clause.title.clone(),
            clause_text: clause.words.clone(),
            sop_number: clause.sop.clone(),
            revision: clause.revision,
            basis: clause.legal_basis.clone(),
            list: list.map(|list| Text::plain(&list.title)),
            category: list.map(|list| Text::plain(capitalised(list.category.as_str()))),
            until: self.until(&now, rules, audience, name),
        }))
    }

    /// When a name opens again by the hours of the rules.
    fn until(&self, now: &InForce, rules: &Rules, audience: u8, name: &Name) -> Option<Timestamp> {
        // What its answers lead to may be refused at other hours than itself.
        now.decide(audience, name).filter(|decision| decision.action == Action::Block)?;
        let held = now.held(name)?;
        let people = rules.audiences.audience(audience)?;
        let begin = self.clock.now().wall;
        let mut at = begin;
        for _ in 0..CHANGES {
            at = rules.stack.next_change(&rules.place, at)?;
            if begin.duration_until(at) > FORESEEABLE {
                return None;
            }
            if rules.stack.policy(&rules.place, people, at).name(name, held).action == Action::Open {
                return Some(at);
            }
        }
        None
    }

    /// Keeps an appeal; it is on disk when this returns.
    ///
    /// # Errors
    /// Why it is not kept, for the citizen.
    pub(crate) fn file_appeal(&self, client: IpAddr, appeal: Appeal) -> Result<Reference, AppealRefused> {
        let now = self.current.get().ok_or(AppealRefused::Unknown)?;
        let rules = now.rules.as_ref().ok_or(AppealRefused::NotBlocked)?;
        let audience = now.audience_of(client);
        let decision = now.decide_with_leads(audience, &appeal.name).ok_or(AppealRefused::Unknown)?;
        if decision.action == Action::Open {
            return Err(AppealRefused::NotBlocked);
        }
        let mut random = [0; 64];
        getrandom::fill(&mut random).map_err(|_| AppealRefused::Busy)?;
        let reference = Reference::from_random(&random).ok_or(AppealRefused::Busy)?;
        let clause = clause(rules, decision).map(|clause| ClauseRef {
            sop: clause.sop.clone(),
            revision: clause.revision,
            clause: clause.clause.clone(),
        });
        let kept = gapura_wire::Appeal {
            reference,
            subject: appeal.name.to_string(),
            why: appeal.why,
            contact: appeal.contact.and_then(|contact| contact.parse().ok()),
            clause,
            explanation: self.explanation(&now, rules, audience, &appeal.name),
            at: self.clock.now().wall,
        };
        self.appeals.file(&appeal.name, kept).map_err(|error| match error {
            NotKept::Full => AppealRefused::Busy,
            NotKept::Disk(error) => {
                tracing::error!(error = %gapura_model::with_causes(&error), "an appeal could not be written down");
                AppealRefused::Storage
            }
        })?;
        self.tell_filed();
        Ok(reference)
    }

    /// What the filter says of a name for the device behind `client` now, as JSON; none where there is no filter.
    pub(crate) fn trail(&self, client: IpAddr, name: &Name) -> Option<String> {
        let now = self.current.get()?;
        let rules = now.rules.as_ref()?;
        Some(self.explanation(&now, rules, now.audience_of(client), name))
    }

    /// The whole trail as JSON, as it is now.
    fn explanation(&self, now: &InForce, rules: &Rules, audience: u8, name: &Name) -> String {
        let held = now.held(name).unwrap_or_default();
        let holdings: Vec<Holding> = held.iter().map(|list| Holding { list, line: None }).collect();
        let explained = rules.audiences.audience(audience).map(|people| {
            rules.stack.explain(&Question {
                asked: Asked::Name(*name),
                holdings: &holdings,
                place: &rules.place,
                audience: people,
                at: self.clock.now().wall,
            })
        });
        let text = serde_json::to_string(&explained).unwrap_or_else(|_| "null".to_owned());
        // The clause beside it says what matters, if a trail is longer than it may be.
        if text.len() > limits::EXPLANATION_BYTES { "null".to_owned() } else { text }
    }

    /// How far an appeal is.
    pub(crate) fn appeal_state(&self, reference: Reference) -> Followed {
        self.appeals.state(reference, &self.appeal_answers())
    }
}

fn text(words: &Words) -> Text {
    Text { id: words.id.clone(), en: (!words.en.is_empty()).then(|| words.en.clone()) }
}

/// A category's name as people write it: `judi-daring` is "Judi daring".
fn capitalised(category: &str) -> String {
    let mut letters = category.chars().map(|letter| if letter == '-' { ' ' } else { letter });
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn is_block(decision: Option<Decision>) -> bool {
    decision.is_some_and(|decision| decision.action == Action::Block)
}

fn clause(rules: &Rules, decision: Decision) -> Option<&ClauseText> {
    rules.stack.clauses().get(usize::from(decision.clause?.0))
}

fn list(rules: &Rules, decision: Decision) -> Option<&ListEntry> {
    let number = decision.list?;
    rules.index.as_ref()?.lists().iter().find(|list| list.number == number)
}
