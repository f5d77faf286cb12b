UPDATE voucher SET revoked = $3, sealed = NULL WHERE site = $1 AND tag = $2 AND lending IS NULL AND revoked IS NULL
