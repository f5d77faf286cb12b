INSERT INTO usage_batch (site, gateway, boot, seq, sha256, received) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (site, gateway, boot, seq) DO NOTHING
