//! Batches of vouchers as the counter makes, finds and prints them.

use gapura_model::SiteId;
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::voucher::VoucherRow;
use crate::{StoreError, millis};

row! {
    /// A batch and how far its vouchers are, as far as the site's gateway has told.
    pub BatchTotals {
        /// Its name.
        batch: String,
        /// The preset it was made from; empty for none.
        preset: String,
        /// Who made it.
        maker: String,
        /// When, ms.
        made: i64,
        /// How many vouchers.
        amount: i64,
        /// The plan they open.
        plan: String,
        /// What staff noted.
        note: String,
        /// *Waktu pakai* in seconds.
        use_time: Option<i64>,
        /// *Pakai sebelum*, ms.
        use_before: Option<i64>,
        /// Devices at once.
        devices: Option<i64>,
        /// Withdrawn.
        withdrawn: i64,
        /// Not withdrawn and used up.
        used_up: i64,
        /// Begun, with something left.
        used: i64,
        /// Whose code is kept and can be printed again.
        kept: i64,
    }
}

row! {
    /// A sealed code.
    pub SealedRow {
        /// Of the voucher with this tag.
        tag: Vec<u8>,
        /// Code and token under the controller's key.
        sealed: Vec<u8>,
    }
}

row! {
    /// A visit with a voucher. Voucher and device are pseudonyms.
    pub VoucherVisit {
        /// The voucher's pseudonym.
        holder: String,
        /// The device's.
        device: String,
        /// Start, ms.
        started: i64,
        /// End, ms; none while it runs.
        ended: Option<i64>,
    }
}

row! {
    /// A batch's name.
    pub(crate) BatchName {
        /// The name.
        batch: String,
    }
}

/// A batch to be noted.
#[derive(Clone, Copy, Debug)]
pub struct NewBatch<'a> {
    /// For this site.
    pub site: &'a SiteId,
    /// Under this name.
    pub batch: &'a str,
    /// The key of the form that ordered it.
    pub form: Option<&'a [u8; 16]>,
    /// From this preset; empty for none.
    pub preset: &'a str,
    /// By whom.
    pub maker: &'a str,
    /// So many.
    pub amount: u32,
}

/// Which vouchers of a site are looked for; the newest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct VoucherSearch<'a> {
    /// A part of the note or the batch's name; empty for all.
    pub words: &'a str,
    /// `unused`, `used`, `used-up`, `past` or `withdrawn`; empty for all.
    pub state: &'a str,
    /// At most so many.
    pub limit: u32,
    /// After so many.
    pub skip: u32,
}

impl Tx {
    /// Notes a batch.
    pub async fn add_print(&mut self, new: NewBatch<'_>, now: Timestamp) -> Result<(), StoreError> {
        let NewBatch { site, batch, form, preset, maker, amount } = new;
        let form = form.map(|key| key.to_vec());
        let args = args![site.as_str(), batch, &form, preset, maker, millis(now), i64::from(amount)];
        self.execute(sql::PRINT_ADD, args).await.map(drop)
    }

    /// The batch that a form has ordered, if it has.
    pub async fn print_of_form(&mut self, site: &SiteId, form: &[u8; 16]) -> Result<Option<String>, StoreError> {
        let row: Option<BatchName> = self.row(sql::PRINT_OF_FORM, args![site.as_str(), form.as_slice()]).await?;
        Ok(row.map(|row| row.batch))
    }

    /// Batches of a site with at least so many vouchers, the newest first; `batch` names a single one, empty is all.
    pub async fn prints(
        &mut self,
        site: &SiteId,
        batch: &str,
        least: u32,
        (limit, skip): (u32, u32),
    ) -> Result<Vec<BatchTotals>, StoreError> {
        let args = args![site.as_str(), batch, i64::from(least), i64::from(limit), i64::from(skip)];
        self.rows(sql::PRINT_LIST, args).await
    }

    /// The vouchers of a batch, in order.
    pub async fn vouchers_of_batch(&mut self, site: &SiteId, batch: &str) -> Result<Vec<VoucherRow>, StoreError> {
        self.rows(sql::VOUCHER_OF_BATCH, args![site.as_str(), batch]).await
    }

    /// The sealed codes of a batch that are still kept.
    pub async fn sealed_codes(&mut self, site: &SiteId, batch: &str) -> Result<Vec<SealedRow>, StoreError> {
        self.rows(sql::VOUCHER_SEALED, args![site.as_str(), batch]).await
    }

    /// Vouchers as they are looked for.
    pub async fn find_vouchers(
        &mut self,
        site: &SiteId,
        search: VoucherSearch<'_>,
        now: Timestamp,
    ) -> Result<Vec<VoucherRow>, StoreError> {
        let VoucherSearch { words, state, limit, skip } = search;
        // Small and large are one for A to Z alone, which both databases know.
        let words =
            if words.is_empty() { String::new() } else { format!("%{}%", literal(&words.to_ascii_lowercase())) };
        let args = args![site.as_str(), &words, state, millis(now), i64::from(limit), i64::from(skip)];
        self.rows(sql::VOUCHER_FIND, args).await
    }

    /// Keeps how far a voucher is, unless something later is known. One that is used up loses its code.
    pub async fn voucher_used(
        &mut self,
        site: &SiteId,
        tag: &[u8; 32],
        told: Timestamp,
        (first_used, used_up): (Option<Timestamp>, Option<Timestamp>),
    ) -> Result<(), StoreError> {
        let args = args![site.as_str(), tag, millis(told), first_used.map(millis), used_up.map(millis)];
        self.execute(sql::VOUCHER_USED, args).await.map(drop)
    }

    /// Erases the codes of vouchers that nobody can use at `now` any more, and of those without *Pakai sebelum* that were made
    /// before `made`; how many.
    pub async fn erase_codes(&mut self, now: Timestamp, made: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::VOUCHER_ERASE, args![millis(now), millis(made)]).await
    }

    /// Visits with vouchers that began since then, the earliest first.
    pub async fn voucher_visits(&mut self, site: &SiteId, since: Timestamp) -> Result<Vec<VoucherVisit>, StoreError> {
        self.rows(sql::VISIT_OF_VOUCHERS, args![site.as_str(), millis(since)]).await
    }
}

/// Text as itself in a `LIKE` whose escape is the backslash.
fn literal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
