SELECT id, site, hostname, hardware, made, revoked, reason, restores FROM gateway WHERE id = $1
