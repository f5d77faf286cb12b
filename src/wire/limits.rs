//! Sizes beyond which a message is refused unread.

/// The version of every message in this crate.
pub const VERSION: u32 = 1;
/// The largest bundle, in bytes as signed: about 60,000 vouchers.
pub const BUNDLE_BYTES: usize = 16 * 1024 * 1024;
/// The largest signed bundle as sent (base64 and its envelope), in bytes.
pub const SIGNED_BUNDLE_BYTES: usize = BUNDLE_BYTES / 3 * 4 + 4096;
/// The largest request body other than a bundle, in bytes.
pub const REQUEST_BYTES: usize = 1024 * 1024;
/// The largest body that needs no client certificate (enrolment), in bytes.
pub const ENROL_BYTES: usize = 16 * 1024;
/// The largest certificate request, in bytes of PEM.
pub const CSR_BYTES: usize = 8 * 1024;
/// The most records in one usage batch.
pub const BATCH_RECORDS: usize = 1000;
/// The most rows in one report of balances.
pub const BALANCE_ROWS: usize = 5000;
/// The most shares in one report, and the most asked back in one heartbeat's answer.
pub const SHARE_LINES: usize = 500;
/// The longest free text in a record (a hardware name, a reason), in characters.
pub const TEXT_CHARS: usize = 200;
/// The longest text shown to a visitor (terms, a notice), in bytes of UTF-8.
pub const SHOWN_BYTES: usize = 16 * 1024;
/// Path data of a logo, bytes: it stands in every page of the portal.
pub const LOGO_PATHS: usize = 2_000;
/// The largest logo, in bytes of SVG.
pub const LOGO_BYTES: usize = 8 * 1024;
/// The longest a gateway may wait in one long-poll, in seconds.
pub const POLL_SECONDS: u64 = 60;
