//! The monthly accountability report: what a month was, reckoned and shown. Pure; [`crate::Office::month_report`] reads it.

mod csv;
mod hide;
mod letters;
mod month;
mod pdf;
mod sheet;
mod shown;
mod site;
mod spans;
mod statistics;

pub use csv::csv;
pub use hide::FEWEST;
pub(crate) use hide::Hidden;
pub use month::{Month, ParseMonthError};
pub use pdf::pdf;
pub use sheet::{Chart, Fact, Sheet, Table, cell_words, percent};
pub use shown::{
    AttackFigures, Cell, ClauseCount, DayCell, Figures, LateChange, MonthReport, RequestFigures, SiteLine,
};
pub(crate) use shown::{KeptSite, Late, hidden_of, report};
pub(crate) use site::{About, STILL, SiteMonth, Told};
pub use site::{Appeals, Attack, Part};
pub(crate) use spans::{Plan, Spans};
pub use statistics::Statistics;
