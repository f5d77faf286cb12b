-- The content filter: SOPs and their decrees, lists and their index, appeals, totals. The same tables and columns as in
-- ../controller-sqlite.

-- SOPs (TOML). state: draft, approved, published, replaced, retired, discarded; from approved on the text never changes.
-- of_place is the province, regency, agency or site that the layer speaks of; '' for the national one.
CREATE TABLE sop (
    id BIGINT NOT NULL,
    layer TEXT NOT NULL,
    of_place TEXT NOT NULL,
    number TEXT NOT NULL,
    revision BIGINT NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    document TEXT NOT NULL,
    review_by TEXT,
    author TEXT NOT NULL,
    made BIGINT NOT NULL,
    approver TEXT,
    approved BIGINT,
    published BIGINT,
    ended BIGINT,
    decree BYTEA,
    trial TEXT,
    trial_until BIGINT,
    PRIMARY KEY (id)
);

-- Signed decrees, by SHA-256 of the PDF.
CREATE TABLE decree (
    sha256 BYTEA NOT NULL,
    pdf BYTEA NOT NULL,
    added BIGINT NOT NULL,
    PRIMARY KEY (sha256)
);

-- What each gateway's own names would become under a draft (JSON of its report).
CREATE TABLE trial_report (
    site TEXT NOT NULL,
    gateway TEXT NOT NULL,
    trial TEXT NOT NULL,
    document TEXT NOT NULL,
    received BIGINT NOT NULL,
    PRIMARY KEY (site, gateway, trial)
);

-- Lists: what was last fetched, and what waits for a person (JSON). The lists themselves are files in the data directory.
CREATE TABLE filter_list (
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (id)
);

-- Indexes that were built; the files are in the data directory. document: which lists in which state (JSON).
CREATE TABLE filter_index (
    version BIGINT NOT NULL,
    root BYTEA NOT NULL,
    octets BIGINT NOT NULL,
    document TEXT NOT NULL,
    built BIGINT NOT NULL,
    PRIMARY KEY (version)
);

-- Appeals. contact and why are erased when their time is over (see gapura doctor privacy).
CREATE TABLE appeal (
    site TEXT NOT NULL,
    reference TEXT NOT NULL,
    gateway TEXT NOT NULL,
    subject TEXT NOT NULL,
    why TEXT NOT NULL,
    contact TEXT,
    sop TEXT,
    sop_revision BIGINT,
    clause TEXT,
    explanation TEXT NOT NULL,
    made BIGINT NOT NULL,
    received BIGINT NOT NULL,
    verdict TEXT,
    words TEXT NOT NULL,
    decided_by TEXT,
    decided BIGINT,
    until TEXT,
    PRIMARY KEY (site, reference)
);

-- How often a clause refused in an hour; list '' = the clause names it itself. Totals of one run replace each other.
CREATE TABLE filter_count (
    site TEXT NOT NULL,
    gateway TEXT NOT NULL,
    run TEXT NOT NULL,
    hour BIGINT NOT NULL,
    sop TEXT NOT NULL,
    clause TEXT NOT NULL,
    list TEXT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (site, gateway, run, hour, sop, clause, list)
);

CREATE INDEX sop_by_state ON sop (state);
CREATE INDEX appeal_by_gateway ON appeal (site, gateway, received);
CREATE INDEX filter_count_by_hour ON filter_count (hour);
