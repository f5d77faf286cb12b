//! What staff do with a request: take, answer, forward, close; and what time does: escalate.

use gapura_model::{Reference, SiteId};
use gapura_store::{RequestRow, StepRow, Tx, millis};
use gapura_wire::{HelpState, HelpTopic, limits};
use jiff::{SignedDuration, Timestamp};

use super::publish::Scope;
use super::request::{document_in, request_in, step};
use super::request_at::At;
use super::site::parse_site;
use super::{Actor, Change, Office, OfficeError, Published};
use crate::due::{due, due_at_agency};
use crate::why::{Why, why};

/// What was escalated to the site head goes to the department when it is so long overdue.
const TO_DEPARTMENT: SignedDuration = SignedDuration::from_hours(24);
/// Requests escalated in one go; the rest in the next.
const AT_ONCE: i64 = 200;
/// The longest name of an agency, in characters.
const AGENCY_CHARS: usize = 200;

/// What is done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Somebody takes it.
    Take,
    /// The visitor is answered; with `close` nothing more is to come.
    Answer {
        /// For the visitor.
        words: String,
        /// Whether it is over with that.
        close: bool,
    },
    /// A note among staff.
    Note {
        /// For colleagues only.
        words: String,
    },
    /// To the desk of an agency.
    Forward {
        /// Which, by the name that sites and grants have.
        agency: String,
        /// For that desk only; may be empty.
        words: String,
    },
    /// Back from the agency to the helpdesk.
    Return {
        /// Why, for colleagues only.
        words: String,
    },
    /// It is over.
    Close {
        /// For colleagues only; may be empty.
        words: String,
    },
    /// It is not over after all.
    Reopen {
        /// Why, for colleagues only.
        words: String,
    },
}

impl Work {
    /// What stands in the history and, after `request-`, in the audit log.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Take => "taken",
            Self::Answer { .. } => "answered",
            Self::Note { .. } => "note",
            Self::Forward { .. } => "forwarded",
            Self::Return { .. } => "returned",
            Self::Close { .. } => "closed",
            Self::Reopen { .. } => "reopened",
        }
    }

    const fn action(&self) -> &'static str {
        match self {
            Self::Take => "request-take",
            Self::Answer { .. } => "request-answer",
            Self::Note { .. } => "request-note",
            Self::Forward { .. } => "request-forward",
            Self::Return { .. } => "request-return",
            Self::Close { .. } => "request-close",
            Self::Reopen { .. } => "request-reopen",
        }
    }

    fn words(&self) -> &str {
        match self {
            Self::Take => "",
            Self::Answer { words, .. }
            | Self::Note { words }
            | Self::Forward { words, .. }
            | Self::Return { words }
            | Self::Close { words }
            | Self::Reopen { words } => words.trim(),
        }
    }

    /// Everything that is wrong with it by itself.
    fn mistakes(&self) -> Vec<Why> {
        let mut wrong = Vec::new();
        let words = self.words();
        let needed =
            matches!(self, Self::Answer { .. } | Self::Note { .. } | Self::Return { .. } | Self::Reopen { .. });
        if needed && words.is_empty() {
            wrong.push(why!("request-no-words"));
        }
        if words.chars().count() > limits::WORDS_CHARS {
            wrong.push(why!("request-long-words", most = limits::WORDS_CHARS));
        }
        if words.chars().any(|c| c.is_control() && c != '\n' && c != '\r') {
            wrong.push(why!("request-controls"));
        }
        if let Self::Forward { agency, .. } = self {
            let sound = (1..=AGENCY_CHARS).contains(&agency.trim().chars().count())
                && !agency.chars().any(|c| c.is_control() || c == '|');
            if !sound {
                wrong.push(why!("request-agency", most = AGENCY_CHARS));
            }
        }
        wrong
    }
}

/// What became of a request.
#[derive(Clone, Debug)]
pub struct Worked {
    /// The request as it stands now, without its contact.
    pub row: RequestRow,
    /// Bundles that tell of it.
    pub published: Vec<Published>,
}

impl Office {
    /// Does something with a request and tells the site's portal; at a desk, for its agency.
    pub async fn work_on(
        &self,
        at: At<'_>,
        reference: &Reference,
        work: &Work,
        who: &Actor,
    ) -> Result<Worked, OfficeError> {
        let mistakes = work.mistakes();
        if !mistakes.is_empty() {
            return Err(OfficeError::Mistakes(mistakes));
        }
        let now = self.now();
        let mut tx = self.store.write().await?;
        let before = request_in(&mut tx, at, reference).await?;
        let site = parse_site(&before.site)?;
        let hours = document_in(&mut tx, &site).await?.hours;
        let desk = at.desk();
        let row = next(&before, work, desk.is_some(), (&who.name, now))?;
        let row = match work {
            Work::Forward { .. } => RequestRow { due: millis(due_at_agency(&hours, now)), ..row },
            Work::Reopen { .. } | Work::Return { .. } => {
                let topic = HelpTopic::named(&row.topic).unwrap_or(HelpTopic::Other);
                RequestRow { due: millis(due(topic, &hours, now)), ..row }
            }
            Work::Take | Work::Answer { .. } | Work::Note { .. } | Work::Close { .. } => row,
        };
        tx.put_request(&row).await?;
        let agency = match work {
            Work::Forward { agency, .. } => agency.trim(),
            Work::Return { .. } => &before.agency,
            Work::Take | Work::Answer { .. } | Work::Note { .. } | Work::Close { .. } | Work::Reopen { .. } => {
                desk.unwrap_or_default()
            }
        };
        let done = step(&row, work.kind(), work.words(), now);
        tx.add_step(&StepRow { actor: who.name.clone(), agency: agency.to_owned(), ..done }).await?;
        if row.state == HelpState::Closed.as_str() && matches!(work, Work::Answer { .. }) {
            tx.add_step(&StepRow { actor: who.name.clone(), ..step(&row, "closed", "", now) }).await?;
        }
        let object = format!("request/{reference}");
        let change = Change { action: work.action(), object, before: &before.state, after: &row.state };
        self.note(&mut tx, who, change).await?;
        let published = self.publish_in(&mut tx, Scope::Site(&site)).await?;
        tx.commit().await?;
        Ok(Worked { row: RequestRow { contact: None, ..row }, published })
    }

    /// Marks an appeal's request as answered, in the transaction that decides the appeal.
    pub(super) async fn settle_appeal(
        &self,
        tx: &mut Tx,
        (site, reference): (&SiteId, &Reference),
        (verdict, words): (&str, &str),
        who: &Actor,
    ) -> Result<(), OfficeError> {
        let now = self.now();
        let Ok(before) = request_in(tx, At::Site(site), reference).await else { return Ok(()) };
        let row = settled(RequestRow { holder: taken_by(&before, &who.name), ..before }, HelpState::Answered, now);
        tx.put_request(&row).await?;
        let kind = if verdict == "accepted" { "granted" } else { "denied" };
        Ok(tx.add_step(&StepRow { actor: who.name.clone(), ..step(&row, kind, words, now) }).await?)
    }

    /// Escalates what is overdue: to the site head as soon as it is, to the department a day later; how many.
    pub(crate) async fn escalate_requests(&self) -> Result<u64, OfficeError> {
        let now = self.now();
        let day_ago = now.checked_sub(TO_DEPARTMENT).unwrap_or(Timestamp::MIN);
        if self.store.read().await?.requests_late((now, day_ago), 1).await?.is_empty() {
            return Ok(0);
        }
        let who = Actor { name: "gapura".to_owned(), reason: "overdue".to_owned() };
        let mut tx = self.store.write().await?;
        let late = tx.requests_late((now, day_ago), AT_ONCE).await?;
        let mut escalated = 0;
        for before in late {
            let (level, desk) = if before.level == 0 { (1, "site-head") } else { (2, "department") };
            // `changed` stays: visitors are told nothing new.
            let row = RequestRow { level, desk: desk.to_owned(), ..before.clone() };
            tx.put_request(&row).await?;
            tx.add_step(&step(&row, "escalated", desk, now)).await?;
            let shown = row.reference.parse::<Reference>().map_or_else(|_| row.reference.clone(), |it| it.to_string());
            let object = format!("request/{shown}");
            let change = Change { action: "request-escalate", object, before: &before.desk, after: desk };
            self.note(&mut tx, &who, change).await?;
            escalated += 1;
        }
        tx.commit().await?;
        Ok(escalated)
    }
}

/// Whoever took it first, else whoever does something now.
fn taken_by(row: &RequestRow, who: &str) -> String {
    if row.holder.is_empty() { who.to_owned() } else { row.holder.clone() }
}

fn settled(row: RequestRow, state: HelpState, now: Timestamp) -> RequestRow {
    RequestRow {
        state: state.as_str().to_owned(),
        desk: "helpdesk".to_owned(),
        level: 0,
        changed: millis(now),
        settled: Some(row.settled.unwrap_or_else(|| millis(now))),
        ..row
    }
}

/// The request after `work`; its due time is the caller's.
fn next(
    before: &RequestRow,
    work: &Work,
    by_agency: bool,
    (who, now): (&str, Timestamp),
) -> Result<RequestRow, OfficeError> {
    let refused = |why: Why| Err(OfficeError::Refused(why));
    let state = HelpState::named(&before.state)
        .ok_or_else(|| OfficeError::damaged("a request")(format!("state {}", before.state).into()))?;
    let open_again = |row: &RequestRow| RequestRow {
        state: HelpState::InWork.as_str().to_owned(),
        desk: "helpdesk".to_owned(),
        level: 0,
        changed: millis(now),
        settled: None,
        ..row.clone()
    };
    let is_appeal = before.origin == "appeal";
    let with_agency = state == HelpState::Forwarded;
    if by_agency && !with_agency && !matches!(work, Work::Note { .. }) {
        return refused(why!("request-not-here"));
    }
    match work {
        Work::Note { .. } => Ok(before.clone()),
        Work::Take if by_agency => Ok(RequestRow { holder: who.to_owned(), ..before.clone() }),
        Work::Take if !state.is_open() => refused(why!("request-answered")),
        Work::Take if with_agency => refused(why!("request-with-agency")),
        Work::Take => {
            let state = HelpState::InWork.as_str().to_owned();
            Ok(RequestRow { state, holder: who.to_owned(), changed: millis(now), ..before.clone() })
        }
        Work::Answer { .. } | Work::Close { .. } if is_appeal && state.is_open() => refused(why!("request-appeal")),
        Work::Answer { .. } if state == HelpState::Closed => refused(why!("request-closed")),
        Work::Answer { close, .. } => {
            let state = if *close { HelpState::Closed } else { HelpState::Answered };
            Ok(settled(RequestRow { holder: taken_by(before, who), ..before.clone() }, state, now))
        }
        Work::Forward { .. } if by_agency => refused(why!("request-forward")),
        Work::Forward { .. } if !state.is_open() => refused(why!("request-answered")),
        Work::Forward { agency, .. } => Ok(RequestRow {
            state: HelpState::Forwarded.as_str().to_owned(),
            desk: "agency".to_owned(),
            agency: agency.trim().to_owned(),
            level: 0,
            changed: millis(now),
            ..before.clone()
        }),
        Work::Return { .. } if !with_agency => refused(why!("request-not-forwarded")),
        Work::Return { .. } => Ok(RequestRow { agency: String::new(), ..open_again(before) }),
        Work::Close { .. } if state == HelpState::Closed => refused(why!("request-closed-already")),
        Work::Close { .. } => Ok(settled(before.clone(), HelpState::Closed, now)),
        Work::Reopen { .. } if state.is_open() => refused(why!("request-open")),
        Work::Reopen { .. } if is_appeal => refused(why!("request-decided")),
        Work::Reopen { .. } => Ok(open_again(before)),
    }
}
