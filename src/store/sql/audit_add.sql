INSERT INTO audit (number, at, actor, action, object, before, after, reason, prev, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
