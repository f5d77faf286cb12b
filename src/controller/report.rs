//! The monthly accountability report: what a month was, reckoned and shown. Pure; [`crate::Office::month_report`] reads it.

mod hide;
mod month;
mod shown;
mod site;
mod spans;

pub use hide::FEWEST;
pub use month::{Month, ParseMonthError};
pub use shown::{
    AttackFigures, Cell, ClauseCount, DayCell, Figures, LateChange, MonthReport, RequestFigures, SiteLine,
};
pub(crate) use shown::{KeptSite, Late, report};
pub(crate) use site::{About, SiteMonth, Told};
pub use site::{Appeals, Attack, Part};
pub(crate) use spans::Spans;
