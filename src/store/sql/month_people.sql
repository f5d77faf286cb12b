SELECT CAST(count(DISTINCT device) AS BIGINT) AS number FROM visit WHERE site = $1 AND started >= $2 AND started < $3
