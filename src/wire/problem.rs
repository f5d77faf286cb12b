//! How an error travels.

use serde::{Deserialize, Serialize};

/// The stable id of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The body could not be read as the message it should be.
    Unreadable,
    /// The body is larger than [`crate::limits`] allows.
    TooLarge,
    /// A client certificate is needed and there was none.
    NoCertificate,
    /// The certificate is not of this fleet, has ended, or belongs to no known gateway.
    UnknownCertificate,
    /// The certificate was revoked: the router has been replaced or removed.
    Revoked,
    /// The message names another gateway than the certificate.
    WrongGateway,
    /// The certificate request is not usable.
    BadRequestForCertificate,
    /// Too many requests: wait and try again.
    Busy,
    /// No such address.
    NotFound,
    /// The controller could not do its part: try again later.
    Internal,
    /// An id that this version does not know.
    #[serde(other)]
    Other,
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What went wrong.
    pub kind: ProblemKind,
    /// What was tried, why not and what to do, in English, for the operator's log.
    pub detail: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}
