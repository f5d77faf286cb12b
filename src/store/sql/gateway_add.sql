INSERT INTO gateway (id, site, hostname, hardware, made, revoked, reason, restores) VALUES ($1, $2, $3, $4, $5, NULL, '', $6)
