WITH RECURSIVE one (site) AS (
    SELECT min(site) FROM tally UNION ALL SELECT (SELECT min(tally.site) FROM tally WHERE tally.site > one.site) FROM one WHERE one.site IS NOT NULL)
SELECT CAST(coalesce(min((SELECT min(started) FROM tally WHERE tally.site = one.site AND started >= $1)), 0) AS BIGINT) AS number FROM one
