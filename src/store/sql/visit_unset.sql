DELETE FROM visit WHERE site = $1 AND started < $2 AND told < $3
