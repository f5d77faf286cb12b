SELECT coalesce(min(started), 0) AS number FROM visit WHERE site = $1 AND started >= $2
