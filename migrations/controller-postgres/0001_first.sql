-- The controller's tables. Times are milliseconds since 1970 (UTC), booleans 0 or 1; every usage key is led by the site.
-- The same tables and columns as in ../controller-sqlite.

-- What people write about a site (JSON of its document), and its key for voucher codes.
CREATE TABLE site (
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    voucher_key BYTEA NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (id)
);

-- Plans, each JSON of its document.
CREATE TABLE plan (
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (id)
);

-- Vouchers: HMAC of the code under the site's key, never the code.
CREATE TABLE voucher (
    site TEXT NOT NULL,
    tag BYTEA NOT NULL,
    plan TEXT NOT NULL,
    batch TEXT NOT NULL,
    note TEXT NOT NULL,
    use_time BIGINT,
    use_before BIGINT,
    devices BIGINT,
    made BIGINT NOT NULL,
    revoked BIGINT,
    PRIMARY KEY (site, tag),
    FOREIGN KEY (site) REFERENCES site (id)
);

-- Accounts: Argon2id verifiers (PHC text). site NULL = every site.
CREATE TABLE account (
    name TEXT NOT NULL,
    verifier TEXT NOT NULL,
    plan TEXT NOT NULL,
    site TEXT,
    devices BIGINT,
    note TEXT NOT NULL,
    made BIGINT NOT NULL,
    closed BIGINT,
    PRIMARY KEY (name)
);

-- Routers. restores = 1 until the balances of its predecessor were fetched.
CREATE TABLE gateway (
    id TEXT NOT NULL,
    site TEXT NOT NULL,
    hostname TEXT NOT NULL,
    hardware TEXT NOT NULL,
    made BIGINT NOT NULL,
    revoked BIGINT,
    reason TEXT NOT NULL,
    restores BIGINT NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (site) REFERENCES site (id)
);

-- Certificates by SHA-256 of their DER.
CREATE TABLE certificate (
    fingerprint BYTEA NOT NULL,
    gateway TEXT NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    PRIMARY KEY (fingerprint),
    FOREIGN KEY (gateway) REFERENCES gateway (id)
);

-- Enrolment codes by hash; the first request binds a code to the router's key (csr_key). state: open, pending, approved, refused.
CREATE TABLE enrolment (
    code_hash BYTEA NOT NULL,
    site TEXT NOT NULL,
    replaces TEXT,
    made BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    state TEXT NOT NULL,
    csr_key BYTEA,
    csr_pem TEXT,
    hostname TEXT NOT NULL,
    hardware TEXT NOT NULL,
    version TEXT NOT NULL,
    gateway TEXT,
    certificate_pem TEXT,
    reason TEXT NOT NULL,
    PRIMARY KEY (code_hash),
    FOREIGN KEY (site) REFERENCES site (id)
);

-- Published bundles; never changed. content_hash is over the content without number and date.
CREATE TABLE bundle (
    site TEXT NOT NULL,
    generation BIGINT NOT NULL,
    published BIGINT NOT NULL,
    content_hash BYTEA NOT NULL,
    signed BYTEA NOT NULL,
    PRIMARY KEY (site, generation),
    FOREIGN KEY (site) REFERENCES site (id)
);

-- The last word of each router: heartbeat (JSON) and what became of the last bundle.
CREATE TABLE gateway_report (
    site TEXT NOT NULL,
    gateway TEXT NOT NULL,
    heard BIGINT,
    heartbeat TEXT,
    offered BIGINT,
    verdict TEXT,
    detail TEXT NOT NULL,
    judged BIGINT,
    applied BIGINT NOT NULL,
    PRIMARY KEY (site, gateway)
);

-- Batches of the usage log that have arrived.
CREATE TABLE usage_batch (
    site TEXT NOT NULL,
    gateway TEXT NOT NULL,
    boot TEXT NOT NULL,
    seq BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    received BIGINT NOT NULL,
    PRIMARY KEY (site, gateway, boot, seq)
);

-- Visits, cumulative; the highest revision stands. Devices and holders are pseudonyms.
CREATE TABLE visit (
    site TEXT NOT NULL,
    visit TEXT NOT NULL,
    gateway TEXT NOT NULL,
    revision BIGINT NOT NULL,
    device TEXT NOT NULL,
    device_local BIGINT NOT NULL,
    holder TEXT,
    way TEXT NOT NULL,
    terms TEXT,
    terms_sha256 TEXT,
    plan TEXT NOT NULL,
    generation BIGINT NOT NULL,
    started BIGINT NOT NULL,
    clock TEXT NOT NULL,
    told BIGINT NOT NULL,
    bytes_up BIGINT NOT NULL,
    bytes_down BIGINT NOT NULL,
    seconds BIGINT NOT NULL,
    ended BIGINT,
    cause TEXT,
    PRIMARY KEY (site, visit)
);

-- Outages; ended NULL while one lasts.
CREATE TABLE outage (
    site TEXT NOT NULL,
    id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    kind TEXT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT,
    PRIMARY KEY (site, id)
);

-- Counts over a stretch of time.
CREATE TABLE tally (
    site TEXT NOT NULL,
    id TEXT NOT NULL,
    gateway TEXT NOT NULL,
    name TEXT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (site, id)
);

-- Balances last reported (JSON), for a router that takes a site over.
CREATE TABLE balance (
    site TEXT NOT NULL,
    holder TEXT NOT NULL,
    document TEXT NOT NULL,
    told BIGINT NOT NULL,
    PRIMARY KEY (site, holder)
);

-- Who changed what: each row's hash covers the row and the hash before it.
CREATE TABLE audit (
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    reason TEXT NOT NULL,
    prev BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (number)
);

-- A regency's pseudonym key of one month.
CREATE TABLE epoch_key (
    regency TEXT NOT NULL,
    epoch TEXT NOT NULL,
    secret BYTEA NOT NULL,
    PRIMARY KEY (regency, epoch)
);

-- One row that counts publications: a server that waits looks here.
CREATE TABLE publication (
    id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX visit_by_start ON visit (site, started);
CREATE INDEX voucher_by_batch ON voucher (site, batch);
CREATE INDEX certificate_by_gateway ON certificate (gateway);
CREATE INDEX enrolment_by_state ON enrolment (state);
CREATE INDEX outage_by_start ON outage (site, started);
CREATE INDEX tally_by_start ON tally (site, started);

INSERT INTO publication (id, number) VALUES (1, 0);
