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
/// The most uses of public ports that one visit tells: one for each change of the router's address.
pub const NAT_USES: usize = 32;
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
/// The largest SOP, in bytes of TOML.
pub const SOP_BYTES: usize = 256 * 1024;
/// The most SOPs in force at one site.
pub const SOPS: usize = 64;
/// The most drafts tried at one site at once.
pub const SOP_DRAFTS: usize = 4;
/// The longest number of a SOP or clause, in characters.
pub const NUMBER_CHARS: usize = 80;
/// The most rows in one report of the filter's totals.
pub const COUNT_ROWS: usize = 2000;
/// The most appeals in one message.
pub const APPEALS: usize = 20;
/// The longest name or address an appeal can be about, in characters.
pub const SUBJECT_CHARS: usize = 255;
/// The longest reason of an appeal, in characters.
pub const WHY_CHARS: usize = 1000;
/// The longest contact in an appeal, in characters.
pub const CONTACT_CHARS: usize = 120;
/// The longest explanation sent with an appeal, in bytes of JSON.
pub const EXPLANATION_BYTES: usize = 16 * 1024;
/// A gateway keeps and tells only names that so many devices asked for on a day.
pub const SHADOW_DEVICES: u32 = 3;
/// The most names in one report of a draft.
pub const SHADOW_NAMES: usize = 500;
/// The most groups of one name in it.
pub const SHADOW_GROUPS: usize = 64;
/// The most requests for help in one message.
pub const REQUESTS: usize = 20;
/// The longest words of a request for help, and of an answer to one, in characters.
pub const WORDS_CHARS: usize = 2000;
/// The most requests of a site that its bundle tells of.
pub const REQUEST_ANSWERS: usize = 500;
/// The most answers to one request.
pub const ANSWERS: usize = 20;
/// The most frequent questions of a site.
pub const FAQ: usize = 40;
/// The longest frequent question, in characters.
pub const QUESTION_CHARS: usize = 200;
/// The most orders offered, and the most outcomes told, at once.
pub const ORDERS: usize = 100;
/// The most visits, ends or blocks in one report of who is online; the rest comes with the next.
pub const ONLINE_ROWS: usize = 1000;
