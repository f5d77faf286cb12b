//! Presets of vouchers, each the JSON of its document.

use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// A preset.
    pub PresetRow {
        /// Its id.
        id: String,
        /// Its document (JSON).
        document: String,
    }
}

impl Tx {
    /// All presets, by id.
    pub async fn presets(&mut self) -> Result<Vec<PresetRow>, StoreError> {
        self.rows(sql::PRESET_LIST, args![]).await
    }

    /// Adds or replaces a preset.
    pub async fn put_preset(&mut self, id: &str, document: &str, now: Timestamp) -> Result<(), StoreError> {
        self.execute(sql::PRESET_PUT, args![id, document, millis(now)]).await.map(drop)
    }

    /// Removes a preset; whether it was there.
    pub async fn remove_preset(&mut self, id: &str) -> Result<bool, StoreError> {
        Ok(self.execute(sql::PRESET_REMOVE, args![id]).await? > 0)
    }
}
