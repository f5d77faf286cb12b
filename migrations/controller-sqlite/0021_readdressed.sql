-- The private address of a visit is the first that was told. 1: another was told later, under the same month's key. The same
-- column as in ../controller-postgres.
ALTER TABLE visit ADD COLUMN readdressed INTEGER NOT NULL DEFAULT 0;
