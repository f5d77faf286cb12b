SELECT site, id, kind, visit, document, who, reason, state, made, expires, told, outcome, sent
FROM desk_order WHERE site = $1 AND state = 'queued' AND expires > $2 ORDER BY made, id LIMIT $3
