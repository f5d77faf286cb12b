//! Screens on walls.

use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// A screen on a wall.
    pub ScreenRow {
        /// Its id.
        id: String,
        /// Where it hangs.
        name: String,
        /// SHA-256 of the secret in its address.
        hash: Vec<u8>,
        /// Which sites it shows, as a grant's scope.
        scope: String,
        /// When it was made, ms.
        made: i64,
        /// By whom.
        made_by: String,
        /// When it was taken back, ms.
        ended: Option<i64>,
        /// By whom.
        ended_by: Option<String>,
    }
}

impl Tx {
    /// Adds a screen.
    pub async fn add_screen(&mut self, screen: &ScreenRow) -> Result<(), StoreError> {
        let s = screen;
        self.execute(sql::WALL_SCREEN_ADD, args![&s.id, &s.name, &s.hash, &s.scope, s.made, &s.made_by]).await.map(drop)
    }

    /// All screens, the newest first, those that were taken back included.
    pub async fn screens(&mut self) -> Result<Vec<ScreenRow>, StoreError> {
        self.rows(sql::WALL_SCREEN_LIST, args![]).await
    }

    /// Takes a screen back; false where that was done before.
    pub async fn end_screen(&mut self, id: &str, now: Timestamp, by: &str) -> Result<bool, StoreError> {
        Ok(self.execute(sql::WALL_SCREEN_END, args![id, millis(now), by]).await? > 0)
    }

    /// Takes all screens back; how many.
    pub async fn end_all_screens(&mut self, now: Timestamp, by: &str) -> Result<u64, StoreError> {
        self.execute(sql::WALL_SCREEN_END_ALL, args![millis(now), by]).await
    }

    /// Forgets screens that were taken back before `before`.
    pub async fn prune_screens(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::WALL_SCREEN_PRUNE, args![millis(before)]).await
    }
}
