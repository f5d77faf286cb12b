SELECT id, site, hostname, hardware, made, revoked, reason, restores FROM gateway ORDER BY id
