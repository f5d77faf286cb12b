-- What many gateways at once ask for. The same tables and columns as in ../controller-postgres.

-- The lowest number from 1 on that has not come in this run of the router's kernel; without a row it is counted once.
CREATE TABLE usage_next (
    site TEXT NOT NULL,
    gateway TEXT NOT NULL,
    boot TEXT NOT NULL,
    next INTEGER NOT NULL,
    PRIMARY KEY (site, gateway, boot)
) STRICT, WITHOUT ROWID;

-- By which publication a bundle came: those who wait for bundles are only woken for their own.
ALTER TABLE bundle ADD COLUMN publication INTEGER NOT NULL DEFAULT 0;
CREATE INDEX bundle_by_publication ON bundle (publication, site, generation);

-- Which of several processes does what must be done once: a post to another program, a backup. Nobody's after `until` (ms).
CREATE TABLE duty (
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;
