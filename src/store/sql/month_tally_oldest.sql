SELECT coalesce(min(started), 0) AS number FROM tally WHERE site = $1 AND started >= $2
