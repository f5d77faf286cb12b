//! The controller's use-cases: every change is checked, audited and published in one transaction.

mod account;
mod alert;
mod anchor;
mod appeal;
mod backup;
mod beats;
mod check;
mod class;
mod counts;
mod day;
mod decree;
mod desk;
mod devices;
mod draft;
mod enlist;
pub(crate) mod enrol;
mod explain;
mod explored;
mod export;
mod faq;
mod filter;
mod group;
mod hours;
mod impact;
mod import;
mod ingest;
mod levels;
mod list_orders;
mod lists;
mod lookup;
mod lookup_file;
mod network;
mod orders;
mod part;
mod people;
mod preset;
mod print;
mod public;
mod publish;
mod queue;
mod report;
mod request;
mod request_at;
mod request_events;
mod request_export;
mod request_work;
mod retention;
mod rollout;
mod rollout_step;
mod rollout_turn;
mod rollout_view;
mod seats;
mod settings;
mod share;
mod site;
mod sop;
mod sop_desk;
mod sop_end;
mod staff;
mod summary;
mod together;
mod unfiltered;
mod unheld;
mod usage;
mod voucher;
mod voucher_state;
mod wall;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use gapura_rules::sop::Catalogue;
use gapura_runtime::Clock;
use gapura_store::{AuditEntry, Store, StoreError, Tx};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;

use crate::alert::post::PostError;
use crate::backup::BackupError;
use crate::config::Config;
use crate::deskroom::DeskRoom;
use crate::exchange::ExchangeError;
use crate::fleet::CertificateError;
use crate::keys::{Keys, KeysError};
use crate::lists::{Lists, ListsError};
use crate::meters::Meters;
use crate::sso::SsoError;
use crate::staff::StaffProblem;
use crate::tls::{OwnTlsError, browser_config};
use crate::why::Why;

pub use account::AccountOrder;
pub use alert::{Alert, AlertMessage};
pub(crate) use anchor::read_anchors;
pub use anchor::{Anchored, AuditFault, Checked};
pub use appeal::{Decided, Decision};
pub(crate) use backup::BackupRoom;
pub use backup::{BackupFailed, BackupMade, BackupProgress};
pub use class::{Class, ClassOrder};
pub use counts::TrialResult;
pub use day::{Day, DayOutage, Visits};
pub use desk::{MOVE_CODE, OnlineView};
pub use devices::DEVICE_CHARS;
pub use draft::Excepted;
pub use enlist::Enlisted;
pub use enrol::{CodeMade, Pending};
pub use explain::{DraftJudged, IndexAsked, Judged, SiteAnswer, SiteQuestion};
pub use explored::{Explored, LONGEST_DAYS, PLAN_DAYS, PlanUsed, SlotUse, Used};
pub use group::Group;
pub use hours::{NoEarlyClosing, SiteWeek, early, early_closing};
pub use impact::Impact;
pub use import::{ImportOrder, PartTaken, TakenIn};
pub use levels::{SetAt, SettingsTree, SiteStands, TermsVersion};
pub(crate) use list_orders::ListRoom;
pub use list_orders::{ListFailed, ListOrder, ListWork};
pub use lists::{ListStatus, Refreshed};
pub use lookup::{
    FoundPorts, FoundVisit, LOOKUP_DAYS, LookupAsked, LookupKind, LookupOrder, LookupQuestion, LookupSeen, LookupState,
    PORT_SPAN, PortsNoted,
};
pub use network::{GatewayStanding, Past, Stood};
pub use orders::{MoveCodeSeen, OrderSeen, OrderState};
pub use part::SetPart;
pub use preset::{PresetError, Tile};
pub use print::{FormKey, PrintError, PrintMistake, PrintOrder, Printed, PrintedVoucher, Sheet, Which};
use public::PublicShelf;
pub use public::{Public, PublicDay, PublicSite, PublicState, PublicUse};
pub use publish::Published;
pub use queue::{Queue, Ticket, TicketState, ticket_name};
pub(crate) use report::ReportRoom;
pub use report::{MonthReported, ReportsMade};
pub use request::{Reach, RequestList, RequestOrder, RequestView, RequestsAsked, Tab};
pub use request_at::At;
pub use request_events::ExportState;
pub(crate) use request_events::Pushed;
pub use request_export::{ExportSpan, RequestRecord, export_csv};
pub use request_work::{Work, Worked};
pub use retention::{
    CASE_CHARS, Destruction, Hold, HoldOrder, HoldState, HoldStep, KindStands, REASON_CHARS, RetentionStands,
};
pub use rollout::RolloutOrder;
pub use rollout_view::{RolloutChoice, RolloutGateway, RolloutLine, RolloutSite, RolloutView, RolloutWave, Runs};
pub use seats::{Seat, SeatState};
pub use settings::SiteSettings;
pub use site::PlanUse;
pub use sop::{Imported, SopFile, decree_hash};
use sop_desk::Found;
pub use sop_desk::{DESK_FILE, SopChoices, SopLine, SopSeen, newer_sop};
pub use sop_end::SopEnding;
pub(crate) use staff::StaffDoor;
pub use staff::{
    Confirmed, Halfway, Person, PersonAdded, PersonOrder, Proved, SeenFrom, SessionSeen, SignIn, SignedIn, SsoBegun,
    SsoEnded, Staff,
};
pub use summary::{DayUse, SiteNow, Summary};
use unfiltered::Unfiltered;
pub use unheld::Unheld;
pub use usage::Usage;
pub use voucher::{Place, VoucherOrder, VouchersMade};
pub use voucher_state::{BatchSeen, VoucherQuery, VoucherSeen, VoucherState, VouchersSeen};
pub use wall::{SCREEN_CHARS, Screen};

/// What the use-cases need: the database, the fleet's keys, a clock. Clones share them.
#[derive(Clone, Debug)]
pub struct Office {
    pub(crate) store: Store,
    pub(crate) keys: Arc<Keys>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lists: Arc<Lists>,
    pub(crate) config: Arc<Config>,
    /// What signing in needs.
    door: Arc<StaffDoor>,
    /// Password checks of staff, and those of visitors' accounts: neither keeps the other waiting.
    staff_checks: Arc<Checks>,
    visitor_checks: Arc<Checks>,
    /// Whoever looks through the whole audit log for a page: one at a time.
    audit_walk: Arc<tokio::sync::Mutex<()>>,
    /// Backups that are being made.
    pub(crate) backups: Arc<BackupRoom>,
    /// What people asked of lists.
    pub(crate) list_room: Arc<ListRoom>,
    /// Routers whose filter is not in force.
    unfiltered: Arc<Unfiltered>,
    /// The counter: who waits, who looks, who is online.
    pub(crate) desk: Arc<DeskRoom>,
    /// What the monthly reports wait for.
    reports: Arc<ReportRoom>,
    /// What anybody may see, as it was last looked at.
    public: Arc<PublicShelf>,
    /// What this process counts, for who scrapes it.
    pub(crate) meters: Arc<Meters>,
    /// What was found in texts of the SOP desk that were looked at before.
    sop_checks: Arc<Found>,
    /// Usage that waits to be stored.
    intake: Arc<ingest::Intake>,
    beats: Arc<beats::Beats>,
    outcomes: Arc<beats::Outcomes>,
    /// What was published while this process runs: the newest number of each site.
    pub(crate) newest: Arc<Mutex<BTreeMap<String, i64>>>,
    /// This process among several on one database.
    holder: Arc<str>,
}

/// Password checks: few at once, and not many that wait.
#[derive(Debug)]
pub(crate) struct Checks {
    /// So many run at once: each takes 19 MiB.
    running: Semaphore,
    /// So many wait or run; who comes after them is asked to come back.
    places: Semaphore,
}

impl Default for Checks {
    fn default() -> Self {
        Self { running: Semaphore::new(2), places: Semaphore::new(32) }
    }
}

/// Who changes something, and why; stands in the audit log.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who.
    pub name: String,
    /// Why; may be empty.
    pub reason: String,
}

/// A use-case could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum OfficeError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Keys or randomness.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Lists and their index.
    #[error(transparent)]
    Lists(#[from] ListsError),
    /// A backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// An export or import.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// A message about alerts.
    #[error(transparent)]
    Post(#[from] PostError),
    /// A certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Nothing has this name.
    #[error("there is no {what} \"{name}\"")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Under which name.
        name: String,
    },
    /// What was written contradicts itself or what is there; all mistakes.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Mistakes(Vec<Why>),
    /// SOPs that cannot be put in force; all problems, the errors first.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Sop(Vec<gapura_rules::sop::Problem>),
    /// The identity provider's settings.
    #[error(transparent)]
    Sso(#[from] SsoError),
    /// What keeps a change of staff from being made; all of it.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Staff(Vec<StaffProblem>),
    /// It may not be done as things stand.
    #[error("{0}")]
    Refused(Why),
    /// A row of the database is not what was once written to it.
    #[error("{what} in the database cannot be read: restore it from the backup")]
    Damaged {
        /// Which row.
        what: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something could not be written as JSON or signed.
    #[error("cannot write {0}")]
    Write(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// A password could not be hashed.
    #[error("cannot hash a password: {0}")]
    Password(String),
}

impl OfficeError {
    fn damaged(what: impl Into<String>) -> impl FnOnce(BoxError) -> Self {
        move |source| Self::Damaged { what: what.into(), source }
    }

    pub(crate) fn not_found(what: &'static str, name: impl Into<String>) -> Self {
        Self::NotFound { what, name: name.into() }
    }
}

/// Where an order needs a reason, and has none.
const REASON: &str = "--reason TEXT";

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Reads a document that was checked when it was written.
fn read_json<T: serde::de::DeserializeOwned>(text: &str, what: impl Into<String>) -> Result<T, OfficeError> {
    serde_json::from_str(text).map_err(|error| OfficeError::damaged(what)(error.into()))
}

/// Writes a document.
fn write_json<T: serde::Serialize>(value: &T, what: &'static str) -> Result<String, OfficeError> {
    serde_json::to_string(value).map_err(|error| OfficeError::Write(what, error.into()))
}

impl Office {
    /// Over an open database and the fleet's keys.
    pub(crate) fn new(
        store: Store,
        keys: Arc<Keys>,
        clock: Arc<dyn Clock>,
        lists: Arc<Lists>,
        config: &Config,
    ) -> Result<Self, OfficeError> {
        let door = Arc::new(StaffDoor::new(&keys, config, &clock)?);
        let config = Arc::new(config.clone());
        let (staff_checks, visitor_checks, audit_walk) = (Arc::default(), Arc::default(), Arc::default());
        let (backups, unfiltered, desk) = (Arc::default(), Arc::default(), Arc::default());
        let list_room = Arc::default();
        Ok(Self {
            store,
            keys,
            clock,
            lists,
            config,
            door,
            staff_checks,
            visitor_checks,
            audit_walk,
            backups,
            list_room,
            unfiltered,
            desk,
            reports: Arc::default(),
            public: Arc::default(),
            meters: Arc::default(),
            sop_checks: Arc::default(),
            intake: Arc::default(),
            beats: Arc::default(),
            outcomes: Arc::default(),
            newest: Arc::default(),
            holder: uuid::Uuid::new_v4().to_string().into(),
        })
    }

    /// What this process counts.
    pub const fn meters(&self) -> &Arc<Meters> {
        &self.meters
    }

    /// The database, for questions that change nothing.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Where gateways connect, `https://name:port`.
    pub fn controller_url(&self) -> String {
        let settings = &self.config.controller;
        match settings.public_name.parse::<std::net::Ipv6Addr>() {
            Ok(address) => format!("https://[{address}]:{}", settings.listen.port()),
            Err(_) => format!("https://{}:{}", settings.public_name, settings.listen.port()),
        }
    }

    /// The fleet's keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// TLS for browsers under `public_name`, by the fleet's own authority.
    pub fn browser_tls(&self, public_name: &str) -> Result<Arc<rustls::server::ServerConfig>, OwnTlsError> {
        browser_config(&self.keys, self.clock.clone(), public_name)
    }

    /// The lists that SOPs may name.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        self.lists.catalogue()
    }

    /// The time, by the controller's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now().wall
    }

    /// The zone that times of the whole department are said in.
    pub(crate) fn zone(&self) -> jiff::tz::TimeZone {
        let zone = self.config.console.as_ref().and_then(|console| console.zone.clone());
        zone.unwrap_or_default().tz().clone()
    }

    /// Whether this process is the one of several that does what must be done once, for so long from now.
    pub(crate) async fn on_duty(&self, duty: &str, lasts: SignedDuration) -> Result<bool, OfficeError> {
        let now = self.now();
        let until = now.checked_add(lasts).unwrap_or(now);
        let mut tx = self.store.write().await?;
        let mine = tx.take_duty(duty, &self.holder, (now, until)).await?;
        tx.commit().await?;
        Ok(mine)
    }

    /// The same office by another clock.
    pub(crate) fn by_clock(&self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self.clone() }
    }

    /// Notes a change in the audit log, in the transaction of the change.
    pub(crate) async fn note(&self, tx: &mut Tx, who: &Actor, change: Change<'_>) -> Result<(), OfficeError> {
        let Change { action, object, before, after } = change;
        let entry = AuditEntry { actor: &who.name, action, object: &object, before, after, reason: &who.reason };
        Ok(tx.audit(entry, self.now()).await?)
    }
}

/// What changed.
pub(crate) struct Change<'a> {
    pub(crate) action: &'static str,
    pub(crate) object: String,
    pub(crate) before: &'a str,
    pub(crate) after: &'a str,
}
