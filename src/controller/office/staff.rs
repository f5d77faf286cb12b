//! Staff: who may sign in, what they may do, where they are signed in.

mod factor;
mod people;
mod session;
mod sign_in;
mod sso;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use gapura_model::Secret;
use gapura_runtime::Clock;
use gapura_store::{GrantRow, PersonRow, Tx, timestamp};
use jiff::{SignedDuration, Timestamp};

use super::{Actor, Change, Office, OfficeError, read_json};
use crate::config::Config;
use crate::document::SiteDocument;
use crate::keys::{Keys, random};
use crate::rights::{Grant, SitePlace};
use crate::sso::Sso;
use crate::staff::{Breached, Paces, Pacing, Seal, SessionId, StaffName, StaffProblem, TotpSecret};

pub use factor::Confirmed;
pub use people::{Person, PersonAdded, PersonOrder};
pub use session::{Proved, SessionSeen, Staff};
pub use sign_in::{Halfway, SeenFrom, SignIn, SignedIn};
pub use sso::{SsoBegun, SsoEnded};

/// What signing in needs beside the database.
#[derive(Debug)]
pub(crate) struct StaffDoor {
    /// Nobody stays signed in who does nothing for so long.
    pub(super) idle: SignedDuration,
    /// For secrets of second factors.
    pub(super) seal: Seal,
    /// Passwords that became known, beside the small list in the program.
    pub(super) breached: Option<Breached>,
    /// What applications for second factors call this controller.
    pub(super) label: String,
    pub(super) passwords: Mutex<Paces>,
    pub(super) codes: Mutex<Paces>,
    /// The department's identity provider.
    pub(super) sso: Option<Sso>,
    /// For what browsers keep on their way there.
    pub(super) sso_seal: Seal,
}

/// Nobody stays signed in longer than a working day.
pub(super) const WHOLE_SESSION: SignedDuration = SignedDuration::from_hours(12);
/// Whoever has given the password gives the code within this time.
pub(super) const HALFWAY: SignedDuration = SignedDuration::from_mins(10);
/// A password given by another is good so long.
pub(super) const TEMPORARY: SignedDuration = SignedDuration::from_hours(24 * 7);
/// What is known of somebody who left is erased after so long.
pub(super) const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 730);

impl StaffDoor {
    /// As the configuration wants it.
    pub(crate) fn new(keys: &Keys, config: &Config, clock: &Arc<dyn Clock>) -> Result<Self, OfficeError> {
        let section = &config.staff;
        let sealed = |purpose| {
            Seal::new(keys.staff_seed(), purpose).ok_or_else(|| OfficeError::Password("the seal's key".to_owned()))
        };
        let seal = sealed("second factors")?;
        Ok(Self {
            idle: SignedDuration::from_mins(i64::from(section.idle_minutes)),
            seal,
            breached: section.breached_passwords.clone().map(Breached::new),
            label: format!("Gapura {}", config.controller.public_name),
            passwords: Mutex::new(Paces::new(Pacing::PASSWORDS)),
            codes: Mutex::new(Paces::new(Pacing::CODES)),
            sso: config.sso.as_ref().map(|section| Sso::new(section, clock.clone())).transpose()?,
            sso_seal: sealed("identity provider")?,
        })
    }

    pub(super) fn passwords(&self) -> std::sync::MutexGuard<'_, Paces> {
        self.passwords.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn codes(&self) -> std::sync::MutexGuard<'_, Paces> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Office {
    /// What everybody may, by name.
    pub async fn grants_by_name(&self) -> Result<BTreeMap<String, Vec<Grant>>, OfficeError> {
        let mut found = BTreeMap::<String, Vec<Grant>>::new();
        for row in self.store.read().await?.grants(None).await? {
            found.entry(row.person.clone()).or_default().push(read_grant(&row)?);
        }
        Ok(found)
    }

    /// Where every site stands in the tree of scopes.
    pub async fn site_places(&self) -> Result<Vec<SitePlace>, OfficeError> {
        places(&mut self.store.read().await?).await
    }

    /// All that speaks against a new password.
    pub(super) async fn judge(
        &self,
        name: &StaffName,
        password: &Secret<String>,
    ) -> Result<Vec<StaffProblem>, OfficeError> {
        let mut found = crate::staff::judge(password, name);
        if let Some(breached) = self.door.breached.clone().filter(|_| found.is_empty()) {
            let password = Secret::new(password.expose().clone());
            let looked = tokio::task::spawn_blocking(move || breached.holds(&password)).await;
            match looked.map_err(std::io::Error::other).flatten() {
                Ok(true) => found.push(StaffProblem::PasswordKnown),
                Ok(false) => {}
                // The small list was looked at; a missing file keeps nobody from a new password.
                Err(error) => tracing::error!(%error, "the file of breached passwords cannot be read"),
            }
        }
        Ok(found)
    }

    /// The second factor's secret of somebody, opened.
    fn totp_of(&self, person: &PersonRow) -> Result<Option<TotpSecret>, OfficeError> {
        let Some(sealed) = &person.totp else { return Ok(None) };
        let opened = self.door.seal.open(&person.name, sealed).and_then(TotpSecret::from_bytes);
        opened.map(Some).ok_or_else(|| {
            OfficeError::damaged(format!("the second factor of {}", person.name))("sealed with another key".into())
        })
    }

    fn sealed(&self, name: &str, secret: &TotpSecret) -> Result<Vec<u8>, OfficeError> {
        Ok(self.door.seal.seal(name, secret.expose(), random::<12>()?))
    }

    /// Notes something about a person.
    async fn note_person(
        &self,
        tx: &mut Tx,
        who: &Actor,
        action: &'static str,
        name: &str,
        (before, after): (&str, &str),
    ) -> Result<(), OfficeError> {
        self.note(tx, who, Change { action, object: format!("person/{name}"), before, after }).await
    }
}

/// One thing wrong.
fn problem<T>(problem: StaffProblem) -> Result<T, OfficeError> {
    Err(OfficeError::Staff(vec![problem]))
}

/// Somebody who has not left.
async fn open_person(tx: &mut Tx, name: &StaffName) -> Result<PersonRow, OfficeError> {
    let row = tx.person(name.as_str()).await?.ok_or_else(|| OfficeError::not_found("person", name.as_str()))?;
    if row.closed.is_some() { problem(StaffProblem::Closed) } else { Ok(row) }
}

async fn grants_of(tx: &mut Tx, name: &str) -> Result<Vec<Grant>, OfficeError> {
    tx.grants(Some(name)).await?.iter().map(read_grant).collect()
}

fn read_grant(row: &GrantRow) -> Result<Grant, OfficeError> {
    let damaged = || OfficeError::damaged(format!("a grant of {}", row.person));
    let role = row.role.parse().map_err(|error: crate::rights::ParseRoleError| damaged()(error.into()))?;
    let scope = row.scope.parse().map_err(|error: crate::rights::ParseScopeError| damaged()(error.into()))?;
    Ok(Grant { role, scope })
}

async fn places(tx: &mut Tx) -> Result<Vec<SitePlace>, OfficeError> {
    let rows = tx.sites().await?;
    let place = |row: gapura_store::SiteRow| {
        let document: SiteDocument = read_json(&row.document, format!("site {}", row.id))?;
        let site = super::site::parse_site(&row.id)?;
        Ok(SitePlace { site, agency: document.agency, regency: document.regency })
    };
    rows.into_iter().map(place).collect()
}

/// Whether a time that has passed since `then` (ms) is longer than `limit`.
fn is_over(now: Timestamp, then: i64, limit: SignedDuration) -> bool {
    now.duration_since(timestamp(then)) > limit
}

fn session_id(hash: &[u8]) -> Result<SessionId, OfficeError> {
    let bytes = hash.try_into().map_err(|_| OfficeError::damaged("a session")("not 32 bytes".into()))?;
    Ok(SessionId::from_bytes(bytes))
}
