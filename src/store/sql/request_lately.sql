SELECT count(*) AS number FROM request WHERE site = $1 AND gateway = $2 AND received > $3 AND origin = 'portal'
