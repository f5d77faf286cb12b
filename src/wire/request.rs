//! *Butuh bantuan?*: a visitor asks for help without an account, and reads the answers by number.

use gapura_model::Reference;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Contact, Text, limits};

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HelpTopic {
    /// No way onto the network.
    Connect,
    /// More time or more bytes.
    MoreTime,
    /// A site that does not open.
    Blocked,
    /// A complaint about the service.
    Complaint,
    /// Anything else, and what this version does not know.
    #[serde(other)]
    Other,
}

impl HelpTopic {
    /// All of them, in the order in which people are asked.
    pub const ALL: [Self; 5] = [Self::Connect, Self::MoreTime, Self::Blocked, Self::Complaint, Self::Other];

    /// Its name on the wire and in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::MoreTime => "more-time",
            Self::Blocked => "blocked",
            Self::Complaint => "complaint",
            Self::Other => "other",
        }
    }

    /// The topic of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == name)
    }
}

/// A request for help. It names no device; the visit's short number is one that visitors read out themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelpRequest {
    /// Its number; the same request sent again counts once.
    pub reference: Reference,
    /// What it is about.
    pub topic: HelpTopic,
    /// The visitor's words, at most [`limits::WORDS_CHARS`] characters.
    pub words: String,
    /// How to reach the visitor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// The short number of the visit it was written in (`4K7M-29QD`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<String>,
    /// The site it is about, at most [`limits::SUBJECT_CHARS`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What the filter said of `about` then (JSON text), at most [`limits::EXPLANATION_BYTES`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    /// When (UTC), by the gateway's clock.
    pub at: Timestamp,
}

impl HelpRequest {
    /// What keeps it from being stored, in English; `None` when nothing does.
    pub fn problem(&self) -> Option<&'static str> {
        let long = |text: &str, most| text.chars().count() > most;
        let controls = |text: &str| text.chars().any(|c| c.is_control() && c != '\n' && c != '\r');
        let explanation = self.explanation.as_deref();
        if self.words.trim().is_empty() || long(&self.words, limits::WORDS_CHARS) || controls(&self.words) {
            Some("the words are empty, too long or have control characters")
        } else if self.visit.as_deref().is_some_and(|visit| !is_short(visit)) {
            Some("the visit's number is not one")
        } else if self.about.as_deref().is_some_and(|about| {
            about.trim().is_empty() || long(about, limits::SUBJECT_CHARS) || about.chars().any(char::is_control)
        }) {
            Some("the site asked about is empty, too long or has control characters")
        } else if explanation.is_some_and(|text| text.len() > limits::EXPLANATION_BYTES) {
            Some("the explanation is too long")
        } else if explanation.is_some_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()) {
            Some("the explanation is not JSON")
        } else {
            None
        }
    }
}

/// Whether `text` looks as [`gapura_model::VisitId::short`] writes it.
fn is_short(text: &str) -> bool {
    let group = |group: &str| group.len() == 4 && group.bytes().all(|c| gapura_model::VOUCHER_ALPHABET.contains(&c));
    text.split_once('-').is_some_and(|(first, second)| group(first) && group(second))
}

/// Requests on their way to the controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelpRequests {
    /// At most [`limits::REQUESTS`].
    pub requests: Vec<HelpRequest>,
}

/// What the controller did with them. Those it does not name did not fit in today's number of this gateway: send them later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelpRequestsAck {
    /// On disk now or before: forget the text, keep the number.
    pub stored: Vec<StoredRequest>,
    /// Will never be stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedRequest>,
    /// When there are some left over: how many seconds to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_seconds: Option<u32>,
}

/// A request that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRequest {
    /// Which.
    pub reference: Reference,
    /// It is answered by then (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
}

/// A request that cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRequest {
    /// Which.
    pub reference: Reference,
    /// Why, in English.
    pub reason: String,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HelpState {
    /// Somebody works on it.
    InWork,
    /// With another agency.
    Forwarded,
    /// Answered; the visitor may come back to it.
    Answered,
    /// Over.
    Closed,
    /// Somebody has still to look at it; what this version does not know, too.
    #[serde(other)]
    Received,
}

impl HelpState {
    /// All of them, in the order in which they come.
    pub const ALL: [Self; 5] = [Self::Received, Self::InWork, Self::Forwarded, Self::Answered, Self::Closed];

    /// Its name on the wire and in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::InWork => "in-work",
            Self::Forwarded => "forwarded",
            Self::Answered => "answered",
            Self::Closed => "closed",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether somebody still owes an answer.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Received | Self::InWork | Self::Forwarded => true,
            Self::Answered | Self::Closed => false,
        }
    }
}

/// How far a request is, and what was answered, for whoever knows the number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAnswer {
    /// Which request.
    pub reference: Reference,
    /// What it is about.
    pub topic: HelpTopic,
    /// When it was filed (UTC).
    pub filed: Timestamp,
    /// How far it is.
    pub state: HelpState,
    /// The agency it was forwarded to, while it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// It is answered by then (UTC); none once it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// What was answered, the oldest first; at most [`limits::ANSWERS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<AnswerWords>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerWords {
    /// When (UTC).
    pub at: Timestamp,
    /// The agency that answered, where it is not the site's own desk. Never a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// The answer, at most [`limits::WORDS_CHARS`] characters.
    pub words: String,
}

/// A question that people ask often, and its answer, as staff write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faq {
    /// The question, at most [`limits::QUESTION_CHARS`] characters a language.
    pub question: Text,
    /// The answer, at most [`limits::WORDS_CHARS`] characters a language.
    pub answer: Text,
}

/// What is wrong with a bundle's answers and questions; empty when they may be shown.
pub(crate) fn mistakes(answers: &[RequestAnswer], faq: &[Faq]) -> Vec<String> {
    let long = |text: &str, most| text.chars().count() > most;
    let mut wrong = Vec::new();
    if answers.len() > limits::REQUEST_ANSWERS || faq.len() > limits::FAQ {
        let (answers, faq) = (limits::REQUEST_ANSWERS, limits::FAQ);
        wrong.push(format!("more than {answers} requests or {faq} frequent questions"));
    }
    for answer in answers {
        if answer.answers.len() > limits::ANSWERS
            || answer.answers.iter().any(|one| long(&one.words, limits::WORDS_CHARS))
        {
            wrong.push(format!("request {}: too many answers, or one too long", answer.reference));
        }
    }
    for one in faq {
        let too_long = [(&one.question, limits::QUESTION_CHARS), (&one.answer, limits::WORDS_CHARS)];
        if too_long.into_iter().any(|(text, most)| long(&text.id, most) || long(&text.en, most)) {
            wrong.push(format!("the frequent question \"{}\" or its answer is too long", head(&one.question.id)));
        }
    }
    wrong
}

fn head(text: &str) -> String {
    text.chars().take(40).collect()
}
