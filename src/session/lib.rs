//! What a visit is: lifecycle, time and byte limits, idleness, hours, warnings. Pure, sans I/O.
//!
//! [`Engine`] takes inputs with a [`gapura_model::Moment`] (and random ids) as arguments, decides, and leaves [`Effect`]s
//! that the caller drains and carries out: records and balances into the ledger, grants and revokes into the kernel.
//! Time used is measured by the monotonic clock only; the wall clock serves hours, days and *Pakai sebelum*.
#![forbid(unsafe_code)]

mod ask;
mod effect;
mod engine;
mod guess;
mod outcome;
mod plan;
mod policy;
mod record;
mod seconds;
mod share;

pub use ask::{Admission, Ask, Terms, Voucher, Way};
pub use effect::{Effect, Grant, KernelQuota, Notice};
pub use engine::{
    Admitted, DeviceKind, Emergency, Engine, Entry, ExtendRefusal, Farewell, Figures, Kept, LONGEST_GRANT, Scarce,
    Snapshot,
};
pub use guess::{Guesses, Pace, Pacing};
pub use outcome::{EndCause, ParseEndCauseError, Refusal, Scope};
pub use plan::{Allowance, AtEnd, ByteLimit, Extend, OnTheft, Plan, PlanProblem, Speed, UplinkShare};
pub use policy::{Block, InDoubt, Policy, PolicyProblem, Seat, TrustedDevice};
pub use record::{Ended, HolderBalance, Used, VisitRecord};
pub use share::{Lent, Limit, Share, is_low};
