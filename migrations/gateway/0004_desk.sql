-- The counter. Orders of staff are written down before they are carried out; outcome is JSON, none while it is not done.
CREATE TABLE desk_order (
    id TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL,
    kept INTEGER NOT NULL,
    outcome TEXT,
    told INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX desk_order_open ON desk_order (kept) WHERE outcome IS NULL OR told = 0;

-- What sort of device a visit seems to be on, for as long as it runs.
CREATE TABLE visit_sort (
    visit BLOB NOT NULL PRIMARY KEY,
    sort TEXT NOT NULL
) WITHOUT ROWID;

-- Time that staff added: for the day, and to a voucher's Waktu pakai.
ALTER TABLE balance ADD COLUMN added_today INTEGER NOT NULL DEFAULT 0;
ALTER TABLE balance ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
