-- The private address of a visit is the first that was told. 1: another was told later, under the same month's key. The same
-- column as in ../controller-sqlite.
ALTER TABLE visit ADD COLUMN readdressed BIGINT NOT NULL DEFAULT 0;
