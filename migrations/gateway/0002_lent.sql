-- The share this site holds of a group's voucher: JSON of its number, its amounts and what was given back.
ALTER TABLE balance ADD COLUMN lent TEXT;
