-- What the counter needs of vouchers: presets, codes that can be printed again, how far each is used. The same tables and columns
-- as in ../controller-postgres.

-- Presets ("tiles"), each JSON of its document: decided for the whole department, a kind of site or one site.
CREATE TABLE voucher_preset (
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;

-- Batches as they were made. form: the key of the form that ordered it; sent twice, it makes nothing more.
CREATE TABLE voucher_batch (
    site TEXT NOT NULL,
    batch TEXT NOT NULL,
    form BLOB,
    preset TEXT NOT NULL,
    maker TEXT NOT NULL,
    made INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (site, batch),
    FOREIGN KEY (site) REFERENCES site (id)
) STRICT;

-- number: its place in its batch, from 1. token: HMAC of the one-time token of its QR code. sealed: code and token under the
-- controller's own key, NULL once nobody needs them any more. first_used, used_up, told: as the site's gateway last reported.
ALTER TABLE voucher ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE voucher ADD COLUMN token BLOB;
ALTER TABLE voucher ADD COLUMN sealed BLOB;
ALTER TABLE voucher ADD COLUMN first_used INTEGER;
ALTER TABLE voucher ADD COLUMN used_up INTEGER;
ALTER TABLE voucher ADD COLUMN told INTEGER;

CREATE UNIQUE INDEX voucher_batch_by_form ON voucher_batch (site, form);
CREATE INDEX voucher_batch_by_made ON voucher_batch (site, made);
CREATE INDEX voucher_by_made ON voucher (site, made);
