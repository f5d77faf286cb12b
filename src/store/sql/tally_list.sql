SELECT site, id, gateway, name, started, ended, amount FROM tally
WHERE started >= $1 AND started < $2 AND ($3 = '' OR site = $3) ORDER BY started, id LIMIT $4
