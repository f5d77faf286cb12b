WITH told (site, visit, started) AS (VALUES ($1, $2, $3))
SELECT v.site, v.visit, v.revision, v.started, v.bytes_up, v.bytes_down, v.seconds
FROM told CROSS JOIN LATERAL (
    SELECT site, visit, revision, started, bytes_up, bytes_down, seconds FROM visit
    WHERE visit.site = told.site AND visit.visit = told.visit AND visit.started = CAST(told.started AS BIGINT) OFFSET 0
) AS v
