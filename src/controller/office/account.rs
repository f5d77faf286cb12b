//! Accounts: Argon2id verifiers, a bounded number of checks at once.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use gapura_model::{AccountName, PlanId, Secret, SiteId};
use gapura_store::{AccountRow, millis, timestamp};
use gapura_wire::{AccountAnswer, AccountCheck, AccountGrant};
use jiff::SignedDuration;

use super::publish::Scope;
use super::site::must_exist;
use super::{Actor, Change, Office, OfficeError};
use crate::why::why;

/// An account as staff write it.
#[derive(Clone, Debug)]
pub struct AccountOrder {
    /// The name it signs in with.
    pub name: AccountName,
    /// The plan it opens.
    pub plan: PlanId,
    /// The only site it may be used at; none = everywhere.
    pub site: Option<SiteId>,
    /// Devices at once; none = what the plan says.
    pub devices: Option<u16>,
    /// For staff.
    pub note: String,
}

/// How long a gateway may keep a verifier.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

impl Office {
    /// Adds an account, or changes one (its password too); it is open afterwards.
    pub async fn set_account(
        &self,
        order: &AccountOrder,
        password: Secret<String>,
        who: &Actor,
    ) -> Result<(), OfficeError> {
        if !(8..=256).contains(&password.expose().chars().count()) {
            return Err(OfficeError::Mistakes(vec![why!("account-password").at("password")]));
        }
        let verifier = hash(password).await?;
        let row = AccountRow {
            name: order.name.as_str().to_owned(),
            verifier,
            plan: order.plan.as_str().to_owned(),
            site: order.site.as_ref().map(|site| site.as_str().to_owned()),
            devices: order.devices.map(i64::from),
            note: order.note.clone(),
            made: millis(self.now()),
            closed: None,
        };
        let mut tx = self.store.write().await?;
        must_exist(&mut tx, order.site.as_ref(), &order.plan).await?;
        let before = tx.account(&order.name).await?.map(|row| describe(&row)).unwrap_or_default();
        tx.put_account(&row).await?;
        let (object, after) = (format!("account/{}", order.name.as_str()), describe(&row));
        self.note(&mut tx, who, Change { action: "account-set", object, before: &before, after: &after }).await?;
        self.publish_in(&mut tx, order.site.as_ref().map_or(Scope::All, Scope::Site)).await?;
        Ok(tx.commit().await?)
    }

    /// Closes an account: gateways forget it with the next bundle.
    pub async fn close_account(&self, name: &AccountName, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let row = tx.account(name).await?.ok_or_else(|| OfficeError::not_found("account", name.as_str()))?;
        if row.closed.is_some() {
            return Err(OfficeError::Refused(why!("account-closed", account = name.as_str())));
        }
        let before = describe(&row);
        let row = AccountRow { closed: Some(millis(self.now())), ..row };
        tx.put_account(&row).await?;
        let (object, after) = (format!("account/{}", name.as_str()), describe(&row));
        self.note(&mut tx, who, Change { action: "account-close", object, before: &before, after: &after }).await?;
        self.publish_in(&mut tx, Scope::All).await?;
        Ok(tx.commit().await?)
    }

    /// All accounts; verifiers stay inside.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>, OfficeError> {
        let rows = self.store.read().await?.accounts().await?;
        Ok(rows.into_iter().map(|row| AccountRow { verifier: String::new(), ..row }).collect())
    }

    /// Checks a visitor's name and password for a gateway of `site`. An unknown name costs as much time as a wrong password.
    pub(crate) async fn check_account(&self, site: &SiteId, check: AccountCheck) -> Result<AccountAnswer, OfficeError> {
        let Ok(_place) = self.visitor_checks.places.try_acquire() else {
            return Ok(AccountAnswer::Busy { retry_seconds: 5 });
        };
        let row = self.store.read().await?.account(&check.name).await?;
        let Ok(_turn) = self.visitor_checks.running.acquire().await else {
            return Ok(AccountAnswer::Busy { retry_seconds: 5 });
        };
        let verifier = row.as_ref().map(|row| row.verifier.clone());
        let fits = verify(check.password, verifier).await?;
        let Some(row) = row.filter(|_| fits) else { return Ok(AccountAnswer::Wrong) };
        if row.closed.is_some() || row.site.as_ref().is_some_and(|only| only != site.as_str()) {
            return Ok(AccountAnswer::Closed);
        }
        let damaged = |error: gapura_model::ParseNameError| OfficeError::damaged("an account's plan")(error.into());
        Ok(AccountAnswer::Accepted(AccountGrant {
            plan: row.plan.parse().map_err(damaged)?,
            devices: row.devices.and_then(|devices| u16::try_from(devices).ok()),
            made: timestamp(row.made),
            until: self.now().checked_add(KEPT).unwrap_or(jiff::Timestamp::MAX),
            verifier: Secret::new(row.verifier),
        }))
    }
}

/// What the audit log says of an account: all but the verifier.
fn describe(row: &AccountRow) -> String {
    let AccountRow { plan, site, devices, closed, .. } = row;
    let site = site.as_deref().unwrap_or("every site");
    let devices = devices.map_or_else(|| "as the plan says".to_owned(), |devices| devices.to_string());
    format!("plan {plan}, {site}, devices {devices}{}", if closed.is_some() { ", closed" } else { "" })
}

/// An Argon2id verifier (19 MiB, 2 passes, 1 lane), off the event loop.
pub(super) async fn hash(password: Secret<String>) -> Result<String, OfficeError> {
    let work = move || Argon2::default().hash_password(password.expose().as_bytes()).map(|hash| hash.to_string());
    let hashed = tokio::task::spawn_blocking(work).await.map_err(|error| OfficeError::Password(error.to_string()))?;
    hashed.map_err(|error| OfficeError::Password(error.to_string()))
}

pub(super) async fn verify(password: Secret<String>, verifier: Option<String>) -> Result<bool, OfficeError> {
    let work = move || {
        // A hash of nobody's password, made here so that its cost follows the parameters above.
        let Some(verifier) = verifier else {
            let _ = Argon2::default().hash_password(password.expose().as_bytes());
            return Ok(false);
        };
        let hash = PasswordHash::new(&verifier).map_err(|error| error.to_string())?;
        Ok(Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok())
    };
    let fits: Result<bool, String> =
        tokio::task::spawn_blocking(work).await.map_err(|error| OfficeError::Password(error.to_string()))?;
    fits.map_err(|error| OfficeError::damaged("an account's verifier")(error.into()))
}
