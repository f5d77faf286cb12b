//! Second factors: set up with a code that proves it works, used once, taken away when the telephone is lost.

use std::net::{IpAddr, Ipv4Addr};

use gapura_model::Secret;
use gapura_store::{PersonRow, StaffSessionRow, Tx};

use super::session::{FULL, Proved, parse_name};
use super::sign_in::{SeenFrom, SignedIn, turns};
use super::{Actor, Office, OfficeError, Staff, grants_of, open_person, problem};
use crate::keys::random;
use crate::staff::{
    Enrolment, Pace, RECOVERY_CODES, SessionToken, StaffName, StaffProblem, TotpSecret, recovery_code, recovery_hash,
};

/// A second factor was set up.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// What comes next, where it was set up while signing in; none for somebody who is signed in.
    pub signed: Option<SignedIn>,
    /// Codes for the day the telephone is lost, to be shown once.
    pub codes: Vec<Secret<String>>,
}

/// Codes are paced by the name alone: whoever guesses there has the password.
const ANYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

impl Office {
    /// Begins to set up a second factor: the secret to be scanned or typed. Asked again, the same one.
    pub async fn begin_totp(&self, token: &SessionToken) -> Result<Enrolment, OfficeError> {
        let mut tx = self.store.write().await?;
        let (session, person) = self.enrolling(&mut tx, token).await?;
        let secret = match self.pending(&session, &person) {
            Some(secret) => secret,
            None => TotpSecret::new(random()?),
        };
        let sealed = self.sealed(&person.name, &secret)?;
        tx.put_pending(token.id().as_bytes(), Some(sealed)).await?;
        tx.commit().await?;
        Ok(secret.enrolment(&self.door.label, &person.name))
    }

    /// Ends setting it up with a code that fits. Codes for a lost telephone are made anew; other sessions end.
    pub async fn confirm_totp(
        &self,
        token: &SessionToken,
        code: &str,
        from: &SeenFrom,
    ) -> Result<Confirmed, OfficeError> {
        let mut tx = self.store.write().await?;
        let (session, person) = self.enrolling(&mut tx, token).await?;
        let Some(secret) = self.pending(&session, &person) else { return problem(StaffProblem::NoSecondFactor) };
        let Some(step) = secret.step(code, self.now(), 0) else { return problem(StaffProblem::Code) };
        let totp = Some(self.sealed(&person.name, &secret)?);
        let row = PersonRow { totp, totp_step: step, ..person };
        tx.put_person(&row).await?;
        tx.put_pending(token.id().as_bytes(), None).await?;
        let codes = self.new_codes(&mut tx, &row.name).await?;
        let who = Actor { name: row.name.clone(), reason: String::new() };
        self.note_person(&mut tx, &who, "second-factor-set", &row.name, ("", "")).await?;
        let signed = if session.stage == FULL {
            tx.clear_sessions(&row.name, Some(token.id().as_bytes())).await?;
            None
        } else {
            tx.clear_sessions(&row.name, None).await?;
            Some(self.step(&mut tx, &row, true, from).await?)
        };
        tx.commit().await?;
        Ok(Confirmed { signed, codes })
    }

    /// Sets up a second factor at once, for whoever sits at the machine: what to scan, and codes for a lost telephone.
    pub async fn give_totp(
        &self,
        name: &StaffName,
        who: &Actor,
    ) -> Result<(Enrolment, Vec<Secret<String>>), OfficeError> {
        let secret = TotpSecret::new(random()?);
        let mut tx = self.store.write().await?;
        let person = open_person(&mut tx, name).await?;
        let totp = Some(self.sealed(&person.name, &secret)?);
        tx.put_person(&PersonRow { totp, totp_step: 0, ..person }).await?;
        let codes = self.new_codes(&mut tx, name.as_str()).await?;
        tx.clear_sessions(name.as_str(), None).await?;
        self.note_person(&mut tx, who, "second-factor-set", name.as_str(), ("", "")).await?;
        tx.commit().await?;
        Ok((secret.enrolment(&self.door.label, name.as_str()), codes))
    }

    /// Takes a lost second factor away; who needs one sets up another at the next sign-in.
    pub async fn reset_totp(&self, name: &StaffName, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let person = open_person(&mut tx, name).await?;
        self.take_away(&mut tx, person, who).await?;
        Ok(tx.commit().await?)
    }

    /// Takes one's own second factor away, where no role needs it.
    pub async fn drop_totp(&self, staff: &Staff) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let person = open_person(&mut tx, &staff.name).await?;
        if grants_of(&mut tx, staff.name.as_str()).await?.iter().any(|grant| grant.role.needs_second_factor()) {
            return problem(StaffProblem::NeedsSecondFactor);
        }
        self.take_away(&mut tx, person, &staff.actor("")).await?;
        Ok(tx.commit().await?)
    }

    /// New codes for a lost telephone; those before are good no longer.
    pub async fn renew_recovery_codes(&self, staff: &Staff) -> Result<Vec<Secret<String>>, OfficeError> {
        let mut tx = self.store.write().await?;
        if open_person(&mut tx, &staff.name).await?.totp.is_none() {
            return problem(StaffProblem::NoSecondFactor);
        }
        let codes = self.new_codes(&mut tx, staff.name.as_str()).await?;
        self.note_person(&mut tx, &staff.actor(""), "recovery-codes", staff.name.as_str(), ("", "")).await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// How many codes for a lost telephone are left.
    pub async fn recovery_codes_left(&self, name: &StaffName) -> Result<u64, OfficeError> {
        let left = self.store.read().await?.recovery_codes(name.as_str()).await?;
        Ok(u64::try_from(left).unwrap_or_default())
    }

    /// Takes a code of the second factor, or one for the day it is lost; each is good once.
    pub(super) async fn take_code(&self, person: &PersonRow, code: &str) -> Result<Proved, OfficeError> {
        if let Pace::After(wait) = self.door.codes().attempt(self.clock.now().up, &person.name, ANYWHERE) {
            return Ok(Proved::Wait { seconds: turns(wait) });
        }
        let mut tx = self.store.write().await?;
        // As it stands now: another request may have used this code a moment ago.
        let person = open_person(&mut tx, &parse_name(&person.name)?).await?;
        let who = Actor { name: person.name.clone(), reason: String::new() };
        let step = self.totp_of(&person)?.and_then(|secret| secret.step(code, self.now(), person.totp_step));
        let fits = if let Some(step) = step {
            tx.put_person(&PersonRow { totp_step: step, ..person.clone() }).await?;
            true
        } else if let Some(hash) = recovery_hash(&person.name, code) {
            tx.use_recovery_code(&person.name, &hash).await?
        } else {
            false
        };
        if !fits {
            // Whoever got here has the password: the owner should know.
            self.note_person(&mut tx, &who, "code-wrong", &person.name, ("", "")).await?;
        } else if step.is_none() {
            self.note_person(&mut tx, &who, "recovery-code-used", &person.name, ("", "")).await?;
        }
        tx.commit().await?;
        if fits {
            self.door.codes().right(&person.name, ANYWHERE);
            Ok(Proved::Done)
        } else {
            Ok(Proved::Wrong)
        }
    }

    async fn enrolling(&self, tx: &mut Tx, token: &SessionToken) -> Result<(StaffSessionRow, PersonRow), OfficeError> {
        let live = self.live(tx, token).await?;
        let may = |session: &StaffSessionRow, person: &PersonRow| {
            self.may_enrol((&session.stage, session.proved), person.totp.is_some())
        };
        live.filter(|(session, person)| may(session, person)).map_or_else(|| problem(StaffProblem::NoSecondFactor), Ok)
    }

    fn pending(&self, session: &StaffSessionRow, person: &PersonRow) -> Option<TotpSecret> {
        let opened = self.door.seal.open(&person.name, session.pending.as_deref()?)?;
        TotpSecret::from_bytes(opened)
    }

    async fn new_codes(&self, tx: &mut Tx, name: &str) -> Result<Vec<Secret<String>>, OfficeError> {
        let (mut codes, mut hashes) = (Vec::new(), Vec::new());
        for _ in 0..RECOVERY_CODES {
            let code = recovery_code(random()?);
            hashes.extend(recovery_hash(name, code.expose()));
            codes.push(code);
        }
        tx.put_recovery_codes(name, &hashes).await?;
        Ok(codes)
    }

    async fn take_away(&self, tx: &mut Tx, person: PersonRow, who: &Actor) -> Result<(), OfficeError> {
        if person.totp.is_none() {
            return problem(StaffProblem::NoSecondFactor);
        }
        let name = person.name.clone();
        tx.put_person(&PersonRow { totp: None, totp_step: 0, ..person }).await?;
        tx.put_recovery_codes(&name, &[]).await?;
        tx.clear_sessions(&name, None).await?;
        self.note_person(tx, who, "second-factor-reset", &name, ("", "")).await
    }
}
