INSERT INTO certificate (fingerprint, gateway, not_before, not_after) VALUES ($1, $2, $3, $4)
