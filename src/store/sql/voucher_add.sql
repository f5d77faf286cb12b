INSERT INTO voucher (site, tag, plan, batch, note, use_time, use_before, devices, made, revoked)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)
ON CONFLICT (site, tag) DO NOTHING
