-- The controller's tables. Times are milliseconds since 1970 (UTC), booleans 0 or 1; every usage key is led by the site.
-- The same tables and columns as in ../controller-postgres.

-- What people write about a site (JSON of its document), and its key for voucher codes.
CREATE TABLE site (
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    voucher_key BLOB NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;

-- Plans, each JSON of its document.
CREATE TABLE plan (
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;

-- Vouchers: HMAC of the code under the site's key, never the code.
CREATE TABLE voucher (
    site TEXT NOT NULL,
    tag BLOB NOT NULL,
    plan TEXT NOT NULL,
    batch TEXT NOT NULL,
    note TEXT NOT NULL,
    use_time INTEGER,
    use_before INTEGER,
    devices INTEGER,
    made INTEGER NOT NULL,
    revoked INTEGER,
    PRIMARY KEY (site, tag),
    FOREIGN KEY (site) REFERENCES site (id)
) STRICT;

-- Accounts: Argon2id verifiers (PHC text). site NULL = every site.
CREATE TABLE account (
    name TEXT NOT NULL,
    verifier TEXT NOT NULL,
    plan TEXT NOT NULL,
    site TEXT,
    devices INTEGER,
    note TEXT NOT NULL,
    made INTEGER NOT NULL,
    closed INTEGER,
    PRIMARY KEY (name)
) STRICT;

-- Routers. restores = 1 until the balances of its predecessor were fetched.
CREATE TABLE gateway (
    id TEXT NOT NULL,
    site TEXT NOT NULL,
    hostname TEXT NOT NULL,
    hardware TEXT NOT NULL,
    made INTEGER NOT NULL,
    revoked INTEGER,
    reason TEXT NOT NULL,
    restores INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (site) REFERENCES site (id)
) STRICT;

-- Certificates by SHA-256 of their DER.
CREATE TABLE certificate (
    fingerprint BLOB NOT NULL,
    gateway TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    PRIMARY KEY (fingerprint),
    FOREIGN KEY (gateway) REFERENCES gateway (id)
) STRICT;

-- Enrolment codes by hash; the first request binds a code to the router's key (csr_key). state: open, pending, approved, refused.
CREATE TABLE enrolment (
    code_hash BLOB NOT NULL,
    site TEXT NOT NULL,
    replaces TEXT,
    made INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    state TEXT NOT NULL,
    csr_key BLOB,
    csr_pem TEXT,
    hostname TEXT NOT NULL,
    hardware TEXT NOT NULL,
    version TEXT NOT NULL,
    gateway TEXT,
    certificate_pem TEXT,
    reason TEXT NOT NULL,
    PRIMARY KEY (code_hash),
    FOREIGN KEY (site) REFERENCES site (id)
) STRICT;

-- Published bundles; never changed. content_hash is over the content without number and date.
CREATE TABLE bundle (
    site TEXT NOT NULL,
    generation INTEGER NOT NULL,
    published INTEGER NOT NULL,
    content_hash BLOB NOT NULL,
    signed BLOB NOT NULL,
    PRIMARY KEY (site, generation),
    FOREIGN KEY (site) REFERENCES site (id)
) STRICT;

-- The last word of each router: heartbeat (JSON) and what became of the last bundle.
CREATE TABLE gateway_report (
    site TEXT NOT NULL,
    gateway TEXT NOT NULL,
    heard INTEGER,
    heartbeat TEXT,
    offered INTEGER,
    verdict TEXT,
    detail TEXT NOT NULL,
    judged INTEGER,
    applied INTEGER NOT NULL,
    PRIMARY KEY (site, gateway)
) STRICT;

-- Batches of the usage log that have arrived.
CREATE TABLE usage_batch (
    site TEXT NOT NULL,
    gateway TEXT NOT NULL,
    boot TEXT NOT NULL,
    seq INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    received INTEGER NOT NULL,
    PRIMARY KEY (site, gateway, boot, seq)
) STRICT;

-- Visits, cumulative; the highest revision stands. Devices and holders are pseudonyms.
CREATE TABLE visit (
    site TEXT NOT NULL,
    visit TEXT NOT NULL,
    gateway TEXT NOT NULL,
    revision INTEGER NOT NULL,
    device TEXT NOT NULL,
    device_local INTEGER NOT NULL,
    holder TEXT,
    way TEXT NOT NULL,
    terms TEXT,
    terms_sha256 TEXT,
    plan TEXT NOT NULL,
    generation INTEGER NOT NULL,
    started INTEGER NOT NULL,
    clock TEXT NOT NULL,
    told INTEGER NOT NULL,
    bytes_up INTEGER NOT NULL,
    bytes_down INTEGER NOT NULL,
    seconds INTEGER NOT NULL,
    ended INTEGER,
    cause TEXT,
    PRIMARY KEY (site, visit)
) STRICT;

-- Outages; ended NULL while one lasts.
CREATE TABLE outage (
    site TEXT NOT NULL,
    id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    kind TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER,
    PRIMARY KEY (site, id)
) STRICT;

-- Counts over a stretch of time.
CREATE TABLE tally (
    site TEXT NOT NULL,
    id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    name TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (site, id)
) STRICT;

-- Balances last reported (JSON), for a router that takes a site over.
CREATE TABLE balance (
    site TEXT NOT NULL,
    holder TEXT NOT NULL,
    document TEXT NOT NULL,
    told INTEGER NOT NULL,
    PRIMARY KEY (site, holder)
) STRICT;

-- Who changed what: each row's hash covers the row and the hash before it.
CREATE TABLE audit (
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    reason TEXT NOT NULL,
    prev BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (number)
) STRICT;

-- A regency's pseudonym key of one month.
CREATE TABLE epoch_key (
    regency TEXT NOT NULL,
    epoch TEXT NOT NULL,
    secret BLOB NOT NULL,
    PRIMARY KEY (regency, epoch)
) STRICT;

-- One row that counts publications: a server that waits looks here.
CREATE TABLE publication (
    id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;

CREATE INDEX visit_by_start ON visit (site, started);
CREATE INDEX voucher_by_batch ON voucher (site, batch);
CREATE INDEX certificate_by_gateway ON certificate (gateway);
CREATE INDEX enrolment_by_state ON enrolment (state);
CREATE INDEX outage_by_start ON outage (site, started);
CREATE INDEX tally_by_start ON tally (site, started);

INSERT INTO publication (id, number) VALUES (1, 0);
