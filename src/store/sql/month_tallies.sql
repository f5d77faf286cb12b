SELECT site, id, gateway, name, started, ended, amount FROM tally
WHERE site = $1 AND started >= $2 AND started < $3 ORDER BY name, started, id
