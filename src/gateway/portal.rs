//! The portal's side of the gate: finds the device, checks passwords, asks the gate's thread.

use std::sync::Arc;
use std::time::Duration;

use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
use captive_portal::{
    Appeal, AppealRefused, Credentials, Entered, Explained, Filter, Followed, Gate, HelpDesk, HelpRefused, HelpRequest,
    Peer, Refused, View,
};
use gapura_model::{AccountName, DeviceId, DeviceSort, Moment, Name, PlanId, Reference, Secret};
use gapura_runtime::Clock;
use gapura_wire::{AccountAnswer, AccountCheck, AccountGrant, VoucherKey};
use jiff::Timestamp;
use tokio::sync::{OnceCell, Semaphore, watch};

use crate::devices::Devices;
use crate::filter::Filtering;
use crate::gate::{Command, Credential, Entry, Handle};
use crate::link::Link;
use crate::requests::{NotFiled, Requests, sent};

/// What the portal asks.
pub(crate) struct Door {
    pub(crate) handle: Handle,
    pub(crate) devices: Arc<Devices>,
    pub(crate) filtering: Arc<Filtering>,
    pub(crate) requests: Arc<Requests>,
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
            Credentials::Token(token) => {
                let key = self.voucher_key.borrow().clone().ok_or(Refused::WayOff)?;
                Credential::Token(key.token_tag(&token))
            }
            Credentials::Account { name, password } => {
                let plan = self.account(&device, &name, password).await?;
                Credential::Account { name, plan }
            }
            Credentials::Moving(code) => Credential::Moving(code),
            Credentials::Again => Credential::Again,
        };
        let entry = |reply| Command::Enter(Box::new(Entry { device, with, take_over, reply }));
        self.handle.ask(entry).await.unwrap_or(Err(Refused::Busy))
    }

    fn seen_as(&self, peer: Peer, sort: DeviceSort) {
        if let Some(device) = self.devices.behind(peer.remote.ip()) {
            // Lost where the gate is busy: the row then says "Perangkat".
            self.handle.tell(Command::Looks(device, sort));
        }
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

impl Filter for Door {
    fn blocks(&self, peer: Peer, name: &Name) -> bool {
        self.filtering.blocks(peer.remote.ip(), name)
    }

    async fn explain(&self, peer: Peer, name: &Name) -> Explained {
        // Until when a name is refused takes compiling the rules of other hours.
        let (filtering, name) = (self.filtering.clone(), *name);
        let explained = tokio::task::spawn_blocking(move || filtering.explain(peer.remote.ip(), &name)).await;
        explained.unwrap_or(Explained::Unknown)
    }

    fn device(&self, peer: Peer) -> Option<DeviceId> {
        self.devices.behind(peer.remote.ip())
    }

    async fn file_appeal(&self, peer: Peer, appeal: Appeal) -> Result<Reference, AppealRefused> {
        let filtering = self.filtering.clone();
        let filed = tokio::task::spawn_blocking(move || filtering.file_appeal(peer.remote.ip(), appeal)).await;
        filed.unwrap_or(Err(AppealRefused::Busy))
    }
}

impl HelpDesk for Door {
    async fn file_request(&self, peer: Peer, request: HelpRequest) -> Result<Reference, HelpRefused> {
        let (filtering, requests, at) = (self.filtering.clone(), self.requests.clone(), self.clock.now().wall);
        let filing = move || {
            // The filter's word of this moment goes along, as with an appeal.
            let explanation = request.about.and_then(|name| filtering.trail(peer.remote.ip(), &name));
            file(&requests, request, explanation, at)
        };
        tokio::task::spawn_blocking(filing).await.unwrap_or(Err(HelpRefused::Busy))
    }

    async fn followed(&self, reference: Reference) -> Followed {
        match self.filtering.appeal_state(reference) {
            Followed::NotFound => self.requests.state(reference),
            known @ (Followed::Found(_) | Followed::Help(_) | Followed::Unavailable) => known,
        }
    }
}

/// Gives a request its number and writes it down.
fn file(
    requests: &Requests,
    request: HelpRequest,
    explanation: Option<String>,
    at: Timestamp,
) -> Result<Reference, HelpRefused> {
    let mut random = [0; 64];
    getrandom::fill(&mut random).map_err(|_| HelpRefused::Busy)?;
    let reference = Reference::from_random(&random).ok_or(HelpRefused::Busy)?;
    let kept = gapura_wire::HelpRequest {
        reference,
        topic: sent(request.topic),
        words: request.words,
        contact: request.contact.and_then(|contact| contact.parse().ok()),
        visit: request.visit,
        about: request.about.map(|name| name.to_string()),
        explanation,
        at,
    };
    requests.file(kept).map_err(|error| match error {
        NotFiled::Full => HelpRefused::Busy,
        NotFiled::Disk(error) => {
            tracing::error!(error = %gapura_model::with_causes(&error), "a request for help could not be written down");
            HelpRefused::Storage
        }
    })?;
    Ok(reference)
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
