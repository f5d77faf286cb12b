//! The portal's side of the gate: finds the device, checks passwords, asks the gate's thread.

use std::sync::Arc;
use std::time::Duration;

use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
use captive_portal::{Credentials, Entered, Gate, Peer, Refused, View};
use gapura_model::{AccountName, DeviceId, Moment, PlanId, Secret};
use gapura_runtime::Clock;
use gapura_wire::{AccountAnswer, AccountCheck, AccountGrant, VoucherKey};
use tokio::sync::{OnceCell, Semaphore, watch};

use crate::devices::Devices;
use crate::gate::{Command, Credential, Entry, Handle};
use crate::link::Link;

/// What the portal asks.
pub(crate) struct Door {
    pub(crate) handle: Handle,
    pub(crate) devices: Arc<Devices>,
    pub(crate) clock: Arc<dyn Clock>,
    /// How things stand for a device nobody knows; the site's facts in it are always current.
    pub(crate) front: watch::Receiver<View>,
    /// The key under which this site's vouchers are known.
    pub(crate) voucher_key: watch::Receiver<Option<VoucherKey>>,
    /// The controller, once the router is enrolled.
    pub(crate) link: Arc<OnceCell<Link>>,
    pub(crate) passwords: Passwords,
}

/// One password hash at a time; the rest wait in a bounded queue.
pub(crate) struct Passwords {
    turn: Semaphore,
    waiting: Semaphore,
}

/// Visitors that may wait for their password to be checked; one more is told that the gate is busy.
const WAITING: usize = 32;

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { turn: Semaphore::new(1), waiting: Semaphore::new(WAITING) }
    }

    /// Whether `password` fits `verifier` (Argon2id, PHC text); `None` when too many wait.
    async fn fits(&self, verifier: String, password: &Secret<String>) -> Option<bool> {
        let _place = self.waiting.try_acquire().ok()?;
        let _turn = self.turn.acquire().await.ok()?;
        let password = password.clone();
        let checked = tokio::task::spawn_blocking(move || {
            PasswordHash::new(&verifier)
                .is_ok_and(|hash| Argon2::default().verify_password(password.expose().as_bytes(), &hash).is_ok())
        });
        checked.await.ok()
    }
}

impl Gate for Door {
    fn moment(&self) -> Moment {
        self.clock.now()
    }

    async fn view(&self, peer: Peer) -> View {
        let unknown = || self.front.borrow().clone();
        let Some(device) = self.devices.behind(peer.remote.ip()) else { return unknown() };
        self.handle.ask(|reply| Command::View(device, reply)).await.unwrap_or_else(unknown)
    }

    async fn enter(&self, peer: Peer, with: Credentials, take_over: bool) -> Result<Entered, Refused> {
        let device = self.devices.behind(peer.remote.ip()).ok_or(Refused::UnknownDevice)?;
        let with = match with {
            Credentials::OneTap { .. } => Credential::OneTap,
            Credentials::Voucher(code) => {
                let key = self.voucher_key.borrow().clone().ok_or(Refused::WayOff)?;
                Credential::Voucher(key.tag(&code))
            }
            Credentials::Account { name, password } => {
                let plan = self.account(&device, &name, password).await?;
                Credential::Account { name, plan }
            }
            Credentials::Again => Credential::Again,
        };
        let entry = |reply| Command::Enter(Box::new(Entry { device, with, take_over, reply }));
        self.handle.ask(entry).await.unwrap_or(Err(Refused::Busy))
    }

    async fn leave(&self, peer: Peer) -> Result<(), Refused> {
        let device = self.devices.behind(peer.remote.ip()).ok_or(Refused::UnknownDevice)?;
        self.handle.ask(|reply| Command::Leave(device, reply)).await.unwrap_or(Err(Refused::Busy))
    }

    async fn extend(&self, peer: Peer) -> Result<(), Refused> {
        let device = self.devices.behind(peer.remote.ip()).ok_or(Refused::UnknownDevice)?;
        self.handle.ask(|reply| Command::Extend(device, reply)).await.unwrap_or(Err(Refused::Busy))
    }
}

impl Door {
    /// The plan of an account whose password is right: by what this router keeps of it, else by asking the controller.
    async fn account(
        &self,
        device: &DeviceId,
        name: &AccountName,
        password: Secret<String>,
    ) -> Result<PlanId, Refused> {
        let wait = self.handle.ask(|reply| Command::MayTry(device.clone(), reply)).await.ok_or(Refused::Busy)?;
        if let Some(wait) = wait {
            return Err(Refused::Wait { wait: wait.max(Duration::from_secs(1)) });
        }
        let kept = self.handle.ask(|reply| Command::Verifier(name.clone(), reply)).await.ok_or(Refused::Busy)?;
        let kept_here = kept.is_some();
        if let Some(kept) = kept {
            match self.passwords.fits(kept.phc, &password).await {
                None => return Err(Refused::Busy),
                Some(true) => return Ok(kept.plan),
                // Perhaps it was changed at the department: ask there before saying no.
                Some(false) => {}
            }
        }
        match self.ask_controller(name, password).await {
            Some(AccountAnswer::Accepted(grant)) => {
                let plan = grant.plan.clone();
                self.handle.tell(Command::KeepVerifier(name.clone(), Some(Box::<AccountGrant>::new(grant))));
                Ok(plan)
            }
            Some(AccountAnswer::Closed) => {
                self.handle.tell(Command::KeepVerifier(name.clone(), None));
                Err(Refused::WrongPassword)
            }
            Some(AccountAnswer::Busy { .. }) => Err(Refused::Busy),
            // Not to be checked now, and not kept here: the visitor's password may well be right.
            None if !kept_here => Err(Refused::Busy),
            Some(AccountAnswer::Wrong) | None => {
                self.handle.tell(Command::WrongPassword(device.clone()));
                Err(Refused::WrongPassword)
            }
        }
    }

    async fn ask_controller(&self, name: &AccountName, password: Secret<String>) -> Option<AccountAnswer> {
        self.link.get()?.account(&AccountCheck { name: name.clone(), password }).await
    }
}
