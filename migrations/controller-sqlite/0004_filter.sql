-- The content filter: SOPs and their decrees, lists and their index, appeals, totals. The same tables and columns as in
-- ../controller-postgres.

-- SOPs (TOML). state: draft, approved, published, replaced, retired, discarded; from approved on the text never changes.
-- of_place is the province, regency, agency or site that the layer speaks of; '' for the national one.
CREATE TABLE sop (
    id INTEGER NOT NULL,
    layer TEXT NOT NULL,
    of_place TEXT NOT NULL,
    number TEXT NOT NULL,
    revision INTEGER NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    document TEXT NOT NULL,
    review_by TEXT,
    author TEXT NOT NULL,
    made INTEGER NOT NULL,
    approver TEXT,
    approved INTEGER,
    published INTEGER,
    ended INTEGER,
    decree BLOB,
    trial TEXT,
    trial_until INTEGER,
    PRIMARY KEY (id)
) STRICT;

-- Signed decrees, by SHA-256 of the PDF.
CREATE TABLE decree (
    sha256 BLOB NOT NULL,
    pdf BLOB NOT NULL,
    added INTEGER NOT NULL,
    PRIMARY KEY (sha256)
) STRICT;

-- What each gateway's own names would become under a draft (JSON of its report).
CREATE TABLE trial_report (
    site TEXT NOT NULL,
    gateway TEXT NOT NULL,
    trial TEXT NOT NULL,
    document TEXT NOT NULL,
    received INTEGER NOT NULL,
    PRIMARY KEY (site, gateway, trial)
) STRICT;

-- Lists: what was last fetched, and what waits for a person (JSON). The lists themselves are files in the data directory.
CREATE TABLE filter_list (
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;

-- Indexes that were built; the files are in the data directory. document: which lists in which state (JSON).
CREATE TABLE filter_index (
    version INTEGER NOT NULL,
    root BLOB NOT NULL,
    octets INTEGER NOT NULL,
    document TEXT NOT NULL,
    built INTEGER NOT NULL,
    PRIMARY KEY (version)
) STRICT;

-- Appeals. contact and why are erased when their time is over (see gapura doctor privacy).
CREATE TABLE appeal (
    site TEXT NOT NULL,
    reference TEXT NOT NULL,
    gateway TEXT NOT NULL,
    subject TEXT NOT NULL,
    why TEXT NOT NULL,
    contact TEXT,
    sop TEXT,
    sop_revision INTEGER,
    clause TEXT,
    explanation TEXT NOT NULL,
    made INTEGER NOT NULL,
    received INTEGER NOT NULL,
    verdict TEXT,
    words TEXT NOT NULL,
    decided_by TEXT,
    decided INTEGER,
    until TEXT,
    PRIMARY KEY (site, reference)
) STRICT;

-- How often a clause refused in an hour; list '' = the clause names it itself. Totals of one run replace each other.
CREATE TABLE filter_count (
    site TEXT NOT NULL,
    gateway TEXT NOT NULL,
    run TEXT NOT NULL,
    hour INTEGER NOT NULL,
    sop TEXT NOT NULL,
    clause TEXT NOT NULL,
    list TEXT NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (site, gateway, run, hour, sop, clause, list)
) STRICT;

CREATE INDEX sop_by_state ON sop (state);
CREATE INDEX appeal_by_gateway ON appeal (site, gateway, received);
CREATE INDEX filter_count_by_hour ON filter_count (hour);
