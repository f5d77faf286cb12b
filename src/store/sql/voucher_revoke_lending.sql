UPDATE voucher SET revoked = $2, sealed = NULL WHERE lending = $1 AND revoked IS NULL
