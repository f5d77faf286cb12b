SELECT count(*) AS number FROM appeal WHERE site = $1 AND gateway = $2 AND received > $3
