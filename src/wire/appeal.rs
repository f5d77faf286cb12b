//! *Ajukan peninjauan*: a citizen asks for a second look at a refusal, without an account.

use std::fmt;
use std::str::FromStr;

use gapura_model::Reference;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{ClauseRef, limits};

/// How a citizen wishes to be told: a telephone number, an e-mail address. It does not print with `{:?}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Contact(String);

/// A text is not a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a contact: expected 1 to {most} visible characters", most = limits::CONTACT_CHARS)]
pub struct ParseContactError;

impl Contact {
    /// The text, for the person who answers; never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Contact {
    type Err = ParseContactError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let sound = (1..=limits::CONTACT_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if sound { Ok(Self(text.to_owned())) } else { Err(ParseContactError) }
    }
}

impl TryFrom<String> for Contact {
    type Error = ParseContactError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Contact> for String {
    fn from(contact: Contact) -> Self {
        contact.0
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[contact]")
    }
}

/// An appeal. It names no device and no visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appeal {
    /// Its number; the same appeal sent again counts once.
    pub reference: Reference,
    /// The name or address asked about, at most [`limits::SUBJECT_CHARS`] characters.
    pub subject: String,
    /// Why it should be open, in the citizen's words, at most [`limits::WHY_CHARS`] characters.
    pub why: String,
    /// How to reach the citizen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// The clause that refused, of the revision in force then; none where nothing refused any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<ClauseRef>,
    /// The whole explanation as the gateway gave it then (JSON text), at most [`limits::EXPLANATION_BYTES`] bytes.
    pub explanation: String,
    /// When (UTC), by the gateway's clock.
    pub at: Timestamp,
}

impl Appeal {
    /// What keeps it from being stored, in English; `None` when nothing does.
    pub fn problem(&self) -> Option<&'static str> {
        let long = |text: &str, most| text.chars().count() > most;
        let controls = |text: &str| text.chars().any(|c| c.is_control() && c != '\n' && c != '\r');
        if self.subject.trim().is_empty() || long(&self.subject, limits::SUBJECT_CHARS) || controls(&self.subject) {
            Some("the name asked about is empty, too long or has control characters")
        } else if self.why.trim().is_empty() || long(&self.why, limits::WHY_CHARS) || controls(&self.why) {
            Some("the reason is empty, too long or has control characters")
        } else if self.explanation.len() > limits::EXPLANATION_BYTES {
            Some("the explanation is too long")
        } else if serde_json::from_str::<serde::de::IgnoredAny>(&self.explanation).is_err() {
            Some("the explanation is not JSON")
        } else if self.clause.as_ref().is_some_and(|clause| !clause.is_sound()) {
            Some("the clause has no number that can be kept")
        } else {
            None
        }
    }
}

/// Appeals on their way to the controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appeals {
    /// At most [`limits::APPEALS`].
    pub appeals: Vec<Appeal>,
}

/// What the controller did with them. Those it does not name did not fit in today's number of this gateway: send them later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppealsAck {
    /// On disk now or before: forget the text, keep the number.
    pub stored: Vec<Reference>,
    /// Will never be stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedAppeal>,
    /// When there are some left over: how many seconds to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_seconds: Option<u32>,
}

/// An appeal that cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedAppeal {
    /// Which.
    pub reference: Reference,
    /// Why, in English.
    pub reason: String,
}

/// What became of an appeal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppealVerdict {
    /// The citizen was right: it is open, or will be with the SOP's next revision.
    Accepted,
    /// It stays as it is.
    Rejected,
    /// A verdict this version does not know.
    #[serde(other)]
    Other,
}

/// The department's answer, for whoever knows the number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppealAnswer {
    /// Which appeal.
    pub reference: Reference,
    /// The name or address it asks about.
    pub subject: String,
    /// When it was filed (UTC).
    pub filed: Timestamp,
    /// What became of it.
    pub verdict: AppealVerdict,
    /// Why, in words for the citizen.
    pub words: String,
    /// When it was decided (UTC).
    pub decided: Timestamp,
    /// The last day of the exception that was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Whether a SOP in force has that exception; none from a controller that does not say, and where nothing was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_force: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_does_not_print() {
        let contact: Contact = " 0812-0000-0000 ".parse().unwrap();
        assert_eq!((format!("{contact:?}").as_str(), contact.expose()), ("[contact]", "0812-0000-0000"));
        assert!(
            "a\u{7}".parse::<Contact>().is_err() && "x".repeat(limits::CONTACT_CHARS + 1).parse::<Contact>().is_err()
        );
    }
}
