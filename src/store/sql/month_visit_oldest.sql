WITH RECURSIVE one (site) AS (
    SELECT min(site) FROM visit UNION ALL SELECT (SELECT min(visit.site) FROM visit WHERE visit.site > one.site) FROM one WHERE one.site IS NOT NULL)
SELECT CAST(coalesce(min((SELECT min(started) FROM visit WHERE visit.site = one.site AND started >= $1)), 0) AS BIGINT) AS number FROM one
