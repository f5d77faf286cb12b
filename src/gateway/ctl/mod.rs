//! The local control socket: one JSON request a connection, one JSON answer.
//!
//! `ctl.sock` in the run directory, mode 0600: whoever may open it is staff of this router. Every change carries a reason
//! and is written to the audit trail with it.

mod command;
mod server;

pub use command::{CtlArgs, CtlCommand, CtlError, ask};
pub(crate) use server::{bind, serve};

use std::time::Duration;

use gapura_model::{MacAddr, VisitId};
use serde::{Deserialize, Serialize};

/// What staff ask of the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Request {
    /// How the gateway is.
    Status,
    /// Who is online.
    Sessions,
    /// Lets a device in without a voucher.
    Admit {
        /// The device.
        mac: MacAddr,
        /// Its visitor bridge; needed only where there are several.
        lan: Option<gapura_model::IfName>,
        /// For how long at most; `None` = what the plan allows.
        seconds: Option<u64>,
        /// Which plan; `None` = the site's one-tap plan.
        plan: Option<gapura_model::PlanId>,
        /// Why.
        reason: String,
    },
    /// Gives a visit more time, never past closing.
    Extend {
        /// Which visit.
        who: Who,
        /// How much more.
        seconds: u64,
        /// Why.
        reason: String,
    },
    /// Ends a visit.
    Kick {
        /// Which visit.
        who: Who,
        /// Why.
        reason: String,
    },
    /// Keeps a device out.
    Block {
        /// The device.
        mac: MacAddr,
        /// Why; the visitor reads it.
        reason: String,
    },
    /// Lets a device try again.
    Unblock {
        /// The device.
        mac: MacAddr,
        /// Why.
        reason: String,
    },
    /// Puts a notice on every portal page, or takes it away.
    Notice {
        /// The text; `None` takes the notice away.
        text: Option<String>,
        /// `info`, `waspada`, `siaga` or `awas`.
        severity: Severity,
        /// How long it stands.
        seconds: u64,
    },
    /// Opens the gate for everybody (Buka darurat), or ends it.
    OpenInEmergency {
        /// How long; 0 ends it.
        seconds: u64,
        /// Why.
        reason: String,
    },
    /// Closes early or opens late today, or takes that back.
    Hours {
        /// Seconds from now; `None` takes every exception of today back.
        close_in: Option<u64>,
        /// Opens at once until closing time or for so many seconds.
        open_for: Option<u64>,
        /// Why.
        reason: String,
    },
    /// Compares the kernel with what is wanted and repairs it.
    Reconcile,
    /// The signed heads of the controller's audit log that are kept here.
    Anchors,
}

/// A visit, named by what staff can see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// By the device's address.
    Mac(MacAddr),
    /// By the visit's number.
    Visit(VisitId),
    /// By the short number the visitor reads out.
    Short(String),
}

/// How serious a notice is, as BMKG grades warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// To know.
    Info,
    /// Take care.
    Waspada,
    /// Get ready.
    Siaga,
    /// Act now.
    Awas,
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// What was asked for, as JSON.
    Done(serde_json::Value),
    /// What was tried, why not, what to do.
    Failed(String),
}

/// Largest request read.
const LARGEST: usize = 64 * 1024;
/// Longest a connection may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The socket's name in the run directory.
pub const SOCKET: &str = "ctl.sock";
