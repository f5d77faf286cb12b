DELETE FROM visit WHERE site = $1 AND visit = $2 AND started = $3
