//! Accounts.

use gapura_model::AccountName;

use crate::StoreError;
use crate::sql;
use crate::tx::{Tx, args, row};

row! {
    /// An account.
    pub AccountRow {
        /// The name it signs in with.
        name: String,
        /// Argon2id verifier (PHC text). Never printed.
        verifier: String,
        /// The plan it opens.
        plan: String,
        /// The only site it may be used at; none = everywhere.
        site: Option<String>,
        /// Devices at once.
        devices: Option<i64>,
        /// What staff noted.
        note: String,
        /// When it was last changed, ms.
        made: i64,
        /// When it was closed, ms.
        closed: Option<i64>,
    }
}

impl Tx {
    /// Writes an account, new or changed.
    pub async fn put_account(&mut self, account: &AccountRow) -> Result<(), StoreError> {
        let a = account;
        let args = args![&a.name, &a.verifier, &a.plan, &a.site, a.devices, &a.note, a.made, a.closed];
        self.execute(sql::ACCOUNT_PUT, args).await.map(drop)
    }

    /// One account.
    pub async fn account(&mut self, name: &AccountName) -> Result<Option<AccountRow>, StoreError> {
        self.row(sql::ACCOUNT_GET, args![name.as_str()]).await
    }

    /// All accounts, by name.
    pub async fn accounts(&mut self) -> Result<Vec<AccountRow>, StoreError> {
        self.rows(sql::ACCOUNT_LIST, args![]).await
    }
}
