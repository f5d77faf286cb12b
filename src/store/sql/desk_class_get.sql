SELECT site, id, title, document, who, made, until, closed, attendance FROM desk_class WHERE site = $1 AND id = $2
