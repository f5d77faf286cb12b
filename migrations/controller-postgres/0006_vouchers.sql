-- What the counter needs of vouchers: presets, codes that can be printed again, how far each is used. The same tables and columns
-- as in ../controller-sqlite.

-- Presets ("tiles"), each JSON of its document: decided for the whole department, a kind of site or one site.
CREATE TABLE voucher_preset (
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (id)
);

-- Batches as they were made. form: the key of the form that ordered it; sent twice, it makes nothing more.
CREATE TABLE voucher_batch (
    site TEXT NOT NULL,
    batch TEXT NOT NULL,
    form BYTEA,
    preset TEXT NOT NULL,
    maker TEXT NOT NULL,
    made BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (site, batch),
    FOREIGN KEY (site) REFERENCES site (id)
);

-- number: its place in its batch, from 1. token: HMAC of the one-time token of its QR code. sealed: code and token under the
-- controller's own key, NULL once nobody needs them any more. first_used, used_up, told: as the site's gateway last reported.
ALTER TABLE voucher ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE voucher ADD COLUMN token BYTEA;
ALTER TABLE voucher ADD COLUMN sealed BYTEA;
ALTER TABLE voucher ADD COLUMN first_used BIGINT;
ALTER TABLE voucher ADD COLUMN used_up BIGINT;
ALTER TABLE voucher ADD COLUMN told BIGINT;

CREATE UNIQUE INDEX voucher_batch_by_form ON voucher_batch (site, form);
CREATE INDEX voucher_batch_by_made ON voucher_batch (site, made);
CREATE INDEX voucher_by_made ON voucher (site, made);
