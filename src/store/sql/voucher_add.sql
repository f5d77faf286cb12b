INSERT INTO voucher (site, tag, plan, batch, note, use_time, use_before, devices, made, revoked, lending, share, number, token, sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, $10, $11, $12, $13, $14)
ON CONFLICT (site, tag) DO NOTHING
