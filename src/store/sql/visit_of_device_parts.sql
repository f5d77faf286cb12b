SELECT site, visit, gateway, revision, device, device_local, holder, way, terms, terms_sha256, plan, generation,
    started, clock, told, bytes_up, bytes_down, seconds, ended, cause, address, nat
FROM visit WHERE site = $1 AND started >= $2 AND started < $3 AND device IN (SELECT jsonb_array_elements_text(CAST($4 AS JSONB)))
    AND (started >= $5 OR coalesce(ended, told) >= $5)
ORDER BY started, visit LIMIT $6
