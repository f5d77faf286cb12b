-- The gateway's memory. Times are microseconds: wall clock since 1970 (UTC), monotonic clock since the kernel started.
-- Columns that can hold an address or a name are listed in src/ledger/privacy.rs; a test compares.

-- Visits that have not ended.
CREATE TABLE visit (
    id BLOB NOT NULL PRIMARY KEY,
    lan TEXT NOT NULL,
    mac TEXT NOT NULL,
    holder_kind TEXT NOT NULL,
    holder TEXT NOT NULL,
    way TEXT NOT NULL,
    plan TEXT NOT NULL,
    voucher TEXT,
    terms_version TEXT,
    terms_hash TEXT,
    boot TEXT NOT NULL,
    started INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    updated_up INTEGER NOT NULL,
    active_up INTEGER NOT NULL,
    used INTEGER NOT NULL,
    silent INTEGER NOT NULL,
    frozen INTEGER NOT NULL,
    bytes_up INTEGER NOT NULL,
    bytes_down INTEGER NOT NULL,
    staff_time INTEGER,
    extra_time INTEGER NOT NULL,
    extra_bytes INTEGER NOT NULL,
    extended INTEGER NOT NULL,
    slowed INTEGER NOT NULL,
    -- Where the kernel holds it, and what its counters read when bytes_up and bytes_down were right.
    slot INTEGER,
    slot_generation INTEGER,
    reading_up INTEGER,
    reading_down INTEGER
) WITHOUT ROWID;

-- What holders (voucher, account, device) have used.
CREATE TABLE balance (
    holder_kind TEXT NOT NULL,
    holder TEXT NOT NULL,
    day TEXT,
    day_time INTEGER NOT NULL,
    day_up INTEGER NOT NULL,
    day_down INTEGER NOT NULL,
    month_time INTEGER NOT NULL,
    month_up INTEGER NOT NULL,
    month_down INTEGER NOT NULL,
    time_used INTEGER NOT NULL,
    uncovered INTEGER NOT NULL,
    first_used INTEGER,
    paused_until INTEGER,
    boot TEXT NOT NULL,
    updated_up INTEGER NOT NULL,
    running INTEGER NOT NULL,
    PRIMARY KEY (holder_kind, holder)
) WITHOUT ROWID;

-- Vouchers used for the first time.
CREATE TABLE redemption (
    voucher TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
) WITHOUT ROWID;

-- What the controller has not confirmed yet. AUTOINCREMENT: a number is never given twice.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX outbox_subject ON outbox (subject) WHERE subject IS NOT NULL;

-- Who did what on this gateway.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
);

-- Terms agreed to, by visit.
CREATE TABLE terms (
    visit BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    version TEXT NOT NULL,
    hash TEXT NOT NULL
) WITHOUT ROWID;

-- Password verifiers of accounts that signed in here.
CREATE TABLE verifier (
    account TEXT NOT NULL PRIMARY KEY,
    verifier TEXT NOT NULL,
    plan TEXT NOT NULL,
    expires INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
