//! Staff and what they may do.

use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// One of the staff.
    pub PersonRow {
        /// The name they sign in with; never given to another.
        name: String,
        /// What others see, for example `Petugas loket`.
        title: String,
        /// The language of their pages.
        lang: String,
        /// Argon2id verifier (PHC text), empty where there is no password. Never printed.
        verifier: String,
        /// The password was given by another and is good until then, ms.
        temporary_until: Option<i64>,
        /// The secret of the second factor, sealed.
        totp: Option<Vec<u8>>,
        /// The last time step of it that was used.
        totp_step: i64,
        /// Who they are at the identity provider.
        subject: Option<String>,
        /// When they were added, ms.
        made: i64,
        /// When they left, ms.
        closed: Option<i64>,
    }
}

row! {
    /// A role that somebody holds somewhere.
    pub GrantRow {
        /// Who.
        person: String,
        /// Which role.
        role: String,
        /// Where.
        scope: String,
        /// Since when, ms.
        given: i64,
        /// By whom.
        given_by: String,
    }
}

impl Tx {
    /// Writes one of the staff, new or changed.
    pub async fn put_person(&mut self, person: &PersonRow) -> Result<(), StoreError> {
        let p = person;
        let args = args![
            &p.name,
            &p.title,
            &p.lang,
            &p.verifier,
            p.temporary_until,
            &p.totp,
            p.totp_step,
            &p.subject,
            p.made,
            p.closed
        ];
        self.execute(sql::PERSON_PUT, args).await.map(drop)
    }

    /// One of the staff.
    pub async fn person(&mut self, name: &str) -> Result<Option<PersonRow>, StoreError> {
        self.row(sql::PERSON_GET, args![name]).await
    }

    /// Whoever this is at the identity provider.
    pub async fn person_of_subject(&mut self, subject: &str) -> Result<Option<PersonRow>, StoreError> {
        self.row(sql::PERSON_OF_SUBJECT, args![subject]).await
    }

    /// All of the staff, by name.
    pub async fn people(&mut self) -> Result<Vec<PersonRow>, StoreError> {
        self.rows(sql::PERSON_LIST, args![]).await
    }

    /// Erases the titles of those who left before `closed`; how many.
    pub async fn erase_people(&mut self, closed: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::PERSON_ERASE, args![millis(closed)]).await
    }

    /// Gives a role; `false` where it was given already.
    pub async fn add_grant(&mut self, grant: &GrantRow) -> Result<bool, StoreError> {
        let g = grant;
        let args = args![&g.person, &g.role, &g.scope, g.given, &g.given_by];
        Ok(self.execute(sql::GRANT_ADD, args).await? > 0)
    }

    /// Takes a role back; `false` where it was not given.
    pub async fn remove_grant(&mut self, person: &str, role: &str, scope: &str) -> Result<bool, StoreError> {
        Ok(self.execute(sql::GRANT_REMOVE, args![person, role, scope]).await? > 0)
    }

    /// Takes all roles back.
    pub async fn clear_grants(&mut self, person: &str) -> Result<(), StoreError> {
        self.execute(sql::GRANT_CLEAR, args![person]).await.map(drop)
    }

    /// What somebody may; of all where no name is given.
    pub async fn grants(&mut self, person: Option<&str>) -> Result<Vec<GrantRow>, StoreError> {
        self.rows(sql::GRANT_LIST, args![person.unwrap_or_default()]).await
    }

    /// Replaces the codes for the day the second factor is lost.
    pub async fn put_recovery_codes(&mut self, person: &str, hashes: &[[u8; 32]]) -> Result<(), StoreError> {
        self.execute(sql::RECOVERY_CLEAR, args![person]).await?;
        for hash in hashes {
            self.execute(sql::RECOVERY_ADD, args![person, hash]).await?;
        }
        Ok(())
    }

    /// Uses such a code up; `false` where it is none.
    pub async fn use_recovery_code(&mut self, person: &str, hash: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self.execute(sql::RECOVERY_USE, args![person, hash]).await? > 0)
    }

    /// How many such codes are left.
    pub async fn recovery_codes(&mut self, person: &str) -> Result<i64, StoreError> {
        self.number(sql::RECOVERY_COUNT, args![person]).await
    }
}
