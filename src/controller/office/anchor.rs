//! The audit log held against its own end: signed hourly, kept by every gateway and printed, so that also a log that was
//! rewritten as a whole is found out.

use gapura_store::{AnchorRow, AuditRow, AuditSearch, ChainError, Tx, millis};
use gapura_wire::{AuditAnchor, AuditCode, Sha256};

use super::{Actor, Change, Office, OfficeError, read_json, write_json};

/// What a log is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchored {
    /// A signed head that a gateway kept.
    Signed(AuditAnchor),
    /// A printed code.
    Printed(AuditCode),
}

/// What is wrong with the audit log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// A row is missing or was changed.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// It ends before a row that it once had.
    #[error("the log ends at row {end}, and once had {number} rows: rows were deleted at its end")]
    Short {
        /// Its last row.
        end: u64,
        /// The row that was once its last.
        number: u64,
    },
    /// Every row follows on the one before, and yet it is not the log that was signed.
    #[error("row {number} is not the row that was once signed under this number: the log was rewritten as a whole")]
    Rewritten {
        /// Which row.
        number: u64,
    },
    /// A signed head is not of this fleet.
    #[error(
        "the signed head of row {number} is not signed by this controller's key: another fleet's, or the key was replaced"
    )]
    Foreign {
        /// Which row it speaks of.
        number: u64,
    },
}

/// What a look through the whole log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Rows.
    pub rows: u64,
    /// The hash of the last one; zeros for none.
    pub end: Sha256,
    /// Heads that it was held against.
    pub anchors: u64,
    /// What is wrong; none = all holds.
    pub fault: Option<AuditFault>,
}

/// Rows, and heads, looked at at once: what a row held before and after may be a whole SOP.
const PAGE: u32 = 500;

impl Office {
    /// Signs the end of the log, where rows were added since the last time; what is the newest now. A log that does not lead
    /// on from what was signed last is not signed.
    pub async fn anchor_audit(&self) -> Result<Option<AuditAnchor>, OfficeError> {
        // Read without the writer's turn: the first look, and one after a long while, goes through many rows.
        let mut tx = self.store.read().await?;
        let last = last(&mut tx).await?;
        let from = last.as_ref().map_or((0, [0; 32]), |last| (number(last.number), *last.hash.as_bytes()));
        let end = match grown(&mut tx, from).await? {
            Ok(end) => end,
            Err(fault) => {
                tracing::error!(%fault, "the audit log is not signed: look at it with `gapura audit verify`");
                return Ok(last);
            }
        };
        if end.0 == from.0 {
            return Ok(last);
        }
        let (hash, rows) = (Sha256::from_bytes(end.1), u64::try_from(end.0).unwrap_or_default());
        let anchor = AuditAnchor::sign(&self.keys.signer, rows, hash, self.now());
        let document = write_json(&anchor, "a signed head")?;
        let at = millis(anchor.at);
        drop(tx);
        let mut tx = self.store.write().await?;
        tx.add_anchor(&AnchorRow { number: end.0, hash: end.1.to_vec(), at, document }).await?;
        tx.commit().await?;
        Ok(Some(anchor))
    }

    /// The newest signed head.
    pub async fn last_anchor(&self) -> Result<Option<AuditAnchor>, OfficeError> {
        last(&mut self.store.read().await?).await
    }

    /// Looks through the whole log, and holds it against the heads kept here and `others` from elsewhere.
    pub async fn check_audit(&self, others: &[Anchored]) -> Result<Checked, OfficeError> {
        let mut tx = self.store.read().await?;
        let (end, fault) = walk(&mut tx).await?;
        let rows = u64::try_from(end.0).unwrap_or_default();
        let mut checked = Checked { rows, end: Sha256::from_bytes(end.1), anchors: 0, fault };
        let mut after = 0;
        while checked.fault.is_none() {
            let page = tx.anchors(after, PAGE).await?;
            let Some(end) = page.last() else { break };
            after = end.number;
            for row in &page {
                let anchor = read_json(&row.document, format!("signed head {}", row.number))?;
                checked.hold(&mut tx, &Anchored::Signed(anchor), self).await?;
            }
        }
        for other in others {
            checked.hold(&mut tx, other, self).await?;
        }
        Ok(checked)
    }

    /// The same for whoever asks from a page; `None` while another does.
    pub async fn check_audit_alone(&self) -> Result<Option<Checked>, OfficeError> {
        let Ok(_alone) = self.audit_walk.try_lock() else { return Ok(None) };
        self.check_audit(&[]).await.map(Some)
    }

    /// Rows of the log that fit, the newest first.
    pub async fn audit_rows(&self, search: &AuditSearch<'_>) -> Result<Vec<AuditRow>, OfficeError> {
        Ok(self.store.read().await?.audit_search(search).await?)
    }

    /// Notes that somebody took data out.
    pub async fn exported(&self, object: impl Into<String>, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let change = Change { action: "export", object: object.into(), before: "", after: "" };
        self.note(&mut tx, who, change).await?;
        Ok(tx.commit().await?)
    }

    /// Notes that somebody looked at what identifies a person: a contact, a voucher's code, a record of staff.
    pub async fn looked(&self, object: impl Into<String>, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let change = Change { action: "look", object: object.into(), before: "", after: "" };
        self.note(&mut tx, who, change).await?;
        Ok(tx.commit().await?)
    }
}

impl Checked {
    /// Holds the log against one head; the first fault stays.
    async fn hold(&mut self, tx: &mut Tx, anchor: &Anchored, office: &Office) -> Result<(), OfficeError> {
        if self.fault.is_some() {
            return Ok(());
        }
        self.anchors += 1;
        let number = match anchor {
            Anchored::Signed(anchor) => anchor.number,
            Anchored::Printed(code) => code.number,
        };
        let row = tx.audit_row(self::number(number)).await?;
        let hash = row.and_then(|row| row.hash.try_into().ok()).map(Sha256::from_bytes);
        self.fault = match (anchor, hash) {
            (Anchored::Signed(anchor), _) if !anchor.is_signed_by(&office.keys.bundle_key()) => {
                Some(AuditFault::Foreign { number })
            }
            (_, None) => Some(AuditFault::Short { end: self.rows, number }),
            (Anchored::Signed(anchor), Some(hash)) if anchor.hash == hash => None,
            (Anchored::Printed(code), Some(hash)) if AuditCode::of(number, &hash) == *code => None,
            (Anchored::Signed(_) | Anchored::Printed(_), Some(_)) => Some(AuditFault::Rewritten { number }),
        };
        Ok(())
    }
}

/// A row's number as the database keeps it.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The newest signed head.
pub(super) async fn last(tx: &mut Tx) -> Result<Option<AuditAnchor>, OfficeError> {
    let row = tx.last_anchor().await?;
    row.map(|row| read_json(&row.document, format!("signed head {}", row.number))).transpose()
}

type End = (i64, [u8; 32]);

/// Follows the chain on from `from`; where it ends.
async fn grown(tx: &mut Tx, from: End) -> Result<Result<End, AuditFault>, OfficeError> {
    let signed = u64::try_from(from.0).unwrap_or_default();
    if from.0 > 0 {
        match tx.audit_row(from.0).await? {
            None => return Ok(Err(AuditFault::Short { end: signed.saturating_sub(1), number: signed })),
            Some(row) if row.hash != from.1 => return Ok(Err(AuditFault::Rewritten { number: signed })),
            Some(_) => {}
        }
    }
    let mut end = from;
    loop {
        let rows = tx.audit_rows(end.0, PAGE).await?;
        if rows.is_empty() {
            return Ok(Ok(end));
        }
        end = match AuditRow::verify_chain(&rows, end) {
            Ok(end) => end,
            Err(error) => return Ok(Err(error.into())),
        };
    }
}

/// Follows the whole chain; where it ends, or breaks.
async fn walk(tx: &mut Tx) -> Result<(End, Option<AuditFault>), OfficeError> {
    Ok(match grown(tx, (0, [0; 32])).await? {
        Ok(end) => (end, None),
        Err(fault) => ((tx.audit_head().await?.map_or(0, |head| head.0), [0; 32]), Some(fault)),
    })
}

/// What staff write where heads are asked for: signed heads as a gateway prints them (one JSON object a line, or an array), or
/// printed codes, one a line.
pub(crate) fn read_anchors(text: &str) -> Result<Vec<Anchored>, String> {
    if let Ok(all) = serde_json::from_str::<Vec<AuditAnchor>>(text) {
        return Ok(all.into_iter().map(Anchored::Signed).collect());
    }
    let mut read = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = index + 1;
        read.push(if line.trim_start().starts_with('{') {
            let anchor = serde_json::from_str(line).map_err(|error| format!("line {number}: {error}"))?;
            Anchored::Signed(anchor)
        } else {
            Anchored::Printed(line.parse().map_err(|error| format!("line {number}: {error}"))?)
        });
    }
    if read.is_empty() { Err("there is no signed head and no code in it".to_owned()) } else { Ok(read) }
}
