//! Figures for Prometheus: instruments that count without locks, a page of figures, and the address it is read at.
//!
//! Rooms keep counting where they count; a daemon writes all of it on a [`Page`] when it is scraped. The text is Prometheus'
//! exposition format 0.0.4, or OpenMetrics 1.0 for who asks for it (`Accept`). Written here and not taken from a crate: the
//! client of the Prometheus project speaks OpenMetrics only, and exporters with a registry of their own would count a second
//! time what the house counts already.
//!
//! No label ever holds a person, an address, a visited name or a voucher: labels are words of our own code, routes, and
//! sites or lists where the fleet itself bounds how many there are.

mod check;
mod histogram;
mod page;
mod process;
mod serve;

pub use check::{Family, Kind, Point, read};
pub use histogram::{Counter, FAST, Histogram, Reading, SLOW, Timer};
pub use page::{Format, Page, Samples, Value};
pub use process::process;
pub use serve::{bind, serve};
