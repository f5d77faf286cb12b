//! Whether the Internet is there: a judgement over probe results (pure), and the probes.
//!
//! The default asks only the uplink's own router (ARP, neighbour discovery); no host of the Internet is asked unless the site
//! names it. A site behind a modem that answers while its line is down should name a target beyond it.

mod health;
mod probe;

pub use health::{Health, Thresholds, Turn, UplinkHealth};
pub use probe::{Outcome, Target, probe};
