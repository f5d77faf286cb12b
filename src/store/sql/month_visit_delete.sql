DELETE FROM visit WHERE site = $1 AND started >= $2 AND started < $3
    AND visit IN (SELECT visit FROM visit WHERE site = $1 AND started >= $2 AND started < $3 LIMIT $4)
