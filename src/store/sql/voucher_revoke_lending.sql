UPDATE voucher SET revoked = $2 WHERE lending = $1 AND revoked IS NULL
