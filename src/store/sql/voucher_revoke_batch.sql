UPDATE voucher SET revoked = $3 WHERE site = $1 AND batch = $2 AND revoked IS NULL
