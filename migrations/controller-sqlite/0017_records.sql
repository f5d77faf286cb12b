-- Records: what is destroyed when, what is held for a case, lawful look-ups. The same tables and columns as in
-- ../controller-postgres, where visits, tallies and outages are kept by month besides; here a month is deleted row by row.

-- The pseudonym of the visitor's private IPv4 address, under the same month's key as the device's.
ALTER TABLE visit ADD COLUMN address TEXT;

-- What was destroyed: of a month whole (kind visits, tallies, outages), or what came due on a day. finished NULL while the rows
-- of a month are being deleted; line is the number of the audit log's line that closes the record; scrubbed is when the place where
-- its keys stood was written over, NULL until then.
CREATE TABLE destruction (
    id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    span_from INTEGER NOT NULL,
    span_until INTEGER NOT NULL,
    days INTEGER NOT NULL,
    records INTEGER NOT NULL,
    epoch_keys TEXT NOT NULL,
    staff TEXT NOT NULL,
    began INTEGER NOT NULL,
    finished INTEGER,
    line INTEGER,
    scrubbed INTEGER,
    PRIMARY KEY (id),
    UNIQUE (kind, span_from, span_until)
) STRICT;

-- Months that must not be destroyed while a case runs; from first to last, `2026-08`. state: asked, held, lifting, lifted, refused.
CREATE TABLE record_hold (
    id INTEGER NOT NULL,
    case_number TEXT NOT NULL,
    first_month TEXT NOT NULL,
    last_month TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked INTEGER NOT NULL,
    agreed_by TEXT,
    agreed INTEGER,
    lift_by TEXT,
    lift_reason TEXT NOT NULL,
    lifted_by TEXT,
    ended INTEGER,
    PRIMARY KEY (id)
) STRICT;

-- Lawful look-ups. question and answer are sealed under the controller's key, and erased when the case closes or its time is over.
-- state: asked, open, refused, closed.
CREATE TABLE lookup (
    id INTEGER NOT NULL,
    case_number TEXT NOT NULL,
    basis TEXT NOT NULL,
    authority TEXT NOT NULL,
    reason TEXT NOT NULL,
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    span_from INTEGER NOT NULL,
    span_until INTEGER NOT NULL,
    state TEXT NOT NULL,
    question TEXT,
    answer TEXT,
    found INTEGER NOT NULL,
    asked_by TEXT NOT NULL,
    asked INTEGER NOT NULL,
    decided_by TEXT,
    decided INTEGER,
    words TEXT NOT NULL,
    until INTEGER,
    closed_by TEXT,
    closed INTEGER,
    PRIMARY KEY (id)
) STRICT;
