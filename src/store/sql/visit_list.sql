SELECT site, visit, gateway, revision, device, device_local, holder, way, terms, terms_sha256, plan, generation,
    started, clock, told, bytes_up, bytes_down, seconds, ended, cause, address, nat
FROM visit WHERE started >= $1 AND started < $2 AND ($3 = '' OR site = $3)
ORDER BY started, visit LIMIT $4
