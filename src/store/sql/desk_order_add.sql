INSERT INTO desk_order (site, id, kind, visit, document, who, reason, state, made, expires, told, outcome)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (site, id) DO NOTHING
