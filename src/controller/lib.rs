//! The controller: one for a department. It holds sites, plans, vouchers and accounts, takes routers into the fleet, publishes
//! each site's signed bundle, and keeps the usage log of every gateway exactly once.
//!
//! [`serve`] runs the gateways' API; [`commands`] is the command line, which works on the same database, also while a server
//! runs. Both go through [`Office`], where every change is checked, audited and published in one transaction.
#![forbid(unsafe_code)]

mod alert;
mod api;
mod backup;
pub mod commands;
mod condition;
mod config;
mod deskroom;
mod document;
pub mod door;
mod due;
mod exchange;
mod fleet;
mod keys;
mod lending;
mod lists;
mod meters;
mod metrics;
mod office;
mod opening;
pub mod preset;
pub mod report;
mod retention;
mod rights;
mod rollout;
mod sample;
mod serve;
mod settings;
mod sso;
mod staff;
mod tls;
mod vault;
mod watching;
mod webhook;
mod why;
mod words;

pub use alert::AlertKind;
pub use alert::detail::verdict_words;
pub use alert::post::PostError;
pub use backup::{BackupError, Restored, SealError, Secret};
pub use condition::{Condition, SILENT_AFTER, Tone, last_words};
pub use config::{Config, Console, Retention, load as load_config};
pub use document::{FilterDocument, ForwardDocument, PlanFile, SiteDevice, SiteDocument, TermsDocument};
pub use exchange::{ExchangeError, ExportedFile, Manifest, Part, inert};
pub use fleet::{CertificateError, Issued};
pub use gapura_store::{
    AppealRow, AuditRow, AuditSearch, ChainError, GroupBatch, PrivacyColumn, RequestRow, SopEndingRow, SopRow,
    SopState, StepRow, VisitRow, privacy_columns,
};
pub use keys::{Keys, KeysError};
pub use lists::{Edition, Held, ListState, ListsError};
pub use meters::{Meter, Meters, measure};
pub use office::{
    AccountOrder, Actor, Alert, AlertMessage, Anchored, At, AuditFault, BackupFailed, BackupMade, BackupProgress,
    BatchSeen, CASE_CHARS, Checked, Class, ClassOrder, CodeMade, Confirmed, DESK_FILE, DEVICE_CHARS, Day, DayOutage,
    DayUse, Decided, Decision, Destruction, DraftJudged, Enlisted, Excepted, Explored, ExportSpan, ExportState,
    FormKey, FoundPorts, FoundVisit, GatewayStanding, Group, Halfway, Hold, HoldOrder, HoldState, HoldStep, Impact,
    ImportOrder, Imported, IndexAsked, Judged, KindStands, LONGEST_DAYS, LOOKUP_DAYS, ListFailed, ListOrder,
    ListStatus, ListWork, LookupAsked, LookupKind, LookupOrder, LookupQuestion, LookupSeen, LookupState, MOVE_CODE,
    MonthReported, MoveCodeSeen, NoEarlyClosing, Office, OfficeError, OnlineView, OrderSeen, OrderState, PLAN_DAYS,
    PORT_SPAN, PartTaken, Past, Pending, Person, PersonAdded, PersonOrder, Place, PlanUse, PlanUsed, PortsNoted,
    PresetError, PrintError, PrintMistake, PrintOrder, Printed, PrintedVoucher, Proved, Public, PublicDay, PublicSite,
    PublicState, PublicUse, Published, Queue, REASON_CHARS, Reach, Refreshed, ReportsMade, RequestList, RequestOrder,
    RequestRecord, RequestView, RequestsAsked, RetentionStands, RolloutChoice, RolloutGateway, RolloutLine,
    RolloutOrder, RolloutSite, RolloutView, RolloutWave, Runs, SCREEN_CHARS, Screen, Seat, SeatState, SeenFrom,
    SessionSeen, SetAt, SetPart, SettingsTree, Sheet, SignIn, SignedIn, SiteAnswer, SiteNow, SiteQuestion,
    SiteSettings, SiteStands, SiteWeek, SlotUse, SopChoices, SopEnding, SopFile, SopLine, SopSeen, SsoBegun, SsoEnded,
    Staff, Stood, Summary, Tab, TakenIn, TermsVersion, Ticket, TicketState, Tile, TrialResult, Unheld, Usage, Used,
    Visits, VoucherOrder, VoucherQuery, VoucherSeen, VoucherState, VouchersMade, VouchersSeen, Which, Work, Worked,
    decree_hash, early, early_closing, export_csv, newer_sop, ticket_name,
};
pub use opening::{OpenError, migrate};
pub use retention::{Kind, Rule};
pub use rights::{
    Grant, ParseRoleError, ParseScopeError, Right, Role, Scope, SitePlace, desks, may, may_anywhere, may_over,
};
pub use rollout::watch::Trouble;
pub use rollout::{Cause, RolloutRules, RolloutState};
pub use sample::{SampleMade, SampleOrder};
pub use serve::{ServeError, Serving, office, serve};
pub use settings::{
    Calendar, CalendarError, Effective, FilterSettings, Holiday, HolidaySettings, HoursSettings, Level, Origin, Season,
    SettingsDocument, Settled, usual_hours,
};
pub use sso::SsoError;
pub use staff::{Enrolment, ParseStaffNameError, SessionId, SessionToken, StaffName, StaffProblem};
pub use tls::{OwnTlsError, TlsError};
pub use why::Why;
pub use words::say;

#[cfg(test)]
mod tests;
