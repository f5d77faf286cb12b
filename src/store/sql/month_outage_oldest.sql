SELECT coalesce(min(started), 0) AS number FROM outage WHERE site = $1 AND started >= $2
