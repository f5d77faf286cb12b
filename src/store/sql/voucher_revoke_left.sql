UPDATE voucher SET revoked = $3, sealed = NULL
WHERE site = $1 AND revoked IS NULL AND lending IN (SELECT id FROM lending WHERE of_group = $2)
