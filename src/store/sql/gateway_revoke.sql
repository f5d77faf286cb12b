UPDATE gateway SET revoked = $2, reason = $3 WHERE id = $1 AND revoked IS NULL
