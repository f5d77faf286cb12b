-- Records: visits, tallies and outages by month; what is destroyed when, what is held for a case, lawful look-ups. The same tables
-- and columns as in ../controller-sqlite.
--
-- A month (UTC, as the pseudonym keys) is a partition, `_visit_2026_11`: destroying it drops the table, and a question about some
-- days reads only their months. A row whose time no month was made for is in `_visit_other`. The keys are led by the site, so that
-- an extension can spread the tables by it. A visit is still there once: writers take turns, and look in all months before adding.

ALTER TABLE visit ADD COLUMN address TEXT;

-- Nothing may come between what is moved here. First the writers' turn (`Store::write`): one that waits for a table while it holds another
-- would be in each other's way.
SELECT pg_advisory_xact_lock(113668196233825);
LOCK TABLE visit, tally, outage IN ACCESS EXCLUSIVE MODE;

ALTER TABLE visit RENAME TO _visit_before;
ALTER TABLE _visit_before RENAME CONSTRAINT visit_pkey TO _visit_before_pkey;
ALTER INDEX visit_by_start RENAME TO _visit_before_by_start;
CREATE TABLE visit (LIKE _visit_before INCLUDING DEFAULTS) PARTITION BY RANGE (started);

ALTER TABLE tally RENAME TO _tally_before;
ALTER TABLE _tally_before RENAME CONSTRAINT tally_pkey TO _tally_before_pkey;
ALTER INDEX tally_by_start RENAME TO _tally_before_by_start;
CREATE TABLE tally (LIKE _tally_before INCLUDING DEFAULTS) PARTITION BY RANGE (started);

ALTER TABLE outage RENAME TO _outage_before;
ALTER TABLE _outage_before RENAME CONSTRAINT outage_pkey TO _outage_before_pkey;
ALTER INDEX outage_by_start RENAME TO _outage_before_by_start;
CREATE TABLE outage (LIKE _outage_before INCLUDING DEFAULTS) PARTITION BY RANGE (started);

-- Months from the first row on, to two months ahead. Clocks that were never set are before 2020.
DO $$
DECLARE
    one TEXT;
    month TIMESTAMP;
    last TIMESTAMP := date_trunc('month', now() AT TIME ZONE 'UTC') + INTERVAL '2 months';
BEGIN
    FOREACH one IN ARRAY ARRAY['visit', 'tally', 'outage'] LOOP
        EXECUTE format('SELECT date_trunc(''month'', to_timestamp(min(started) / 1000.0) AT TIME ZONE ''UTC'') FROM %I '
            'WHERE started >= 1577836800000', '_' || one || '_before') INTO month;
        month := least(coalesce(month, last - INTERVAL '2 months'), last - INTERVAL '2 months');
        WHILE month <= last LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)',
                '_' || one || to_char(month, '_YYYY_MM'), one,
                CAST(extract(epoch FROM month) * 1000 AS BIGINT),
                CAST(extract(epoch FROM month + INTERVAL '1 month') * 1000 AS BIGINT));
            month := month + INTERVAL '1 month';
        END LOOP;
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', '_' || one || '_other', one);
        EXECUTE format('INSERT INTO %I SELECT * FROM %I', one, '_' || one || '_before');
        EXECUTE format('DROP TABLE %I', '_' || one || '_before');
    END LOOP;
END $$;

-- Behind the rows: one sort a month in place of a look for each row.
ALTER TABLE visit ADD PRIMARY KEY (site, visit, started);
ALTER TABLE tally ADD PRIMARY KEY (site, id, started);
ALTER TABLE outage ADD PRIMARY KEY (site, id, started);
CREATE INDEX visit_by_start ON visit (site, started, terms);
CREATE INDEX tally_by_start ON tally (site, started);
CREATE INDEX outage_by_start ON outage (site, started);

-- Nothing else analyses a table of partitions, and the months are new.
ANALYZE visit, tally, outage;

-- What was destroyed: of a month whole (kind visits, tallies, outages), or what came due on a day. finished NULL while the rows
-- of a month are being deleted; line is the number of the audit log's line that closes the record; scrubbed is when the place where
-- its keys stood was written over, NULL until then.
CREATE TABLE destruction (
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    span_from BIGINT NOT NULL,
    span_until BIGINT NOT NULL,
    days BIGINT NOT NULL,
    records BIGINT NOT NULL,
    epoch_keys TEXT NOT NULL,
    staff TEXT NOT NULL,
    began BIGINT NOT NULL,
    finished BIGINT,
    line BIGINT,
    scrubbed BIGINT,
    PRIMARY KEY (id),
    UNIQUE (kind, span_from, span_until)
);

-- Months that must not be destroyed while a case runs; from first to last, `2026-08`. state: asked, held, lifting, lifted, refused.
CREATE TABLE record_hold (
    id BIGINT NOT NULL,
    case_number TEXT NOT NULL,
    first_month TEXT NOT NULL,
    last_month TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked BIGINT NOT NULL,
    agreed_by TEXT,
    agreed BIGINT,
    lift_by TEXT,
    lift_reason TEXT NOT NULL,
    lifted_by TEXT,
    ended BIGINT,
    PRIMARY KEY (id)
);

-- Lawful look-ups. question and answer are sealed under the controller's key, and erased when the case closes or its time is over.
-- state: asked, open, refused, closed.
CREATE TABLE lookup (
    id BIGINT NOT NULL,
    case_number TEXT NOT NULL,
    basis TEXT NOT NULL,
    authority TEXT NOT NULL,
    reason TEXT NOT NULL,
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    span_from BIGINT NOT NULL,
    span_until BIGINT NOT NULL,
    state TEXT NOT NULL,
    question TEXT,
    answer TEXT,
    found BIGINT NOT NULL,
    asked_by TEXT NOT NULL,
    asked BIGINT NOT NULL,
    decided_by TEXT,
    decided BIGINT,
    words TEXT NOT NULL,
    until BIGINT,
    closed_by TEXT,
    closed BIGINT,
    PRIMARY KEY (id)
);
