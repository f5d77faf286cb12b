SELECT site, count(*) AS visits, CAST(coalesce(sum(bytes_up), 0) AS BIGINT) AS bytes_up,
    CAST(coalesce(sum(bytes_down), 0) AS BIGINT) AS bytes_down, CAST(coalesce(sum(seconds), 0) AS BIGINT) AS seconds,
    CAST(coalesce(sum(CASE WHEN ended IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS running
FROM visit WHERE started >= $1 AND started < $2 AND ($3 = '' OR site = $3)
GROUP BY site ORDER BY site
