SELECT plan, count(*) AS visits, CAST(sum(bytes_up) AS BIGINT) AS bytes_up, CAST(sum(bytes_down) AS BIGINT) AS bytes_down,
    CAST(sum(seconds) AS BIGINT) AS seconds
FROM visit WHERE site = $1 AND started >= $2 AND started < $3 GROUP BY plan ORDER BY 2 DESC, 1
