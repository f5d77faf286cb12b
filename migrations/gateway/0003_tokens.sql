-- One-time tokens of vouchers (QR codes) that let somebody in, by their HMAC; each does so once.
CREATE TABLE voucher_token (
    token TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
) WITHOUT ROWID;
