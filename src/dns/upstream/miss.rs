//! Why an upstream gave no answer.

use std::io;
use std::sync::Arc;

use thiserror::Error;

/// An upstream gave no answer.
#[derive(Clone, Debug, Error)]
pub(crate) enum Miss {
    /// The network said no, or there is no way there.
    #[error("the upstream could not be reached: {0}")]
    Network(#[source] Arc<io::Error>),
    /// What came answers something else.
    #[error("the upstream answered another question")]
    Mismatch,
    /// No randomness for id and spelling.
    #[error("the system gave no random numbers")]
    Entropy,
    /// The server is not who it should be. Nothing is asked of it.
    #[error("the upstream's certificate is not accepted: {0}")]
    Identity(#[source] rustls::Error),
    /// No TLS with it.
    #[error("TLS with the upstream failed: {0}")]
    Tls(#[source] Arc<io::Error>),
    /// Connecting took too long.
    #[error("the upstream did not take a connection in time")]
    Late,
    /// The connection ended before the answer came.
    #[error("the connection ended before the answer")]
    Closed,
    /// As many questions wait there as may.
    #[error("too many questions wait for this upstream")]
    Busy,
    /// It does not speak HTTP/2, which DNS over HTTPS needs (RFC 8484 section 5.2).
    #[error("the upstream does not speak HTTP/2")]
    NoHttp2,
    /// HTTP broke off.
    #[error("HTTP with the upstream broke off: {0}")]
    Http(#[source] Arc<h2::Error>),
    /// It answered, but with no DNS message: status, and what it says of the content.
    #[error("the upstream answered HTTP status {0} or another content than application/dns-message")]
    NotDns(u16),
    /// More octets than a DNS message can have.
    #[error("the upstream's answer is longer than a DNS message")]
    TooLong,
}

impl From<io::Error> for Miss {
    fn from(error: io::Error) -> Self {
        Self::Network(Arc::new(error))
    }
}

impl From<h2::Error> for Miss {
    fn from(error: h2::Error) -> Self {
        Self::Http(Arc::new(error))
    }
}

impl Miss {
    /// A failed handshake.
    pub(crate) fn of_handshake(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(wrong @ rustls::Error::InvalidCertificate(_)) => Self::Identity(wrong.clone()),
            _ => Self::Tls(Arc::new(error)),
        }
    }

    /// Whether asking again over a new connection makes sense: nothing was wrong but that the old one had ended.
    pub(crate) fn is_stale(&self) -> bool {
        matches!(self, Self::Closed)
    }
}
