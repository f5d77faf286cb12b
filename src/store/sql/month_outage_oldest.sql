WITH RECURSIVE one (site) AS (
    SELECT min(site) FROM outage UNION ALL SELECT (SELECT min(outage.site) FROM outage WHERE outage.site > one.site) FROM one WHERE one.site IS NOT NULL)
SELECT CAST(coalesce(min((SELECT min(started) FROM outage WHERE outage.site = one.site AND started >= $1)), 0) AS BIGINT) AS number FROM one
