SELECT site, CAST((hour + $3) / 3600000 AS BIGINT) - CAST((hour + $3) / 604800000 AS BIGINT) * 168 AS slot,
    CAST(sum(visits) AS BIGINT) AS visits, CAST(sum(bytes_up) AS BIGINT) AS bytes_up,
    CAST(sum(bytes_down) AS BIGINT) AS bytes_down, CAST(sum(seconds) AS BIGINT) AS seconds
FROM usage_hour WHERE hour >= $1 AND hour < $2 GROUP BY 1, 2 ORDER BY 1, 2
