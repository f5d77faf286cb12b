SELECT site, id, gateway, kind, started, ended FROM outage
WHERE site = $1 AND started < $3 AND (ended IS NULL OR ended > $2) ORDER BY started, id LIMIT $4
