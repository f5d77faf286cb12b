DELETE FROM visit WHERE site = $1 AND (started < $2 OR started > $4) AND told < $3
