SELECT site, id, title, document, who, made, until, closed, attendance
FROM desk_class WHERE site = $1 AND until >= $2 ORDER BY made DESC, id LIMIT $3
