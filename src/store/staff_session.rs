//! Where staff are signed in.

use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// A session of one of the staff.
    pub StaffSessionRow {
        /// SHA-256 of its token.
        hash: Vec<u8>,
        /// Whose.
        person: String,
        /// `full`, or what is still to be done.
        stage: String,
        /// Since when, ms.
        made: i64,
        /// The last request, ms.
        seen: i64,
        /// When they last proved who they are, ms.
        proved: i64,
        /// From which address.
        address: String,
        /// With which browser.
        agent: String,
        /// The secret of a second factor that is being set up, sealed.
        pending: Option<Vec<u8>>,
    }
}

impl Tx {
    /// Begins a session.
    pub async fn add_session(&mut self, session: &StaffSessionRow) -> Result<(), StoreError> {
        let s = session;
        let args = args![&s.hash, &s.person, &s.stage, s.made, s.seen, s.proved, &s.address, &s.agent, &s.pending];
        self.execute(sql::SESSION_ADD, args).await.map(drop)
    }

    /// The session of a token's hash.
    pub async fn session(&mut self, hash: &[u8; 32]) -> Result<Option<StaffSessionRow>, StoreError> {
        self.row(sql::SESSION_GET, args![hash]).await
    }

    /// Somebody's sessions, the one last used first.
    pub async fn sessions(&mut self, person: &str) -> Result<Vec<StaffSessionRow>, StoreError> {
        self.rows(sql::SESSION_LIST, args![person]).await
    }

    /// Notes a request.
    pub async fn touch_session(&mut self, hash: &[u8; 32], seen: Timestamp) -> Result<(), StoreError> {
        self.execute(sql::SESSION_TOUCH, args![hash, millis(seen)]).await.map(drop)
    }

    /// Notes that they proved who they are.
    pub async fn prove_session(&mut self, hash: &[u8; 32], proved: Timestamp) -> Result<(), StoreError> {
        self.execute(sql::SESSION_PROVE, args![hash, millis(proved)]).await.map(drop)
    }

    /// Keeps the secret of a second factor that is being set up.
    pub async fn put_pending(&mut self, hash: &[u8; 32], pending: Option<Vec<u8>>) -> Result<(), StoreError> {
        self.execute(sql::SESSION_PENDING, args![hash, &pending]).await.map(drop)
    }

    /// Ends a session of somebody; `false` where there is none.
    pub async fn remove_session(&mut self, hash: &[u8; 32], person: &str) -> Result<bool, StoreError> {
        Ok(self.execute(sql::SESSION_REMOVE, args![hash, person]).await? > 0)
    }

    /// Ends all sessions of somebody, but for `keep`; how many.
    pub async fn clear_sessions(&mut self, person: &str, keep: Option<&[u8; 32]>) -> Result<u64, StoreError> {
        let keep: &[u8] = keep.map_or(&[], |hash| hash.as_slice());
        self.execute(sql::SESSION_CLEAR, args![person, keep]).await
    }

    /// Removes sessions begun before `made`, unused since before `seen`, or left half-way since before `halfway`.
    pub async fn prune_sessions(
        &mut self,
        made: Timestamp,
        seen: Timestamp,
        halfway: Timestamp,
    ) -> Result<u64, StoreError> {
        self.execute(sql::SESSION_PRUNE, args![millis(made), millis(seen), millis(halfway)]).await
    }
}
