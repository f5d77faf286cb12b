SELECT count(*) AS visits, CAST(coalesce(sum(bytes_up), 0) AS BIGINT) AS bytes_up,
    CAST(coalesce(sum(bytes_down), 0) AS BIGINT) AS bytes_down, CAST(coalesce(sum(seconds), 0) AS BIGINT) AS seconds
FROM visit WHERE site = $1 AND started >= $2 AND started < $3
