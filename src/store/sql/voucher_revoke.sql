UPDATE voucher SET revoked = $3 WHERE site = $1 AND tag = $2 AND revoked IS NULL
