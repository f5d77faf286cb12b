SELECT site, id, kind, visit, document, who, reason, state, made, expires, told, outcome, sent
FROM desk_order WHERE site = $1 AND made >= $2 ORDER BY made DESC, id LIMIT $3
