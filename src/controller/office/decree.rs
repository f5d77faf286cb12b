//! The signed decree (PDF) that a SOP rests on; its hash is part of the revision.

use gapura_store::{SopRow, SopState};
use gapura_wire::Sha256;

use super::people::joined;
use super::sop::{in_state, sop_in};
use super::{Actor, Office, OfficeError};
use crate::why::{Why, why};

/// The largest decree, in bytes of PDF.
const DECREE_BYTES: usize = 10 * 1024 * 1024;

/// Where the end of a PDF is looked for (ISO 32000-1 annex H.3, note 18).
const PDF_TAIL: usize = 1024;

impl Office {
    /// Keeps the signed decree (PDF) of a SOP that is not published yet; its hash becomes part of the revision. What was
    /// approved is a draft again: text and decree are approved together, by someone who brought neither.
    pub async fn attach_decree(&self, id: i64, pdf: &[u8], who: &Actor) -> Result<SopRow, OfficeError> {
        is_pdf(pdf).map_err(|why| OfficeError::Mistakes(vec![why]))?;
        let sha256 = Sha256::of(pdf);
        let mut tx = self.store.write().await?;
        let row = in_state(&mut tx, id, &[SopState::Draft, SopState::Approved], why!("sop-for-decree")).await?;
        tx.add_decree(sha256.as_bytes(), pdf, self.now()).await?;
        let author = joined(&row.author, &who.name);
        let state = SopState::Draft.as_str().to_owned();
        let decree = Some(sha256.as_bytes().to_vec());
        let with = SopRow { decree, author, state, approver: None, approved: None, ..row.clone() };
        tx.put_sop(&with).await?;
        if let Some(former) = &row.decree {
            tx.remove_unused_decree(former).await?;
        }
        self.note_sop(&mut tx, who, "sop-decree", (&row.state, &with)).await?;
        self.end_rollout(&mut tx, id).await?;
        tx.commit().await?;
        Ok(with)
    }

    /// A SOP's decree (PDF).
    pub async fn decree(&self, id: i64) -> Result<Vec<u8>, OfficeError> {
        let mut tx = self.store.read().await?;
        let row = sop_in(&mut tx, id).await?;
        let decree = match &row.decree {
            Some(sha256) => tx.decree(sha256).await?,
            None => None,
        };
        Ok(decree.ok_or_else(|| OfficeError::not_found("decree of SOP", id.to_string()))?.pdf)
    }
}

fn is_pdf(pdf: &[u8]) -> Result<(), Why> {
    if pdf.len() > DECREE_BYTES {
        return Err(why!("decree-large", bytes = pdf.len(), most = DECREE_BYTES));
    }
    let tail = pdf.get(pdf.len().saturating_sub(PDF_TAIL)..).unwrap_or_default();
    let ends = tail.windows(5).any(|window| window == b"%%EOF");
    if pdf.starts_with(b"%PDF-") && ends { Ok(()) } else { Err(why!("decree-not-pdf")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decree_is_a_whole_pdf_of_bounded_size() {
        assert_eq!(is_pdf(b"%PDF-1.7\n...\n%%EOF\n"), Ok(()));
        for bad in [&b""[..], b"%PDF-1.7", b"PK\x03\x04 %%EOF", b"<html>%PDF-1.7 %%EOF"] {
            assert!(is_pdf(bad).is_err(), "{bad:?}");
        }
        let mut large = b"%PDF-1.7\n".to_vec();
        large.resize(DECREE_BYTES, b' ');
        large.extend(b"%%EOF");
        assert!(is_pdf(&large).unwrap_err().to_string().contains("more than"));
    }
}
