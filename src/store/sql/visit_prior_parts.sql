WITH told (site, visit, started) AS (VALUES ($1, $2, $3))
SELECT v.site, v.visit, v.revision, v.started, v.bytes_up, v.bytes_down, v.seconds
FROM told CROSS JOIN visit v
WHERE v.site = told.site AND v.visit = told.visit AND v.started = CAST(told.started AS BIGINT)
