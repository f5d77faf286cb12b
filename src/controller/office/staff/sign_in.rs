//! Signing in, step by step: name and password, the code where there is a second factor, then what is still to be done. Each step
//! has a token of its own, so that none that was seen before becomes a session.

use std::net::IpAddr;
use std::time::Duration;

use gapura_model::Secret;
use gapura_store::{PersonRow, Tx, millis};

use super::super::account::{hash, verify};
use super::session::{FULL, Proved, parse_name};
use super::{Actor, HALFWAY, Office, OfficeError, Staff, grants_of, is_over, open_person};
use crate::staff::{Pace, SessionToken, StaffName, StaffProblem};

/// Where a request comes from.
#[derive(Clone, Debug)]
pub struct SeenFrom {
    /// The address.
    pub address: IpAddr,
    /// What the browser calls itself.
    pub agent: String,
}

/// An attempt to sign in.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The name as it was typed.
    pub name: String,
    /// The password.
    pub password: Secret<String>,
    /// From where.
    pub from: SeenFrom,
}

/// What became of it. Every token is for the browser's cookie, in place of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedIn {
    /// Signed in.
    Done(SessionToken),
    /// The code of the second factor, please: [`Office::sign_in_code`].
    NeedsCode(SessionToken),
    /// A password of one's own, please: [`Office::sign_in_password`].
    MustSetPassword(SessionToken),
    /// The roles need a second factor: [`Office::begin_totp`], [`Office::confirm_totp`].
    MustEnrolTotp(SessionToken),
    /// Not yet: after so many seconds.
    Wait {
        /// Seconds.
        seconds: u64,
    },
    /// Wrong, or nobody: it is not said which. Also a step whose time is over: begin again.
    Wrong,
}

/// Somebody who has begun to sign in, and what comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halfway {
    /// The code.
    Code,
    /// A password of one's own.
    Password(StaffName),
    /// A second factor.
    Enrol(StaffName),
}

const CODE: &str = "code";
const PASSWORD: &str = "password";
const ENROL: &str = "enrol";

/// Characters of a password that are looked at: longer ones are nobody's.
const LOOKED_AT: usize = 1024;

/// Whole seconds to wait, at least one.
pub(super) fn turns(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
}

impl Office {
    /// Checks a name and password. A name that nobody has costs the same time, and waits the same.
    pub async fn sign_in(&self, attempt: SignIn) -> Result<SignedIn, OfficeError> {
        let SignIn { name, password, from } = attempt;
        let key: String = name.trim().to_lowercase().chars().take(64).collect();
        let Ok(_place) = self.staff_checks.places.try_acquire() else { return Ok(SignedIn::Wait { seconds: 5 }) };
        if let Pace::After(wait) = self.door.passwords().attempt(self.clock.now().up, &key, from.address) {
            return Ok(SignedIn::Wait { seconds: turns(wait) });
        }
        let person = match StaffName::typed(&name) {
            Ok(name) => self.store.read().await?.person(name.as_str()).await?,
            Err(_) => None,
        };
        let Ok(_turn) = self.staff_checks.running.acquire().await else { return Ok(SignedIn::Wait { seconds: 5 }) };
        let verifier = person.as_ref().map(|row| row.verifier.clone()).filter(|verifier| !verifier.is_empty());
        let looked_at = Secret::new(password.expose().chars().take(LOOKED_AT).collect());
        let fits = verify(looked_at, verifier).await?;
        let now = millis(self.now());
        let open = |row: &PersonRow| row.closed.is_none() && row.temporary_until.is_none_or(|until| until > now);
        let Some(person) = person.filter(|row| fits && open(row)) else {
            tracing::info!("a sign-in of staff was refused");
            return Ok(SignedIn::Wrong);
        };
        self.door.passwords().right(&key, from.address);
        let mut tx = self.store.write().await?;
        let signed = self.step(&mut tx, &person, false, &from).await?;
        tx.commit().await?;
        Ok(signed)
    }

    /// Who has begun to sign in with this token, and what comes next.
    pub async fn halfway(&self, token: &SessionToken) -> Result<Option<Halfway>, OfficeError> {
        let Some((session, person)) = self.live(&mut self.store.read().await?, token).await? else { return Ok(None) };
        Ok(match session.stage.as_str() {
            CODE => Some(Halfway::Code),
            PASSWORD => Some(Halfway::Password(parse_name(&person.name)?)),
            ENROL => Some(Halfway::Enrol(parse_name(&person.name)?)),
            _ => None,
        })
    }

    /// The second step: the code of the second factor, or one for the day it is lost.
    pub async fn sign_in_code(
        &self,
        token: &SessionToken,
        code: &str,
        from: &SeenFrom,
    ) -> Result<SignedIn, OfficeError> {
        let live = self.live(&mut self.store.read().await?, token).await?;
        let Some((_, person)) = live.filter(|(session, _)| session.stage == CODE) else { return Ok(SignedIn::Wrong) };
        match self.take_code(&person, code).await? {
            Proved::Done => {}
            Proved::Wait { seconds } => return Ok(SignedIn::Wait { seconds }),
            Proved::Wrong => return Ok(SignedIn::Wrong),
        }
        let mut tx = self.store.write().await?;
        let Some((session, person)) = self.live(&mut tx, token).await?.filter(|(row, _)| row.stage == CODE) else {
            return Ok(SignedIn::Wrong);
        };
        // The token before is good no longer.
        tx.remove_session(token.id().as_bytes(), &session.person).await?;
        let signed = self.step(&mut tx, &person, true, from).await?;
        tx.commit().await?;
        Ok(signed)
    }

    /// The step for those whose password was given by another.
    pub async fn sign_in_password(
        &self,
        token: &SessionToken,
        password: Secret<String>,
        from: &SeenFrom,
    ) -> Result<SignedIn, OfficeError> {
        let live = self.live(&mut self.store.read().await?, token).await?;
        let Some((_, person)) = live.filter(|(session, _)| session.stage == PASSWORD) else {
            return Ok(SignedIn::Wrong);
        };
        // Its sessions go with the password, this one too; what follows has a token of its own.
        self.replace_password(&person, password, None).await?;
        let mut tx = self.store.write().await?;
        let person = open_person(&mut tx, &parse_name(&person.name)?).await?;
        let signed = self.step(&mut tx, &person, true, from).await?;
        tx.commit().await?;
        Ok(signed)
    }

    /// Gives somebody who is signed in another password for the old one; their other sessions end.
    pub async fn change_password(
        &self,
        staff: &Staff,
        (old, new): (Secret<String>, Secret<String>),
        from: &SeenFrom,
    ) -> Result<Proved, OfficeError> {
        let row = self.store.read().await?.person(staff.name.as_str()).await?;
        let Some(person) = row.filter(|row| row.closed.is_none()) else { return Ok(Proved::Wrong) };
        let proved = self.own_password(&person, old, from).await?;
        if proved == Proved::Done {
            self.replace_password(&person, new, Some(staff.session.as_bytes())).await?;
        }
        Ok(proved)
    }

    async fn replace_password(
        &self,
        person: &PersonRow,
        password: Secret<String>,
        keep: Option<&[u8; 32]>,
    ) -> Result<(), OfficeError> {
        let name = parse_name(&person.name)?;
        let mut wrong = self.judge(&name, &password).await?;
        let old = Some(person.verifier.clone()).filter(|verifier| !verifier.is_empty());
        if wrong.is_empty() && old.is_some() && verify(Secret::new(password.expose().clone()), old).await? {
            wrong.push(StaffProblem::PasswordSame);
        }
        if !wrong.is_empty() {
            return Err(OfficeError::Staff(wrong));
        }
        let verifier = hash(password).await?;
        let mut tx = self.store.write().await?;
        let row = open_person(&mut tx, &name).await?;
        tx.put_person(&PersonRow { verifier, temporary_until: None, ..row }).await?;
        tx.clear_sessions(&person.name, keep).await?;
        let who = Actor { name: person.name.clone(), reason: String::new() };
        self.note_person(&mut tx, &who, "password-set", &person.name, ("", "")).await?;
        Ok(tx.commit().await?)
    }

    /// What comes next for somebody who has given the password, and the code if `coded`.
    pub(super) async fn step(
        &self,
        tx: &mut Tx,
        person: &PersonRow,
        coded: bool,
        from: &SeenFrom,
    ) -> Result<SignedIn, OfficeError> {
        let name = person.name.as_str();
        let needs = grants_of(tx, name).await?.iter().any(|grant| grant.role.needs_second_factor());
        if person.totp.is_some() && !coded {
            return Ok(SignedIn::NeedsCode(self.begin_session(tx, name, CODE, from).await?));
        }
        if person.temporary_until.is_some() {
            return Ok(SignedIn::MustSetPassword(self.begin_session(tx, name, PASSWORD, from).await?));
        }
        if needs && person.totp.is_none() {
            return Ok(SignedIn::MustEnrolTotp(self.begin_session(tx, name, ENROL, from).await?));
        }
        let token = self.begin_session(tx, name, FULL, from).await?;
        let who = Actor { name: name.to_owned(), reason: String::new() };
        self.note_person(tx, &who, "sign-in", name, ("", "")).await?;
        Ok(SignedIn::Done(token))
    }

    /// Whether a session is where a second factor may be set up: on its way there, or of somebody who has none or proved who
    /// they are lately.
    pub(super) fn may_enrol(&self, (stage, proved): (&str, i64), has_one: bool) -> bool {
        stage == ENROL || (stage == FULL && (!has_one || !is_over(self.now(), proved, HALFWAY)))
    }
}
