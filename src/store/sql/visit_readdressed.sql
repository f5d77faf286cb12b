SELECT visit AS site FROM visit
WHERE site = $1 AND started >= $2 AND started < $3 AND readdressed = 1 AND (started >= $4 OR coalesce(ended, told) >= $4)
