//! Enrolment codes, by hash, from making to approval.

use gapura_model::{GatewayId, SiteId};
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// An enrolment.
    pub EnrolmentRow {
        /// SHA-256 of the code.
        code_hash: Vec<u8>,
        /// The site it is for.
        site: String,
        /// The router whose place the new one takes.
        replaces: Option<String>,
        /// When the code was made, ms.
        made: i64,
        /// From when it is no longer taken, ms.
        expires: i64,
        /// `open`, `pending`, `approved` or `refused`.
        state: String,
        /// The pin (32 bytes) of the key it was bound to by the first request.
        csr_key: Option<Vec<u8>>,
        /// That request's certificate request.
        csr_pem: Option<String>,
        /// What the box calls itself.
        hostname: String,
        /// Its model.
        hardware: String,
        /// The version of Gapura on it.
        version: String,
        /// The name it was given.
        gateway: Option<String>,
        /// The certificate it was given.
        certificate_pem: Option<String>,
        /// Why it was refused.
        reason: String,
    }
}

/// What a router said with its first request.
#[derive(Clone, Copy, Debug)]
pub struct NewEnrolment<'a> {
    /// The pin of its key.
    pub csr_key: &'a [u8; 32],
    /// Its certificate request.
    pub csr_pem: &'a str,
    /// What the box calls itself.
    pub hostname: &'a str,
    /// Its model.
    pub hardware: &'a str,
    /// The version of Gapura on it.
    pub version: &'a str,
}

impl Tx {
    /// Notes a new code.
    pub async fn add_enrolment(
        &mut self,
        code_hash: &[u8; 32],
        site: &SiteId,
        replaces: Option<&GatewayId>,
        (made, expires): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let replaces = replaces.map(GatewayId::as_str);
        let args = args![code_hash, site.as_str(), replaces, millis(made), millis(expires)];
        self.execute(sql::ENROLMENT_ADD, args).await.map(drop)
    }

    /// One enrolment.
    pub async fn enrolment(&mut self, code_hash: &[u8; 32]) -> Result<Option<EnrolmentRow>, StoreError> {
        self.row(sql::ENROLMENT_GET, args![code_hash]).await
    }

    /// All enrolments, oldest first.
    pub async fn enrolments(&mut self) -> Result<Vec<EnrolmentRow>, StoreError> {
        self.rows(sql::ENROLMENT_LIST, args![]).await
    }

    /// Binds an open code to a router's key; `false` where it is not open any more.
    pub async fn claim_enrolment(&mut self, code_hash: &[u8; 32], new: NewEnrolment<'_>) -> Result<bool, StoreError> {
        let args = args![code_hash, new.csr_key, new.csr_pem, new.hostname, new.hardware, new.version];
        Ok(self.execute(sql::ENROLMENT_CLAIM, args).await? > 0)
    }

    /// Approves a pending one; `false` where it is not pending.
    pub async fn approve_enrolment(
        &mut self,
        code_hash: &[u8; 32],
        gateway: &GatewayId,
        certificate_pem: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(sql::ENROLMENT_APPROVE, args![code_hash, gateway.as_str(), certificate_pem]).await? > 0)
    }

    /// Refuses an open or pending one; `false` where it is neither.
    pub async fn refuse_enrolment(&mut self, code_hash: &[u8; 32], reason: &str) -> Result<bool, StoreError> {
        Ok(self.execute(sql::ENROLMENT_REFUSE, args![code_hash, reason]).await? > 0)
    }
}
