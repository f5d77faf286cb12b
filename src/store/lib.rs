//! The controller's database: SQLite for a single machine, PostgreSQL for a department, one SQL text for both.
//!
//! [`Store::read`] and [`Store::write`] give a [`Tx`]; what is asked of the database is a method on it, and nothing is kept
//! without [`Tx::commit`]. Writers take turns (SQLite: one connection, `BEGIN IMMEDIATE`; PostgreSQL: an advisory lock), so that
//! generations and the audit chain have no gaps and no forks, also when the server and the command line write at once.
//! Times are milliseconds since 1970 (UTC) in the tables and [`jiff::Timestamp`] outside.
#![forbid(unsafe_code)]

mod account;
mod alert;
mod anchor;
mod appeal;
mod audit;
mod batch;
mod bulk;
mod bundle;
mod day;
mod desk;
mod enrolment;
mod error;
mod filter;
mod fleet;
mod gateway;
mod group;
mod month;
mod month_figure;
mod network;
mod open;
mod parts;
mod person;
mod preset;
mod print;
mod privacy;
mod records;
mod request;
mod rollout;
mod rollup;
mod setting;
mod site;
mod snapshot;
mod sop;
mod sql;
mod staff_session;
mod timed;
mod tx;
mod unread;
mod usage;
mod voucher;
mod wall;

pub use account::AccountRow;
pub use alert::{AlertRow, MessageRow};
pub use anchor::AnchorRow;
pub use appeal::AppealRow;
pub use audit::{AuditEntry, AuditRow, AuditSearch, ChainError};
pub use batch::{BatchKnown, BatchName};
pub use bundle::{BundleRow, GenerationRow};
pub use day::{DayClasses, DayRequests, DayVisit};
pub use desk::{ClassRow, DeskViewRow, OrderRow, SeatRow, TicketRow};
pub use enrolment::{EnrolmentRow, NewEnrolment};
pub use error::StoreError;
pub use filter::{CountRow, CountSum, IndexRow, ListRow, TrialRow};
pub use fleet::{HeartbeatOf, NewBundle, NewestBundle, OutcomeOf};
pub use gateway::{CertificateRow, GatewayRow, ReportRow};
pub use group::{GroupBatch, GroupRow, GroupSiteRow, LendingRow};
pub use month::{Month, ParseMonthError};
pub use month_figure::{
    MonthAppeals, MonthFigureRow, MonthHiddenRow, MonthHour, MonthLine, MonthPlanRow, MonthRequest,
};
pub use network::{BackupRow, CertificateEnd, PlaceRow, StandingRow, StateRow};
pub use open::Store;
pub use parts::{MonthStep, Monthly};
pub use person::{GrantRow, PersonRow};
pub use preset::PresetRow;
pub use print::{BatchTotals, NewBatch, SealedRow, VoucherSearch, VoucherVisit};
pub use privacy::{PrivacyColumn, privacy_columns};
pub use records::{DestructionRow, HoldRow, LookupRow, NatSite, VisitNames};
pub use request::{EventRow, ExportRow, FaqRow, RequestQuery, RequestRow, StepRow, WaitingRow};
pub use rollout::{RolloutName, RolloutRow, RolloutSiteRow, SopHour};
pub use rollup::{DaySum, PlanSum, SlotSum};
pub use setting::{AcceptedRow, CalendarRow, MemberRow, OwnRow, SettingRow, TermsRow};
pub use site::{PlanRow, SiteRow};
pub use snapshot::{Cell, Column, ColumnKind, Table};
pub use sop::{DecreeRow, SopEndingRow, SopRow, SopState};
pub use staff_session::StaffSessionRow;
pub use timed::{reading, writing};
pub use tx::Tx;
pub use unread::UnreadRow;
pub use usage::{BalanceRow, OutageRow, Span, TallyRow, VisitRow, VisitSum};
pub use voucher::VoucherRow;
pub use wall::ScreenRow;

/// A [`jiff::Timestamp`] as the tables keep it: whole milliseconds since 1970 (UTC).
pub fn millis(at: jiff::Timestamp) -> i64 {
    at.as_millisecond()
}

/// The timestamp of a table's milliseconds; nonsense becomes the nearest possible time.
pub fn timestamp(millis: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    })
}

#[cfg(test)]
mod tests;
