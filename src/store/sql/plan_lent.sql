SELECT count(*) AS number FROM voucher WHERE plan = $1 AND revoked IS NULL AND lending IS NOT NULL
