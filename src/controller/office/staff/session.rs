//! Sessions: found by the hash of their token, ended by idleness, by the day's end and by every change of rights.

use gapura_model::Secret;
use gapura_store::{PersonRow, StaffSessionRow, Tx, millis, timestamp};
use jiff::{SignedDuration, Timestamp};

use super::super::account::verify;
use super::sign_in::{SeenFrom, turns};
use super::{Actor, HALFWAY, Office, OfficeError, WHOLE_SESSION, grants_of, is_over, session_id};
use crate::rights::{Grant, Right, SitePlace, may};
use crate::staff::{Pace, ParseStaffNameError, SessionId, SessionToken, StaffName};

/// One of the staff who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// The name they signed in with; stands in the audit log.
    pub name: StaffName,
    /// What others see, for example `Petugas loket`.
    pub full_title: String,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// The language of their pages.
    pub lang: String,
    /// Which session.
    pub session: SessionId,
    /// When they last proved who they are.
    pub proved: Timestamp,
    /// Whether they prove it with a code, else with the password.
    pub second_factor: bool,
}

/// What became of proving it once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proved {
    /// It is they.
    Done,
    /// Not yet: after so many seconds.
    Wait {
        /// Seconds.
        seconds: u64,
    },
    /// It does not fit.
    Wrong,
}

/// A session as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSeen {
    /// Which.
    pub id: SessionId,
    /// Since when.
    pub since: Timestamp,
    /// The last request.
    pub seen: Timestamp,
    /// From which address.
    pub address: String,
    /// With which browser.
    pub agent: String,
}

/// A session is noted as used this often at most.
const NOTED: SignedDuration = SignedDuration::from_secs(60);
/// What needs fresh proof may be done so long after it.
const FRESH: SignedDuration = SignedDuration::from_mins(5);
/// What a session says when nothing is left to be done.
pub(super) const FULL: &str = "full";

impl Staff {
    /// Whether they may do this here (`None`: in the department as a whole).
    pub fn may(&self, right: Right, place: Option<&SitePlace>) -> bool {
        may(&self.grants, right, place)
    }

    /// Whether they have to prove once more who they are before they use `right`.
    pub fn must_prove(&self, right: Right, now: Timestamp) -> bool {
        right.needs_fresh_proof() && now.duration_since(self.proved) > FRESH
    }

    /// Who does it, for the audit log.
    pub fn actor(&self, reason: impl Into<String>) -> Actor {
        Actor { name: self.name.to_string(), reason: reason.into() }
    }
}

impl Office {
    /// Who shows this token, if they are signed in; notes that they are still there.
    pub async fn session(&self, token: &SessionToken) -> Result<Option<Staff>, OfficeError> {
        let Some((staff, seen)) = self.signed_in(token).await? else { return Ok(None) };
        if is_over(self.now(), seen, NOTED.min(self.door.idle / 4)) {
            let mut tx = self.store.write().await?;
            tx.touch_session(token.id().as_bytes(), self.now()).await?;
            tx.commit().await?;
        }
        Ok(Some(staff))
    }

    /// The same for a page that asks by itself: it says nothing of whether they are still there.
    pub async fn session_unattended(&self, token: &SessionToken) -> Result<Option<Staff>, OfficeError> {
        Ok(self.signed_in(token).await?.map(|(staff, _)| staff))
    }

    /// Who is signed in with this token, and when they were last seen.
    async fn signed_in(&self, token: &SessionToken) -> Result<Option<(Staff, i64)>, OfficeError> {
        let mut tx = self.store.read().await?;
        let Some((session, person)) = self.live(&mut tx, token).await?.filter(|(row, _)| row.stage == FULL) else {
            return Ok(None);
        };
        let grants = grants_of(&mut tx, &person.name).await?;
        drop(tx);
        let staff = Staff {
            name: parse_name(&person.name)?,
            full_title: person.title,
            grants,
            lang: person.lang,
            session: token.id(),
            proved: timestamp(session.proved),
            second_factor: person.totp.is_some(),
        };
        Ok(Some((staff, session.seen)))
    }

    /// Ends a session, whatever its token is.
    pub async fn sign_out(&self, token: &SessionToken) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        if let Some(session) = tx.session(token.id().as_bytes()).await? {
            tx.remove_session(token.id().as_bytes(), &session.person).await?;
            let who = Actor { name: session.person.clone(), reason: String::new() };
            self.note_person(&mut tx, &who, "sign-out", &session.person, ("", "")).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Proves once more who they are: with a code where they have a second factor, else with the password.
    pub async fn prove_again(
        &self,
        staff: &Staff,
        proof: Secret<String>,
        from: &SeenFrom,
    ) -> Result<Proved, OfficeError> {
        let person = self.store.read().await?.person(staff.name.as_str()).await?;
        let Some(person) = person.filter(|row| row.closed.is_none()) else { return Ok(Proved::Wrong) };
        let proved = if person.totp.is_some() {
            self.take_code(&person, proof.expose()).await?
        } else {
            self.own_password(&person, proof, from).await?
        };
        if proved == Proved::Done {
            let mut tx = self.store.write().await?;
            tx.prove_session(staff.session.as_bytes(), self.now()).await?;
            tx.commit().await?;
        }
        Ok(proved)
    }

    /// Whether this is somebody's password, at the pace of guesses.
    pub(super) async fn own_password(
        &self,
        person: &PersonRow,
        password: Secret<String>,
        from: &SeenFrom,
    ) -> Result<Proved, OfficeError> {
        let Ok(_place) = self.staff_checks.places.try_acquire() else { return Ok(Proved::Wait { seconds: 5 }) };
        let pace = self.door.passwords().attempt(self.clock.now().up, &person.name, from.address);
        if let Pace::After(wait) = pace {
            return Ok(Proved::Wait { seconds: turns(wait) });
        }
        let Ok(_turn) = self.staff_checks.running.acquire().await else { return Ok(Proved::Wait { seconds: 5 }) };
        let verifier = Some(person.verifier.clone()).filter(|verifier| !verifier.is_empty());
        if verify(password, verifier).await? {
            self.door.passwords().right(&person.name, from.address);
            Ok(Proved::Done)
        } else {
            Ok(Proved::Wrong)
        }
    }

    /// Where somebody is signed in, the session last used first.
    pub async fn sessions_of(&self, name: &StaffName) -> Result<Vec<SessionSeen>, OfficeError> {
        let now = self.now();
        let rows = self.store.read().await?.sessions(name.as_str()).await?.into_iter();
        let rows = rows.filter(|row| row.stage == FULL && !self.is_past(row, now));
        let seen = |row: StaffSessionRow| {
            Ok(SessionSeen {
                id: session_id(&row.hash)?,
                since: timestamp(row.made),
                seen: timestamp(row.seen),
                address: row.address,
                agent: row.agent,
            })
        };
        rows.map(seen).collect()
    }

    /// Ends another session of the same person; `false` where there is none.
    pub async fn end_session(&self, staff: &Staff, id: &SessionId) -> Result<bool, OfficeError> {
        let mut tx = self.store.write().await?;
        let ended = tx.remove_session(id.as_bytes(), staff.name.as_str()).await?;
        if ended {
            let who = staff.actor("");
            self.note_person(&mut tx, &who, "session-end", staff.name.as_str(), ("", "")).await?;
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// The session of a token and whose it is, as long as it lasts.
    pub(super) async fn live(
        &self,
        tx: &mut Tx,
        token: &SessionToken,
    ) -> Result<Option<(StaffSessionRow, PersonRow)>, OfficeError> {
        let Some(session) = tx.session(token.id().as_bytes()).await? else { return Ok(None) };
        if self.is_past(&session, self.now()) {
            return Ok(None);
        }
        let person = tx.person(&session.person).await?.filter(|person| person.closed.is_none());
        Ok(person.map(|person| (session, person)))
    }

    fn is_past(&self, session: &StaffSessionRow, now: Timestamp) -> bool {
        is_over(now, session.made, WHOLE_SESSION)
            || is_over(now, session.seen, self.door.idle)
            || (session.stage != FULL && is_over(now, session.made, HALFWAY))
    }

    /// A new session, of a token that nobody has seen yet.
    pub(super) async fn begin_session(
        &self,
        tx: &mut Tx,
        person: &str,
        stage: &str,
        from: &SeenFrom,
    ) -> Result<SessionToken, OfficeError> {
        let token = SessionToken::new(crate::keys::random()?);
        let now = millis(self.now());
        tx.add_session(&StaffSessionRow {
            hash: token.id().as_bytes().to_vec(),
            person: person.to_owned(),
            stage: stage.to_owned(),
            made: now,
            seen: now,
            proved: now,
            address: from.address.to_string(),
            agent: from.agent.chars().filter(|c| !c.is_control()).take(200).collect(),
            pending: None,
        })
        .await?;
        Ok(token)
    }

    /// Removes sessions that are past, and what is known of those who left long ago.
    pub(in crate::office) async fn forget_staff(&self, tx: &mut Tx) -> Result<(), OfficeError> {
        let before = |age| self.now().checked_sub(age).unwrap_or(Timestamp::MIN);
        tx.prune_sessions(before(WHOLE_SESSION), before(self.door.idle), before(HALFWAY)).await?;
        tx.erase_people(before(super::REMEMBERED)).await?;
        Ok(())
    }
}

pub(super) fn parse_name(name: &str) -> Result<StaffName, OfficeError> {
    name.parse().map_err(|error: ParseStaffNameError| OfficeError::damaged("a user name")(error.into()))
}
