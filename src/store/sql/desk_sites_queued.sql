SELECT DISTINCT site FROM desk_order WHERE state = 'queued' AND expires > $1 ORDER BY site
